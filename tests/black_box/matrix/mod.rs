//! The command-line matrix: a client of each revision of the Model Context Protocol, known to the
//! server in each way, gets its token in each way, and calls a tool of the example with it.

mod discovery;
mod known;
mod tokens;
mod world;

use latchkey_tests::jwt;
use serde_json::{Value, json};

use crate::Case;
use crate::profile::{Profile, borrowed, message, request};
use crate::servers::Servers;
pub use world::World;

/// The revisions.
const REVISIONS: [&str; 4] = ["2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"];

/// How the server knows the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Registration {
    /// Its `client_id` is the URL of its metadata document.
    Document,
    /// It registers itself (RFC 7591).
    Dynamic,
    /// The operator wrote it into the configuration.
    PreRegistered,
}

/// How the client gets its token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Grant {
    /// A person signs in and presses Allow.
    Interactive,
    /// There is no browser: the test user of a development server allows it.
    Headless,
    /// There is no person: the client asks for itself.
    ClientCredentials,
}

/// One cell of the matrix.
#[derive(Debug, Clone, Copy)]
struct Cell {
    revision: &'static str,
    registration: Registration,
    grant: Grant,
}

impl Cell {
    fn title(self) -> String {
        let client = match self.registration {
            Registration::Document => "client with a metadata document (CIMD)",
            Registration::Dynamic => "client that registers (DCR)",
            Registration::PreRegistered => "pre-registered client",
        };
        let grant = match self.grant {
            Grant::Interactive => "interactive",
            Grant::Headless => "headless",
            Grant::ClientCredentials => "client_credentials",
        };
        let revision = self.revision;
        format!("matrix: MCP {revision}, {client}, {grant}: discovers, gets a token, calls a tool")
    }
}

/// All 36 cells.
fn cells() -> Vec<Cell> {
    let mut cells = Vec::new();
    for revision in REVISIONS {
        for registration in
            [Registration::Document, Registration::Dynamic, Registration::PreRegistered]
        {
            for grant in [Grant::Interactive, Grant::Headless, Grant::ClientCredentials] {
                cells.push(Cell { revision, registration, grant });
            }
        }
    }
    cells
}

/// The cases.
pub fn trials() -> Vec<Case> {
    let case = |cell: Cell| Case::new(cell.title(), move |servers| walk(cell, servers));
    cells().into_iter().map(case).collect()
}

fn walk(cell: Cell, servers: &Servers) {
    let world = match cell.grant {
        Grant::Interactive | Grant::ClientCredentials => servers.matrix(),
        Grant::Headless => servers.headless_matrix(),
    };
    let profile = Profile::new(&world.server, cell.revision);
    let found = discovery::discover(&profile);
    let client = known::client(&profile, world, &found, cell);
    let token = match cell.grant {
        Grant::Interactive => tokens::interactive(&profile, &found, &client),
        Grant::Headless => tokens::headless(&profile, &found, &client),
        Grant::ClientCredentials => tokens::for_itself(&profile, &found, &client),
    };
    let claims = jwt::verify(&token, &jwt::keys(&world.server)).expect("signature").claims;
    assert_eq!(claims["client_id"], client.id);
    assert_eq!(claims["aud"], format!("{}/mcp", world.server.issuer()));

    let told = call(&profile, &token, "whoami");
    assert_eq!(told["client_id"], client.id, "{told}");
    assert_eq!(told["subject"], claims["sub"], "{told}");
    assert_eq!(told["credential"], "access_token", "{told}");
    match cell.grant {
        // JAT-05 (RFC 9068 section 5): without a person the client is the subject.
        Grant::ClientCredentials => assert_eq!(claims["sub"], client.id),
        Grant::Interactive | Grant::Headless => assert_ne!(claims["sub"], client.id),
    }
}

/// Calls a tool as a client of the revision does, and returns the JSON that it says.
#[track_caller]
fn call(profile: &Profile<'_>, token: &str, tool: &'static str) -> Value {
    let params = json!({ "name": tool, "arguments": {} });
    let (headers, body) = match profile.version {
        // Stateless: the call says all about itself, and there is no initialize.
        "2026-07-28" => (july_2026(tool), request("tools/call", with_meta(params))),
        // The version is in a header from 2025-06-18 on.
        version => (profile.session(token, version != "2025-03-26"), request("tools/call", params)),
    };
    let reply = profile.send("POST", Some(token), &borrowed(&headers), Some(&body)).expect(200);
    let result = message(&reply)["result"].take();
    assert_ne!(result["isError"], true, "{result}");
    let text = result["content"][0]["text"].as_str().unwrap_or_else(|| panic!("no text: {result}"));
    serde_json::from_str(text).unwrap_or_else(|error| panic!("no JSON: {error}: {text}"))
}

/// The headers of a call in MCP 2026-07-28.
fn july_2026(tool: &str) -> Vec<(&'static str, String)> {
    vec![
        ("mcp-protocol-version", "2026-07-28".to_owned()),
        ("mcp-method", "tools/call".to_owned()),
        ("mcp-name", tool.to_owned()),
    ]
}

fn with_meta(mut params: Value) -> Value {
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": { "name": "profile", "version": "1" },
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    params
}
