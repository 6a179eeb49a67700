//! What the server says about itself
//! ([RFC 8414](https://www.rfc-editor.org/rfc/rfc8414)).
//!
//! One document serves both as authorization server metadata and at `openid-configuration`, where
//! clients of all revisions of MCP look. What has a dangerous or unhelpful default in either
//! specification is always stated.

use serde::Serialize;

use crate::client::{GrantType, TokenEndpointAuthMethod};
use crate::client_metadata::ResponseType;
use crate::jwt::SignatureAlgorithm;

/// The scope by which clients ask for a refresh token
/// ([OpenID Connect Core section 11](https://openid.net/specs/openid-connect-core-1_0.html#OfflineAccess)).
/// Clients only ask for what the server lists.
pub const OFFLINE_ACCESS: &str = "offline_access";

/// What `prompt` may say. `create` is
/// [Initiating User Registration via OpenID Connect](https://openid.net/specs/openid-connect-prompt-create-1_0.html).
const PROMPT_VALUES: [&str; 5] = ["none", "login", "consent", "select_account", "create"];

/// What of the metadata depends on the deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetadataInputs {
    /// The issuer identifier, to the byte as clients compare it.
    pub issuer: String,
    /// Absolute URL of the authorization endpoint.
    pub authorization_endpoint: String,
    /// Absolute URL of the token endpoint.
    pub token_endpoint: String,
    /// Absolute URL of the registration endpoint; `None` when clients can't register themselves.
    pub registration_endpoint: Option<String>,
    /// Absolute URL of the revocation endpoint.
    pub revocation_endpoint: String,
    /// Absolute URL of the introspection endpoint.
    pub introspection_endpoint: String,
    /// Absolute URL of the JWK set.
    pub jwks_uri: String,
    /// The scopes that exist.
    pub scopes: Vec<String>,
    /// The resource identifiers that tokens are given for.
    pub protected_resources: Vec<String>,
    /// The `alg` values that tokens are signed with.
    pub signing_algorithms: Vec<String>,
    /// How clients may authenticate.
    pub auth_methods: Vec<TokenEndpointAuthMethod>,
    /// Whether a `client_id` may be the URL of the client's metadata document.
    pub client_id_metadata_documents: bool,
    /// Whether the `plain` challenge method is accepted, for old clients.
    pub plain_pkce: bool,
    /// Whether authorization responses carry `iss`.
    pub authorization_response_iss_parameter: bool,
    /// Whether people may create accounts, so that `prompt=create` leads somewhere.
    pub sign_up: bool,
    /// A page for developers.
    pub service_documentation: Option<String>,
    /// The deployment's privacy policy.
    pub op_policy_uri: Option<String>,
    /// The deployment's terms of service.
    pub op_tos_uri: Option<String>,
}

/// Authorization server metadata
/// ([RFC 8414 section 2](https://www.rfc-editor.org/rfc/rfc8414#section-2)), as it is served.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ServerMetadata {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    registration_endpoint: Option<String>,
    revocation_endpoint: String,
    introspection_endpoint: String,
    jwks_uri: String,
    scopes_supported: Vec<String>,
    response_types_supported: Vec<&'static str>,
    response_modes_supported: Vec<&'static str>,
    grant_types_supported: Vec<&'static str>,
    token_endpoint_auth_methods_supported: Vec<&'static str>,
    // RFC 8414 section 2: there MUST be one where private_key_jwt is listed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    token_endpoint_auth_signing_alg_values_supported: Vec<&'static str>,
    revocation_endpoint_auth_methods_supported: Vec<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    revocation_endpoint_auth_signing_alg_values_supported: Vec<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    introspection_endpoint_auth_methods_supported: Vec<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    introspection_endpoint_auth_signing_alg_values_supported: Vec<&'static str>,
    // RFC 9701 section 7.
    introspection_signing_alg_values_supported: Vec<String>,
    code_challenge_methods_supported: Vec<&'static str>,
    // RFC 9207 section 3: absent means false. Left out rather than false, because some clients
    // look no further than the name.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    authorization_response_iss_parameter_supported: bool,
    // Client ID Metadata Document section 5. Absent means false, as above.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    client_id_metadata_document_supported: bool,
    prompt_values_supported: Vec<&'static str>,
    claims_parameter_supported: bool,
    request_parameter_supported: bool,
    request_uri_parameter_supported: bool,
    subject_types_supported: Vec<&'static str>,
    id_token_signing_alg_values_supported: Vec<String>,
    // RFC 9728 section 4.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    protected_resources: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_documentation: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    op_policy_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    op_tos_uri: Option<String>,
}

impl ServerMetadata {
    /// The metadata of this deployment.
    ///
    /// `subject_types_supported` and `id_token_signing_alg_values_supported` say nothing about ID
    /// tokens, of which there are none. OpenID Connect Discovery requires them, and clients refuse
    /// the document at `openid-configuration` without them. The algorithms are those of the keys in
    /// `jwks_uri`; RS256, which that specification wants listed, is only there if it is used.
    #[must_use]
    pub fn new(inputs: MetadataInputs) -> Self {
        let mut scopes_supported = inputs.scopes;
        if !scopes_supported.iter().any(|scope| scope == OFFLINE_ACCESS) {
            scopes_supported.push(OFFLINE_ACCESS.to_owned());
        }
        let named = |methods: &[TokenEndpointAuthMethod]| -> Vec<&'static str> {
            methods.iter().map(|method| method.as_str()).collect()
        };
        let auth_methods = named(&inputs.auth_methods);
        // RFC 7662 section 2.1: "the endpoint MUST also require some form of authorization", so a
        // public client can't ask.
        let mut introspecting = inputs.auth_methods.clone();
        introspecting.retain(|method| *method != TokenEndpointAuthMethod::None);
        let signs = inputs.auth_methods.contains(&TokenEndpointAuthMethod::PrivateKeyJwt);
        let signing_algorithms: Vec<&'static str> = match signs {
            true => SignatureAlgorithm::ALL.map(SignatureAlgorithm::as_str).to_vec(),
            false => Vec::new(),
        };
        // MCP: clients MUST refuse to go on without S256 in this list.
        let mut code_challenge_methods_supported = vec!["S256"];
        if inputs.plain_pkce {
            code_challenge_methods_supported.push("plain");
        }
        Self {
            issuer: inputs.issuer,
            authorization_endpoint: inputs.authorization_endpoint,
            token_endpoint: inputs.token_endpoint,
            registration_endpoint: inputs.registration_endpoint,
            revocation_endpoint: inputs.revocation_endpoint,
            introspection_endpoint: inputs.introspection_endpoint,
            jwks_uri: inputs.jwks_uri,
            scopes_supported,
            response_types_supported: vec![ResponseType::Code.as_str()],
            response_modes_supported: vec!["query"],
            grant_types_supported: GrantType::ALL.map(GrantType::as_str).to_vec(),
            token_endpoint_auth_methods_supported: auth_methods.clone(),
            token_endpoint_auth_signing_alg_values_supported: signing_algorithms.clone(),
            revocation_endpoint_auth_methods_supported: auth_methods,
            revocation_endpoint_auth_signing_alg_values_supported: signing_algorithms.clone(),
            introspection_endpoint_auth_methods_supported: named(&introspecting),
            introspection_endpoint_auth_signing_alg_values_supported: signing_algorithms,
            introspection_signing_alg_values_supported: inputs.signing_algorithms.clone(),
            code_challenge_methods_supported,
            authorization_response_iss_parameter_supported: inputs
                .authorization_response_iss_parameter,
            client_id_metadata_document_supported: inputs.client_id_metadata_documents,
            prompt_values_supported: PROMPT_VALUES
                .into_iter()
                .filter(|value| inputs.sign_up || *value != "create")
                .collect(),
            claims_parameter_supported: false,
            request_parameter_supported: false,
            request_uri_parameter_supported: false,
            subject_types_supported: vec!["public"],
            id_token_signing_alg_values_supported: inputs.signing_algorithms,
            protected_resources: inputs.protected_resources,
            service_documentation: inputs.service_documentation,
            op_policy_uri: inputs.op_policy_uri,
            op_tos_uri: inputs.op_tos_uri,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn inputs() -> MetadataInputs {
        MetadataInputs {
            issuer: "https://id.example/tenant".to_owned(),
            authorization_endpoint: "https://id.example/tenant/authorize".to_owned(),
            token_endpoint: "https://id.example/tenant/token".to_owned(),
            registration_endpoint: Some("https://id.example/tenant/register".to_owned()),
            revocation_endpoint: "https://id.example/tenant/revoke".to_owned(),
            introspection_endpoint: "https://id.example/tenant/introspect".to_owned(),
            jwks_uri: "https://id.example/tenant/jwks".to_owned(),
            scopes: vec!["mcp:read".to_owned(), "mcp:write".to_owned()],
            protected_resources: vec!["https://id.example/mcp".to_owned()],
            signing_algorithms: vec!["ES256".to_owned()],
            auth_methods: TokenEndpointAuthMethod::ALL.to_vec(),
            client_id_metadata_documents: true,
            plain_pkce: false,
            authorization_response_iss_parameter: true,
            sign_up: false,
            service_documentation: None,
            op_policy_uri: None,
            op_tos_uri: None,
        }
    }

    fn document(inputs: MetadataInputs) -> Value {
        serde_json::to_value(ServerMetadata::new(inputs)).expect("json")
    }

    #[test]
    fn rfc8414_2_the_document_states_everything_with_a_dangerous_default() {
        assert_eq!(
            document(inputs()),
            json!({
                "issuer": "https://id.example/tenant",
                "authorization_endpoint": "https://id.example/tenant/authorize",
                "token_endpoint": "https://id.example/tenant/token",
                "registration_endpoint": "https://id.example/tenant/register",
                "revocation_endpoint": "https://id.example/tenant/revoke",
                "introspection_endpoint": "https://id.example/tenant/introspect",
                "jwks_uri": "https://id.example/tenant/jwks",
                "scopes_supported": ["mcp:read", "mcp:write", "offline_access"],
                "response_types_supported": ["code"],
                "response_modes_supported": ["query"],
                "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
                "token_endpoint_auth_methods_supported":
                    ["none", "client_secret_basic", "client_secret_post", "private_key_jwt"],
                "token_endpoint_auth_signing_alg_values_supported": ["ES256", "RS256", "EdDSA"],
                "revocation_endpoint_auth_methods_supported":
                    ["none", "client_secret_basic", "client_secret_post", "private_key_jwt"],
                "revocation_endpoint_auth_signing_alg_values_supported": ["ES256", "RS256", "EdDSA"],
                "introspection_endpoint_auth_methods_supported":
                    ["client_secret_basic", "client_secret_post", "private_key_jwt"],
                "introspection_endpoint_auth_signing_alg_values_supported":
                    ["ES256", "RS256", "EdDSA"],
                "introspection_signing_alg_values_supported": ["ES256"],
                "code_challenge_methods_supported": ["S256"],
                "authorization_response_iss_parameter_supported": true,
                "client_id_metadata_document_supported": true,
                "prompt_values_supported": ["none", "login", "consent", "select_account"],
                "claims_parameter_supported": false,
                "request_parameter_supported": false,
                "request_uri_parameter_supported": false,
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["ES256"],
                "protected_resources": ["https://id.example/mcp"],
            })
        );
    }

    #[test]
    fn rfc8414_3_2_what_is_absent_is_left_out_and_nothing_is_null_or_empty() {
        let document = document(MetadataInputs {
            registration_endpoint: None,
            authorization_response_iss_parameter: false,
            ..inputs()
        });
        for name in [
            "registration_endpoint",
            "authorization_response_iss_parameter_supported",
            "service_documentation",
            "op_policy_uri",
        ] {
            assert_eq!(document.get(name), None, "{name}");
        }
        for (name, value) in document.as_object().expect("object") {
            assert!(!value.is_null() && value != "" && *value != json!([]), "{name}");
        }
    }

    #[test]
    fn needs_5_and_8_only_what_the_deployment_offers_is_advertised() {
        let document = document(MetadataInputs {
            auth_methods: vec![
                TokenEndpointAuthMethod::None,
                TokenEndpointAuthMethod::ClientSecretBasic,
            ],
            client_id_metadata_documents: false,
            ..inputs()
        });
        let listed = &document["token_endpoint_auth_methods_supported"];
        assert_eq!(*listed, json!(["none", "client_secret_basic"]));
        for name in [
            "token_endpoint_auth_signing_alg_values_supported",
            "revocation_endpoint_auth_signing_alg_values_supported",
            "introspection_endpoint_auth_signing_alg_values_supported",
            "client_id_metadata_document_supported",
        ] {
            assert_eq!(document.get(name), None, "{name}");
        }
    }

    #[test]
    fn plain_is_listed_after_s256_and_only_when_it_is_accepted() {
        let document = document(MetadataInputs { plain_pkce: true, ..inputs() });
        assert_eq!(document["code_challenge_methods_supported"], json!(["S256", "plain"]));
    }

    #[test]
    fn offline_access_is_listed_once() {
        let scopes = vec!["offline_access".to_owned(), "mcp".to_owned()];
        let document = document(MetadataInputs { scopes, ..inputs() });
        assert_eq!(document["scopes_supported"], json!(["offline_access", "mcp"]));
    }

    #[test]
    fn the_deployments_own_pages_are_linked_when_there_are_any() {
        let document = document(MetadataInputs {
            service_documentation: Some("https://id.example/".to_owned()),
            op_policy_uri: Some("https://id.example/privacy".to_owned()),
            op_tos_uri: Some("https://id.example/terms".to_owned()),
            ..inputs()
        });
        assert_eq!(document["service_documentation"], "https://id.example/");
        assert_eq!(document["op_policy_uri"], "https://id.example/privacy");
        assert_eq!(document["op_tos_uri"], "https://id.example/terms");
    }
}
