use super::*;
use crate::authorize::AuthorizationRequest;
use crate::entropy::CountingEntropy;
use crate::test_support::{
    API, Change, MCP, NOW, REDIRECT_URI, VERIFIER, WRONG_VERIFIER, account, after, approved,
    approver, authorization_request, check, client_id, client_with, code_request,
    confidential_client, configuration, configuration_with, entropy_after, issued, live, noted,
    stored, written,
};
use serde_json::json;

#[path = "authorization_code_replay_tests.rs"]
mod replay;

type Redeemed = Decision<Result<Granted, RedeemError>>;

fn redeem_at(record: &GrantRecord, request: &CodeRequest, now: UnixTime) -> Redeemed {
    let mut entropy = entropy_after(2);
    redeem(Some(record.clone()), request, &configuration(), now, &mut entropy)
}

fn wrong_verifier() -> CodeRequest {
    let code_verifier = Some(CodeVerifier::parse(WRONG_VERIFIER).expect("verifier"));
    CodeRequest { code_verifier, ..code_request() }
}

fn approve_again(record: &GrantRecord, now: UnixTime) -> Decision<Approval> {
    let request = authorization_request(&[]);
    let lifetimes = configuration().lifetimes;
    approve(Some(record.clone()), Vec::new(), &request, None, approver(NOW), &lifetimes, now)
}

/// A code whose authorization request had no PKCE, as an old confidential client sends it.
fn without_challenge(changes: &[Change<'_>]) -> GrantRecord {
    let configuration = configuration_with(&json!({"legacy": {"confidential_without_pkce": true}}));
    let changes: Vec<_> =
        [Change::Without("code_challenge"), Change::Without("code_challenge_method")]
            .into_iter()
            .chain(changes.iter().copied())
            .collect();
    let request = check(&changes, &confidential_client(), &configuration).expect("request");
    approved(&request, &configuration)
}

#[test]
fn rfc6749_4_1_2_approving_makes_a_code_bound_to_all_of_the_request() {
    let request = authorization_request(&[Change::Also("resource", API)]);
    let lifetimes = configuration().lifetimes;
    let approver = approver(after(3));
    let decision = approve(None, Vec::new(), &request, Some("App"), approver, &lifetimes, after(5));
    assert_eq!(decision.reply, Approval::CodeIssued);
    let consented =
        Activity::Consented { client_id: client_id("client"), scope: request.scope.clone() };
    assert_eq!(noted(&decision), [consented]);

    let record = written(&decision).expect("a grant");
    assert_eq!(record.id, request.grant);
    assert_eq!(record.client_id, client_id("client"));
    assert_eq!(record.client_name.as_deref(), Some("App"));
    let asked =
        Asked::ByRedirect { redirect_uri: REDIRECT_URI.to_owned(), redirect_uri_was_sent: true };
    assert_eq!(record.asked, asked);
    assert_eq!(record.scope.to_string(), "mcp read");
    assert_eq!(record.resources.iter().map(|one| one.as_str()).collect::<Vec<_>>(), [MCP, API]);
    assert_eq!((record.authenticated_at, record.created_at), (after(3), after(5)));
    assert_eq!(record.ends_at, after(5).plus(lifetimes.refresh_token_absolute));
    assert!(matches!(record.family, FamilyState::NotStarted));
    let CodeState::Issued { check, expires_at, failed_attempts: 0 } = record.code else {
        panic!("a fresh code, not {:?}", record.code);
    };
    assert_eq!(expires_at, after(65));
    assert!(check.code_hash.matches(&request.code_secret(&account())));
    assert!(check.code_challenge.is_some());
}

#[test]
fn rfc6749_4_1_2_approving_twice_is_one_code_and_a_dead_code_never_comes_back() {
    let exhausted = GrantRecord { code: CodeState::Exhausted, ..issued() };
    let ended = live().0.ended(EndReason::Revoked, NOW);
    let cases = [
        ("second click", issued(), NOW, Approval::CodeIssued),
        ("last second of the code", issued(), after(59), Approval::CodeIssued),
        ("code expired", issued(), after(60), Approval::AlreadyUsed),
        ("code redeemed", live().0, NOW, Approval::AlreadyUsed),
        ("code redeemed, grant revoked", ended, NOW, Approval::AlreadyUsed),
        ("code exhausted", exhausted, NOW, Approval::AlreadyUsed),
        ("ended unredeemed", issued().ended(EndReason::Revoked, NOW), NOW, Approval::AlreadyUsed),
    ];
    for (name, record, now, expected) in cases {
        let decision = approve_again(&record, now);
        assert_eq!(decision.reply, expected, "{name}");
        assert!(decision.writes.is_empty(), "{name}");
    }
}

#[test]
fn rfc6749_4_1_3_a_good_request_redeems_the_code_and_starts_the_family() {
    let decision = redeem_at(&issued(), &code_request(), after(7));
    assert_eq!(noted(&decision), [Activity::CodeRedeemed { client_id: client_id("client") }]);
    let record = written(&decision).expect("the grant");
    assert!(matches!(record.code, CodeState::Redeemed { .. }));
    assert!(record.is_live(after(7)));
    assert_eq!(record.last_used_at, after(7));
    assert_eq!(record.ends_at, issued().ends_at, "redeeming doesn't move the absolute end");

    let granted = decision.reply.expect("granted");
    assert_eq!(granted.grant, issued().id);
    assert_eq!(granted.scope.to_string(), "mcp read");
    assert_eq!(granted.resource.as_str(), MCP);
    assert_eq!(granted.authenticated_at, NOW);
    assert_eq!(granted.refresh_secret.expose().len(), 43);
}

#[test]
fn rfc6749_4_1_3_oauth21_10_2_redirect_uri_may_be_absent_but_never_different() {
    let without = CodeRequest { redirect_uri: None, ..code_request() };
    assert!(redeem_at(&issued(), &without, NOW).reply.is_ok());

    // The authorization request left it out too, and the client still sends it.
    let omitted = authorization_request(&[Change::Without("redirect_uri")]);
    let record = approved(&omitted, &configuration());
    assert!(matches!(record.asked, Asked::ByRedirect { redirect_uri_was_sent: false, .. }));
    assert!(redeem_at(&record, &code_request(), NOW).reply.is_ok());
    assert!(redeem_at(&record, &without, NOW).reply.is_ok());

    for wrong in [
        "https://app.example/callback",
        "https://app.example/callback?tenant=1&",
        "https://APP.example/callback?tenant=1",
        "https://app.example:443/callback?tenant=1",
        "https://app.example/callback?tenant=1#",
        "",
    ] {
        let request = CodeRequest { redirect_uri: Some(wrong.to_owned()), ..code_request() };
        for record in [&issued(), &record] {
            let decision = redeem_at(record, &request, NOW);
            assert_eq!(decision.reply.expect_err(wrong), RedeemError::RedirectUriMismatch);
            assert!(decision.writes.is_empty(), "{wrong:?}");
        }
    }
}

#[test]
fn rfc8252_7_3_the_code_is_bound_to_the_port_that_the_request_named() {
    let client = client_with(&["http://127.0.0.1/callback"]);
    let used = "http://127.0.0.1:5123/callback";
    let request = check(&[Change::Set("redirect_uri", used)], &client, &configuration());
    let record = approved(&request.expect("another port"), &configuration());
    for (uri, expected) in [
        (used, None),
        ("http://127.0.0.1:5124/callback", Some(RedeemError::RedirectUriMismatch)),
        ("http://127.0.0.1/callback", Some(RedeemError::RedirectUriMismatch)),
        ("http://localhost:5123/callback", Some(RedeemError::RedirectUriMismatch)),
    ] {
        let request = CodeRequest { redirect_uri: Some(uri.to_owned()), ..code_request() };
        assert_eq!(redeem_at(&record, &request, NOW).reply.err(), expected, "{uri}");
    }
}

#[test]
fn rfc6749_5_2_each_wrong_request_has_its_reason_and_writes_nothing() {
    type Wrong = fn(&mut CodeRequest, &mut UnixTime);
    let cases: &[(&str, Wrong, RedeemError)] = &[
        (
            "another code's secret",
            |request, _| request.secret = Secret::generate(&mut CountingEntropy::default()),
            RedeemError::UnknownCode,
        ),
        ("empty secret", |request, _| request.secret = Secret::new(""), RedeemError::UnknownCode),
        (
            "the secret in other case",
            |request, _| request.secret = Secret::new(request.secret.expose().to_lowercase()),
            RedeemError::UnknownCode,
        ),
        (
            "another client",
            |request, _| request.client_id = client_id("other"),
            RedeemError::AnotherClient,
        ),
        (
            "another client without the verifier",
            |request, _| {
                request.client_id = client_id("other");
                request.code_verifier = None;
            },
            RedeemError::AnotherClient,
        ),
        ("at 60 seconds", |_, now| *now = after(60), RedeemError::Expired),
        ("a day later", |_, now| *now = after(86_400), RedeemError::Expired),
        (
            "expired, and a wrong verifier",
            |request, now| {
                request.code_verifier = wrong_verifier().code_verifier;
                *now = after(60);
            },
            RedeemError::Expired,
        ),
        (
            "another redirect URI",
            |request, _| request.redirect_uri = Some("https://evil.example/".to_owned()),
            RedeemError::RedirectUriMismatch,
        ),
        ("no verifier", |request, _| request.code_verifier = None, RedeemError::VerifierMissing),
        (
            "unknown resource",
            |request, _| request.resource = vec!["https://evil.example/".to_owned()],
            RedeemError::InvalidTarget,
        ),
    ];
    for (name, wrong, expected) in cases {
        let (mut request, mut now) = (code_request(), NOW);
        wrong(&mut request, &mut now);
        let decision = redeem_at(&issued(), &request, now);
        assert_eq!(decision.reply.expect_err(name), *expected, "{name}");
        assert!(decision.writes.is_empty(), "{name}");
    }

    let mut entropy = CountingEntropy::default();
    let decision = redeem(None, &code_request(), &configuration(), NOW, &mut entropy);
    assert_eq!(decision.reply.expect_err("no grant"), RedeemError::UnknownCode);
    assert!(decision.writes.is_empty());
}

#[test]
fn rfc6749_4_1_2_a_code_lives_59_seconds_and_not_60() {
    assert!(redeem_at(&issued(), &code_request(), after(59)).reply.is_ok());
    let late = redeem_at(&issued(), &code_request(), after(60));
    assert_eq!(late.reply.expect_err("late"), RedeemError::Expired);
}

#[test]
fn rfc6749_4_1_3_without_a_challenge_the_redirect_uri_binds_the_code() {
    let good = || CodeRequest { code_verifier: None, ..code_request() };
    let record = without_challenge(&[]);
    assert!(redeem_at(&record, &good(), NOW).reply.is_ok());

    let missing = CodeRequest { redirect_uri: None, ..good() };
    let cases = [
        ("no redirect URI", missing, RedeemError::RedirectUriMissing),
        ("a verifier", code_request(), RedeemError::VerifierWithoutChallenge),
    ];
    for (name, request, expected) in cases {
        let decision = redeem_at(&record, &request, NOW);
        assert_eq!(decision.reply.expect_err(name), expected, "{name}");
        assert!(decision.writes.is_empty(), "{name}");
    }

    // It is required only if the authorization request had it.
    let not_sent = without_challenge(&[Change::Without("redirect_uri")]);
    let missing = CodeRequest { redirect_uri: None, ..good() };
    assert!(redeem_at(&not_sent, &missing, NOW).reply.is_ok());

    let redeemed = written(&redeem_at(&record, &good(), NOW)).expect("redeemed");
    let replay = redeem_at(&redeemed, &good(), NOW);
    assert_eq!(replay.reply.expect_err("replay"), RedeemError::Replayed);
    assert_eq!(replay.writes.len(), 2);
}

#[test]
fn rfc7636_4_6_a_plain_challenge_is_compared_as_it_is() {
    let configuration = configuration_with(&json!({"legacy": {"plain_pkce": true}}));
    let changes =
        [Change::Set("code_challenge", VERIFIER), Change::Without("code_challenge_method")];
    let request = check(&changes, &client_with(&[REDIRECT_URI]), &configuration);
    let record = approved(&request.expect("plain"), &configuration);
    assert!(redeem_at(&record, &code_request(), NOW).reply.is_ok());
    let wrong = redeem_at(&record, &wrong_verifier(), NOW);
    assert_eq!(wrong.reply.expect_err("wrong"), RedeemError::VerifierMismatch);
}

#[test]
fn rfc8707_2_2_the_access_token_is_for_one_granted_resource() {
    let both = [Change::Set("resource", MCP), Change::Also("resource", API)];
    let swapped = [Change::Set("resource", API), Change::Also("resource", MCP)];
    let none = [Change::Without("resource")];
    let only_api = [Change::Set("resource", API)];
    type Case<'a> = (&'a str, &'a [Change<'a>], &'a [&'a str], Option<&'a str>);
    let cases: &[Case<'_>] = &[
        ("none asked: the first granted", &both, &[], Some(MCP)),
        ("none asked: the first granted, not the default", &swapped, &[], Some(API)),
        ("none granted by name: the default", &none, &[], Some(MCP)),
        ("one of two", &both, &[API], Some(API)),
        ("with a slash at the end", &both, &["https://api.example/v1/"], Some(API)),
        ("in other case, with the default port", &both, &["HTTPS://API.example:443/v1"], Some(API)),
        ("one resource in two ways", &both, &[API, "https://api.example/v1/"], Some(API)),
        ("two at once", &both, &[MCP, API], None),
        ("known, not granted", &only_api, &[MCP], None),
        ("unknown", &both, &["https://api.example/v2"], None),
        ("the origin instead of the path", &both, &["https://id.example"], None),
        ("one good, one unknown", &both, &[MCP, "https://evil.example"], None),
        ("with a fragment", &both, &["https://id.example/mcp#x"], None),
        ("relative", &both, &["/mcp"], None),
        ("not a URI", &both, &["mcp"], None),
    ];
    for (name, granted, asked, expected) in cases {
        let record = approved(&authorization_request(granted), &configuration());
        let resource = asked.iter().map(|&one| one.to_owned()).collect();
        let decision = redeem_at(&record, &CodeRequest { resource, ..code_request() }, NOW);
        match (decision.reply, expected) {
            (Ok(granted), Some(expected)) => {
                assert_eq!(granted.resource.as_str(), *expected, "{name}")
            }
            (Err(error), None) => {
                assert_eq!(error, RedeemError::InvalidTarget, "{name}");
                assert!(decision.writes.is_empty(), "{name}: the code stays good");
            }
            (reply, _) => panic!("{name}: {reply:?}"),
        }
    }
}

#[test]
fn rfc6749_5_2_each_reason_has_its_code_and_status() {
    use RedeemError as Error;
    let codes = [
        (Error::UnknownCode, "invalid_grant"),
        (Error::AnotherClient, "invalid_grant"),
        (Error::Replayed, "invalid_grant"),
        (Error::ReplayedWithoutProof, "invalid_grant"),
        (Error::Expired, "invalid_grant"),
        (Error::Exhausted, "invalid_grant"),
        (Error::RedirectUriMismatch, "invalid_grant"),
        (Error::RedirectUriMissing, "invalid_grant"),
        (Error::VerifierMissing, "invalid_grant"),
        (Error::VerifierMismatch, "invalid_grant"),
        (Error::VerifierWithoutChallenge, "invalid_request"),
        (Error::InvalidTarget, "invalid_target"),
    ];
    for (error, code) in codes {
        let reply = error.reply();
        assert_eq!(reply.code.as_str(), code, "{error:?}");
        assert_eq!(reply.code.status(), 400, "{error:?}");
    }
    // Whoever tries codes learns nothing about which ones exist.
    let silent = [Error::AnotherClient, Error::Replayed, Error::Expired, Error::Exhausted];
    assert!(silent.iter().all(|error| error.reply() == Error::UnknownCode.reply()));
}

#[test]
fn no_secret_shows_in_debug_output() {
    let request: AuthorizationRequest = authorization_request(&[]);
    let (record, refresh_secret) = live();
    let salt = stored(&record)["family"]["salt"].as_str().expect("salt").to_owned();
    let decision = redeem_at(&issued(), &code_request(), NOW);
    let shown = format!("{request:?} {record:?} {decision:?} {:?}", code_request());
    let code_secret = request.code_secret(&account());
    let secrets = [code_secret.expose(), refresh_secret.expose(), &salt, VERIFIER];
    for secret in secrets {
        assert!(!shown.contains(secret), "{secret}");
    }
}

#[test]
fn a_request_approved_by_two_people_gives_codes_that_know_nothing_of_each_other() {
    let request = authorization_request(&[]);
    let other = AccountId::parse("BAAAAAAAAAAAAAAAAAAAAA").expect("account");
    let (mine, theirs) = (request.code_secret(&account()), request.code_secret(&other));
    assert!(!mine.hash().matches(&theirs));
    assert!(mine.hash().matches(&request.code_secret(&account())), "pressing Allow twice");
    let issued = approved(&request, &configuration());
    let stolen = CodeRequest { secret: theirs, ..code_request() };
    let decision = redeem(Some(issued), &stolen, &configuration(), NOW, &mut entropy_after(0));
    assert_eq!(decision.reply.err(), Some(RedeemError::UnknownCode));
}
