//! What a panic means: a line in the log, and an answer for the request that it happened in.
//!
//! The stack that panicked is gone, so nothing on it can answer any more: the panic hook does (`steps.rs`). All other
//! requests of the isolate go on in the same memory; `worker/js/instances.js` sees to that.

use crate::context;
use crate::failure::{Failure, RETRY_AFTER_SECONDS};
use crate::http::Answer;
use crate::log::{Event, Level};
use crate::steps;

/// What the log says of a panic where no line of a request does.
pub const WORDS: &str = "a panic; the line before this one says where";

/// Says in the log what happened, and answers the request that it happened in.
pub fn watch() {
    // The runtime's own hook notes that the instance is not to be used for anything new.
    let runtime_hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        runtime_hook(panic);
        Event::new(Level::Error, "panic")
            .with("at", panic.location().map(ToString::to_string))
            .with("what", panic.payload_as_str().map(str::to_owned))
            .with(
                "do",
                "This is a defect in Latchkey: report it with this line. One request is answered 503; \
                 all others go on, and nothing that was acknowledged is lost."
                    .to_owned(),
            )
            .write();
        steps::give_up();
    }));
}

/// The answer to a request whose work panicked: to come back.
pub fn unavailable() -> Answer {
    let reference = context::new_reference();
    Event::new(Level::Error, "failed")
        .with("reference", reference.clone())
        .with("cause", WORDS.to_owned())
        .write();
    Answer::oauth_error(&Failure::reply(), &reference)
        .with_header("retry-after", RETRY_AFTER_SECONDS)
}
