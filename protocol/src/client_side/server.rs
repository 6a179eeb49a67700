//! Which authorization server a client may use.

use super::{Address, Members, MetadataFault};

/// What a client needs of authorization server metadata
/// ([RFC 8414 section 2](https://www.rfc-editor.org/rfc/rfc8414#section-2)), checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// `issuer`.
    pub issuer: String,
    /// `authorization_endpoint`.
    pub authorization_endpoint: String,
    /// `token_endpoint`.
    pub token_endpoint: String,
    /// `registration_endpoint`.
    pub registration_endpoint: Option<String>,
    /// `revocation_endpoint`.
    pub revocation_endpoint: Option<String>,
    /// `introspection_endpoint`.
    pub introspection_endpoint: Option<String>,
    /// `authorization_response_iss_parameter_supported`
    /// ([RFC 9207 section 3](https://www.rfc-editor.org/rfc/rfc9207#section-3)).
    pub issuer_is_sent: bool,
    /// `client_id_metadata_document_supported`.
    pub takes_metadata_documents: bool,
}

impl Server {
    /// Reads metadata; `asked` is the issuer that it was looked up for, `None` when the metadata itself
    /// is what the caller trusts.
    ///
    /// # Errors
    ///
    /// [`MetadataFault`]: another issuer, an address that must not be followed, no S256.
    pub fn read(
        members: &impl Members,
        asked: Option<&str>,
        parse: impl Fn(&str) -> Option<Address>,
    ) -> Result<Self, MetadataFault> {
        let issuer = members.text("issuer").ok_or(MetadataFault::Missing("issuer"))?;
        // RFC 8414 section 3.3: "The "issuer" value returned MUST be identical to the authorization
        // server's issuer identifier value into which the well-known URI string was inserted".
        if asked.is_some_and(|asked| asked != issuer) {
            return Err(MetadataFault::WrongIssuer);
        }
        let at = parse(&issuer)
            .filter(|address| address.is_safe() && address.search.is_empty())
            .ok_or(MetadataFault::UnsafeEndpoint("issuer"))?;
        let optional = |name| match members.text(name) {
            None => Ok(None),
            Some(text) if parse(&text).is_some_and(|address| address.is_safe_endpoint_of(&at)) => {
                Ok(Some(text))
            }
            Some(_) => Err(MetadataFault::UnsafeEndpoint(name)),
        };
        let needed = |name| optional(name)?.ok_or(MetadataFault::Missing(name));
        let server = Self {
            authorization_endpoint: needed("authorization_endpoint")?,
            token_endpoint: needed("token_endpoint")?,
            registration_endpoint: optional("registration_endpoint")?,
            revocation_endpoint: optional("revocation_endpoint")?,
            introspection_endpoint: optional("introspection_endpoint")?,
            issuer_is_sent: members.flag("authorization_response_iss_parameter_supported"),
            takes_metadata_documents: members.flag("client_id_metadata_document_supported"),
            issuer,
        };
        // MCL-02: a client refuses to proceed when S256 isn't announced.
        let methods = members.texts("code_challenge_methods_supported").unwrap_or_default();
        if methods.iter().any(|method| method == "S256") {
            Ok(server)
        } else {
            Err(MetadataFault::PkceNotSupported)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client_side::members::tests::{address, members};
    use serde_json::{Value, json};

    const ISSUER: &str = "https://id.example";

    fn document() -> Value {
        json!({
            "issuer": ISSUER,
            "authorization_endpoint": "https://id.example/authorize",
            "token_endpoint": "https://tokens.example/token",
            "revocation_endpoint": "https://id.example/revoke",
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": true,
        })
    }

    fn read(document: Value, asked: &str) -> Result<Server, MetadataFault> {
        Server::read(&members(document), Some(asked), address)
    }

    fn with(name: &str, value: Value) -> Value {
        let mut document = document();
        document[name] = value;
        document
    }

    #[test]
    fn rfc8414_2_metadata_of_the_issuer_that_was_asked_for_is_read() {
        let server = read(document(), ISSUER).expect("read");
        assert_eq!(server.token_endpoint, "https://tokens.example/token");
        assert_eq!(server.registration_endpoint, None);
        assert!(server.issuer_is_sent && !server.takes_metadata_documents);
        let local = json!({
            "issuer": "http://127.0.0.1:8787",
            "authorization_endpoint": "http://127.0.0.1:8787/authorize",
            "token_endpoint": "http://127.0.0.1:8787/token",
            "code_challenge_methods_supported": ["plain", "S256"],
        });
        assert!(read(local, "http://127.0.0.1:8787").is_ok());
    }

    #[test]
    fn rfc8414_3_3_metadata_of_another_issuer_is_refused_to_the_letter() {
        for asked in [
            "https://id.example/",
            "https://ID.example",
            "https://id.example:443",
            "https://evil.example",
        ] {
            assert_eq!(read(document(), asked), Err(MetadataFault::WrongIssuer), "{asked}");
        }
        assert!(Server::read(&members(document()), None, address).is_ok());
    }

    #[test]
    fn cve_2025_6514_addresses_that_must_not_be_followed_are_refused() {
        for name in [
            "authorization_endpoint",
            "token_endpoint",
            "registration_endpoint",
            "revocation_endpoint",
            "introspection_endpoint",
        ] {
            for hostile in [
                "javascript:alert(1)",
                "JavaScript:alert(1)",
                " javascript:alert(1)",
                "data:text/html,<script>",
                "http://id.example/x",
                "http://127.0.0.1:9/x",
                "https://user:pass@id.example/x",
                "https://id.example/x#y",
                "/relative",
                "",
            ] {
                let fault = read(with(name, json!(hostile)), ISSUER).expect_err(hostile);
                assert_eq!(fault, MetadataFault::UnsafeEndpoint(name), "{name} {hostile}");
            }
        }
    }

    #[test]
    fn rfc8414_2_what_is_needed_and_absent_is_named() {
        for name in ["issuer", "authorization_endpoint", "token_endpoint"] {
            let fault = read(with(name, json!(7)), ISSUER).expect_err(name);
            assert_eq!(fault, MetadataFault::Missing(name));
            assert_eq!((fault.code(), fault.member()), ("malformed_response", name));
        }
    }

    #[test]
    fn mcl_02_a_server_without_s256_is_refused() {
        for value in [json!(null), json!([]), json!(["plain"]), json!("S256"), json!(["s256"])] {
            let document = with("code_challenge_methods_supported", value.clone());
            assert_eq!(read(document, ISSUER), Err(MetadataFault::PkceNotSupported), "{value}");
        }
    }
}
