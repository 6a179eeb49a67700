//! The OAuth client of `rmcp`, the Rust SDK of the Model Context Protocol, with its own HTTP client.

use latchkey_tests::{Browser, Callback, Client, Front, Server, jwt};
use oauth2::TokenResponse as _;
use rmcp::transport::AuthorizationManager;
use rmcp::transport::auth::{AuthError, AuthorizationRequest, ClientCredentialsConfig, OAuthState};
use std::future::Future;
use tokio::runtime::{Builder, Runtime};

use super::allow;
use crate::Case;

/// Where the client's own little server would listen.
const REDIRECT_URI: &str = "http://127.0.0.1:18734/callback";

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        Case::new(
            "issue 2: rmcp discovers the server, registers itself, gets tokens and refreshes them",
            |servers| {
                whole_walk(servers.standard());
            },
        ),
        Case::new(
            "issue 2: rmcp asks for more scope later, and the person is asked again",
            |servers| {
                more_scope(servers.standard());
            },
        ),
        Case::new(
            "RFC 9207 section 2.4: rmcp insists on the iss that the metadata promises",
            |servers| {
                issuer_is_checked(servers.standard());
            },
        ),
        Case::new(
            "MCP OAuth Client Credentials, EXT-01: rmcp gets a token for itself at the MCP server, and no more than it may",
            |servers| for_itself(servers.machines()),
        ),
        Case::new("RFC 7009: rmcp understands that its refresh token was revoked", |servers| {
            revoked(servers.standard());
        }),
    ]
}

/// The client at the MCP server `/mcp` of this origin, and its runtime.
struct Rmcp {
    runtime: Runtime,
    state: OAuthState,
}

impl Rmcp {
    /// Discovers the authorization server and registers.
    fn started(server: &Server, scopes: &[&str]) -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().expect("runtime");
        let url = format!("{}/mcp", server.address());
        let state = runtime.block_on(async {
            let mut state = OAuthState::new(url, None).await?;
            let request = AuthorizationRequest::new(REDIRECT_URI)
                .with_client_name("rmcp under test")
                .with_scopes(scopes.iter().copied());
            state.start_authorization(request).await?;
            Ok::<_, AuthError>(state)
        });
        Self { runtime, state: state.expect("discovery and registration") }
    }

    /// What the client wants opened.
    fn url(&self) -> String {
        self.runtime.block_on(self.state.get_authorization_url()).expect("authorization URL")
    }

    fn authorized(server: &Server, browser: &mut Browser<'_>, scopes: &[&str]) -> Self {
        let mut client = Self::started(server, scopes);
        let callback = allow(server, browser, &client.url());
        client.take(&callback);
        client
    }

    /// Hands the client the URL that its redirect URI was called with.
    #[track_caller]
    fn take(&mut self, callback: &Callback) {
        self.runtime
            .block_on(self.state.handle_callback_url(&callback.location))
            .expect("tokens for the callback");
    }

    fn manager(&self) -> &AuthorizationManager {
        match &self.state {
            OAuthState::Authorized(manager) => manager,
            _ => panic!("the client isn't authorized"),
        }
    }

    fn wait<F: Future>(&self, future: F) -> F::Output {
        self.runtime.block_on(future)
    }
}

fn whole_walk(server: &Server) {
    let mut browser = Browser::new(server);
    let client = Rmcp::authorized(server, &mut browser, &["mcp"]);
    let manager = client.manager();
    let token = client.wait(manager.get_access_token()).expect("access token");
    let claims = jwt::verify(&token, &jwt::keys(server)).expect("signature").claims;
    assert_eq!(claims["iss"], server.issuer());
    // The client sends `resource` by itself, and the token is for that MCP server.
    assert_eq!(claims["aud"], format!("{}/mcp", server.issuer()));
    assert_eq!(claims["scope"], "mcp");

    let before = client.wait(manager.get_credentials()).expect("credentials");
    assert_eq!(claims["client_id"], before.0);
    let before = before.1.expect("tokens");
    for _ in 0..2 {
        let after = client.wait(manager.refresh_token()).expect("new tokens");
        assert_ne!(after.access_token().secret(), before.access_token().secret());
        let refresh = |tokens: &rmcp::transport::auth::OAuthTokenResponse| {
            tokens.refresh_token().expect("refresh token").secret().clone()
        };
        assert_ne!(refresh(&after), refresh(&before));
    }
}

fn more_scope(server: &Server) {
    let mut browser = Browser::new(server);
    let mut client = Rmcp::authorized(server, &mut browser, &["mcp"]);
    let upgrade = client.state.request_scope_upgrade("mcp:write", REDIRECT_URI);
    let url = client.runtime.block_on(upgrade).expect("authorization URL");
    let callback = allow(server, &mut browser, &url);
    client.take(&callback);
    let token = client.wait(client.manager().get_access_token()).expect("access token");
    let claims = jwt::verify(&token, &jwt::keys(server)).expect("signature").claims;
    let mut scope: Vec<&str> = claims["scope"].as_str().unwrap_or_default().split(' ').collect();
    scope.sort_unstable();
    assert_eq!(scope, ["mcp", "mcp:write"]);
}

fn issuer_is_checked(server: &Server) {
    let mut client = Rmcp::started(server, &[]);
    let callback = allow(server, &mut Browser::new(server), &client.url());
    let (code, state) = (callback.code(), callback.get("state").expect("state"));
    for issuer in [None, Some("https://evil.example")] {
        let answer = client.state.handle_callback_with_issuer(&code, &state, issuer);
        assert!(client.runtime.block_on(answer).is_err(), "{issuer:?} was accepted");
    }
    client.take(&callback);
}

fn revoked(server: &Server) {
    let client = Rmcp::authorized(server, &mut Browser::new(server), &[]);
    let (client_id, tokens) = client.wait(client.manager().get_credentials()).expect("credentials");
    let tokens = tokens.expect("tokens");
    let refresh = tokens.refresh_token().expect("refresh token").secret();
    let fields = [("token", refresh.as_str()), ("client_id", client_id.as_str())];
    let _ = server.post_form("/revoke", &fields).expect(200);
    let answer = client.wait(client.manager().refresh_token());
    assert!(matches!(answer, Err(AuthError::TokenRefreshRejected(_))), "{answer:?}");
}

fn for_itself(front: &Front) {
    let server = &front.server;
    let runtime = Builder::new_current_thread().enable_all().build().expect("runtime");
    let url = format!("{}/mcp", server.address());
    let attempt = |client: &Client, scopes: &[&str], resource: &str| {
        let config = ClientCredentialsConfig::ClientSecret {
            client_id: client.id.clone(),
            client_secret: client.secret.clone().expect("a secret"),
            scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
            resource: Some(resource.to_owned()),
        };
        runtime.block_on(async {
            let mut state = OAuthState::new(url.as_str(), None).await?;
            state.authenticate_client_credentials(config).await?;
            match state {
                OAuthState::Authorized(manager) => manager.get_access_token().await,
                _ => panic!("the client isn't authorized"),
            }
        })
    };
    // The crate posts the secret, as a client that named no method may.
    let (poster, mcp) = (Client::configured("poster"), front.resource("/mcp"));
    let token = attempt(&poster, &["mcp"], &mcp).expect("a token");
    let claims = jwt::verify(&token, &jwt::keys(server)).expect("signature").claims;
    assert_eq!((&claims["sub"], &claims["client_id"]), (&"poster".into(), &"poster".into()));
    assert_eq!((&claims["aud"], &claims["scope"]), (&mcp.clone().into(), &"mcp".into()));
    let place = front.upstream.plain();
    let message = crate::gateway::tool("list_notes");
    let _ = front.message(&place, &token, &message).send().expect(200);
    assert_eq!(place.only().header("latchkey-subject-type"), Some("client"));

    let stranger = Client::with_method(server, "client_secret_post");
    let wrong = Client { secret: Some("guessed".to_owned()), ..poster.clone() };
    for (client, resource) in
        [(&stranger, &mcp), (&wrong, &mcp), (&poster, &front.resource("/api"))]
    {
        let answer = attempt(client, &[], resource);
        assert!(matches!(answer, Err(AuthError::ClientCredentialsError(_))), "{answer:?}");
    }
}
