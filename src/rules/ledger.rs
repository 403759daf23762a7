//! The ledger of traffic: how many bytes the speedtests of each vantage moved in the day and the
//! month of a zone.
//!
//! Bytes are kept by quarters of an hour, which every zone's days begin with, so that another zone
//! in the configuration finds the same bytes in its own days. Clocks that go forward or back make a
//! day of 23 or 25 hours.

use std::collections::{BTreeMap, HashMap};

use chrono::{Datelike as _, Days, Months, NaiveDate, NaiveTime, TimeZone as _};
use chrono_tz::Tz;

use crate::model::traffic::QUARTER;
use crate::model::{Caps, Name, SafeText, Span, Timestamp, Traffic};

/// How far back anything counts: the longest month, with room for zones.
pub const PAST: Span = Span::from_secs(33 * 86_400);

/// A stretch of time, its end not in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// Its first moment.
    pub start: Timestamp,
    /// The first moment after it.
    pub end: Timestamp,
}

/// The first moment of a date in a zone; where clocks go forward over midnight, the first there is.
fn begin(date: NaiveDate, zone: Tz) -> Timestamp {
    let midnight = date.and_time(NaiveTime::MIN);
    for quarter in 0..12 {
        let at = midnight + chrono::TimeDelta::minutes(15 * quarter);
        if let Some(found) = zone.from_local_datetime(&at).earliest() {
            return Timestamp::from_millis(found.timestamp_millis());
        }
    }
    // A whole day that is not there, as once in Samoa: it has no moment of its own.
    Timestamp::from_millis(midnight.and_utc().timestamp_millis())
}

fn date(at: Timestamp, zone: Tz) -> NaiveDate {
    let utc = chrono::DateTime::from_timestamp_millis(at.millis()).unwrap_or_default();
    utc.with_timezone(&zone).date_naive()
}

/// The day of a moment.
#[must_use]
pub fn day(at: Timestamp, zone: Tz) -> Period {
    let today = date(at, zone);
    let next = today.checked_add_days(Days::new(1)).unwrap_or(NaiveDate::MAX);
    Period { start: begin(today, zone), end: begin(next, zone) }
}

/// The month of a moment.
#[must_use]
pub fn month(at: Timestamp, zone: Tz) -> Period {
    let today = date(at, zone);
    let first = today.with_day(1).unwrap_or(today);
    let next = first.checked_add_months(Months::new(1)).unwrap_or(NaiveDate::MAX);
    Period { start: begin(first, zone), end: begin(next, zone) }
}

/// Bytes of each vantage by quarters of an hour.
#[derive(Clone, Debug, Default)]
pub struct Ledger(HashMap<Name, BTreeMap<i64, u64>>);

impl Ledger {
    /// Adds what was moved.
    pub fn add(&mut self, agent: &Name, at: Timestamp, bytes: u64) {
        if bytes == 0 {
            return;
        }
        let quarters = self.0.entry(Name::clone(agent)).or_default();
        let quarter = quarters.entry(at.millis().div_euclid(QUARTER)).or_default();
        *quarter = quarter.saturating_add(bytes);
    }

    /// Takes back what was added.
    pub fn take(&mut self, agent: &str, at: Timestamp, bytes: u64) {
        let quarter = at.millis().div_euclid(QUARTER);
        if let Some(known) = self.0.get_mut(agent).and_then(|all| all.get_mut(&quarter)) {
            *known = known.saturating_sub(bytes);
        }
    }

    /// Forgets what counts no more.
    pub fn forget(&mut self, now: Timestamp) {
        let first = (now - PAST).millis().div_euclid(QUARTER);
        self.0.retain(|_, quarters| {
            *quarters = quarters.split_off(&first);
            !quarters.is_empty()
        });
    }

    /// What was moved in a period.
    #[must_use]
    pub fn within(&self, agent: &str, period: Period) -> u64 {
        let Some(quarters) = self.0.get(agent) else { return 0 };
        let quarter = |at: Timestamp| at.millis().div_euclid(QUARTER);
        let (from, to) = (quarter(period.start), quarter(period.end));
        if from >= to {
            return 0;
        }
        quarters.range(from..to).fold(0, |sum, (_, bytes)| sum.saturating_add(*bytes))
    }

    /// How a vantage stands in the day and month of a moment.
    #[must_use]
    pub fn traffic(&self, agent: &str, caps: Caps, zone: Tz, at: Timestamp) -> Traffic {
        let (day, month) = (day(at, zone), month(at, zone));
        Traffic {
            day_bytes: self.within(agent, day),
            month_bytes: self.within(agent, month),
            daily_cap: caps.daily,
            monthly_cap: caps.monthly,
            day_resets: Some(day.end),
            month_resets: Some(month.end),
            zone: SafeText::line(zone.name()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn words(period: Period) -> (String, String) {
        (period.start.to_string(), period.end.to_string())
    }

    #[test]
    fn fs_12_days_and_months_are_those_of_the_zone() {
        let berlin = chrono_tz::Europe::Berlin;
        let pair = |a: &str, b: &str| (format!("{a}:00.000Z"), format!("{b}:00.000Z"));
        for (moment, zone, day_is, month_is) in [
            (
                "2026-03-28T23:30:00Z",
                Tz::UTC,
                pair("2026-03-28T00:00", "2026-03-29T00:00"),
                pair("2026-03-01T00:00", "2026-04-01T00:00"),
            ),
            // Half past midnight there, on the day of 23 hours.
            (
                "2026-03-28T23:30:00Z",
                berlin,
                pair("2026-03-28T23:00", "2026-03-29T22:00"),
                pair("2026-02-28T23:00", "2026-03-31T22:00"),
            ),
            (
                "2026-10-25T12:00:00Z",
                berlin,
                pair("2026-10-24T22:00", "2026-10-25T23:00"),
                pair("2026-09-30T22:00", "2026-10-31T23:00"),
            ),
            (
                "2026-12-31T18:15:00Z",
                chrono_tz::Asia::Kathmandu,
                pair("2026-12-31T18:15", "2027-01-01T18:15"),
                pair("2026-12-31T18:15", "2027-01-31T18:15"),
            ),
        ] {
            assert_eq!(words(day(at(moment), zone)), day_is, "{moment} {zone}");
            assert_eq!(words(month(at(moment), zone)), month_is, "{moment} {zone}");
        }
        // Beirut goes forward at midnight: that day begins at one.
        let beirut = day(at("2026-03-29T12:00:00Z"), chrono_tz::Asia::Beirut);
        assert_eq!(beirut.start.to_string(), "2026-03-28T22:00:00.000Z");
    }

    #[test]
    fn fs_12_bytes_count_in_their_day_and_month_and_are_taken_back() {
        let mut ledger = Ledger::default();
        let hq: Name = "HQ".into();
        ledger.add(&hq, at("2026-02-28T23:59:59Z"), 1);
        ledger.add(&hq, at("2026-03-01T00:00:00Z"), 10);
        ledger.add(&hq, at("2026-03-02T23:59:59Z"), 100);
        ledger.add(&hq, at("2026-03-03T00:00:00Z"), 1000);
        ledger.add(&"other".into(), at("2026-03-02T12:00:00Z"), 7);
        let of = |ledger: &Ledger, zone| {
            let told = ledger.traffic("HQ", Caps::default(), zone, at("2026-03-02T12:00:00Z"));
            (told.day_bytes, told.month_bytes)
        };
        assert_eq!(of(&ledger, Tz::UTC), (100, 1110));
        assert_eq!(of(&ledger, chrono_tz::Europe::Berlin), (0, 1111), "an hour earlier");
        ledger.take("HQ", at("2026-03-02T23:50:00Z"), 40);
        assert_eq!(of(&ledger, Tz::UTC), (60, 1070));
        ledger.take("HQ", at("2026-03-02T23:50:00Z"), 4000);
        assert_eq!(of(&ledger, Tz::UTC), (0, 1010), "never below nothing");
        ledger.forget(at("2026-04-04T00:00:00Z"));
        assert_eq!(of(&ledger, Tz::UTC), (0, 1000));
        ledger.forget(at("2026-06-04T00:00:00Z"));
        assert!(ledger.0.is_empty());
    }
}
