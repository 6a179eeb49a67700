//! Copies in KV, so that not every isolate has to ask anew. Hits only; a copy that can't be read or
//! written costs one more question, and nothing else.

use futures_util::future::{Either, select};
use latchkey_protocol::json;
use latchkey_protocol::secret::Secret;
use latchkey_protocol::time::Lifetime;
use serde::Serialize;
use std::pin::pin;
use std::time::Duration;

use crate::context::Context;
use crate::log::Level;
use crate::trace::Operation;
use crate::wait::Wait;
use latchkey_protocol::json::FromJson;

const BINDING: &str = "CACHE";
/// How long a copy is waited for. The object that has the original is quicker than that.
const PATIENCE: Duration = Duration::from_secs(1);
/// The shortest time that KV keeps a value.
const SHORTEST: Lifetime = Lifetime::seconds(60);

/// The key of a copy: KV's keys are short, and what is copied is called by texts of any length.
pub fn key(kind: &str, name: &str) -> String {
    format!("{kind}:{}", Secret::new(name).hash().to_text())
}

/// Reads a copy.
pub async fn read<T: FromJson>(context: &Context, key: &str) -> Option<T> {
    let _under_way = context.env.hop(Operation::KvReads);
    let found = match context.env.platform().kv(BINDING) {
        Ok(cache) => match select(pin!(cache.get(key).text()), Wait::of(PATIENCE)).await {
            Either::Left((text, _)) => text.map_err(|cause| cause.to_string()),
            Either::Right(_) => Err("no answer in time".to_owned()),
        },
        Err(cause) => Err(cause.to_string()),
    };
    let text = found.unwrap_or_else(|cause| {
        log_trouble(context, cause);
        None
    })?;
    // Another release wrote it: the original is asked, and the copy written anew.
    let unreadable = |cause: &json::ReadError| {
        let cause = cause.place_only().to_string();
        context.event(Level::Warn, "copy not readable").with("cause", cause).write();
    };
    json::read(&text).inspect_err(unreadable).ok()
}

/// Writes a copy after the answer has left; nobody waits for it.
pub fn keep(context: &Context, key: &str, value: &impl Serialize, lifetime: Lifetime) {
    let cache = context.env.platform().kv(BINDING).map_err(|cause| cause.to_string());
    let written = cache.and_then(|cache| {
        let value = json::write(value).map_err(|cause| cause.to_string())?;
        cache.put(key, value).map_err(|cause| cause.to_string())
    });
    match written {
        Ok(put) => context.afterwards(|context| async move {
            let _under_way = context.env.hop(Operation::KvWrites);
            drop(put.expiration_ttl(lifetime.max(SHORTEST).as_seconds()).execute().await);
        }),
        Err(cause) => log_trouble(context, cause),
    }
}

/// Deletes a copy after the answer has left; nobody waits for it.
pub fn delete(context: &Context, key: String) {
    context.afterwards(|context| async move {
        let _under_way = context.env.hop(Operation::KvDeletes);
        let deleted = match context.env.platform().kv(BINDING) {
            Ok(cache) => cache.delete(&key).await.map_err(|cause| cause.to_string()),
            Err(cause) => Err(cause.to_string()),
        };
        if let Err(cause) = deleted {
            log_trouble(&context, cause);
        }
    });
}

fn log_trouble(context: &Context, cause: String) {
    context
        .event(Level::Error, "cache unavailable")
        .with("cause", cause)
        .with("do", "the binding CACHE has to be a KV namespace in wrangler.toml".to_owned())
        .write();
}
