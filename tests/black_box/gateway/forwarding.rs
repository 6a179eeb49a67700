//! A permitted request on its way to the upstream.

use latchkey_tests::upstream::{Answer, Whole};
use latchkey_tests::{Deployment, Front, Server, Walk, jwt};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::Case;

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        Case::new(
            "issue 3: the resource's path becomes the upstream's, the rest stays as it is",
            |servers| {
                paths(servers.gateway());
            },
        ),
        Case::new("issue 3: every method and body reaches the upstream as it is", |servers| {
            methods_and_bodies(servers.gateway());
        }),
        Case::new(
            "issue 3: the answer to one person is never another's: nothing is kept on the way",
            |servers| {
                never_cached(servers.gateway());
            },
        ),
        Case::new("issue 3: an upstream behind a service binding is called like any other", |_| {
            service_binding();
        }),
    ]
}

fn paths(front: &Front) {
    let place = front.upstream.plain();
    let name = place.name();
    for (resource, target, expected) in [
        ("/api", format!("/api?at={name}"), format!("/notes?at={name}")),
        ("/api", format!("/api/?at={name}"), format!("/notes/?at={name}")),
        ("/api", format!("/api/{name}"), format!("/notes/{name}")),
        ("/api", format!("/api/{name}/"), format!("/notes/{name}/")),
        (
            "/api",
            format!("/api/{name}/a/b.json?x=1&x=2&y"),
            format!("/notes/{name}/a/b.json?x=1&x=2&y"),
        ),
        ("/api", format!("/api/{name}?"), format!("/notes/{name}?")),
        (
            "/api",
            format!("/api/{name}?q=%20+%2F%C3%A4%zz()*;:@"),
            format!("/notes/{name}?q=%20+%2F%C3%A4%zz()*;:@"),
        ),
        ("/api", format!("/api/{name}/%C3%A4%20+b"), format!("/notes/{name}/%C3%A4%20+b")),
        // An upstream without a path.
        ("/slow-bound", format!("/slow-bound?at={name}"), format!("/?at={name}")),
        ("/slow-bound", format!("/slow-bound/?at={name}"), format!("/?at={name}")),
        ("/slow-bound", format!("/slow-bound/{name}/x"), format!("/{name}/x")),
    ] {
        let head = format!(
            "GET {target} HTTP/1.1\nAuthorization: Bearer {}",
            front.token(resource, "api")
        );
        let reply = latchkey_tests::raw::send(&front.server, &head, b"");
        assert_eq!(reply.status, 200, "{target}: {}", reply.text);
        assert_eq!(place.received().pop().unwrap().target, expected, "{target}");
    }
}

fn methods_and_bodies(front: &Front) {
    let place = front.upstream.plain();
    let target = format!("/api/{}", place.name());
    let token = front.token("/api", "api api:write");
    let binary: Vec<u8> = (0..=255).cycle().take(200_000).collect();
    for method in ["POST", "PUT", "PATCH", "DELETE"] {
        for body in [b"".as_slice(), b"a=b&c=%zz", b"{\"a\":", &binary] {
            let call = front.call(method, &target).bearer(&token);
            let call = call.header("content-type", "application/x-own").body(body);
            let _ = call.send().expect(200);
            let received = place.received().pop().unwrap();
            assert_eq!((received.method.as_str(), received.length), (method, body.len() as u64));
            assert_eq!(received.sha256, <[u8; 32]>::from(Sha256::digest(body)));
            assert_eq!(received.header("content-type"), Some("application/x-own"));
        }
    }
    for method in ["GET", "HEAD", "OPTIONS"] {
        let _ = front.call(method, &target).bearer(&token).send().expect(200);
        let received = place.received().pop().unwrap();
        assert_eq!((received.method.as_str(), received.length), (method, 0));
    }
    // A compressed body is the upstream's matter where no message is read.
    let call = front.call("POST", &target).bearer(&token).header("content-encoding", "gzip");
    let _ = call.body(b"\x1f\x8b whatever".as_slice()).send().expect(200);
    let received = place.received().pop().unwrap();
    assert_eq!(received.header("content-encoding"), Some("gzip"));
    assert_eq!(received.body, b"\x1f\x8b whatever");
}

fn never_cached(front: &Front) {
    let kept = Whole::text("for one").header("cache-control", "public, max-age=3600");
    let place = front.upstream.place(Answer::Whole(kept.header("etag", "\"1\"")));
    let target = format!("/api/{}/style.css", place.name());
    for scope in ["api", "mcp api"] {
        let reply = front.get(&target, Some(&front.token("/api", scope))).expect(200);
        // What the client may keep is the upstream's to say; a cache that others share keeps nothing.
        let kept = reply.header("cache-control").unwrap_or_default();
        assert!(kept.contains("max-age=3600") && kept.contains("private"), "{kept}");
        assert!(!kept.contains("public"), "{kept}");
        let varies = reply.header("vary").unwrap_or_default();
        assert!(varies.contains("Authorization"), "{}", reply.describe());
        assert_eq!(reply.header("etag"), Some("\"1\""));
    }
    assert_eq!(place.received().len(), 2);
    let _ = front.get(&target, None).expect(401);
}

fn service_binding() {
    let server = Server::start(Deployment::bound()).unwrap_or_else(|error| panic!("{error}"));
    let mut walk = Walk::begin(&server);
    let token = |walk: &mut Walk<'_>, path: &str, scope: &str| {
        let resource = format!("{}{path}", server.issuer());
        walk.tokens_for(&walk.request().and("resource", &resource).and("scope", scope)).access
    };
    let api = token(&mut walk, "/api", "api");
    let call = server.call("POST", "/api/a/b?x=1").bearer(&api);
    let reply = call.header("latchkey_subject", "forged").body(vec![1; 70_000]).send().expect(200);
    let seen = reply.json();
    // It is asked under the public name, at its own path.
    assert_eq!(seen["url"], format!("{}/inner/a/b?x=1", server.origin()));
    assert_eq!((&seen["method"], &seen["length"]), (&"POST".into(), &70_000.into()));
    let header = |name: &str| -> Option<String> {
        let headers = seen["headers"].as_array().unwrap();
        let mut found = headers.iter().filter(|pair| pair[0] == name);
        let value = found.next().and_then(|pair| pair[1].as_str()).map(str::to_owned);
        assert!(found.next().is_none(), "{name} twice: {headers:?}");
        value
    };
    let claims = jwt::read(&api).claims;
    assert_eq!(header("latchkey-subject").as_deref(), claims["sub"].as_str());
    assert_eq!(header("latchkey_subject"), None);
    assert_eq!(header("authorization"), None);
    let assertion = header("latchkey-assertion").expect("assertion");
    let verified = jwt::verify(&assertion, &jwt::keys(&server)).expect("assertion");
    assert_eq!(verified.claims["aud"], claims["aud"]);
    let _ = server.call("DELETE", "/api/a").bearer(&api).send().expect(403);
    let _ = server.call("GET", "/api/a").send().expect(401);

    // Without a path of its own it sees the resource's.
    let same = token(&mut walk, "/same", "mcp");
    let seen: Value = server.call("GET", "/same/a?b").bearer(&same).send().expect(200).json();
    assert_eq!(seen["url"], format!("{}/same/a?b", server.origin()));
    assert_eq!(crate::log::leaks(&server), [""; 0]);
}
