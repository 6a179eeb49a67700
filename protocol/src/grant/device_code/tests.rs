use super::*;
use crate::device::Origin;
use crate::device_authorization::DeviceAuthorizationRequest;
use crate::entropy::CountingEntropy;
use crate::error::ErrorCode;
use crate::identifier::{AccountId, GrantId};
use crate::resource::ResourceIndicator;
use crate::scope::Scope;
use crate::test_support::{MCP, NOW, after, client_id, configuration, entropy_after};
use crate::time::{Lifetime, UnixTime};
use crate::token::DeviceCode;

pub(super) fn account(number: usize) -> AccountId {
    AccountId::generate(&mut entropy_after(100 + number))
}

pub(super) fn request() -> DeviceAuthorizationRequest {
    DeviceAuthorizationRequest {
        client_snapshot: None,
        client_id: client_id("client"),
        scope: Scope::parse("mcp").expect("scope"),
        resources: vec![ResourceIndicator::parse(MCP).expect("resource")],
    }
}

pub(super) fn begun() -> (DeviceAuthorizationRecord, DeviceCode) {
    let origin = Origin { program: Some("curl".to_owned()), place: None };
    let lifetimes = configuration().lifetimes;
    let mut entropy = CountingEntropy::default();
    DeviceAuthorizationRecord::begin(request(), origin, &lifetimes, NOW, &mut entropy)
}

pub(super) fn by(client: &str, code: &DeviceCode) -> Poll {
    Poll { secret: code.secret.clone(), client_id: client_id(client) }
}

/// The record after a poll at a time, and what the poll was answered.
fn polled(
    record: DeviceAuthorizationRecord,
    code: &DeviceCode,
    now: UnixTime,
) -> (DeviceAuthorizationRecord, Result<Approved, PollError>) {
    let decision = poll(Some(record.clone()), &by("client", code), now);
    (decision.write.map_or(record, |written| *written), decision.reply)
}

pub(super) fn approved_at(
    record: DeviceAuthorizationRecord,
    now: UnixTime,
) -> (DeviceAuthorizationRecord, ApprovedRequest) {
    let grant = record.grant.clone();
    let decision = approve(Some(record), Some(&grant), &account(1), now);
    (*decision.write.expect("a write"), decision.reply.expect("approved"))
}

fn is_unchanged<R>(decision: &RecordDecision<R>) -> bool {
    decision.write.is_none()
}

#[test]
fn rfc8628_3_5_dev_02_before_a_decision_the_answer_is_authorization_pending() {
    let (mut record, code) = begun();
    for seconds in [0, 5, 10, 60, 599] {
        let (next, answer) = polled(record, &code, after(seconds));
        assert_eq!(answer, Err(PollError::Pending), "{seconds}");
        record = next;
    }
    assert_eq!(PollError::Pending.reply().code, ErrorCode::AuthorizationPending);
}

#[test]
fn rfc8628_3_5_dev_03_each_early_request_makes_the_interval_five_seconds_longer_for_good() {
    let (record, code) = begun();
    let (mut record, first) = polled(record, &code, NOW);
    assert_eq!(first, Err(PollError::Pending));
    for (early, interval) in (1..).zip([10, 15, 20, 25]) {
        let (next, answer) = polled(record, &code, after(early));
        assert_eq!(answer, Err(PollError::SlowDown(Lifetime::seconds(interval))), "{early}");
        assert_eq!(answer.expect_err("early").reply().code, ErrorCode::SlowDown);
        record = next;
    }
    // It stays so: 25 seconds, also after requests that were in time.
    let (record, in_time) = polled(record, &code, after(25));
    assert_eq!(in_time, Err(PollError::Pending));
    let (record, in_time) = polled(record, &code, after(50));
    assert_eq!(in_time, Err(PollError::Pending));
    let (_, early) = polled(record, &code, after(60));
    assert_eq!(early, Err(PollError::SlowDown(Lifetime::seconds(30))));
}

#[test]
fn needs_32_a_client_that_obeys_slow_down_is_in_time_with_its_next_request() {
    let (record, code) = begun();
    let (record, _) = polled(record, &code, NOW);
    let (mut record, answer) = polled(record, &code, after(2));
    let mut interval = answer.expect_err("early").interval().expect("an interval").as_seconds();
    assert_eq!(interval, 10);
    let mut now = 2;
    for _ in 0..10 {
        now += interval;
        let (next, answer) = polled(record, &code, after(now));
        assert_eq!(answer, Err(PollError::Pending), "after {now} s");
        record = next;
    }
    interval -= 1;
    let (_, within_a_second) = polled(record, &code, after(now + interval));
    assert_eq!(within_a_second, Err(PollError::Pending), "the network does not keep time");
}

#[test]
fn needs_32_two_processes_that_poll_with_one_code_are_not_slowed_down_without_end() {
    let (mut record, code) = begun();
    // Both obey: each waits five seconds longer after each slow_down that it gets.
    let mut next = [(0_u64, 5_u64), (2, 5)];
    loop {
        let process = usize::from(next[1].0 < next[0].0);
        let (now, interval) = next[process];
        if now >= 600 {
            break;
        }
        let (written, answer) = polled(record, &code, after(now));
        record = written;
        let longer = match answer {
            Err(PollError::Pending) => 0,
            Err(PollError::SlowDown(stated)) => {
                assert!(stated <= MAXIMUM_INTERVAL);
                5
            }
            other => panic!("{other:?}"),
        };
        next[process] = (now + interval + longer, interval + longer);
    }
    for (_, interval) in next {
        assert!(interval <= 90, "polls every {interval} s at the end of the ten minutes");
    }
}

#[test]
fn needs_32_a_decision_is_told_to_whoever_asks_however_early() {
    let (mut record, code) = begun();
    for _ in 0..50 {
        record = polled(record, &code, NOW).0;
    }
    let (approved, request) = approved_at(record.clone(), NOW);
    let (_, answer) = polled(approved, &code, NOW);
    let expected = Approved { account: account(1), grant: request.grant };
    assert_eq!(answer, Ok(expected));

    let grant = record.grant.clone();
    let denied = *deny(Some(record), &grant, &account(1), NOW).write.expect("a write");
    assert_eq!(polled(denied, &code, NOW).1, Err(PollError::Denied));
    assert_eq!(PollError::Denied.reply().code, ErrorCode::AccessDenied);
}

#[test]
fn rfc8628_3_5_dev_04_after_its_time_a_device_code_is_an_expired_token() {
    let (record, code) = begun();
    assert_eq!(polled(record.clone(), &code, after(599)).1, Err(PollError::Pending));
    assert_eq!(polled(record.clone(), &code, after(600)).1, Err(PollError::Expired));
    assert_eq!(PollError::Expired.reply().code, ErrorCode::ExpiredToken);
    assert_eq!(record.forget_at(), after(1_200), "a late device is told so for ten minutes more");

    // Allowed in the last second: the device gets two minutes to come.
    let (approved, _) = approved_at(record, after(599));
    assert!(polled(approved.clone(), &code, after(718)).1.is_ok());
    assert_eq!(polled(approved, &code, after(719)).1, Err(PollError::Expired));
}

#[test]
fn rfc8628_3_5_dev_04_an_unknown_or_another_clients_code_is_invalid_grant_and_changes_nothing() {
    let (record, code) = begun();
    let other = DeviceCode { secret: account_secret(), ..begun().1 };
    let cases = [
        (None, by("client", &code), PollError::Unknown),
        (Some(record.clone()), by("client", &other), PollError::Unknown),
        (Some(record), by("another", &code), PollError::AnotherClient),
    ];
    for (record, request, expected) in cases {
        let decision = poll(record, &request, NOW);
        assert!(is_unchanged(&decision), "{expected:?}");
        let error = decision.reply.expect_err("refused");
        assert_eq!(error, expected);
        assert_eq!(error.reply().code, ErrorCode::InvalidGrant);
    }
}

pub(super) fn account_secret() -> crate::secret::Secret {
    crate::secret::Secret::generate(&mut entropy_after(50))
}

#[test]
fn dev_06_looking_a_code_up_changes_nothing_and_says_who_decided() {
    let (record, _) = begun();
    assert!(matches!(look_up(None, &account(1), NOW), LookUp::Unknown));
    assert!(matches!(look_up(Some(record.clone()), &account(1), NOW), LookUp::Pending(_)));
    assert!(matches!(look_up(Some(record.clone()), &account(1), after(600)), LookUp::Expired));
    let (approved, _) = approved_at(record.clone(), NOW);
    let seen = |number| look_up(Some(approved.clone()), &account(number), after(1));
    assert!(matches!(seen(1), LookUp::Approved { by_you: true, .. }));
    assert!(matches!(seen(2), LookUp::Approved { by_you: false, .. }));

    let guesses = [
        (LookUp::Unknown, true),
        (LookUp::Expired, true),
        (LookUp::Approved { by_you: false, grant: record.grant.clone() }, true),
        (LookUp::Denied { by_you: false }, true),
        (LookUp::Approved { by_you: true, grant: record.grant.clone() }, false),
        (LookUp::Denied { by_you: true }, false),
        (LookUp::Pending(Box::new(record)), false),
    ];
    for (found, is_a_guess) in guesses {
        assert_eq!(found.is_a_guess(), is_a_guess, "{found:?}");
    }
}

#[test]
fn rfc10027_dev_04_what_was_decided_stays_so_whoever_comes_next() {
    let (record, _) = begun();
    let grant = record.grant.clone();
    let (approved, _) = approved_at(record.clone(), NOW);
    let denied = *deny(Some(record.clone()), &grant, &account(1), NOW).write.expect("a write");
    for decided in [&approved, &denied] {
        let other = approve(Some(decided.clone()), Some(&grant), &account(2), NOW);
        assert!(is_unchanged(&other));
        assert_eq!(other.reply.err(), Some(DecideError::Decided));
        let other = deny(Some(decided.clone()), &grant, &account(2), NOW);
        assert!(is_unchanged(&other));
        assert_eq!(other.reply, Err(DecideError::Decided));
    }
    // The same person's second press comes to the same.
    let again = approve(Some(approved.clone()), Some(&grant), &account(1), after(1));
    assert!(is_unchanged(&again) && again.reply.is_ok());
    let again = deny(Some(denied.clone()), &grant, &account(1), after(1));
    assert!(is_unchanged(&again) && again.reply.is_ok());
    // But not the other button.
    assert_eq!(deny(Some(approved), &grant, &account(1), NOW).reply, Err(DecideError::Decided));
    let turned = approve(Some(denied), Some(&grant), &account(1), NOW).reply;
    assert_eq!(turned.err(), Some(DecideError::Decided));
}

#[test]
fn dev_07_a_decision_is_about_the_request_that_was_shown_and_in_its_time() {
    let (record, _) = begun();
    let another = GrantId::generate(&mut entropy_after(60));
    let own = record.grant.clone();
    for (record, grant, now) in [
        (None, &own, NOW),
        (Some(record.clone()), &another, NOW),
        (Some(record.clone()), &own, after(600)),
    ] {
        let decision = approve(record.clone(), Some(grant), &account(1), now);
        assert!(is_unchanged(&decision));
        assert_eq!(decision.reply.err(), Some(DecideError::Over));
        assert_eq!(deny(record, grant, &account(1), now).reply, Err(DecideError::Over));
    }
    let (record, _) = begun();
    let decision = approve(Some(record), None, &account(1), NOW);
    assert_eq!(decision.reply.expect("whichever has the code").grant, own);
}

#[test]
fn a_stored_request_reads_back_in_each_state_and_has_no_device_code() {
    let (record, code) = begun();
    let grant = record.grant.clone();
    let asked = polled(record.clone(), &code, NOW).0;
    let denied = *deny(Some(record.clone()), &grant, &account(1), NOW).write.expect("a write");
    for record in [record.clone(), asked, denied, approved_at(record, NOW).0] {
        let stored = serde_json::to_string(&record).expect("json");
        assert!(!stored.contains(code.secret.expose()));
        let back: DeviceAuthorizationRecord = crate::json::read(&stored).expect("reads back");
        assert_eq!(back.state, record.state);
        assert_eq!(serde_json::to_string(&back).expect("json"), stored);
    }
}
