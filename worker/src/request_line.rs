//! The one line of the log about a request: what came of it, how long it took and, where they are counted,
//! its operations. Where counters are bound it is also one data point.

use serde_json::Value;
use std::cell::{Cell, RefCell};

use crate::log::{self, Level, Members};
use crate::metrics::{Metrics, Point};
use crate::platform;
use crate::trace::Tally;

/// The line of one request. It is written when the request is answered or, where operations are counted,
/// once nobody works for that request any more.
pub struct RequestLine {
    endpoint: &'static str,
    reference: String,
    started_at: u64,
    said: RefCell<Option<Said>>,
    answered: Cell<Option<Answered>>,
    traced: Option<Traced>,
    metrics: Option<Metrics>,
}

/// What the request came to.
struct Said {
    level: Level,
    members: Members,
}

#[derive(Clone, Copy)]
struct Answered {
    status: u16,
    duration_ms: u64,
}

/// What is counted, and what else only those lines have.
pub struct Traced {
    /// What the answer waits for.
    pub waited: Tally,
    /// What goes on after it.
    pub afterwards: Tally,
    method: String,
    ray: Option<String>,
}

impl Traced {
    /// Counts for a request. `ray` is what the platform calls it.
    pub fn begin(method: String, ray: Option<String>) -> Self {
        Self {
            waited: Tally::counting(),
            afterwards: Tally::counting(),
            method,
            ray: ray.filter(|ray| is_ray(ray)),
        }
    }
}

/// A refusal, as the request's line has it.
pub struct Refusal {
    /// Why.
    pub reason: String,
    /// Of which client, where it is known.
    pub client_id: Option<String>,
}

impl RequestLine {
    /// The line of a request that has just arrived.
    pub const fn begin(
        endpoint: &'static str,
        reference: String,
        started_at: u64,
        traced: Option<Traced>,
        metrics: Option<Metrics>,
    ) -> Self {
        Self {
            endpoint,
            reference,
            started_at,
            said: RefCell::new(None),
            answered: Cell::new(None),
            traced,
            metrics,
        }
    }

    /// What is counted, where something is.
    pub const fn traced(&self) -> Option<&Traced> {
        self.traced.as_ref()
    }

    /// Whether anybody reads what a request of this level came to.
    pub fn wants(&self, level: Level) -> bool {
        // The last refusals are kept for the operator, whatever the log has.
        level >= Level::Warn || log::is_on(level) || self.traced.is_some() || self.metrics.is_some()
    }

    /// Whether the request is still to be answered. Whatever is said later has a line of its own.
    pub fn is_open(&self) -> bool {
        self.answered.get().is_none()
    }

    /// Notes what the request came to. What matters more stands in place of what matters less, and of
    /// two refusals the line has both reasons.
    pub fn say(&self, level: Level, members: Members) {
        let mut said = self.said.borrow_mut();
        let Some(before) = said.as_mut() else {
            *said = Some(Said { level, members });
            return;
        };
        let is_worse = level > before.level;
        before.level = before.level.max(level);
        for (name, value) in members {
            match before.members.get_mut(&name) {
                Some(Value::String(old)) if name == "reason" => {
                    if let Some(reason) = value.as_str()
                        && old != reason
                    {
                        old.push_str(", ");
                        old.push_str(reason);
                    }
                }
                Some(_) if !is_worse => {}
                _ => {
                    before.members.insert(name, value);
                }
            }
        }
    }

    /// Notes that the request was answered. Says why it was refused, if it was.
    pub fn answered(&self, status: u16) -> Option<Refusal> {
        let level = self.level_of(status);
        if self.wants(level) {
            let duration_ms = platform::milliseconds().saturating_sub(self.started_at);
            self.answered.set(Some(Answered { status, duration_ms }));
        } else {
            self.answered.set(Some(Answered { status, duration_ms: 0 }));
        }
        let refusal = self.refusal();
        if self.traced.is_none() {
            self.write();
        }
        refusal
    }

    fn refusal(&self) -> Option<Refusal> {
        let said = self.said.borrow();
        let members = &said.as_ref().filter(|said| said.outcome() == "refused")?.members;
        let text = |name: &str| members.get(name)?.as_str().map(str::to_owned);
        Some(Refusal { reason: text("reason")?, client_id: text("client_id") })
    }

    fn level_of(&self, status: u16) -> Level {
        let said = self.said.borrow().as_ref().map(|said| said.level);
        said.unwrap_or(if status >= 500 { Level::Error } else { Level::Debug })
    }

    fn write(&self) {
        let answered = self.answered.get();
        let level = self.level_of(answered.map_or(0, |answered| answered.status));
        let is_written = log::is_on(level) || self.traced.is_some();
        if !is_written && self.metrics.is_none() {
            return;
        }
        let said = self.said.take().unwrap_or_else(|| Said {
            level,
            members: Members::from_iter([("event".to_owned(), "answered".into())]),
        });
        if let Some(metrics) = &self.metrics {
            metrics.write(&self.point(&said, answered));
        }
        if is_written {
            log::write(level, self.members(said, answered));
        }
    }

    fn members(&self, said: Said, answered: Option<Answered>) -> Members {
        let outcome = said.outcome();
        let mut members = said.members;
        let mut add = |name: &str, value: Value| {
            members.insert(name.to_owned(), value);
        };
        add("outcome", outcome.into());
        add("endpoint", self.endpoint.into());
        add("reference", self.reference.as_str().into());
        if let Some(Answered { status, duration_ms }) = answered {
            add("status", status.into());
            add("duration_ms", duration_ms.into());
        }
        if let Some(traced) = &self.traced {
            add("method", traced.method.as_str().into());
            if let Some(ray) = &traced.ray {
                add("ray", ray.as_str().into());
            }
            for (name, tally) in [("waited", &traced.waited), ("afterwards", &traced.afterwards)] {
                let counts = tally.summary();
                if counts.as_object().is_some_and(|counts| !counts.is_empty()) {
                    add(name, counts);
                }
            }
        }
        members
    }

    fn point<'p>(&'p self, said: &'p Said, answered: Option<Answered>) -> Point<'p> {
        let text = |name: &str| said.members.get(name).and_then(Value::as_str).unwrap_or_default();
        Point {
            endpoint: self.endpoint,
            outcome: said.outcome(),
            event: text("event"),
            reason: text("reason"),
            client_id: text("client_id"),
            status: answered.map_or(0, |answered| answered.status),
            duration_ms: answered.map_or(0, |answered| answered.duration_ms),
            operations: self.traced.as_ref().map(|traced| [&traced.waited, &traced.afterwards]),
        }
    }
}

impl Said {
    /// What came of the request, in one of four words.
    fn outcome(&self) -> &'static str {
        let event = self.members.get("event").and_then(Value::as_str);
        match self.level {
            Level::Error => "failed",
            Level::Warn if event == Some("refused") => "refused",
            Level::Warn | Level::Info => "done",
            Level::Debug => "answered",
        }
    }
}

impl Drop for RequestLine {
    fn drop(&mut self) {
        // Without an answer the client went away before there was one.
        if self.traced.is_some() || self.is_open() {
            self.write();
        }
    }
}

/// Whether this is the form of a ray id. The platform overwrites the header; where there is none (a
/// developer's machine), nothing else of a client's gets into the log this way.
fn is_ray(text: &str) -> bool {
    (8..=40).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_hexdigit() || byte == b'-' || byte.is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn line() -> RequestLine {
        // One that is answered, so that dropping it writes nothing.
        let line = RequestLine::begin("token", "7c00k0yg".into(), 0, None, None);
        line.answered.set(Some(Answered { status: 200, duration_ms: 3 }));
        line
    }

    fn members(value: serde_json::Value) -> Members {
        value.as_object().cloned().unwrap_or_default()
    }

    fn written(line: &RequestLine) -> Value {
        let said = line.said.take().expect("something was said");
        Value::Object(line.members(said, line.answered.get()))
    }

    #[test]
    fn issue_7_a_line_has_what_came_of_the_request_its_status_and_its_time() {
        let line = line();
        line.say(Level::Info, members(json!({ "event": "tokens issued", "client_id": "a" })));
        assert_eq!(
            written(&line),
            json!({ "event": "tokens issued", "outcome": "done", "client_id": "a", "endpoint": "token",
                "reference": "7c00k0yg", "status": 200, "duration_ms": 3 })
        );
    }

    #[test]
    fn issue_7_what_matters_more_stands_in_place_of_what_matters_less() {
        let line = line();
        line.say(Level::Info, members(json!({ "event": "signed up", "account": "a" })));
        line.say(Level::Info, members(json!({ "event": "signed in", "client_id": "b" })));
        let said = written(&line);
        assert_eq!((&said["event"], &said["client_id"]), (&json!("signed up"), &json!("b")));
        line.say(Level::Info, members(json!({ "event": "signed in" })));
        line.say(Level::Error, members(json!({ "event": "failed", "cause": "c" })));
        let said = written(&line);
        assert_eq!((&said["event"], &said["outcome"]), (&json!("failed"), &json!("failed")));
    }

    #[test]
    fn issue_7_of_two_refusals_a_line_has_both_reasons_once() {
        let line = line();
        for reason in ["Expired", "Replayed", "Replayed"] {
            line.say(Level::Warn, members(json!({ "event": "refused", "reason": reason })));
        }
        let refusal = line.refusal().expect("a refusal");
        assert_eq!(
            (refusal.reason.as_str(), refusal.client_id),
            ("Expired, Replayed, Replayed", None)
        );
    }

    #[test]
    fn issue_7_a_request_without_anything_to_say_is_debug_and_a_5xx_an_error() {
        let line = line();
        assert_eq!(line.level_of(200), Level::Debug);
        assert_eq!(line.level_of(404), Level::Debug);
        assert_eq!(line.level_of(503), Level::Error);
    }

    #[test]
    fn only_what_looks_like_a_ray_is_one() {
        assert!(is_ray("8f1d2c3b4a59687f"));
        assert!(is_ray("8f1d2c3b4a59687f-AMS"));
        for other in ["", "short", "a secret of some kind", "0123456789abcdefg", &"a".repeat(41)] {
            assert!(!is_ray(other), "{other}");
        }
    }
}
