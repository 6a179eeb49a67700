//! Who a token speaks for: `sub`
//! ([RFC 9068 section 2.2](https://www.rfc-editor.org/rfc/rfc9068#section-2.2)).

use serde::{Serialize, Serializer};
use std::fmt;

use crate::client::ClientId;
use crate::identifier::AccountId;

/// Who a token speaks for. The two can't be mistaken for each other: what could be the id of an
/// account is no [`ClientId`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A person.
    Person(AccountId),
    /// A client that acts for itself
    /// ([RFC 6749 section 4.4](https://www.rfc-editor.org/rfc/rfc6749#section-4.4)).
    Client(ClientId),
}

impl Subject {
    /// The value of `sub`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Person(account) => account.as_str(),
            Self::Client(client_id) => client_id.as_str(),
        }
    }

    /// The person's account; `None` when there is no person.
    #[must_use]
    pub const fn account(&self) -> Option<&AccountId> {
        match self {
            Self::Person(account) => Some(account),
            Self::Client(_) => None,
        }
    }

    /// What it is, for a server behind the gateway: `person` or `client`.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Person(_) => "person",
            Self::Client(_) => "client",
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl Serialize for Subject {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl From<AccountId> for Subject {
    fn from(account: AccountId) -> Self {
        Self::Person(account)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::CountingEntropy;
    use proptest::prelude::*;

    #[test]
    fn a_subject_says_what_it_is() {
        let account = AccountId::generate(&mut CountingEntropy::default());
        let person = Subject::from(account.clone());
        assert_eq!((person.as_str(), person.kind()), (account.as_str(), "person"));
        assert_eq!(person.account(), Some(&account));
        let client = Subject::Client(ClientId::parse("nightly").expect("client id"));
        assert_eq!((client.as_str(), client.kind(), client.account()), ("nightly", "client", None));
        assert_eq!(serde_json::to_string(&client).expect("json"), "\"nightly\"");
    }

    #[test]
    fn jat_05_no_account_id_is_a_client_id() {
        let mut entropy = CountingEntropy::default();
        for _ in 0..100 {
            let account = AccountId::generate(&mut entropy);
            assert_eq!(ClientId::parse(account.as_str()), None, "{account}");
        }
    }

    proptest! {
        #[test]
        fn jat_05_no_text_is_both_a_client_id_and_an_account_id(
            text in "[A-Za-z0-9_-]{20,24}|[A-Za-z0-9_-]{21}[AQgw]|.{0,30}"
        ) {
            prop_assert!(ClientId::parse(&text).is_none() || AccountId::parse(&text).is_none());
        }

        #[test]
        fn jat_05_no_generated_client_id_is_an_account_id(
            shard in any::<u8>(), prefix in "[A-Za-z0-9_-]{0,12}"
        ) {
            let id = ClientId::generate(&prefix, shard, &mut CountingEntropy::default());
            prop_assert_eq!(AccountId::parse(id.as_str()), None);
            prop_assert_eq!(ClientId::parse(id.as_str()), Some(id));
        }
    }
}
