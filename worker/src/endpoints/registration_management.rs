//! `GET`, `PUT` and `DELETE /register/<client_id>`
//! ([RFC 7592 section 2](https://www.rfc-editor.org/rfc/rfc7592#section-2)).

use latchkey_protocol::bearer;
use latchkey_protocol::client::{ClientId, ClientRecord};
use latchkey_protocol::client_metadata::ClientMetadata;
use latchkey_protocol::configuration::Endpoint;
use latchkey_protocol::error::{ErrorCode, ErrorReply};
use latchkey_protocol::registration::management::{ManagedClient, ManagementError, authorize};
use latchkey_protocol::registration::software_statement::{
    self, AcceptedStatement, ReceivedStatement,
};
use latchkey_protocol::registration::{Registered, RegistrationContext};
use serde_json::{Map, Value};

use super::body_error_status;
use super::software_statements::believed;
use crate::clients::changes;
use crate::context::Context;
use crate::failure::Failure;
use crate::http::{Answer, Incoming};
use crate::limits::{self, Guess};
use crate::log::Level;
use crate::objects::client_registry::messages::StoredClient;
use crate::platform::RuntimeEntropy;

/// Answers a client that manages its registration.
pub async fn get_put_or_delete(
    context: &Context,
    incoming: &mut Incoming,
) -> Result<Answer, Failure> {
    let body = match incoming.method() {
        "PUT" => Some(incoming.json().await),
        _ => None,
    };
    let endpoints = &context.configuration.endpoints;
    let id = endpoints.id(Endpoint::RegistrationManagement, incoming.path());
    let stored = match ClientId::parse(id) {
        Some(client_id) => changes::read(context, &client_id).await?,
        None => None,
    };
    let record = stored.as_ref().map(|stored| &stored.record);
    let presented = bearer::presented(
        incoming.header("authorization").as_deref(),
        None,
        incoming.raw_query().unwrap_or_default(),
    );
    let client = match authorize(record, presented, context.now) {
        Ok(client) => client,
        Err(error) => {
            let guess = error.is_a_guess().then_some(Guess::RegistrationAccessToken);
            let refusal = refuse(context, &error, record);
            return Ok(limits::unless_too_many(context, guess, refusal).await);
        }
    };
    let Some(stored) = &stored else {
        return Ok(refuse(context, &ManagementError::UnknownClient, None));
    };
    match (incoming.method(), body) {
        ("PUT", Some(Ok(body))) => match replaced(context, client, &stored.record, &body).await? {
            Ok(registered) => put(context, stored, registered).await,
            Err(error) => Ok(refuse(context, &error, record)),
        },
        ("PUT", Some(Err(error))) => {
            let reply = ErrorReply::new(ErrorCode::InvalidClientMetadata, error.to_string());
            let answer = context.refuse(&reply, &error, record.map(|record| &record.client_id));
            Ok(answer.with_status(body_error_status(error)))
        }
        ("DELETE", _) => match client.may_change() {
            Ok(()) => {
                let client_id = &stored.record.client_id;
                changes::remove(context, client_id).await?;
                context
                    .outcome(Level::Info, "registration deleted")
                    .with_text("client_id", client_id)
                    .write();
                Ok(Answer::empty(204).not_stored())
            }
            Err(error) => Ok(refuse(context, &error, record)),
        },
        _ => {
            let registration = RegistrationContext::of(&context.configuration);
            Ok(Answer::json(200, &client.read(&registration)).not_stored())
        }
    }
}

async fn replaced(
    context: &Context,
    client: ManagedClient<'_>,
    record: &ClientRecord,
    body: &[u8],
) -> Result<Result<Registered, ManagementError>, Failure> {
    let members = match ClientMetadata::object(body) {
        Ok(members) => members,
        Err(error) => return Ok(Err(error.into())),
    };
    let statement = match statement(context, record, &members).await? {
        Ok(statement) => statement,
        Err(error) => return Ok(Err(error)),
    };
    let registration = RegistrationContext::of(&context.configuration);
    let (now, statement) = (context.now, statement.as_ref());
    Ok(client.replace(members, statement, &registration, now, &mut RuntimeEntropy))
}

/// The statement that the client sent, or else the one that it registered with.
async fn statement(
    context: &Context,
    record: &ClientRecord,
    members: &Map<String, Value>,
) -> Result<Result<Option<AcceptedStatement>, ManagementError>, Failure> {
    let known = record.software_statement.as_deref();
    let sent = match software_statement::presented(members, &context.configuration) {
        Ok(sent) => sent.filter(|sent| Some(*sent) != known),
        Err(error) => return Ok(Err(error.into())),
    };
    match (sent, known) {
        (Some(sent), _) => {
            Ok(believed(context, sent).await?.map(Some).map_err(ManagementError::Statement))
        }
        (None, Some(known)) => Ok(ReceivedStatement::parse(known)
            .map(|statement| Some(statement.accepted_before()))
            .map_err(ManagementError::Statement)),
        (None, None) => Ok(Ok(None)),
    }
}

async fn put(
    context: &Context,
    stored: &StoredClient,
    registered: Registered,
) -> Result<Answer, Failure> {
    let Registered { record, response } = registered;
    let client_id = record.client_id.to_string();
    let loses_approval = stored.record.policy.approved && !record.policy.approved;
    if !changes::change(context, stored.version, record).await? {
        // RFC 7592 has no answer for it; the same request again is decided on what is there now.
        return Err(Failure::unavailable("changing a registration", "it changed meanwhile"));
    }
    context
        .outcome(Level::Info, "registration changed")
        .with("client_id", client_id)
        .with("approval", loses_approval.then(|| "withdrawn".to_owned()))
        .write();
    Ok(Answer::json(200, &response).not_stored())
}

fn refuse(context: &Context, error: &ManagementError, record: Option<&ClientRecord>) -> Answer {
    let answer = context.refuse(&error.reply(), error, record.map(|record| &record.client_id));
    match error.challenge() {
        Some(challenge) => answer.with_header("www-authenticate", challenge),
        None => answer,
    }
}
