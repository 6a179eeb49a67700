//! Whether a request to register is let in
//! ([RFC 7591 section 3](https://www.rfc-editor.org/rfc/rfc7591#section-3)).

use super::initial_access_token::{InitialAccessToken, InitialAccessTokenError};
use crate::bearer::{self, PresentationError};
use crate::configuration::{Configuration, RegistrationAccess};
use crate::error::{ErrorCode, ErrorReply};

/// The token of a request to register; `None` when it has none. `authorization` is the header's
/// value, of repeated ones joined by a comma; `query` the URL's. Another scheme than Bearer is nobody's
/// credential here.
///
/// # Errors
///
/// [`AdmissionError`] (401): what was sent is no initial access token. Where none is needed it is
/// refused just the same, because whoever sends one counts on what it gives.
pub fn presented_token(
    authorization: Option<&str>,
    query: &str,
    prefix: &str,
) -> Result<Option<InitialAccessToken>, AdmissionError> {
    match bearer::presented(authorization, None, query) {
        Ok(presented) => InitialAccessToken::parse(prefix, presented.secret().expose())
            .map(Some)
            .ok_or(AdmissionError::NoInitialAccessToken),
        Err(PresentationError::Nothing) => Ok(None),
        Err(error) => Err(AdmissionError::Unreadable(error)),
    }
}

/// Passes when registration is open, or the request has what opens it. Whether its token is good is
/// found out when it is used.
///
/// # Errors
///
/// [`AdmissionError::NothingPresented`] (401).
pub fn admit(
    configuration: &Configuration,
    has_token: bool,
    has_statement: bool,
) -> Result<(), AdmissionError> {
    match configuration.registration.access {
        RegistrationAccess::Open => Ok(()),
        RegistrationAccess::InitialAccessToken if has_token || has_statement => Ok(()),
        RegistrationAccess::InitialAccessToken => Err(AdmissionError::NothingPresented),
        RegistrationAccess::Closed => Err(AdmissionError::Closed),
    }
}

/// Why a request to register isn't let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AdmissionError {
    /// Nobody registers here.
    Closed,
    /// Neither an initial access token nor a software statement.
    NothingPresented,
    /// The credential can't be read.
    Unreadable(PresentationError),
    /// The credential is another kind of thing.
    NoInitialAccessToken,
    /// The token lets nobody in.
    Token(InitialAccessTokenError),
}

impl AdmissionError {
    /// What the client is told: an error of
    /// [RFC 6750 section 3.1](https://www.rfc-editor.org/rfc/rfc6750#section-3.1), none of RFC 7591's.
    #[must_use]
    pub fn reply(self) -> ErrorReply {
        let (code, description) = match self {
            Self::Closed => (ErrorCode::NotFound, "Clients can not register themselves here."),
            Self::NothingPresented => (
                ErrorCode::InvalidToken,
                "Registration needs an initial access token in the Authorization header; the \
                 operator of this server gives them out.",
            ),
            Self::Unreadable(_) | Self::NoInitialAccessToken | Self::Token(_) => (
                ErrorCode::InvalidToken,
                "The initial access token is not good, or not any more; ask the operator of this \
                 server for another.",
            ),
        };
        ErrorReply::new(code, description)
    }

    /// What goes into `WWW-Authenticate`; `None` where no token would help. A request without
    /// credentials gets no error code
    /// ([RFC 6750 section 3.1](https://www.rfc-editor.org/rfc/rfc6750#section-3.1)).
    #[must_use]
    pub const fn challenge(self) -> Option<&'static str> {
        match self {
            Self::Closed => None,
            Self::NothingPresented => Some("Bearer realm=\"registration\""),
            Self::Unreadable(_) | Self::NoInitialAccessToken | Self::Token(_) => {
                Some("Bearer realm=\"registration\", error=\"invalid_token\"")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::CountingEntropy;
    use crate::registration::initial_access_token::InitialAccessTokenId;
    use crate::secret::Secret;
    use crate::test_support::configuration_with;
    use serde_json::json;

    #[test]
    fn dcr_09_registration_is_open_or_needs_a_token_or_a_statement_or_is_closed() {
        let admitted = |access: &str, token, statement| {
            let setting = json!({ "registration": { "access": access } });
            admit(&configuration_with(&setting), token, statement)
        };
        for (token, statement) in [(false, false), (true, false), (false, true), (true, true)] {
            assert_eq!(admitted("open", token, statement), Ok(()));
            assert_eq!(admitted("closed", token, statement), Err(AdmissionError::Closed));
            let needs = admitted("initial_access_token", token, statement);
            assert_eq!(needs.is_ok(), token || statement);
        }
        let error = admitted("initial_access_token", false, false).expect_err("refused");
        assert_eq!(error.reply().code.status(), 401);
        // RFC 6750 section 3.1: no error code for a request without any credential.
        assert_eq!(error.challenge(), Some("Bearer realm=\"registration\""));
    }

    #[test]
    fn dcr_09_what_is_sent_as_a_token_and_is_none_is_refused() {
        let mut entropy = CountingEntropy::default();
        let token = InitialAccessToken {
            id: InitialAccessTokenId::generate(3, &mut entropy),
            secret: Secret::generate(&mut entropy),
        };
        let wire = token.to_wire("p_");
        let header = |text: &str| format!("Bearer {text}");
        let read = presented_token(Some(&header(wire.expose())), "", "p_").expect("read");
        assert_eq!(read.expect("a token").id, token.id);
        // Another scheme is for a proxy in front of this server, or left over; it is no token.
        for nothing in [None, Some("Basic eDp5"), Some("")] {
            assert!(matches!(presented_token(nothing, "", "p_"), Ok(None)), "{nothing:?}");
        }
        let twice = format!("Bearer {0}, Bearer {0}", wire.expose());
        for wrong in
            ["Bearer", "Bearer x", "Bearer latchkey_rat_x", twice.as_str(), "Bearer \u{e9}"]
        {
            let error = presented_token(Some(wrong), "", "p_").expect_err(wrong);
            assert_eq!(error.reply().code.status(), 401, "{wrong}");
            assert!(error.challenge().expect("challenge").ends_with("error=\"invalid_token\""));
        }
        let in_query = format!("access_token={}", wire.expose());
        assert!(presented_token(None, &in_query, "p_").is_err());
    }
}
