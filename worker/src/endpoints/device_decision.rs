//! What a signed-in person decides about a device that shows a code.

use latchkey_protocol::client::{ClientId, ClientRecord};
use latchkey_protocol::client_id_metadata::ClientSnapshot;
use latchkey_protocol::device_authorization::DeviceAuthorizationRequest;
use latchkey_protocol::grant::authorization_code::Approval;
use latchkey_protocol::grant::device_code::{DecideError, LookUp};
use latchkey_protocol::identifier::{AccountId, GrantId};
use latchkey_protocol::user_code::UserCode;
use std::rc::Rc;

use crate::clients::{self, DocumentProblem, NotFound};
use crate::context::Context;
use crate::failure::Failure;
use crate::log::Level;
use crate::objects::account::messages::{Approved, ApprovedBy, GrantDevice};
use crate::objects::device_authorization::{ApproveCode, LookUpCode};
use crate::objects::{self, ObjectKind};

/// What came of pressing Allow.
pub enum Outcome {
    /// The device can fetch its tokens, or has done so.
    Allowed(Rc<ClientRecord>),
    /// The session is over.
    NotSignedIn,
    /// Nothing was allowed.
    Refused(DecideError),
    /// There is no client to allow anything to.
    NoClient(NoClient),
}

/// Why there is no client that a device could get its tokens as.
pub enum NoClient {
    /// It was removed, disabled or described anew since it asked.
    Gone(ClientId),
    /// Its document can't be used, perhaps only now.
    Document(ClientId, DocumentProblem),
}

/// Looks a code up for a person. That they may is for the caller to know.
pub async fn look_up(
    context: &Context,
    account: &AccountId,
    user_code: &UserCode,
) -> Result<LookUp, Failure> {
    let message = LookUpCode { viewer: account.clone() };
    let kind = ObjectKind::DeviceAuthorization;
    objects::send(&context.env, kind, user_code.as_str(), &message).await
}

/// The client of a request, if it is still there, may still get something, and is still described as it
/// was when it asked.
pub async fn client_of(
    context: &Context,
    request: &DeviceAuthorizationRequest,
) -> Result<Result<Rc<ClientRecord>, NoClient>, Failure> {
    let id = request.client_id.clone();
    Ok(match clients::find(context, &id).await? {
        Ok(client)
            if client.policy.disabled || ClientSnapshot::of(&client) != request.client_snapshot =>
        {
            Err(NoClient::Gone(id))
        }
        Ok(client) => Ok(client),
        Err(NotFound::Unknown) => Err(NoClient::Gone(id)),
        Err(NotFound::Document(problem)) => Err(NoClient::Document(id, problem)),
    })
}

/// Allows the device that shows `user_code` to use an account, as whoever `by` says. `shown` is the
/// grant of the request that the person was shown; `None` allows whichever has the code.
///
/// The request itself says first who allowed it, so that of two people only one does; then their
/// account makes the grant. Whatever breaks in between, pressing Allow again goes on from there.
pub async fn approve(
    context: &Context,
    account: &AccountId,
    by: ApprovedBy,
    user_code: &UserCode,
    shown: Option<&GrantId>,
) -> Result<Outcome, Failure> {
    let message = ApproveCode { account: account.clone(), shown: shown.cloned() };
    let kind = ObjectKind::DeviceAuthorization;
    let decided = objects::send(&context.env, kind, user_code.as_str(), &message).await?;
    let approved = match decided {
        Ok(approved) => approved,
        Err(error) => return Ok(Outcome::Refused(error)),
    };
    let client = match client_of(context, &approved.request).await? {
        Ok(client) => client,
        Err(why) => return Ok(Outcome::NoClient(why)),
    };
    // Used clients live on. This comes first: a grant of a client that is about to be forgotten
    // would be of no use.
    if !clients::note_consent(context, &client, account).await? {
        return Ok(Outcome::NoClient(NoClient::Gone(client.client_id.clone())));
    }
    let grant = approved.grant.clone();
    let message = GrantDevice {
        account: account.clone(),
        by,
        approved,
        client_name: client.metadata.client_name.clone(),
    };
    match objects::send(&context.env, ObjectKind::Account, account.as_str(), &message).await? {
        Approved::Done(Approval::CodeIssued | Approval::AlreadyUsed) => {
            context
                .outcome(Level::Info, "device allowed")
                .with_text("client_id", &client.client_id)
                .with_pseudonym("account", account.as_str())
                .with_pseudonym("grant", grant.as_str())
                .write();
            Ok(Outcome::Allowed(client))
        }
        Approved::NotSignedIn | Approved::NotAllowedBefore => Ok(Outcome::NotSignedIn),
    }
}
