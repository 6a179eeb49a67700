//! `private_key_jwt`: clients that sign instead of keeping a secret.

use latchkey_tests::device::DEVICE_GRANT;
use latchkey_tests::document_host::Answer;
use latchkey_tests::signer::ASSERTION_TYPE;
use latchkey_tests::{
    Browser, Client, Device, DocumentHost, Person, Reply, Server, Signer, Tokens, Walk,
};
use serde_json::{Value, json};
use std::sync::Barrier;

use crate::Case;

/// The cases.
pub fn trials() -> Vec<Case> {
    let mut cases: Vec<Case> = ["ES256", "RS256", "EdDSA"]
        .into_iter()
        .flat_map(|algorithm| {
            [
                Case::new(
                    format!("CAS-01, needs 8: {algorithm} by a key in jwks redeems, refreshes and revokes"),
                    move |servers| inline(servers.standard(), algorithm),
                ),
                Case::new(
                    format!("CAS-01, needs 8: {algorithm} by any key of its set at jwks_uri, and by no other"),
                    move |servers| rotated(servers.standard(), algorithm),
                ),
            ]
        })
        .collect();
    cases.extend([
        Case::new(
            "CAS-01..06: each broken assertion is invalid_client and spends nothing",
            |servers| {
                broken(servers.standard());
            },
        ),
        Case::new(
            "RFC 8628 section 3.1, CAS-01: a device whose client signs gets its code and its tokens by assertions alone",
            |servers| {
                device(servers.standard());
            },
        ),
        Case::new("CAS-05: of 20 requests with one assertion one is authenticated", |servers| {
            replayed(servers.standard());
        }),
        Case::new("CAS-02: the token endpoint's URL as aud counts under legacy only", |servers| {
            audience(servers.standard(), servers.quick());
        }),
        Case::new("CIM-10: a client that signs gets nothing without an assertion", |servers| {
            missing(servers.standard());
        }),
        Case::new(
            "RFC 7521 section 4.2.1, TOK-07: an assertion beside a secret is refused",
            |servers| {
                beside_a_secret(servers.standard());
            },
        ),
        Case::new(
            "needs 8: keys that can't be fetched are 503 and spend neither code nor assertion",
            |servers| {
                keys_unavailable(servers.standard());
            },
        ),
        Case::new(
            "needs 8: a made-up key id has the keys fetched once a minute, not once a request",
            |servers| {
                made_up_key_ids(servers.standard());
            },
        ),
        Case::new("META-06: the metadata lists the method with its algorithms", |servers| {
            metadata(servers.standard());
        }),
    ]);
    cases
}

/// Registers a client that signs with this key.
pub fn register(server: &Server, signer: &Signer) -> Client {
    register_with(server, ("jwks", signer.jwks())).signing(signer.clone())
}

/// Registers a client that signs with the keys that this member has or leads to.
fn register_with(server: &Server, keys: (&str, Value)) -> Client {
    let mut metadata = json!({
        "client_name": "Signing client",
        "redirect_uris": ["https://client.example/callback"],
        "token_endpoint_auth_method": "private_key_jwt",
    });
    metadata[keys.0] = keys.1;
    let client = Client::register(server, &metadata);
    assert_eq!(client.method, "private_key_jwt");
    assert_eq!(client.secret, None);
    client
}

/// A request to an endpoint with a good assertion.
fn signed(
    server: &Server,
    signer: &Signer,
    client: &Client,
    endpoint: &str,
    fields: &[(&str, &str)],
) -> Reply {
    let fields = signer.fields(&client.id, &server.issuer(), fields);
    server.call("POST", &server.at(endpoint)).form(&fields).send()
}

fn inline(server: &Server, algorithm: &'static str) {
    let signer = Signer::new(algorithm);
    let mut walk = Walk::with(server, register(server, &signer));
    let code = walk.code();
    let reply = signed(server, &signer, &walk.client, "/token", &code.fields());
    let tokens = Tokens::from_reply(&reply);
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", &*tokens.refresh)];
    let again = Tokens::from_reply(&signed(server, &signer, &walk.client, "/token", &refresh));
    let revoke = [("token", &*again.refresh)];
    let _ = signed(server, &signer, &walk.client, "/revoke", &revoke).expect(200);
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", &*again.refresh)];
    let reply = signed(server, &signer, &walk.client, "/token", &refresh);
    let _ = reply.expect_error(400, "invalid_grant");
}

/// A refresh token that nobody has: `invalid_grant` shows that the client was authenticated.
fn is_authenticated(server: &Server, signer: &Signer, client: &Client) -> bool {
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", "nobody's")];
    let reply = signed(server, signer, client, "/token", &refresh);
    match reply.status {
        400 => reply.expect_error(400, "invalid_grant"),
        _ => reply.expect_error(401, "invalid_client"),
    };
    reply.status == 400
}

fn rotated(server: &Server, algorithm: &'static str) {
    let (first, second) = (Signer::new(algorithm), Signer::new(algorithm));
    let host = DocumentHost::start();
    let uri = host.url("jwks.json");
    host.set(&uri, Some(Answer::json(&first.jwks(), "max-age=60")));
    let client = register_with(server, ("jwks_uri", json!(uri)));
    let both = json!({ "keys": [first.public_jwk(), second.public_jwk()] });
    host.set(&uri, Some(Answer::json(&both, "max-age=60")));
    assert!(is_authenticated(server, &first, &client));
    assert!(is_authenticated(server, &second, &client));
    assert!(!is_authenticated(server, &Signer::new(algorithm), &client));
}

fn device(server: &Server) {
    let signer = Signer::new("ES256");
    let metadata = json!({
        "client_name": "Signing device",
        "grant_types": [DEVICE_GRANT],
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks": signer.jwks(),
    });
    let client = Client::register(server, &metadata);
    // Its id alone, and a stranger's signature, begin nothing.
    let unproven = client.call(server, "/device_authorization", &[]).send();
    let _ = unproven.expect_error(401, "invalid_client");
    let stranger = Signer::new("ES256");
    let reply = signed(server, &stranger, &client, "/device_authorization", &[]);
    let _ = reply.expect_error(401, "invalid_client");

    let device = Device::of(server, client.signing(signer), &[]);
    let mut browser = Browser::new(server);
    browser.join(&Person::new());
    browser.allow_device(&device);
    let public = Client { signer: None, ..device.client.clone() };
    let _ = device.poll_as(&public, &[]).expect_error(401, "invalid_client");
    let tokens = Tokens::from_reply(&device.poll());
    let _ = Tokens::from_reply(&device.client.refresh(server, &tokens.refresh));
}

fn broken(server: &Server) {
    let signer = Signer::new("ES256");
    let mut walk = Walk::with(server, register(server, &signer));
    let code = walk.code();
    let id = walk.client.id.clone();
    let issuer = server.issuer();
    let header = json!({ "alg": "ES256", "kid": signer.key_id });
    let with = |member: &str, value: Value| {
        let mut claims = Signer::claims(&id, &issuer);
        claims[member] = value;
        signer.sign(&header, &claims)
    };
    let good = Signer::claims(&id, &issuer);
    let stranger = Signer::new("ES256");
    let now = good["iat"].as_u64().expect("a time");
    let none = "eyJhbGciOiJub25lIn0";
    let cases = [
        ("no JWT", "x".to_owned()),
        (
            "alg none",
            format!("{none}.{}.", signer.sign(&header, &good).split('.').nth(1).expect("claims")),
        ),
        ("another issuer", with("iss", json!("other"))),
        ("another audience", with("aud", json!("https://other.example"))),
        ("two audiences", with("aud", json!([issuer, "https://other.example"]))),
        ("expired", with("exp", json!(now - 3_600))),
        ("too long", with("exp", json!(now + 86_400))),
        ("not yet", with("nbf", json!(now + 3_600))),
        ("no jti", with("jti", json!(null))),
        ("no exp", with("exp", json!(null))),
        ("a stranger's key", stranger.assertion(&id, &issuer)),
        ("a stranger's signature under our key id", { stranger.sign(&header, &good) }),
        ("another type", signer.sign(&json!({ "alg": "ES256", "typ": "at+jwt" }), &good)),
    ];
    for (name, assertion) in cases {
        let mut fields: Vec<(&str, &str)> = code.fields().to_vec();
        fields.push(("client_assertion_type", ASSERTION_TYPE));
        fields.push(("client_assertion", &assertion));
        let reply = server.call("POST", &server.at("/token")).form(&fields).send();
        assert_eq!(reply.status, 401, "{name}: {}", reply.describe());
        let _ = reply.expect_error(401, "invalid_client");
    }
    // None of it spent the code.
    let reply = signed(server, &signer, &walk.client, "/token", &code.fields());
    let _ = Tokens::from_reply(&reply);
}

fn replayed(server: &Server) {
    const REQUESTS: usize = 20;
    let signer = Signer::new("ES256");
    let client = register(server, &signer);
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", "nobody's")];
    let fields = signer.fields(&client.id, &server.issuer(), &refresh);
    let barrier = Barrier::new(REQUESTS);
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let requests: Vec<_> = (0..REQUESTS)
            .map(|_| {
                scope.spawn(|| {
                    barrier.wait();
                    server.call("POST", &server.at("/token")).form(&fields).send().status
                })
            })
            .collect();
        requests.into_iter().map(|request| request.join().expect("a request")).collect()
    });
    let count = |status: u16| statuses.iter().filter(|one| **one == status).count();
    assert_eq!((count(400), count(401)), (1, REQUESTS - 1), "{statuses:?}");
}

fn audience(server: &Server, legacy: &Server) {
    for (server, expected) in [(server, 401), (legacy, 400)] {
        let signer = Signer::new("ES256");
        let client = register(server, &signer);
        let refresh = [("grant_type", "refresh_token"), ("refresh_token", "nobody's")];
        let fields = signer.fields(&client.id, &server.url("/token"), &refresh);
        let reply = server.call("POST", &server.at("/token")).form(&fields).send();
        assert_eq!(reply.status, expected, "{}", reply.describe());
        assert!(is_authenticated(server, &signer, &client), "the issuer always counts");
    }
}

fn missing(server: &Server) {
    let signer = Signer::new("ES256");
    let mut walk = Walk::with(server, register(server, &signer));
    let code = walk.code();
    let mut fields = code.fields().to_vec();
    fields.push(("client_id", &walk.client.id));
    let reply = server.call("POST", &server.at("/token")).form(&fields).send();
    let _ = reply.expect_error(401, "invalid_client");
    let reply = signed(server, &signer, &walk.client, "/token", &code.fields());
    let _ = Tokens::from_reply(&reply);
}

fn beside_a_secret(server: &Server) {
    let signer = Signer::new("ES256");
    let client = register(server, &signer);
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", "nobody's")];
    let fields = signer.fields(&client.id, &server.issuer(), &refresh);
    let call = || server.call("POST", &server.at("/token"));
    let basic = call().basic(&client.id, "secret").form(&fields).send();
    let _ = basic.expect_error(401, "invalid_client");
    let mut more = fields.clone();
    more.push(("client_secret".to_owned(), "secret".to_owned()));
    let _ = call().form(&more).send().expect_error(401, "invalid_client");
    // Neither was looked at, so the assertion is still good; with its client's id it is as good.
    let mut same = fields;
    same.push(("client_id".to_owned(), client.id));
    let _ = call().form(&same).send().expect_error(400, "invalid_grant");
}

fn keys_unavailable(server: &Server) {
    let signer = Signer::new("ES256");
    let host = DocumentHost::start();
    let uri = host.url("jwks.json");
    let mut walk = Walk::with(server, register_with(server, ("jwks_uri", json!(uri))));
    let code = walk.code();
    let fields = signer.fields(&walk.client.id, &server.issuer(), &code.fields());
    let send = || server.call("POST", &server.at("/token")).form(&fields).send();
    for answer in
        [None, Some(Answer::of(500, "text/plain", "")), Some(Answer::of(200, "text/html", "<p>"))]
    {
        host.set(&uri, answer);
        let reply = send();
        let _ = reply.expect_error(503, "temporarily_unavailable");
        assert!(reply.header("retry-after").is_some(), "{}", reply.describe());
    }
    host.set(&uri, Some(Answer::json(&signer.jwks(), "max-age=60")));
    let _ = Tokens::from_reply(&send());
}

fn made_up_key_ids(server: &Server) {
    let signer = Signer::new("ES256");
    let host = DocumentHost::start();
    let uri = host.url("jwks.json");
    host.set(&uri, Some(Answer::json(&signer.jwks(), "max-age=60")));
    let client = register_with(server, ("jwks_uri", json!(uri)));
    assert!(is_authenticated(server, &signer, &client));
    for _ in 0..10 {
        let mut stranger = signer.clone();
        stranger.key_id = latchkey_tests::random::text(8);
        assert!(!is_authenticated(server, &stranger, &client));
    }
    assert_eq!(host.count(&uri), 1);
}

fn metadata(server: &Server) {
    let metadata = server.get(&server.metadata_path()).expect(200).json();
    for endpoint in ["token", "revocation", "introspection"] {
        let methods = &metadata[format!("{endpoint}_endpoint_auth_methods_supported")];
        let listed = methods.as_array().expect("methods");
        assert!(listed.contains(&json!("private_key_jwt")), "{methods}");
        let algorithms =
            &metadata[format!("{endpoint}_endpoint_auth_signing_alg_values_supported")];
        assert_eq!(*algorithms, json!(["ES256", "RS256", "EdDSA"]));
    }
    assert_eq!(metadata["client_id_metadata_document_supported"], true);
}
