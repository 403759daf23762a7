//! Single values: durations within bounds, sizes in bytes, numbers with units, ranges.

use std::fmt::Display;
use std::ops::RangeInclusive;

use toml::de::DeInteger;

use crate::model::{Range, Span};

/// Shortest and longest time between two runs.
pub const INTERVAL: RangeInclusive<Span> = Span::from_secs(1)..=Span::from_secs(7 * 86_400);
/// Shortest and longest deadline of a run, before the interval bounds it.
pub const TIMEOUT: RangeInclusive<Span> = Span::from_millis(1)..=Span::from_secs(7 * 86_400);

/// A whole number of the file; `None` beyond 64 bits.
pub(super) fn integer(number: &DeInteger<'_>) -> Option<i64> {
    i64::from_str_radix(number.as_str(), number.radix()).ok()
}

/// A duration within bounds.
///
/// # Errors
/// A sentence with what is allowed.
pub fn bounded_span(text: &str, bounds: RangeInclusive<Span>) -> Result<Span, String> {
    let span: Span =
        text.parse().map_err(|error: crate::model::time::BadSpan| error.to_string())?;
    within(text, span, &bounds)
}

fn within<T: PartialOrd + Display>(
    text: &str,
    value: T,
    bounds: &RangeInclusive<T>,
) -> Result<T, String> {
    if bounds.contains(&value) {
        Ok(value)
    } else {
        Err(format!("{text} is not within {} to {}", bounds.start(), bounds.end()))
    }
}

const SIZES: [(&str, u64); 11] = [
    ("", 1),
    ("B", 1),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
    ("KB", 1_000),
    ("kB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
];

/// A size in bytes: `4GiB`, `64KB`, `1048576`.
///
/// # Errors
/// A sentence with what is allowed.
pub fn size(text: &str) -> Result<u64, String> {
    let bad = || {
        let text: String = text.chars().take(40).collect();
        format!("`{text}` is not a size; write it as 4GiB, 512MiB, 64KiB or 1000B")
    };
    let trimmed = text.trim();
    let split = trimmed.find(|c: char| !c.is_ascii_digit()).unwrap_or(trimmed.len());
    let (digits, unit) = trimmed.split_at(split);
    let number: u64 = digits.parse().map_err(|_| bad())?;
    let factor = SIZES.iter().find(|(name, _)| *name == unit.trim()).ok_or_else(bad)?.1;
    number.checked_mul(factor).ok_or_else(bad)
}

/// A size as it would be written: the largest binary unit without a rest.
#[must_use]
pub fn show_size(bytes: u64) -> String {
    for (unit, factor) in [("TiB", 1_u64 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1024)]
    {
        if bytes >= factor && bytes.is_multiple_of(factor) {
            return format!("{}{unit}", bytes / factor);
        }
    }
    format!("{bytes}B")
}

/// What a threshold counts; gives the units that may be written and their factor to the base.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Seconds; a plain number is seconds.
    Time,
    /// Seconds; a plain number is refused because the plugins mean milliseconds by it.
    RoundTrip,
    /// Percent.
    Percent,
    /// Bytes.
    Bytes,
    /// Days left: alerts below.
    DaysLeft,
    /// A plain number.
    Count,
}

impl Measure {
    const fn units(self) -> &'static [(&'static str, f64)] {
        match self {
            Self::Time | Self::RoundTrip => {
                &[("us", 1e-6), ("ms", 1e-3), ("s", 1.0), ("m", 60.0), ("h", 3600.0)]
            }
            Self::Percent => &[("%", 1.0)],
            Self::Bytes => &[
                ("B", 1.0),
                ("KiB", 1024.0),
                ("MiB", 1_048_576.0),
                ("GiB", 1_073_741_824.0),
                ("KB", 1e3),
                ("MB", 1e6),
                ("GB", 1e9),
            ],
            Self::DaysLeft => &[("d", 1.0)],
            Self::Count => &[],
        }
    }

    /// Examples of single numbers.
    const fn level(self) -> &'static str {
        match self {
            Self::Time => "a number of seconds, or one with its unit such as \"500ms\"",
            Self::RoundTrip => "one with its unit such as \"200ms\"",
            Self::Percent => "90 or \"90%\"",
            Self::Bytes => "a number of bytes, or one with its unit such as \"500MiB\"",
            Self::DaysLeft => "a number of days",
            Self::Count => "a finite number such as 90",
        }
    }

    /// Examples for messages.
    const fn example(self) -> &'static str {
        match self {
            Self::Time => "500ms, 2s or a range in seconds such as 0.1:2",
            Self::RoundTrip => "200ms or a range such as 1ms:200ms",
            Self::Percent => "80%, 80 or a range such as 10:80",
            Self::Bytes => "500MiB or a range of bytes",
            Self::DaysLeft => "21d",
            Self::Count => "10, 10:, ~:10, 10:20 or @10:20",
        }
    }
}

/// A threshold: a plugin range, a number with its unit, or a range of such numbers.
///
/// # Errors
/// A sentence with what is allowed.
pub fn threshold(text: &str, measure: Measure) -> Result<Range, String> {
    let trimmed = text.trim();
    let cut: String = trimmed.chars().take(64).collect();
    let bad = || format!("`{cut}` is not a threshold; write {}", measure.example());
    if trimmed.is_empty() {
        return Err(bad());
    }
    let (inverted, body) = match trimmed.strip_prefix('@') {
        Some(body) => (true, body),
        None => (false, trimmed),
    };
    let Some((start, end)) = body.split_once(':') else {
        let (value, unit) = amount(body, measure).ok_or_else(bad)?;
        if inverted && value >= 0.0 {
            return Ok(Range { start: 0.0, end: value, inverted });
        }
        if value < 0.0 {
            return Err(bad());
        }
        return match measure {
            Measure::DaysLeft => Ok(Range::below(value)),
            Measure::RoundTrip if unit.is_empty() && value > 0.0 => {
                Err(format!("`{cut}` has no unit; write {}", measure.example()))
            }
            _ if unit.is_empty() => Ok(Range { start: 0.0, end: value, inverted }),
            _ => Ok(Range::above(value)),
        };
    };
    let edge = |text: &str| amount(text, measure).map(|(value, _)| value).ok_or_else(bad);
    let start = match start {
        "" => 0.0,
        "~" => f64::NEG_INFINITY,
        start => edge(start)?,
    };
    let end = if end.is_empty() { f64::INFINITY } else { edge(end)? };
    if start > end { Err(bad()) } else { Ok(Range { start, end, inverted }) }
}

/// A finite number in base units, with the unit it was written in.
fn amount(text: &str, measure: Measure) -> Option<(f64, &str)> {
    let text = text.trim();
    let split =
        text.find(|c: char| !(c.is_ascii_digit() || ".-+".contains(c))).unwrap_or(text.len());
    let (digits, unit) = text.split_at(split);
    let number: f64 = digits.parse().ok().filter(|n: &f64| n.is_finite())?;
    if unit.is_empty() {
        return Some((number, unit));
    }
    let factor = measure.units().iter().find(|(name, _)| *name == unit)?.1;
    // Dividing keeps `200ms` the same number as 0.2 where multiplying by 0.001 would not.
    let value = if factor < 1.0 { number / (1.0 / factor).round() } else { number * factor };
    value.is_finite().then_some((value, unit))
}

/// A single number in base units: `90`, `80%`, `500ms`.
///
/// # Errors
/// A sentence with what is allowed.
pub fn level(text: &str, measure: Measure) -> Result<f64, String> {
    let cut: String = text.trim().chars().take(64).collect();
    let (value, unit) = amount(text, measure)
        .ok_or_else(|| format!("`{cut}` is not a threshold; write {}", measure.level()))?;
    if measure == Measure::RoundTrip && unit.is_empty() && value > 0.0 {
        return Err(format!("`{cut}` has no unit; write {}", measure.level()));
    }
    Ok(value)
}

/// The range as [`threshold`] reads it back.
#[must_use]
pub fn show_threshold(range: &Range, measure: Measure) -> String {
    let above = range.start == f64::NEG_INFINITY && range.end.is_finite() && !range.inverted;
    match measure {
        Measure::DaysLeft if range.end.is_infinite() && !range.inverted => {
            format!("{}d", range.start)
        }
        Measure::Time | Measure::RoundTrip if above && range.end >= 0.0 => {
            // Whole milliseconds read best; anything else stays in seconds.
            let millis = (range.end * 1000.0).round();
            if (millis / 1000.0).to_bits() == range.end.to_bits() {
                format!("{millis}ms")
            } else {
                format!("{}s", range.end)
            }
        }
        Measure::Percent if above && range.end >= 0.0 => format!("{}%", range.end),
        Measure::Bytes if above && range.end >= 0.0 => format!("{}B", range.end),
        _ if !range.inverted && range.start == 0.0 && range.end.is_finite() => {
            format!("0:{}", range.end)
        }
        _ => range.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_take_units_and_ranges() {
        for (text, measure, range) in [
            ("500ms", Measure::Time, Range::above(0.5)),
            ("200ms", Measure::RoundTrip, Range::above(0.2)),
            ("80%", Measure::Percent, Range::above(80.0)),
            ("2", Measure::Time, Range { start: 0.0, end: 2.0, inverted: false }),
            ("21d", Measure::DaysLeft, Range::below(21.0)),
            ("21", Measure::DaysLeft, Range::below(21.0)),
            ("1:", Measure::Count, Range::below(1.0)),
            ("100ms:2s", Measure::Time, Range { start: 0.1, end: 2.0, inverted: false }),
            ("@10:20", Measure::Count, Range { start: 10.0, end: 20.0, inverted: true }),
            ("1KiB", Measure::Bytes, Range::above(1024.0)),
        ] {
            assert_eq!(threshold(text, measure), Ok(range), "{text}");
            let shown = show_threshold(&range, measure);
            assert_eq!(threshold(&shown, measure), Ok(range), "{text} shown as {shown}");
        }
        for (text, measure) in [
            ("200", Measure::RoundTrip),
            ("", Measure::Time),
            ("5x", Measure::Time),
            ("2:1", Measure::Count),
            ("10%", Measure::Time),
            ("1e3", Measure::Count),
            ("-5", Measure::Count),
            ("NaN", Measure::Count),
        ] {
            assert!(threshold(text, measure).is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_are_read_and_written() {
        for (text, bytes) in [("4GiB", 4 << 30), ("1MB", 1_000_000), ("17", 17), ("3 KiB", 3072)] {
            assert_eq!(size(text), Ok(bytes), "{text}");
            assert_eq!(size(&show_size(bytes)), Ok(bytes), "{text}");
        }
        for bad in ["", "GiB", "4gib", "-1", "1.5GiB", "99999999999TiB"] {
            assert!(size(bad).is_err(), "{bad}");
        }
    }
}
