//! Runs of a schedule that were due while nobody looked: how many, and whether the last of them can
//! still be had (SPEC FS-27).

use super::due::Times;
use crate::model::{Span, Timestamp};

/// Most runs of a `cron` that are counted one by one.
const COUNTED: u64 = 1000;
/// Longest time that a run may wait for its turn: what was due before that is over.
const OPEN: Span = Span::from_secs(3600);
/// Most steps to the last run of a `cron` within that time.
const STEPS: usize = 64;

/// Runs that were due in a stretch of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Passed {
    /// When the first of those that are missed was due; `None` when none is missed.
    pub first: Option<Timestamp>,
    /// When the last of those was due.
    pub last: Timestamp,
    /// How many are missed.
    pub runs: u64,
    /// True when there are more, which were not counted.
    pub at_least: bool,
    /// True when the latest run of all can still begin: it is none of those that are missed.
    pub runs_now: bool,
}

/// The runs that were due after one moment up to another; `None` when none was.
#[must_use]
pub fn passed(times: &Times, after: Timestamp, until: Timestamp) -> Option<Passed> {
    let first = times.next(after).filter(|first| *first <= until)?;
    let (latest, before, runs, at_least) = match times {
        Times::Every { every, .. } => {
            let every = every.millis().max(1);
            let more = until.since(first).millis() / every;
            let at = |n: u64| first + Span::from_millis(n * every);
            (Some(at(more)), more.checked_sub(1).map(at), more + 1, false)
        }
        Times::Cron { .. } => counted(times, first, until),
    };
    let runs_now = latest.is_some_and(|latest| times.last_moment(latest) >= until);
    if !runs_now {
        let last = latest.unwrap_or(until);
        return Some(Passed { first: Some(first), last, runs, at_least, runs_now });
    }
    let last = before.unwrap_or(until);
    Some(Passed { first: (runs > 1).then_some(first), last, runs: runs - 1, at_least, runs_now })
}

/// The latest run, the one before it, how many there were, and whether that is all.
fn counted(
    times: &Times,
    first: Timestamp,
    until: Timestamp,
) -> (Option<Timestamp>, Option<Timestamp>, u64, bool) {
    let (mut latest, mut before, mut runs) = (first, None, 1);
    while let Some(next) = times.next(latest).filter(|next| *next <= until) {
        if runs == COUNTED {
            // Only the last hour matters beside the count.
            let mut at = until - OPEN;
            let (mut found, mut before) = (None, None);
            for _ in 0..STEPS {
                let Some(next) = times.next(at).filter(|next| *next <= until) else { break };
                before = found.replace(next);
                at = next;
            }
            return (found, before, runs, true);
        }
        before = Some(latest);
        latest = next;
        runs += 1;
    }
    (Some(latest), before, runs, false)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::Plan;

    fn times(body: &str, hash: u64) -> Times {
        let mut map: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(body).unwrap();
        map.insert("name".to_owned(), "x".into());
        map.insert("test_type".to_owned(), "speedtest".into());
        let plan: Plan = serde_json::from_value(map.into()).unwrap();
        Times::of(&plan, hash).unwrap()
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn fs_27_a_month_of_minutes_is_one_span() {
        let times = times(r#"{"interval_seconds": 60}"#, 0);
        let (off, on) = (at("2026-03-01T00:00:00Z"), at("2026-03-31T00:00:00Z"));
        let found = passed(&times, off, on).unwrap();
        assert_eq!((found.runs, found.at_least, found.runs_now), (43_199, false, true));
        assert_eq!(found.first, Some(at("2026-03-01T00:01:00Z")));
        assert_eq!(found.last, at("2026-03-30T23:59:00Z"), "the one at midnight is run");
        let later = passed(&times, off, on + Span::from_secs(31)).unwrap();
        assert_eq!((later.runs, later.last, later.runs_now), (43_200, on, false));
        assert_eq!(passed(&times, off, off + Span::from_secs(59)), None);
        let one = passed(&times, off, off + Span::from_secs(70)).unwrap();
        assert_eq!((one.first, one.runs, one.runs_now), (None, 0, true), "nothing is missed");
    }

    #[test]
    fn fs_27_runs_of_a_cron_are_counted_up_to_a_thousand() {
        let daily = times(r#"{"cron": "30 2 * * *", "zone": "Europe/Berlin"}"#, 0);
        let found = passed(&daily, at("2026-03-01T00:00:00Z"), at("2026-03-05T12:00:00Z")).unwrap();
        assert_eq!((found.runs, found.runs_now), (5, false));
        assert_eq!(found.last, at("2026-03-05T01:30:00Z"));
        let minutes = times(r#"{"cron": "* * * * *"}"#, 0);
        let found =
            passed(&minutes, at("2026-03-01T00:00:00Z"), at("2026-03-31T00:00:10Z")).unwrap();
        assert_eq!((found.runs, found.at_least, found.runs_now), (999, true, true));
        assert_eq!(found.last, at("2026-03-30T23:59:00Z"));
        // A thousand and more, and none in the last hour.
        let mornings = times(r#"{"cron": "* 0-6 * * *"}"#, 0);
        let found =
            passed(&mornings, at("2026-03-01T00:00:00Z"), at("2026-03-31T12:00:00Z")).unwrap();
        assert_eq!((found.runs, found.at_least, found.runs_now), (1000, true, false));
    }

    proptest! {
        #[test]
        fn fs_27_what_passed_equals_counting_by_hand(
            every in 10_u64..5000, hash in any::<u64>(), off in 0_u64..100_000, long in 0_u64..500_000,
        ) {
            let times = times(&format!(r#"{{"interval_seconds": {every}}}"#), hash);
            let after = at("2026-02-25T00:00:00Z") + Span::from_secs(off);
            let until = after + Span::from_secs(long);
            let mut due = Vec::new();
            let mut last = after;
            while let Some(next) = times.next(last).filter(|next| *next <= until) {
                due.push(next);
                last = next;
            }
            let runs_now = due.last().is_some_and(|last| times.last_moment(*last) >= until);
            let missed = if runs_now { &due[..due.len() - 1] } else { &due[..] };
            let found = passed(&times, after, until);
            prop_assert_eq!(found.is_some(), !due.is_empty());
            if let Some(found) = found {
                prop_assert_eq!(found.runs, missed.len() as u64);
                prop_assert_eq!(found.first, missed.first().copied());
                prop_assert_eq!(found.runs_now, runs_now);
                if let Some(last) = missed.last() {
                    prop_assert_eq!(found.last, *last);
                }
            }
        }
    }
}
