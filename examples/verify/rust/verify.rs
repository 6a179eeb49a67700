// Cargo.toml: latchkey-protocol with features = ["verifier"], and an HTTP client, here reqwest with
// "blocking" and TLS.
use latchkey_protocol::configuration::Issuer;
use latchkey_protocol::resource::ResourceIndicator;
use latchkey_protocol::scope::Scope;
use latchkey_protocol::time::UnixTime;
use latchkey_protocol::verifier::{AccessToken, KeyCache, Verifier, VerifyError};
use std::error::Error;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

/// Checks the access tokens of one issuer for one resource. Make one for the whole program.
pub struct Resource {
    verifier: Verifier,
    keys: Mutex<KeyCache>,
    http: reqwest::blocking::Client,
    jwks_uri: String,
}

impl Resource {
    /// `issuer` is https://id.example.com, as in its metadata; `resource` is https://api.example.com/v1,
    /// as `uri` in its configuration.
    pub fn new(issuer: &str, resource: &str) -> Result<Self, Box<dyn Error>> {
        let http = reqwest::blocking::Client::builder()
            .timeout(Duration::from_secs(5))
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        Ok(Self {
            verifier: Verifier::new(Issuer::parse(issuer)?, ResourceIndicator::parse(resource)?),
            keys: Mutex::default(),
            http,
            jwks_uri: format!("{issuer}/jwks"),
        })
    }

    /// The token, if it is good and has these scopes. `VerifyError` has the status to answer with and,
    /// by `Verifier::challenge`, the `WWW-Authenticate` header.
    pub fn verify(&self, token: &str, needed: &Scope) -> Result<AccessToken, VerifyError> {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let now = UnixTime::from_seconds(since.unwrap_or_default().as_secs());
        let keys = || self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        // Kept for an hour; a key that is new is fetched at once, but no more than once in 30 seconds.
        if keys().must_fetch_for(token, now) {
            let fetched = self.fetch().and_then(|jwks| Ok(keys().store(&jwks, now)?));
            if let Err(error) = fetched {
                eprintln!("GET {}: {error}", self.jwks_uri);
            }
        }
        let token = self.verifier.verify(token, keys().keys(now)?, now)?;
        token.require(needed)?;
        Ok(token)
    }

    fn fetch(&self) -> Result<String, Box<dyn Error>> {
        Ok(self.http.get(&self.jwks_uri).send()?.error_for_status()?.text()?)
    }
}
