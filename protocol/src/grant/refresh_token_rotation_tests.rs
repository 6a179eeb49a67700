//! Rotation: who gets the successor, for how long, and what a replay ends.

use super::{Refreshed, refresh_at, request, rotated};
use crate::activity::Activity;
use crate::grant::refresh_token::{RefreshError, RefreshRequest, inspect, refresh};
use crate::grant::{EndReason, FamilyState};
use crate::scope::Scope;
use crate::test_support::{
    NOW, after, client_id, configuration, configuration_with, live, noted, same, written,
};
use crate::time::UnixTime;
use serde_json::json;

fn assert_ends_the_family(decision: &Refreshed, now: UnixTime, name: &str) {
    assert_eq!(decision.reply.as_ref().err(), Some(&RefreshError::Replayed), "{name}");
    let replayed = Activity::RefreshTokenReplayed { client_id: client_id("client") };
    assert_eq!(noted(decision), [replayed], "{name}");
    match written(decision).expect(name).family {
        FamilyState::Ended { reason, at } => {
            assert_eq!((reason, at), (EndReason::RefreshTokenReplayed, now), "{name}");
        }
        other => panic!("{name}: {other:?}"),
    }
}

#[test]
fn rfc9700_4_14_fifty_identical_refreshes_give_one_successor_and_one_write() {
    let (mut stored, first) = live();
    let (mut successors, mut writes) = (Vec::new(), 0);
    for _ in 0..50 {
        let decision = refresh_at(&stored, &first, after(10));
        if let Some(record) = written(&decision) {
            stored = record;
            writes += 1;
        }
        successors.push(decision.reply.expect("granted").refresh_secret);
    }
    assert_eq!(writes, 1);
    assert!(successors.iter().all(|successor| same(successor, &successors[0])));
    let (stored, third) = rotated(&stored, &successors[0], after(11));
    assert!(refresh_at(&stored, &third, after(12)).reply.is_ok(), "the chain goes on");
}

#[test]
fn rfc9700_4_14_a_retry_is_good_for_59_seconds_and_a_replay_at_60() {
    let (record, first) = live();
    let (record, second) = rotated(&record, &first, after(100));
    for seconds in [100, 101, 159] {
        let decision = refresh_at(&record, &first, after(seconds));
        assert!(decision.writes.is_empty(), "at {seconds}: a retry doesn't move the window");
        assert!(same(&decision.reply.expect("retry").refresh_secret, &second), "at {seconds}");
    }
    assert_ends_the_family(&refresh_at(&record, &first, after(160)), after(160), "at 160");
}

#[test]
fn rfc9700_4_14_the_window_is_configurable_down_to_none() {
    let configuration = configuration_with(&json!({"lifetimes": {"refresh_retry_window": 0}}));
    let (record, first) = live();
    let (record, second) = rotated(&record, &first, NOW);
    let retry = refresh(Some(record.clone()), &request(&first), &configuration, NOW);
    assert_ends_the_family(&retry, NOW, "no window");
    let good = refresh(Some(record), &request(&second), &configuration, NOW);
    assert!(good.reply.is_ok());
}

#[test]
fn rfc9700_4_14_using_the_successor_closes_the_window_of_its_predecessor() {
    let (record, first) = live();
    let (record, second) = rotated(&record, &first, NOW);
    let (record, third) = rotated(&record, &second, after(1));
    let retry = refresh_at(&record, &second, after(1));
    assert!(same(&retry.reply.expect("its own window is open").refresh_secret, &third));
    assert_ends_the_family(&refresh_at(&record, &first, after(1)), after(1), "predecessor");
}

#[test]
fn rfc9700_4_14_a_token_of_any_recognised_generation_ends_the_family() {
    let (mut record, first) = live();
    let mut tokens = vec![first];
    for generation in 1..=1_025_u64 {
        let (next, token) = rotated(&record, &tokens[tokens.len() - 1], after(generation));
        record = next;
        tokens.push(token);
    }
    let now = after(1_026);
    for generation in [1, 2, 500, 1_023] {
        let decision = refresh_at(&record, &tokens[generation], now);
        assert_ends_the_family(&decision, now, &format!("generation {generation}"));
    }
    // 1,025 generations back it is refused all the same, and only the family is left alone.
    let decision = refresh_at(&record, &tokens[0], now);
    assert_eq!(decision.reply.expect_err("old"), RefreshError::UnknownToken);
    assert!(decision.writes.is_empty());
    assert!(refresh_at(&record, &tokens[1_025], now).reply.is_ok());
}

#[test]
fn rfc9700_4_14_after_a_replay_the_good_token_is_dead_too() {
    let (record, first) = live();
    let (record, second) = rotated(&record, &first, NOW);
    let ended = written(&refresh_at(&record, &first, after(60))).expect("ended");
    for token in [&first, &second] {
        let decision = refresh_at(&ended, token, after(61));
        assert_eq!(decision.reply.expect_err("ended"), RefreshError::Ended);
        assert!(decision.writes.is_empty(), "it ends once");
    }
}

#[test]
fn a_retry_that_is_wrong_otherwise_is_refused_without_ending_anything() {
    let (record, first) = live();
    let (record, second) = rotated(&record, &first, NOW);
    let wider = Some(Scope::parse("write").expect("scope"));
    let retry = RefreshRequest { scope: wider, ..request(&first) };
    let decision = refresh(Some(record.clone()), &retry, &configuration(), after(59));
    assert_eq!(decision.reply.expect_err("wider"), RefreshError::WiderScope);
    assert!(decision.writes.is_empty());

    // A retry may ask for another part of the grant; the successor is the same.
    let narrower = Some(Scope::parse("read").expect("scope"));
    let retry = RefreshRequest { scope: narrower, ..request(&first) };
    let granted = refresh(Some(record), &retry, &configuration(), after(59)).reply.expect("retry");
    assert_eq!(granted.scope.to_string(), "read");
    assert!(same(&granted.refresh_secret, &second));
}

#[test]
fn a_replay_is_a_replay_whatever_else_is_wrong_with_the_request() {
    let (record, first) = live();
    let (record, _) = rotated(&record, &first, NOW);
    let replay = RefreshRequest {
        scope: Some(Scope::parse("write").expect("scope")),
        resource: vec!["https://evil.example".to_owned()],
        ..request(&first)
    };
    let decision = refresh(Some(record), &replay, &configuration(), after(60));
    assert_ends_the_family(&decision, after(60), "wrong scope and resource");
}

#[test]
fn int_03_a_refresh_token_is_active_exactly_while_it_would_be_exchanged() {
    let lifetimes = configuration().lifetimes;
    let (record, first) = live();
    let (record, second) = rotated(&record, &first, after(1));
    let (record, third) = rotated(&record, &second, after(100));
    let idle = 30 * 86_400;
    let revoked = record.clone().ended(EndReason::Revoked, after(100));
    let garbage = crate::secret::Secret::new("garbage");
    let cases = [
        ("current", &record, &third, 100, true),
        ("current, last second", &record, &third, 99 + idle, true),
        ("idle for too long", &record, &third, 100 + idle, false),
        ("previous, in its window", &record, &second, 159, true),
        ("previous, after its window", &record, &second, 160, false),
        ("spent", &record, &first, 100, false),
        ("garbage", &record, &garbage, 100, false),
        ("revoked", &revoked, &third, 100, false),
    ];
    for (name, record, secret, seconds, active) in cases {
        let state = inspect(record, secret, &lifetimes, after(seconds));
        assert_eq!(state.is_some(), active, "{name}");
        let exchanged = refresh_at(record, secret, after(seconds)).reply.is_ok();
        assert_eq!(exchanged, active, "{name}");
    }

    let current = inspect(&record, &third, &lifetimes, after(100)).expect("current");
    assert_eq!((current.issued_at, current.expires_at), (Some(after(100)), after(100 + idle)));
    assert_eq!(current.scope.to_string(), "mcp read");
    let previous = inspect(&record, &second, &lifetimes, after(100)).expect("previous");
    assert_eq!((previous.issued_at, previous.expires_at), (None, after(160)));
}

#[test]
fn a_rotation_is_noted_once_and_a_retry_of_it_is_not() {
    let (record, first) = live();
    let rotation = refresh_at(&record, &first, NOW);
    assert_eq!(noted(&rotation), [Activity::Refreshed { client_id: client_id("client") }]);
    let stored = written(&rotation).expect("a rotation");
    assert!(noted(&refresh_at(&stored, &first, after(1))).is_empty());
}
