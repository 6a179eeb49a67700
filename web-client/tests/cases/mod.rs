use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use js_sys::Reflect;
use latchkey_web_client::{create_pkce, create_state, read_callback};
use sha2::{Digest, Sha256};
use wasm_bindgen_test::wasm_bindgen_test;

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
}

#[wasm_bindgen_test]
fn brw_05_a_callback_is_believed_only_with_its_own_state_and_issuer() {
    let state = create_state();
    let issuer = "https://id.example";
    let query = format!("?code=c1&state={state}&iss=https%3A%2F%2Fid.example");
    assert_eq!(read_callback(&query, &state, issuer, true).expect("believed"), "c1");

    let error = read_callback(&query, &create_state(), issuer, true).expect_err("refused");
    let code = Reflect::get(&error, &"code".into()).expect("a member");
    assert_eq!(code.as_string().as_deref(), Some("wrong_state"));

    let error = read_callback(&query, &state, "https://other.example", true).expect_err("refused");
    let code = Reflect::get(&error, &"code".into()).expect("a member");
    assert_eq!(code.as_string().as_deref(), Some("wrong_issuer"));
}
