//! A wait of some time. The `worker` crate's own says that it is over only after it has woken who waits, which a step that is done
//! right then (`steps.rs`) doesn't hear.

use futures_util::future::{Either, select};
use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::{Closure, wasm_bindgen};

use crate::steps;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(callback: &Closure<dyn FnMut()>, milliseconds: f64) -> JsValue;
    // A request that the platform has ended is dropped by another one: nothing that throws may come between.
    #[wasm_bindgen(js_name = clearTimeout, catch)]
    fn clear_timeout(timer: &JsValue) -> Result<(), JsValue>;
}

/// Between two steps of what waits patiently.
const NOW_AND_THEN: Duration = Duration::from_secs(60);

/// Waits for what has no time of its own, however long it takes. A step now and then shows that somebody still does.
pub async fn patiently<F: Future + Unpin>(mut what: F) -> F::Output {
    loop {
        match select(what, Wait::of(NOW_AND_THEN)).await {
            Either::Left((came, _)) => return came,
            Either::Right((_, still)) => what = still,
        }
    }
}

/// It begins when it is first asked, and ends when it is dropped.
pub struct Wait {
    length: Duration,
    timer: Option<Timer>,
}

struct Timer {
    id: JsValue,
    state: Rc<State>,
    /// What JavaScript calls; it has to live as long as the timer.
    _callback: Closure<dyn FnMut()>,
}

#[derive(Default)]
struct State {
    is_over: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

impl Wait {
    /// Of this length.
    pub const fn of(length: Duration) -> Self {
        Self { length, timer: None }
    }
}

impl Timer {
    fn set(length: Duration) -> Self {
        let state = Rc::new(State::default());
        let ending = Rc::clone(&state);
        let callback = Closure::new(move || {
            ending.is_over.set(true);
            if let Some(waker) = ending.waker.take() {
                waker.wake();
            }
        });
        steps::waits(length);
        let id = set_timeout(&callback, length.as_secs_f64() * 1000.0);
        Self { id, state, _callback: callback }
    }
}

impl Future for Wait {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let length = self.length;
        let state = &self.timer.get_or_insert_with(|| Timer::set(length)).state;
        if state.is_over.get() {
            return Poll::Ready(());
        }
        state.waker.replace(Some(context.waker().clone()));
        Poll::Pending
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        if !self.state.is_over.get() {
            let _ = clear_timeout(&self.id);
        }
    }
}
