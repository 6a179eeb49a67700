//! Web Locks: one tab at a time.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::{Array, Function, Promise, Reflect};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen_futures::JsFuture;

use super::{clock, object};

/// How long to wait for another tab, in milliseconds. Past it the server's own window for refreshes that come
/// together has to do.
const PATIENCE: u64 = 40_000;

/// Held until it is dropped.
pub struct Lock {
    release: Rc<RefCell<Option<Function>>>,
}

impl Drop for Lock {
    fn drop(&mut self) {
        if let Some(release) = self.release.borrow_mut().take() {
            let _ = release.call0(&JsValue::UNDEFINED);
        }
    }
}

/// Waits for the lock of this name. Where there are no locks (an insecure origin, an old browser), or they
/// can't be had, it is as if nobody else were there.
pub async fn acquire(name: &str) -> Lock {
    let release = Rc::new(RefCell::new(None));
    let released = {
        let release = Rc::clone(&release);
        Promise::new(&mut move |resolve, _| *release.borrow_mut() = Some(resolve))
    };
    let lock = Lock { release };
    let Some(locks) = manager() else { return lock };
    let mut granted: Option<Function> = None;
    let grant = Promise::new(&mut |resolve, _| granted = Some(resolve));
    let callback = Closure::once_into_js(move |_: JsValue| {
        if let Some(granted) = granted {
            let _ = granted.call0(&JsValue::UNDEFINED);
        }
        released
    });
    let Ok(request) = object::call(&locks, "request", &[name.into(), callback]) else {
        return lock;
    };
    let first = Promise::race(&Array::of3(&grant, &request, &clock::after(PATIENCE)));
    // Also when the request is refused: without the lock, then.
    let _ = JsFuture::from(first).await;
    lock
}

fn manager() -> Option<JsValue> {
    let navigator = Reflect::get(&js_sys::global(), &"navigator".into()).ok()?;
    let locks = navigator.is_object().then(|| object::get(&navigator, "locks"))?;
    locks.is_object().then_some(locks)
}
