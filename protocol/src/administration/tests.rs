//! The admin API's decisions: one good request of each kind, and every reason against one.

use serde_json::{Value, json};

use super::*;
use crate::client::{ClientOrigin, ClientRecord, GrantType};
use crate::client_metadata::ClientMetadataError;
use crate::entropy::CountingEntropy;
use crate::error::ErrorCode;
use crate::params::Parameters;
use crate::registration::Registered;
use crate::test_support::{API, MCP, NOW, after, confidential_client, configuration};
use crate::time::Lifetime;
use proptest::prelude::*;

/// A public client that has nothing for itself.
fn client() -> ClientRecord {
    let mut client = crate::test_support::client();
    client.metadata.grant_types.retain(|grant| *grant != GrantType::ClientCredentials);
    client
}

fn created(body: &Value) -> Result<Registered, AdminError> {
    let mut entropy = CountingEntropy::default();
    create(body.to_string().as_bytes(), &configuration(), 7, NOW, &mut entropy)
}

fn patched(record: &ClientRecord, body: &Value) -> Result<Registered, AdminError> {
    let mut entropy = crate::test_support::entropy_after(9);
    patch(record, body.to_string().as_bytes(), &configuration(), &mut entropy)
}

fn good() -> Value {
    json!({ "redirect_uris": ["https://app.example/cb"], "client_name": "Reports" })
}

fn with(changes: Value) -> Value {
    let mut body = good();
    for (name, value) in changes.as_object().expect("object") {
        body[name] = value.clone();
    }
    body
}

#[test]
fn the_admin_token_opens_and_a_short_or_wrong_one_does_not() {
    let token = Secret::new("x".repeat(SHORTEST_ADMIN_TOKEN));
    assert_eq!(authorize(&token, &token), Ok(()));
    assert_eq!(authorize(&token, &Secret::new("x")), Err(AdminError::WrongToken));
    let short = Secret::new("x".repeat(SHORTEST_ADMIN_TOKEN - 1));
    assert_eq!(authorize(&short, &short), Err(AdminError::TokenTooShort));
    assert_eq!(AdminError::TokenTooShort.reply().code.status(), 500);
}

#[test]
fn a_client_is_made_approved_with_its_secret_once_and_without_an_end() {
    let made = created(&good()).expect("created");
    assert_eq!(made.record.origin, ClientOrigin::Administered);
    assert!(made.record.policy.approved && made.record.expires_at.is_none());
    let secret = made.response.client_secret.clone().expect("secret");
    assert!(made.record.has_secret(&secret, NOW));
    let answer = serde_json::to_value(&made.response).expect("json");
    assert_eq!(answer["origin"], "administered");
    assert_eq!(
        answer["policy"],
        json!({ "approved": true, "disabled": false, "refresh_token_rotation": true })
    );
    assert_eq!(answer.get("registration_access_token"), None);
    let shown = Value::Object(view(&made.record)).to_string();
    assert!(!shown.contains(secret.expose()));
    assert!(!shown.contains(&secret.hash().to_text()));
}

#[test]
fn own_access_is_of_known_scopes_and_resources_and_of_confidential_clients() {
    let own = |own: Value| with(json!({ "policy": { "client_credentials": own } }));
    let made = created(&own(json!({ "scope": "read write", "resources": ["/mcp", API, MCP] })));
    let policy = made.expect("created").record.policy;
    let own_access = policy.client_credentials.expect("own access");
    assert_eq!(own_access.scope.to_string(), "read write");
    assert_eq!(own_access.resources.iter().map(|one| one.as_str()).collect::<Vec<_>>(), [MCP, API]);
    let default = created(&own(json!({ "scope": "read" }))).expect("created");
    let resources = default.record.policy.client_credentials.expect("own access").resources;
    assert_eq!(resources.iter().map(|one| one.as_str()).collect::<Vec<_>>(), [MCP]);

    let cases = [
        (own(json!({ "scope": "unknown" })), AdminError::UnknownScope),
        (own(json!({ "scope": "\u{e9}" })), AdminError::UnknownScope),
        (own(json!({ "resources": ["/elsewhere"] })), AdminError::UnknownResource),
        (own(json!({ "resources": [7] })), AdminError::UnknownResource),
        (own(json!({ "typo": 1 })), AdminError::UnknownMember),
        (
            with(json!({
                "token_endpoint_auth_method": "none",
                "policy": { "client_credentials": { "scope": "read" } },
            })),
            AdminError::OwnAccessOfPublicClient,
        ),
    ];
    for (body, expected) in cases {
        assert_eq!(created(&body).expect_err("refused"), expected, "{body}");
    }
}

#[test]
fn tok_12_the_grant_comes_and_goes_with_the_leave_to_use_it() {
    let has = |record: &ClientRecord| record.may_use(GrantType::ClientCredentials);
    let own = json!({ "policy": { "client_credentials": { "scope": "read" } } });
    let machine = created(&own).expect("a client that nobody is sent back to").record;
    assert_eq!(machine.metadata.grant_types, [GrantType::ClientCredentials]);
    let both = created(&with(own.clone())).expect("created").record;
    assert!(has(&both) && both.may_use(GrantType::AuthorizationCode));
    let without = patched(&both, &json!({ "policy": { "client_credentials": null } }));
    let without = without.expect("changed").record;
    assert!(!has(&without) && without.may_use(GrantType::AuthorizationCode));
    assert!(has(&patched(&without, &own).expect("changed").record));
    // Without it the machine's client could do nothing at all.
    let nothing = patched(&machine, &json!({ "policy": { "client_credentials": null } }));
    let expected = AdminError::Metadata(ClientMetadataError::NoUsableGrantType);
    assert_eq!(nothing.expect_err("refused"), expected);
}

#[test]
fn a_typing_error_is_refused_and_names_no_input() {
    let cases = [
        (with(json!({ "client_nmae": "x" })), AdminError::UnknownMember),
        (with(json!({ "client_id": "mine" })), AdminError::UnknownMember),
        (with(json!({ "policy": { "aproved": true } })), AdminError::UnknownMember),
        (
            with(json!({ "policy": true })),
            AdminError::Member { member: "policy", expected: "an object" },
        ),
        (
            with(json!({ "policy": { "approved": "yes" } })),
            AdminError::Member { member: "approved", expected: "true or false" },
        ),
        (json!({}), AdminError::Metadata(ClientMetadataError::RedirectUrisMissing)),
        (json!([]), AdminError::Metadata(ClientMetadataError::NotAnObject)),
    ];
    for (body, expected) in cases {
        let error = created(&body).expect_err("refused");
        assert_eq!(error, expected, "{body}");
        assert_eq!(error.reply().code.status(), 400);
        assert!(!error.reply().description.contains("nmae"));
    }
}

#[test]
fn rfc7396_a_patch_changes_what_it_names_and_takes_away_what_is_null() {
    let record = client();
    let approved = patched(&record, &json!({ "policy": { "approved": true } })).expect("approved");
    assert!(approved.record.policy.approved && !approved.record.policy.disabled);
    assert_eq!(approved.record.metadata, record.metadata);
    let again =
        patched(&approved.record, &json!({ "policy": { "disabled": true } })).expect("disabled");
    assert!(again.record.policy.approved && again.record.policy.disabled);
    let none = patched(&again.record, &json!({ "policy": null })).expect("nothing decided");
    assert!(none.record.policy.is_default());

    let named =
        patched(&record, &json!({ "client_name": "A", "client_name#de": "B" })).expect("named");
    assert_eq!(named.record.metadata.client_name.as_deref(), Some("A"));
    let unnamed = patched(&named.record, &json!({ "client_name": null })).expect("unnamed");
    assert_eq!(unnamed.record.metadata.client_name, None);
    assert_eq!(unnamed.record.metadata.localized.len(), 1);
    assert_eq!(unnamed.record.metadata.redirect_uris, record.metadata.redirect_uris);

    // What was read can be written back as it is.
    let whole = Value::Object(view(&named.record));
    assert_eq!(
        patched(&named.record, &whole).expect("the same").record.metadata,
        named.record.metadata
    );
}

#[test]
fn a_patch_that_breaks_a_rule_is_refused() {
    let record = client();
    let cases = [
        (json!({ "redirect_uris": [] }), ErrorCode::InvalidRedirectUri),
        (json!({ "redirect_uris": ["javascript:alert(1)"] }), ErrorCode::InvalidRedirectUri),
        (json!({ "redirect_uris": null }), ErrorCode::InvalidRedirectUri),
        (json!({ "logo_uri": "javascript:alert(1)" }), ErrorCode::InvalidClientMetadata),
        (json!({ "typo": 1 }), ErrorCode::InvalidRequest),
        (json!({ "client_id": "another" }), ErrorCode::InvalidRequest),
        (json!({ "client_id": null }), ErrorCode::InvalidRequest),
        (json!({ "origin": "configured" }), ErrorCode::InvalidRequest),
        (json!({ "expires_at": 1 }), ErrorCode::InvalidRequest),
        (json!({ "policy": { "client_credentials": {} } }), ErrorCode::InvalidClientMetadata),
        (json!({ "policy": { "disabled": 1 } }), ErrorCode::InvalidRequest),
        (json!("text"), ErrorCode::InvalidClientMetadata),
    ];
    for (body, code) in cases {
        let error = patched(&record, &body).expect_err("refused");
        assert_eq!(error.reply().code, code, "{body}");
    }
}

#[test]
fn a_patch_of_the_method_makes_or_drops_the_secret_and_leaves_a_free_choice_free() {
    let public = client();
    let method = json!({ "token_endpoint_auth_method": "client_secret_post" });
    let confidential = patched(&public, &method).expect("confidential");
    let secret = confidential.response.client_secret.clone().expect("secret");
    assert!(confidential.record.has_secret(&secret, NOW));
    let dropped = patched(&confidential.record, &json!({ "token_endpoint_auth_method": "none" }));
    assert!(!dropped.expect("public").record.has_secret(&secret, NOW));

    let free = created(&good()).expect("created").record;
    let renamed = patched(&free, &json!({ "client_name": "B" })).expect("renamed");
    assert!(renamed.record.any_secret_method && renamed.response.client_secret.is_none());
}

#[test]
fn configured_and_document_clients_are_changed_elsewhere() {
    for origin in [ClientOrigin::Configured, ClientOrigin::Document] {
        let record = ClientRecord { origin, ..confidential_client() };
        let error = patched(&record, &json!({})).expect_err("refused");
        assert_eq!(error, AdminError::ReadOnlyClient(origin));
        assert_eq!(error.reply().code.status(), 409);
        assert!(error.reply().description.contains("LATCHKEY.clients"));
    }
}

#[test]
fn a_replaced_secret_is_good_for_its_grace_and_no_longer() {
    let mut entropy = CountingEntropy::default();
    let mut rotate = |record: &ClientRecord, grace| {
        let grace = Lifetime::seconds(grace);
        rotate_secret(record, grace, &configuration(), NOW, &mut entropy).expect("rotated")
    };
    let (record, old) = (confidential_client(), Secret::new("client secret"));
    let at_once = rotate(&record, 0);
    let new = at_once.response.client_secret.clone().expect("secret");
    assert!(at_once.record.has_secret(&new, NOW) && !at_once.record.has_secret(&old, NOW));

    let graceful = rotate(&record, 60);
    assert!(graceful.record.has_secret(&old, after(59)));
    assert!(!graceful.record.has_secret(&old, after(60)));
    // Whoever rotates twice at once means it: only one old secret is good.
    let newer = graceful.response.client_secret.clone().expect("secret");
    let twice = rotate(&graceful.record, 60);
    assert!(twice.record.has_secret(&newer, NOW) && !twice.record.has_secret(&old, NOW));

    let public = rotate_secret(
        &client(),
        Lifetime::seconds(0),
        &configuration(),
        NOW,
        &mut CountingEntropy::default(),
    );
    assert_eq!(public.expect_err("refused"), AdminError::NoSecret);
    for (body, expected) in [
        ("", Ok(Lifetime::seconds(0))),
        ("{}", Ok(Lifetime::seconds(0))),
        (r#"{"grace":86400}"#, Ok(LONGEST_GRACE)),
        (r#"{"grace":86401}"#, Err(AdminError::GraceTooLong)),
        (r#"{"grace":-1}"#, Err(AdminError::GraceTooLong)),
        (r#"{"grace":"1h"}"#, Err(AdminError::GraceTooLong)),
        (r#"{"graze":1}"#, Err(AdminError::UnknownMember)),
        ("x", Err(AdminError::Metadata(ClientMetadataError::NotJson))),
    ] {
        assert_eq!(read_grace(body.as_bytes()), expected, "{body}");
    }
}

#[test]
fn an_initial_access_token_is_for_one_client_and_seven_days_unless_the_operator_says_more() {
    let make = |body: &Value| {
        let mut entropy = CountingEntropy::default();
        new_initial_access_token(
            body.to_string().as_bytes(),
            &configuration(),
            3,
            NOW,
            &mut entropy,
        )
    };
    let (record, token) = make(&json!({})).expect("token");
    assert_eq!((record.max_uses, record.expires_at), (Some(1), NOW.plus(Lifetime::days(7))));
    assert!(record.secret_hash.matches(&token.secret) && record.policy.is_default());
    assert_eq!(record.id.shard(), 3);
    let (record, token) = make(&json!({
        "label": " CI \u{202e} ", "expires_in": 60, "max_uses": null,
        "policy": { "approved": true, "client_credentials": { "scope": "read" } },
    }))
    .expect("token");
    let shown = Value::Object(view_initial_access_token(&record, 4));
    assert_eq!(
        shown,
        json!({
            "id": record.id.as_str(), "label": "CI", "uses": 4,
            "created_at": NOW.seconds(), "expires_at": NOW.seconds() + 60,
            "policy": { "approved": true, "client_credentials": { "scope": "read", "resources": [MCP] } },
        })
    );
    assert!(!shown.to_string().contains(token.secret.expose()));
    for (body, expected) in [
        (json!({ "expires_in": 0 }), AdminError::Lifetime),
        (json!({ "expires_in": 366 * 86_400 + 1 }), AdminError::Lifetime),
        (json!({ "expires_in": "1d" }), AdminError::Lifetime),
        (json!({ "typo": 1 }), AdminError::UnknownMember),
        (json!({ "policy": { "disabled": true } }), AdminError::UnknownMember),
        (json!({ "policy": { "client_credentials": { "scope": "x" } } }), AdminError::UnknownScope),
    ] {
        assert_eq!(make(&body).expect_err("refused"), expected, "{body}");
    }
    for uses in [json!(0), json!(-1), json!("many"), json!(u64::MAX)] {
        let error = make(&json!({ "max_uses": uses })).expect_err("refused");
        assert!(matches!(error, AdminError::Member { member: "max_uses", .. }), "{uses}");
    }
}

fn list(query: &str) -> Result<ListRequest, AdminError> {
    ListRequest::parse(&Parameters::parse(query.as_bytes()).expect("query"))
}

#[test]
fn a_list_has_a_limit_a_cursor_and_a_filter() {
    let all = list("").expect("default");
    assert_eq!((all.limit, all.position, all.filter), (50, Position::START, Filter::default()));
    let some = list("limit=200&origin=administered&approved=false").expect("filter");
    assert_eq!(some.limit, 200);
    assert_eq!(some.filter.origin, Some(ClientOrigin::Administered));
    assert_eq!(some.filter.approved, Some(false));
    for (query, expected) in [
        ("limit=0", AdminError::Limit),
        ("limit=201", AdminError::Limit),
        ("limit=x", AdminError::Limit),
        ("limit=1&limit=1", AdminError::RepeatedParameter),
        ("cursor=!", AdminError::Cursor),
        ("cursor=x", AdminError::Cursor),
        ("origin=elsewhere", AdminError::Filter),
        ("approved=yes", AdminError::Filter),
    ] {
        assert_eq!(list(query).expect_err("refused"), expected, "{query}");
    }
}

#[test]
fn a_list_goes_through_every_shard_once_from_where_it_stopped() {
    let shards = |position: &Position| {
        pages(position, 4).map(|page| (page.shard, page.after)).collect::<Vec<_>>()
    };
    assert_eq!(shards(&Position::START), [(0, None), (1, None), (2, None), (3, None)]);
    let middle = Position::Shard { shard: 2, after: Some("p_02x".to_owned()) };
    assert_eq!(shards(&middle), [(2, Some("p_02x".to_owned())), (3, None)]);
    assert_eq!(shards(&Position::Shard { shard: 9, after: None }), []);
}

proptest! {
    #[test]
    fn a_cursor_reads_back_and_no_other_text_panics(text in ".{0,60}", place in any::<usize>(), shard in any::<u8>(), after in "[ -~]{0,40}") {
        let _ = Position::from_cursor(&text);
        let after = Some(after).filter(|after| !after.is_empty());
        for position in [Position::Configured(place), Position::Shard { shard, after }] {
            prop_assert_eq!(Position::from_cursor(&position.to_cursor()), Some(position));
        }
    }

    #[test]
    fn no_body_makes_the_admin_api_panic(body in ".{0,200}") {
        let mut entropy = CountingEntropy::default();
        let _ = create(body.as_bytes(), &configuration(), 0, NOW, &mut entropy);
        let _ = patch(&client(), body.as_bytes(), &configuration(), &mut entropy);
        let _ = new_initial_access_token(body.as_bytes(), &configuration(), 0, NOW, &mut entropy);
        let _ = read_grace(body.as_bytes());
    }
}
