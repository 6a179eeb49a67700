//! `BroadcastChannel`: what the tabs of one origin tell each other.

use js_sys::Promise;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{BroadcastChannel, MessageEvent};

/// A channel, closed when it is dropped. Where there are none, nothing is heard.
pub struct Channel {
    channel: Option<BroadcastChannel>,
    listener: Option<Closure<dyn FnMut(MessageEvent)>>,
}

impl Channel {
    /// Opens the channel of this name.
    pub fn open(name: &str) -> Self {
        let is_there = js_sys::Reflect::has(&js_sys::global(), &"BroadcastChannel".into());
        let channel =
            is_there.is_ok_and(|there| there).then(|| BroadcastChannel::new(name).ok()).flatten();
        // Else an open channel keeps Node's process alive.
        if let Some(channel) = &channel
            && let Some(unref) = super::object::function(channel, "unref")
        {
            let _ = unref.call0(channel);
        }
        Self { channel, listener: None }
    }

    /// Tells the other tabs.
    pub fn post(&self, message: &JsValue) {
        if let Some(channel) = &self.channel {
            // It fails for what can't be copied, and our messages are plain.
            let _ = channel.post_message(message);
        }
    }

    /// The next message's event; never, when there is no channel.
    pub fn next(&self) -> Promise {
        Promise::new(&mut |resolve, _| {
            if let Some(channel) = &self.channel {
                channel.set_onmessage(Some(&resolve));
            }
        })
    }

    /// Calls `heard` with each message from now on.
    pub fn listen(&mut self, mut heard: impl FnMut(JsValue) + 'static) {
        let listener = Closure::new(move |event: MessageEvent| heard(event.data()));
        if let Some(channel) = &self.channel {
            channel.set_onmessage(Some(listener.as_ref().unchecked_ref()));
        }
        self.listener = Some(listener);
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        if let Some(channel) = &self.channel {
            channel.set_onmessage(None);
            channel.close();
        }
    }
}
