//! When a schedule of tests runs: every so often at a phase of its own, or at the times of a `cron`
//! expression in a zone (SPEC FS-27).
//!
//! Only the next run is ever known: after a pause of any length there is one, never those that were
//! passed over.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};

use super::hash::fnv1a;
use super::id::ScheduleId;
use super::schedule::{Plan, Schedule};
use super::time::{Span, Timestamp};

/// Longest `cron` expression, in bytes.
const CRON_LIMIT: usize = 200;
/// How far a `cron` expression is looked ahead: every day of every leap year comes within.
const AHEAD: Span = Span::from_secs(9 * 366 * 86_400);
/// Shortest and longest time that a run may wait for its target.
const SLIPS: (Span, Span) = (Span::from_secs(5), Span::from_secs(3600));

/// The times of a plan, read once.
#[derive(Clone, Debug)]
pub enum Times {
    /// Every so often.
    Every {
        /// How often.
        every: Span,
        /// Where in it, so that schedules spread.
        phase: Span,
    },
    /// As written.
    Cron {
        /// The expression.
        cron: Box<Cron>,
        /// Its zone.
        zone: Tz,
    },
}

/// The number that spreads schedules of one interval.
#[must_use]
pub fn hash(id: ScheduleId) -> u64 {
    fnv1a(id.to_string().as_bytes())
}

/// The zone of a name of the IANA database; UTC without one.
///
/// # Errors
/// A sentence that names the field.
pub fn zone(name: Option<&str>) -> Result<Tz, String> {
    name.map_or(Ok(Tz::UTC), |name| {
        name.parse().map_err(|_| {
            let name: String = name.chars().take(64).collect();
            format!("`zone`: `{name}` is no zone of the IANA database, as Europe/Berlin is")
        })
    })
}

impl Times {
    /// The times of `plan`; schedules of one interval spread by `hash`, which is of their id.
    ///
    /// # Errors
    /// A sentence that names the field.
    pub fn of(plan: &Plan, hash: u64) -> Result<Self, String> {
        let zone = zone(plan.zone.as_deref())?;
        match (&plan.cron, plan.interval()) {
            (Some(text), _) => Self::cron(text, zone),
            (None, Some(every)) if every > Span::ZERO => {
                Ok(Self::Every { every, phase: Span::from_millis(hash % every.millis()) })
            }
            _ => Err("`interval_seconds`: how often it runs is missing".to_owned()),
        }
    }

    /// The times of a schedule.
    ///
    /// # Errors
    /// As [`Self::of`].
    pub fn of_schedule(schedule: &Schedule) -> Result<Self, String> {
        Self::of(&schedule.plan, hash(schedule.id))
    }

    fn cron(text: &str, zone: Tz) -> Result<Self, String> {
        const FORM: &str = "write minute, hour, day of the month, month and day of the week, as in \
                            `0 */6 * * *`";
        if text.len() > CRON_LIMIT {
            return Err(format!("`cron`: at most {CRON_LIMIT} bytes"));
        }
        // Also without the nicknames: `@daily` says nothing of the hour.
        let fields = text.split_whitespace().count();
        if fields != 5 {
            return Err(format!("`cron`: it has {fields} fields, not 5; {FORM}"));
        }
        let parser =
            CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
        let cron = parser.parse(text).map_err(|error| {
            let why: String = error.to_string().chars().take(120).collect();
            format!("`cron`: {}; {FORM}", why.trim_end_matches('.'))
        })?;
        let times = Self::Cron { cron: Box::new(cron), zone };
        // From a fixed moment: an expression without any day has none from there either.
        let never = times.next(Timestamp::from_millis(1_704_067_200_000)).is_none();
        if never {
            Err("`cron`: there is no such day in the next nine years".to_owned())
        } else {
            Ok(times)
        }
    }

    /// The first run strictly after a moment.
    #[must_use]
    pub fn next(&self, after: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Every { every, phase } => {
                let every = i64::try_from(every.millis()).ok()?.max(1);
                let phase = i64::try_from(phase.millis()).ok()?;
                let into = after.millis().checked_sub(phase)?.rem_euclid(every);
                Some(Timestamp::from_millis(after.millis().checked_add(every - into)?))
            }
            Self::Cron { cron, zone } => {
                // The search goes by whole seconds.
                let second = after.millis().div_euclid(1000);
                let from: DateTime<Utc> = DateTime::from_timestamp(second, 0)?;
                let found = cron.find_next_occurrence(&from.with_timezone(zone), false).ok()?;
                let found = Timestamp::from_millis(found.timestamp_millis());
                (found > after && found.since(after) <= AHEAD).then_some(found)
            }
        }
    }

    /// How many runs are due from `start` inclusive to `end` exclusive, counted up to `limit`.
    #[must_use]
    pub fn between(&self, start: Timestamp, end: Timestamp, limit: u64) -> u64 {
        let before = start - Span::from_millis(1);
        match self {
            Self::Every { every, .. } => match self.next(before) {
                Some(first) if first < end => {
                    let rest = end.since(first).millis() - 1;
                    (rest / every.millis().max(1) + 1).min(limit)
                }
                _ => 0,
            },
            Self::Cron { .. } => {
                let mut count = 0;
                let mut at = before;
                while let Some(next) = self.next(at).filter(|next| *next < end && count < limit) {
                    count += 1;
                    at = next;
                }
                count
            }
        }
    }

    /// The last moment at which the run that is due at `due` may still begin: it may wait for half
    /// of the time to the next one, at least 5 seconds and at most an hour.
    #[must_use]
    pub fn last_moment(&self, due: Timestamp) -> Timestamp {
        let (least, most) = SLIPS;
        let every = self.next(due).map_or(most, |next| next.since(due));
        due + Span::from_millis(every.millis() / 2).clamp(least, most)
    }
}

/// The first run of a plan strictly after a moment; see [`Times`], which reads the plan once for
/// several.
///
/// # Errors
/// A sentence that names the field.
pub fn next_due(plan: &Plan, hash: u64, after: Timestamp) -> Result<Timestamp, String> {
    let times = Times::of(plan, hash)?;
    times.next(after).ok_or_else(|| "`cron`: it comes in no year that a calendar has".to_owned())
}

#[cfg(test)]
mod tests {
    use chrono::Timelike as _;
    use proptest::prelude::*;

    use super::*;
    use crate::model::hash::fnv1a;

    fn plan(body: &str) -> Plan {
        let mut map: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(body).unwrap();
        map.insert("name".to_owned(), "x".into());
        map.insert("test_type".to_owned(), "speedtest".into());
        serde_json::from_value(map.into()).unwrap()
    }

    fn cron(text: &str, zone: &str) -> Plan {
        plan(&serde_json::json!({"cron": text, "zone": zone}).to_string())
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn fs_27_intervals_keep_their_phase_and_spread() {
        let hourly = plan(r#"{"interval_seconds": 3600}"#);
        let mut per_minute = [0_u32; 60];
        for n in 0..6000 {
            let hash = fnv1a(format!("schedule-{n}").as_bytes());
            let first = next_due(&hourly, hash, at("2026-02-25T02:00:00Z")).unwrap();
            let second = next_due(&hourly, hash, first).unwrap();
            assert_eq!(second.since(first), Span::from_secs(3600));
            per_minute[usize::try_from(first.millis() / 60_000 % 60).unwrap()] += 1;
        }
        assert!(per_minute.iter().all(|n| (50..=160).contains(n)), "{per_minute:?}");
    }

    #[test]
    fn fs_27_a_long_pause_is_followed_by_one_run() {
        let times = Times::of(&plan(r#"{"interval_seconds": 60}"#), 17).unwrap();
        let late = at("2026-08-01T00:00:00Z");
        let next = times.next(late).unwrap();
        assert!(next > late && next.since(late) <= Span::from_secs(60));
        let daily = Times::of(&cron("0 3 * * *", "UTC"), 0).unwrap();
        assert_eq!(daily.next(late), Some(at("2026-08-01T03:00:00Z")));
    }

    #[test]
    fn cron_is_of_its_zone_and_outlives_the_setting_of_clocks() {
        for (text, zone, after, wanted) in [
            ("30 9 * * MON-FRI", "Europe/Berlin", "2026-03-27T08:30:00Z", "2026-03-30T07:30:00Z"),
            ("0 3 * * *", "Europe/Berlin", "2026-03-28T02:00:00Z", "2026-03-29T01:00:00Z"),
            ("0 3 * * *", "Europe/Berlin", "2026-10-24T01:00:00Z", "2026-10-25T02:00:00Z"),
            ("*/30 * * * *", "Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-25T01:00:00Z"),
            ("0 0 29 2 *", "UTC", "2026-02-25T00:00:00Z", "2028-02-29T00:00:00Z"),
            ("0 12 * * *", "UTC", "2026-02-25T11:59:59.999Z", "2026-02-25T12:00:00Z"),
            ("0 12 * * *", "UTC", "2026-02-25T12:00:00Z", "2026-02-26T12:00:00Z"),
            ("0 12 * * *", "UTC", "2026-02-25T12:00:00.001Z", "2026-02-26T12:00:00Z"),
        ] {
            let next = next_due(&cron(text, zone), 0, at(after)).unwrap();
            assert_eq!(next, at(wanted), "{text} in {zone} after {after}");
        }
        // 02:30 is left out in that night: it runs all the same, and once.
        let gap = Times::of(&cron("30 2 * * *", "Europe/Berlin"), 0).unwrap();
        assert_eq!(gap.between(at("2026-03-28T23:00:00Z"), at("2026-03-29T22:00:00Z"), 9), 1);
        let twice = Times::of(&cron("30 2 * * *", "Europe/Berlin"), 0).unwrap();
        assert_eq!(twice.between(at("2026-10-24T22:00:00Z"), at("2026-10-25T23:00:00Z"), 9), 1);
    }

    #[test]
    fn what_is_no_time_is_refused_by_field() {
        for (text, zone, why) in [
            ("", "UTC", "`cron`: it has 0 fields"),
            ("@daily", "UTC", "`cron`: it has 1 fields"),
            ("0 0 * * * *", "UTC", "`cron`: it has 6 fields"),
            ("60 * * * *", "UTC", "`cron`: "),
            ("* 24 * * *", "UTC", "`cron`: "),
            ("a b c d e", "UTC", "`cron`: "),
            ("*/0 * * * *", "UTC", "`cron`: "),
            ("5-1 * * * *", "UTC", "`cron`: "),
            ("0 0 31 2 *", "UTC", "`cron`: there is no such day"),
            ("0 0 * * *", "Mars/Base", "`zone`: `Mars/Base` is no zone"),
        ] {
            let told = Times::of(&cron(text, zone), 0).map(|_| ()).unwrap_err();
            assert!(told.starts_with(why), "{text}: {told}");
        }
        let long = format!("{} * * * *", "1,".repeat(10_000));
        assert!(next_due(&cron(&long, "UTC"), 0, at("2026-01-01T00:00:00Z")).is_err());
        assert!(Times::of(&plan("{}"), 0).is_err());
        assert!(Times::of(&plan(r#"{"interval_seconds": 0}"#), 0).is_err());
    }

    #[test]
    fn runs_are_counted_from_the_first_moment_up_to_the_last() {
        let times = Times::of(&plan(r#"{"interval_seconds": 60}"#), 0).unwrap();
        let (start, minute) = (at("2026-02-25T02:00:00Z"), Span::from_secs(60));
        for (from, to, count) in [
            (start, start, 0),
            (start, start + Span::from_millis(1), 1),
            (start, start + minute, 1),
            (start, start + minute + Span::from_millis(1), 2),
            (start + Span::from_millis(1), start + minute, 0),
        ] {
            assert_eq!(times.between(from, to, 99), count, "{from} to {to}");
        }
    }

    #[test]
    fn a_run_may_slip_by_half_of_its_interval() {
        let slip = |seconds: u64| {
            let plan = plan(&format!(r#"{{"interval_seconds": {seconds}}}"#));
            let times = Times::of(&plan, 5).unwrap();
            let due = times.next(at("2026-01-01T00:00:00Z")).unwrap();
            times.last_moment(due).since(due)
        };
        assert_eq!(slip(10), Span::from_secs(5));
        assert_eq!(slip(3600), Span::from_secs(1800));
        assert_eq!(slip(86_400), Span::from_secs(3600));
    }

    proptest! {
        #[test]
        fn the_runs_between_two_moments_are_those_that_follow_one_another(
            every in 10_u64..5000, hash: u64, start in 0_i64..10_000_000, length in 0_i64..10_000_000,
            is_cron in any::<bool>(),
        ) {
            let times = if is_cron {
                Times::of(&cron(&format!("*/{} * * * *", every % 59 + 1), "UTC"), 0).unwrap()
            } else {
                Times::of(&plan(&format!(r#"{{"interval_seconds": {every}}}"#)), hash).unwrap()
            };
            let (start, end) = (Timestamp::from_millis(start), Timestamp::from_millis(start + length));
            let mut count = 0;
            let mut at = start - Span::from_millis(1);
            loop {
                let next = times.next(at).unwrap();
                prop_assert!(next > at);
                if next >= end { break; }
                count += 1;
                at = next;
            }
            prop_assert_eq!(times.between(start, end, u64::MAX), count);
            prop_assert_eq!(times.between(start, end, 3), count.min(3));
        }

        #[test]
        fn cron_runs_when_the_clocks_of_the_zone_say_so(
            minute in 0_u32..60, hour in 0_u32..24, after in 1_700_000_000_000_i64..1_900_000_000_000,
        ) {
            let zone = chrono_tz::America::New_York;
            let times = Times::of(&cron(&format!("{minute} {hour} * * *"), zone.name()), 0).unwrap();
            let after = Timestamp::from_millis(after);
            let next = times.next(after).unwrap();
            prop_assert!(next > after && next.since(after) <= Span::from_secs(25 * 3600));
            let local = next.to_utc().unwrap().with_timezone(&zone);
            // In the hour that is left out it runs an hour later, or as soon as the clocks go on.
            if hour != 2 {
                prop_assert_eq!((local.hour(), local.minute()), (hour, minute));
            }
        }
    }
}
