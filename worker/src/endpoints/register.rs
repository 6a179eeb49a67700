//! `POST /register`
//! ([RFC 7591 section 3](https://www.rfc-editor.org/rfc/rfc7591#section-3)).

use latchkey_protocol::client::ClientPolicy;
use latchkey_protocol::client_metadata::{ClientMetadata, ClientMetadataError};
use latchkey_protocol::configuration::RegistrationAccess;
use latchkey_protocol::entropy::Entropy;
use latchkey_protocol::error::{ErrorCode, ErrorReply};
use latchkey_protocol::registration::admission::{self, AdmissionError};
use latchkey_protocol::registration::initial_access_token::InitialAccessToken;
use latchkey_protocol::registration::software_statement::{self, StatementError};
use latchkey_protocol::registration::{self, Registered, RegistrationContext};
use serde_json::{Map, Value};

use super::body_error_status;
use super::software_statements::believed;
use crate::clients;
use crate::context::Context;
use crate::failure::Failure;
use crate::http::{Answer, Incoming};
use crate::limits::{self, LimitedEndpoint};
use crate::log::Level;
use crate::objects::client_registry::messages::{CheckToken, RegisterWithToken};
use crate::platform::RuntimeEntropy;

/// Registers a client.
pub async fn post(context: &Context, incoming: &mut Incoming) -> Result<Answer, Failure> {
    if context.configuration.registration.access == RegistrationAccess::Closed {
        incoming.discard_body().await;
        return Ok(refuse(context, AdmissionError::Closed));
    }
    if let Some(answer) = limits::check(context, LimitedEndpoint::Registration).await {
        incoming.discard_body().await;
        return Ok(answer);
    }
    let body = incoming.json().await;
    let token = admission::presented_token(
        incoming.header("authorization").as_deref(),
        incoming.raw_query().unwrap_or_default(),
        &context.configuration.prefixes.initial_access_token,
    );
    let token = match token {
        Ok(token) => token,
        Err(error) => return Ok(refuse(context, error)),
    };
    let members = match body {
        Ok(body) => ClientMetadata::object(&body),
        Err(error) => {
            // Whoever may not register isn't told what would be wrong with it.
            if let Err(error) = admission::admit(&context.configuration, token.is_some(), false) {
                return Ok(refuse(context, error));
            }
            let reply = ErrorReply::new(ErrorCode::InvalidClientMetadata, error.to_string());
            return Ok(context.refuse(&reply, &error, None).with_status(body_error_status(error)));
        }
    };
    let statement = match &members {
        Ok(members) => software_statement::presented(members, &context.configuration),
        Err(_) => Ok(None),
    };
    let has_statement = !matches!(statement, Ok(None));
    if let Err(error) = admission::admit(&context.configuration, token.is_some(), has_statement) {
        return Ok(refuse(context, error));
    }
    let decided = match &token {
        None => ClientPolicy::default(),
        Some(token) => {
            // A bad token is said first (DCR-09).
            let message = CheckToken { token: token.clone() };
            match clients::ask(context, token.id.shard(), &message).await? {
                Ok(decided) => decided,
                Err(error) => return Ok(refuse(context, AdmissionError::Token(error))),
            }
        }
    };
    match registered(context, members.clone(), statement, &decided, token.as_ref()).await? {
        Ok(registered) => store(context, registered, token).await,
        Err(error) => Ok(context.refuse(&error.reply(), &error, None)),
    }
}

/// Why a description of a client is refused.
#[derive(Debug)]
enum Unusable {
    Metadata(ClientMetadataError),
    Statement(StatementError),
}

impl Unusable {
    fn reply(&self) -> ErrorReply {
        match self {
            Self::Metadata(error) => error.reply(),
            Self::Statement(error) => error.reply(),
        }
    }
}

/// The client that these members describe; it is not stored yet.
async fn registered(
    context: &Context,
    members: Result<Map<String, Value>, ClientMetadataError>,
    statement: Result<Option<&str>, StatementError>,
    decided: &ClientPolicy,
    token: Option<&InitialAccessToken>,
) -> Result<Result<Registered, Unusable>, Failure> {
    let members = match members {
        Ok(members) => members,
        Err(error) => return Ok(Err(Unusable::Metadata(error))),
    };
    let statement = match statement {
        Ok(None) => None,
        Ok(Some(text)) => match believed(context, text).await? {
            Ok(statement) => Some(statement),
            Err(error) => return Ok(Err(Unusable::Statement(error))),
        },
        Err(error) => return Ok(Err(Unusable::Statement(error))),
    };
    let mut entropy = RuntimeEntropy;
    let [random] = entropy.bytes::<1>();
    let shard = match token {
        // Where the token is, so that counting its use and storing the client are one step.
        Some(token) => token.id.shard(),
        None => random % context.configuration.client_registry_shards.max(1),
    };
    let registration = RegistrationContext::of(&context.configuration);
    let (now, statement) = (context.now, statement.as_ref());
    Ok(registration::register(members, statement, decided, &registration, shard, now, &mut entropy)
        .map_err(Unusable::Metadata))
}

async fn store(
    context: &Context,
    registered: Registered,
    token: Option<InitialAccessToken>,
) -> Result<Answer, Failure> {
    let Registered { record, response } = registered;
    let client_id = record.client_id.to_string();
    let by = token.as_ref().map(|token| token.id.as_str().to_owned());
    match token {
        None => {
            let shard = clients::shard_of(context, &record.client_id).unwrap_or_default();
            clients::register(context, shard, record).await?;
        }
        Some(token) => {
            let shard = token.id.shard();
            let message = RegisterWithToken { record, token };
            match clients::ask(context, shard, &message).await? {
                Ok(record) => drop(clients::keep(context, record)),
                Err(error) => return Ok(refuse(context, AdmissionError::Token(error))),
            }
        }
    }
    context
        .outcome(Level::Info, "registered")
        .with("client_id", client_id)
        .with("initial_access_token", by)
        .write();
    Ok(Answer::json(201, &response).not_stored())
}

fn refuse(context: &Context, error: AdmissionError) -> Answer {
    let answer = context.refuse(&error.reply(), &error, None);
    match error.challenge() {
        Some(challenge) => answer.with_header("www-authenticate", challenge),
        None => answer,
    }
}
