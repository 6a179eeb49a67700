//! A code that is tried, guessed at or presented again.

use super::{redeem_at, wrong_verifier};
use crate::activity::Activity;
use crate::grant::authorization_code::{CodeRequest, RedeemError};
use crate::grant::refresh_token::{RefreshError, RefreshRequest, refresh};
use crate::grant::{EndReason, FamilyState};
use crate::secret::Secret;
use crate::test_support::{
    NOW, after, client_id, code_request, configuration, issued, live, noted, written,
};

#[test]
fn rfc7636_4_6_five_wrong_verifiers_kill_the_code_and_four_do_not() {
    let mut record = issued();
    for attempt in 1..=4 {
        let decision = redeem_at(&record, &wrong_verifier(), NOW);
        assert!(noted(&decision).is_empty(), "attempt {attempt}");
        record = written(&decision).expect("the count");
        assert_eq!(decision.reply.expect_err("wrong"), RedeemError::VerifierMismatch);
        assert!(redeem_at(&record, &code_request(), after(59)).reply.is_ok(), "after {attempt}");
        let late = redeem_at(&record, &code_request(), after(60));
        assert_eq!(late.reply.expect_err("late"), RedeemError::Expired, "after {attempt}");
    }

    let fifth = redeem_at(&record, &wrong_verifier(), NOW);
    assert_eq!(noted(&fifth), [Activity::CodeExhausted { client_id: client_id("client") }]);
    let dead = written(&fifth).expect("the dead code");
    assert_eq!(fifth.reply.expect_err("wrong"), RedeemError::VerifierMismatch);
    for request in [code_request(), wrong_verifier()] {
        let decision = redeem_at(&dead, &request, NOW);
        assert_eq!(decision.reply.expect_err("dead"), RedeemError::Exhausted);
        assert!(decision.writes.is_empty());
    }
}

#[test]
fn rfc7636_4_6_a_stranger_without_the_code_cannot_count_down_its_attempts() {
    let record = issued();
    let strangers = [
        CodeRequest { secret: Secret::new("guess"), ..wrong_verifier() },
        CodeRequest { client_id: client_id("other"), ..wrong_verifier() },
        CodeRequest { redirect_uri: Some("https://evil.example/".into()), ..wrong_verifier() },
        CodeRequest { code_verifier: None, ..code_request() },
    ];
    for request in strangers {
        assert!(redeem_at(&record, &request, NOW).writes.is_empty());
    }
}

#[test]
fn oauth21_4_1_3_a_second_redemption_ends_what_the_code_gave() {
    let (record, refresh_secret) = live();
    let decision = redeem_at(&record, &code_request(), after(61));
    assert_eq!(noted(&decision), [Activity::CodeReplayed { client_id: client_id("client") }]);
    let ended = written(&decision).expect("the ended grant");
    assert_eq!(decision.reply.expect_err("replay"), RedeemError::Replayed);
    assert!(!ended.is_live(after(61)));
    let FamilyState::Ended { reason, at } = ended.family else { panic!("ended") };
    assert_eq!((reason, at), (EndReason::CodeReplayed, after(61)));

    let request = RefreshRequest {
        client_snapshot: None,
        keep_token: false,
        secret: refresh_secret,
        client_id: client_id("client"),
        scope: None,
        resource: Vec::new(),
    };
    let refreshed = refresh(Some(ended), &request, &configuration(), after(61));
    assert_eq!(refreshed.reply.expect_err("ended"), RefreshError::Ended);
}

#[test]
fn oauth21_7_5_3_a_replay_without_proof_leaves_the_family_alone() {
    let no_verifier = CodeRequest { code_verifier: None, ..code_request() };
    let other_uri =
        CodeRequest { redirect_uri: Some("https://a.example/".into()), ..code_request() };
    let other_client = CodeRequest { client_id: client_id("other"), ..code_request() };
    let garbage = CodeRequest { secret: Secret::new("garbage"), ..code_request() };
    let cases = [
        ("wrong verifier", wrong_verifier(), RedeemError::ReplayedWithoutProof),
        ("no verifier", no_verifier, RedeemError::ReplayedWithoutProof),
        ("another redirect URI", other_uri, RedeemError::ReplayedWithoutProof),
        ("another client", other_client, RedeemError::AnotherClient),
        ("not the code", garbage, RedeemError::UnknownCode),
    ];
    for (name, request, expected) in cases {
        for attempt in 1..=6 {
            let decision = redeem_at(&live().0, &request, NOW);
            assert_eq!(decision.reply.expect_err(name), expected, "{name}, attempt {attempt}");
            assert!(decision.writes.is_empty(), "{name}");
        }
    }
}

#[test]
fn oauth21_4_1_3_a_replay_after_the_end_keeps_the_first_reason_and_writes_nothing() {
    let revoked = live().0.ended(EndReason::Revoked, after(5));
    let decision = redeem_at(&revoked, &code_request(), after(6));
    assert_eq!(decision.reply.expect_err("replay"), RedeemError::Replayed);
    assert!(decision.writes.is_empty());
}

#[test]
fn a_grant_that_ended_before_its_code_was_redeemed_gives_nothing() {
    let ended = issued().ended(EndReason::Revoked, NOW);
    let decision = redeem_at(&ended, &code_request(), NOW);
    assert_eq!(decision.reply.expect_err("ended"), RedeemError::Exhausted);
    assert!(decision.writes.is_empty());
}
