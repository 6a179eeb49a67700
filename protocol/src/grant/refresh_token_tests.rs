use super::*;
use crate::grant::authorization_code;
use crate::test_support::{
    API, Change, MCP, NOW, after, approved, authorization_request, client_id, code_request,
    configuration, entropy_after, issued, live, noted, same, stored, written,
};
use crate::time::Lifetime;

#[path = "refresh_token_rotation_tests.rs"]
mod rotation;

type Refreshed = Decision<Result<Granted, RefreshError>>;

const DAY: u64 = 86_400;

fn request(secret: &Secret) -> RefreshRequest {
    RefreshRequest {
        client_snapshot: None,
        keep_token: false,
        secret: secret.clone(),
        client_id: client_id("client"),
        scope: None,
        resource: Vec::new(),
    }
}

fn refresh_at(record: &GrantRecord, secret: &Secret, now: UnixTime) -> Refreshed {
    refresh(Some(record.clone()), &request(secret), &configuration(), now)
}

/// The grant and its next refresh token after one rotation.
fn rotated(record: &GrantRecord, secret: &Secret, now: UnixTime) -> (GrantRecord, Secret) {
    let decision = refresh_at(record, secret, now);
    let record = written(&decision).expect("a rotation");
    (record, decision.reply.expect("granted").refresh_secret)
}

#[test]
fn rfc6749_6_a_refresh_token_gives_an_access_token_and_its_successor() {
    let (record, first) = live();
    let decision = refresh_at(&record, &first, after(3_000));
    assert_eq!(noted(&decision), [Activity::Refreshed { client_id: client_id("client") }]);
    let next = written(&decision).expect("a rotation");
    let granted = decision.reply.expect("granted");
    assert!(!same(&granted.refresh_secret, &first));
    assert_eq!(granted.refresh_secret.expose().len(), 43);
    assert_eq!(granted.grant, record.id);
    assert_eq!(granted.scope.to_string(), "mcp read");
    assert_eq!(granted.resource.as_str(), MCP);
    assert_eq!(granted.authenticated_at, NOW);

    assert_eq!(next.last_used_at, after(3_000));
    assert_eq!(next.ends_at, record.ends_at, "rotation never moves the absolute end");
    let FamilyState::Live(family) = &next.family else { panic!("live") };
    assert_eq!(family.idle_until, after(3_000 + 30 * DAY));
    assert!(refresh_at(&next, &granted.refresh_secret, after(3_001)).reply.is_ok());
}

#[test]
fn rfc6749_5_2_each_wrong_request_has_its_reason_and_writes_nothing() {
    type Wrong = fn(&mut GrantRecord, &mut RefreshRequest, &mut UnixTime);
    let cases: &[(&str, Wrong, RefreshError)] = &[
        (
            "not started: the code itself as refresh token",
            |record, request, _| {
                *record = issued();
                request.secret = code_request().secret;
            },
            RefreshError::UnknownToken,
        ),
        (
            "the code of a live grant",
            |_, request, _| request.secret = code_request().secret,
            RefreshError::UnknownToken,
        ),
        ("garbage", |_, request, _| request.secret = Secret::new("x"), RefreshError::UnknownToken),
        ("empty", |_, request, _| request.secret = Secret::new(""), RefreshError::UnknownToken),
        (
            "another client",
            |_, request, _| request.client_id = client_id("other"),
            RefreshError::AnotherClient,
        ),
        (
            "revoked",
            |record, _, _| *record = record.clone().ended(EndReason::Revoked, NOW),
            RefreshError::Ended,
        ),
        ("idle for 30 days", |_, _, now| *now = after(30 * DAY), RefreshError::Expired),
        (
            "garbage for an idle family",
            |_, request, now| {
                request.secret = Secret::new("x");
                *now = after(30 * DAY);
            },
            RefreshError::Expired,
        ),
        ("past the absolute end", |record, _, _| record.ends_at = NOW, RefreshError::Expired),
        (
            "wider scope",
            |_, request, _| request.scope = Some(Scope::parse("mcp write").expect("scope")),
            RefreshError::WiderScope,
        ),
        (
            "unknown resource",
            |_, request, _| request.resource = vec!["https://evil.example".to_owned()],
            RefreshError::InvalidTarget,
        ),
        (
            "a resource that wasn't granted",
            |_, request, _| request.resource = vec![API.to_owned()],
            RefreshError::InvalidTarget,
        ),
    ];
    for (name, wrong, expected) in cases {
        let (mut record, secret) = live();
        let (mut request, mut now) = (request(&secret), NOW);
        wrong(&mut record, &mut request, &mut now);
        let decision = refresh(Some(record), &request, &configuration(), now);
        assert_eq!(decision.reply.expect_err(name), *expected, "{name}");
        assert!(decision.writes.is_empty(), "{name}");
    }

    let decision = refresh(None, &request(&live().1), &configuration(), NOW);
    assert_eq!(decision.reply.expect_err("no grant"), RefreshError::UnknownToken);
    assert!(decision.writes.is_empty());
}

#[test]
fn rfc6749_10_4_another_client_changes_nothing_whatever_it_presents() {
    let (record, first) = live();
    let (record, second) = rotated(&record, &first, NOW);
    for (name, secret) in [("spent", &first), ("good", &second), ("none", &Secret::new("x"))] {
        let request = RefreshRequest { client_id: client_id("other"), ..request(secret) };
        let decision = refresh(Some(record.clone()), &request, &configuration(), after(60));
        assert_eq!(decision.reply.expect_err(name), RefreshError::AnotherClient, "{name}");
        assert!(decision.writes.is_empty(), "{name}");
    }
}

#[test]
fn a_token_of_another_family_is_unknown_and_leaves_both_alone() {
    let (record, _) = live();
    let mut entropy = entropy_after(10);
    let other = authorization_code::redeem(
        Some(issued()),
        &code_request(),
        &configuration(),
        NOW,
        &mut entropy,
    );
    let token = other.reply.expect("granted").refresh_secret;
    let decision = refresh_at(&record, &token, NOW);
    assert_eq!(decision.reply.expect_err("foreign"), RefreshError::UnknownToken);
    assert!(decision.writes.is_empty());
}

#[test]
fn rfc6749_6_scope_may_narrow_the_access_token_and_never_the_grant() {
    let cases = [
        ("none", None, Ok("mcp read")),
        ("empty", Some(""), Ok("mcp read")),
        ("all", Some("read mcp"), Ok("read mcp")),
        ("some", Some("read"), Ok("read")),
        ("offline_access by habit", Some("mcp read offline_access"), Ok("mcp read")),
        ("offline_access alone", Some("offline_access"), Ok("mcp read")),
        ("one more", Some("mcp read write"), Err(RefreshError::WiderScope)),
        ("another", Some("write"), Err(RefreshError::WiderScope)),
        ("in other case", Some("READ"), Err(RefreshError::WiderScope)),
        ("one that doesn't exist", Some("mcp nonsense"), Err(RefreshError::WiderScope)),
    ];
    for (name, scope, expected) in cases {
        let (record, first) = live();
        let scope = scope.map(|text| Scope::parse(text).expect("scope"));
        let request = RefreshRequest { scope, ..request(&first) };
        let decision = refresh(Some(record), &request, &configuration(), NOW);
        let next = written(&decision);
        match expected {
            Ok(expected) => {
                let granted = decision.reply.expect(name);
                assert_eq!(granted.scope.to_string(), expected, "{name}");
                let next = next.expect(name);
                assert_eq!(next.scope.to_string(), "mcp read", "{name}: the grant keeps all");
                let again = refresh_at(&next, &granted.refresh_secret, NOW).reply.expect(name);
                assert_eq!(again.scope.to_string(), "mcp read", "{name}");
            }
            Err(expected) => {
                assert_eq!(decision.reply.expect_err(name), expected, "{name}");
                assert!(decision.writes.is_empty(), "{name}: the token stays good");
            }
        }
    }
}

#[test]
fn rfc8707_2_2_resource_picks_one_that_was_granted_and_the_grant_keeps_all() {
    let both = authorization_request(&[Change::Also("resource", API)]);
    let granted = approved(&both, &configuration());
    let mut entropy = entropy_after(2);
    let decision = authorization_code::redeem(
        Some(granted),
        &code_request(),
        &configuration(),
        NOW,
        &mut entropy,
    );
    let record = written(&decision).expect("redeemed");
    let mut secret = decision.reply.expect("granted").refresh_secret;

    let mut record = record;
    let asked: &[(&[&str], &str)] = &[
        (&[], MCP),
        (&[API], API),
        (&["https://api.example/v1/"], API),
        (&[], MCP),
        (&[MCP], MCP),
    ];
    for (resource, expected) in asked {
        let resource = resource.iter().map(|&one| one.to_owned()).collect();
        let request = RefreshRequest { resource, ..request(&secret) };
        let decision = refresh(Some(record.clone()), &request, &configuration(), NOW);
        record = written(&decision).expect("a rotation");
        let granted = decision.reply.expect("granted");
        assert_eq!(granted.resource.as_str(), *expected);
        assert_eq!(record.resources.len(), 2);
        secret = granted.refresh_secret;
    }

    let two = RefreshRequest { resource: vec![MCP.into(), API.into()], ..request(&secret) };
    let decision = refresh(Some(record.clone()), &two, &configuration(), NOW);
    assert_eq!(decision.reply.expect_err("two"), RefreshError::InvalidTarget);
    assert!(decision.writes.is_empty());
    assert!(refresh_at(&record, &secret, NOW).reply.is_ok(), "the token stays good");
}

#[test]
fn oauth21_4_3_3_a_family_ends_when_it_is_idle_and_no_second_before() {
    let (record, first) = live();
    assert!(refresh_at(&record, &first, after(30 * DAY - 1)).reply.is_ok());
    let late = refresh_at(&record, &first, after(30 * DAY));
    assert_eq!(late.reply.expect_err("idle"), RefreshError::Expired);
    assert!(record.is_live(after(30 * DAY - 1)) && !record.is_live(after(30 * DAY)));
}

#[test]
fn oauth21_4_3_3_use_slides_the_idle_end_and_never_the_absolute_one() {
    let (mut record, mut secret) = live();
    for day in (29..365).step_by(29) {
        (record, secret) = rotated(&record, &secret, after(day * DAY));
    }
    let (record, last) = rotated(&record, &secret, after(365 * DAY - 30));
    assert!(refresh_at(&record, &last, after(365 * DAY - 1)).reply.is_ok());
    for (name, token) in [("the good one", &last), ("a retry inside its window", &secret)] {
        let decision = refresh_at(&record, token, after(365 * DAY));
        assert_eq!(decision.reply.expect_err(name), RefreshError::Expired, "{name}");
        assert!(decision.writes.is_empty(), "{name}");
    }
    assert_eq!(record.forget_at(), NOW.plus(Lifetime::days(365)));
}

#[test]
fn no_refresh_token_is_stored() {
    let (record, first) = live();
    let (record, second) = rotated(&record, &first, NOW);
    let text = stored(&record).to_string();
    assert!(!text.contains(first.expose()) && !text.contains(second.expose()));
    assert!(!text.contains(code_request().secret.expose()));
}

#[test]
fn rfc6749_5_2_each_reason_has_its_code_and_status() {
    use RefreshError as Error;
    let codes = [
        (Error::UnknownToken, "invalid_grant"),
        (Error::AnotherClient, "invalid_grant"),
        (Error::Ended, "invalid_grant"),
        (Error::Expired, "invalid_grant"),
        (Error::Replayed, "invalid_grant"),
        (Error::WiderScope, "invalid_scope"),
        (Error::InvalidTarget, "invalid_target"),
    ];
    for (error, code) in codes {
        let reply = error.reply();
        assert_eq!(reply.code.as_str(), code, "{error:?}");
        assert_eq!(reply.code.status(), 400, "{error:?}");
    }
    let silent = [Error::AnotherClient, Error::Ended, Error::Expired, Error::Replayed];
    assert!(silent.iter().all(|error| error.reply() == Error::UnknownToken.reply()));
}
