//! A client of one revision of the Model Context Protocol.

use latchkey_tests::{
    Authorization, Browser, Call, Callback, Challenge, Client, Page, Person, Reply, Server, Tokens,
};
use serde_json::{Value, json};

/// A client of one revision, at the MCP server `/mcp`.
pub struct Profile<'a> {
    pub server: &'a Server,
    pub version: &'static str,
    agent: String,
}

impl<'a> Profile<'a> {
    pub fn new(server: &'a Server, version: &'static str) -> Self {
        Self { server, version, agent: format!("profile/{version}") }
    }

    /// The same under another `User-Agent`.
    pub fn named(self, agent: &str) -> Self {
        Self { agent: agent.to_owned(), ..self }
    }

    /// A request to the MCP server.
    pub fn send(
        &self,
        method: &str,
        token: Option<&str>,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Reply {
        let call = self.server.call(method, "/mcp").header("user-agent", &self.agent);
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
    pub fn document(&self, url: &str) -> Value {
        let path = self.server.local_path("/", url).expect("on this origin");
        let call = self.server.call("GET", &path).header("mcp-protocol-version", self.version);
        call.send().expect(200).json()
    }

    pub fn initialize(&self) -> Value {
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
    pub fn register(&self, metadata: &Value, with: &Value) -> Client {
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
        let call = self.server.call("POST", &path).header("content-type", "application/json");
        Client::from_reply(&call.body(body.to_string()).send().expect(201))
    }

    /// The path of an endpoint that the metadata names.
    #[track_caller]
    pub fn path(&self, metadata: &Value, endpoint: &str) -> String {
        let url = metadata[endpoint].as_str().unwrap_or_else(|| panic!("{endpoint}: {metadata}"));
        self.server.local_path("/", url).expect("on this origin")
    }

    /// The person allows the request, and the client redeems the code.
    #[track_caller]
    pub fn authorize(
        &self,
        browser: &mut Browser<'_>,
        client: &Client,
        metadata: &Value,
        request: &Authorization,
        with: &[(&str, &str)],
    ) -> Tokens {
        let callback = self.allowed(browser, metadata, request);
        self.redeem(client, metadata, request, &callback, with)
    }

    /// The person signs in if need be and allows the request.
    #[track_caller]
    pub fn allowed(
        &self,
        browser: &mut Browser<'_>,
        metadata: &Value,
        request: &Authorization,
    ) -> Callback {
        let endpoint = self.path(metadata, "authorization_endpoint");
        let query = latchkey_tests::http::encode(request.fields());
        let page = browser.page(&format!("{endpoint}?{query}")).expect(200);
        let page = signed_in(browser, page);
        browser.decide(&page, "allow").away()
    }

    /// The client redeems the code of a callback that is its own.
    #[track_caller]
    pub fn redeem(
        &self,
        client: &Client,
        metadata: &Value,
        request: &Authorization,
        callback: &Callback,
        with: &[(&str, &str)],
    ) -> Tokens {
        assert_eq!(callback.get("state").as_deref(), request.get("state"));
        assert_eq!(callback.get("iss").as_deref(), metadata["issuer"].as_str());
        let code = request.code(callback);
        let mut fields = code.fields().to_vec();
        fields.extend(with);
        let path = self.path(metadata, "token_endpoint");
        Tokens::from_reply(&client.call_at(self.server, &path, &fields).send())
    }

    /// Initializes, and returns the headers that go with every later request.
    #[track_caller]
    pub fn session(&self, token: &str, is_version_in_header: bool) -> Vec<(&'static str, String)> {
        let reply = self.send("POST", Some(token), &[], Some(&self.initialize())).expect(200);
        assert_eq!(message(&reply)["result"]["protocolVersion"], self.version);
        // A browser's script has to be able to read the session, if there is one.
        let exposed = reply.header("access-control-expose-headers").unwrap_or_default();
        assert!(exposed.contains("Mcp-Session-Id"), "{}", reply.describe());
        let mut headers: Vec<_> = reply
            .header("mcp-session-id")
            .map(|session| ("mcp-session-id", session.to_owned()))
            .into_iter()
            .collect();
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
}

/// The message of an answer: its body, or its first event.
#[track_caller]
pub fn message(reply: &Reply) -> Value {
    if reply.header("content-type") == Some("application/json") {
        return reply.json();
    }
    let text = reply.text();
    let data = text.lines().find_map(|line| line.strip_prefix("data:"));
    serde_json::from_str(data.unwrap_or_default())
        .unwrap_or_else(|error| panic!("no message: {error}: {}", reply.describe()))
}

pub fn borrowed<'h>(headers: &'h [(&'static str, String)]) -> Vec<(&'static str, &'h str)> {
    headers.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

pub fn request(method: &str, params: Value) -> Value {
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
pub fn discovered(profile: &Profile<'_>, challenge: &Challenge) -> (Value, Value) {
    let url = challenge.get("resource_metadata").expect("resource_metadata");
    let resource = profile.document(url);
    // RFC 9728 section 3.3: the URL that was asked for.
    assert_eq!(resource["resource"], format!("{}/mcp", profile.server.issuer()));
    let issuer = resource["authorization_servers"][0].as_str().expect("an issuer").to_owned();
    let metadata = profile.document(&format!("{issuer}/.well-known/oauth-authorization-server"));
    assert_eq!(metadata["issuer"], issuer);
    assert_eq!(metadata["code_challenge_methods_supported"], json!(["S256"]));
    (resource, metadata)
}
