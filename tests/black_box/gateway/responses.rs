//! The upstream's answer on its way back.

use latchkey_tests::Front;
use latchkey_tests::upstream::{Answer, Whole};

use crate::Case;

/// `squeezed words`, compressed ([RFC 1952](https://www.rfc-editor.org/rfc/rfc1952)).
const GZIP: &[u8] = &[
    0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0x2b, 0x2e, 0x2c, 0x4d, 0x4d, 0xad,
    0x4a, 0x4d, 0x51, 0x28, 0xcf, 0x2f, 0x4a, 0x29, 0x06, 0x00, 0x37, 0x2a, 0xff, 0xb8, 0x0e, 0x00,
    0x00, 0x00,
];

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        Case::new(
            "issue 3: status, headers and body of the upstream's answer come back",
            |servers| {
                as_they_are(servers.gateway());
            },
        ),
        Case::new(
            "issue 3: an upstream can't sign a person in or out, or rule the whole origin",
            |servers| {
                headers_that_stay_behind(servers.gateway());
            },
        ),
        Case::new("issue 3: a page of the upstream can't act as the sign-in page", |servers| {
            sandboxed(servers.gateway());
        }),
        Case::new(
            "issue 3: a redirect is the client's to follow, and leads back to the resource",
            |servers| {
                redirects(servers.gateway());
            },
        ),
        Case::new("RFC 9110 section 9.3.2: HEAD answers like GET, without the body", |servers| {
            let front = servers.gateway();
            let (place, token) = (front.upstream.plain(), front.token("/api", "api"));
            let target = format!("/api/{}", place.name());
            let get = front.get(&target, Some(&token)).expect(200);
            let head = front.call("HEAD", &target).bearer(&token).send().expect(200);
            assert!(head.body.is_empty());
            assert_eq!(head.header("content-type"), get.header("content-type"));
            assert_eq!(place.received()[1].method, "HEAD");
        }),
        Case::new("RFC 9110 section 8.4: a compressed answer arrives whole", |servers| {
            compressed(servers.gateway());
        }),
    ]
}

fn as_they_are(front: &Front) {
    let token = front.token("/api", "api");
    for status in
        [200, 201, 202, 203, 204, 206, 304, 400, 403, 404, 409, 410, 418, 422, 429, 500, 501, 503]
    {
        let has_body = !matches!(status, 204 | 304);
        let whole = Whole::status(status)
            .header("content-type", "application/problem+json")
            .header("etag", "W/\"x\"")
            .header("retry-after", "7")
            .header("link", "</next>; rel=next")
            .header("mcp-session-id", "session-1")
            .header("x-own", "kept")
            .header("vary", "accept");
        let whole = if has_body { whole.body(format!("{{\"status\":{status}}}")) } else { whole };
        let place = front.upstream.place(Answer::Whole(whole));
        let reply = front.get(&format!("/api/{}", place.name()), Some(&token)).expect(status);
        for (name, value) in [
            ("etag", "W/\"x\""),
            ("retry-after", "7"),
            ("link", "</next>; rel=next"),
            ("mcp-session-id", "session-1"),
            ("x-own", "kept"),
        ] {
            assert_eq!(reply.header(name), Some(value), "{}", reply.describe());
        }
        if has_body {
            assert_eq!(reply.header("content-type"), Some("application/problem+json"));
            assert_eq!(reply.text(), format!("{{\"status\":{status}}}"));
        }
        assert_eq!(reply.header("access-control-allow-origin"), Some("*"));
        let exposed = reply.header("access-control-expose-headers").unwrap_or_default();
        for name in ["Mcp-Session-Id", "WWW-Authenticate", "Retry-After"] {
            assert!(exposed.contains(name), "{exposed}");
        }
    }
}

fn headers_that_stay_behind(front: &Front) {
    let token = front.token("/api", "api");
    let whole = Whole::text("x")
        .header("set-cookie", "latchkey_session=stolen; Path=/")
        .header("set-cookie", "__Host-latchkey_session=stolen; Path=/; Secure")
        .header("set-cookie", "LATCHKEY_browser=stolen")
        .header("set-cookie", "=latchkey_session=stolen")
        .header("set-cookie", "other=fine; Path=/api; HttpOnly")
        .header("set-cookie", "second=fine; Expires=Sat, 21 Nov 2026 00:00:00 GMT")
        .header("clear-site-data", "\"*\"")
        .header("access-control-allow-origin", "https://evil.example")
        .header("access-control-allow-credentials", "true")
        .header("www-authenticate", "Bearer realm=\"theirs\"")
        .header("service-worker-allowed", "/")
        .header("strict-transport-security", "max-age=0")
        .header("latchkey-subject", "theirs")
        .header("latchkey_subject", "theirs")
        .header("nel", "{}")
        .header("report-to", "{}");
    let place = front.upstream.place(Answer::Whole(whole));
    let reply = front.get(&format!("/api/{}", place.name()), Some(&token)).expect(200);
    let cookies: Vec<&str> = reply
        .headers
        .iter()
        .filter(|(name, _)| name == "set-cookie")
        .map(|(_, value)| value.as_str())
        .collect();
    assert_eq!(
        cookies,
        ["other=fine; Path=/api; HttpOnly", "second=fine; Expires=Sat, 21 Nov 2026 00:00:00 GMT"]
    );
    for name in [
        "clear-site-data",
        "access-control-allow-credentials",
        "www-authenticate",
        "service-worker-allowed",
        "strict-transport-security",
        "latchkey-subject",
        "latchkey_subject",
        "nel",
        "report-to",
    ] {
        assert_eq!(reply.header(name), None, "{}", reply.describe());
    }
    let allowed: Vec<_> =
        reply.headers.iter().filter(|(name, _)| name == "access-control-allow-origin").collect();
    assert_eq!(allowed.len(), 1, "{}", reply.describe());
    assert_eq!(allowed[0].1, "*");
}

fn sandboxed(front: &Front) {
    let token = front.token("/api", "api");
    for own in [None, Some("default-src 'self'; sandbox allow-scripts allow-same-origin")] {
        let whole = Whole::text("<script>alert(1)</script>");
        let whole = own
            .into_iter()
            .fold(whole, |whole, policy| whole.header("content-security-policy", policy));
        let place =
            front.upstream.place(Answer::Whole(whole.header("x-content-type-options", "none")));
        let reply = front.get(&format!("/api/{}", place.name()), Some(&token)).expect(200);
        let values = |wanted: &str| -> Vec<String> {
            let own = reply.headers.iter().filter(|(name, _)| name == wanted);
            own.flat_map(|(_, value)| value.split(", ").map(str::to_owned)).collect()
        };
        let policies = values("content-security-policy");
        assert!(policies.contains(&"sandbox".to_owned()), "{}", reply.describe());
        // The upstream's own is kept: of several, each counts.
        assert_eq!(policies.len(), 1 + usize::from(own.is_some()), "{}", reply.describe());
        assert_eq!(values("x-content-type-options"), ["nosniff"], "{}", reply.describe());
    }
}

fn redirects(front: &Front) {
    let token = front.token("/api", "api");
    let upstream = format!("http://127.0.0.1:{}", front.upstream.port());
    let public = front.resource("/api");
    for (status, location, expected) in [
        (302, format!("{upstream}/notes/next?x=1#f"), format!("{public}/next?x=1#f")),
        (301, format!("{upstream}/notes"), public.clone()),
        (307, "/notes/next".to_owned(), "/api/next".to_owned()),
        (308, "next?page=2".to_owned(), "next?page=2".to_owned()),
        (
            303,
            "https://elsewhere.example/notes".to_owned(),
            "https://elsewhere.example/notes".to_owned(),
        ),
        // Not under the resource: it can't be said in public terms.
        (302, format!("{upstream}/secret"), format!("{upstream}/secret")),
        (201, format!("{upstream}/notes/42"), format!("{public}/42")),
    ] {
        let place = front
            .upstream
            .place(Answer::Whole(Whole::status(status).header("location", &location)));
        let call = front.call("POST", &format!("/api/{}", place.name()));
        let reply = call.bearer(&token).body("once").send().expect(status);
        assert_eq!(reply.header("location"), Some(expected.as_str()), "{location}");
        // It was asked once: nothing followed with the identity of the caller.
        assert_eq!(place.begun(), 1);
    }
}

fn compressed(front: &Front) {
    let token = front.token("/api", "api");
    let whole = Whole::text("").header("content-encoding", "gzip").body(GZIP);
    let place = front.upstream.place(Answer::Whole(whole));
    let call = front.call("GET", &format!("/api/{}", place.name()));
    let reply = call.bearer(&token).header("accept-encoding", "gzip").send().expect(200);
    let arrived = match reply.header("content-encoding") {
        // Compressed anew by whoever is in between, perhaps into other bytes.
        Some("gzip") => inflated(&reply.body),
        None => reply.body.clone(),
        Some(other) => panic!("{other}"),
    };
    assert_eq!(String::from_utf8_lossy(&arrived), "squeezed words");
}

/// Decompressed by the system's gzip.
fn inflated(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    use std::process::{Command, Stdio};
    let mut gzip = Command::new("gzip")
        .arg("-dc")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("gzip");
    gzip.stdin.take().expect("stdin").write_all(bytes).expect("gzip reads");
    gzip.wait_with_output().expect("gzip").stdout
}
