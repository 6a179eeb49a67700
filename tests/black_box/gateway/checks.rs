//! What a good credential may do: audience and scope.

use latchkey_tests::{Challenge, Front, Reply, jwt, raw};

use super::{nothing_reached, refused};
use crate::Case;

const ELSEWHERE: &str = "https://notes.example/v1";

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        Case::new(
            "MRS-11, issue 3: a token for one resource is refused at every other, and told which it is for",
            |servers| {
                audiences(servers.gateway());
            },
        ),
        Case::new("MRS-11: a resource on another origin takes its own tokens only", |servers| {
            other_origin(servers.gateway());
        }),
        Case::new(
            "MRS-07, issue 3: a token without the scope is 403 insufficient_scope naming held and needed",
            |servers| {
                missing_scope(servers.gateway());
            },
        ),
        Case::new("MRS-08: all scopes that are missing are named at once", |servers| {
            let front = servers.gateway();
            let (token, place) = (front.token("/both", "api"), front.upstream.plain());
            let call = front.call("DELETE", &format!("/both/{}", place.name()));
            let challenge = refused(&call.bearer(&token).send(), 403, "insufficient_scope");
            assert_eq!(challenge.scope(), ["api", "api:write", "mcp"]);
            nothing_reached(&place);
        }),
        Case::new("MRS-09: a scope stands for those that it implies", |servers| {
            let front = servers.gateway();
            let place = front.upstream.plain();
            let token = front.token("/mcp", "mcp:write");
            for name in ["list_notes", "delete_note"] {
                let _ = front.message(&place, &token, &super::tool(name)).send().expect(200);
            }
            // The upstream is told what was granted, not what follows from it.
            assert_eq!(place.received()[0].header("latchkey-scope"), Some("mcp:write"));
            // It goes one way only.
            let token = front.token("/mcp", "mcp");
            let reply = front.message(&place, &token, &super::tool("delete_note")).send();
            refused(&reply, 403, "insufficient_scope");
        }),
        Case::new("issue 3: scopes by HTTP method", |servers| {
            by_method(servers.gateway());
        }),
    ]
}

#[track_caller]
fn wrong_audience(reply: &Reply, found: &str, expected: &str) {
    let challenge = refused(reply, 401, "invalid_token");
    let words = challenge.get("error_description").unwrap();
    assert!(words.contains(&format!("for {found};")), "{words}");
    assert!(words.contains(&format!("is {expected}.")), "{words}");
}

fn audiences(front: &Front) {
    let place = front.upstream.plain();
    let everything = "mcp mcp:write api api:write";
    for (own, others) in [
        ("/mcp", ["/api", "/api/admin", "/slow-bound"]),
        ("/api", ["/mcp", "/api/admin", "/oauth-only"]),
        // The longer path is another resource, not a part of the shorter one.
        ("/api/admin", ["/api", "/mcp", "/strict-tools"]),
    ] {
        let token = front.token(own, everything);
        assert_eq!(jwt::read(&token).claims["aud"], front.resource(own));
        for other in others {
            let reply = front.get(&format!("{other}/{}", place.name()), Some(&token));
            wrong_audience(&reply, &front.resource(own), &front.resource(other));
        }
    }
    nothing_reached(&place);
    for own in ["/mcp", "/api", "/api/admin"] {
        let target = format!("{own}/{}", place.name());
        let _ = front.get(&target, Some(&front.token(own, everything))).expect(200);
    }
    let targets: Vec<String> =
        place.received().iter().map(|received| received.target.clone()).collect();
    let expected = ["/tools", "/notes", "/admin"].map(|path| format!("{path}/{}", place.name()));
    assert_eq!(targets, expected);
}

fn other_origin(front: &Front) {
    let place = front.upstream.plain();
    let call = |path: &str, token: &str| {
        let target = format!("{path}/{}", place.name());
        front.call("GET", &target).header("host", "notes.example").bearer(token).send()
    };
    let here = front.token("/api", "api");
    wrong_audience(&call("/v1", &here), &front.resource("/api"), ELSEWHERE);
    let there = front.token(ELSEWHERE, "api");
    let reply = front.get(&format!("/api/{}", place.name()), Some(&there));
    wrong_audience(&reply, ELSEWHERE, &front.resource("/api"));
    // Under another host's name the issuer's own resources are still found, and still checked.
    wrong_audience(&call("/api", &there), ELSEWHERE, &front.resource("/api"));
    nothing_reached(&place);
    // Its path is nowhere on the issuer's own origin.
    let _ = front.get(&format!("/v1/{}", place.name()), Some(&there)).expect(404);
    let head = format!("GET /v1/{} HTTP/1.1\nAuthorization: Bearer {there}", place.name());
    let reply = raw::send_to(&front.server, "evil.example", &head, b"");
    assert_eq!(reply.status, 404, "{}", reply.text);
    nothing_reached(&place);
    let _ = call("/v1", &there).expect(200);
    let received = place.only();
    assert_eq!(received.target, format!("/elsewhere/{}", place.name()));
    assert_eq!(received.header("x-forwarded-host"), Some("notes.example"));
    assert_eq!(received.header("x-forwarded-proto"), Some("https"));
    let assertion = received.header("latchkey-assertion").unwrap();
    let claims = jwt::verify(assertion, &jwt::keys(&front.server)).expect("assertion").claims;
    assert_eq!(claims["aud"], ELSEWHERE);
}

fn missing_scope(front: &Front) {
    let place = front.upstream.plain();
    let token = front.token("/api", "mcp");
    let reply = front.get(&format!("/api/{}", place.name()), Some(&token));
    let challenge = refused(&reply, 403, "insufficient_scope");
    // What is held is in it too: clients ask for exactly this, and would lose what they held.
    assert_eq!(challenge.scope(), ["api", "mcp"]);
    let words = challenge.get("error_description").unwrap();
    assert!(words.contains("held: mcp; needed: api"), "{words}");
    let url = format!("{}/.well-known/oauth-protected-resource/api", front.server.origin());
    assert_eq!(challenge.get("resource_metadata"), Some(url.as_str()));
    assert!(reply.json()["error_description"].as_str().unwrap().contains("held: mcp; needed: api"));
    nothing_reached(&place);
}

fn by_method(front: &Front) {
    let place = front.upstream.plain();
    let target = format!("/api/{}", place.name());
    let reading = front.token("/api", "api");
    for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "OPTIONS"] {
        let _ = front.call(method, &target).bearer(&reading).send().expect(200);
    }
    let before = place.begun();
    let challenge =
        refused(&front.call("DELETE", &target).bearer(&reading).send(), 403, "insufficient_scope");
    assert_eq!(challenge.scope(), ["api", "api:write"]);
    // Some servers read a method in any case.
    for method in ["delete", "Delete"] {
        let head = format!("{method} {target} HTTP/1.1\nAuthorization: Bearer {reading}");
        let reply = raw::send(&front.server, &head, b"");
        assert!((400..600).contains(&reply.status), "{}", reply.text);
    }
    for method in ["TRACE", "CONNECT"] {
        let head = format!("{method} {target} HTTP/1.1\nAuthorization: Bearer {reading}");
        let reply = raw::send(&front.server, &head, b"");
        assert!((400..600).contains(&reply.status), "{}", reply.text);
    }
    assert_eq!(place.begun(), before);
    // The one without the other is not enough: both are needed.
    let deleting = front.token("/api", "api:write");
    let reply = front.call("DELETE", &target).bearer(&deleting).send();
    assert_eq!(refused(&reply, 403, "insufficient_scope").scope(), ["api", "api:write"]);
    let both = front.token("/api", "api api:write");
    let _ = front.call("DELETE", &target).bearer(&both).send().expect(200);
    assert_eq!(place.received().last().unwrap().method, "DELETE");
    // Without a credential the challenge asks for what the method needs.
    let challenge = Challenge::of(&front.call("DELETE", &target).send().expect(401));
    assert_eq!(challenge.scope(), ["api", "api:write"]);
}
