//! `GET` and `POST /sign-in`: e-mail and password.

use futures_util::future::join;
use latchkey_protocol::activity::Activity;
use latchkey_protocol::authorize::AuthorizationRequest;
use latchkey_protocol::configuration::Endpoint;
use latchkey_protocol::email::EmailAddress;
use latchkey_protocol::identifier::{AccountId, SessionId};
use latchkey_protocol::secret::Secret;
use latchkey_protocol::sign_in_throttle::TriedFrom;

use super::account::log_later;
use super::posted_form::PostedForm;
use super::sealed_request::{self, Goal, Presented, page_with_request};
use super::{look, page};
use crate::browser::{self, Browser};
use crate::context::Context;
use crate::failure::Failure;
use crate::http::{Answer, Incoming};
use crate::keys::{self, KeySet};
use crate::limits::{self, LimitedEndpoint};
use crate::log::Level;
use crate::objects::account::messages::{BeginSession, Credentials, SessionKey};
use crate::objects::directory::{ForgetTries, SignInTry, TrySignIn};
use crate::objects::{self, ObjectKind};
use crate::pages::SignInPage;
use crate::password;

/// What the form's CSRF token is for.
pub const PURPOSE: &str = "sign-in";

/// The same words whether the account doesn't exist or the password is wrong.
const WRONG: &str = "That e-mail address and password do not match. Check both and try again.";

/// What is said without looking at the address.
const TOO_MANY_FROM_NETWORK: &str =
    "Too many people tried to sign in from your network. Wait a minute and try again.";

/// Shows the page, or signs in.
pub async fn get_or_post(context: &Context, incoming: &mut Incoming) -> Result<Answer, Failure> {
    let keys = keys::key_set(context).await?;
    let browser = Browser::read(context, incoming);
    if incoming.method() == "POST" {
        return sign_in(context, incoming, &keys, &browser).await;
    }
    let Ok(query) = incoming.query() else {
        return show(context, &keys, &browser, None, "", None);
    };
    match sealed_request::open(context, &keys, &query).await? {
        Presented::Refused(answer) => Ok(answer),
        Presented::Absent => show(context, &keys, &browser, None, "", None),
        Presented::Request(opened) => {
            let hint = opened.request.login_hint.as_deref().unwrap_or_default();
            show(context, &keys, &browser, Some(Goal::App(opened.waiting())), hint, None)
        }
        Presented::Device(visit) => {
            show(context, &keys, &browser, Some(Goal::Device(&visit)), "", None)
        }
    }
}

/// The sign-in page.
pub fn show(
    context: &Context,
    keys: &KeySet,
    browser: &Browser,
    goal: Option<Goal<'_>>,
    email: &str,
    error: Option<&str>,
) -> Result<Answer, Failure> {
    let look = look(&context.configuration);
    let csrf = browser.csrf_token(keys, PURPOSE)?;
    let sealed = goal.map(|goal| goal.seal(context, keys)).transpose()?;
    let form = SignInPage {
        look: &look,
        csrf: csrf.expose(),
        request: sealed.as_deref(),
        purpose: goal.map(Goal::view),
        email,
        error,
        sign_up_allowed: context.configuration.sign_up,
    };
    let status = if error.is_some() { 422 } else { 200 };
    Ok(browser.remember(context, page(context, status, form.render())?))
}

async fn sign_in(
    context: &Context,
    incoming: &mut Incoming,
    keys: &KeySet,
    browser: &Browser,
) -> Result<Answer, Failure> {
    let posted = PostedForm::read(context, incoming, keys, browser, |_| PURPOSE.to_owned());
    let form = match posted.await? {
        Ok(form) => form,
        Err(answer) => return Ok(answer),
    };
    let typed = form.field("email");
    let goal = form.goal();
    let directory_key = EmailAddress::parse(typed).map(|email| email.directory_key());
    let is_known = directory_key.as_ref().is_some_and(|key| browser.is_known(keys, key));
    // Before anything is asked about the address, so that many addresses are as dear as one. Whoever comes
    // back has proven to be no sprayer, and isn't kept out of an office by one.
    if !is_known && limits::exceeded(context, LimitedEndpoint::SignIn).await {
        let answer = show(context, keys, browser, goal, typed, Some(TOO_MANY_FROM_NETWORK))?;
        return Ok(limits::told_to_wait(answer));
    }
    let tried_from = if is_known { TriedFrom::KnownBrowser } else { TriedFrom::Elsewhere };
    let password = Secret::new(form.field("password"));
    match check_password(context, keys, directory_key, tried_from, &password).await? {
        Check::Right { account, directory_key } => {
            let forget = ForgetTries {};
            let directory = ObjectKind::Directory;
            let (begun, forgotten) = join(
                begin(context, browser, &account, &directory_key, goal, keys),
                objects::send(&context.env, directory, &directory_key, &forget),
            )
            .await;
            if let Err(failure) = forgotten {
                // They count for an hour more, and nobody is kept out by them but for a minute.
                context.log_failure(&failure);
            }
            begun
        }
        Check::Wrong => {
            context.refused(&"wrong e-mail address or password", None);
            show(context, keys, browser, goal, typed, Some(WRONG))
        }
        Check::Wait(seconds) => {
            context.refused(&"too many tries", None);
            let words = format!(
                "Too many tries with this e-mail address. Wait {seconds} seconds and try again."
            );
            let answer = show(context, keys, browser, goal, typed, Some(&words))?;
            Ok(answer.with_status(429).with_header("retry-after", seconds.to_string()))
        }
    }
}

enum Check {
    Right { account: AccountId, directory_key: String },
    Wrong,
    Wait(u64),
}

async fn check_password(
    context: &Context,
    keys: &KeySet,
    directory_key: Option<String>,
    from: TriedFrom,
    password: &Secret,
) -> Result<Check, Failure> {
    let Some(key) = directory_key else {
        // The same work as for an address that can have an account.
        password::verify(password, None)?;
        return Ok(Check::Wrong);
    };
    let directory = ObjectKind::Directory;
    let account = match objects::send(&context.env, directory, &key, &TrySignIn { from }).await? {
        SignInTry::Wait(wait) => return Ok(Check::Wait(wait.as_seconds())),
        SignInTry::Allowed(account) => account,
    };
    // The same questions and the same work for an account that doesn't exist, so that the time
    // doesn't tell. Asking a made-up object stores nothing; it is one for each address, in memory from
    // the second try on as a real one is.
    let asked = match &account {
        Some(account) => account.clone(),
        None => keys.sealing_key()?.stand_in(&key),
    };
    let stored: Option<Secret> =
        objects::send(&context.env, ObjectKind::Account, asked.as_str(), &Credentials {}).await?;
    let right = password::verify(password, stored.as_ref())?;
    match account {
        Some(account) if right => Ok(Check::Right { account, directory_key: key }),
        Some(account) => {
            // After the answer has left: the time doesn't tell whether there is an account.
            log_later(context, account, Activity::SignInRefused);
            Ok(Check::Wrong)
        }
        None => Ok(Check::Wrong),
    }
}

/// Begins a session and goes on with what the person came for.
pub async fn begin(
    context: &Context,
    browser: &Browser,
    account: &AccountId,
    directory_key: &str,
    goal: Option<Goal<'_>>,
    keys: &KeySet,
) -> Result<Answer, Failure> {
    let end_other = async {
        if browser.session_of(account).is_none()
            && let Err(failure) = browser.end_session(context).await
        {
            // Somebody else was signed in in this browser. Their session ends by itself in time.
            context.log_failure(&failure);
        }
    };
    let message = BeginSession {
        replaces: browser.session_of(account),
        device: browser.device().map(str::to_owned),
    };
    let begin = objects::send(&context.env, ObjectKind::Account, account.as_str(), &message);
    let (begun, ()) = join(begin, end_other).await;
    let key: SessionKey =
        begun?.ok_or_else(|| Failure::unavailable("beginning a session", "the account is gone"))?;
    context.outcome(Level::Info, "signed in").with_pseudonym("account", account.as_str()).write();
    let location = match goal {
        Some(Goal::App(waiting)) => {
            let request = signed_in_for(waiting.request, &key.session);
            let sealed = sealed_request::seal(context, keys, &request)?;
            page_with_request(context, Endpoint::Consent, &sealed)
        }
        Some(Goal::Device(visit)) => {
            let sealed = visit.signed_in_for(&key.session).seal(context, keys)?;
            page_with_request(context, Endpoint::Device, &sealed)
        }
        None => context.configuration.endpoints.path(Endpoint::Account),
    };
    let answer = browser::begin_session(context, Answer::redirect(303, location), account, &key);
    browser::make_known(context, keys, answer, directory_key)
}

fn signed_in_for(request: &AuthorizationRequest, session: &SessionId) -> AuthorizationRequest {
    AuthorizationRequest { signed_in_for: Some(session.clone()), ..request.clone() }
}
