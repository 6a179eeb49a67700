//! The client's side of an authorization response: which callback may be believed.
//!
//! [RFC 6749 section 4.1.2](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2),
//! [RFC 9207 section 2.4](https://www.rfc-editor.org/rfc/rfc9207#section-2.4).

use std::fmt;

use crate::params::Parameters;
use crate::secret::Secret;

/// What the client remembers of its authorization request.
#[derive(Debug)]
pub struct Expected<'a> {
    /// The `state` it sent.
    pub state: &'a Secret,
    /// The issuer it sent the person to.
    pub issuer: &'a str,
    /// Whether that issuer's metadata says that it sends `iss`.
    pub issuer_is_sent: bool,
}

/// Why a callback gives no code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallbackError {
    /// The query can't be read, or has a parameter twice.
    Malformed,
    /// `state` is missing or not the one that was sent: the callback is another flow's, or forged.
    WrongState,
    /// `iss` is missing though it is announced, or names another server.
    WrongIssuer,
    /// Neither a code nor an error.
    NoCode,
    /// The server's own error, to be believed because `state` and `iss` are right.
    Server {
        /// `error`.
        code: String,
        /// `error_description`.
        description: Option<String>,
    },
}

impl CallbackError {
    /// A stable name for programs.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::Malformed => "malformed_callback",
            Self::WrongState => "wrong_state",
            Self::WrongIssuer => "wrong_issuer",
            Self::NoCode => "no_code",
            Self::Server { code, .. } => code,
        }
    }
}

impl fmt::Display for CallbackError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Malformed => "The callback can't be read, or has a parameter twice.",
            Self::WrongState => "The callback's state is not the one of this sign-in. Start again.",
            Self::WrongIssuer => "The callback is from another server. Start again.",
            Self::NoCode => "The callback has neither a code nor an error.",
            Self::Server { description: Some(description), .. } => description,
            Self::Server { description: None, code } => code,
        })
    }
}

impl std::error::Error for CallbackError {}

/// Reads the query of a callback and returns its code.
///
/// # Errors
///
/// [`CallbackError`]. An error of the server is reported only if `state` and `iss` are right, so that
/// nobody can put words into its mouth.
pub fn read(query: &str, expected: &Expected<'_>) -> Result<Secret, CallbackError> {
    let parameters = Parameters::parse(query.trim_start_matches('?').as_bytes())
        .map_err(|_| CallbackError::Malformed)?;
    let get = |name| parameters.get(name).map_err(|_| CallbackError::Malformed);
    let state = get("state")?.map(Secret::new).ok_or(CallbackError::WrongState)?;
    if !expected.state.hash().matches(&state) {
        return Err(CallbackError::WrongState);
    }
    // RFC 9207 section 2.4: compared by simple string comparison, before anything else is believed.
    match get("iss")? {
        Some(issuer) if issuer == expected.issuer => {}
        None if !expected.issuer_is_sent => {}
        Some(_) | None => return Err(CallbackError::WrongIssuer),
    }
    if let Some(code) = get("error")? {
        return Err(CallbackError::Server {
            code: code.to_owned(),
            description: get("error_description")?.map(str::to_owned),
        });
    }
    get("code")?.map(Secret::new).ok_or(CallbackError::NoCode)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read_with(query: &str, issuer_is_sent: bool) -> Result<String, CallbackError> {
        let state = Secret::new("s1");
        let expected = Expected { state: &state, issuer: "https://id.example", issuer_is_sent };
        read(query, &expected).map(|code| code.expose().to_owned())
    }

    #[test]
    fn rfc6749_4_1_2_a_right_callback_gives_its_code() {
        let query = "?code=c1&state=s1&iss=https%3A%2F%2Fid.example";
        assert_eq!(read_with(query, true), Ok("c1".to_owned()));
        assert_eq!(read_with("code=c1&state=s1", false), Ok("c1".to_owned()));
    }

    #[test]
    fn mcl_04_a_callback_of_another_flow_or_server_is_not_believed() {
        let cases = [
            ("code=c1", CallbackError::WrongState),
            ("code=c1&state=s2", CallbackError::WrongState),
            ("code=c1&state=s1&state=s1", CallbackError::Malformed),
            ("code=c1&state=s1", CallbackError::WrongIssuer),
            ("code=c1&state=s1&iss=https%3A%2F%2Fid.example%2F", CallbackError::WrongIssuer),
            ("code=c1&state=s1&iss=https%3A%2F%2FID.example", CallbackError::WrongIssuer),
            (
                "error=access_denied&state=s1&iss=https%3A%2F%2Fevil.example",
                CallbackError::WrongIssuer,
            ),
            ("error=access_denied&state=s2", CallbackError::WrongState),
            ("state=s1&iss=https%3A%2F%2Fid.example", CallbackError::NoCode),
            ("code=%zz&state=s1", CallbackError::Malformed),
        ];
        for (query, expected) in cases {
            assert_eq!(read_with(query, true), Err(expected), "{query}");
        }
        assert_eq!(
            read_with("code=c1&state=s1&iss=https%3A%2F%2Fevil.example", false),
            Err(CallbackError::WrongIssuer),
            "a wrong iss is refused even where none was announced"
        );
    }

    #[test]
    fn a_servers_error_is_passed_on_once_it_is_the_servers() {
        let query =
            "error=access_denied&error_description=No&state=s1&iss=https%3A%2F%2Fid.example";
        let error = read_with(query, true).expect_err("refused");
        assert_eq!((error.code(), error.to_string().as_str()), ("access_denied", "No"));
    }

    proptest! {
        #[test]
        fn no_query_makes_read_panic_and_no_foreign_state_gives_a_code(
            query in "\\??(code|state|iss|error|=|&|%|[a-z0-9:/.]){0,30}"
        ) {
            if read_with(&query, false).is_ok() {
                prop_assert!(query.contains("state=s1"));
            }
        }
    }
}
