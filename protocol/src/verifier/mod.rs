//! For resource servers: checks Latchkey's JWT access tokens on the spot, without a call for each
//! ([RFC 9068 section 4](https://www.rfc-editor.org/rfc/rfc9068#section-4)). Behind the feature
//! `verifier`.
//!
//! **A revocation isn't seen here before the token expires** (`lifetimes.access_token`, an hour by
//! default): the signature stays as good as it was. Where it must act at once, put the resource behind
//! the gateway or ask `/introspect`. Personal access tokens and refresh tokens are no JWTs, and are
//! refused here.
//!
//! `sub` is the person: random, and the same for all clients. `client_id` is the app. **Where `sub` equals
//! `client_id` there is no person:** the client calls for itself (`client_credentials`).
//!
//! Like everything in this crate it does no I/O and reads no clock: the caller fetches the keys and says
//! what time it is. What to fetch is `jwks_uri` of the issuer's metadata, `<issuer>/jwks`: over https,
//! following no redirect, with a time limit of some seconds. When to fetch it is [`KeyCache`]'s to say.
//!
//! ```
//! use latchkey_protocol::bearer::presented;
//! use latchkey_protocol::configuration::Issuer;
//! use latchkey_protocol::access::Refusal;
//! use latchkey_protocol::resource::ResourceIndicator;
//! use latchkey_protocol::scope::Scope;
//! use latchkey_protocol::time::UnixTime;
//! use latchkey_protocol::verifier::{AccessToken, CachePolicy, KeyCache, Verifier, VerifyError};
//! use std::sync::Mutex;
//!
//! /// One for the whole program: it holds the keys.
//! struct Api {
//!     verifier: Verifier,
//!     keys: Mutex<KeyCache>,
//! }
//!
//! impl Api {
//!     /// `fetch` is GET `https://id.example/jwks` with the HTTP client of your choice: the body of a 200,
//!     /// or an error.
//!     fn access_token(
//!         &self,
//!         authorization: Option<&str>,
//!         needed: &Scope,
//!         now: UnixTime,
//!         fetch: impl FnOnce() -> Result<String, String>,
//!     ) -> Result<AccessToken, VerifyError> {
//!         let token = presented(authorization, None, "").map_err(Refusal::from)?;
//!         let token = token.secret().expose();
//!         // The mutex is free again before the fetch begins.
//!         if self.keys.lock().unwrap().must_fetch_for(token, now) {
//!             let fetched = fetch().and_then(|jwks| {
//!                 self.keys.lock().unwrap().store(&jwks, now).map_err(|error| error.to_string())
//!             });
//!             if let Err(error) = fetched {
//!                 eprintln!("The keys of the authorization server: {error}");
//!             }
//!         }
//!         let keys = self.keys.lock().unwrap();
//!         let token = self.verifier.verify(token, keys.keys(now)?, now)?;
//!         token.require(needed)?;
//!         Ok(token)
//!     }
//! }
//!
//! let verifier = Verifier::new(
//!     Issuer::parse("https://id.example")?,
//!     ResourceIndicator::parse("https://api.example/v1")?,
//! );
//! let api = Api { verifier, keys: Mutex::new(KeyCache::new(CachePolicy::default())) };
//! let read = Scope::parse("read")?;
//! # use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
//! # use p256::ecdsa::{Signature, SigningKey, signature::Signer as _};
//! # let key = SigningKey::from_slice(&[7; 32]).unwrap();
//! # let point = key.verifying_key().to_encoded_point(false);
//! # let [x, y] = [point.x(), point.y()].map(|part| URL_SAFE_NO_PAD.encode(part.unwrap()));
//! # let jwks = format!(r#"{{"keys":[{{"kty":"EC","crv":"P-256","kid":"1","x":"{x}","y":"{y}"}}]}}"#);
//! # let message = [
//! #     r#"{"typ":"at+jwt","alg":"ES256","kid":"1"}"#,
//! #     r#"{"iss":"https://id.example","sub":"AAAAAAAAAAAAAAAAAAAAAA","aud":"https://api.example/v1",
//! #         "client_id":"app","scope":"read","jti":"1","grant_id":"AAAAAAAAAAAAAAAAAAAAAA",
//! #         "auth_time":1800000000,"iat":1800000000,"exp":1800003600}"#,
//! # ].map(|part| URL_SAFE_NO_PAD.encode(part)).join(".");
//! # let signature: Signature = key.sign(message.as_bytes());
//! # let header = format!("Bearer {message}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()));
//! # let now = UnixTime::from_seconds(1_800_000_060);
//! let token = api.access_token(Some(&header), &read, now, || Ok(jwks))?;
//! println!("{} by {}", token.claims().subject().as_str(), token.claims().client_id.as_str());
//!
//! // What to answer when it isn't good. The keys are known by now.
//! let write = Scope::parse("write")?;
//! let error = api.access_token(Some(&header), &write, now, || unreachable!()).unwrap_err();
//! assert_eq!(error.status(), 403);
//! let metadata = "https://api.example/.well-known/oauth-protected-resource/v1";
//! assert_eq!(
//!     api.verifier.challenge(&error, &write, metadata).as_deref(),
//!     Some(
//!         "Bearer error=\"insufficient_scope\", error_description=\"The token does not have the scopes \
//!          this needs. held: read; needed: write\", scope=\"read write\", \
//!          resource_metadata=\"https://api.example/.well-known/oauth-protected-resource/v1\""
//!     )
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod key_cache;
mod key_set;
#[cfg(test)]
mod tests;

pub use key_cache::{CachePolicy, KeyCache};
pub use key_set::{KeySet, KeySetError};

use std::fmt;

use crate::access::{Refusal, TokenProblem};
use crate::challenge::challenge;
use crate::configuration::Issuer;
use crate::jwt::{AccessTokenClaims, MAXIMUM_LENGTH, Received};
use crate::resource::ResourceIndicator;
use crate::scope::Scope;
use crate::time::UnixTime;

/// What one resource server accepts: tokens of one issuer for one audience.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verifier {
    issuer: Issuer,
    audience: ResourceIndicator,
}

impl Verifier {
    /// Accepts access tokens that `issuer` gave out for `audience`, the identifier of the resource as it
    /// is configured there.
    #[must_use]
    pub const fn new(issuer: Issuer, audience: ResourceIndicator) -> Self {
        Self { issuer, audience }
    }

    /// Believes a token that passes every check of
    /// [RFC 9068 section 4](https://www.rfc-editor.org/rfc/rfc9068#section-4): `typ`, `crit`, an
    /// algorithm that is accepted and the key's own, signature, `exp` and `nbf` with 30 seconds for
    /// clocks that disagree, `iss` and `aud`.
    ///
    /// It says nothing about what the token allows: see [`AccessToken::require`].
    ///
    /// # Errors
    ///
    /// `invalid_token`, always: [`VerifyError::Refused`] names the first check that failed.
    pub fn verify(
        &self,
        token: &str,
        keys: &KeySet,
        now: UnixTime,
    ) -> Result<AccessToken, VerifyError> {
        if token.len() > MAXIMUM_LENGTH {
            return Err(TokenProblem::Malformed.into());
        }
        let issuer = self.issuer.as_str();
        let claims = Received::parse(token)
            .and_then(|received| received.verify(keys.verdict(&received), issuer, now))
            .map_err(|error| TokenProblem::of_jwt(error, token, issuer))?;
        // RFC 9068 section 4: "The resource server MUST validate that the 'aud' claim contains a
        // resource indicator value corresponding to an identifier the resource server expects".
        if claims.audience != self.audience {
            return Err(TokenProblem::WrongAudience { found: vec![claims.audience] }.into());
        }
        Ok(AccessToken { claims })
    }

    /// The `WWW-Authenticate` header of the answer to a request that is refused
    /// ([RFC 6750 section 3](https://www.rfc-editor.org/rfc/rfc6750#section-3)); `None` when another
    /// token would not help. `needed` is what the request needs, `metadata_url` where the resource's
    /// metadata is ([RFC 9728](https://www.rfc-editor.org/rfc/rfc9728)).
    #[must_use]
    pub fn challenge(
        &self,
        error: &VerifyError,
        needed: &Scope,
        metadata_url: &str,
    ) -> Option<String> {
        match error {
            VerifyError::NoKeys => None,
            VerifyError::Refused(refusal) => {
                challenge(refusal, needed, metadata_url, self.issuer.as_str(), &self.audience)
            }
        }
    }
}

/// A token that [`Verifier::verify`] believes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessToken {
    claims: AccessTokenClaims,
}

impl AccessToken {
    /// What it says.
    #[must_use]
    pub const fn claims(&self) -> &AccessTokenClaims {
        &self.claims
    }

    /// Passes when the token holds every scope of `needed`. Scopes that imply others (`implies` in the
    /// configuration) are the gateway's knowledge and not in the token: ask for what was granted.
    ///
    /// # Errors
    ///
    /// `insufficient_scope`: it lacks one. It names all that are needed (MRS-08).
    pub fn require(&self, needed: &Scope) -> Result<(), VerifyError> {
        if needed.is_subset_of(&self.claims.scope) {
            return Ok(());
        }
        let (held, needed) = (self.claims.scope.clone(), needed.clone());
        Err(VerifyError::Refused(Refusal::InsufficientScope { held, needed }))
    }
}

/// Why a request isn't let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VerifyError {
    /// There are no keys to check with, which isn't the client's fault: fetching them has failed.
    NoKeys,
    /// The token isn't good here, or not for this.
    Refused(Refusal),
}

impl VerifyError {
    /// The HTTP status of the answer.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::NoKeys => 503,
            Self::Refused(refusal) => refusal.status(),
        }
    }

    /// The reason, for a log.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::NoKeys => "no_keys",
            Self::Refused(refusal) => refusal.name(),
        }
    }
}

impl fmt::Display for VerifyError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl std::error::Error for VerifyError {}

impl From<Refusal> for VerifyError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<TokenProblem> for VerifyError {
    fn from(problem: TokenProblem) -> Self {
        Self::Refused(problem.into())
    }
}
