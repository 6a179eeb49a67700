//! Every order of events, up to a depth, by the model checker stateright.
//!
//! `LATCHKEY_MODEL_DEEPER=2 cargo test --release -p latchkey-model -- --nocapture` goes two steps further
//! than the tests do by themselves; `docs/reliability.md` says how far that was and how long it took.

#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::env;
use std::sync::{Arc, Mutex};

use latchkey_model::properties::Property;
use latchkey_model::{Action, By, Event, Presented, Proof, Request, Scenario, World};
use stateright::{Checker, HasDiscoveries, Model, Property as Rule};

/// A scenario, the states that it is walked from, and what the walk comes across.
struct Walk {
    scenario: Scenario,
    starts: Vec<Vec<Action>>,
    seen: Arc<Mutex<BTreeSet<Event>>>,
}

/// A rule of the checker for each property: it takes functions, which can't remember which.
macro_rules! rules {
    ($($property:ident),+ $(,)?) => {
        vec![$(Rule::<Walk>::always(Property::$property.title(), |_, world| {
            world.broken().is_none_or(|broken| broken.property != Property::$property)
        })),+]
    };
}

impl Model for Walk {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        let start = |actions: &Vec<Action>| {
            let begin = World::new(&self.scenario);
            actions.iter().fold(begin, |world, action| world.take(*action).0)
        };
        self.starts.iter().map(start).collect()
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        actions.extend(world.actions(&self.scenario));
    }

    fn next_state(&self, world: &World, action: Action) -> Option<World> {
        let (next, events) = world.take(action);
        if !events.is_empty() {
            self.seen.lock().expect("no walker panicked").extend(events);
        }
        (next != *world).then_some(next)
    }

    fn properties(&self) -> Vec<Rule<Self>> {
        let rules = rules![
            OneRedemption,
            OneHead,
            EndedIsOver,
            ExpiredIsOver,
            NothingGivenIsLost,
            AccessTokens,
            EveryAnswer,
        ];
        assert_eq!(rules.len(), Property::ALL.len(), "every property is a rule");
        rules
    }
}

/// Walks every order of at most `depth` events after each start.
fn walk(name: &str, scenario: Scenario, starts: Vec<Vec<Action>>, depth: usize, events: &[Event]) {
    let deeper = env::var("LATCHKEY_MODEL_DEEPER").map_or(0, |text| {
        text.parse().expect("LATCHKEY_MODEL_DEEPER is the number of steps to go further")
    });
    let depth = depth + deeper;
    let seen = Arc::default();
    let walk = Walk { scenario, starts, seen: Arc::clone(&seen) };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    // The checker counts states of a path, and a start is one.
    let checker = walk
        .checker()
        .threads(threads)
        .target_max_depth(depth + 1)
        .finish_when(HasDiscoveries::AnyFailures)
        .spawn_bfs()
        .join();
    println!(
        "{name}: {} states, {} steps between them, every order of {depth} events",
        checker.unique_state_count(),
        checker.state_count(),
    );
    if let Some((property, path)) = checker.discoveries().into_iter().next() {
        let broken = path.last_state().broken().map(ToString::to_string);
        let actions = path.into_actions();
        panic!("{property}\n{broken:?}\nafter the start: {actions:#?}");
    }
    let seen = seen.lock().expect("no walker panicked");
    let missed: Vec<_> = events.iter().filter(|event| !seen.contains(event)).collect();
    assert!(missed.is_empty(), "the walk never came to {missed:?}");
}

const fn done(request: Request) -> Action {
    Action::Do { request, answer_arrives: true }
}

const fn approve(grant: usize) -> Action {
    done(Request::Approve { grant })
}

const fn redeem(proof: Proof) -> Action {
    done(Request::Redeem { grant: 0, proof })
}

const fn refresh(number: usize) -> Action {
    done(Request::Refresh { grant: 0, token: Presented::Given(number), by: By::Client })
}

const WAIT: Action = Action::Wait(120);

#[test]
fn issue_7_in_every_order_of_events_one_grant_keeps_every_promise() {
    let scenario = Scenario { grants: 1, workers: 2, refresh_tokens: 4, wrong_requests: true };
    let live = [approve(0), redeem(Proof::Right)];
    let starts = vec![
        vec![],
        vec![approve(0)],
        // One wrong verifier more, and the code is dead.
        [vec![approve(0)], vec![redeem(Proof::WrongVerifier); 4]].concat(),
        live.to_vec(),
        [&live[..], &[refresh(0)]].concat(),
        [&live[..], &[refresh(0), refresh(1)]].concat(),
        // Kept in use until shortly before the absolute end.
        [&live[..], &[WAIT, refresh(0), WAIT, refresh(1)]].concat(),
    ];
    walk("one grant", scenario, starts, 4, &Event::OF_ONE_GRANT);
}

#[test]
fn issue_7_in_every_order_of_events_two_grants_of_an_installation_end_together() {
    let scenario = Scenario { grants: 2, workers: 2, refresh_tokens: 3, wrong_requests: false };
    let live = [approve(0), redeem(Proof::Right)];
    let starts = vec![vec![], live.to_vec(), [&live[..], &[approve(1)]].concat()];
    walk("two grants", scenario, starts, 4, &Event::OF_TWO_GRANTS);
}
