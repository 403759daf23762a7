//! Functions that are no functions over ranges.

use super::Engine;
use super::go::{cosh, larger, log2, log10, sign, sinh, smaller};
use super::math::seconds;
use super::steps::{Frame, scalar};
use super::window::absent_labels;
use super::{date, histogram};
use crate::promql::error::Fault;
use crate::promql::function::Function;
use crate::promql::labels::Labels;
use crate::promql::syntax::{Expr, Kind};
use crate::promql::value::{Sample, Series};

impl Engine<'_> {
    pub fn call(
        &mut self,
        function: Function,
        args: &[Expr],
        frame: Frame,
    ) -> Result<Vec<Series>, Fault> {
        if args.iter().any(|arg| arg.kind() == Kind::Matrix) {
            return self.windowed(function, args, frame);
        }
        match (function, args) {
            (Function::Time, _) => return self.scalar_series(frame, seconds),
            (Function::Pi, _) => return self.constant(frame, std::f64::consts::PI),
            (Function::Timestamp, [Expr::Instant(selector)]) => {
                return self.sample_times(selector, frame);
            }
            (Function::LabelReplace, [of, ..]) => return self.label_replace(of, args, frame),
            (Function::LabelJoin, [of, ..]) => return self.label_join(of, args, frame),
            _ => {}
        }
        let edition = self.edition;
        let operands: Vec<&Expr> = args.iter().collect();
        self.each_step(frame, &operands, &mut |at, vectors| {
            let first = vectors.first().map(Vec::as_slice).unwrap_or_default();
            Ok(match function {
                Function::Vector => made(scalar(vectors, 0)),
                Function::Scalar => made(match first {
                    [one] => one.value,
                    _ => f64::NAN,
                }),
                Function::Absent if first.is_empty() => {
                    let labels = args.first().map(absent_labels).unwrap_or_default();
                    vec![Sample { labels, value: 1.0 }]
                }
                Function::Absent => Vec::new(),
                Function::Sort | Function::SortDesc => {
                    sorted(first, function == Function::SortDesc)
                }
                Function::HistogramQuantile => {
                    let buckets = vectors.get(1).map(Vec::as_slice).unwrap_or_default();
                    histogram::quantiles(scalar(vectors, 0), buckets, edition)
                }
                Function::Timestamp => each(first, |_| seconds(at)),
                Function::Clamp if scalar(vectors, 2) < scalar(vectors, 1) => Vec::new(),
                Function::Clamp => {
                    let (least, most) = (scalar(vectors, 1), scalar(vectors, 2));
                    each(first, |value| larger(least, smaller(most, value)))
                }
                Function::ClampMin => each(first, |value| larger(scalar(vectors, 1), value)),
                Function::ClampMax => each(first, |value| smaller(scalar(vectors, 1), value)),
                Function::Round => {
                    let nearest = if args.len() > 1 { scalar(vectors, 1) } else { 1.0 };
                    let inverse = 1.0 / nearest;
                    each(first, |value| (value * inverse + 0.5).floor() / inverse)
                }
                _ => match (date::of(function), simple(function)) {
                    (Some(part), _) if args.is_empty() => made(part(seconds(at))),
                    (Some(part), _) => each(first, part),
                    (None, Some(change)) => each(first, change),
                    (None, None) => Vec::new(),
                },
            })
        })
    }
}

/// One element without labels.
fn made(value: f64) -> Vec<Sample> {
    vec![Sample { labels: Labels::default(), value }]
}

/// Every element changed, without the name of its metric.
fn each(vector: &[Sample], change: impl Fn(f64) -> f64) -> Vec<Sample> {
    let changed = |sample: &Sample| Sample {
        labels: sample.labels.without_name(),
        value: change(sample.value),
    };
    vector.iter().map(changed).collect()
}

/// By value, NaN at the end.
fn sorted(vector: &[Sample], is_falling: bool) -> Vec<Sample> {
    let mut all = vector.to_vec();
    all.sort_by(|one, other| match (one.value.is_nan(), other.value.is_nan()) {
        (false, false) => {
            let order = one.value.partial_cmp(&other.value).unwrap_or(std::cmp::Ordering::Equal);
            if is_falling { order.reverse() } else { order }
        }
        (one, other) => one.cmp(&other),
    });
    all
}

/// Functions of one number.
fn simple(function: Function) -> Option<fn(f64) -> f64> {
    Some(match function {
        Function::Abs => f64::abs,
        Function::Acos => f64::acos,
        Function::Acosh => f64::acosh,
        Function::Asin => f64::asin,
        Function::Asinh => f64::asinh,
        Function::Atan => f64::atan,
        Function::Atanh => f64::atanh,
        Function::Ceil => f64::ceil,
        Function::Cos => f64::cos,
        Function::Cosh => cosh,
        Function::Deg => |value| value * 180.0 / std::f64::consts::PI,
        Function::Exp => f64::exp,
        Function::Floor => f64::floor,
        Function::Ln => f64::ln,
        Function::Log10 => log10,
        Function::Log2 => log2,
        Function::Rad => |value| value * std::f64::consts::PI / 180.0,
        Function::Sgn => sign,
        Function::Sin => f64::sin,
        Function::Sinh => sinh,
        Function::Sqrt => f64::sqrt,
        Function::Tan => f64::tan,
        Function::Tanh => f64::tanh,
        _ => return None,
    })
}
