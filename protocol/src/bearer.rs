//! The credential of a request to a protected resource: where it is, and of which kind.
//!
//! [RFC 6750 section 2](https://www.rfc-editor.org/rfc/rfc6750#section-2). It comes in a header,
//! once. Nothing about it is believed here.

use crate::access::TokenProblem;
use crate::configuration::{AcceptedCredentials, Prefixes};
use crate::secret::Secret;

/// A credential as it was sent.
#[derive(Debug)]
pub enum Presented {
    /// In `Authorization: Bearer`
    /// ([RFC 6750 section 2.1](https://www.rfc-editor.org/rfc/rfc6750#section-2.1)).
    Bearer(Secret),
    /// In `X-API-Key`, which is for personal access tokens only.
    ApiKey(Secret),
}

impl Presented {
    /// The credential without the header it came in.
    #[must_use]
    pub const fn secret(&self) -> &Secret {
        match self {
            Self::Bearer(secret) | Self::ApiKey(secret) => secret,
        }
    }
}

/// Finds the credential of a request. `authorization` and `api_key` are the values of the two
/// headers, of repeated ones joined by a comma; `query` is the URL's, without the question mark.
///
/// # Errors
///
/// [`PresentationError`]: there is none, more than one, or one that isn't a credential by its
/// characters.
pub fn presented(
    authorization: Option<&str>,
    api_key: Option<&str>,
    query: &str,
) -> Result<Presented, PresentationError> {
    // MRS-13, RFC 9700 section 4.3.2: what is in a URL ends up in logs and histories, so it never
    // counts.
    let in_query = form_urlencoded::parse(query.strip_prefix('?').unwrap_or(query).as_bytes())
        .any(|(name, _)| name == "access_token");
    let bearer = authorization.map_or(Ok(None), bearer)?;
    let api_key = api_key.map(trim).filter(|text| !text.is_empty());
    // RFC 6750 section 2: "Clients MUST NOT use more than one method to transmit the token in each
    // request."
    match (bearer, api_key, in_query) {
        (None, None, false) => Err(PresentationError::Nothing),
        (None, None, true) => Err(PresentationError::OnlyInQuery),
        (Some(token), None, false) => token_of(token).map(Presented::Bearer),
        (None, Some(key), false) if key.contains(',') => Err(PresentationError::Several),
        (None, Some(key), false) => token_of(key).map(Presented::ApiKey),
        (Some(_), Some(_), _) | (Some(_), None, true) | (None, Some(_), true) => {
            Err(PresentationError::Several)
        }
    }
}

/// What follows the scheme Bearer; `None` for another scheme, which is nobody's credential here.
fn bearer(header: &str) -> Result<Option<&str>, PresentationError> {
    // The only way in which two headers are seen: joined by a comma, which no token has.
    let mut schemes = header.split(',').map(after_scheme);
    let first = schemes.next().flatten();
    let another = schemes.any(|scheme| scheme.is_some());
    match first {
        _ if another => Err(PresentationError::Several),
        Some(_) if header.contains(',') => Err(PresentationError::Several),
        first => Ok(first),
    }
}

/// RFC 9110 section 11.1: the name of a scheme is compared without regard to case (MRS-17).
fn after_scheme(header: &str) -> Option<&str> {
    let header = trim(header);
    let (scheme, token) = header.split_once([' ', '\t']).unwrap_or((header, ""));
    scheme.eq_ignore_ascii_case("bearer").then(|| trim(token))
}

/// RFC 6750 section 2.1: `b64token = 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="`.
fn token_of(text: &str) -> Result<Secret, PresentationError> {
    let characters = text.trim_end_matches('=');
    let sound = !characters.is_empty()
        && characters.bytes().all(|byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/')
        });
    if sound { Ok(Secret::new(text)) } else { Err(PresentationError::Malformed) }
}

/// RFC 9110 section 5.5: white space around a field's value is no part of it.
fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

/// Why a request has no credential that could be checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PresentationError {
    /// There is none.
    Nothing,
    /// There is one in the URL, which doesn't count.
    OnlyInQuery,
    /// It came in two ways, or twice in one.
    Several,
    /// It has characters that no token has, or nothing follows the scheme.
    Malformed,
}

/// What a credential is, by how it looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CredentialKind {
    /// A JWT access token.
    AccessToken,
    /// A personal access token.
    PersonalAccessToken,
}

impl CredentialKind {
    /// The name in configuration, logs and `latchkey-credential`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AccessToken => "access_token",
            Self::PersonalAccessToken => "personal_access_token",
        }
    }

    /// Passes when the resource takes credentials of this kind.
    ///
    /// # Errors
    ///
    /// [`TokenProblem::KindNotAccepted`]: it doesn't.
    pub const fn accepted_by(self, accepted: &AcceptedCredentials) -> Result<(), TokenProblem> {
        let is_accepted = match self {
            Self::AccessToken => accepted.access_token,
            Self::PersonalAccessToken => accepted.personal_access_token,
        };
        if is_accepted { Ok(()) } else { Err(TokenProblem::KindNotAccepted(self)) }
    }
}

/// Says what a credential is by its prefix. What has no prefix of ours may be an access token.
///
/// # Errors
///
/// [`TokenProblem`]: it is one of our secrets that opens no resource, or an `X-API-Key` that is no
/// personal access token.
pub fn classify(
    presented: &Presented,
    prefixes: &Prefixes,
) -> Result<CredentialKind, TokenProblem> {
    let text = presented.secret().expose();
    let known = [
        (&prefixes.personal_access_token, Ok(CredentialKind::PersonalAccessToken)),
        // A refresh token lives long and never leaves its client (MRS-12).
        (&prefixes.refresh_token, Err(TokenProblem::RefreshToken)),
        (&prefixes.authorization_code, Err(TokenProblem::AuthorizationCode)),
        (&prefixes.device_code, Err(TokenProblem::NotAnAccessToken)),
        (&prefixes.client_secret, Err(TokenProblem::NotAnAccessToken)),
        (&prefixes.client_id, Err(TokenProblem::NotAnAccessToken)),
        (&prefixes.registration_access_token, Err(TokenProblem::NotAnAccessToken)),
        (&prefixes.initial_access_token, Err(TokenProblem::NotAnAccessToken)),
    ];
    // One configured prefix may begin with another; the longer one says more.
    let found = known
        .into_iter()
        .filter(|(prefix, _)| text.starts_with(prefix.as_str()))
        .max_by_key(|(prefix, _)| prefix.len());
    match (presented, found) {
        (_, Some((_, kind))) => kind,
        (Presented::Bearer(_), None) => Ok(CredentialKind::AccessToken),
        (Presented::ApiKey(_), None) => Err(TokenProblem::ApiKeyWithoutPersonalAccessToken),
    }
}

#[cfg(test)]
mod tests;
