//! What the tests of the authorization endpoint and of the grants share: one deployment, its
//! clients, one good authorization request, and the grant that comes of it.
//!
//! Everything is drawn from [`CountingEntropy`], so two calls give the same request and the same
//! code. Tests change one thing about it and say what that comes to.

use serde_json::{Value, json};
use std::sync::LazyLock;

use crate::activity::Activity;
use crate::authorize::{self, AuthorizationRequest, Refusal};
use crate::client::{
    ClientId, ClientOrigin, ClientPolicy, ClientRecord, GrantType, TokenEndpointAuthMethod,
};
use crate::client_metadata::{ClientMetadata, ResponseType};
use crate::configuration::Configuration;
use crate::entropy::{CountingEntropy, Entropy};
use crate::grant::authorization_code::{self, Approver, CodeRequest};
use crate::grant::{Decision, GrantRecord, Write};
use crate::identifier::AccountId;
use crate::params::{Parameters, encode};
use crate::pkce::CodeVerifier;
use crate::redirect_uri::{RedirectUri, RedirectUriPolicy};
use crate::secret::Secret;
use crate::time::{Lifetime, UnixTime};

/// When the authorization request arrives, the person approves, and the code is redeemed.
pub(crate) const NOW: UnixTime = UnixTime::from_seconds(1_800_000_000);
/// The redirect URI of the good request.
pub(crate) const REDIRECT_URI: &str = "https://app.example/callback?tenant=1";
/// [RFC 7636 appendix B](https://www.rfc-editor.org/rfc/rfc7636#appendix-B).
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
/// [RFC 7636 appendix B](https://www.rfc-editor.org/rfc/rfc7636#appendix-B).
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
/// A well-formed verifier that belongs to another challenge.
pub(crate) const WRONG_VERIFIER: &str = "wrong-wrong-wrong-wrong-wrong-wrong-wrong-w";
/// The default resource.
pub(crate) const MCP: &str = "https://id.example/mcp";
/// The other resource.
pub(crate) const API: &str = "https://api.example/v1";

/// The sequence after `draws` draws, so that what comes of it differs from what came of those.
pub(crate) fn entropy_after(draws: usize) -> CountingEntropy {
    let mut entropy = CountingEntropy::default();
    for _ in 0..draws {
        let _ = entropy.bytes::<32>();
    }
    entropy
}

/// So many seconds after [`NOW`].
pub(crate) const fn after(seconds: u64) -> UnixTime {
    NOW.plus(Lifetime::seconds(seconds))
}

/// The deployment: three scopes, one of them by default, and two resources.
pub(crate) fn configuration() -> Configuration {
    configuration_with(&json!({}))
}

/// The deployment with some settings replaced.
pub(crate) fn configuration_with(replaced: &Value) -> Configuration {
    let mut settings = json!({
        "scopes": [
            { "name": "mcp", "title": "Use your tools", "default": true },
            { "name": "read", "title": "Read" },
            { "name": "write", "title": "Write" },
        ],
        "resources": [{ "path": "/mcp" }, { "uri": API }],
    });
    for (key, value) in replaced.as_object().expect("an object of settings") {
        settings[key] = value.clone();
    }
    Configuration::parse("https://id.example", &settings).expect("configuration")
}

pub(crate) fn client_id(text: &str) -> ClientId {
    ClientId::parse(text).expect("client id")
}

/// A public client with these redirect URIs.
pub(crate) fn client_with(redirect_uris: &[&str]) -> ClientRecord {
    let policy = RedirectUriPolicy { private_use: Vec::new(), reverse_domain_schemes: true };
    let registered = |uri: &&str| RedirectUri::parse(uri, &policy).expect("redirect URI");
    ClientRecord {
        client_id: client_id("client"),
        origin: ClientOrigin::SelfRegistered,
        policy: ClientPolicy::default(),
        metadata: ClientMetadata {
            redirect_uris: redirect_uris.iter().map(registered).collect(),
            grant_types: GrantType::ALL.to_vec(),
            response_types: vec![ResponseType::Code],
            ..ClientMetadata::default()
        },
        client_secret_hash: None,
        previous_secret: None,
        software_statement: None,
        registration_access_token_hash: None,
        token_endpoint_auth_method: TokenEndpointAuthMethod::None,
        any_secret_method: false,
        issued_at: NOW,
        expires_at: None,
        first_used_at: None,
        last_used_at: None,
    }
}

/// The public client of the good request.
pub(crate) fn client() -> ClientRecord {
    client_with(&[REDIRECT_URI])
}

/// The same client with a secret.
pub(crate) fn confidential_client() -> ClientRecord {
    ClientRecord {
        client_secret_hash: Some(Secret::new("client secret").hash()),
        token_endpoint_auth_method: TokenEndpointAuthMethod::ClientSecretBasic,
        ..client()
    }
}

/// One difference from the good authorization request.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Change<'a> {
    /// Sends this value instead.
    Set(&'a str, &'a str),
    /// Leaves the parameter out.
    Without(&'a str),
    /// Sends this one as well.
    Also(&'a str, &'a str),
}

/// The good authorization request with changes.
pub(crate) fn parameters(changes: &[Change<'_>]) -> Parameters {
    let mut pairs = vec![
        ("response_type", "code"),
        ("client_id", "client"),
        ("redirect_uri", REDIRECT_URI),
        ("scope", "mcp read"),
        ("state", "state &=+%/é"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
        ("resource", MCP),
    ];
    for change in changes {
        match *change {
            Change::Set(name, value) => {
                pairs.retain(|(own, _)| *own != name);
                pairs.push((name, value));
            }
            Change::Without(name) => pairs.retain(|(own, _)| *own != name),
            Change::Also(name, value) => pairs.push((name, value)),
        }
    }
    Parameters::parse(encode(&pairs).as_bytes()).expect("parameters")
}

/// What `check` says to the good authorization request with changes.
pub(crate) fn check(
    changes: &[Change<'_>],
    client: &ClientRecord,
    configuration: &Configuration,
) -> Result<AuthorizationRequest, Refusal> {
    let mut entropy = CountingEntropy::default();
    authorize::check(&parameters(changes), client, configuration, NOW, &mut entropy)
}

/// The good authorization request, checked, with changes that leave it good.
pub(crate) fn authorization_request(changes: &[Change<'_>]) -> AuthorizationRequest {
    check(changes, &client(), &configuration()).expect("a good request")
}

/// The person's account.
pub(crate) fn account() -> AccountId {
    AccountId::parse("AAAAAAAAAAAAAAAAAAAAAA").expect("account")
}

/// The person, who entered their password at `authenticated_at`.
pub(crate) fn approver(authenticated_at: UnixTime) -> Approver<'static> {
    static ACCOUNT: LazyLock<AccountId> = LazyLock::new(account);
    Approver { account: &ACCOUNT, authenticated_at }
}

/// The grant right after the person approved `request`.
pub(crate) fn approved(
    request: &AuthorizationRequest,
    configuration: &Configuration,
) -> GrantRecord {
    let lifetimes = &configuration.lifetimes;
    let (name, approver) = (Some("App"), approver(NOW));
    let decision =
        authorization_code::approve(None, Vec::new(), request, name, approver, lifetimes, NOW);
    written(&decision).expect("a new grant")
}

/// The grant of the good request, its code waiting.
pub(crate) fn issued() -> GrantRecord {
    approved(&authorization_request(&[]), &configuration())
}

/// The good token request for [`issued`].
pub(crate) fn code_request() -> CodeRequest {
    CodeRequest {
        client_snapshot: None,
        secret: authorization_request(&[]).code_secret(&account()),
        client_id: client_id("client"),
        redirect_uri: Some(REDIRECT_URI.to_owned()),
        code_verifier: Some(CodeVerifier::parse(VERIFIER).expect("verifier")),
        resource: Vec::new(),
    }
}

/// The grant right after its code was redeemed, and its first refresh token.
pub(crate) fn live() -> (GrantRecord, Secret) {
    let decision = authorization_code::redeem(
        Some(issued()),
        &code_request(),
        &configuration(),
        NOW,
        &mut entropy_after(2),
    );
    let record = written(&decision).expect("a grant with a family");
    (record, decision.reply.expect("granted").refresh_secret)
}

/// The grant that a decision stores, if it stores one. Only a decision about an installation of
/// several grants stores several.
pub(crate) fn written<R>(decision: &Decision<R>) -> Option<GrantRecord> {
    let mut grants = all_written(decision);
    assert!(grants.len() <= 1, "one decision, one grant");
    grants.pop()
}

/// Every grant that a decision stores.
pub(crate) fn all_written<R>(decision: &Decision<R>) -> Vec<GrantRecord> {
    let grant = |write: &Write| match write {
        Write::Grant(record) => Some(GrantRecord::clone(record)),
        Write::Activity(_) | Write::RevokedAccessToken { .. } => None,
    };
    let grants: Vec<_> = decision.writes.iter().filter_map(grant).collect();
    let ids: std::collections::HashSet<_> = grants.iter().map(|grant| &grant.id).collect();
    assert_eq!(ids.len(), grants.len(), "no grant is stored twice");
    grants
}

/// What a decision adds to the person's activity log.
pub(crate) fn noted<R>(decision: &Decision<R>) -> Vec<Activity> {
    let activity = |write: &Write| match write {
        Write::Activity(activity) => Some(activity.clone()),
        Write::Grant(_) | Write::RevokedAccessToken { .. } => None,
    };
    decision.writes.iter().filter_map(activity).collect()
}

/// A record's stored form, by which two records are compared.
pub(crate) fn stored(record: &GrantRecord) -> Value {
    serde_json::to_value(record).expect("json")
}

/// Whether two secrets are the same one.
pub(crate) fn same(left: &Secret, right: &Secret) -> bool {
    left.hash().matches(right)
}
