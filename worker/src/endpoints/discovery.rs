//! The metadata documents and the keys.

use latchkey_protocol::client_id_metadata::Reach;
use latchkey_protocol::configuration::{Configuration, Endpoint, Issuer, RegistrationAccess};
use latchkey_protocol::jwt::ES256;
use latchkey_protocol::metadata::{MetadataInputs, ServerMetadata};
use latchkey_protocol::protected_resource;
use serde::Serialize;
use serde_json::Value;

use crate::clients;
use crate::context::Context;
use crate::failure::Failure;
use crate::http::{Answer, Incoming};
use crate::keys;

/// Clients may keep both documents for an hour. A key is published a day before it signs.
const CACHEABLE: &str = "public, max-age=3600";

const OAUTH: &str = "/.well-known/oauth-authorization-server";
const OPENID: &str = "/.well-known/openid-configuration";
const PROTECTED_RESOURCE: &str = "/.well-known/oauth-protected-resource";

/// Whether the metadata document is at `path`: RFC 8414 section 3.1 inserts the well-known part
/// before the issuer's path, OpenID Connect Discovery section 4 appends it, and clients try both.
pub fn is_metadata_path(path: &str, issuer: &Issuer) -> bool {
    let inserted = [OAUTH, OPENID]
        .iter()
        .any(|well_known| path.strip_prefix(well_known) == Some(issuer.path()));
    let appended =
        path.strip_prefix(issuer.path()).is_some_and(|rest| rest == OAUTH || rest == OPENID);
    inserted || appended
}

/// `GET /.well-known/oauth-authorization-server`
/// ([RFC 8414 section 3](https://www.rfc-editor.org/rfc/rfc8414#section-3)).
pub fn metadata(configuration: &Configuration) -> Answer {
    Answer::json(200, &server_metadata(configuration)).with_header("cache-control", CACHEABLE)
}

fn server_metadata(configuration: &Configuration) -> ServerMetadata {
    let url = |endpoint| configuration.endpoints.url(endpoint);
    ServerMetadata::new(MetadataInputs {
        issuer: configuration.issuer.as_str().to_owned(),
        authorization_endpoint: url(Endpoint::Authorization),
        token_endpoint: url(Endpoint::Token),
        registration_endpoint: (configuration.registration.access != RegistrationAccess::Closed)
            .then(|| url(Endpoint::Registration)),
        revocation_endpoint: url(Endpoint::Revocation),
        introspection_endpoint: url(Endpoint::Introspection),
        device_authorization_endpoint: url(Endpoint::DeviceAuthorization),
        jwks_uri: url(Endpoint::Jwks),
        scopes: configuration.scopes.iter().map(|scope| scope.name.as_str().to_owned()).collect(),
        protected_resources: configuration
            .protected_resources
            .iter()
            .map(|resource| resource.identifier.to_string())
            .collect(),
        signing_algorithms: vec![ES256.to_owned()],
        auth_methods: configuration.token_endpoint_auth_methods.clone(),
        // needs 21: what can't be fetched strictly isn't offered.
        client_id_metadata_documents: configuration.client_id_metadata_documents.enabled
            && (configuration.reach() == Reach::PublicAndLoopback || clients::fetch_is_strict()),
        plain_pkce: configuration.legacy.plain_pkce,
        authorization_response_iss_parameter: configuration.authorization_response_iss_parameter,
        sign_up: configuration.sign_up,
        service_documentation: None,
        op_policy_uri: configuration.product.privacy_uri.clone(),
        op_tos_uri: configuration.product.terms_uri.clone(),
    })
}

/// Whether clients look at `path` for the metadata of a protected resource: RFC 9728 section 3.1
/// inserts the well-known part before the resource's path.
pub fn is_resource_metadata_path(path: &str) -> bool {
    path.strip_prefix(PROTECTED_RESOURCE)
        .is_some_and(|resource| resource.is_empty() || resource.starts_with('/'))
}

/// `GET /.well-known/oauth-protected-resource…`
/// ([RFC 9728 section 3](https://www.rfc-editor.org/rfc/rfc9728#section-3)).
pub fn resource_metadata(context: &Context, incoming: &Incoming) -> Option<Answer> {
    let (host, path) = (incoming.authority(), incoming.path());
    let document = protected_resource::metadata(&context.configuration, host, path)?;
    Some(Answer::json(200, &document).with_header("cache-control", CACHEABLE))
}

/// `GET /jwks` ([RFC 7517 section 5](https://www.rfc-editor.org/rfc/rfc7517#section-5)).
pub async fn jwks(context: &Context) -> Result<Answer, Failure> {
    #[derive(Serialize)]
    struct KeySetDocument {
        keys: Vec<Value>,
    }
    let keys = keys::key_set(context).await?;
    let document = KeySetDocument {
        keys: keys.published().iter().map(|key| key.public_jwk.clone()).collect(),
    };
    Ok(Answer::json(200, &document).with_header("cache-control", CACHEABLE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mrs_04_the_metadata_of_a_resource_is_asked_for_below_its_well_known_path_only() {
        for path in [PROTECTED_RESOURCE.to_owned(), format!("{PROTECTED_RESOURCE}/mcp/x")] {
            assert!(is_resource_metadata_path(&path), "{path}");
        }
        for path in [format!("{PROTECTED_RESOURCE}x"), format!("/mcp{PROTECTED_RESOURCE}")] {
            assert!(!is_resource_metadata_path(&path), "{path}");
        }
    }

    #[test]
    fn mas_02_every_place_where_a_client_looks_has_the_document() {
        let at = |issuer: &str, path: &str| {
            is_metadata_path(path, &Issuer::parse(issuer).expect("issuer"))
        };
        for path in [OAUTH, OPENID] {
            assert!(at("https://id.example", path));
        }
        for path in [
            "/.well-known/oauth-authorization-server/tenant",
            "/.well-known/openid-configuration/tenant",
            "/tenant/.well-known/openid-configuration",
            "/tenant/.well-known/oauth-authorization-server",
        ] {
            assert!(at("https://id.example/tenant", path), "{path}");
            assert!(!at("https://id.example", path), "{path} is another issuer's");
        }
        for path in
            ["/.well-known/oauth-authorization-server/", "/.well-known/oauth-protected-resource"]
        {
            assert!(!at("https://id.example", path), "{path}");
        }
    }
}
