//! What the person's activity log is told about a call, after the answer has left.

use latchkey_protocol::activity::{Activity, Call, RefusedCall};

use super::Visit;
use super::check::Caller;
use super::message::Message;
use crate::log::{Event, Level};
use crate::objects::account::messages::Log;
use crate::objects::{self, ObjectKind};
use crate::platform;

/// How many different names of one message are noted.
const MAX_NAMES: usize = 5;

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

/// Notes a call that was answered with `status`.
pub fn called(visit: &Visit<'_>, caller: Caller, labels: Labels, status: u16) {
    let call = Call {
        resource: visit.requested.resource.identifier.clone(),
        credential: caller.credential.clone(),
        method: visit.method.to_owned(),
        rpc: labels.rpc,
        tool: labels.tool,
        status,
        duration_ms: platform::milliseconds().saturating_sub(visit.started_at),
        reference: visit.context.reference.clone(),
    };
    send(visit, caller, Activity::Called(call));
}

/// Notes a call that was refused for `reason`.
pub fn refused(visit: &Visit<'_>, caller: Caller, labels: Labels, reason: &str) {
    let call = RefusedCall {
        resource: visit.requested.resource.identifier.clone(),
        credential: caller.credential.clone(),
        method: visit.method.to_owned(),
        rpc: labels.rpc,
        tool: labels.tool,
        reason: reason.to_owned(),
        reference: visit.context.reference.clone(),
    };
    send(visit, caller, Activity::Refused(call));
}

/// Never awaited: a slow or broken account object costs the client nothing.
fn send(visit: &Visit<'_>, caller: Caller, activity: Activity) {
    let env = visit.context.env.clone();
    let message = Log { activity, at: visit.context.now };
    let (endpoint, reference) = (visit.context.endpoint, visit.context.reference.clone());
    visit.context.later.wait_until(async move {
        let account = caller.subject.as_str();
        let sent = objects::send(&env, ObjectKind::Account, account, &message).await;
        if let Err(failure) = sent {
            Event::new(Level::Error, "failed")
                .with("endpoint", endpoint.to_owned())
                .with("reference", reference)
                .with("cause", failure.to_string())
                .with(
                    "do",
                    "The call itself was served; it is missing in the activity log.".to_owned(),
                )
                .write();
        }
    });
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
