//! HTTP Basic as OAuth uses it: form-encoded parts inside of base64
//! ([RFC 6749 section 2.3.1](https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1),
//! [RFC 7617](https://www.rfc-editor.org/rfc/rfc7617)).

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::ClientAuthenticationFailure;
use crate::secret::Secret;

/// Base64 with or without padding; some clients leave it out.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Reads the value of an `Authorization` header: the client's identifier and secret.
///
/// # Errors
///
/// `invalid_client`: the scheme isn't Basic, or what follows isn't base64 of two form-encoded texts
/// with a colon between them.
pub(super) fn decode(header: &str) -> Result<(String, Secret), ClientAuthenticationFailure> {
    use ClientAuthenticationFailure as Failure;
    let header = header.trim();
    let (scheme, encoded) = header.split_once(' ').unwrap_or((header, ""));
    // RFC 9110 section 11.1: the scheme is case-insensitive.
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(Failure::UnsupportedScheme);
    }
    let decoded = BASE64.decode(encoded.trim()).map_err(|_| Failure::MalformedBasic)?;
    let mut halves = decoded.splitn(2, |&byte| byte == b':');
    let halves = halves.next().zip(halves.next());
    let (id, secret) = halves.ok_or(Failure::MalformedBasic)?;
    // RFC 6749 section 2.3.1: the identifier and the secret are each form-encoded before they are
    // joined, so a colon inside of either can't be taken for the one between them.
    form_decode(id)
        .zip(form_decode(secret))
        .map(|(id, secret)| (id, Secret::new(secret)))
        .ok_or(Failure::MalformedBasic)
}

/// Decodes one form-encoded text; `None` when it isn't UTF-8 or has a `%` without two hexadecimal
/// digits after it.
fn form_decode(bytes: &[u8]) -> Option<String> {
    let digit =
        |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut rest = bytes.iter();
    while let Some(byte) = rest.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => {
                let (high, low) = rest.next().and_then(digit).zip(rest.next().and_then(digit))?;
                high << 4 | low
            }
            byte => *byte,
        });
    }
    String::from_utf8(decoded).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn header(credentials: &str) -> String {
        format!("Basic {}", BASE64.encode(credentials))
    }

    fn decoded(header: &str) -> (String, String) {
        let (id, secret) = decode(header).expect(header);
        (id, secret.expose().to_owned())
    }

    #[test]
    fn rfc6749_2_3_1_the_rfcs_own_example_reads() {
        assert_eq!(
            decoded("Basic czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3"),
            ("s6BhdRkqt3".to_owned(), "7Fjfp0ZBr1KtDRbnfVdmIw".to_owned())
        );
    }

    #[test]
    fn rfc6749_2_3_1_identifier_and_secret_are_form_decoded() {
        let cases = [
            ("a%3Ab:c%3Ad", "a:b", "c:d"),
            ("100%25:%25%41", "100%", "%A"),
            ("a+b:c%2Bd", "a b", "c+d"),
            ("id:p%C3%A4ss%E2%82%AC", "id", "päss€"),
            ("id:päss", "id", "päss"),
            ("https%3A%2F%2Fclient.example%2Fmeta.json:s", "https://client.example/meta.json", "s"),
            ("id:", "id", ""),
            ("id:a:b:c", "id", "a:b:c"),
        ];
        for (credentials, id, secret) in cases {
            let expected = (id.to_owned(), secret.to_owned());
            assert_eq!(decoded(&header(credentials)), expected, "{credentials}");
        }
    }

    #[test]
    fn rfc9110_11_1_the_scheme_is_case_insensitive_and_padding_is_optional() {
        for header in ["basic aWQ6c2VjcmV0", "BASIC  aWQ6c2VjcmV0 ", "Basic aWQ6c2VjcmV0"] {
            assert_eq!(decoded(header), ("id".to_owned(), "secret".to_owned()), "{header}");
        }
        assert_eq!(decoded("Basic aWQ6cw").1, "s");
        assert_eq!(decoded("Basic aWQ6cw==").1, "s");
    }

    #[test]
    fn what_is_not_basic_or_not_readable_is_refused() {
        use ClientAuthenticationFailure::{MalformedBasic, UnsupportedScheme};
        let cases = [
            ("", UnsupportedScheme),
            ("Bearer abc", UnsupportedScheme),
            ("Basicabc", UnsupportedScheme),
            ("Basic", MalformedBasic),
            ("Basic ???", MalformedBasic),
            ("Basic aWQ", MalformedBasic),
            ("Basic aWQ6c2VjcmV0 extra", MalformedBasic),
            (&header("id:%"), MalformedBasic),
            (&header("id:%4"), MalformedBasic),
            (&header("id:%zz"), MalformedBasic),
            (&header("id:%+1"), MalformedBasic),
            (&header("id:%ff"), MalformedBasic),
        ];
        for (header, expected) in cases {
            assert_eq!(decode(header).expect_err(header), expected, "{header}");
        }
    }

    proptest! {
        #[test]
        fn decoding_never_panics(header in ".*") {
            let _ = decode(&header);
            let _ = decode(&format!("Basic {}", BASE64.encode(&header)));
        }

        #[test]
        fn form_encoded_credentials_read_back(id in ".{0,40}", secret in ".{0,40}") {
            let encode = |text: &str| -> String {
                form_urlencoded::byte_serialize(text.as_bytes()).collect()
            };
            let credentials = format!("{}:{}", encode(&id), encode(&secret));
            prop_assert_eq!(decoded(&header(&credentials)), (id, secret));
        }
    }
}
