//! Proof Key for Code Exchange.
//!
//! [RFC 7636](https://www.rfc-editor.org/rfc/rfc7636). S256 always; `plain` only where the
//! configuration's `legacy` part allows it.

#[cfg(test)]
mod tests;

use serde::{Serialize, Serializer};
use sha2::{Digest, Sha256};
use std::fmt;
use subtle::ConstantTimeEq;

use crate::json::{FromJson, ReadError, Value};
use crate::{base64url, entropy::Entropy, secret::Secret};

/// How a challenge is made of a verifier.
///
/// [RFC 7636 section 4.2](https://www.rfc-editor.org/rfc/rfc7636#section-4.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, FromJson)]
pub enum CodeChallengeMethod {
    /// The base64url of the verifier's SHA-256.
    S256,
    /// The verifier itself: protects nothing against who can read the authorization request.
    #[serde(rename = "plain")]
    Plain,
}

impl CodeChallengeMethod {
    /// The method as it travels in `code_challenge_method`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::S256 => "S256",
            Self::Plain => "plain",
        }
    }
}

/// The challenge of an authorization request, kept with its code. A plain one is written as the S256 challenge
/// of the same verifier, so that no verifier is stored; those that an older release wrote are still read.
///
/// `Debug` shows only the method: nobody but the client may learn the challenge
/// ([RFC 7636 section 4.4](https://www.rfc-editor.org/rfc/rfc7636#section-4.4)), and a plain one is
/// the verifier.
#[derive(Clone, FromJson)]
#[serde(try_from = "StoredCodeChallenge")]
pub struct CodeChallenge {
    code_challenge: String,
    code_challenge_method: CodeChallengeMethod,
}

impl CodeChallenge {
    /// Reads `code_challenge` and `code_challenge_method` of an authorization request; `None` when
    /// both are absent.
    ///
    /// [RFC 7636 section 4.3](https://www.rfc-editor.org/rfc/rfc7636#section-4.3).
    ///
    /// # Errors
    ///
    /// All of them are `invalid_request`: a method without a challenge, an unknown method, `plain`
    /// (also by leaving the method out) unless `plain_allowed`, or a challenge that the method can't
    /// have made.
    pub fn parse(
        code_challenge: Option<&str>,
        code_challenge_method: Option<&str>,
        plain_allowed: bool,
    ) -> Result<Option<Self>, PkceError> {
        let Some(code_challenge) = code_challenge else {
            return match code_challenge_method {
                Some(_) => Err(PkceError::MethodWithoutChallenge),
                None => Ok(None),
            };
        };
        let method = match code_challenge_method {
            Some("S256") => CodeChallengeMethod::S256,
            Some("plain") if plain_allowed => CodeChallengeMethod::Plain,
            Some("plain") => return Err(PkceError::PlainNotAllowed),
            Some(_) => return Err(PkceError::UnknownMethod),
            // RFC 7636 section 4.3: "Defaults to 'plain' if not present in the request."
            None if plain_allowed => CodeChallengeMethod::Plain,
            None => return Err(PkceError::MethodMissing),
        };
        Self::checked(code_challenge.to_owned(), method).map(Some)
    }

    /// The method of this challenge.
    #[must_use]
    pub const fn method(&self) -> CodeChallengeMethod {
        self.code_challenge_method
    }

    /// The challenge, for the client that sends it in its authorization request.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.code_challenge
    }

    /// Checks the verifier of a token request, in a time that doesn't depend on where it differs.
    ///
    /// [RFC 7636 section 4.6](https://www.rfc-editor.org/rfc/rfc7636#section-4.6).
    ///
    /// # Errors
    ///
    /// `invalid_grant`: the challenge was not made of this verifier.
    pub fn verify(&self, verifier: &CodeVerifier) -> Result<VerifiedPkce, PkceMismatch> {
        let computed = match self.code_challenge_method {
            CodeChallengeMethod::S256 => s256(verifier.expose()),
            CodeChallengeMethod::Plain => verifier.expose().to_owned(),
        };
        // RFC 7636 section 4.6: "If the values are not equal, an error response ... MUST be returned."
        if bool::from(computed.as_bytes().ct_eq(self.code_challenge.as_bytes())) {
            Ok(VerifiedPkce { method: self.code_challenge_method })
        } else {
            Err(PkceMismatch)
        }
    }

    fn checked(code_challenge: String, method: CodeChallengeMethod) -> Result<Self, PkceError> {
        match method {
            CodeChallengeMethod::S256 => {
                let base64url =
                    |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
                if code_challenge.len() != 43 || !code_challenge.bytes().all(base64url) {
                    return Err(PkceError::MalformedS256Challenge);
                }
            }
            CodeChallengeMethod::Plain => {
                if !has_length(&code_challenge) || !is_unreserved(&code_challenge) {
                    return Err(PkceError::MalformedPlainChallenge);
                }
            }
        }
        Ok(Self { code_challenge, code_challenge_method: method })
    }
}

impl fmt::Debug for CodeChallenge {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "CodeChallenge({}, redacted)", self.code_challenge_method.as_str())
    }
}

impl Serialize for CodeChallenge {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let code_challenge = match self.code_challenge_method {
            CodeChallengeMethod::S256 => self.code_challenge.clone(),
            CodeChallengeMethod::Plain => s256(&self.code_challenge),
        };
        let code_challenge_method = CodeChallengeMethod::S256;
        StoredCodeChallenge { code_challenge, code_challenge_method }.serialize(serializer)
    }
}

/// What a row holds, before it is checked again.
#[derive(Serialize, FromJson)]
struct StoredCodeChallenge {
    code_challenge: String,
    code_challenge_method: CodeChallengeMethod,
}

impl TryFrom<StoredCodeChallenge> for CodeChallenge {
    type Error = PkceError;

    fn try_from(stored: StoredCodeChallenge) -> Result<Self, PkceError> {
        Self::checked(stored.code_challenge, stored.code_challenge_method)
    }
}

/// The secret that a client makes for one authorization request and shows at the token endpoint.
///
/// [RFC 7636 section 4.1](https://www.rfc-editor.org/rfc/rfc7636#section-4.1). `Debug` is redacted.
#[derive(Debug)]
pub struct CodeVerifier(Secret);

impl CodeVerifier {
    /// Reads a `code_verifier`: 43 to 128 of `A-Z a-z 0-9 - . _ ~`.
    ///
    /// # Errors
    ///
    /// `invalid_request`: another length or another character.
    pub fn parse(text: &str) -> Result<Self, CodeVerifierError> {
        if !has_length(text) {
            return Err(CodeVerifierError::WrongLength);
        }
        if !is_unreserved(text) {
            return Err(CodeVerifierError::ForbiddenCharacter);
        }
        Ok(Self(Secret::new(text)))
    }

    /// Draws a verifier of 256 bits (43 characters), for a client.
    ///
    /// [RFC 7636 section 7.1](https://www.rfc-editor.org/rfc/rfc7636#section-7.1).
    #[must_use]
    pub fn generate(entropy: &mut impl Entropy) -> Self {
        Self(Secret::generate(entropy))
    }

    /// The verifier itself. Every call is a place to look at in a review.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// The S256 challenge of this verifier, for a client.
    #[must_use]
    pub fn challenge(&self) -> CodeChallenge {
        CodeChallenge {
            code_challenge: s256(self.expose()),
            code_challenge_method: CodeChallengeMethod::S256,
        }
    }
}

impl Serialize for CodeVerifier {
    /// Serialized only in messages to the object that checks it and in the client that made it.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl FromJson for CodeVerifier {
    fn from_json(value: Value) -> Result<Self, ReadError> {
        Self::parse(&String::from_json(value)?).map_err(ReadError::new)
    }
}

/// Proof that a verifier matched the challenge of its code. Only [`CodeChallenge::verify`] makes it.
#[derive(Debug)]
#[must_use]
pub struct VerifiedPkce {
    method: CodeChallengeMethod,
}

impl VerifiedPkce {
    /// The method by which the verifier matched.
    #[must_use]
    pub const fn method(&self) -> CodeChallengeMethod {
        self.method
    }
}

/// `BASE64URL-ENCODE(SHA256(ASCII(code_verifier)))`
/// ([RFC 7636 section 4.2](https://www.rfc-editor.org/rfc/rfc7636#section-4.2)).
fn s256(verifier: &str) -> String {
    base64url::encode(&Sha256::digest(verifier.as_bytes()).into())
}

fn has_length(text: &str) -> bool {
    (43..=128).contains(&text.len())
}

/// Whether every character is of RFC 3986's `unreserved`.
fn is_unreserved(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~'))
}

/// Why the PKCE part of an authorization request is refused. Always `invalid_request`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PkceError {
    /// `code_challenge_method` came without `code_challenge`.
    MethodWithoutChallenge,
    /// `code_challenge` came without a method, which means `plain`, and that isn't allowed.
    MethodMissing,
    /// `plain` isn't allowed.
    PlainNotAllowed,
    /// The method isn't one of RFC 7636. Methods are case-sensitive.
    UnknownMethod,
    /// An S256 challenge isn't 43 characters of base64url.
    MalformedS256Challenge,
    /// A plain challenge isn't 43 to 128 unreserved characters.
    MalformedPlainChallenge,
}

impl fmt::Display for PkceError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::MethodWithoutChallenge => {
                "There is a code_challenge_method but no code_challenge; send both."
            }
            Self::MethodMissing => {
                "The code_challenge_method is missing, which means 'plain', and this server does not accept 'plain'; send code_challenge_method=S256."
            }
            Self::PlainNotAllowed => {
                "This server does not accept the code_challenge_method 'plain'; send code_challenge_method=S256."
            }
            Self::UnknownMethod => {
                "The code_challenge_method is not known; send code_challenge_method=S256, in this case."
            }
            Self::MalformedS256Challenge => {
                "The code_challenge is not an S256 challenge; send the base64url of the SHA-256 of the code_verifier without padding: exactly 43 characters of A-Z a-z 0-9 - _."
            }
            Self::MalformedPlainChallenge => {
                "The code_challenge is not a plain challenge; send the code_verifier: 43 to 128 characters of A-Z a-z 0-9 - . _ ~."
            }
        })
    }
}

impl std::error::Error for PkceError {}

/// Why a `code_verifier` can't be read. Always `invalid_request`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeVerifierError {
    /// It is shorter than 43 or longer than 128 characters.
    WrongLength,
    /// It has a character that isn't unreserved.
    ForbiddenCharacter,
}

impl fmt::Display for CodeVerifierError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::WrongLength => {
                "The code_verifier has the wrong length; send 43 to 128 characters, the ones the code_challenge was made of."
            }
            Self::ForbiddenCharacter => {
                "The code_verifier has a character that is not allowed; use only A-Z a-z 0-9 - . _ ~, without padding."
            }
        })
    }
}

impl std::error::Error for CodeVerifierError {}

/// The verifier isn't the one the challenge was made of. Always `invalid_grant`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PkceMismatch;

impl fmt::Display for PkceMismatch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(
            "The code_verifier does not belong to the code_challenge of this code; send the verifier of the same authorization request.",
        )
    }
}

impl std::error::Error for PkceMismatch {}
