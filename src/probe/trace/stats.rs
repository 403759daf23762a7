//! The numbers of one hop: bounded, and exact for any number of probes. Pure.

use std::collections::VecDeque;

/// How many of the last probes are remembered one by one.
pub(super) const RECENT: usize = 60;

/// What the probes of one TTL showed, times in milliseconds.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Stats {
    /// Probes whose time is over.
    pub sent: u64,
    /// Answers.
    pub received: u64,
    /// Round trip of the last answer.
    pub last: Option<f64>,
    /// Smallest round trip.
    pub best: Option<f64>,
    /// Largest round trip.
    pub worst: Option<f64>,
    /// The last probes, oldest first, `None` for a lost one.
    pub recent: VecDeque<Option<f64>>,
    mean: f64,
    /// Sum of squared distances from the mean (Welford), which does not cancel out.
    spread: f64,
    difference_sum: f64,
    differences: u64,
}

impl Stats {
    /// A probe was answered after `rtt` milliseconds.
    pub fn answered(&mut self, rtt: f64) {
        self.sent += 1;
        self.received += 1;
        if let Some(last) = self.last {
            self.difference_sum += (rtt - last).abs();
            self.differences += 1;
        }
        let before = rtt - self.mean;
        self.mean += before / count(self.received);
        self.spread += before * (rtt - self.mean);
        self.last = Some(rtt);
        self.best = Some(self.best.map_or(rtt, |best| best.min(rtt)));
        self.worst = Some(self.worst.map_or(rtt, |worst| worst.max(rtt)));
        self.remember(Some(rtt));
    }

    /// A probe's time is over without an answer.
    pub fn lost(&mut self) {
        self.sent += 1;
        self.remember(None);
    }

    /// Puts what came later behind this.
    pub fn append(&mut self, later: &Self) {
        let (n, m) = (count(self.received), count(later.received));
        if later.received > 0 {
            let apart = later.mean - self.mean;
            self.mean += apart * m / (n + m);
            self.spread += later.spread + apart * apart * n * m / (n + m);
        }
        self.sent += later.sent;
        self.received += later.received;
        self.difference_sum += later.difference_sum;
        self.differences += later.differences;
        self.last = later.last.or(self.last);
        self.best = pick(self.best, later.best, f64::min);
        self.worst = pick(self.worst, later.worst, f64::max);
        for probe in &later.recent {
            self.remember(*probe);
        }
    }

    /// Loss in percent of the probes sent; 0 before the first is over.
    pub fn loss_pct(&self) -> f64 {
        if self.sent == 0 {
            return 0.0;
        }
        count(self.sent - self.received) * 100.0 / count(self.sent)
    }

    /// Mean round trip.
    pub fn mean(&self) -> Option<f64> {
        (self.received > 0).then_some(self.mean)
    }

    /// Sample standard deviation (n - 1); zero for a single answer.
    pub fn deviation(&self) -> Option<f64> {
        match self.received {
            0 => None,
            1 => Some(0.0),
            n => Some((self.spread / count(n - 1)).max(0.0).sqrt()),
        }
    }

    /// Mean absolute difference of successive round trips; zero for a single answer.
    pub fn jitter(&self) -> Option<f64> {
        match (self.received, self.differences) {
            (0, _) => None,
            (_, 0) => Some(0.0),
            (_, n) => Some(self.difference_sum / count(n)),
        }
    }

    fn remember(&mut self, probe: Option<f64>) {
        if self.recent.len() >= RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(probe);
    }
}

fn pick(a: Option<f64>, b: Option<f64>, of: fn(f64, f64) -> f64) -> Option<f64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(of(a, b)),
        (a, b) => a.or(b),
    }
}

#[expect(clippy::cast_precision_loss, reason = "exact below 2^53 probes")]
const fn count(n: u64) -> f64 {
    n as f64
}

/// Sums over all rounds that never go back, so that two readings give what lies between them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Totals {
    /// Rounds that are over.
    pub rounds: u64,
    /// Rounds in which the target answered.
    pub answered: u64,
    /// Sum of the target's round trips in milliseconds.
    pub rtt_sum: f64,
    /// Sum of the absolute differences of its successive round trips in milliseconds.
    pub difference_sum: f64,
    /// How many differences that sum has.
    pub differences: u64,
    last: Option<f64>,
}

impl Totals {
    /// A round is over; the target answered after so many milliseconds, or did not.
    pub(super) fn round(&mut self, rtt: Option<f64>) {
        self.rounds += 1;
        let Some(rtt) = rtt else { return };
        if let Some(last) = self.last {
            self.difference_sum += (rtt - last).abs();
            self.differences += 1;
        }
        self.answered += 1;
        self.rtt_sum += rtt;
        self.last = Some(rtt);
    }

    /// What happened since an `earlier` reading of the same session.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        Self {
            rounds: self.rounds.saturating_sub(earlier.rounds),
            answered: self.answered.saturating_sub(earlier.answered),
            rtt_sum: self.rtt_sum - earlier.rtt_sum,
            difference_sum: self.difference_sum - earlier.difference_sum,
            differences: self.differences.saturating_sub(earlier.differences),
            last: self.last,
        }
    }

    /// Mean round trip to the target in milliseconds.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        (self.answered > 0).then(|| self.rtt_sum / count(self.answered))
    }

    /// Mean absolute difference of successive round trips in milliseconds; zero for one answer.
    #[must_use]
    pub fn jitter(&self) -> Option<f64> {
        match (self.answered, self.differences) {
            (0, _) => None,
            (_, 0) => Some(0.0),
            (_, n) => Some(self.difference_sum / count(n)),
        }
    }

    /// Rounds without an answer of the target, in percent; 0 before the first is over.
    #[must_use]
    pub fn loss_pct(&self) -> f64 {
        if self.rounds == 0 {
            return 0.0;
        }
        count(self.rounds.saturating_sub(self.answered)) * 100.0 / count(self.rounds)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_numbers_of_a_short_series() {
        let mut stats = Stats::default();
        assert_eq!((stats.mean(), stats.deviation(), stats.jitter()), (None, None, None));
        stats.answered(2.0);
        assert_eq!((stats.deviation(), stats.jitter()), (Some(0.0), Some(0.0)));
        stats.lost();
        stats.answered(4.0);
        stats.answered(3.0);
        assert_eq!((stats.sent, stats.received), (4, 3));
        assert!((stats.loss_pct() - 25.0).abs() < 1e-9);
        assert!((stats.mean().unwrap() - 3.0).abs() < 1e-9);
        assert!((stats.deviation().unwrap() - 1.0).abs() < 1e-9);
        assert!((stats.jitter().unwrap() - 1.5).abs() < 1e-9, "|4-2| and |3-4|");
        assert_eq!((stats.last, stats.best, stats.worst), (Some(3.0), Some(2.0), Some(4.0)));
        assert_eq!(stats.recent, [Some(2.0), None, Some(4.0), Some(3.0)]);
    }

    #[test]
    fn totals_tell_what_lies_between_two_readings() {
        let mut totals = Totals::default();
        totals.round(Some(10.0));
        totals.round(Some(12.0));
        let before = totals;
        totals.round(Some(14.0));
        totals.round(None);
        let between = totals.since(&before);
        assert_eq!((between.rounds, between.answered), (2, 1));
        assert!((between.mean().unwrap() - 14.0).abs() < 1e-9);
        assert!((between.jitter().unwrap() - 2.0).abs() < 1e-9);
        assert!((between.loss_pct() - 50.0).abs() < 1e-9);
        assert_eq!(totals.since(&totals).mean(), None);
    }

    proptest! {
        #[test]
        fn two_halves_are_the_whole(probes in prop::collection::vec(prop::option::of(0.01f64..5000.0), 0..300), cut in 0usize..300) {
            let feed = |series: &[Option<f64>]| {
                let mut stats = Stats::default();
                for probe in series {
                    match probe { Some(rtt) => stats.answered(*rtt), None => stats.lost() }
                }
                stats
            };
            let whole = feed(&probes);
            let cut = cut.min(probes.len());
            let mut joined = feed(&probes[..cut]);
            joined.append(&feed(&probes[cut..]));
            prop_assert_eq!((joined.sent, joined.received), (whole.sent, whole.received));
            prop_assert_eq!(&joined.recent, &whole.recent);
            prop_assert!(whole.recent.len() <= RECENT);
            let near = |a: Option<f64>, b: Option<f64>| match (a, b) {
                (Some(a), Some(b)) => (a - b).abs() < 1e-6 * a.abs().max(1.0),
                (a, b) => a == b,
            };
            prop_assert!(near(joined.mean(), whole.mean()));
            prop_assert!(near(joined.deviation(), whole.deviation()));
            prop_assert!(near(joined.best, whole.best) && near(joined.worst, whole.worst));
            let known: Vec<f64> = probes.iter().flatten().copied().collect();
            if let Some(mean) = whole.mean() {
                #[expect(clippy::cast_precision_loss, reason = "a few hundred")]
                let expected = known.iter().sum::<f64>() / known.len() as f64;
                prop_assert!(near(Some(mean), Some(expected)));
            }
        }
    }
}
