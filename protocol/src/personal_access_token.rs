//! Personal access tokens: made by a person for a script of theirs, without a client.
//!
//! `<prefix><account>.<id>.<secret>.<checksum>`: the account and the id route to the object and the
//! row that know the rest; only the secret grants anything, and only its hash is stored. Prefix and
//! checksum let a scanner tell a leaked token from a text that looks like one.

#[cfg(test)]
mod tests;

use crc::{CRC_32_ISO_HDLC, Crc, NoTable};
use serde::Serialize;
use std::fmt;

use crate::client_metadata::plain_text;
use crate::configuration::Configuration;
use crate::entropy::Entropy;
use crate::identifier::{AccountId, PersonalAccessTokenId};
use crate::json::FromJson;
use crate::resource::ResourceIndicator;
use crate::scope::Scope;
use crate::secret::{Secret, SecretHash};
use crate::time::{Lifetime, UnixTime};
use crate::token::secret_part;

/// The most tokens that one person may have at a time, expired ones left out.
pub const MAX_TOKENS_PER_ACCOUNT: usize = 50;
/// The longest label, in characters.
pub const MAX_LABEL_LENGTH: usize = 60;

/// The digits of the checksum, in the order of their values.
const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// By IEEE 802.3, and without a table: it would be 16 KB of the download that compress to nothing less.
const CRC_32: Crc<u32, NoTable> = Crc::<u32, NoTable>::new(&CRC_32_ISO_HDLC);

/// A personal access token, taken apart.
#[derive(Debug, Serialize, FromJson)]
pub struct PersonalAccessToken {
    /// Whose it is.
    pub account: AccountId,
    /// Which of their tokens.
    pub id: PersonalAccessTokenId,
    /// What proves possession.
    pub secret: Secret,
}

/// Why a text isn't a personal access token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParseError {
    /// It doesn't start with the prefix.
    NotOne,
    /// It starts with the prefix, but it isn't whole: its form or its checksum is wrong.
    Damaged,
}

impl PersonalAccessToken {
    /// Reads a token that should start with `prefix`. What can't have been issued is refused here,
    /// so that it costs no request to an account.
    ///
    /// # Errors
    ///
    /// [`ParseError`]; `invalid_token` at a resource.
    pub fn parse(prefix: &str, text: &str) -> Result<Self, ParseError> {
        let rest = text.strip_prefix(prefix).ok_or(ParseError::NotOne)?;
        let read = || {
            let (signed, checksum) = text.rsplit_once('.')?;
            if self::checksum(signed) != checksum {
                return None;
            }
            let mut parts = rest.split('.');
            let account = AccountId::parse(parts.next()?)?;
            let id = PersonalAccessTokenId::parse(parts.next()?)?;
            let secret = secret_part(parts.next()?)?;
            (parts.next() == Some(checksum) && parts.next().is_none()).then_some(Self {
                account,
                id,
                secret,
            })
        };
        read().ok_or(ParseError::Damaged)
    }

    /// Writes the token with `prefix`.
    #[must_use]
    pub fn to_wire(&self, prefix: &str) -> Secret {
        let signed = format!("{prefix}{}.{}.{}", self.account, self.id, self.secret.expose());
        let checksum = checksum(&signed);
        Secret::new(format!("{signed}.{checksum}"))
    }
}

/// The CRC-32 (IEEE) of `text` as 6 digits of base 62, the most significant first. It finds typing
/// errors and chance; it proves nothing.
fn checksum(text: &str) -> String {
    let mut rest = CRC_32.checksum(text.as_bytes());
    let mut digits = ['0'; 6];
    for digit in digits.iter_mut().rev() {
        let value = usize::try_from(rest % 62).unwrap_or_default();
        *digit = BASE62.get(value).copied().map_or('0', char::from);
        rest /= 62;
    }
    digits.into_iter().collect()
}

/// What the account's object stores about a personal access token.
#[derive(Debug, Clone, Serialize, FromJson)]
pub struct PersonalAccessTokenRecord {
    /// Which token.
    pub id: PersonalAccessTokenId,
    /// What the person calls it.
    pub label: String,
    /// The hash of its secret part.
    pub secret_hash: SecretHash,
    /// What it may do.
    pub scope: Scope,
    /// For which resources.
    pub resources: Vec<ResourceIndicator>,
    /// When the person made it.
    pub created_at: UnixTime,
    /// When it ends.
    pub expires_at: UnixTime,
}

/// What a token gives, for whoever checks it: the record without its hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, FromJson)]
pub struct TokenGrant {
    /// What the person calls it. Absent from the answer of the release before.
    #[serde(default)]
    pub label: Option<Box<str>>,
    /// What it may do.
    pub scope: Scope,
    /// For which resources.
    pub resources: Vec<ResourceIndicator>,
    /// When the person made it.
    pub created_at: UnixTime,
    /// When it ends.
    pub expires_at: UnixTime,
}

/// Why a token of a known id isn't accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, FromJson)]
#[serde(rename_all = "snake_case")]
pub enum UseError {
    /// The secret isn't this token's.
    WrongSecret,
    /// Its time is over.
    Expired,
}

impl PersonalAccessTokenRecord {
    /// Whether `secret` is this token's, and it lives at `now`.
    ///
    /// # Errors
    ///
    /// [`UseError`]; `invalid_token` at a resource. Only who has the secret learns that it expired.
    pub fn check(&self, secret: &Secret, now: UnixTime) -> Result<(), UseError> {
        if !self.secret_hash.matches(secret) {
            return Err(UseError::WrongSecret);
        }
        if self.expires_at.has_passed(now) {
            return Err(UseError::Expired);
        }
        Ok(())
    }

    /// What the token gives.
    #[must_use]
    pub fn grant(&self) -> TokenGrant {
        TokenGrant {
            label: Some(self.label.as_str().into()),
            scope: self.scope.clone(),
            resources: self.resources.clone(),
            created_at: self.created_at,
            expires_at: self.expires_at,
        }
    }
}

/// The token that a person asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, FromJson)]
pub struct NewToken {
    /// What they want to call it, as they typed it.
    pub label: String,
    /// What it may do.
    pub scope: Scope,
    /// For which resources.
    pub resources: Vec<ResourceIndicator>,
    /// How long it lives, in seconds.
    pub lifetime: Lifetime,
}

/// Why a token isn't made. Its text is for the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, FromJson)]
#[serde(rename_all = "snake_case")]
pub enum CreateError {
    /// There is no label, or nothing of it can be seen.
    LabelMissing,
    /// The label is longer than [`MAX_LABEL_LENGTH`].
    LabelTooLong,
    /// No scope is chosen.
    ScopeMissing,
    /// A scope doesn't exist.
    ScopeUnknown,
    /// No resource is chosen.
    ResourceMissing,
    /// A resource doesn't exist.
    ResourceUnknown,
    /// A resource doesn't accept personal access tokens.
    ResourceRefusesThem,
    /// It would end at once.
    LifetimeMissing,
    /// It would live longer than the deployment allows.
    LifetimeTooLong,
    /// The person has [`MAX_TOKENS_PER_ACCOUNT`] already.
    TooMany,
}

impl fmt::Display for CreateError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::LabelMissing => "Give the token a name, so that you know later what it is for.",
            Self::LabelTooLong => "The name is longer than 60 characters; choose a shorter one.",
            Self::ScopeMissing => "Choose at least one thing that the token may do.",
            Self::ScopeUnknown => "One of the chosen permissions does not exist any more.",
            Self::ResourceMissing => "Choose at least one place where the token can be used.",
            Self::ResourceUnknown => "One of the chosen places does not exist any more.",
            Self::ResourceRefusesThem => {
                "One of the chosen places does not accept personal access tokens."
            }
            Self::LifetimeMissing => "Choose when the token expires.",
            Self::LifetimeTooLong => "The token would live too long; choose an earlier end.",
            Self::TooMany => "You have 50 tokens already; revoke one that you don't need first.",
        })
    }
}

impl std::error::Error for CreateError {}

/// Makes a personal access token: the record to store, and the token to show once. How many the
/// person has already is the caller's to count ([`MAX_TOKENS_PER_ACCOUNT`]).
///
/// # Errors
///
/// [`CreateError`] names the first thing to change.
pub fn create(
    new: &NewToken,
    account: &AccountId,
    configuration: &Configuration,
    now: UnixTime,
    entropy: &mut impl Entropy,
) -> Result<(PersonalAccessTokenRecord, PersonalAccessToken), CreateError> {
    let label = plain_text(&new.label).ok_or(CreateError::LabelMissing)?;
    if label.chars().count() > MAX_LABEL_LENGTH {
        return Err(CreateError::LabelTooLong);
    }
    // A deployment without scopes has nothing to choose from.
    if new.scope.is_empty() && !configuration.scopes.is_empty() {
        return Err(CreateError::ScopeMissing);
    }
    if !new.scope.is_subset_of(&configuration.known_scope()) {
        return Err(CreateError::ScopeUnknown);
    }
    let resources = checked_resources(&new.resources, configuration)?;
    if new.lifetime == Lifetime::default() {
        return Err(CreateError::LifetimeMissing);
    }
    if new.lifetime > configuration.lifetimes.personal_access_token {
        return Err(CreateError::LifetimeTooLong);
    }

    let token = PersonalAccessToken {
        account: account.clone(),
        id: PersonalAccessTokenId::generate(entropy),
        secret: Secret::generate(entropy),
    };
    let record = PersonalAccessTokenRecord {
        id: token.id.clone(),
        label,
        secret_hash: token.secret.hash(),
        scope: new.scope.clone(),
        resources,
        created_at: now,
        expires_at: now.plus(new.lifetime),
    };
    Ok((record, token))
}

/// The chosen resources, each once. A resource without a gateway checks its tokens by introspection,
/// so it takes them.
fn checked_resources(
    chosen: &[ResourceIndicator],
    configuration: &Configuration,
) -> Result<Vec<ResourceIndicator>, CreateError> {
    let mut resources: Vec<ResourceIndicator> = Vec::new();
    for resource in chosen {
        let known =
            configuration.protected_resource(resource).ok_or(CreateError::ResourceUnknown)?;
        let gateway = known.gateway.as_ref();
        if gateway.is_some_and(|gateway| !gateway.credentials.personal_access_token) {
            return Err(CreateError::ResourceRefusesThem);
        }
        if !resources.contains(resource) {
            resources.push(resource.clone());
        }
    }
    if resources.is_empty() { Err(CreateError::ResourceMissing) } else { Ok(resources) }
}
