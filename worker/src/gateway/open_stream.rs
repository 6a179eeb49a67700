//! An event stream that is open while its credential is taken back.
//!
//! A call is checked when it begins. An event stream may go on for hours, so what it lives by is
//! looked at again and again, and the stream ends with it.

use futures_util::future::{Either, select};
use latchkey_protocol::access::{Credential, Holder};
use latchkey_protocol::subject::Subject;
use std::time::Duration;
use worker::AbortController;

use super::Visit;
use crate::access_tokens;
use crate::clients::{self, Standing};
use crate::context::Context;
use crate::failure::Failure;
use crate::http::Taken;
use crate::keys;
use crate::objects::account::messages::{AccessState, StillGood};
use crate::objects::{self, ObjectKind};
use crate::platform;
use crate::wait::Wait;

/// How often whoever knows is asked, in seconds, unless the resource's revocation bound is longer.
const ASK_EVERY: u64 = 30;

/// Whether an answer of this content type can go on without end
/// ([HTML section 9.2](https://html.spec.whatwg.org/multipage/server-sent-events.html)).
pub fn is_event_stream(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("text/event-stream")
}

/// Cuts a stream off by `controller` once its grant, its client or its personal access token is over. `over` tells
/// that the stream has ended by itself.
pub fn watch(visit: &Visit<'_>, holder: &Holder, mut over: Taken, controller: AbortController) {
    let bound = visit.requested.gateway.revocation_bound.as_seconds();
    let every = Duration::from_secs(bound.max(ASK_EVERY));
    let (holder, drops) = (holder.clone(), visit.drops);
    visit.context.afterwards(|context| async move {
        loop {
            let tick = Wait::of(every);
            if let Either::Left(_) = select(Box::pin(over.wait()), tick).await {
                return;
            }
            // A key that was dropped may have signed its token; who has another comes again.
            let _ = keys::key_set_now(&context, platform::now()).await;
            if keys::drops() != drops {
                controller.abort();
                return;
            }
            // Whoever doesn't answer is asked again; nobody loses a stream to that.
            if let Ok(AccessState::Revoked) = state(&context, &holder).await {
                controller.abort();
                return;
            }
        }
    });
}

/// Whether the credential still counts. An access token's own end doesn't: a stream may outlive it.
async fn state(context: &Context, holder: &Holder) -> Result<AccessState, Failure> {
    let Context { configuration, env, .. } = context;
    match (&holder.subject, &holder.credential) {
        (_, Credential::OwnAccessToken { client_id, token_id }) => {
            access_tokens::own_token_state(env, configuration, client_id, token_id).await
        }
        (Subject::Person(account), credential) => {
            let message = StillGood { credential: credential.clone() };
            let state = objects::send(env, ObjectKind::Account, account.as_str(), &message).await?;
            match (state, credential.client_id()) {
                (AccessState::Live, Some(client_id)) => {
                    let now = platform::now();
                    match clients::standing_now(env, configuration, client_id, now).await? {
                        Standing::Good => Ok(AccessState::Live),
                        Standing::Disabled | Standing::Gone => Ok(AccessState::Revoked),
                    }
                }
                (state, _) => Ok(state),
            }
        }
        // A client has no credential of a person.
        (Subject::Client(_), _) => Ok(AccessState::Revoked),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_server_sent_events_are_watched() {
        for yes in ["text/event-stream", "Text/Event-Stream; charset=utf-8"] {
            assert!(is_event_stream(yes), "{yes}");
        }
        for no in ["", "text/event-streams", "application/json"] {
            assert!(!is_event_stream(no), "{no}");
        }
    }
}
