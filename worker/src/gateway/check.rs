//! Whose credential a request has, and whether it is good.

use futures_util::future::join;
use latchkey_protocol::access::{Credential, Holder, Refusal, TokenProblem};
use latchkey_protocol::bearer::{self, CredentialKind};
use latchkey_protocol::configuration::Gateway;
use latchkey_protocol::personal_access_token::{ParseError, PersonalAccessToken};
use latchkey_protocol::secret::Secret;
use latchkey_protocol::subject::Subject;

use super::remembered;
use crate::access_tokens;
use crate::clients::{self, Standing};
use crate::context::Context;
use crate::failure::Failure;
use crate::http::Incoming;
use crate::keys;
use crate::objects::account::messages::{
    AccessState, CheckPersonalAccessToken, PersonalAccessTokenProblem,
};
use crate::objects::{self, ObjectKind};

/// Whose credential it is. Known also of some that are no longer good.
#[derive(Debug, Clone)] // Cloned into the report, which goes on after the answer.
pub struct Caller {
    /// The person, or the client itself.
    pub subject: Subject,
    /// By which credential.
    pub credential: Credential,
    /// What the person calls it, where that is known.
    pub label: Option<Box<str>>,
}

impl Caller {
    /// The caller whose credential is good.
    pub fn of(holder: &Holder) -> Self {
        Self {
            subject: holder.subject.clone(),
            credential: holder.credential.clone(),
            label: holder.label.clone(),
        }
    }
}

/// A credential that isn't good.
pub struct Rejected {
    /// Why.
    pub refusal: Refusal,
    /// Whose it is, when that is certain.
    pub caller: Option<Caller>,
}

impl<T: Into<Refusal>> From<T> for Rejected {
    fn from(refusal: T) -> Self {
        Self { refusal: refusal.into(), caller: None }
    }
}

/// Checks the credential of a request.
///
/// # Errors
///
/// The outer one is a [`Failure`] of ours, the inner one says why the credential isn't good.
pub async fn check(
    context: &Context,
    gateway: &Gateway,
    incoming: &Incoming,
) -> Result<Result<Holder, Rejected>, Failure> {
    let (kind, credential) = match find(context, gateway, incoming) {
        Ok(found) => found,
        Err(refusal) => return Ok(Err(refusal.into())),
    };
    let hash = credential.hash();
    let bound = gateway.revocation_bound;
    // What was found under other keys is asked again: one of them may have been dropped.
    if let Some(keys) = keys::known_change(context.now)
        && let Some(holder) = remembered::recall(&hash, keys, bound, context.now)
    {
        return Ok(Ok(holder));
    }
    let Checked { found, under } = match kind {
        CredentialKind::AccessToken => access_token(context, &credential).await?,
        CredentialKind::PersonalAccessToken => personal_access_token(context, &credential).await?,
    };
    match &found {
        Ok(holder) => {
            if let Some(keys) = under {
                remembered::remember(&hash, keys, holder, bound, context.now);
            }
        }
        Err(_) => remembered::forget(&hash),
    }
    Ok(found)
}

/// What came of a check.
struct Checked {
    found: Result<Holder, Rejected>,
    /// The keys it was checked under, which needn't be the newest any more: one of them may have been dropped meanwhile.
    under: Option<u64>,
}

/// The one credential of the request, if this resource takes its kind.
fn find(
    context: &Context,
    gateway: &Gateway,
    incoming: &Incoming,
) -> Result<(CredentialKind, Secret), Refusal> {
    let presented = bearer::presented(
        incoming.header("authorization").as_deref(),
        incoming.header("x-api-key").as_deref(),
        incoming.raw_query().unwrap_or_default(),
    )?;
    let kind = bearer::classify(&presented, &context.configuration.prefixes)?;
    kind.accepted_by(&gateway.credentials)?;
    Ok((kind, presented.secret().clone()))
}

/// Signature, issuer and times here, revocation where it is known.
async fn access_token(context: &Context, token: &Secret) -> Result<Checked, Failure> {
    let issuer = context.configuration.issuer.as_str();
    let text = token.expose();
    let keys = keys::key_set(context).await?;
    let checked = |found| Ok(Checked { found, under: Some(keys.change()) });
    let claims = match keys.verify(context, token).await? {
        Ok(claims) => claims,
        Err(error) => return checked(Err(TokenProblem::of_jwt(error, text, issuer).into())),
    };
    let (state, standing) =
        join(access_tokens::state(context, &claims), clients::standing(context, &claims.client_id))
            .await;
    let (state, standing) = (state?, standing?);
    let holder = Holder::of_access_token(claims);
    let problem = match (state, standing) {
        (AccessState::Live, Standing::Good) => return checked(Ok(holder)),
        (_, Standing::Disabled) => TokenProblem::ClientDisabled,
        (AccessState::Revoked, _) | (AccessState::Live, Standing::Gone) => TokenProblem::Revoked,
    };
    checked(Err(Rejected { refusal: problem.into(), caller: Some(Caller::of(&holder)) }))
}

/// Form and checksum here, the rest in the account.
async fn personal_access_token(context: &Context, token: &Secret) -> Result<Checked, Failure> {
    let prefix = &context.configuration.prefixes.personal_access_token;
    let PersonalAccessToken { account, id, secret } =
        match PersonalAccessToken::parse(prefix, token.expose()) {
            Ok(token) => token,
            Err(ParseError::NotOne | ParseError::Damaged) => {
                let found = Err(TokenProblem::DamagedPersonalAccessToken.into());
                return Ok(Checked { found, under: None });
            }
        };
    let message = CheckPersonalAccessToken { id: id.clone(), secret };
    let asked = objects::send(&context.env, ObjectKind::Account, account.as_str(), &message);
    // What is forwarded will be signed. If the keys can't be had now, that says so.
    let (reply, keys) = join(asked, keys::key_set(context)).await;
    let under = keys.ok().map(|keys| keys.change());
    let credential = Credential::PersonalAccessToken { id };
    let found = match reply? {
        Ok(granted) => Ok(Holder {
            subject: account.into(),
            credential,
            label: granted.label,
            scope: granted.scope,
            resources: granted.resources,
            expires_at: granted.expires_at,
        }),
        Err(PersonalAccessTokenProblem::Unknown) => {
            Err(TokenProblem::UnknownPersonalAccessToken.into())
        }
        Err(PersonalAccessTokenProblem::Expired) => Err(Rejected {
            refusal: TokenProblem::Expired.into(),
            caller: Some(Caller { subject: account.into(), credential, label: None }),
        }),
    };
    Ok(Checked { found, under })
}
