//! `fetch` with the token.

use latchkey_protocol::client_side::BearerChallenge;
use latchkey_protocol::scope::Scope;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Request, RequestInit, Response};

use super::Inner;
use super::options::StepUp;
use crate::fault::Fault;
use crate::platform::object::Fields;
use crate::platform::{abort, page};

impl Inner {
    pub(super) async fn fetch(
        self: &std::rc::Rc<Self>,
        input: &JsValue,
        init: &JsValue,
    ) -> Result<JsValue, Fault> {
        let request = request_of(input, init)?;
        if !self.options.allows(&request.url()) {
            return Ok(JsFuture::from(self.http.fetch(&request, &JsValue::UNDEFINED)?).await?);
        }
        let signal = request.signal();
        abort::check(Some(&signal))?;
        let token = self.token(None).await?;
        let response = self.send(&request, &token).await?;
        match response.status() {
            401 => {
                // Refreshed, or another that came meanwhile. A session that is over is the caller's news.
                let another = self.token(Some(token)).await?;
                abort::check(Some(&signal))?;
                Ok(self.send(&request, &another).await?.into())
            }
            403 => match self.missing_scope(&response).await? {
                Some(scope) => {
                    self.step_up(scope).await?;
                    let token = self.token(None).await?;
                    Ok(self.send(&request, &token).await?.into())
                }
                None => Ok(response.into()),
            },
            _ => Ok(response.into()),
        }
    }

    /// Sends a copy, so that the request's body is there for a second time.
    async fn send(&self, request: &Request, token: &str) -> Result<Response, Fault> {
        let request = request.clone()?;
        request.headers().set("authorization", &["Bearer ", token].concat())?;
        let response = JsFuture::from(self.http.fetch(&request, &JsValue::UNDEFINED)?).await?;
        Ok(response.unchecked_into())
    }

    /// What to ask for, when more scopes would help: what is held and what is needed (MCL-06).
    async fn missing_scope(&self, response: &Response) -> Result<Option<String>, Fault> {
        let header = response.headers().get("www-authenticate")?;
        let Some(challenge) = header.as_deref().and_then(BearerChallenge::read) else {
            return Ok(None);
        };
        if !challenge.is_insufficient_scope() {
            return Ok(None);
        }
        let held = self.held_scope().await?.unwrap_or_default();
        let needed = challenge.scope.unwrap_or_default();
        let both = match (Scope::parse(&held), Scope::parse(&needed)) {
            (Ok(held), Ok(needed)) => held.union(&needed).to_string(),
            _ => needed,
        };
        Ok(Some(both))
    }

    async fn step_up(self: &std::rc::Rc<Self>, scope: String) -> Result<(), Fault> {
        let insufficient = |scope| Err(Fault::insufficient_scope(scope));
        let by_popup = match self.options.step_up {
            StepUp::Manual => return insufficient(scope),
            StepUp::Popup => true,
            StepUp::Redirect => false,
        };
        // Where there is no window (a worker) the page has to do it.
        if page::window().is_err() {
            return insufficient(scope);
        }
        let options = Fields::new().with("scope", &*scope).with("popup", by_popup).done();
        match JsFuture::from(std::rc::Rc::clone(self).sign_in(options)).await {
            Ok(_) => Ok(()),
            // No click, no popup: the page asks the person, and signs in with this scope.
            Err(thrown) if crate::platform::object::get(&thrown, "code") == "popup_blocked" => {
                insufficient(scope)
            }
            Err(thrown) => Err(thrown.into()),
        }
    }
}

fn request_of(input: &JsValue, init: &JsValue) -> Result<Request, Fault> {
    let init = init.dyn_ref::<js_sys::Object>().map(|init| init.unchecked_ref::<RequestInit>());
    Ok(match (input.dyn_ref::<Request>(), init) {
        (Some(request), Some(init)) => Request::new_with_request_and_init(request, init)?,
        (Some(request), None) => Request::new_with_request(request)?,
        (None, init) => {
            // A URL object, or anything else that is written as an address.
            let url = String::from(js_sys::JsString::from(
                js_sys::Object::from(input.clone()).to_string(),
            ));
            match init {
                Some(init) => Request::new_with_str_and_init(&url, init)?,
                None => Request::new_with_str(&url)?,
            }
        }
    })
}
