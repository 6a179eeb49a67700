//! What needs JavaScript to be tested: values that cross over, and the browser's own parser of addresses. The rules
//! themselves are tested in `protocol`.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use js_sys::{JSON, Reflect};
use latchkey_web_client::{
    begin_authorization, check_resource, check_server, create_pkce, create_state, fingerprint,
    freshness, is_safe, is_secret, pause, read_callback, read_challenge, read_token_answer,
    resource_metadata_urls, server_metadata_urls, union_of_scopes,
};
use sha2::{Digest, Sha256};
use wasm_bindgen::JsValue;
use wasm_bindgen_test::wasm_bindgen_test;

const ISSUER: &str = "https://id.example";

fn json(text: &str) -> JsValue {
    JSON::parse(text).expect("JSON")
}

fn member(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &name.into()).expect("an object")
}

fn text(object: &JsValue, name: &str) -> Option<String> {
    member(object, name).as_string()
}

#[wasm_bindgen_test]
fn rfc7636_4_2_the_challenge_is_the_sha256_of_the_verifier() {
    let pkce = create_pkce();
    let expected = URL_SAFE_NO_PAD.encode(Sha256::digest(pkce.code_verifier()));
    assert_eq!(pkce.code_challenge(), expected);
    assert_eq!(pkce.code_challenge_method(), "S256");
    assert_eq!(pkce.code_verifier().len(), 43);
}

#[wasm_bindgen_test]
fn brw_01_every_transaction_draws_a_fresh_verifier_and_state() {
    assert_ne!(create_pkce().code_verifier(), create_pkce().code_verifier());
    assert_ne!(create_state(), create_state());
    assert_eq!(create_state().len(), 43);
    let request = || begin_authorization("https://id.example/authorize", "", "");
    assert_ne!(request().state(), request().state());
    assert_ne!(request().code_verifier(), request().code_verifier());
}

#[wasm_bindgen_test]
fn rfc6749_4_1_1_an_authorization_request_has_its_state_and_challenge() {
    let request = begin_authorization("https://id.example/authorize?tenant=1", "client_id=c", "p.");
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(request.code_verifier()));
    let expected = format!(
        "https://id.example/authorize?tenant=1&response_type=code&state={}&code_challenge={challenge}\
         &code_challenge_method=S256&client_id=c",
        request.state(),
    );
    assert_eq!(request.url(), expected);
    assert!(request.state().starts_with("p.") && request.state().len() == 45);
}

#[wasm_bindgen_test]
fn brw_05_a_callback_is_believed_only_with_its_own_state_and_issuer() {
    let state = create_state();
    let query = format!("?code=c1&state={state}&iss=https%3A%2F%2Fid.example");
    assert_eq!(read_callback(&query, &state, ISSUER, true).expect("believed"), "c1");
    let error = read_callback(&query, &create_state(), ISSUER, true).expect_err("refused");
    assert_eq!(text(&error, "code").as_deref(), Some("wrong_state"));
    let error = read_callback(&query, &state, "https://other.example", true).expect_err("refused");
    assert_eq!(text(&error, "code").as_deref(), Some("wrong_issuer"));
    let denied = format!(
        "error=access_denied&error_description=No&state={state}&iss=https%3A%2F%2Fid.example"
    );
    let error = read_callback(&denied, &state, ISSUER, true).expect_err("the server's");
    assert_eq!(text(&error, "code").as_deref(), Some("access_denied"));
    assert_eq!(text(&error, "message").as_deref(), Some("No"));
}

fn document(member: &str, value: &str) -> JsValue {
    let document = json(
        r#"{ "issuer": "https://id.example", "authorization_endpoint": "https://id.example/authorize",
             "token_endpoint": "https://id.example/token", "code_challenge_methods_supported": ["S256"] }"#,
    );
    Reflect::set(&document, &member.into(), &value.into()).expect("an object");
    document
}

#[wasm_bindgen_test]
fn cve_2025_6514_the_browsers_own_parser_says_what_must_not_be_followed() {
    let endpoint = "authorization_endpoint";
    assert!(
        check_server(
            &document(endpoint, "https://id.example/authorize?a=b"),
            Some(ISSUER.to_owned())
        )
        .is_ok()
    );
    for hostile in [
        "javascript:alert(1)",
        "java\nscript:alert(1)",
        "\u{1}javascript:alert(1)",
        " https://id.example/",
        "https:\\\\id.example\\",
        "https://id.example\t/",
        "data:text/html,x",
        "//id.example/authorize",
        "http://id.example/authorize",
        "https://a@id.example/",
        "https://id.example/#",
        "https://",
        "",
    ] {
        let error = check_server(&document(endpoint, hostile), None).expect_err(hostile);
        assert_eq!(text(&error, "code").as_deref(), Some("unsafe_endpoint"), "{hostile:?}");
        assert_eq!(text(&error, "member").as_deref(), Some(endpoint), "{hostile:?}");
    }
    for (url, is) in [
        ("https://id.example/", true),
        ("http://127.0.0.1:8787/", true),
        ("http://[::1]/", true),
        ("http://0x7f.1/", true),
        ("http://192.168.0.1/", false),
        ("https://user@id.example/", false),
        ("nonsense", false),
    ] {
        assert_eq!(is_safe(url, None), is, "{url}");
    }
    assert!(!is_safe("http://127.0.0.1/", Some(ISSUER.to_owned())));
    assert!(!is_safe("https://id.example/", Some("nonsense".to_owned())));
}

#[wasm_bindgen_test]
fn rfc8414_3_3_rfc9728_3_3_metadata_is_its_own() {
    let other = Some("https://id.example/".to_owned());
    let error = check_server(&document("x", "y"), other).expect_err("another issuer");
    assert_eq!(text(&error, "code").as_deref(), Some("wrong_issuer"));
    for nothing in [JsValue::NULL, JsValue::UNDEFINED, 1.into(), "text".into()] {
        let error = check_server(&nothing, None).expect_err("nothing");
        assert_eq!(text(&error, "code").as_deref(), Some("malformed_response"));
    }
    let resource = json(r#"{ "resource": "https://api.example/mcp" }"#);
    assert!(check_resource(&resource, "https://api.example/mcp").is_ok());
    let error = check_resource(&resource, "https://evil.example/mcp").expect_err("another's");
    assert_eq!(text(&error, "code").as_deref(), Some("wrong_resource"));
}

#[wasm_bindgen_test]
fn mcl_01_where_metadata_is_looked_for() {
    assert_eq!(server_metadata_urls("https://id.example/t").length(), 3);
    assert_eq!(
        resource_metadata_urls("https://api.example/mcp").get(0).as_string().as_deref(),
        Some("https://api.example/.well-known/oauth-protected-resource/mcp")
    );
    assert_eq!(server_metadata_urls("nonsense").length(), 0);
    let challenge = read_challenge(r#"Bearer error="insufficient_scope", scope="a b""#);
    assert_eq!(text(&challenge, "scope").as_deref(), Some("a b"));
    assert!(member(&challenge, "resourceMetadata").is_undefined());
    assert!(read_challenge("Basic realm=x").is_undefined());
    assert_eq!(union_of_scopes("a", "a b"), "a b");
}

#[wasm_bindgen_test]
fn needs_39_an_answer_of_the_token_endpoint_is_one_of_five_kinds() {
    let granted = json(
        r#"{ "access_token": "a", "token_type": "Bearer", "expires_in": 60, "__proto__": 1 }"#,
    );
    let answer = read_token_answer(200, None, &granted);
    assert_eq!(text(&answer, "kind").as_deref(), Some("granted"));
    assert_eq!(member(&answer, "expiresIn").as_f64(), Some(60.0));
    assert!(member(&answer, "refreshToken").is_undefined());
    for (status, body, kind) in [
        (400, r#"{ "error": "invalid_grant" }"#, "ended"),
        (400, r#"{ "error": "invalid_client" }"#, "refused"),
        (503, r#"{ "error": "invalid_grant" }"#, "later"),
        (200, r#"{}"#, "malformed"),
        (200, r#"[]"#, "malformed"),
    ] {
        let answer = read_token_answer(status, None, &json(body));
        assert_eq!(text(&answer, "kind").as_deref(), Some(kind), "{status} {body}");
    }
    let answer = read_token_answer(200, None, &JsValue::UNDEFINED);
    assert_eq!(text(&answer, "member").as_deref(), Some("body"));
    let answer = read_token_answer(429, Some("7".to_owned()), &JsValue::UNDEFINED);
    assert_eq!(member(&answer, "retryAfter").as_f64(), Some(7.0));
}

#[wasm_bindgen_test]
fn times_cross_over_as_numbers() {
    assert_eq!(freshness(1_000.0, 0.0, Some(3_600_000.0), 30_000.0), "fresh");
    assert_eq!(freshness(3_599_999.0, 0.0, Some(3_600_000.0), 30_000.0), "due");
    assert_eq!(freshness(3_600_000.0, 0.0, Some(3_600_000.0), 0.0), "expired");
    assert_eq!(freshness(f64::NAN, 0.0, Some(f64::NAN), f64::INFINITY), "expired");
    assert_eq!(freshness(0.0, 0.0, None, 30_000.0), "fresh");
    assert!(pause(1, None).is_some_and(|pause| (1000.0..1500.0).contains(&pause)));
    assert_eq!(pause(3, None), None);
    assert_eq!(pause(1, Some(3600)), None);
}

#[wasm_bindgen_test]
fn what_a_trace_and_other_tabs_see_is_no_secret() {
    assert!(is_secret("refresh_token") && !is_secret("client_id"));
    assert_eq!(fingerprint("a"), fingerprint("a"));
    assert_ne!(fingerprint("a"), fingerprint("b"));
    assert_eq!(fingerprint("abc"), "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0");
}
