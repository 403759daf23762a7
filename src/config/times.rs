//! Settings about times: the zone of the screen, shifts, quiet hours, ends of acknowledgements.

use crate::model::shift::{clock, minute_of_day};
use crate::model::{AckExpiry, Span};

use super::value::bounded_span;

/// `local`, `utc`, or hours and minutes east of UTC; returns seconds for the last.
///
/// # Errors
/// A sentence with what is allowed.
pub fn zone_offset(text: &str) -> Result<Option<i32>, String> {
    let cut: String = text.chars().take(40).collect();
    let bad = || format!("`{cut}` is no zone; write local, utc, or an offset such as +05:30");
    if text == "local" || text == "utc" {
        return Ok((text == "utc").then_some(0));
    }
    let (east, rest) = match (text.strip_prefix('+'), text.strip_prefix('-')) {
        (Some(rest), _) => (1, rest),
        (_, Some(rest)) => (-1, rest),
        _ => return Err(bad()),
    };
    let number = |text: &str, most: i32| {
        let digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|n: &i32| digits && *n <= most)
    };
    let (hours, minutes) = rest.split_once(':').ok_or_else(bad)?;
    let hours = number(hours, 14).ok_or_else(bad)?;
    let minutes = number(minutes, 59).ok_or_else(bad)?;
    Ok(Some(east * (hours * 3600 + minutes * 60)))
}

/// `shift`, a length of time, or `never`.
pub(super) fn expiry(text: &str) -> Result<AckExpiry, String> {
    match text {
        "shift" => Ok(AckExpiry::Shift),
        "never" => Ok(AckExpiry::Never),
        _ => bounded_span(text, Span::from_secs(60)..=Span::from_secs(365 * 86_400))
            .map(AckExpiry::After)
            .map_err(|why| format!("{why}, `shift` or `never`")),
    }
}

pub(super) fn show_expiry(expiry: AckExpiry) -> String {
    match expiry {
        AckExpiry::Shift => "shift".to_owned(),
        AckExpiry::After(span) => span.to_string(),
        AckExpiry::Never => "never".to_owned(),
    }
}

/// How long before its end an acknowledgement is said to end, or `never`.
pub(super) fn warning(text: &str) -> Result<Option<Span>, String> {
    if text == "never" {
        return Ok(None);
    }
    bounded_span(text, Span::from_secs(60)..=Span::from_secs(86_400))
        .map(Some)
        .map_err(|why| format!("{why}, or `never`"))
}

/// `22:00-06:00` in minutes of the day, or `never`.
pub(super) fn quiet(text: &str) -> Result<Option<(u16, u16)>, String> {
    if text == "never" {
        return Ok(None);
    }
    let cut: String = text.chars().take(40).collect();
    let bad = || format!("`{cut}` is no time of day; write 22:00-06:00, or never");
    let (from, to) = text.split_once('-').ok_or_else(bad)?;
    let (from, to) = (minute_of_day(from).ok_or_else(bad)?, minute_of_day(to).ok_or_else(bad)?);
    if from == to {
        return Err(format!("`{cut}` has no length; write 22:00-06:00, or never"));
    }
    Ok(Some((from, to)))
}

pub(super) fn show_quiet(quiet: Option<(u16, u16)>) -> String {
    quiet.map_or("never".to_owned(), |(from, to)| format!("{}-{}", clock(from), clock(to)))
}
