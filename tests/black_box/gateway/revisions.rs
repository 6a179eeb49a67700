//! The four revisions of the Model Context Protocol: each discovers, registers, authorizes and calls
//! the way a client of that revision does.

mod observed;

use latchkey_tests::{Authorization, Browser, Challenge, Front, Tokens, jwt};
use serde_json::json;

use crate::Case;
use crate::profile::{borrowed, discovered, request};
use observed::Observed;

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        Case::new(
            "MCP 2025-03-26: metadata at the server's origin or the usual endpoints, no resource, initialize, session and batches",
            |servers| {
                march_2025(servers.gateway());
            },
        ),
        Case::new(
            "MCP 2025-06-18: protected resource metadata from the 401, resource indicators, the version in a header",
            |servers| {
                june_2025(servers.gateway());
            },
        ),
        Case::new(
            "MCP 2025-11-25: scopes from the challenge, discovery without the header, step-up, a stream that is resumed",
            |servers| {
                november_2025(servers.gateway());
            },
        ),
        Case::new(
            "MCP 2026-07-28: without sessions, method and name in headers, the issuer checked",
            |servers| {
                july_2026(servers.gateway());
            },
        ),
    ]
}

fn march_2025(front: &Front) {
    let profile = Observed::new(front, "2025-03-26");
    // It knows nothing of protected resources: the origin of the MCP server is the base.
    let _ = profile.send("POST", None, &[], Some(&profile.initialize())).expect(401);
    let metadata = profile
        .document(&format!("{}/.well-known/oauth-authorization-server", front.server.origin()));
    // The endpoints that a client falls back to where there is no document.
    for (endpoint, path) in [
        ("authorization_endpoint", "/authorize"),
        ("token_endpoint", "/token"),
        ("registration_endpoint", "/register"),
    ] {
        assert_eq!(metadata[endpoint], format!("{}{path}", front.server.origin()));
    }
    let client = profile.register(&metadata, &json!({}));
    let mut browser = Browser::new(&front.server);
    let request_ = Authorization::of(&client);
    let tokens = profile.authorize(&mut browser, &client, &metadata, &request_, &[]);
    // Nobody said for what: the first resource is meant, with the default scope.
    assert_eq!(jwt::read(&tokens.access).claims["aud"], front.resource("/mcp"));
    assert_eq!(tokens.scope, "mcp");

    let headers = profile.session(&tokens.access, false);
    let batch = json!([
        request("tools/list", json!({})),
        { "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": 1 } },
        request("tools/call", json!({ "name": "list_notes", "arguments": {} })),
    ]);
    let reply =
        profile.send("POST", Some(&tokens.access), &borrowed(&headers), Some(&batch)).expect(200);
    assert_eq!(reply.json().as_array().map(Vec::len), Some(2), "{}", reply.describe());
    let stream = profile.send("GET", Some(&tokens.access), &borrowed(&headers), None).expect(200);
    assert_eq!(stream.header("content-type"), Some("text/event-stream"));
    profile.session_is_no_credential(&headers);
    let _ = profile.send("DELETE", Some(&tokens.access), &borrowed(&headers), None).expect(204);
    let next = Tokens::from_reply(&client.refresh(&front.server, &tokens.refresh));
    let _ = profile.send("POST", Some(&next.access), &[], Some(&profile.initialize())).expect(200);
}

fn june_2025(front: &Front) {
    let profile = Observed::new(front, "2025-06-18");
    let reply = profile.send("POST", None, &[], Some(&profile.initialize())).expect(401);
    let (resource, metadata) = discovered(&profile, &Challenge::of(&reply));
    let client = profile.register(&metadata, &json!({}));
    let uri = resource["resource"].as_str().unwrap();
    let scope = resource["scopes_supported"][0].as_str().unwrap();
    let request_ = Authorization::of(&client).and("resource", uri).and("scope", scope);
    let mut browser = Browser::new(&front.server);
    let tokens =
        profile.authorize(&mut browser, &client, &metadata, &request_, &[("resource", uri)]);
    assert_eq!(jwt::read(&tokens.access).claims["aud"], uri);

    let headers = profile.session(&tokens.access, true);
    let call = request("tools/call", json!({ "name": "list_notes", "arguments": {} }));
    let reply =
        profile.send("POST", Some(&tokens.access), &borrowed(&headers), Some(&call)).expect(200);
    assert_eq!(reply.json()["result"]["content"][0]["text"], "list_notes");
    let received = profile.place.received().pop().unwrap();
    assert_eq!(received.header("mcp-protocol-version"), Some("2025-06-18"));
    assert_eq!(received.header("mcp-session-id"), Some("session-1"));
    profile.session_is_no_credential(&headers);

    // The token is lost; the challenge leads back, and the refresh token is for the same resource.
    let _ = client.revoke(&front.server, &tokens.access).expect(200);
    let reply =
        profile.send("POST", Some(&tokens.access), &borrowed(&headers), Some(&call)).expect(401);
    assert_eq!(Challenge::of(&reply).get("error"), Some("invalid_token"));
    let fields =
        [("grant_type", "refresh_token"), ("refresh_token", &tokens.refresh), ("resource", uri)];
    let next = Tokens::from_reply(&client.token(&front.server, &fields));
    let _ = profile.send("POST", Some(&next.access), &borrowed(&headers), Some(&call)).expect(200);
    let _ = profile.send("DELETE", Some(&next.access), &borrowed(&headers), None).expect(204);
}

fn november_2025(front: &Front) {
    let profile = Observed::new(front, "2025-11-25");
    let reply = profile.send("POST", None, &[], Some(&profile.initialize())).expect(401);
    let challenge = Challenge::of(&reply);
    let (resource, metadata) = discovered(&profile, &challenge);
    // The same is found without the header: path-inserted first, then at the root.
    let origin = front.server.origin();
    for path in ["/mcp", ""] {
        let url = format!("{origin}/.well-known/oauth-protected-resource{path}");
        assert_eq!(profile.document(&url), resource);
    }
    // And the server's by the rules of OpenID Connect.
    assert_eq!(profile.document(&format!("{origin}/.well-known/openid-configuration")), metadata);

    let client = profile.register(&metadata, &json!({ "application_type": "native" }));
    let uri = resource["resource"].as_str().unwrap();
    let scope = challenge.get("scope").expect("a scope");
    let request_ = Authorization::of(&client).and("resource", uri).and("scope", scope);
    let mut browser = Browser::new(&front.server);
    let tokens =
        profile.authorize(&mut browser, &client, &metadata, &request_, &[("resource", uri)]);
    assert_eq!(tokens.scope, scope);

    let headers = profile.session(&tokens.access, true);
    let delete = request("tools/call", json!({ "name": "delete_note", "arguments": {} }));
    let reply =
        profile.send("POST", Some(&tokens.access), &borrowed(&headers), Some(&delete)).expect(403);
    let challenge = Challenge::of(&reply);
    assert_eq!(challenge.get("error"), Some("insufficient_scope"));
    let request_ = Authorization::of(&client)
        .and("resource", uri)
        .and("scope", challenge.get("scope").expect("a scope"));
    let wider =
        profile.authorize(&mut browser, &client, &metadata, &request_, &[("resource", uri)]);
    // The session goes on with the new token.
    let reply =
        profile.send("POST", Some(&wider.access), &borrowed(&headers), Some(&delete)).expect(200);
    assert_eq!(reply.json()["result"]["content"][0]["text"], "delete_note");

    let mut resumed = borrowed(&headers);
    resumed.push(("last-event-id", "1"));
    let stream = profile.send("GET", Some(&wider.access), &resumed, None).expect(200);
    assert!(stream.text().contains("after 1"), "{}", stream.describe());
    profile.session_is_no_credential(&headers);
}

fn july_2026(front: &Front) {
    let profile = Observed::new(front, "2026-07-28");
    let call = |name: &str| {
        let meta = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientInfo": { "name": "profile", "version": "1" },
            "io.modelcontextprotocol/clientCapabilities": {},
        });
        request("tools/call", json!({ "name": name, "arguments": {}, "_meta": meta }))
    };
    let headers = |name: &'static str| {
        [("mcp-protocol-version", "2026-07-28"), ("mcp-method", "tools/call"), ("mcp-name", name)]
    };
    // The first request is already the one that is meant: there is no initialize.
    let reply =
        profile.send("POST", None, &headers("list_notes"), Some(&call("list_notes"))).expect(401);
    let challenge = Challenge::of(&reply);
    let (resource, metadata) = discovered(&profile, &challenge);
    assert_eq!(metadata["authorization_response_iss_parameter_supported"], true);
    let client = profile.register(&metadata, &json!({ "application_type": "native" }));
    let uri = resource["resource"].as_str().unwrap();
    // SEP-2207: for a refresh token it asks when the server, not the resource, lists it.
    assert!(metadata["scopes_supported"].as_array().unwrap().contains(&json!("offline_access")));
    let scope = format!("{} offline_access", challenge.get("scope").expect("a scope"));
    let request_ = Authorization::of(&client).and("resource", uri).and("scope", &scope);
    let mut browser = Browser::new(&front.server);
    let tokens =
        profile.authorize(&mut browser, &client, &metadata, &request_, &[("resource", uri)]);

    let list = [("mcp-protocol-version", "2026-07-28"), ("mcp-method", "tools/list")];
    let body = request("tools/list", json!({}));
    let _ = profile.send("POST", Some(&tokens.access), &list, Some(&body)).expect(200);
    let reply = profile.send(
        "POST",
        Some(&tokens.access),
        &headers("list_notes"),
        Some(&call("list_notes")),
    );
    assert_eq!(reply.expect(200).json()["result"]["content"][0]["text"], "list_notes");
    let received = profile.place.received().pop().unwrap();
    for (name, value) in headers("list_notes") {
        assert_eq!(received.header(name), Some(value));
    }

    // Step-up: the union of what was asked for and what the challenge says.
    let reply = profile.send(
        "POST",
        Some(&tokens.access),
        &headers("delete_note"),
        Some(&call("delete_note")),
    );
    let challenge = Challenge::of(&reply.expect(403));
    assert_eq!(challenge.get("error"), Some("insufficient_scope"));
    let scope = format!("{scope} {}", challenge.get("scope").expect("a scope"));
    let request_ = Authorization::of(&client).and("resource", uri).and("scope", &scope);
    let wider =
        profile.authorize(&mut browser, &client, &metadata, &request_, &[("resource", uri)]);
    let reply = profile.send(
        "POST",
        Some(&wider.access),
        &headers("delete_note"),
        Some(&call("delete_note")),
    );
    let _ = reply.expect(200);
    // Headers alone move nothing: the body says what is called.
    let before = profile.place.begun();
    let reply = profile.send(
        "POST",
        Some(&tokens.access),
        &headers("list_notes"),
        Some(&call("delete_note")),
    );
    assert!(matches!(reply.status, 400 | 403), "{}", reply.describe());
    assert_eq!(profile.place.begun(), before);
    // One by one each stands for itself: no state that somebody else could use.
    let reply = profile.send("POST", None, &headers("list_notes"), Some(&call("list_notes")));
    let _ = reply.expect(401);
}
