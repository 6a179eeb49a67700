//! What a request brings with it to the upstream: who calls, as the gateway says it, and nothing of
//! the credential.

use latchkey_tests::upstream::Received;
use latchkey_tests::{Call, Front, jwt};

use super::{nothing_reached, refused};
use crate::Case;

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        Case::new(
            "issue 3: the upstream is told who calls, by which client, with which scope",
            |servers| {
                identity(servers.gateway());
            },
        ),
        Case::new("issue 3: no client can forge what the gateway says", |servers| {
            forged(servers.gateway());
        }),
        Case::new("MRS-15: the client's credential never reaches the upstream", |servers| {
            no_credential(servers.gateway());
        }),
        Case::new(
            "issue 3: a distrustful upstream verifies the assertion with the JWKS, and it lives for a minute",
            |servers| {
                assertion(servers.gateway());
            },
        ),
        Case::new("RFC 8725 section 3.11: an assertion is no access token", |servers| {
            let front = servers.gateway();
            let place = front.upstream.plain();
            for path in ["/api", "/slow-bound"] {
                let token = front.token(path, "api");
                let target = format!("{path}/{}", place.name());
                let _ = front.get(&target, Some(&token)).expect(200);
                let before = place.begun();
                let received = place.received().pop().unwrap();
                let assertion = received.header("latchkey-assertion").unwrap();
                refused(&front.get(&target, Some(assertion)), 401, "invalid_token");
                let reply = front.call("GET", &target).api_key(assertion).send();
                refused(&reply, 401, "invalid_token");
                assert_eq!(place.begun(), before);
            }
        }),
        Case::new("issue 3: every other header reaches the upstream as it is", |servers| {
            the_rest(servers.gateway());
        }),
        Case::new(
            "issue 3: the session of the sign-in pages is no credential, and isn't passed on",
            |servers| {
                cookies(servers.gateway());
            },
        ),
    ]
}

/// The headers by which the upstream learns who calls.
const IDENTITY: [&str; 10] = [
    "latchkey-subject",
    "latchkey-subject-type",
    "latchkey-client-id",
    "latchkey-scope",
    "latchkey-credential",
    "latchkey-assertion",
    "latchkey-reference",
    "x-forwarded-host",
    "x-forwarded-proto",
    "host",
];

/// Sends it to `/api` and returns what has arrived.
fn arrived(front: &Front, token: &str, with: impl FnOnce(Call<'_>) -> Call<'_>) -> Received {
    let place = front.upstream.plain();
    let call = front.call("GET", &format!("/api/{}", place.name()));
    let _ = with(call.bearer(token)).send().expect(200);
    place.only()
}

#[track_caller]
fn expect_identity(front: &Front, token: &str, received: &Received) {
    let claims = jwt::read(token).claims;
    let text = |name: &str| claims[name].as_str().unwrap().to_owned();
    assert_eq!(received.header("latchkey-subject"), Some(text("sub").as_str()));
    assert_eq!(received.header("latchkey-subject-type"), Some("person"));
    assert_eq!(received.header("latchkey-client-id"), Some(text("client_id").as_str()));
    assert_eq!(received.header("latchkey-scope"), Some(text("scope").as_str()));
    assert_eq!(received.header("latchkey-credential"), Some("access_token"));
    let reference = received.header("latchkey-reference").unwrap();
    assert!(reference.len() >= 6, "{reference}");
    let origin = front.server.origin();
    let (scheme, host) = origin.split_once("://").unwrap();
    assert_eq!(received.header("x-forwarded-host"), Some(host));
    assert_eq!(received.header("x-forwarded-proto"), Some(scheme));
    let host = format!("127.0.0.1:{}", front.upstream.port());
    assert_eq!(received.header("host"), Some(host.as_str()));
}

fn identity(front: &Front) {
    for scope in ["api", "mcp api"] {
        let token = front.token("/api", scope);
        expect_identity(front, &token, &arrived(front, &token, |call| call));
    }
}

fn forged(front: &Front) {
    const FORGED: &str = "forged-by-the-client";
    let token = front.token("/api", "api");
    let names = [
        "latchkey-subject",
        "Latchkey-Subject",
        "Latchkey_Subject",
        "LATCHKEY_SUBJECT",
        "latchkey-subject-type",
        "Latchkey_Subject_Type",
        "latchkey_scope",
        "latchkey-client-id",
        "latchkey_client_id",
        "latchkey-credential",
        "latchkey-assertion",
        "latchkey.assertion",
        "latchkey-reference",
        "latchkey-anything",
        "latchkey",
        "x-forwarded-host",
        "X_Forwarded_Host",
        "x-forwarded-proto",
        "x-forwarded-for",
        "x_forwarded_for",
        "x-forwarded-user",
        "x-forwarded-email",
        "x-forwarded-prefix",
        "forwarded",
        "x-real-ip",
        "true-client-ip",
        "x-original-url",
        "x-rewrite-url",
        "x-original-host",
        "x-host",
        "x-http-method-override",
        "x-http-method",
        "x-method-override",
        "x_http_method_override",
        "proxy-authorization",
        "dpop",
        "content_encoding",
        "mcp_method",
    ];
    for name in names {
        let received = arrived(front, &token, |call| call.header(name, FORGED));
        let found = received.headers.iter().find(|(_, value)| value.contains(FORGED));
        assert_eq!(found, None, "{name}");
        expect_identity(front, &token, &received);
        assert_eq!(received.method, "GET");
    }
    // All at once, and each twice.
    let received = arrived(front, &token, |call| {
        names.iter().chain(&names).fold(call, |call, name| call.header(name, FORGED))
    });
    assert!(received.headers.iter().all(|(_, value)| !value.contains(FORGED)), "{received:?}");
    expect_identity(front, &token, &received);
    // A header that the connection is said to own doesn't take ours along.
    let received = arrived(front, &token, |call| {
        call.header("connection", "latchkey-subject, latchkey-assertion, x-forwarded-host")
    });
    expect_identity(front, &token, &received);
}

fn no_credential(front: &Front) {
    let token = front.token("/api", "api");
    let received = arrived(front, &token, |call| {
        call.header("cookie", "latchkey_session=abc; __Host-latchkey_session=def; theme=dark")
    });
    for (name, value) in &received.headers {
        assert!(!value.contains(&token), "{name}");
        assert!(!value.contains("latchkey_session"), "{name}: {value}");
    }
    for name in ["authorization", "x-api-key", "proxy-authorization"] {
        assert_eq!(received.header(name), None);
    }
    // Nor a part of it: the assertion is another JWT with another signature.
    let signature = token.rsplit('.').next().unwrap();
    assert!(received.headers.iter().all(|(_, value)| !value.contains(signature)));
    // A header of another scheme neither.
    let place = front.upstream.plain();
    let call = front.call("GET", &format!("/api/{}", place.name()));
    let _ = call.header("authorization", "Basic YTpi").send().expect(401);
    nothing_reached(&place);
}

fn assertion(front: &Front) {
    let token = front.token("/api", "mcp api");
    let granted = jwt::read(&token).claims;
    let keys = jwt::keys(&front.server);
    let mut ids = Vec::new();
    for _ in 0..2 {
        let received = arrived(front, &token, |call| call);
        let assertion = received.header("latchkey-assertion").unwrap();
        let verified = jwt::verify(assertion, &keys).expect("assertion");
        assert_eq!(verified.header["alg"], "ES256");
        assert_eq!(verified.header["typ"], "latchkey-assertion+jwt");
        let claims = verified.claims;
        assert_eq!(claims["iss"], front.server.issuer());
        assert_eq!(claims["aud"], front.resource("/api"));
        for name in ["sub", "client_id", "scope"] {
            assert_eq!(claims[name], granted[name], "{name}");
        }
        let (from, to) = (claims["iat"].as_u64().unwrap(), claims["exp"].as_u64().unwrap());
        assert!(from < to && to - from <= 60, "{claims}");
        ids.push(claims["jti"].as_str().unwrap().to_owned());
    }
    assert_ne!(ids[0], ids[1]);
}

fn the_rest(front: &Front) {
    let token = front.token("/api", "api");
    let sent = [
        ("accept", "application/json;q=0.9, */*"),
        ("accept-language", "de, en;q=0.5"),
        ("user-agent", "tests/1 (own)"),
        ("content-type", "text/x-own; charset=utf-8"),
        ("if-none-match", "\"a\", W/\"b\""),
        ("if-modified-since", "Sat, 21 Nov 2026 00:00:00 GMT"),
        ("range", "bytes=0-10"),
        ("idempotency-key", "key-1"),
        ("last-event-id", "7"),
        ("mcp-session-id", "session-1"),
        ("mcp-protocol-version", "2025-06-18"),
        ("mcp-param-city", "=?base64?WsO8cmljaA==?="),
        ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
        ("origin", "https://app.example"),
        ("x-own_name", "kept"),
    ];
    let received = arrived(front, &token, |call| {
        sent.iter().fold(call, |call, (name, value)| call.header(name, value))
    });
    for (name, value) in sent {
        assert_eq!(received.header(name), Some(value), "{name}");
    }
    for name in IDENTITY {
        assert!(received.header(name).is_some(), "{name}");
    }
}

fn cookies(front: &Front) {
    let token = front.token("/api", "api");
    let cookie = "latchkey_session=1; a=b=c; __Host-latchkey_browser=2; latchkey_csrf=3; Z=\"q\"";
    let received = arrived(front, &token, |call| call.header("cookie", cookie));
    assert_eq!(received.header("cookie"), Some("a=b=c; Z=\"q\""));
    let received = arrived(front, &token, |call| call.header("cookie", "latchkey_session=1"));
    assert_eq!(received.header("cookie"), None);
    // A person who is signed in can't be made to call anything by a link.
    let mut walk = latchkey_tests::Walk::begin(&front.server);
    let place = front.upstream.plain();
    for path in ["/api", "/mcp", "/slow-bound"] {
        let page = walk.browser.page(&format!("{path}/{}", place.name()));
        assert_eq!(page.reply.status, 401, "{}", page.reply.describe());
    }
    nothing_reached(&place);
}
