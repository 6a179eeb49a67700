//! `GET` and `POST /sign-up`: a new account.

use latchkey_protocol::configuration::Endpoint;
use latchkey_protocol::email::EmailAddress;
use latchkey_protocol::identifier::AccountId;
use latchkey_protocol::secret::Secret;

use super::posted_form::PostedForm;
use super::sealed_request::{self, Goal, Presented};
use super::{Trouble, error_page, look, page, sign_in};
use crate::browser::Browser;
use crate::context::Context;
use crate::failure::Failure;
use crate::http::{Answer, Incoming};
use crate::keys::{self, KeySet};
use crate::limits::{self, LimitedEndpoint};
use crate::log::Level;
use crate::objects::account::messages::Create;
use crate::objects::directory::Claim;
use crate::objects::{self, ObjectKind};
use crate::pages::SignUpPage;
use crate::password;
use crate::platform::RuntimeEntropy;

/// What the form's CSRF token is for.
pub const PURPOSE: &str = "sign-up";

/// Said as it is: without mail there is no other way in than at once, so that who is signed in had a free
/// address and who isn't had not, whatever the words. What is limited is how often one can ask.
const TAKEN: &str = "There is an account with this e-mail address already. Sign in instead.";
const TOO_MANY_FROM_NETWORK: &str =
    "Too many people created accounts from your network. Wait a minute and try again.";
const NO_ADDRESS: &str = "Enter a whole e-mail address, such as ada@example.com.";

/// What was typed, and what is wrong with it.
#[derive(Default)]
pub struct Filled<'a> {
    email: &'a str,
    error: Option<&'a str>,
    email_error: Option<&'a str>,
    password_error: Option<&'a str>,
}

/// Shows the page, or creates an account.
pub async fn get_or_post(context: &Context, incoming: &mut Incoming) -> Result<Answer, Failure> {
    if !context.configuration.sign_up {
        return turned_off(context);
    }
    let keys = keys::key_set(context).await?;
    let browser = Browser::read(context, incoming);
    if incoming.method() == "POST" {
        return sign_up(context, incoming, &keys, &browser).await;
    }
    let filled = Filled::default();
    let Ok(query) = incoming.query() else {
        return show(context, &keys, &browser, None, &filled);
    };
    match sealed_request::open(context, &keys, &query).await? {
        Presented::Refused(answer) => Ok(answer),
        Presented::Absent => show(context, &keys, &browser, None, &filled),
        Presented::Request(opened) => {
            let email = opened.request.login_hint.as_deref().unwrap_or_default();
            let filled = Filled { email, ..filled };
            show(context, &keys, &browser, Some(Goal::App(opened.waiting())), &filled)
        }
        Presented::Device(visit) => {
            show(context, &keys, &browser, Some(Goal::Device(&visit)), &filled)
        }
    }
}

/// The sign-up page.
pub fn show(
    context: &Context,
    keys: &KeySet,
    browser: &Browser,
    goal: Option<Goal<'_>>,
    filled: &Filled<'_>,
) -> Result<Answer, Failure> {
    let look = look(&context.configuration);
    let csrf = browser.csrf_token(keys, PURPOSE)?;
    let sealed = goal.map(|goal| goal.seal(context, keys)).transpose()?;
    let form = SignUpPage {
        look: &look,
        csrf: csrf.expose(),
        request: sealed.as_deref(),
        purpose: goal.map(Goal::view),
        email: filled.email,
        password_minimum: password::MINIMUM_CHARACTERS,
        error: filled.error,
        email_error: filled.email_error,
        password_error: filled.password_error,
    };
    let wrong = filled.email_error.is_some() || filled.password_error.is_some();
    let status = if wrong { 422 } else { 200 };
    Ok(browser.remember(context, page(context, status, form.render())?))
}

async fn sign_up(
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
    let goal = form.goal();
    let typed = form.field("email");
    let password = Secret::new(form.field("password"));
    let email = EmailAddress::parse(typed);
    let acceptable = password::is_acceptable(&password);
    let too_short = format!("Use at least {} characters.", password::MINIMUM_CHARACTERS);
    let (Some(email), true) = (&email, acceptable) else {
        context.refused(&"unusable e-mail address or password", None);
        let filled = Filled {
            email: typed,
            error: None,
            email_error: email.is_none().then_some(NO_ADDRESS),
            password_error: (!acceptable).then_some(too_short.as_str()),
        };
        return show(context, keys, browser, goal, &filled);
    };
    // Before anything is asked about the address, and before the password is hashed.
    if limits::exceeded(context, LimitedEndpoint::SignUp).await {
        let filled =
            Filled { email: typed, error: Some(TOO_MANY_FROM_NETWORK), ..Filled::default() };
        return Ok(limits::told_to_wait(show(context, keys, browser, goal, &filled)?));
    }
    match create(context, email, &password).await? {
        Some(account) => {
            context
                .outcome(Level::Info, "signed up")
                .with_pseudonym("account", account.as_str())
                .write();
            sign_in::begin(context, browser, &account, &email.directory_key(), goal, keys).await
        }
        None => {
            context.refused(&"the e-mail address is taken", None);
            let filled = Filled { email: typed, email_error: Some(TAKEN), ..Filled::default() };
            show(context, keys, browser, goal, &filled)
        }
    }
}

/// Creates an account; `None` when the address has one already.
async fn create(
    context: &Context,
    email: &EmailAddress,
    password: &Secret,
) -> Result<Option<AccountId>, Failure> {
    let password_hash = password::hash(password, &mut RuntimeEntropy)?;
    let (account, is_new) = claim(context, email, password_hash).await?;
    Ok(is_new.then_some(account))
}

/// The account of an address, and whether it was created just now, with this password's hash.
pub async fn claim(
    context: &Context,
    email: &EmailAddress,
    password_hash: Secret,
) -> Result<(AccountId, bool), Failure> {
    let claim = Claim { account: AccountId::generate(&mut RuntimeEntropy) };
    let directory_key = email.directory_key();
    // The directory says which account the address belongs to, and the account says whether this
    // sign-up was its first. A sign-up that broke off in between can simply be repeated.
    let account =
        objects::send(&context.env, ObjectKind::Directory, &directory_key, &claim).await?;
    let message = Create { account: account.clone(), email: email.clone(), password_hash };
    let created =
        objects::send(&context.env, ObjectKind::Account, account.as_str(), &message).await?;
    Ok((account, created))
}

fn turned_off(context: &Context) -> Result<Answer, Failure> {
    context.refused(&"sign-up is turned off", None);
    let sign_in = context.configuration.endpoints.path(Endpoint::SignIn);
    let trouble = Trouble {
        status: 404,
        title: "Accounts are not created here",
        what_happened: "New accounts can not be created on this server.",
        what_to_do: &format!("If you have an account, sign in at {sign_in}."),
    };
    error_page(context, &trouble)
}
