//! What an answer of the token endpoint means, and when to ask again.

use latchkey_protocol::client_side::{self, Freshness, TokenAnswer};
use latchkey_protocol::entropy::Entropy;
use latchkey_protocol::secret::Secret;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::entropy::BrowserEntropy;
use crate::members::{JsMembers, object};

/// Reads an answer of the token endpoint: its status, `Retry-After` and JSON. The `kind` is `granted` (with
/// `accessToken`, `tokenType`, `expiresIn`, `refreshToken`, `scope`), `later` (`retryAfter`), `ended` or `refused`
/// (`error`, `description`), or `malformed` (`member`).
#[wasm_bindgen(js_name = readTokenAnswer)]
#[must_use]
pub fn read_token_answer(status: u16, retry_after: Option<String>, body: &JsValue) -> JsValue {
    let members = JsMembers(body);
    let answer =
        TokenAnswer::read(status, retry_after.as_deref(), body.is_object().then_some(&members));
    let ends_session = answer.ends_session();
    let kind = |kind: &str| ("kind", Some(JsValue::from(kind)));
    match answer {
        TokenAnswer::Granted(granted) => object([
            kind("granted"),
            ("accessToken", Some(granted.access_token.expose().into())),
            ("tokenType", Some(granted.token_type.into())),
            ("expiresIn", granted.expires_in.map(JsValue::from)),
            ("refreshToken", granted.refresh_token.map(|token| token.expose().into())),
            ("scope", granted.scope.map(JsValue::from)),
        ]),
        TokenAnswer::Later { retry_after } => {
            object([kind("later"), ("retryAfter", retry_after.map(JsValue::from))])
        }
        TokenAnswer::Refused { error, description } => object([
            kind(if ends_session { "ended" } else { "refused" }),
            ("error", Some(error.into())),
            ("description", description.map(JsValue::from)),
        ]),
        TokenAnswer::Malformed(member) => {
            object([kind("malformed"), ("member", Some(member.into()))])
        }
    }
}

/// Whether a token is `fresh`, `due` or `expired`; times in milliseconds of one clock.
#[wasm_bindgen]
#[must_use]
pub fn freshness(now: f64, obtained: f64, expires: Option<f64>, minimum_validity: f64) -> String {
    let freshness = client_side::freshness(
        milliseconds(now),
        milliseconds(obtained),
        expires.map(milliseconds),
        milliseconds(minimum_validity),
    );
    match freshness {
        Freshness::Fresh => "fresh",
        Freshness::Due => "due",
        Freshness::Expired => "expired",
    }
    .to_owned()
}

/// How long to wait before another try, in milliseconds; nothing when that is longer than a call should wait, or it was
/// the last try.
#[wasm_bindgen]
#[must_use]
pub fn pause(attempt: u32, retry_after: Option<u32>) -> Option<f64> {
    let [chance] = BrowserEntropy.bytes::<1>();
    let pause = client_side::pause(attempt, retry_after, chance);
    #[expect(clippy::cast_precision_loss, reason = "below 2^53")]
    pause.map(|pause| pause as f64)
}

/// By what tabs recognise a token without its being said.
#[wasm_bindgen]
#[must_use]
pub fn fingerprint(token: &str) -> String {
    Secret::new(token).hash().to_text()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a cast of a float saturates"
)]
const fn milliseconds(number: f64) -> u64 {
    number as u64
}
