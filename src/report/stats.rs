//! Averages and percentiles.

/// The figures of a set of values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stats {
    /// How many.
    pub count: u64,
    /// The average.
    pub mean: f64,
    /// The least.
    pub min: f64,
    /// The value that 5 % do not exceed.
    pub p5: f64,
    /// The value that half do not exceed.
    pub p50: f64,
    /// The value that 95 % do not exceed.
    pub p95: f64,
    /// The most.
    pub max: f64,
}

/// The figures of these values, which are sorted by it; nothing of nothing.
///
/// Percentiles are by nearest rank: each is a value that was measured, the least one that so many
/// per cent of all do not exceed.
#[must_use]
pub fn stats(values: &mut [f64]) -> Option<Stats> {
    values.sort_unstable_by(f64::total_cmp);
    let (min, max) = (*values.first()?, *values.last()?);
    let sum: f64 = values.iter().sum();
    let rank = |pct: usize| {
        let rank = (values.len() * pct).div_ceil(100).max(1);
        values.get(rank - 1).copied().unwrap_or(max)
    };
    #[expect(clippy::cast_precision_loss, reason = "exact below 2^53 values")]
    let mean = sum / values.len() as f64;
    let count = values.len() as u64;
    Some(Stats { count, mean, min, p5: rank(5), p50: rank(50), p95: rank(95), max })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn d_20_percentiles_are_values_by_nearest_rank() {
        assert_eq!(stats(&mut []), None);
        let one = stats(&mut [7.0]).unwrap();
        assert_eq!((one.count, one.mean, one.p5, one.p50, one.p95), (1, 7.0, 7.0, 7.0, 7.0));
        let mut hundred: Vec<f64> = (1..=100).rev().map(f64::from).collect();
        let of = stats(&mut hundred).unwrap();
        assert_eq!((of.p5, of.p50, of.p95), (5.0, 50.0, 95.0));
        assert_eq!((of.min, of.max, of.mean), (1.0, 100.0, 50.5));
        let mut twenty_one: Vec<f64> = (1..=21).map(f64::from).collect();
        let of = stats(&mut twenty_one).unwrap();
        assert_eq!((of.p5, of.p50, of.p95), (2.0, 11.0, 20.0));
    }

    proptest! {
        #[test]
        fn d_20_a_percentile_is_the_least_value_that_so_many_do_not_exceed(
            mut values in prop::collection::vec(0.0..1000.0_f64, 1..300),
        ) {
            let given = values.clone();
            let of = stats(&mut values).unwrap();
            for (pct, found) in [(5, of.p5), (50, of.p50), (95, of.p95)] {
                let reaches = |limit: f64| {
                    given.iter().filter(|value| **value <= limit).count() * 100 >= pct * given.len()
                };
                let least = given.iter().copied().filter(|value| reaches(*value))
                    .fold(f64::INFINITY, f64::min);
                prop_assert_eq!(found, least);
            }
        }
    }
}
