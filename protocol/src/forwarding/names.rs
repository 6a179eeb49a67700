//! How names of headers and cookies are compared, by the most careless reader there is.

/// A header's name as CGI and its heirs read it: in one case, and every character but letters and
/// digits the same one. `Latchkey_Subject` becomes `latchkey-subject`.
pub(super) fn folded(name: &str) -> String {
    let fold = |character: char| {
        if character.is_ascii_alphanumeric() { character.to_ascii_lowercase() } else { '-' }
    };
    name.chars().map(fold).collect()
}

/// Whether a header belongs to one connection and so is never passed on
/// ([RFC 9110 section 7.6.1](https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1)). `name` is folded.
pub(super) fn is_of_the_connection(name: &str) -> bool {
    matches!(
        name,
        "connection"
            | "keep-alive"
            | "te"
            | "trailer"
            | "trailers"
            | "transfer-encoding"
            | "upgrade"
            | "proxy"
    ) || name.starts_with("proxy-")
}

/// Whether a header is one of ours. `name` is folded.
pub(super) fn is_latchkeys(name: &str) -> bool {
    name == "latchkey" || name.starts_with("latchkey-")
}

/// Whether a cookie is one of ours: `latchkey_…`, with the prefix of https issuers or without it.
pub(super) fn is_our_cookie(name: &str) -> bool {
    let name = name.trim().to_ascii_lowercase();
    name.strip_prefix("__host-").unwrap_or(&name).starts_with("latchkey_")
}
