//! The one deployment and the one client of the model, and how far a model goes.

use std::sync::LazyLock;

use latchkey_protocol::authorize::{self, AuthorizationRequest};
use latchkey_protocol::client::{
    ClientId, ClientOrigin, ClientPolicy, ClientRecord, GrantType, TokenEndpointAuthMethod,
};
use latchkey_protocol::client_metadata::{ClientMetadata, ResponseType};
use latchkey_protocol::configuration::Configuration;
use latchkey_protocol::entropy::Entropy;
use latchkey_protocol::identifier::AccountId;
use latchkey_protocol::params::{Parameters, encode};
use latchkey_protocol::redirect_uri::{RedirectUri, RedirectUriPolicy};
use latchkey_protocol::time::{Lifetime, UnixTime};
use serde_json::json;

/// How far a model goes: what a checker has to bound, and what the time is counted in.
#[derive(Debug, Clone, Copy)]
pub struct Scenario {
    /// How many authorization requests of the client there are: 1 or 2, of the same installation.
    pub grants: usize,
    /// How many requests can be under way at the same moment.
    pub workers: usize,
    /// How many refresh tokens a family gives out at most; the newest isn't refreshed then.
    pub refresh_tokens: usize,
    /// Wrong requests too: another client's, wrong proofs, things that are no tokens.
    pub wrong_requests: bool,
}

/// Time goes on by so many seconds in a step of the checker. Every end is at a multiple of it, and no
/// two ends are at the same one.
pub const STEP: Lifetime = Lifetime::seconds(60);

/// When the authorization requests arrive.
pub const START: UnixTime = UnixTime::from_seconds(1_800_000_000);
pub const CODE: Lifetime = Lifetime::seconds(60);
pub const WINDOW: Lifetime = Lifetime::seconds(60);
pub const REQUEST: Lifetime = Lifetime::seconds(120);
pub const ACCESS_TOKEN: Lifetime = Lifetime::seconds(120);
pub const IDLE: Lifetime = Lifetime::seconds(180);
pub const ABSOLUTE: Lifetime = Lifetime::seconds(300);

pub const REDIRECT_URI: &str = "https://app.example/callback";
/// [RFC 7636 appendix B](https://www.rfc-editor.org/rfc/rfc7636#appendix-B).
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
/// What the second request asks for isn't what the first does, so that approving it widens.
const SCOPES: [&str; 2] = ["read", "read write"];

pub static CONFIGURATION: LazyLock<Configuration> = LazyLock::new(|| {
    let settings = json!({
        "scopes": [
            { "name": "read", "title": "Read", "default": true },
            { "name": "write", "title": "Write" },
        ],
        "resources": [{ "path": "/mcp" }],
        "lifetimes": {
            "access_token": ACCESS_TOKEN.as_seconds(),
            "authorization_code": CODE.as_seconds(),
            "authorization_request": REQUEST.as_seconds(),
            "refresh_retry_window": WINDOW.as_seconds(),
            "refresh_token_idle": IDLE.as_seconds(),
            "refresh_token_absolute": ABSOLUTE.as_seconds(),
        },
    });
    Configuration::parse("https://id.example", &settings).expect("a good configuration")
});

pub static ACCOUNT: LazyLock<AccountId> =
    LazyLock::new(|| AccountId::parse("AAAAAAAAAAAAAAAAAAAAAA").expect("16 bytes"));

/// The requests that a person can approve, as `/authorize` checked them.
pub static REQUESTS: LazyLock<Vec<AuthorizationRequest>> = LazyLock::new(|| {
    let mut entropy = Counting::from(0);
    SCOPES.iter().map(|scope| checked(scope, &mut entropy)).collect()
});

pub fn client_id(text: &str) -> ClientId {
    ClientId::parse(text).expect("a client id")
}

fn checked(scope: &str, entropy: &mut Counting) -> AuthorizationRequest {
    let query = encode(&[
        ("response_type", "code"),
        ("client_id", "client"),
        ("redirect_uri", REDIRECT_URI),
        ("scope", scope),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ]);
    let parameters = Parameters::parse(query.as_bytes()).expect("a query");
    let redirect_uri = RedirectUri::parse(REDIRECT_URI, &RedirectUriPolicy::default());
    let client = ClientRecord {
        client_id: client_id("client"),
        origin: ClientOrigin::SelfRegistered,
        policy: ClientPolicy::default(),
        metadata: ClientMetadata {
            redirect_uris: vec![redirect_uri.expect("a redirect URI")],
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
        issued_at: START,
        expires_at: None,
        first_used_at: None,
        last_used_at: None,
    };
    authorize::check(&parameters, &client, &CONFIGURATION, START, entropy).expect("a good request")
}

/// Randomness that a checker can repeat: it counts on from a number, so that two draws never agree.
pub struct Counting(u64);

impl From<u64> for Counting {
    fn from(start: u64) -> Self {
        Self(start)
    }
}

impl Entropy for Counting {
    fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            self.0 += 1;
            chunk.copy_from_slice(&self.0.to_be_bytes()[..chunk.len()]);
        }
    }
}
