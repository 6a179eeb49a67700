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
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    pub(crate) fn minimal() -> Value {
        json!({ "scopes": [{ "name": "mcp", "title": "Use your tools", "default": true }] })
    }

    #[test]
    fn a_deployment_with_one_scope_gets_working_defaults() {
        let configuration =
            Configuration::parse("https://id.example", &minimal()).expect("configuration");
        assert_eq!(configuration.issuer.as_str(), "https://id.example");
        assert_eq!(configuration.endpoints.url(Endpoint::Token), "https://id.example/token");
        assert_eq!(configuration.default_scope.to_string(), "mcp");
        assert_eq!(configuration.resources.default_resource().as_str(), "https://id.example");
        assert_eq!(configuration.lifetimes.refresh_retry_window.as_seconds(), 60);
        assert!(configuration.sign_up);
        assert!(!configuration.legacy.plain_pkce);
    }

    #[test]
    fn a_wrong_setting_is_refused_with_its_key() {
        let cases: &[(&str, &str, Value, &str)] = &[
            ("issuer not a URI", "id.example", minimal(), "ISSUER"),
            ("http issuer off loopback", "http://id.example", minimal(), "ISSUER"),
            ("issuer with a trailing slash", "https://id.example/", minimal(), "ISSUER"),
            ("issuer with a query", "https://id.example?x", minimal(), "ISSUER"),
            ("issuer with a fragment", "https://id.example/#x", minimal(), "ISSUER"),
            ("unknown key", "https://id.example", json!({"scops": []}), "scops"),
            ("wrong type", "https://id.example", json!({"sign_up": "yes"}), "LATCHKEY.sign_up"),
            (
                "wrong type inside",
                "https://id.example",
                json!({"lifetimes": {"access_token": -5}}),
                "LATCHKEY.lifetimes.access_token",
            ),
            (
                "zero lifetime",
                "https://id.example",
                json!({"lifetimes": {"access_token": 0}}),
                "LATCHKEY.lifetimes.access_token",
            ),
            (
                "bad scope name",
                "https://id.example",
                json!({"scopes": [{"name": "a b", "title": "x"}]}),
                "LATCHKEY.scopes[0].name",
            ),
            (
                "scope twice",
                "https://id.example",
                json!({"scopes": [{"name": "a", "title": "x"}, {"name": "a", "title": "y"}]}),
                "LATCHKEY.scopes[1].name",
            ),
            (
                "base path without slash",
                "https://id.example",
                json!({"base_path": "oauth"}),
                "LATCHKEY.base_path",
            ),
            (
                "accent that is no colour",
                "https://id.example",
                json!({"product": {"accent": "red"}}),
                "LATCHKEY.product.accent",
            ),
            (
                "logo over http",
                "https://id.example",
                json!({"product": {"logo": "http://id.example/logo.png"}}),
                "LATCHKEY.product.logo",
            ),
            (
                "prefix with a dot",
                "https://id.example",
                json!({"prefixes": {"refresh_token": "a.b"}}),
                "LATCHKEY.prefixes.refresh_token",
            ),
            (
                "resource without path and uri",
                "https://id.example",
                json!({"resources": [{}]}),
                "LATCHKEY.resources[0]",
            ),
            (
                "resource twice",
                "https://id.example",
                json!({"resources": [{"path": "/mcp"}, {"uri": "https://ID.example:443/mcp"}]}),
                "LATCHKEY.resources[1]",
            ),
            (
                "no shards",
                "https://id.example",
                json!({"client_registry_shards": 0}),
                "LATCHKEY.client_registry_shards",
            ),
        ];
        for (name, issuer, settings, key) in cases {
            let error = Configuration::parse(issuer, settings).expect_err(name);
            assert!(error.to_string().contains(key), "{name}: {error}");
        }
    }

    #[test]
    fn issue_5_the_playground_is_for_development_and_for_whoever_asks_for_it() {
        let cases = [
            ("http://127.0.0.1:8787", None, true),
            ("http://localhost:8787/tenant", None, true),
            ("http://127.0.0.1:8787", Some(false), false),
            ("https://id.example", None, false),
            // https on loopback is what stands behind a proxy or a tunnel.
            ("https://127.0.0.1:8787", None, false),
            ("https://id.example", Some(true), true),
            ("https://id.example", Some(false), false),
        ];
        for (issuer, asked, expected) in cases {
            let mut settings = minimal();
            if let Some(asked) = asked {
                settings["playground"] = json!(asked);
            }
            let configuration = Configuration::parse(issuer, &settings).expect(issuer);
            assert_eq!(configuration.playground, expected, "{issuer} {asked:?}");
        }
        let error = Configuration::parse("https://id.example", &json!({ "playground": "yes" }));
        assert_eq!(error.expect_err("no switch").key, "LATCHKEY.playground");
    }

    #[test]
    fn a_resource_given_by_path_lies_on_the_issuers_origin() {
        let mut settings = minimal();
        settings["resources"] = json!([{ "path": "/mcp" }, { "uri": "https://api.example/v1" }]);
        let configuration =
            Configuration::parse("https://id.example/tenant", &settings).expect("configuration");
        assert_eq!(configuration.resources.default_resource().as_str(), "https://id.example/mcp");
        assert_eq!(configuration.protected_resources.len(), 2);
    }

    /// Any JSON, a few levels deep, whose keys are mostly those of settings.
    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            ".{0,20}".prop_map(Value::from),
        ];
        let key = prop_oneof![
            Just("product".to_owned()),
            Just("lifetimes".to_owned()),
            Just("access_token".to_owned()),
            Just("scopes".to_owned()),
            Just("name".to_owned()),
            Just("title".to_owned()),
            Just("resources".to_owned()),
            Just("uri".to_owned()),
            "[a-z_]{0,8}",
        ];
        leaf.prop_recursive(3, 32, 6, move |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::btree_map(key.clone(), inner, 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn no_settings_make_parse_panic(settings in any_json()) {
            let _ = Configuration::parse("https://id.example", &settings);
        }
    }
}
