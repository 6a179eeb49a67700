//! The last refusals of each client, for the operator. An isolate collects them and tells the clients'
//! shards after the answer, every five seconds at most: a flood of refusals is no flood of writes.

use futures_util::future::join_all;
use latchkey_protocol::administration::{RefusedRequest, keep_refusals};
use latchkey_protocol::client::ClientId;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::time::Duration;

use crate::clients;
use crate::context::Context;
use crate::objects::client_registry::messages::{KeepRefusals, RefusalsOf};
use crate::platform;
use crate::request_line::Refusal;
use crate::wait::Wait;

/// How long an isolate collects before it tells the shards again.
const EVERY_MS: u64 = 5_000;
/// A telling that has not come by then will not come: the platform ended its request.
const LOST_AFTER_MS: u64 = 40_000;
/// Of how many clients an isolate collects refusals at one time. Those of more are left out.
const CLIENTS_AT_MOST: usize = 64;

thread_local! {
    static COLLECTED: RefCell<Collected> = const { RefCell::new(Collected(BTreeMap::new())) };
    /// When the shards were last told, or will be.
    static TOLD_AT: Cell<u64> = const { Cell::new(0) };
}

/// Refusals by client; those of clients that nobody knows are together.
struct Collected(BTreeMap<Option<ClientId>, Vec<RefusedRequest>>);

impl Collected {
    /// Whether anything is to be told for it.
    fn add(&mut self, client_id: Option<ClientId>, refused: RefusedRequest) -> bool {
        if self.0.len() >= CLIENTS_AT_MOST && !self.0.contains_key(&client_id) {
            return false;
        }
        let of_client = self.0.entry(client_id).or_default();
        *of_client = keep_refusals(std::mem::take(of_client), vec![refused]);
        true
    }

    /// What each shard has to be told.
    fn take(&mut self, shard_of: impl Fn(&ClientId) -> u8) -> BTreeMap<u8, Vec<RefusalsOf>> {
        let mut shards = BTreeMap::<u8, Vec<RefusalsOf>>::new();
        for (client_id, refused) in std::mem::take(&mut self.0) {
            let shard = client_id.as_ref().map_or(0, &shard_of);
            shards.entry(shard).or_default().push(RefusalsOf { client_id, refused });
        }
        shards
    }
}

/// Notes that a request was refused. Those that name no client anybody knows are noted where a client was
/// to be named, together: whoever makes ids up fills one list of fifty.
pub fn note(context: &Context, refusal: Refusal, status: u16, host: &str) {
    let client_id = refusal.client_id.as_deref().and_then(ClientId::parse);
    if client_id.is_none() && !names_a_client(context.endpoint) {
        return;
    }
    let refused = RefusedRequest {
        at: context.now,
        endpoint: context.endpoint.to_owned(),
        reason: refusal.reason,
        reference: context.reference.clone(),
        status,
        host: host.to_owned(),
        client_id: None,
    };
    if !COLLECTED.with_borrow_mut(|collected| collected.add(client_id, refused)) {
        return;
    }
    let Some(wait_ms) = next_telling(TOLD_AT.get(), context.started_at) else { return };
    TOLD_AT.set(context.started_at.saturating_add(wait_ms));
    context.afterwards(move |context| async move {
        if wait_ms > 0 {
            Wait::of(Duration::from_millis(wait_ms)).await;
        }
        tell(&context).await;
    });
}

/// How long to wait before the shards are told what has just been noted; `None` when it is told with what
/// was noted before. `told_at` lies ahead while a telling is still to come.
const fn next_telling(told_at: u64, now: u64) -> Option<u64> {
    let next = told_at.saturating_add(EVERY_MS);
    if told_at > now && told_at - now <= LOST_AFTER_MS {
        None
    } else if next > now && told_at <= now {
        Some(next - now)
    } else {
        Some(0)
    }
}

fn names_a_client(endpoint: &str) -> bool {
    matches!(
        endpoint,
        "authorize" | "token" | "revoke" | "introspect" | "device authorization" | "registration"
    )
}

async fn tell(context: &Context) {
    TOLD_AT.set(platform::milliseconds());
    let prefix = &context.configuration.prefixes.client_id;
    let shards = COLLECTED
        .with_borrow_mut(|collected| collected.take(|client_id| client_id.home_shard(prefix)));
    let told = shards.into_iter().map(|(shard, refusals)| async move {
        let message = KeepRefusals { refusals };
        if let Err(failure) = clients::ask(context, shard, &message).await {
            // They are in the log all the same.
            context.log_failure(&failure);
        }
    });
    join_all(told).await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use latchkey_protocol::administration::KEPT_REFUSALS;
    use latchkey_protocol::time::UnixTime;

    fn refused(at: u64) -> RefusedRequest {
        RefusedRequest {
            at: UnixTime::from_seconds(at),
            endpoint: "token".into(),
            reason: "Expired".into(),
            reference: "7c00k0yg".into(),
            status: 400,
            host: "id.example".into(),
            client_id: None,
        }
    }

    fn client(id: &str) -> Option<ClientId> {
        Some(ClientId::parse(id).expect("an id"))
    }

    #[test]
    fn issue_7_a_flood_of_refusals_is_collected_within_bounds() {
        let mut collected = Collected(BTreeMap::new());
        for at in 0..1_000 {
            assert!(collected.add(client("one"), refused(at)));
        }
        for number in 0..1_000 {
            collected.add(client(&format!("client {number}")), refused(number));
        }
        assert!(collected.add(client("one"), refused(1_000)));
        let shards = collected.take(|_| 3);
        assert_eq!(shards.keys().copied().collect::<Vec<_>>(), [3]);
        assert_eq!(shards[&3].len(), CLIENTS_AT_MOST);
        assert!(shards[&3].iter().all(|of| of.refused.len() <= KEPT_REFUSALS));
        assert!(collected.take(|_| 3).is_empty());
    }

    #[test]
    fn issue_7_the_shards_are_told_at_once_and_then_every_five_seconds_at_most() {
        assert_eq!(next_telling(0, 1_000_000), Some(0));
        assert_eq!(next_telling(1_000_000, 1_001_000), Some(4_000));
        // One is on its way.
        assert_eq!(next_telling(1_005_000, 1_001_000), None);
        assert_eq!(next_telling(1_000_000, 1_005_000), Some(0));
        // A clock that was set back keeps nobody waiting for long.
        assert_eq!(next_telling(1_000_000, 900_000), Some(0));
    }
}
