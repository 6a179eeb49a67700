//! Client authentication at the token and revocation endpoints.
//!
//! A refresh token that nobody has shows whether a client was authenticated: then it is
//! `invalid_grant`, and otherwise `invalid_client`.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use latchkey_tests::{Call, Client, Reply, Server, http};
use serde_json::json;

use crate::Case;

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        Case::new(
            "RFC 6749 section 2.3.1, TOK-06: none, basic and post work for the clients that registered them",
            |servers| {
                registered_methods(servers.standard());
            },
        ),
        Case::new(
            "RFC 7591 section 2: a client that named no method may use basic or post",
            |servers| {
                unnamed_method(servers.standard());
            },
        ),
        Case::new(
            "RFC 6749 section 2.3.1, TOK-05: Basic is case-insensitive and form-encoded",
            |servers| {
                spellings_of_basic(servers.standard());
            },
        ),
        Case::new(
            "RFC 6749 section 5.2, TOK-04: failed authentication is 401 invalid_client, with a challenge for the header",
            |servers| {
                failures(servers.standard());
            },
        ),
        Case::new(
            "RFC 6749 section 2.3, TOK-07: two ways to authenticate in one request are invalid_request",
            |servers| {
                two_ways(servers.standard());
            },
        ),
        Case::new(
            "RFC 7521 section 4.2.1: a client assertion isn't taken for nothing",
            |servers| {
                assertions(servers.standard());
            },
        ),
        Case::new(
            "RFC 6749 section 2.3.1, TOK-02: credentials in the query are ignored",
            |servers| {
                query_credentials(servers.standard());
            },
        ),
        Case::new(
            "RFC 6749 section 3.2: a parameter that comes twice is invalid_request, before any secret counts",
            |servers| {
                repeated_parameters(servers.standard());
            },
        ),
    ]
}

/// A request that gets as far as its refresh token once the client is authenticated.
fn request<'s>(server: &'s Server, endpoint: &str, more: &[(&str, &str)]) -> Call<'s> {
    let mut fields = match endpoint {
        "/token" => vec![("grant_type", "refresh_token"), ("refresh_token", "nobody-has-this")],
        _ => vec![("token", "nobody-has-this")],
    };
    fields.extend(more);
    server.call("POST", endpoint).form(&fields)
}

fn expect_authenticated(reply: &Reply, endpoint: &str) {
    match endpoint {
        "/token" => {
            reply.expect_error(400, "invalid_grant");
        }
        _ => assert_eq!(reply.status, 200, "{}", reply.describe()),
    }
}

const ENDPOINTS: [&str; 2] = ["/token", "/revoke"];

fn registered_methods(server: &Server) {
    for endpoint in ENDPOINTS {
        for method in ["none", "client_secret_basic", "client_secret_post"] {
            let client = Client::with_method(server, method);
            let fields = match endpoint {
                "/token" => vec![("grant_type", "refresh_token"), ("refresh_token", "nobody")],
                _ => vec![("token", "nobody")],
            };
            let reply = client.call(server, endpoint, &fields).send();
            expect_authenticated(&reply, endpoint);
        }
    }
}

fn unnamed_method(server: &Server) {
    let metadata = json!({ "redirect_uris": ["https://client.example/callback"] });
    let client = Client::register(server, &metadata);
    let secret = client.secret.clone().unwrap();
    for endpoint in ENDPOINTS {
        let basic = request(server, endpoint, &[]).basic(&client.id, &secret).send();
        expect_authenticated(&basic, endpoint);
        let posted = [("client_id", client.id.as_str()), ("client_secret", &secret)];
        expect_authenticated(&request(server, endpoint, &posted).send(), endpoint);
    }
}

fn spellings_of_basic(server: &Server) {
    let client = Client::with_method(server, "client_secret_basic");
    let secret = client.secret.clone().unwrap();
    let encoded = |id: &str, secret: &str| STANDARD.encode(format!("{id}:{secret}"));
    let percent = |text: &str| text.bytes().map(|byte| format!("%{byte:02x}")).collect::<String>();
    for header in [
        format!("Basic {}", encoded(&client.id, &secret)),
        format!("basic {}", encoded(&client.id, &secret)),
        format!("BASIC  {}", encoded(&client.id, &secret)),
        format!("Basic {}", encoded(&percent(&client.id), &percent(&secret))),
    ] {
        let reply = request(server, "/token", &[]).header("authorization", &header).send();
        expect_authenticated(&reply, "/token");
    }
    // The same id in the form as well is no second method.
    let both = request(server, "/token", &[("client_id", &client.id)]);
    expect_authenticated(&both.basic(&client.id, &secret).send(), "/token");
}

fn failures(server: &Server) {
    let basic = Client::with_method(server, "client_secret_basic");
    let post = Client::with_method(server, "client_secret_post");
    let public = Client::public(server);
    let (basic_secret, post_secret) = (basic.secret.clone().unwrap(), post.secret.clone().unwrap());
    let wrong = format!("{}x", &basic_secret[..basic_secret.len() - 1]);
    for endpoint in ENDPOINTS {
        let with_header = [
            ("wrong secret", basic.id.as_str(), wrong.as_str()),
            ("another's secret", &basic.id, &post_secret),
            ("no secret", &basic.id, ""),
            ("unknown client", "nobody", &basic_secret),
            ("public with a secret", &public.id, "secret"),
            ("registered for post", &post.id, &post_secret),
        ];
        for (what, id, secret) in with_header {
            let reply = request(server, endpoint, &[]).basic(id, secret).send();
            reply.expect_error(401, "invalid_client");
            let challenge = reply.header("www-authenticate").unwrap_or_default();
            assert!(challenge.starts_with("Basic realm="), "{what}: {}", reply.describe());
        }
        let in_form = [
            ("wrong secret", post.id.as_str(), wrong.as_str()),
            ("no secret", &post.id, ""),
            ("unknown client", "nobody", &post_secret),
            ("unknown public client", "nobody", ""),
            ("public with a secret", &public.id, "secret"),
            ("registered for basic", &basic.id, &basic_secret),
        ];
        for (what, id, secret) in in_form {
            let fields = [("client_id", id), ("client_secret", secret)];
            let reply = request(server, endpoint, &fields).send();
            reply.expect_error(401, "invalid_client");
            // A challenge would make a browser ask its person for a password.
            assert_eq!(reply.header("www-authenticate"), None, "{what}");
        }
        for header in ["Basic", "Basic !!!", "Basic bm9jb2xvbg==", "Bearer abc", "Digest a=b", "x"]
        {
            let reply = request(server, endpoint, &[]).header("authorization", header).send();
            reply.expect_error(401, "invalid_client");
            assert!(reply.header("www-authenticate").is_some(), "{header}");
        }
        request(server, endpoint, &[]).send().expect_error(400, "invalid_request");
    }
}

fn two_ways(server: &Server) {
    let client = Client::with_method(server, "client_secret_basic");
    let secret = client.secret.clone().unwrap();
    for endpoint in ENDPOINTS {
        for fields in [
            vec![("client_secret", secret.as_str())],
            vec![("client_id", client.id.as_str()), ("client_secret", &secret)],
            vec![("client_id", "another")],
        ] {
            let reply = request(server, endpoint, &fields).basic(&client.id, &secret).send();
            reply.expect_error(400, "invalid_request");
        }
    }
}

fn assertions(server: &Server) {
    let client = Client::public(server);
    let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    for endpoint in ENDPOINTS {
        let fields = [
            ("client_id", client.id.as_str()),
            ("client_assertion_type", kind),
            ("client_assertion", "e30.e30.e30"),
        ];
        request(server, endpoint, &fields).send().expect_error(401, "invalid_client");
    }
}

fn query_credentials(server: &Server) {
    let client = Client::with_method(server, "client_secret_post");
    let query = http::encode(&[
        ("client_id", client.id.as_str()),
        ("client_secret", client.secret.as_deref().unwrap()),
    ]);
    for endpoint in ENDPOINTS {
        let call = server.call("POST", &format!("{endpoint}?{query}"));
        let call =
            call.form(&[("grant_type", "refresh_token"), ("refresh_token", "x"), ("token", "x")]);
        call.send().expect_error(400, "invalid_request");
    }
    let everything = format!("/token?{query}&grant_type=refresh_token&refresh_token=x");
    let empty: [(&str, &str); 0] = [];
    server.call("POST", &everything).form(&empty).send().expect_error(400, "invalid_request");
}

fn repeated_parameters(server: &Server) {
    let client = Client::public(server);
    for endpoint in ENDPOINTS {
        for twice in ["client_id", "grant_type", "refresh_token", "token", "scope", "unknown"] {
            let fields = [("client_id", client.id.as_str()), (twice, "1"), (twice, "2")];
            let reply = request(server, endpoint, &fields).send();
            reply.expect_error(400, "invalid_request");
        }
        // RFC 6749 section 3.1: without a value counts as left out; unknown ones are ignored.
        let fields = [("client_id", client.id.as_str()), ("client_secret", ""), ("unknown", "1")];
        expect_authenticated(&request(server, endpoint, &fields).send(), endpoint);
    }
}
