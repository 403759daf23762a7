//! When a check changes so often that its changes are no news: Icinga's formula (SPEC D-05).
//!
//! Each of the last 20 results is a change when its state, soft or hard, is another than that of
//! the result before. The changes are weighed, the newest 1.18 and the oldest 0.80 in steps of
//! 0.02, and their sum is a share of 20:
//!
//! | so far | share | then |
//! |---|---|---|
//! | calm | above `start` (30 %) | it flaps |
//! | calm | at `start` or below | calm |
//! | flapping | above `stop` (25 %) | it flaps |
//! | flapping | at `stop` or below | calm |
//!
//! What is not switched on, and what gave no result for too long, is calm with nothing remembered.
//! Source: `Checkable::UpdateFlappingStatus` of Icinga 2, `lib/icinga/checkable-flapping.cpp`.

use crate::model::{Flap, FlapLimits, State, Status};

/// How many results are remembered.
const RESULTS: u32 = 20;

/// The share of change in hundredths of a per cent, 0 to 99.00 %.
#[must_use]
pub fn share(changes: u32) -> u32 {
    // 100 % x (0.80 + 0.02 i) / 20 for each, where the oldest has i = 0.
    (0..RESULTS).filter(|age| changes & (1 << age) != 0).map(|age| 590 - 10 * age).sum()
}

/// What is remembered after a result of `state`; `before` is the status that it found.
#[must_use]
pub fn after(before: &Status, state: State, limits: Option<FlapLimits>) -> Flap {
    let Some(limits) = limits else { return Flap::default() };
    let changed = !before.is_waiting() && before.state != state;
    let kept = (before.flap.changes << 1) & ((1 << RESULTS) - 1);
    let changes = kept | u32::from(changed);
    let limit = if before.flap.active { limits.stop } else { limits.start };
    Flap { changes, active: share(changes) > 100 * u32::from(limit) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;

    fn run(results: &[State], limits: Option<FlapLimits>) -> Vec<Flap> {
        let mut status = Status::waiting(Timestamp::default());
        let one = |state: &State| {
            status.flap = after(&status, *state, limits);
            (status.state, status.hard) = (*state, true);
            status.flap
        };
        results.iter().map(one).collect()
    }

    fn letters(text: &str) -> Vec<State> {
        let state = |letter| match letter {
            'o' => State::Ok,
            'w' => State::Warning,
            'u' => State::Unknown,
            _ => State::Critical,
        };
        text.chars().map(state).collect()
    }

    #[test]
    fn d_05_the_share_is_weighed_by_age() {
        for (changes, wanted) in [
            (0, 0),
            // The newest: 1.18 of 20; the oldest: 0.80 of 20.
            (1, 590),
            (1 << 19, 400),
            (0b11_1111, 6 * 590 - 150),
            (0b1_1111, 5 * 590 - 100),
            ((1 << 20) - 1, 9900),
            // What is older than 20 results does not count.
            (u32::MAX, 9900),
        ] {
            assert_eq!(share(changes), wanted, "{changes:b}");
        }
    }

    #[test]
    fn d_05_it_begins_above_30_and_stops_at_25() {
        let limits = Some(FlapLimits::default());
        let begins = |text: &str| run(&letters(text), limits).iter().position(|flap| flap.active);
        // 5 changes in a row are 28.5 %, 6 are 33.9 %; the first result is no change.
        assert_eq!(begins("ococococ"), Some(6));
        assert_eq!(begins("ococoooooooo"), None);
        assert_eq!(begins("ocwucwo"), Some(6), "from problem to problem is a change, too");
        let mut story = letters("ocococo");
        story.extend([State::Ok; 30]);
        let flaps = run(&story, limits);
        let stopped = flaps.iter().skip(6).position(|flap| !flap.active);
        // 33.9 % lose 0.6 points with each quiet result, and the 15th loses the oldest change.
        assert_eq!(stopped, Some(15));
        assert_eq!([share(flaps[20].changes), share(flaps[21].changes)], [2550, 2100]);
        assert!(flaps[36].is_calm(), "and in the end nothing is remembered");
    }

    #[test]
    fn d_05_exactly_at_a_limit_does_not_begin_and_does_not_go_on() {
        let limits = Some(FlapLimits::default());
        let mut status = Status { hard: true, state: State::Ok, ..Status::default() };
        let bits = |ages: &[u32]| ages.iter().map(|age| 1 << age).sum::<u32>();
        for (active, ages, percent, wanted) in [
            (false, &[6, 7, 8, 10, 11, 12][..], 3000, false),
            (false, &[6, 7, 8, 10, 11, 13], 2990, false),
            (false, &[6, 7, 8, 10, 11, 12, 19], 3400, true),
            (false, &[5, 7, 8, 10, 11, 12], 3010, true),
            (true, &[7, 8, 9, 10, 11], 2500, false),
            (true, &[6, 8, 9, 10, 11], 2510, true),
        ] {
            assert_eq!(share(bits(ages)), percent);
            status.flap = Flap { changes: bits(ages) >> 1, active };
            assert_eq!(after(&status, State::Ok, limits).active, wanted, "{active} {ages:?}");
        }
    }

    #[test]
    fn d_05_switched_off_nothing_flaps_and_nothing_is_remembered() {
        assert!(run(&letters("ocococococococ"), None).iter().all(Flap::is_calm));
    }
}
