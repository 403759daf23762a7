//! A check's numbers over time: stored history, continued by live results.

use std::sync::Arc;

use crate::model::metric::DEVICE_SERIES_LIMIT;
use crate::model::{CheckKey, Metric, Name, Span, Timestamp, Unit};
use crate::protocol::LiveCheck;
use crate::protocol::query::{Point, Series, StateSpan};
use crate::tui::num::{millis, real};
use crate::tui::widgets::chart::Dot;

/// Most points of a series that a screen keeps.
const POINT_LIMIT: usize = 4000;

/// How all graphs look at time: what a person turned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lens {
    /// The end of what is shown; `None` follows the present.
    pub end: Option<Timestamp>,
    /// The moment whose values are named.
    pub cursor: Option<Timestamp>,
    /// True for a logarithmic axis.
    pub log: bool,
}

/// One metric's points.
#[derive(Clone, Debug)]
pub struct Track {
    /// Its name, unit and ranges; its value is the last.
    pub metric: Metric,
    /// Oldest first.
    pub points: Vec<Point>,
}

/// All metrics of one check over one range of time.
#[derive(Clone, Debug)]
pub struct Book {
    /// The check.
    pub key: CheckKey,
    /// How much time it spans.
    pub range: Span,
    /// The end of that time; `None` is the present.
    pub end: Option<Timestamp>,
    /// The request that fills it; other answers are stale.
    pub asked: u64,
    /// The metrics.
    pub tracks: Vec<Track>,
    /// The states over the same time.
    pub states: Vec<StateSpan>,
    /// True when the history has come.
    pub loaded: bool,
    /// Why it has not.
    pub problem: Option<String>,
    /// The last live result.
    pub last: Option<Arc<LiveCheck>>,
    /// When the last run was, and when the next is: a sample between two runs is none.
    pub run: Option<(Timestamp, Timestamp)>,
}

impl Book {
    /// Nothing known yet.
    #[must_use]
    pub const fn new(key: CheckKey, range: Span) -> Self {
        Self {
            key,
            range,
            end: None,
            asked: 0,
            tracks: Vec::new(),
            states: Vec::new(),
            loaded: false,
            problem: None,
            last: None,
            run: None,
        }
    }

    /// The same check over another time: what is known stays until the answer comes.
    #[must_use]
    pub fn turned(mut self, range: Span, end: Option<Timestamp>) -> Self {
        (self.range, self.end, self.loaded, self.problem) = (range, end, false, None);
        self
    }

    /// Takes the stored history; live points that are newer stay, unless the past is looked at.
    pub fn load(&mut self, series: Vec<Series>, states: Vec<StateSpan>) {
        let live = std::mem::take(&mut self.tracks);
        self.tracks = series
            .into_iter()
            .map(|series| Track { metric: series.metric, points: series.points })
            .collect();
        let live = if self.end.is_none() { live } else { Vec::new() };
        let mut at = 0;
        for track in live {
            for point in track.points {
                at = self.push(at, &track.metric, point);
            }
            at += 1;
        }
        self.states = states;
        self.loaded = true;
        self.problem = None;
    }

    /// Takes a live result.
    pub fn live(&mut self, result: &Arc<LiveCheck>) {
        if result.check != self.key {
            return;
        }
        self.last = Some(Arc::clone(result));
        self.run = result.next.map(|next| (result.at, next)).or(self.run);
        if self.end.is_some() {
            return;
        }
        let mut next = 0;
        for metric in &result.observation.metrics {
            next = 1 + self.push(next, metric, Point::one(result.at, metric.value));
        }
        let oldest = result.at - self.range - self.range;
        for track in &mut self.tracks {
            let cut = track.points.partition_point(|point| point.at < oldest);
            let cut = cut.max(track.points.len().saturating_sub(POINT_LIMIT));
            track.points.drain(..cut);
        }
    }

    /// Adds a point to the metric's track, which is at `hint` when results come in one order; gives
    /// the place where it was.
    fn push(&mut self, hint: usize, metric: &Metric, point: Point) -> usize {
        let same = |track: &Track| {
            track.metric.name == metric.name && track.metric.instance == metric.instance
        };
        let at = match self.tracks.get(hint) {
            Some(track) if same(track) => Some(hint),
            _ => self.tracks.iter().position(same),
        };
        if let Some(track) = at.and_then(|at| self.tracks.get_mut(at)) {
            if track.points.last().is_none_or(|last| last.at < point.at) {
                track.points.push(point);
                track.metric = metric.clone();
            }
        } else if self.tracks.len() < DEVICE_SERIES_LIMIT {
            self.tracks.push(Track { metric: metric.clone(), points: vec![point] });
        }
        at.unwrap_or_else(|| self.tracks.len().saturating_sub(1))
    }

    /// When the first number from `since` on was measured.
    #[must_use]
    pub fn first(&self, since: Timestamp) -> Option<Timestamp> {
        let of = |track: &Track| {
            let at = track.points.partition_point(|point| point.at < since);
            track.points.get(at).map(|point| point.at)
        };
        self.tracks.iter().filter_map(of).min()
    }

    /// The metric of that name and instance.
    #[must_use]
    pub fn track(&self, name: &str, instance: Option<&str>) -> Option<&Track> {
        self.tracks.iter().find(|track| {
            &*track.metric.name == name && track.metric.instance.as_deref() == instance
        })
    }

    /// The interfaces that have octet counters, the busiest first, the loopback last.
    #[must_use]
    pub fn interfaces(&self) -> Vec<Name> {
        let mut found: Vec<(bool, f64, Name)> = Vec::new();
        for track in self.tracks.iter().filter(|track| &*track.metric.name == "octets_in") {
            let Some(name) = track.metric.instance.clone() else { continue };
            let both = [Some(track), self.track("octets_out", Some(&name))];
            let busy = both.into_iter().flatten().filter_map(Track::last_rate);
            found.push((&*name == "lo", -busy.sum::<f64>(), name));
        }
        found.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)).then_with(|| a.2.cmp(&b.2)));
        found.into_iter().map(|(_, _, name)| name).collect()
    }
}

impl Track {
    /// The points as a graph draws them.
    #[must_use]
    pub fn dots(&self) -> Vec<Dot> {
        self.points.iter().map(|point| dot(point, 1.0)).collect()
    }

    /// The same in bits per second: what counts octets is differentiated, a reset is a gap.
    #[must_use]
    pub fn rates(&self) -> Vec<Dot> {
        let times =
            |factor: f64| self.points.iter().map(|point| dot(point, factor)).collect::<Vec<Dot>>();
        match self.metric.unit {
            Unit::BitsPerSecond => times(1.0),
            Unit::Counter => self.points.windows(2).filter_map(rate).collect(),
            _ => times(8.0),
        }
    }

    /// The last of [`Track::rates`], without the others.
    #[must_use]
    pub fn last_rate(&self) -> Option<f64> {
        let last = self.points.last()?;
        match self.metric.unit {
            Unit::BitsPerSecond => Some(last.value),
            Unit::Counter => {
                self.points.last_chunk::<2>().and_then(|pair| rate(pair)).map(|dot| dot.value)
            }
            _ => Some(last.value * 8.0),
        }
    }
}

/// A point as a graph draws it, in a unit that is `factor` times as small.
fn dot(point: &Point, factor: f64) -> Dot {
    Dot {
        at: point.at,
        value: point.value * factor,
        min: point.min * factor,
        max: point.max * factor,
        quarters: None,
    }
}

fn rate(pair: &[Point]) -> Option<Dot> {
    let [before, after] = pair else { return None };
    let seconds = millis(after.at.millis() - before.at.millis()) / 1000.0;
    let octets = after.value - before.value;
    let value = if seconds > 0.0 && octets >= 0.0 { octets * 8.0 / seconds } else { f64::NAN };
    Some(Dot::single(after.at, value))
}

/// What the dots within a time come to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// The smallest.
    pub min: f64,
    /// The mean.
    pub avg: f64,
    /// The largest.
    pub max: f64,
    /// 95 of 100 are not above.
    pub p95: f64,
}

/// Sums up the dots within a time; `None` where there is none.
#[must_use]
pub fn summary(dots: &[Dot], from: Timestamp, to: Timestamp) -> Option<Summary> {
    let shown = || dots.iter().filter(|d| d.at >= from && d.at <= to && d.value.is_finite());
    let count = shown().count();
    if count == 0 {
        return None;
    }
    let min = shown().map(|dot| dot.min).fold(f64::INFINITY, f64::min);
    let max = shown().map(|dot| dot.max).fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = shown().map(|dot| dot.value).sum();
    let mut values: Vec<f64> = shown().map(|dot| dot.value).collect();
    values.sort_by(f64::total_cmp);
    // The nearest rank: a value that was measured.
    let rank = (count * 95).div_ceil(100).max(1) - 1;
    let p95 = values.get(rank).copied().unwrap_or(max);
    Some(Summary { min, avg: sum / real(count), max, p95 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Observation;

    fn live(secs: i64, octets: f64) -> Arc<LiveCheck> {
        let metric = |name: &str| Metric::new(name, octets, Unit::Counter).of("eth0");
        Arc::new(LiveCheck {
            check: CheckKey::new("me", "system"),
            at: Timestamp::from_millis(secs * 1000),
            next: None,
            observation: Observation {
                metrics: vec![metric("octets_in"), metric("octets_out")],
                ..Observation::default()
            },
        })
    }

    #[test]
    fn counters_become_rates_and_a_reset_is_no_spike() {
        let mut book = Book::new(CheckKey::new("me", "system"), Span::from_secs(900));
        for (secs, octets) in [(0, 0.0), (10, 1000.0), (20, 3000.0), (30, 10.0), (40, 1010.0)] {
            book.live(&live(secs, octets));
        }
        let rates = book.track("octets_in", Some("eth0")).unwrap().rates();
        let values: Vec<f64> = rates.iter().map(|dot| dot.value).collect();
        assert_eq!((values[0], values[1], values[3]), (800.0, 1600.0, 800.0));
        assert!(values[2].is_nan());
        assert_eq!(book.interfaces(), [Name::from("eth0")]);
    }

    #[test]
    fn a_sample_is_seen_and_is_no_run() {
        let mut book = Book::new(CheckKey::new("me", "system"), Span::from_secs(900));
        let next = Some(Timestamp::from_millis(70_000));
        book.live(&Arc::new(LiveCheck { next, ..(*live(10, 1.0)).clone() }));
        book.live(&live(12, 2.0));
        assert_eq!(book.last.as_ref().unwrap().at, Timestamp::from_millis(12_000));
        assert_eq!(book.run, next.map(|next| (Timestamp::from_millis(10_000), next)));
    }

    #[test]
    fn history_is_continued_by_live_points() {
        let mut book = Book::new(CheckKey::new("me", "system"), Span::from_secs(900));
        book.live(&live(100, 7.0));
        let point = |secs: i64| Point::one(Timestamp::from_millis(secs * 1000), 1.0);
        let metric = Metric::new("octets_in", 1.0, Unit::Counter).of("eth0");
        book.load(
            vec![Series { metric, points: vec![point(90), point(95)], lost: Vec::new() }],
            Vec::new(),
        );
        book.live(&live(95, 9.0));
        let track = book.track("octets_in", Some("eth0")).unwrap();
        assert_eq!(track.points.len(), 3, "an old result is not taken twice");
    }
}
