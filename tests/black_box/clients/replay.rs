//! The requests of real clients, replayed as they send them, for each row of the list of clients that
//! Latchkey must work with. No client is run here: `docs/clients.md` says which ones are.

mod fixture;

use latchkey_protocol::client_id_metadata;
use latchkey_tests::{
    Answer, Authorization, Callback, Client, DocumentHost, Reply, Server, Signer, Tokens, Walk,
    jwt, random,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

use crate::{Case, registration};
use fixture::{Again, By, Fixture, Registration};

/// The clients that Latchkey must work with.
const ROWS: [&str; 17] = [
    "claude.ai, Desktop, mobile, Cowork",
    "Claude Code CLI",
    "Claude desktop app \"Code\" /mcp",
    "ChatGPT connectors/apps",
    "Codex CLI/app",
    "VS Code",
    "GitHub Copilot CLI",
    "Cursor desktop, Agents, Grok Bot",
    "opencode",
    "mcp-remote",
    "MCP Inspector / MCPJam",
    "TS SDK 2.x (many hosts)",
    "Grok web / mobile",
    "Zed",
    "Copilot Studio",
    "Perplexity, Mistral, Devin, Antigravity",
    "Gemini CLI (2025), Vercel v0",
];

/// The port that a client got from its system for this run, which is another than the one it
/// registered with.
const PORT: &str = "49213";

/// How a client is made known to the server.
struct Way {
    by: By,
    /// For the title.
    words: &'static str,
    register: fn(&Server, &Fixture, &Registration) -> Client,
}

const WAYS: [Way; 3] = [
    Way { by: By::Dcr, words: "dynamic registration", register: by_dynamic_registration },
    Way { by: By::Cimd, words: "its metadata document", register: by_document },
    Way { by: By::PreRegistered, words: "an administrator", register: by_administrator },
];

/// The cases.
pub fn trials() -> Vec<Case> {
    let mut cases = vec![Case::new(
        "needs H: each client has a fixture that says where it is from and agrees with the pinned documents",
        |_| complete(),
    )];
    for fixture in fixture::all() {
        for registration in fixture.registrations.clone() {
            let Some(way) = WAYS.iter().find(|way| way.by == registration.by) else { continue };
            let outcome = match &fixture.expect.authorize_error {
                None => "registers, gets tokens and refreshes as it sends its requests".to_owned(),
                Some(error) => format!("registers, and its request gets {error}"),
            };
            let method = registration.authentication(&fixture);
            let title =
                format!("needs H: {} by {} ({method}): {outcome}", fixture.client, way.words);
            let fixture = fixture.clone();
            cases.push(Case::new(title, move |servers| {
                replay(servers.examples(), &fixture, &registration, way.register);
            }));
        }
    }
    cases
}

fn by_dynamic_registration(
    server: &Server,
    fixture: &Fixture,
    registration: &Registration,
) -> Client {
    let body = registration.body().expect("a body");
    let client = Client::from_reply(&server.post_json("/register", &body).expect(201));
    assert_eq!(client.method, registration.authentication(fixture), "{}", client.document);
    assert_eq!(client.secret.is_some(), client.method != "none", "{}", client.document);
    client
}

/// An operator enters the client, and types its id and secret into it.
fn by_administrator(server: &Server, fixture: &Fixture, registration: &Registration) -> Client {
    let client = server.administered_client(registration.metadata.as_ref().expect("metadata"));
    assert_eq!(client.method, registration.authentication(fixture), "{}", client.document);
    assert_eq!(client.secret.is_some(), client.method != "none", "{}", client.document);
    client
}

/// Nothing but loopback can be reached from here, so the server has the copy that came with it. Two
/// kinds of documents are served by the test instead, at another address: that of a client that
/// signs, whose key nobody else has, and that of a program of which there is no copy.
fn by_document(_: &Server, fixture: &Fixture, registration: &Registration) -> Client {
    let method = registration.authentication(fixture).to_owned();
    let client_id = registration.client_id.as_deref().expect("a client_id");
    let redirect_uri = registration.redirect_uri(fixture).to_owned();
    let known = |id: &str| Client::known(id, &method, &redirect_uri);
    let copy = client_id_metadata::pinned(client_id)
        .map(|copy| serde_json::from_str::<Value>(&copy).expect("JSON"));
    let mut document = match copy {
        Some(_) if method != "private_key_jwt" => return known(client_id),
        Some(document) => document,
        None => {
            let mut registrations = fixture.registrations.iter();
            let body = registrations.find_map(Registration::body).expect("what it says of itself");
            serde_json::from_str(&body).expect("JSON")
        }
    };
    let host = DocumentHost::start();
    let url = host.url("client.json");
    let signer = (method == "private_key_jwt").then(|| Signer::new("RS256"));
    document["client_id"] = json!(url);
    document["token_endpoint_auth_method"] = json!(method);
    if let Some(signer) = &signer {
        let jwks_uri = host.url("jwks.json");
        host.set(&jwks_uri, Some(Answer::json(&signer.jwks(), "max-age=3600")));
        document["jwks_uri"] = json!(jwks_uri);
    }
    host.set(&url, Some(Answer::json(&document, "max-age=3600")));
    Client { signer, ..known(&url) }
}

/// What the client learns from the server, and what it writes into its requests for it.
struct Learned {
    values: BTreeMap<&'static str, String>,
}

impl Learned {
    fn from(server: &Server) -> Self {
        let metadata = server.get(&server.metadata_path()).expect(200).json();
        let resource = server.get("/.well-known/oauth-protected-resource/mcp").expect(200).json();
        let words = |list: &Value| {
            let list = list.as_array().into_iter().flatten();
            list.filter_map(Value::as_str).collect::<Vec<_>>().join(" ")
        };
        let uri = resource["resource"].as_str().expect("resource").to_owned();
        let values = BTreeMap::from([
            ("{resource_with_slash}", format!("{uri}/")),
            ("{resource_path}", "/mcp".to_owned()),
            ("{resource}", uri),
            ("{scope}", words(&resource["scopes_supported"])),
            ("{server_scope}", words(&metadata["scopes_supported"])),
            ("{origin}", server.origin()),
            ("{issuer_path}", String::new()),
            ("{port}", PORT.to_owned()),
        ]);
        Self { values }
    }

    fn fill(&self, template: &str) -> String {
        let mut text = template.to_owned();
        for (name, value) in &self.values {
            text = text.replace(name, value);
        }
        assert!(!text.contains('{'), "an unknown placeholder in {template}");
        text
    }

    /// The value that is sent, if there is one to send.
    fn sent(&self, template: Option<&String>) -> Option<String> {
        let text = self.fill(template?).trim().to_owned();
        (!text.is_empty()).then_some(text)
    }
}

fn replay(
    server: &Server,
    fixture: &Fixture,
    registration: &Registration,
    register: fn(&Server, &Fixture, &Registration) -> Client,
) {
    discover(server, fixture);
    let client = register(server, fixture, registration);
    let mut learned = Learned::from(server);
    let mut walk = Walk::with(server, client);

    let request = authorization(&walk, fixture, registration, &learned);
    if let Some(error) = &fixture.expect.authorize_error {
        let callback = walk.browser.open(&request.path(server)).away();
        arrives(server, &request, &callback);
        assert_eq!(callback.get("error").as_ref(), Some(error), "{}", callback.location);
        assert_eq!(callback.get("code"), None);
        return;
    }
    let callback = registration::allowed(&mut walk, &request);
    arrives(server, &request, &callback);

    let tokens = Tokens::from_reply(&redeem(&walk, fixture, &request, &callback, &learned));
    let granted = expected_scope(request.get("scope"), &learned);
    assert_eq!(super::scopes(&tokens.scope), granted);
    works(server, &tokens, &learned);

    learned.values.insert("{granted}", tokens.scope.clone());
    let next = refresh_at_once(&walk, fixture, &tokens, &learned);
    assert_ne!(next.refresh, tokens.refresh);
    assert_eq!(super::scopes(&next.scope), granted);
    works(server, &next, &learned);
    let again = match fixture.refresh.again {
        Again::Latest => &next.refresh,
        Again::First => &tokens.refresh,
    };
    let last = Tokens::from_reply(&refresh(&walk, fixture, again, &learned));
    // A retry gets the same successor, so a client that keeps its first token goes on within the
    // window; later it needs the setting that its tokens don't rotate.
    assert_eq!(last.refresh == next.refresh, fixture.refresh.again == Again::First);
    works(server, &last, &learned);
}

/// Every place where the client looks has the metadata, or answers in a way that makes it look on.
fn discover(server: &Server, fixture: &Fixture) {
    let learned = Learned::from(server);
    let challenge = call(server, None);
    assert_eq!(challenge.status, 401, "{}", challenge.describe());
    let (mut resource, mut issuer) = (None, None);
    for template in &fixture.discovery {
        let reply = server.get(&learned.fill(template));
        let document = reply.json();
        if reply.status != 200 {
            assert_eq!(reply.status, 404, "{}", reply.describe());
            continue;
        }
        resource = resource.or_else(|| document["resource"].as_str().map(str::to_owned));
        issuer = issuer.or_else(|| document["issuer"].as_str().map(str::to_owned));
    }
    assert_eq!(issuer, Some(server.issuer()));
    let looks_for_resource = fixture.discovery.iter().any(|path| path.contains("protected"));
    assert_eq!(resource.is_some(), looks_for_resource, "{:?}", fixture.discovery);
}

fn authorization(
    walk: &Walk<'_>,
    fixture: &Fixture,
    registration: &Registration,
    learned: &Learned,
) -> Authorization {
    let redirect_uri = learned.fill(registration.redirect_uri(fixture));
    let mut request = walk.request().with("redirect_uri", &redirect_uri);
    request = if fixture.authorize.state {
        request.with("state", &random::text(22))
    } else {
        request.without("state")
    };
    let own = [("scope", &fixture.authorize.scope), ("resource", &fixture.authorize.resource)];
    for (name, template) in own {
        if let Some(value) = learned.sent(template.as_ref()) {
            request = request.and(name, &value);
        }
    }
    for (name, template) in &fixture.authorize.extra {
        request = request.and(name, &learned.fill(template));
    }
    request
}

/// The answer is at the client's callback, with the client's state and the issuer.
fn arrives(server: &Server, request: &Authorization, callback: &Callback) {
    assert_eq!(Some(callback.target()), request.get("redirect_uri"));
    assert_eq!(callback.get("state").as_deref(), request.get("state"));
    assert_eq!(callback.get("iss"), Some(server.issuer()));
}

/// Sends the client's own fields to the token endpoint, with its authentication and headers.
fn token_request(walk: &Walk<'_>, fixture: &Fixture, fields: &[(&str, String)]) -> Reply {
    let fields: Vec<(&str, &str)> =
        fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let mut call = walk.client.call(walk.server, "/token", &fields);
    for (name, value) in &fixture.token.headers {
        call = call.header(name, value);
    }
    call.send()
}

fn redeem(
    walk: &Walk<'_>,
    fixture: &Fixture,
    request: &Authorization,
    callback: &Callback,
    learned: &Learned,
) -> Reply {
    let code = request.code(callback);
    let fields = code.fields();
    let sent =
        fields.iter().filter(|(name, _)| fixture.token.redirect_uri || *name != "redirect_uri");
    let mut fields: Vec<(&str, String)> =
        sent.map(|(name, value)| (*name, (*value).to_owned())).collect();
    let resource = learned.sent(fixture.token.resource.as_ref());
    fields.extend(resource.map(|value| ("resource", value)));
    let extra = fixture.token.extra.iter();
    fields.extend(extra.map(|(name, value)| (name.as_str(), learned.fill(value))));
    token_request(walk, fixture, &fields)
}

fn refresh(walk: &Walk<'_>, fixture: &Fixture, refresh_token: &str, learned: &Learned) -> Reply {
    let sent = &fixture.refresh;
    let mut fields = vec![
        ("grant_type", "refresh_token".to_owned()),
        ("refresh_token", refresh_token.to_owned()),
    ];
    fields.extend(learned.sent(sent.resource.as_ref()).map(|value| ("resource", value)));
    fields.extend(learned.sent(sent.scope.as_ref()).map(|value| ("scope", value)));
    let extra = sent.extra.iter();
    fields.extend(extra.map(|(name, value)| (name.as_str(), learned.fill(value))));
    token_request(walk, fixture, &fields)
}

/// The first refresh; where several processes of the client do it at once, all get the same.
fn refresh_at_once(
    walk: &Walk<'_>,
    fixture: &Fixture,
    tokens: &Tokens,
    learned: &Learned,
) -> Tokens {
    let answers: Vec<Tokens> = std::thread::scope(|scope| {
        let send = || Tokens::from_reply(&refresh(walk, fixture, &tokens.refresh, learned));
        let sent: Vec<_> = (0..fixture.refresh.at_once).map(|_| scope.spawn(send)).collect();
        sent.into_iter().map(|answer| answer.join().expect("tokens")).collect()
    });
    let first = answers.first().expect("an answer").clone();
    assert!(answers.iter().all(|answer| answer.refresh == first.refresh));
    first
}

/// What exists of the scope that the client asks for, else the default; the wish to stay connected is
/// no scope of the token.
fn expected_scope(asked: Option<&str>, learned: &Learned) -> Vec<String> {
    let exists = learned.values["{server_scope}"].as_str();
    let mut scopes: Vec<String> = asked
        .into_iter()
        .flat_map(|asked| asked.split(' '))
        .filter(|scope| exists.split(' ').any(|own| own == *scope) && *scope != "offline_access")
        .map(str::to_owned)
        .collect();
    if scopes.is_empty() {
        scopes.push("mcp".to_owned());
    }
    scopes.sort_unstable();
    scopes
}

/// The access token is for the MCP server, which answers.
fn works(server: &Server, tokens: &Tokens, learned: &Learned) {
    let claims = jwt::verify(&tokens.access, &jwt::keys(server)).expect("a good token").claims;
    assert_eq!(claims["aud"], json!(learned.values["{resource}"]), "{claims}");
    let reply = call(server, Some(&tokens.access));
    assert_eq!(reply.status, 200, "{}", reply.describe());
}

fn call(server: &Server, token: Option<&str>) -> Reply {
    let body = json!({
        "jsonrpc": "2.0", "id": 1, "method": "initialize",
        "params": {
            "protocolVersion": "2025-06-18",
            "capabilities": {},
            "clientInfo": { "name": "replay", "version": "1" },
        },
    });
    let call = server
        .call("POST", "/mcp")
        .header("content-type", "application/json")
        .header("accept", "application/json, text/event-stream")
        .body(body.to_string());
    token.into_iter().fold(call, |call, token| call.bearer(token)).send()
}

fn complete() {
    let (fixtures, pinned) = (fixture::all(), fixture::pinned());
    for row in ROWS {
        assert!(fixtures.iter().any(|fixture| fixture.row == row), "no fixture of {row}");
    }
    let notes = fixture::read(&fixture::folder().join("SOURCES.md"));
    for fixture in &fixtures {
        let name = &fixture.name;
        assert!(ROWS.contains(&fixture.row.as_str()), "{name} has no row: {}", fixture.row);
        assert!(!fixture.sources.is_empty(), "{name} says nothing of where it is from");
        let (file, kind) = (format!("`{name}.json`"), format!("| {} |", fixture.kind));
        let noted = notes.lines().any(|line| line.contains(&file) && line.contains(&kind));
        assert!(noted, "SOURCES.md doesn't call {name} {}", fixture.kind);
        assert!(!fixture.registrations.is_empty(), "{name} is known in no way");
        for registration in &fixture.registrations {
            agrees(fixture, registration, &pinned);
        }
    }
}

/// The registration is whole, and what the client sends is what it says of itself.
fn agrees(fixture: &Fixture, registration: &Registration, pinned: &[Value]) {
    let name = &fixture.name;
    let method = registration.authentication(fixture);
    let document = match registration.by {
        By::Dcr => serde_json::from_str(&registration.body().expect("a body")).expect("JSON"),
        By::PreRegistered => registration.metadata.clone().expect("metadata"),
        By::Cimd => {
            let client_id = registration.client_id.as_deref().expect("a client_id");
            assert!(client_id.starts_with("https://"), "{name}: {client_id}");
            let mut documents = pinned.iter();
            let Some(document) = documents.find(|document| document["client_id"] == client_id)
            else {
                return;
            };
            let also = document["token_endpoint_auth_methods_supported"].as_array();
            let also = also.is_some_and(|methods| methods.contains(&json!(method)));
            assert!(also || document["token_endpoint_auth_method"] == method, "{name}: {method}");
            document.clone()
        }
    };
    let redirect_uri = registration.redirect_uri(fixture).replace("{port}", PORT);
    let mut registered = document["redirect_uris"].as_array().expect("redirect_uris").iter();
    let is_it =
        |own: &Value| without_port(own.as_str().expect("a URI")) == without_port(&redirect_uri);
    assert!(registered.any(is_it), "{name}: {redirect_uri} isn't registered");
}

/// A loopback URI without its port, any other as it is.
fn without_port(uri: &str) -> String {
    let mut url = url::Url::parse(uri).expect("a URI");
    if url.scheme() == "http" {
        url.set_port(None).expect("a host");
    }
    url.into()
}
