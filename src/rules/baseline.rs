//! The baseline of a vantage and a target: the median of each direction over the last 14 days
//! (SPEC FS-33, FS-34).

use crate::model::schedule::BASELINE_DAYS;
use crate::model::{Baseline, Baselines, Span, Timestamp};

/// What a baseline needs of a result that measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// When it was measured.
    pub at: Timestamp,
    /// From the target, in Mbit/s.
    pub download: Option<f64>,
    /// To the target, in Mbit/s.
    pub upload: Option<f64>,
    /// Whether a window covered it: then it does not count.
    pub in_maintenance: bool,
}

/// The first moment that counts for a baseline that is made at `now`.
#[must_use]
pub fn since(now: Timestamp) -> Timestamp {
    now - Span::from_secs(u64::from(BASELINE_DAYS) * 86_400)
}

/// The baselines at `now`: of what was measured from 14 days before it up to it, outside maintenance.
/// What is no sensible number is no result. Without any result a direction has none.
#[must_use]
pub fn baseline(results: impl IntoIterator<Item = Sample>, now: Timestamp) -> Baselines {
    let from = since(now);
    let counts = |sample: &Sample| !sample.in_maintenance && sample.at >= from && sample.at < now;
    let sane = |value: &f64| value.is_finite() && *value >= 0.0;
    let (mut download, mut upload) = (Vec::new(), Vec::new());
    for sample in results.into_iter().filter(counts) {
        download.extend(sample.download.filter(sane));
        upload.extend(sample.upload.filter(sane));
    }
    Baselines { download: made(&mut download, now), upload: made(&mut upload, now) }
}

fn made(values: &mut [f64], at: Timestamp) -> Option<Baseline> {
    let count = u32::try_from(values.len()).unwrap_or(u32::MAX);
    Some(Baseline { count, median: median(values)?, at })
}

/// The middle one; of an even count the mean of the two in the middle.
fn median(values: &mut [f64]) -> Option<f64> {
    let middle = values.len() / 2;
    let is_even = values.len().is_multiple_of(2);
    if values.is_empty() {
        return None;
    }
    let (below, upper, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    let upper = *upper;
    let lower = below.iter().copied().max_by(f64::total_cmp).filter(|_| is_even);
    Some(lower.map_or(upper, |lower| f64::midpoint(lower, upper)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DAY: i64 = 86_400_000;
    const NOW: Timestamp = Timestamp::from_millis(1_772_000_000_000);

    fn sample(at: i64, download: f64) -> Sample {
        let at = Timestamp::from_millis(at);
        Sample { at, download: Some(download), upload: None, in_maintenance: false }
    }

    fn of(values: &[f64]) -> Option<(u32, f64)> {
        let made = baseline(values.iter().map(|value| sample(NOW.millis() - 1, *value)), NOW);
        made.download.map(|one| (one.count, one.median))
    }

    #[test]
    fn fs_33_the_median_of_odd_and_even_counts() {
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[5.0]), Some((1, 5.0)));
        assert_eq!(of(&[9.0, 1.0]), Some((2, 5.0)));
        assert_eq!(of(&[9.0, 1.0, 2.0]), Some((3, 2.0)));
        assert_eq!(of(&[9.0, 1.0, 2.0, 4.0]), Some((4, 3.0)));
    }

    #[test]
    fn fs_33_fourteen_days_up_to_now_and_no_maintenance() {
        let now = NOW.millis();
        let results = [
            sample(now - 14 * DAY - 1, 1.0),
            sample(now - 14 * DAY, 10.0),
            sample(now - 1, 20.0),
            sample(now, 1.0),
            Sample { in_maintenance: true, ..sample(now - 5, 1.0) },
        ];
        let made = baseline(results, NOW).download.unwrap();
        assert_eq!((made.count, made.median, made.at), (2, 15.0, NOW));
    }

    #[test]
    fn i22_what_is_no_number_cannot_enter() {
        let bad = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0, -0.5];
        assert_eq!(of(&bad), None);
        assert_eq!(of(&[3.0, f64::NAN, 1.0, f64::INFINITY, 2.0]), Some((3, 2.0)));
    }

    fn samples() -> impl Strategy<Value = Vec<Sample>> {
        let value = prop_oneof![
            6 => (0.0..2000.0_f64).prop_map(Some),
            1 => Just(Some(500.0)),
            1 => Just(None),
            1 => any::<f64>().prop_map(Some),
        ];
        let one = (-DAY..15 * DAY, value.clone(), value, prop::bool::weighted(0.2)).prop_map(
            |(before, download, upload, in_maintenance)| Sample {
                at: Timestamp::from_millis(NOW.millis() - before),
                download,
                upload,
                in_maintenance,
            },
        );
        prop::collection::vec(one, 0..200)
    }

    /// The same by sorting everything.
    fn by_hand(results: &[Sample], pick: fn(&Sample) -> Option<f64>) -> Option<(usize, f64)> {
        let mut values: Vec<f64> = Vec::new();
        for one in results {
            let age = NOW.millis() - one.at.millis();
            if one.in_maintenance || age <= 0 || age > 14 * DAY {
                continue;
            }
            if let Some(value) = pick(one)
                && (0.0..f64::INFINITY).contains(&value)
            {
                values.push(value);
            }
        }
        values.sort_by(|a, b| a.partial_cmp(b).unwrap());
        let n = values.len();
        match n {
            0 => None,
            n if n % 2 == 1 => Some((n, values[n / 2])),
            n => Some((n, f64::midpoint(values[n / 2 - 1], values[n / 2]))),
        }
    }

    proptest! {
        #[test]
        fn fs_33_the_baseline_equals_brute_force(results in samples()) {
            let made = baseline(results.iter().copied(), NOW);
            let plain = |one: Option<Baseline>| one.map(|one| (one.count as usize, one.median));
            prop_assert_eq!(plain(made.download), by_hand(&results, |one| one.download));
            prop_assert_eq!(plain(made.upload), by_hand(&results, |one| one.upload));
        }
    }
}
