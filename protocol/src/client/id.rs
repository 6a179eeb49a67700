//! Client identifiers.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Serialize, Serializer};
use sha2::{Digest as _, Sha256};
use std::fmt;

use crate::entropy::Entropy;
use crate::identifier::AccountId;
use crate::json::{FromJson, ReadError, Value};

/// A client identifier ([RFC 6749 section 2.2](https://www.rfc-editor.org/rfc/rfc6749#section-2.2)):
/// 1 to 512 printable ASCII characters, and never what could be the id of an account, so that `sub`
/// tells a client from a person. It is public and proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientId(String);

impl ClientId {
    /// The longest identifier that is accepted, in bytes.
    pub const MAXIMUM_LENGTH: usize = 512;

    /// Reads an identifier; `None` unless it is 1 to 512 characters of the set that
    /// [RFC 6749 appendix A.1](https://www.rfc-editor.org/rfc/rfc6749#appendix-A.1) allows, or when
    /// it has the form of an [`AccountId`].
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let sound = (1..=Self::MAXIMUM_LENGTH).contains(&text.len())
            && text.bytes().all(|byte| (0x20..=0x7e).contains(&byte));
        // RFC 9068 section 5: the `sub` of a client MUST NOT collide with that of a person (JAT-05).
        let is_an_accounts = AccountId::parse(text).is_some();
        (sound && !is_an_accounts).then(|| Self(text.to_owned()))
    }

    /// Reads an identifier out of one segment of a path, in which it is percent-encoded where it has
    /// to be ([RFC 3986 section 2.1](https://www.rfc-editor.org/rfc/rfc3986#section-2.1)).
    #[must_use]
    pub fn from_path_segment(segment: &str) -> Option<Self> {
        let mut text = String::with_capacity(segment.len());
        let mut characters = segment.chars();
        while let Some(character) = characters.next() {
            if character == '%' {
                let high = characters.next()?.to_digit(16)?;
                let low = characters.next()?.to_digit(16)?;
                text.push(char::from_u32(high << 4 | low)?);
            } else {
                text.push(character);
            }
        }
        Self::parse(&text)
    }

    /// Draws the identifier of a client that registers itself: the configured prefix, two
    /// hexadecimal digits for the shard that stores it, and 128 random bits in base64url.
    #[must_use]
    pub fn generate(prefix: &str, shard: u8, entropy: &mut impl Entropy) -> Self {
        Self(format!("{prefix}{shard:02x}{}", URL_SAFE_NO_PAD.encode(entropy.bytes::<16>())))
    }

    /// Which shard stores the client; `None` when the identifier isn't one that
    /// [`ClientId::generate`] made with this prefix, and so can't be stored anywhere.
    #[must_use]
    pub fn shard(&self, prefix: &str) -> Option<u8> {
        let (shard, random) = self.0.strip_prefix(prefix)?.split_at_checked(2)?;
        let lower_case_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        let decoded = URL_SAFE_NO_PAD.decode(random).ok()?;
        (decoded.len() == 16 && shard.bytes().all(lower_case_digit))
            .then(|| u8::from_str_radix(shard, 16).ok())?
    }

    /// Which shard keeps what is to be remembered about the client: the one that stores it, or, for
    /// a client that is stored nowhere, one that its id chooses. Of those there are always
    /// [`Self::HASHED_SHARDS`], however many the deployment spreads registered clients over.
    #[must_use]
    pub fn home_shard(&self, prefix: &str) -> u8 {
        self.shard(prefix).unwrap_or_else(|| {
            let [first, ..] = <[u8; 32]>::from(Sha256::digest(self.0.as_bytes()));
            first % Self::HASHED_SHARDS
        })
    }

    /// Over how many shards clients are spread that are stored nowhere.
    pub const HASHED_SHARDS: u8 = 16;

    /// Whether it is the URL of a client's metadata document rather than a name
    /// ([draft-ietf-oauth-client-id-metadata-document section 3](https://datatracker.ietf.org/doc/html/draft-ietf-oauth-client-id-metadata-document#section-3)).
    /// That the URL may be fetched is another question.
    #[must_use]
    pub fn is_document(&self) -> bool {
        self.0.starts_with("https://") || self.0.starts_with("http://")
    }

    /// Host and port of the document, if the identifier is the URL of one; nothing of it is checked.
    #[must_use]
    pub fn document_host(&self) -> Option<&str> {
        let (_, rest) = self.0.split_once("://").filter(|_| self.is_document())?;
        let authority = rest.split(['/', '?', '#', '\\']).next()?;
        // What stands before an `@` is a name, not the host.
        authority.rsplit('@').next().filter(|host| !host.is_empty())
    }

    /// The identifier as it travels in `client_id`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Serialize for ClientId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl FromJson for ClientId {
    fn from_json(value: Value) -> Result<Self, ReadError> {
        let text = String::from_json(value)?;
        Self::parse(&text).ok_or_else(|| {
            ReadError::new(
                "expected 1 to 512 printable ASCII characters, not the form of an account's id",
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::CountingEntropy;
    use proptest::prelude::*;

    #[test]
    fn rfc6749_a_1_a_client_id_is_printable_ascii_of_at_most_512_bytes() {
        for good in ["a", "https://client.example/metadata.json", "a b", &"x".repeat(512)] {
            assert_eq!(ClientId::parse(good).expect(good).as_str(), good);
        }
        for wrong in ["", "\u{7f}", "a\nb", "é", "\0", &"x".repeat(513)] {
            assert_eq!(ClientId::parse(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn a_client_id_in_a_path_is_percent_encoded_where_it_has_to_be() {
        let read = |segment: &str| ClientId::from_path_segment(segment).map(|id| id.to_string());
        for (segment, expected) in [
            ("reports", Some("reports")),
            ("https%3A%2F%2Fa.example%2fmetadata.json", Some("https://a.example/metadata.json")),
            ("a+b", Some("a+b")),
            ("a%20b", Some("a b")),
            ("100%25", Some("100%")),
            ("", None),
            ("%", None),
            ("%2", None),
            ("%zz", None),
            ("%00", None),
            ("%C3%A9", None),
            ("é", None),
        ] {
            assert_eq!(read(segment).as_deref(), expected, "{segment}");
        }
    }

    #[test]
    fn a_generated_client_id_names_its_shard_and_differs_from_the_next() {
        let mut entropy = CountingEntropy::default();
        let first = ClientId::generate("jmpy_client_", 0xa7, &mut entropy);
        let second = ClientId::generate("jmpy_client_", 0xa7, &mut entropy);
        assert!(first.as_str().starts_with("jmpy_client_a7"), "{first}");
        assert_eq!(first.as_str().len(), "jmpy_client_".len() + 2 + 22);
        assert_eq!(first.shard("jmpy_client_"), Some(0xa7));
        assert_ne!(first, second);
    }

    #[test]
    fn a_client_id_that_was_not_generated_here_has_no_shard() {
        let random = "A".repeat(22);
        for wrong in [
            "".to_owned(),
            "p_".to_owned(),
            format!("q_00{random}"),
            format!("p_0{random}"),
            format!("p_0G{random}"),
            format!("p_+1{random}"),
            format!("p_A7{random}"),
            format!("p_00{random}A"),
            format!("p_00{}", "A".repeat(21)),
            format!("p_00{}=", "A".repeat(21)),
            // The last character holds four spare bits, which have to be zero: one id, one text.
            format!("p_00{}B", "A".repeat(21)),
            "https://client.example/metadata.json".to_owned(),
        ] {
            let shard = ClientId::parse(&wrong).and_then(|id| id.shard("p_"));
            assert_eq!(shard, None, "{wrong}");
        }
    }

    #[test]
    fn the_host_of_a_document_is_told_for_what_it_is() {
        for (id, host) in [
            ("https://claude.ai/oauth/x", Some("claude.ai")),
            ("http://127.0.0.1:9000/client.json", Some("127.0.0.1:9000")),
            ("https://claude.ai@evil.example/x", Some("evil.example")),
            ("https://evil.example\\@claude.ai/x", Some("evil.example")),
            ("https://", None),
            ("client", None),
        ] {
            assert_eq!(ClientId::parse(id).expect(id).document_host(), host, "{id}");
        }
    }

    #[test]
    fn every_client_has_one_shard_for_what_is_remembered_about_it() {
        let stored = ClientId::generate("p_", 0xa7, &mut CountingEntropy::default());
        assert_eq!(stored.home_shard("p_"), 0xa7);
        let urls = (0..200).map(|number| format!("https://{number}.example/client.json"));
        let shards: std::collections::BTreeSet<u8> =
            urls.map(|url| ClientId::parse(&url).expect("client id").home_shard("p_")).collect();
        assert_eq!(shards, (0..ClientId::HASHED_SHARDS).collect());
    }

    proptest! {
        #[test]
        fn a_client_id_reads_back_or_is_refused(text in ".{0,600}") {
            if let Some(id) = ClientId::parse(&text) {
                prop_assert_eq!(id.as_str(), &text);
                let _ = id.shard("p_");
            }
        }

        #[test]
        fn every_shard_reads_back(shard in any::<u8>(), prefix in "[a-z_]{0,12}") {
            let id = ClientId::generate(&prefix, shard, &mut CountingEntropy::default());
            prop_assert_eq!(id.shard(&prefix), Some(shard));
            prop_assert_eq!(ClientId::parse(id.as_str()), Some(id));
        }
    }
}
