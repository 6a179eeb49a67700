//! The server's own requests, to addresses that a stranger chose: a client's document, its keys.
//!
//! What may be asked at all is decided in [`latchkey_protocol::client_id_metadata`]. Here is what
//! holds for every such request: no redirect is followed, nothing of this server's or a person's is
//! sent along, a few bytes are read and no more, and it ends in time
//! ([draft-ietf-oauth-client-id-metadata-document sections 6.5 and 6.6](https://datatracker.ietf.org/doc/html/draft-ietf-oauth-client-id-metadata-document#section-6.5)).

use futures_util::StreamExt;
use futures_util::future::{Either, select};
use js_sys::Reflect;
use latchkey_protocol::client_id_metadata::{DocumentUrl, FETCH_TIME, Freshness, Reach};
use latchkey_protocol::time::Lifetime;
use std::cell::RefCell;
use std::collections::HashMap;
use std::time::Duration;
use web_sys::{RequestCache, RequestInit, RequestRedirect};
use worker::AbortController;

use crate::context::Context;
use crate::trace::Operation;
use crate::wait::Wait;

/// The compatibility flag without which the platform's fetch may reach what isn't public.
const STRICT_FETCH: &str = "global_fetch_strictly_public";
/// How many fetches of one [`Budget`] an isolate begins in one minute, so that a flood of requests here
/// is none there.
const FETCHES_A_MINUTE: u32 = 30;
/// The most that are counted.
const MOST_COUNTED: usize = 256;

thread_local! {
    static BEGUN: RefCell<(u64, HashMap<String, u32>)> = RefCell::default();
}

/// What came back with status 200.
#[derive(Debug)]
pub struct Fetched {
    /// `Content-Type`.
    pub content_type: Option<String>,
    /// How long it is fresh.
    pub freshness: Freshness,
    /// The body, whole.
    pub body: Vec<u8>,
}

/// Why nothing came back that could be looked at. For the log; none of it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FetchError {
    /// `wrangler.toml` lacks the compatibility flag.
    FetchIsNotStrict,
    /// Too many fetches were begun, of this [`Budget`] or for one network.
    TooOften,
    /// Another status than 200, a redirect included.
    Status(u16),
    /// The body has more bytes than may be read.
    TooLong,
    /// It took longer than it may.
    Late,
    /// The host couldn't be reached, or broke off.
    Unreachable(String),
}

/// Whose fetches are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Budget {
    /// All documents of the host: anybody makes up as many addresses there as they like.
    Host,
    /// This address alone: what strangers have the server fetch from the same host must not keep a
    /// client from proving who it is.
    Address,
}

/// Gets `url`, of which at most `limit` bytes are read.
pub async fn get(
    context: &Context,
    url: &DocumentUrl,
    limit: usize,
    budget: Budget,
) -> Result<Fetched, FetchError> {
    // On a developer's machine there is nobody else to reach, and tests serve documents there.
    if context.configuration.reach() == Reach::Public && !fetch_is_strict() {
        return Err(FetchError::FetchIsNotStrict);
    }
    let counted = match budget {
        Budget::Host => url.host(),
        Budget::Address => url.as_str(),
    };
    if !may_begin(counted, context.now.seconds() / 60) {
        return Err(FetchError::TooOften);
    }
    let controller = AbortController::default();
    let longest = context.configuration.lifetimes.client_document;
    let _under_way = context.env.hop(Operation::Fetches);
    let exchange = Box::pin(exchange(url, limit, longest, &controller));
    let patience = Wait::of(Duration::from_secs(FETCH_TIME.as_seconds()));
    let result = match select(exchange, patience).await {
        Either::Left((result, _)) => result,
        Either::Right(_) => Err(FetchError::Late),
    };
    if result.is_err() {
        // Whatever else would come is nothing to us.
        controller.abort();
    }
    result
}

async fn exchange(
    url: &DocumentUrl,
    limit: usize,
    longest: Lifetime,
    controller: &AbortController,
) -> Result<Fetched, FetchError> {
    let unreachable = |cause: worker::Error| FetchError::Unreachable(cause.to_string());
    let headers = worker::Headers::new();
    for (name, value) in [("accept", "application/json"), ("user-agent", "Latchkey")] {
        headers.set(name, value).map_err(unreachable)?;
    }
    let init = RequestInit::new();
    init.set_method("GET");
    init.set_headers(headers.0.as_ref());
    // CIM-04: a redirect is an answer of another status than 200, and nothing else.
    init.set_redirect(RequestRedirect::Manual);
    init.set_signal(Some(&controller.signal()));
    // How long it is kept is decided here, by the answer's own headers.
    init.set_cache(RequestCache::NoStore);
    let request = web_sys::Request::new_with_str_and_init(url.as_str(), &init)
        .map_err(|_| FetchError::Unreachable("the platform doesn't take the request".to_owned()))?;
    let mut response = worker::Fetch::Request(worker::Request::from(request))
        .send_with_signal(&controller.signal())
        .await
        .map_err(unreachable)?;
    if response.status_code() != 200 {
        return Err(FetchError::Status(response.status_code()));
    }
    let header = |name: &str| response.headers().get(name).ok().flatten();
    let content_type = header("content-type");
    let freshness =
        Freshness::of(header("cache-control").as_deref(), header("age").as_deref(), longest);
    let body = read(&mut response, limit).await?;
    Ok(Fetched { content_type, freshness, body })
}

/// CIM-06: the bytes are counted as they come; nobody's `Content-Length` is believed.
async fn read(response: &mut worker::Response, limit: usize) -> Result<Vec<u8>, FetchError> {
    let Ok(mut stream) = response.stream() else { return Ok(Vec::new()) };
    let mut bytes = Vec::new();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|cause| FetchError::Unreachable(cause.to_string()))?;
        if bytes.len().saturating_add(chunk.len()) > limit {
            return Err(FetchError::TooLong);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// Whether the platform refuses to fetch from anything but public hosts
/// ([`global_fetch_strictly_public`](https://developers.cloudflare.com/workers/configuration/compatibility-flags/#global-fetch-strictly-public)).
pub fn fetch_is_strict() -> bool {
    let member = |object: &_, name: &str| Reflect::get(object, &name.into()).ok();
    member(&js_sys::global(), "Cloudflare")
        .and_then(|cloudflare| member(&cloudflare, "compatibilityFlags"))
        .and_then(|flags| member(&flags, STRICT_FETCH))
        .is_some_and(|flag| flag.as_bool() == Some(true))
}

fn may_begin(counted: &str, minute: u64) -> bool {
    BEGUN.with_borrow_mut(|(of_minute, counts)| {
        if *of_minute != minute {
            *of_minute = minute;
            counts.clear();
        }
        if counts.len() >= MOST_COUNTED && !counts.contains_key(counted) {
            // Made-up hosts are each asked once: they may not make a busy one's count forgotten.
            let least =
                counts.iter().min_by_key(|(_, begun)| **begun).map(|(name, _)| name.clone());
            least.and_then(|least| counts.remove(&least));
        }
        let begun = counts.entry(counted.to_owned()).or_default();
        *begun = begun.saturating_add(1);
        *begun <= FETCHES_A_MINUTE
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cim_06_one_host_is_asked_30_times_a_minute_at_most() {
        for _ in 0..FETCHES_A_MINUTE {
            assert!(may_begin("app.example", 1));
        }
        assert!(!may_begin("app.example", 1));
        assert!(may_begin("other.example", 1), "another host is another count");
        assert!(may_begin("app.example", 2), "the next minute starts anew");
    }

    #[test]
    fn cim_06_a_flood_of_hosts_makes_no_busy_hosts_count_forgotten() {
        for _ in 0..FETCHES_A_MINUTE {
            assert!(may_begin("busy.example", 9));
        }
        for made_up in 0..2 * MOST_COUNTED {
            assert!(may_begin(&format!("{made_up}.example"), 9));
        }
        assert!(!may_begin("busy.example", 9));
        assert!(BEGUN.with_borrow(|(_, hosts)| hosts.len() <= MOST_COUNTED));
    }
}
