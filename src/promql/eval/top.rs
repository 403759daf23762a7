//! `topk` and `bottomk`: some elements of every group, with all their labels.

use std::cmp::Ordering;

use super::aggregate::{Groups, group_of};
use crate::promql::error::Fault;
use crate::promql::syntax::{Edition, Grouping};
use crate::promql::value::Sample;

/// The strongest elements so far, the weakest of them first. Which of equal elements stay depends on
/// how the heap is kept, so it is kept as Prometheus keeps it.
#[derive(Clone, Copy, Debug)]
pub struct Heap {
    /// `topk`; otherwise `bottomk`.
    pub largest: bool,
    pub edition: Edition,
}

/// The largest or smallest elements of every group, NaN last.
pub fn top(
    vector: &[Sample],
    grouping: &Grouping,
    param: f64,
    heap: Heap,
) -> Result<Vec<Sample>, Fault> {
    // The largest number of 64 bits itself is not one of them as a float.
    const BOUND: f64 = 9_223_372_036_854_774_784.0;
    if !(-BOUND..=BOUND).contains(&param) {
        return Err(Fault::Overflow(param));
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked above")]
    let most = param.max(0.0) as usize;
    if most < 1 {
        return Ok(Vec::new());
    }
    let mut groups = Groups::new();
    for sample in vector {
        let labels = group_of(&sample.labels, grouping);
        let begin = || vec![sample.clone()];
        groups.add(labels, begin, |elements| heap.offer(elements, sample, most));
    }
    let mut out = Vec::new();
    for (_, mut elements) in groups.all {
        elements.sort_by(|one, other| heap.order(one.value, other.value));
        out.extend(elements);
    }
    Ok(out)
}

impl Heap {
    /// The order of the result.
    fn order(self, one: f64, other: f64) -> Ordering {
        match (one.is_nan(), other.is_nan()) {
            (false, false) => {
                let order = one.partial_cmp(&other).unwrap_or(Ordering::Equal);
                if self.largest { order.reverse() } else { order }
            }
            (one, other) => one.cmp(&other),
        }
    }

    /// Whether one is weaker than another: NaN is weaker than all.
    fn weaker(self, one: f64, other: f64) -> bool {
        one.is_nan() || if self.largest { one < other } else { one > other }
    }

    /// Takes an element if there is room or if it is stronger than the weakest.
    fn offer(self, elements: &mut Vec<Sample>, sample: &Sample, most: usize) {
        if elements.len() < most {
            elements.push(sample.clone());
            self.rise(elements);
            return;
        }
        let Some(root) = elements.first_mut() else { return };
        let beats =
            if self.largest { root.value < sample.value } else { root.value > sample.value };
        match self.edition {
            Edition::Two if beats || root.value.is_nan() => {
                // The weakest leaves from the end of the heap, the new one rises from there.
                let last = elements.len() - 1;
                elements.swap(0, last);
                elements.truncate(last);
                self.sink(elements);
                elements.push(sample.clone());
                self.rise(elements);
            }
            Edition::Three if beats || root.value.is_nan() && !sample.value.is_nan() => {
                *root = sample.clone();
                self.sink(elements);
            }
            _ => {}
        }
    }

    /// Lifts the last element to its place.
    fn rise(self, elements: &mut [Sample]) {
        let mut at = elements.len().saturating_sub(1);
        while at > 0 {
            let parent = (at - 1) / 2;
            if !self.weaker(value(elements, at), value(elements, parent)) {
                break;
            }
            elements.swap(at, parent);
            at = parent;
        }
    }

    /// Lowers the first element to its place.
    fn sink(self, elements: &mut [Sample]) {
        let mut at = 0;
        loop {
            let (left, right) = (2 * at + 1, 2 * at + 2);
            if left >= elements.len() {
                break;
            }
            let is_right = right < elements.len()
                && self.weaker(value(elements, right), value(elements, left));
            let child = if is_right { right } else { left };
            if !self.weaker(value(elements, child), value(elements, at)) {
                break;
            }
            elements.swap(at, child);
            at = child;
        }
    }
}

fn value(elements: &[Sample], at: usize) -> f64 {
    elements.get(at).map_or(f64::NAN, |sample| sample.value)
}
