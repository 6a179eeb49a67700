//! Sending a person to the server, by redirect or by popup.

use std::rc::Rc;

use js_sys::{Array, Promise};
use latchkey_protocol::client_side::Members;
use latchkey_protocol::client_side::callback::Expected;
use latchkey_protocol::secret::Secret;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::{JsFuture, future_to_promise};
use web_sys::AbortSignal;

use super::callback::{POPUP, REDIRECT, channel_name};
use super::identity::grant_of;
use super::{Inner, transaction};
use crate::fault::Fault;
use crate::platform::channel::Channel;
use crate::platform::object::{Fields, JsMembers};
use crate::platform::page::Popup;
use crate::platform::{abort, clock, object, page};
use crate::steps::{self, AuthorizationRequest, Wish};

/// How often a popup is looked at, in milliseconds.
const LOOK: u64 = 300;
/// How long a popup may stay open, in milliseconds: half an hour.
const PATIENCE: u64 = 1_800_000;
/// The longest `returnTo`, in bytes.
const LONGEST_RETURN: usize = 2000;

/// An authorization request that is ready to go, and what its callback will need.
struct Begun {
    request: AuthorizationRequest,
    grant: Fields,
}

impl Inner {
    /// Opens a popup at once, while the click lasts, and does the rest after.
    pub(super) fn sign_in(self: Rc<Self>, options: JsValue) -> Promise {
        let popup = JsMembers(options.clone()).value("popup").is_truthy().then(page::open_popup);
        future_to_promise(async move {
            let signal = abort::signal_of(&options);
            Ok(match popup {
                Some(popup) => self.sign_in_by_popup(&popup?, &options, signal.as_ref()).await?,
                None => self.sign_in_by_redirect(&options, signal.as_ref()).await?,
            })
        })
    }

    async fn sign_in_by_redirect(
        &self,
        options: &JsValue,
        signal: Option<&AbortSignal>,
    ) -> Result<JsValue, Fault> {
        // Before any request: without it the callback could not be understood.
        crate::platform::store::web_storage("sessionStorage")?;
        let begun = self.begin(options, REDIRECT, signal).await?;
        abort::check(signal)?;
        transaction::keep(&begun.request.state(), begun.grant)?;
        page::leave(&begun.request.url())?;
        abort::unless_aborted(page::never(), signal).await
    }

    async fn sign_in_by_popup(
        &self,
        popup: &Popup,
        options: &JsValue,
        signal: Option<&AbortSignal>,
    ) -> Result<JsValue, Fault> {
        let result = self.through_popup(popup, options, signal).await;
        if result.is_err() {
            popup.end();
        }
        result
    }

    async fn through_popup(
        &self,
        popup: &Popup,
        options: &JsValue,
        signal: Option<&AbortSignal>,
    ) -> Result<JsValue, Fault> {
        let begun = self.begin(options, POPUP, signal).await?;
        let state = begun.request.state();
        // Heard by pages of this origin alone, so no origin has to be checked (BRW-04).
        let channel = Channel::open(&channel_name(&state));
        let callback = channel.next();
        popup.show(&begun.request.url())?;
        let callback = wait_for(popup, callback, signal).await?;
        channel.post(&"heard".into());
        self.redeem(&callback, &state, begun.grant).await
    }

    /// Finds the server and the client, and writes the request.
    async fn begin(
        &self,
        options: &JsValue,
        prefix: &str,
        signal: Option<&AbortSignal>,
    ) -> Result<Begun, Fault> {
        abort::check(signal)?;
        let wishes = JsMembers(options.clone());
        let return_to = wishes.optional("returnTo")?;
        if return_to.as_ref().is_some_and(|text| text.len() > LONGEST_RETURN) {
            return Err(Fault::option("returnTo", "at most 2,000 characters"));
        }
        let target = self.target(signal).await?;
        let client_id = self.client_id(&target.server, signal).await?;
        let wish = Wish {
            redirect_uri: self.options.redirect_uri()?,
            scope: wishes.optional("scope")?.or_else(|| target.scope.clone()),
            resource: target.resource.clone(),
            prompt: wishes.optional("prompt")?,
            login_hint: wishes.optional("loginHint")?,
            client_id,
        };
        let request =
            AuthorizationRequest::write(&target.server.authorization_endpoint, &wish, prefix);
        let grant = grant_of(&target, &wish.client_id, &wish.redirect_uri)
            .with("codeVerifier", request.code_verifier())
            .with_some("scope", wish.scope)
            .with_some("returnTo", return_to);
        Ok(Begun { request, grant })
    }

    /// Believes a callback of this state, or not, and has its code redeemed.
    pub(super) async fn redeem(
        &self,
        callback: &str,
        state: &str,
        grant: Fields,
    ) -> Result<JsValue, Fault> {
        let members = JsMembers(grant.done());
        let issuer = members.needed("issuer")?;
        let expected = Expected {
            state: &Secret::new(state),
            issuer: &issuer,
            issuer_is_sent: members.flag("issuerIsSent"),
        };
        let code = steps::code_of(callback, &expected)
            .inspect_err(|fault| self.forget_registration(&issuer, fault))?;
        object::set(&members.0, "code", &code.expose().into());
        let redeemed = JsFuture::from(self.keeper.redeem(&members.0)?).await;
        Ok(redeemed.inspect_err(|thrown| {
            let code = object::get(thrown, "code").as_string().unwrap_or_default();
            self.forget_registration(&issuer, &Fault::new(code, ""));
        })?)
    }
}

/// Waits until the popup hands over its callback, the person closes it, or the signal.
async fn wait_for(
    popup: &Popup,
    callback: Promise,
    signal: Option<&AbortSignal>,
) -> Result<String, Fault> {
    let closed =
        || Fault::new("popup_closed", "The window was closed before the sign-in was done.");
    let mut is_isolated = false;
    let mut was_closed = false;
    let mut waited = 0;
    while waited < PATIENCE {
        let first = Promise::race(&Array::of2(&callback, &clock::after(LOOK)));
        let message = abort::unless_aborted(first, signal).await?;
        if let Some(query) = object::get(&message, "data").as_string() {
            return Ok(query);
        }
        waited += LOOK;
        if is_isolated || !popup.seems_closed() {
            continue;
        }
        // A server's page that isolates itself (COOP) looks closed from its first moment, while the person is there;
        // a window that was closed gives its focus back.
        if !page::has_focus() && !was_closed {
            is_isolated = true;
        } else if was_closed {
            return Err(closed());
        }
        // One more look: a callback may be on its way.
        was_closed = true;
    }
    Err(closed())
}
