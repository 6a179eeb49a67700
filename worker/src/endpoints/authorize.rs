//! `GET` and `POST /authorize`
//! ([RFC 6749 section 3.1](https://www.rfc-editor.org/rfc/rfc6749#section-3.1)).

use latchkey_protocol::authorize::{
    self, AuthorizationRequest, Interaction, LocalError, RedirectError, RedirectReason, Refusal,
    SignedIn as Authenticated, error_location, success_location,
};
use latchkey_protocol::client::ClientRecord;
use latchkey_protocol::error::ErrorReply;
use latchkey_protocol::grant::authorization_code::Approval;
use latchkey_protocol::identifier::AccountId;
use latchkey_protocol::params::Parameters;
use latchkey_protocol::redirect_uri::RedirectUriKind;
use latchkey_protocol::token::GrantToken;

use super::sealed_request::{client_view, destination, seal};
use super::{Trouble, consent, error_page, look, page, sign_in, sign_up, unreadable_form};
use crate::browser::{Browser, SignedIn};
use crate::clients;
use crate::context::Context;
use crate::failure::Failure;
use crate::http::{Answer, Incoming};
use crate::keys::{self, KeySet};
use crate::objects::account::messages::{Approve, Approved};
use crate::objects::{self, ObjectKind};
use crate::pages::{ReturnWithError, SignInPage};
use crate::platform::RuntimeEntropy;

/// Answers an authorization request.
pub async fn get_or_post(context: &Context, incoming: &mut Incoming) -> Result<Answer, Failure> {
    // OpenID Connect Core section 3.1.2.1: the same parameters, in the query or in a form.
    let parameters = if incoming.method() == "POST" {
        match incoming.form().await {
            Ok(form) => form,
            Err(error) => return unreadable_form(context, error),
        }
    } else {
        match incoming.query() {
            Ok(query) => query,
            Err(_) => return local_error(context, incoming, LocalError::Unreadable),
        }
    };
    let client_id = match authorize::identify(&parameters) {
        Ok(client_id) => client_id,
        Err(error) => return local_error(context, incoming, error),
    };
    let Some(client) = clients::find(context, &client_id).await? else {
        return local_error(context, incoming, LocalError::ClientUnknown);
    };
    match check(context, &parameters, &client) {
        Ok(request) => proceed(context, incoming, request, &client).await,
        Err(Refusal::Local(error)) => local_error(context, incoming, error),
        Err(Refusal::Redirect(error)) => redirect_error(context, &client, &error),
    }
}

fn check(
    context: &Context,
    parameters: &Parameters,
    client: &ClientRecord,
) -> Result<AuthorizationRequest, Refusal> {
    authorize::check(parameters, client, &context.configuration, context.now, &mut RuntimeEntropy)
}

/// Shows the page that a checked request needs next, or answers without one.
async fn proceed(
    context: &Context,
    incoming: &Incoming,
    request: AuthorizationRequest,
    client: &ClientRecord,
) -> Result<Answer, Failure> {
    let browser = Browser::read(context, incoming);
    let keys = keys::key_set(context).await?;
    let signed_in = browser.signed_in(context).await?;
    show(context, &keys, &browser, signed_in.as_ref(), &request, client).await
}

/// The next page of a request, for whoever is signed in.
pub async fn show(
    context: &Context,
    keys: &KeySet,
    browser: &Browser,
    signed_in: Option<&SignedIn>,
    request: &AuthorizationRequest,
    client: &ClientRecord,
) -> Result<Answer, Failure> {
    let authenticated = signed_in.map(|signed_in| Authenticated {
        session: &signed_in.key.session,
        authenticated_at: signed_in.person.authenticated_at,
    });
    let sealed = seal(context, keys, request)?;
    let look = look(&context.configuration);
    match (authorize::interaction(request, authenticated), signed_in) {
        (Interaction::Consent, Some(signed_in)) => {
            consent::show(context, keys, browser, signed_in, request, client, &sealed)
        }
        (Interaction::Silent, Some(signed_in)) => silent(context, signed_in, request, client).await,
        (Interaction::Refuse(reason), _) => {
            redirect_error(context, client, &refusal(request, reason))
        }
        (Interaction::SignUp, _) if context.configuration.sign_up => {
            let blank = sign_up::Blank { request: Some((&sealed, client)) };
            sign_up::show(context, keys, browser, &blank, &sign_up::Filled::default())
        }
        (
            Interaction::SignIn | Interaction::SignUp | Interaction::Consent | Interaction::Silent,
            _,
        ) => {
            let csrf = browser.csrf_token(keys, sign_in::PURPOSE)?;
            let known = signed_in.map(|signed_in| signed_in.person.email.as_str());
            let form = SignInPage {
                look: &look,
                csrf: csrf.expose(),
                request: Some(&sealed),
                client: Some(client_view(client)),
                email: request.login_hint.as_deref().or(known).unwrap_or_default(),
                error: None,
                sign_up_allowed: context.configuration.sign_up,
            };
            Ok(browser.remember(context, page(context, 200, form.render())?))
        }
    }
}

/// `prompt=none`: an answer without a page, if the person has allowed just this before.
async fn silent(
    context: &Context,
    signed_in: &SignedIn,
    request: &AuthorizationRequest,
    client: &ClientRecord,
) -> Result<Answer, Failure> {
    let message = Approve {
        key: signed_in.key.clone(),
        request: request.clone(),
        client_name: client.metadata.client_name.clone(),
        only_if_allowed_before: true,
    };
    let account = signed_in.account.as_str();
    let approved = objects::send(&context.env, ObjectKind::Account, account, &message).await?;
    let reason = match approved {
        Approved::Done(Approval::CodeIssued) => {
            let location = code_location(context, &signed_in.account, request);
            return Ok(Answer::redirect(302, location));
        }
        Approved::NotSignedIn => RedirectReason::LoginRequired,
        Approved::NotAllowedBefore | Approved::Done(Approval::AlreadyUsed) => {
            RedirectReason::ConsentRequired
        }
    };
    redirect_error(context, client, &refusal(request, reason))
}

/// Where the browser goes with the code of an approved request.
pub fn code_location(
    context: &Context,
    account: &AccountId,
    request: &AuthorizationRequest,
) -> String {
    let code = GrantToken {
        account: account.clone(),
        grant: request.grant.clone(),
        secret: request.code_secret.clone(),
    }
    .to_wire(&context.configuration.prefixes.authorization_code);
    success_location(request, &code, &context.configuration)
}

/// A request's refusal, to be told to its client.
pub fn refusal(request: &AuthorizationRequest, reason: RedirectReason) -> RedirectError {
    RedirectError {
        redirect_uri: request.redirect_uri.clone(),
        state: request.state.clone(),
        reason,
        silent: request.prompt.none,
    }
}

/// Tells the client by redirect where that can't be abused, and otherwise asks the person to go.
fn redirect_error(
    context: &Context,
    client: &ClientRecord,
    error: &RedirectError,
) -> Result<Answer, Failure> {
    context.refused(&error.reason, Some(&client.client_id));
    let location = error_location(error, &context.configuration);
    // RFC 9700 section 4.11.2: anybody can register a client whose redirect URI is a phishing page,
    // and a faulty request would make us send people there unasked. A person's own machine and a
    // client that asked for silence are safe to answer directly.
    if error.silent || error.redirect_uri.kind() != RedirectUriKind::Https {
        return Ok(Answer::redirect(302, location));
    }
    let look = look(&context.configuration);
    let reply = error.reason.reply();
    let host = error.redirect_uri.display_host();
    let back = ReturnWithError {
        look: &look,
        client: client_view(client),
        destination: destination(error.redirect_uri.kind(), &host),
        url: &location,
        code: reply.code.as_str(),
        description: Some(&reply.description),
        reference: &context.reference,
    };
    page(context, 400, back.render())
}

/// Says here what can't be told to the client: as JSON if a program asks for that, so that clients
/// which look before they open a browser can register anew; otherwise as a page.
fn local_error(
    context: &Context,
    incoming: &Incoming,
    error: LocalError,
) -> Result<Answer, Failure> {
    let accept = incoming.header("accept").unwrap_or_default();
    if accept.contains("application/json") && !accept.contains("text/html") {
        let description = format!("{} {}", error.what_happened(), error.what_to_do());
        let reply = ErrorReply::new(error.code(), description);
        return Ok(context.refuse(&reply, &error, None).with_status(400));
    }
    context.refused(&error, None);
    let trouble = Trouble {
        status: 400,
        title: "This request can not be answered",
        what_happened: error.what_happened(),
        what_to_do: error.what_to_do(),
    };
    error_page(context, &trouble)
}
