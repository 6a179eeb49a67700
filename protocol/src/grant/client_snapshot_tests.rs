//! What becomes of a grant when its client's metadata document changes, and of one whose client keeps
//! its refresh token.

use super::authorization_code::{CodeRequest, RedeemError, redeem};
use super::refresh_token::{RefreshError, RefreshRequest, refresh};
use super::{GrantRecord, has_changed, is_same_installation};
use crate::client::{ClientOrigin, ClientRecord, TokenEndpointAuthMethod};
use crate::client_id_metadata::ClientSnapshot;
use crate::secret::Secret;
use crate::test_support::{
    NOW, REDIRECT_URI, after, authorization_request, client_id, client_with, code_request,
    configuration, entropy_after, issued, live, written,
};

fn document_client(uris: &[&str]) -> ClientRecord {
    ClientRecord { origin: ClientOrigin::Document, ..client_with(uris) }
}

fn as_allowed() -> Option<ClientSnapshot> {
    ClientSnapshot::of(&document_client(&[REDIRECT_URI]))
}

fn with_other_redirect_uris() -> Option<ClientSnapshot> {
    ClientSnapshot::of(&document_client(&[REDIRECT_URI, "https://other.example/callback"]))
}

fn with_other_keys() -> Option<ClientSnapshot> {
    let mut client = document_client(&[REDIRECT_URI]);
    client.token_endpoint_auth_method = TokenEndpointAuthMethod::PrivateKeyJwt;
    client.metadata.jwks_uri = Some("https://app.example.com/jwks.json".to_owned());
    ClientSnapshot::of(&client)
}

fn refresh_request(secret: Secret, client_snapshot: Option<ClientSnapshot>) -> RefreshRequest {
    RefreshRequest {
        secret,
        client_id: client_id("client"),
        client_snapshot,
        keep_token: false,
        scope: None,
        resource: Vec::new(),
    }
}

#[test]
fn cim_11_a_code_is_redeemed_by_the_client_as_it_was_when_the_person_allowed_it() {
    let record = || GrantRecord { client_snapshot: as_allowed(), ..issued() };
    let try_with = |client_snapshot| {
        let request = CodeRequest { client_snapshot, ..code_request() };
        redeem(Some(record()), &request, &configuration(), NOW, &mut entropy_after(3))
    };
    for changed in [with_other_redirect_uris(), with_other_keys(), None] {
        let decision = try_with(changed);
        assert_eq!(decision.reply.expect_err("changed"), RedeemError::ClientChanged);
        assert!(decision.writes.is_empty(), "the code stays good");
    }
    assert!(try_with(as_allowed()).reply.is_ok());
}

#[test]
fn cim_11_other_keys_end_the_refresh_and_other_redirect_uris_do_not() {
    let (record, secret) = live();
    let record = GrantRecord { client_snapshot: as_allowed(), ..record };
    let try_with = |client_snapshot| {
        let request = refresh_request(secret.clone(), client_snapshot);
        refresh(Some(record.clone()), &request, &configuration(), after(1))
    };
    for changed in [with_other_keys(), None] {
        let decision = try_with(changed);
        assert_eq!(decision.reply.expect_err("changed"), RefreshError::ClientChanged);
        assert!(decision.writes.is_empty(), "the client may change back");
    }
    assert!(try_with(as_allowed()).reply.is_ok());
    assert!(try_with(with_other_redirect_uris()).reply.is_ok());
    // A registered client has no document, and never gets one.
    let request = refresh_request(live().1, as_allowed());
    let decision = refresh(Some(live().0), &request, &configuration(), after(1));
    assert_eq!(decision.reply.expect_err("another kind"), RefreshError::ClientChanged);
}

#[test]
fn cim_11_a_client_that_changed_is_another_installation_and_the_person_is_told() {
    let mut request = authorization_request(&[]);
    request.client_snapshot = as_allowed();
    let same = GrantRecord { client_snapshot: as_allowed(), ..live().0 };
    let changed = GrantRecord { client_snapshot: with_other_redirect_uris(), ..live().0 };
    assert!(is_same_installation(&same, &request));
    assert!(!is_same_installation(&changed, &request));
    assert!(!has_changed(std::slice::from_ref(&same), &request, after(1)));
    assert!(has_changed(&[same, changed.clone()], &request, after(1)));
    let other = GrantRecord { client_id: client_id("other"), ..changed.clone() };
    assert!(
        !has_changed(&[other], &request, after(1)),
        "another client is no business of this one"
    );
    let long_after = changed.ends_at;
    assert!(!has_changed(&[changed], &request, long_after), "what has ended is forgotten");
}

#[test]
fn needs_1_a_client_that_is_excepted_from_rotation_gets_the_token_back_that_it_sent() {
    let (mut record, secret) = live();
    let idle = configuration().lifetimes.refresh_token_idle;
    for uses in 1..=3 {
        let now = after(uses * 1_000);
        let request = RefreshRequest { keep_token: true, ..refresh_request(secret.clone(), None) };
        let decision = refresh(Some(record), &request, &configuration(), now);
        record = written(&decision).expect("a use");
        let granted = decision.reply.expect("refreshed");
        assert!(granted.refresh_secret.hash().matches(&secret));
        // Each use prolongs its life, as a rotation would.
        assert_eq!(record.forget_at(), now.plus(idle).min(record.ends_at));
    }
    // Once the exception ends, the token rotates from where it is.
    let decision = refresh(
        Some(record),
        &refresh_request(secret.clone(), None),
        &configuration(),
        after(4_000),
    );
    let granted = decision.reply.expect("refreshed");
    assert!(!granted.refresh_secret.hash().matches(&secret));
}
