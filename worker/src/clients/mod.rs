//! Finding a client, wherever it is known from: in the configuration, at the URL that its id is, or
//! in the isolate's memory, the cache, and its shard.
//!
//! Memory and cache hold hits only. A client that isn't found there is asked for at its shard, which
//! is the authority, so that a client can be used anywhere right after it registered.

mod documents;
mod fetch;
pub mod key_sets;
mod stored_copies;

pub use documents::DocumentProblem;
pub use fetch::fetch_is_strict;

use latchkey_protocol::client::{ClientId, ClientLifetimes, ClientRecord};
use latchkey_protocol::client_assertion::SingleUse;
use latchkey_protocol::configuration::Configuration;
use latchkey_protocol::time::{Lifetime, UnixTime};
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use crate::context::Context;
use crate::failure::Failure;
use crate::objects::client_registry::{ClaimAssertion, Find, Register, Touch};
use crate::objects::{self, ObjectKind};

/// How long a copy is kept.
const KEEP_COPY: Lifetime = Lifetime::hours(1);
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

/// Why there is no client of an id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotFound {
    /// Nobody of that id is known here.
    Unknown,
    /// The id is the URL of a document that names no client.
    Document(DocumentProblem),
}

/// Finds a living client.
///
/// # Errors
///
/// The outer one is a [`Failure`] when the shard doesn't answer (a cache that doesn't answer is only
/// logged), the inner one says why there is no such client.
pub async fn find(
    context: &Context,
    client_id: &ClientId,
) -> Result<Result<Rc<ClientRecord>, NotFound>, Failure> {
    if let Some(client) = context.configuration.configured_client(client_id) {
        return Ok(Ok(Rc::new(client.clone())));
    }
    if client_id.is_document() {
        let found = documents::find(context, client_id).await;
        return Ok(found.map(Rc::new).map_err(NotFound::Document));
    }
    Ok(registered(context, client_id).await?.ok_or(NotFound::Unknown))
}

/// The name of a client, as far as it can be told without asking anybody outside: a page that lists
/// clients fetches no documents.
///
/// # Errors
///
/// [`Failure`] when the shard doesn't answer.
pub async fn name(context: &Context, client_id: &ClientId) -> Result<Option<String>, Failure> {
    if client_id.is_document() {
        let kept = documents::kept(context, client_id).await;
        return Ok(kept.and_then(|kept| kept.metadata.client_name));
    }
    let found = find(context, client_id).await?.ok();
    Ok(found.and_then(|client| client.metadata.client_name.clone()))
}

/// Finds a client that is stored in its shard.
async fn registered(
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
    // An id that was never issued here is nobody's; asking for it would only cost.
    let Some(shard) = client_id.shard(&context.configuration.prefixes.client_id) else {
        return Ok(None);
    };
    // A copy that has expired may have been renewed elsewhere: only the shard knows.
    if let Some(client) = stored_copies::read::<ClientRecord>(context, &cache_key(client_id)).await
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

fn shard_name(shard: u8) -> String {
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

fn keep_copy(context: &Context, client: &ClientRecord) {
    stored_copies::keep(context, &cache_key(&client.client_id), client, KEEP_COPY);
}

fn cache_key(client_id: &ClientId) -> String {
    format!("client:{client_id}")
}

/// Claims the one use of a client's assertion, at the shard that is asked about no other client's.
///
/// # Errors
///
/// [`Failure`] when the shard doesn't answer: then nobody knows whether it was used.
pub async fn claim_assertion(
    context: &Context,
    client_id: &ClientId,
    assertion: &SingleUse,
) -> Result<bool, Failure> {
    let shard = client_id.home_shard(&context.configuration.prefixes.client_id);
    let message = ClaimAssertion {
        client_id: client_id.clone(),
        token_hash: assertion.token_hash(),
        forget_at: assertion.forget_at(),
    };
    objects::send(&context.env, ObjectKind::ClientRegistry, &shard_name(shard), &message).await
}
