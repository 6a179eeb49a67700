use super::*;
use crate::client::{ClientOrigin, ClientPolicy};
use crate::client_metadata::ClientMetadata;
use crate::params::RepeatedParameter;
use crate::time::Lifetime;
use TokenEndpointAuthMethod::{ClientSecretBasic, ClientSecretPost, None as Public};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use proptest::prelude::*;

const NOW: UnixTime = UnixTime::from_seconds(1_000_000);
const SECRET: &str = "correct horse: 100% b+tter";

fn record(method: TokenEndpointAuthMethod) -> ClientRecord {
    ClientRecord {
        client_id: ClientId::parse("client").expect("client id"),
        origin: ClientOrigin::SelfRegistered,
        policy: ClientPolicy::default(),
        metadata: ClientMetadata::default(),
        client_secret_hash: (method != Public).then(|| Secret::new(SECRET).hash()),
        previous_secret: None,
        software_statement: None,
        registration_access_token_hash: None,
        token_endpoint_auth_method: method,
        any_secret_method: false,
        issued_at: NOW,
        expires_at: Some(NOW.plus(Lifetime::days(1))),
        first_used_at: None,
        last_used_at: None,
    }
}

fn encode(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{}:{}", encode(id), encode(secret))))
}

fn form(pairs: &[(&str, &str)]) -> Parameters {
    Parameters::parse(crate::params::encode(pairs).as_bytes()).expect("form")
}

fn attempt(
    record: Option<&ClientRecord>,
    authorization: Option<&str>,
    pairs: &[(&str, &str)],
) -> Result<AuthenticatedClient, ClientAuthenticationError> {
    let credentials = Credentials::parse(authorization, &form(pairs))?;
    authenticate(record, &credentials, NOW)
}

#[test]
fn rfc6749_2_3_1_a_confidential_client_authenticates_by_its_registered_method() {
    let header = basic("client", SECRET);
    let post = [("client_id", "client"), ("client_secret", SECRET)];

    let by_header = attempt(Some(&record(ClientSecretBasic)), Some(&header), &[]);
    let by_form = attempt(Some(&record(ClientSecretPost)), None, &post);
    for client in [by_header.expect("basic"), by_form.expect("post")] {
        assert_eq!(client.client_id().as_str(), "client");
        assert!(!client.is_public());
    }

    use ClientAuthenticationFailure::OtherMethodRegistered;
    let crossed = attempt(Some(&record(ClientSecretPost)), Some(&header), &[]).expect_err("basic");
    assert_eq!(crossed.reason(), OtherMethodRegistered);
    let crossed = attempt(Some(&record(ClientSecretBasic)), None, &post).expect_err("post");
    assert_eq!(crossed.reason(), OtherMethodRegistered);
}

#[test]
fn a_client_that_named_no_method_may_use_basic_or_post_but_not_neither() {
    let record = ClientRecord { any_secret_method: true, ..record(ClientSecretBasic) };
    let post = [("client_id", "client"), ("client_secret", SECRET)];
    assert!(attempt(Some(&record), Some(&basic("client", SECRET)), &[]).is_ok());
    assert!(attempt(Some(&record), None, &post).is_ok());
    let error = attempt(Some(&record), None, &[("client_id", "client")]).expect_err("no secret");
    assert_eq!(error.reason(), ClientAuthenticationFailure::SecretMissing);
}

#[test]
fn rfc6749_3_2_1_a_public_client_says_who_it_is_and_sends_no_secret() {
    let record = record(Public);
    for pairs in [&[("client_id", "client")][..], &[("client_id", "client"), ("client_secret", "")]]
    {
        let client = attempt(Some(&record), None, pairs).expect("public client");
        assert!(client.is_public());
    }
    assert!(attempt(Some(&record), Some(&basic("client", "")), &[]).is_ok());

    let post = [("client_id", "client"), ("client_secret", SECRET)];
    for error in [
        attempt(Some(&record), None, &post).expect_err("posted secret"),
        attempt(Some(&record), Some(&basic("client", SECRET)), &[]).expect_err("basic secret"),
    ] {
        assert_eq!(error.reason(), ClientAuthenticationFailure::OtherMethodRegistered);
    }
}

#[test]
fn rfc6749_5_2_failures_are_invalid_client_and_challenge_only_who_used_the_header() {
    use ClientAuthenticationFailure as Failure;
    let confidential = record(ClientSecretBasic);
    let posting = record(ClientSecretPost);
    let expired = ClientRecord { expires_at: Some(NOW), ..record(ClientSecretBasic) };
    let mut disabled = record(ClientSecretBasic);
    disabled.policy.disabled = true;
    let other = ClientRecord {
        client_id: ClientId::parse("other").expect("client id"),
        ..record(ClientSecretBasic)
    };
    let right = basic("client", SECRET);
    let wrong = basic("client", "wrong");
    let no_secret = basic("client", "");
    let impossible = basic("clïent", SECRET);
    let posted = [("client_id", "client"), ("client_secret", "wrong")];
    let only_id = [("client_id", "client")];
    let assertion = [("client_id", "client"), ("client_assertion", "a.b.c")];
    let assertion_type = [("client_id", "client"), ("client_assertion_type", "urn:x")];
    type Case<'a> = (Failure, Option<&'a ClientRecord>, Option<&'a str>, &'a [(&'a str, &'a str)]);
    let cases: &[Case<'_>] = &[
        (Failure::SecretWrong, Some(&confidential), Some(&wrong), &[]),
        (Failure::SecretWrong, Some(&posting), None, &posted),
        (Failure::SecretMissing, Some(&confidential), None, &only_id),
        (Failure::SecretMissing, Some(&confidential), Some(&no_secret), &[]),
        (Failure::UnknownClient, None, None, &only_id),
        (Failure::UnknownClient, None, Some(&right), &[]),
        (Failure::UnknownClient, Some(&other), Some(&right), &[]),
        (Failure::UnknownClient, Some(&confidential), Some(&impossible), &[]),
        (Failure::ExpiredClient, Some(&expired), Some(&right), &[]),
        (Failure::DisabledClient, Some(&disabled), Some(&right), &[]),
        (Failure::DisabledClient, Some(&disabled), Some(&wrong), &[]),
        (Failure::UnsupportedScheme, Some(&confidential), Some("Bearer x"), &only_id),
        (Failure::MalformedBasic, Some(&confidential), Some("Basic !"), &only_id),
        (Failure::UnsupportedAssertion, Some(&confidential), None, &assertion),
        (Failure::UnsupportedAssertion, Some(&confidential), None, &assertion_type),
        (Failure::AssertionAndSecret, Some(&confidential), Some(&right), &assertion),
    ];
    for (expected, record, authorization, pairs) in cases {
        let error = attempt(*record, *authorization, pairs).expect_err("refused");
        assert_eq!(error.reason(), *expected);
        let reply = error.reply();
        assert_eq!((reply.code, reply.code.status()), (ErrorCode::InvalidClient, 401));
        let challenge = authorization.map(|_| CHALLENGE);
        assert_eq!(error.challenge(), challenge, "{expected:?}");
    }
}

#[test]
fn rfc6749_2_3_ambiguous_requests_are_invalid_requests() {
    use ClientAuthenticationFailure as Failure;
    let record = record(ClientSecretBasic);
    let header = basic("client", SECRET);
    let repeated = Failure::Repeated(RepeatedParameter { name: "client_id" });
    let two_secrets = [("client_secret", SECRET)];
    let other_id = [("client_id", "Client")];
    let twice = [("client_id", "client"), ("client_id", "client")];
    type Case<'a> = (Failure, Option<&'a str>, &'a [(&'a str, &'a str)]);
    let cases: &[Case<'_>] = &[
        (Failure::TwoMethods, Some(&header), &two_secrets),
        (Failure::TwoClientIds, Some(&header), &other_id),
        (Failure::ClientIdMissing, None, &[]),
        (Failure::ClientIdMissing, None, &two_secrets),
        (repeated, None, &twice),
    ];
    for (expected, authorization, pairs) in cases {
        let error = attempt(Some(&record), *authorization, pairs).expect_err("refused");
        assert_eq!(error.reason(), *expected);
        assert_eq!(error.reply().code, ErrorCode::InvalidRequest, "{expected:?}");
        assert_eq!(error.challenge(), None, "{expected:?}");
    }
    // The same identifier in both places is no ambiguity.
    assert!(attempt(Some(&record), Some(&header), &[("client_id", "client")]).is_ok());
}

#[test]
fn rfc6749_2_3_1_a_url_as_client_id_and_any_text_as_secret_survive_basic() {
    let url = "https://client.example/oauth/metadata.json?a=b%20c";
    for secret in ["a:b", "100%", "a+b", "a b", "pässwörd€", "%41"] {
        let record = ClientRecord {
            client_id: ClientId::parse(url).expect("client id"),
            client_secret_hash: Some(Secret::new(secret).hash()),
            previous_secret: None,
            software_statement: None,
            registration_access_token_hash: None,
            ..record(ClientSecretBasic)
        };
        let client = attempt(Some(&record), Some(&basic(url, secret)), &[("client_id", url)]);
        assert_eq!(client.expect(secret).client_id().as_str(), url);
    }
}

#[test]
fn an_expired_client_reads_like_an_unknown_one() {
    let expired = ClientRecord { expires_at: Some(NOW), ..record(Public) };
    let pairs = [("client_id", "client")];
    let of_expired = attempt(Some(&expired), None, &pairs).expect_err("expired");
    let of_unknown = attempt(None, None, &pairs).expect_err("unknown");
    assert_eq!(of_expired.reply(), of_unknown.reply());
}

#[test]
fn credentials_never_show_a_secret_in_debug_output() {
    let credentials = Credentials::parse(Some(&basic("client", SECRET)), &form(&[]));
    assert!(!format!("{credentials:?}").contains("horse"));
}

proptest! {
    #[test]
    fn only_the_secret_itself_authenticates(secret in ".{0,40}") {
        let record = record(ClientSecretPost);
        let pairs = [("client_id", "client"), ("client_secret", secret.as_str())];
        prop_assert_eq!(attempt(Some(&record), None, &pairs).is_ok(), secret == SECRET);
    }

    #[test]
    fn reading_credentials_never_panics(header in ".*", body in "[a-z_=&%+]{0,60}") {
        if let Ok(parameters) = Parameters::parse(body.as_bytes()) {
            let _ = Credentials::parse(Some(&header), &parameters);
            let _ = Credentials::parse(None, &parameters);
        }
    }
}
