//! A client's own key pair, by any of the algorithms that the server accepts.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::deployment::workspace_root;
use crate::{random, secrets};

/// The value of `client_assertion_type`.
pub const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A key pair.
#[derive(Debug, Clone)]
pub struct Signer {
    algorithm: &'static str,
    private: Value,
    public: Value,
    /// Its `kid`.
    pub key_id: String,
}

impl Signer {
    /// A fresh key pair for `ES256`, `RS256` or `EdDSA`.
    #[must_use]
    pub fn new(algorithm: &'static str) -> Self {
        let pair = node(&json!({ "alg": algorithm }));
        for number in ["d", "p", "q"] {
            pair["private"][number].as_str().into_iter().for_each(secrets::remember_everywhere);
        }
        Self {
            algorithm,
            private: pair["private"].clone(),
            public: pair["public"].clone(),
            key_id: random::text(8),
        }
    }

    /// The public key with its `kid`, as it stands in a JWK set.
    #[must_use]
    pub fn public_jwk(&self) -> Value {
        let mut jwk = self.public.clone();
        jwk["kid"] = self.key_id.clone().into();
        jwk
    }

    /// A JWK set with this key.
    #[must_use]
    pub fn jwks(&self) -> Value {
        json!({ "keys": [self.public_jwk()] })
    }

    /// A JWT with these claims.
    #[must_use]
    pub fn sign(&self, header: &Value, claims: &Value) -> String {
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", encode(header), encode(claims));
        let request = json!({ "alg": self.algorithm, "private": self.private, "message": message });
        let signature = node(&request)["signature"].as_str().expect("a signature").to_owned();
        format!("{message}.{signature}")
    }

    /// The claims of a good assertion
    /// ([RFC 7523 section 3](https://www.rfc-editor.org/rfc/rfc7523#section-3)).
    #[must_use]
    pub fn claims(client_id: &str, audience: &str) -> Value {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
        json!({
            "iss": client_id, "sub": client_id, "aud": audience,
            "iat": now, "exp": now + 120, "jti": random::text(20),
        })
    }

    /// A good assertion, fresh each time.
    #[must_use]
    pub fn assertion(&self, client_id: &str, audience: &str) -> String {
        let header = json!({ "alg": self.algorithm, "kid": self.key_id, "typ": "JWT" });
        self.sign(&header, &Self::claims(client_id, audience))
    }

    /// `fields` with a good assertion.
    #[must_use]
    pub fn fields(
        &self,
        client_id: &str,
        audience: &str,
        fields: &[(&str, &str)],
    ) -> Vec<(String, String)> {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let mut fields: Vec<_> = fields.iter().map(own).collect();
        fields.push(("client_assertion_type".to_owned(), ASSERTION_TYPE.to_owned()));
        fields.push(("client_assertion".to_owned(), self.assertion(client_id, audience)));
        fields
    }
}

fn node(request: &Value) -> Value {
    let script = workspace_root().join("tests/clients-js/signer.mjs");
    let mut child = Command::new("node")
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("node");
    let mut input = child.stdin.take().expect("its input");
    input.write_all(request.to_string().as_bytes()).expect("written");
    drop(input);
    let output = child.wait_with_output().expect("its output");
    assert!(output.status.success(), "signer.mjs failed");
    serde_json::from_slice(&output.stdout).expect("JSON")
}
