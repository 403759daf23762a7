//! The time that a graph shows: windows that move in steps, and windows that grow.

use crate::model::{Span, Timestamp};

/// The window of `range` that holds `now` and ends at a full step, so that it rarely moves.
#[must_use]
pub fn window(range: Span, now: Timestamp) -> (Timestamp, Timestamp) {
    let step = i64::try_from(range.millis() / 15).unwrap_or(60_000).max(1000);
    let end = now.millis().div_euclid(step).saturating_add(1).saturating_mul(step);
    let end = Timestamp::from_millis(end);
    (end - range, end)
}

/// While less than the shortest range has been seen, the graph grows with it: the name of the
/// window, and the window, which begins where the numbers do and stands still until it is full.
#[must_use]
pub fn growing(first: Timestamp, now: Timestamp) -> Option<(&'static str, Timestamp, Timestamp)> {
    let start = Timestamp::from_millis(first.millis().div_euclid(10_000) * 10_000);
    [("2 min", Span::from_secs(120)), ("5 min", Span::from_secs(300))]
        .into_iter()
        .map(|(name, range)| (name, start, start + range))
        .find(|(_, _, end)| now < *end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_ends_at_a_full_step() {
        let now = Timestamp::from_millis(1_000_030_000);
        let (from, to) = window(Span::from_secs(900), now);
        assert_eq!(to.millis() % 60_000, 0);
        assert_eq!(to.since(from), Span::from_secs(900));
        assert!(to > now && to.since(now) <= Span::from_secs(60));
        assert_eq!(window(Span::from_secs(900), now + Span::from_secs(5)), (from, to));
    }

    #[test]
    fn a_graph_grows_with_what_was_seen() {
        let at = |secs: i64| Timestamp::from_millis(secs * 1000);
        let seen = |now| growing(at(1007), at(now));
        assert_eq!(seen(1008), Some(("2 min", at(1000), at(1120))));
        assert_eq!(seen(1119), Some(("2 min", at(1000), at(1120))));
        assert_eq!(seen(1120), Some(("5 min", at(1000), at(1300))));
        assert_eq!(seen(1300), None);
    }
}
