//! What an answer of the token endpoint means for the session.

use super::Members;
use crate::secret::Secret;

/// The longest time in seconds that `expires_in` is believed: a year.
const LONGEST_LIFETIME: f64 = 31_536_000.0;
/// The longest `Retry-After` that is believed, in seconds.
const LONGEST_PAUSE: u32 = 3600;

/// The answer to a token request.
#[derive(Debug)]
pub enum TokenAnswer {
    /// Tokens ([RFC 6749 section 5.1](https://www.rfc-editor.org/rfc/rfc6749#section-5.1)).
    Granted(Granted),
    /// The server is busy or broken: nothing is known, and nothing is lost.
    Later {
        /// Seconds after which it wants to be asked again.
        retry_after: Option<u32>,
    },
    /// An error that another try won't mend
    /// ([RFC 6749 section 5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2)).
    Refused {
        /// `error`.
        error: String,
        /// `error_description`.
        description: Option<String>,
    },
    /// No answer of RFC 6749; the member that is missing or wrong.
    Malformed(&'static str),
}

/// What was granted.
#[derive(Debug)]
pub struct Granted {
    /// `access_token`.
    pub access_token: Secret,
    /// `token_type`, as the server writes it.
    pub token_type: String,
    /// `expires_in`, in seconds.
    pub expires_in: Option<u32>,
    /// `refresh_token`. Absent at a refresh: the old one goes on.
    pub refresh_token: Option<Secret>,
    /// `scope`. Absent: what was asked for.
    pub scope: Option<String>,
}

impl TokenAnswer {
    /// Reads an answer: its status, `Retry-After`, and its body if that is a JSON object.
    #[must_use]
    pub fn read(status: u16, retry_after: Option<&str>, body: Option<&impl Members>) -> Self {
        // Before the body: a proxy that is out of breath may write what it likes (needs #39).
        if matches!(status, 408 | 425 | 429 | 500..) {
            let seconds = retry_after.and_then(|text| text.trim().parse::<u32>().ok());
            return Self::Later { retry_after: seconds.map(|seconds| seconds.min(LONGEST_PAUSE)) };
        }
        let Some(body) = body else { return Self::Malformed("body") };
        // Some servers answer errors with 200.
        if let Some(error) = body.text("error") {
            return Self::Refused { error, description: body.text("error_description") };
        }
        if !(200..300).contains(&status) {
            return Self::Malformed("error");
        }
        let Some(access_token) = body.text("access_token").filter(|token| !token.is_empty()) else {
            return Self::Malformed("access_token");
        };
        // RFC 6749 section 7.1: "The client MUST NOT use an access token if it does not understand the
        // token type."
        let Some(token_type) =
            body.text("token_type").filter(|name| name.eq_ignore_ascii_case("bearer"))
        else {
            return Self::Malformed("token_type");
        };
        Self::Granted(Granted {
            access_token: Secret::new(access_token),
            token_type,
            expires_in: body.number("expires_in").and_then(seconds),
            refresh_token: body
                .text("refresh_token")
                .filter(|token| !token.is_empty())
                .map(Secret::new),
            scope: body.text("scope"),
        })
    }

    /// Whether the session is over: `invalid_grant`, and nothing else (needs #39).
    #[must_use]
    pub fn ends_session(&self) -> bool {
        matches!(self, Self::Refused { error, .. } if error == "invalid_grant")
    }
}

/// Whole seconds, of a number that a server may have written in any way.
fn seconds(number: f64) -> Option<u32> {
    // A cast of a float saturates; NaN is left out by the comparison.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "within the limits above"
    )]
    (number >= 0.0).then(|| number.min(LONGEST_LIFETIME) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client_side::members::tests::members;
    use serde_json::{Value, json};

    fn read(status: u16, body: Value) -> TokenAnswer {
        TokenAnswer::read(status, None, Some(&members(body)))
    }

    #[test]
    fn rfc6749_5_1_tokens_are_read() {
        let answer = read(
            200,
            json!({ "access_token": "a", "token_type": "bearer", "expires_in": 3600.9,
                    "refresh_token": "r", "scope": "x y" }),
        );
        let TokenAnswer::Granted(granted) = answer else { panic!("{answer:?}") };
        assert_eq!(granted.access_token.expose(), "a");
        assert_eq!(granted.refresh_token.as_ref().map(Secret::expose), Some("r"));
        assert_eq!((granted.expires_in, granted.scope.as_deref()), (Some(3600), Some("x y")));
        assert!(!format!("{granted:?}").contains("\"a\""));
    }

    #[test]
    fn an_expiry_that_can_not_be_meant_is_bounded_or_left_out() {
        for (written, expected) in [
            (json!(-1), None),
            (json!("3600"), None),
            (json!(0), Some(0)),
            (json!(1e300), Some(31_536_000)),
        ] {
            let body =
                json!({ "access_token": "a", "token_type": "Bearer", "expires_in": written });
            let TokenAnswer::Granted(granted) = read(200, body) else { panic!("{written}") };
            assert_eq!(granted.expires_in, expected, "{written}");
        }
    }

    #[test]
    fn needs_39_only_invalid_grant_ends_the_session() {
        for (status, body, ends) in [
            (400, json!({ "error": "invalid_grant" }), true),
            (401, json!({ "error": "invalid_grant" }), true),
            (200, json!({ "error": "invalid_grant" }), true),
            (400, json!({ "error": "invalid_request" }), false),
            (401, json!({ "error": "invalid_client" }), false),
            (400, json!({ "error": "invalid_scope" }), false),
            (429, json!({ "error": "invalid_grant" }), false),
            (500, json!({ "error": "invalid_grant" }), false),
            (503, json!({ "error": "temporarily_unavailable" }), false),
            (403, json!({}), false),
            (200, json!({ "access_token": "a", "token_type": "Bearer" }), false),
        ] {
            assert_eq!(read(status, body.clone()).ends_session(), ends, "{status} {body}");
        }
    }

    #[test]
    fn needs_39_a_busy_server_is_asked_again_when_it_says() {
        let later = |status, header| match TokenAnswer::read(
            status,
            header,
            None::<&serde_json::Map<String, Value>>,
        ) {
            TokenAnswer::Later { retry_after } => Some(retry_after),
            _ => None,
        };
        assert_eq!(later(429, Some("7")), Some(Some(7)));
        assert_eq!(later(503, Some("Wed, 21 Oct 2026 07:28:00 GMT")), Some(None));
        assert_eq!(later(502, Some("999999")), Some(Some(3600)));
        assert_eq!(later(408, None), Some(None));
        assert_eq!(later(400, None), None);
    }

    #[test]
    fn rfc6749_7_1_an_answer_without_a_bearer_token_is_no_answer() {
        for (body, member) in [
            (json!({}), "access_token"),
            (json!({ "access_token": "", "token_type": "Bearer" }), "access_token"),
            (json!({ "access_token": "a" }), "token_type"),
            (json!({ "access_token": "a", "token_type": "DPoP" }), "token_type"),
        ] {
            let answer = read(200, body);
            assert!(matches!(answer, TokenAnswer::Malformed(name) if name == member), "{answer:?}");
        }
        let answer = TokenAnswer::read(200, None, None::<&serde_json::Map<String, Value>>);
        assert!(matches!(answer, TokenAnswer::Malformed("body")), "{answer:?}");
    }
}
