//! Operations on two: numbers, a vector and a number, or two vectors that are matched.

use std::collections::{HashMap, HashSet};

use super::Engine;
use super::go::power;
use super::steps::{Frame, scalar};
use crate::promql::error::Fault;
use crate::promql::labels::{Labels, NAME};
use crate::promql::syntax::{Binary, Edition, Grouping, Kind, Many, Matching, Operator};
use crate::promql::value::{Sample, Series};

impl Engine<'_> {
    pub fn binary(&mut self, binary: &Binary, frame: Frame) -> Result<Vec<Series>, Fault> {
        let sides = (binary.left.kind(), binary.right.kind());
        let (operator, is_bool) = (binary.operator, binary.is_bool);
        let edition = self.edition;
        self.each_step(frame, &[&binary.left, &binary.right], &mut |_, vectors| {
            let [left, right] = vectors else { return Ok(Vec::new()) };
            match sides {
                (Kind::Scalar, Kind::Scalar) => {
                    let (value, _) =
                        applied(operator, scalar(vectors, 0), scalar(vectors, 1), true);
                    Ok(vec![Sample { labels: Labels::default(), value }])
                }
                (Kind::Scalar, _) => {
                    Ok(with_scalar(binary, right, scalar(vectors, 0), true, edition))
                }
                (_, Kind::Scalar) => {
                    Ok(with_scalar(binary, left, scalar(vectors, 1), false, edition))
                }
                _ if operator.is_of_sets() => Ok(sets(operator, left, right, &binary.matching)),
                _ => {
                    Join { operator, is_bool, matching: &binary.matching, edition }.of(left, right)
                }
            }
        })
    }
}

/// The value of an operation, and whether a comparison holds. Without `as_number` a comparison gives
/// its left side.
fn applied(operator: Operator, left: f64, right: f64, as_number: bool) -> (f64, bool) {
    let number = |value| (value, true);
    let holds = match operator {
        Operator::Add => return number(left + right),
        Operator::Sub => return number(left - right),
        Operator::Mul => return number(left * right),
        Operator::Div => return number(left / right),
        Operator::Mod => return number(left % right),
        Operator::Pow => return number(power(left, right)),
        Operator::Atan2 => return number(left.atan2(right)),
        Operator::Eq => left == right,
        Operator::Ne => left != right,
        Operator::Gt => left > right,
        Operator::Lt => left < right,
        Operator::Ge => left >= right,
        Operator::Le => left <= right,
        Operator::And | Operator::Or | Operator::Unless => false,
    };
    (if as_number { f64::from(u8::from(holds)) } else { left }, holds)
}

/// Whether the result of an operation is another metric, without the name.
fn changes_metric(operator: Operator, edition: Edition) -> bool {
    match operator {
        // 2.42 forgot this one.
        Operator::Atan2 => edition == Edition::Three,
        _ => !operator.compares() && !operator.is_of_sets(),
    }
}

/// A vector and a number; a comparison keeps the element's value, whichever side it is on.
fn with_scalar(
    binary: &Binary,
    vector: &[Sample],
    number: f64,
    number_is_left: bool,
    edition: Edition,
) -> Vec<Sample> {
    let drops = changes_metric(binary.operator, edition) || binary.is_bool;
    let mut out = Vec::new();
    for sample in vector {
        let (left, right) =
            if number_is_left { (number, sample.value) } else { (sample.value, number) };
        let (value, holds) = applied(binary.operator, left, right, binary.is_bool);
        let filters = binary.operator.compares() && !binary.is_bool;
        if filters && !holds {
            continue;
        }
        let labels = if drops { sample.labels.without_name() } else { sample.labels.clone() };
        out.push(Sample { labels, value: if filters { sample.value } else { value } });
    }
    out
}

/// What two elements must have in common to match.
fn signature(labels: &Labels, grouping: &Grouping) -> Labels {
    if grouping.is_listed {
        labels.keep(|name| grouping.lists(name))
    } else {
        labels.keep(|name| name != NAME && !grouping.lists(name))
    }
}

fn sets(operator: Operator, left: &[Sample], right: &[Sample], matching: &Matching) -> Vec<Sample> {
    let signatures = |side: &[Sample]| -> HashSet<Labels> {
        side.iter().map(|sample| signature(&sample.labels, &matching.grouping)).collect()
    };
    let in_set = |sample: &&Sample, set: &HashSet<Labels>| {
        set.contains(&signature(&sample.labels, &matching.grouping))
    };
    match operator {
        Operator::And => {
            let known = signatures(right);
            left.iter().filter(|sample| in_set(sample, &known)).cloned().collect()
        }
        Operator::Unless => {
            let known = signatures(right);
            left.iter().filter(|sample| !in_set(sample, &known)).cloned().collect()
        }
        _ => {
            let known = signatures(left);
            let others = right.iter().filter(|sample| !in_set(sample, &known));
            left.iter().chain(others).cloned().collect()
        }
    }
}

/// An operation on two vectors.
struct Join<'a> {
    operator: Operator,
    is_bool: bool,
    matching: &'a Matching,
    edition: Edition,
}

impl Join<'_> {
    fn of(&self, left: &[Sample], right: &[Sample]) -> Result<Vec<Sample>, Fault> {
        if left.is_empty() || right.is_empty() {
            return Ok(Vec::new());
        }
        let is_swapped = matches!(self.matching.many, Many::Right(_));
        let (many, one) = if is_swapped { (right, left) } else { (left, right) };
        let partners = self.partners(one, if is_swapped { "left" } else { "right" })?;
        let mut results: HashMap<Labels, HashSet<Labels>> = HashMap::new();
        let mut out = Vec::new();
        for sample in many {
            let group = signature(&sample.labels, &self.matching.grouping);
            let Some(partner) = partners.get(&group) else { continue };
            let (a, b) = if is_swapped {
                (partner.value, sample.value)
            } else {
                (sample.value, partner.value)
            };
            let (value, holds) = applied(self.operator, a, b, self.is_bool);
            if self.operator.compares() && !self.is_bool && !holds {
                continue;
            }
            let labels = self.labels(&sample.labels, &partner.labels);
            let known = results.contains_key(&group);
            if self.matching.many == Many::None && known {
                return Err(Fault::ManyToOne);
            }
            if !results.entry(group).or_default().insert(labels.clone()) {
                return Err(Fault::Grouping);
            }
            out.push(Sample { labels, value });
        }
        Ok(out)
    }

    /// The side of which every group has one.
    fn partners<'s>(
        &self,
        one: &'s [Sample],
        side: &'static str,
    ) -> Result<HashMap<Labels, &'s Sample>, Fault> {
        let mut all: HashMap<Labels, &Sample> = HashMap::with_capacity(one.len());
        for sample in one {
            let group = signature(&sample.labels, &self.matching.grouping);
            if let Some(other) = all.get(&group) {
                return Err(Fault::ManyToMany {
                    group: group.to_string(),
                    side,
                    first: sample.labels.to_string(),
                    second: other.labels.to_string(),
                });
            }
            all.insert(group, sample);
        }
        Ok(all)
    }

    /// The labels of a result: those of the many side, of one to one those it is matched by, and
    /// those that are taken over from the one side.
    fn labels(&self, many: &Labels, one: &Labels) -> Labels {
        let grouping = &self.matching.grouping;
        let drops_name = changes_metric(self.operator, self.edition);
        let mut labels = if drops_name { many.without_name() } else { many.clone() };
        match &self.matching.many {
            Many::None => labels = labels.keep(|name| grouping.lists(name) == grouping.is_listed),
            Many::Left(taken) | Many::Right(taken) => {
                for name in taken {
                    labels = labels.with(name, one.get(name));
                }
            }
        }
        if self.is_bool { labels.without_name() } else { labels }
    }
}
