//! Software statements ([RFC 7591 section 2.3](https://www.rfc-editor.org/rfc/rfc7591#section-2.3)):
//! what a trusted third party says about a client, as a signed JWT.
//!
//! Web Crypto checks the signature, so reading a statement and believing it are two steps.

#[cfg(test)]
#[path = "software_statement_tests.rs"]
mod tests;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jwt_compact::UntrustedToken;
use serde_json::{Map, Value};

use crate::client_metadata::{ClientMetadata, is_member};
use crate::configuration::{Configuration, Endpoint, StatementKey, TrustedIssuer};
use crate::error::{ErrorCode, ErrorReply};
use crate::jwt::{SignatureAlgorithm, SignatureVerdict, WireHeader};
use crate::time::{Lifetime, UnixTime};

/// The longest statement, in bytes. It is stored with the client.
const MAXIMUM_LENGTH: usize = 8 * 1024;

/// How far the clocks of two servers may disagree.
const LEEWAY: Lifetime = Lifetime::seconds(30);

/// The member of a registration that holds the statement of this deployment's interest; `None`
/// when there is none, or nobody is trusted to make one
/// ([RFC 7591 section 3.1.1](https://www.rfc-editor.org/rfc/rfc7591#section-3.1.1): a server may
/// ignore statements).
///
/// # Errors
///
/// `invalid_software_statement`: it is there and no text.
pub fn presented<'a>(
    members: &'a Map<String, Value>,
    configuration: &Configuration,
) -> Result<Option<&'a str>, StatementError> {
    if configuration.registration.software_statements.is_empty() {
        return Ok(None);
    }
    match members.get("software_statement") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.is_empty() => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(StatementError::Malformed),
    }
}

/// What a statement has to say for the client to be approved by it: all by which a person knows it, and
/// all by which it gets codes and tokens.
const VOUCHED: [&str; 3] = ["client_name", "redirect_uris", "grant_types"];

/// What a consent page shows beside the name of an approved client. Where the statement doesn't say it,
/// nobody vouches for it.
const SHOWN: [&str; 4] = ["client_uri", "logo_uri", "tos_uri", "policy_uri"];

/// A statement that nobody has checked.
#[derive(Debug)]
pub struct ReceivedStatement<'a> {
    text: &'a str,
    token: UntrustedToken<'a, WireHeader>,
    claims: Map<String, Value>,
}

/// RFC 7515 section 4.1.9: `typ` is a media type, in any case, with or without its first part.
fn is_statement(kind: &str) -> bool {
    let kind = kind.to_ascii_lowercase();
    let kind = kind.strip_prefix("application/").unwrap_or(&kind);
    matches!(kind, "jwt" | "software-statement+jwt")
}

impl<'a> ReceivedStatement<'a> {
    /// Takes a statement apart without believing any of it.
    ///
    /// # Errors
    ///
    /// `invalid_software_statement`: it is no signed JWT.
    pub fn parse(text: &'a str) -> Result<Self, StatementError> {
        if text.len() > MAXIMUM_LENGTH {
            return Err(StatementError::TooLong);
        }
        let token: UntrustedToken<'a, WireHeader> =
            UntrustedToken::try_from(text).map_err(|_| StatementError::Malformed)?;
        // RFC 7515 section 4.1.11: an extension that isn't understood makes the token invalid.
        if token.header().other_fields.crit.is_some() {
            return Err(StatementError::Malformed);
        }
        // RFC 8725 section 3.11: a JWT of a kind of its own was signed for something else.
        if !token.header().token_type.as_deref().is_none_or(is_statement) {
            return Err(StatementError::Malformed);
        }
        let mut parts = text.split('.');
        let claims = parts.nth(1).unwrap_or_default();
        let claims = URL_SAFE_NO_PAD.decode(claims).map_err(|_| StatementError::Malformed)?;
        let claims = ClientMetadata::object(&claims).map_err(|_| StatementError::Malformed)?;
        Ok(Self { text, token, claims })
    }

    /// Who made it, if the statement is for this server and its time is right. The signature is still
    /// to be checked.
    ///
    /// # Errors
    ///
    /// - `unapproved_software_statement`: nobody here trusts who made it.
    /// - `invalid_software_statement`: it doesn't say who made it, is for others, or its time is over
    ///   or has not come.
    pub fn issuer<'c>(
        &self,
        configuration: &'c Configuration,
        now: UnixTime,
    ) -> Result<&'c TrustedIssuer, StatementError> {
        // RFC 7591 section 2.3: "iss" says which authority attests to the claims.
        let issuer =
            self.claims.get("iss").and_then(Value::as_str).ok_or(StatementError::NoIssuer)?;
        let trusted = &configuration.registration.software_statements;
        let trusted =
            trusted.iter().find(|one| one.issuer == issuer).ok_or(StatementError::NotTrusted)?;
        if let Some(audience) = self.claims.get("aud") {
            // RFC 7519 section 4.1.3: whoever isn't in the audience MUST reject the JWT.
            let registration = configuration.endpoints.url(Endpoint::Registration);
            let is_here = |value: &Value| {
                value.as_str().is_some_and(|text| {
                    text == configuration.issuer.as_str() || text == registration
                })
            };
            let is_for_us = match audience {
                Value::Array(several) => several.iter().any(is_here),
                one => is_here(one),
            };
            if !is_for_us {
                return Err(StatementError::ForAnother);
            }
        }
        if self.time("exp")?.is_some_and(|end| end.plus(LEEWAY).has_passed(now)) {
            return Err(StatementError::Expired);
        }
        if self.time("nbf")?.is_some_and(|start| !start.has_passed(now.plus(LEEWAY))) {
            return Err(StatementError::NotYetValid);
        }
        Ok(trusted)
    }

    /// A claim that is a time in seconds, whole or not
    /// ([RFC 7519 section 2](https://www.rfc-editor.org/rfc/rfc7519#section-2)).
    fn time(&self, name: &str) -> Result<Option<UnixTime>, StatementError> {
        let Some(value) = self.claims.get(name) else { return Ok(None) };
        let seconds = value.as_u64().or_else(|| {
            let seconds = value.as_f64().filter(|seconds| (0.0..9e15).contains(seconds))?;
            format!("{seconds:.0}").parse().ok()
        });
        seconds.map(UnixTime::from_seconds).map(Some).ok_or(StatementError::Malformed)
    }

    /// The keys of `issuer` that may have signed it: the one that it names, or else each that its
    /// algorithm is for.
    ///
    /// # Errors
    ///
    /// `invalid_software_statement`: there is none.
    pub fn keys<'c>(
        &self,
        issuer: &'c TrustedIssuer,
    ) -> Result<Vec<&'c StatementKey>, StatementError> {
        // RFC 8725 section 3.1: only the algorithms that are expected, never "none".
        let algorithm = self.token.algorithm();
        let algorithm = SignatureAlgorithm::ALL
            .into_iter()
            .find(|known| known.as_str() == algorithm)
            .ok_or(StatementError::WrongAlgorithm)?;
        let named = self.token.header().key_id.as_deref();
        let fits = |key: &&StatementKey| {
            key.algorithm == algorithm
                && named.is_none_or(|named| key.key_id.as_deref().is_none_or(|own| own == named))
        };
        let keys: Vec<_> = issuer.keys.iter().filter(fits).collect();
        if keys.is_empty() { Err(StatementError::NoSuchKey) } else { Ok(keys) }
    }

    /// The signed bytes.
    #[must_use]
    pub fn message(&self) -> &[u8] {
        self.text.rsplit_once('.').map_or(&[], |(message, _)| message.as_bytes())
    }

    /// The signature to check over [`Self::message`].
    #[must_use]
    pub fn signature(&self) -> &[u8] {
        self.token.signature_bytes()
    }

    /// Believes the statement, if its signature is one of the issuer's keys'.
    ///
    /// # Errors
    ///
    /// `invalid_software_statement`: it isn't.
    pub fn accept(
        self,
        verdict: SignatureVerdict,
        issuer: &TrustedIssuer,
    ) -> Result<AcceptedStatement, StatementError> {
        match verdict {
            SignatureVerdict::Valid => Ok(self.believed(issuer.approved)),
            SignatureVerdict::Invalid => Err(StatementError::BadSignature),
        }
    }

    /// Believes a statement that is stored with its client: it was checked when it came. What the
    /// operator has decided about the client since is no matter of the statement.
    #[must_use]
    pub fn accepted_before(self) -> AcceptedStatement {
        self.believed(false)
    }

    fn believed(self, is_approval: bool) -> AcceptedStatement {
        let mut members = self.claims;
        members.retain(|name, _| is_member(name));
        // Whoever has the software has its statement. Approved is only what leads where the issuer
        // says, by the grants and under the name that it says, or a stranger would register their own
        // under the vouched ones.
        let is_approval = is_approval && VOUCHED.iter().all(|name| members.contains_key(*name));
        AcceptedStatement { text: self.text.to_owned(), members, is_approval }
    }
}

/// A statement that is believed.
#[derive(Debug, Clone)]
pub struct AcceptedStatement {
    text: String,
    members: Map<String, Value>,
    is_approval: bool,
}

impl AcceptedStatement {
    /// The statement as it was sent.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether a client that it is about is approved: the issuer's are, and it says the client's name,
    /// grants and redirect URIs.
    #[must_use]
    pub const fn is_approval(&self) -> bool {
        self.is_approval
    }

    /// What the client says, with what the statement claims in its place.
    #[must_use]
    pub fn over(&self, mut members: Map<String, Value>) -> Map<String, Value> {
        // RFC 7591 section 2: only one of the two may be there, and the statement's it is.
        for (name, other) in [("jwks", "jwks_uri"), ("jwks_uri", "jwks")] {
            if self.members.contains_key(name) {
                members.remove(other);
            }
        }
        // RFC 7591 section 2.3: "metadata values conveyed in the software statement MUST take
        // precedence over those conveyed using plain JSON elements."
        for (name, value) in &self.members {
            members.insert(name.clone(), value.clone());
            // Nor may a translation say something else than the claim that it translates.
            let translation = format!("{name}#");
            members.retain(|other, _| {
                !other.starts_with(&translation) || self.members.contains_key(other)
            });
        }
        if self.is_approval {
            // What the page shows of an approved client is vouched for, or isn't there.
            members.retain(|name, _| {
                let untranslated = name.split('#').next().unwrap_or(name);
                !SHOWN.contains(&untranslated) || self.members.contains_key(name)
            });
        }
        members
    }
}

/// Why a software statement doesn't count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatementError {
    /// It is longer than 8 KB.
    TooLong,
    /// It isn't a signed JWT with an object of claims.
    Malformed,
    /// Its algorithm isn't one that is accepted.
    WrongAlgorithm,
    /// It doesn't say who made it.
    NoIssuer,
    /// Nobody here trusts who made it.
    NotTrusted,
    /// It is for another server.
    ForAnother,
    /// Its time is over.
    Expired,
    /// Its time has not come.
    NotYetValid,
    /// The issuer has no key of its `kid` and algorithm.
    NoSuchKey,
    /// The signature isn't the issuer's.
    BadSignature,
}

impl StatementError {
    /// What the client is told
    /// ([RFC 7591 section 3.2.2](https://www.rfc-editor.org/rfc/rfc7591#section-3.2.2)).
    #[must_use]
    pub fn reply(self) -> ErrorReply {
        let (code, description) = match self {
            Self::TooLong => (
                ErrorCode::InvalidSoftwareStatement,
                "The software statement is too long; at most 8192 bytes are read.",
            ),
            Self::Malformed => (
                ErrorCode::InvalidSoftwareStatement,
                "The software statement is not a signed JWT; send one as a string.",
            ),
            Self::WrongAlgorithm => (
                ErrorCode::InvalidSoftwareStatement,
                "The software statement is not signed with ES256, RS256 or EdDSA.",
            ),
            Self::NoIssuer => (
                ErrorCode::InvalidSoftwareStatement,
                "The software statement has no 'iss'; it has to say who made it.",
            ),
            Self::NotTrusted => (
                ErrorCode::UnapprovedSoftwareStatement,
                "The issuer of the software statement is not trusted here; ask the operator.",
            ),
            Self::ForAnother => (
                ErrorCode::InvalidSoftwareStatement,
                "The software statement is for another server; its 'aud' has to be this issuer.",
            ),
            Self::Expired => (
                ErrorCode::InvalidSoftwareStatement,
                "The software statement has expired; get a new one.",
            ),
            Self::NotYetValid => (
                ErrorCode::InvalidSoftwareStatement,
                "The software statement is not valid yet; its 'nbf' is in the future.",
            ),
            Self::NoSuchKey | Self::BadSignature => (
                ErrorCode::InvalidSoftwareStatement,
                "The signature of the software statement is not valid.",
            ),
        };
        ErrorReply::new(code, description)
    }
}
