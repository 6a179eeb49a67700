//! What introspection says, signed for the resource server that asked
//! ([RFC 9701](https://www.rfc-editor.org/rfc/rfc9701)), so that it can be kept as evidence.

use serde::Serialize;

use super::{JwtError, Unsigned};
use crate::client::ClientId;
use crate::introspection::Introspected;
use crate::time::UnixTime;

/// `typ` of an introspection response
/// ([RFC 9701 section 5](https://www.rfc-editor.org/rfc/rfc9701#section-5)).
pub const INTROSPECTION_TYPE: &str = "token-introspection+jwt";

/// The claims of an introspection response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntrospectionClaims<'a> {
    /// `iss`: the issuer identifier, as in the metadata.
    pub issuer: &'a str,
    /// `aud`: the client that asked, which is the resource server.
    pub audience: &'a ClientId,
    /// `iat`: when the token was looked at.
    pub issued_at: UnixTime,
    /// `token_introspection`: the same as in the JSON response.
    pub introspected: &'a Introspected,
}

#[derive(Serialize)]
struct WireClaims<'a> {
    iss: &'a str,
    aud: &'a ClientId,
    token_introspection: &'a Introspected,
}

impl Unsigned {
    /// Writes header and claims of an introspection response to be signed by the key `key_id`.
    ///
    /// # Errors
    ///
    /// [`JwtError::Malformed`] when a time is beyond what a JWT can say.
    pub fn introspection(claims: &IntrospectionClaims<'_>, key_id: &str) -> Result<Self, JwtError> {
        let wire = WireClaims {
            iss: claims.issuer,
            aud: claims.audience,
            token_introspection: claims.introspected,
        };
        // RFC 9701 section 5: no `sub` and no `exp` beside them, so that nobody takes the response
        // for an access token; section 8.1: nor by its `typ`.
        Self::write(wire, INTROSPECTION_TYPE, key_id, claims.issued_at, None)
    }
}
