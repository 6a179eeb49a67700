//! A protected resource as it is configured, and the gateway in front of it.
use std::collections::BTreeMap;

use crate::client::ClientId;
use crate::json::FromJson;
use crate::protected_resource::Place;
use crate::resource::ResourceIndicator;
use crate::scope::Scope;
use crate::time::Lifetime;

/// A protected resource: what tokens are for
/// ([RFC 9728 section 1.2](https://www.rfc-editor.org/rfc/rfc9728#section-1.2)).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProtectedResource {
    /// Its identifier, which is the audience of its tokens.
    pub identifier: ResourceIndicator,
    /// Its name as shown to a person, never empty.
    pub name: String,
    /// The base scope: what every request to it needs.
    pub scopes: Scope,
    /// The confidential clients that may introspect tokens for it
    /// ([RFC 7662 section 2.1](https://www.rfc-editor.org/rfc/rfc7662#section-2.1)).
    pub introspectors: Vec<ClientId>,
    /// What is in front of it here; `None` when it checks its tokens itself.
    pub gateway: Option<Gateway>,
    /// Where requests for it arrive.
    pub(crate) place: Place,
}

/// How requests to a protected resource are checked and where they are forwarded to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gateway {
    /// Where requests go.
    pub upstream: Upstream,
    /// What the requests are.
    pub kind: ResourceKind,
    /// What requests with an HTTP method need besides the base scope. Methods are upper-case.
    pub methods: BTreeMap<String, Scope>,
    /// What calls of an MCP tool need besides; `*` is for the tools that aren't listed. Empty
    /// unless the kind is [`ResourceKind::Mcp`].
    pub tools: BTreeMap<String, Scope>,
    /// Which credentials are accepted.
    pub credentials: AcceptedCredentials,
    /// How long the upstream may take until its response begins, in seconds.
    pub timeout: Lifetime,
    /// How long an isolate may remember that a token was good, in seconds; with 0 each request asks.
    pub revocation_bound: Lifetime,
}

/// What the requests to a protected resource are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, FromJson)]
#[serde(rename_all = "lowercase")]
pub enum ResourceKind {
    /// Messages of the Model Context Protocol, whose tools may need scopes of their own.
    Mcp,
    /// Any HTTP.
    #[default]
    Http,
}

/// Which credentials a protected resource accepts. At least one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AcceptedCredentials {
    /// Access tokens ([RFC 6750](https://www.rfc-editor.org/rfc/rfc6750)).
    pub access_token: bool,
    /// Personal access tokens.
    pub personal_access_token: bool,
}

/// Where requests to a protected resource are forwarded to. `path` takes the place of the resource's
/// own path; it is empty or begins with a slash, and never ends with one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Upstream {
    /// Another Worker, by the name of the service binding.
    Service {
        /// The binding's name in `wrangler.toml`.
        binding: String,
        /// The path that replaces the resource's.
        path: String,
    },
    /// An HTTP server.
    Url {
        /// Scheme, host and port.
        origin: String,
        /// The path that replaces the resource's.
        path: String,
    },
}
