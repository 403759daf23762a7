//! Numbers and times as the screens write them: fixed steps, so that a quiet screen stays still.

use crate::model::{Span, Unit};

/// Time in a state, in the steps of SCREENS rule 9: `now` below ten seconds, `50s` by ten up to
/// two minutes, minutes up to two hours, `3h10m` by ten minutes, hours from twelve on, days from
/// two on.
#[must_use]
pub fn age(span: Span) -> String {
    let secs = span.millis() / 1000;
    match secs {
        0..10 => "now".to_owned(),
        10..120 => format!("{}s", secs / 10 * 10),
        120..7200 => format!("{}m", secs / 60),
        7200..43_200 => match secs % 3600 / 600 {
            0 => format!("{}h", secs / 3600),
            tens => format!("{}h{}0m", secs / 3600, tens),
        },
        43_200..172_800 => format!("{}h", secs / 3600),
        _ => format!("{}d", secs / 86_400),
    }
}

/// How long something takes or lasted: to the second below two minutes, then in the steps of [`age`].
/// Nothing lasts `now`.
#[must_use]
pub fn length(span: Span) -> String {
    match span.millis() {
        millis if millis < 1000 => span.to_string(),
        millis if millis < 120_000 => format!("{}s", millis / 1000),
        _ => age(span),
    }
}

/// A length of time that goes on while it is shown, behind a word such as "for" or "in": in the steps
/// of [`age`], which would say "now".
#[must_use]
pub fn lasting(span: Span) -> String {
    if span < Span::from_secs(10) { "under 10s".to_owned() } else { age(span) }
}

/// At most three significant figures: `9.14`, `88.2`, `503`.
#[must_use]
pub fn figure(value: f64) -> String {
    let size = value.abs();
    let text = if size >= 99.95 {
        return format!("{value:.0}");
    } else if size >= 9.995 {
        format!("{value:.1}")
    } else if size >= 0.0995 || size == 0.0 {
        format!("{value:.2}")
    } else if size >= 0.000_995 {
        format!("{value:.4}")
    } else {
        return format!("{value:.1e}");
    };
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// With a decimal prefix: `1.2k`, `9.4M`, `10G`.
#[must_use]
pub fn decimal(value: f64) -> String {
    let size = value.abs();
    for (from, letter) in [(1e12, 'T'), (1e9, 'G'), (1e6, 'M'), (1e3, 'k')] {
        // 999.95 of the smaller unit would read `1000`.
        if size >= from * 0.9995 {
            return format!("{}{letter}", figure(value / from));
        }
    }
    if size > 0.0 && size < 1.0 { figure(value) } else { figure((value * 10.0).round() / 10.0) }
}

fn binary(value: f64) -> String {
    let size = value.abs();
    let (factor, unit) = match size {
        s if s >= 1_099_511_627_776.0 => (1_099_511_627_776.0, "TiB"),
        s if s >= 1_073_741_824.0 => (1_073_741_824.0, "GiB"),
        s if s >= 1_048_576.0 => (1_048_576.0, "MiB"),
        s if s >= 1024.0 => (1024.0, "KiB"),
        _ => (1.0, "B"),
    };
    format!("{} {unit}", figure(value / factor))
}

fn seconds(value: f64) -> String {
    let size = value.abs();
    if size == 0.0 {
        return "0 s".to_owned();
    }
    if size >= 86_400.0 {
        return format!("{} d", figure(value / 86_400.0));
    }
    if size >= 7200.0 {
        return format!("{} h", figure(value / 3600.0));
    }
    if size >= 1.0 {
        return format!("{} s", figure(value));
    }
    if size >= 0.001 {
        return format!("{} ms", figure(value * 1e3));
    }
    format!("{} µs", figure(value * 1e6))
}

/// A value with its unit: `31 ms`, `88.2 %`, `5.1 MiB`, `9.4 Mb/s`; `–` for what is no number.
#[must_use]
pub fn value(value: f64, unit: &Unit) -> String {
    if !value.is_finite() {
        return "–".to_owned();
    }
    match unit {
        Unit::Seconds => seconds(value),
        Unit::Bytes => binary(value),
        Unit::BitsPerSecond => {
            let text = decimal(value);
            match text.strip_suffix(|c: char| c.is_ascii_alphabetic()) {
                Some(number) => format!("{number} {}b/s", text.split_at(number.len()).1),
                None => format!("{text} b/s"),
            }
        }
        Unit::Percent => format!("{} %", figure(value)),
        Unit::Celsius => format!("{} °C", figure(value)),
        Unit::Count | Unit::Counter => decimal(value),
        Unit::Other(unit) => format!("{} {unit}", decimal(value)),
    }
}

/// A round-trip time in milliseconds with one decimal, right for a column of numbers.
#[must_use]
pub fn round_trip(value: Option<f64>) -> String {
    // A zero has no sign, whatever was summed up to it.
    match value.map(|ms| ms + 0.0) {
        Some(ms) if ms.is_finite() && ms < 9_999.5 => {
            if ms >= 999.95 {
                format!("{ms:.0}")
            } else {
                format!("{ms:.1}")
            }
        }
        Some(ms) if ms.is_finite() => format!("{}s", figure(ms / 1000.0)),
        _ => "–".to_owned(),
    }
}

pub use crate::model::words::plural;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_move_in_steps() {
        let cases = [
            (0, "now"),
            (9, "now"),
            (10, "10s"),
            (59, "50s"),
            (119, "110s"),
            (120, "2m"),
            (7199, "119m"),
            (7200, "2h"),
            (11_499, "3h10m"),
            (43_200, "12h"),
            (172_799, "47h"),
            (172_800, "2d"),
            (1_036_800, "12d"),
        ];
        for (secs, text) in cases {
            assert_eq!(age(Span::from_secs(secs)), text, "{secs}");
        }
    }

    #[test]
    fn what_lasts_is_never_now() {
        let cases = [
            (0, "0s"),
            (250, "250ms"),
            (5000, "5s"),
            (61_500, "61s"),
            (120_000, "2m"),
            (11_499_000, "3h10m"),
        ];
        for (millis, text) in cases {
            assert_eq!(length(Span::from_millis(millis)), text, "{millis}");
        }
    }

    #[test]
    fn numbers_carry_their_unit() {
        let cases = [
            (0.031, Unit::Seconds, "31 ms"),
            (0.0, Unit::Seconds, "0 s"),
            (0.000_12, Unit::Seconds, "120 µs"),
            (88.2, Unit::Percent, "88.2 %"),
            (5.0 * 1_048_576.0, Unit::Bytes, "5 MiB"),
            (9_400_000.0, Unit::BitsPerSecond, "9.4 Mb/s"),
            (0.0, Unit::BitsPerSecond, "0 b/s"),
            (999_990.0, Unit::Count, "1M"),
            (12.0, Unit::Count, "12"),
            (f64::NAN, Unit::Count, "–"),
        ];
        for (number, unit, text) in cases {
            assert_eq!(value(number, &unit), text);
        }
        assert_eq!(round_trip(Some(0.34)), "0.3");
        assert_eq!(round_trip(Some(12_345.0)), "12.3s");
        assert_eq!(round_trip(Some(-0.0)), "0.0");
        assert_eq!(round_trip(None), "–");
    }
}
