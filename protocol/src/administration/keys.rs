//! The keys by the admin API: what an operator sees of one, and what may be done with them.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Serialize;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::AdminError;
use crate::base64url;
use crate::client_metadata::ClientMetadata;
use crate::json::FromJson;
use crate::secret::Secret;
use crate::time::UnixTime;

/// What the ids of sealing keys begin with.
pub const SEALING_KEY_ID: &str = "sealing-";
const LONGEST_KEY_ID: usize = 64;

/// What a key is for, in the words of [RFC 7517 section 4.2](https://www.rfc-editor.org/rfc/rfc7517#section-4.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, FromJson)]
pub enum KeyUse {
    /// It signs tokens, and its public half is in the JWKS.
    #[serde(rename = "sig")]
    Signing,
    /// It seals what pages carry. Nobody but the server has anything of it.
    #[serde(rename = "enc")]
    Sealing,
}

impl KeyUse {
    /// The word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Signing => "sig",
            Self::Sealing => "enc",
        }
    }
}

/// Where a key comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, FromJson)]
#[serde(rename_all = "lowercase")]
pub enum KeyOrigin {
    /// The keyring made it.
    Made,
    /// The operator brought it.
    Imported,
}

impl KeyOrigin {
    /// The word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Made => "made",
            Self::Imported => "imported",
        }
    }
}

/// What a key does now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, FromJson)]
#[serde(rename_all = "lowercase")]
pub enum KeyStanding {
    /// It takes over later.
    Next,
    /// It signs, or seals.
    Current,
    /// It is kept for what it signed or sealed.
    Retired,
    /// It counts no more, and is listed for as long as a token that it signed could have lived.
    Dropped,
}

/// What an operator sees of a key. Nothing of it is secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, FromJson)]
pub struct KeyView {
    /// `kid`.
    pub kid: String,
    /// What it is for.
    #[serde(rename = "use")]
    pub usage: KeyUse,
    /// What it does now.
    pub state: KeyStanding,
    /// Where it comes from.
    pub origin: KeyOrigin,
    /// When it was made or imported; unknown of keys of the releases that didn't note it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_at: Option<UnixTime>,
    /// From when on it signs or seals.
    pub used_from: UnixTime,
    /// Until when it does, if nobody changes that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used_until: Option<UnixTime>,
    /// Until when what it signed or sealed is believed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept_until: Option<UnixTime>,
    /// When it was dropped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dropped_at: Option<UnixTime>,
    /// Whether it is stored sealed.
    pub sealed: bool,
}

/// A private key that the operator brings.
#[derive(Debug, Clone)]
pub struct OwnKey {
    /// The `kid` that was given, or the key's thumbprint.
    pub kid: String,
    /// The private JWK, with the members of [RFC 7518 section 6.2](https://www.rfc-editor.org/rfc/rfc7518#section-6.2) only.
    pub private_jwk: Secret,
    /// The public one, with what the JWKS says beside it.
    pub public_jwk: Value,
}

/// What is to be done.
#[derive(Debug, Clone)]
pub enum KeyAction {
    /// Another key takes over.
    Rotate {
        /// From which key.
        usage: KeyUse,
        /// Now, not after the notice.
        at_once: bool,
    },
    /// The operator's own key takes over.
    Import {
        /// Which key.
        key: Box<OwnKey>,
        /// Now, not after the notice.
        at_once: bool,
    },
}

impl KeyAction {
    /// Reads what `body` asks for: `action` (`rotate` or `import`), `at_once`, `use` of a rotation (`sig` when nothing is
    /// said) and `jwk` of an import.
    ///
    /// # Errors
    ///
    /// [`AdminError`], all of them 400.
    pub fn parse(body: &[u8]) -> Result<Self, AdminError> {
        let wrong = |member, expected| AdminError::Member { member, expected };
        let mut members = ClientMetadata::object(body)?;
        let at_once = match members.remove("at_once") {
            None => false,
            Some(Value::Bool(at_once)) => at_once,
            Some(_) => return Err(wrong("at_once", "true or false")),
        };
        let action = members.remove("action");
        let action = match action.as_ref().and_then(Value::as_str) {
            Some("rotate") => {
                let usage = members.remove("use");
                let usage = match usage.as_ref().map(Value::as_str) {
                    None | Some(Some("sig")) => KeyUse::Signing,
                    Some(Some("enc")) => KeyUse::Sealing,
                    Some(_) => return Err(wrong("use", "'sig' or 'enc'")),
                };
                Self::Rotate { usage, at_once }
            }
            Some("import") => match members.remove("jwk") {
                Some(Value::Object(jwk)) => {
                    Self::Import { key: Box::new(OwnKey::parse(&jwk)?), at_once }
                }
                _ => return Err(wrong("jwk", "a private key as a JWK")),
            },
            _ => return Err(wrong("action", "'rotate' or 'import'")),
        };
        if members.is_empty() { Ok(action) } else { Err(AdminError::UnknownMember) }
    }
}

impl OwnKey {
    /// Reads a private ES256 key. Whether its numbers belong together is for whoever computes with them. Members that a
    /// JWK may have beside are left out ([RFC 7517 section 4](https://www.rfc-editor.org/rfc/rfc7517#section-4)).
    fn parse(jwk: &Map<String, Value>) -> Result<Self, AdminError> {
        let wrong = |member, expected| AdminError::Member { member, expected };
        let text = |name: &str| jwk.get(name).and_then(Value::as_str);
        let says = |name: &str, wanted: &str| {
            jwk.get(name).is_none_or(|value| value.as_str() == Some(wanted))
        };
        if text("kty") != Some("EC") {
            return Err(wrong("jwk.kty", "'EC'"));
        }
        if text("crv") != Some("P-256") {
            return Err(wrong("jwk.crv", "'P-256'"));
        }
        if !says("alg", "ES256") {
            return Err(wrong("jwk.alg", "'ES256', or left out"));
        }
        if !says("use", "sig") {
            return Err(wrong("jwk.use", "'sig', or left out"));
        }
        let number = |name: &str, member: &'static str| {
            let text = text(name).unwrap_or_default();
            let is_whole = URL_SAFE_NO_PAD.decode(text).is_ok_and(|bytes| bytes.len() == 32);
            if is_whole { Ok(text) } else { Err(wrong(member, "32 bytes as base64url")) }
        };
        let (x, y, d) = (number("x", "jwk.x")?, number("y", "jwk.y")?, number("d", "jwk.d")?);
        let kid = match jwk.get("kid") {
            None => thumbprint(x, y),
            Some(Value::String(kid)) if is_key_id(kid) => kid.clone(),
            Some(_) => {
                let expected =
                    "1 to 64 letters, digits, '-', '_' and '.', not beginning with 'sealing-'";
                return Err(wrong("jwk.kid", expected));
            }
        };
        let private = json!({ "kty": "EC", "crv": "P-256", "x": x, "y": y, "d": d });
        let public = json!({ "kty": "EC", "crv": "P-256", "x": x, "y": y });
        let public_jwk = published(public, &kid);
        Ok(Self { private_jwk: Secret::new(private.to_string()), public_jwk, kid })
    }
}

/// A public JWK as the JWKS has it.
#[must_use]
pub fn published(mut public_jwk: Value, kid: &str) -> Value {
    if let Some(members) = public_jwk.as_object_mut() {
        members.insert("kid".to_owned(), Value::from(kid));
        members.insert("alg".to_owned(), Value::from("ES256"));
        members.insert("use".to_owned(), Value::from(KeyUse::Signing.as_str()));
    }
    public_jwk
}

/// Whether it can be a path segment, and isn't mistaken for a sealing key's.
fn is_key_id(kid: &str) -> bool {
    (1..=LONGEST_KEY_ID).contains(&kid.len())
        && kid
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
        && !kid.bytes().all(|byte| byte == b'.')
        && !kid.starts_with(SEALING_KEY_ID)
}

/// The SHA-256 of a P-256 key's members in their order
/// ([RFC 7638 section 3](https://www.rfc-editor.org/rfc/rfc7638#section-3)).
fn thumbprint(x: &str, y: &str) -> String {
    let members = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
    base64url::encode(&Sha256::digest(members.as_bytes()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    // RFC 7517 appendix A.2.
    const X: &str = "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4";
    const Y: &str = "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM";
    const D: &str = "870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE";

    fn import(change: impl FnOnce(&mut Value)) -> Result<OwnKey, AdminError> {
        let mut body = json!({ "action": "import", "jwk": { "kty": "EC", "crv": "P-256", "x": X, "y": Y, "d": D } });
        change(&mut body);
        match KeyAction::parse(body.to_string().as_bytes())? {
            KeyAction::Import { key, .. } => Ok(*key),
            KeyAction::Rotate { .. } => panic!("{body}"),
        }
    }

    #[test]
    fn rfc7638_3_a_key_without_kid_is_called_by_its_thumbprint() {
        let key = import(|_| {}).expect("a key");
        assert_eq!(key.kid, "cn-I_WNMClehiVp51i_0VpOENW1upEerA8sEam5hn-s");
        assert_eq!(key.public_jwk["kid"], key.kid.as_str());
        assert_eq!(key.public_jwk.get("d"), None);
        assert!(!format!("{key:?}").contains(D));
        let named = import(|body| body["jwk"]["kid"] = "ours-2026".into()).expect("a key");
        assert_eq!(
            (named.kid.as_str(), &named.public_jwk["kid"]),
            ("ours-2026", &json!("ours-2026"))
        );
    }

    #[test]
    fn rfc7517_4_members_that_mean_nothing_here_are_left_out() {
        let key = import(|body| {
            body["jwk"]["x5t"] = "x".into();
            body["jwk"]["key_ops"] = json!(["sign"]);
            body["jwk"]["alg"] = "ES256".into();
            body["jwk"]["use"] = "sig".into();
        });
        let private: Value =
            serde_json::from_str(key.expect("a key").private_jwk.expose()).expect("JSON");
        assert_eq!(private, json!({ "kty": "EC", "crv": "P-256", "x": X, "y": Y, "d": D }));
    }

    #[test]
    fn issue_7_only_a_private_es256_key_is_imported_and_what_is_wrong_with_another_is_said() {
        for (name, value, member) in [
            ("kty", json!("RSA"), "jwk.kty"),
            ("crv", json!("P-384"), "jwk.crv"),
            ("alg", json!("ES384"), "jwk.alg"),
            ("use", json!("enc"), "jwk.use"),
            ("x", json!("AA"), "jwk.x"),
            ("y", json!(1), "jwk.y"),
            ("d", Value::Null, "jwk.d"),
            ("kid", json!("a/b"), "jwk.kid"),
            ("kid", json!(""), "jwk.kid"),
            ("kid", json!(".."), "jwk.kid"),
            ("kid", json!("sealing-1"), "jwk.kid"),
            ("kid", json!("k".repeat(65)), "jwk.kid"),
        ] {
            let refused = import(|body| body["jwk"][name] = value.clone()).expect_err(name);
            let is_it =
                matches!(refused, AdminError::Member { member: found, .. } if found == member);
            assert!(is_it, "{name} {value}: {refused:?}");
        }
    }

    #[test]
    fn issue_7_a_rotation_is_of_the_signing_key_and_with_notice_unless_it_says_otherwise() {
        let read = |body: Value| KeyAction::parse(body.to_string().as_bytes());
        for (body, usage, at_once) in [
            (json!({ "action": "rotate" }), KeyUse::Signing, false),
            (json!({ "action": "rotate", "use": "sig", "at_once": true }), KeyUse::Signing, true),
            (json!({ "action": "rotate", "use": "enc" }), KeyUse::Sealing, false),
        ] {
            let KeyAction::Rotate { usage: found, at_once: now } = read(body).expect("an action")
            else {
                panic!("no rotation")
            };
            assert_eq!((found, now), (usage, at_once));
        }
        for body in [
            json!({}),
            json!({ "action": "drop" }),
            json!({ "action": "rotate", "use": "all" }),
            json!({ "action": "rotate", "at_once": "yes" }),
            json!({ "action": "rotate", "jwk": {} }),
            json!({ "action": "import" }),
            json!([]),
        ] {
            assert!(read(body.clone()).is_err(), "{body}");
        }
    }
}
