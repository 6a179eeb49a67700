//! Where the server knows a client from.

use crate::json::FromJson;
use serde::Serialize;

/// Where the server knows a client from, and so who vouches for it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, FromJson)]
#[serde(rename_all = "snake_case")]
pub enum ClientOrigin {
    /// It registered itself ([RFC 7591](https://www.rfc-editor.org/rfc/rfc7591)): nobody vouches.
    #[default]
    SelfRegistered,
    /// Its `client_id` is the URL of its metadata document
    /// ([draft-ietf-oauth-client-id-metadata-document](https://datatracker.ietf.org/doc/draft-ietf-oauth-client-id-metadata-document/)):
    /// the URL's host is certain, the rest is the client's word.
    Document,
    /// The operator wrote it into the configuration.
    Configured,
    /// The operator made it by the admin API.
    Administered,
}

impl ClientOrigin {
    /// Its name, as it is stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SelfRegistered => "self_registered",
            Self::Document => "document",
            Self::Configured => "configured",
            Self::Administered => "administered",
        }
    }
}
