//! The page that the server sends people back to.

use js_sys::{Array, Promise};
use latchkey_protocol::client_side::Members;
use latchkey_protocol::params::Parameters;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

use super::{Inner, transaction};
use crate::fault::Fault;
use crate::platform::channel::Channel;
use crate::platform::object::Fields;
use crate::platform::{clock, object, page};
use crate::steps::query_of;

/// How the state of a sign-in by redirect begins.
pub const REDIRECT: &str = "r.";
/// How the state of a sign-in by popup begins.
pub const POPUP: &str = "p.";

/// How long the page that opened a popup may take to hear it, in milliseconds.
const PATIENCE: u64 = 5000;

/// The channel on which a popup hands over its callback.
pub fn channel_name(state: &str) -> String {
    ["latchkey:popup:", state].concat()
}

impl Inner {
    /// Finishes the sign-in whose callback is in the address; `null` when there is none.
    pub(super) async fn handle_callback(&self, url: Option<String>) -> Result<JsValue, Fault> {
        let is_own = url.is_none();
        let url = match url {
            Some(url) => url,
            None => page::address()?,
        };
        let query = query_of(&url);
        let Some(state) = state_of(query) else { return Ok(JsValue::NULL) };
        if is_own {
            // BRW-05: at once, before anything else on the page could read or send them.
            page::forget_callback()?;
        }
        if state.starts_with(POPUP) {
            return hand_over(&state, query).await;
        }
        let unknown = || {
            Fault::new(
                "unknown_state",
                "This callback is of no sign-in that this tab began, or of one that is over. Sign in again.",
            )
        };
        let grant = transaction::take(&state).ok_or_else(unknown)?;
        let return_to = grant.text("returnTo");
        let session = self.redeem(query, &state, Fields::from_object(grant.0)).await?;
        Ok(Fields::new().with("session", session).with_some("returnTo", return_to).done())
    }
}

/// The state of a callback: a query that has one, and a code or an error.
fn state_of(query: &str) -> Option<String> {
    let parameters = Parameters::parse(query.as_bytes()).ok()?;
    let first = |name: &str| parameters.all(name).next();
    let is_answer = first("code").is_some() || first("error").is_some();
    first("state").filter(|_| is_answer).map(str::to_owned)
}

/// Gives the callback to the page that opened this popup, which alone knows what it began.
async fn hand_over(state: &str, query: &str) -> Result<JsValue, Fault> {
    let channel = Channel::open(&channel_name(state));
    let heard = channel.next();
    channel.post(&query.into());
    let first = JsFuture::from(Promise::race(&Array::of2(&heard, &clock::after(PATIENCE)))).await?;
    if object::get(&first, "data").is_undefined() {
        return Err(Fault::new(
            "opener_gone",
            "The page that opened this window is gone. Close the window and sign in again.",
        ));
    }
    page::close()?;
    Ok(JsFuture::from(page::never()).await?)
}
