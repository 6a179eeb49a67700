//! One refresh at a time, and what comes of it.

use std::rc::Rc;

use js_sys::Promise;
use latchkey_protocol::client_side::{Freshness, TRIES, TokenAnswer, pause};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::{JsFuture, future_to_promise};

use super::session::Session;
use super::{Inner, Need, chance, tabs};
use crate::fault::Fault;
use crate::platform::object::Fields;
use crate::platform::{clock, lock};
use crate::steps;

/// The longest time in milliseconds that a call waits because the server wanted to be left alone.
const LONGEST_HOLD: u64 = 15_000;

/// What one request to the token endpoint came to.
enum Attempt {
    /// There are tokens, of this tab's making or another's.
    Done(Session),
    /// Nothing is known and nothing lost.
    Later { retry_after: Option<u32>, fault: Fault },
    /// Another try won't mend it.
    Failed(Fault),
}

impl Inner {
    /// An access token that meets the need.
    pub(super) async fn access_token(self: &Rc<Self>, need: Need) -> Result<JsValue, Fault> {
        let session = self.load().await?.ok_or_else(Fault::signed_out)?;
        let is_usable = match need.of(&session, need.force) {
            Freshness::Fresh => true,
            // The server wants to be left alone, and there is no need yet.
            Freshness::Due => self.hold.get() > clock::now(),
            Freshness::Expired => false,
        };
        if is_usable {
            return Ok(session.access_token.expose().into());
        }
        Ok(JsFuture::from(self.shared_refresh(need, session.fingerprint())).await?)
    }

    /// The refresh that is under way, or a new one: callers of one tab share it.
    fn shared_refresh(self: &Rc<Self>, need: Need, seen: String) -> Promise {
        if let Some(promise) = &*self.refreshing.borrow() {
            return promise.clone();
        }
        let inner = Rc::clone(self);
        let promise = future_to_promise(async move {
            let result = inner.refresh(&need, &seen).await;
            inner.refreshing.borrow_mut().take();
            Ok(result?.access_token.expose().into())
        });
        *self.refreshing.borrow_mut() = Some(promise.clone());
        promise
    }

    /// Refreshes the session that was `seen` before the wait for other tabs, unless one of them was first.
    async fn refresh(&self, need: &Need, seen: &str) -> Result<Session, Fault> {
        // BRW-06: rotation ends the session of tabs that refresh at once.
        let _lock = lock::acquire(&self.name).await;
        self.wait_out_hold().await?;
        let mut attempt = 1;
        loop {
            let session = self.load().await?.ok_or_else(Fault::signed_out)?;
            let is_forced = need.force && session.fingerprint() == seen;
            let is_usable = match need.of(&session, is_forced) {
                Freshness::Fresh => return Ok(session),
                Freshness::Due => true,
                Freshness::Expired => false,
            };
            let fault = match self.attempt(session).await? {
                Attempt::Done(session) => return Ok(session),
                Attempt::Failed(fault) => fault,
                Attempt::Later { retry_after, fault } => {
                    let wait = pause(attempt, retry_after, chance());
                    self.leave_alone(attempt, wait, retry_after, &fault);
                    if let (Some(wait), false, true) = (wait, is_usable, attempt < TRIES) {
                        clock::sleep(wait).await;
                        attempt += 1;
                        continue;
                    }
                    fault
                }
            };
            // The token is still good: what went wrong may mend itself before it ends.
            return match self.load().await? {
                Some(session) if is_usable => Ok(session),
                _ => Err(fault),
            };
        }
    }

    /// Waits until the server may be asked again, if that is soon.
    async fn wait_out_hold(&self) -> Result<(), Fault> {
        let left = self.hold.get().saturating_sub(clock::now());
        if left > LONGEST_HOLD {
            let seconds = u32::try_from(left.div_ceil(1000)).unwrap_or(u32::MAX);
            return Err(Fault::later("temporarily_unavailable", Some(seconds), None));
        }
        if left > 0 {
            clock::sleep(left).await;
        }
        Ok(())
    }

    async fn attempt(&self, session: Session) -> Result<Attempt, Fault> {
        let Some(refresh_token) = session.refresh_token.clone() else {
            if self.is_still(&session).await? && session.freshness(0) == Freshness::Expired {
                self.end(&session, "session_ended").await?;
            }
            return Ok(Attempt::Failed(Fault::signed_out()));
        };
        let start = clock::now();
        let pairs = [
            ("grant_type", Some("refresh_token")),
            ("client_id", Some(session.client_id.as_str())),
            ("refresh_token", Some(refresh_token.expose())),
            ("resource", session.resource.as_deref()),
        ];
        let sent = steps::ask_for_tokens(&self.http, &session.token_endpoint, &pairs, None).await;
        let (answer, status) = match sent {
            Ok(answered) => answered,
            Err(fault) => return Ok(Attempt::Later { retry_after: None, fault }),
        };
        // Needs #39: what is stored changes only if it is still what was sent.
        let is_still = self.is_still(&session).await?;
        if answer.ends_session() {
            if is_still {
                self.end(&session, "session_ended").await?;
                return Ok(Attempt::Failed(Fault::signed_out()));
            }
            // Another tab has newer tokens, or the person has signed out.
            return Ok(self
                .load()
                .await?
                .map_or_else(|| Attempt::Failed(Fault::signed_out()), Attempt::Done));
        }
        match answer {
            TokenAnswer::Granted(_) if !is_still => Ok(self
                .load()
                .await?
                .map_or_else(|| Attempt::Failed(Fault::signed_out()), Attempt::Done)),
            TokenAnswer::Granted(granted) => {
                let before = session.fingerprint();
                let session = session.refreshed(granted, start);
                let text = session.write();
                self.store.set(&self.name, &text).await?;
                self.hold.set(0);
                self.post(&tabs::refreshed(&before, &text));
                self.tell("refreshed", &session.view());
                Ok(Attempt::Done(session))
            }
            TokenAnswer::Later { retry_after } => {
                let fault = steps::refusal_of(TokenAnswer::Later { retry_after }, status);
                Ok(Attempt::Later { retry_after, fault })
            }
            other => Ok(Attempt::Failed(steps::refusal_of(other, status))),
        }
    }

    async fn is_still(&self, session: &Session) -> Result<bool, Fault> {
        let stored = self.load().await?;
        Ok(stored.is_some_and(|stored| stored.fingerprint() == session.fingerprint()))
    }

    /// Remembers, and tells the other tabs, that the server wants to be left alone.
    fn leave_alone(
        &self,
        attempt: u32,
        wait: Option<u64>,
        retry_after: Option<u32>,
        fault: &Fault,
    ) {
        let wait = wait.unwrap_or_else(|| u64::from(retry_after.unwrap_or_default()) * 1000);
        let until = clock::now() + wait;
        self.hold.set(until);
        self.post(&tabs::held(until));
        #[expect(clippy::cast_precision_loss, reason = "below 2^53")]
        let detail = Fields::new()
            .with("attempt", attempt)
            .with("seconds", wait as f64 / 1000.0)
            .with("code", fault.code())
            .done();
        self.tell("retrying", &detail);
    }
}
