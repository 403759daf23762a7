//! Which maintenance windows cover a check at a moment, and what that means for its alert. The caller
//! adds what [`super::reach`] says.
//!
//! | windows in effect over the check | in maintenance | suppressed (SPEC D-03) |
//! |---|---|---|
//! | none | no | no |
//! | only such with `suppress_notifications = false` | yes | no |
//! | at least one with `suppress_notifications = true` | yes | yes |
//!
//! Start is inside, end is outside (FM-30). A window that was over before it was made suppresses
//! nothing (D-30): it is in effect at no moment.

use super::reach::Reach;
use crate::model::{Check, CheckKey, Maintenance, SafeText, Span, Timestamp};

/// How windows cover one check at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Cover {
    /// Some window covers it.
    pub in_maintenance: bool,
    /// Some covering window hides it and sends nothing.
    pub suppressed: bool,
    /// The name of the window that decides; when none covers it, of the one that ended last.
    pub window: Option<SafeText>,
    /// The next moment at which a window begins or ends over it.
    pub changes_at: Option<Timestamp>,
    /// Whether its host can be reached.
    pub reach: Reach,
    /// When the last run of the check began, on the engine's own scale of time.
    pub began: Option<Timestamp>,
    /// Hosts that cannot be reached without the one that it tells of.
    pub behind: usize,
    /// Paging is held.
    pub held: bool,
}

impl Cover {
    fn change(&mut self, at: Timestamp) {
        self.changes_at = Some(self.changes_at.map_or(at, |known| known.min(at)));
    }
}

/// How `windows` cover a check at `wall`.
#[must_use]
pub fn cover<'a>(
    windows: impl IntoIterator<Item = &'a Maintenance>,
    check: &CheckKey,
    wall: Timestamp,
) -> Cover {
    let mut cover = Cover::default();
    let mut ended: Option<(Timestamp, &Maintenance)> = None;
    for window in windows {
        if window.covers(&check.host, &check.name, wall) {
            if (window.suppress_notifications && !cover.suppressed) || !cover.in_maintenance {
                cover.window = Some(window.name.clone());
            }
            cover.in_maintenance = true;
            cover.suppressed |= window.suppress_notifications;
            cover.change(window.end);
        } else if !could_cover(window, check) {
            // Another host's or check's window.
        } else {
            let comes = wall < window.start && window.start < window.end;
            if comes {
                cover.change(window.start);
            }
            // One that repeats is at its next occurrence when one has ended.
            let end = if comes { window.previous.map(|was| was.end) } else { Some(window.end) };
            if let Some(end) = end.filter(|end| ended.is_none_or(|(last, _)| last < *end)) {
                ended = Some((end, window));
            }
        }
    }
    if !cover.in_maintenance {
        cover.window = ended.map(|(_, window)| window.name.clone());
    }
    cover
}

fn could_cover(window: &Maintenance, check: &CheckKey) -> bool {
    window.names(&check.host, &check.name)
}

/// The longest that a check is run before a window ends.
pub const LEAD: Span = Span::from_secs(900);

/// When a check under a suppressing window is run again, so that its state is known at the window's
/// end (SPEC D-04): one interval before. Where the interval is longer than a state takes to become
/// hard, that long before: a result of an hour ago would say nothing of the work that was done
/// since. Never before the window, and never more than [`LEAD`] before its end.
#[must_use]
pub fn recheck_at(window: &Maintenance, check: &Check) -> Timestamp {
    let attempts = u64::from(check.attempts.max(1));
    let hardens = check.timeout.millis().saturating_mul(attempts);
    let hardens = hardens.saturating_add(check.retry.millis().saturating_mul(attempts - 1));
    let lead = check.interval.min(Span::from_millis(hardens)).min(LEAD);
    (window.end - lead).max(window.start)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::MaintenanceId;
    use crate::model::spec::{PingSpec, Spec};

    fn window(name: &str, pattern: &str, start: i64, end: i64, suppress: bool) -> Maintenance {
        Maintenance {
            id: MaintenanceId::from_parts(start, [1; 10]),
            name: SafeText::line(name),
            host_pattern: pattern.parse().ok(),
            check: None,
            hosts: std::collections::BTreeSet::new(),
            checks: std::collections::BTreeSet::new(),
            start: Timestamp::from_millis(start),
            end: Timestamp::from_millis(end),
            children: None,
            recurrence: None,
            previous: None,
            suppress_notifications: suppress,
            created_by: None,
            author: SafeText::line("noc"),
            created: Timestamp::from_millis(0),
        }
    }

    fn at(windows: &[Maintenance], millis: i64) -> Cover {
        cover(windows, &CheckKey::new("db-1", "cpu"), Timestamp::from_millis(millis))
    }

    #[test]
    fn fm_28_a_window_covers_only_what_its_pattern_names() {
        let windows = [window("db", "db-*", 10, 20, true), window("web", "web-*", 0, 99, true)];
        assert!(at(&windows, 15).suppressed);
        assert_eq!(at(&windows, 25).window, Some(SafeText::line("db")));
        assert_eq!(at(&windows, 25).changes_at, None, "the other host's window is not ours");
        let mut only_ping = window("ping", "db-*", 0, 99, true);
        only_ping.check = "ping".parse().ok();
        assert!(!at(&[only_ping], 15).in_maintenance);
    }

    #[test]
    fn fm_30_start_is_covered_and_end_is_not() {
        let windows = [window("db", "db-*", 10, 20, true)];
        let covered = [9, 10, 19, 20].map(|millis| at(&windows, millis).suppressed);
        assert_eq!(covered, [false, true, true, false]);
        assert_eq!(at(&windows, 9).changes_at, Some(Timestamp::from_millis(10)));
        assert_eq!(at(&windows, 10).changes_at, Some(Timestamp::from_millis(20)));
    }

    #[test]
    fn d_03_one_suppressing_window_is_enough() {
        let loud = window("loud", "db-*", 0, 30, false);
        let quiet = window("quiet", "*", 10, 20, true);
        for windows in [[loud.clone(), quiet.clone()], [quiet, loud]] {
            let flags =
                |millis| (at(&windows, millis).in_maintenance, at(&windows, millis).suppressed);
            assert_eq!(
                [flags(5), flags(15), flags(25)],
                [(true, false), (true, true), (true, false)]
            );
            assert_eq!(at(&windows, 15).window, Some(SafeText::line("quiet")));
        }
    }

    #[test]
    fn the_first_of_two_alike_decides_and_the_last_that_ended_is_named() {
        for suppress in [true, false] {
            let two = [window("one", "db-*", 0, 30, suppress), window("two", "*", 0, 30, suppress)];
            assert_eq!(at(&two, 10).window, Some(SafeText::line("one")));
        }
        let (early, late) = (window("early", "*", 10, 20, true), window("late", "*", 12, 25, true));
        for two in [[early.clone(), late.clone()], [late, early]] {
            assert_eq!(at(&two, 30).window, Some(SafeText::line("late")));
        }
        let two = [window("one", "*", 5, 20, true), window("two", "*", 10, 20, true)];
        assert_eq!(at(&two, 30).window, Some(SafeText::line("one")), "at the same time");
        let empty = [window("empty", "*", 30, 30, true)];
        assert_eq!(at(&empty, 10).changes_at, None, "it is in effect at no moment");
    }

    #[test]
    fn d_30_a_window_that_never_was_in_effect_changes_nothing() {
        let windows = [window("past", "*", 20, 10, true)];
        assert_eq!([5, 15, 25].map(|millis| at(&windows, millis).in_maintenance), [false; 3]);
        assert_eq!(at(&windows, 5).changes_at, None);
    }

    #[test]
    fn d_04_the_recheck_is_one_interval_before_the_end_or_as_long_as_a_state_takes_to_be_hard() {
        let at = |start: i64, interval: u64, attempts: u32| {
            let spec = Spec::Ping(PingSpec::default());
            let mut check = Check::new("db-1", "ping", "127.0.0.1", spec);
            (check.interval, check.attempts) = (Span::from_secs(interval), attempts);
            (check.timeout, check.retry) = (Span::from_secs(10), Span::from_secs(15));
            recheck_at(&window("w", "*", start, 10_000_000, true), &check).millis() / 1000
        };
        // The window ends at 10,000 s; three attempts are hard after 60 s, one after 10 s.
        let long = [30, 60, 3600].map(|interval| at(0, interval, 3));
        assert_eq!(long, [9970, 9940, 9940]);
        assert_eq!(at(0, 3600, 1), 9990);
        assert_eq!(at(0, 86_400, 1000), 9100, "at most a quarter of an hour");
        assert_eq!(at(9_970_000, 60, 3), 9970, "not before the window");
    }
}
