//! When a destination is asked again, and how old a notification may be: pure.

use crate::model::hash::fnv1a;
use crate::model::{Span, Timestamp};
use crate::notify::Late;

/// Longest wait between two tries.
const CAP: Span = Span::from_secs(60);
/// Failures in a row after which a destination is held to be down. Fewer may be the fault of one
/// notification, which must not hold the others.
const DOWN: u32 = 3;
/// A notification that is older says that it is late.
pub(super) const LATE: Span = Span::from_secs(3600);
/// One that is older is not sent any more.
const TOO_OLD: Span = Span::from_secs(24 * 3600);

/// The way to one destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) struct Lane {
    /// Failures in a row.
    failures: u32,
    /// While it is down, when it is asked again.
    again: Option<Timestamp>,
}

impl Lane {
    /// How many deliveries may be under way: while the destination is down one at a time, and none
    /// before its time.
    pub(super) fn free(&self, now: Timestamp, width: usize) -> usize {
        match self.again {
            Some(again) if self.failures >= DOWN => usize::from(again <= now),
            _ => width,
        }
    }

    /// It took one. True when it had failed before, so that what waits need wait no longer.
    pub(super) fn sent(&mut self) -> bool {
        let failed = self.failures > 0;
        *self = Self::default();
        failed
    }

    /// It did not take one, and `wait` is the time until that one's next try.
    pub(super) fn failed(&mut self, now: Timestamp, wait: Span) {
        self.failures = self.failures.saturating_add(1);
        self.again = Some(now + wait);
    }

    /// True when there is nothing to remember.
    pub(super) fn is_clear(&self) -> bool {
        self.failures == 0
    }
}

/// 1 s, 2 s, 4 s ... 60 s, each up to a fifth less by the key, so that not all come at once.
pub(super) fn backoff(tries: u32, key: &str) -> Span {
    let full = Span::from_secs(1_u64.checked_shl(tries.min(6)).unwrap_or(64)).min(CAP).millis();
    let hash = fnv1a(format!("{key}/{tries}").as_bytes());
    Span::from_millis(full - full / 5 * (hash % 1000) / 1000)
}

/// Whether a notification of what happened at `at` is late; `None` when it is too old.
pub(super) fn lateness(at: Timestamp, now: Timestamp) -> Option<Late> {
    match now.since(at) {
        age if age > TOO_OLD => None,
        age if age > LATE => Some(Late::Delayed),
        _ => Some(Late::Fresh),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    #[test]
    fn one_bad_notification_holds_nothing_and_a_dead_destination_is_asked_by_one() {
        let mut lane = Lane::default();
        lane.failed(at(0), Span::from_secs(1));
        lane.failed(at(0), Span::from_secs(1));
        assert_eq!(lane.free(at(0), 8), 8);
        assert!(lane.sent(), "what waits is released");
        assert!(!lane.sent());
        for _ in 0..3 {
            lane.failed(at(0), Span::from_secs(4));
        }
        assert_eq!((lane.free(at(3), 8), lane.free(at(4), 8)), (0, 1));
        assert!(lane.sent());
        assert_eq!(lane.free(at(4), 8), 8);
    }

    #[test]
    fn waits_grow_to_a_minute_and_differ_by_key() {
        for (tries, most) in [(0, 1_000), (1, 2_000), (5, 32_000), (6, 60_000), (1000, 60_000)] {
            let wait = backoff(tries, "a").millis();
            assert!(wait <= most && wait >= most * 4 / 5, "{tries}: {wait}");
        }
        let waits: std::collections::BTreeSet<u64> =
            (0..100).map(|n| backoff(6, &n.to_string()).millis()).collect();
        assert!(waits.len() > 50, "{waits:?}");
    }

    #[test]
    fn what_is_old_says_so_and_what_is_a_day_old_stays() {
        assert_eq!(lateness(at(0), at(3600)), Some(Late::Fresh));
        assert_eq!(lateness(at(0), at(3601)), Some(Late::Delayed));
        assert_eq!(lateness(at(0), at(86_401)), None);
        assert_eq!(lateness(at(10), at(0)), Some(Late::Fresh), "a clock that was set back");
    }
}
