//! The public keys of clients that sign: in their metadata, or at their `jwks_uri`. What was fetched is
//! kept in the cache too, so that a client goes on where its own server is down.

use latchkey_protocol::client::ClientRecord;
use latchkey_protocol::client_id_metadata::{DocumentUrl, MAXIMUM_KEY_SET};
use latchkey_protocol::json;
use latchkey_protocol::jwt::ForeignJwt;
use latchkey_protocol::time::{Lifetime, UnixTime};
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use super::fetch::{self, Budget};
use super::stored_copies;
use crate::context::Context;
use crate::failure::Failure;
use crate::log::Level;
use latchkey_protocol::json::FromJson;

/// A key that isn't known may be a new one, so the set is fetched again, but not more often than
/// this: a flood of made-up keys is none for the client's server.
const ASK_AGAIN: Lifetime = Lifetime::minutes(1);
/// The longest that a set is believed, so that a key which was withdrawn goes.
const BELIEVE: Lifetime = Lifetime::hours(1);
/// How long the last good set is used when no newer one can be fetched.
const LAST_GOOD: Lifetime = Lifetime::days(1);
/// How many sets an isolate remembers before it starts over.
const REMEMBER_AT_MOST: usize = 64;

/// What a signature is checked with, of all that a JWK may say
/// ([RFC 7517 section 4](https://www.rfc-editor.org/rfc/rfc7517#section-4)): certificates and what only the client knows aren't kept.
const MEMBERS: [&str; 10] = ["kty", "use", "key_ops", "alg", "kid", "crv", "x", "y", "n", "e"];
/// The members of private and symmetric keys (RFC 7518 sections 6.2.2, 6.3.2 and 6.4.1).
const SECRETS: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

#[derive(Clone, Serialize, FromJson)]
struct KeptKeys {
    jwks: Value,
    fetched_at: UnixTime,
    asked_at: UnixTime,
}

thread_local! {
    static REMEMBERED: RefCell<HashMap<String, Rc<KeptKeys>>> = RefCell::new(HashMap::new());
}

/// The keys of `client` that may have signed `jwt`; none, when it has no such key.
///
/// # Errors
///
/// [`Failure`] when the keys are at a `jwks_uri` that can't be fetched: then nobody knows.
pub async fn candidates(
    context: &Context,
    client: &ClientRecord,
    jwt: &ForeignJwt,
) -> Result<Vec<Value>, Failure> {
    let of = |jwks: &Value| jwt.candidates(jwks).into_iter().cloned().collect::<Vec<_>>();
    if let Some(jwks) = &client.metadata.jwks {
        return Ok(of(jwks));
    }
    let Some(uri) = &client.metadata.jwks_uri else { return Ok(Vec::new()) };
    let kept = kept(context, uri).await;
    if let Some(kept) = &kept {
        let found = of(&kept.jwks);
        let is_young = kept.fetched_at.is_recent(BELIEVE, context.now);
        let was_just_asked = kept.asked_at.is_recent(ASK_AGAIN, context.now);
        if was_just_asked || (is_young && !found.is_empty()) {
            return Ok(found);
        }
    }
    match fetched(context, uri).await {
        Ok(jwks) => {
            let found = of(&jwks);
            let kept = KeptKeys { jwks, fetched_at: context.now, asked_at: context.now };
            stored_copies::keep(context, &key(uri), &kept, LAST_GOOD);
            remember(uri, Rc::new(kept));
            Ok(found)
        }
        Err(cause) => {
            context
                .event(Level::Warn, "a client's keys not fetched")
                .with("client_id", client.client_id.to_string())
                .with("cause", cause.clone())
                .write();
            match kept.filter(|kept| kept.fetched_at.is_recent(LAST_GOOD, context.now)) {
                Some(kept) => {
                    let found = of(&kept.jwks);
                    remember(uri, Rc::new(KeptKeys { asked_at: context.now, ..(*kept).clone() }));
                    Ok(found)
                }
                None => Err(Failure::unavailable("fetching a client's keys", cause)),
            }
        }
    }
}

async fn fetched(context: &Context, uri: &str) -> Result<Value, String> {
    let url = DocumentUrl::parse(uri, context.configuration.reach())
        .map_err(|error| format!("jwks_uri: {error}"))?;
    let fetched = fetch::get(context, &url, MAXIMUM_KEY_SET, Budget::Address)
        .await
        .map_err(|error| format!("{error:?}"))?;
    public_keys(&fetched.body)
}

/// The public keys of a set. Nothing in them is nested further than a list, so what is kept can be read again whatever the
/// client wrote.
fn public_keys(body: &[u8]) -> Result<Value, String> {
    let jwks = json::parse_bytes(body).map_err(|_| "jwks_uri: no JSON".to_owned())?;
    // RFC 7517 section 5: a JWK set has an array of keys.
    let keys = jwks.get("keys").and_then(Value::as_array);
    let keys = keys.ok_or_else(|| "jwks_uri: no JWK set".to_owned())?;
    // The same section: what isn't understood, or not as it should be, is ignored.
    let keys: Vec<Value> = keys.iter().filter_map(public_key).collect();
    Ok(json!({ "keys": keys }))
}

fn public_key(key: &Value) -> Option<Value> {
    let members = key.as_object()?;
    if SECRETS.iter().any(|name| members.contains_key(*name)) {
        return None;
    }
    let known =
        members.iter().filter(|(name, value)| MEMBERS.contains(&name.as_str()) && !value.is_null());
    let mut kept = Map::new();
    for (name, value) in known {
        let is_good = match value {
            Value::Array(items) => name == "key_ops" && items.iter().all(Value::is_string),
            _ => name != "key_ops" && value.is_string(),
        };
        if !is_good {
            return None;
        }
        kept.insert(name.clone(), value.clone());
    }
    Some(Value::Object(kept))
}

/// The last good set: of this isolate, or else from the cache.
async fn kept(context: &Context, uri: &str) -> Option<Rc<KeptKeys>> {
    if let Some(kept) = REMEMBERED.with_borrow(|sets| sets.get(uri).cloned()) {
        return Some(kept);
    }
    let kept = stored_copies::read(context, &key(uri)).await.map(Rc::new)?;
    remember(uri, Rc::clone(&kept));
    Some(kept)
}

fn key(uri: &str) -> String {
    stored_copies::key("keys", uri)
}

fn remember(uri: &str, kept: Rc<KeptKeys>) {
    REMEMBERED.with_borrow_mut(|sets| {
        if sets.len() >= REMEMBER_AT_MOST && !sets.contains_key(uri) {
            sets.clear();
        }
        sets.insert(uri.to_owned(), kept);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(body: &str) -> Value {
        let jwks = public_keys(body.as_bytes()).expect("a set");
        let time = UnixTime::from_seconds(1);
        let kept = KeptKeys { jwks: jwks.clone(), fetched_at: time, asked_at: time };
        let copy = json::write(&kept).expect("a copy");
        assert_eq!(json::read::<KeptKeys>(&copy).expect(&copy).jwks, jwks);
        jwks
    }

    #[test]
    fn the_copy_of_a_set_can_be_read_whatever_the_client_wrote_in_it() {
        // As deep as a parser goes: with the copy around it, one level more than it goes.
        let deep = format!("{}{}", "[".repeat(124), "]".repeat(124));
        let key = json!({ "kty": "EC", "crv": "P-256", "x": "x", "y": "y", "kid": "a" });
        let [odd, whole] = [
            format!(
                r#"{{"kty":"EC","crv":"P-256","x":"x","y":"y","kid":"a","alg":null,"x5c":{deep}}}"#
            ),
            format!(r#"{{"keys":[{deep},"no key",{{"kty":{deep}}}]}}"#),
        ];
        assert_eq!(kept(&whole), json!({ "keys": [] }));
        assert_eq!(kept(&format!(r#"{{"keys":[{odd}],"more":{deep}}}"#)), json!({ "keys": [key] }));
        assert_eq!(kept(r#"{"keys":[{"a":1,"a":2}],"keys":[]}"#), json!({ "keys": [] }));
    }

    #[test]
    fn rfc7517_5_a_key_that_is_not_understood_is_ignored_and_the_others_are_not() {
        let good =
            json!({ "kty": "RSA", "n": "n", "e": "AQAB", "use": "sig", "key_ops": ["verify"] });
        for bad in [
            json!({ "kty": "oct", "k": "secret" }),
            json!({ "kty": "RSA", "n": "n", "e": "AQAB", "d": "secret" }),
            json!({ "kty": "RSA", "n": "n", "e": "AQAB", "kid": 7 }),
            json!({ "kty": "RSA", "n": "n", "e": "AQAB", "key_ops": "verify" }),
            json!({ "kty": "RSA", "n": "n", "e": "AQAB", "alg": ["RS256"] }),
            json!(["kty"]),
        ] {
            let set = json!({ "keys": [bad, good] }).to_string();
            assert_eq!(kept(&set), json!({ "keys": [good] }), "{bad}");
        }
    }

    #[test]
    fn rfc7517_5_what_has_no_list_of_keys_is_no_set() {
        for body in ["", "[]", "{}", r#"{"keys":{}}"#, "\"keys\""] {
            assert!(public_keys(body.as_bytes()).is_err(), "{body}");
        }
    }
}
