//! A state machine: arbitrary sequences of everything that can happen to one grant, against a
//! reference model of a few integers that knows nothing of hashes, salts or records.

mod installations;
mod reference;

use reference::{
    ABSOLUTE_SECONDS, CODE_SECONDS, IDLE_SECONDS, Model, REQUEST_SECONDS, Verifier, WINDOW_SECONDS,
    plus,
};

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::json;

use super::authorization_code::{CodeRequest, approve, redeem};
use super::refresh_token::{RefreshRequest, refresh};
use super::revoke::{RevokeRequest, revoke};
use super::{Decision, GrantRecord};
use crate::authorize::AuthorizationRequest;
use crate::configuration::Configuration;
use crate::entropy::CountingEntropy;
use crate::pkce::CodeVerifier;
use crate::scope::Scope;
use crate::secret::Secret;
use crate::test_support::{
    NOW, VERIFIER, WRONG_VERIFIER, account, approver, authorization_request, client_id,
    code_request, configuration_with, entropy_after, same, written,
};
use crate::time::UnixTime;

fn short_lived() -> Configuration {
    configuration_with(&json!({"lifetimes": {
        "authorization_code": CODE_SECONDS,
        "refresh_retry_window": WINDOW_SECONDS,
        "refresh_token_idle": IDLE_SECONDS,
        "refresh_token_absolute": ABSOLUTE_SECONDS,
        "authorization_request": REQUEST_SECONDS,
    }}))
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
    Redeem {
        right_code: bool,
        right_client: bool,
        verifier: Verifier,
        good_resource: bool,
    },
    Refresh {
        token: Presented,
        right_client: bool,
        good_scope: bool,
    },
    Revoke {
        token: Presented,
        right_client: bool,
    },
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

/// The sequences start where the interesting part does: with nothing, a code, a code that is almost
/// exhausted, or a live family.
fn steps() -> impl Strategy<Value = Vec<Step>> {
    let redeem = |verifier| Step::Redeem {
        right_code: true,
        right_client: true,
        verifier,
        good_resource: true,
    };
    let (good, wrong) = (redeem(Verifier::Right), redeem(Verifier::Wrong));
    let start = prop::sample::select(vec![
        vec![],
        vec![Step::Approve],
        vec![Step::Approve, wrong.clone(), wrong.clone(), wrong.clone(), wrong],
        vec![Step::Approve, good.clone()],
        vec![Step::Approve, good],
    ]);
    (start, prop::collection::vec(step(), 1..40)).prop_map(|(start, rest)| [start, rest].concat())
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
            Presented::Code => return (self.request.code_secret(&account()), None),
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
        let decision = approve(
            self.record.clone(),
            vec![],
            &self.request,
            None,
            approver(NOW),
            lifetimes,
            self.now,
        );
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
            client_snapshot: None,
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
            client_snapshot: None,
            keep_token: false,
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
        let decision = revoke(self.record.clone(), vec![], request, lifetimes, self.now);
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
                client_snapshot: None,
                keep_token: false,
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
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

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
