//! How the server comes to know the client of a cell.

use latchkey_tests::Client;
use serde_json::{Value, json};

use super::discovery::Found;
use super::world::{PROGRAM, REDIRECT_URI, SERVICE, World};
use super::{Cell, Grant, Registration};
use crate::profile::Profile;

/// A client that the server knows, or will know when it reads the document.
#[track_caller]
pub(super) fn client(profile: &Profile<'_>, world: &World, found: &Found, cell: Cell) -> Client {
    let acts_for_itself = cell.grant == Grant::ClientCredentials;
    match (cell.registration, acts_for_itself) {
        (Registration::Document, false) => {
            Client::known(&world.program_document, "none", REDIRECT_URI)
        }
        (Registration::Document, true) => {
            let known = Client::known(&world.service_document, "private_key_jwt", REDIRECT_URI);
            known.signing(world.signer.clone())
        }
        (Registration::PreRegistered, false) => Client::known(PROGRAM, "none", REDIRECT_URI),
        (Registration::PreRegistered, true) => {
            let secret = world.service_secret.clone();
            world.server.secrets().remember(&secret);
            let known = Client::known(SERVICE, "client_secret_basic", REDIRECT_URI);
            Client { secret: Some(secret), ..known }
        }
        (Registration::Dynamic, false) => profile.register(&found.metadata, &metadata(profile)),
        (Registration::Dynamic, true) => service(profile, world, found),
    }
}

/// What the client of a revision adds to its registration.
fn metadata(profile: &Profile<'_>) -> Value {
    match profile.version {
        // 2026-07-28: a client MUST send it; with 2025-11-25 the SDKs began to.
        "2025-11-25" | "2026-07-28" => json!({ "application_type": "native" }),
        _ => json!({}),
    }
}

/// A client that acts for itself and registers: anybody could, so the operator has to let it. It brings
/// the initial access token that the operator gave out
/// ([RFC 7591 section 3](https://www.rfc-editor.org/rfc/rfc7591#section-3)).
#[track_caller]
fn service(profile: &Profile<'_>, world: &World, found: &Found) -> Client {
    let own = json!({ "scope": "mcp", "resources": [format!("{}/mcp", world.server.issuer())] });
    let wanted = json!({ "label": "The matrix", "policy": { "client_credentials": own } });
    let given = world.server.initial_access_token(&wanted);
    let token = given["token"].as_str().expect("a token").to_owned();

    let mut body = json!({
        "client_name": format!("Service of {}", profile.version),
        "grant_types": ["client_credentials"],
        "response_types": [],
        "token_endpoint_auth_method": "client_secret_basic",
    });
    for (name, value) in metadata(profile).as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    let path = profile.path(&found.metadata, "registration_endpoint");
    let call = world.server.call("POST", &path).bearer(&token);
    let call = call.header("content-type", "application/json").body(body.to_string());
    Client::from_reply(&call.send().expect(201))
}
