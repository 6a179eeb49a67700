//! Settings that are for development only, and refused wherever somebody else could reach them.

use super::{ConfigurationError, Issuer};
use crate::email::EmailAddress;
use crate::json::FromJson;

/// The table `development` as it is written.
#[derive(Debug, Default, FromJson)]
#[serde(default, deny_unknown_fields)]
pub(super) struct DevelopmentSettings {
    consent_as: Option<String>,
}

/// What makes a deployment good for nothing but development and tests.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Development {
    /// Each authorization request that is in order is allowed at once, as this test user, and nobody
    /// signs in: whoever reaches the server gets tokens.
    pub consent_as: Option<EmailAddress>,
}

impl DevelopmentSettings {
    /// Reads the settings of a deployment with this issuer.
    ///
    /// # Errors
    ///
    /// [`ConfigurationError`] when the issuer is any other than http on loopback, or the test user's
    /// address can't be one.
    pub(super) fn resolve(self, issuer: &Issuer) -> Result<Development, ConfigurationError> {
        let Some(text) = self.consent_as else { return Ok(Development::default()) };
        let refuse = |found: String, wanted: &str| {
            Err(ConfigurationError::new("LATCHKEY.development.consent_as", found, wanted))
        };
        // https on loopback is what stands behind a proxy or a tunnel, and so is reached from outside.
        if !issuer.is_http_on_loopback() {
            return refuse(
                format!("a test user beside ISSUER = \"{issuer}\""),
                "this key only where ISSUER is http on 127.0.0.1, [::1] or localhost: with it \
                 anyone who reaches the server gets tokens without signing in",
            );
        }
        match EmailAddress::parse(&text) {
            Some(address) => Ok(Development { consent_as: Some(address) }),
            None => refuse(format!("{text:?}"), "an e-mail address such as \"ci@example.com\""),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::configuration::{Configuration, ConfigurationError};
    use serde_json::{Value, json};

    fn configured(issuer: &str, development: Value) -> Result<Configuration, ConfigurationError> {
        Configuration::parse(issuer, &json!({ "development": development }))
    }

    #[test]
    fn a_test_user_is_there_only_when_named_and_only_on_http_loopback() {
        for issuer in ["http://127.0.0.1:8787", "http://[::1]:8787", "http://localhost:8787/tenant"]
        {
            let read = |development| {
                let configuration = configured(issuer, development).expect(issuer);
                let user = configuration.development.consent_as;
                user.map(|address| address.as_str().to_owned())
            };
            assert_eq!(
                read(json!({ "consent_as": "CI@example.com" })).as_deref(),
                Some("ci@example.com")
            );
            assert_eq!(read(json!({})), None);
        }
        let without = Configuration::parse("http://127.0.0.1:8787", &json!({})).expect("defaults");
        assert_eq!(without.development.consent_as, None);
    }

    #[test]
    fn a_test_user_of_any_other_issuer_or_without_an_address_is_refused_with_the_key() {
        let user = json!({ "consent_as": "ci@example.com" });
        let cases: &[(&str, &str, Value, &str)] = &[
            ("a public issuer", "https://id.example", user.clone(), "development.consent_as"),
            ("https on loopback", "https://127.0.0.1:8787", user.clone(), "development.consent_as"),
            ("https on localhost", "https://localhost", user.clone(), "development.consent_as"),
            ("a host that only begins so", "https://127.0.0.1.example", user.clone(), "consent_as"),
            // http elsewhere is no issuer at all.
            ("a public http issuer", "http://id.example", user, "ISSUER"),
            ("no address", "http://127.0.0.1:1", json!({ "consent_as": "ci" }), "consent_as"),
            ("an empty address", "http://127.0.0.1:1", json!({ "consent_as": "" }), "consent_as"),
            ("a switch", "http://127.0.0.1:1", json!({ "consent_as": true }), "consent_as"),
            ("another key", "http://127.0.0.1:1", json!({ "consent": "a@b.example" }), "consent"),
        ];
        for (name, issuer, development, key) in cases {
            let error = configured(issuer, development.clone()).expect_err(name);
            assert!(error.key.contains(key) || error.to_string().contains(key), "{name}: {error}");
        }
        let error = configured("https://id.example", json!({ "consent_as": "ci@example.com" }));
        assert_eq!(error.expect_err("refused").key, "LATCHKEY.development.consent_as");
    }
}
