//! Where requests for a protected resource arrive.

use crate::configuration::Issuer;
use crate::redirect_uri::UriParts;
use crate::resource::ResourceIndicator;

/// The origin and path of a resource identifier, split once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// Scheme, host and port.
    pub(crate) origin: String,
    /// Host and port, as a request's `Host` has them.
    pub(crate) host: String,
    /// The path without a slash at its end; empty for an origin.
    pub(crate) path: String,
    /// The path as it is written in the identifier.
    pub(crate) written_path: String,
    /// Whether the identifier has a query, so that a path alone doesn't name it.
    pub(crate) has_query: bool,
    /// Whether the origin is the issuer's, so that a request's path alone says that it is meant.
    pub(crate) is_on_issuers_origin: bool,
}

impl Place {
    /// The place of a resource; `None` only if the identifier weren't a URI with an authority.
    pub(crate) fn of(identifier: &ResourceIndicator, issuer: &Issuer) -> Option<Self> {
        let parts = UriParts::split(identifier.as_str())?;
        let host = parts.authority?;
        let (path, query) = match parts.path_and_query.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (parts.path_and_query, None),
        };
        let origin = format!("{}://{host}", parts.scheme);
        Some(Self {
            host: host.to_owned(),
            path: path.strip_suffix('/').unwrap_or(path).to_owned(),
            written_path: path.to_owned(),
            has_query: query.is_some(),
            is_on_issuers_origin: origin == issuer.origin(),
            origin,
        })
    }

    /// Whether `host` is this one: in any case, and with or without the scheme's default port
    /// ([RFC 9110 section 4.2.3](https://www.rfc-editor.org/rfc/rfc9110#section-4.2.3)).
    pub(crate) fn has_host(&self, host: &str) -> bool {
        let default_port = if self.origin.starts_with("https:") { ":443" } else { ":80" };
        host.strip_suffix(default_port).unwrap_or(host).eq_ignore_ascii_case(&self.host)
    }

    /// What follows this path in `path`, when that is this path or lies under it: nothing, or a text
    /// that begins with a slash. Byte for byte, so `/mcpx` and `/MCP` aren't under `/mcp`.
    pub(crate) fn rest<'a>(&self, path: &'a str) -> Option<&'a str> {
        path.strip_prefix(self.path.as_str())
            .filter(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}
