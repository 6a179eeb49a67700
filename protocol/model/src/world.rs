//! The state of everything, and its steps.

use std::collections::BTreeSet;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, OnceLock};

use latchkey_protocol::grant::{GrantRecord, Write};
use latchkey_protocol::time::{Lifetime, UnixTime};

use crate::decide::{self, Decided};
use crate::deployment::{REQUEST, REQUESTS, START, STEP, Scenario};
use crate::event::Event;
use crate::expected::{Answer, expected};
use crate::history::History;
use crate::properties::{self, Broken};
use crate::request::{Action, By, Presented, Proof, Request};
use crate::storage::{Row, Stored, put};
use crate::under_way::{UnderWay, found};

/// So many steps after the start everything has passed its end.
const LAST_STEP: u64 = 6;

/// An answer that isn't the one the rules say.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Fault(pub String);

/// One grant: its row, if there is one, and what is known about it outside.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(crate) struct Grant {
    pub row: Option<Row>,
    pub history: History,
}

impl Grant {
    pub fn record(&self) -> Option<GrantRecord> {
        self.row.as_ref().map(|row| row.stored.record().clone())
    }
}

/// The state of everything.
#[derive(Debug, Clone)]
pub struct World {
    pub(crate) now: UnixTime,
    pub(crate) grants: Vec<Grant>,
    /// The `jti`s of access tokens that were given back.
    pub(crate) given_back: BTreeSet<String>,
    workers: Vec<Option<Arc<UnderWay>>>,
    pub(crate) fault: Option<Fault>,
    /// Found out once for each state.
    broken: OnceLock<Option<Broken>>,
}

impl PartialEq for World {
    fn eq(&self, other: &Self) -> bool {
        self.parts() == other.parts()
    }
}

impl Hash for World {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.parts().hash(state);
    }
}

impl World {
    /// Nothing has happened yet.
    pub fn new(scenario: &Scenario) -> Self {
        Self {
            now: START,
            grants: vec![Grant::default(); scenario.grants],
            given_back: BTreeSet::new(),
            workers: vec![None; scenario.workers],
            fault: None,
            broken: OnceLock::new(),
        }
    }

    #[allow(clippy::type_complexity, reason = "all of the state, for equality and hash alike")]
    fn parts(
        &self,
    ) -> (&UnixTime, &[Grant], &BTreeSet<String>, &[Option<Arc<UnderWay>>], &Option<Fault>) {
        (&self.now, &self.grants, &self.given_back, &self.workers, &self.fault)
    }

    /// The property that this state breaks, if any.
    pub fn broken(&self) -> Option<&Broken> {
        self.broken.get_or_init(|| properties::check(self)).as_ref()
    }

    pub(crate) fn token_id(grant: usize, token: usize) -> String {
        format!("{grant}.{token}")
    }

    /// Everything that can happen next.
    pub fn actions(&self, scenario: &Scenario) -> Vec<Action> {
        let mut actions = Vec::new();
        let free = self.workers.iter().any(Option::is_none);
        for request in self.requests(scenario) {
            actions.push(Action::Do { request, answer_arrives: true });
            if request.gives_tokens() {
                actions.push(Action::Do { request, answer_arrives: false });
            }
            if free {
                actions.push(Action::Begin(request));
            }
        }
        for (worker, under_way) in self.workers.iter().enumerate() {
            let Some(under_way) = under_way else { continue };
            actions.push(Action::Finish { worker, answer_arrives: true });
            if under_way.request.gives_tokens() {
                actions.push(Action::Finish { worker, answer_arrives: false });
            }
        }
        let steps = self.now.since(START).as_seconds() / STEP.as_seconds();
        if steps < LAST_STEP {
            actions.push(Action::Wait(STEP.as_seconds()));
        }
        // No request is under way for days.
        if steps <= LAST_STEP && self.workers.iter().all(Option::is_none) {
            actions.push(Action::Sweep);
        }
        actions
    }

    fn requests(&self, scenario: &Scenario) -> Vec<Request> {
        let wrong = scenario.wrong_requests;
        let mut requests = Vec::new();
        for (grant, Grant { history, .. }) in self.grants.iter().enumerate() {
            if !START.plus(REQUEST).has_passed(self.now) {
                requests.push(Request::Approve { grant });
            }
            if history.approved_at.is_none() {
                continue;
            }
            let proofs = if wrong { &Proof::ALL[..] } else { &Proof::ALL[..1] };
            requests.extend(proofs.iter().map(|&proof| Request::Redeem { grant, proof }));
            requests.push(Request::RevokeByPerson { grant });
            let given = history.refresh_tokens.len();
            for number in 0..given {
                let token = Presented::Given(number);
                let is_last = number + 1 == given;
                if !is_last || given < scenario.refresh_tokens {
                    requests.push(Request::Refresh { grant, token, by: By::Client });
                }
                requests.push(Request::Revoke { grant, token, by: By::Client });
                if wrong && is_last {
                    let by = By::AnotherClient;
                    requests.push(Request::Refresh { grant, token, by });
                    requests.push(Request::Revoke { grant, token, by });
                }
            }
            if wrong {
                for token in [Presented::Code, Presented::Garbage] {
                    requests.push(Request::Refresh { grant, token, by: By::Client });
                    requests.push(Request::Revoke { grant, token, by: By::Client });
                }
            }
            for token in 0..history.access_tokens.len() {
                requests.push(Request::RevokeAccessToken { grant, token, by: By::Client });
                if wrong {
                    let by = By::AnotherClient;
                    requests.push(Request::RevokeAccessToken { grant, token, by });
                }
            }
        }
        requests
    }

    /// What `action` makes of it, and what that came across.
    pub fn take(&self, action: Action) -> (Self, Vec<Event>) {
        let mut next = Self { broken: OnceLock::new(), ..self.clone() };
        let mut events = Vec::new();
        match action {
            Action::Wait(seconds) => next.now = next.now.plus(Lifetime::seconds(seconds)),
            Action::Sweep => next.sweep(&mut events),
            Action::Begin(request) => {
                let free = next.workers.iter().position(Option::is_none);
                let worker = free.expect("a worker is free");
                let under_way = next.begin(request, worker, &mut events);
                // What neither writes nor gives anything is over: nobody can tell when it answers.
                if !under_way.is_over() && next.fault.is_none() {
                    next.workers[worker] = Some(Arc::new(under_way));
                }
            }
            Action::Finish { worker, answer_arrives } => {
                let under_way = next.workers[worker].take().expect("it is under way");
                next.finish(&under_way, answer_arrives, &mut events);
            }
            Action::Do { request, answer_arrives } => {
                let under_way = next.begin(request, next.workers.len(), &mut events);
                // What goes on after a wrong answer says nothing more.
                if next.fault.is_none() {
                    next.finish(&under_way, answer_arrives, &mut events);
                }
            }
        }
        (next, events)
    }

    /// The alarm of the object, days later. Of what the model has nothing lives so long.
    fn sweep(&mut self, events: &mut Vec<Event>) {
        self.now = self.now.plus(Lifetime::days(2));
        for grant in &mut self.grants {
            let over_at = grant.row.as_ref().map(|row| row.stored.record().forget_at());
            if over_at.is_some_and(|at| at.end_of_day().has_passed(self.now)) {
                grant.row = None;
                grant.history.forgotten = true;
                events.push(Event::Forgotten);
            }
        }
    }

    fn begin(&mut self, request: Request, worker: usize, events: &mut Vec<Event>) -> UnderWay {
        let histories: Vec<_> = self.grants.iter().map(|grant| &grant.history).collect();
        let expected = expected(&histories, request, self.now);
        let decided = self.decide(request, worker);
        let mut writes = Vec::new();
        let mut given_back = None;
        for write in &decided.writes {
            match write {
                Write::Grant(record) => {
                    let number = REQUESTS.iter().position(|request| request.grant == record.id);
                    writes.push((number.expect("one of ours"), Stored::new(record)));
                }
                Write::RevokedAccessToken { token_id, .. } => given_back = Some(token_id.clone()),
                Write::Activity(_) => {}
            }
        }
        let found = found(&decided, &writes);
        if found != expected {
            self.fault = Some(Fault(format!("{request:?}: {found:?} instead of {expected:?}")));
        }
        self.note_decision(request, &expected, events);
        let installed = |(number, history): (usize, &&History)| {
            (number != request.grant() && history.gives(self.now)).then_some(history.installation)
        };
        let installation = histories.iter().enumerate().find_map(installed);
        UnderWay {
            request,
            begun_at: self.now,
            versions: self.versions(),
            writes,
            given_back,
            expected,
            secret: decided.secret,
            installation: installation.unwrap_or(request.grant()),
        }
    }

    fn versions(&self) -> Vec<Option<u64>> {
        self.grants.iter().map(|grant| grant.row.as_ref().map(|row| row.version)).collect()
    }

    fn decide(&self, request: Request, worker: usize) -> Decided {
        let number = request.grant();
        let Grant { row, history } = &self.grants[number];
        let record = || self.grants[number].record();
        let records = || self.grants.iter().filter_map(Grant::record).collect();
        let now = self.now;
        match request {
            Request::Approve { grant } => decide::approve(record(), records(), grant, now),
            Request::Redeem { grant, proof } => {
                // Never the same draws twice: another row, version or worker, other ones.
                let version = row.as_ref().map_or(0, |row| row.version);
                let place = (number as u64) << 32 | version << 16 | (worker as u64) << 8;
                decide::redeem(record(), grant, proof, now, (1 << 48) | place)
            }
            Request::Refresh { grant, token, by } => {
                decide::refresh(record(), grant, history, token, by, now)
            }
            Request::Revoke { grant, token, by } => {
                let asked = (token, by);
                decide::revoke_refresh_token(record(), records(), grant, history, asked, now)
            }
            Request::RevokeAccessToken { grant, token, by } => {
                let token_id = Self::token_id(grant, token);
                if self.given_back.contains(&token_id) {
                    return Decided { writes: Vec::new(), answer: Answer::Done, secret: None };
                }
                let token = &history.access_tokens[token];
                decide::revoke_access_token(record(), &token_id, token, by, now)
            }
            Request::RevokeByPerson { .. } => decide::revoke_by_person(record(), records(), now),
        }
    }

    fn finish(&mut self, under_way: &UnderWay, arrives: bool, events: &mut Vec<Event>) {
        let number = under_way.request.grant();
        for (grant, stored) in &under_way.writes {
            let Grant { row, history } = &mut self.grants[*grant];
            if !put(row, under_way.versions[*grant], stored) {
                // The rest isn't written, and the answer is 503.
                events.push(Event::WriteLost);
                match under_way.expected.answer {
                    Answer::FirstTokens => events.push(Event::RedemptionLost),
                    Answer::Successor(_) => events.push(Event::RotationLost),
                    _ => {}
                }
                return;
            }
            if matches!(under_way.request, Request::Approve { grant: own } if own == *grant) {
                // It is there even if the rest fails.
                history.approved_at = Some(under_way.begun_at);
                history.installation = under_way.installation;
            }
            if under_way.expected.ends.contains(grant) {
                if history.code_waits(self.now) {
                    events.push(Event::WaitingCodeEnded);
                }
                if *grant != number {
                    events.push(Event::RevokedTogether);
                }
                history.ended = true;
            }
        }
        if let Some(token_id) = &under_way.given_back {
            self.given_back.insert(token_id.clone());
        }
        self.note_end(under_way, events);
        self.answered(under_way, arrives, events);
    }

    /// What was asked for is done, and the answer leaves.
    fn answered(&mut self, under_way: &UnderWay, arrives: bool, events: &mut Vec<Event>) {
        let version = self.versions()[under_way.request.grant()];
        let unwritten = under_way.writes.is_empty();
        let begun_at = under_way.begun_at;
        let Grant { history, .. } = &mut self.grants[under_way.request.grant()];
        match (under_way.request, under_way.expected.answer) {
            (Request::Approve { .. }, Answer::CodeIssued) if unwritten => {
                events.push(Event::ApprovedAgain);
            }
            (Request::Approve { .. }, Answer::CodeIssued) if under_way.writes.len() > 1 => {
                events.push(Event::Widened);
            }
            (Request::Redeem { .. }, Answer::Refused) if under_way.expected.ends.is_empty() => {
                history.wrong_verifiers += u8::from(!unwritten);
            }
            (Request::RevokeAccessToken { token, .. }, Answer::Done) => {
                history.access_tokens[token].given_back |= under_way.given_back.is_some();
            }
            (_, Answer::FirstTokens) => {
                history.redemptions += 1;
                events.push(Event::Redeemed);
            }
            (_, Answer::Successor(_)) if !unwritten => events.push(Event::Rotated),
            (_, Answer::Successor(number)) => {
                events.push(Event::RetriedInTheWindow);
                if arrives && !history.refresh_tokens[number].arrived {
                    events.push(Event::LostAnswerRecovered);
                }
                if version != under_way.versions[under_way.request.grant()] {
                    events.push(Event::AnsweredFromTheRecordBefore);
                }
            }
            _ => {}
        }
        if let Some(secret) = &under_way.secret {
            history.give(secret, arrives, begun_at);
        }
    }
}
