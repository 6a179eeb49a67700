//! A client of one revision of the Model Context Protocol, and an MCP server of all of them.

use latchkey_tests::upstream::{Answer, Place, Received, Whole};
use latchkey_tests::{
    Authorization, Browser, Call, Challenge, Client, Front, Page, Person, Reply, Tokens,
};
use serde_json::{Value, json};

/// A client of one revision, at the MCP server `/mcp`.
pub(super) struct Profile<'a> {
    pub(super) front: &'a Front,
    /// Its requests to the MCP server are told from others' by `User-Agent`, since its URL is just
    /// `/mcp`.
    pub(super) place: Place,
    version: &'static str,
}

/// A small MCP server of every revision.
fn server(received: &Received) -> Whole {
    if received.method == "DELETE" {
        return Whole::status(204);
    }
    if received.method == "GET" {
        let resumed = received.header("last-event-id").unwrap_or("none");
        return Whole::status(200)
            .header("content-type", "text/event-stream")
            .body(format!("id: 2\ndata: after {resumed}\n\n"));
    }
    let message: Value = serde_json::from_slice(&received.body).expect("JSON");
    match message {
        Value::Array(batch) => Whole::json(&batch.iter().filter_map(answer).collect()),
        message => match answer(&message) {
            None => Whole::status(202),
            Some(answer) if message["method"] == "initialize" => {
                Whole::json(&answer).header("mcp-session-id", "session-1")
            }
            Some(answer) => Whole::json(&answer),
        },
    }
}

fn answer(message: &Value) -> Option<Value> {
    let result = match message["method"].as_str()? {
        "initialize" => json!({
            "protocolVersion": message["params"]["protocolVersion"],
            "capabilities": { "tools": {} },
            "serverInfo": { "name": "notes", "version": "1" },
        }),
        "tools/list" => json!({ "tools": [{ "name": "list_notes" }, { "name": "delete_note" }] }),
        "tools/call" => {
            json!({ "content": [{ "type": "text", "text": message["params"]["name"] }] })
        }
        _ => return None,
    };
    Some(json!({ "jsonrpc": "2.0", "id": message["id"], "result": result }))
}

impl<'a> Profile<'a> {
    pub(super) fn new(front: &'a Front, version: &'static str) -> Self {
        Self { front, place: front.upstream.place(Answer::By(server)), version }
    }

    /// A request to the MCP server.
    pub(super) fn send(
        &self,
        method: &str,
        token: Option<&str>,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Reply {
        let call = self.front.call(method, "/mcp").header("user-agent", self.place.name());
        let call = token.into_iter().fold(call, Call::bearer);
        let call = call.header("accept", "application/json, text/event-stream");
        let call = headers.iter().fold(call, |call, (name, value)| call.header(name, value));
        match body {
            Some(body) => {
                call.header("content-type", "application/json").body(body.to_string()).send()
            }
            None => call.send(),
        }
    }

    /// Reads a document whose URL the client was told or has made.
    #[track_caller]
    pub(super) fn document(&self, url: &str) -> Value {
        let path = self.front.server.local_path("/", url).expect("on this origin");
        let call = self.front.call("GET", &path).header("mcp-protocol-version", self.version);
        call.send().expect(200).json()
    }

    pub(super) fn initialize(&self) -> Value {
        json!({
            "jsonrpc": "2.0", "id": 0, "method": "initialize",
            "params": {
                "protocolVersion": self.version,
                "capabilities": {},
                "clientInfo": { "name": "profile", "version": "1" },
            },
        })
    }

    /// Registers at the endpoint that the metadata names.
    #[track_caller]
    pub(super) fn register(&self, metadata: &Value, with: &Value) -> Client {
        let mut body = json!({
            "client_name": format!("Client of {}", self.version),
            "redirect_uris": ["http://127.0.0.1:33418/callback"],
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "token_endpoint_auth_method": "none",
        });
        for (name, value) in with.as_object().into_iter().flatten() {
            body[name] = value.clone();
        }
        let path = self.path(metadata, "registration_endpoint");
        let call = self.front.call("POST", &path).header("content-type", "application/json");
        Client::from_reply(&call.body(body.to_string()).send().expect(201))
    }

    fn path(&self, metadata: &Value, endpoint: &str) -> String {
        let url = metadata[endpoint].as_str().unwrap_or_else(|| panic!("{endpoint}: {metadata}"));
        self.front.server.local_path("/", url).expect("on this origin")
    }

    /// The person allows the request, and the client redeems the code.
    #[track_caller]
    pub(super) fn authorize(
        &self,
        browser: &mut Browser<'_>,
        client: &Client,
        metadata: &Value,
        request: &Authorization,
        with: &[(&str, &str)],
    ) -> Tokens {
        let endpoint = self.path(metadata, "authorization_endpoint");
        let query = latchkey_tests::http::encode(request.fields());
        let page = browser.page(&format!("{endpoint}?{query}")).expect(200);
        let page = signed_in(browser, page);
        let callback = browser.decide(&page, "allow").away();
        assert_eq!(callback.get("state").as_deref(), request.get("state"));
        assert_eq!(callback.get("iss").as_deref(), metadata["issuer"].as_str());
        let code = request.code(&callback);
        let mut fields = code.fields().to_vec();
        fields.push(("client_id", &client.id));
        fields.extend(with);
        let call = self.front.call("POST", &self.path(metadata, "token_endpoint"));
        Tokens::from_reply(&call.form(&fields).send())
    }

    /// Initializes, and returns the headers that go with every later request.
    #[track_caller]
    pub(super) fn session(
        &self,
        token: &str,
        is_version_in_header: bool,
    ) -> Vec<(&'static str, String)> {
        let reply = self.send("POST", Some(token), &[], Some(&self.initialize())).expect(200);
        assert_eq!(reply.json()["result"]["protocolVersion"], self.version);
        let session = reply.header("mcp-session-id").expect("a session").to_owned();
        // A browser's script has to be able to read it.
        let exposed = reply.header("access-control-expose-headers").unwrap_or_default();
        assert!(exposed.contains("Mcp-Session-Id"), "{}", reply.describe());
        let mut headers = vec![("mcp-session-id", session)];
        if is_version_in_header {
            headers.push(("mcp-protocol-version", self.version.to_owned()));
        }
        let reply = self.send(
            "POST",
            Some(token),
            &borrowed(&headers),
            Some(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" })),
        );
        let _ = reply.expect(202);
        headers
    }

    /// MRS-16: without a token a session is worth nothing, whatever the method.
    #[track_caller]
    pub(super) fn session_is_no_credential(&self, headers: &[(&'static str, String)]) {
        let before = self.place.begun();
        let list = request("tools/list", json!({}));
        for (method, body) in [("POST", Some(&list)), ("GET", None), ("DELETE", None)] {
            let _ = self.send(method, None, &borrowed(headers), body).expect(401);
            let _ = self.send(method, Some("x"), &borrowed(headers), body).expect(401);
        }
        assert_eq!(self.place.begun(), before);
    }
}

pub(super) fn borrowed<'h>(headers: &'h [(&'static str, String)]) -> Vec<(&'static str, &'h str)> {
    headers.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

pub(super) fn request(method: &str, params: Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": 7, "method": method, "params": params })
}

/// Signs the person up if the page asks for it.
fn signed_in(browser: &mut Browser<'_>, page: Page) -> Page {
    match page.attributes("a[href*='/sign-up']", "href").pop() {
        None => page,
        Some(link) => {
            let sign_up = browser.page(&link).expect(200);
            browser.sign_up(&sign_up, &Person::new()).page().expect(200)
        }
    }
}

/// The metadata of resource and server, as a client finds it that reads the challenge.
#[track_caller]
pub(super) fn discovered(profile: &Profile<'_>, challenge: &Challenge) -> (Value, Value) {
    let url = challenge.get("resource_metadata").expect("resource_metadata");
    let resource = profile.document(url);
    // RFC 9728 section 3.3: the URL that was asked for.
    assert_eq!(resource["resource"], profile.front.resource("/mcp"));
    let issuer = resource["authorization_servers"][0].as_str().expect("an issuer").to_owned();
    let metadata = profile.document(&format!("{issuer}/.well-known/oauth-authorization-server"));
    assert_eq!(metadata["issuer"], issuer);
    assert_eq!(metadata["code_challenge_methods_supported"], json!(["S256"]));
    (resource, metadata)
}
