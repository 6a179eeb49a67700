use std::collections::BTreeSet;

use super::*;
use crate::activity::Activity;
use crate::entropy::CountingEntropy;
use crate::grant::Asked;
use crate::grant::authorization_code::{Approval, approve, redeem};
use crate::grant::refresh_token::{RefreshError, RefreshRequest, refresh};
use crate::grant::revoke::{RevokeRequest, revoke};
use crate::grant::{Decision, FamilyState};
use crate::secret::Secret;
use crate::test_support::{
    API, Change, MCP, NOW, REDIRECT_URI, after, all_written, approver, check, client_id,
    client_with, code_request, configuration, entropy_after, issued, live, noted, stored,
};

/// A request of the same client, with its own grant.
fn request(changes: &[Change<'_>]) -> AuthorizationRequest {
    let uris = [
        REDIRECT_URI,
        "https://other.example/callback?tenant=1",
        "http://127.0.0.1/callback",
        "http://localhost/callback",
    ];
    let mut request =
        check(changes, &client_with(&uris), &configuration()).expect("a good request");
    request.grant = GrantId::generate(&mut entropy_after(9));
    request
}

fn asking_for(scope: &str) -> AuthorizationRequest {
    request(&[Change::Set("scope", scope)])
}

fn approve_after(
    earlier: &[GrantRecord],
    request: &AuthorizationRequest,
    now: UnixTime,
) -> Decision<Approval> {
    let lifetimes = configuration().lifetimes;
    approve(None, earlier.to_vec(), request, Some("App"), approver(NOW), &lifetimes, now)
}

fn of_uri(uri: &str) -> GrantRecord {
    let asked = Asked::ByRedirect { redirect_uri: uri.to_owned(), redirect_uri_was_sent: true };
    GrantRecord { asked, ..live().0 }
}

fn with_resources(resources: &[&str]) -> GrantRecord {
    let parse = |text: &&str| crate::resource::ResourceIndicator::parse(text).expect("resource");
    GrantRecord { resources: resources.iter().map(parse).collect(), ..live().0 }
}

#[test]
fn needs_27_asking_for_more_widens_the_grant_and_every_earlier_one_of_the_installation() {
    let (first, _) = live();
    let decision = approve_after(std::slice::from_ref(&first), &asking_for("write read"), after(9));
    let new = Activity::Widened {
        client_id: client_id("client"),
        scope: Scope::parse("write").expect("scope"),
    };
    assert_eq!(noted(&decision), [new], "only what is new");
    let written = all_written(&decision);
    // The new one last: adding it may end others of the client, those that were widened among them.
    let [widened, grant] = written.as_slice() else { panic!("two grants, not {written:?}") };
    assert_eq!(grant.scope.to_string(), "mcp read write", "what was there comes first");
    assert_eq!(grant.installation.as_ref(), Some(&first.id));
    assert_eq!((&widened.id, widened.scope.to_string().as_str()), (&first.id, "mcp read write"));
    assert_eq!(widened.installation, None, "the first grant names the installation");
    let expected = GrantRecord { scope: widened.scope.clone(), ..first };
    assert_eq!(stored(widened), stored(&expected), "nothing else changes");
}

#[test]
fn allowing_more_succeeds_though_others_of_the_client_end_with_the_new_grant() {
    let (first, _) = live();
    let another = |number| GrantRecord {
        id: GrantId::generate(&mut entropy_after(number)),
        installation: Some(first.id.clone()),
        ..live().0
    };
    let others: Vec<_> = (20..24).map(another).chain([live().0]).collect();
    let request = asking_for("write");
    let decision = approve_after(&others, &request, after(9));

    let mut rows: BTreeSet<_> = others.iter().map(|record| record.id.to_string()).collect();
    assert_eq!(rows.len(), others.len());
    let written = all_written(&decision);
    assert_eq!(written.len(), others.len() + 1, "all are widened");
    for record in written {
        // Whichever end when it is added, at worst all of them, ...
        if record.id == request.grant {
            rows.clear();
            assert!(rows.insert(record.id.to_string()));
        }
        // ... a change finds its row: where it doesn't, the person gets 503 as often as they press Allow.
        assert!(rows.contains(record.id.as_str()), "{} has ended", record.id);
    }
    assert!(rows.contains(request.grant.as_str()), "and the new one stays");
    assert_eq!(decision.reply, Approval::CodeIssued);
}

#[test]
fn needs_27_asking_for_less_never_narrows_and_is_a_consent_as_before() {
    let (first, _) = live();
    for scope in ["mcp", "read", "mcp read"] {
        let request = asking_for(scope);
        let decision = approve_after(std::slice::from_ref(&first), &request, after(9));
        let client_id = client_id("client");
        assert_eq!(noted(&decision), [Activity::Consented { client_id, scope: request.scope }]);
        let written = all_written(&decision);
        let [grant] = written.as_slice() else { panic!("the first grant stays as it is") };
        assert_eq!(grant.scope.to_string(), "mcp read", "{scope}");
        assert_eq!(grant.installation(), &first.id, "{scope}");
    }
}

#[test]
fn a_widened_grants_own_tokens_go_on_and_may_do_more() {
    let (first, secret) = live();
    let decision = approve_after(&[first], &asking_for("write"), after(9));
    let widened = all_written(&decision).swap_remove(0);
    let request = RefreshRequest {
        client_snapshot: None,
        keep_token: false,
        secret,
        client_id: client_id("client"),
        scope: None,
        resource: Vec::new(),
    };
    let refreshed = refresh(Some(widened), &request, &configuration(), after(10));
    assert_eq!(refreshed.reply.expect("granted").scope.to_string(), "mcp read write");
}

#[test]
fn an_installation_is_one_client_at_one_redirect_uri_with_one_set_of_resources() {
    let ipv4 = [Change::Set("redirect_uri", "http://127.0.0.1:5001/callback")];
    let both = [Change::Set("resource", MCP), Change::Also("resource", API)];
    let plain: [Change<'_>; 0] = [];
    type Case<'a> = (&'a str, GrantRecord, &'a [Change<'a>], bool);
    let cases: Vec<Case<'_>> = vec![
        ("the same", live().0, &plain, true),
        (
            "another client",
            GrantRecord { client_id: client_id("other"), ..live().0 },
            &plain,
            false,
        ),
        ("another host", of_uri("https://other.example/callback?tenant=1"), &plain, false),
        (
            "another port of https",
            of_uri("https://app.example:8443/callback?tenant=1"),
            &plain,
            false,
        ),
        ("another query", of_uri("https://app.example/callback?tenant=2"), &plain, false),
        ("the same loopback port", of_uri("http://127.0.0.1:5001/callback"), &ipv4, true),
        ("another loopback port", of_uri("http://127.0.0.1:5002/callback"), &ipv4, true),
        ("no loopback port", of_uri("http://127.0.0.1/callback"), &ipv4, true),
        ("another loopback path", of_uri("http://127.0.0.1:5001/other"), &ipv4, false),
        ("localhost is not 127.0.0.1", of_uri("http://localhost:5001/callback"), &ipv4, false),
        ("https is not http", of_uri("https://127.0.0.1:5001/callback"), &ipv4, false),
        ("the same resources", with_resources(&[MCP, API]), &both, true),
        ("the same resources in another order", with_resources(&[API, MCP]), &both, true),
        ("fewer resources", with_resources(&[MCP]), &both, false),
        ("more resources", with_resources(&[MCP, API]), &plain, false),
        ("another resource", with_resources(&[API]), &plain, false),
    ];
    for (name, record, changes, expected) in cases {
        let request = request(changes);
        assert_eq!(is_same_installation(&record, &request), expected, "{name}");
        let decision = approve_after(&[record], &request, after(9));
        let written = all_written(&decision);
        let grant = written.first().expect("a grant");
        assert_eq!(grant.installation.is_some(), expected, "{name}");
    }
}

#[test]
fn a_grant_that_has_ended_widens_nothing_and_comes_back_by_no_new_consent() {
    let (grant, _) = live();
    let over = [
        ("revoked", grant.clone().ended(EndReason::Revoked, NOW)),
        ("revoked by the person", grant.clone().ended(EndReason::RevokedByPerson, NOW)),
        ("idle for too long", GrantRecord { ends_at: after(9), ..grant }),
        ("code expired unredeemed", GrantRecord { code: issued_until(after(9)), ..issued() }),
    ];
    for (name, record) in over {
        let decision = approve_after(std::slice::from_ref(&record), &asking_for("write"), after(9));
        let written = all_written(&decision);
        let [new] = written.as_slice() else { panic!("{name}: {written:?}") };
        assert_eq!(new.scope.to_string(), "write", "{name}");
        assert_eq!(new.installation, None, "{name}");
    }
}

fn issued_until(end: UnixTime) -> crate::grant::CodeState {
    match issued().code {
        crate::grant::CodeState::Issued { check, failed_attempts, .. } => {
            crate::grant::CodeState::Issued { check, expires_at: end, failed_attempts }
        }
        other => other,
    }
}

#[test]
fn a_grant_that_waits_for_its_code_is_widened_with_the_rest() {
    let first = issued();
    let decision = approve_after(std::slice::from_ref(&first), &asking_for("write"), after(9));
    let written = all_written(&decision);
    assert!(written.iter().all(|grant| grant.scope.to_string() == "mcp read write"));
    assert!(written.iter().all(|grant| grant.installation() == &first.id));

    let waiting = written.into_iter().find(|grant| grant.id == first.id);
    let mut entropy = CountingEntropy::default();
    let redeemed = redeem(waiting, &code_request(), &configuration(), after(10), &mut entropy);
    assert_eq!(redeemed.reply.expect("granted").scope.to_string(), "mcp read write");
}

#[test]
fn grants_that_were_made_at_once_become_one_installation_with_the_next() {
    let (first, _) = live();
    let second = GrantRecord {
        id: GrantId::generate(&mut entropy_after(20)),
        scope: Scope::parse("write").expect("scope"),
        created_at: after(1),
        ..live().0
    };
    let decision = approve_after(&[second, first.clone()], &asking_for("mcp"), after(9));
    let written = all_written(&decision);
    assert_eq!(written.len(), 3);
    assert!(written.iter().all(|grant| grant.installation() == &first.id));
    assert!(written.iter().all(|grant| grant.scope.to_string() == "mcp read write"));
}

#[test]
fn a_reloaded_consent_page_does_not_count_the_grant_that_it_made_as_an_earlier_one() {
    let mut request = asking_for("write");
    assert_eq!(allowed(&earlier(vec![live().0], &request, after(9))), Some(live().0.scope));
    request.grant = live().0.id;
    assert_eq!(allowed(&earlier(vec![live().0], &request, after(9))), None);
}

/// The first grant of an installation, and a second one.
fn installation() -> (GrantRecord, GrantRecord, Secret) {
    let (first, secret) = live();
    let second = GrantRecord {
        id: GrantId::generate(&mut entropy_after(20)),
        installation: Some(first.id.clone()),
        ..live().0
    };
    (first, second, secret)
}

#[test]
fn rfc7009_2_1_revoking_a_refresh_token_ends_the_whole_installation() {
    let (first, second, secret) = installation();
    let stranger = GrantRecord { id: GrantId::generate(&mut entropy_after(30)), ..live().0 };
    let waiting = GrantRecord {
        id: GrantId::generate(&mut entropy_after(40)),
        installation: Some(first.id.clone()),
        ..issued()
    };
    for (record, other) in [(&first, &second), (&second, &first)] {
        // The record itself and a grant of another installation change nothing, if they come too.
        let others = vec![other.clone(), record.clone(), stranger.clone(), waiting.clone()];
        let request =
            RevokeRequest::RefreshToken { secret: secret.clone(), client_id: client_id("client") };
        let lifetimes = configuration().lifetimes;
        let decision = revoke(Some(record.clone()), others, request, &lifetimes, after(9));
        assert_eq!(decision.reply, Ok(()));
        assert_eq!(noted(&decision), [Activity::Revoked { client_id: client_id("client") }]);
        let ended = all_written(&decision);
        let ids: Vec<_> = ended.iter().map(|grant| &grant.id).collect();
        assert_eq!(ids, [&record.id, &other.id, &waiting.id]);
        for grant in ended {
            assert!(!grant.gives(after(9)));
            let reason = EndReason::Revoked;
            assert!(
                matches!(grant.family, FamilyState::Ended { reason: why, .. } if why == reason)
            );
        }
    }
}

#[test]
fn the_person_ends_all_that_gives_tokens_and_what_had_ended_keeps_its_reason() {
    let (first, second, secret) = installation();
    let replayed = GrantRecord { id: GrantId::generate(&mut entropy_after(30)), ..second.clone() };
    let replayed = replayed.ended(EndReason::RefreshTokenReplayed, NOW);
    let records = vec![first.clone(), replayed, second.clone()];
    let ended = end_installation(records, EndReason::RevokedByPerson, after(9));
    assert_eq!(ended.iter().map(|grant| &grant.id).collect::<Vec<_>>(), [&first.id, &second.id]);

    let request = RefreshRequest {
        client_snapshot: None,
        keep_token: false,
        secret,
        client_id: client_id("client"),
        scope: None,
        resource: Vec::new(),
    };
    for grant in ended {
        let refreshed = refresh(Some(grant), &request, &configuration(), after(10));
        assert_eq!(refreshed.reply.expect_err("ended"), RefreshError::Ended);
    }
}
