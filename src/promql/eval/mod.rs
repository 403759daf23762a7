//! The evaluation of an expression, at one time or at the steps of a range.
//!
//! Every node of the tree is evaluated for all steps at once, as Prometheus does it: a selector
//! loads its series once, and some errors (two series with one label set) are of the whole range.

#![allow(clippy::float_cmp, reason = "the language compares numbers as they are")]

mod aggregate;
mod binary;
mod call;
mod date;
mod go;
mod histogram;
mod math;
mod over_time;
mod relabel;
mod select;
mod steps;
mod top;
mod window;

use super::Query;
use super::error::Fault;
use super::labels::Labels;
use super::limits::{Budget, Limits};
use super::source::Source;
use super::syntax::{At, Edition, Expr, Kind, Shift};
use super::value::{Point, Sample, Series, Value};
use steps::{Frame, check_unique};

/// What an evaluation goes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// How far back a selector looks for the newest sample, in milliseconds.
    pub lookback: i64,
    /// The step of a subquery that names none, in milliseconds: the interval of evaluation.
    pub subquery_step: i64,
    /// The bounds.
    pub limits: Limits,
}

impl Default for Options {
    /// Five minutes, one minute, the usual bounds.
    fn default() -> Self {
        Self { lookback: 300_000, subquery_step: 60_000, limits: Limits::default() }
    }
}

/// The steps of a range, in milliseconds since the epoch; the end belongs to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Steps {
    /// The first step.
    pub start: i64,
    /// Not after this.
    pub end: i64,
    /// From one to the next.
    pub step: i64,
}

/// An evaluation under way.
struct Engine<'a> {
    source: &'a dyn Source,
    edition: Edition,
    options: Options,
    budget: Budget,
    /// What `start()` and `end()` are.
    whole: (i64, i64),
}

/// The value of an expression at a time, in milliseconds since the epoch.
///
/// # Errors
/// Why there is none.
pub fn evaluate_instant(
    query: &Query,
    source: &dyn Source,
    at: i64,
    options: &Options,
) -> Result<Value, Fault> {
    let frame = Frame { start: at, end: at, step: 1 };
    let mut engine = Engine::new(query, source, options, frame);
    if let Expr::Text(text) = &query.expr {
        return Ok(Value::Text(text.clone()));
    }
    match query.kind() {
        Kind::Matrix => {
            let mut series = engine.matrix(&query.expr, frame)?;
            series.sort_by(|one, other| one.labels.cmp(&other.labels));
            Ok(Value::Matrix(series))
        }
        Kind::Scalar => {
            let series = engine.eval(&query.expr, frame)?;
            let point = series.first().and_then(|series| series.points.first());
            Ok(Value::Scalar(point.map_or(f64::NAN, |point| point.value)))
        }
        Kind::Vector | Kind::Text => {
            let series = engine.eval(&query.expr, frame)?;
            let samples = series.into_iter().filter_map(|series| {
                let value = series.points.first()?.value;
                Some(Sample { labels: series.labels, value })
            });
            Ok(Value::Vector(samples.collect()))
        }
    }
}

/// The values of an expression at the steps of a range: a matrix, sorted by labels.
///
/// # Errors
/// Why there are none.
pub fn evaluate_range(
    query: &Query,
    source: &dyn Source,
    steps: Steps,
    options: &Options,
) -> Result<Value, Fault> {
    let Steps { start, end, step } = steps;
    if step <= 0 || end < start {
        return Err(Fault::BadRange);
    }
    if !matches!(query.kind(), Kind::Scalar | Kind::Vector) {
        return Err(Fault::NoRange(query.kind().name()));
    }
    let frame = Frame { start, end, step };
    let mut engine = Engine::new(query, source, options, frame);
    engine.budget.steps(frame.count())?;
    let mut series = engine.eval(&query.expr, frame)?;
    series.sort_by(|one, other| one.labels.cmp(&other.labels));
    Ok(Value::Matrix(series))
}

impl<'a> Engine<'a> {
    fn new(query: &Query, source: &'a dyn Source, options: &Options, frame: Frame) -> Self {
        Self {
            source,
            edition: query.edition,
            options: *options,
            budget: Budget::new(options.limits),
            whole: (frame.start, frame.end),
        }
    }

    /// The series of an expression over the steps of a frame; a scalar is one series without labels.
    fn eval(&mut self, expr: &Expr, frame: Frame) -> Result<Vec<Series>, Fault> {
        match expr {
            Expr::Number(number) => self.constant(frame, *number),
            // Texts are read by those that take them, never evaluated.
            Expr::Text(_) | Expr::Pattern(_) => Ok(Vec::new()),
            Expr::Instant(selector) => self.instant(selector, frame),
            Expr::Range(..) | Expr::Subquery(_) => self.matrix(expr, frame),
            Expr::Negate(of) => self.negate(of, frame),
            Expr::Binary(binary) => self.binary(binary, frame),
            Expr::Aggregate(aggregate) => self.aggregate(aggregate, frame),
            Expr::Call(function, args) => self.call(*function, args, frame),
        }
    }

    /// Takes samples that are looked at, while there is time.
    fn visits(&mut self, count: usize) -> Result<(), Fault> {
        self.budget.visits(count)?;
        if self.budget.is_time_to_look() && self.source.is_over() {
            return Err(Fault::OutOfTime);
        }
        Ok(())
    }

    fn constant(&mut self, frame: Frame, value: f64) -> Result<Vec<Series>, Fault> {
        self.scalar_series(frame, |_| value)
    }

    /// A series without labels that has a value at every step.
    fn scalar_series(
        &mut self,
        frame: Frame,
        value: impl Fn(i64) -> f64,
    ) -> Result<Vec<Series>, Fault> {
        let points: Vec<Point> = frame.times().map(|at| Point { at, value: value(at) }).collect();
        self.budget.samples(points.len())?;
        Ok(vec![Series { labels: Labels::default(), points }])
    }

    fn negate(&mut self, of: &Expr, frame: Frame) -> Result<Vec<Series>, Fault> {
        let mut all = self.eval(of, frame)?;
        for series in &mut all {
            series.labels = series.labels.without_name();
            series.points.iter_mut().for_each(|point| point.value = -point.value);
        }
        check_unique(all.iter().map(|series| &series.labels))?;
        Ok(all)
    }

    /// The moment that a modifier makes of a moment of evaluation.
    const fn shifted(&self, shift: Shift, at: i64) -> i64 {
        let base = match shift.at {
            None => at,
            Some(At::Start) => self.whole.0,
            Some(At::End) => self.whole.1,
            Some(At::Time(time)) => time,
        };
        base.saturating_sub(shift.offset)
    }
}
