//! The keeper of one session: its tokens, and whoever may have them.
//!
//! It runs in the page or, with `storage: "worker"`, in a dedicated worker; `client` knows no difference
//! ([RFC 10017 section 8](https://www.rfc-editor.org/rfc/rfc10017#section-8)).

mod refresh;
mod session;
mod tabs;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use js_sys::{Function, Promise};
use latchkey_protocol::client_side::{Freshness, TRIES, TokenAnswer, freshness, pause};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_futures::future_to_promise;

use crate::fault::Fault;
use crate::platform::clock;
use crate::platform::http::Http;
use crate::platform::object::JsMembers;
use crate::platform::store::Store;
use crate::steps;
use session::Session;
use tabs::Tabs;

/// Keeps a session. Every method but `close` answers with a promise.
#[wasm_bindgen]
pub struct Keeper {
    inner: Rc<Inner>,
}

struct Inner {
    /// Under which the session is stored, locked and spoken of among tabs.
    name: String,
    store: Store,
    http: Http,
    emit: Function,
    tabs: RefCell<Option<Tabs>>,
    /// The refresh that is under way in this tab.
    refreshing: RefCell<Option<Promise>>,
    /// Until when the server wants to be left alone, in milliseconds.
    hold: Cell<u64>,
    /// Whether this tab has known a session, so that its end is news.
    had_session: Cell<bool>,
}

#[wasm_bindgen]
impl Keeper {
    /// A keeper by the options `name`, `storage`, `fetch` and `onExchange`; `emit(type, detail)` is told what happens.
    ///
    /// # Errors
    ///
    /// `invalid_options`, `storage_blocked`.
    #[wasm_bindgen(constructor)]
    pub fn new(options: &JsValue, emit: Function) -> Result<Self, JsValue> {
        let members = JsMembers(options.clone());
        let inner = Rc::new(Inner {
            name: members.needed("name")?,
            store: Store::of(&members.value("storage"))?,
            http: Http::of(options),
            emit,
            tabs: RefCell::default(),
            refreshing: RefCell::default(),
            hold: Cell::default(),
            had_session: Cell::default(),
        });
        // What is in memory is nobody else's affair: no other tab has this session.
        if inner.store.is_readable_by_scripts() {
            *inner.tabs.borrow_mut() = Some(Tabs::join(&inner));
        }
        Ok(Self { inner })
    }

    /// Redeems a code; `grant` has what the sign-in remembered, and the code.
    pub fn redeem(&self, grant: JsValue) -> Promise {
        let inner = Rc::clone(&self.inner);
        future_to_promise(async move { Ok(inner.redeem(&JsMembers(grant)).await?.view()) })
    }

    /// An access token that is valid for so many milliseconds. `refused` is one that a resource didn't take: another
    /// is wanted.
    #[wasm_bindgen(js_name = accessToken)]
    pub fn access_token(
        &self,
        minimum_validity: f64,
        force: bool,
        refused: Option<String>,
    ) -> Promise {
        let inner = Rc::clone(&self.inner);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a cast of a float saturates"
        )]
        let need = Need { minimum_validity: minimum_validity as u64, force, refused };
        future_to_promise(async move { Ok(inner.access_token(need).await?) })
    }

    /// What may be known of the session; `null` for none.
    pub fn session(&self) -> Promise {
        let inner = Rc::clone(&self.inner);
        future_to_promise(async move {
            Ok(inner.load().await?.map_or(JsValue::NULL, |session| session.view()))
        })
    }

    /// Forgets the session and revokes its tokens; whether the server could be told.
    #[wasm_bindgen(js_name = signOut)]
    pub fn sign_out(&self) -> Promise {
        let inner = Rc::clone(&self.inner);
        future_to_promise(async move { Ok(inner.sign_out().await?.into()) })
    }

    /// Stops listening to other tabs.
    pub fn close(&self) {
        self.inner.tabs.borrow_mut().take();
    }
}

/// What a caller needs of an access token.
struct Need {
    minimum_validity: u64,
    force: bool,
    refused: Option<String>,
}

impl Need {
    /// What `session`'s token is to this caller.
    fn of(&self, session: &Session, force: bool) -> Freshness {
        let freshness = session.freshness(self.minimum_validity);
        let is_refused = self.refused.as_deref() == Some(session.access_token.expose());
        match freshness {
            // A resource refused it, so it is of no use until it is replaced.
            _ if is_refused => Freshness::Expired,
            Freshness::Fresh if force => Freshness::Due,
            other => other,
        }
    }
}

impl Session {
    fn freshness(&self, minimum_validity: u64) -> Freshness {
        freshness(clock::now(), self.obtained, self.expires, minimum_validity)
    }
}

impl Inner {
    /// The stored session. What can't be read as one is none: construction and reading never fail for it.
    async fn load(&self) -> Result<Option<Session>, Fault> {
        let session = self.store.get(&self.name).await?.as_deref().and_then(Session::read);
        if session.is_some() {
            self.had_session.set(true);
        }
        Ok(session)
    }

    fn tell(&self, event: &str, detail: &JsValue) {
        // What a listener throws is its own affair.
        let _ = self.emit.call2(&JsValue::UNDEFINED, &event.into(), detail);
    }

    fn post(&self, message: &JsValue) {
        if let Some(tabs) = &*self.tabs.borrow() {
            tabs.post(message);
        }
    }

    async fn redeem(&self, grant: &JsMembers) -> Result<Session, Fault> {
        let start = clock::now();
        let code = grant.needed("code")?;
        let verifier = grant.needed("codeVerifier")?;
        let redirect_uri = grant.needed("redirectUri")?;
        let (client_id, resource) = (grant.needed("clientId")?, grant.optional("resource")?);
        let pairs = [
            ("grant_type", Some("authorization_code")),
            ("client_id", Some(client_id.as_str())),
            ("code", Some(code.as_str())),
            ("code_verifier", Some(verifier.as_str())),
            ("redirect_uri", Some(redirect_uri.as_str())),
            ("resource", resource.as_deref()),
        ];
        let endpoint = grant.needed("tokenEndpoint")?;
        let mut attempt = 1;
        let granted = loop {
            match steps::ask_for_tokens(&self.http, &endpoint, &pairs, None).await? {
                (TokenAnswer::Granted(granted), _) => break granted,
                // The server said that it did nothing, so the code is still good. An answer that was lost is another
                // matter: a code that comes twice ends what it gave.
                (TokenAnswer::Later { retry_after }, _) if attempt < TRIES => {
                    let Some(wait) = pause(attempt, retry_after, chance()) else {
                        return Err(Fault::later("temporarily_unavailable", retry_after, None));
                    };
                    clock::sleep(wait).await;
                    attempt += 1;
                }
                (answer, status) => return Err(steps::refusal_of(answer, status)),
            }
        };
        let session = Session::begin(grant, granted, start)?;
        self.store.set(&self.name, &session.write()).await?;
        self.had_session.set(true);
        self.hold.set(0);
        self.tell("signedin", &session.view());
        self.post(&tabs::began());
        Ok(session)
    }

    async fn sign_out(&self) -> Result<bool, Fault> {
        let Some(session) = self.load().await? else { return Ok(true) };
        // First here, so that nothing more is sent with it whatever the server says.
        self.end(&session, "signed_out").await?;
        let Some(endpoint) = &session.revocation_endpoint else { return Ok(false) };
        let (token, hint) = match &session.refresh_token {
            Some(token) => (token, "refresh_token"),
            None => (&session.access_token, "access_token"),
        };
        let told = steps::revoke(&self.http, endpoint, &session.client_id, token, Some(hint), None);
        Ok(told.await.is_ok())
    }

    /// Forgets a session, here and in the other tabs.
    async fn end(&self, session: &Session, reason: &str) -> Result<(), Fault> {
        self.store.remove(&self.name).await?;
        self.post(&tabs::ended(session, reason));
        self.tell_end(reason);
        Ok(())
    }

    fn tell_end(&self, reason: &str) {
        if self.had_session.replace(false) {
            self.tell("signedout", &session::end_view(reason));
        }
    }
}

/// A random number for pauses.
fn chance() -> u8 {
    use latchkey_protocol::entropy::Entropy;
    let [chance] = crate::platform::entropy::BrowserEntropy.bytes::<1>();
    chance
}
