//! Points in time as the pages write them: in UTC, since the server doesn't know where a person is.

use chrono::{DateTime, Datelike, Timelike, Utc};
use latchkey_protocol::time::UnixTime;

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A day: "3 Oct 2026".
#[must_use]
pub fn day(at: UnixTime) -> String {
    let at = calendar(at);
    let month = usize::try_from(at.month0()).ok().and_then(|month| MONTHS.get(month));
    format!("{} {} {}", at.day(), month.unwrap_or(&""), at.year())
}

/// A time of day to the second: "09:05:07".
#[must_use]
pub fn clock(at: UnixTime) -> String {
    let at = calendar(at);
    format!("{:02}:{:02}:{:02}", at.hour(), at.minute(), at.second())
}

/// A day and a time of day to the minute: "3 Oct 2026, 09:05 UTC".
#[must_use]
pub fn moment(at: UnixTime) -> String {
    let time = calendar(at);
    format!("{}, {:02}:{:02} UTC", day(at), time.hour(), time.minute())
}

/// A time that no calendar reaches is the last one that it does.
fn calendar(at: UnixTime) -> DateTime<Utc> {
    i64::try_from(at.seconds())
        .ok()
        .and_then(|seconds| DateTime::from_timestamp(seconds, 0))
        .unwrap_or(DateTime::<Utc>::MAX_UTC)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_in_utc() {
        let at = UnixTime::from_seconds(1_791_018_307);
        assert_eq!(day(at), "3 Oct 2026");
        assert_eq!(clock(at), "09:05:07");
        assert_eq!(moment(at), "3 Oct 2026, 09:05 UTC");
        assert_eq!(day(UnixTime::from_seconds(1_709_164_800)), "29 Feb 2024");
    }

    #[test]
    fn the_end_of_time_has_a_date_too() {
        for seconds in [0, u64::MAX, u64::MAX / 2, 253_402_300_800] {
            assert!(!moment(UnixTime::from_seconds(seconds)).is_empty());
        }
    }
}
