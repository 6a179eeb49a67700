//! The window: its address, and other windows.

use js_sys::{Promise, Reflect};
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::{Url, Window};

use super::object;
use crate::fault::Fault;

#[wasm_bindgen]
extern "C" {
    /// A window of another origin, of which only this much may be touched.
    pub type Popup;

    #[wasm_bindgen(method, getter)]
    fn closed(this: &Popup) -> bool;

    #[wasm_bindgen(method)]
    fn close(this: &Popup);
}

/// What of an address belongs to a callback
/// ([RFC 6749 section 4.1.2](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2), RFC 9207; the last is OpenID's).
const CALLBACK_PARAMETERS: [&str; 7] =
    ["code", "state", "iss", "error", "error_description", "error_uri", "session_state"];

/// The window; there is none in Node and in workers.
pub fn window() -> Result<Window, Fault> {
    let global = js_sys::global();
    let is_window = Reflect::has(&global, &"location".into()).unwrap_or_default()
        && Reflect::has(&global, &"history".into()).unwrap_or_default();
    if is_window {
        Ok(global.unchecked_into())
    } else {
        Err(Fault::new("invalid_options", "This needs a page: there is no window here."))
    }
}

/// The page's address.
pub fn address() -> Result<String, Fault> {
    Ok(window()?.location().href()?)
}

/// The page's address without query and fragment, where callbacks come by default.
pub fn callback_address() -> Result<String, Fault> {
    let location = window()?.location();
    Ok([location.origin()?, location.pathname()?].concat())
}

/// Takes the callback's parameters out of the page's address and out of the history
/// ([RFC 9700 section 4.3.1](https://www.rfc-editor.org/rfc/rfc9700#section-4.3.1)).
pub fn forget_callback() -> Result<(), Fault> {
    let window = window()?;
    let url = Url::new(&window.location().href()?)?;
    let parameters = url.search_params();
    for name in CALLBACK_PARAMETERS {
        parameters.delete(name);
    }
    let history = window.history()?;
    let state = history.state()?;
    history.replace_state_with_url(&state, "", Some(&url.href()))?;
    Ok(())
}

/// Leaves the page.
pub fn leave(url: &str) -> Result<(), Fault> {
    Ok(window()?.location().assign(url)?)
}

/// A promise that stays open.
pub fn never() -> Promise {
    Promise::new(&mut |_, _| {})
}

/// Opens an empty window: at once, in the click, since a browser lets nobody open one later.
///
/// # Errors
///
/// `popup_blocked`.
pub fn open_popup() -> Result<Popup, Fault> {
    let blocked =
        || Fault::new("popup_blocked", "The browser opened no window. Call signIn in a click.");
    let features = "popup,width=480,height=720";
    window()?
        .open_with_url_and_target_and_features("about:blank", "_blank", features)
        .ok()
        .flatten()
        .map(JsCast::unchecked_into)
        .ok_or_else(blocked)
}

impl Popup {
    /// Sends it to the server.
    pub fn show(&self, url: &str) -> Result<(), Fault> {
        let location = object::get(self, "location");
        object::call(&location, "replace", &[url.into()]).map(drop)
    }

    /// Whether it is closed, or says so: a server's page that isolates itself (COOP) looks closed from here.
    pub fn seems_closed(&self) -> bool {
        self.closed()
    }

    /// Closes it, if it can be reached.
    pub fn end(&self) {
        self.close();
    }
}

/// Whether the person is at this page.
pub fn has_focus() -> bool {
    window().is_ok_and(|window| {
        let document = object::get(&window, "document");
        object::call(&document, "hasFocus", &[]).is_ok_and(|value| value.is_truthy())
    })
}

/// Closes this window.
pub fn close() -> Result<(), Fault> {
    Ok(window()?.close()?)
}
