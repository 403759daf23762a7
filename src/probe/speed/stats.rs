//! The figures of a speedtest from what was counted; pure.

use std::time::Duration;

/// The share of the time that a transfer is given to reach its speed.
const SLOW_START_SHARE: f64 = 0.2;
/// The longest that it is given.
const SLOW_START: Duration = Duration::from_secs(3);
/// A transfer without progress for this long has stalled.
const STALL: Duration = Duration::from_secs(5);

/// How much had been moved at a moment since the first byte.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Sample {
    pub at: Duration,
    pub bytes: u64,
}

/// The median; of an even number the mean of the two in the middle.
pub(super) fn median(values: &[f64]) -> Option<f64> {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|one| one.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    let upper = *sorted.get(middle)?;
    if sorted.len() % 2 == 1 {
        return Some(upper);
    }
    sorted.get(middle.checked_sub(1)?).map(|lower| f64::midpoint(*lower, upper))
}

/// The mean difference of successive values; none of fewer than two.
#[expect(clippy::cast_precision_loss, reason = "a few hundred values at most")]
pub(super) fn jitter(values: &[f64]) -> Option<f64> {
    let steps = values.iter().zip(values.iter().skip(1)).map(|(a, b)| (b - a).abs());
    let (sum, count) = steps.fold((0.0, 0_usize), |(sum, count), step| (sum + step, count + 1));
    (count > 0).then(|| sum / count as f64)
}

/// How many of `tries` gave no value, in per cent; none of no tries.
#[expect(clippy::cast_precision_loss, reason = "a few hundred values at most")]
pub(super) fn loss(tries: usize, answered: usize) -> Option<f64> {
    (tries > 0).then(|| (tries.saturating_sub(answered)) as f64 * 100.0 / tries as f64)
}

/// What of a transfer of this length is its slow start: the first 20 %, at most 3 s. TCP begins
/// with a few packets and doubles them each round trip; a mean over all of it would be the less the
/// shorter the test is.
pub(super) fn slow_start(length: Duration) -> Duration {
    length.mul_f64(SLOW_START_SHARE).min(SLOW_START)
}

/// How long a transfer of this length may be without progress.
pub(super) fn patience(length: Duration) -> Duration {
    (length / 2).clamp(Duration::from_secs(2), STALL)
}

/// Mbit/s of so many bytes in that time; none of no time.
#[expect(clippy::cast_precision_loss, reason = "bytes of one test are below 2^53")]
pub(super) fn mbps(bytes: u64, time: Duration) -> Option<f64> {
    (!time.is_zero()).then(|| bytes as f64 * 8.0 / 1e6 / time.as_secs_f64())
}

/// The rate without the slow start of a transfer of that length: from the first sample after it to
/// the last one. While there is none it is the rate of what there is.
pub(super) fn steady(samples: &[Sample], length: Duration) -> Option<f64> {
    let (first, last) = (samples.first()?, samples.last()?);
    let after = slow_start(length);
    let begin = samples.iter().find(|sample| sample.at >= after);
    let begin = begin.filter(|sample| sample.at < last.at).unwrap_or(first);
    mbps(last.bytes.saturating_sub(begin.bytes), last.at.saturating_sub(begin.at))
}

/// Milliseconds.
pub(super) fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// Whole milliseconds.
pub(super) fn whole_millis(time: Duration) -> u32 {
    u32::try_from(time.as_millis()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::speed::Grade;

    #[test]
    fn the_median_is_the_middle_one() {
        for (values, middle) in [
            (&[][..], None),
            (&[3.0], Some(3.0)),
            (&[9.0, 1.0], Some(5.0)),
            (&[9.0, 1.0, 2.0], Some(2.0)),
            (&[4.0, 1.0, 3.0, 100.0], Some(3.5)),
            (&[f64::NAN, 1.0], Some(1.0)),
        ] {
            assert_eq!(median(values), middle, "{values:?}");
        }
    }

    #[test]
    fn jitter_and_loss_are_of_what_there_is() {
        assert_eq!(jitter(&[]), None);
        assert_eq!(jitter(&[5.0]), None);
        assert_eq!(jitter(&[5.0, 7.0, 4.0]), Some(2.5));
        assert_eq!((loss(0, 0), loss(10, 10), loss(10, 7)), (None, Some(0.0), Some(30.0)));
    }

    #[test]
    fn the_slow_start_is_a_fifth_and_three_seconds_at_most() {
        for (length, start) in [(2.0, 0.4), (10.0, 2.0), (15.0, 3.0), (60.0, 3.0)] {
            let start = Duration::from_secs_f64(start);
            assert_eq!(slow_start(Duration::from_secs_f64(length)), start, "{length}");
        }
        for (length, silent) in [(1, 2), (8, 4), (10, 5), (60, 5)] {
            assert_eq!(patience(Duration::from_secs(length)), Duration::from_secs(silent));
        }
    }

    #[test]
    fn a_rate_is_without_the_slow_start() {
        let length = Duration::from_secs(10);
        // 10 Mbit/s for two seconds, 80 from then on.
        let samples: Vec<Sample> = (0..=40)
            .map(|quarter: u64| {
                let slow = quarter.min(8) * 312_500;
                let fast = quarter.saturating_sub(8) * 2_500_000;
                Sample { at: Duration::from_millis(quarter * 250), bytes: slow + fast }
            })
            .collect();
        assert_eq!(steady(&samples, length), Some(80.0));
        // All of it would say less.
        let whole = samples.last().and_then(|last| mbps(last.bytes, last.at));
        assert_eq!(whole, Some(66.0));
        // While it lasts it is what there is.
        assert_eq!(steady(&samples[..5], length), Some(10.0));
        assert_eq!(steady(&samples[..1], length), None);
        assert_eq!(steady(&[], length), None);
    }

    #[test]
    fn a_grade_is_of_what_the_load_adds() {
        for (idle, loaded, word) in [(20.0, 22.0, "A+"), (20.0, 75.0, "B"), (1.0, 500.0, "F")] {
            assert_eq!(Grade::of(loaded - idle).word(), word);
        }
    }
}
