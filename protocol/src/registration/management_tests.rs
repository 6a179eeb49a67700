//! What a client may do with its registration, and every reason against it.

use serde_json::{Value, json};

use super::*;
use crate::client::{ClientPolicy, TokenEndpointAuthMethod};
use crate::configuration::Configuration;
use crate::entropy::CountingEntropy;
use crate::registration::register;
use crate::test_support::{NOW, after, configuration};
use crate::time::Lifetime;

fn object(value: Value) -> Map<String, Value> {
    value.as_object().cloned().expect("an object")
}

fn metadata(method: &str) -> Value {
    json!({
        "redirect_uris": ["https://app.example/cb"],
        "client_name": "App",
        "token_endpoint_auth_method": method,
    })
}

struct Fixture {
    configuration: Configuration,
    record: ClientRecord,
    token: Secret,
    client_secret: Option<Secret>,
}

impl Fixture {
    fn with(method: &str) -> Self {
        let configuration = configuration();
        let context = RegistrationContext::of(&configuration);
        let mut entropy = CountingEntropy::default();
        let registered = register(
            object(metadata(method)),
            None,
            &ClientPolicy::default(),
            &context,
            7,
            NOW,
            &mut entropy,
        )
        .expect("registered");
        let token = registered.response.registration_access_token.expect("token");
        let client_secret = registered.response.client_secret;
        Self { record: registered.record, token, client_secret, configuration }
    }

    fn context(&self) -> RegistrationContext<'_> {
        RegistrationContext::of(&self.configuration)
    }

    fn presented(&self) -> Result<Presented, PresentationError> {
        Ok(Presented::Bearer(self.token.clone()))
    }

    fn managed(&self) -> ManagedClient<'_> {
        authorize(Some(&self.record), self.presented(), NOW).expect("authorized")
    }

    fn body(&self, changes: Value) -> Map<String, Value> {
        let method = self.record.token_endpoint_auth_method.as_str();
        let mut body = object(metadata(method));
        body.insert("client_id".to_owned(), self.record.client_id.as_str().into());
        body.extend(object(changes));
        body
    }

    fn replace(&self, changes: Value) -> Result<Registered, ManagementError> {
        let mut entropy = crate::test_support::entropy_after(9);
        self.managed().replace(self.body(changes), None, &self.context(), after(5), &mut entropy)
    }
}

fn json_of(response: &RegistrationResponse) -> Value {
    serde_json::to_value(response).expect("json")
}

#[test]
fn rfc7592_3_a_registration_is_read_with_its_uri_and_token_and_without_its_secret() {
    let fixture = Fixture::with("client_secret_basic");
    let answer = json_of(&fixture.managed().read(&fixture.context()));
    let id = fixture.record.client_id.as_str();
    assert_eq!(answer["client_id"], id);
    assert_eq!(answer["registration_client_uri"], format!("https://id.example/register/{id}"));
    assert_eq!(answer["registration_access_token"], fixture.token.expose());
    assert_eq!(answer["client_name"], "App");
    assert_eq!(answer["client_id_issued_at"], NOW.seconds());
    for absent in ["client_secret", "client_secret_expires_at"] {
        assert_eq!(answer.get(absent), None, "{absent}");
    }
}

#[test]
fn dcm_04_every_way_to_have_no_right_is_the_same_401() {
    let fixture = Fixture::with("none");
    let other = Fixture { token: Secret::new("latchkey_rat_another"), ..Fixture::with("none") };
    let unmanaged = ClientRecord { registration_access_token_hash: None, ..fixture.record.clone() };
    let record = Some(&fixture.record);
    let cases = [
        (record, Err(PresentationError::Nothing), NOW, ManagementError::NoToken),
        (record, Ok(Presented::ApiKey(fixture.token.clone())), NOW, ManagementError::NoToken),
        (
            record,
            Err(PresentationError::Several),
            NOW,
            ManagementError::Unreadable(PresentationError::Several),
        ),
        (None, fixture.presented(), NOW, ManagementError::UnknownClient),
        (record, fixture.presented(), NOW.plus(Lifetime::days(1)), ManagementError::UnknownClient),
        (Some(&unmanaged), fixture.presented(), NOW, ManagementError::NotManaged),
        (record, other.presented(), NOW, ManagementError::WrongToken),
    ];
    let expected = ManagementError::WrongToken.reply();
    assert_eq!(expected.code.status(), 401);
    for (record, presented, now, reason) in cases {
        let error = authorize(record, presented, now).expect_err("refused");
        assert_eq!(error, reason);
        assert_eq!(error.reply(), expected, "{reason:?}");
        assert!(error.challenge().expect("challenge").starts_with("Bearer "), "{reason:?}");
    }
}

#[test]
fn dcm_02_a_replacement_is_whole_what_it_leaves_out_is_gone() {
    let fixture = Fixture::with("none");
    let replaced = fixture
        .replace(json!({ "client_name": null, "redirect_uris": ["https://app.example/new"], "tos_uri": "https://app.example/tos" }))
        .expect("replaced");
    let answer = json_of(&replaced.response);
    assert_eq!(answer["redirect_uris"], json!(["https://app.example/new"]));
    assert_eq!(answer["tos_uri"], "https://app.example/tos");
    assert_eq!(answer.get("client_name"), None);
    // Neither the identifier nor the token changes.
    assert_eq!(replaced.record.client_id, fixture.record.client_id);
    assert_eq!(answer["registration_access_token"], fixture.token.expose());
    assert_eq!(replaced.record.issued_at, fixture.record.issued_at);
    assert_eq!(replaced.record.expires_at, fixture.record.expires_at);
}

#[test]
fn dcm_02_what_must_not_be_sent_and_what_has_to_be_right() {
    let fixture = Fixture::with("client_secret_post");
    for member in NOT_TO_BE_SENT {
        let error = fixture.replace(json!({ member: "x" })).expect_err(member);
        assert_eq!(error, ManagementError::MustNotBeSent { member });
    }
    for id in [json!(null), json!(7), json!("another"), json!("")] {
        let error = fixture.replace(json!({ "client_id": id })).expect_err("client_id");
        assert_eq!(error, ManagementError::OtherClientId, "{id}");
    }
    for secret in [json!("another"), json!(7)] {
        let error = fixture.replace(json!({ "client_secret": secret })).expect_err("secret");
        assert_eq!(error, ManagementError::OtherSecret, "{secret}");
    }
    let own = fixture.client_secret.as_ref().expect("secret").expose();
    assert!(fixture.replace(json!({ "client_secret": own })).is_ok());
    let error = fixture.replace(json!({ "redirect_uris": [] })).expect_err("no redirect URI");
    assert_eq!(error.reply().code, ErrorCode::InvalidRedirectUri);
    for error in [ManagementError::OtherClientId, ManagementError::OtherSecret] {
        assert_eq!(error.reply().code, ErrorCode::InvalidClientMetadata);
    }
}

#[test]
fn a_secret_is_made_when_the_method_begins_to_need_one_and_goes_when_it_needs_none() {
    let public = Fixture::with("none");
    let method = json!({ "token_endpoint_auth_method": "client_secret_post" });
    let replaced = public.replace(method).expect("replaced");
    let secret = replaced.response.client_secret.clone().expect("a new secret");
    assert!(replaced.record.has_secret(&secret, NOW));
    assert_eq!(json_of(&replaced.response)["client_secret_expires_at"], 0);

    let confidential = Fixture::with("client_secret_basic");
    let own = confidential.client_secret.clone().expect("secret");
    let post = json!({ "token_endpoint_auth_method": "client_secret_post" });
    let kept = confidential.replace(post).expect("kept");
    assert!(kept.response.client_secret.is_none() && kept.record.has_secret(&own, NOW));
    assert_eq!(kept.record.token_endpoint_auth_method, TokenEndpointAuthMethod::ClientSecretPost);

    let none = json!({ "token_endpoint_auth_method": "none" });
    let dropped = confidential.replace(none).expect("dropped");
    assert!(dropped.record.is_public() && !dropped.record.has_secret(&own, NOW));
}

#[test]
fn security_an_approved_client_that_becomes_another_is_no_longer_approved() {
    let mut fixture = Fixture::with("none");
    fixture.record.policy.approved = true;
    let approved =
        |changes: Value| fixture.replace(changes).expect("replaced").record.policy.approved;
    assert!(approved(json!({})));
    assert!(approved(
        json!({ "scope": "mcp", "software_version": "2", "contacts": ["a@b.example"] })
    ));
    for change in [
        json!({ "client_name": "Another" }),
        json!({ "client_name#de": "Andere" }),
        json!({ "redirect_uris": ["https://elsewhere.example/cb"] }),
        json!({ "client_uri": "https://elsewhere.example" }),
        json!({ "token_endpoint_auth_method": "client_secret_post" }),
        json!({ "grant_types": ["urn:ietf:params:oauth:grant-type:device_code"] }),
    ] {
        assert!(!approved(change.clone()), "{change}");
    }
}

#[test]
fn dcm_04_a_disabled_client_reads_its_registration_and_changes_nothing() {
    let mut fixture = Fixture::with("none");
    fixture.record.policy = ClientPolicy { disabled: true, ..ClientPolicy::default() };
    assert_eq!(fixture.replace(json!({})).expect_err("refused"), ManagementError::Disabled);
    assert_eq!(fixture.managed().may_change(), Err(ManagementError::Disabled));
    assert_eq!(ManagementError::Disabled.reply().code.status(), 403);
    assert_eq!(ManagementError::Disabled.challenge(), None);
    let _ = fixture.managed().read(&fixture.context());
}
