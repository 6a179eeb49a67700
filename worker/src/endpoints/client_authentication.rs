//! Who calls a back-channel endpoint: the form, and the client behind it.

use latchkey_protocol::client::{ClientId, ClientRecord};
use latchkey_protocol::client_authentication::{
    AuthenticatedClient, CHALLENGE, ClientAuthenticationError, Credentials, authenticate,
};
use latchkey_protocol::error::{ErrorCode, ErrorReply};
use latchkey_protocol::introspection::IntrospectionError;
use latchkey_protocol::jwt::SignatureVerdict;
use latchkey_protocol::params::Parameters;
use std::rc::Rc;

use super::{body_error_status, client_document};
use crate::clients::{self, NotFound, key_sets};
use crate::context::Context;
use crate::failure::Failure;
use crate::http::{Answer, Incoming};
use crate::limits::{self, Guess};
use crate::log::Level;
use crate::trace::Operation;
use crate::web_crypto;

/// A form whose client has authenticated.
pub struct AuthenticatedForm {
    /// The parameters, none of them repeated except `resource`.
    pub form: Parameters,
    /// The proof.
    pub client: AuthenticatedClient,
    /// The client's record.
    pub record: Rc<ClientRecord>,
}

/// Reads the form and authenticates the client
/// ([RFC 6749 section 3.2.1](https://www.rfc-editor.org/rfc/rfc6749#section-3.2.1)).
///
/// # Errors
///
/// The inner error is the answer to send: `invalid_request` for an unusable form, `invalid_client`
/// for a client that isn't known or can't prove itself.
pub async fn authenticated_form(
    context: &Context,
    incoming: &mut Incoming,
) -> Result<Result<AuthenticatedForm, Answer>, Failure> {
    form_of(context, incoming, Needed::AnyClient).await
}

/// As [`authenticated_form`], for an endpoint where the word of a public client is none.
///
/// # Errors
///
/// The same, and 401 `invalid_client` for a request without a client's proof
/// ([RFC 7662 section 2.3](https://www.rfc-editor.org/rfc/rfc7662#section-2.3)).
pub async fn confidential_form(
    context: &Context,
    incoming: &mut Incoming,
) -> Result<Result<AuthenticatedForm, Answer>, Failure> {
    form_of(context, incoming, Needed::ConfidentialClient).await
}

/// Which clients may call.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Needed {
    /// Every registered one.
    AnyClient,
    /// Only one that proves itself.
    ConfidentialClient,
}

async fn form_of(
    context: &Context,
    incoming: &mut Incoming,
    needed: Needed,
) -> Result<Result<AuthenticatedForm, Answer>, Failure> {
    let without_proof = |client_id: Option<&ClientId>| {
        let error = IntrospectionError::PublicClient;
        context.refuse(&error.reply(), &error, client_id).with_header("www-authenticate", CHALLENGE)
    };
    let form = match incoming.form().await {
        Ok(form) => form,
        Err(error) => {
            let reply = ErrorReply::new(ErrorCode::InvalidRequest, error.to_string());
            let answer = context.refuse(&reply, &error, None);
            return Ok(Err(answer.with_status(body_error_status(error))));
        }
    };
    // RFC 6749 section 3.2: parameters MUST NOT be included more than once.
    if form.first_repeated(&["resource"]).is_some() {
        let reply = ErrorReply::new(
            ErrorCode::InvalidRequest,
            "A parameter was sent twice. Send each one once.",
        );
        return Ok(Err(context.refuse(&reply, &"repeated parameter", None)));
    }
    let authorization = incoming.header("authorization");
    let credentials = match Credentials::parse(authorization.as_deref(), &form) {
        Ok(credentials) => credentials,
        Err(error) if needed == Needed::ConfidentialClient && error.reason().is_absence() => {
            return Ok(Err(without_proof(None)));
        }
        Err(error) => {
            let answer = context.refuse(&error.reply(), &error.reason(), None);
            let refusal = with_challenge(answer, error.challenge());
            let guess = error.reason().is_a_guess().then_some(Guess::OfNoClient);
            return Ok(Err(limits::unless_too_many(context, guess, refusal).await));
        }
    };
    let found = clients::look_up(context, credentials.client_id()).await?;
    let mut record = match found.client {
        Ok(record) => Some(record),
        Err(NotFound::Document(problem)) => {
            let client_id = credentials.client_id();
            return Ok(Err(client_document::refusal(context, client_id, &problem)));
        }
        Err(NotFound::Unknown) => None,
    };
    let mut authenticated = proven(context, record.as_deref(), &credentials).await?;
    if found.is_copy && authenticated.is_err() {
        // The copy may be from before the client's secret, method or keys were changed.
        record = clients::find_now(context, credentials.client_id()).await?;
        authenticated = proven(context, record.as_deref(), &credentials).await?;
    }
    match authenticated {
        Ok(client) if needed == Needed::ConfidentialClient && client.is_public() => {
            Ok(Err(without_proof(Some(client.client_id()))))
        }
        Ok(client) => {
            context
                .outcome(Level::Debug, "answered")
                .with_text("client_id", client.client_id())
                .write();
            let record = record.ok_or_else(|| {
                Failure::unavailable("authenticating a client", "no record of it")
            })?;
            Ok(Ok(AuthenticatedForm { form, client, record }))
        }
        Err(error) => {
            // What isn't the id of a client may be anything, a secret in the wrong field too.
            let client_id = record.as_deref().map(|record| &record.client_id);
            let answer = context.refuse(&error.reply(), &error.reason(), client_id);
            let refusal = with_challenge(answer, error.challenge());
            let guess = || client_id.map_or(Guess::OfNoClient, Guess::OfClient);
            let guess = error.reason().is_a_guess().then(guess);
            Ok(Err(limits::unless_too_many(context, guess, refusal).await))
        }
    }
}

/// The client, by whatever it proves itself.
async fn proven(
    context: &Context,
    record: Option<&ClientRecord>,
    credentials: &Credentials,
) -> Result<Result<AuthenticatedClient, ClientAuthenticationError>, Failure> {
    let (Some(assertion), Some(client)) = (credentials.assertion(), record) else {
        return Ok(authenticate(record, credentials, context.now));
    };
    let refused = |reason| Ok(Err(credentials.refusal(reason)));
    // Before any key is fetched for it.
    if let Err(reason) = assertion.check_client(client, context.now) {
        return refused(reason);
    }
    let jwt = assertion.jwt();
    let mut verdict = SignatureVerdict::Invalid;
    for key in key_sets::candidates(context, client, jwt).await? {
        context.env.tally().note(Operation::SignatureChecks, 1);
        let signature = jwt.signature();
        if web_crypto::verify_with_jwk(jwt.algorithm(), &key, &signature, jwt.message()).await? {
            verdict = SignatureVerdict::Valid;
            break;
        }
    }
    let once = match assertion.verify(client, verdict, &context.configuration, context.now) {
        Ok(once) => once,
        Err(reason) => return refused(reason),
    };
    let first_use = clients::claim_assertion(context, &client.client_id, &once).await?;
    Ok(once.claimed(first_use).map_err(|reason| credentials.refusal(reason)))
}

fn with_challenge(answer: Answer, challenge: Option<&'static str>) -> Answer {
    match challenge {
        Some(challenge) => answer.with_header("www-authenticate", challenge),
        None => answer,
    }
}
