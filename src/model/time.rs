//! Points and lengths of time as plain numbers.
//!
//! [`Timestamp`] is wall-clock time (epoch milliseconds), [`Steady`] is a clock that never jumps,
//! [`Now`] is both at one moment. On the wire a timestamp is RFC 3339 UTC with milliseconds and a
//! span is whole milliseconds.

use std::fmt;
use std::fmt::Write as _;
use std::ops::{Add, Sub};
use std::str::FromStr;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A moment of the wall clock, in milliseconds since 1970-01-01 UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From milliseconds since the epoch.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the epoch.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// The time from `earlier` to this, zero when `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Span {
        let millis = self.0.saturating_sub(earlier.0);
        Span(if millis > 0 { millis.cast_unsigned() } else { 0 })
    }

    /// The same moment as chrono has it; `None` outside chrono's years.
    #[must_use]
    pub const fn to_utc(self) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp_millis(self.0)
    }
}

impl Add<Span> for Timestamp {
    type Output = Self;

    fn add(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.as_i64()))
    }
}

impl Sub<Span> for Timestamp {
    type Output = Self;

    fn sub(self, span: Span) -> Self {
        Self(self.0.saturating_sub(span.as_i64()))
    }
}

impl Timestamp {
    /// A moment (RFC 3339), or a day of UTC: its begin, or as an end the begin of the next one.
    ///
    /// # Errors
    /// A sentence that says what to write.
    pub fn of_day_or_moment(text: &str, is_end: bool) -> Result<Self, String> {
        let Ok(day) = chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d") else {
            return text.parse().map_err(|error: BadTimestamp| format!("{error} or 2026-02-25"));
        };
        let day = if is_end { day.succ_opt().unwrap_or(day) } else { day };
        format!("{day}T00:00:00Z").parse().map_err(|error: BadTimestamp| error.to_string())
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to_utc() {
            Some(time) => f.pad(&time.to_rfc3339_opts(SecondsFormat::Millis, true)),
            None => write!(f, "{} ms", self.0),
        }
    }
}

/// Why a text is no time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a time; write it as 2026-02-25T02:00:00Z")]
pub struct BadTimestamp(pub String);

impl FromStr for Timestamp {
    type Err = BadTimestamp;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = || BadTimestamp(text.chars().take(64).collect());
        let time = DateTime::parse_from_rfc3339(text).map_err(|_| bad())?;
        let year = chrono::Datelike::year(&time);
        if (1970..=9999).contains(&year) { Ok(Self(time.timestamp_millis())) } else { Err(bad()) }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A moment of the steady clock: milliseconds that never jump, comparable within one process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Steady(i64);

impl Steady {
    /// From milliseconds of the steady scale.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds of the steady scale.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// The time from `earlier` to this, zero when `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Span {
        let millis = self.0.saturating_sub(earlier.0);
        Span(if millis > 0 { millis.cast_unsigned() } else { 0 })
    }
}

impl Add<Span> for Steady {
    type Output = Self;

    fn add(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.as_i64()))
    }
}

/// One moment on both clocks: `steady` for durations, `wall` for windows, expiry and display.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Now {
    /// The clock that never jumps.
    pub steady: Steady,
    /// What the wall clock says.
    pub wall: Timestamp,
}

/// A length of time, in milliseconds.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Default,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[serde(transparent)]
pub struct Span(u64);

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// From milliseconds.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// From seconds.
    #[must_use]
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs.saturating_mul(1000))
    }

    /// Whole milliseconds.
    #[must_use]
    pub const fn millis(self) -> u64 {
        self.0
    }

    /// Seconds with their fraction.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "exact below 285,000 years")]
    pub const fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1000.0
    }

    /// As the standard library's duration.
    #[must_use]
    pub const fn to_std(self) -> std::time::Duration {
        std::time::Duration::from_millis(self.0)
    }

    fn as_i64(self) -> i64 {
        i64::try_from(self.0).unwrap_or(i64::MAX)
    }
}

impl Add for Span {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

const UNITS: [(&str, u64); 6] = [
    ("w", 604_800_000),
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1000),
    ("ms", 1),
];

impl fmt::Display for Span {
    /// As it would be written: `1h30m`, `15s`, `250ms`, `0s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        let mut text = String::new();
        for (unit, millis) in UNITS.into_iter().filter(|(unit, _)| *unit != "w") {
            let count = rest / millis;
            if count > 0 {
                // Writing to a string cannot fail.
                let _ = write!(text, "{count}{unit}");
                rest %= millis;
            }
        }
        f.pad(if text.is_empty() { "0s" } else { &text })
    }
}

/// Why a text is no length of time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a duration; write it as 30s, 5m, 1h30m, 2d or 250ms")]
pub struct BadSpan(pub String);

impl FromStr for Span {
    type Err = BadSpan;

    /// Parses `1h30m`, `90s`, `250ms`, `21d`, `1.5h`; units w d h m s ms, each at most once.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = || BadSpan(text.chars().take(64).collect());
        let mut rest = text.trim();
        let mut total: f64 = 0.0;
        let mut smallest = f64::INFINITY;
        if rest.is_empty() {
            return Err(bad());
        }
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(bad)?;
            let (number, tail) = rest.split_at(digits);
            let letters = tail.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(tail.len());
            let (unit, tail) = tail.split_at(letters);
            let number: f64 = number.parse().map_err(|_| bad())?;
            let millis = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(bad)?.1;
            #[expect(clippy::cast_precision_loss, reason = "units are small whole numbers")]
            let millis = millis as f64;
            if millis >= smallest {
                return Err(bad());
            }
            smallest = millis;
            total += number * millis;
            rest = tail;
        }
        // A hundred years is more than any setting means, and far from overflow.
        if total.is_finite() && (0.0..=3.16e12).contains(&total) {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "range checked"
            )]
            return Ok(Self(total.round() as u64));
        }
        Err(bad())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_and_written() {
        for (text, millis) in [
            ("60s", 60_000),
            ("1h30m", 5_400_000),
            ("250ms", 250),
            ("21d", 1_814_400_000),
            ("1.5s", 1500),
        ] {
            assert_eq!(text.parse::<Span>().map(Span::millis), Ok(millis), "{text}");
        }
        for bad in ["", "5", "s", "1x", "1s1s", "1s1m", "-1s", "1e9d", "9999999999w", "1 s"] {
            assert!(bad.parse::<Span>().is_err(), "{bad}");
        }
        assert_eq!(Span::from_secs(5400).to_string(), "1h30m");
        assert_eq!(Span::ZERO.to_string(), "0s");
    }

    #[test]
    fn timestamps_are_rfc_3339_with_milliseconds() {
        let time: Timestamp = "2026-02-25T02:00:00Z".parse().unwrap();
        assert_eq!(time.to_string(), "2026-02-25T02:00:00.000Z");
        assert!("2026-02-25".parse::<Timestamp>().is_err());
        assert!("-0001-02-25T02:00:00Z".parse::<Timestamp>().is_err());
        assert_eq!("2026-02-25T03:00:00+01:00".parse(), Ok(time));
    }
}
