//! Which credentials count, and what each other one is told (RFC 6750).

use latchkey_tests::{Challenge, Client, Front, Tokens, Walk, jwt, raw};
use serde_json::json;

use super::{nothing_reached, refused};
use crate::Case;

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        Case::new(
            "MRS-01, MRS-02, MRS-06, MRS-16: without a credential every request is 401 with scope and metadata, and no error",
            |servers| {
                without_any(servers.gateway());
            },
        ),
        Case::new(
            "MRS-13: a token in the query is never a credential, and the answer says so",
            |servers| {
                in_the_query(servers.gateway());
            },
        ),
        Case::new(
            "MRS-14, RFC 6750 section 3.1: a credential sent in two ways is 400 invalid_request",
            |servers| {
                two_ways(servers.gateway());
            },
        ),
        Case::new("MRS-17: the scheme Bearer counts in any letter case", |servers| {
            let front = servers.gateway();
            let (token, place) = (front.token("/api", "api"), front.upstream.plain());
            for scheme in ["Bearer", "bearer", "BEARER", "bEaReR"] {
                let call = front.call("GET", &format!("/api/{}", place.name()));
                let _ =
                    call.header("authorization", &format!("{scheme} {token}")).send().expect(200);
            }
            assert_eq!(place.received().len(), 4);
        }),
        Case::new(
            "needs 24: a refresh token, a code or a client's secret is never a bearer token",
            |servers| {
                other_secrets(servers.gateway());
            },
        ),
        Case::new("MRS-12: what is no token is 401 invalid_token", |servers| {
            garbage(servers.gateway());
        }),
        Case::new(
            "issue 3: a token of another issuer is told which issuer was found and which is expected",
            |servers| {
                other_issuer(servers.gateway());
            },
        ),
        Case::new(
            "RFC 9068 section 4, JAT-04: a token that was changed, or signed by nobody, is 401 invalid_token",
            |servers| {
                changed(servers.gateway());
            },
        ),
        Case::new(
            "issue 3: a resource refuses the kind of credential that it doesn't take",
            |servers| {
                let front = servers.gateway();
                let (token, place) = (front.token("/keys-only", "mcp"), front.upstream.plain());
                let reply = front.get(&format!("/keys-only/{}", place.name()), Some(&token));
                let challenge = refused(&reply, 401, "invalid_token");
                let words = challenge.get("error_description").unwrap().to_owned();
                assert!(words.contains("personal access token"), "{words}");
                nothing_reached(&place);
            },
        ),
        Case::new("MRS-12: an expired token is 401 invalid_token, and says so", |servers| {
            expired(servers.brief_tokens());
        }),
    ]
}

fn without_any(front: &Front) {
    let place = front.upstream.plain();
    for (method, path, scope) in [
        ("GET", "/api", vec!["api"]),
        ("HEAD", "/api", vec!["api"]),
        ("POST", "/api", vec!["api"]),
        ("DELETE", "/api", vec!["api", "api:write"]),
        ("OPTIONS", "/api", vec!["api"]),
        ("GET", "/mcp", vec!["mcp"]),
        ("POST", "/mcp", vec!["mcp"]),
        ("DELETE", "/mcp", vec!["mcp"]),
        ("GET", "/slow-bound", vec![]),
    ] {
        // A session id was never a credential.
        let target = format!("{path}/{}", place.name());
        let call = front.call(method, &target).header("mcp-session-id", "1");
        let reply = call.send().expect(401);
        let challenge = Challenge::of(&reply);
        let names: &[&str] =
            if scope.is_empty() { &["resource_metadata"] } else { &["resource_metadata", "scope"] };
        assert_eq!(challenge.names(), names, "{method} {path}");
        assert_eq!(challenge.scope(), scope, "{method} {path}");
        let url = format!("{}/.well-known/oauth-protected-resource{path}", front.server.origin());
        assert_eq!(challenge.get("resource_metadata"), Some(url.as_str()));
        let exposed = reply.header("access-control-expose-headers").unwrap_or_default();
        assert!(exposed.contains("WWW-Authenticate"), "{}", reply.describe());
        if method != "HEAD" {
            assert!(reply.json()["error"].is_string(), "{}", reply.describe());
        }
    }
    for other in ["Basic YTpi", "DPoP abc", "Negotiate", "Digest username=\"a\""] {
        let call = front.call("GET", &format!("/api/{}", place.name()));
        let reply = call.header("authorization", other).send().expect(401);
        assert_eq!(Challenge::of(&reply).get("error"), None, "{other}");
    }
    nothing_reached(&place);
}

fn in_the_query(front: &Front) {
    let (token, place) = (front.token("/api", "api"), front.upstream.plain());
    for query in [
        format!("access_token={token}"),
        format!("a=1&access_token={token}"),
        format!("access%5Ftoken={token}"),
    ] {
        let reply = front.get(&format!("/api/{}?{query}", place.name()), None).expect(401);
        assert_eq!(Challenge::of(&reply).get("error"), None, "{}", reply.describe());
        let words = reply.json()["error_description"].as_str().unwrap().to_owned();
        assert!(words.contains("URL"), "{words}");
        // Nor together with another one.
        let reply = front.get(&format!("/api/{}?{query}", place.name()), Some(&token));
        refused(&reply, 400, "invalid_request");
    }
    // RFC 6750 section 2.2: nor in a form's body.
    let call = front.call("POST", &format!("/api/{}", place.name()));
    let _ = call.form(&[("access_token", &token)]).send().expect(401);
    nothing_reached(&place);
}

fn two_ways(front: &Front) {
    let (token, place) = (front.token("/api", "api"), front.upstream.plain());
    let target = format!("/api/{}", place.name());
    let call = || front.call("GET", &target);
    let both = format!("Bearer {token}, Bearer {token}");
    for reply in [
        call().bearer(&token).api_key(&token).send(),
        call().bearer(&token).bearer(&token).send(),
        call().bearer(&token).header("authorization", "Bearer other").send(),
        call().header("authorization", "Basic YTpi").bearer(&token).send(),
        call().header("authorization", &both).send(),
        call().api_key(&token).api_key(&token).send(),
        call().header("authorization", &format!("Bearer {token} {token}")).send(),
        call().header("authorization", "Bearer").send(),
    ] {
        refused(&reply, 400, "invalid_request");
    }
    nothing_reached(&place);
}

fn other_secrets(front: &Front) {
    let client = Client::with_method(&front.server, "client_secret_post");
    let mut walk = Walk::with(&front.server, client);
    let tokens = front.tokens(&mut walk, "/api", "api");
    let code = walk.code().code;
    let (id, secret) = (walk.client.id.clone(), walk.client.secret.clone().unwrap());
    let place = front.upstream.plain();
    for (token, word) in [
        (&tokens.refresh, "refresh token"),
        (&code, "code"),
        (&secret, "access token"),
        (&id, "access token"),
    ] {
        let target = format!("/api/{}", place.name());
        // By name, since an id is no secret and may be in the log.
        let bearer = ("authorization", format!("Bearer {token}"));
        for (name, value) in [bearer, ("x-api-key", token.clone())] {
            let reply = front.call("GET", &target).header(name, &value).send();
            let challenge = refused(&reply, 401, "invalid_token");
            let words = challenge.get("error_description").unwrap().to_owned();
            assert!(words.contains(word), "{words}");
            assert!(!words.contains(token.as_str()), "{words}");
        }
    }
    nothing_reached(&place);
    // None of that has used anything up.
    let _ = Tokens::from_reply(&walk.client.refresh(&front.server, &tokens.refresh));
}

fn garbage(front: &Front) {
    let place = front.upstream.plain();
    let target = format!("/api/{}", place.name());
    let long = "t".repeat(8_000);
    for token in [
        "x",
        "a.b.c",
        "..",
        "e30.e30.",
        "e30.e30.e30",
        "null",
        &long,
        "latchkey_pat_",
        "latchkey_pat_a.b.c.d",
        "latchkey_rt_",
        "eyJhbGciOiJub25lIn0.e30.",
        "====",
    ] {
        let reply = front.get(&target, Some(token));
        let status = if token == "====" { 400 } else { 401 };
        let code = if token == "====" { "invalid_request" } else { "invalid_token" };
        let challenge = refused(&reply, status, code);
        assert_eq!(challenge.scope(), ["api"], "{token}");
    }
    for header in ["Bearer a b", "Bearer \"x\"", "Bearer {}", "Bearer a;b"] {
        let reply = front.call("GET", &target).header("authorization", header).send();
        refused(&reply, 400, "invalid_request");
    }
    // Bytes that are no text.
    let head = format!("GET {target} HTTP/1.1\nAuthorization: Bearer \u{fffd}\u{e9}");
    let reply = raw::send(&front.server, &head, b"");
    assert!(matches!(reply.status, 400 | 401), "{}", reply.text);
    nothing_reached(&place);
}

fn other_issuer(front: &Front) {
    let place = front.upstream.plain();
    let own = jwt::read(&front.token("/api", "api"));
    let (issuer, target) = (front.server.issuer(), format!("/api/{}", place.name()));
    let words_for = |issuer: &str, header: &serde_json::Value| {
        let mut claims = own.claims.clone();
        claims["iss"] = json!(issuer);
        let reply = front.get(&target, Some(&jwt::forge(header, &claims)));
        let challenge = refused(&reply, 401, "invalid_token");
        challenge.get("error_description").unwrap().to_owned()
    };
    let foreign = json!({"alg": "ES256", "typ": "at+jwt", "kid": "theirs"});
    for header in [&foreign, &own.header, &json!({"alg": "RS256", "typ": "JWT", "kid": "1"})] {
        let words = words_for("https://other.example", header);
        assert!(words.contains("issued by https://other.example;"), "{words}");
        assert!(words.contains(&issuer), "{words}");
    }
    // What a token says of itself is never repeated as it is.
    for hostile in ["https://evil.example/\"><script>", "javascript:alert(1)", &"x".repeat(3_000)] {
        let words = words_for(hostile, &foreign);
        assert!(words.contains("another server") && words.contains(&issuer), "{words}");
        assert!(!words.contains("script") && words.len() < 500, "{words}");
    }
    nothing_reached(&place);
}

fn changed(front: &Front) {
    let place = front.upstream.plain();
    let token = front.token("/api", "api");
    let own = jwt::read(&token);
    let parts: Vec<&str> = token.split('.').collect();
    let [header, claims, signature] = parts[..] else { panic!("{token}") };
    let flip = |text: &str| {
        let first = if text.starts_with('A') { "B" } else { "A" };
        format!("{first}{}", &text[1..])
    };
    let mut wider = own.claims.clone();
    wider["scope"] = json!("api api:write");
    let wider = jwt::forge(&own.header, &wider);
    let (wider_head, wider_signature) = wider.rsplit_once('.').unwrap();
    let none = jwt::forge(&json!({"alg": "none", "typ": "at+jwt"}), &own.claims);
    let none_head = none.rsplit_once('.').unwrap().0;
    for token in [
        format!("{header}.{claims}.{}", flip(signature)),
        format!("{header}.{claims}."),
        format!("{header}.{claims}"),
        format!("{header}.{claims}.{signature}.{signature}"),
        format!("{}.{claims}.{signature}", flip(header)),
        format!("{wider_head}.{signature}"),
        format!("{wider_head}.{wider_signature}"),
        format!("{none_head}."),
        none.clone(),
        jwt::forge(
            &json!({"alg": "HS256", "typ": "at+jwt", "kid": own.header["kid"]}),
            &own.claims,
        ),
        jwt::forge(&json!({"alg": "ES256", "typ": "at+jwt"}), &own.claims),
        jwt::forge(&json!({"alg": "ES256", "typ": "JWT", "kid": own.header["kid"]}), &own.claims),
    ] {
        let reply = front.get(&format!("/api/{}", place.name()), Some(&token));
        refused(&reply, 401, "invalid_token");
    }
    nothing_reached(&place);
}

fn expired(front: &Front) {
    let mut walk = Walk::begin(&front.server);
    let tokens = front.tokens(&mut walk, "/api", "api");
    let place = front.upstream.plain();
    let target = format!("/api/{}", place.name());
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    let reply = loop {
        let reply = front.get(&target, Some(&tokens.access));
        if reply.status != 200 {
            break reply;
        }
        assert!(std::time::Instant::now() < deadline, "the token never expires");
    };
    let challenge = refused(&reply, 401, "invalid_token");
    assert!(challenge.get("error_description").unwrap().contains("expired"), "{challenge:?}");
    // The client recovers by itself.
    let next = Tokens::from_reply(&walk.client.refresh(&front.server, &tokens.refresh));
    let _ = front.get(&target, Some(&next.access)).expect(200);
}
