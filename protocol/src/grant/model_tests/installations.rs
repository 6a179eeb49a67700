//! Several grants of several installations: what one person's approvals widen and what a revocation
//! ends, against a model that knows sets of scopes and nothing else.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::json;

use crate::authorize::AuthorizationRequest;
use crate::configuration::Configuration;
use crate::entropy::CountingEntropy;
use crate::grant::authorization_code::{Approval, CodeRequest, approve, redeem};
use crate::grant::refresh_token::{RefreshRequest, refresh};
use crate::grant::revoke::{RevokeRequest, revoke};
use crate::grant::{GrantRecord, allowed, earlier};
use crate::identifier::GrantId;
use crate::scope::Scope;
use crate::secret::Secret;
use crate::test_support::{
    API, Change, MCP, NOW, all_written, approver, check, client_id, client_with, code_request,
    configuration_with, entropy_after,
};
use crate::time::{Lifetime, UnixTime};

const CODE_SECONDS: u64 = 60;
const IDLE_SECONDS: u64 = 300;

/// Redirect URIs, and which of them are the same place.
const PLACES: [(&str, u8); 5] = [
    ("https://app.example/callback", 0),
    ("https://other.example/callback", 1),
    ("http://127.0.0.1:5001/callback", 2),
    ("http://127.0.0.1:5002/callback", 2),
    ("http://localhost:5001/callback", 3),
];
/// Lists of resources, and which of them are the same set.
const TARGETS: [(&[&str], u8); 4] = [(&[MCP], 0), (&[API], 1), (&[MCP, API], 2), (&[API, MCP], 2)];
const CLIENTS: [&str; 2] = ["client", "other"];
const SCOPES: [&str; 5] = ["mcp", "read", "write", "mcp read", "read write mcp"];

/// What is one installation: client, place, set of resources.
type Key = (usize, u8, u8);

#[derive(Debug, Clone)]
enum Step {
    Approve { client: usize, place: usize, target: usize, scope: usize },
    Redeem(Index),
    Refresh(Index),
    Revoke(Index),
    Wait(u64),
}

/// Mostly one client at one place, so that much is one installation.
fn step() -> impl Strategy<Value = Step> {
    let approval = (
        prop::sample::select(vec![0, 0, 0, 1]),
        prop::sample::select(vec![2, 2, 3, 3, 0, 1, 4]),
        prop::sample::select(vec![0, 0, 0, 1, 2, 3]),
        0..SCOPES.len(),
    );
    let approval = approval.prop_map(|(client, place, target, scope)| Step::Approve {
        client,
        place,
        target,
        scope,
    });
    prop_oneof![
        6 => approval,
        6 => any::<Index>().prop_map(Step::Redeem),
        3 => any::<Index>().prop_map(Step::Refresh),
        1 => any::<Index>().prop_map(Step::Revoke),
        2 => prop::sample::select(vec![1, 30, 60, 250, 300]).prop_map(Step::Wait),
    ]
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Waiting { until: UnixTime },
    Live { until: UnixTime },
    Over,
}

/// One grant as the model sees it.
#[derive(Debug)]
struct Modelled {
    key: Key,
    scope: BTreeSet<String>,
    state: State,
}

impl Modelled {
    fn gives(&self, now: UnixTime) -> bool {
        match self.state {
            State::Waiting { until } | State::Live { until } => now < until,
            State::Over => false,
        }
    }
}

fn words(scope: &Scope) -> BTreeSet<String> {
    scope.iter().map(ToString::to_string).collect()
}

/// One person's grants beside their models, both in the order in which they were made.
struct World {
    configuration: Configuration,
    entropy: CountingEntropy,
    now: UnixTime,
    records: Vec<GrantRecord>,
    models: Vec<Modelled>,
    secrets: Vec<Option<Secret>>,
}

impl World {
    fn new() -> Self {
        let lifetimes = json!({
            "authorization_code": CODE_SECONDS,
            "refresh_token_idle": IDLE_SECONDS,
        });
        Self {
            configuration: configuration_with(&json!({ "lifetimes": lifetimes })),
            entropy: entropy_after(2),
            now: NOW,
            records: Vec::new(),
            models: Vec::new(),
            secrets: Vec::new(),
        }
    }

    fn plus(&self, seconds: u64) -> UnixTime {
        self.now.plus(Lifetime::seconds(seconds))
    }

    /// Stores as the account's object does: by id.
    fn store(&mut self, written: Vec<GrantRecord>) {
        for record in written {
            match self.records.iter_mut().find(|stored| stored.id == record.id) {
                Some(stored) => *stored = record,
                None => self.records.push(record),
            }
        }
    }

    fn request(
        &mut self,
        (client, place, target, scope): (usize, usize, usize, usize),
    ) -> AuthorizationRequest {
        let (uri, resources) = (PLACES[place].0, TARGETS[target].0);
        let mut changes = vec![
            Change::Set("redirect_uri", uri),
            Change::Set("scope", SCOPES[scope]),
            Change::Set("resource", resources[0]),
        ];
        changes.extend(resources[1..].iter().map(|resource| Change::Also("resource", resource)));
        let mut request = check(&changes, &client_with(&[uri]), &self.configuration).expect(uri);
        request.grant = GrantId::generate(&mut self.entropy);
        request.client_id = client_id(CLIENTS[client]);
        request
    }

    fn take(&mut self, step: &Step) {
        let picked =
            |index: &Index| (!self.records.is_empty()).then(|| index.index(self.records.len()));
        match step {
            Step::Wait(seconds) => self.now = self.plus(*seconds),
            Step::Approve { client, place, target, scope } => {
                self.approve((*client, *place, *target, *scope));
            }
            Step::Redeem(index) => picked(index).into_iter().for_each(|grant| self.redeem(grant)),
            Step::Refresh(index) => picked(index).into_iter().for_each(|grant| self.refresh(grant)),
            Step::Revoke(index) => picked(index).into_iter().for_each(|grant| self.revoke(grant)),
        }
    }

    fn approve(&mut self, choice: (usize, usize, usize, usize)) {
        let request = self.request(choice);
        let shown = allowed(&earlier(self.records.clone(), &request, self.now));
        let lifetimes = &self.configuration.lifetimes;
        let person = approver(NOW);
        let records = self.records.clone();
        let decision = approve(None, records, &request, None, person, lifetimes, self.now);
        assert_eq!(decision.reply, Approval::CodeIssued);

        let (client, place, target, _) = choice;
        let key = (client, PLACES[place].1, TARGETS[target].1);
        let now = self.now;
        let mut scope = words(&request.scope);
        let same: Vec<_> =
            self.models.iter_mut().filter(|model| model.key == key && model.gives(now)).collect();
        let before: BTreeSet<_> = same.iter().flat_map(|model| model.scope.clone()).collect();
        assert_eq!(shown.map(|scope| words(&scope)), (!same.is_empty()).then(|| before.clone()));
        scope.extend(before);
        for model in same {
            model.scope = scope.clone();
        }
        let state = State::Waiting { until: self.plus(CODE_SECONDS) };
        self.models.push(Modelled { key, scope, state });
        self.secrets.push(None);
        self.store(all_written(&decision));
    }

    fn redeem(&mut self, grant: usize) {
        let record = self.records[grant].clone();
        let request = CodeRequest {
            client_id: record.client_id.clone(),
            redirect_uri: Some(record.redirect_uri.clone()),
            resource: Vec::new(),
            ..code_request()
        };
        if !matches!(self.models[grant].state, State::Waiting { .. }) {
            return; // Replays are the other model's.
        }
        let (configuration, now) = (&self.configuration, self.now);
        let decision = redeem(Some(record), &request, configuration, now, &mut self.entropy);
        assert_eq!(decision.reply.is_ok(), self.models[grant].gives(self.now));
        self.store(all_written(&decision));
        if let Ok(granted) = decision.reply {
            assert_eq!(words(&granted.scope), self.models[grant].scope, "all that was allowed");
            self.models[grant].state = State::Live { until: self.plus(IDLE_SECONDS) };
            self.secrets[grant] = Some(granted.refresh_secret);
        }
    }

    fn refresh(&mut self, grant: usize) {
        let Some(secret) = self.secrets[grant].clone() else { return };
        let record = self.records[grant].clone();
        let client_id = record.client_id.clone();
        let request = RefreshRequest {
            client_snapshot: None,
            keep_token: false,
            secret,
            client_id,
            scope: None,
            resource: Vec::new(),
        };
        let decision = refresh(Some(record), &request, &self.configuration, self.now);
        assert_eq!(decision.reply.is_ok(), self.models[grant].gives(self.now));
        self.store(all_written(&decision));
        if let Ok(granted) = decision.reply {
            assert_eq!(words(&granted.scope), self.models[grant].scope, "all that was allowed");
            self.models[grant].state = State::Live { until: self.plus(IDLE_SECONDS) };
            self.secrets[grant] = Some(granted.refresh_secret);
        }
    }

    fn revoke(&mut self, grant: usize) {
        let Some(secret) = self.secrets[grant].clone() else { return };
        let record = self.records[grant].clone();
        let request = RevokeRequest::RefreshToken { secret, client_id: record.client_id.clone() };
        let others = self.records.clone();
        let lifetimes = &self.configuration.lifetimes;
        let decision = revoke(Some(record), others, request, lifetimes, self.now);
        assert_eq!(decision.reply, Ok(()));
        let (key, now) = (self.models[grant].key, self.now);
        if self.models[grant].gives(now) {
            for model in self.models.iter_mut().filter(|model| model.key == key && model.gives(now))
            {
                model.state = State::Over;
            }
        }
        self.store(all_written(&decision));
    }

    /// What holds after every step.
    fn check(&self, before: &[GrantRecord]) {
        assert_eq!(self.records.len(), self.models.len());
        for (record, model) in self.records.iter().zip(&self.models) {
            assert_eq!(record.gives(self.now), model.gives(self.now), "{model:?}");
            assert_eq!(words(&record.scope), model.scope, "{model:?}");
        }
        for (earlier, now) in before.iter().zip(&self.records) {
            assert!(earlier.scope.is_subset_of(&now.scope), "nothing gets narrower");
        }
        for (one, model) in self.records.iter().zip(&self.models) {
            for (other, other_model) in self.records.iter().zip(&self.models) {
                let together = one.installation() == other.installation();
                assert!(!together || model.key == other_model.key, "two installations merged");
                let both_give = model.gives(self.now) && other_model.gives(self.now);
                let same_key = model.key == other_model.key;
                assert!(!(both_give && same_key) || together, "one installation is in two");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_an_installation_has_one_scope_that_only_widens_and_one_end(
        steps in prop::collection::vec(step(), 1..40),
    ) {
        let mut world = World::new();
        for step in &steps {
            let before = world.records.clone();
            world.take(step);
            world.check(&before);
        }
    }
}
