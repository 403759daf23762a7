//! History in as many points as a screen can show: mean, range and spread of what is merged, and
//! what was lost.

use std::collections::{HashMap, HashSet};

use crate::model::{Span, State, Timestamp};
use crate::protocol::Answer;
use crate::protocol::query::{Band, Lost, Point, Series, StateSpan};
use crate::store::{History, Series as Stored, StatePoint};

/// Merges results into at most `points` points a series. Days before the single results come as
/// they are.
pub(super) fn thin(history: &History, from: Timestamp, to: Timestamp, points: u32) -> Answer {
    let width = (to.since(from).millis() / u64::from(points)).max(1);
    let piece = |at: Timestamp| at.since(from).millis() / width;
    let blank = blank_results(history);
    let series = history.series.iter().map(|stored| Series {
        metric: stored.metric.clone(),
        points: merged(stored, piece),
        lost: lost(stored, &blank, piece),
    });
    Answer::History { series: series.collect(), states: spans(&history.states) }
}

fn merged(stored: &Stored, piece: impl Fn(Timestamp) -> u64) -> Vec<Point> {
    let days = stored.days.iter().map(|d| Point {
        at: d.day + Span::from_secs(43_200),
        value: d.mean,
        min: d.min,
        max: d.max,
        band: None,
    });
    let mut out: Vec<Point> = days.collect();
    let same = |a: &crate::store::Point, b: &crate::store::Point| piece(a.at) == piece(b.at);
    for group in stored.points.chunk_by(same) {
        let Some(first) = group.first() else { continue };
        if group.len() == 1 {
            out.push(Point::one(first.at, first.value));
            continue;
        }
        let mut values: Vec<f64> = group.iter().map(|point| point.value).collect();
        values.sort_by(f64::total_cmp);
        #[expect(clippy::cast_precision_loss, reason = "results of one piece of time")]
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        out.push(Point {
            at: first.at,
            value: mean,
            min: values.first().copied().unwrap_or(mean),
            max: values.last().copied().unwrap_or(mean),
            band: Some(band(&values)),
        });
    }
    out
}

/// Quantiles of sorted values, each one of them (the nearest rank).
fn band(sorted: &[f64]) -> Band {
    let at = |percent: usize| {
        let rank = (sorted.len() * percent).div_ceil(100).max(1);
        sorted.get(rank - 1).copied().unwrap_or(f64::NAN)
    };
    Band { p10: at(10), p25: at(25), p50: at(50), p75: at(75), p90: at(90) }
}

/// Moments of the results that measured nothing, or lost all: whatever a series lacks there is
/// lost. A result that only lacks one series (a disk that was taken out) loses nothing.
fn blank_results(history: &History) -> Vec<Timestamp> {
    let mut measured: HashMap<Timestamp, bool> = HashMap::new();
    for series in &history.series {
        let is_loss = &*series.metric.name == "loss" && series.metric.instance.is_none();
        for point in &series.points {
            let lost_all = is_loss && point.value >= 100.0;
            *measured.entry(point.at).or_insert(false) |= lost_all;
        }
    }
    let states = history.states.iter().filter(|point| !point.late && point.state != State::Ok);
    states.map(|point| point.at).filter(|at| measured.get(at).copied().unwrap_or(true)).collect()
}

fn lost(stored: &Stored, blank: &[Timestamp], piece: impl Fn(Timestamp) -> u64) -> Vec<Lost> {
    let has: HashSet<Timestamp> = stored.points.iter().map(|point| point.at).collect();
    let mut out: Vec<(u64, Lost)> = Vec::new();
    for at in blank.iter().filter(|at| !has.contains(at)) {
        let here = piece(*at);
        match out.last_mut() {
            Some((piece, lost)) if *piece == here => lost.count += 1,
            _ => out.push((here, Lost { at: *at, count: 1 })),
        }
    }
    out.into_iter().map(|(_, lost)| lost).collect()
}

/// Runs of one state; a run ends where the next begins, the last one at its last result.
fn spans(states: &[StatePoint]) -> Vec<StateSpan> {
    let mut out: Vec<StateSpan> = Vec::new();
    for point in states {
        match out.last_mut() {
            Some(last) if last.state == point.state => last.to = point.at,
            last => {
                if let Some(last) = last {
                    last.to = point.at;
                }
                out.push(StateSpan { from: point.at, to: point.at, state: point.state });
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Metric, Unit};
    use crate::store::Point as Single;

    #[test]
    fn merged_points_carry_their_spread_and_losses_are_counted() {
        let at = |second: i64| Timestamp::from_millis(second * 1000);
        let series = |name: &str, values: &[(i64, f64)]| Stored {
            no: 1,
            metric: Metric::new(name, 0.0, Unit::Seconds),
            points: values.iter().map(|(s, value)| Single { at: at(*s), value: *value }).collect(),
            days: Vec::new(),
        };
        let rtt: Vec<(i64, f64)> = [5.0, 1.0, 3.0, 2.0, 4.0, 6.0, 7.0, 8.0, 9.0, 10.0]
            .iter()
            .zip(0..)
            .map(|(value, second)| (second, *value))
            .collect();
        let loss: Vec<(i64, f64)> =
            (0..10).map(|s| (s, 0.0)).chain([(10, 100.0), (11, 100.0)]).collect();
        let bad = |second: i64| second >= 10;
        let states = (0..13).map(|second| StatePoint {
            at: at(second),
            state: if bad(second) { State::Critical } else { State::Ok },
            late: false,
        });
        let history = History {
            series: vec![series("rtt", &rtt), series("loss", &loss)],
            states: states.collect(),
            days: Vec::new(),
            damaged: 0,
        };
        let Answer::History { series, .. } = thin(&history, at(0), at(20), 2) else { panic!() };
        let [rtt, loss] = series.as_slice() else { panic!() };
        let [point] = rtt.points.as_slice() else { panic!("{:?}", rtt.points) };
        assert_eq!((point.value, point.min, point.max), (5.5, 1.0, 10.0));
        let band = point.band.unwrap();
        assert_eq!((band.p10, band.p25, band.p50, band.p75, band.p90), (1.0, 3.0, 5.0, 8.0, 9.0));
        assert_eq!(rtt.lost, [Lost { at: at(10), count: 3 }], "two lost, one that failed");
        assert_eq!(loss.lost, [Lost { at: at(12), count: 1 }]);
    }
}
