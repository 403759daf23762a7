//! Aggregations: one value, or some elements, of every group.

use std::collections::HashMap;

use super::Engine;
use super::math::quantile;
use super::over_time::count;
use super::steps::{Frame, scalar};
use super::top::{Heap, top};
use crate::promql::error::Fault;
use crate::promql::labels::{Labels, NAME};
use crate::promql::syntax::{Aggregate, Aggregation, Expr, Grouping};
use crate::promql::value::{Sample, Series};

impl Engine<'_> {
    pub fn aggregate(&mut self, aggregate: &Aggregate, frame: Frame) -> Result<Vec<Series>, Fault> {
        let kind = aggregate.aggregation;
        let edition = self.edition;
        let grouping = &aggregate.grouping;
        match &aggregate.param {
            Some(Expr::Text(label)) => {
                self.each_step(frame, &[&aggregate.of], &mut |_, vectors| {
                    let vector = vectors.first().map(Vec::as_slice).unwrap_or_default();
                    Ok(count_values(vector, grouping, label))
                })
            }
            Some(param) => self.each_step(frame, &[param, &aggregate.of], &mut |_, vectors| {
                let vector = vectors.get(1).map(Vec::as_slice).unwrap_or_default();
                let param = scalar(vectors, 0);
                match kind {
                    Aggregation::Quantile => Ok(quantiles(vector, grouping, param)),
                    _ => {
                        let heap = Heap { largest: kind == Aggregation::Topk, edition };
                        top(vector, grouping, param, heap)
                    }
                }
            }),
            None => self.each_step(frame, &[&aggregate.of], &mut |_, vectors| {
                let vector = vectors.first().map(Vec::as_slice).unwrap_or_default();
                Ok(folded(vector, grouping, kind))
            }),
        }
    }
}

/// The labels of the group of an element.
pub fn group_of(labels: &Labels, grouping: &Grouping) -> Labels {
    if grouping.is_listed {
        labels.keep(|name| grouping.lists(name))
    } else {
        labels.keep(|name| name != NAME && !grouping.lists(name))
    }
}

/// Groups in the order of their first elements.
pub struct Groups<T> {
    places: HashMap<Labels, usize>,
    pub all: Vec<(Labels, T)>,
}

impl<T> Groups<T> {
    pub fn new() -> Self {
        Self { places: HashMap::new(), all: Vec::new() }
    }

    /// Adds to the group of some labels, or begins it.
    pub fn add(&mut self, labels: Labels, begin: impl FnOnce() -> T, add: impl FnOnce(&mut T)) {
        let next = self.all.len();
        let place = *self.places.entry(labels.clone()).or_insert(next);
        match self.all.get_mut(place) {
            Some((_, group)) => add(group),
            None => self.all.push((labels, begin())),
        }
    }
}

/// What is known of a group while its elements come by.
#[derive(Clone, Copy)]
struct Folded {
    value: f64,
    mean: f64,
    number: f64,
}

impl Folded {
    fn new(kind: Aggregation, value: f64) -> Self {
        let first = match kind {
            Aggregation::Stddev | Aggregation::Stdvar => 0.0,
            Aggregation::Group => 1.0,
            _ => value,
        };
        Self { value: first, mean: value, number: 1.0 }
    }

    fn add(&mut self, kind: Aggregation, value: f64) {
        self.number += 1.0;
        match kind {
            Aggregation::Sum => self.value += value,
            Aggregation::Min if value < self.value || self.value.is_nan() => self.value = value,
            Aggregation::Max if value > self.value || self.value.is_nan() => self.value = value,
            Aggregation::Avg => {
                if self.mean.is_infinite() {
                    let same = value.is_infinite() && (self.mean > 0.0) == (value > 0.0);
                    if same || value.is_finite() {
                        return;
                    }
                }
                self.mean += value / self.number - self.mean / self.number;
            }
            Aggregation::Stddev | Aggregation::Stdvar => {
                let delta = value - self.mean;
                self.mean += delta / self.number;
                self.value += delta * (value - self.mean);
            }
            _ => {}
        }
    }

    fn result(self, kind: Aggregation) -> f64 {
        match kind {
            Aggregation::Avg => self.mean,
            Aggregation::Count => self.number,
            Aggregation::Stdvar => self.value / self.number,
            Aggregation::Stddev => (self.value / self.number).sqrt(),
            _ => self.value,
        }
    }
}

fn folded(vector: &[Sample], grouping: &Grouping, kind: Aggregation) -> Vec<Sample> {
    let mut groups = Groups::new();
    for sample in vector {
        let value = sample.value;
        let labels = group_of(&sample.labels, grouping);
        groups.add(
            labels,
            || Folded::new(kind, value),
            |group: &mut Folded| group.add(kind, value),
        );
    }
    let samples = groups.all.into_iter();
    samples.map(|(labels, group)| Sample { labels, value: group.result(kind) }).collect()
}

fn quantiles(vector: &[Sample], grouping: &Grouping, q: f64) -> Vec<Sample> {
    let mut groups = Groups::new();
    for sample in vector {
        let value = sample.value;
        let labels = group_of(&sample.labels, grouping);
        groups.add(labels, || vec![value], |group: &mut Vec<f64>| group.push(value));
    }
    let samples = groups.all.into_iter();
    samples.map(|(labels, values)| Sample { labels, value: quantile(q, values) }).collect()
}

/// How often each value is there: the value becomes a label, written without an exponent.
fn count_values(vector: &[Sample], grouping: &Grouping, label: &str) -> Vec<Sample> {
    let mut groups = Groups::new();
    for sample in vector {
        let valued = sample.labels.with(label, &written(sample.value));
        let labels = if grouping.is_listed {
            valued.keep(|name| name == label || grouping.lists(name))
        } else {
            group_of(&valued, grouping)
        };
        groups.add(labels, || 1_usize, |number| *number += 1);
    }
    let samples = groups.all.into_iter();
    samples.map(|(labels, number)| Sample { labels, value: count(number) }).collect()
}

fn written(value: f64) -> String {
    if value == f64::INFINITY {
        "+Inf".to_owned()
    } else if value == f64::NEG_INFINITY {
        "-Inf".to_owned()
    } else {
        value.to_string()
    }
}
