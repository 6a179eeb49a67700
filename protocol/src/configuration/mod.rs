//! The deployment's settings: read once, checked whole, then passed around as one typed value.
//!
//! Settings are the table `LATCHKEY` under `[vars]` in `wrangler.toml`, which arrives as JSON, and
//! the string `ISSUER`. A wrong setting is refused with the key, what was found and what is wanted.

mod client_settings;
mod development;
mod endpoints;
mod error;
mod issuer;
mod limits;
mod protected_resource;
mod registration_settings;
mod resource_settings;
#[cfg(test)]
mod resource_settings_tests;
mod server_address;
mod settings;
mod upstream_setting;

pub use client_settings::ConfiguredClient;
pub use development::Development;
pub use endpoints::{Endpoint, Endpoints};
pub use error::ConfigurationError;
pub use issuer::Issuer;
pub use protected_resource::{
    AcceptedCredentials, Gateway, ProtectedResource, ResourceKind, Upstream,
};
pub use registration_settings::{Registration, RegistrationAccess, StatementKey, TrustedIssuer};
pub use settings::{
    DocumentSettings, Legacy, Lifetimes, LogLevel, LogSettings, Prefixes, Product, ScopeDefinition,
};

use crate::client::{ClientId, ClientPolicy, ClientRecord, TokenEndpointAuthMethod};
use crate::client_id_metadata::Reach;
use crate::json;
use crate::redirect_uri::RedirectUriPolicy;
use crate::registration::MetadataRules;
use crate::resource::{ResourceIndicator, Resources};
use crate::scope::{Scope, ScopeToken};
use resource_settings::Surroundings;
use settings::Settings;

/// A checked configuration.
#[derive(Debug, Clone)]
pub struct Configuration {
    /// The issuer identifier, from `ISSUER`, never from a request.
    pub issuer: Issuer,
    /// Where each endpoint and page is.
    pub endpoints: Endpoints,
    /// Name, logo, colours and links shown on the pages.
    pub product: Product,
    /// Whether people may create accounts themselves.
    pub sign_up: bool,
    /// How long everything lives.
    pub lifetimes: Lifetimes,
    /// What identifiers and tokens start with.
    pub prefixes: Prefixes,
    /// The scopes that exist, in the order in which they are shown.
    pub scopes: Vec<ScopeDefinition>,
    /// What an authorization request without `scope` asks for.
    pub default_scope: Scope,
    /// Refuse unknown scopes with `invalid_scope` instead of dropping them.
    pub strict_scopes: bool,
    /// The protected resources; the first is the default audience.
    pub resources: Resources,
    /// What is configured about each resource, in the order of [`Self::resources`].
    pub protected_resources: Vec<ProtectedResource>,
    /// Which redirect URIs may be registered besides https and loopback http.
    pub redirect_uris: RedirectUriPolicy,
    /// Whether authorization responses carry `iss`
    /// ([RFC 9207](https://www.rfc-editor.org/rfc/rfc9207)) and the metadata says so.
    pub authorization_response_iss_parameter: bool,
    /// What only old clients need; everything off by default.
    pub legacy: Legacy,
    /// The clients that the operator wrote down.
    pub clients: Vec<ConfiguredClient>,
    /// Who may register a client.
    pub registration: Registration,
    /// How clients may authenticate, in the order in which the metadata lists it.
    pub token_endpoint_auth_methods: Vec<TokenEndpointAuthMethod>,
    /// Clients that are described by a document at their `client_id`.
    pub client_id_metadata_documents: DocumentSettings,
    /// Over how many objects registered clients are spread. A client's shard is part of its id, so
    /// this may be raised at any time and never needs a migration.
    pub client_registry_shards: u8,
    /// Whether the playground may be served. It is, once the deployment has its files too.
    pub playground: bool,
    /// What only a development server may have; everything off by default.
    pub development: Development,
    /// What the log has.
    pub log: LogSettings,
}

/// From where a server of this issuer fetches. On a developer's machine clients are there too.
fn reach_of(issuer: &Issuer) -> Reach {
    if issuer.is_https() { Reach::Public } else { Reach::PublicAndLoopback }
}

impl Configuration {
    /// Reads `ISSUER` and the settings table.
    ///
    /// # Errors
    ///
    /// [`ConfigurationError`] names the first key that can't be used, what was found there and
    /// what is wanted.
    pub fn parse(issuer: &str, settings: &serde_json::Value) -> Result<Self, ConfigurationError> {
        let issuer = Issuer::parse(issuer)?;
        let settings: Settings = json::from_value(settings.clone()).map_err(|error| {
            ConfigurationError::new(
                format!("LATCHKEY.{}", error.path()),
                error.reason(),
                "a setting as the README's table describes it",
            )
        })?;
        settings.check()?;

        let development = settings.development.resolve(&issuer)?;
        let endpoints = Endpoints::new(&issuer, settings.base_path.as_deref())?;
        let default_scope = Scope::from_tokens(
            settings.scopes.iter().filter(|scope| scope.default).map(|scope| scope.name.clone()),
        );
        let protected_resources = resource_settings::resolve(
            &settings.resources,
            Surroundings {
                issuer: &issuer,
                endpoints: &endpoints,
                playground: settings.playground == Some(true),
                scopes: &settings.scopes,
                name: &settings.product.name,
            },
        )?;
        let identifiers = protected_resources.iter().map(|resource| resource.identifier.clone());
        let resources = Resources::new(identifiers.collect()).ok_or_else(|| {
            ConfigurationError::new("LATCHKEY.resources", "an empty list", "one or more entries")
        })?;

        let redirect_uris = RedirectUriPolicy {
            private_use: settings.redirect_uris.private_use,
            reverse_domain_schemes: settings.redirect_uris.reverse_domain_schemes,
        };
        let clients = client_settings::resolve(
            &settings.clients,
            client_settings::Surroundings {
                scopes: &settings.scopes,
                resources: &protected_resources,
                redirect_uris: &redirect_uris,
                prefix: &settings.prefixes.client_id,
                rules: MetadataRules {
                    auth_methods: &settings.token_endpoint_auth_methods,
                    reach: reach_of(&issuer),
                },
            },
        )?;

        let registration = settings.registration.resolve()?;
        // A script on the issuer's own origin is for whoever asked for it, and for development.
        let playground = settings.playground.unwrap_or_else(|| issuer.is_http_on_loopback());
        Ok(Self {
            issuer,
            endpoints,
            product: settings.product,
            sign_up: settings.sign_up,
            lifetimes: settings.lifetimes,
            prefixes: settings.prefixes,
            scopes: settings.scopes,
            default_scope,
            strict_scopes: settings.strict_scopes,
            resources,
            protected_resources,
            redirect_uris,
            authorization_response_iss_parameter: settings.authorization_response_iss_parameter,
            legacy: settings.legacy,
            clients,
            registration,
            token_endpoint_auth_methods: settings.token_endpoint_auth_methods,
            client_id_metadata_documents: settings.client_id_metadata_documents,
            client_registry_shards: settings.client_registry_shards,
            playground,
            development,
            log: settings.log,
        })
    }

    /// The client that the configuration describes under this id.
    #[must_use]
    pub fn configured_client(&self, client_id: &ClientId) -> Option<&ClientRecord> {
        self.clients.iter().find_map(|client| match client {
            ConfiguredClient::Whole(record) if record.client_id == *client_id => Some(&**record),
            ConfiguredClient::Whole(_) | ConfiguredClient::Document { .. } => None,
        })
    }

    /// How far this server's own fetches for clients may go: to loopback only where its issuer is.
    #[must_use]
    pub fn reach(&self) -> Reach {
        reach_of(&self.issuer)
    }

    /// What the operator decided about the client whose metadata document is at this URL.
    #[must_use]
    pub fn document_policy(&self, url: &ClientId) -> ClientPolicy {
        let found = self.clients.iter().find_map(|client| match client {
            ConfiguredClient::Document { client_id, policy } if client_id == url => Some(policy),
            ConfiguredClient::Whole(_) | ConfiguredClient::Document { .. } => None,
        });
        found.cloned().unwrap_or_default()
    }

    /// What the operator wrote about a client; `None` when the configuration doesn't name it.
    #[must_use]
    pub fn configured_policy(&self, id: &ClientId) -> Option<&ClientPolicy> {
        let found = self.clients.iter().find(|client| client.client_id() == id)?;
        Some(match found {
            ConfiguredClient::Whole(record) => &record.policy,
            ConfiguredClient::Document { policy, .. } => policy,
        })
    }

    /// The definition of a scope; `None` when the deployment has no such scope.
    #[must_use]
    pub fn scope(&self, name: &ScopeToken) -> Option<&ScopeDefinition> {
        self.scopes.iter().find(|definition| definition.name == *name)
    }

    /// All scopes that exist.
    #[must_use]
    pub fn known_scope(&self) -> Scope {
        Scope::from_tokens(self.scopes.iter().map(|definition| definition.name.clone()))
    }

    /// `held` and everything that its scopes imply, and what those imply in turn. What is held comes
    /// first; scopes that don't exist any more are kept.
    #[must_use]
    pub fn implied(&self, held: &Scope) -> Scope {
        let mut all = held.clone();
        // Each round adds a scope that exists or is the last one.
        loop {
            let next = Scope::from_tokens(
                all.iter()
                    .filter_map(|token| self.scope(token))
                    .flat_map(|scope| scope.implies.clone()),
            );
            if next.is_subset_of(&all) {
                return all;
            }
            all = all.union(&next);
        }
    }

    /// What is configured about a resource; `None` when there is no such resource.
    #[must_use]
    pub fn protected_resource(&self, id: &ResourceIndicator) -> Option<&ProtectedResource> {
        self.protected_resources.iter().find(|resource| resource.identifier == *id)
    }

    /// The name of a resource as shown to a person.
    #[must_use]
    pub fn resource_name(&self, resource: &ResourceIndicator) -> &str {
        self.protected_resource(resource)
            .map_or(self.product.name.as_str(), |resource| resource.name.as_str())
    }

    /// Whether a client is one that may introspect tokens for a resource
    /// ([RFC 7662 section 2.1](https://www.rfc-editor.org/rfc/rfc7662#section-2.1)). That it has
    /// authenticated is for the caller to know.
    #[must_use]
    pub fn may_introspect(&self, client: &ClientId, resource: &ResourceIndicator) -> bool {
        self.protected_resource(resource)
            .is_some_and(|resource| resource.introspectors.contains(client))
    }

    /// Whether a client is one that may introspect tokens for some resource, so that what it asks about
    /// is what others sent it.
    #[must_use]
    pub fn is_introspector(&self, client: &ClientId) -> bool {
        self.protected_resources.iter().any(|resource| resource.introspectors.contains(client))
    }

    /// A configured address as an absolute URI: a path lies on the issuer's origin.
    #[must_use]
    pub fn absolute(&self, address: &str) -> String {
        if address.starts_with('/') {
            format!("{}{address}", self.issuer.origin())
        } else {
            address.to_owned()
        }
    }
}

#[cfg(test)]
mod tests;
