//! How a document is fetched: what is sent, how much is read, and when nothing is asked at all.

use latchkey_tests::document_host::Answer;
use latchkey_tests::{Authorization, Client, Deployment, Reply, Server, Signer, Tokens, Walk};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

use super::{Published, claude};
use crate::Case;

/// The most bytes that a document may have.
const LIMIT: usize = 5 * 1024;

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        Case::new(
            "CIM-06: a document of exactly 5 KB is read, and one byte more is too long",
            |servers| {
                size(servers.standard());
            },
        ),
        Case::new("CIM-06: a cookie that comes with a document is sent to nobody", |servers| {
            cookies(servers.brief_documents());
        }),
        Case::new(
            "CIM-05, needs 21: without the platform's strict fetch a public server offers no documents and fetches none, and the log says what to do",
            |_| {
                let server = Server::start(Deployment::without_strict_fetch());
                not_strict(&server.unwrap_or_else(|error| panic!("{error}")));
            },
        ),
        Case::new(
            "needs 8: a client that can sign or be public is public where the deployment takes no signatures",
            |_| {
                let server = Server::start(Deployment::without_signatures());
                negotiated(&server.unwrap_or_else(|error| panic!("{error}")));
            },
        ),
    ]
}

/// The document with spaces after it, so that it has this many bytes.
fn padded(document: &Value, length: usize) -> Answer {
    let text = format!("{document:<length$}", document = document.to_string());
    assert_eq!(text.len(), length);
    Answer::of(200, "application/json", text)
}

/// Opens the client's request as a program that looks first.
fn looked_at(server: &Server, client: &Client) -> Reply {
    let path = Authorization::of(client).path(server);
    server.call("GET", &path).header("accept", "application/json").send()
}

/// The lines of the log about a document, up to the refusal with this reference.
fn lines_about(server: &Server, client: &Client, reference: &str) -> Vec<String> {
    let _ = server.log().event(reference);
    server.log().wait_for(&client.id)
}

fn size(server: &Server) {
    let fits = Published::new();
    fits.host.set(&fits.url, Some(padded(&fits.document, LIMIT)));
    let _ = Walk::with(server, fits.client()).tokens();

    let long = Published::new();
    long.host.set(&long.url, Some(padded(&long.document, LIMIT + 1)));
    let reference = looked_at(server, &long.client()).expect_error(400, "invalid_client");
    let lines = lines_about(server, &long.client(), &reference);
    assert!(lines.iter().any(|line| line.contains("TooLong")), "{lines:?}");
}

fn cookies(server: &Server) {
    let published = Published::new();
    let answer = Answer::json(&published.document, "max-age=1");
    let answer = answer.with("set-cookie", "visitor=7; Path=/; Max-Age=3600");
    published.host.set(&published.url, Some(answer));
    let mut walk = Walk::with(server, published.client());
    let mut tokens = walk.tokens();
    let first = published.host.count(&published.url);
    assert!(first > 0);
    let deadline = Instant::now() + Duration::from_secs(60);
    while published.host.count(&published.url) < first + 2 {
        assert!(Instant::now() < deadline, "the document was not asked for again");
        tokens = Tokens::from_reply(&walk.client.refresh(server, &tokens.refresh));
    }
    let head = published.host.last_request(&published.url);
    let is_cookie = |line: &&String| line.to_ascii_lowercase().starts_with("cookie");
    assert_eq!(head.iter().find(is_cookie), None, "{head:?}");
}

fn not_strict(server: &Server) {
    let metadata = server.get(&server.metadata_path()).expect(200).json();
    assert_ne!(metadata["client_id_metadata_document_supported"], true, "{metadata}");

    let stranger = Client::known(
        "https://app.example.com/client.json",
        "none",
        "https://app.example.com/callback",
    );
    let reply = looked_at(server, &stranger);
    let reference = reply.expect_error(503, "temporarily_unavailable");
    assert!(reply.header("retry-after").is_some(), "{}", reply.describe());
    let lines = lines_about(server, &stranger, &reference);
    let says = |line: &String| {
        line.contains("\"do\":\"add global_fetch_strictly_public to compatibility_flags")
    };
    assert!(lines.iter().any(says), "{lines:?}");
    let path = Authorization::of(&stranger).path(server);
    let page = server.call("GET", &path).header("accept", "text/html").send().expect(503);
    assert_eq!(page.header("location"), None);
    assert!(page.text().contains("app.example.com"), "{}", page.describe());
    let reply = stranger.refresh(server, "x");
    let _ = reply.expect_error(503, "temporarily_unavailable");

    // A copy that came with the release needs no fetch.
    let mut walk = Walk::with(server, claude());
    let tokens = walk.tokens();
    let _ = Tokens::from_reply(&walk.client.refresh(server, &tokens.refresh));
}

fn negotiated(server: &Server) {
    let metadata = server.get(&server.metadata_path()).expect(200).json();
    for endpoint in ["token", "revocation"] {
        let methods = &metadata[format!("{endpoint}_endpoint_auth_methods_supported")];
        assert_eq!(*methods, json!(["none", "client_secret_basic"]));
        let algorithms =
            &metadata[format!("{endpoint}_endpoint_auth_signing_alg_values_supported")];
        assert!(algorithms.as_array().is_none_or(Vec::is_empty), "{metadata}");
    }
    let signer = Signer::new("ES256");
    let mut published = Published::new();
    published.document["token_endpoint_auth_method"] = json!("private_key_jwt");
    published.document["token_endpoint_auth_methods_supported"] =
        json!(["none", "private_key_jwt"]);
    published.document["jwks"] = signer.jwks();
    published.publish();
    let mut registration = published.document.clone();
    registration.as_object_mut().expect("members").remove("client_id");
    let registered = Client::register(server, &registration);
    assert_eq!((registered.method.as_str(), &registered.secret), ("none", &None));
    for client in [published.client(), registered] {
        // With its id and nothing else.
        let mut walk = Walk::with(server, client);
        let tokens = walk.tokens();
        let tokens = Tokens::from_reply(&walk.client.refresh(server, &tokens.refresh));
        // It was told that signing isn't for here.
        let signed = walk.client.clone().signing(signer.clone());
        let reply = signed.refresh(server, &tokens.refresh);
        let _ = reply.expect_error(401, "invalid_client");
        assert_eq!(walk.client.revoke(server, &tokens.refresh).status, 200);
    }
    // One that can only sign can't be a client here.
    let only = json!({ "redirect_uris": registration["redirect_uris"], "jwks": signer.jwks(),
        "token_endpoint_auth_method": "private_key_jwt" });
    let reply = server.post_json("/register", &only.to_string());
    let _ = reply.expect_error(400, "invalid_client_metadata");
    let mut only = Published::new();
    only.document["token_endpoint_auth_method"] = json!("private_key_jwt");
    only.document["jwks"] = signer.jwks();
    only.publish();
    let _ = looked_at(server, &only.client()).expect_error(400, "invalid_client");
}
