//! What the person's activity log is told about a call, after the answer has left. A client that calls
//! for itself has no such log; its calls are lines of the deployment's log, which says early which take long.

use futures_channel::oneshot;
use futures_util::future::{Either, select};
use latchkey_protocol::activity::{Activity, Call, RefusedCall};
use latchkey_protocol::client::ClientId;
use latchkey_protocol::identifier::AccountId;
use latchkey_protocol::subject::Subject;
use std::time::Duration;

use super::Visit;
use super::batches;
use super::check::Caller;
use super::message::Message;
use crate::context::Context;
use crate::log::Level;
use crate::objects::account::messages::{Log, LogEntry};
use crate::objects::{self, ObjectKind};
use crate::platform;
use crate::wait::{self, Wait};

/// How many different names of one message are noted.
const MAX_NAMES: usize = 5;
/// After this long a call without an answer is noted as such. The platform keeps a request whose
/// client has gone for 30 seconds.
const LONG: Duration = Duration::from_secs(25);

/// The names of the JSON-RPC methods and tools of a message, fit for a log.
#[derive(Default)]
pub struct Labels {
    rpc: Option<String>,
    tool: Option<String>,
}

impl Labels {
    /// The names of a message; none when there is no message.
    pub fn of(message: Option<&Message>) -> Self {
        let Some(message) = message else { return Self::default() };
        let calls: Vec<_> = message.inspected.calls.iter().map(|call| call.label()).collect();
        Self {
            rpc: listed(calls.iter().map(|call| call.method.as_str())),
            tool: listed(calls.iter().filter_map(|call| call.tool.as_deref())),
        }
    }
}

/// Each name once; `None` when there is none.
fn listed<'a>(names: impl Iterator<Item = &'a str>) -> Option<String> {
    let mut different: Vec<&str> = Vec::new();
    for name in names {
        if !different.contains(&name) {
            different.push(name);
        }
    }
    let more = different.len().saturating_sub(MAX_NAMES);
    different.truncate(MAX_NAMES);
    let mut text = different.join(", ");
    if more > 0 {
        text.push_str(&format!(" and {more} more"));
    }
    (!text.is_empty()).then_some(text)
}

/// A call that goes on to the upstream.
pub struct Sent(oneshot::Sender<u16>);

impl Sent {
    /// The call was answered with `status`.
    pub fn answered(self, status: u16) {
        // Nobody listens any more only when the platform has ended the request.
        let _ = self.0.send(status);
    }
}

/// Notes a call, once it is answered. It is arranged before the call is sent on: the platform ends
/// the request of a client that hangs up, and what it did has to be in the log all the same.
pub fn sent(visit: &Visit<'_>, caller: Caller, labels: Labels) -> Sent {
    let (sender, mut answered) = oneshot::channel();
    let started_at = visit.started_at;
    let call = Call {
        resource: visit.requested.resource.identifier.clone(),
        credential: caller.credential.clone(),
        label: caller.label.clone(),
        method: visit.method.to_owned(),
        rpc: labels.rpc,
        tool: labels.tool,
        status: Call::NO_ANSWER_YET,
        duration_ms: 0,
        reference: visit.context.reference.clone(),
    };
    let (subject, pace) = (caller.subject, pace(visit));
    visit.context.afterwards(|context| async move {
        let entry = |status| {
            let duration_ms = platform::milliseconds().saturating_sub(started_at);
            Activity::Called(Call { status, duration_ms, ..call.clone() })
        };
        let status = match select(&mut answered, Wait::of(LONG)).await {
            Either::Left((status, _)) => status,
            Either::Right(_) => {
                send(&context, &subject, entry(Call::NO_ANSWER_YET), pace).await;
                wait::patiently(answered).await
            }
        };
        // Without a status the answer was a failure of ours.
        send(&context, &subject, entry(status.unwrap_or(503)), pace).await;
    });
    Sent(sender)
}

/// Notes a call that was refused for `reason`.
pub fn refused(visit: &Visit<'_>, caller: Caller, labels: Labels, reason: &str) {
    let call = RefusedCall {
        resource: visit.requested.resource.identifier.clone(),
        credential: caller.credential.clone(),
        label: caller.label.clone(),
        method: visit.method.to_owned(),
        rpc: labels.rpc,
        tool: labels.tool,
        reason: reason.to_owned(),
        reference: visit.context.reference.clone(),
    };
    let (subject, pace) = (caller.subject, pace(visit));
    visit.context.afterwards(|context| async move {
        send(&context, &subject, Activity::Refused(call), pace).await;
    });
}

/// How long what happens at this resource may wait for more of the same person. Where each call asks whether its credential is
/// still good, the log is as exact; where that may be known late, so may the calls.
fn pace(visit: &Visit<'_>) -> Duration {
    let bound = visit.requested.gateway.revocation_bound;
    batches::PACE.min(Duration::from_secs(bound.as_seconds()))
}

/// Tells whoever keeps a log of the caller. Nothing of it is awaited by the answer: a slow or broken
/// account object costs the client nothing.
async fn send(context: &Context, subject: &Subject, activity: Activity, pace: Duration) {
    match subject {
        Subject::Person(account) => tell(context, account, activity, pace).await,
        Subject::Client(client_id) => write(context, client_id, &activity),
    }
}

/// Writes a line about a call that takes long: of the client that hangs up there is no other. The call's
/// own line comes with its answer.
fn write(context: &Context, client_id: &ClientId, activity: &Activity) {
    let Activity::Called(call) = activity else { return };
    if call.status != Call::NO_ANSWER_YET {
        return;
    }
    context
        .event(Level::Info, "called")
        .with_text("client_id", client_id)
        .with_text("resource", &call.resource)
        .with_text("method", &call.method)
        .with_number("status", call.status.into())
        .with_number("duration_ms", call.duration_ms)
        .write();
}

async fn tell(context: &Context, account: &AccountId, activity: Activity, pace: Duration) {
    let entry = LogEntry { activity, at: context.now };
    let mut turn = batches::add(account, entry, pace, platform::milliseconds());
    while let Some(mine) = turn {
        if !mine.wait.is_zero() {
            Wait::of(mine.wait).await;
        }
        let Some(entries) = batches::take(account, &mine, platform::milliseconds()) else { return };
        let message = Log { entries };
        let sent =
            objects::send(&context.env, ObjectKind::Account, account.as_str(), &message).await;
        if let Err(failure) = sent {
            let missing = "The calls themselves were served; they are missing in the activity log.";
            context
                .event(Level::Error, "failed")
                .with_text("cause", &failure)
                .with("do", missing.to_owned())
                .write();
        }
        turn = batches::next(account, &mine, pace, platform::milliseconds());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_a_batch_are_listed_once_and_not_without_end() {
        assert_eq!(listed(std::iter::empty()), None);
        assert_eq!(listed(["a", "b", "a"].into_iter()).as_deref(), Some("a, b"));
        let many = ["a", "b", "c", "d", "e", "f", "g"];
        assert_eq!(listed(many.into_iter()).as_deref(), Some("a, b, c, d, e and 2 more"));
    }
}
