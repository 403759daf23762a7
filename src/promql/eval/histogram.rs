//! `histogram_quantile`: a quantile from the counts of buckets.

use std::collections::HashMap;

use crate::promql::labels::{Labels, NAME};
use crate::promql::syntax::Edition;
use crate::promql::value::Sample;

/// The label that holds the upper bound of a bucket.
const BOUND: &str = "le";

/// How far two counts may be apart and still be one, relatively (3.x).
const TOLERANCE: f64 = 1e-12;

#[derive(Clone, Copy, Debug)]
struct Bucket {
    /// The upper bound.
    bound: f64,
    /// How many observations are not above it.
    count: f64,
}

/// The quantile of each histogram: of all buckets with the same other labels. What has no bound, or
/// one that is no number, is no bucket.
pub fn quantiles(q: f64, vector: &[Sample], edition: Edition) -> Vec<Sample> {
    let mut all: Vec<(Labels, Vec<Bucket>)> = Vec::new();
    let mut places: HashMap<Labels, usize> = HashMap::new();
    for sample in vector {
        let Ok(bound) = sample.labels.get(BOUND).parse::<f64>() else { continue };
        let bucket = Bucket { bound, count: sample.value };
        let key = sample.labels.keep(|name| name != BOUND);
        let place = *places.entry(key).or_insert(all.len());
        match all.get_mut(place) {
            Some((_, buckets)) => buckets.push(bucket),
            None => {
                let labels = sample.labels.keep(|name| name != BOUND && name != NAME);
                all.push((labels, vec![bucket]));
            }
        }
    }
    let samples = all.into_iter().map(|(labels, buckets)| {
        let value = quantile(q, buckets, edition);
        Sample { labels, value }
    });
    samples.collect()
}

fn quantile(q: f64, mut buckets: Vec<Bucket>, edition: Edition) -> f64 {
    if q.is_nan() {
        return f64::NAN;
    }
    if q < 0.0 {
        return f64::NEG_INFINITY;
    }
    if q > 1.0 {
        return f64::INFINITY;
    }
    buckets.sort_by(|one, other| one.bound.total_cmp(&other.bound));
    // Without a bucket for everything nothing can be said.
    if buckets.last().is_none_or(|last| last.bound != f64::INFINITY) {
        return f64::NAN;
    }
    let mut buckets = merged(&buckets);
    make_monotonic(&mut buckets, edition);
    let [inside @ .., last] = buckets.as_slice() else { return f64::NAN };
    let Some(highest) = inside.last() else { return f64::NAN };
    if last.count == 0.0 {
        return f64::NAN;
    }
    let rank = q * last.count;
    let place = inside.partition_point(|bucket| below(bucket.count, rank));
    let Some(bucket) = inside.get(place) else { return highest.bound };
    let before = place.checked_sub(1).and_then(|before| inside.get(before));
    match before {
        None if bucket.bound <= 0.0 => bucket.bound,
        None => bucket.bound * (rank / bucket.count),
        Some(before) => {
            let share = (rank - before.count) / (bucket.count - before.count);
            before.bound + (bucket.bound - before.bound) * share
        }
    }
}

/// Whether a count does not reach a rank; what is no number reaches none.
const fn below(count: f64, rank: f64) -> bool {
    count < rank || count.is_nan() || rank.is_nan()
}

/// Buckets of one bound, written differently, are one.
fn merged(buckets: &[Bucket]) -> Vec<Bucket> {
    let mut all: Vec<Bucket> = Vec::with_capacity(buckets.len());
    for bucket in buckets {
        match all.last_mut().filter(|last| last.bound == bucket.bound) {
            Some(last) => last.count += bucket.count,
            None => all.push(*bucket),
        }
    }
    all
}

/// Counts grow with the bound; where they fall, scrapes and rates were not of one moment.
fn make_monotonic(buckets: &mut [Bucket], edition: Edition) {
    let Some(mut highest) = buckets.first().map(|bucket| bucket.count) else { return };
    for bucket in buckets.iter_mut().skip(1) {
        let count = bucket.count;
        let is_same = edition == Edition::Three && is_close(highest, count);
        if count < highest || is_same {
            bucket.count = highest;
        } else if count > highest || edition == Edition::Three {
            highest = count;
        }
    }
}

fn is_close(one: f64, other: f64) -> bool {
    let sum = one.abs() + other.abs();
    let difference = (one - other).abs();
    one == other || sum >= f64::MIN_POSITIVE && difference / sum.min(f64::MAX) < TOLERANCE
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(q: f64, buckets: &[(f64, f64)], edition: Edition) -> f64 {
        let buckets = buckets.iter().map(|(bound, count)| Bucket { bound: *bound, count: *count });
        quantile(q, buckets.collect(), edition)
    }

    #[test]
    fn quantiles_of_buckets() {
        let inf = f64::INFINITY;
        let usual = [(0.1, 10.0), (0.5, 30.0), (inf, 40.0)];
        let both = |q, buckets: &[(f64, f64)], expected: f64| {
            for edition in [Edition::Two, Edition::Three] {
                let got = of(q, buckets, edition);
                assert!(got == expected || got.is_nan() && expected.is_nan(), "{got} {expected}");
            }
        };
        both(0.5, &usual, 0.1 + 0.4 * 0.5);
        both(0.1, &usual, 0.1 * 0.4);
        both(0.9, &usual, 0.5);
        both(-0.1, &usual, f64::NEG_INFINITY);
        both(1.1, &usual, inf);
        both(0.5, &usual[..2], f64::NAN);
        both(0.5, &[(inf, 3.0)], f64::NAN);
        both(0.5, &[(1.0, 0.0), (inf, 0.0)], f64::NAN);
        both(0.1, &[(-1.0, 5.0), (1.0, 5.0), (inf, 10.0)], -1.0);
        // A count that falls is lifted; two buckets of one bound are one.
        both(0.9, &[(1.0, 10.0), (2.0, 4.0), (3.0, 20.0), (inf, 20.0)], 2.8);
        both(0.5, &[(1.0, 5.0), (1.0, 5.0), (inf, 10.0)], 0.5);
    }

    #[test]
    fn a_difference_by_rounding_is_none_in_the_newer_edition() {
        let buckets = [(1.0, 1.0), (2.0, 1.0 + 1e-15), (f64::INFINITY, 1.0 + 2e-15)];
        assert!(of(1.0, &buckets, Edition::Two) > 1.0);
        assert_eq!(of(1.0, &buckets, Edition::Three), 1.0);
    }
}
