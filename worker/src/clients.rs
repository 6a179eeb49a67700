//! Finding a client: in the configuration, or the isolate's memory, the cache, and its shard.
//!
//! Memory and cache hold hits only. A client that isn't found there is asked for at its shard, which
//! is the authority, so that a client can be used anywhere right after it registered.

use latchkey_protocol::client::{ClientId, ClientLifetimes, ClientRecord};
use latchkey_protocol::configuration::Configuration;
use latchkey_protocol::time::{Lifetime, UnixTime};
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use crate::context::Context;
use crate::failure::Failure;
use crate::log::Level;
use crate::objects::client_registry::{Find, Register, Touch};
use crate::objects::{self, ObjectKind};

const CACHE_BINDING: &str = "CACHE";
/// The shortest time that KV keeps a value is 60 s.
const CACHE_SECONDS: u64 = 3_600;
/// How long an isolate trusts its own copy.
const REMEMBER: Lifetime = Lifetime::minutes(1);
/// How many clients an isolate remembers before it starts over.
const REMEMBER_AT_MOST: usize = 256;

thread_local! {
    static REMEMBERED: RefCell<HashMap<ClientId, (UnixTime, Rc<ClientRecord>)>> =
        RefCell::new(HashMap::new());
}

/// The lifetimes of registered clients.
pub fn lifetimes(configuration: &Configuration) -> ClientLifetimes {
    ClientLifetimes {
        unused: configuration.lifetimes.unused_client,
        idle: configuration.lifetimes.idle_client,
    }
}

/// Finds a living client; `None` when there is none of that id.
///
/// # Errors
///
/// [`Failure`] when the shard doesn't answer. A cache that doesn't answer is only logged.
pub async fn find(
    context: &Context,
    client_id: &ClientId,
) -> Result<Option<Rc<ClientRecord>>, Failure> {
    let remembered = REMEMBERED.with_borrow(|clients| clients.get(client_id).cloned());
    if let Some((read_at, client)) = remembered
        && context.now.since(read_at) < REMEMBER
        && !client.is_expired(context.now)
    {
        return Ok(Some(client));
    }
    if let Some(client) = context.configuration.configured_client(client_id) {
        return Ok(Some(remember(context, client.clone())));
    }
    // An id that was never issued here is nobody's; asking for it would only cost.
    let Some(shard) = client_id.shard(&context.configuration.prefixes.client_id) else {
        return Ok(None);
    };
    // A copy that has expired may have been renewed elsewhere: only the shard knows.
    if let Some(client) = cached(context, client_id).await
        && !client.is_expired(context.now)
    {
        return Ok(Some(remember(context, client)));
    }
    let message = Find { client_id: client_id.clone() };
    let found =
        objects::send(&context.env, ObjectKind::ClientRegistry, &shard_name(shard), &message)
            .await?;
    Ok(found.filter(|client| !client.is_expired(context.now)).map(|client| {
        keep_copy(context, &client);
        remember(context, client)
    }))
}

/// Stores a new client in its shard.
pub async fn register(context: &Context, shard: u8, record: ClientRecord) -> Result<(), Failure> {
    let message = Register { record };
    objects::send(&context.env, ObjectKind::ClientRegistry, &shard_name(shard), &message).await?;
    keep_copy(context, &message.record);
    Ok(())
}

/// Notes that a client was used, if it is time to: its record says so, so that most uses cost
/// nothing.
pub async fn touch(context: &Context, client: &ClientRecord) -> Result<(), Failure> {
    let lifetimes = lifetimes(&context.configuration);
    if client.touch(context.now, lifetimes).is_none() {
        return Ok(());
    }
    let Some(shard) = client.client_id.shard(&context.configuration.prefixes.client_id) else {
        return Ok(());
    };
    let message = Touch {
        client_id: client.client_id.clone(),
        unused: lifetimes.unused,
        idle: lifetimes.idle,
    };
    let touched =
        objects::send(&context.env, ObjectKind::ClientRegistry, &shard_name(shard), &message)
            .await?;
    if let Some(touched) = touched {
        keep_copy(context, &touched);
        remember(context, touched);
    }
    Ok(())
}

/// What the shard of this number is called.
pub fn shard_name(shard: u8) -> String {
    format!("clients-{shard:02x}")
}

fn remember(context: &Context, client: ClientRecord) -> Rc<ClientRecord> {
    let client = Rc::new(client);
    REMEMBERED.with_borrow_mut(|clients| {
        if clients.len() >= REMEMBER_AT_MOST {
            clients.clear();
        }
        clients.insert(client.client_id.clone(), (context.now, Rc::clone(&client)));
    });
    client
}

async fn cached(context: &Context, client_id: &ClientId) -> Option<ClientRecord> {
    let found = match context.env.kv(CACHE_BINDING) {
        Ok(cache) => cache
            .get(&cache_key(client_id))
            .json::<ClientRecord>()
            .await
            .map_err(|cause| cause.to_string()),
        Err(cause) => Err(cause.to_string()),
    };
    found.unwrap_or_else(|cause| {
        log_cache_trouble(context, cause);
        None
    })
}

/// Writes a copy to the cache after the answer has left; nobody waits for it.
fn keep_copy(context: &Context, client: &ClientRecord) {
    let key = cache_key(&client.client_id);
    let written =
        context.env.kv(CACHE_BINDING).map_err(|cause| cause.to_string()).and_then(|cache| {
            let value = serde_json::to_string(client).map_err(|cause| cause.to_string())?;
            cache.put(&key, value).map_err(|cause| cause.to_string())
        });
    match written {
        Ok(put) => context.later.wait_until(async move {
            // A copy that wasn't kept costs one more question to the shard, and nothing else.
            drop(put.expiration_ttl(CACHE_SECONDS).execute().await);
        }),
        Err(cause) => log_cache_trouble(context, cause),
    }
}

fn cache_key(client_id: &ClientId) -> String {
    format!("client:{client_id}")
}

fn log_cache_trouble(context: &Context, cause: String) {
    context
        .event(Level::Error, "cache unavailable")
        .with("cause", cause)
        .with("do", "the binding CACHE has to be a KV namespace in wrangler.toml".to_owned())
        .write();
}
