//! The authorization code grant
//! ([RFC 6749 section 4.1](https://www.rfc-editor.org/rfc/rfc6749#section-4.1)): what approving
//! stores, and what redeeming decides.

use serde::Serialize;

use super::{
    Asked, ChallengeRecord, CodeState, Decision, EndReason, FamilyState, GrantRecord, Granted,
    Write, audience, installation, redeemed,
};
use crate::activity::Activity;
use crate::authorize::AuthorizationRequest;
use crate::client::ClientId;
use crate::client_id_metadata::ClientSnapshot;
use crate::configuration::{Configuration, Lifetimes};
use crate::entropy::Entropy;
use crate::error::{ErrorCode, ErrorReply};
use crate::identifier::AccountId;
use crate::json::FromJson;
use crate::pkce::CodeVerifier;
use crate::secret::Secret;
use crate::time::UnixTime;

/// After this many wrong verifiers a code is dead, so that nobody can guess on.
const MAX_FAILED_ATTEMPTS: u8 = 5;

/// What approving a request comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, FromJson)]
#[serde(rename_all = "snake_case")]
pub enum Approval {
    /// The code of this request is good and can be sent to the client. Also the answer to a second
    /// click, with the same code.
    CodeIssued,
    /// The code was already redeemed or has died: there is nothing to send.
    AlreadyUsed,
}

/// Who approves.
#[derive(Debug, Clone, Copy)]
pub struct Approver<'a> {
    /// Their account.
    pub account: &'a AccountId,
    /// When they last entered their password.
    pub authenticated_at: UnixTime,
}

impl Approval {
    /// What approving comes to once the grant is there: its code still waits, or it doesn't.
    pub(super) const fn again(record: &GrantRecord, now: UnixTime) -> Self {
        match record.code {
            CodeState::Issued { expires_at, .. } if !expires_at.has_passed(now) => Self::CodeIssued,
            CodeState::Issued { .. } | CodeState::Redeemed { .. } | CodeState::Exhausted => {
                Self::AlreadyUsed
            }
        }
    }
}

/// Approves a request: makes the grant with its code, once, however often it is approved.
///
/// `earlier` are the person's other grants that [`super::earlier`] finds for the request. Asking
/// again widens: the new grant may do what those may and what is new, and so may those from now on,
/// because other processes of the client hold their tokens. Nothing gets narrower.
#[must_use]
pub fn approve(
    existing: Option<GrantRecord>,
    earlier: Vec<GrantRecord>,
    request: &AuthorizationRequest,
    client_name: Option<&str>,
    approver: Approver<'_>,
    lifetimes: &Lifetimes,
    now: UnixTime,
) -> Decision<Approval> {
    if let Some(record) = existing {
        return Decision::unchanged(Approval::again(&record, now));
    }
    let earlier = installation::earlier(earlier, request, now);
    let allowed = installation::allowed(&earlier);
    let scope = allowed.clone().unwrap_or_default().union(&request.scope);
    let record = GrantRecord {
        id: request.grant.clone(),
        installation: earlier.first().map(|first| first.installation().clone()),
        client_id: request.client_id.clone(),
        client_snapshot: request.client_snapshot.clone(),
        client_name: client_name.map(str::to_owned),
        asked: Asked::ByRedirect {
            redirect_uri: request.redirect_uri.as_str().to_owned(),
            redirect_uri_was_sent: request.redirect_uri.was_sent(),
        },
        scope: scope.clone(),
        resources: request.resources.clone(),
        authenticated_at: approver.authenticated_at,
        created_at: now,
        last_used_at: now,
        ends_at: now.plus(lifetimes.refresh_token_absolute),
        code: CodeState::Issued {
            check: ChallengeRecord {
                code_hash: request.code_secret(approver.account).hash(),
                code_challenge: request.code_challenge.clone(),
            },
            expires_at: now.plus(lifetimes.authorization_code),
            failed_attempts: 0,
        },
        family: FamilyState::NotStarted,
    };
    let client_id = request.client_id.clone();
    let activity = match allowed.map(|allowed| request.scope.difference(&allowed)) {
        Some(new) if !new.is_empty() => Activity::Widened { client_id, scope: new },
        Some(_) | None => Activity::Consented { client_id, scope: request.scope.clone() },
    };
    let widened = installation::widened(earlier, record.installation(), &scope);
    // The new one last: where a client has too many grants others end with it, and they may be of those that were widened.
    let records = widened.into_iter().chain(std::iter::once(record));
    let mut writes: Vec<_> = records.map(|record| Write::Grant(Box::new(record))).collect();
    writes.push(Write::Activity(activity));
    Decision { writes, reply: Approval::CodeIssued }
}

/// A token request with a code
/// ([RFC 6749 section 4.1.3](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.3)), taken apart.
#[derive(Debug, Serialize, FromJson)]
pub struct CodeRequest {
    /// The code's secret part.
    pub secret: Secret,
    /// The authenticated client.
    pub client_id: ClientId,
    /// What its metadata document says now, if it has one.
    #[serde(default)]
    pub client_snapshot: Option<ClientSnapshot>,
    /// `redirect_uri`, if sent.
    pub redirect_uri: Option<String>,
    /// `code_verifier`, if sent.
    pub code_verifier: Option<CodeVerifier>,
    /// Every `resource` ([RFC 8707](https://www.rfc-editor.org/rfc/rfc8707)).
    pub resource: Vec<String>,
}

/// Why a code isn't redeemed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, FromJson)]
#[serde(rename_all = "snake_case")]
pub enum RedeemError {
    /// No such code.
    UnknownCode,
    /// Issued to another client.
    AnotherClient,
    /// The client's metadata document has changed since the person allowed the client.
    ClientChanged,
    /// Redeemed before; what it gave is ended now.
    Replayed,
    /// Redeemed before, and this request wouldn't have been right the first time either.
    ReplayedWithoutProof,
    /// Its time is over.
    Expired,
    /// It died of too many wrong verifiers.
    Exhausted,
    /// `redirect_uri` isn't the one of the authorization request.
    RedirectUriMismatch,
    /// The authorization request had no challenge, so `redirect_uri` has to bind the code.
    RedirectUriMissing,
    /// A challenge was stored and no verifier came.
    VerifierMissing,
    /// The verifier isn't the challenge's.
    VerifierMismatch,
    /// A verifier came and no challenge was stored.
    VerifierWithoutChallenge,
    /// `resource` is unknown or wasn't granted.
    InvalidTarget,
}

impl RedeemError {
    /// Whether what was sent may be made up, the code or its verifier.
    #[must_use]
    pub const fn is_a_guess(self) -> bool {
        match self {
            Self::UnknownCode | Self::AnotherClient | Self::VerifierMismatch => true,
            Self::ClientChanged
            | Self::Replayed
            | Self::ReplayedWithoutProof
            | Self::Expired
            | Self::Exhausted
            | Self::RedirectUriMismatch
            | Self::RedirectUriMissing
            | Self::VerifierMissing
            | Self::VerifierWithoutChallenge
            | Self::InvalidTarget => false,
        }
    }

    /// The client's part.
    #[must_use]
    pub fn reply(self) -> ErrorReply {
        let (code, description) = match self {
            Self::UnknownCode
            | Self::AnotherClient
            | Self::Replayed
            | Self::ReplayedWithoutProof
            | Self::Expired
            | Self::Exhausted => (
                ErrorCode::InvalidGrant,
                "The code is unknown, expired, already redeemed or another client's. Send the \
                 person to the authorization endpoint again.",
            ),
            Self::ClientChanged => (
                ErrorCode::InvalidGrant,
                "The client's metadata document has other redirect URIs or keys than when the \
                 person allowed it. Send the person to the authorization endpoint again.",
            ),
            Self::RedirectUriMismatch => (
                ErrorCode::InvalidGrant,
                "redirect_uri differs from the one in the authorization request. Send exactly \
                 the same URI, with the same port.",
            ),
            Self::RedirectUriMissing => (
                ErrorCode::InvalidGrant,
                "redirect_uri is missing. It was in the authorization request, which had no PKCE \
                 challenge, so it has to be here too.",
            ),
            Self::VerifierMissing => (
                ErrorCode::InvalidGrant,
                "code_verifier is missing. The authorization request had a code_challenge, so \
                 send the verifier it was made from.",
            ),
            Self::VerifierMismatch => (
                ErrorCode::InvalidGrant,
                "code_verifier does not belong to the code_challenge of the authorization request.",
            ),
            Self::VerifierWithoutChallenge => (
                ErrorCode::InvalidRequest,
                "code_verifier was sent, but the authorization request had no code_challenge. \
                 Send code_challenge and code_challenge_method=S256 there.",
            ),
            Self::InvalidTarget => (
                ErrorCode::InvalidTarget,
                "resource names a resource that was not granted, or more than one. Send one \
                 resource of the authorization request, or none. The code is still good.",
            ),
        };
        ErrorReply::new(code, description)
    }
}

/// Redeems an authorization code for tokens.
///
/// [RFC 6749 section 4.1.3](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.3),
/// [RFC 7636 section 4.6](https://www.rfc-editor.org/rfc/rfc7636#section-4.6).
///
/// # Errors
///
/// - `invalid_grant`: the code is unknown, expired or already redeemed, belongs to another client, or
///   its redirect URI or PKCE challenge doesn't match. A second redemption that is otherwise right
///   also ends the family.
/// - `invalid_request`: a verifier without a challenge.
/// - `invalid_target`: a resource that wasn't granted; the code stays good.
#[must_use]
pub fn redeem(
    record: Option<GrantRecord>,
    request: &CodeRequest,
    configuration: &Configuration,
    now: UnixTime,
    entropy: &mut impl Entropy,
) -> Decision<Result<Granted, RedeemError>> {
    let refuse = |error| Decision::unchanged(Err(error));
    // A device code is no authorization code, whatever its secret is dressed up as.
    let Some(record) = record.filter(|record| record.asked.redirect_uri().is_some()) else {
        return refuse(RedeemError::UnknownCode);
    };

    let (check, redeemable) = match &record.code {
        CodeState::Issued { check, expires_at, .. } => (check.clone(), Some(*expires_at)),
        CodeState::Redeemed { check } => (check.clone(), None),
        CodeState::Exhausted => return refuse(RedeemError::Exhausted),
    };
    if !check.code_hash.matches(&request.secret) {
        return refuse(RedeemError::UnknownCode);
    }
    // RFC 6749 section 4.1.3: the code MUST have been issued to the authenticated client.
    if record.client_id != request.client_id {
        return refuse(RedeemError::AnotherClient);
    }
    // Client ID Metadata Document section 6.8: the person allowed the client as it was described.
    if record.client_snapshot != request.client_snapshot {
        return refuse(RedeemError::ClientChanged);
    }

    let proof =
        check_redirect_uri(&record, &check, request).and_then(|()| check_verifier(&check, request));
    let Some(expires_at) = redeemable else {
        // OAuth 2.1 section 7.5.3: only who proves to be the client ends what the code gave;
        // otherwise anyone who saw the code could sign the person out.
        if proof.is_err() {
            return refuse(RedeemError::ReplayedWithoutProof);
        }
        // What has ended can't end again; the first reason and the first note of it stay.
        if matches!(record.family, FamilyState::Ended { .. }) {
            return refuse(RedeemError::Replayed);
        }
        let client_id = record.client_id.clone();
        return Decision {
            writes: vec![
                Write::Grant(Box::new(record.ended(EndReason::CodeReplayed, now))),
                Write::Activity(Activity::CodeReplayed { client_id }),
            ],
            reply: Err(RedeemError::Replayed),
        };
    };
    if expires_at.has_passed(now) {
        return refuse(RedeemError::Expired);
    }
    if let Err(error) = proof {
        return Decision { writes: count_failure(record, error), reply: Err(error) };
    }
    let Ok(resource) = audience(&record, &request.resource, &configuration.resources) else {
        return refuse(RedeemError::InvalidTarget);
    };

    let (writes, granted) =
        redeemed(record, check, resource, &configuration.lifetimes, now, entropy);
    Decision { writes, reply: Ok(granted) }
}

fn check_redirect_uri(
    record: &GrantRecord,
    check: &ChallengeRecord,
    request: &CodeRequest,
) -> Result<(), RedeemError> {
    let Asked::ByRedirect { redirect_uri, redirect_uri_was_sent } = &record.asked else {
        return Err(RedeemError::UnknownCode);
    };
    match &request.redirect_uri {
        // RFC 6749 section 4.1.3: if sent, the values MUST be identical.
        Some(uri) if uri != redirect_uri => Err(RedeemError::RedirectUriMismatch),
        Some(_) => Ok(()),
        // OAuth 2.1 section 10.2 dropped the parameter because PKCE binds the code; without a
        // challenge RFC 6749's rule still holds.
        None if check.code_challenge.is_none() && *redirect_uri_was_sent => {
            Err(RedeemError::RedirectUriMissing)
        }
        None => Ok(()),
    }
}

fn check_verifier(check: &ChallengeRecord, request: &CodeRequest) -> Result<(), RedeemError> {
    match (&check.code_challenge, &request.code_verifier) {
        (Some(challenge), Some(verifier)) => {
            challenge.verify(verifier).map(|_| ()).map_err(|_| RedeemError::VerifierMismatch)
        }
        (Some(_), None) => Err(RedeemError::VerifierMissing),
        // RFC 9700 section 4.8.2: a verifier without a challenge is a downgrade and MUST fail.
        (None, Some(_)) => Err(RedeemError::VerifierWithoutChallenge),
        (None, None) => Ok(()),
    }
}

/// Counts a wrong verifier; the last allowed one kills the code.
fn count_failure(mut record: GrantRecord, error: RedeemError) -> Vec<Write> {
    if error != RedeemError::VerifierMismatch {
        return Vec::new();
    }
    let CodeState::Issued { check, expires_at, failed_attempts } = record.code else {
        return Vec::new();
    };
    let failed_attempts = failed_attempts.saturating_add(1);
    if failed_attempts < MAX_FAILED_ATTEMPTS {
        record.code = CodeState::Issued { check, expires_at, failed_attempts };
        return vec![Write::Grant(Box::new(record))];
    }
    let exhausted = Activity::CodeExhausted { client_id: record.client_id.clone() };
    record.code = CodeState::Exhausted;
    vec![Write::Grant(Box::new(record)), Write::Activity(exhausted)]
}

#[cfg(test)]
#[path = "authorization_code_tests.rs"]
mod tests;
