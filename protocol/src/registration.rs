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
mod rules;
pub mod software_statement;
#[cfg(test)]
mod tests;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::client::{
    ClientId, ClientLifetimes, ClientOrigin, ClientPolicy, ClientRecord, GrantType,
};
use crate::client_metadata::ClientMetadata;
pub use crate::client_metadata::ClientMetadataError as RegistrationError;
use crate::configuration::{Configuration, Endpoint, Prefixes};
use crate::entropy::Entropy;
use crate::redirect_uri::RedirectUriPolicy;
use crate::secret::Secret;
use crate::time::UnixTime;
pub use rules::MetadataRules;
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
