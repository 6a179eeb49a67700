//! The address of a server in the settings: what an issuer and an upstream have in common.

use url::Url;

use super::ConfigurationError;

/// Reads an https address without user information, query and fragment. http is allowed on loopback,
/// for development. `example` is shown to whoever wrote something else.
///
/// # Errors
///
/// [`ConfigurationError`] for `key`.
pub(super) fn parse(text: &str, key: &str, example: &str) -> Result<Url, ConfigurationError> {
    let refuse = |found: &str, wanted: &str| {
        Err(ConfigurationError::new(key, format!("{found} ({text:?})"), wanted))
    };
    let wanted =
        format!("an https URI such as \"{example}\" (http only for 127.0.0.1, [::1] or localhost)");
    // RFC 3986 section 2: a URI is ASCII.
    if !text.is_ascii() {
        return refuse(
            "a letter outside ASCII",
            "the host in its \"xn--\" form, and the path percent-encoded",
        );
    }
    let Ok(url) = Url::parse(text) else { return refuse("no absolute URI", &wanted) };
    let loopback = matches!(url.host_str(), Some("127.0.0.1" | "[::1]" | "localhost"));
    match url.scheme() {
        "https" => {}
        "http" if loopback => {}
        "http" => return refuse("http on a host that is not loopback", &wanted),
        _ => return refuse("another scheme", &wanted),
    }
    if url.query().is_some() || url.fragment().is_some() {
        return refuse("a query or fragment", "a URI without either");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return refuse("user information", "a URI without it");
    }
    Ok(url)
}
