//! Selectors: the series of the source at the steps, or their samples over a time.

use super::Engine;
use super::math::seconds;
use super::steps::Frame;
use crate::promql::error::Fault;
use crate::promql::labels::Labels;
use crate::promql::source::{Selection, Taken};
use crate::promql::syntax::{Edition, Expr, Selector, Shift, Subquery};
use crate::promql::value::{Point, Sample, Series, is_stale};

impl Engine<'_> {
    fn load(
        &mut self,
        selector: &Selector,
        (from, to): (i64, i64),
        newest: bool,
    ) -> Result<Vec<Series>, Fault> {
        let mut taken = Taken::new(&mut self.budget, from, to);
        let selection = Selection { matchers: &selector.matchers, from, to, newest };
        let said = self.source.select(&selection, &mut taken);
        taken.done(said).map_err(|fault| match fault {
            Fault::Source(_) if self.source.is_over() => Fault::OutOfTime,
            other => other,
        })
    }

    /// The first moment after which a window of a length begins: its edge belongs to it in the
    /// older edition.
    pub fn first_of(&self, moment: i64, length: i64) -> i64 {
        let edge = moment.saturating_sub(length);
        if self.edition == Edition::Two { edge } else { edge.saturating_add(1) }
    }

    /// The newest samples of a selector at the steps, with the times of the samples.
    fn newest(&mut self, selector: &Selector, frame: Frame) -> Result<Vec<Found>, Fault> {
        let shift = selector.shift;
        let (first, last) = (self.shifted(shift, frame.start), self.shifted(shift, frame.end));
        let from = self.first_of(first, self.options.lookback);
        let loaded = self.load(selector, (from, last), frame.is_instant())?;
        let mut all = Vec::with_capacity(loaded.len());
        for series in loaded {
            // Also where nothing is found it is looked at every step.
            self.visits(usize::try_from(frame.count()).unwrap_or(usize::MAX))?;
            let mut found = Vec::new();
            let mut next = 0;
            for at in frame.times() {
                let moment = self.shifted(shift, at);
                while series.points.get(next).is_some_and(|point| point.at <= moment) {
                    next += 1;
                }
                let newest = next.checked_sub(1).and_then(|index| series.points.get(index));
                let earliest = self.first_of(moment, self.options.lookback);
                let lives = |point: &&Point| point.at >= earliest && !is_stale(point.value);
                if let Some(point) = newest.filter(lives) {
                    found.push((at, *point));
                }
            }
            self.budget.samples(found.len())?;
            if !found.is_empty() {
                all.push(Found { labels: series.labels, points: found });
            }
        }
        Ok(all)
    }

    /// The values of a selector at the steps.
    pub fn instant(&mut self, selector: &Selector, frame: Frame) -> Result<Vec<Series>, Fault> {
        let found = self.newest(selector, frame)?;
        let series = found.into_iter().map(|found| {
            let point = |(at, sample): (i64, Point)| Point { at, value: sample.value };
            Series { labels: found.labels, points: found.points.into_iter().map(point).collect() }
        });
        Ok(series.collect())
    }

    /// The times of the samples of a selector at the steps, in seconds.
    pub fn sample_times(
        &mut self,
        selector: &Selector,
        frame: Frame,
    ) -> Result<Vec<Series>, Fault> {
        let found = self.newest(selector, frame)?;
        let series = found.into_iter().map(|found| {
            let point = |(at, sample): (i64, Point)| Point { at, value: seconds(sample.at) };
            Series { labels: found.labels, points: found.points.into_iter().map(point).collect() }
        });
        self.each_step_of(frame, vec![series.collect()], &mut |_, vectors| {
            let all = vectors.iter().flatten();
            let nameless = |sample: &Sample| Sample {
                labels: sample.labels.without_name(),
                value: sample.value,
            };
            Ok(all.map(nameless).collect())
        })
    }

    /// The samples of a range selector or a subquery over all windows of a frame, without markers.
    pub fn windows(&mut self, expr: &Expr, frame: Frame) -> Result<Option<Windows>, Fault> {
        let (mut series, range, shift) = match expr {
            Expr::Range(selector, range) => {
                let first = self.shifted(selector.shift, frame.start);
                let from = self.first_of(first, *range);
                let to = self.shifted(selector.shift, frame.end);
                (self.load(selector, (from, to), false)?, *range, selector.shift)
            }
            Expr::Subquery(subquery) => {
                (self.subquery(subquery, frame)?, subquery.range, subquery.shift)
            }
            _ => return Ok(None),
        };
        for one in &mut series {
            one.points.retain(|point| !is_stale(point.value));
        }
        series.retain(|series| !series.points.is_empty());
        Ok(Some(Windows { series, range, shift }))
    }

    fn subquery(&mut self, subquery: &Subquery, frame: Frame) -> Result<Vec<Series>, Fault> {
        let step = subquery.step.unwrap_or(self.options.subquery_step).max(1);
        let first = self.first_of(self.shifted(subquery.shift, frame.start), subquery.range);
        let end = self.shifted(subquery.shift, frame.end);
        // Steps stand on multiples of the step, wherever the evaluation stands.
        let past = first.rem_euclid(step);
        let start = if past == 0 { first } else { first.saturating_add(step - past) };
        let inner = Frame { start, end, step };
        if start > end {
            return Ok(Vec::new());
        }
        self.budget.steps(inner.count())?;
        self.eval(&subquery.of, inner)
    }

    /// The samples of a range selector or a subquery at one moment.
    pub fn matrix(&mut self, expr: &Expr, frame: Frame) -> Result<Vec<Series>, Fault> {
        Ok(self.windows(expr, frame)?.map(|windows| windows.series).unwrap_or_default())
    }
}

/// What a selector found of a series: the step, and the sample.
struct Found {
    labels: Labels,
    points: Vec<(i64, Point)>,
}

/// Series with the samples of many windows.
pub struct Windows {
    pub series: Vec<Series>,
    /// How long a window is.
    pub range: i64,
    /// How it stands to the step.
    pub shift: Shift,
}
