use super::*;
use crate::grant::refresh_token::inspect;
use crate::identifier::GrantId;
use crate::jwt::{Authority, IntrospectionClaims, JwtError, Received, Unsigned};
use crate::test_support::{
    API, MCP, NOW, account, after, client_id, configuration, configuration_with, live,
};
use crate::time::Lifetime;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use proptest::prelude::*;
use serde_json::{Value, json};

/// The deployment whose API has an introspector.
fn deployment() -> Configuration {
    configuration_with(&json!({"resources": [
        { "path": "/mcp" },
        { "uri": API, "introspectors": ["api"] },
    ]}))
}

fn resource(text: &str) -> ResourceIndicator {
    ResourceIndicator::parse(text).expect("resource")
}

fn access_token(audience: &str) -> Token {
    Token::AccessToken(AccessTokenClaims {
        issuer: "https://id.example".to_owned(),
        authority: Authority::Person {
            account: account(),
            grant: GrantId::parse("AAAAAAAAAAAAAAAAAAAAAA").expect("grant"),
            authenticated_at: NOW,
        },
        audience: resource(audience),
        client_id: client_id("client"),
        scope: Scope::parse("mcp read").expect("scope"),
        token_id: "jti".to_owned(),
        issued_at: NOW,
        expires_at: after(3_600),
    })
}

/// The token that the client has for itself.
fn own_token(audience: &str) -> Token {
    match access_token(audience) {
        Token::AccessToken(claims) => {
            Token::AccessToken(AccessTokenClaims { authority: Authority::Client, ..claims })
        }
        other => other,
    }
}

fn refresh_token() -> Token {
    let (record, secret) = live();
    let lifetimes = configuration().lifetimes;
    let state = inspect(&record, &secret, &lifetimes, NOW).expect("good");
    Token::RefreshToken { account: account(), state }
}

fn personal_access_token(resources: &[&str]) -> Token {
    Token::PersonalAccessToken {
        account: account(),
        id: PersonalAccessTokenId::parse("AAAAAAAAAAAAAAAAAAAAAA").expect("id"),
        grant: TokenGrant {
            label: None,
            scope: Scope::parse("read").expect("scope"),
            resources: resources.iter().map(|text| resource(text)).collect(),
            created_at: NOW,
            expires_at: after(3_600),
        },
    }
}

fn told(token: Token, caller: &str, now: UnixTime) -> Value {
    let answer = reply(token, &client_id(caller), &deployment(), now);
    serde_json::to_value(answer).expect("json")
}

#[test]
fn int_04_an_access_tokens_client_and_its_resources_introspector_see_all_of_it() {
    for caller in ["client", "api"] {
        assert_eq!(
            told(access_token(API), caller, NOW),
            json!({
                "active": true,
                "scope": "mcp read",
                "client_id": "client",
                "token_type": "Bearer",
                "exp": 1_800_003_600_u64,
                "iat": 1_800_000_000_u64,
                "sub": account().as_str(),
                "aud": API,
                "iss": "https://id.example",
                "jti": "jti",
            })
        );
    }
}

#[test]
fn jat_05_of_a_clients_own_token_the_subject_is_the_client() {
    for caller in ["client", "api"] {
        let told = told(own_token(API), caller, NOW);
        assert_eq!((&told["sub"], &told["client_id"]), (&json!("client"), &json!("client")));
        assert_eq!((&told["active"], &told["aud"]), (&json!(true), &json!(API)));
    }
}

#[test]
fn int_04_a_refresh_token_has_no_token_type_and_is_seen_by_its_client_only() {
    let end = NOW.plus(Lifetime::days(30));
    assert_eq!(
        told(refresh_token(), "client", NOW),
        json!({
            "active": true,
            "scope": "mcp read",
            "client_id": "client",
            "exp": end.seconds(),
            "iat": NOW.seconds(),
            "sub": account().as_str(),
            "aud": MCP,
            "iss": "https://id.example",
        })
    );
}

#[test]
fn int_04_a_personal_access_token_has_no_client_and_shows_the_callers_resources_only() {
    assert_eq!(
        told(personal_access_token(&[MCP, API]), "api", NOW),
        json!({
            "active": true,
            "scope": "read",
            "token_type": "Bearer",
            "exp": 1_800_003_600_u64,
            "iat": 1_800_000_000_u64,
            "sub": account().as_str(),
            "aud": API,
            "iss": "https://id.example",
            "jti": "AAAAAAAAAAAAAAAAAAAAAA",
        })
    );
    let both = configuration_with(&json!({"resources": [
        { "path": "/mcp", "introspectors": ["api"] },
        { "uri": API, "introspectors": ["api"] },
    ]}));
    let answer = reply(personal_access_token(&[MCP, API]), &client_id("api"), &both, NOW);
    assert_eq!(serde_json::to_value(answer).expect("json")["aud"], json!([MCP, API]));
}

#[test]
fn int_02_who_may_not_see_a_token_is_told_exactly_that_it_is_not_active() {
    let cases = [
        ("another client", access_token(API), "other", NOW),
        ("an introspector of another resource", access_token(MCP), "api", NOW),
        ("another client's own token", own_token(API), "other", NOW),
        ("an expired access token", access_token(API), "client", after(3_600)),
        ("another client's refresh token", refresh_token(), "other", NOW),
        ("a refresh token at an introspector", refresh_token(), "api", NOW),
        ("a personal access token at any client", personal_access_token(&[API]), "client", NOW),
        ("one for another resource", personal_access_token(&[MCP]), "api", NOW),
        ("one that expired", personal_access_token(&[API]), "api", after(3_600)),
    ];
    for (name, token, caller, now) in cases {
        assert_eq!(told(token, caller, now), json!({ "active": false }), "{name}");
    }
    let inactive = serde_json::to_string(&Introspected::inactive()).expect("json");
    assert_eq!(inactive, r#"{"active":false}"#);
    assert!(!Introspected::inactive().is_active());
}

#[test]
fn rfc7662_2_1_a_request_has_one_token_and_any_hint() {
    let parse = |body: &str| {
        IntrospectionRequest::parse(&Parameters::parse(body.as_bytes()).expect("parameters"))
    };
    for body in ["token=abc", "token=abc&token_type_hint=refresh_token", "token=abc&x=1&x=2"] {
        assert_eq!(parse(body).expect(body).token.expose(), "abc", "{body}");
    }
    for body in ["", "token=", "token=a&token=b", "token=a&token_type_hint=&token_type_hint=x"] {
        assert_eq!(parse(body).expect_err(body).reply().code, ErrorCode::InvalidRequest, "{body}");
    }
}

#[test]
fn int_01_a_public_client_is_an_invalid_client() {
    assert_eq!(IntrospectionError::PublicClient.reply().code, ErrorCode::InvalidClient);
}

#[test]
fn rfc9701_5_the_signed_answer_holds_exactly_the_json_and_never_passes_for_an_access_token() {
    let issuer = "https://id.example";
    let (caller, now) = (client_id("api"), after(60));
    for (name, token) in [
        ("an access token", Some(access_token(API))),
        ("a personal access token", Some(personal_access_token(&[API]))),
        ("none that is good", None),
    ] {
        let answer = token
            .map_or_else(Introspected::inactive, |token| reply(token, &caller, &deployment(), now));
        let claims = IntrospectionClaims {
            issuer,
            audience: &caller,
            issued_at: now,
            introspected: &answer,
        };
        let unsigned = Unsigned::introspection(&claims, "key-1").expect("writes");
        let jwt = unsigned.with_signature(b"signature");
        let mut parts = jwt.expose().split('.').map(|part| {
            let bytes = URL_SAFE_NO_PAD.decode(part).expect("base64url");
            serde_json::from_slice::<Value>(&bytes).unwrap_or_default()
        });
        assert_eq!(
            parts.next(),
            Some(json!({ "typ": "token-introspection+jwt", "alg": "ES256", "kid": "key-1" })),
            "{name}"
        );
        // No `sub` and no `exp` of its own.
        let expected = json!({
            "iss": issuer,
            "aud": "api",
            "iat": now.seconds(),
            "token_introspection": answer,
        });
        assert_eq!(parts.next(), Some(expected), "{name}");
        assert_eq!(Received::parse(jwt.expose()).err(), Some(JwtError::WrongType), "{name}");
    }
}

proptest! {
    #[test]
    fn reading_a_request_never_panics(body in "(token|token_type_hint|&|=|%|[a-z]){0,20}") {
        if let Ok(parameters) = Parameters::parse(body.as_bytes()) {
            let _ = IntrospectionRequest::parse(&parameters);
        }
    }
}
