//! The entries of `clients` as they are written, and the limits on each
//! ([RFC 6749 section 2](https://www.rfc-editor.org/rfc/rfc6749#section-2): clients that were
//! registered by other means).

#[cfg(test)]
mod tests;
use serde_json::{Map, Value};

use super::{ConfigurationError, ProtectedResource, ScopeDefinition};
use crate::client::{
    ClientId, ClientOrigin, ClientPolicy, ClientRecord, GrantType, OwnAccess,
    TokenEndpointAuthMethod,
};
use crate::client_metadata::{ClientMetadata, is_member};
use crate::json::FromJson;
use crate::redirect_uri::RedirectUriPolicy;
use crate::registration::{MetadataRules, RegistrationError};
use crate::scope::{Scope, ScopeToken};
use crate::secret::SecretHash;
use crate::time::UnixTime;

/// A client: what the operator decides about it, and its metadata by the names of
/// [RFC 7591 section 2](https://www.rfc-editor.org/rfc/rfc7591#section-2).
#[derive(Debug, FromJson)]
pub(super) struct ClientSetting {
    client_id: ClientId,
    client_secret_sha256: Option<String>,
    #[serde(default = "yes")]
    approved: bool,
    #[serde(default)]
    disabled: bool,
    #[serde(default = "yes")]
    refresh_token_rotation: bool,
    client_credentials: Option<OwnAccessSetting>,
    #[serde(flatten)]
    metadata: Map<String, Value>,
}

/// What a client may have for itself.
#[derive(Debug, FromJson)]
#[serde(deny_unknown_fields)]
struct OwnAccessSetting {
    #[serde(default)]
    scopes: Vec<ScopeToken>,
    #[serde(default)]
    resources: Vec<String>,
}

const fn yes() -> bool {
    true
}

/// A client that the configuration knows.
#[derive(Debug, Clone)]
pub enum ConfiguredClient {
    /// All about it is in the configuration.
    Whole(Box<ClientRecord>),
    /// Its description is the document at its `client_id`; the configuration adds what the operator
    /// decides about it.
    Document {
        /// The document's URL.
        client_id: ClientId,
        /// What was decided.
        policy: ClientPolicy,
    },
}

impl ConfiguredClient {
    /// Which client.
    #[must_use]
    pub const fn client_id(&self) -> &ClientId {
        match self {
            Self::Whole(record) => &record.client_id,
            Self::Document { client_id, .. } => client_id,
        }
    }
}

/// What of the other settings a client is checked against.
#[derive(Clone, Copy)]
pub(super) struct Surroundings<'a> {
    pub scopes: &'a [ScopeDefinition],
    pub resources: &'a [ProtectedResource],
    pub redirect_uris: &'a RedirectUriPolicy,
    /// What identifiers start with that the server makes.
    pub prefix: &'a str,
    /// What the metadata of every client is checked against.
    pub rules: MetadataRules<'a>,
}

/// Reads all clients.
pub(super) fn resolve(
    settings: &[ClientSetting],
    surroundings: Surroundings<'_>,
) -> Result<Vec<ConfiguredClient>, ConfigurationError> {
    let mut clients: Vec<ConfiguredClient> = Vec::new();
    for (index, setting) in settings.iter().enumerate() {
        let key = format!("LATCHKEY.clients[{index}]");
        if clients.iter().any(|earlier| *earlier.client_id() == setting.client_id) {
            return Err(ConfigurationError::new(
                format!("{key}.client_id"),
                format!("{:?} a second time", setting.client_id.as_str()),
                "each client once",
            ));
        }
        clients.push(setting.resolve(&key, surroundings)?);
    }
    Ok(clients)
}

impl ClientSetting {
    fn resolve(
        &self,
        key: &str,
        surroundings: Surroundings<'_>,
    ) -> Result<ConfiguredClient, ConfigurationError> {
        let policy = ClientPolicy {
            approved: self.approved,
            disabled: self.disabled,
            refresh_token_rotation: self.refresh_token_rotation,
            client_credentials: self
                .client_credentials
                .as_ref()
                .map(|own| own.resolve(&format!("{key}.client_credentials"), surroundings))
                .transpose()?,
        };
        if self.client_id.is_document() {
            return self.document(key, policy);
        }
        if self.client_id.as_str().starts_with(surroundings.prefix) {
            return Err(ConfigurationError::new(
                format!("{key}.client_id"),
                format!("{:?}", self.client_id.as_str()),
                format!("a client_id that does not begin with {:?}", surroundings.prefix),
            ));
        }
        self.whole(key, policy, surroundings)
            .map(|record| ConfiguredClient::Whole(Box::new(record)))
    }

    fn document(
        &self,
        key: &str,
        policy: ClientPolicy,
    ) -> Result<ConfiguredClient, ConfigurationError> {
        let described = self.metadata.keys().next().map(String::as_str);
        let secret = self.client_secret_sha256.as_ref().map(|_| "client_secret_sha256");
        match described.or(secret) {
            Some(member) => Err(ConfigurationError::new(
                format!("{key}.{member}"),
                "a client whose client_id is the URL of its metadata document",
                "this key left out: the document says it",
            )),
            None => Ok(ConfiguredClient::Document { client_id: self.client_id.clone(), policy }),
        }
    }

    fn whole(
        &self,
        key: &str,
        policy: ClientPolicy,
        surroundings: Surroundings<'_>,
    ) -> Result<ClientRecord, ConfigurationError> {
        // Elsewhere unknown members are ignored; here one is a typing error that somebody relies on.
        if let Some(unknown) = self.metadata.keys().find(|name| !is_member(name)) {
            return Err(ConfigurationError::new(
                format!("{key}.{unknown}"),
                "a key that does not exist",
                "client metadata as RFC 7591 section 2 names it, or a key of the README's table",
            ));
        }
        let body = Value::Object(self.members()).to_string();
        let metadata = ClientMetadata::parse(body.as_bytes(), surroundings.redirect_uris).map_err(
            |error| {
                ConfigurationError::new(key, error.reply().description, "usable client metadata")
            },
        )?;
        check_grant_types(key, &policy, &metadata)?;
        let client_secret_hash = self.secret_hash(key)?;
        let method = metadata.token_endpoint_auth_method.unwrap_or(match client_secret_hash {
            Some(_) => TokenEndpointAuthMethod::ClientSecretBasic,
            None => TokenEndpointAuthMethod::None,
        });
        if method.needs_secret() != client_secret_hash.is_some() {
            return Err(ConfigurationError::new(
                format!("{key}.client_secret_sha256"),
                format!(
                    "{} with token_endpoint_auth_method = \"{}\"",
                    if client_secret_hash.is_some() { "a hash" } else { "nothing" },
                    method.as_str()
                ),
                "the SHA-256 of the client's secret for client_secret_basic and \
                 client_secret_post, and nothing for another method",
            ));
        }
        surroundings.rules.check(&metadata, method).map_err(|error| {
            let member = match error {
                RegistrationError::KeyMissing => "jwks_uri",
                RegistrationError::WebUri { member } => member,
                _ => "token_endpoint_auth_method",
            };
            ConfigurationError::new(
                format!("{key}.{member}"),
                error.reply().description,
                "a method among LATCHKEY.token_endpoint_auth_methods, and jwks or an https jwks_uri \
                 for private_key_jwt",
            )
        })?;
        if policy.client_credentials.is_some() && method == TokenEndpointAuthMethod::None {
            // RFC 6749 section 4.4: the grant MUST only be used by confidential clients.
            return Err(ConfigurationError::new(
                format!("{key}.client_credentials"),
                "a client that can not prove who it is",
                "client_secret_sha256, or a key for private_key_jwt",
            ));
        }
        Ok(ClientRecord {
            client_id: self.client_id.clone(),
            origin: ClientOrigin::Configured,
            policy,
            any_secret_method: metadata.token_endpoint_auth_method.is_none()
                && client_secret_hash.is_some(),
            metadata,
            client_secret_hash,
            previous_secret: None,
            software_statement: None,
            registration_access_token_hash: None,
            token_endpoint_auth_method: method,
            issued_at: UnixTime::from_seconds(0),
            expires_at: None,
            first_used_at: None,
            last_used_at: None,
        })
    }

    /// The metadata, with the grants of a client that may have something for itself and names none:
    /// that one and, if people are sent back to it, the one that everybody has.
    fn members(&self) -> Map<String, Value> {
        let mut members = self.metadata.clone();
        if self.client_credentials.is_some() && !members.contains_key("grant_types") {
            let redirects = members.contains_key("redirect_uris");
            let code = redirects.then_some(GrantType::AuthorizationCode);
            let grants = code.into_iter().chain([GrantType::ClientCredentials]);
            let names: Vec<&str> = grants.map(GrantType::as_str).collect();
            members.insert("grant_types".to_owned(), names.into());
        }
        members
    }

    fn secret_hash(&self, key: &str) -> Result<Option<SecretHash>, ConfigurationError> {
        let Some(text) = &self.client_secret_sha256 else { return Ok(None) };
        SecretHash::from_hexadecimal(text).map(Some).ok_or_else(|| {
            ConfigurationError::new(
                format!("{key}.client_secret_sha256"),
                "something else",
                "64 hexadecimal digits, as sha256sum prints them (the README says how to make them)",
            )
        })
    }
}

impl OwnAccessSetting {
    fn resolve(
        &self,
        key: &str,
        surroundings: Surroundings<'_>,
    ) -> Result<OwnAccess, ConfigurationError> {
        let known = |token: &ScopeToken| surroundings.scopes.iter().any(|one| one.name == *token);
        if let Some(unknown) = self.scopes.iter().find(|token| !known(token)) {
            return Err(ConfigurationError::new(
                format!("{key}.scopes"),
                format!("{:?}", unknown.as_str()),
                "the name of a scope in LATCHKEY.scopes",
            ));
        }
        let mut resources = Vec::new();
        for text in &self.resources {
            // A path means the resource that is configured at that path.
            let found = surroundings.resources.iter().find(|resource| {
                resource.identifier.as_str() == text
                    || (text.starts_with('/') && resource.place.path == *text)
            });
            let resource = found.ok_or_else(|| {
                ConfigurationError::new(
                    format!("{key}.resources"),
                    format!("{text:?}"),
                    "the path or uri of a resource in LATCHKEY.resources",
                )
            })?;
            if !resources.contains(&resource.identifier) {
                resources.push(resource.identifier.clone());
            }
        }
        if resources.is_empty() {
            let first = surroundings.resources.first();
            resources.extend(first.map(|resource| resource.identifier.clone()));
        }
        Ok(OwnAccess { scope: Scope::from_tokens(self.scopes.iter().cloned()), resources })
    }
}

/// A client may have something for itself exactly if it is registered for the grant.
fn check_grant_types(
    key: &str,
    policy: &ClientPolicy,
    metadata: &ClientMetadata,
) -> Result<(), ConfigurationError> {
    let registered = metadata.grant_types.contains(&GrantType::ClientCredentials);
    match (registered, policy.client_credentials.is_some()) {
        (false, true) => Err(ConfigurationError::new(
            format!("{key}.grant_types"),
            "a list without \"client_credentials\" beside the table of that name",
            "\"client_credentials\" among them, or no grant_types",
        )),
        (true, false) => Err(ConfigurationError::new(
            format!("{key}.client_credentials"),
            "nothing, and \"client_credentials\" among the grant_types",
            "what the client may have for itself, as { scopes = [...], resources = [...] }",
        )),
        (true, true) | (false, false) => Ok(()),
    }
}
