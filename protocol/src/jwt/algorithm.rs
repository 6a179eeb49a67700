//! The signature algorithms that others may sign with
//! ([RFC 7518 section 3.1](https://www.rfc-editor.org/rfc/rfc7518#section-3.1),
//! [RFC 8037 section 3.1](https://www.rfc-editor.org/rfc/rfc8037#section-3.1)).

use crate::json::FromJson;
use serde::Serialize;
use serde_json::Value;

/// A signature algorithm by which a client, or whoever vouches for one, may sign. All of them have a
/// public key; `none` and the algorithms with a shared secret are not among them
/// ([RFC 8725 section 3.1](https://www.rfc-editor.org/rfc/rfc8725#section-3.1)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, FromJson)]
pub enum SignatureAlgorithm {
    /// ECDSA with P-256 and SHA-256.
    #[serde(rename = "ES256")]
    Es256,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    #[serde(rename = "RS256")]
    Rs256,
    /// Ed25519.
    #[serde(rename = "EdDSA")]
    EdDsa,
}

impl SignatureAlgorithm {
    /// Every algorithm, in the order in which the metadata lists them.
    pub const ALL: [Self; 3] = [Self::Es256, Self::Rs256, Self::EdDsa];
    /// The shortest RSA modulus, in bits
    /// ([RFC 7518 section 3.3](https://www.rfc-editor.org/rfc/rfc7518#section-3.3)).
    const SHORTEST_MODULUS: usize = 2_048;
    /// The longest: a longer one only costs time.
    const LONGEST_MODULUS: usize = 8_192;

    /// The value of `alg`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Rs256 => "RS256",
            Self::EdDsa => "EdDSA",
        }
    }

    /// The algorithm of this name; `None` when it isn't accepted here. RFC 9864's `Ed25519` is
    /// `EdDSA` by its own name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        if name == "Ed25519" {
            return Some(Self::EdDsa);
        }
        Self::ALL.into_iter().find(|algorithm| algorithm.as_str() == name)
    }

    /// The algorithm that a public key is for, by its kind: each key is used with one. `None` for any
    /// other kind, and for a private key.
    #[must_use]
    pub fn of_public_key(jwk: &Value) -> Option<Self> {
        let is_private = jwk.get("d").is_some();
        Self::ALL.into_iter().find(|algorithm| !is_private && algorithm.suits(jwk))
    }

    /// Whether a signature by this algorithm can be checked with the public key `jwk`
    /// ([RFC 7517 section 4](https://www.rfc-editor.org/rfc/rfc7517#section-4)): its type and curve
    /// are the algorithm's, and it isn't meant for something else. Whether it is a point of its curve
    /// is for whoever computes with it.
    #[must_use]
    pub fn suits(self, jwk: &Value) -> bool {
        let text = |member: &str| jwk.get(member).and_then(Value::as_str);
        let made_for_it = match self {
            Self::Es256 => text("kty") == Some("EC") && text("crv") == Some("P-256"),
            Self::EdDsa => text("kty") == Some("OKP") && text("crv") == Some("Ed25519"),
            Self::Rs256 => {
                text("kty") == Some("RSA")
                    && text("n").is_some_and(|modulus| {
                        let bits = modulus.len().saturating_mul(6);
                        // Base64url holds up to five bits more than the number it encodes.
                        (Self::SHORTEST_MODULUS..=Self::LONGEST_MODULUS + 5).contains(&bits)
                    })
            }
        };
        // RFC 7517 sections 4.2 to 4.4: what these members say, where they are there, counts.
        let for_signatures = text("use").is_none_or(|purpose| purpose == "sig");
        let may_verify = jwk.get("key_ops").and_then(Value::as_array).is_none_or(|operations| {
            operations.iter().any(|operation| operation.as_str() == Some("verify"))
        });
        let same_algorithm = text("alg").is_none_or(|name| Self::from_name(name) == Some(self));
        made_for_it && for_signatures && may_verify && same_algorithm
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn rfc8725_3_1_only_algorithms_with_a_public_key_have_a_name_here() {
        for algorithm in SignatureAlgorithm::ALL {
            assert_eq!(SignatureAlgorithm::from_name(algorithm.as_str()), Some(algorithm));
            let json = serde_json::to_string(&algorithm).expect("json");
            assert_eq!(json, format!("\"{}\"", algorithm.as_str()));
        }
        for wrong in ["none", "None", "", "HS256", "es256", "ES384", "PS256"] {
            assert_eq!(SignatureAlgorithm::from_name(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn rfc7517_4_a_key_is_used_for_its_own_algorithm_and_purpose_only() {
        let ec = json!({"kty": "EC", "crv": "P-256", "x": "x", "y": "y"});
        let ed = json!({"kty": "OKP", "crv": "Ed25519", "x": "x"});
        let rsa = json!({"kty": "RSA", "n": "A".repeat(342), "e": "AQAB"});
        let keys = [&ec, &rsa, &ed];
        for (index, algorithm) in SignatureAlgorithm::ALL.into_iter().enumerate() {
            for (other, key) in keys.iter().enumerate() {
                assert_eq!(algorithm.suits(key), index == other, "{algorithm:?} {key}");
            }
        }
        let with = |member: &str, value: Value| {
            let mut key = ec.clone();
            key[member] = value;
            SignatureAlgorithm::Es256.suits(&key)
        };
        assert!(with("use", json!("sig")) && !with("use", json!("enc")));
        assert!(with("alg", json!("ES256")) && !with("alg", json!("ES384")));
        assert!(with("key_ops", json!(["verify"])) && !with("key_ops", json!(["sign"])));
        assert!(!with("crv", json!("P-384")));
        assert!(!SignatureAlgorithm::Es256.suits(&json!("EC")));
    }

    #[test]
    fn rfc7518_3_3_an_rsa_key_has_2048_bits_or_more_and_no_absurd_number() {
        for (length, good) in
            [(341, false), (342, true), (683, true), (1_366, true), (1_368, false)]
        {
            let key = json!({"kty": "RSA", "n": "A".repeat(length), "e": "AQAB"});
            assert_eq!(SignatureAlgorithm::Rs256.suits(&key), good, "{length}");
        }
    }
}
