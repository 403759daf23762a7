//! Sums without lost digits, and mathematics as Go has it.

/// A sum that keeps what rounding would lose (Neumaier's variant of Kahan's).
#[derive(Clone, Copy, Debug, Default)]
pub struct Kahan {
    pub total: f64,
    lost: f64,
}

impl Kahan {
    pub fn of(values: impl Iterator<Item = f64>) -> Self {
        values.fold(Self::default(), |mut sum, value| {
            sum.add(value);
            sum
        })
    }

    pub fn add(&mut self, value: f64) {
        let total = self.total + value;
        self.lost += if self.total.abs() >= value.abs() {
            (self.total - total) + value
        } else {
            (value - total) + self.total
        };
        self.total = total;
    }

    /// The sum; of an infinite one what was lost is no number.
    pub fn sum(self) -> f64 {
        if self.total.is_infinite() { self.total } else { self.total + self.lost }
    }

    /// The sum where Prometheus does not think of infinity.
    pub fn plain(self) -> f64 {
        self.total + self.lost
    }
}

/// Milliseconds as seconds.
#[expect(clippy::cast_precision_loss, reason = "times are far below 2^53 ms")]
pub fn seconds(millis: i64) -> f64 {
    millis as f64 / 1000.0
}

/// The quantile of values, between two of them in proportion; NaN is below all others.
pub fn quantile(q: f64, mut values: Vec<f64>) -> f64 {
    if values.is_empty() || q.is_nan() {
        return f64::NAN;
    }
    if q < 0.0 {
        return f64::NEG_INFINITY;
    }
    if q > 1.0 {
        return f64::INFINITY;
    }
    values.sort_by(|one, other| match (one.is_nan(), other.is_nan()) {
        (true, true) => std::cmp::Ordering::Equal,
        (true, false) => std::cmp::Ordering::Less,
        (false, true) => std::cmp::Ordering::Greater,
        (false, false) => one.partial_cmp(other).unwrap_or(std::cmp::Ordering::Equal),
    });
    let most = super::over_time::count(values.len()) - 1.0;
    let rank = q * most;
    let lower = rank.floor().max(0.0);
    let upper = (lower + 1.0).min(most);
    let weight = rank - rank.floor();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to the count")]
    let at = |index: f64| values.get(index as usize).copied().unwrap_or(f64::NAN);
    at(lower) * (1.0 - weight) + at(upper) * weight
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_keep_what_rounding_loses() {
        assert_eq!(Kahan::of([1.0, 1e100, 1.0, -1e100].into_iter()).sum(), 2.0);
        assert_eq!(Kahan::of([f64::INFINITY, 1.0].into_iter()).sum(), f64::INFINITY);
    }

    #[test]
    fn quantiles_lie_between_values() {
        assert_eq!(quantile(0.5, vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(quantile(0.25, vec![1.0, 2.0]), 1.25);
        assert_eq!(quantile(-1.0, vec![1.0]), f64::NEG_INFINITY);
        assert!(quantile(0.0, vec![1.0, f64::NAN]).is_nan());
    }
}
