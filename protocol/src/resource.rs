//! Resource indicators: which protected resource a token is for.
//!
//! [RFC 8707](https://www.rfc-editor.org/rfc/rfc8707). Clients write one resource in several ways;
//! each resource has one canonical text here, which becomes the token's audience.

#[cfg(test)]
mod tests;

use serde::{Serialize, Serializer};
use std::fmt;
use url::Url;

use crate::json::{FromJson, ReadError, Value};
use crate::redirect_uri::{
    UriParts, is_plain_host, is_uri_character, percent_sequences_are_well_formed,
};

/// The longest resource indicator, in bytes.
pub const MAXIMUM_LENGTH: usize = 2000;

/// The canonical text of one protected resource: scheme and host in lower case, no default port, no
/// slash after a bare origin. Path and query are kept as they are written.
///
/// [RFC 8707 section 2](https://www.rfc-editor.org/rfc/rfc8707#section-2); the canonical form is that
/// of the Model Context Protocol's "canonical server URI".
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceIndicator(String);

impl ResourceIndicator {
    /// Reads a `resource` parameter or a configured resource and makes it canonical.
    ///
    /// # Errors
    ///
    /// `invalid_target`: not an absolute `http` or `https` URI, or with a fragment or user
    /// information, or longer than [`MAXIMUM_LENGTH`].
    pub fn parse(text: &str) -> Result<Self, ResourceError> {
        if text.len() > MAXIMUM_LENGTH {
            return Err(ResourceError::TooLong);
        }
        // RFC 8707 section 2: "It MUST NOT include a fragment component."
        if text.contains('#') {
            return Err(ResourceError::Fragment);
        }
        if !text.bytes().all(is_uri_character) || !percent_sequences_are_well_formed(text) {
            return Err(ResourceError::Malformed);
        }
        // RFC 8707 section 2: "Its value MUST be an absolute URI".
        let parts = UriParts::split(text).ok_or(ResourceError::NotAbsolute)?;
        let scheme = parts.scheme.to_ascii_lowercase();
        if !matches!(scheme.as_str(), "http" | "https") {
            return Err(ResourceError::UnsupportedScheme);
        }
        let authority = parts.authority.ok_or(ResourceError::Malformed)?;
        if authority.contains('@') {
            return Err(ResourceError::UserInformation);
        }
        // The parser reads scheme and authority only: it would rewrite a path, which we keep.
        let origin =
            Url::parse(&format!("{scheme}://{authority}")).map_err(|_| ResourceError::Malformed)?;
        let host = origin.host_str().ok_or(ResourceError::Malformed)?;
        // What the parser reads as another host (`127.1`, `a%2eb`) isn't a way to write this one.
        let as_written = authority.to_ascii_lowercase();
        let after_host = as_written.strip_prefix(host).ok_or(ResourceError::Malformed)?;
        if !is_plain_host(host) || !(after_host.is_empty() || after_host.starts_with(':')) {
            return Err(ResourceError::Malformed);
        }
        let port = origin.port().map(|port| format!(":{port}")).unwrap_or_default();
        let rest = match parts.path_and_query.strip_prefix('/') {
            Some(after) if after.is_empty() || after.starts_with('?') => after,
            _ => parts.path_and_query,
        };
        Ok(Self(format!("{scheme}://{host}{port}{rest}")))
    }

    /// The canonical text, as in `aud` and in metadata.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same text with one slash more or less at the end of its path. For an origin that isn't a
    /// canonical text, so that it equals no resource.
    fn slash_variant(&self) -> Option<String> {
        let parts = UriParts::split(&self.0)?;
        let authority = parts.authority?;
        let (path, query) = match parts.path_and_query.split_once('?') {
            Some((path, query)) => (path, format!("?{query}")),
            None => (parts.path_and_query, String::new()),
        };
        let path = match path.strip_suffix('/') {
            Some(shorter) => shorter.to_owned(),
            None => format!("{path}/"),
        };
        Some(format!("{}://{authority}{path}{query}", parts.scheme))
    }
}

impl fmt::Display for ResourceIndicator {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Serialize for ResourceIndicator {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// For rows, messages and our own tokens, whose text [`ResourceIndicator::parse`] made canonical before it was written.
/// What a client sends goes through that.
impl FromJson for ResourceIndicator {
    fn from_json(value: Value) -> Result<Self, ReadError> {
        let text = String::from_json(value)?;
        let is_uri = ["https://", "http://"].iter().any(|scheme| text.starts_with(scheme))
            && text.len() <= MAXIMUM_LENGTH
            && text.bytes().all(is_uri_character);
        if is_uri { Ok(Self(text)) } else { Err(ReadError::new("expected an http or https URI")) }
    }
}

/// The resources that this server gives tokens for. There is at least one; the first is the default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resources {
    default: ResourceIndicator,
    others: Vec<ResourceIndicator>,
}

impl Resources {
    /// The resources of the configuration; `None` when there are none. The first is the default.
    #[must_use]
    pub fn new(known: Vec<ResourceIndicator>) -> Option<Self> {
        let mut known = known.into_iter();
        Some(Self { default: known.next()?, others: known.collect() })
    }

    /// The resource of a request that names none.
    #[must_use]
    pub const fn default_resource(&self) -> &ResourceIndicator {
        &self.default
    }

    /// All resources, the default first.
    pub fn iter(&self) -> impl Iterator<Item = &ResourceIndicator> {
        std::iter::once(&self.default).chain(&self.others)
    }

    /// Maps the `resource` parameters of a request to known resources, each once, in their order.
    /// Without any it is the default alone.
    ///
    /// [RFC 8707 section 2](https://www.rfc-editor.org/rfc/rfc8707#section-2). Case of scheme and
    /// host, a default port and a slash at the end make no difference, unless both ways with and
    /// without the slash are known. Another path on a known origin is another resource.
    ///
    /// # Errors
    ///
    /// `invalid_target`: one of them is malformed or isn't known.
    pub fn resolve<'a>(
        &self,
        requested: impl Iterator<Item = &'a str>,
    ) -> Result<Vec<ResourceIndicator>, TargetError> {
        let mut resolved = Vec::new();
        for text in requested {
            let requested = ResourceIndicator::parse(text).map_err(TargetError::Malformed)?;
            let known = self.find(&requested).ok_or(TargetError::Unknown)?;
            if !resolved.contains(known) {
                resolved.push(known.clone());
            }
        }
        if resolved.is_empty() {
            resolved.push(self.default.clone());
        }
        Ok(resolved)
    }

    fn find(&self, requested: &ResourceIndicator) -> Option<&ResourceIndicator> {
        self.iter().find(|known| *known == requested).or_else(|| {
            let variant = requested.slash_variant()?;
            self.iter().find(|known| known.as_str() == variant)
        })
    }
}

/// Why a text isn't a resource indicator. Always `invalid_target`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResourceError {
    /// It has no scheme.
    NotAbsolute,
    /// The scheme is neither `http` nor `https`.
    UnsupportedScheme,
    /// It has a fragment, maybe an empty one.
    Fragment,
    /// It has a user name or password before the host.
    UserInformation,
    /// It is longer than [`MAXIMUM_LENGTH`].
    TooLong,
    /// It isn't a URI, or its host or port can't be read.
    Malformed,
}

impl fmt::Display for ResourceError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::NotAbsolute => {
                "The resource is not an absolute URI; send the whole URI of the protected resource, with its scheme."
            }
            Self::UnsupportedScheme => {
                "The resource has a scheme other than https or http; send the https URI of the protected resource."
            }
            Self::Fragment => "The resource has a fragment; remove the '#' and what follows it.",
            Self::UserInformation => {
                "The resource has a user name or password before the host; remove what is before the '@'."
            }
            Self::TooLong => {
                "The resource is longer than 2000 characters; send the URI from the protected resource's metadata."
            }
            Self::Malformed => {
                "The resource is not a well-formed URI; send the URI from the protected resource's metadata, as https://host/path."
            }
        })
    }
}

impl std::error::Error for ResourceError {}

/// Why the requested resources can't be granted. Always `invalid_target`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TargetError {
    /// One isn't a resource indicator.
    Malformed(ResourceError),
    /// One isn't known here.
    Unknown,
}

impl fmt::Display for TargetError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(error) => error.fmt(formatter),
            Self::Unknown => formatter.write_str(
                "The resource is not one that this server gives tokens for; send the 'resource' value of the protected resource's metadata, including its path.",
            ),
        }
    }
}

impl std::error::Error for TargetError {}
