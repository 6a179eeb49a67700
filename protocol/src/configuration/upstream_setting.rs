//! The upstream of a resource as it is written: a service binding or a URL.

use super::resource_settings::is_plain_path;
use super::{ConfigurationError, Upstream, server_address};
use crate::json::FromJson;

/// The longest name of a service binding, in bytes.
const MAXIMUM_BINDING_LENGTH: usize = 64;

/// Exactly one of `service` and `url`; `path` belongs to `service`.
#[derive(Debug, FromJson)]
#[serde(deny_unknown_fields)]
pub(super) struct UpstreamSetting {
    pub service: Option<String>,
    pub url: Option<String>,
    pub path: Option<String>,
}

impl UpstreamSetting {
    /// Reads the upstream of a resource whose path is `resource_path`.
    pub(super) fn resolve(
        &self,
        key: &str,
        resource_path: &str,
    ) -> Result<Upstream, ConfigurationError> {
        match (&self.service, &self.url) {
            (Some(binding), None) => {
                let path = match &self.path {
                    Some(path) => path_setting(path, &format!("{key}.path"))?,
                    None => resource_path.to_owned(),
                };
                if !is_binding_name(binding) {
                    return Err(ConfigurationError::new(
                        format!("{key}.service"),
                        format!("{binding:?}"),
                        "the name of a service binding: 1 to 64 letters, digits, '_' or '$', not \
                         beginning with a digit",
                    ));
                }
                Ok(Upstream::Service { binding: binding.clone(), path })
            }
            (None, Some(_)) if self.path.is_some() => Err(ConfigurationError::new(
                format!("{key}.path"),
                "a path beside a url",
                "the path as part of the url",
            )),
            (None, Some(url)) => url_setting(url, &format!("{key}.url")),
            _ => Err(ConfigurationError::new(
                key,
                "neither or both of service and url",
                "exactly one of them",
            )),
        }
    }
}

fn is_binding_name(name: &str) -> bool {
    let begins = |byte: u8| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'$');
    name.len() <= MAXIMUM_BINDING_LENGTH
        && name.bytes().next().is_some_and(begins)
        && name.bytes().all(|byte| begins(byte) || byte.is_ascii_digit())
}

/// `/` alone is the root, the empty path.
fn path_setting(path: &str, key: &str) -> Result<String, ConfigurationError> {
    let without_root = if path == "/" { "" } else { path };
    if path.is_empty() || !is_plain_path(without_root) {
        return Err(ConfigurationError::new(
            key,
            format!("{path:?}"),
            "a path such as \"/mcp\": starting with a slash, not ending with one, without empty, \
             '.' and '..' segments and without '%', '\\', '?' and ';'",
        ));
    }
    Ok(without_root.to_owned())
}

fn url_setting(text: &str, key: &str) -> Result<Upstream, ConfigurationError> {
    let refuse = |found: &str, wanted: &str| {
        Err(ConfigurationError::new(key, format!("{found} ({text:?})"), wanted))
    };
    let url = server_address::parse(text, key, "https://internal.example/mcp")?;
    let origin = url.origin().ascii_serialization();
    // What a parser had to repair is refused, so that the path is the one that was meant.
    if text != origin && format!("{origin}{}", url.path()) != text {
        return refuse("a form that is not canonical", &format!("\"{origin}{}\"", url.path()));
    }
    let path = path_setting(url.path(), key)?;
    Ok(Upstream::Url { origin, path })
}
