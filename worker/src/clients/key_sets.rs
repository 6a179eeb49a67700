//! The public keys of clients that sign: in their metadata, or at their `jwks_uri`. What was fetched is
//! kept in the cache too, so that a client goes on where its own server is down.

use latchkey_protocol::client::ClientRecord;
use latchkey_protocol::client_id_metadata::{DocumentUrl, MAXIMUM_KEY_SET};
use latchkey_protocol::json;
use latchkey_protocol::jwt::ForeignJwt;
use latchkey_protocol::time::{Lifetime, UnixTime};
use serde::Serialize;
use serde_json::Value;
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
    let jwks = json::parse_bytes(&fetched.body).map_err(|_| "jwks_uri: no JSON".to_owned())?;
    // RFC 7517 section 5: a JWK set has an array of keys.
    if jwks.get("keys").is_some_and(Value::is_array) {
        Ok(jwks)
    } else {
        Err("jwks_uri: no JWK set".to_owned())
    }
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
