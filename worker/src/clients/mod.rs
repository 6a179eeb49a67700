//! Finding a client, wherever it is known from: in the configuration, at the URL that its id is, or
//! in the isolate's memory, the cache, and its shard.
//!
//! Memory and cache hold hits only. A client that isn't found there is asked for at its shard, which
//! is the authority, so that a client can be used anywhere right after it registered.
//!
//! A copy counts for a minute from when the shard was asked, wherever it lies: for so long at most a
//! client that was changed, disabled or removed goes on elsewhere as it was. Nothing is refused because
//! of a copy: then the shard is asked first, so that what was just changed is true everywhere at once.

pub mod changes;
mod documents;
mod fetch;
pub mod key_sets;
mod standing;
mod stored_copies;

pub use documents::DocumentProblem;
pub use fetch::fetch_is_strict;
pub use standing::{Standing, standing, standing_now};

use latchkey_protocol::client::{ClientId, ClientLifetimes, ClientRecord};
use latchkey_protocol::client_assertion::SingleUse;
use latchkey_protocol::configuration::Configuration;
use latchkey_protocol::identifier::AccountId;
use latchkey_protocol::time::{Lifetime, UnixTime};
use serde::Serialize;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use crate::context::Context;
use crate::failure::Failure;
use crate::objects::client_registry::messages::{ClaimAssertion, Find, Register, Touch};
use crate::objects::{self, Message, ObjectKind};
use latchkey_protocol::json::FromJson;

/// How long a copy counts, from when the shard was asked.
const COPY_COUNTS: Lifetime = Lifetime::minutes(1);
/// How many clients an isolate remembers before it starts over.
const REMEMBER_AT_MOST: usize = 256;

thread_local! {
    static REMEMBERED: RefCell<HashMap<ClientId, (UnixTime, Rc<ClientRecord>)>> =
        RefCell::new(HashMap::new());
    /// Clients that turned out to be gone, and when. Their copies in the cache are deleted once the
    /// answer has left, and count for nothing here from now on.
    static GONE: RefCell<HashMap<ClientId, UnixTime>> = RefCell::new(HashMap::new());
}

/// A client as the cache keeps it.
#[derive(Serialize, FromJson)]
struct Copy {
    /// When the shard was asked.
    read_at: UnixTime,
    record: ClientRecord,
}

impl Copy {
    fn counts(read_at: UnixTime, record: &ClientRecord, now: UnixTime) -> bool {
        // A copy that has expired may have been renewed elsewhere: only the shard knows.
        read_at.is_recent(COPY_COUNTS, now) && !record.is_expired(now)
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

/// What was found under an id.
pub struct Found {
    /// The living client, or why there is none.
    pub client: Result<Rc<ClientRecord>, NotFound>,
    /// Whether it is a copy, which may be a minute old.
    pub is_copy: bool,
}

/// The lifetimes of registered clients.
pub fn lifetimes(configuration: &Configuration) -> ClientLifetimes {
    ClientLifetimes {
        unused: configuration.lifetimes.unused_client,
        idle: configuration.lifetimes.idle_client,
    }
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
    Ok(look_up(context, client_id).await?.client)
}

/// As [`find`], and says whether it is a copy. Whoever is about to refuse something because of a copy
/// asks [`find_now`] first.
///
/// # Errors
///
/// As [`find`].
pub async fn look_up(context: &Context, client_id: &ClientId) -> Result<Found, Failure> {
    if let Some(client) = context.configuration.configured_client(client_id) {
        return Ok(Found { client: Ok(Rc::new(client.clone())), is_copy: false });
    }
    if client_id.is_document() {
        let found = documents::find(context, client_id).await;
        let client = found.map(Rc::new).map_err(NotFound::Document);
        return Ok(Found { client, is_copy: false });
    }
    let copy = |client| Ok(Found { client: Ok(client), is_copy: true });
    let remembered = REMEMBERED.with_borrow(|clients| clients.get(client_id).cloned());
    if let Some((read_at, client)) = remembered
        && Copy::counts(read_at, &client, context.now)
    {
        return copy(client);
    }
    // An id that was never issued here is nobody's; asking for it would only cost.
    if shard_of(context, client_id).is_some()
        && !is_gone(client_id, context.now)
        && let Some(Copy { read_at, record }) =
            stored_copies::read::<Copy>(context, &cache_key(client_id)).await
        && Copy::counts(read_at, &record, context.now)
    {
        return copy(remember(read_at, record));
    }
    let client = find_now(context, client_id).await?.ok_or(NotFound::Unknown);
    Ok(Found { client, is_copy: false })
}

/// Finds a living client that is stored in its shard, where it is certain.
///
/// # Errors
///
/// [`Failure`] when the shard doesn't answer.
pub async fn find_now(
    context: &Context,
    client_id: &ClientId,
) -> Result<Option<Rc<ClientRecord>>, Failure> {
    let Some(shard) = shard_of(context, client_id) else { return Ok(None) };
    let message = Find { client_id: client_id.clone() };
    let found = ask(context, shard, &message).await?;
    match found.filter(|client| !client.is_expired(context.now)) {
        Some(client) => Ok(Some(keep_what_is_new(context, client))),
        None => {
            forget_copy(context, client_id);
            Ok(None)
        }
    }
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

/// Stores a new client in its shard.
pub async fn register(context: &Context, shard: u8, record: ClientRecord) -> Result<(), Failure> {
    ask(context, shard, &Register { record }).await
}

/// Notes that a client was used, after the answer has left, if it is time to: its record says so, so
/// that most uses cost nothing. If it can't be noted now, the next use does.
pub fn touch(context: &Context, client: &ClientRecord) {
    if client.touch(context.now, lifetimes(&context.configuration)).is_none() {
        return;
    }
    let client_id = client.client_id.clone();
    context.afterwards(|context| async move {
        if let Err(failure) = note_use(&context, &client_id, None).await {
            context.log_failure(&failure);
        }
    });
}

/// Notes that a person is about to allow a client something, before it is allowed, so that all of it
/// is found when the client is removed. Whether the client is there and may have it.
///
/// # Errors
///
/// [`Failure`] when the shard doesn't answer.
pub async fn note_consent(
    context: &Context,
    client: &ClientRecord,
    account: &AccountId,
) -> Result<bool, Failure> {
    if shard_of(context, &client.client_id).is_none() {
        return Ok(!client.policy.disabled);
    }
    let noted = note_use(context, &client.client_id, Some(account.clone())).await?;
    Ok(noted.is_some_and(|client| !client.policy.disabled))
}

async fn note_use(
    context: &Context,
    client_id: &ClientId,
    account: Option<AccountId>,
) -> Result<Option<Rc<ClientRecord>>, Failure> {
    let Some(shard) = shard_of(context, client_id) else { return Ok(None) };
    let lifetimes = lifetimes(&context.configuration);
    let message = Touch {
        client_id: client_id.clone(),
        unused: lifetimes.unused,
        idle: lifetimes.idle,
        account,
    };
    let touched = ask(context, shard, &message).await?;
    if touched.is_none() {
        forget_copy(context, client_id);
    }
    Ok(touched.map(|client| keep_what_is_new(context, client)))
}

/// Asks a shard.
///
/// # Errors
///
/// [`Failure`] when it doesn't answer.
pub async fn ask<M: Message>(
    context: &Context,
    shard: u8,
    message: &M,
) -> Result<M::Reply, Failure> {
    objects::send(&context.env, ObjectKind::ClientRegistry, &shard_name(shard), message).await
}

/// Which shard stores a client; `None` when none does.
pub fn shard_of(context: &Context, client_id: &ClientId) -> Option<u8> {
    client_id.shard(&context.configuration.prefixes.client_id)
}

/// What the shard of this number is called.
pub fn shard_name(shard: u8) -> String {
    format!("clients-{shard:02x}")
}

/// Keeps copies of a client that its shard has just handed out.
pub fn keep(context: &Context, client: ClientRecord) -> Rc<ClientRecord> {
    keep_copy(context, &client);
    remember(context.now, client)
}

/// Keeps copies of a client that its shard has just handed out. If just this is remembered, the
/// cache's copy is as good as another: requests that are refused, however many, write nothing, and
/// neither do people who allow one client one after the other.
fn keep_what_is_new(context: &Context, client: ClientRecord) -> Rc<ClientRecord> {
    if is_remembered_so(&client) { remember(context.now, client) } else { keep(context, client) }
}

/// Forgets the copies of a client that turned out to be gone. Where there was none nothing is
/// written: asking for made-up ids must not cost more than that.
fn forget_copy(context: &Context, client_id: &ClientId) {
    // Whatever was found in the cache was remembered too.
    if REMEMBERED.with_borrow(|clients| clients.contains_key(client_id)) {
        forget(context, client_id);
    }
}

/// Forgets every copy that can be reached from here: this isolate's at once, the cache's after the
/// answer has left.
pub fn forget(context: &Context, client_id: &ClientId) {
    REMEMBERED.with_borrow_mut(|clients| clients.remove(client_id));
    GONE.with_borrow_mut(|gone| {
        if gone.len() >= REMEMBER_AT_MOST {
            gone.clear();
        }
        gone.insert(client_id.clone(), context.now);
    });
    stored_copies::delete(context, cache_key(client_id));
}

/// Whether a copy that lies in the cache could still say otherwise.
fn is_gone(client_id: &ClientId, now: UnixTime) -> bool {
    let gone = GONE.with_borrow(|gone| gone.get(client_id).copied());
    gone.is_some_and(|at| now.since(at) < COPY_COUNTS)
}

/// Whether just this is remembered.
fn is_remembered_so(client: &ClientRecord) -> bool {
    let text = |client: &ClientRecord| serde_json::to_string(client).ok();
    REMEMBERED.with_borrow(|clients| {
        clients.get(&client.client_id).is_some_and(|(_, known)| text(known) == text(client))
    })
}

fn remember(read_at: UnixTime, client: ClientRecord) -> Rc<ClientRecord> {
    let client = Rc::new(client);
    REMEMBERED.with_borrow_mut(|clients| {
        if clients.len() >= REMEMBER_AT_MOST {
            clients.clear();
        }
        clients.insert(client.client_id.clone(), (read_at, Rc::clone(&client)));
    });
    client
}

/// Writes a copy to the cache after the answer has left; nobody waits for it. Of a client that nobody
/// has used yet none is written: most are allowed a moment later, which makes another record, or never.
fn keep_copy(context: &Context, client: &ClientRecord) {
    if client.first_used_at.is_none() {
        return;
    }
    let copy = Copy { read_at: context.now, record: client.clone() };
    stored_copies::keep(context, &cache_key(&client.client_id), &copy, COPY_COUNTS);
}

fn cache_key(client_id: &ClientId) -> String {
    // What the first release wrote under another name has another form.
    format!("client-copy:{client_id}")
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
    ask(context, shard, &message).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn client(expires_at: u64) -> ClientRecord {
        latchkey_protocol::json::from_value(json!({
            "client_id": "client", "metadata": {}, "token_endpoint_auth_method": "none",
            "issued_at": 0, "expires_at": expires_at,
        }))
        .expect("a record")
    }

    fn at(seconds: u64) -> UnixTime {
        UnixTime::from_seconds(seconds)
    }

    #[test]
    fn a_copy_counts_for_a_minute_from_when_the_shard_was_asked_and_no_second_longer() {
        let long = client(10_000);
        assert!(Copy::counts(at(100), &long, at(100)));
        assert!(Copy::counts(at(100), &long, at(159)));
        assert!(!Copy::counts(at(100), &long, at(160)));
        // The clock was set back: nobody knows how old it is.
        assert!(!Copy::counts(at(100), &long, at(99)));
        // It may have been renewed, which only the shard knows.
        assert!(!Copy::counts(at(100), &client(110), at(110)));
        let text = serde_json::to_string(&Copy { read_at: at(100), record: long }).expect("json");
        let read: Copy = latchkey_protocol::json::read(&text).expect("reads back");
        assert_eq!((read.read_at, read.record.client_id.as_str()), (at(100), "client"));
    }
}
