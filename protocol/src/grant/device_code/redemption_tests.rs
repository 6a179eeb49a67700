//! The grant in the account, and its tokens.

use serde_json::json;

use super::tests::{account, account_secret, approved_at, begun};
use super::*;
use crate::configuration::Configuration;
use crate::error::ErrorCode;
use crate::grant::authorization_code::{self, Approval, Approver, CodeRequest};
use crate::grant::{CodeState, Decision, EndReason, FamilyState, GrantRecord, Write};
use crate::test_support::{
    API, MCP, NOW, after, client_id, configuration, configuration_with, entropy_after,
};
use crate::time::UnixTime;
use crate::token::DeviceCode;

/// The grant in the account of whoever approved.
fn granted_access(approved: &ApprovedRequest, now: UnixTime) -> Decision<Approval> {
    access_again(None, approved, now)
}

fn access_again(
    existing: Option<GrantRecord>,
    approved: &ApprovedRequest,
    now: UnixTime,
) -> Decision<Approval> {
    let account = account(1);
    let approver = Approver { account: &account, authenticated_at: NOW };
    let lifetimes = configuration().lifetimes;
    grant_access(existing, approved, Some("Acme CLI"), approver, &lifetimes, now)
}

fn written(writes: &[Write]) -> GrantRecord {
    let grants: Vec<_> = writes
        .iter()
        .filter_map(|write| match write {
            Write::Grant(grant) => Some((**grant).clone()),
            _ => None,
        })
        .collect();
    assert_eq!(grants.len(), 1);
    grants[0].clone()
}

fn redeemed(
    record: Option<GrantRecord>,
    request: &Redemption,
    configuration: &Configuration,
    now: UnixTime,
) -> Decision<Result<crate::grant::Granted, RedemptionError>> {
    redeem(record, request, configuration, now, &mut entropy_after(70))
}

fn redemption(code: &DeviceCode) -> Redemption {
    Redemption {
        secret: code.secret.clone(),
        client_id: client_id("client"),
        client_snapshot: None,
        resource: Vec::new(),
    }
}

#[test]
fn rfc8628_3_5_dev_04_an_approved_code_gives_tokens_once_and_a_replay_changes_nothing() {
    let (record, code) = begun();
    let (_, approved) = approved_at(record, NOW);
    let access = granted_access(&approved, NOW);
    assert_eq!(access.reply, Approval::CodeIssued);
    let grant = written(&access.writes);
    assert_eq!(grant.installation(), &approved.grant, "each device is an app of its own");
    assert!(!grant.is_live(NOW) && grant.gives(NOW));
    assert!(grant.forget_at() > approved.until, "the row outlives the code");

    let configuration = configuration();
    let first = redeemed(Some(grant), &redemption(&code), &configuration, after(5));
    let granted = first.reply.expect("tokens");
    assert_eq!(granted.scope.to_string(), "mcp");
    assert_eq!(granted.resource.as_str(), MCP);
    let live = written(&first.writes);
    assert!(live.is_live(after(5)));

    let again = redeemed(Some(live.clone()), &redemption(&code), &configuration, after(6));
    assert!(again.writes.is_empty());
    assert_eq!(again.reply.err(), Some(RedemptionError::AlreadyUsed));
    // Nor does a late second press of Allow bring it back.
    let pressed = access_again(Some(live), &approved, after(6));
    assert!(pressed.writes.is_empty());
    assert_eq!(pressed.reply, Approval::AlreadyUsed);
}

#[test]
fn rfc8628_3_5_each_reason_has_its_code_and_leaves_the_grant_as_it_is() {
    let (record, code) = begun();
    let (_, approved) = approved_at(record, NOW);
    let grant = written(&granted_access(&approved, NOW).writes);
    let configuration = configuration();
    let ended = grant.clone().ended(EndReason::RevokedByPerson, NOW);
    let other = Redemption { secret: account_secret(), ..redemption(&code) };
    let another = Redemption { client_id: client_id("another"), ..redemption(&code) };
    let elsewhere = Redemption { resource: vec![API.to_owned()], ..redemption(&code) };
    let (late, good) = (after(600), redemption(&code));
    let cases = [
        (None, &good, NOW, RedemptionError::NotYet, ErrorCode::AuthorizationPending),
        (Some(&grant), &other, NOW, RedemptionError::Unknown, ErrorCode::InvalidGrant),
        (Some(&grant), &another, NOW, RedemptionError::AnotherClient, ErrorCode::InvalidGrant),
        (Some(&ended), &good, NOW, RedemptionError::Ended, ErrorCode::InvalidGrant),
        (Some(&grant), &good, late, RedemptionError::Expired, ErrorCode::ExpiredToken),
        (Some(&grant), &elsewhere, NOW, RedemptionError::InvalidTarget, ErrorCode::InvalidTarget),
    ];
    for (record, request, now, error, code) in cases {
        let decision = redeemed(record.cloned(), request, &configuration, now);
        assert!(decision.writes.is_empty(), "{error:?}");
        assert_eq!(decision.reply.err(), Some(error));
        assert_eq!(error.reply().code, code, "{error:?}");
    }
    // A resource that the deployment has removed since gives no tokens.
    let without = configuration_with(&json!({ "resources": [{ "uri": API }] }));
    let decision = redeemed(Some(grant), &redemption(&code), &without, NOW);
    assert_eq!(decision.reply.err(), Some(RedemptionError::InvalidTarget));
}

#[test]
fn a_device_code_and_an_authorization_code_never_pass_for_each_other() {
    let (record, code) = begun();
    let (_, approved) = approved_at(record, NOW);
    let grant = written(&granted_access(&approved, NOW).writes);
    let configuration = configuration();
    let as_code = CodeRequest {
        client_snapshot: None,
        secret: code.secret.clone(),
        client_id: client_id("client"),
        redirect_uri: None,
        code_verifier: None,
        resource: Vec::new(),
    };
    let mut entropy = entropy_after(70);
    let decision =
        authorization_code::redeem(Some(grant), &as_code, &configuration, NOW, &mut entropy);
    assert!(decision.writes.is_empty());
    assert_eq!(decision.reply.err(), Some(authorization_code::RedeemError::UnknownCode));

    let issued = crate::test_support::issued();
    let as_device = Redemption {
        client_snapshot: None,
        secret: crate::test_support::code_request().secret,
        client_id: issued.client_id.clone(),
        resource: Vec::new(),
    };
    let decision = redeemed(Some(issued), &as_device, &configuration, NOW);
    assert!(decision.writes.is_empty());
    assert_eq!(decision.reply.err(), Some(RedemptionError::Unknown));
}

#[test]
fn a_grant_of_a_device_reads_back_and_belongs_to_no_request_of_a_browser() {
    let (record, _) = begun();
    let (_, approved) = approved_at(record, NOW);
    let grant = written(&granted_access(&approved, NOW).writes);
    let stored = serde_json::to_value(&grant).expect("json");
    assert_eq!(stored["asked_from"], json!({ "program": "curl" }));
    assert_eq!(stored.get("redirect_uri"), None);
    let back: GrantRecord = crate::json::from_value(stored).expect("reads back");
    assert_eq!(back.asked, grant.asked);
    assert!(matches!(back.code, CodeState::Issued { .. }));
    assert!(matches!(back.family, FamilyState::NotStarted));
    let asked = crate::test_support::authorization_request(&[]);
    assert!(!crate::grant::is_same_installation(&back, &asked));
}
