//! JWTs that somebody else signed: a client that proves who it is, or whoever vouches for one.

use jwt_compact::{AlgorithmExt, UntrustedToken};
use serde_json::Value;

use super::{
    AlreadyChecked, JwtError, MAXIMUM_LENGTH, RawClaims, SignatureAlgorithm, SignatureVerdict,
    WireHeader, unix,
};
use crate::json::FromJson;
use crate::time::UnixTime;

/// The most keys of a set that are tried for one signature, when none is named.
const MOST_CANDIDATES: usize = 4;

/// A JWT of somebody else, taken apart. Nothing of it is believed yet.
#[derive(Debug, Clone)]
pub struct ForeignJwt {
    text: String,
    algorithm: SignatureAlgorithm,
    kind: Option<String>,
    key_id: Option<String>,
}

/// The claims of a JWT whose signature was checked, with the times that all of them have.
#[derive(Debug, Clone)]
pub struct ForeignClaims<T> {
    /// The claims that were asked for.
    pub custom: T,
    /// `exp`, if it is there.
    pub expires_at: Option<UnixTime>,
    /// `nbf`, if it is there.
    pub not_before: Option<UnixTime>,
    /// `iat`, if it is there.
    pub issued_at: Option<UnixTime>,
}

impl ForeignJwt {
    /// Takes a JWT apart without believing any of it.
    ///
    /// # Errors
    ///
    /// [`JwtError::Malformed`] when it is no JWT or has an extension that must be understood,
    /// [`JwtError::WrongAlgorithm`] for `none`, a shared secret, or an algorithm that isn't ours.
    pub fn parse(text: &str) -> Result<Self, JwtError> {
        if text.len() > MAXIMUM_LENGTH {
            return Err(JwtError::Malformed);
        }
        let token: UntrustedToken<'_, WireHeader> =
            UntrustedToken::try_from(text).map_err(|_| JwtError::Malformed)?;
        // RFC 8725 section 3.1: only the algorithms that are expected, never what the token says.
        let algorithm =
            SignatureAlgorithm::from_name(token.algorithm()).ok_or(JwtError::WrongAlgorithm)?;
        let header = token.header();
        // RFC 7515 section 4.1.11: an extension that isn't understood makes the token invalid.
        if header.other_fields.crit.is_some() {
            return Err(JwtError::Malformed);
        }
        Ok(Self {
            algorithm,
            kind: header.token_type.as_deref().map(str::to_ascii_lowercase),
            key_id: header.key_id.as_deref().map(str::to_owned),
            text: text.to_owned(),
        })
    }

    /// By which algorithm it says it is signed.
    #[must_use]
    pub const fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    /// `typ`, in lower case and without `application/`
    /// ([RFC 7515 section 4.1.9](https://www.rfc-editor.org/rfc/rfc7515#section-4.1.9)).
    #[must_use]
    pub fn kind(&self) -> Option<&str> {
        self.kind.as_deref().map(|kind| kind.strip_prefix("application/").unwrap_or(kind))
    }

    /// Which key claims to have signed it.
    #[must_use]
    pub fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    /// The signed bytes.
    #[must_use]
    pub fn message(&self) -> &[u8] {
        self.text.rsplit_once('.').map_or(&[], |(message, _)| message.as_bytes())
    }

    /// The signature to check over [`Self::message`].
    #[must_use]
    pub fn signature(&self) -> Vec<u8> {
        UntrustedToken::<WireHeader>::try_from(self.text.as_str())
            .map_or_else(|_| Vec::new(), |token| token.signature_bytes().to_vec())
    }

    /// The keys of `jwks` ([RFC 7517 section 5](https://www.rfc-editor.org/rfc/rfc7517#section-5))
    /// that may have signed it: the one that it names, or, if it names none, the few that suit its
    /// algorithm.
    #[must_use]
    pub fn candidates<'a>(&self, jwks: &'a Value) -> Vec<&'a Value> {
        let keys = jwks.get("keys").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        keys.iter()
            .filter(|key| self.algorithm.suits(key))
            .filter(|key| match self.key_id() {
                Some(wanted) => key.get("kid").and_then(Value::as_str) == Some(wanted),
                None => true,
            })
            .take(MOST_CANDIDATES)
            .collect()
    }

    /// One claim by its name, before anything was checked: to find out whose keys to look at.
    #[must_use]
    pub fn claimed(&self, name: &str) -> Option<String> {
        use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
        let claims = URL_SAFE_NO_PAD.decode(self.text.split('.').nth(1)?).ok()?;
        let claims = crate::json::parse_bytes(&claims).ok()?;
        claims.get(name)?.as_str().map(str::to_owned)
    }

    /// The claims, if the signature is valid. What they say, times included, is the caller's to check.
    ///
    /// # Errors
    ///
    /// [`JwtError::InvalidSignature`], or [`JwtError::Malformed`] when the claims aren't those that
    /// are expected.
    pub fn claims<T: FromJson>(
        &self,
        verdict: SignatureVerdict,
    ) -> Result<ForeignClaims<T>, JwtError> {
        let token: UntrustedToken<'_, WireHeader> =
            UntrustedToken::try_from(self.text.as_str()).map_err(|_| JwtError::Malformed)?;
        // The name as the token writes it, which may be the younger one of EdDSA.
        let algorithm =
            if token.algorithm() == "Ed25519" { "Ed25519" } else { self.algorithm.as_str() };
        let checked = AlreadyChecked { algorithm, message: self.message(), verdict };
        let token =
            checked.validator::<RawClaims>(&()).validate(&token).map_err(|error| match error {
                jwt_compact::ValidationError::InvalidSignature => JwtError::InvalidSignature,
                _ => JwtError::Malformed,
            })?;
        let (_, claims) = token.into_parts();
        let time = |date: Option<_>| date.map(|date| unix(Some(date))).transpose();
        Ok(ForeignClaims {
            expires_at: time(claims.expiration)?,
            not_before: time(claims.not_before)?,
            issued_at: time(claims.issued_at)?,
            custom: T::from_json(Value::Object(claims.custom.0))
                .map_err(|_| JwtError::Malformed)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    use proptest::prelude::*;
    use serde_json::json;

    fn jwt(header: &Value, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}.{}", part(header), part(claims), URL_SAFE_NO_PAD.encode([7; 64]))
    }

    #[derive(Debug, FromJson)]
    struct Subject {
        sub: String,
    }

    #[test]
    fn rfc8725_3_1_none_and_shared_secrets_are_no_signatures() {
        for wrong in ["none", "HS256", "ES384", "PS256"] {
            let text = jwt(&json!({"alg": wrong}), &json!({"sub": "a"}));
            assert_eq!(ForeignJwt::parse(&text).expect_err(wrong), JwtError::WrongAlgorithm);
        }
        let crit = jwt(&json!({"alg": "ES256", "crit": ["x"]}), &json!({}));
        assert_eq!(ForeignJwt::parse(&crit).expect_err("crit"), JwtError::Malformed);
        assert_eq!(ForeignJwt::parse("a.b").expect_err("two parts"), JwtError::Malformed);
    }

    #[test]
    fn nothing_is_believed_without_a_valid_signature() {
        for name in ["ES256", "RS256", "EdDSA", "Ed25519"] {
            let header = json!({"alg": name, "typ": "application/X+JWT", "kid": "k"});
            let text = jwt(&header, &json!({"sub": "a", "exp": 5}));
            let parsed = ForeignJwt::parse(&text).expect(name);
            assert_eq!((parsed.kind(), parsed.key_id()), (Some("x+jwt"), Some("k")));
            assert_eq!(parsed.claimed("sub").as_deref(), Some("a"));
            assert_eq!(parsed.signature(), [7; 64]);
            assert!(text.as_bytes().starts_with(parsed.message()));
            let refused = parsed.claims::<Subject>(SignatureVerdict::Invalid);
            assert_eq!(refused.expect_err(name), JwtError::InvalidSignature);
            let claims = parsed.claims::<Subject>(SignatureVerdict::Valid).expect(name);
            assert_eq!(claims.custom.sub, "a");
            assert_eq!(claims.expires_at, Some(UnixTime::from_seconds(5)));
            assert_eq!(claims.not_before, None);
        }
    }

    #[test]
    fn rfc7519_4_a_claim_that_comes_twice_is_refused() {
        let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
        for claims in [
            r#"{"sub":"a","sub":"b"}"#,
            r#"{"sub":"a","x":1,"x":1}"#,
            r#"{"sub":"a","exp":1,"exp":2}"#,
        ] {
            let text =
                format!("{}.{}.{}", part(r#"{"alg":"ES256"}"#), part(claims), part("signature"));
            let parsed = ForeignJwt::parse(&text).expect("a JWT");
            let refused = parsed.claims::<Subject>(SignatureVerdict::Valid).expect_err(claims);
            assert_eq!(refused, JwtError::Malformed, "{claims}");
        }
    }

    #[test]
    fn cas_04_the_key_is_the_one_that_is_named_and_suits_the_algorithm() {
        let key = |kid: &str| json!({"kty": "EC", "crv": "P-256", "x": "x", "y": "y", "kid": kid});
        let rsa = json!({"kty": "RSA", "n": "A".repeat(342), "e": "AQAB", "kid": "a"});
        let jwks = json!({"keys": [rsa, key("a"), key("b"), "no key"]});
        let ids = |header: Value| -> Vec<String> {
            let parsed = ForeignJwt::parse(&jwt(&header, &json!({}))).expect("a JWT");
            let found = parsed.candidates(&jwks);
            found.iter().map(|key| format!("{} {}", key["kty"], key["kid"])).collect()
        };
        assert_eq!(ids(json!({"alg": "ES256", "kid": "a"})), [r#""EC" "a""#]);
        assert_eq!(ids(json!({"alg": "RS256", "kid": "a"})), [r#""RSA" "a""#]);
        assert_eq!(ids(json!({"alg": "ES256", "kid": "c"})), [""; 0]);
        assert_eq!(ids(json!({"alg": "ES256"})), [r#""EC" "a""#, r#""EC" "b""#]);
        let parsed = ForeignJwt::parse(&jwt(&json!({"alg": "ES256"}), &json!({}))).expect("a JWT");
        assert!(parsed.candidates(&json!({"keys": "x"})).is_empty());
        let many = json!({"keys": vec![key("a"); 50]});
        assert_eq!(parsed.candidates(&many).len(), MOST_CANDIDATES);
    }

    proptest! {
        #[test]
        fn reading_never_panics(text in "[a-zA-Z0-9_-]{0,30}(\\.[a-zA-Z0-9_-]{0,30}){0,3}|.{0,60}") {
            if let Ok(parsed) = ForeignJwt::parse(&text) {
                let _ = parsed.claims::<Subject>(SignatureVerdict::Valid);
                let _ = parsed.claimed("sub");
            }
        }
    }
}
