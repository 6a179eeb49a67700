//! The entries of `resources` as they are written, and the limits on each.
use std::collections::BTreeMap;

use super::upstream_setting::UpstreamSetting;
use super::{
    AcceptedCredentials, ConfigurationError, Endpoints, Gateway, Issuer, ProtectedResource,
    ResourceKind, ScopeDefinition,
};
use crate::client::ClientId;
use crate::json::FromJson;
use crate::protected_resource::Place;
use crate::resource::ResourceIndicator;
use crate::scope::{Scope, ScopeToken};
use crate::time::Lifetime;

/// A protected resource: a `path` on the issuer's origin or a whole `uri`.
#[derive(Debug, FromJson)]
#[serde(deny_unknown_fields)]
pub(super) struct ResourceSetting {
    pub path: Option<String>,
    pub uri: Option<String>,
    pub name: Option<String>,
    pub kind: Option<ResourceKind>,
    pub upstream: Option<UpstreamSetting>,
    #[serde(default)]
    pub scopes: Vec<ScopeToken>,
    pub methods: Option<BTreeMap<String, Vec<ScopeToken>>>,
    pub tools: Option<BTreeMap<String, Vec<ScopeToken>>>,
    pub credentials: Option<Vec<CredentialSetting>>,
    pub timeout: Option<Lifetime>,
    pub revocation_bound: Option<Lifetime>,
    #[serde(default)]
    pub introspectors: Vec<ClientId>,
}

/// A credential that a resource may accept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromJson)]
#[serde(rename_all = "snake_case")]
pub(super) enum CredentialSetting {
    AccessToken,
    PersonalAccessToken,
}

/// What of the other settings a resource is checked against.
#[derive(Clone, Copy)]
pub(super) struct Surroundings<'a> {
    pub issuer: &'a Issuer,
    pub endpoints: &'a Endpoints,
    /// Whether the playground was asked for, so that its path is taken.
    pub playground: bool,
    pub scopes: &'a [ScopeDefinition],
    /// The name of resources that have none.
    pub name: &'a str,
}

/// Reads all resources. Without any, the issuer is the only one.
pub(super) fn resolve(
    settings: &[ResourceSetting],
    surroundings: Surroundings<'_>,
) -> Result<Vec<ProtectedResource>, ConfigurationError> {
    let mut resources: Vec<ProtectedResource> = Vec::new();
    for (index, setting) in settings.iter().enumerate() {
        let key = format!("LATCHKEY.resources[{index}]");
        let resource = setting.resolve(&key, surroundings)?;
        if resources.iter().any(|earlier| earlier.identifier == resource.identifier) {
            return Err(ConfigurationError::new(
                key,
                format!("{} a second time", resource.identifier),
                "each resource once",
            ));
        }
        if resources.iter().any(|earlier| earlier.shares_its_place_with(&resource)) {
            return Err(ConfigurationError::new(
                key,
                format!("a second upstream for {}{}", resource.place.host, resource.place.path),
                "one resource with an upstream for each host and path; http or https and a slash \
                 at the end make no difference",
            ));
        }
        resources.push(resource);
    }
    if resources.is_empty() {
        resources.push(issuer_itself(surroundings)?);
    }
    Ok(resources)
}

/// RFC 9068 section 3: a JWT access token needs an audience, so without any configured resource the
/// issuer itself is the default one.
fn issuer_itself(surroundings: Surroundings<'_>) -> Result<ProtectedResource, ConfigurationError> {
    let wrong = |found: String| ConfigurationError::new("ISSUER", found, "an http or https URI");
    let identifier = ResourceIndicator::parse(surroundings.issuer.as_str())
        .map_err(|error| wrong(error.to_string()))?;
    let place = Place::of(&identifier, surroundings.issuer)
        .ok_or_else(|| wrong(format!("{:?}", identifier.as_str())))?;
    Ok(ProtectedResource {
        identifier,
        name: surroundings.name.to_owned(),
        scopes: Scope::default(),
        introspectors: Vec::new(),
        gateway: None,
        place,
    })
}

impl ProtectedResource {
    /// Whether requests for both would arrive at one place.
    fn shares_its_place_with(&self, other: &Self) -> bool {
        self.gateway.is_some()
            && other.gateway.is_some()
            && self.place.host == other.place.host
            && self.place.path == other.place.path
    }
}

impl ResourceSetting {
    fn resolve(
        &self,
        key: &str,
        surroundings: Surroundings<'_>,
    ) -> Result<ProtectedResource, ConfigurationError> {
        let (key_of_uri, uri) = self.written_uri(key, surroundings.issuer)?;
        let wrong = |wanted: String| {
            ConfigurationError::new(key_of_uri.clone(), format!("{uri:?}"), wanted)
        };
        let identifier =
            ResourceIndicator::parse(&uri).map_err(|error| wrong(error.to_string()))?;
        let place = Place::of(&identifier, surroundings.issuer)
            .ok_or_else(|| wrong("an http or https URI".to_owned()))?;
        let name = self.name.as_deref().unwrap_or(surroundings.name);
        if name.trim().is_empty() || name.chars().count() > MAXIMUM_NAME_LENGTH {
            return Err(ConfigurationError::new(
                format!("{key}.name"),
                format!("{name:?}"),
                format!("1 to {MAXIMUM_NAME_LENGTH} characters"),
            ));
        }
        let scopes = known(&self.scopes, format!("{key}.scopes"), surroundings.scopes)?;
        let gateway = match &self.upstream {
            Some(upstream) => {
                check_place(&place, &key_of_uri, &surroundings)?;
                Some(self.gateway(key, upstream, &place, surroundings.scopes)?)
            }
            None => {
                self.check_without_upstream(key)?;
                None
            }
        };
        Ok(ProtectedResource {
            identifier,
            name: name.to_owned(),
            scopes,
            introspectors: self.introspectors.clone(),
            gateway,
            place,
        })
    }

    /// The key that says where the resource is, and its URI.
    fn written_uri(
        &self,
        key: &str,
        issuer: &Issuer,
    ) -> Result<(String, String), ConfigurationError> {
        match (&self.path, &self.uri) {
            (Some(path), None) if path.starts_with('/') => {
                Ok((format!("{key}.path"), format!("{}{path}", issuer.origin())))
            }
            (Some(path), None) => Err(ConfigurationError::new(
                format!("{key}.path"),
                format!("{path:?}"),
                "a path that starts with a slash",
            )),
            (None, Some(uri)) => Ok((format!("{key}.uri"), uri.clone())),
            _ => Err(ConfigurationError::new(
                key,
                "neither or both of path and uri",
                "exactly one of them",
            )),
        }
    }

    /// Settings that only the gateway acts on are refused where there is none: whoever writes them
    /// believes that they protect something.
    fn check_without_upstream(&self, key: &str) -> Result<(), ConfigurationError> {
        let present = [
            ("kind", self.kind.is_some()),
            ("methods", self.methods.is_some()),
            ("tools", self.tools.is_some()),
            ("credentials", self.credentials.is_some()),
            ("timeout", self.timeout.is_some()),
            ("revocation_bound", self.revocation_bound.is_some()),
        ];
        for (name, present) in present {
            if present {
                return Err(ConfigurationError::new(
                    format!("{key}.{name}"),
                    "a resource without an upstream",
                    "an upstream, or this key left out: without an upstream nothing is checked here",
                ));
            }
        }
        Ok(())
    }

    fn gateway(
        &self,
        key: &str,
        upstream: &UpstreamSetting,
        place: &Place,
        scopes: &[ScopeDefinition],
    ) -> Result<Gateway, ConfigurationError> {
        let kind = self.kind.unwrap_or_default();
        if self.tools.is_some() && kind != ResourceKind::Mcp {
            return Err(ConfigurationError::new(
                format!("{key}.tools"),
                "a resource of kind \"http\"",
                "kind = \"mcp\", or this key left out",
            ));
        }
        let bounded = |name: &str, found: Option<Lifetime>, default, least, most| {
            let found = found.unwrap_or(Lifetime::seconds(default));
            if (least..=most).contains(&found.as_seconds()) {
                return Ok(found);
            }
            Err(ConfigurationError::new(
                format!("{key}.{name}"),
                found.as_seconds().to_string(),
                format!("seconds, from {least} to {most}"),
            ))
        };
        Ok(Gateway {
            upstream: upstream.resolve(&format!("{key}.upstream"), &place.path)?,
            kind,
            methods: needs(
                self.methods.as_ref(),
                &format!("{key}.methods"),
                "an HTTP method in upper case",
                is_upper_case_method,
                scopes,
            )?,
            tools: needs(
                self.tools.as_ref(),
                &format!("{key}.tools"),
                "a tool's name, or \"*\"",
                |name| !name.is_empty(),
                scopes,
            )?,
            credentials: self.accepted_credentials(key)?,
            timeout: bounded("timeout", self.timeout, 60, 1, 600)?,
            revocation_bound: bounded("revocation_bound", self.revocation_bound, 0, 0, 300)?,
        })
    }

    fn accepted_credentials(&self, key: &str) -> Result<AcceptedCredentials, ConfigurationError> {
        let accepts = |kind| self.credentials.as_ref().is_none_or(|list| list.contains(&kind));
        let accepted = AcceptedCredentials {
            access_token: accepts(CredentialSetting::AccessToken),
            personal_access_token: accepts(CredentialSetting::PersonalAccessToken),
        };
        if !accepted.access_token && !accepted.personal_access_token {
            return Err(ConfigurationError::new(
                format!("{key}.credentials"),
                "an empty list",
                "\"access_token\", \"personal_access_token\" or both",
            ));
        }
        Ok(accepted)
    }
}

/// The longest name of a resource, in characters.
const MAXIMUM_NAME_LENGTH: usize = 100;

/// The scope of `tokens`, all of which have to exist.
fn known(
    tokens: &[ScopeToken],
    key: String,
    scopes: &[ScopeDefinition],
) -> Result<Scope, ConfigurationError> {
    match tokens.iter().find(|token| !scopes.iter().any(|scope| scope.name == **token)) {
        Some(unknown) => Err(ConfigurationError::new(
            key,
            format!("{:?}", unknown.as_str()),
            "the name of a scope in LATCHKEY.scopes",
        )),
        None => Ok(Scope::from_tokens(tokens.iter().cloned())),
    }
}

/// What is needed for each name, such as a method's.
fn needs(
    written: Option<&BTreeMap<String, Vec<ScopeToken>>>,
    key: &str,
    wanted: &str,
    is_name: impl Fn(&str) -> bool,
    scopes: &[ScopeDefinition],
) -> Result<BTreeMap<String, Scope>, ConfigurationError> {
    let mut needs = BTreeMap::new();
    for (name, tokens) in written.into_iter().flatten() {
        let key = format!("{key}.{name}");
        if !is_name(name) {
            return Err(ConfigurationError::new(key, format!("{name:?}"), wanted));
        }
        needs.insert(name.clone(), known(tokens, key, scopes)?);
    }
    Ok(needs)
}

/// RFC 9110 section 9.1: "The method token is case-sensitive", and all that exist are upper case, so
/// another case could only be a need that never applies.
fn is_upper_case_method(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'-';
    !name.is_empty() && name.len() <= 32 && name.bytes().all(allowed)
}

/// Refuses a place that the gateway could never serve, or that could be read in two ways.
fn check_place(
    place: &Place,
    key: &str,
    surroundings: &Surroundings<'_>,
) -> Result<(), ConfigurationError> {
    let path = place.path.as_str();
    let refuse = |wanted: &str| {
        Err(ConfigurationError::new(key, format!("{:?}", place.written_path), wanted))
    };
    if place.has_query {
        return refuse("a resource with an upstream without a query");
    }
    if !is_plain_path(path) {
        return refuse(
            "a path without empty, '.' and '..' segments and without '%', '\\', '?' and ';'",
        );
    }
    if path == "/.well-known" || path.starts_with("/.well-known/") {
        return refuse("a path outside /.well-known, which belongs to the metadata documents");
    }
    // Endpoints answer first, on every host.
    let endpoints = surroundings.endpoints;
    let is_playground = surroundings.playground && endpoints.playground_file(path).is_some();
    if is_playground || endpoints.find(if path.is_empty() { "/" } else { path }).is_some() {
        return refuse("a path that no endpoint or page has; base_path moves those elsewhere");
    }
    Ok(())
}

/// Whether a path without a slash at its end can be read in one way only.
pub(super) fn is_plain_path(path: &str) -> bool {
    path.is_empty()
        || path.strip_prefix('/').is_some_and(|segments| {
            segments.split('/').all(|segment| !matches!(segment, "" | "." | ".."))
                && path.bytes().all(|byte| {
                    crate::redirect_uri::is_uri_character(byte)
                        && !matches!(byte, b'%' | b'\\' | b'?' | b';')
                })
        })
}
