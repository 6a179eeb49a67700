//! What two programs could read differently in a path.

use crate::letter_case::folded;

/// Whether the upstream could read what follows a resource's path as another path.
pub(super) fn is_confusing(rest: &str) -> bool {
    // One slash at the very end is common and means the same everywhere.
    let segments = rest.strip_suffix('/').unwrap_or(rest).split('/').skip(1);
    segments.into_iter().any(|segment| {
        // RFC 3986 section 3.3: a space has no place in a path, and a URL parser cuts it off the end of one.
        let unsafe_byte =
            |byte: u8| byte.is_ascii_control() || matches!(byte, b' ' | b'\\' | b'?' | b'#');
        let name = decoded(segment).and_then(|bytes| String::from_utf8(bytes).ok());
        // Some servers cut a segment's parameters off before they look at it: `/..;x/`, `/;x/`; Windows cuts off the spaces
        // at its end: `/..%20/`.
        segment.bytes().any(unsafe_byte)
            || name.is_none_or(|name| is_a_step(without_parameters(&name)))
    })
}

/// Whether nothing but a step in the tree is left of a name when the spaces at its end are cut off.
fn is_a_step(name: &str) -> bool {
    matches!(name.trim_end_matches(' '), "" | "." | "..")
}

/// The segments of a path as the most careless program reads them: decoded, without parameters and
/// empty segments, without the dots and spaces that Windows cuts off a name's end, in one case. A
/// segment that can't be decoded stays as it is.
pub(super) fn reduced(path: &str) -> Vec<String> {
    let reduced = |segment: &str| {
        let name = decoded(segment).and_then(|bytes| String::from_utf8(bytes).ok());
        let name = name.unwrap_or_else(|| segment.to_owned());
        folded(without_parameters(&name).trim_end_matches(['.', ' '])).into_owned()
    };
    path.split('/').map(reduced).filter(|segment| !segment.is_empty()).collect()
}

fn without_parameters(segment: &str) -> &str {
    segment.split_once(';').map_or(segment, |(name, _)| name)
}

/// The bytes of a segment; `None` when a percent-encoding is malformed, or hides what has a meaning
/// in paths or what needs none.
fn decoded(segment: &str) -> Option<Vec<u8>> {
    let mut pieces = segment.split('%');
    let mut bytes = pieces.next()?.as_bytes().to_vec();
    for piece in pieces {
        let (digits, after) = piece.split_at_checked(2)?;
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        let byte = u8::from_str_radix(digits, 16).ok()?;
        // RFC 3986 section 6.2.2.2: "should be normalized by decoding any percent-encoded octet that
        // corresponds to an unreserved character", so `%61` and `a` are one for the upstream.
        let is_unreserved =
            byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
        // `%2561` is `a` for whoever decodes twice.
        let is_encoded_twice =
            byte == b'%' && after.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2;
        if is_unreserved
            || is_encoded_twice
            || byte.is_ascii_control()
            || matches!(byte, b'/' | b'\\')
        {
            return None;
        }
        bytes.push(byte);
        bytes.extend_from_slice(after.as_bytes());
    }
    Some(bytes)
}
