//! Template filters: every value that is not our own words passes through one of them.

use std::fmt::Display;

use askama::{Result, Values};

use super::text::{clean, clean_to};

/// A name or an e-mail's worth of text: [`clean`].
#[askama::filter_fn]
pub fn name(value: impl Display, _: &dyn Values) -> Result<String> {
    Ok(clean(&value.to_string()))
}

/// A sentence or an address, up to 320 characters.
#[askama::filter_fn]
pub fn line(value: impl Display, _: &dyn Values) -> Result<String> {
    Ok(clean_to(&value.to_string(), 320))
}

/// One value of a query, percent-encoded.
#[askama::filter_fn]
pub fn query(value: impl Display, _: &dyn Values) -> Result<String> {
    Ok(super::text::query_value(&value.to_string()))
}
