//! How late runs start: the 99th percentile of the last minute, in constant memory.

use crate::model::{Span, Steady};

/// Lags below this are counted to the millisecond, above it in steps of [`COARSE`].
const FINE: u64 = 1000;
const COARSE: u64 = 100;
/// Lags of a minute and more share the last place.
const PLACES: u64 = FINE + (60_000 - FINE) / COARSE + 1;
/// A percentile is taken over the present half minute and the one before.
const HALF: Span = Span::from_secs(30);

/// Counts of lags by their size.
#[derive(Debug)]
pub struct Lags {
    present: Counts,
    former: Counts,
    since: Steady,
}

#[derive(Debug)]
struct Counts {
    places: Box<[u32]>,
    total: u64,
}

impl Counts {
    fn new() -> Self {
        let places = (0..PLACES).map(|_| 0).collect();
        Self { places, total: 0 }
    }
}

impl Default for Lags {
    fn default() -> Self {
        Self { present: Counts::new(), former: Counts::new(), since: Steady::from_millis(0) }
    }
}

impl Lags {
    /// Counts one run.
    pub fn add(&mut self, late: Span, now: Steady) {
        self.turn(now);
        let millis = late.millis();
        let place = if millis < FINE { millis } else { FINE + (millis - FINE) / COARSE };
        let place = usize::try_from(place.min(PLACES - 1)).unwrap_or(usize::MAX);
        if let Some(count) = self.present.places.get_mut(place) {
            *count = count.saturating_add(1);
            self.present.total += 1;
        }
    }

    /// The lag that 99 of 100 runs of the last half to whole minute did not exceed; zero without
    /// runs.
    #[must_use]
    pub fn p99(&mut self, now: Steady) -> Span {
        self.turn(now);
        let total = self.present.total + self.former.total;
        let beyond = total / 100;
        let mut above = 0;
        let both = self.present.places.iter().zip(&self.former.places).rev();
        for (place, (present, former)) in (0..PLACES).rev().zip(both) {
            above += u64::from(*present) + u64::from(*former);
            if above > beyond {
                let fine = place.min(FINE);
                return Span::from_millis(fine + (place - fine) * COARSE);
            }
        }
        Span::ZERO
    }

    /// Begins a new half minute when the present one is over.
    fn turn(&mut self, now: Steady) {
        let age = now.since(self.since);
        if age < HALF {
            return;
        }
        self.since = now;
        self.former = std::mem::replace(&mut self.present, Counts::new());
        if age >= HALF + HALF {
            self.former = Counts::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Steady {
        Steady::from_millis(1_000_000 + seconds * 1000)
    }

    fn p99(lags: impl IntoIterator<Item = u64>) -> Span {
        let mut all = Lags::default();
        lags.into_iter().for_each(|lag| all.add(Span::from_millis(lag), at(0)));
        all.p99(at(0))
    }

    #[test]
    fn one_run_in_a_hundred_may_be_later() {
        assert_eq!(p99([]), Span::ZERO);
        assert_eq!(p99([7]), Span::from_millis(7));
        assert_eq!(p99((0..99).map(|_| 2).chain([900])), Span::from_millis(2));
        assert_eq!(p99((0..98).map(|_| 2).chain([250, 900])), Span::from_millis(250));
        assert_eq!(p99(0..1000), Span::from_millis(989));
    }

    #[test]
    fn large_lags_keep_their_order_of_size() {
        assert_eq!(p99([1000]), Span::from_millis(1000));
        assert_eq!(p99([7512]), Span::from_millis(7500));
        assert_eq!(p99([1_000_000]), Span::from_secs(60));
    }

    #[test]
    fn a_minute_later_it_is_forgotten() {
        let mut lags = Lags::default();
        lags.add(Span::from_millis(400), at(0));
        lags.add(Span::from_millis(3), at(31));
        assert_eq!(lags.p99(at(45)), Span::from_millis(400));
        assert_eq!(lags.p99(at(62)), Span::from_millis(3));
        assert_eq!(lags.p99(at(200)), Span::ZERO);
    }
}
