//! Growth of counters: what is growth, what is a wrap, and what is a new beginning. Pure.
//!
//! A 32-bit counter that went down has wrapped, unless that much cannot have passed the link; a
//! 64-bit one has begun anew, because it takes 46 years at 100 Gbit/s to wrap. Where the agent or
//! the interface began anew, nothing is known about the time between.

use std::time::Duration;

/// How far an agent's clock may be off before it counts as a restart.
const SLACK: Duration = Duration::from_secs(5);

/// Bits of a counter on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Width {
    /// Counter32.
    Narrow,
    /// Counter64.
    Wide,
}

/// True when the agent began anew between two readings of sysUpTime (in 1/100 s): it says less
/// than it must, the wrap after 497 days counted.
pub(super) fn restarted(before: u32, after: u32, elapsed: Duration) -> bool {
    let slack = SLACK + elapsed / 20;
    let expected = before.wrapping_add(ticks(elapsed));
    // A clock that runs ahead is no beginning, unless it is so far ahead that it is behind.
    let behind = expected.wrapping_sub(after);
    let ahead = after.wrapping_sub(expected);
    behind > ticks(slack) && ahead > ticks(slack + elapsed)
}

fn ticks(time: Duration) -> u32 {
    // Longer than a wrap says nothing; the lower bits are what the agent would show.
    #[expect(clippy::cast_possible_truncation, reason = "the counter wraps in the same way")]
    let ticks = (time.as_millis() / 10) as u32;
    ticks
}

/// How much a counter grew; `None` when it began anew. `most` is what can have passed at most.
pub(super) fn growth(before: u64, after: u64, width: Width, most: Option<f64>) -> Option<u64> {
    if let Some(grown) = after.checked_sub(before) {
        return Some(grown);
    }
    let (Width::Narrow, Ok(before), Ok(after)) =
        (width, u32::try_from(before), u32::try_from(after))
    else {
        return None;
    };
    let grown = after.wrapping_sub(before);
    let most = most.unwrap_or(f64::from(u32::MAX / 2));
    (f64::from(grown) <= most).then_some(u64::from(grown))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn an_agent_that_says_less_than_it_must_began_anew() {
        for (before, after, elapsed, wanted) in [
            (1000, 7000, MINUTE, false),
            (1000, 6800, MINUTE, false), // its clock is slow by 2 s
            (1000, 9000, MINUTE, false), // or ahead by 20 s
            (1000, 300, MINUTE, true),
            (1000, 5900, MINUTE, true), // began 1 s after the first reading
            (u32::MAX - 3000, 2999, MINUTE, false), // the wrap after 497 days
            (u32::MAX - 3000, 10, MINUTE, true), // a restart just then
            (0, 0, MINUTE, true),
            (4_000_000_000, 100, MINUTE, true),
            (100, 100, Duration::from_millis(500), false),
            (100_000, 86_400 * 100 + 100_000, Duration::from_secs(86_400), false),
        ] {
            assert_eq!(restarted(before, after, elapsed), wanted, "{before} {after} {elapsed:?}");
        }
    }

    #[test]
    fn narrow_counters_wrap_and_wide_ones_begin_anew() {
        use Width::{Narrow, Wide};
        let top = u64::from(u32::MAX);
        for (before, after, width, most, wanted) in [
            (5, 15, Narrow, None, Some(10)),
            (5, 5, Wide, None, Some(0)),
            (top - 9, 10, Narrow, None, Some(20)),
            (top, 0, Narrow, None, Some(1)),
            // 4.29 GB in a minute do not fit through 100 Mbit/s: somebody cleared the counters.
            (1000, 0, Narrow, Some(100e6 / 8.0 * 60.0), None),
            (top - 1000, 0, Narrow, Some(100e6 / 8.0 * 60.0), Some(1001)),
            // Without a speed, half a turn is the border.
            (1000, 0, Narrow, None, None),
            (top, top / 2, Narrow, None, None),
            (top, top / 2 - 1, Narrow, None, Some(top / 2)),
            (u64::MAX, 10, Wide, None, None),
            (1000, 0, Wide, None, None),
            (top + 5, 10, Narrow, None, None), // a lie about the width
        ] {
            assert_eq!(growth(before, after, width, most), wanted, "{before} {after} {width:?}");
        }
    }
}
