//! Functions over ranges, applied to every series and every window.

use std::collections::HashSet;

use super::Engine;
use super::over_time::{Window, over_time};
use super::select::Windows;
use super::steps::{Frame, check_unique};
use crate::promql::error::Fault;
use crate::promql::function::Function;
use crate::promql::labels::Labels;
use crate::promql::syntax::{Compare, Expr, Kind, Matcher};
use crate::promql::value::{Point, Series};

impl Engine<'_> {
    /// A function with a range among its arguments.
    pub fn windowed(
        &mut self,
        function: Function,
        args: &[Expr],
        frame: Frame,
    ) -> Result<Vec<Series>, Fault> {
        let is_matrix = |arg: &&Expr| arg.kind() == Kind::Matrix;
        let Some(range) = args.iter().find(is_matrix) else { return Ok(Vec::new()) };
        let mut scalars = Vec::new();
        for arg in args.iter().filter(|arg| arg.kind() == Kind::Scalar) {
            scalars.extend(self.eval(arg, frame)?.into_iter().next());
        }
        let Some(windows) = self.windows(range, frame)? else { return Ok(Vec::new()) };
        let mut made = Vec::with_capacity(windows.series.len());
        for series in &windows.series {
            let points = self.over(function, series, &windows, scalars.first(), frame)?;
            if points.is_empty() {
                continue;
            }
            let keeps_name = function == Function::LastOverTime;
            let labels = &series.labels;
            let labels = if keeps_name { labels.clone() } else { labels.without_name() };
            made.push(Series { labels, points });
        }
        if function == Function::AbsentOverTime {
            return self.absent(range, &made, frame);
        }
        check_unique(made.iter().map(|series| &series.labels))?;
        Ok(made)
    }

    /// The values of one series.
    fn over(
        &mut self,
        function: Function,
        series: &Series,
        windows: &Windows,
        scalar: Option<&Series>,
        frame: Frame,
    ) -> Result<Vec<Point>, Fault> {
        let (mut low, mut high) = (0, 0);
        let mut made = Vec::new();
        for (index, at) in frame.times().enumerate() {
            let end = self.shifted(windows.shift, at);
            let first = self.first_of(end, windows.range);
            while series.points.get(high).is_some_and(|point| point.at <= end) {
                high += 1;
            }
            while series.points.get(low).is_some_and(|point| point.at < first) {
                low += 1;
            }
            let points = series.points.get(low..high).unwrap_or_default();
            self.visits(points.len())?;
            if points.is_empty() {
                continue;
            }
            let scalar = scalar.and_then(|scalar| scalar.points.get(index));
            let window = Window {
                points,
                start: end.saturating_sub(windows.range),
                end,
                at,
                scalar: scalar.map_or(f64::NAN, |point| point.value),
                edition: self.edition,
            };
            if let Some(value) = over_time(function, &window) {
                made.push(Point { at, value });
            }
        }
        self.budget.samples(made.len())?;
        Ok(made)
    }

    /// One at every step at which no series has anything.
    fn absent(&mut self, range: &Expr, all: &[Series], frame: Frame) -> Result<Vec<Series>, Fault> {
        let present: HashSet<i64> =
            all.iter().flat_map(|series| series.points.iter().map(|point| point.at)).collect();
        let missing = frame.times().filter(|at| !present.contains(at));
        let points: Vec<Point> = missing.map(|at| Point { at, value: 1.0 }).collect();
        if points.is_empty() {
            return Ok(Vec::new());
        }
        self.budget.samples(points.len())?;
        Ok(vec![Series { labels: absent_labels(range), points }])
    }
}

/// The labels of what is absent: those that the selector asks for by one equality each.
pub fn absent_labels(of: &Expr) -> Labels {
    let matchers: &[Matcher] = match of {
        Expr::Instant(selector) | Expr::Range(selector, _) => &selector.matchers,
        _ => &[],
    };
    let mut labels = Labels::default();
    let mut has = HashSet::new();
    for matcher in matchers.iter().filter(|matcher| matcher.name != crate::promql::NAME) {
        let is_first = matches!(matcher.compare, Compare::Is) && has.insert(&matcher.name);
        labels = labels.with(&matcher.name, if is_first { &matcher.value } else { "" });
    }
    labels
}
