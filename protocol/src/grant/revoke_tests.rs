use super::*;
use crate::grant::refresh_token::{RefreshError, RefreshRequest, refresh};
use crate::test_support::{
    NOW, after, client_id, code_request, configuration, issued, live, noted, written,
};

type Revoked = Decision<Result<(), RevokeError>>;

const IDLE_SECONDS: u64 = 30 * 86_400;

fn refresh_token(secret: &Secret, client: &str) -> RevokeRequest {
    RevokeRequest::RefreshToken { secret: secret.clone(), client_id: client_id(client) }
}

fn access_token(expires_at: UnixTime, client: &str) -> RevokeRequest {
    let client_id = client_id(client);
    RevokeRequest::AccessToken { token_id: "jti".to_owned(), expires_at, client_id }
}

fn revoke_at(record: &GrantRecord, request: RevokeRequest, now: UnixTime) -> Revoked {
    revoke(Some(record.clone()), Vec::new(), request, &configuration().lifetimes, now)
}

fn refreshed(record: &GrantRecord, secret: &Secret, now: UnixTime) -> (GrantRecord, Secret) {
    let decision = refresh(Some(record.clone()), &refresh_request(secret), &configuration(), now);
    let record = written(&decision).expect("a rotation");
    (record, decision.reply.expect("granted").refresh_secret)
}

fn refresh_request(secret: &Secret) -> RefreshRequest {
    RefreshRequest {
        client_snapshot: None,
        keep_token: false,
        secret: secret.clone(),
        client_id: client_id("client"),
        scope: None,
        resource: Vec::new(),
    }
}

#[test]
fn rfc7009_2_1_a_refresh_token_of_any_generation_ends_the_grant() {
    let (record, first) = live();
    let (record, second) = refreshed(&record, &first, NOW);
    let (record, third) = refreshed(&record, &second, after(1));
    for (name, secret) in [("spent", &first), ("previous", &second), ("current", &third)] {
        let decision = revoke_at(&record, refresh_token(secret, "client"), after(100));
        assert_eq!(decision.reply, Ok(()), "{name}");
        assert_eq!(noted(&decision), [Activity::Revoked { client_id: client_id("client") }]);
        let ended = written(&decision).expect(name);
        let FamilyState::Ended { reason, at } = ended.family else { panic!("{name}") };
        assert_eq!((reason, at), (EndReason::Revoked, after(100)), "{name}");

        let later = refresh(Some(ended), &refresh_request(&third), &configuration(), after(101));
        assert_eq!(later.reply.expect_err(name), RefreshError::Ended, "{name}");
    }
}

#[test]
fn rfc7009_2_2_what_is_unknown_expired_or_revoked_is_a_success_that_changes_nothing() {
    let (record, first) = live();
    let ended = record.clone().ended(EndReason::Revoked, NOW);
    let code = code_request().secret;
    let garbage = Secret::new("garbage");
    let cases = [
        ("garbage", &record, refresh_token(&garbage, "client"), NOW),
        ("garbage of another client", &record, refresh_token(&garbage, "other"), NOW),
        ("the code in place of a refresh token", &record, refresh_token(&code, "client"), NOW),
        ("a grant without a family", &issued(), refresh_token(&code, "client"), NOW),
        ("revoked before", &ended, refresh_token(&first, "client"), NOW),
        ("revoked before, another client", &ended, refresh_token(&first, "other"), NOW),
        ("idle for too long", &record, refresh_token(&first, "client"), after(IDLE_SECONDS)),
        ("an expired access token", &record, access_token(NOW, "client"), NOW),
    ];
    for (name, record, request, now) in cases {
        let decision = revoke_at(record, request, now);
        assert_eq!(decision.reply, Ok(()), "{name}");
        assert!(decision.writes.is_empty(), "{name}");
    }
    for request in [refresh_token(&first, "client"), access_token(after(1), "client")] {
        let decision = revoke(None, Vec::new(), request, &configuration().lifetimes, NOW);
        assert_eq!(decision.reply, Ok(()), "no grant");
        assert!(decision.writes.is_empty(), "no grant");
    }
}

#[test]
fn rfc7009_2_1_another_clients_token_stays_as_it_is() {
    let (record, first) = live();
    let (record, second) = refreshed(&record, &first, NOW);
    let cases = [
        ("current", refresh_token(&second, "other")),
        ("previous", refresh_token(&first, "other")),
        ("access token", access_token(after(3_600), "other")),
    ];
    for (name, request) in cases {
        let decision = revoke_at(&record, request, after(1));
        assert_eq!(decision.reply, Err(RevokeError::AnotherClient), "{name}");
        assert!(decision.writes.is_empty(), "{name}");
    }
    let spent = revoke_at(&record, refresh_token(&first, "other"), after(60));
    assert_eq!(spent.reply, Err(RevokeError::AnotherClient));
    assert!(spent.writes.is_empty());
}

#[test]
fn rfc7009_2_an_access_token_is_remembered_until_it_would_have_expired() {
    let (record, first) = live();
    let decision = revoke_at(&record, access_token(after(3_600), "client"), after(3_599));
    assert_eq!(decision.reply, Ok(()));
    assert_eq!(noted(&decision), [Activity::Revoked { client_id: client_id("client") }]);
    assert!(written(&decision).is_none(), "the grant stays");
    let remembered = decision.writes.iter().any(|write| {
        matches!(write, Write::RevokedAccessToken { token_id, expires_at }
            if token_id == "jti" && *expires_at == after(3_600))
    });
    assert!(remembered);
    let later = refresh(Some(record), &refresh_request(&first), &configuration(), after(3_599));
    assert!(later.reply.is_ok());
}

#[test]
fn rfc7009_2_an_access_token_of_an_ended_grant_can_still_be_revoked() {
    let ended = live().0.ended(EndReason::Revoked, NOW);
    let decision = revoke_at(&ended, access_token(after(3_600), "client"), after(1));
    assert_eq!(decision.reply, Ok(()));
    assert!(written(&decision).is_none());
    assert_eq!(decision.writes.len(), 2);
}
