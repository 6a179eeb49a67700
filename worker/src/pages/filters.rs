//! Template filters: every value that is not our own words passes through one of them.

use std::fmt::Display;

use askama::{Result, Values};
use latchkey_protocol::activity::rfc3339;
use latchkey_protocol::time::UnixTime;

use super::dates;
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

/// A point in time, however often a template borrows it.
pub trait Moment {
    /// The point in time.
    fn at(&self) -> UnixTime;
}

impl Moment for UnixTime {
    fn at(&self) -> UnixTime {
        *self
    }
}

impl<T: Moment> Moment for &T {
    fn at(&self) -> UnixTime {
        (*self).at()
    }
}

/// A point in time as a day.
#[askama::filter_fn]
pub fn day(value: impl Moment, _: &dyn Values) -> Result<String> {
    Ok(dates::day(value.at()))
}

/// A point in time as a day and a time of day.
#[askama::filter_fn]
pub fn moment(value: impl Moment, _: &dyn Values) -> Result<String> {
    Ok(dates::moment(value.at()))
}

/// A point in time as a time of day.
#[askama::filter_fn]
pub fn clock(value: impl Moment, _: &dyn Values) -> Result<String> {
    Ok(dates::clock(value.at()))
}

/// A point in time for programs: the value of `datetime`.
#[askama::filter_fn]
pub fn stamp(value: impl Moment, _: &dyn Values) -> Result<String> {
    Ok(rfc3339(value.at()))
}
