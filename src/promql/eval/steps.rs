//! The steps of an evaluation, and operations that are made step by step.

use std::collections::{HashMap, HashSet};

use super::Engine;
use crate::promql::error::Fault;
use crate::promql::labels::Labels;
use crate::promql::syntax::Expr;
use crate::promql::value::{Point, Sample, Series};

/// The steps of a range or a subquery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    pub start: i64,
    pub end: i64,
    pub step: i64,
}

impl Frame {
    /// How many.
    pub const fn count(self) -> u64 {
        if self.end < self.start {
            return 0;
        }
        (self.end.abs_diff(self.start) / self.step.unsigned_abs()).saturating_add(1)
    }

    /// All of them.
    pub fn times(self) -> impl Iterator<Item = i64> {
        let first = (self.start <= self.end).then_some(self.start);
        std::iter::successors(first, move |at| {
            at.checked_add(self.step).filter(|next| *next <= self.end)
        })
    }

    /// Whether it is one moment: then the order of elements is kept.
    pub const fn is_instant(self) -> bool {
        self.start == self.end
    }
}

/// Refuses two equal label sets.
pub fn check_unique<'a>(labels: impl Iterator<Item = &'a Labels>) -> Result<(), Fault> {
    let mut seen = HashSet::new();
    for one in labels {
        if !seen.insert(one) {
            return Err(Fault::SameLabels);
        }
    }
    Ok(())
}

/// An operation at one step: the time, and a vector for every operand.
pub type Operation<'a> = dyn FnMut(i64, &[Vec<Sample>]) -> Result<Vec<Sample>, Fault> + 'a;

/// The value of a scalar operand.
pub fn scalar(operands: &[Vec<Sample>], index: usize) -> f64 {
    operands.get(index).and_then(|of| of.first()).map_or(f64::NAN, |sample| sample.value)
}

impl Engine<'_> {
    /// Makes an operation at every step. What it gives must have labels of its own at each.
    pub fn each_step(
        &mut self,
        frame: Frame,
        operands: &[&Expr],
        operation: &mut Operation<'_>,
    ) -> Result<Vec<Series>, Fault> {
        let mut inputs = Vec::with_capacity(operands.len());
        for operand in operands {
            inputs.push(self.eval(operand, frame)?);
        }
        self.each_step_of(frame, inputs, operation)
    }

    /// The same with operands that are evaluated.
    pub fn each_step_of(
        &mut self,
        frame: Frame,
        operands: Vec<Vec<Series>>,
        operation: &mut Operation<'_>,
    ) -> Result<Vec<Series>, Fault> {
        let mut inputs: Vec<Input> = operands.into_iter().map(Input::new).collect();
        let mut made: Vec<Series> = Vec::new();
        let mut places: HashMap<Labels, usize> = HashMap::new();
        let mut vectors: Vec<Vec<Sample>> = vec![Vec::new(); inputs.len()];
        for at in frame.times() {
            for (vector, input) in vectors.iter_mut().zip(&mut inputs) {
                input.at(at, vector);
                self.visits(vector.len())?;
            }
            let result = operation(at, &vectors)?;
            check_unique(result.iter().map(|sample| &sample.labels))?;
            self.budget.samples(result.len())?;
            for Sample { labels, value } in result {
                let point = Point { at, value };
                if frame.is_instant() {
                    made.push(Series { labels, points: vec![point] });
                    continue;
                }
                let place = *places.entry(labels.clone()).or_insert(made.len());
                match made.get_mut(place) {
                    Some(series) => series.points.push(point),
                    None => made.push(Series { labels, points: vec![point] }),
                }
            }
        }
        Ok(made)
    }
}

/// The series of an operand, walked step by step.
struct Input {
    series: Vec<Series>,
    /// The next point of each series.
    next: Vec<usize>,
}

impl Input {
    fn new(series: Vec<Series>) -> Self {
        Self { next: vec![0; series.len()], series }
    }

    /// Writes the elements at a time.
    fn at(&mut self, at: i64, out: &mut Vec<Sample>) {
        out.clear();
        for (series, next) in self.series.iter().zip(&mut self.next) {
            let Some(point) = series.points.get(*next).filter(|point| point.at == at) else {
                continue;
            };
            *next += 1;
            out.push(Sample { labels: series.labels.clone(), value: point.value });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_has_its_end_only_when_a_step_falls_on_it() {
        let frame = Frame { start: 10, end: 30, step: 10 };
        assert_eq!(frame.times().collect::<Vec<_>>(), [10, 20, 30]);
        assert_eq!(frame.count(), 3);
        let frame = Frame { start: 10, end: 29, step: 10 };
        assert_eq!((frame.times().count(), frame.count()), (2, 2));
        let frame = Frame { start: 10, end: 9, step: 10 };
        assert_eq!((frame.times().count(), frame.count()), (0, 0));
    }
}
