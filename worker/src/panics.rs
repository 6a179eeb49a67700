//! What a panic means: a line in the log, and an answer for the request that it happened in.
//!
//! The stack that panicked is gone, so nothing on it can answer any more. The request's work is therefore a
//! task of its own, and who waits for it is another, which is told by the panic hook. All other requests
//! of the isolate go on in the same memory; `worker/js/instances.js` sees to that.

use futures_channel::oneshot;
use futures_util::future::{Either, poll_fn, select};
use std::cell::{Cell, RefCell};
use std::future::Future;
use std::rc::Rc;

use crate::context;
use crate::failure::{Failure, RETRY_AFTER_SECONDS};
use crate::http::Answer;
use crate::log::{Event, Level};

/// Whom to tell if the work panics.
type Told = Rc<Cell<Option<oneshot::Sender<()>>>>;

thread_local! {
    /// The work that is running at this very moment.
    static RUNNING: RefCell<Option<Told>> = const { RefCell::new(None) };
}

/// Says in the log what happened, and tells the request that it happened in.
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
        let running = RUNNING.try_with(RefCell::take).ok().flatten();
        if let Some(told) = running.and_then(|told| told.take()) {
            // Nobody waits any more for a request whose client has gone.
            let _ = told.send(());
        }
    }));
}

/// The answer of `work`, or one that says to come back if it panics.
pub async fn answered(work: impl Future<Output = Answer> + 'static) -> Answer {
    let (done, answer) = oneshot::channel();
    let (told, panicked) = oneshot::channel();
    let told: Told = Rc::new(Cell::new(Some(told)));
    let mut work = Box::pin(work);
    wasm_bindgen_futures::spawn_local(async move {
        let answer = poll_fn(|context| {
            RUNNING.set(Some(Rc::clone(&told)));
            let polled = work.as_mut().poll(context);
            RUNNING.set(None);
            polled
        })
        .await;
        let _ = done.send(answer);
    });
    match select(answer, panicked).await {
        Either::Left((Ok(answer), _)) => answer,
        Either::Left((Err(_), _)) | Either::Right(_) => unavailable(),
    }
}

fn unavailable() -> Answer {
    let reference = context::new_reference();
    Event::new(Level::Error, "failed")
        .with("reference", reference.clone())
        .with("cause", "a panic; the line before this one says where".to_owned())
        .write();
    Answer::oauth_error(&Failure::reply(), &reference)
        .with_header("retry-after", RETRY_AFTER_SECONDS)
}
