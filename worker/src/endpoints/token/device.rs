//! A device that asks whether its code was approved
//! ([RFC 8628 section 3.4](https://www.rfc-editor.org/rfc/rfc8628#section-3.4)).

use latchkey_protocol::client_id_metadata::ClientSnapshot;
use latchkey_protocol::grant::device_code::{Poll, PollError, Redemption};
use latchkey_protocol::user_code::UserCode;

use super::{issue, refused};
use crate::context::Context;
use crate::endpoints::client_authentication::AuthenticatedForm;
use crate::failure::Failure;
use crate::http::Answer;
use crate::keys::KeySet;
use crate::log::Level;
use crate::objects::account::messages::RedeemDevice;
use crate::objects::device_authorization::PollDevice;
use crate::objects::{self, ObjectKind};

/// What a device asks with.
pub struct Asked {
    /// Which object has its request.
    pub user_code: UserCode,
    /// What is asked of that object.
    pub poll: Poll,
    /// Every `resource` ([RFC 8707](https://www.rfc-editor.org/rfc/rfc8707)).
    pub resource: Vec<String>,
    /// What the client's metadata document says now, if it has one.
    pub client_snapshot: Option<ClientSnapshot>,
}

/// Answers a device that asks whether its code was approved
/// ([RFC 8628 section 3.4](https://www.rfc-editor.org/rfc/rfc8628#section-3.4)): the object of the
/// user code says who approved, and their account gives the tokens.
pub async fn poll(
    context: &Context,
    form: &AuthenticatedForm,
    keys: &KeySet,
    asked: Asked,
) -> Result<Answer, Failure> {
    let (env, client_id) = (&context.env, Some(form.client.client_id()));
    let message = PollDevice { poll: asked.poll };
    let kind = ObjectKind::DeviceAuthorization;
    let approved = match objects::send(env, kind, asked.user_code.as_str(), &message).await? {
        Ok(approved) => approved,
        Err(error @ PollError::Pending) => {
            // What every waiting device gets every few seconds is no refusal that anybody looks for.
            context
                .outcome(Level::Info, "device waits")
                .with_text("client_id", form.client.client_id())
                .write();
            return Ok(Answer::oauth_error(&error.reply(), &context.reference));
        }
        Err(error) => {
            let answer = context.refuse(&error.reply(), &error, client_id);
            return Ok(match error.interval() {
                Some(interval) => {
                    answer.with_header("retry-after", interval.as_seconds().to_string())
                }
                None => refused(context, form, error.is_a_guess(), answer).await,
            });
        }
    };
    let Poll { secret, client_id: asked_by } = message.poll;
    let request = Redemption {
        secret,
        client_id: asked_by,
        client_snapshot: asked.client_snapshot,
        resource: asked.resource,
    };
    let message = RedeemDevice { grant: approved.grant, request };
    let account = approved.account;
    match objects::send(env, ObjectKind::Account, account.as_str(), &message).await? {
        Ok(granted) => issue::of_person(context, form, keys, account, granted).await,
        Err(error) => {
            let refusal = context.refuse(&error.reply(), &error, client_id);
            Ok(refused(context, form, error.is_a_guess(), refusal).await)
        }
    }
}
