//! The limits on the settings that a type alone can't say.

use super::ConfigurationError;
use super::settings::Settings;
use crate::time::Lifetime;

impl Settings {
    /// Passes when every setting is within its limits.
    pub(super) fn check(&self) -> Result<(), ConfigurationError> {
        self.check_lifetimes()?;
        self.check_prefixes()?;
        self.check_product()?;
        self.check_scopes()?;
        self.check_client_settings()?;
        if self.client_registry_shards == 0 {
            return Err(ConfigurationError::new(
                "LATCHKEY.client_registry_shards",
                "0",
                "a number from 1 to 255",
            ));
        }
        Ok(())
    }

    fn check_scopes(&self) -> Result<(), ConfigurationError> {
        for (index, scope) in self.scopes.iter().enumerate() {
            if self.scopes.iter().take(index).any(|earlier| earlier.name == scope.name) {
                return Err(ConfigurationError::new(
                    format!("LATCHKEY.scopes[{index}].name"),
                    format!("{:?} a second time", scope.name.as_str()),
                    "each scope once",
                ));
            }
            let unknown = scope
                .implies
                .iter()
                .find(|implied| !self.scopes.iter().any(|known| known.name == **implied));
            if let Some(unknown) = unknown {
                return Err(ConfigurationError::new(
                    format!("LATCHKEY.scopes[{index}].implies"),
                    format!("{:?}", unknown.as_str()),
                    "the name of a scope in LATCHKEY.scopes",
                ));
            }
        }
        Ok(())
    }

    fn check_client_settings(&self) -> Result<(), ConfigurationError> {
        if self.token_endpoint_auth_methods.is_empty() {
            return Err(ConfigurationError::new(
                "LATCHKEY.token_endpoint_auth_methods",
                "an empty list",
                "one or more of \"none\", \"client_secret_basic\", \"client_secret_post\" and \
                 \"private_key_jwt\"",
            ));
        }
        let documents = &self.client_id_metadata_documents;
        let lists = [
            ("allowed_hosts", &documents.allowed_hosts),
            ("denied_hosts", &documents.denied_hosts),
        ];
        for (name, hosts) in lists {
            let sound = |host: &&String| {
                !host.is_empty()
                    && host.bytes().all(|byte| {
                        byte.is_ascii_lowercase()
                            || byte.is_ascii_digit()
                            || matches!(byte, b'.' | b'-')
                    })
            };
            if let Some(wrong) = hosts.iter().find(|host| !sound(host)) {
                return Err(ConfigurationError::new(
                    format!("LATCHKEY.client_id_metadata_documents.{name}"),
                    format!("{wrong:?}"),
                    "host names in lower case, such as \"claude.ai\"",
                ));
            }
        }
        Ok(())
    }

    fn check_lifetimes(&self) -> Result<(), ConfigurationError> {
        let lifetimes = &self.lifetimes;
        let day = Lifetime::days(1);
        let year = Lifetime::days(366);
        // RFC 6749 section 4.1.2: a code lives 10 minutes at the most.
        let bounds = [
            ("access_token", lifetimes.access_token, day),
            ("authorization_code", lifetimes.authorization_code, Lifetime::minutes(10)),
            ("refresh_token_idle", lifetimes.refresh_token_idle, Lifetime::days(3660)),
            ("refresh_token_absolute", lifetimes.refresh_token_absolute, Lifetime::days(3660)),
            // RFC 8628 section 5.1: as short as a person can bear, because others guess meanwhile.
            ("device_code", lifetimes.device_code, Lifetime::minutes(30)),
            ("authorization_request", lifetimes.authorization_request, Lifetime::hours(1)),
            ("session_idle", lifetimes.session_idle, year),
            ("session_absolute", lifetimes.session_absolute, year),
            ("unused_client", lifetimes.unused_client, year),
            ("idle_client", lifetimes.idle_client, Lifetime::days(3660)),
            ("signing_key", lifetimes.signing_key, year),
            ("personal_access_token", lifetimes.personal_access_token, Lifetime::days(3660)),
            ("client_document", lifetimes.client_document, Lifetime::days(7)),
        ];
        for (name, found, most) in bounds {
            if found.as_seconds() == 0 || found > most {
                return Err(ConfigurationError::new(
                    format!("LATCHKEY.lifetimes.{name}"),
                    found.as_seconds().to_string(),
                    format!("seconds, from 1 to {}", most.as_seconds()),
                ));
            }
        }
        if lifetimes.refresh_retry_window > Lifetime::minutes(10) {
            return Err(ConfigurationError::new(
                "LATCHKEY.lifetimes.refresh_retry_window",
                lifetimes.refresh_retry_window.as_seconds().to_string(),
                "seconds, from 0 (a retry ends the family) to 600",
            ));
        }
        Ok(())
    }

    fn check_prefixes(&self) -> Result<(), ConfigurationError> {
        let prefixes = [
            ("client_id", &self.prefixes.client_id),
            ("client_secret", &self.prefixes.client_secret),
            ("authorization_code", &self.prefixes.authorization_code),
            ("device_code", &self.prefixes.device_code),
            ("refresh_token", &self.prefixes.refresh_token),
            ("personal_access_token", &self.prefixes.personal_access_token),
            ("registration_access_token", &self.prefixes.registration_access_token),
            ("initial_access_token", &self.prefixes.initial_access_token),
        ];
        for (index, (name, prefix)) in prefixes.into_iter().enumerate() {
            let key = format!("LATCHKEY.prefixes.{name}");
            let sound = !prefix.is_empty()
                && prefix.len() <= 40
                && prefix
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
            if !sound {
                return Err(ConfigurationError::new(
                    key,
                    format!("{prefix:?}"),
                    "1 to 40 letters, digits, '_' or '-'",
                ));
            }
            if prefixes.iter().take(index).any(|(_, earlier)| *earlier == prefix) {
                return Err(ConfigurationError::new(
                    key,
                    format!("{prefix:?} a second time"),
                    "a prefix of its own for each kind",
                ));
            }
        }
        // A resource is sent tokens of any kind, and tells them apart by how they begin.
        let own = self.prefixes.personal_access_token.as_str();
        let begins_alike = |other: &str| own.starts_with(other) || other.starts_with(own);
        let other = prefixes.iter().find(|(_, other)| other.as_str() != own && begins_alike(other));
        match other {
            Some((name, other)) => Err(ConfigurationError::new(
                "LATCHKEY.prefixes.personal_access_token",
                format!("{own:?} beside {name} = {other:?}"),
                "prefixes of which neither begins with the other",
            )),
            None => Ok(()),
        }
    }

    fn check_product(&self) -> Result<(), ConfigurationError> {
        let product = &self.product;
        let refuse = |name: &str, found: &str, wanted: &str| {
            Err(ConfigurationError::new(
                format!("LATCHKEY.product.{name}"),
                format!("{found:?}"),
                wanted,
            ))
        };
        if product.name.trim().is_empty() || product.name.chars().count() > 60 {
            return refuse("name", &product.name, "1 to 60 characters");
        }
        let colours =
            [("accent", Some(&product.accent)), ("accent_dark", product.accent_dark.as_ref())];
        for (name, colour) in colours {
            let Some(colour) = colour else { continue };
            let digits = colour.strip_prefix('#').unwrap_or_default();
            if digits.len() != 6 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                return refuse(name, colour, "a colour such as \"#1f5fd0\"");
            }
        }
        let uris = [
            ("logo", &product.logo, "/"),
            ("privacy_uri", &product.privacy_uri, "/"),
            ("terms_uri", &product.terms_uri, "/"),
            ("support_uri", &product.support_uri, "mailto:"),
        ];
        for (name, uri, alternative) in uris {
            let Some(uri) = uri else { continue };
            let sound = url::Url::parse(uri).is_ok_and(|url| {
                url.scheme() == "https" || (url.scheme() == "mailto" && alternative == "mailto:")
            }) || (uri.starts_with(alternative) && !uri.starts_with("//"));
            if !sound || uri.bytes().any(|byte| byte <= b' ' || matches!(byte, b'"' | b';' | b','))
            {
                return refuse(
                    name,
                    uri,
                    &format!("an https URI or one starting with {alternative:?}"),
                );
            }
        }
        Ok(())
    }
}
