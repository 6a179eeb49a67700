//! Random identifiers of accounts, grants, sessions and personal access tokens.
//!
//! An identifier routes to a Durable Object or a row. It is not a secret and grants nothing.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Serialize, Serializer};
use std::fmt;

use crate::entropy::Entropy;
use crate::json::{FromJson, ReadError, Value};

macro_rules! identifier {
    ($(#[$documentation:meta])* $name:ident) => {
        $(#[$documentation])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// Draws a new identifier of 128 bits: 22 characters of base64url.
            #[must_use]
            pub fn generate(entropy: &mut impl Entropy) -> Self {
                Self::from_bytes(entropy.bytes())
            }

            /// The identifier that these 128 bits are.
            pub(crate) fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(URL_SAFE_NO_PAD.encode(bytes))
            }

            /// Reads an identifier; `None` unless it is the base64url of 16 bytes.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
                (bytes.len() == 16).then(|| Self(text.to_owned()))
            }

            /// The identifier as it is written in tokens and rows.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl FromJson for $name {
            fn from_json(value: Value) -> Result<Self, ReadError> {
                let text = String::from_json(value)?;
                Self::parse(&text)
                    .ok_or_else(|| ReadError::new("expected 16 bytes of base64url"))
            }
        }
    };
}

identifier! {
    /// A person's account. It is the `sub` of their tokens and addresses their object.
    AccountId
}

identifier! {
    /// One authorization of one client by one person: the request that was consented to, its code
    /// and its refresh token family. Made when `/authorize` is first called, so that approving the
    /// same request twice is one grant.
    GrantId
}

identifier! {
    /// One signed-in browser of one person.
    SessionId
}

identifier! {
    /// One personal access token of one person. Everyone who sees the token sees it too.
    PersonalAccessTokenId
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::CountingEntropy;
    use proptest::prelude::*;

    #[test]
    fn an_identifier_reads_back_and_anything_else_is_refused() {
        let id = AccountId::generate(&mut CountingEntropy::default());
        assert_eq!(AccountId::parse(id.as_str()), Some(id.clone()));
        for wrong in ["", "short", "../../etc/passwd", &format!("{id}A"), "AAAAAAAAAAAAAAAAAAAAAB"]
        {
            assert_eq!(AccountId::parse(wrong), None, "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_parse_panic_and_what_is_accepted_is_kept(
            text in "[A-Za-z0-9_-]{20,24}|.{0,30}"
        ) {
            if let Some(id) = GrantId::parse(&text) {
                prop_assert_eq!(id.as_str(), text);
            }
        }
    }
}
