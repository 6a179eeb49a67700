//! The object's side of a message, and how an answer is written.

use js_sys::Function;
use latchkey_protocol::json;
use std::future::Future;
use std::rc::Rc;
use wasm_bindgen::JsValue;

use super::Message;
use crate::failure::Failure;
use crate::panics;
use crate::steps::{self, Promised};
use crate::trace::Tally;

/// What comes before the name of a message whose sender wants to know what it costs.
pub(super) const COUNTED: &str = "counted/";

/// The mark of a reply, and of the words that say why there is none. What the message cost stands between it and the end of
/// the line, for who wants to know.
const REPLIED: &str = "+";
const FAILED: &str = "-";

/// A message as it reaches an object.
pub(super) struct Received {
    pub(super) name: String,
    message: String,
    /// It counts if the sender wants that.
    pub(super) tally: Tally,
}

/// What an object answers: the reply as JSON.
pub(super) type Answered = Result<String, Failure>;

impl Received {
    pub(super) fn new(name: &str, message: String) -> Self {
        let (name, tally) = match name.strip_prefix(COUNTED) {
            Some(name) => (name, Tally::counting()),
            None => (name, Tally::default()),
        };
        Self { name: name.to_owned(), message, tally }
    }

    pub(super) fn message<M: Message>(&self) -> Result<M, Failure> {
        json::read(&self.message).map_err(|cause| Failure::unavailable(M::NAME, cause.place_only()))
    }
}

/// An object: what it is to the runtime.
pub(super) trait Object: 'static {
    /// It has just been called to memory.
    fn new(state: worker::State, env: worker::Env) -> Self;

    /// Answers a message.
    fn receive(&self, received: &Received) -> impl Future<Output = Answered>;

    /// Its alarm has gone off. After an error the runtime tries again.
    fn alarm(&self) -> impl Future<Output = Result<(), Failure>>;
}

/// Makes an object a class of JavaScript, for `worker/js/instances.js`. Each method does what is to be done in the first step
/// before it returns, and calls `keep` once it is done.
macro_rules! class {
    ($object:ident) => {
        const _: () = {
            use js_sys::Function;
            use std::rc::Rc;
            use wasm_bindgen::prelude::wasm_bindgen;
            use $crate::objects::receiving;

            #[wasm_bindgen(js_name = $object)]
            pub struct Exported(Rc<$object>);

            #[wasm_bindgen(js_class = $object)]
            impl Exported {
                #[wasm_bindgen(constructor)]
                pub fn new(
                    state: worker::worker_sys::DurableObjectState,
                    env: worker::Env,
                ) -> Self {
                    Self(Rc::new(receiving::Object::new(worker::State::from(state), env)))
                }

                /// Takes a message and answers it; both are texts of [`receiving`].
                pub fn send(&self, name: String, message: String, keep: Function) {
                    receiving::send(Rc::clone(&self.0), name, message, keep);
                }

                /// The alarm has gone off. `keep` is told the problem, if there is one.
                pub fn alarm(&self, keep: Function) {
                    receiving::alarm(Rc::clone(&self.0), keep);
                }
            }
        };
    };
}
pub(super) use class;

pub(super) fn send<O: Object>(object: Rc<O>, name: String, message: String, keep: Function) {
    let instead = || {
        let failure = Failure::unavailable("answering a message", panics::WORDS);
        JsValue::from(write_answer(Err(failure), &Tally::default()))
    };
    steps::begin(Promised::new(keep, instead), async move {
        let received = Received::new(&name, message);
        let answered = object.receive(&received).await;
        JsValue::from(write_answer(answered, &received.tally))
    });
}

pub(super) fn alarm<O: Object>(object: Rc<O>, keep: Function) {
    let promise = Promised::new(keep, || JsValue::from(panics::WORDS));
    steps::begin(promise, async move {
        match object.alarm().await {
            Ok(()) => JsValue::UNDEFINED,
            Err(failure) => JsValue::from(failure.to_string()),
        }
    });
}

/// What an alarm couldn't do at the platform.
pub(super) fn alarm_failed(cause: worker::Error) -> Failure {
    Failure::unavailable("an alarm", cause)
}

/// Writes an object's reply.
pub(super) fn reply<M: Message>(result: Result<M::Reply, Failure>) -> Answered {
    json::write(&result?).map_err(|cause| Failure::unavailable(M::NAME, cause))
}

/// The answer to a message that the object doesn't know: another release wrote it.
pub(super) fn unknown(name: &str) -> Answered {
    Err(Failure::unavailable("reading a message", format!("unknown message {name}")))
}

/// An answer as one text.
pub(super) fn write_answer(answered: Answered, tally: &Tally) -> String {
    let counts = tally.to_text().unwrap_or_default();
    match answered {
        Ok(reply) => format!("{REPLIED}{counts}\n{reply}"),
        Err(failure) => format!("{FAILED}{counts}\n{failure}"),
    }
}

/// The reply in such a text; what it cost is added to `tally`.
pub(super) fn read_answer<'a>(
    text: &'a str,
    message: &'static str,
    tally: &Tally,
) -> Result<&'a str, Failure> {
    let (head, body) = text
        .split_once('\n')
        .ok_or_else(|| Failure::unavailable(message, "the answer has no first line"))?;
    let (mark, counts) = head.split_at_checked(REPLIED.len()).unwrap_or_default();
    if !counts.is_empty() {
        tally.add(counts);
    }
    if mark == REPLIED { Ok(body) } else { Err(Failure::unavailable(message, body)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::Operation;

    #[test]
    fn an_answer_reads_back_with_what_it_cost() {
        let cost = Tally::counting();
        cost.note(Operation::RowsRead, 3);
        let text = write_answer(Ok("{\"a\":\n1}".to_owned()), &cost);
        let tally = Tally::counting();
        assert_eq!(read_answer(&text, "m", &tally).expect("a reply"), "{\"a\":\n1}");
        assert_eq!(tally.of(Operation::RowsRead), 3);
        let text = write_answer(Err(Failure::unavailable("reading a row", "no")), &cost);
        let failure = read_answer(&text, "m", &tally).expect_err("words").to_string();
        assert!(failure.contains("reading a row"), "{failure}");
        assert_eq!(tally.of(Operation::RowsRead), 6);
        let silent = Tally::default();
        let text = write_answer(Ok("1".to_owned()), &silent);
        assert_eq!(
            (text.as_str(), read_answer(&text, "m", &silent).expect("a reply")),
            ("+\n1", "1")
        );
        for other in ["", "\n", "1", "+", "é\n"] {
            assert!(read_answer(other, "m", &silent).is_err(), "{other:?}");
        }
    }

    #[test]
    fn only_who_asks_for_the_counts_gets_them() {
        let counted = Received::new("counted/refresh", String::new());
        assert_eq!((counted.name.as_str(), counted.tally.is_on()), ("refresh", true));
        let plain = Received::new("refresh", String::new());
        assert_eq!((plain.name.as_str(), plain.tally.is_on()), ("refresh", false));
    }
}
