//! How a client manages its own registration
//! ([RFC 7592](https://www.rfc-editor.org/rfc/rfc7592)).
//!
//! The registration access token never changes: a client that lost the answer to a change would
//! otherwise be locked out of its registration for good.

#[cfg(test)]
#[path = "management_tests.rs"]
mod tests;

use serde_json::{Map, Value};

use super::software_statement::{AcceptedStatement, StatementError};
use super::{Registered, RegistrationContext, RegistrationResponse, replace_metadata};
use crate::bearer::{PresentationError, Presented};
use crate::client::ClientRecord;
use crate::client_metadata::{ClientMetadata, ClientMetadataError};
use crate::entropy::Entropy;
use crate::error::{ErrorCode, ErrorReply};
use crate::secret::Secret;
use crate::time::UnixTime;

/// What a client may not send back, though it is told it
/// ([RFC 7592 section 2.2](https://www.rfc-editor.org/rfc/rfc7592#section-2.2)).
const NOT_TO_BE_SENT: [&str; 4] = [
    "registration_access_token",
    "registration_client_uri",
    "client_secret_expires_at",
    "client_id_issued_at",
];

/// A client that has shown the token of its own registration. Only [`authorize`] makes one.
#[derive(Debug)]
pub struct ManagedClient<'a> {
    record: &'a ClientRecord,
    token: Secret,
}

/// Checks the token. `record` is the client at whose URI the request arrived; `None` when there is no
/// such client.
///
/// # Errors
///
/// 401 in every case, in the same words, so that nobody learns which clients there are
/// ([RFC 7592 section 2.1](https://www.rfc-editor.org/rfc/rfc7592#section-2.1)).
pub fn authorize(
    record: Option<&ClientRecord>,
    presented: Result<Presented, PresentationError>,
    now: UnixTime,
) -> Result<ManagedClient<'_>, ManagementError> {
    let token = match presented {
        Ok(Presented::Bearer(token)) => token,
        Ok(Presented::ApiKey(_)) | Err(PresentationError::Nothing) => {
            return Err(ManagementError::NoToken);
        }
        Err(error) => return Err(ManagementError::Unreadable(error)),
    };
    let record =
        record.filter(|record| !record.is_expired(now)).ok_or(ManagementError::UnknownClient)?;
    let hash = record.registration_access_token_hash.ok_or(ManagementError::NotManaged)?;
    if hash.matches(&token) {
        Ok(ManagedClient { record, token })
    } else {
        Err(ManagementError::WrongToken)
    }
}

impl ManagedClient<'_> {
    /// The registration as it is
    /// ([RFC 7592 section 2.1](https://www.rfc-editor.org/rfc/rfc7592#section-2.1)). The secret is
    /// not in it: only its hash is stored.
    #[must_use]
    pub fn read(self, context: &RegistrationContext<'_>) -> RegistrationResponse {
        RegistrationResponse::new(self.record, None, self.token, context)
    }

    /// Passes when the client may change or delete its registration.
    ///
    /// # Errors
    ///
    /// 403: the operator has disabled the client.
    pub const fn may_change(&self) -> Result<(), ManagementError> {
        if self.record.policy.disabled { Err(ManagementError::Disabled) } else { Ok(()) }
    }

    /// Replaces the registration whole: what the body leaves out is gone
    /// ([RFC 7592 section 2.2](https://www.rfc-editor.org/rfc/rfc7592#section-2.2)).
    ///
    /// `statement` is the one in the body, or else the one that the client registered with: what was
    /// vouched for stays so. A client whose name, addresses or keys change is no longer the one that
    /// the operator approved.
    ///
    /// # Errors
    ///
    /// - `invalid_redirect_uri`, `invalid_client_metadata`: as when it registered; the `client_id` is
    ///   missing or another, the `client_secret` is another, or there is a member that must not be sent.
    /// - 403: the operator has disabled the client.
    pub fn replace(
        self,
        members: Map<String, Value>,
        statement: Option<&AcceptedStatement>,
        context: &RegistrationContext<'_>,
        now: UnixTime,
        entropy: &mut impl Entropy,
    ) -> Result<Registered, ManagementError> {
        self.may_change()?;
        // RFC 7592 section 2.2: the client "MUST NOT include" them.
        if let Some(member) = NOT_TO_BE_SENT.into_iter().find(|name| members.contains_key(*name)) {
            return Err(ManagementError::MustNotBeSent { member });
        }
        // RFC 7592 section 2.2: "The updated client metadata fields request MUST include the
        // client's 'client_id' field, which MUST be the same as its currently issued one."
        match members.get("client_id") {
            Some(Value::String(id)) if *id == self.record.client_id.as_str() => {}
            _ => return Err(ManagementError::OtherClientId),
        }
        // RFC 7592 section 2.2: the value "MUST match the currently issued client secret".
        match members.get("client_secret") {
            None | Some(Value::Null) => {}
            Some(Value::String(text)) if text.is_empty() => {}
            Some(Value::String(text)) if self.record.has_secret(&Secret::new(text), now) => {}
            Some(_) => return Err(ManagementError::OtherSecret),
        }
        let members = match statement {
            Some(statement) => statement.over(members),
            None => members,
        };
        let metadata = ClientMetadata::from_object(members, context.redirect_uri_policy)?;
        let mut record = self.record.clone();
        if changes_identity(&record.metadata, &metadata) {
            // A change may only take the approval away: to be approved (again) is the operator's to say.
            record.policy.approved &= statement.is_some_and(AcceptedStatement::is_approval);
        }
        record.software_statement = statement.map(|statement| statement.text().to_owned());
        let prefix = &context.prefixes.client_secret;
        let client_secret =
            replace_metadata(&mut record, metadata, context.rules, prefix, entropy)?;
        let response = RegistrationResponse::new(&record, client_secret, self.token, context);
        Ok(Registered { record, response })
    }
}

/// Whether the new metadata says something else about who the client is or where it gets its codes.
fn changes_identity(old: &ClientMetadata, new: &ClientMetadata) -> bool {
    let identity = |metadata: &ClientMetadata| {
        let mut identity = metadata.to_members();
        // What it asks for, how it is reached and which version it is do not make it another. A grant
        // does: whoever approved an app has not approved a device.
        for harmless in ["scope", "contacts", "software_version"] {
            identity.remove(harmless);
        }
        identity
    };
    identity(old) != identity(new)
}

/// Why a request to manage a registration is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ManagementError {
    /// It has no token.
    NoToken,
    /// Its token can't be read.
    Unreadable(PresentationError),
    /// There is no such client.
    UnknownClient,
    /// The client has no registration access token.
    NotManaged,
    /// The token is not this client's.
    WrongToken,
    /// The operator has disabled the client.
    Disabled,
    /// The body has what must not be sent.
    MustNotBeSent {
        /// Which member.
        member: &'static str,
    },
    /// The `client_id` is missing or another.
    OtherClientId,
    /// The `client_secret` is another.
    OtherSecret,
    /// The metadata can't be registered.
    Metadata(ClientMetadataError),
    /// The software statement doesn't count.
    Statement(StatementError),
}

impl From<ClientMetadataError> for ManagementError {
    fn from(error: ClientMetadataError) -> Self {
        Self::Metadata(error)
    }
}

impl From<StatementError> for ManagementError {
    fn from(error: StatementError) -> Self {
        Self::Statement(error)
    }
}

impl ManagementError {
    /// Whether the token may be made up. Of a client that isn't there it counts the same, so that counting
    /// tells nobody which clients there are.
    #[must_use]
    pub const fn is_a_guess(&self) -> bool {
        match self {
            Self::UnknownClient | Self::NotManaged | Self::WrongToken => true,
            Self::NoToken
            | Self::Unreadable(_)
            | Self::Disabled
            | Self::MustNotBeSent { .. }
            | Self::OtherClientId
            | Self::OtherSecret
            | Self::Metadata(_)
            | Self::Statement(_) => false,
        }
    }

    /// What the client is told.
    #[must_use]
    pub fn reply(&self) -> ErrorReply {
        match self {
            // DCM-04: one answer for all of them, to the byte.
            Self::NoToken
            | Self::Unreadable(_)
            | Self::UnknownClient
            | Self::NotManaged
            | Self::WrongToken => ErrorReply::new(
                ErrorCode::InvalidToken,
                "The registration access token is missing or not good for this registration; \
                 register again if it is lost.",
            ),
            Self::Disabled => ErrorReply::new(
                ErrorCode::InsufficientScope,
                "The operator of this server has disabled the client, so that its registration can \
                 not be changed.",
            ),
            Self::MustNotBeSent { member } => ErrorReply::new(
                ErrorCode::InvalidClientMetadata,
                format!("The member '{member}' must not be sent; leave it out."),
            ),
            Self::OtherClientId => ErrorReply::new(
                ErrorCode::InvalidClientMetadata,
                "The member 'client_id' has to be the identifier of this registration.",
            ),
            Self::OtherSecret => ErrorReply::new(
                ErrorCode::InvalidClientMetadata,
                "The member 'client_secret' is not the client's secret; leave it out to keep it.",
            ),
            Self::Metadata(error) => error.reply(),
            Self::Statement(error) => error.reply(),
        }
    }

    /// What goes into `WWW-Authenticate`; `None` where the token is not the matter.
    #[must_use]
    pub const fn challenge(&self) -> Option<&'static str> {
        match self {
            Self::NoToken => Some("Bearer realm=\"registration\""),
            Self::Unreadable(_) | Self::UnknownClient | Self::NotManaged | Self::WrongToken => {
                Some("Bearer realm=\"registration\", error=\"invalid_token\"")
            }
            Self::Disabled
            | Self::MustNotBeSent { .. }
            | Self::OtherClientId
            | Self::OtherSecret
            | Self::Metadata(_)
            | Self::Statement(_) => None,
        }
    }
}
