//! The deployment that strangers speak to here.

use std::sync::LazyLock;

use latchkey_protocol::client::{
    ClientId, ClientOrigin, ClientPolicy, ClientRecord, GrantType, TokenEndpointAuthMethod,
};
use latchkey_protocol::client_metadata::{ClientMetadata, ResponseType};
use latchkey_protocol::configuration::Configuration;
use latchkey_protocol::entropy::Entropy;
use latchkey_protocol::redirect_uri::{RedirectUri, RedirectUriPolicy};
use latchkey_protocol::time::UnixTime;
use serde_json::json;

pub const NOW: UnixTime = UnixTime::from_seconds(1_800_000_000);

/// The redirect URIs that the client registered, one of each kind.
pub const REGISTERED: [&str; 4] = [
    "https://app.example/callback?tenant=1",
    "http://127.0.0.1/callback",
    "http://[::1]:3118/callback",
    "com.example.app:/callback",
];

pub static CONFIGURATION: LazyLock<Configuration> = LazyLock::new(|| {
    let settings = json!({
        "scopes": [
            { "name": "mcp", "title": "Use your tools", "default": true },
            { "name": "read", "title": "Read", "implies": ["mcp"] },
        ],
        "resources": [
            { "path": "/mcp", "upstream": { "url": "http://127.0.0.1:9001/inner" }, "kind": "mcp" },
            { "path": "/mcp/admin", "upstream": { "url": "http://127.0.0.1:9002" } },
            { "path": "/v1", "upstream": { "service": "API", "path": "/root" } },
            { "uri": "https://api.example/v1?tenant=1" },
        ],
        "redirect_uris": {
            "private_use": ["cursor://anysphere.cursor-mcp/oauth/callback"],
            "reverse_domain_schemes": true,
        },
    });
    Configuration::parse("https://id.example", &settings).expect("a good configuration")
});

pub static CLIENT: LazyLock<ClientRecord> = LazyLock::new(|| {
    let policy = RedirectUriPolicy { private_use: Vec::new(), reverse_domain_schemes: true };
    let parse = |uri: &&str| RedirectUri::parse(uri, &policy).expect("a redirect URI");
    ClientRecord {
        client_id: ClientId::parse("client").expect("a client id"),
        origin: ClientOrigin::SelfRegistered,
        policy: ClientPolicy::default(),
        metadata: ClientMetadata {
            redirect_uris: REGISTERED.iter().map(parse).collect(),
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
});

/// Randomness that repeats itself: an input has to do the same each time.
#[derive(Default)]
pub struct Counting(u64);

impl Entropy for Counting {
    fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            self.0 += 1;
            chunk.copy_from_slice(&self.0.to_be_bytes()[..chunk.len()]);
        }
    }
}
