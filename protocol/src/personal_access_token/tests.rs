use super::*;
use crate::entropy::CountingEntropy;
use crate::test_support::{API, MCP, NOW, account, after, configuration, configuration_with};
use proptest::prelude::*;
use serde_json::json;

const PREFIX: &str = "latchkey_pat_";

fn token() -> PersonalAccessToken {
    let mut entropy = CountingEntropy::default();
    PersonalAccessToken {
        account: account(),
        id: PersonalAccessTokenId::generate(&mut entropy),
        secret: Secret::generate(&mut entropy),
    }
}

fn resource(text: &str) -> ResourceIndicator {
    ResourceIndicator::parse(text).expect("resource")
}

fn new_token() -> NewToken {
    NewToken {
        label: "Backup script".to_owned(),
        scope: Scope::parse("read").expect("scope"),
        resources: vec![resource(API)],
        lifetime: Lifetime::days(30),
    }
}

fn create_from(
    new: &NewToken,
    configuration: &Configuration,
) -> Result<(PersonalAccessTokenRecord, PersonalAccessToken), CreateError> {
    create(new, &account(), configuration, NOW, &mut CountingEntropy::default())
}

/// The deployment behind whose gateway the first resource takes access tokens only.
fn with_gateways() -> Configuration {
    let upstream = json!({ "url": "https://internal.example" });
    configuration_with(&json!({"resources": [
        { "path": "/mcp", "upstream": upstream, "credentials": ["access_token"] },
        { "uri": API, "upstream": upstream },
    ]}))
}

#[test]
fn the_checksum_is_crc_32_of_ieee_in_six_digits_of_base_62() {
    // The check value of CRC-32/ISO-HDLC is 0xCBF43926 = 3421780262.
    let value = "123456789";
    assert_eq!(CRC_32.checksum(value.as_bytes()), 3_421_780_262);
    let digits = checksum(value);
    let number = digits.bytes().fold(0_u64, |number, digit| {
        let value = BASE62.iter().position(|known| *known == digit).expect("a digit");
        number * 62 + value as u64
    });
    assert_eq!((digits.len(), number), (6, 3_421_780_262));
    assert_eq!(checksum(""), "000000");
}

#[test]
fn a_token_reads_back_under_its_own_prefix_only() {
    let wire = token().to_wire(PREFIX);
    assert_eq!(wire.expose().len(), PREFIX.len() + 22 + 1 + 22 + 1 + 43 + 1 + 6);
    let read = PersonalAccessToken::parse(PREFIX, wire.expose()).expect("reads back");
    assert_eq!((&read.account, &read.id), (&token().account, &token().id));
    assert!(read.secret.hash().matches(&token().secret));
    for other in ["latchkey_rt_", "latchkey_ac_", "eyJ"] {
        let error = PersonalAccessToken::parse(other, wire.expose()).expect_err(other);
        assert_eq!(error, ParseError::NotOne);
    }
}

#[test]
fn needs_24_a_token_that_was_damaged_is_recognised_without_asking_an_account() {
    let wire = token().to_wire(PREFIX).expose().to_owned();
    let body = wire.rsplit_once('.').expect("a checksum").0.to_owned();
    let resigned = |body: &str| format!("{body}.{}", checksum(body));
    let cases = [
        ("cut short", without_last(&wire)),
        ("without the checksum", body.clone()),
        ("with more", format!("{wire}A")),
        ("with a space", format!("{wire} ")),
        ("nothing but the prefix", PREFIX.to_owned()),
        ("another form with a right checksum", resigned("latchkey_pat_a.b.c")),
        ("a part too many with a right checksum", resigned(&format!("{body}.x"))),
        ("a secret too short with a right checksum", resigned(&without_last(&body))),
        ("the checksum in other case", format!("{body}.{}", swap_case(&checksum(&body)))),
    ];
    for (name, text) in cases {
        let error = PersonalAccessToken::parse(PREFIX, &text).expect_err(name);
        assert_eq!(error, ParseError::Damaged, "{name}");
    }
}

fn without_last(text: &str) -> String {
    let mut text = text.to_owned();
    text.pop();
    text
}

fn swap_case(text: &str) -> String {
    let swap = |one: char| {
        if one.is_ascii_lowercase() { one.to_ascii_uppercase() } else { one.to_ascii_lowercase() }
    };
    text.chars().map(swap).collect()
}

#[test]
fn a_created_token_is_good_until_it_expires_and_only_its_hash_is_stored() {
    let new = NewToken { label: "  Backup\u{202e}\n script ".to_owned(), ..new_token() };
    let (record, token) = create_from(&new, &configuration()).expect("created");
    assert_eq!(record.label, "Backup script", "nothing hidden is in the label");
    assert_eq!((&record.id, &token.account), (&token.id, &account()));
    assert_eq!(record.resources, [resource(API)]);
    assert_eq!((record.created_at, record.expires_at), (NOW, NOW.plus(Lifetime::days(30))));
    let stored = serde_json::to_string(&record).expect("json");
    assert!(!stored.contains(token.secret.expose()));
    let record: PersonalAccessTokenRecord = crate::json::read(&stored).expect("reads back");

    let last = 30 * 86_400 - 1;
    assert_eq!(record.check(&token.secret, after(last)), Ok(()));
    assert_eq!(record.check(&token.secret, after(last + 1)), Err(UseError::Expired));
    let garbage = Secret::new("garbage");
    assert_eq!(record.check(&garbage, NOW), Err(UseError::WrongSecret));
    assert_eq!(record.check(&garbage, after(last + 1)), Err(UseError::WrongSecret));
    assert_eq!(record.grant().expires_at, record.expires_at);
}

#[test]
fn each_wrong_wish_has_its_reason() {
    type Wrong = fn(&mut NewToken);
    let cases: &[(&str, Wrong, CreateError)] = &[
        ("no label", |new| new.label = String::new(), CreateError::LabelMissing),
        ("invisible label", |new| new.label = " \u{200b}\t".to_owned(), CreateError::LabelMissing),
        ("long label", |new| new.label = "é".repeat(61), CreateError::LabelTooLong),
        ("no scope", |new| new.scope = Scope::default(), CreateError::ScopeMissing),
        (
            "unknown scope",
            |new| new.scope = Scope::parse("read admin").expect("scope"),
            CreateError::ScopeUnknown,
        ),
        ("no resource", |new| new.resources.clear(), CreateError::ResourceMissing),
        (
            "unknown resource",
            |new| new.resources.push(resource("https://evil.example")),
            CreateError::ResourceUnknown,
        ),
        (
            "a resource that takes access tokens only",
            |new| new.resources.push(resource(MCP)),
            CreateError::ResourceRefusesThem,
        ),
        ("no time", |new| new.lifetime = Lifetime::seconds(0), CreateError::LifetimeMissing),
        ("too long", |new| new.lifetime = Lifetime::days(367), CreateError::LifetimeTooLong),
    ];
    for (name, wrong, expected) in cases {
        let mut new = new_token();
        wrong(&mut new);
        let error = create_from(&new, &with_gateways()).expect_err(name);
        assert_eq!(error, *expected, "{name}");
        assert!(error.to_string().ends_with('.'), "{name}: {error}");
    }
}

#[test]
fn the_last_value_inside_each_limit_is_accepted() {
    let longest = configuration().lifetimes.personal_access_token;
    let new = NewToken {
        label: "é".repeat(60),
        lifetime: longest,
        resources: vec![resource(API), resource(API)],
        ..new_token()
    };
    let (record, _) = create_from(&new, &with_gateways()).expect("created");
    assert_eq!(record.expires_at, NOW.plus(longest));
    assert_eq!(record.resources, [resource(API)], "each resource once");
    let shortest = NewToken { lifetime: Lifetime::seconds(1), ..new_token() };
    assert!(create_from(&shortest, &configuration()).is_ok());
}

#[test]
fn a_deployment_without_scopes_has_tokens_without_scope() {
    let configuration = configuration_with(&json!({ "scopes": [] }));
    let new = NewToken { scope: Scope::default(), ..new_token() };
    assert!(create_from(&new, &configuration).is_ok());
    assert_eq!(
        create_from(&new_token(), &configuration).expect_err("a scope"),
        CreateError::ScopeUnknown
    );
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in "(latchkey_pat_)?[A-Za-z0-9._-]{0,120}|.{0,60}") {
        let _ = PersonalAccessToken::parse(PREFIX, &text);
    }

    #[test]
    fn one_wrong_character_anywhere_is_found(position in 0_usize..109, with in b'0'..=b'z') {
        let mut bytes = token().to_wire(PREFIX).expose().as_bytes().to_owned();
        prop_assume!(bytes[position] != with);
        bytes[position] = with;
        let damaged = String::from_utf8(bytes).expect("ASCII");
        prop_assert!(PersonalAccessToken::parse(PREFIX, &damaged).is_err());
    }
}
