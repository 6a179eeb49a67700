//! The written form of authorization codes, refresh tokens, device codes and session cookies.
//!
//! `<prefix><account>.<grant>.<secret>`: the account and the grant route to the object and the row
//! that know the rest; only the secret grants anything, and only its hash is stored.

use serde::Serialize;

use crate::identifier::{AccountId, GrantId, SessionId};
use crate::json::FromJson;
use crate::secret::Secret;
use crate::user_code::UserCode;

/// An authorization code or a refresh token, taken apart.
#[derive(Debug, Serialize, FromJson)]
pub struct GrantToken {
    /// The person who consented.
    pub account: AccountId,
    /// The grant the token belongs to.
    pub grant: GrantId,
    /// What proves possession.
    pub secret: Secret,
}

impl GrantToken {
    /// Reads a token that should start with `prefix`; `None` when it is anything else.
    #[must_use]
    pub fn parse(prefix: &str, text: &str) -> Option<Self> {
        let mut parts = text.strip_prefix(prefix)?.split('.');
        let account = AccountId::parse(parts.next()?)?;
        let grant = GrantId::parse(parts.next()?)?;
        let secret = secret_part(parts.next()?)?;
        parts.next().is_none().then_some(Self { account, grant, secret })
    }

    /// Writes the token with `prefix`.
    #[must_use]
    pub fn to_wire(&self, prefix: &str) -> Secret {
        Secret::new(format!("{prefix}{}.{}.{}", self.account, self.grant, self.secret.expose()))
    }
}

/// A device code ([RFC 8628 section 3.2](https://www.rfc-editor.org/rfc/rfc8628#section-3.2)), taken
/// apart: `<prefix><user code>.<secret>`.
///
/// Whoever holds it is the client, which got the user code with it; the user code alone gets no
/// token.
#[derive(Debug, Serialize, FromJson)]
pub struct DeviceCode {
    /// Which object has the request.
    pub user_code: UserCode,
    /// What proves possession.
    pub secret: Secret,
}

impl DeviceCode {
    /// Reads a device code that should start with `prefix`; `None` when it is anything else.
    #[must_use]
    pub fn parse(prefix: &str, text: &str) -> Option<Self> {
        let (user_code, secret) = text.strip_prefix(prefix)?.split_once('.')?;
        Some(Self { user_code: UserCode::from_canonical(user_code)?, secret: secret_part(secret)? })
    }

    /// Writes the device code with `prefix`.
    #[must_use]
    pub fn to_wire(&self, prefix: &str) -> Secret {
        Secret::new(format!("{prefix}{}.{}", self.user_code.as_str(), self.secret.expose()))
    }
}

/// The value of the session cookie, taken apart.
#[derive(Debug, Clone, Serialize, FromJson)] // Cloned into the message that checks it.
pub struct SessionToken {
    /// The account that is signed in.
    pub account: AccountId,
    /// Which of its sessions.
    pub session: SessionId,
    /// What proves possession.
    pub secret: Secret,
}

impl SessionToken {
    /// Reads a cookie's value; `None` when it is anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let account = AccountId::parse(parts.next()?)?;
        let session = SessionId::parse(parts.next()?)?;
        let secret = secret_part(parts.next()?)?;
        parts.next().is_none().then_some(Self { account, session, secret })
    }

    /// Writes the cookie's value.
    #[must_use]
    pub fn to_wire(&self) -> Secret {
        Secret::new(format!("{}.{}.{}", self.account, self.session, self.secret.expose()))
    }
}

/// A secret of 256 bits is 43 characters of base64url; nothing else was ever issued.
pub(crate) fn secret_part(text: &str) -> Option<Secret> {
    let sound = text.len() == 43
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    sound.then(|| Secret::new(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::CountingEntropy;
    use proptest::prelude::*;

    fn token() -> GrantToken {
        let mut entropy = CountingEntropy::default();
        GrantToken {
            account: AccountId::generate(&mut entropy),
            grant: GrantId::generate(&mut entropy),
            secret: Secret::generate(&mut entropy),
        }
    }

    #[test]
    fn a_token_reads_back_under_its_own_prefix_only() {
        let wire = token().to_wire("latchkey_rt_");
        let read = GrantToken::parse("latchkey_rt_", wire.expose()).expect("reads back");
        assert!(read.secret.hash().matches(&token().secret));
        assert!(GrantToken::parse("latchkey_ac_", wire.expose()).is_none());
        assert!(GrantToken::parse("latchkey_rt_", &format!("{}.x", wire.expose())).is_none());
        assert!(GrantToken::parse("latchkey_rt_", &format!("{}x", wire.expose())).is_none());
    }

    #[test]
    fn a_session_cookie_reads_back() {
        let mut entropy = CountingEntropy::default();
        let token = SessionToken {
            account: AccountId::generate(&mut entropy),
            session: SessionId::generate(&mut entropy),
            secret: Secret::generate(&mut entropy),
        };
        let wire = token.to_wire();
        assert_eq!(SessionToken::parse(wire.expose()).expect("reads").session, token.session);
        assert!(SessionToken::parse("..").is_none());
    }

    #[test]
    fn a_device_code_reads_back_under_its_own_prefix_only() {
        let mut entropy = CountingEntropy::default();
        let code = DeviceCode {
            user_code: UserCode::generate(&mut entropy),
            secret: Secret::generate(&mut entropy),
        };
        let wire = code.to_wire("latchkey_dc_");
        let read = DeviceCode::parse("latchkey_dc_", wire.expose()).expect("reads back");
        assert_eq!(read.user_code, code.user_code);
        assert!(read.secret.hash().matches(&code.secret));
        assert!(DeviceCode::parse("latchkey_rt_", wire.expose()).is_none());
        for changed in [wire.expose().to_lowercase(), format!("{}x", wire.expose())] {
            assert!(DeviceCode::parse("latchkey_dc_", &changed).is_none());
        }
    }

    proptest! {
        #[test]
        fn no_input_makes_the_parsers_panic(text in ".{0,200}") {
            let _ = DeviceCode::parse("p_", &text);
            let _ = GrantToken::parse("p_", &text);
            let _ = SessionToken::parse(&text);
        }
    }
}
