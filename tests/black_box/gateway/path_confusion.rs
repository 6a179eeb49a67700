//! Paths that two programs could read differently.

use latchkey_tests::{Front, raw};

use super::nothing_reached;
use crate::Case;

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        Case::new(
            "issue 3: an empty segment, an encoded slash or dot, a backslash and what is no encoding are refused",
            |servers| {
                refused_paths(servers.gateway());
            },
        ),
        Case::new("issue 3: no way of writing dots leads out of a resource", |servers| {
            dots(servers.gateway());
        }),
        Case::new(
            "issue 3: the longest path wins, however the request for it is written",
            |servers| {
                longest_path(servers.gateway());
            },
        ),
        Case::new(
            "issue 3: a path counts byte for byte, so another case is another path",
            |servers| {
                letter_case(servers.gateway());
            },
        ),
        Case::new(
            "issue 3: nobody needs a credential to be told that a path is confusing",
            |servers| {
                let front = servers.gateway();
                let place = front.upstream.plain();
                let path = format!("/api//{}", place.name());
                let reply = raw::send(&front.server, &format!("GET {path} HTTP/1.1"), b"");
                assert_eq!(reply.status, 400, "{}", reply.text);
                assert!(reply.text.contains("invalid_request"), "{}", reply.text);
                nothing_reached(&place);
            },
        ),
    ]
}

/// Sends a request target as it is, with a token.
fn send(front: &Front, token: &str, target: &str) -> raw::RawReply {
    let head = format!("GET {target} HTTP/1.1\nAuthorization: Bearer {token}");
    raw::send(&front.server, &head, b"")
}

fn refused_paths(front: &Front) {
    let place = front.upstream.plain();
    let name = place.name();
    let token = front.token("/api", "api");
    for target in [
        format!("/api//{name}"),
        format!("/api/a//{name}"),
        format!("/api/{name}//"),
        format!("/api/a%2f{name}"),
        format!("/api/a%2F{name}"),
        format!("/api/a%5c{name}"),
        format!("/api/a%5C{name}"),
        format!("/api/..%2f{name}"),
        format!("/api/..%2fadmin%2f{name}"),
        format!("/api/%2e%2e%2f{name}"),
        format!("/api/..%5c{name}"),
        format!("/api/a%2e%2e/{name}"),
        format!("/api/..;/{name}"),
        format!("/api/..;x=1/admin/{name}"),
        format!("/api/.;/{name}"),
        format!("/api/..%20/{name}"),
        format!("/api/{name}/..%20"),
        format!("/api/%20/{name}"),
        format!("/api/%00{name}"),
        format!("/api/a%0a{name}"),
        format!("/api/a%0D%0Ax:y{name}"),
        format!("/api/a%1f{name}"),
        format!("/api/a%7f{name}"),
        format!("/api/%zz{name}"),
        format!("/api/{name}%"),
        format!("/api/{name}%2"),
        // Not UTF-8: an overlong slash and dot.
        format!("/api/%c0%af{name}"),
        format!("/api/%c0%ae%c0%ae/{name}"),
        // Decoded once by one program, and once more by the next.
        format!("/api/%252e%252e/{name}"),
        format!("/api/%252e%252e%252fadmin/{name}"),
        format!("/api/a%252f{name}"),
    ] {
        let reply = send(front, &token, &target);
        assert_eq!(reply.status, 400, "{target}: {}", reply.text);
        assert!(reply.text.contains("invalid_request"), "{target}: {}", reply.text);
    }
    nothing_reached(&place);
    // What only looks like it is fine, and goes on as it came.
    for rest in ["a.b", "...", "a..b", ".hidden", "%C3%A4", "a%20b", "a;b=1", "a:b@c", "~", "a%3Fb"]
    {
        let target = format!("/api/{rest}/{name}/?q=a//b/../%2f&r=%");
        let reply = send(front, &token, &target);
        assert_eq!(reply.status, 200, "{target}: {}", reply.text);
        let received = place.received().pop().unwrap().target;
        assert_eq!(received, target.replacen("/api", "/notes", 1));
    }
}

/// Development's own proxy resolves some of these before the worker sees them; then they are another
/// path, with another path's needs.
fn dots(front: &Front) {
    let place = front.upstream.plain();
    let name = place.name();
    let token = front.token("/api", "api");
    for target in [
        format!("/api/../{name}"),
        format!("/api/../mcp/{name}"),
        format!("/api/../../{name}"),
        format!("/api/x/../../mcp/{name}"),
        format!("/api/../slow-bound/{name}"),
        format!("/api/./admin/{name}"),
        format!("/api/x/../admin/{name}"),
        format!("/api/%2e%2e/mcp/{name}"),
        format!("/api/%2E./mcp/{name}"),
        format!("/api/.%2e/admin/{name}"),
        format!("/api/%2e/admin/{name}"),
        format!("/api\\..\\mcp\\{name}"),
        format!("/api/..\\mcp\\{name}"),
        format!("/x/../api/admin/{name}"),
        format!("//api/admin/{name}"),
        format!("/api/admin/../admin/{name}"),
    ] {
        let reply = send(front, &token, &target);
        assert!((400..500).contains(&reply.status), "{target}: {}", reply.text);
    }
    nothing_reached(&place);
}

fn longest_path(front: &Front) {
    let place = front.upstream.plain();
    let name = place.name();
    let (token, admin) = (front.token("/api", "api"), front.token("/api/admin", "api:write"));
    for target in [
        format!("/api/admin/{name}"),
        format!("/api/admin?at={name}"),
        format!("/api/admin/?at={name}"),
        format!("/api/admin/users/{name}"),
    ] {
        let reply = send(front, &token, &target);
        assert_eq!(reply.status, 401, "{target}: {}", reply.text);
    }
    nothing_reached(&place);
    for (target, expected) in [
        (format!("/api/admin/{name}"), format!("/admin/{name}")),
        (format!("/api/admin?at={name}"), format!("/admin?at={name}")),
        (format!("/api/admin/?at={name}"), format!("/admin/?at={name}")),
    ] {
        let reply = send(front, &admin, &target);
        assert_eq!(reply.status, 200, "{target}: {}", reply.text);
        assert_eq!(place.received().pop().unwrap().target, expected);
    }
    // A program that doesn't look at case would find that one, so it is for neither.
    for target in [
        format!("/api/Admin/{name}"),
        format!("/api/ADMIN?at={name}"),
        format!("/api/%61dmin/{name}"),
    ] {
        let before = place.begun();
        for token in [&token, &admin] {
            let reply = send(front, token, &target);
            assert!((400..500).contains(&reply.status), "{target}: {}", reply.text);
        }
        assert_eq!(place.begun(), before, "{target}");
    }
    // It is no part of that resource, only begins like it.
    for target in [format!("/api/administration/{name}"), format!("/api/admin.txt/{name}")] {
        let reply = send(front, &token, &target);
        assert_eq!(reply.status, 200, "{target}: {}", reply.text);
        assert_eq!(place.received().pop().unwrap().target, target.replacen("/api", "/notes", 1));
    }
}

fn letter_case(front: &Front) {
    let place = front.upstream.plain();
    let name = place.name();
    let token = front.token("/api", "api");
    for target in [
        format!("/API/{name}"),
        format!("/Api/{name}"),
        format!("/apix/{name}"),
        format!("/api.json/{name}"),
        format!("/%61pi/{name}"),
        format!("/ap%69/{name}"),
        format!("/api%20/{name}"),
        format!("/api;/{name}"),
        format!("/api;x=/{name}"),
    ] {
        let reply = send(front, &token, &target);
        assert_eq!(reply.status, 404, "{target}: {}", reply.text);
    }
    nothing_reached(&place);
}
