//! The signature algorithms that others may use towards this server
//! ([RFC 7518 section 3.1](https://www.rfc-editor.org/rfc/rfc7518#section-3.1)).

use serde_json::Value;

/// An asymmetric signature algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SignatureAlgorithm {
    /// ECDSA on P-256 with SHA-256
    /// ([RFC 7518 section 3.4](https://www.rfc-editor.org/rfc/rfc7518#section-3.4)).
    Es256,
    /// RSASSA-PKCS1-v1_5 with SHA-256
    /// ([RFC 7518 section 3.3](https://www.rfc-editor.org/rfc/rfc7518#section-3.3)).
    Rs256,
    /// Ed25519 ([RFC 8037 section 3.1](https://www.rfc-editor.org/rfc/rfc8037#section-3.1)).
    EdDsa,
}

impl SignatureAlgorithm {
    /// Every one of them.
    pub const ALL: [Self; 3] = [Self::Es256, Self::Rs256, Self::EdDsa];

    /// The value of `alg`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Rs256 => "RS256",
            Self::EdDsa => "EdDSA",
        }
    }

    /// The algorithm that a public JWK is for, by its kind
    /// ([RFC 8725 section 3.1](https://www.rfc-editor.org/rfc/rfc8725#section-3.1): each key is used
    /// with one algorithm); `None` for any other kind, another `alg` or `use`, and for a private key.
    #[must_use]
    pub fn of_public_key(jwk: &Value) -> Option<Self> {
        let text = |name: &str| jwk.get(name).and_then(Value::as_str);
        let has = |names: &[&str]| names.iter().all(|name| text(name).is_some());
        let algorithm = match (text("kty")?, text("crv")) {
            ("EC", Some("P-256")) if has(&["x", "y"]) => Self::Es256,
            ("RSA", _) if has(&["n", "e"]) => Self::Rs256,
            ("OKP", Some("Ed25519")) if has(&["x"]) => Self::EdDsa,
            _ => return None,
        };
        let is_private = jwk.get("d").is_some();
        let fits = text("alg").is_none_or(|alg| alg == algorithm.as_str())
            && text("use").is_none_or(|purpose| purpose == "sig");
        (fits && !is_private).then_some(algorithm)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn rfc8725_3_1_the_kind_of_a_key_says_its_one_algorithm() {
        let ec = json!({ "kty": "EC", "crv": "P-256", "x": "a", "y": "b" });
        let rsa = json!({ "kty": "RSA", "n": "a", "e": "AQAB" });
        let ed = json!({ "kty": "OKP", "crv": "Ed25519", "x": "a" });
        let of = SignatureAlgorithm::of_public_key;
        assert_eq!(of(&ec), Some(SignatureAlgorithm::Es256));
        assert_eq!(of(&rsa), Some(SignatureAlgorithm::Rs256));
        assert_eq!(of(&ed), Some(SignatureAlgorithm::EdDsa));
        let changed = |base: &Value, name: &str, value: Value| {
            let mut key = base.clone();
            key[name] = value;
            key
        };
        for wrong in [
            json!({}),
            json!({ "kty": "oct", "k": "a" }),
            changed(&ec, "crv", json!("P-384")),
            changed(&ec, "alg", json!("RS256")),
            changed(&ec, "use", json!("enc")),
            changed(&ec, "d", json!("secret")),
            changed(&rsa, "n", json!(null)),
            changed(&ed, "crv", json!("X25519")),
        ] {
            assert_eq!(of(&wrong), None, "{wrong}");
        }
        assert_eq!(of(&changed(&ec, "alg", json!("ES256"))), Some(SignatureAlgorithm::Es256));
    }
}
