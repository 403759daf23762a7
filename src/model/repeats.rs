//! How a window repeats, as people write it: one grammar for console, command line, API and store.
//!
//! `RULE [until DATE] [except DATE,DATE,…] [in ZONE]`, where RULE is one of
//!
//! | written | on |
//! |---|---|
//! | `daily`, `every 3 days` | every so many days from the first |
//! | `weekly on mon,wed`, `weekly on mon-fri` | these weekdays |
//! | `every 2 weeks on tue` | these weekdays of every second week from the first |
//! | `monthly on 15`, `monthly on last day` | this day of the month, in months that have it |
//! | `monthly on 2nd tue`, `monthly on last fri` | this weekday of the month, in months that have it |
//!
//! Dates are days on which an occurrence begins, in ZONE (a name of the IANA database; UTC when
//! none is written). `until` is the last day, `except` leaves days out. In: text. Out: the rule as
//! data, or a sentence about what is wrong. The days themselves are in
//! [`recurrence`](super::recurrence).

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use chrono::{NaiveDate, Weekday};
use chrono_tz::Tz;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Longest text, in bytes.
pub const TEXT_LIMIT: usize = 2048;
/// Most days that are left out.
pub const EXCEPT_LIMIT: usize = 100;
/// Longest interval, in days or weeks.
pub const INTERVAL_LIMIT: u32 = 9999;

/// On which days a window begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Every so many days from the first.
    Days(u32),
    /// On these weekdays (at least one) of every so many weeks; a week begins on Monday.
    Weeks(u32, Vec<Weekday>),
    /// On this day of the month, 1 to 31; months without it are left out.
    MonthDay(u32),
    /// On the last day of the month.
    LastDay,
    /// On the first to fifth of these weekdays in the month; months without it are left out.
    Nth(u8, Weekday),
    /// On the last of these weekdays in the month.
    Last(Weekday),
}

/// A rule with its zone, its end and its exceptions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repeats {
    /// On which days.
    pub rule: Rule,
    /// The last day on which it may begin.
    pub until: Option<NaiveDate>,
    /// Days on which it does not begin, at most [`EXCEPT_LIMIT`].
    pub except: BTreeSet<NaiveDate>,
    /// Whose clocks and calendar count.
    pub zone: Tz,
}

impl Repeats {
    /// Reads what was written; `zone` is that of who wrote it, for a text that names none.
    ///
    /// # Errors
    /// A sentence that says what is wrong and how to write it.
    pub fn parse(text: &str, zone: Tz) -> Result<Self, String> {
        if text.len() > TEXT_LIMIT {
            return Err(format!("this is longer than {TEXT_LIMIT} characters"));
        }
        let text = text.to_ascii_lowercase().replace(", ", ",").replace(" ,", ",");
        let words: Vec<&str> = text.split_whitespace().collect();
        let clause = |word: &&str| matches!(*word, "until" | "except" | "in");
        let end = words.iter().position(clause).unwrap_or(words.len());
        let (of_rule, mut rest) = words.split_at(end);
        let mut repeats = Self { rule: rule(of_rule)?, until: None, except: BTreeSet::new(), zone };
        let mut seen = Vec::new();
        while let [word, tail @ ..] = rest {
            let [value, after @ ..] = tail else {
                return Err(format!("something is missing after `{}`", shown(word)));
            };
            if !clause(word) {
                let word = shown(word);
                return Err(format!("`{word}` is not understood; write until, except or in"));
            }
            if seen.contains(word) {
                return Err(format!("`{word}` is there twice"));
            }
            seen.push(*word);
            match *word {
                "until" => repeats.until = Some(date(value)?),
                "except" => {
                    repeats.except = value.split(',').map(date).collect::<Result<_, _>>()?;
                }
                _ => repeats.zone = named(value)?,
            }
            rest = after;
        }
        if repeats.except.len() > EXCEPT_LIMIT {
            return Err(format!("at most {EXCEPT_LIMIT} days can be left out"));
        }
        Ok(repeats)
    }

    /// The shortest distance between two days on which it begins, in days.
    #[must_use]
    pub fn distance(&self) -> i64 {
        match &self.rule {
            Rule::Days(days) => i64::from(*days),
            Rule::Weeks(weeks, days) => {
                let of = |day: &Weekday| i64::from(day.num_days_from_monday());
                let round = 7 * i64::from(*weeks);
                let next = days.iter().skip(1).map(of).chain(days.first().map(|d| of(d) + round));
                days.iter().map(of).zip(next).map(|(day, next)| next - day).min().unwrap_or(round)
            }
            Rule::MonthDay(_) | Rule::LastDay | Rule::Nth(..) | Rule::Last(_) => 28,
        }
    }
}

/// The zone of that name, whatever the case of its letters.
///
/// # Errors
/// A sentence that says how a zone is written.
pub fn named(name: &str) -> Result<Tz, String> {
    let same = |zone: &&Tz| zone.name().eq_ignore_ascii_case(name);
    chrono_tz::TZ_VARIANTS.iter().find(same).copied().ok_or_else(|| {
        format!("there is no time zone `{}`; write one such as Europe/Berlin", shown(name))
    })
}

/// What was written, short enough and without control characters.
fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(40).collect()
}

fn date(text: &str) -> Result<NaiveDate, String> {
    let plain = text.len() == 10;
    let date = plain.then(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()).flatten();
    date.ok_or_else(|| format!("`{}` is no day; write 2026-12-24", shown(text)))
}

fn rule(words: &[&str]) -> Result<Rule, String> {
    let week = |days: &str| Ok(Rule::Weeks(1, weekdays(days)?));
    match words {
        ["daily"] | ["every", "day"] => Ok(Rule::Days(1)),
        ["every", count, "day" | "days"] => Ok(Rule::Days(interval(count)?)),
        ["weekly", "on", days] | ["every", "week", "on", days] => week(days),
        ["every", count, "week" | "weeks", "on", days] => {
            Ok(Rule::Weeks(interval(count)?, weekdays(days)?))
        }
        ["monthly", "on", "last"] | ["monthly", "on", "last", "day"] => Ok(Rule::LastDay),
        ["monthly", "on", "last", day] => Ok(Rule::Last(weekday(day)?)),
        ["monthly", "on", nth, day] => {
            let nth = match *nth {
                "1st" | "first" => 1,
                "2nd" | "second" => 2,
                "3rd" | "third" => 3,
                "4th" | "fourth" => 4,
                "5th" | "fifth" => 5,
                other => {
                    let other = shown(other);
                    return Err(format!("`{other}` is not understood; write 1st to 5th, or last"));
                }
            };
            Ok(Rule::Nth(nth, weekday(day)?))
        }
        ["monthly", "on", day] => match day.parse() {
            Ok(day @ 1..=31) => Ok(Rule::MonthDay(day)),
            _ => Err(format!("`{}` is no day of a month; write 1 to 31, or last", shown(day))),
        },
        _ => Err("write never, daily, every 3 days, weekly on mon,wed, every 2 weeks on tue, \
                  monthly on 15 or monthly on 2nd tue"
            .to_owned()),
    }
}

fn interval(text: &str) -> Result<u32, String> {
    let count = text.parse().ok().filter(|count| (1..=INTERVAL_LIMIT).contains(count));
    count.ok_or_else(|| format!("`{}` is no interval; write 1 to {INTERVAL_LIMIT}", shown(text)))
}

/// `mon,wed`, `mon-fri` or both, in the order of a week.
fn weekdays(text: &str) -> Result<Vec<Weekday>, String> {
    let mut days = Vec::new();
    for part in text.split(',').take(20) {
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        let (mut day, last) = (weekday(from)?, weekday(to)?);
        days.push(day);
        while day != last {
            day = day.succ();
            days.push(day);
        }
    }
    days.sort_by_key(Weekday::num_days_from_monday);
    days.dedup();
    Ok(days)
}

fn weekday(text: &str) -> Result<Weekday, String> {
    const NAMES: [&str; 7] =
        ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    let found = NAMES.iter().position(|name| text.len() >= 2 && name.starts_with(text));
    let day = found.and_then(|at| u8::try_from(at).ok()).and_then(|at| Weekday::try_from(at).ok());
    day.ok_or_else(|| format!("`{}` is no weekday; write mon, tue, wed …", shown(text)))
}

fn short(day: Weekday) -> String {
    day.to_string().to_ascii_lowercase()
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Days(1) => f.write_str("daily"),
            Self::Days(count) => write!(f, "every {count} days"),
            Self::Weeks(count, days) => {
                let days: Vec<String> = days.iter().map(|day| short(*day)).collect();
                match count {
                    1 => write!(f, "weekly on {}", days.join(",")),
                    _ => write!(f, "every {count} weeks on {}", days.join(",")),
                }
            }
            Self::MonthDay(day) => write!(f, "monthly on {day}"),
            Self::LastDay => f.write_str("monthly on last day"),
            Self::Nth(nth, day) => {
                let end = match nth {
                    1 => "st",
                    2 => "nd",
                    3 => "rd",
                    _ => "th",
                };
                write!(f, "monthly on {nth}{end} {}", short(*day))
            }
            Self::Last(day) => write!(f, "monthly on last {}", short(*day)),
        }
    }
}

impl fmt::Display for Repeats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.rule)?;
        if let Some(until) = self.until {
            write!(f, " until {until}")?;
        }
        if !self.except.is_empty() {
            let days: Vec<String> = self.except.iter().map(ToString::to_string).collect();
            write!(f, " except {}", days.join(","))?;
        }
        write!(f, " in {}", self.zone.name())
    }
}

impl FromStr for Repeats {
    type Err = String;

    /// As [`Repeats::parse`], in UTC unless the text names a zone.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text, Tz::UTC)
    }
}

impl Serialize for Repeats {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Repeats {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|why| serde::de::Error::custom(format!("repeats: {why}")))
    }
}

#[cfg(test)]
#[path = "repeats_tests.rs"]
mod tests;
