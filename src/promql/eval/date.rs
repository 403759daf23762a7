//! Parts of a date, in UTC.

use chrono::{DateTime, Datelike, Months, Timelike, Utc};

use crate::promql::function::Function;

/// The part that a function takes of a time in seconds since the epoch. Of what is no date it is
/// NaN; Prometheus gives a part of some date there.
pub fn of(function: Function) -> Option<fn(f64) -> f64> {
    Some(match function {
        Function::Minute => |at| part(at, |date| date.minute()),
        Function::Hour => |at| part(at, |date| date.hour()),
        Function::DayOfMonth => |at| part(at, |date| date.day()),
        Function::DayOfWeek => |at| part(at, |date| date.weekday().num_days_from_sunday()),
        Function::DayOfYear => |at| part(at, |date| date.ordinal()),
        Function::DaysInMonth => |at| part(at, days_in_month),
        Function::Month => |at| part(at, |date| date.month()),
        Function::Year => |at| date(at).map_or(f64::NAN, |date| f64::from(date.year())),
        _ => return None,
    })
}

fn part(at: f64, part: impl Fn(DateTime<Utc>) -> u32) -> f64 {
    date(at).map_or(f64::NAN, |date| f64::from(part(date)))
}

fn date(at: f64) -> Option<DateTime<Utc>> {
    #[expect(clippy::cast_possible_truncation, reason = "beyond all dates it is no date")]
    let seconds = at.is_finite().then_some(at.trunc() as i64)?;
    DateTime::from_timestamp(seconds, 0)
}

fn days_in_month(date: DateTime<Utc>) -> u32 {
    let first = date.date_naive().with_day(1);
    let next = first.and_then(|first| first.checked_add_months(Months::new(1)));
    let days = first.zip(next).map_or(0, |(first, next)| (next - first).num_days());
    u32::try_from(days).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_a_leap_day() {
        // Thursday 2024-02-29 23:59:58.5
        let at = 1_709_251_198.5;
        let cases = [
            (Function::Minute, 59.0),
            (Function::Hour, 23.0),
            (Function::DayOfMonth, 29.0),
            (Function::DayOfWeek, 4.0),
            (Function::DayOfYear, 60.0),
            (Function::DaysInMonth, 29.0),
            (Function::Month, 2.0),
            (Function::Year, 2024.0),
        ];
        for (function, expected) in cases {
            assert_eq!(of(function).unwrap()(at), expected, "{function:?}");
        }
        assert!(of(Function::Year).unwrap()(f64::NAN).is_nan());
        assert!(of(Function::Year).unwrap()(1e300).is_nan());
        assert_eq!(of(Function::DayOfMonth).unwrap()(-1.0), 31.0);
    }
}
