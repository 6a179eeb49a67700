//! MCP clients of `rmcp` with its own OAuth at the example that `npm start` serves.

use latchkey_tests::{Browser, Client, Person, Server};
use reqwest::Client as Http;
use rmcp::model::{
    CallToolRequestParams, ClientCapabilities, ClientConfig, Implementation, ProtocolVersion,
};
use rmcp::service::{ClientInitializeError, RunningService, ServiceError};
use rmcp::transport::auth::{
    AuthClient, AuthError, AuthorizationCallback, AuthorizationRequest, ClientCredentialsConfig,
    CredentialStore, InMemoryCredentialStore, OAuthState,
};
use rmcp::transport::streamable_http_client::{
    AuthRequiredError, InsufficientScopeError, StreamableHttpClientTransportConfig,
};
use rmcp::transport::{AuthorizationManager, StreamableHttpClientTransport};
use rmcp::{ClientLifecycleMode, ClientServiceExt, RoleClient};
use serde_json::{Value, json};
use std::error::Error;
use tokio::runtime::{Builder, Runtime};

use super::{REVISIONS, TOOLS, allow, asked_for, parameter, scopes};
use crate::Case;

/// Where the client's own little server would listen.
const REDIRECT_URI: &str = "http://127.0.0.1:18734/callback";

/// The cases.
pub fn trials() -> Vec<Case> {
    let mut cases = Vec::new();
    for revision in REVISIONS {
        let title = format!(
            "issue 3: rmcp calls the example's tools in MCP {revision}, asks for more scope, loses its grant and recovers"
        );
        cases.push(Case::new(title, move |servers| whole_walk(servers.examples(), revision)));
        let title = format!(
            "issue 3: rmcp in MCP {revision} calls tools with a personal access token and no OAuth"
        );
        cases.push(Case::new(title, move |servers| with_a_token(servers.examples(), revision)));
        let title = format!(
            "EXT-01, issue 4: rmcp in MCP {revision} calls tools for itself, by client_credentials and with no person"
        );
        cases.push(Case::new(title, move |servers| for_itself(servers.examples(), revision)));
    }
    cases.push(Case::new(
        "issue 3: rmcp gets a new access token by itself when it knows that the old one expires",
        |servers| {
            foreseen_expiry(servers.brief_examples());
        },
    ));
    cases.push(Case::new(
        "issue 3: rmcp gets a new access token by itself when a 401 says that the old one has expired",
        |servers| {
            unforeseen_expiry(servers.brief_examples());
        },
    ));
    cases
}

type Auth = AuthClient<Http>;
type Service = RunningService<RoleClient, ClientConfig>;

/// A client, its OAuth and its runtime.
struct Rmcp {
    runtime: Runtime,
    url: String,
    revision: &'static str,
    auth: Auth,
    credentials: InMemoryCredentialStore,
}

impl Rmcp {
    /// A client that isn't authorized.
    fn new(server: &Server, revision: &'static str) -> Self {
        // More than this thread: a connection has work to do while the test asks a person.
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("runtime");
        let url = format!("{}/mcp", server.address());
        let manager = runtime.block_on(AuthorizationManager::new(url.as_str())).expect("manager");
        let credentials = InMemoryCredentialStore::new();
        Self { runtime, url, revision, auth: AuthClient::new(http(), manager), credentials }
    }

    /// Connects with what it has.
    fn connect(&self) -> Result<Service, Box<ClientInitializeError>> {
        let config = StreamableHttpClientTransportConfig::with_uri(self.url.as_str());
        let auth = self.auth.clone();
        self.runtime.block_on(async {
            serve(StreamableHttpClientTransport::with_client(auth, config), self.revision).await
        })
    }

    /// Does what the challenge of a 401 asks for: discovers, registers, asks the person, gets tokens.
    fn authorize(
        &mut self,
        server: &Server,
        browser: &mut Browser<'_>,
        challenge: &str,
    ) -> url::Url {
        let state = self.runtime.block_on(async {
            let mut state = OAuthState::new(self.url.as_str(), None).await?;
            if let OAuthState::Unauthorized(manager) = &mut state {
                manager.set_credential_store(self.credentials.clone());
            }
            let request = AuthorizationRequest::new(REDIRECT_URI)
                .with_client_name("rmcp under test")
                .with_challenge(challenge);
            state.start_authorization(request).await?;
            Ok::<_, AuthError>(state)
        });
        let mut state = state.expect("discovery and registration");
        let url = self.runtime.block_on(state.get_authorization_url()).expect("authorization URL");
        let callback = allow(server, browser, &url);
        let taken = self.runtime.block_on(state.handle_callback_url(&callback.location));
        taken.expect("tokens for the callback");
        let manager = state.into_authorization_manager().expect("an authorized client");
        self.auth = AuthClient::new(http(), manager);
        url.parse().expect("an absolute URL")
    }

    /// Has an authorized client ask again, for more scope or for a new grant, and go on.
    fn authorize_again(&self, server: &Server, browser: &mut Browser<'_>, ask: Ask<'_>) {
        let manager = self.runtime.block_on(self.auth.auth_manager.lock());
        let url = self.runtime.block_on(async {
            match ask {
                Ask::More(scope) => manager.request_scope_upgrade(scope).await,
                Ask::Anew(scope) => manager.get_authorization_url(&[scope]).await,
            }
        });
        let location = allow(server, browser, &url.expect("authorization URL")).location;
        let callback = AuthorizationCallback::from_redirect_url(&location).expect("a callback");
        let taken = self.runtime.block_on(manager.exchange_code_for_token_with_issuer(
            &callback.code,
            &callback.csrf_token,
            callback.issuer.as_deref(),
        ));
        taken.expect("tokens for the callback");
    }

    fn access_token(&self) -> String {
        let stored = self.runtime.block_on(self.credentials.load()).expect("credentials");
        let tokens = stored.and_then(|stored| stored.token_response).expect("tokens");
        oauth2::TokenResponse::access_token(&tokens).secret().clone()
    }

    /// Calls a tool and returns what it said.
    fn call(&self, service: &Service, tool: &str, arguments: Value) -> Result<Value, ServiceError> {
        call(&self.runtime, service, tool, arguments)
    }

    #[track_caller]
    fn tools(&self, service: &Service) -> Vec<String> {
        tools(&self.runtime, service)
    }
}

enum Ask<'a> {
    More(&'a str),
    Anew(&'a str),
}

fn http() -> Http {
    Http::builder().no_proxy().build().expect("HTTP client")
}

/// Connects a client that speaks this revision.
async fn serve<C>(
    transport: StreamableHttpClientTransport<C>,
    revision: &str,
) -> Result<Service, Box<ClientInitializeError>>
where
    C: rmcp::transport::streamable_http_client::StreamableHttpClient,
{
    let version = match revision {
        "2025-03-26" => ProtocolVersion::V_2025_03_26,
        "2025-06-18" => ProtocolVersion::V_2025_06_18,
        "2025-11-25" => ProtocolVersion::V_2025_11_25,
        "2026-07-28" => ProtocolVersion::V_2026_07_28,
        _ => panic!("no revision {revision}"),
    };
    let lifecycle = if version.has_initialize() {
        ClientLifecycleMode::Initialize
    } else {
        ClientLifecycleMode::Discover { preferred_versions: vec![version.clone()] }
    };
    let implementation = Implementation::new("client-under-test", "1.0.0");
    let info = ClientConfig::new(ClientCapabilities::default(), implementation);
    let started =
        info.with_protocol_version(version).serve_with_lifecycle(transport, lifecycle).await;
    started.map_err(Box::new)
}

fn call(
    runtime: &Runtime,
    service: &Service,
    tool: &str,
    arguments: Value,
) -> Result<Value, ServiceError> {
    let arguments = arguments.as_object().expect("arguments").clone();
    let request = CallToolRequestParams::new(tool.to_owned()).with_arguments(arguments);
    let result = runtime.block_on(service.call_tool(request))?;
    let result = serde_json::to_value(&result).expect("a result");
    assert_ne!(result["isError"], true, "{result}");
    let text = result["content"][0]["text"].as_str().expect("text");
    Ok(serde_json::from_str(text).expect("JSON"))
}

#[track_caller]
fn tools(runtime: &Runtime, service: &Service) -> Vec<String> {
    let tools = runtime.block_on(service.list_all_tools()).expect("tools");
    let mut names: Vec<String> = tools.into_iter().map(|tool| tool.name.into_owned()).collect();
    names.sort_unstable();
    names
}

#[track_caller]
fn expect_revision(service: &Service, revision: &str) {
    let peer = service.peer_info().expect("peer");
    assert_eq!(peer.protocol_version.as_str(), revision);
}

/// The cause of this kind that an error of the transport has.
#[track_caller]
fn cause<E: Error + 'static>(error: &ServiceError) -> &E {
    let ServiceError::TransportSend(transport) = error else { panic!("{error:?}") };
    let mut source: Option<&(dyn Error + 'static)> = Some(transport.error.as_ref());
    while let Some(current) = source {
        if let Some(found) = current.downcast_ref::<E>() {
            return found;
        }
        source = current.source();
    }
    panic!("{error:?}")
}

/// A client that the person has allowed what the MCP server's 401 asked for, connected.
#[track_caller]
fn connected(
    server: &Server,
    browser: &mut Browser<'_>,
    revision: &'static str,
) -> (Rmcp, Service) {
    let mut client = Rmcp::new(server, revision);
    let refused = client.connect().expect_err("nobody has allowed anything");
    let challenge = refused.auth_challenge().expect("a challenge").to_owned();
    let metadata = format!("{}/.well-known/oauth-protected-resource/mcp", server.address());
    assert!(challenge.contains(&format!("resource_metadata=\"{metadata}\"")), "{challenge}");
    let url = client.authorize(server, browser, &challenge);
    assert_eq!(parameter(&url, "resource"), client.url);
    assert_eq!(asked_for(&url), "mcp");
    let service = client.connect().expect("a connection");
    expect_revision(&service, revision);
    (client, service)
}

fn whole_walk(server: &Server, revision: &'static str) {
    let mut browser = Browser::new(server);
    let (client, service) = connected(server, &mut browser, revision);
    assert_eq!(client.tools(&service), TOOLS);
    let note = client.call(&service, "add_note", json!({ "text": "bread" })).expect("a note");
    assert_eq!(note["text"], "bread");
    let list = || client.call(&service, "list_notes", json!({}));
    assert_eq!(list().expect("notes"), json!([note]));
    let whoami = client.call(&service, "whoami", json!({})).expect("whoami");
    let stored = client.runtime.block_on(client.credentials.load()).expect("credentials");
    assert_eq!(whoami["client_id"], stored.expect("credentials").client_id, "{whoami}");
    assert_eq!(whoami["scope"], "mcp", "{whoami}");
    assert_eq!(whoami["credential"], "access_token", "{whoami}");
    assert_eq!(whoami["subject_type"], "person", "{whoami}");

    // Deleting needs one more scope.
    let delete = || client.call(&service, "delete_note", json!({ "id": note["id"] }));
    let refused = delete().expect_err("not with this scope");
    let needed = cause::<InsufficientScopeError>(&refused).get_required_scope().expect("a scope");
    assert_eq!(scopes(needed), ["mcp", "notes:write"]);
    client.authorize_again(server, &mut browser, Ask::More(needed));
    assert_eq!(delete().expect("deleted"), json!({ "deleted": note["id"] }));
    let whoami = client.call(&service, "whoami", json!({})).expect("whoami");
    assert_eq!(scopes(whoami["scope"].as_str().expect("scope")), ["mcp", "notes:write"]);

    // The person takes it all back: the next call is refused, and so is the refresh token.
    let _ = browser.take_back("revoke-app", None);
    let refused = list().expect_err("the grant is gone");
    let challenge = &cause::<AuthRequiredError>(&refused).www_authenticate_header;
    assert!(challenge.contains("error=\"invalid_token\""), "{challenge}");
    client.authorize_again(server, &mut browser, Ask::Anew("mcp"));
    assert_eq!(list().expect("notes"), json!([]));
}

fn foreseen_expiry(server: &Server) {
    let mut browser = Browser::new(server);
    let (client, service) = connected(server, &mut browser, "2025-11-25");
    // Six seconds are less than the half minute that it wants to have left.
    let before = client.access_token();
    let notes = client.call(&service, "list_notes", json!({})).expect("notes");
    assert_eq!(notes, json!([]));
    assert_ne!(client.access_token(), before);
}

fn unforeseen_expiry(server: &Server) {
    let mut browser = Browser::new(server);
    let (client, service) = connected(server, &mut browser, "2026-07-28");
    // As a client that stored its token without the time: it goes on with it until it is told.
    let mut stored = client.runtime.block_on(client.credentials.load()).expect("credentials");
    if let Some(stored) = &mut stored {
        stored.token_received_at = None;
    }
    client.runtime.block_on(client.credentials.save(stored.expect("credentials"))).expect("stored");
    let before = client.access_token();
    super::until_refused(server, &before);
    assert_eq!(client.access_token(), before);
    let notes = client.call(&service, "list_notes", json!({})).expect("notes");
    assert_eq!(notes, json!([]));
    assert_ne!(client.access_token(), before);
}

fn for_itself(server: &Server, revision: &'static str) {
    let mut client = Rmcp::new(server, revision);
    let known = Client::configured("poster");
    let config = ClientCredentialsConfig::ClientSecret {
        client_id: known.id.clone(),
        client_secret: known.secret.clone().expect("a secret"),
        scopes: vec!["mcp".to_owned()],
        resource: Some(client.url.clone()),
    };
    let manager = client.runtime.block_on(async {
        let mut state = OAuthState::new(client.url.as_str(), None).await?;
        state.authenticate_client_credentials(config).await?;
        Ok::<_, AuthError>(state.into_authorization_manager())
    });
    let manager = manager.expect("a token").expect("an authorized client");
    client.auth = AuthClient::new(http(), manager);
    let service = client.connect().expect("a connection");
    expect_revision(&service, revision);
    assert_eq!(client.tools(&service), TOOLS);
    let note = client.call(&service, "add_note", json!({ "text": revision })).expect("a note");
    let notes = client.call(&service, "list_notes", json!({})).expect("notes");
    assert!(notes.as_array().is_some_and(|notes| notes.contains(&note)), "{notes}");
    let whoami = client.call(&service, "whoami", json!({})).expect("whoami");
    assert_eq!((&whoami["subject"], &whoami["client_id"]), (&json!("poster"), &json!("poster")));
    assert_eq!((&whoami["subject_type"], &whoami["scope"]), (&json!("client"), &json!("mcp")));

    // It asked for less than it may have.
    let delete = client.call(&service, "delete_note", json!({ "id": note["id"] }));
    let refused = delete.expect_err("not with this scope");
    let needed = cause::<InsufficientScopeError>(&refused).get_required_scope().expect("a scope");
    assert_eq!(scopes(needed), ["mcp", "notes:write"]);
}

fn with_a_token(server: &Server, revision: &'static str) {
    let mut browser = Browser::new(server);
    browser.join(&Person::new());
    let url = format!("{}/mcp", server.address());
    let token = browser.new_token("Notes script", &["mcp"], &[&url]);
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.expect("runtime");
    let config = StreamableHttpClientTransportConfig::with_uri(url).auth_header(token);
    let service = runtime.block_on(async {
        serve(StreamableHttpClientTransport::with_client(http(), config), revision).await
    });
    let service = service.expect("a connection");
    expect_revision(&service, revision);
    assert_eq!(tools(&runtime, &service), TOOLS);
    let note = call(&runtime, &service, "add_note", json!({ "text": "milk" })).expect("a note");
    assert_eq!(note["text"], "milk");
    let whoami = call(&runtime, &service, "whoami", json!({})).expect("whoami");
    assert_eq!(whoami["credential"], "personal_access_token", "{whoami}");
    assert_eq!(whoami["client_id"], Value::Null, "{whoami}");
}
