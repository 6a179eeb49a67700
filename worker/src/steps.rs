//! Runs the work that JavaScript waits for, step by step: the first at once, each other as soon as what it waits for is there.
//!
//! wasm-bindgen's own queue does each step in a microtask of its own. A message to an object is most often one step,
//! and a request a few, so each microtask is time that somebody waits. Here a step is done right where JavaScript says
//! that a promise has been kept. Only what is woken in the middle of another step goes by the queue: two steps are never
//! one within the other, so no borrow of one is met by another.
//!
//! What the platform ends without a word never has a next step. It is let go when something else begins ([`crate::abandoned`]).

use js_sys::{Function, Promise};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Wake, Waker};
use std::time::Duration;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast as _, JsValue};

use crate::abandoned::Passed;
use crate::platform;

/// Work whose next step isn't due yet.
struct Waiting {
    work: Pin<Box<dyn Future<Output = ()>>>,
    promise: Rc<Promised>,
    /// When its last step was, by [`PASSED`].
    last_step: u64,
}

thread_local! {
    static WAITING: RefCell<HashMap<u64, Waiting>> = RefCell::new(HashMap::new());
    static BEGUN: Cell<u64> = const { Cell::new(0) };
    /// Whose step is being done at this very moment.
    static AT_WORK: RefCell<Option<Rc<Promised>>> = const { RefCell::new(None) };
    static PASSED: RefCell<Passed> = const { RefCell::new(Passed::begin()) };
    /// Whether abandoned work is being let go at this very moment.
    static IS_LETTING_GO: Cell<bool> = const { Cell::new(false) };
}

/// What JavaScript waits for: the function that keeps its promise, and what keeps it if the work panics.
pub struct Promised {
    keep: Function,
    instead: fn() -> JsValue,
    /// The longest time for which its work has wanted to wait.
    longest: Cell<Duration>,
}

impl Promised {
    /// `keep` is called once, with what the work comes to or, if it panics, with what `instead` makes.
    pub const fn new(keep: Function, instead: fn() -> JsValue) -> Self {
        Self { keep, instead, longest: Cell::new(Duration::ZERO) }
    }

    fn keep(&self, value: &JsValue) {
        // It fails only if the function throws, and that of a promise doesn't.
        let _ = self.keep.call1(&JsValue::UNDEFINED, value);
    }
}

/// Does the work and keeps the promise with what it comes to.
pub fn begin(promise: Promised, work: impl Future<Output = JsValue> + 'static) {
    let is_time = PASSED.with_borrow_mut(|passed| passed.at(platform::milliseconds()));
    if is_time {
        let_go();
    }
    let (task, waiting) = Task::of(promise, work);
    task.step_of(waiting);
}

/// Does the work once this step is done. The promise is kept when it has ended, however it did.
pub fn begin_later(work: impl Future<Output = ()> + 'static) -> Promise {
    let mut work = Some(work);
    Promise::new(&mut |keep, _| {
        let Some(work) = work.take() else { return };
        let promise = Promised::new(keep, || JsValue::UNDEFINED);
        let (task, waiting) = Task::of(promise, async move {
            work.await;
            JsValue::UNDEFINED
        });
        WAITING.with_borrow_mut(|all| all.insert(task.number, waiting));
        task.queue();
    })
}

/// The work whose step is being done wants to wait for so long.
pub fn waits(length: Duration) {
    AT_WORK.with_borrow(|promise| {
        if let Some(promise) = promise {
            promise.longest.set(promise.longest.get().max(length));
        }
    });
}

/// How much work waits for its next step.
pub fn waiting() -> usize {
    WAITING.with_borrow(HashMap::len)
}

/// Lets go of what was abandoned.
fn let_go() {
    let abandoned: Vec<Waiting> = PASSED.with_borrow(|passed| {
        WAITING.with_borrow_mut(|all| {
            let is_abandoned = |_: &u64, waiting: &mut Waiting| {
                passed.is_abandoned(waiting.last_step, waiting.promise.longest.get())
            };
            all.extract_if(is_abandoned).map(|(_, waiting)| waiting).collect()
        })
    });
    IS_LETTING_GO.set(true);
    for one in abandoned {
        // What belongs to a request that is over may throw when it is let go of, and whoever begins now has no part in that.
        let drop_it = Closure::once_into_js(move || drop(one));
        let _ = drop_it.unchecked_into::<Function>().call0(&JsValue::UNDEFINED);
    }
    IS_LETTING_GO.set(false);
}

/// Keeps the promise of the work whose step panicked, which nothing on its stack can do any more. For the panic hook.
pub fn give_up() {
    let promise = AT_WORK.try_with(RefCell::take).ok().flatten();
    // What is in wasm-bindgen's queue behind a step that panicked would wait for something else to wake it.
    wasm_bindgen_futures::spawn_local(async {});
    if let Some(promise) = promise {
        promise.keep(&(promise.instead)());
    }
}

/// The handle by which a step is asked for. What it belongs to is in [`WAITING`], since a waker has to be free of threads.
struct Task {
    number: u64,
    /// It was woken while its step was being done.
    is_due: AtomicBool,
}

impl Task {
    fn of(
        promise: Promised,
        work: impl Future<Output = JsValue> + 'static,
    ) -> (Arc<Self>, Waiting) {
        let promise = Rc::new(promise);
        let kept = Rc::clone(&promise);
        let work = Box::pin(async move { kept.keep(&work.await) });
        let number = BEGUN.replace(BEGUN.get().wrapping_add(1));
        let waiting = Waiting { work, promise, last_step: PASSED.with_borrow(Passed::total) };
        (Arc::new(Self { number, is_due: AtomicBool::new(false) }), waiting)
    }

    fn step(self: &Arc<Self>) {
        let waiting = WAITING.with_borrow_mut(|waiting| waiting.remove(&self.number));
        if let Some(waiting) = waiting {
            self.step_of(waiting);
        }
    }

    fn step_of(self: &Arc<Self>, mut waiting: Waiting) {
        let waker = Waker::from(Arc::clone(self));
        let before = AT_WORK.replace(Some(Rc::clone(&waiting.promise)));
        let polled = waiting.work.as_mut().poll(&mut Context::from_waker(&waker));
        AT_WORK.set(before);
        if polled.is_pending() {
            waiting.last_step = PASSED.with_borrow(Passed::total);
            WAITING.with_borrow_mut(|all| all.insert(self.number, waiting));
            if self.is_due.swap(false, Ordering::Relaxed) {
                self.queue();
            }
        }
    }

    fn queue(self: &Arc<Self>) {
        let task = Arc::clone(self);
        wasm_bindgen_futures::spawn_local(async move { task.step() });
    }
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        if IS_LETTING_GO.get() {
            // It belongs to a request that is over as well, and would go on in the middle of another one.
            return;
        }
        if !WAITING.with_borrow(|waiting| waiting.contains_key(&self.number)) {
            // Its own step is being done, or it has ended.
            self.is_due.store(true, Ordering::Relaxed);
        } else if AT_WORK.with_borrow(Option::is_some) {
            self.queue();
        } else {
            self.step();
        }
    }
}
