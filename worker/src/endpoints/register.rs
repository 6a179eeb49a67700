//! `POST /register`
//! ([RFC 7591 section 3](https://www.rfc-editor.org/rfc/rfc7591#section-3)).

use latchkey_protocol::entropy::Entropy;
use latchkey_protocol::error::{ErrorCode, ErrorReply};
use latchkey_protocol::registration::{self, RegistrationContext};

use super::body_error_status;
use crate::clients;
use crate::context::Context;
use crate::failure::Failure;
use crate::http::{Answer, Incoming};
use crate::log::Level;
use crate::platform::RuntimeEntropy;

/// Registers a client.
pub async fn post(context: &Context, incoming: &mut Incoming) -> Result<Answer, Failure> {
    let body = match incoming.json().await {
        Ok(body) => body,
        Err(error) => {
            let reply = ErrorReply::new(ErrorCode::InvalidClientMetadata, error.to_string());
            return Ok(context.refuse(&reply, &error, None).with_status(body_error_status(error)));
        }
    };
    let configuration = &context.configuration;
    let registration = RegistrationContext {
        client_id_prefix: &configuration.prefixes.client_id,
        client_secret_prefix: &configuration.prefixes.client_secret,
        redirect_uri_policy: &configuration.redirect_uris,
        lifetimes: clients::lifetimes(configuration),
        auth_methods: &configuration.token_endpoint_auth_methods,
        reach: configuration.reach(),
    };
    let mut entropy = RuntimeEntropy;
    let [random] = entropy.bytes::<1>();
    let shard = random % configuration.client_registry_shards.max(1);
    match registration::register(&body, registration, shard, context.now, &mut entropy) {
        Ok(registered) => {
            let client_id = registered.record.client_id.to_string();
            clients::register(context, shard, registered.record).await?;
            context.event(Level::Info, "registered").with("client_id", client_id).write();
            Ok(Answer::json(201, &registered.response).not_stored())
        }
        Err(error) => Ok(context.refuse(&error.reply(), &error, None)),
    }
}
