//! `POST /device_authorization`
//! ([RFC 8628 section 3.1](https://www.rfc-editor.org/rfc/rfc8628#section-3.1)).

use latchkey_protocol::device::{self, Origin};
use latchkey_protocol::device_authorization::{self, DeviceAuthorizationResponse};
use latchkey_protocol::grant::device_code::DeviceAuthorizationRecord;

use super::client_authentication::authenticated_form;
use crate::context::Context;
use crate::failure::Failure;
use crate::http::{Answer, Incoming};
use crate::limits::{self, LimitedEndpoint};
use crate::log::Level;
use crate::objects::device_authorization::Begin;
use crate::objects::{self, ObjectKind};
use crate::platform::RuntimeEntropy;

/// How many user codes are tried before this counts as trouble. With a million requests waiting, two
/// in a row are taken once in 2.5 million times.
const DRAWS: usize = 4;

/// Answers a device that asks for a code. Everything is checked before anything is stored.
pub async fn post(context: &Context, incoming: &mut Incoming) -> Result<Answer, Failure> {
    // needs 32: each good request makes an object, so floods of one network end here.
    if let Some(answer) = limits::check(context, LimitedEndpoint::DeviceAuthorization).await {
        incoming.discard_body().await;
        return Ok(answer);
    }
    let form = match authenticated_form(context, incoming).await? {
        Ok(form) => form,
        Err(answer) => return Ok(answer),
    };
    let configuration = &context.configuration;
    let client_id = form.client.client_id();
    let request =
        match device_authorization::check(&form.form, &form.client, &form.record, configuration) {
            Ok(request) => request,
            Err(error) => return Ok(context.refuse(&error.reply(), &error, Some(client_id))),
        };
    let origin = Origin {
        program: incoming.header("user-agent").as_deref().and_then(device::describe_any),
        // On a developer's machine the runtime makes a place up.
        place: incoming.place().filter(|_| configuration.issuer.is_https()),
    };
    for _ in 0..DRAWS {
        let (record, device_code) = DeviceAuthorizationRecord::begin(
            request.clone(),
            origin.clone(),
            &configuration.lifetimes,
            context.now,
            &mut RuntimeEntropy,
        );
        let response = DeviceAuthorizationResponse::new(&record, &device_code, configuration);
        let (kind, grant) = (ObjectKind::DeviceAuthorization, record.grant.clone());
        let name = record.user_code.clone();
        let message = Begin { record };
        if objects::send(&context.env, kind, name.as_str(), &message).await? {
            context
                .outcome(Level::Info, "device asks")
                .with_text("client_id", client_id)
                .with_pseudonym("grant", grant.as_str())
                .write();
            // RFC 8628 section 3.2; RFC 6749 section 5.1: what holds a secret is not stored.
            return Ok(Answer::json(200, &response).not_stored());
        }
    }
    Err(Failure::unavailable("drawing a user code", "each one that was drawn is taken"))
}
