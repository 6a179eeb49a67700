//! Who may register a client, and how often.

#[cfg(test)]
#[path = "registration_settings_tests.rs"]
mod tests;
use serde_json::Value;

use super::ConfigurationError;
use crate::json::FromJson;
use crate::jwt::SignatureAlgorithm;
use crate::network::AddressRange;

/// The table `registration`.
#[derive(Debug, FromJson)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RegistrationSetting {
    access: RegistrationAccess,
    software_statements: Vec<TrustedIssuerSetting>,
    shared_egress: Vec<String>,
}

impl Default for RegistrationSetting {
    fn default() -> Self {
        Self {
            access: RegistrationAccess::Open,
            software_statements: Vec::new(),
            // The published egress of Claude's hosted clients.
            shared_egress: vec!["160.79.104.0/21".to_owned()],
        }
    }
}

#[derive(Debug, FromJson)]
#[serde(deny_unknown_fields)]
struct TrustedIssuerSetting {
    issuer: String,
    jwks: Value,
    #[serde(default)]
    approved: bool,
}

/// Who may register a client
/// ([RFC 7591 section 3](https://www.rfc-editor.org/rfc/rfc7591#section-3)).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, FromJson)]
#[serde(rename_all = "snake_case")]
pub enum RegistrationAccess {
    /// Everybody.
    #[default]
    Open,
    /// Whoever has an initial access token, or a software statement of a trusted issuer.
    InitialAccessToken,
    /// Nobody.
    Closed,
}

/// What is said about registration.
#[derive(Debug, Clone)]
pub struct Registration {
    /// Who may register.
    pub access: RegistrationAccess,
    /// Whose software statements count; statements are ignored while there is nobody.
    pub software_statements: Vec<TrustedIssuer>,
    /// Address ranges behind which many people are.
    pub shared_egress: Vec<AddressRange>,
}

/// Somebody whose word about a client counts
/// ([RFC 7591 section 2.3](https://www.rfc-editor.org/rfc/rfc7591#section-2.3)).
#[derive(Debug, Clone)]
pub struct TrustedIssuer {
    /// The `iss` of its statements.
    pub issuer: String,
    /// Its public keys.
    pub keys: Vec<StatementKey>,
    /// Whether a client is approved that it made a statement about.
    pub approved: bool,
}

/// A key that signs software statements.
#[derive(Debug, Clone)]
pub struct StatementKey {
    /// Its `kid`.
    pub key_id: Option<String>,
    /// The one algorithm that it is used with.
    pub algorithm: SignatureAlgorithm,
    /// The public JWK.
    pub jwk: Value,
}

/// The most keys of one issuer: each may be tried for a statement without a `kid`.
const MAXIMUM_KEYS: usize = 8;

impl RegistrationSetting {
    pub(super) fn resolve(&self) -> Result<Registration, ConfigurationError> {
        let mut software_statements: Vec<TrustedIssuer> = Vec::new();
        for (index, setting) in self.software_statements.iter().enumerate() {
            let key = format!("LATCHKEY.registration.software_statements[{index}]");
            let is_known = software_statements.iter().any(|one| one.issuer == setting.issuer);
            if setting.issuer.is_empty() || is_known {
                return Err(ConfigurationError::new(
                    format!("{key}.issuer"),
                    format!("{:?}", setting.issuer),
                    "the iss of its statements, each issuer once",
                ));
            }
            software_statements.push(TrustedIssuer {
                issuer: setting.issuer.clone(),
                keys: keys(&setting.jwks, &format!("{key}.jwks"))?,
                approved: setting.approved,
            });
        }
        let range = |(index, text): (usize, &String)| {
            AddressRange::parse(text).ok_or_else(|| {
                ConfigurationError::new(
                    format!("LATCHKEY.registration.shared_egress[{index}]"),
                    format!("{text:?}"),
                    "an address range such as \"160.79.104.0/21\", without bits beyond its length",
                )
            })
        };
        Ok(Registration {
            access: self.access,
            software_statements,
            shared_egress: self
                .shared_egress
                .iter()
                .enumerate()
                .map(range)
                .collect::<Result<_, _>>()?,
        })
    }
}

fn keys(jwks: &Value, key: &str) -> Result<Vec<StatementKey>, ConfigurationError> {
    let listed = jwks.get("keys").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if listed.is_empty() || listed.len() > MAXIMUM_KEYS {
        return Err(ConfigurationError::new(
            format!("{key}.keys"),
            format!("{} keys", listed.len()),
            format!("a JWK set of 1 to {MAXIMUM_KEYS} public keys"),
        ));
    }
    let read = |(index, jwk): (usize, &Value)| {
        let algorithm = SignatureAlgorithm::of_public_key(jwk).ok_or_else(|| {
            ConfigurationError::new(
                format!("{key}.keys[{index}]"),
                "another kind of key",
                "a public JWK for ES256 (EC, P-256), RS256 (RSA) or EdDSA (OKP, Ed25519)",
            )
        })?;
        let key_id = jwk.get("kid").and_then(Value::as_str).map(str::to_owned);
        Ok(StatementKey { key_id, algorithm, jwk: jwk.clone() })
    };
    listed.iter().enumerate().map(read).collect()
}
