//! An MCP server with an authorization server that does what a test wants, mostly wrong. Pages may read
//! all of it.

use serde_json::{Value, json};
use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use url::Url;

/// How long one request may take to arrive.
const PATIENCE: Duration = Duration::from_secs(30);

/// The answer of one path.
#[derive(Debug, Clone)]
pub struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: String,
}

impl Answer {
    /// JSON.
    pub fn json(status: u16, body: &Value) -> Self {
        let headers = vec![("content-type", "application/json".to_owned())];
        Self { status, headers, body: body.to_string() }
    }

    /// Adds a header.
    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }
}

#[derive(Debug, Default)]
struct State {
    answers: HashMap<String, Answer>,
    /// What `/authorize` adds to the redirect.
    response: Vec<(&'static str, String)>,
    /// Path and body of each request, except what a browser asks by itself.
    requests: Vec<(String, String)>,
}

/// A running server on 127.0.0.1. It ends with the process.
#[derive(Debug)]
pub struct Faulty {
    address: String,
    state: Arc<Mutex<State>>,
}

impl Faulty {
    /// A server that is in order.
    pub fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port on 127.0.0.1");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let state: Arc<Mutex<State>> = Arc::default();
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&shared);
                std::thread::spawn(move || {
                    // A browser that goes away is no concern of the test's.
                    drop(serve(&stream, &shared));
                });
            }
        });
        let faulty = Self { address, state };
        let hint = format!("{}/.well-known/oauth-protected-resource/mcp", faulty.address);
        let challenge = format!("Bearer resource_metadata=\"{hint}\"");
        faulty.set("/mcp", Answer::json(401, &json!({})).with("www-authenticate", &challenge));
        faulty.describe_resource(&json!({}));
        faulty.describe_server(&json!({}));
        let client = json!({ "client_id": "the-client", "token_endpoint_auth_method": "none" });
        faulty.set("/register", Answer::json(201, &client));
        faulty.respond_with(&[("code", &"c".repeat(43)), ("iss", &faulty.address.clone())]);
        faulty
    }

    /// The MCP server's address.
    pub fn resource(&self) -> String {
        format!("{}/mcp", self.address)
    }

    /// What a path answers from now on, or `OPTIONS` at every path.
    pub fn set(&self, path: &str, answer: Answer) {
        self.state.lock().expect("state").answers.insert(path.to_owned(), answer);
    }

    /// Takes a path away.
    pub fn remove(&self, path: &str) {
        self.state.lock().expect("state").answers.remove(path);
    }

    /// Sets the resource's metadata, with these members changed; null takes one away.
    pub fn describe_resource(&self, changed: &Value) {
        let document = json!({
            "resource": self.resource(),
            "authorization_servers": [self.address],
            "scopes_supported": ["mcp"],
        });
        let document = Answer::json(200, &with(document, changed));
        self.set("/.well-known/oauth-protected-resource/mcp", document);
    }

    /// Sets the server's metadata, with these members changed; null takes one away.
    pub fn describe_server(&self, changed: &Value) {
        let at = |path: &str| format!("{}{path}", self.address);
        let document = json!({
            "issuer": self.address,
            "authorization_endpoint": at("/authorize"),
            "token_endpoint": at("/token"),
            "registration_endpoint": at("/register"),
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["none"],
            "authorization_response_iss_parameter_supported": true,
        });
        let document = Answer::json(200, &with(document, changed));
        self.set("/.well-known/oauth-authorization-server", document);
    }

    /// What `/authorize` sends back from now on, beside `state`.
    pub fn respond_with(&self, parameters: &[(&'static str, &str)]) {
        let parameters = parameters.iter().map(|(name, value)| (*name, (*value).to_owned()));
        self.state.lock().expect("state").response = parameters.collect();
    }

    /// The bodies that were posted to a path.
    pub fn posted(&self, path: &str) -> Vec<String> {
        let state = self.state.lock().expect("state");
        let bodies = state.requests.iter().filter(|(own, _)| own == path);
        bodies.map(|(_, body)| body.clone()).collect()
    }
}

fn with(mut document: Value, changed: &Value) -> Value {
    let members = document.as_object_mut().expect("an object");
    for (name, value) in changed.as_object().expect("an object") {
        if value.is_null() {
            members.remove(name);
        } else {
            members.insert(name.clone(), value.clone());
        }
    }
    document
}

fn serve(stream: &TcpStream, state: &Mutex<State>) -> std::io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut reader = BufReader::new(stream.take(1024 * 1024));
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let body = String::from_utf8_lossy(&body).into_owned();
    let mut words = first.split(' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or("/"));
    let answer = answer(method, target, body, state);
    let mut writer = stream;
    write!(
        writer,
        "HTTP/1.1 {} Test\r\nconnection: close\r\naccess-control-allow-origin: *\r\n\
         access-control-allow-methods: GET, POST\r\naccess-control-allow-headers: authorization, \
         content-type, accept, mcp-protocol-version\r\naccess-control-expose-headers: \
         WWW-Authenticate\r\n",
        answer.status
    )?;
    for (name, value) in &answer.headers {
        write!(writer, "{name}: {value}\r\n")?;
    }
    write!(writer, "content-length: {}\r\n\r\n{}", answer.body.len(), answer.body)?;
    writer.flush()
}

fn answer(method: &str, target: &str, body: String, state: &Mutex<State>) -> Answer {
    let url = Url::parse("http://127.0.0.1").and_then(|base| base.join(target)).expect("a target");
    let mut state = state.lock().expect("state");
    if method == "OPTIONS" {
        let allowed = Answer { status: 204, headers: Vec::new(), body: String::new() };
        return state.answers.get(method).cloned().unwrap_or(allowed);
    }
    state.requests.push((url.path().to_owned(), body.clone()));
    if let Some(answer) = state.answers.get(url.path()) {
        return answer.clone();
    }
    match url.path() {
        "/authorize" => redirect(&url, &state.response),
        // A server that says back whatever it was sent, secrets and all.
        "/token" => {
            let error =
                json!({ "error": "invalid_grant", "error_description": body, "seen": [body] });
            Answer::json(400, &error)
        }
        _ => Answer::json(404, &json!({ "error": "not_found" })),
    }
}

fn redirect(url: &Url, response: &[(&'static str, String)]) -> Answer {
    let get = |name: &str| url.query_pairs().find(|(own, _)| own == name).map(|(_, value)| value);
    let mut back = Url::parse(&get("redirect_uri").unwrap_or_default()).expect("redirect_uri");
    if let Some(state) = get("state") {
        back.query_pairs_mut().append_pair("state", &state);
    }
    for (name, value) in response {
        back.query_pairs_mut().append_pair(name, value);
    }
    let answer = Answer { status: 302, headers: Vec::new(), body: String::new() };
    answer.with("location", back.as_str())
}
