//! What is said about a protected resource, and where.

use serde::Serialize;

use super::Requested;
use crate::configuration::{Configuration, ProtectedResource};
use crate::metadata::OFFLINE_ACCESS;

/// [RFC 9728 section 3](https://www.rfc-editor.org/rfc/rfc9728#section-3)
const PREFIX: &str = "/.well-known/oauth-protected-resource";

/// Protected resource metadata
/// ([RFC 9728 section 2](https://www.rfc-editor.org/rfc/rfc9728#section-2)), as it is served.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProtectedResourceMetadata {
    resource: String,
    authorization_servers: Vec<String>,
    // RFC 9728 section 3.2: "Parameters with zero values MUST be omitted from the response."
    #[serde(skip_serializing_if = "Vec::is_empty")]
    scopes_supported: Vec<String>,
    bearer_methods_supported: Vec<&'static str>,
    resource_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_policy_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_tos_uri: Option<String>,
}

impl ProtectedResourceMetadata {
    fn new(configuration: &Configuration, resource: &ProtectedResource, written: String) -> Self {
        let absolute = |uri: &Option<String>| uri.as_deref().map(|uri| configuration.absolute(uri));
        Self {
            resource: written,
            authorization_servers: vec![configuration.issuer.as_str().to_owned()],
            // MCP: the basic scopes only, never `offline_access`, which isn't the resource's.
            scopes_supported: resource
                .scopes
                .iter()
                .map(|scope| scope.as_str().to_owned())
                .filter(|scope| scope != OFFLINE_ACCESS)
                .collect(),
            bearer_methods_supported: vec!["header"],
            resource_name: resource.name.clone(),
            resource_policy_uri: absolute(&configuration.product.privacy_uri),
            resource_tos_uri: absolute(&configuration.product.terms_uri),
        }
    }
}

/// The metadata document at `path`; `None` when there is none.
///
/// [RFC 9728 section 3.1](https://www.rfc-editor.org/rfc/rfc9728#section-3.1) inserts the well-known
/// part before the resource's path. Clients also look at the root for a resource that has a path, so
/// there is the document of the first resource of that origin, unless the origin is one itself.
/// Resources whose identifier has a query have no document. `host` as in [`super::find`].
#[must_use]
pub fn metadata(
    configuration: &Configuration,
    host: &str,
    path: &str,
) -> Option<ProtectedResourceMetadata> {
    let asked = path.strip_prefix(PREFIX)?;
    let resources = || configuration.protected_resources.iter();
    let (resource, written) =
        among(resources().filter(|resource| resource.place.has_host(host)), asked).or_else(
            || among(resources().filter(|resource| resource.place.is_on_issuers_origin), asked),
        )?;
    Some(ProtectedResourceMetadata::new(configuration, resource, written))
}

/// Which of the resources of one origin is asked for, and how its identifier is written then.
fn among<'a>(
    resources: impl Iterator<Item = &'a ProtectedResource> + Clone,
    asked: &str,
) -> Option<(&'a ProtectedResource, String)> {
    let as_configured = |resource: &'a ProtectedResource| {
        let written = resource.identifier.as_str().to_owned();
        (resource, written)
    };
    let mut by_path = resources.clone().filter(|resource| !resource.place.has_query);
    if let Some(exact) = by_path.clone().find(|resource| resource.place.written_path == asked) {
        return Some(as_configured(exact));
    }
    // RFC 9728 section 3.3: "The resource value returned MUST be identical to the protected
    // resource's resource identifier value into which the well-known URI path suffix was inserted".
    // A slash more or less makes no difference to the audience, but to this comparison it does.
    let without_slash = asked.strip_suffix('/').unwrap_or(asked);
    if let Some(other) = by_path.find(|resource| resource.place.path == without_slash) {
        return Some((other, format!("{}{asked}", other.place.origin)));
    }
    if without_slash.is_empty() { resources.into_iter().next().map(as_configured) } else { None }
}

/// The URL of the metadata for a challenge
/// ([RFC 9728 section 5.1](https://www.rfc-editor.org/rfc/rfc9728#section-5.1)), so that the
/// `resource` in it is the URL that the client requested.
#[must_use]
pub fn metadata_url(configuration: &Configuration, requested: &Requested<'_>) -> String {
    let place = &requested.resource.place;
    let sent = match requested.rest {
        // RFC 9728 section 3.1: a slash that follows the host is removed.
        "/" if !place.path.is_empty() => Some(format!("{}/", place.path)),
        "" => Some(place.path.clone()),
        _ => None,
    };
    let means_this_resource = |path: &String| {
        let identifier = format!("{}{path}", place.origin);
        configuration
            .resources
            .resolve(std::iter::once(identifier.as_str()))
            .is_ok_and(|resolved| resolved.contains(&requested.resource.identifier))
    };
    let path = sent.filter(means_this_resource).unwrap_or_else(|| place.written_path.clone());
    format!("{}{PREFIX}{path}", place.origin)
}
