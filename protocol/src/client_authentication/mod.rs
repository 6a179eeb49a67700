//! Client authentication at the token and revocation endpoints
//! ([RFC 6749 section 2.3](https://www.rfc-editor.org/rfc/rfc6749#section-2.3) and
//! [section 3.2.1](https://www.rfc-editor.org/rfc/rfc6749#section-3.2.1)).
//!
//! Two steps: [`Credentials::parse`] reads who the client says it is, so that its record can be
//! found; [`authenticate`] checks the proof and hands out an [`AuthenticatedClient`], which every
//! grant wants to see. A client that signs goes through [`crate::client_assertion`] instead.

mod basic;
mod failure;

pub use failure::ClientAuthenticationFailure;

use crate::client::{ClientId, ClientRecord, TokenEndpointAuthMethod};
use crate::client_assertion::{ASSERTION_TYPE, ClientAssertion};
use crate::error::{ErrorCode, ErrorReply};
use crate::params::Parameters;
use crate::secret::Secret;
use crate::time::UnixTime;

/// The value of `WWW-Authenticate` in a 401 answer to a client that used the `Authorization` header.
pub const CHALLENGE: &str = "Basic realm=\"client authentication\", charset=\"UTF-8\"";

/// Who a client says it is, and the proof that it sent.
#[derive(Debug, Clone)]
pub struct Credentials {
    client_id: ClientId,
    proof: Proof,
    authorization_header: bool,
}

#[derive(Debug, Clone)]
enum Proof {
    None,
    Basic(Secret),
    Post(Secret),
    Assertion(Box<ClientAssertion>),
}

impl Proof {
    const fn method(&self) -> TokenEndpointAuthMethod {
        match self {
            Self::None => TokenEndpointAuthMethod::None,
            Self::Basic(_) => TokenEndpointAuthMethod::ClientSecretBasic,
            Self::Post(_) => TokenEndpointAuthMethod::ClientSecretPost,
            Self::Assertion(_) => TokenEndpointAuthMethod::PrivateKeyJwt,
        }
    }
}

impl Credentials {
    /// Reads the credentials of a request: the value of its `Authorization` header, if it has one,
    /// and its parameters.
    ///
    /// An empty secret is no secret, in the header as in the form
    /// ([RFC 6749 section 2.3.1](https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1)).
    ///
    /// # Errors
    ///
    /// - `invalid_request`: a repeated parameter, no `client_id` at all, two different ones, or a
    ///   secret both in the header and in the form.
    /// - `invalid_client`: a header that isn't Basic or can't be read, a client assertion, or a
    ///   `client_id` that no client can have.
    pub fn parse(
        authorization: Option<&str>,
        parameters: &Parameters,
    ) -> Result<Self, ClientAuthenticationError> {
        let authorization_header = authorization.is_some();
        Self::read(authorization, parameters)
            .map_err(|reason| ClientAuthenticationError { reason, authorization_header })
    }

    fn read(
        authorization: Option<&str>,
        parameters: &Parameters,
    ) -> Result<Self, ClientAuthenticationFailure> {
        use ClientAuthenticationFailure as Failure;
        let posted_id = parameters.get("client_id")?;
        let posted_secret = parameters.get("client_secret")?;
        // RFC 7521 section 4.2.1: `invalid_client` when an assertion takes part, also beside others.
        let assertion = parameters.get("client_assertion")?;
        let assertion_type = parameters.get("client_assertion_type")?;
        if assertion.is_some() || assertion_type.is_some() {
            // RFC 7521 section 4.2.1: "The client MUST NOT include more than one client
            // authentication mechanism", with an assertion invalid_client (D-04).
            if authorization.is_some() || posted_secret.is_some() {
                return Err(Failure::AssertionAndSecret);
            }
            if assertion_type != Some(ASSERTION_TYPE) {
                return Err(Failure::UnsupportedAssertion);
            }
            let assertion = ClientAssertion::parse(assertion.ok_or(Failure::AssertionMalformed)?)?;
            // RFC 7521 section 4.2: client_id is optional, and MUST name the same client.
            if posted_id.is_some_and(|posted| posted != assertion.client_id().as_str()) {
                return Err(Failure::AssertionOfAnother);
            }
            return Ok(Self {
                client_id: assertion.client_id().clone(),
                proof: Proof::Assertion(Box::new(assertion)),
                authorization_header: false,
            });
        }
        let Some(authorization) = authorization else {
            let client_id = posted_id.ok_or(Failure::ClientIdMissing)?;
            return Ok(Self {
                client_id: ClientId::parse(client_id).ok_or(Failure::UnknownClient)?,
                proof: posted_secret.map_or(Proof::None, |secret| Proof::Post(Secret::new(secret))),
                authorization_header: false,
            });
        };

        let (basic_id, basic_secret) = basic::decode(authorization)?;
        // RFC 6749 section 2.3: "The client MUST NOT use more than one authentication method in
        // each request."
        if posted_secret.is_some() {
            return Err(Failure::TwoMethods);
        }
        if posted_id.is_some_and(|posted| posted != basic_id) {
            return Err(Failure::TwoClientIds);
        }
        Ok(Self {
            client_id: ClientId::parse(&basic_id).ok_or(Failure::UnknownClient)?,
            proof: if basic_secret.expose().is_empty() {
                Proof::None
            } else {
                Proof::Basic(basic_secret)
            },
            authorization_header: true,
        })
    }

    /// The assertion, if that is how the client wants to prove itself.
    #[must_use]
    pub fn assertion(&self) -> Option<&ClientAssertion> {
        match &self.proof {
            Proof::Assertion(assertion) => Some(assertion),
            Proof::None | Proof::Basic(_) | Proof::Post(_) => None,
        }
    }

    /// Why this client isn't authenticated, as an answer to this request.
    #[must_use]
    pub const fn refusal(&self, reason: ClientAuthenticationFailure) -> ClientAuthenticationError {
        ClientAuthenticationError { reason, authorization_header: self.authorization_header }
    }

    /// Who the client says it is. Nothing is proven yet.
    #[must_use]
    pub const fn client_id(&self) -> &ClientId {
        &self.client_id
    }
}

/// A client that has proven to be itself or, if it is public, has said who it is. Only
/// [`authenticate`] makes one, and a [`SingleUse`](crate::client_assertion::SingleUse) of its.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthenticatedClient {
    client_id: ClientId,
    public: bool,
}

impl AuthenticatedClient {
    /// The client whose proof was checked.
    pub(crate) fn proven(record: &ClientRecord) -> Self {
        Self { client_id: record.client_id.clone(), public: record.is_public() }
    }

    /// Who it is.
    #[must_use]
    pub const fn client_id(&self) -> &ClientId {
        &self.client_id
    }

    /// Whether it is a public client, so that nothing but its word was checked.
    #[must_use]
    pub const fn is_public(&self) -> bool {
        self.public
    }
}

/// Checks that the client is the one it says it is. `record` is what was found under
/// [`Credentials::client_id`]; `None` when there is no such client.
///
/// The registered method is the only one
/// ([RFC 7591 section 2](https://www.rfc-editor.org/rfc/rfc7591#section-2)), except for a client
/// that named none. So a public client that sends a secret is refused as well: it was never given
/// one, so it takes itself for another client, and ignoring the secret would let it go on believing
/// that the secret protects it.
///
/// # Errors
///
/// `invalid_client`: the client is unknown, disabled or has expired, its secret is missing or wrong, or it
/// used a method that it isn't registered for.
pub fn authenticate(
    record: Option<&ClientRecord>,
    credentials: &Credentials,
    now: UnixTime,
) -> Result<AuthenticatedClient, ClientAuthenticationError> {
    check(record, credentials, now).map_err(|reason| ClientAuthenticationError {
        reason,
        authorization_header: credentials.authorization_header,
    })
}

fn check(
    record: Option<&ClientRecord>,
    credentials: &Credentials,
    now: UnixTime,
) -> Result<AuthenticatedClient, ClientAuthenticationFailure> {
    use ClientAuthenticationFailure as Failure;
    use TokenEndpointAuthMethod::PrivateKeyJwt;
    let record = record
        .filter(|record| record.client_id == credentials.client_id)
        .ok_or(Failure::UnknownClient)?;
    if record.is_expired(now) {
        return Err(Failure::ExpiredClient);
    }
    if record.policy.disabled {
        return Err(Failure::DisabledClient);
    }
    match &credentials.proof {
        Proof::None if record.token_endpoint_auth_method == PrivateKeyJwt => {
            return Err(Failure::AssertionMissing);
        }
        Proof::None if !record.is_public() => return Err(Failure::SecretMissing),
        Proof::None => {}
        // Whoever gets here has not looked at the signature.
        Proof::Assertion(_) => return Err(Failure::AssertionSignatureInvalid),
        Proof::Basic(secret) | Proof::Post(secret) => {
            if !record.accepts_method(credentials.proof.method()) {
                return Err(Failure::OtherMethodRegistered);
            }
            // RFC 6749 section 10.10: guessing is made hopeless by the secret's 256 bits; the
            // comparison takes the same time for every secret.
            if !record.has_secret(secret, now) {
                return Err(Failure::SecretWrong);
            }
        }
    }
    Ok(AuthenticatedClient::proven(record))
}

/// A failed client authentication: the reason for the log, the reply for the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAuthenticationError {
    reason: ClientAuthenticationFailure,
    authorization_header: bool,
}

impl ClientAuthenticationError {
    /// The precise reason.
    #[must_use]
    pub const fn reason(&self) -> ClientAuthenticationFailure {
        self.reason
    }

    /// What the client is told.
    #[must_use]
    pub fn reply(&self) -> ErrorReply {
        self.reason.reply()
    }

    /// What goes into `WWW-Authenticate`: [`CHALLENGE`] when a 401 answers an `Authorization`
    /// header ([RFC 6749 section 5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2)), and
    /// nothing otherwise, because a browser would ask its person for a password.
    #[must_use]
    pub const fn challenge(&self) -> Option<&'static str> {
        let unauthorized = matches!(self.reason.code(), ErrorCode::InvalidClient);
        if unauthorized && self.authorization_header { Some(CHALLENGE) } else { None }
    }
}

#[cfg(test)]
mod tests;
