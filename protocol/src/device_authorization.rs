//! The device authorization request
//! ([RFC 8628 section 3.1](https://www.rfc-editor.org/rfc/rfc8628#section-3.1)) and its answer. What
//! becomes of it is decided in [`crate::grant::device_code`].

use serde::Serialize;

use crate::client::{ClientId, ClientRecord, GrantType};
use crate::client_authentication::AuthenticatedClient;
use crate::client_id_metadata::ClientSnapshot;
use crate::configuration::{Configuration, Endpoint};
use crate::error::{ErrorCode, ErrorReply};
use crate::grant::device_code::{DeviceAuthorizationRecord, INITIAL_INTERVAL};
use crate::json::FromJson;
use crate::params::{Parameters, RepeatedParameter, encode};
use crate::requested_scope::{RequestedScopeError, requested_scope};
use crate::resource::{ResourceIndicator, TargetError};
use crate::scope::Scope;
use crate::secret::Secret;
use crate::token::DeviceCode;
use crate::user_code::UserCode;

/// A checked device authorization request.
#[derive(Debug, Clone, Serialize, FromJson)]
pub struct DeviceAuthorizationRequest {
    /// Who asks.
    pub client_id: ClientId,
    /// What is asked for, as far as it exists.
    pub scope: Scope,
    /// For which resources.
    pub resources: Vec<ResourceIndicator>,
    /// What the client's metadata document said, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_snapshot: Option<ClientSnapshot>,
}

/// Why a device authorization request is refused. Nothing is stored of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceAuthorizationError {
    /// A parameter came twice.
    Repeated(RepeatedParameter),
    /// The client didn't register for the grant.
    GrantTypeNotRegistered,
    /// `scope` comes to nothing.
    Scope(RequestedScopeError),
    /// A `resource` that is none of ours.
    Resource(TargetError),
}

impl DeviceAuthorizationError {
    /// The client's part.
    #[must_use]
    pub fn reply(self) -> ErrorReply {
        use ErrorCode as Code;
        match self {
            Self::Repeated(error) => ErrorReply::new(Code::InvalidRequest, error.to_string()),
            Self::GrantTypeNotRegistered => ErrorReply::new(
                Code::UnauthorizedClient,
                "The client is not registered for the device grant. Register with grant_types that \
                 have urn:ietf:params:oauth:grant-type:device_code among them.",
            ),
            Self::Scope(error) => ErrorReply::new(Code::InvalidScope, error.description()),
            Self::Resource(error) => ErrorReply::new(Code::InvalidTarget, error.to_string()),
        }
    }
}

impl From<RepeatedParameter> for DeviceAuthorizationError {
    fn from(repeated: RepeatedParameter) -> Self {
        Self::Repeated(repeated)
    }
}

/// Checks the request of an authenticated client, whose record is `record`. Scopes and resources are
/// read as at the authorization endpoint.
///
/// A client has to have registered for the grant: the page that approves shows the client's name, and
/// a name that a person has come to trust must not be there for everybody's devices to use.
///
/// # Errors
///
/// - `unauthorized_client`: the client didn't register for the grant.
/// - `invalid_scope`, `invalid_target`: as at the authorization endpoint.
/// - `invalid_request`: `scope` came twice.
pub fn check(
    form: &Parameters,
    client: &AuthenticatedClient,
    record: &ClientRecord,
    configuration: &Configuration,
) -> Result<DeviceAuthorizationRequest, DeviceAuthorizationError> {
    if !record.may_use(GrantType::DeviceCode) {
        return Err(DeviceAuthorizationError::GrantTypeNotRegistered);
    }
    Ok(DeviceAuthorizationRequest {
        client_id: client.client_id().clone(),
        scope: requested_scope(form.get("scope")?, configuration)
            .map_err(DeviceAuthorizationError::Scope)?,
        resources: configuration
            .resources
            .resolve(form.all("resource"))
            .map_err(DeviceAuthorizationError::Resource)?,
        client_snapshot: ClientSnapshot::of(record),
    })
}

/// The answer
/// ([RFC 8628 section 3.2](https://www.rfc-editor.org/rfc/rfc8628#section-3.2)). It is the only place
/// that has the device code.
#[derive(Debug, Serialize)]
pub struct DeviceAuthorizationResponse {
    device_code: Secret,
    user_code: String,
    verification_uri: String,
    verification_uri_complete: String,
    expires_in: u64,
    interval: u64,
}

impl DeviceAuthorizationResponse {
    /// The answer to a request that was stored as `record`.
    #[must_use]
    pub fn new(
        record: &DeviceAuthorizationRecord,
        device_code: &DeviceCode,
        configuration: &Configuration,
    ) -> Self {
        Self {
            device_code: device_code.to_wire(&configuration.prefixes.device_code),
            user_code: record.user_code.to_string(),
            verification_uri: configuration.endpoints.url(Endpoint::Device),
            verification_uri_complete: verification_uri_complete(&record.user_code, configuration),
            expires_in: record.expires_at.since(record.created_at).as_seconds(),
            interval: INITIAL_INTERVAL.as_seconds(),
        }
    }
}

/// The address of the page with the code in it
/// ([RFC 8628 section 3.3.1](https://www.rfc-editor.org/rfc/rfc8628#section-3.3.1)): what the QR code
/// says.
#[must_use]
pub fn verification_uri_complete(user_code: &UserCode, configuration: &Configuration) -> String {
    let page = configuration.endpoints.url(Endpoint::Device);
    format!("{page}?{}", encode(&[("user_code", &user_code.to_string())]))
}

#[cfg(test)]
#[path = "device_authorization_tests.rs"]
mod tests;
