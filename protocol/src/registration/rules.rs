//! What a deployment asks of a client's metadata beyond the metadata itself: how the client may prove who
//! it is, and where its keys may be.

use super::RegistrationError;
use crate::client::TokenEndpointAuthMethod;
use crate::client_id_metadata::{DocumentUrl, Reach};
use crate::client_metadata::ClientMetadata;
use crate::configuration::Configuration;

/// What a client's metadata is checked against, wherever it comes from.
#[derive(Debug, Clone, Copy)]
pub struct MetadataRules<'a> {
    /// How clients may authenticate.
    pub auth_methods: &'a [TokenEndpointAuthMethod],
    /// From where the keys of a client may be fetched.
    pub reach: Reach,
}

impl<'a> MetadataRules<'a> {
    /// Those of this deployment.
    #[must_use]
    pub fn of(configuration: &'a Configuration) -> Self {
        Self {
            auth_methods: &configuration.token_endpoint_auth_methods,
            reach: configuration.reach(),
        }
    }

    /// Chooses the client's method and writes it into the metadata; whether the client may use any
    /// that takes its secret.
    pub(crate) fn settle(
        self,
        metadata: &mut ClientMetadata,
    ) -> Result<(TokenEndpointAuthMethod, bool), RegistrationError> {
        let chosen = metadata.choose_auth_method(self.auth_methods)?;
        // RFC 7591 section 2: "If unspecified or omitted, the default is 'client_secret_basic'". Many
        // clients leave the method out and then post the secret, so both ways work for them.
        let method = chosen.unwrap_or(TokenEndpointAuthMethod::ClientSecretBasic);
        metadata.token_endpoint_auth_method = chosen;
        check_keys(metadata, method, self.reach)?;
        Ok((method, chosen.is_none()))
    }

    /// Passes when a client that uses `method` can be served here.
    pub(crate) fn check(
        self,
        metadata: &ClientMetadata,
        method: TokenEndpointAuthMethod,
    ) -> Result<(), RegistrationError> {
        if !self.auth_methods.contains(&method) {
            return Err(RegistrationError::UnsupportedAuthMethod);
        }
        check_keys(metadata, method, self.reach)
    }
}

/// DCR-06: a client that signs has keys, and they can be fetched if they are elsewhere.
fn check_keys(
    metadata: &ClientMetadata,
    method: TokenEndpointAuthMethod,
    reach: Reach,
) -> Result<(), RegistrationError> {
    if method != TokenEndpointAuthMethod::PrivateKeyJwt {
        return Ok(());
    }
    match (&metadata.jwks_uri, &metadata.jwks) {
        (Some(uri), _) => DocumentUrl::parse(uri, reach)
            .map(|_| ())
            .map_err(|_| RegistrationError::WebUri { member: "jwks_uri" }),
        (None, Some(_)) => Ok(()),
        (None, None) => Err(RegistrationError::KeyMissing),
    }
}
