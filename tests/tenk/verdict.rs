//! Whether the targets' counters show every check at its interval: a pure function of arrivals.

use std::collections::{BTreeMap, HashSet};
use std::fmt;

use super::fleet::{Fleet, Kind, Series};

/// How far a check may be from its interval.
pub const TOLERANCE: u32 = 1000;

/// A check seen by its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    pub series: Series,
    /// Milliseconds since the counters began.
    pub at: u32,
}

/// What was watched.
pub struct Watched<'a> {
    pub fleet: Fleet,
    pub arrivals: &'a [Arrival],
    /// When the program was started and when it was last known to run, in the counters' time.
    pub from: u32,
    pub to: u32,
    /// Hosts on which the console's cursor stood: their ping is sampled and their path traced in
    /// between, so that their echo requests may be denser, never sparser.
    pub looked_at: &'a HashSet<u32>,
}

/// A check that was not where it had to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Not once.
    Never { series: Series },
    /// A slot without a run: the time without one.
    Missing { series: Series, at: u32, gap: u32 },
    /// A run more than a second after its interval.
    Late { series: Series, at: u32, gap: u32 },
    /// A run more than a second before its interval.
    Double { series: Series, at: u32, gap: u32 },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = |millis: u32| f64::from(millis) / 1000.0;
        let mut one = |series: &Series, what: &str, at: &u32, gap: &u32| {
            let (gap, at) = (seconds(*gap), seconds(*at));
            write!(f, "{} {what}: {gap:.3} s between runs, at {at:.3} s", series.key())
        };
        match self {
            Self::Never { series } => write!(f, "{} never came", series.key()),
            Self::Missing { series, at, gap } => one(series, "missed a slot", at, gap),
            Self::Late { series, at, gap } => one(series, "was late", at, gap),
            Self::Double { series, at, gap } => one(series, "ran twice", at, gap),
        }
    }
}

/// Judges all checks. The first run of a check comes from the ramp after the start and the second
/// at the check's own phase, anywhere within an interval; from the second on all are one interval
/// apart.
pub fn faults(watched: &Watched<'_>) -> Vec<Fault> {
    let interval = watched.fleet.interval * 1000;
    let by_series = by_series(watched.arrivals);
    let mut faults = Vec::new();
    for series in watched.fleet.series() {
        let Some(times) = by_series.get(&series) else {
            faults.push(Fault::Never { series });
            continue;
        };
        let is_denser = series.kind() == Kind::Ping && watched.looked_at.contains(&series.host());
        // Before the first run and after the last nothing may be missing either.
        let ends = [(watched.from, times[0]), (times[times.len() - 1], watched.to)];
        for (before, at) in ends {
            let gap = at.saturating_sub(before);
            if gap > interval + TOLERANCE {
                faults.push(Fault::Missing { series, at, gap });
            }
        }
        for (nth, pair) in times.windows(2).enumerate() {
            let (at, gap) = (pair[1], pair[1] - pair[0]);
            if gap >= 2 * interval - TOLERANCE {
                faults.push(Fault::Missing { series, at, gap });
            } else if gap > interval + TOLERANCE {
                faults.push(Fault::Late { series, at, gap });
            } else if gap < interval - TOLERANCE && nth > 0 && !is_denser {
                faults.push(Fault::Double { series, at, gap });
            }
        }
    }
    faults
}

/// The times of every series, in order.
fn by_series(arrivals: &[Arrival]) -> BTreeMap<Series, Vec<u32>> {
    let mut by_series: BTreeMap<Series, Vec<u32>> = BTreeMap::new();
    for arrival in arrivals {
        by_series.entry(arrival.series).or_default().push(arrival.at);
    }
    for times in by_series.values_mut() {
        times.sort_unstable();
    }
    by_series
}

/// How late runs reached their targets, measured from their slot: `phase` gives a series' place in
/// its interval in the counters' time. First runs, which the ramp places, are left out, and the
/// pings of hosts that were looked at. Milliseconds, in order.
pub fn lags(watched: &Watched<'_>, phase: impl Fn(Series) -> u32) -> Vec<u32> {
    let interval = watched.fleet.interval * 1000;
    let mut lags = Vec::with_capacity(watched.arrivals.len());
    for (series, times) in by_series(watched.arrivals) {
        if series.kind() == Kind::Ping && watched.looked_at.contains(&series.host()) {
            continue;
        }
        let phase = phase(series) % interval;
        lags.extend(times.iter().skip(1).map(|at| (at + interval - phase) % interval));
    }
    lags.sort_unstable();
    lags
}

/// The value that `per_cent` of an ordered list do not exceed; 0 of an empty one.
pub fn percentile(ordered: &[u32], per_cent: f64) -> u32 {
    let last = ordered.len().saturating_sub(1);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "an index below the list's length"
    )]
    let at = (last as f64 * per_cent / 100.0).round() as usize;
    ordered.get(at).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FLEET: Fleet = Fleet { hosts: 101, interval: 10 };

    /// Every check of the fleet without a fault: the ramp, then its own phase, then each interval.
    fn sound() -> Vec<Arrival> {
        let mut arrivals = Vec::new();
        for (n, series) in (0_u32..).zip(FLEET.series()) {
            let (ramp, phase) = (n * 7 % 9000, n * 131 % 10_000);
            let first = if phase > ramp { phase } else { phase + 10_000 };
            arrivals.push(Arrival { series, at: ramp });
            let jitter = |slot: u32| (n + slot) % 3 * 400;
            arrivals.extend((0..6).map(|k| Arrival { series, at: first + k * 10_000 + jitter(k) }));
        }
        arrivals
    }

    fn judged(arrivals: &[Arrival], looked_at: &[u32]) -> Vec<Fault> {
        let looked_at = looked_at.iter().copied().collect();
        let watched =
            Watched { fleet: FLEET, arrivals, from: 0, to: 61_000, looked_at: &looked_at };
        faults(&watched)
    }

    /// The arrivals with the `nth` one of a series changed or taken away.
    fn planted(series: Series, nth: usize, change: impl Fn(u32) -> Option<u32>) -> Vec<Arrival> {
        let mut seen = 0;
        let mut arrivals = sound();
        arrivals.retain_mut(|arrival| {
            if arrival.series != series {
                return true;
            }
            seen += 1;
            if seen - 1 != nth {
                return true;
            }
            let changed = change(arrival.at);
            arrival.at = changed.unwrap_or(0);
            changed.is_some()
        });
        arrivals
    }

    #[test]
    fn checks_at_their_interval_have_no_fault() {
        assert_eq!(FLEET.series().count(), 507);
        assert_eq!(judged(&sound(), &[]), []);
    }

    #[test]
    fn a_missing_check_is_found() {
        for nth in 1..6 {
            let series = Series::new(17, Kind::Http);
            let faults = judged(&planted(series, nth, |_| None), &[]);
            assert!(
                matches!(faults[..], [Fault::Missing { series: s, .. } | Fault::Late { series: s, .. }] if s == series),
                "{nth}: {faults:?}"
            );
        }
    }

    #[test]
    fn a_check_that_ends_early_is_found() {
        let series = Series::new(3, Kind::Dns);
        let mut arrivals = sound();
        arrivals.retain(|a| a.series != series || a.at < 40_000);
        let faults = judged(&arrivals, &[]);
        assert!(matches!(faults[..], [Fault::Missing { .. }]), "{faults:?}");
    }

    #[test]
    fn a_check_that_never_came_is_found() {
        let series = Series::new(100, Kind::Custom);
        let mut arrivals = sound();
        arrivals.retain(|a| a.series != series);
        assert_eq!(judged(&arrivals, &[]), [Fault::Never { series }]);
    }

    #[test]
    fn a_late_check_is_found_and_so_is_the_early_one_after_it() {
        let series = Series::new(50, Kind::Udp);
        let faults = judged(&planted(series, 3, |at| Some(at + 2500)), &[]);
        assert!(matches!(faults[..], [Fault::Late { .. }, Fault::Double { .. }]), "{faults:?}");
    }

    #[test]
    fn a_double_check_is_found() {
        for (after, wanted) in [(1, 1), (4000, 2)] {
            let series = Series::new(9, Kind::Tcp);
            let mut arrivals = sound();
            let at = arrivals.iter().filter(|a| a.series == series).nth(3).unwrap().at;
            arrivals.push(Arrival { series, at: at + after });
            let faults = judged(&arrivals, &[]);
            // Shortly after a run only the distance to it is wrong, in between both are.
            assert_eq!(faults.len(), wanted, "{faults:?}");
            assert!(faults.iter().all(|f| matches!(f, Fault::Double { .. })), "{faults:?}");
        }
    }

    #[test]
    fn pings_may_be_denser_where_the_cursor_stood_and_only_there_and_never_sparser() {
        let series = Series::new(9, Kind::Ping);
        let mut arrivals = sound();
        let at = arrivals.iter().filter(|a| a.series == series).nth(2).unwrap().at;
        arrivals.push(Arrival { series, at: at + 2000 });
        assert_eq!(judged(&arrivals, &[9]), []);
        assert_ne!(judged(&arrivals, &[8]), []);
        assert_ne!(judged(&planted(series, 3, |_| None), &[9]), []);
    }

    #[test]
    fn lags_are_measured_from_the_slot() {
        let arrivals: Vec<Arrival> = [0, 2005, 12_000, 22_250]
            .map(|at| Arrival { series: Series::new(1, Kind::Tcp), at })
            .to_vec();
        let looked_at = HashSet::new();
        let watched = Watched {
            fleet: FLEET,
            arrivals: &arrivals,
            from: 0,
            to: 30_000,
            looked_at: &looked_at,
        };
        assert_eq!(lags(&watched, |_| 2000), [0, 5, 250]);
        assert_eq!(percentile(&[1, 2, 3, 4, 5], 50.0), 3);
        assert_eq!(percentile(&(0..1000).collect::<Vec<_>>(), 99.0), 989);
        assert_eq!(percentile(&[], 99.0), 0);
    }
}
