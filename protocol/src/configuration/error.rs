//! Why a configuration was refused.

use std::fmt;

/// A setting that can't be used. Its text is for the operator's log and is safe to show there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigurationError {
    /// The key, as written in `wrangler.toml` under `[vars]`.
    pub key: String,
    /// What was found there.
    pub found: String,
    /// What is wanted there.
    pub wanted: String,
}

impl ConfigurationError {
    /// An error about `key`.
    #[must_use]
    pub fn new(
        key: impl Into<String>,
        found: impl Into<String>,
        wanted: impl Into<String>,
    ) -> Self {
        Self { key: key.into(), found: found.into(), wanted: wanted.into() }
    }
}

impl fmt::Display for ConfigurationError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "wrangler.toml, [vars], {}: found {}; wanted {}",
            self.key, self.found, self.wanted
        )
    }
}

impl std::error::Error for ConfigurationError {}
