//! How long an alert has been there, after the program was not.

/// An outage that is longer than this is one in which everything may have changed.
const TOLERANCE: i64 = 3_600_000;
/// After a restart an alert does not fire before this, so that it can be seen to be over.
const GRACE: i64 = 600_000;

/// Since when an alert counts as being there. `active_at` and `seen_at` are from before the outage: the
/// beginning, and the last evaluation that found it; `hold` is the `for` of its rule. None: it begins
/// anew, as it does when `for` is shorter than the time of grace.
#[must_use]
pub const fn restored(active_at: i64, seen_at: i64, now: i64, hold: i64) -> Option<i64> {
    let gone = now.saturating_sub(seen_at);
    if hold < GRACE || gone > TOLERANCE {
        return None;
    }
    let left = hold.saturating_sub(seen_at.saturating_sub(active_at));
    if left <= 0 {
        // It fired; it does so again at once.
        return Some(active_at);
    }
    if left < GRACE {
        return Some(now.saturating_add(GRACE).saturating_sub(hold));
    }
    // The time of the outage does not count.
    Some(active_at.saturating_add(gone))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000;

    #[test]
    fn what_was_before_an_outage_counts_for_an_hour() {
        // active, seen, now, hold in minutes; the result
        let cases = [
            (0, 30, 40, 5, None),
            (0, 30, 91, 20, None),
            (0, 30, 90, 20, Some(0)),
            (0, 15, 20, 20, Some(10)),
            (0, 5, 25, 30, Some(20)),
            (0, 10, 10, 10, Some(0)),
        ];
        for (active, seen, now, hold, expected) in cases {
            let got = restored(active * MINUTE, seen * MINUTE, now * MINUTE, hold * MINUTE);
            assert_eq!(got, expected.map(|at: i64| at * MINUTE), "{active} {seen} {now} {hold}");
        }
    }
}
