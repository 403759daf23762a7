//! Numbers for people: `1.234k`, `2d 3h 4m 5s`, `42%`.

use chrono::DateTime;

use super::float::significant;

const LARGE: [&str; 8] = ["k", "M", "G", "T", "P", "E", "Z", "Y"];
const BINARY: [&str; 8] = ["ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"];
const SMALL: [&str; 8] = ["m", "u", "n", "p", "f", "a", "z", "y"];

/// With a prefix of thousands.
pub fn humanize(number: f64) -> String {
    if number == 0.0 || !number.is_finite() {
        return significant(number, 4);
    }
    if number.abs() >= 1.0 { large(number, 1000.0, LARGE) } else { small(number) }
}

/// With a prefix of powers of 1024.
pub fn humanize_1024(number: f64) -> String {
    if number.abs() <= 1.0 || !number.is_finite() {
        return significant(number, 4);
    }
    large(number, 1024.0, BINARY)
}

/// A number of seconds.
pub fn humanize_duration(seconds: f64) -> String {
    if !seconds.is_finite() {
        return significant(seconds, 4);
    }
    if seconds == 0.0 {
        return format!("{}s", significant(seconds, 4));
    }
    if seconds.abs() < 1.0 {
        return format!("{}s", small(seconds));
    }
    let sign = if seconds < 0.0 { "-" } else { "" };
    #[expect(clippy::cast_possible_truncation, reason = "a duration beyond that is none")]
    let whole = seconds.abs() as i64;
    let (days, hours, minutes, rest) =
        (whole / 86_400, whole / 3600 % 24, whole / 60 % 60, whole % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{sign}{}s", significant(seconds.abs(), 4)),
        (0, 0, _) => format!("{sign}{minutes}m {rest}s"),
        (0, ..) => format!("{sign}{hours}h {minutes}m {rest}s"),
        _ => format!("{sign}{days}d {hours}h {minutes}m {rest}s"),
    }
}

/// A share of one, in percent.
pub fn humanize_percentage(share: f64) -> String {
    format!("{}%", significant(share * 100.0, 4))
}

/// Seconds since the epoch as a date.
pub fn humanize_timestamp(seconds: f64) -> Result<String, String> {
    if !seconds.is_finite() {
        return Ok(significant(seconds, 4));
    }
    // By way of nanoseconds, as Go has it, so that the last millisecond is the same.
    let nanos = seconds * 1e9;
    #[expect(clippy::cast_possible_truncation, reason = "what is no date is said to be none")]
    let millis = nanos as i64 / 1_000_000;
    let date = DateTime::from_timestamp_millis(millis).filter(|_| nanos.abs() < 9.2e18);
    let date = date.ok_or_else(|| format!("{seconds} cannot be represented as a time"))?;
    let fraction = match date.timestamp_subsec_millis() {
        0 => String::new(),
        millis => format!(".{millis:03}").trim_end_matches('0').to_owned(),
    };
    Ok(format!("{}{fraction} +0000 UTC", date.format("%Y-%m-%d %H:%M:%S")))
}

fn large(mut number: f64, step: f64, prefixes: [&str; 8]) -> String {
    let mut prefix = "";
    for next in prefixes {
        if number.abs() < step {
            break;
        }
        prefix = next;
        number /= step;
    }
    format!("{}{prefix}", significant(number, 4))
}

fn small(mut number: f64) -> String {
    let mut prefix = "";
    for next in SMALL {
        if number.abs() >= 1.0 {
            break;
        }
        prefix = next;
        number *= 1000.0;
    }
    format!("{}{prefix}", significant(number, 4))
}
