//! Long lives of grants: the model that `protocol/model` walks in every order for a few steps is walked here
//! for many, with more of everything and any times between.

use latchkey_model::{Action, Scenario, World};

const SCENARIO: Scenario =
    Scenario { grants: 2, workers: 3, refresh_tokens: 24, wrong_requests: true };

/// Longer lives are only slower.
const MAXIMUM_STEPS: usize = 160;

/// Seconds that one byte can stand for: none, one, and those around each end.
const WAITS: [u64; 10] = [0, 1, 29, 30, 59, 60, 61, 119, 120, 180];

/// Two bytes are a step: which of all that can happen next happens. No state on the way breaks a property.
pub fn check(data: &[u8]) {
    let mut world = World::new(&SCENARIO);
    let mut walked = Vec::new();
    for step in data.chunks_exact(2).take(MAXIMUM_STEPS) {
        let choice = usize::from(u16::from_be_bytes([step[0], step[1]]));
        let actions = world.actions(&SCENARIO);
        // All was over before anything was approved.
        if actions.is_empty() {
            return;
        }
        let mut action = actions[choice % actions.len()];
        if let Action::Wait(_) = action {
            action = Action::Wait(WAITS[choice / actions.len() % WAITS.len()]);
        }
        walked.push(action);
        world = world.take(action).0;
        if let Some(broken) = world.broken() {
            panic!("{broken}\nafter {walked:#?}");
        }
    }
}
