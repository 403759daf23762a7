//! Whether what waits for a destination goes one by one, waits, or is told as one: pure, from how
//! much waits, since when, and what went before.
//!
//! | what | goes |
//! |---|---|
//! | the valve: with what went in the last [`WINDOW`], no more than the limit | one by one |
//! | more, and the last came within [`QUIET`], unless the oldest waits for [`PATIENCE`] | waits |
//! | more, and a digest went less than [`BETWEEN`] ago | waits |
//! | more otherwise | as one |
//! | a group: the oldest waits for less than `group_wait`, or the group was told less than `group_interval` ago | waits |
//! | a group otherwise: one alert, or several | one by one, as one |
//! | acknowledgements that ran out within [`RENEWAL`] | wait for the last of them that is known, then as a group |

use crate::model::{Grouping, Span, Timestamp};

/// The time over which the valve counts.
pub const WINDOW: Span = Span::from_secs(60);
/// Nothing came for so long: the first wave is over.
pub const QUIET: Span = Span::from_secs(1);
/// The longest that the end of a wave is waited for.
pub const PATIENCE: Span = Span::from_secs(5);
/// The shortest time between two digests of the valve.
pub const BETWEEN: Span = Span::from_secs(30);

/// Acknowledgements that run out within so long are renewed together.
pub const RENEWAL: Span = Span::from_secs(5 * 60);

/// How long after its end it is known of the last of them.
const SEEN: Span = Span::from_secs(2);

/// Acknowledgements that are renewed together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Renewal {
    /// When the first of them ran out.
    pub began: Timestamp,
    /// When the last of them runs out.
    pub last: Timestamp,
}

impl Renewal {
    /// When they are told; one without others waits for nothing.
    #[must_use]
    pub fn goes(&self, now: Timestamp) -> Timestamp {
        if self.last > self.began { now.max(self.last + SEEN) } else { now }
    }
}

/// What an acknowledgement is renewed with that ran out at `ended`: `open` is what the one before it
/// was, `ends` when those run out that are still in force.
#[must_use]
pub fn renewal(
    open: Option<Renewal>,
    ended: Timestamp,
    ends: impl IntoIterator<Item = Timestamp>,
) -> Renewal {
    // After a time without an engine they come in any order.
    let belongs = |open: &Renewal| open.began < ended + RENEWAL && ended <= open.last;
    if let Some(open) = open.filter(belongs) {
        return open;
    }
    let with = ends.into_iter().filter(|end| *end > ended && *end < ended + RENEWAL);
    Renewal { began: ended, last: with.max().unwrap_or(ended) }
}

/// What waits to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pile {
    /// Notifications.
    pub rows: usize,
    /// Alerts that they are of.
    pub alerts: usize,
    /// When the first of them came.
    pub oldest: Timestamp,
    /// When the last of them came.
    pub newest: Timestamp,
}

/// How a pile goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// One by one.
    Alone,
    /// Not yet.
    Wait,
    /// As one digest.
    Together,
}

/// The storm valve of a destination: `limit` notifications in [`WINDOW`]; `recent` went in it or
/// are on their way, and `last` is when a digest went.
#[must_use]
pub fn valve(
    limit: usize,
    recent: usize,
    pile: &Pile,
    last: Option<Timestamp>,
    now: Timestamp,
) -> Way {
    if recent.saturating_add(pile.rows) <= limit {
        return Way::Alone;
    }
    let settled = pile.newest + QUIET <= now || pile.oldest + PATIENCE <= now;
    if settled && is_past(last, BETWEEN, now) { Way::Together } else { Way::Wait }
}

/// A group: `last` is when it was told.
#[must_use]
pub fn group(rule: &Grouping, pile: &Pile, last: Option<Timestamp>, now: Timestamp) -> Way {
    if pile.oldest + rule.wait > now || !is_past(last, rule.interval, now) {
        return Way::Wait;
    }
    if pile.alerts > 1 { Way::Together } else { Way::Alone }
}

/// A moment that lies ahead was written before the clock was set back: nothing waits for it.
fn is_past(last: Option<Timestamp>, span: Span, now: Timestamp) -> bool {
    last.is_none_or(|last| last > now || last + span <= now)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(1_000_000_000 + millis)
    }

    fn pile(rows: usize, oldest: i64, newest: i64) -> Pile {
        Pile { rows, alerts: rows, oldest: at(oldest), newest: at(newest) }
    }

    #[test]
    fn the_valve() {
        let now = at(10_000);
        for (limit, recent, waits, last, way, why) in [
            (30, 0, pile(30, 9_999, 9_999), None, Way::Alone, "as many as may"),
            (30, 0, pile(31, 9_999, 9_999), None, Way::Wait, "one more, just now"),
            (30, 0, pile(3_000, 9_001, 9_001), None, Way::Wait, "a millisecond too early"),
            (30, 0, pile(3_000, 9_000, 9_000), None, Way::Together, "all in one second"),
            (30, 0, pile(3_000, 5_000, 10_000), None, Way::Together, "still coming after 5 s"),
            (30, 0, pile(3_000, 5_001, 9_999), None, Way::Wait, "still coming"),
            (30, 29, pile(1, 9_999, 9_999), None, Way::Alone, "the last that may"),
            (30, 30, pile(1, 9_000, 9_000), None, Way::Together, "those before count"),
            (30, 30, pile(9, 0, 0), Some(-19_999), Way::Wait, "a digest went just now"),
            (30, 30, pile(9, 0, 0), Some(-20_000), Way::Together, "half a minute ago"),
            (30, 30, pile(9, 0, 0), Some(90_000), Way::Together, "the clock was set back"),
            (1, 0, pile(1, 0, 0), None, Way::Alone, "one is no storm"),
            (usize::MAX, 9, pile(usize::MAX, 0, 0), None, Way::Alone, "no limit"),
        ] {
            assert_eq!(valve(limit, recent, &waits, last.map(at), now), way, "{why}");
        }
    }

    #[test]
    fn acknowledgements_that_end_within_five_minutes_are_renewed_together() {
        let minute = |minutes: i64| at(minutes * 60_000);
        let open = |began, last| Some(Renewal { began: minute(began), last: minute(last) });
        let none: &[i64] = &[];
        for (before, ended, ends, began, last, why) in [
            (None, 10, none, 10, 10, "alone"),
            (None, 10, &[12, 14, 300], 10, 14, "with those that end soon"),
            (None, 10, &[15], 10, 10, "five minutes later is not soon"),
            (None, 10, &[9, 10], 10, 10, "what is over is waited for by nobody"),
            (open(10, 14), 12, &[14, 16], 10, 14, "the second belongs to the first"),
            (open(10, 14), 14, &[16], 10, 14, "the last as well"),
            (open(10, 14), 15, &[16], 15, 16, "then others begin"),
            (open(10, 14), 6, none, 10, 14, "all at once after a time without an engine"),
            (open(10, 14), 5, none, 5, 5, "but none of long before"),
            (open(10, 10), 10, none, 10, 10, "several at the same moment"),
        ] {
            let ends = ends.iter().map(|end| minute(*end));
            let wanted = Renewal { began: minute(began), last: minute(last) };
            assert_eq!(renewal(before, minute(ended), ends), wanted, "{why}");
        }
        let now = minute(10) + Span::from_millis(300);
        let alone = Renewal { began: minute(10), last: minute(10) };
        assert_eq!(alone.goes(now), now, "one alone waits for nothing");
        let two = Renewal { last: minute(12), ..alone };
        assert_eq!(two.goes(now), minute(12) + SEEN);
        assert_eq!(two.goes(minute(20)), minute(20), "never before it is known");
    }

    #[test]
    fn a_group() {
        let now = at(100_000);
        for (wait, interval, waits, last, way, why) in [
            (0, 300, pile(1, 100_000, 100_000), None, Way::Alone, "the first goes at once"),
            (0, 300, pile(2, 100_000, 100_000), None, Way::Together, "two at once"),
            (30, 300, pile(2, 70_001, 90_000), None, Way::Wait, "others may come"),
            (30, 300, pile(2, 70_000, 100_000), None, Way::Together, "long enough"),
            (0, 60, pile(9, 50_000, 60_000), Some(40_001), Way::Wait, "told just now"),
            (0, 60, pile(9, 50_000, 60_000), Some(40_000), Way::Together, "told before"),
            (0, 60, pile(1, 50_000, 60_000), Some(40_000), Way::Alone, "one more of it"),
            (0, 60, pile(2, 50_000, 60_000), Some(100_001), Way::Together, "a clock set back"),
        ] {
            let rule = Grouping {
                by: Vec::new(),
                wait: Span::from_secs(wait),
                interval: Span::from_secs(interval),
            };
            assert_eq!(group(&rule, &waits, last.map(at), now), way, "{why}");
        }
        let same = Pile { alerts: 1, ..pile(3, 0, 0) };
        let rule = Grouping { by: Vec::new(), wait: Span::ZERO, interval: Span::ZERO };
        assert_eq!(group(&rule, &same, None, now), Way::Alone, "three of one alert, in order");
    }

    #[test]
    fn a_group_that_was_told_just_now_waits_its_interval() {
        let now = Timestamp::from_millis(1_000_000);
        let rule = Grouping { by: Vec::new(), wait: Span::ZERO, interval: Span::from_secs(60) };
        let pile = Pile { rows: 1, alerts: 1, oldest: now, newest: now };
        let way = |last| group(&rule, &pile, last, now);
        assert_eq!((way(Some(now)), way(None)), (Way::Wait, Way::Alone));
        assert_eq!(way(Some(now + Span::from_secs(1))), Way::Alone, "the clock was set back");
    }
}
