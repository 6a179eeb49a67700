//! What the tabs of one origin tell each other about their session.
//!
//! Tokens are sent only where scripts of the origin can read the store anyway. A tab takes over a refresh only if it
//! holds the very token that was refreshed, so that a copy of `sessionStorage` (a duplicated tab) follows its original,
//! and another person's session in another tab is left alone.

use std::rc::{Rc, Weak};

use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;

use super::Inner;
use super::session::Session;
use crate::fault::Fault;
use crate::platform::channel::Channel;
use crate::platform::object::{Fields, JsMembers};
use latchkey_protocol::client_side::Members;

/// Taking part.
pub struct Tabs {
    channel: Channel,
}

impl Tabs {
    /// Joins the others.
    pub fn join(inner: &Rc<Inner>) -> Self {
        let mut channel = Channel::open(&inner.name);
        let inner: Weak<Inner> = Rc::downgrade(inner);
        channel.listen(move |message| {
            if let Some(inner) = inner.upgrade() {
                spawn_local(async move {
                    // A store that can't be read for now: the next call will say so.
                    let _ = inner.hear(&JsMembers(message)).await;
                });
            }
        });
        Self { channel }
    }

    /// Tells the others.
    pub fn post(&self, message: &JsValue) {
        self.channel.post(message);
    }
}

/// A sign-in is done.
pub fn began() -> JsValue {
    Fields::new().with("kind", "began").done()
}

/// The session with this fingerprint goes on with these tokens.
pub fn refreshed(before: &str, text: &str) -> JsValue {
    Fields::new().with("kind", "refreshed").with("before", before).with("session", text).done()
}

/// This session is over.
pub fn ended(session: &Session, reason: &str) -> JsValue {
    Fields::new()
        .with("kind", "ended")
        .with("before", session.fingerprint())
        .with("reason", reason)
        .done()
}

/// The server wants to be left alone until then.
pub fn held(until: u64) -> JsValue {
    #[expect(clippy::cast_precision_loss, reason = "below 2^53")]
    Fields::new().with("kind", "held").with("until", until as f64).done()
}

impl Inner {
    async fn hear(&self, message: &JsMembers) -> Result<(), Fault> {
        let kind = message.text("kind").unwrap_or_default();
        if kind == "held" {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a cast of a float saturates"
            )]
            self.hold.set(self.hold.get().max(message.number("until").unwrap_or_default() as u64));
            return Ok(());
        }
        let had_session = self.had_session.get();
        let current = self.load().await?;
        let is_same = message.text("before").is_some_and(|before| {
            current.as_ref().is_some_and(|session| session.fingerprint() == before)
        });
        match kind.as_str() {
            // Only a store that the tabs share has a session that this tab didn't begin.
            "began" => {
                if let Some(session) = current {
                    self.tell("signedin", &session.view());
                }
            }
            "refreshed" => {
                let Some(text) = message.text("session") else { return Ok(()) };
                let Some(session) = Session::read(&text) else { return Ok(()) };
                if is_same {
                    self.store.set(&self.name, &text).await?;
                }
                let is_adopted =
                    current.is_some_and(|current| current.fingerprint() == session.fingerprint());
                if is_same || is_adopted {
                    self.hold.set(0);
                    self.tell("refreshed", &session.view());
                }
            }
            "ended" => {
                let reason = message.text("reason").unwrap_or_default();
                if is_same {
                    self.store.remove(&self.name).await?;
                    self.tell_end(&reason);
                } else if current.is_none() && had_session {
                    self.tell_end(&reason);
                }
            }
            _ => {}
        }
        Ok(())
    }
}
