//! Whether a deployment is well: its keys, and what of its configuration an operator should look at.

use serde::Serialize;

use crate::client::ClientId;
use crate::configuration::Configuration;
use crate::key_schedule::ScheduledKey;
use crate::time::{Lifetime, UnixTime};

/// The keys. Of each there are its id and its times, and nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeysHealth {
    /// The key that signs.
    pub signing: Option<KeyHealth>,
    /// The one that is published and signs next, from a day before it does.
    pub next: Option<KeyHealth>,
    /// Those that sign no more, and are published until their last token has expired.
    pub retiring: Vec<KeyHealth>,
    /// When another key takes over.
    pub next_rotation_at: Option<UnixTime>,
}

/// One key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeyHealth {
    /// `kid`.
    pub kid: String,
    /// When it began to sign, or will.
    pub signs_from: UnixTime,
    /// For how many seconds it has been in use.
    pub age: u64,
}

impl KeysHealth {
    /// Looks at the keys, of which `signing` signs, each for `signing_key`.
    #[must_use]
    pub fn of(signing: &str, keys: &[ScheduledKey], signing_key: Lifetime, now: UnixTime) -> Self {
        let of = |key: &ScheduledKey| KeyHealth {
            kid: key.key_id.clone(),
            signs_from: key.signs_from,
            age: now.since(key.signs_from).as_seconds(),
        };
        let current = keys.iter().find(|key| key.key_id == signing);
        let is_other = |key: &&ScheduledKey| key.key_id != signing;
        let next = keys.iter().filter(is_other).find(|key| key.signs_from > now);
        let retiring = keys.iter().filter(is_other).filter(|key| key.signs_from <= now);
        Self {
            signing: current.map(of),
            next: next.map(of),
            retiring: retiring.map(of).collect(),
            next_rotation_at: next
                .map(|key| key.signs_from)
                .or_else(|| current.map(|key| key.signs_from.plus(signing_key))),
        }
    }

    /// Whether some key signs.
    #[must_use]
    pub const fn is_well(&self) -> bool {
        self.signing.is_some()
    }
}

/// What is known of a deployment beside its settings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Facts {
    /// A rate limit of networks is bound.
    pub has_network_limit: bool,
    /// One of tries is.
    pub has_tries_limit: bool,
    /// One of shared egresses is.
    pub has_shared_egress_limit: bool,
    /// There is a key for the names in the log.
    pub has_log_key: bool,
    /// There is a secret under which the keys are sealed.
    pub has_keyring_secret: bool,
    /// The platform keeps fetches from what isn't public.
    pub fetches_public_only: bool,
    /// The playground is served.
    pub has_playground: bool,
}

/// Something that an operator should look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// The setting or binding.
    pub key: &'static str,
    /// What is so.
    pub what: &'static str,
    /// What to do.
    #[serde(rename = "do")]
    pub to_do: &'static str,
}

/// What an operator should look at. None of it keeps the server from working.
#[must_use]
pub fn warnings(configuration: &Configuration, facts: Facts) -> Vec<Warning> {
    let is_public = configuration.issuer.is_https();
    let documents = configuration.client_id_metadata_documents.enabled;
    let legacy = configuration.legacy;
    let all = [
        (
            !is_public,
            "ISSUER",
            "it names the developer's machine: nobody else can use this server",
            "set ISSUER in wrangler.toml to the public https address and deploy",
        ),
        (
            configuration.development.consent_as.is_some(),
            "LATCHKEY.development.consent_as",
            "anyone who reaches this server gets tokens without signing in",
            "remove the setting where others can reach the server",
        ),
        (
            !facts.has_network_limit,
            "NETWORK_LIMIT",
            "nothing limits how often one network registers clients or asks for device codes",
            "bind the rate limit as the shipped wrangler.toml does",
        ),
        (
            !facts.has_tries_limit,
            "TRIES_LIMIT",
            "nothing limits how often one network signs in and up or sends wrong secrets",
            "bind the rate limit as the shipped wrangler.toml does",
        ),
        (
            !facts.has_shared_egress_limit && !configuration.registration.shared_egress.is_empty(),
            "SHARED_EGRESS_LIMIT",
            "nothing limits the networks in registration.shared_egress",
            "bind the rate limit as the shipped wrangler.toml does",
        ),
        (
            is_public && documents && !facts.fetches_public_only,
            "compatibility_flags",
            "clients' metadata documents are not fetched",
            "add \"global_fetch_strictly_public\" to compatibility_flags in wrangler.toml",
        ),
        (
            is_public && facts.has_playground,
            "LATCHKEY.playground",
            "a page with scripts is served on the origin of the sign-in pages",
            "remove the setting unless somebody uses the playground",
        ),
        (
            legacy.plain_pkce || legacy.confidential_without_pkce || legacy.token_endpoint_audience,
            "LATCHKEY.legacy",
            "what only old clients need is allowed, and weakens the server",
            "remove the settings once no client needs them",
        ),
        (
            is_public && !facts.has_log_key,
            "LOG_KEY",
            "whoever has the log and a list of `sub`s can tell whose lines are whose",
            "set a random secret: openssl rand -hex 32 | npx wrangler secret put LOG_KEY",
        ),
        (
            is_public && !facts.has_keyring_secret,
            "KEYRING_SECRET",
            "the private keys lie unsealed in the keyring's storage",
            "set a random secret: openssl rand -hex 32 | npx wrangler secret put KEYRING_SECRET",
        ),
    ];
    all.into_iter()
        .filter(|(applies, ..)| *applies)
        .map(|(_, key, what, to_do)| Warning { key, what, to_do })
        .collect()
}

/// Whether the configuration has a client of this id.
#[must_use]
pub fn is_configured(configuration: &Configuration, client_id: &ClientId) -> bool {
    configuration.clients.iter().any(|client| client.client_id() == client_id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn key(key_id: &str, signs_from: u64) -> ScheduledKey {
        ScheduledKey { key_id: key_id.into(), signs_from: UnixTime::from_seconds(signs_from) }
    }

    fn keys(signing: &str, keys: &[ScheduledKey]) -> KeysHealth {
        KeysHealth::of(signing, keys, Lifetime::seconds(100), UnixTime::from_seconds(150))
    }

    #[test]
    fn issue_7_health_says_which_key_signs_which_is_next_and_when_it_takes_over() {
        let alone = keys("b", &[key("b", 90)]);
        let signing = alone.signing.as_ref().expect("a key");
        assert_eq!((signing.kid.as_str(), signing.age), ("b", 60));
        assert_eq!(
            (alone.next.as_ref(), alone.next_rotation_at),
            (None, Some(UnixTime::from_seconds(190)))
        );
        let all = keys("b", &[key("c", 195), key("b", 90), key("a", 10)]);
        assert_eq!(all.next.as_ref().map(|key| key.kid.as_str()), Some("c"));
        assert_eq!(all.next_rotation_at, Some(UnixTime::from_seconds(195)));
        assert_eq!(all.retiring.iter().map(|key| key.kid.as_str()).collect::<Vec<_>>(), ["a"]);
        assert!(all.is_well() && !keys("gone", &[key("b", 90)]).is_well());
    }

    #[test]
    fn issue_7_health_warns_of_what_weakens_a_deployment_and_of_nothing_else() {
        let good = Facts {
            has_network_limit: true,
            has_tries_limit: true,
            has_shared_egress_limit: true,
            has_log_key: true,
            has_keyring_secret: true,
            fetches_public_only: true,
            has_playground: false,
        };
        let warned = |issuer: &str, settings: serde_json::Value, facts: Facts| {
            let configuration = Configuration::parse(issuer, &settings).expect("a configuration");
            let found = warnings(&configuration, facts);
            found.into_iter().map(|warning| warning.key).collect::<Vec<_>>()
        };
        let public = "https://id.example";
        assert_eq!(warned(public, json!({}), good), [""; 0]);
        assert_eq!(
            warned(public, json!({}), Facts { has_playground: true, ..Facts::default() }),
            [
                "NETWORK_LIMIT",
                "TRIES_LIMIT",
                "SHARED_EGRESS_LIMIT",
                "compatibility_flags",
                "LATCHKEY.playground",
                "LOG_KEY",
                "KEYRING_SECRET"
            ]
        );
        assert_eq!(
            warned(public, json!({ "legacy": { "plain_pkce": true } }), good),
            ["LATCHKEY.legacy"]
        );
        let local = json!({ "development": { "consent_as": "ci@example.com" } });
        assert_eq!(
            warned("http://127.0.0.1:8787", local, good),
            ["ISSUER", "LATCHKEY.development.consent_as"]
        );
    }
}
