//! The browser behind a page: its cookies, and the proof that a form came from one of our pages.

use latchkey_protocol::configuration::Issuer;
use latchkey_protocol::device;
use latchkey_protocol::identifier::AccountId;
use latchkey_protocol::params::Parameters;
use latchkey_protocol::sealed::{csrf_matches, is_known_browser};
use latchkey_protocol::secret::Secret;
use latchkey_protocol::time::Lifetime;
use latchkey_protocol::token::SessionToken;

use crate::context::Context;
use crate::endpoints::sealed_request::Waiting;
use crate::failure::Failure;
use crate::http::{Answer, Incoming};
use crate::keys::KeySet;
use crate::objects::account::messages::{
    BringRequest, CheckSession, EndSession, Next, Person, SessionKey,
};
use crate::objects::{self, Message, ObjectKind};
use crate::platform::RuntimeEntropy;

const SESSION: &str = "latchkey_session";
const BROWSER: &str = "latchkey_browser";
const KNOWN: &str = "latchkey_known";

/// What a request's cookies say.
#[derive(Debug)]
pub struct Browser {
    session: Option<SessionToken>,
    identity: Secret,
    is_new: bool,
    /// For whom it was known when somebody last signed in.
    known: Option<Secret>,
    device: Option<String>,
}

/// A signed-in person and the cookie they are signed in by.
#[derive(Debug)]
pub struct SignedIn {
    /// Who.
    pub person: Person,
    /// Their account.
    pub account: AccountId,
    /// The session.
    pub key: SessionKey,
}

/// What a session's cookie says.
#[derive(Debug)]
pub struct Claim {
    /// Whose session it is.
    pub account: AccountId,
    /// The session.
    pub key: SessionKey,
}

impl Claim {
    /// Asks the account something that it answers only if the key is good: one message, where asking
    /// first whether it is would be two.
    pub async fn ask<M: Message>(
        &self,
        context: &Context,
        message: &M,
    ) -> Result<M::Reply, Failure> {
        objects::send(&context.env, ObjectKind::Account, self.account.as_str(), message).await
    }
}

/// Why a posted form isn't believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForgedForm {
    /// The browser sent no cookie: cookies are off, or another site posted the form.
    NoCookie,
    /// The token is missing or another form's.
    WrongToken,
    /// The browser itself says that another site posted the form.
    CrossSite,
}

impl Browser {
    /// Reads the cookies. A browser without an identity gets one.
    pub fn read(context: &Context, incoming: &Incoming) -> Self {
        let header = incoming.header("cookie").unwrap_or_default();
        let issuer = &context.configuration.issuer;
        let session = cookie(&header, &cookie_name(issuer, SESSION)).and_then(SessionToken::parse);
        let secret = |name| {
            let value = cookie(&header, &cookie_name(issuer, name));
            value.filter(|value| value.len() == 43).map(Secret::new)
        };
        let identity = secret(BROWSER);
        Self {
            session,
            is_new: identity.is_none(),
            identity: identity.unwrap_or_else(|| Secret::generate(&mut RuntimeEntropy)),
            known: secret(KNOWN),
            device: incoming.header("user-agent").as_deref().and_then(device::describe),
        }
    }

    /// What it says it is, in a few words, for the person's list of browsers.
    pub fn device(&self) -> Option<&str> {
        self.device.as_deref()
    }

    /// Whether somebody signed in here with this identifier (by its directory key), and nobody since.
    pub fn is_known(&self, keys: &KeySet, directory_key: &str) -> bool {
        let is_it = |known| is_known_browser(keys.sealing(), directory_key, known);
        self.known.as_ref().is_some_and(is_it)
    }

    /// What the cookie says, which no account has confirmed.
    pub fn claim(&self) -> Option<Claim> {
        self.session.as_ref().map(|token| Claim {
            account: token.account.clone(),
            key: SessionKey { session: token.session.clone(), secret: token.secret.clone() },
        })
    }

    /// Who is signed in, if anybody is.
    pub async fn signed_in(&self, context: &Context) -> Result<Option<SignedIn>, Failure> {
        let Some(Claim { account, key }) = self.claim() else { return Ok(None) };
        let message = CheckSession { key };
        let person =
            objects::send(&context.env, ObjectKind::Account, account.as_str(), &message).await?;
        Ok(person.map(|person| SignedIn { person, account, key: message.key }))
    }

    /// Who is signed in, if anybody is, and what comes next for them with an authorization request.
    pub async fn bring(
        &self,
        context: &Context,
        Waiting { request, client }: Waiting<'_>,
    ) -> Result<Option<(SignedIn, Next)>, Failure> {
        let Some(Claim { account, key }) = self.claim() else { return Ok(None) };
        let (request, client_name) = (request.clone(), client.metadata.client_name.clone());
        let message = BringRequest { account, key, request, client_name };
        let name = message.account.as_str();
        let reply = objects::send(&context.env, ObjectKind::Account, name, &message).await?;
        let BringRequest { account, key, .. } = message;
        Ok(reply.map(|(person, next)| (SignedIn { person, account, key }, next)))
    }

    /// The session that the cookie names, if it is one of `account`.
    pub fn session_of(&self, account: &AccountId) -> Option<SessionKey> {
        self.session.as_ref().filter(|token| token.account == *account).map(|token| SessionKey {
            session: token.session.clone(),
            secret: token.secret.clone(),
        })
    }

    /// Ends the session that the cookie names.
    pub async fn end_session(&self, context: &Context) -> Result<(), Failure> {
        let Some(token) = &self.session else { return Ok(()) };
        let key = SessionKey { session: token.session.clone(), secret: token.secret.clone() };
        objects::send(
            &context.env,
            ObjectKind::Account,
            token.account.as_str(),
            &EndSession { key },
        )
        .await
    }

    /// The token for a form that does `purpose`.
    pub fn csrf_token(&self, keys: &KeySet, purpose: &str) -> Result<Secret, Failure> {
        Ok(keys.sealing_key()?.csrf_token(&self.identity, purpose))
    }

    /// Checks that a form was served to this browser for `purpose`
    /// ([RFC 6749 section 10.12](https://www.rfc-editor.org/rfc/rfc6749#section-10.12)).
    pub fn check_form(
        &self,
        incoming: &Incoming,
        form: &Parameters,
        keys: &KeySet,
        purpose: &str,
    ) -> Result<(), ForgedForm> {
        // A page without referrer posts with `Origin: null`, so Fetch Metadata says more.
        if incoming.header("sec-fetch-site").is_some_and(|site| site != "same-origin") {
            return Err(ForgedForm::CrossSite);
        }
        if self.is_new {
            return Err(ForgedForm::NoCookie);
        }
        let token = form.get("csrf").ok().flatten().ok_or(ForgedForm::WrongToken)?;
        if csrf_matches(keys.sealing(), &self.identity, purpose, &Secret::new(token)) {
            Ok(())
        } else {
            Err(ForgedForm::WrongToken)
        }
    }

    /// Adds the browser's identity to an answer with a form, if the browser has none yet.
    #[must_use]
    pub fn remember(&self, context: &Context, answer: Answer) -> Answer {
        if !self.is_new {
            return answer;
        }
        answer.with_header(
            "set-cookie",
            set_cookie(&context.configuration.issuer, BROWSER, self.identity.expose(), None),
        )
    }
}

/// Adds the cookie of a new session to an answer.
#[must_use]
pub fn begin_session(
    context: &Context,
    answer: Answer,
    account: &AccountId,
    key: &SessionKey,
) -> Answer {
    let token = SessionToken {
        account: account.clone(),
        session: key.session.clone(),
        secret: key.secret.clone(),
    };
    let lifetime = context.configuration.lifetimes.session_absolute;
    // Whoever signs in gets a new identity too: a form from before can't be posted after.
    let identity = Secret::generate(&mut RuntimeEntropy);
    answer
        .with_header(
            "set-cookie",
            set_cookie(
                &context.configuration.issuer,
                SESSION,
                token.to_wire().expose(),
                Some(lifetime),
            ),
        )
        .with_header(
            "set-cookie",
            set_cookie(&context.configuration.issuer, BROWSER, identity.expose(), None),
        )
}

/// Adds what makes this browser known for the identifier (by its directory key) that was signed in with. It
/// stays when the session ends, and counts until its key has gone.
///
/// # Errors
///
/// None in practice: there is a sealing key.
pub fn make_known(
    context: &Context,
    keys: &KeySet,
    answer: Answer,
    directory_key: &str,
) -> Result<Answer, Failure> {
    let known = keys.sealing_key()?.known_browser(directory_key);
    let lifetime = Some(context.configuration.lifetimes.signing_key);
    let cookie = set_cookie(&context.configuration.issuer, KNOWN, known.expose(), lifetime);
    Ok(answer.with_header("set-cookie", cookie))
}

/// Removes the session's cookie.
#[must_use]
pub fn end_session(context: &Context, answer: Answer) -> Answer {
    answer.with_header(
        "set-cookie",
        set_cookie(&context.configuration.issuer, SESSION, "", Some(Lifetime::seconds(0))),
    )
}

/// The cookie's name. `__Host-` makes the browser insist on https, `Path=/` and no `Domain`
/// ([RFC 6265bis section 4.1.3.2](https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis#section-4.1.3.2));
/// a development server on http can't have it in every browser.
fn cookie_name(issuer: &Issuer, name: &str) -> String {
    if issuer.is_https() { format!("__Host-{name}") } else { name.to_owned() }
}

fn set_cookie(issuer: &Issuer, name: &str, value: &str, max_age: Option<Lifetime>) -> String {
    let name = cookie_name(issuer, name);
    let secure = if issuer.is_https() { "; Secure" } else { "" };
    let max_age =
        max_age.map(|lifetime| format!("; Max-Age={}", lifetime.as_seconds())).unwrap_or_default();
    format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{max_age}")
}

/// The value of the first cookie called `name`.
fn cookie<'a>(header: &'a str, name: &str) -> Option<&'a str> {
    header.split(';').find_map(|pair| {
        let (found, value) = pair.trim().split_once('=')?;
        (found == name).then_some(value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn issuer(text: &str) -> Issuer {
        Issuer::parse(text).expect("issuer")
    }

    #[test]
    fn an_https_deployment_uses_host_cookies() {
        let cookie = set_cookie(&issuer("https://id.example"), SESSION, "v", None);
        assert_eq!(cookie, "__Host-latchkey_session=v; Path=/; HttpOnly; SameSite=Lax; Secure");
    }

    #[test]
    fn a_development_server_works_in_browsers_that_refuse_secure_cookies_over_http() {
        let day = Some(Lifetime::days(1));
        let cookie = set_cookie(&issuer("http://127.0.0.1:8787"), BROWSER, "v", day);
        assert_eq!(cookie, "latchkey_browser=v; Path=/; HttpOnly; SameSite=Lax; Max-Age=86400");
    }

    #[test]
    fn a_cookie_is_found_by_its_whole_name_only() {
        let header = "a=1; latchkey_session=x=y; xlatchkey_session=2";
        assert_eq!(cookie(header, "latchkey_session"), Some("x=y"));
        assert_eq!(cookie(header, "session"), None);
        assert_eq!(cookie("", "a"), None);
    }

    proptest! {
        #[test]
        fn no_header_makes_cookie_panic_and_what_is_found_is_in_it(header in "([a-z]|=|;| ){0,40}|.{0,40}") {
            if let Some(value) = cookie(&header, "a") {
                prop_assert!(header.contains(value));
            }
        }
    }
}
