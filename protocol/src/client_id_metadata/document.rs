//! What a metadata document may say
//! ([section 4](https://datatracker.ietf.org/doc/html/draft-ietf-oauth-client-id-metadata-document#section-4)).

use serde_json::Value;
use std::fmt;

use super::url::{DocumentUrl, DocumentUrlError};
use super::{MAXIMUM_DOCUMENT, Reach};
use crate::client::{ClientId, ClientOrigin, ClientPolicy, ClientRecord, TokenEndpointAuthMethod};
use crate::client_metadata::{ClientMetadata, ClientMetadataError};
use crate::redirect_uri::RedirectUriPolicy;
use crate::time::UnixTime;

/// Why a document isn't believed. It says nothing about the next one: a failure is never kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DocumentError {
    /// It has more than [`MAXIMUM_DOCUMENT`] bytes.
    TooLong,
    /// Its `Content-Type` isn't JSON, so it is a page about an error or a challenge for people.
    NotJson,
    /// Its metadata can't be used.
    Metadata(ClientMetadataError),
    /// It is about another client, or about none.
    AnotherClientId,
    /// It has a secret, or asks for one: everybody can read it.
    Secret,
    /// It asks for `private_key_jwt` and has no key, or its `jwks_uri` may not be fetched.
    NoKey(Option<DocumentUrlError>),
}

impl fmt::Display for DocumentError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => write!(formatter, "It is longer than {MAXIMUM_DOCUMENT} bytes."),
            Self::NotJson => formatter.write_str("Its Content-Type is not application/json."),
            Self::Metadata(error) => formatter.write_str(&error.reply().description),
            Self::AnotherClientId => formatter
                .write_str("Its member 'client_id' is not the URL that it was fetched from."),
            Self::Secret => formatter.write_str(
                "It has a client secret or asks for one; use 'none' or 'private_key_jwt'.",
            ),
            Self::NoKey(None) => formatter
                .write_str("It asks for 'private_key_jwt' and has neither 'jwks' nor 'jwks_uri'."),
            Self::NoKey(Some(error)) => write!(formatter, "Its member 'jwks_uri': {error}"),
        }
    }
}

impl std::error::Error for DocumentError {}

/// Reads the document that `url` answered with status 200.
///
/// [Section 4.1](https://datatracker.ietf.org/doc/html/draft-ietf-oauth-client-id-metadata-document#section-4.1).
/// `offered` are the authentication methods of this deployment; the client gets the first of its own
/// that is among them, and is public when it names none.
///
/// # Errors
///
/// [`DocumentError`]; `invalid_client` for whoever uses this `client_id`.
pub fn read(
    url: &DocumentUrl,
    content_type: Option<&str>,
    body: &[u8],
    redirect_uris: &RedirectUriPolicy,
    offered: &[TokenEndpointAuthMethod],
    reach: Reach,
) -> Result<ClientMetadata, DocumentError> {
    // Section 6.6: a limit, so that nobody has the server read without end.
    if body.len() > MAXIMUM_DOCUMENT {
        return Err(DocumentError::TooLong);
    }
    if !is_json(content_type.unwrap_or_default()) {
        return Err(DocumentError::NotJson);
    }
    let members = ClientMetadata::object(body).map_err(DocumentError::Metadata)?;
    // Section 4.1: "The client_id property's value MUST match the URL of the document using simple
    // string comparison".
    if members.get("client_id").and_then(Value::as_str) != Some(url.as_str()) {
        return Err(DocumentError::AnotherClientId);
    }
    // Section 4.1: "The client_secret and client_secret_expires_at properties MUST NOT be used", and
    // no method that needs a secret.
    let has = |name: &str| members.get(name).is_some_and(|value| !value.is_null());
    let asks_for_secret = members
        .get("token_endpoint_auth_method")
        .and_then(Value::as_str)
        .is_some_and(|method| method.starts_with("client_secret_"));
    if has("client_secret") || has("client_secret_expires_at") || asks_for_secret {
        return Err(DocumentError::Secret);
    }
    let mut metadata =
        ClientMetadata::from_object(members, redirect_uris).map_err(DocumentError::Metadata)?;
    let possible: Vec<_> =
        offered.iter().copied().filter(|method| !method.needs_secret()).collect();
    let method =
        metadata.choose_auth_method(&possible).map_err(DocumentError::Metadata)?.unwrap_or(
            // RFC 7591's default is a secret, which a document can't have.
            TokenEndpointAuthMethod::None,
        );
    metadata.token_endpoint_auth_method = Some(method);
    if method == TokenEndpointAuthMethod::PrivateKeyJwt {
        if let Some(jwks_uri) = &metadata.jwks_uri {
            DocumentUrl::parse(jwks_uri, reach)
                .map_err(|error| DocumentError::NoKey(Some(error)))?;
        } else if metadata.jwks.is_none() {
            return Err(DocumentError::NoKey(None));
        }
    }
    Ok(metadata)
}

/// The client that a document describes.
#[must_use]
pub fn record(
    client_id: &ClientId,
    metadata: ClientMetadata,
    policy: ClientPolicy,
    fetched_at: UnixTime,
) -> ClientRecord {
    ClientRecord {
        client_id: client_id.clone(),
        origin: ClientOrigin::Document,
        policy,
        token_endpoint_auth_method: metadata
            .token_endpoint_auth_method
            .unwrap_or(TokenEndpointAuthMethod::None),
        metadata,
        client_secret_hash: None,
        previous_secret: None,
        software_statement: None,
        registration_access_token_hash: None,
        any_secret_method: false,
        issued_at: fetched_at,
        expires_at: None,
        first_used_at: None,
        last_used_at: None,
    }
}

/// Whether a `Content-Type` is `application/json` or a more specific `application/*+json`
/// ([RFC 6839 section 3.1](https://www.rfc-editor.org/rfc/rfc6839#section-3.1)).
fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match essence.strip_prefix("application/") {
        Some("json") => true,
        Some(specific) => specific.strip_suffix("+json").is_some_and(|name| !name.is_empty()),
        None => false,
    }
}

#[cfg(test)]
#[path = "document_tests.rs"]
mod tests;
