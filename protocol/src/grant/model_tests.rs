//! A state machine: arbitrary sequences of everything that can happen to one grant, against a
//! reference model of a few integers that knows nothing of hashes, salts or records.

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::json;

use super::authorization_code::{Approval, CodeRequest, RedeemError, approve, redeem};
use super::refresh_token::{RefreshError, RefreshRequest, refresh};
use super::revoke::{RevokeError, RevokeRequest, revoke};
use super::{Decision, GrantRecord};
use crate::authorize::AuthorizationRequest;
use crate::configuration::Configuration;
use crate::entropy::CountingEntropy;
use crate::pkce::CodeVerifier;
use crate::scope::Scope;
use crate::secret::Secret;
use crate::test_support::{
    NOW, VERIFIER, WRONG_VERIFIER, authorization_request, client_id, code_request,
    configuration_with, entropy_after, same, written,
};
use crate::time::{Lifetime, UnixTime};

const CODE_SECONDS: u64 = 60;
const WINDOW_SECONDS: u64 = 60;
const IDLE_SECONDS: u64 = 300;
const ABSOLUTE_SECONDS: u64 = 1_000;
/// How long a sealed authorization request can come back from a browser.
const REQUEST_SECONDS: u64 = 600;

fn short_lived() -> Configuration {
    configuration_with(&json!({"lifetimes": {
        "authorization_code": CODE_SECONDS,
        "refresh_retry_window": WINDOW_SECONDS,
        "refresh_token_idle": IDLE_SECONDS,
        "refresh_token_absolute": ABSOLUTE_SECONDS,
        "authorization_request": REQUEST_SECONDS,
    }}))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verifier {
    Right,
    Wrong,
    Missing,
}

#[derive(Debug, Clone)]
enum Presented {
    /// The last refresh token that was given out.
    Newest,
    /// Any refresh token that was ever given out.
    Any(Index),
    /// The secret of the code.
    Code,
    Garbage,
}

#[derive(Debug, Clone)]
enum Step {
    Approve,
    Redeem { right_code: bool, right_client: bool, verifier: Verifier, good_resource: bool },
    Refresh { token: Presented, right_client: bool, good_scope: bool },
    Revoke { token: Presented, right_client: bool },
    Wait(u64),
    /// The object deletes what has ended.
    Sweep,
}

fn mostly_true() -> impl Strategy<Value = bool> {
    prop::bool::weighted(0.9)
}

fn presented() -> impl Strategy<Value = Presented> {
    prop_oneof![
        4 => Just(Presented::Newest),
        4 => any::<Index>().prop_map(Presented::Any),
        1 => Just(Presented::Code),
        1 => Just(Presented::Garbage),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let verifier = prop_oneof![
        4 => Just(Verifier::Right),
        3 => Just(Verifier::Wrong),
        1 => Just(Verifier::Missing),
    ];
    let redeem = (mostly_true(), mostly_true(), verifier, mostly_true()).prop_map(
        |(right_code, right_client, verifier, good_resource)| Step::Redeem {
            right_code,
            right_client,
            verifier,
            good_resource,
        },
    );
    let refresh = (presented(), mostly_true(), mostly_true()).prop_map(
        |(token, right_client, good_scope)| Step::Refresh { token, right_client, good_scope },
    );
    let revoke = (presented(), mostly_true())
        .prop_map(|(token, right_client)| Step::Revoke { token, right_client });
    let short = prop::sample::select(vec![0, 1, 30, 59, 60]);
    let long = prop::sample::select(vec![61, 240, 299, 300, 600, 1_000, 3_600]);
    prop_oneof![
        2 => Just(Step::Approve),
        3 => redeem,
        8 => refresh,
        1 => revoke,
        4 => short.prop_map(Step::Wait),
        1 => long.prop_map(Step::Wait),
        2 => Just(Step::Sweep),
    ]
}

/// The sequences start where the interesting part does: with nothing, a code, or a live family.
fn steps() -> impl Strategy<Value = Vec<Step>> {
    let good = Step::Redeem {
        right_code: true,
        right_client: true,
        verifier: Verifier::Right,
        good_resource: true,
    };
    let start = prop::sample::select(vec![
        vec![],
        vec![Step::Approve],
        vec![Step::Approve, good.clone()],
        vec![Step::Approve, good],
    ]);
    (start, prop::collection::vec(step(), 1..40)).prop_map(|(start, rest)| [start, rest].concat())
}

/// The reference model. Refresh tokens are numbers: the first is 0, its successor 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Model {
    Nothing,
    Issued { expires_at: UnixTime, failures: u8 },
    Exhausted,
    Live { head: usize, rotated_at: UnixTime, idle_until: UnixTime, ends_at: UnixTime },
    Ended,
}

const fn plus(time: UnixTime, seconds: u64) -> UnixTime {
    time.plus(Lifetime::seconds(seconds))
}

/// What should happen: the reply, and the state that is written if any is.
type Expected<R> = (R, Option<Model>);

impl Model {
    fn approve(self, now: UnixTime) -> Expected<Approval> {
        match self {
            Self::Nothing => {
                let expires_at = plus(now, CODE_SECONDS);
                (Approval::CodeIssued, Some(Self::Issued { expires_at, failures: 0 }))
            }
            Self::Issued { expires_at, .. } if now < expires_at => (Approval::CodeIssued, None),
            _ => (Approval::AlreadyUsed, None),
        }
    }

    fn redeem(
        self,
        now: UnixTime,
        approved_at: UnixTime,
        (right_code, right_client, good_resource): (bool, bool, bool),
        verifier: Verifier,
    ) -> Expected<Result<(), RedeemError>> {
        match self {
            Self::Nothing => (Err(RedeemError::UnknownCode), None),
            Self::Exhausted => (Err(RedeemError::Exhausted), None),
            _ if !right_code => (Err(RedeemError::UnknownCode), None),
            _ if !right_client => (Err(RedeemError::AnotherClient), None),
            Self::Live { .. } | Self::Ended if verifier != Verifier::Right => {
                (Err(RedeemError::ReplayedWithoutProof), None)
            }
            Self::Live { .. } => (Err(RedeemError::Replayed), Some(Self::Ended)),
            Self::Ended => (Err(RedeemError::Replayed), None),
            Self::Issued { expires_at, .. } if now >= expires_at => {
                (Err(RedeemError::Expired), None)
            }
            Self::Issued { expires_at, failures } => match verifier {
                Verifier::Missing => (Err(RedeemError::VerifierMissing), None),
                Verifier::Wrong if failures == 4 => {
                    (Err(RedeemError::VerifierMismatch), Some(Self::Exhausted))
                }
                Verifier::Wrong => {
                    let counted = Self::Issued { expires_at, failures: failures + 1 };
                    (Err(RedeemError::VerifierMismatch), Some(counted))
                }
                Verifier::Right if !good_resource => (Err(RedeemError::InvalidTarget), None),
                Verifier::Right => {
                    let ends_at = plus(approved_at, ABSOLUTE_SECONDS);
                    (Ok(()), Some(Self::live(0, now, ends_at)))
                }
            },
        }
    }

    const fn live(head: usize, now: UnixTime, ends_at: UnixTime) -> Self {
        Self::Live { head, rotated_at: now, idle_until: plus(now, IDLE_SECONDS), ends_at }
    }

    /// The number of the refresh token that comes back, or why none does.
    fn refresh(
        self,
        now: UnixTime,
        token: Option<usize>,
        right_client: bool,
        good_scope: bool,
    ) -> Expected<Result<usize, RefreshError>> {
        let (head, rotated_at, ends_at) = match self {
            Self::Nothing => return (Err(RefreshError::UnknownToken), None),
            _ if !right_client => return (Err(RefreshError::AnotherClient), None),
            Self::Issued { .. } | Self::Exhausted => {
                return (Err(RefreshError::UnknownToken), None);
            }
            Self::Ended => return (Err(RefreshError::Ended), None),
            Self::Live { idle_until, ends_at, .. } if now >= idle_until || now >= ends_at => {
                return (Err(RefreshError::Expired), None);
            }
            Self::Live { head, rotated_at, ends_at, .. } => (head, rotated_at, ends_at),
        };
        match token {
            None => (Err(RefreshError::UnknownToken), None),
            Some(token) if token == head && good_scope => {
                (Ok(head + 1), Some(Self::live(head + 1, now, ends_at)))
            }
            Some(token) if token == head => (Err(RefreshError::WiderScope), None),
            Some(token) if token + 1 == head && now < plus(rotated_at, WINDOW_SECONDS) => {
                (if good_scope { Ok(head) } else { Err(RefreshError::WiderScope) }, None)
            }
            Some(_) => (Err(RefreshError::Replayed), Some(Self::Ended)),
        }
    }

    fn revoke(
        self,
        now: UnixTime,
        token: Option<usize>,
        right_client: bool,
    ) -> Expected<Result<(), RevokeError>> {
        match self {
            Self::Live { idle_until, ends_at, .. }
                if token.is_some() && now < idle_until && now < ends_at =>
            {
                if right_client {
                    (Ok(()), Some(Self::Ended))
                } else {
                    (Err(RevokeError::AnotherClient), None)
                }
            }
            _ => (Ok(()), None),
        }
    }

    /// Whether anything can still come of the grant.
    fn gives(self, now: UnixTime) -> bool {
        match self {
            Self::Issued { expires_at, .. } => now < expires_at,
            Self::Live { idle_until, ends_at, .. } => now < idle_until && now < ends_at,
            Self::Nothing | Self::Exhausted | Self::Ended => false,
        }
    }
}

/// The real thing beside its model.
struct World {
    configuration: Configuration,
    entropy: CountingEntropy,
    request: AuthorizationRequest,
    now: UnixTime,
    record: Option<GrantRecord>,
    model: Model,
    approved_at: UnixTime,
    /// Every refresh token that was given out, in order.
    tokens: Vec<Secret>,
    approvals: usize,
    redemptions: usize,
    /// Whether a replay or a revocation has ended the grant.
    over: bool,
}

impl World {
    fn new() -> Self {
        Self {
            configuration: short_lived(),
            entropy: entropy_after(2),
            request: authorization_request(&[]),
            now: NOW,
            record: None,
            model: Model::Nothing,
            approved_at: NOW,
            tokens: Vec::new(),
            approvals: 0,
            redemptions: 0,
            over: false,
        }
    }

    fn present(&self, token: &Presented) -> (Secret, Option<usize>) {
        let number = match token {
            Presented::Code => return (self.request.code_secret.clone(), None),
            Presented::Newest => self.tokens.len().checked_sub(1),
            Presented::Any(index) if !self.tokens.is_empty() => {
                Some(index.index(self.tokens.len()))
            }
            Presented::Any(_) | Presented::Garbage => None,
        };
        match number {
            Some(number) => (self.tokens[number].clone(), Some(number)),
            None => (Secret::new("garbage"), None),
        }
    }

    /// Writes what was decided, if the model agrees that something is to be written.
    fn apply<R>(&mut self, decision: &Decision<R>, expected: Option<Model>) {
        assert_eq!(decision.writes.is_empty(), expected.is_none(), "{expected:?}");
        if let Some(model) = expected {
            self.record = Some(written(decision).expect("each change writes the grant"));
            self.model = model;
            self.over |= model == Model::Ended;
        }
    }

    fn take(&mut self, step: &Step) {
        match step {
            Step::Wait(seconds) => self.now = plus(self.now, *seconds),
            Step::Sweep => self.sweep(),
            Step::Approve => self.approve(),
            Step::Redeem { right_code, right_client, verifier, good_resource } => {
                self.redeem((*right_code, *right_client, *good_resource), *verifier);
            }
            Step::Refresh { token, right_client, good_scope } => {
                self.refresh(token, *right_client, *good_scope);
            }
            Step::Revoke { token, right_client } => self.revoke(token, *right_client),
        }
    }

    fn sweep(&mut self) {
        let forgotten = |record: &GrantRecord| record.forget_at().has_passed(self.now);
        if self.record.as_ref().is_some_and(forgotten) {
            assert!(!self.model.gives(self.now), "{:?} was forgotten", self.model);
            self.record = None;
            self.model = Model::Nothing;
        }
    }

    fn approve(&mut self) {
        if self.now >= plus(self.request.created_at, REQUEST_SECONDS) {
            return; // The sealed request doesn't open any more.
        }
        let lifetimes = &self.configuration.lifetimes;
        let decision =
            approve(self.record.clone(), &self.request, None, NOW, lifetimes, self.now);
        let (reply, model) = self.model.approve(self.now);
        assert_eq!(decision.reply, reply);
        if model.is_some() {
            self.approvals += 1;
            self.approved_at = self.now;
        }
        self.apply(&decision, model);
    }

    fn redeem(&mut self, right: (bool, bool, bool), verifier: Verifier) {
        let (right_code, right_client, good_resource) = right;
        let good = code_request();
        let request = CodeRequest {
            secret: if right_code { good.secret } else { Secret::new("garbage") },
            client_id: client_id(if right_client { "client" } else { "other" }),
            redirect_uri: good.redirect_uri,
            code_verifier: match verifier {
                Verifier::Right => CodeVerifier::parse(VERIFIER).ok(),
                Verifier::Wrong => CodeVerifier::parse(WRONG_VERIFIER).ok(),
                Verifier::Missing => None,
            },
            resource: if good_resource { vec![] } else { vec!["https://evil.example".to_owned()] },
        };
        let (reply, model) = self.model.redeem(self.now, self.approved_at, right, verifier);
        let record = self.record.clone();
        let decision = redeem(record, &request, &self.configuration, self.now, &mut self.entropy);
        self.apply(&decision, model);
        match decision.reply {
            Ok(granted) => {
                assert_eq!(reply, Ok(()));
                assert!(!self.over, "a redemption after the end");
                self.redemptions += 1;
                self.tokens.push(granted.refresh_secret);
            }
            Err(error) => assert_eq!(reply, Err(error)),
        }
    }

    fn refresh(&mut self, token: &Presented, right_client: bool, good_scope: bool) {
        let (secret, number) = self.present(token);
        let request = RefreshRequest {
            secret,
            client_id: client_id(if right_client { "client" } else { "other" }),
            scope: (!good_scope).then(|| Scope::parse("write").expect("scope")),
            resource: Vec::new(),
        };
        let (reply, model) = self.model.refresh(self.now, number, right_client, good_scope);
        let decision = refresh(self.record.clone(), &request, &self.configuration, self.now);
        self.apply(&decision, model);
        match (decision.reply, reply) {
            (Ok(granted), Ok(number)) => {
                assert!(!self.over, "a refresh after the end");
                match self.tokens.get(number) {
                    Some(known) => assert!(same(known, &granted.refresh_secret)),
                    None => self.tokens.push(granted.refresh_secret),
                }
            }
            (Err(error), Err(expected)) => assert_eq!(error, expected),
            (decided, expected) => panic!("{decided:?} instead of {expected:?}"),
        }
    }

    fn revoke(&mut self, token: &Presented, right_client: bool) {
        let (secret, number) = self.present(token);
        let client_id = client_id(if right_client { "client" } else { "other" });
        let request = RevokeRequest::RefreshToken { secret, client_id };
        let (reply, model) = self.model.revoke(self.now, number, right_client);
        let lifetimes = &self.configuration.lifetimes;
        let decision = revoke(self.record.clone(), request, lifetimes, self.now);
        assert_eq!(decision.reply, reply);
        self.apply(&decision, model);
    }

    /// What holds after every step, whatever the model says.
    fn check_invariants(&self) {
        assert!(self.approvals <= 1, "one request, one code");
        assert!(self.redemptions <= 1, "one code, one redemption");
        let alive = self.record.as_ref().is_some_and(|record| record.is_live(self.now));
        assert!(!(alive && self.over), "alive after the end");
        let mut heads = 0;
        for token in &self.tokens {
            let request = RefreshRequest {
                secret: token.clone(),
                client_id: client_id("client"),
                scope: None,
                resource: Vec::new(),
            };
            let decision = refresh(self.record.clone(), &request, &self.configuration, self.now);
            if let Ok(granted) = &decision.reply {
                assert!(alive, "a dead grant gives nothing");
                if decision.writes.is_empty() {
                    let newest = self.tokens.last().expect("a token");
                    assert!(same(newest, &granted.refresh_secret), "a retry gives the one head");
                } else {
                    heads += 1;
                }
            }
        }
        assert_eq!(heads, usize::from(alive), "one live head exactly, or none");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn rfc9700_4_14_whatever_happens_a_grant_has_one_redemption_one_head_and_one_end(
        steps in steps(),
    ) {
        let mut world = World::new();
        for step in &steps {
            world.take(step);
            world.check_invariants();
        }
    }
}
