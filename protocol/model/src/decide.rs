//! Asks the real decisions, with what `worker/src/objects/account/scope/` hands them: the rows that it reads
//! for each message, and nothing else.

use latchkey_protocol::access::{self, Holder};
use latchkey_protocol::activity::Activity;
use latchkey_protocol::grant::authorization_code::{self, Approval, Approver, CodeRequest};
use latchkey_protocol::grant::refresh_token::{self, RefreshRequest};
use latchkey_protocol::grant::revoke::{self, RevokeRequest};
use latchkey_protocol::grant::{Decision, EndReason, GrantRecord, Write, end_installation};
use latchkey_protocol::introspection::{self, Token};
use latchkey_protocol::jwt::{AccessTokenClaims, Authority};
use latchkey_protocol::pkce::CodeVerifier;
use latchkey_protocol::secret::Secret;
use latchkey_protocol::time::UnixTime;

use crate::deployment::{
    ACCOUNT, CONFIGURATION, Counting, REDIRECT_URI, REQUESTS, START, VERIFIER, client_id,
};
use crate::expected::Answer;
use crate::history::{AccessToken, History};
use crate::request::{By, Presented, Proof};

/// What was decided: the writes as the decision has them, and its answer in the model's words.
pub struct Decided {
    pub writes: Vec<Write>,
    pub answer: Answer,
    /// The refresh token's secret, if the answer has one.
    pub secret: Option<String>,
}

impl Decided {
    fn of<R>(decision: Decision<R>, read: impl FnOnce(R) -> (Answer, Option<String>)) -> Self {
        let (answer, secret) = read(decision.reply);
        Self { writes: decision.writes, answer, secret }
    }
}

fn client(by: By) -> latchkey_protocol::client::ClientId {
    client_id(if by == By::Client { "client" } else { "another" })
}

pub fn redeem(
    record: Option<GrantRecord>,
    grant: usize,
    proof: Proof,
    now: UnixTime,
    entropy: u64,
) -> Decided {
    let right = REQUESTS[grant].code_secret(&ACCOUNT);
    let verifier = match proof {
        Proof::NoVerifier => None,
        Proof::WrongVerifier => CodeVerifier::parse(&"x".repeat(43)).ok(),
        _ => CodeVerifier::parse(VERIFIER).ok(),
    };
    let request = CodeRequest {
        secret: if proof == Proof::WrongSecret { Secret::new("garbage") } else { right },
        client_id: client(if proof == Proof::AnotherClient {
            By::AnotherClient
        } else {
            By::Client
        }),
        client_snapshot: None,
        redirect_uri: Some(match proof {
            Proof::WrongRedirectUri => format!("{REDIRECT_URI}/"),
            _ => REDIRECT_URI.to_owned(),
        }),
        code_verifier: verifier,
        resource: match proof {
            Proof::WrongResource => vec!["https://another.example".to_owned()],
            _ => Vec::new(),
        },
    };
    let mut entropy = Counting::from(entropy);
    let decision = authorization_code::redeem(record, &request, &CONFIGURATION, now, &mut entropy);
    Decided::of(decision, |reply| match reply {
        Ok(granted) => (Answer::FirstTokens, Some(granted.refresh_secret.expose().to_owned())),
        Err(_) => (Answer::Refused, None),
    })
}

/// The secret that is presented as a refresh token.
fn presented(token: Presented, grant: usize, history: &History) -> Secret {
    match token {
        Presented::Given(number) => Secret::new(history.refresh_tokens[number].secret.as_str()),
        Presented::Code => REQUESTS[grant].code_secret(&ACCOUNT),
        Presented::Garbage => Secret::new("garbage"),
    }
}

pub fn refresh(
    record: Option<GrantRecord>,
    grant: usize,
    history: &History,
    token: Presented,
    by: By,
    now: UnixTime,
) -> Decided {
    let request = RefreshRequest {
        secret: presented(token, grant, history),
        client_id: client(by),
        client_snapshot: None,
        keep_token: false,
        scope: None,
        resource: Vec::new(),
    };
    let decision = refresh_token::refresh(record, &request, &CONFIGURATION, now);
    Decided::of(decision, |reply| match reply {
        Ok(granted) => {
            let secret = granted.refresh_secret.expose().to_owned();
            let same = history.refresh_tokens.iter().position(|token| token.secret == secret);
            (Answer::Successor(same.unwrap_or(history.refresh_tokens.len())), Some(secret))
        }
        Err(_) => (Answer::Refused, None),
    })
}

/// Whether introspection says that the refresh token is good.
pub fn inspects(record: &GrantRecord, secret: &str, now: UnixTime) -> bool {
    let secret = Secret::new(secret);
    refresh_token::inspect(record, &secret, &CONFIGURATION.lifetimes, now).is_some()
}

/// `records` are all rows there are, that of `grant` as `existing`.
pub fn approve(
    existing: Option<GrantRecord>,
    records: Vec<GrantRecord>,
    grant: usize,
    now: UnixTime,
) -> Decided {
    let approver = Approver { account: &ACCOUNT, authenticated_at: START };
    let lifetimes = &CONFIGURATION.lifetimes;
    let request = &REQUESTS[grant];
    let decision =
        authorization_code::approve(existing, records, request, None, approver, lifetimes, now);
    Decided::of(decision, |reply| match reply {
        Approval::CodeIssued => (Answer::CodeIssued, None),
        Approval::AlreadyUsed => (Answer::AlreadyUsed, None),
    })
}

pub fn revoke_refresh_token(
    record: Option<GrantRecord>,
    records: Vec<GrantRecord>,
    grant: usize,
    history: &History,
    (token, by): (Presented, By),
    now: UnixTime,
) -> Decided {
    let secret = presented(token, grant, history);
    let request = RevokeRequest::RefreshToken { secret, client_id: client(by) };
    revoked(revoke::revoke(record, records, request, &CONFIGURATION.lifetimes, now))
}

pub fn revoke_access_token(
    record: Option<GrantRecord>,
    token_id: &str,
    token: &AccessToken,
    by: By,
    now: UnixTime,
) -> Decided {
    let request = RevokeRequest::AccessToken {
        token_id: token_id.to_owned(),
        expires_at: token.expires_at(),
        client_id: client(by),
    };
    revoked(revoke::revoke(record, Vec::new(), request, &CONFIGURATION.lifetimes, now))
}

fn revoked<E>(decision: Decision<Result<(), E>>) -> Decided {
    Decided::of(decision, |reply| match reply {
        Ok(()) => (Answer::Done, None),
        Err(_) => (Answer::Refused, None),
    })
}

/// As `revoke_app` of the account's page does it.
pub fn revoke_by_person(
    chosen: Option<GrantRecord>,
    mut records: Vec<GrantRecord>,
    now: UnixTime,
) -> Decided {
    let mut writes = Vec::new();
    if let Some(chosen) = chosen {
        records.retain(|record| record.installation() == chosen.installation());
        let ended = end_installation(records, EndReason::RevokedByPerson, now);
        writes.extend(ended.into_iter().map(|record| Write::Grant(Box::new(record))));
        writes.push(Write::Activity(Activity::GrantRevoked { client_id: chosen.client_id }));
    }
    Decided { writes, answer: Answer::Done, secret: None }
}

/// Whether an access token is good at `now`: as the gateway finds out (`check_access`, then
/// [`access::permit`]), and as introspection does, which have to agree.
pub fn access_token_is_good(
    record: Option<&GrantRecord>,
    token_id: &str,
    token: &AccessToken,
    is_given_back: bool,
    now: UnixTime,
) -> Result<bool, &'static str> {
    let Some(record) = record else { return Ok(false) };
    let goes_on = record.is_live(now) && !is_given_back;
    let claims = AccessTokenClaims {
        issuer: CONFIGURATION.issuer.as_str().to_owned(),
        authority: Authority::Person {
            account: ACCOUNT.clone(),
            grant: record.id.clone(),
            authenticated_at: START,
        },
        audience: CONFIGURATION.resources.default_resource().clone(),
        client_id: record.client_id.clone(),
        scope: record.scope.clone(),
        token_id: token_id.to_owned(),
        issued_at: token.issued_at,
        expires_at: token.expires_at(),
    };
    let resource = &CONFIGURATION.protected_resources[0];
    let holder = Holder::of_access_token(claims.clone());
    let at_gateway =
        goes_on && access::permit(&holder, resource, &resource.scopes, &CONFIGURATION, now).is_ok();
    let caller = record.client_id.clone();
    let introspected = goes_on
        && introspection::reply(Token::AccessToken(claims), &caller, &CONFIGURATION, now)
            .is_active();
    if at_gateway != introspected {
        return Err("the gateway and introspection disagree about an access token");
    }
    Ok(at_gateway)
}
