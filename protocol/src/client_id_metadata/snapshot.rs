//! What a client's document said when a person allowed the client
//! ([section 6.8](https://datatracker.ietf.org/doc/html/draft-ietf-oauth-client-id-metadata-document#section-6.8)).
//!
//! A document can change at any time, and so who gets what a person allowed: by its redirect URIs, or
//! by its keys. Each authorization remembers both as they were; when they differ later, it isn't the
//! client that was allowed, and the person is asked again.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::client::{ClientOrigin, ClientRecord};
use crate::json::FromJson;
use crate::redirect_uri::RedirectUri;

/// The parts of a document that decide who gets tokens, as digests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, FromJson)]
pub struct ClientSnapshot {
    /// Of the redirect URIs, in any order.
    redirect_uris: String,
    /// Of how the client proves itself: the method, and the keys or where they are. Keys that change
    /// at the same `jwks_uri` are the client's usual rotation and count as the same.
    keys: String,
}

impl ClientSnapshot {
    /// The snapshot of a client that describes itself; `None` for one whose description only the
    /// server changes.
    #[must_use]
    pub fn of(client: &ClientRecord) -> Option<Self> {
        if client.origin != ClientOrigin::Document {
            return None;
        }
        let metadata = &client.metadata;
        let mut uris: Vec<&str> = metadata.redirect_uris.iter().map(RedirectUri::as_str).collect();
        uris.sort_unstable();
        let method = client.token_endpoint_auth_method.as_str();
        let jwks = metadata.jwks.as_ref().map(ToString::to_string).unwrap_or_default();
        let uri = metadata.jwks_uri.as_deref().unwrap_or_default();
        Some(Self {
            redirect_uris: digest(&uris),
            keys: digest(&if client.is_public() { vec![method] } else { vec![method, uri, &jwks] }),
        })
    }

    /// Whether the client proves itself as it did then. What changed about its redirect URIs is
    /// nothing to a client that already holds its tokens.
    #[must_use]
    pub fn has_keys_of(&self, other: &Self) -> bool {
        self.keys == other.keys
    }
}

/// A digest of texts in their order. Each is followed by its length, so that no two lists are alike.
fn digest(texts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for text in texts {
        hash.update(text.as_bytes());
        hash.update(text.len().to_be_bytes());
    }
    let [half @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] =
        <[u8; 32]>::from(hash.finalize());
    URL_SAFE_NO_PAD.encode(half)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::TokenEndpointAuthMethod;
    use crate::test_support::client_with;
    use serde_json::json;

    fn document_client(uris: &[&str]) -> ClientRecord {
        ClientRecord { origin: ClientOrigin::Document, ..client_with(uris) }
    }

    fn snapshot(client: &ClientRecord) -> ClientSnapshot {
        ClientSnapshot::of(client).expect("a snapshot")
    }

    const A: &str = "https://app.example/a";
    const B: &str = "https://app.example/b";

    #[test]
    fn cim_11_other_redirect_uris_are_another_client_and_their_order_is_not() {
        let one = snapshot(&document_client(&[A, B]));
        assert_eq!(one, snapshot(&document_client(&[B, A])));
        let other = snapshot(&document_client(&[A]));
        assert_ne!(one, other);
        assert!(one.has_keys_of(&other));
    }

    #[test]
    fn cim_11_another_method_or_key_is_another_client() {
        let public = document_client(&[A]);
        let mut signed = document_client(&[A]);
        signed.token_endpoint_auth_method = TokenEndpointAuthMethod::PrivateKeyJwt;
        signed.metadata.jwks_uri = Some("https://app.example/jwks".to_owned());
        let mut elsewhere = signed.clone();
        elsewhere.metadata.jwks_uri = Some("https://else.example/jwks".to_owned());
        let mut inline = signed.clone();
        inline.metadata.jwks_uri = None;
        inline.metadata.jwks = Some(json!({"keys": [{"kty": "EC", "x": "1"}]}));
        let mut rotated = inline.clone();
        rotated.metadata.jwks = Some(json!({"keys": [{"kty": "EC", "x": "2"}]}));
        let all = [&public, &signed, &elsewhere, &inline, &rotated].map(snapshot);
        for (index, one) in all.iter().enumerate() {
            for (other_index, other) in all.iter().enumerate() {
                assert_eq!(one.has_keys_of(other), index == other_index, "{index} {other_index}");
            }
        }
    }

    #[test]
    fn the_name_may_change_and_registered_clients_have_no_snapshot() {
        let mut renamed = document_client(&[A]);
        renamed.metadata.client_name = Some("New name".to_owned());
        renamed.metadata.software_version = Some("2".to_owned());
        assert_eq!(snapshot(&renamed), snapshot(&document_client(&[A])));
        assert_eq!(ClientSnapshot::of(&client_with(&[A])), None);
    }

    #[test]
    fn texts_can_not_be_split_differently() {
        assert_ne!(digest(&["ab", "c"]), digest(&["a", "bc"]));
        assert_ne!(digest(&["a"]), digest(&["a", ""]));
    }
}
