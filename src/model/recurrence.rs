//! When a window that repeats begins and ends: computed from its rule for any moment, never stored
//! one by one.
//!
//! **Wall time counts.** A window of 02:00 to 04:00 begins when the clocks of its zone show 02:00
//! and ends when they show 04:00, as a change calendar says it: in the night in which clocks go
//! forward it is an hour shorter, in the one in which they go back an hour longer. Where a time
//! does not exist (the gap) it counts by the offset before the gap, as RFC 5545 says: 02:30 is
//! 03:30 then. Where it exists twice, the start is the first and the end is the second, so that a
//! window never ends before what was meant. Should that leave nothing (a window of 02:30 to 03:15
//! in the gap), it lasts as long as it does on other days.
//!
//! The days are found by jumping near the moment asked for, in time that depends on the number of
//! exceptions alone. Zones are those of the database that was built in.

use chrono::{DateTime, Datelike as _, Days, Months, NaiveDate, NaiveDateTime, TimeDelta};
use chrono::{MappedLocalTime, TimeZone as _};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::repeats::{Repeats, Rule};
use super::time::{Span, Timestamp};

/// Months that are looked through for a day: five weekdays, or a 31st, come much sooner.
const MONTHS: u32 = 24;

/// A time in which a window is in effect: from `start` inclusive to `end` exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Occurrence {
    /// First moment inside.
    pub start: Timestamp,
    /// First moment after.
    pub end: Timestamp,
}

/// A rule with the time of day and the length of what repeats.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Recurrence {
    /// On which days, until when, in which zone.
    pub repeats: Repeats,
    /// The first day that counts, and the time of day at which each occurrence begins.
    #[schema(value_type = String, examples("2026-02-25T02:00:00"))]
    pub first: NaiveDateTime,
    /// Length on the clocks of the zone.
    pub length: Span,
    /// The day of the occurrence that the window is at.
    #[schema(value_type = String, format = Date)]
    pub day: NaiveDate,
}

impl Recurrence {
    /// The recurrence of a window from `start` to `end`, with its first occurrence: the first day
    /// of the rule that is not before the start, at the start's time of day.
    ///
    /// # Errors
    /// A sentence that says why the rule cannot be that of such a window.
    pub fn new(
        repeats: Repeats,
        start: Timestamp,
        end: Timestamp,
    ) -> Result<(Self, Occurrence), String> {
        let mut made = Self::shaped(repeats, start, end)?;
        let (day, found) = made
            .next(None, start)
            .ok_or_else(|| "no day is left: it would never begin".to_owned())?;
        made.day = day;
        Ok((made, found))
    }

    /// The recurrence with the time of day and the length of a window from `start` to `end`, at the
    /// day of its start, whether the rule names that day or not.
    ///
    /// # Errors
    /// A sentence that says why the rule cannot be that of such a window.
    pub fn shaped(repeats: Repeats, start: Timestamp, end: Timestamp) -> Result<Self, String> {
        let beyond = || "the window lies beyond the years that a calendar has".to_owned();
        let first = local(repeats.zone, start).ok_or_else(beyond)?;
        let last = local(repeats.zone, end).ok_or_else(beyond)?;
        let wall = last.signed_duration_since(first).num_milliseconds();
        let length = match u64::try_from(wall) {
            Ok(wall) if wall > 0 => Span::from_millis(wall),
            // Begun in the first and ended in the second of a doubled hour.
            _ => end.since(start),
        };
        Self { repeats, first, length, day: first.date() }.with_room()
    }

    /// The same times of day by another rule.
    ///
    /// # Errors
    /// As [`Self::shaped`].
    pub fn with_rule(&self, repeats: Repeats) -> Result<Self, String> {
        Self { repeats, ..self.clone() }.with_room()
    }

    /// It must be over before the rule can name the next day.
    fn with_room(self) -> Result<Self, String> {
        let room = Span::from_secs(u64::try_from(self.repeats.distance()).unwrap_or(0) * 86_400);
        if self.length < room {
            return Ok(self);
        }
        Err(format!(
            "it lasts {} and would reach into its next time, which may be {room} later",
            self.length
        ))
    }

    /// The day that its zone has then.
    #[must_use]
    pub fn today(&self, wall: Timestamp) -> Option<NaiveDate> {
        Some(local(self.repeats.zone, wall)?.date())
    }

    /// The first occurrence on a day after `day` that ends after `moment`.
    #[must_use]
    pub fn next(
        &self,
        day: Option<NaiveDate>,
        moment: Timestamp,
    ) -> Option<(NaiveDate, Occurrence)> {
        let near = local(self.repeats.zone, moment)?.date();
        let back = self.length.millis() / 86_400_000 + 2;
        let near = near.checked_sub_days(Days::new(back)).unwrap_or(NaiveDate::MIN);
        let mut from = near.max(self.first.date());
        if let Some(day) = day {
            from = from.max(day.succ_opt()?);
        }
        // Of the days that are left only few end before the moment: the length is shorter than the
        // distance between two.
        for _ in 0..8 {
            let day = self.day_from(from)?;
            from = day.succ_opt()?;
            if let Some(found) = self.on(day).filter(|found| found.end > moment) {
                return Some((day, found));
            }
        }
        None
    }

    /// The occurrences after the one on `day`, the soonest first, at most `count`.
    #[must_use]
    pub fn after(&self, day: NaiveDate, moment: Timestamp, count: usize) -> Vec<Occurrence> {
        let mut at = day;
        let next = || {
            let (day, found) = self.next(Some(at), moment)?;
            at = day;
            Some(found)
        };
        std::iter::from_fn(next).take(count).collect()
    }

    /// The first day from `from` on that the rule names and that is not left out.
    fn day_from(&self, from: NaiveDate) -> Option<NaiveDate> {
        let mut from = from;
        for _ in 0..=self.repeats.except.len() {
            let day = named(&self.repeats.rule, self.first.date(), from)?;
            if self.repeats.until.is_some_and(|until| day > until) {
                return None;
            }
            if !self.repeats.except.contains(&day) {
                return Some(day);
            }
            from = day.succ_opt()?;
        }
        None
    }

    /// The occurrence that begins on that day; none on one that its zone leaves out altogether.
    fn on(&self, day: NaiveDate) -> Option<Occurrence> {
        let begins = day.and_time(self.first.time());
        let length = TimeDelta::try_milliseconds(i64::try_from(self.length.millis()).ok()?)?;
        let start = moment(self.repeats.zone, begins, false)?;
        let mut end = moment(self.repeats.zone, begins.checked_add_signed(length)?, true)?;
        if end <= start {
            end = start + self.length;
        }
        // A doubled hour may reach into the next, when only minutes are between the two.
        let next = day.succ_opt().and_then(|day| self.day_from(day));
        let next = next.map(|day| day.and_time(self.first.time()));
        if let Some(next) = next.and_then(|next| moment(self.repeats.zone, next, false)) {
            end = end.min(next);
        }
        (start < end).then_some(Occurrence { start, end })
    }
}

/// What the clocks of a zone show.
fn local(zone: Tz, at: Timestamp) -> Option<NaiveDateTime> {
    at.to_utc()?.naive_utc().checked_add_signed(TimeDelta::days(2))?;
    at.to_utc()?.naive_utc().checked_sub_signed(TimeDelta::days(2))?;
    Some(at.to_utc()?.with_timezone(&zone).naive_local())
}

/// The moment at which the clocks of a zone show that; see the module's head.
fn moment(zone: Tz, shown: NaiveDateTime, last: bool) -> Option<Timestamp> {
    let of = |at: DateTime<Tz>| Timestamp::from_millis(at.timestamp_millis());
    match zone.from_local_datetime(&shown) {
        MappedLocalTime::Single(at) => Some(of(at)),
        MappedLocalTime::Ambiguous(first, second) => Some(of(if last { second } else { first })),
        MappedLocalTime::None => [1, 3, 25].into_iter().find_map(|hours| {
            let back = TimeDelta::hours(hours);
            let before = zone.from_local_datetime(&shown.checked_sub_signed(back)?).latest()?;
            Some(of(before.checked_add_signed(back)?))
        }),
    }
}

/// The first day from `from` on that the rule names, counted from `first`.
fn named(rule: &Rule, first: NaiveDate, from: NaiveDate) -> Option<NaiveDate> {
    match rule {
        Rule::Days(every) => {
            let over = from.signed_duration_since(first).num_days().rem_euclid(i64::from(*every));
            let ahead = (i64::from(*every) - over) % i64::from(*every);
            from.checked_add_days(Days::new(u64::try_from(ahead).ok()?))
        }
        Rule::Weeks(every, days) => {
            let monday = |day: NaiveDate| {
                day.checked_sub_days(Days::new(day.weekday().num_days_from_monday().into()))
            };
            let (origin, mut week, every) = (monday(first)?, monday(from)?, i64::from(*every));
            for _ in 0..2 {
                let weeks = week.signed_duration_since(origin).num_days() / 7;
                let ahead = (every - weeks.rem_euclid(every)) % every;
                week = week.checked_add_days(Days::new(u64::try_from(ahead * 7).ok()?))?;
                let on = |day: &chrono::Weekday| {
                    week.checked_add_days(Days::new(day.num_days_from_monday().into()))
                };
                if let Some(day) = days.iter().filter_map(on).find(|day| *day >= from) {
                    return Some(day);
                }
                week = week.checked_add_days(Days::new(7))?;
            }
            None
        }
        Rule::MonthDay(_) | Rule::LastDay | Rule::Nth(..) | Rule::Last(_) => {
            let begin = from.with_day(1)?;
            (0..MONTHS).find_map(|months| {
                let month = begin.checked_add_months(Months::new(months))?;
                in_month(rule, month).filter(|day| *day >= from)
            })
        }
    }
}

/// The day in the month that begins so; none when that month has no such day.
fn in_month(rule: &Rule, begin: NaiveDate) -> Option<NaiveDate> {
    let last = || begin.checked_add_months(Months::new(1))?.pred_opt();
    match rule {
        Rule::MonthDay(day) => begin.with_day(*day),
        Rule::LastDay => last(),
        Rule::Nth(nth, day) => {
            NaiveDate::from_weekday_of_month_opt(begin.year(), begin.month(), *day, *nth)
        }
        Rule::Last(day) => {
            let last = last()?;
            let back = last.weekday().days_since(*day);
            last.checked_sub_days(Days::new(back.into()))
        }
        Rule::Days(_) | Rule::Weeks(..) => None,
    }
}

#[cfg(test)]
#[path = "recurrence_tests.rs"]
mod tests;
