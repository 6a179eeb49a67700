//! What the gateway asserts to the server behind it: who calls, signed with the keys of the JWKS.
//!
//! A server that doesn't trust its network checks it as any JWT
//! ([RFC 7519 section 7.2](https://www.rfc-editor.org/rfc/rfc7519#section-7.2)): type, signature,
//! issuer, audience and expiry. It is made anew for each request.

use serde::Serialize;

use super::{JwtError, Unsigned};
use crate::client::ClientId;
use crate::resource::ResourceIndicator;
use crate::scope::Scope;
use crate::subject::Subject;
use crate::time::{Lifetime, UnixTime};

/// How long an assertion lives: as long as a request needs to arrive.
pub const ASSERTION_LIFETIME: Lifetime = Lifetime::seconds(60);
/// `typ` of an assertion ([RFC 8725 section 3.11](https://www.rfc-editor.org/rfc/rfc8725#section-3.11)).
pub const ASSERTION_TYPE: &str = "latchkey-assertion+jwt";

/// The claims of an assertion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssertionClaims {
    /// `iss`: the issuer identifier, as in the metadata.
    pub issuer: String,
    /// `aud`: the resource that is called.
    pub audience: ResourceIndicator,
    /// `sub`: the person or, when it acts for itself, the client; `subject_type` says which.
    pub subject: Subject,
    /// `client_id`: the client that calls; `None` for a personal access token.
    pub client_id: Option<ClientId>,
    /// `scope`: what the credential allows.
    pub scope: Scope,
    /// `jti`: unique per assertion.
    pub token_id: String,
    /// `iat`.
    pub issued_at: UnixTime,
    /// `exp`, at most [`ASSERTION_LIFETIME`] later.
    pub expires_at: UnixTime,
}

#[derive(Serialize)]
struct WireClaims<'a> {
    iss: &'a str,
    sub: &'a Subject,
    subject_type: &'static str,
    aud: &'a ResourceIndicator,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<&'a ClientId>,
    #[serde(skip_serializing_if = "Scope::is_empty")]
    scope: &'a Scope,
    jti: &'a str,
}

impl Unsigned {
    /// Writes header and claims of an assertion to be signed by the key `key_id`.
    ///
    /// # Errors
    ///
    /// [`JwtError::Malformed`] when a time is beyond what a JWT can say.
    pub fn assertion(claims: &AssertionClaims, key_id: &str) -> Result<Self, JwtError> {
        let wire = WireClaims {
            iss: &claims.issuer,
            sub: &claims.subject,
            subject_type: claims.subject.kind(),
            aud: &claims.audience,
            client_id: claims.client_id.as_ref(),
            scope: &claims.scope,
            jti: &claims.token_id,
        };
        // RFC 9068 section 2.1: never at+jwt, so that it never passes for an access token.
        Self::write(wire, ASSERTION_TYPE, key_id, claims.issued_at, Some(claims.expires_at))
    }
}
