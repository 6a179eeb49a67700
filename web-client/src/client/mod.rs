//! Signing people in, and sending their requests.

mod callback;
mod fetch;
mod identity;
mod options;
mod sign_in;
mod transaction;

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::Promise;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_futures::{JsFuture, future_to_promise};

use crate::fault::Fault;
use crate::platform::abort;
use crate::platform::http::Http;
use crate::platform::object::JsMembers;
use identity::Target;
use options::Options;

#[wasm_bindgen]
extern "C" {
    /// A `Keeper`, here or in a worker: the shell decides.
    pub type KeeperHandle;

    #[wasm_bindgen(method, structural, catch)]
    fn redeem(this: &KeeperHandle, grant: &JsValue) -> Result<Promise, JsValue>;

    #[wasm_bindgen(method, structural, catch, js_name = accessToken)]
    fn access_token(
        this: &KeeperHandle,
        minimum_validity: f64,
        force: bool,
        refused: Option<String>,
    ) -> Result<Promise, JsValue>;

    #[wasm_bindgen(method, structural, catch)]
    fn session(this: &KeeperHandle) -> Result<Promise, JsValue>;
}

/// Seconds for which a token must be valid, unless the caller says otherwise.
const MINIMUM_VALIDITY: f64 = 30.0;

/// One person's sign-in at one server; `js/client.js` is its shell.
#[wasm_bindgen]
pub struct Client {
    inner: Rc<Inner>,
}

struct Inner {
    options: Options,
    http: Http,
    keeper: KeeperHandle,
    /// What discovery found, once for all sign-ins of this page.
    target: RefCell<Option<Rc<Target>>>,
}

#[wasm_bindgen]
impl Client {
    /// A client by `ClientOptions`, over a keeper.
    ///
    /// # Errors
    ///
    /// `invalid_options`.
    #[wasm_bindgen(constructor)]
    pub fn new(options: &JsValue, keeper: KeeperHandle) -> Result<Self, JsValue> {
        let inner = Inner {
            options: Options::read(options)?,
            http: Http::of(options),
            keeper,
            target: RefCell::default(),
        };
        Ok(Self { inner: Rc::new(inner) })
    }

    /// `Client.signIn` of `index.d.ts`.
    #[wasm_bindgen(js_name = signIn)]
    pub fn sign_in(&self, options: JsValue) -> Promise {
        Rc::clone(&self.inner).sign_in(options)
    }

    /// `Client.handleCallback` of `index.d.ts`.
    #[wasm_bindgen(js_name = handleCallback)]
    pub fn handle_callback(&self, url: Option<String>, options: JsValue) -> Promise {
        let inner = Rc::clone(&self.inner);
        let signal = abort::signal_of(&options);
        let result = future_to_promise(async move { Ok(inner.handle_callback(url).await?) });
        future_to_promise(async move { Ok(abort::unless_aborted(result, signal.as_ref()).await?) })
    }

    /// `Client.getAccessToken` of `index.d.ts`.
    #[wasm_bindgen(js_name = getAccessToken)]
    pub fn get_access_token(&self, options: JsValue) -> Promise {
        let inner = Rc::clone(&self.inner);
        future_to_promise(async move { Ok(inner.get_access_token(&options).await?) })
    }

    /// `Client.fetch` of `index.d.ts`.
    pub fn fetch(&self, input: JsValue, init: JsValue) -> Promise {
        let inner = Rc::clone(&self.inner);
        future_to_promise(async move { Ok(inner.fetch(&input, &init).await?) })
    }
}

impl Inner {
    async fn get_access_token(&self, options: &JsValue) -> Result<JsValue, Fault> {
        let members = JsMembers(options.clone());
        let validity = members.value("minimumValidity").as_f64().unwrap_or(MINIMUM_VALIDITY);
        let force = members.value("forceRefresh").is_truthy();
        let signal = abort::signal_of(options);
        abort::check(signal.as_ref())?;
        let token = self.keeper.access_token(validity * 1000.0, force, None)?;
        // Who goes away leaves the refresh to the others who wait for it.
        abort::unless_aborted(token, signal.as_ref()).await
    }

    /// A token other than the one that was refused.
    async fn token(&self, refused: Option<String>) -> Result<String, Fault> {
        let token = self.keeper.access_token(MINIMUM_VALIDITY * 1000.0, false, refused)?;
        Ok(JsFuture::from(token).await?.as_string().unwrap_or_default())
    }

    /// The scope that is held, if somebody is signed in.
    async fn held_scope(&self) -> Result<Option<String>, Fault> {
        let session = JsFuture::from(self.keeper.session()?).await?;
        JsMembers(session).optional("scope")
    }
}
