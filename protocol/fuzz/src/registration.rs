//! Metadata of clients that introduce themselves: registered, from a document, or by the operator.

use latchkey_protocol::administration;
use latchkey_protocol::client::{ClientPolicy, TokenEndpointAuthMethod};
use latchkey_protocol::client_id_metadata::{self, DocumentUrl, Reach};
use latchkey_protocol::client_metadata::ClientMetadata;
use latchkey_protocol::redirect_uri::RedirectUri;
use latchkey_protocol::registration::{RegistrationContext, register};
use url::Url;

use crate::deployment::{CLIENT, CONFIGURATION, Counting, NOW};

const DOCUMENT: &str = "https://client.dev/client.json";

/// A body of JSON as each of them.
pub fn check(data: &[u8]) {
    registered(data);
    document(data);
    administered(data);
}

/// What any accepted metadata promises the person who sees it, and the server that keeps it.
fn sound(metadata: &ClientMetadata) {
    for uri in &metadata.redirect_uris {
        assert!(RedirectUri::parse(uri.as_str(), &CONFIGURATION.redirect_uris).is_ok());
    }
    // wop#218: what is shown as a link is one, and runs nothing.
    let links = [&metadata.client_uri, &metadata.logo_uri, &metadata.tos_uri, &metadata.policy_uri];
    for link in links.into_iter().flatten() {
        let url = Url::parse(link).expect("a link");
        assert!(matches!(url.scheme(), "http" | "https"), "{link:?}");
    }
    if let Some(name) = &metadata.client_name {
        let misleads = |one: char| {
            one.is_control() || matches!(one, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        };
        assert!(!name.chars().any(misleads), "{name:?}");
    }
    assert!(metadata.jwks.is_none() || metadata.jwks_uri.is_none(), "RFC 7591 section 2");
    // What is stored is read back, and so is what the client is told.
    let stored = serde_json::to_string(metadata).expect("json");
    let read: ClientMetadata = latchkey_protocol::json::read(&stored).expect("it is stored");
    assert_eq!(read, *metadata);
    let members = metadata.to_members();
    let again = ClientMetadata::from_object(members.clone(), &CONFIGURATION.redirect_uris);
    let again = again.expect("what a client was told it can send back (RFC 7592)");
    assert_eq!(again.to_members(), members);
}

fn registered(data: &[u8]) {
    if let Ok(metadata) = ClientMetadata::parse(data, &CONFIGURATION.redirect_uris) {
        sound(&metadata);
    }
    let Ok(members) = ClientMetadata::object(data) else { return };
    let context = RegistrationContext::of(&CONFIGURATION);
    let decided = ClientPolicy::default();
    let mut entropy = Counting::default();
    let Ok(registered) = register(members, None, &decided, &context, 0, NOW, &mut entropy) else {
        return;
    };
    sound(&registered.record.metadata);
    let record = &registered.record;
    // Who registers himself decides neither his id nor what he may do.
    assert!(record.client_id.as_str().starts_with(&CONFIGURATION.prefixes.client_id));
    assert_eq!(record.policy, decided);
    assert!(record.expires_at.is_some());
    let needs_secret = record.token_endpoint_auth_method.needs_secret();
    assert_eq!(registered.response.client_secret.is_some(), needs_secret);
    assert_eq!(record.client_secret_hash.is_some(), needs_secret);
    let told = serde_json::to_value(&registered.response).expect("json");
    let is_something = |value: &serde_json::Value| !value.is_null() && *value != "";
    assert!(told.as_object().expect("an object").values().all(is_something), "{told}");
}

/// Client ID Metadata Document section 4.1: it says its own URL, and has no secret.
fn document(data: &[u8]) {
    let url = DocumentUrl::parse(DOCUMENT, Reach::Public).expect("a URL");
    let read = client_id_metadata::read(
        &url,
        Some("application/json"),
        data,
        &CONFIGURATION.redirect_uris,
        &TokenEndpointAuthMethod::ALL,
        Reach::Public,
    );
    let Ok(metadata) = read else { return };
    sound(&metadata);
    let members = ClientMetadata::object(data).expect("it was read");
    assert_eq!(members.get("client_id").and_then(|id| id.as_str()), Some(DOCUMENT));
    let method = metadata.token_endpoint_auth_method.expect("one was chosen");
    assert!(!method.needs_secret());
}

fn administered(data: &[u8]) {
    let mut entropy = Counting::default();
    if let Ok(created) = administration::create(data, &CONFIGURATION, 0, NOW, &mut entropy) {
        sound(&created.record.metadata);
        let view = administration::view(&created.record);
        assert!(!view.contains_key("client_secret"));
    }
    if let Ok(patched) = administration::patch(&CLIENT, data, &CONFIGURATION, &mut entropy) {
        assert_eq!(patched.record.client_id, CLIENT.client_id);
        assert_eq!(patched.record.issued_at, CLIENT.issued_at);
    }
    if let Ok(grace) = administration::read_grace(data) {
        assert!(grace <= administration::LONGEST_GRACE);
    }
}
