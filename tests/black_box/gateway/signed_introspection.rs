//! Asking about a token, and being told by a JWT (RFC 9701).

use latchkey_tests::{Call, Client, Front, Reply, Walk, jwt};
use serde_json::{Value, json};

use super::{nothing_reached, refused};
use crate::Case;
use crate::servers::Introspected;

const JWT: &str = "application/token-introspection+jwt";

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        Case::new(
            "RFC 9701 section 5: the signed answer says exactly what the JSON says, to the one that asked, and the published keys verify it",
            |servers| {
                same_as_json(servers.introspected());
            },
        ),
        Case::new(
            "RFC 9701 section 4: the signed answer is for who asks for it by name; errors stay JSON",
            |servers| {
                asked_for(servers.introspected());
            },
        ),
        Case::new("RFC 9701 section 8.1: a signed answer is no access token", |servers| {
            no_access_token(servers.introspected())
        }),
        Case::new(
            "RFC 9701 section 7: the metadata says what signed answers are signed with",
            |servers| {
                let front = &servers.introspected().front;
                let metadata = front.server.get(&front.server.metadata_path()).expect(200).json();
                assert_eq!(
                    metadata["introspection_signing_alg_values_supported"],
                    json!(["ES256"])
                );
            },
        ),
    ]
}

fn call<'a>(front: &'a Front, client: &Client, token: &str) -> Call<'a> {
    client.call(&front.server, "/introspect", &[("token", token)])
}

fn signed(front: &Front, client: &Client, token: &str) -> Reply {
    let reply = call(front, client, token).header("accept", JWT).send().expect(200);
    assert_eq!(reply.header("content-type"), Some(JWT), "{}", reply.describe());
    let store = reply.header("cache-control").unwrap_or_default();
    assert!(store.contains("no-store"), "{}", reply.describe());
    assert_eq!(reply.header("access-control-allow-origin"), None, "{}", reply.describe());
    reply
}

fn same_as_json(Introspected { front, resource_server, .. }: &Introspected) {
    let mut walk =
        Walk::with(&front.server, Client::with_method(&front.server, "client_secret_basic"));
    let tokens = front.tokens(&mut walk, "/api", "api");
    let pat = walk.browser.new_token("Signed about", &["api"], &[&front.resource("/api")]);
    let keys = jwt::keys(&front.server);
    let published: Vec<&Value> = keys.iter().map(|key| &key["kid"]).collect();
    for (name, client, token, active) in [
        ("an access token", resource_server, &tokens.access, true),
        ("a personal access token", resource_server, &pat, true),
        ("an access token, by its client", &walk.client, &tokens.access, true),
        ("a refresh token, by its client", &walk.client, &tokens.refresh, true),
        ("a refresh token, by somebody else", resource_server, &tokens.refresh, false),
        ("a personal access token, by somebody else", &walk.client, &pat, false),
        ("nonsense", resource_server, &"x".to_owned(), false),
    ] {
        let json = call(front, client, token).send().expect(200).json();
        assert_eq!(json["active"], active, "{name}: {json}");
        let verified = jwt::verify(&signed(front, client, token).text(), &keys).expect(name);
        let kid = &verified.header["kid"];
        assert!(published.contains(&kid), "{name}: {kid}");
        let header = json!({ "typ": "token-introspection+jwt", "alg": "ES256", "kid": kid });
        assert_eq!(verified.header, header, "{name}");
        let now = verified.claims["iat"].as_u64().expect("iat");
        // Nothing more: above all no `sub` and no `exp`.
        let claims = json!({
            "iss": front.server.issuer(), "aud": client.id, "iat": now, "token_introspection": json,
        });
        assert_eq!(verified.claims, claims, "{name}");
    }
}

fn asked_for(Introspected { front, resource_server, .. }: &Introspected) {
    let token = front.token("/api", "api");
    let content_type = |accept: &str| {
        let reply = call(front, resource_server, &token).header("accept", accept).send();
        reply.expect(200).header("content-type").expect("a content type").to_owned()
    };
    for accept in [JWT, &format!("{JWT}, application/json;q=0.5"), &format!("{JWT}, */*;q=0.1")] {
        assert_eq!(content_type(accept), JWT, "{accept}");
    }
    let low = format!("{JWT};q=0.1, application/json");
    for accept in ["application/json", "*/*", "text/html", &low, &format!("{JWT};q=0")] {
        assert_eq!(content_type(accept), "application/json", "{accept}");
    }
    let plain = call(front, resource_server, &token).send().expect(200);
    assert_eq!(plain.header("content-type"), Some("application/json"));
    // Who may not ask is told so as always.
    let unknown = front.call("POST", "/introspect").form(&[("token", &token)]);
    let unknown = unknown.header("accept", JWT).send();
    unknown.expect_error(401, "invalid_client");
    let empty: [(&str, &str); 0] = [];
    let empty = resource_server.call(&front.server, "/introspect", &empty);
    empty.header("accept", JWT).send().expect_error(400, "invalid_request");
}

fn no_access_token(Introspected { front, resource_server, .. }: &Introspected) {
    let token = front.token("/api", "api");
    let answer = signed(front, resource_server, &token).text().to_owned();
    let place = front.upstream.plain();
    let reply = front.get(&format!("/api/{}", place.name()), Some(&answer));
    refused(&reply, 401, "invalid_token");
    nothing_reached(&place);
    // Nor is it a token that anybody could ask about.
    let reply = call(front, resource_server, &answer).send().expect(200);
    assert_eq!(reply.text(), "{\"active\":false}");
}
