//! Dynamic client registration
//! ([RFC 7591](https://www.rfc-editor.org/rfc/rfc7591)): a client introduces itself and gets an
//! identifier, and a secret if it can keep one.
//!
//! Unless the deployment says otherwise, whoever reaches the server may register; what protects
//! people is that each of them is asked before a client gets anything, and that the client's redirect
//! URIs are checked here.

pub mod admission;
pub mod initial_access_token;
pub mod management;
pub mod software_statement;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::client::{
    ClientId, ClientLifetimes, ClientOrigin, ClientPolicy, ClientRecord, GrantType,
    TokenEndpointAuthMethod,
};
use crate::client_id_metadata::{DocumentUrl, Reach};
use crate::client_metadata::ClientMetadata;
pub use crate::client_metadata::ClientMetadataError as RegistrationError;
use crate::configuration::{Configuration, Endpoint, Prefixes};
use crate::entropy::Entropy;
use crate::redirect_uri::RedirectUriPolicy;
use crate::secret::Secret;
use crate::time::UnixTime;
use software_statement::AcceptedStatement;

/// What the deployment says about registration.
#[derive(Debug, Clone)]
pub struct RegistrationContext<'a> {
    /// What identifiers, secrets and tokens start with.
    pub prefixes: &'a Prefixes,
    /// The absolute URL of the registration endpoint, below which each registration is managed.
    pub endpoint: String,
    /// Which redirect URIs may be registered.
    pub redirect_uri_policy: &'a RedirectUriPolicy,
    /// How long clients are kept.
    pub lifetimes: ClientLifetimes,
    /// What a client's metadata is checked against.
    pub rules: MetadataRules<'a>,
}

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
}

impl<'a> RegistrationContext<'a> {
    /// What this deployment says.
    #[must_use]
    pub fn of(configuration: &'a Configuration) -> Self {
        Self {
            prefixes: &configuration.prefixes,
            endpoint: configuration.endpoints.url(Endpoint::Registration),
            redirect_uri_policy: &configuration.redirect_uris,
            lifetimes: ClientLifetimes {
                unused: configuration.lifetimes.unused_client,
                idle: configuration.lifetimes.idle_client,
            },
            rules: MetadataRules::of(configuration),
        }
    }
}

/// A registered client: what to store, and what to answer with.
#[derive(Debug, Clone)]
pub struct Registered {
    /// To be stored before the answer is sent.
    pub record: ClientRecord,
    /// The answer.
    pub response: RegistrationResponse,
}

/// The client information response
/// ([RFC 7591 section 3.2.1](https://www.rfc-editor.org/rfc/rfc7591#section-3.2.1),
/// [RFC 7592 section 3](https://www.rfc-editor.org/rfc/rfc7592#section-3)). Its JSON has no member
/// that is `null` or empty.
#[derive(Debug, Clone, Serialize)]
pub struct RegistrationResponse {
    /// The identifier, when it was issued, and all registered metadata, defaults included.
    #[serde(flatten)]
    pub members: Map<String, Value>,
    /// The secret, which is in the answer that it was made for and nowhere else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<Secret>,
    /// The token by which the client manages this registration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registration_access_token: Option<Secret>,
}

impl RegistrationResponse {
    /// The answer about `record` to the client itself. `client_secret` is one that was just made.
    fn new(
        record: &ClientRecord,
        client_secret: Option<Secret>,
        registration_access_token: Secret,
        context: &RegistrationContext<'_>,
    ) -> Self {
        let mut members = description(record, client_secret.as_ref());
        // RFC 7592 section 3: both are REQUIRED.
        let uri = format!("{}/{}", context.endpoint, record.client_id);
        members.insert("registration_client_uri".to_owned(), uri.into());
        let registration_access_token = Some(registration_access_token);
        Self { members, client_secret, registration_access_token }
    }
}

/// What is answered about a registered client, to whomever: the identifier, when it was issued, and
/// all registered metadata.
pub(crate) fn description(
    record: &ClientRecord,
    client_secret: Option<&Secret>,
) -> Map<String, Value> {
    let mut members = record.metadata.to_members();
    members.insert("client_id".to_owned(), record.client_id.as_str().into());
    members.insert("client_id_issued_at".to_owned(), record.issued_at.seconds().into());
    let method = record.token_endpoint_auth_method.as_str();
    members.insert("token_endpoint_auth_method".to_owned(), method.into());
    if client_secret.is_some() {
        // RFC 7591 section 3.2.1: REQUIRED with a secret; 0 means that it doesn't expire. The
        // secret lives as long as the client does.
        members.insert("client_secret_expires_at".to_owned(), 0.into());
    }
    if let Some(statement) = &record.software_statement {
        // RFC 7591 section 3.2.1: "its value MUST be returned unmodified in the response".
        members.insert("software_statement".to_owned(), statement.as_str().into());
    }
    members
}

/// Registers the client that `members` describe.
///
/// [RFC 7591 section 3.1](https://www.rfc-editor.org/rfc/rfc7591#section-3.1) and
/// [section 3.2.1](https://www.rfc-editor.org/rfc/rfc7591#section-3.2.1). A `client_id` or
/// `client_secret` among them is ignored: the server alone chooses them. What `statement` claims wins
/// over what they say. `shard` is where the record is going to be stored, and becomes part of the
/// identifier. `decided` is what the operator decided about whoever registers in this way.
///
/// # Errors
///
/// - `invalid_redirect_uri`: there is no redirect URI and the client needs one, or one may not be
///   registered here.
/// - `invalid_client_metadata`: anything else; the description names the member.
pub fn register(
    members: Map<String, Value>,
    statement: Option<&AcceptedStatement>,
    decided: &ClientPolicy,
    context: &RegistrationContext<'_>,
    shard: u8,
    now: UnixTime,
    entropy: &mut impl Entropy,
) -> Result<Registered, RegistrationError> {
    let members = match statement {
        Some(statement) => statement.over(members),
        None => members,
    };
    let metadata = ClientMetadata::from_object(members, context.redirect_uri_policy)?;
    let mut record =
        new_record(metadata, context.rules, &context.prefixes.client_id, shard, now, entropy)?;
    record.policy = decided.clone();
    fit_own_access(&mut record)?;
    record.expires_at = Some(now.plus(context.lifetimes.unused));
    record.software_statement = statement.map(|statement| statement.text().to_owned());
    record.policy.approved |= statement.is_some_and(AcceptedStatement::is_approval);
    let client_secret = make_secret(&mut record, &context.prefixes.client_secret, entropy);
    let random = Secret::generate(entropy);
    let prefix = &context.prefixes.registration_access_token;
    let token = Secret::new(format!("{prefix}{}", random.expose()));
    record.registration_access_token_hash = Some(token.hash());
    let response = RegistrationResponse::new(&record, client_secret, token, context);
    Ok(Registered { record, response })
}

/// The record of a client that was never there before, without a secret or a token.
pub(crate) fn new_record(
    mut metadata: ClientMetadata,
    rules: MetadataRules<'_>,
    client_id_prefix: &str,
    shard: u8,
    now: UnixTime,
    entropy: &mut impl Entropy,
) -> Result<ClientRecord, RegistrationError> {
    let (method, any_secret_method) = rules.settle(&mut metadata)?;
    Ok(ClientRecord {
        client_id: ClientId::generate(client_id_prefix, shard, entropy),
        origin: ClientOrigin::SelfRegistered,
        policy: ClientPolicy::default(),
        metadata,
        client_secret_hash: None,
        previous_secret: None,
        software_statement: None,
        registration_access_token_hash: None,
        token_endpoint_auth_method: method,
        any_secret_method,
        issued_at: now,
        expires_at: None,
        first_used_at: None,
        last_used_at: None,
    })
}

/// Makes the client's grants fit what the operator decided: `client_credentials` is among them exactly
/// if it may have something for itself (TOK-12), which a public client never may
/// ([RFC 6749 section 4.4](https://www.rfc-editor.org/rfc/rfc6749#section-4.4)).
pub(crate) fn fit_own_access(record: &mut ClientRecord) -> Result<(), RegistrationError> {
    if record.is_public() {
        record.policy.client_credentials = None;
    }
    if record.policy.client_credentials.is_none() {
        let grants = &mut record.metadata.grant_types;
        grants.retain(|grant| *grant != GrantType::ClientCredentials);
        if grants.is_empty() {
            return Err(RegistrationError::NoUsableGrantType);
        }
    }
    Ok(())
}

/// Makes a secret, if the client's method needs one, and puts its hash into the record in place of
/// every other.
pub(crate) fn make_secret(
    record: &mut ClientRecord,
    prefix: &str,
    entropy: &mut impl Entropy,
) -> Option<Secret> {
    let secret = record.token_endpoint_auth_method.needs_secret().then(|| {
        let random = Secret::generate(entropy);
        Secret::new(format!("{prefix}{}", random.expose()))
    });
    record.client_secret_hash = secret.as_ref().map(Secret::hash);
    record.previous_secret = None;
    secret
}

/// Gives the record other metadata; the secret, if one had to be made. A secret stays as long as the
/// method needs one, and goes when it needs none.
pub(crate) fn replace_metadata(
    record: &mut ClientRecord,
    mut metadata: ClientMetadata,
    rules: MetadataRules<'_>,
    prefix: &str,
    entropy: &mut impl Entropy,
) -> Result<Option<Secret>, RegistrationError> {
    let (method, any_secret_method) = rules.settle(&mut metadata)?;
    record.metadata = metadata;
    record.token_endpoint_auth_method = method;
    record.any_secret_method = any_secret_method;
    fit_own_access(record)?;
    let keeps = method.needs_secret() && record.client_secret_hash.is_some();
    Ok(if keeps { None } else { make_secret(record, prefix, entropy) })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::CountingEntropy;
    use crate::error::ErrorCode;
    use crate::time::Lifetime;
    use serde_json::json;

    const NOW: UnixTime = UnixTime::from_seconds(1_790_000_000);

    fn default_policy() -> RedirectUriPolicy {
        RedirectUriPolicy {
            private_use: vec![
                "cursor://anysphere.cursor-mcp/oauth/callback".to_owned(),
                "claude://claude.ai/mcp-auth-callback/sdk".to_owned(),
            ],
            reverse_domain_schemes: false,
        }
    }

    fn register_with(
        body: &[u8],
        entropy: &mut CountingEntropy,
    ) -> Result<Registered, RegistrationError> {
        let prefixes = Prefixes {
            client_id: "jmpy_client_".to_owned(),
            client_secret: "jmpy_secret_".to_owned(),
            registration_access_token: "jmpy_rat_".to_owned(),
            ..Prefixes::default()
        };
        let context = RegistrationContext {
            prefixes: &prefixes,
            endpoint: "https://id.example/register".to_owned(),
            redirect_uri_policy: &default_policy(),
            lifetimes: ClientLifetimes::default(),
            rules: MetadataRules {
                auth_methods: &TokenEndpointAuthMethod::ALL,
                reach: Reach::Public,
            },
        };
        register(
            ClientMetadata::object(body)?,
            None,
            &ClientPolicy::default(),
            &context,
            7,
            NOW,
            entropy,
        )
    }

    #[test]
    fn dcr_06_a_client_that_signs_registers_its_keys_and_gets_no_secret() {
        let signing = |member: &str, value: Value| {
            let mut body = json!({
                "redirect_uris": ["https://app.example/callback"],
                "token_endpoint_auth_method": "private_key_jwt",
            });
            body[member] = value;
            register_with(body.to_string().as_bytes(), &mut CountingEntropy::default())
        };
        let jwks = json!({"keys": [{"kty": "EC", "crv": "P-256", "x": "x", "y": "y"}]});
        let inline = signing("jwks", jwks).expect("registered");
        assert!(inline.response.client_secret.is_none());
        assert!(inline.record.client_secret_hash.is_none());
        assert_eq!(inline.response.members["token_endpoint_auth_method"], "private_key_jwt");
        assert!(!inline.response.members.contains_key("client_secret_expires_at"));
        assert!(signing("jwks_uri", json!("https://app.example.com/jwks.json")).is_ok());
        let inside = signing("jwks_uri", json!("https://10.0.0.1/jwks.json")).expect_err("inside");
        assert_eq!(inside, RegistrationError::WebUri { member: "jwks_uri" });
        let without = signing("x", json!(1)).expect_err("no key");
        assert_eq!(without, RegistrationError::KeyMissing);
    }

    fn registered(body: &Value) -> Registered {
        register_with(body.to_string().as_bytes(), &mut CountingEntropy::default())
            .expect("registered")
    }

    fn answer(registered: &Registered) -> Value {
        serde_json::to_value(&registered.response).expect("json")
    }

    /// The answer without what RFC 7592 adds to it, which is new each time.
    fn described(registered: &Registered) -> Value {
        let mut answer = answer(registered);
        let members = answer.as_object_mut().expect("object");
        let uri = members.remove("registration_client_uri").expect("registration_client_uri");
        let client_id = registered.record.client_id.as_str();
        assert_eq!(uri, format!("https://id.example/register/{client_id}"));
        let token = members.remove("registration_access_token").expect("a token");
        let token = token.as_str().expect("text");
        assert!(token.starts_with("jmpy_rat_") && token.len() == 9 + 43, "{token}");
        let hash = registered.record.registration_access_token_hash.expect("hash");
        assert!(hash.matches(&Secret::new(token)));
        answer
    }

    #[test]
    fn rfc7591_3_2_1_a_public_client_gets_an_identifier_all_its_metadata_and_no_secret() {
        let registered = registered(&json!({
            "redirect_uris": ["http://localhost:3000/callback"],
            "token_endpoint_auth_method": "none",
            "client_name": "Example",
            "client_name#fr": "Exemple",
            "logo_uri": "",
            "contacts": null,
            "client_id": "chosen-by-the-client",
            "client_secret": "chosen",
        }));
        let record = &registered.record;
        assert_eq!(
            described(&registered),
            json!({
                "client_id": record.client_id.as_str(),
                "client_id_issued_at": 1_790_000_000,
                "redirect_uris": ["http://localhost:3000/callback"],
                "token_endpoint_auth_method": "none",
                "grant_types": ["authorization_code", "refresh_token"],
                "response_types": ["code"],
                "client_name": "Example",
                "client_name#fr": "Exemple",
            })
        );
        assert!(record.is_public() && record.client_secret_hash.is_none());
        assert_eq!(record.client_id.shard("jmpy_client_"), Some(7));
        assert_eq!(record.expires_at, Some(NOW.plus(Lifetime::days(1))));
    }

    #[test]
    fn tok_12_a_client_that_registers_itself_never_gets_client_credentials() {
        let registered = registered(&json!({
            "redirect_uris": ["https://client.example/callback"],
            "grant_types": ["client_credentials", "authorization_code"],
        }));
        let both = [GrantType::AuthorizationCode, GrantType::RefreshToken];
        assert_eq!(registered.record.metadata.grant_types, both);
        assert_eq!(registered.record.policy, ClientPolicy::default());
        let shown = &answer(&registered)["grant_types"];
        assert_eq!(*shown, json!(["authorization_code", "refresh_token"]));

        let only = br#"{"grant_types": ["client_credentials"]}"#;
        let error = register_with(only, &mut CountingEntropy::default()).expect_err("refused");
        assert_eq!(error, RegistrationError::NoUsableGrantType);
        assert_eq!(error.reply().code, ErrorCode::InvalidClientMetadata);
    }

    #[test]
    fn rfc7591_3_2_1_a_confidential_client_gets_a_secret_that_lives_as_long_as_it_does() {
        for method in ["client_secret_basic", "client_secret_post"] {
            let registered = registered(&json!({
                "redirect_uris": ["https://client.example/callback"],
                "token_endpoint_auth_method": method,
            }));
            let answer = answer(&registered);
            let secret = answer["client_secret"].as_str().expect("secret");
            assert!(secret.starts_with("jmpy_secret_") && secret.len() == 12 + 43, "{secret}");
            assert_eq!(answer["client_secret_expires_at"], 0);
            assert_eq!(answer["token_endpoint_auth_method"], method);
            let hash = registered.record.client_secret_hash.expect("hash");
            assert!(hash.matches(&Secret::new(secret)));
            assert!(!registered.record.any_secret_method);
        }
    }

    #[test]
    fn rfc7591_2_a_client_that_names_no_method_is_confidential_and_may_use_basic_or_post() {
        let registered = registered(&json!({ "redirect_uris": ["https://client.example/cb"] }));
        let answer = answer(&registered);
        assert_eq!(answer["token_endpoint_auth_method"], "client_secret_basic");
        assert!(answer["client_secret"].is_string());
        for method in
            [TokenEndpointAuthMethod::ClientSecretBasic, TokenEndpointAuthMethod::ClientSecretPost]
        {
            assert!(registered.record.accepts_method(method), "{method:?}");
        }
    }

    #[test]
    fn every_registration_has_an_identifier_and_a_secret_of_its_own() {
        let body = br#"{"redirect_uris":["https://client.example/cb"],"client_id":"same"}"#;
        let mut entropy = CountingEntropy::default();
        let first = register_with(body, &mut entropy).expect("first");
        let second = register_with(body, &mut entropy).expect("second");
        assert_ne!(first.record.client_id, second.record.client_id);
        let secret = second.response.client_secret.expect("secret");
        assert!(!first.record.client_secret_hash.expect("hash").matches(&secret));
    }

    #[test]
    fn neither_the_record_nor_debug_output_has_the_secret() {
        let registered = registered(&json!({ "redirect_uris": ["https://client.example/cb"] }));
        let secret = registered.response.client_secret.clone().expect("secret");
        let stored = serde_json::to_string(&registered.record).expect("json");
        assert!(!stored.contains(secret.expose()));
        assert!(!format!("{registered:?}").contains(secret.expose()));
        let token = registered.response.registration_access_token.clone().expect("token");
        assert!(!stored.contains(token.expose()));
        assert!(!format!("{registered:?}").contains(token.expose()));
    }

    #[test]
    fn a_stored_record_reads_back() {
        let registered = registered(&json!({
            "redirect_uris": ["https://client.example/cb"],
            "client_name#fr": "Exemple",
        }));
        let stored = serde_json::to_string(&registered.record).expect("json");
        let read: ClientRecord = serde_json::from_str(&stored).expect("reads back");
        assert_eq!(serde_json::to_string(&read).expect("json"), stored);
        assert_eq!(read.metadata, registered.record.metadata);
        assert!(read.any_secret_method);
    }

    #[test]
    fn rfc7591_3_2_2_a_refusal_draws_no_randomness_and_has_one_of_the_two_codes() {
        let cases = [
            ("", ErrorCode::InvalidClientMetadata),
            ("{}", ErrorCode::InvalidRedirectUri),
            (r#"{"redirect_uris":["javascript:alert(1)"]}"#, ErrorCode::InvalidRedirectUri),
            (
                r#"{"redirect_uris":["https://a.example/"],"logo_uri":"javascript:alert(1)"}"#,
                ErrorCode::InvalidClientMetadata,
            ),
        ];
        for (body, code) in cases {
            let mut entropy = CountingEntropy::default();
            let error = register_with(body.as_bytes(), &mut entropy).expect_err(body);
            assert_eq!(error.reply().code, code, "{body}");
            let untouched = CountingEntropy::default().bytes::<8>();
            assert_eq!(entropy.bytes::<8>(), untouched, "{body}");
        }
    }

    /// The bodies that real clients send, in `tests/fixtures/registrations`.
    fn fixtures() -> Vec<(String, Value)> {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/registrations");
        let mut fixtures: Vec<_> = std::fs::read_dir(folder)
            .expect("fixtures")
            .map(|entry| entry.expect("entry").path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
            .map(|path| {
                let body = std::fs::read(&path).expect("fixture");
                let name = path.file_stem().expect("name").to_string_lossy().into_owned();
                (name, serde_json::from_slice(&body).expect("fixture is JSON"))
            })
            .collect();
        fixtures.sort_by(|first, second| first.0.cmp(&second.0));
        fixtures
    }

    #[test]
    fn every_real_client_registers_with_the_body_it_sends() {
        let fixtures = fixtures();
        assert!(fixtures.len() >= 24, "only {} fixtures", fixtures.len());
        for (name, body) in fixtures {
            let registered = registered(&body);
            let answer = answer(&registered);
            for member in ["redirect_uris", "client_name", "client_uri", "logo_uri", "software_id"]
            {
                assert_eq!(answer.get(member), body.get(member), "{name}: {member}");
            }
            // An absent scope and "" are the same, and neither is echoed.
            let scope = body.get("scope").filter(|scope| *scope != "");
            assert_eq!(answer.get("scope"), scope, "{name}");

            let mut grants = vec![GrantType::AuthorizationCode, GrantType::RefreshToken];
            if body["grant_types"].to_string().contains(GrantType::DeviceCode.as_str()) {
                grants.push(GrantType::DeviceCode);
            }
            assert_eq!(registered.record.metadata.grant_types, grants, "{name}");
            assert_eq!(answer["response_types"], json!(["code"]), "{name}");

            let method = body.get("token_endpoint_auth_method").and_then(Value::as_str);
            let expected = method.unwrap_or("client_secret_basic");
            assert_eq!(answer["token_endpoint_auth_method"], expected, "{name}");
            let secret = answer.get("client_secret").is_some();
            assert_eq!(secret, expected.starts_with("client_secret_"), "{name}");
            assert_eq!(answer.get("client_secret_expires_at").is_some(), secret, "{name}");

            for (member, value) in answer.as_object().expect("object") {
                let empty = value.is_null() || *value == json!("") || *value == json!([]);
                assert!(!empty, "{name}: {member}");
            }
            let uri = answer["registration_client_uri"].as_str().expect("a URI");
            assert!(uri.starts_with("https://id.example/register/"), "{name}: {uri}");
        }
    }

    #[test]
    fn a_client_that_leaves_application_type_out_is_native_by_its_redirect_uris() {
        let native: Vec<String> = fixtures()
            .iter()
            .filter(|(_, body)| body.get("application_type").is_none())
            .filter(|(_, body)| registered(body).record.metadata.runs_on_persons_machine())
            .map(|(name, _)| name.clone())
            .collect();
        assert_eq!(
            native,
            [
                "gemini-cli",
                "mcp-inspector",
                "mcp-remote-client",
                "mcp-remote-proxy",
                "opencode",
                "zed",
            ]
        );
    }
}
