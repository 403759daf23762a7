//! What functions over ranges make of the samples of one window.

use super::math::{Kahan, quantile, seconds};
use crate::promql::function::Function;
use crate::promql::syntax::Edition;
use crate::promql::value::Point;

/// The samples of a series in a window, at least one, and where the window is.
pub struct Window<'a> {
    pub points: &'a [Point],
    /// Where the window begins and ends.
    pub start: i64,
    pub end: i64,
    /// The step it is for.
    pub at: i64,
    /// The number that the function was given.
    pub scalar: f64,
    pub edition: Edition,
}

/// The value of a function over a window; none when there are too few samples.
pub fn over_time(function: Function, window: &Window<'_>) -> Option<f64> {
    let points = window.points;
    let last = points.last()?;
    let values = || points.iter().map(|point| point.value);
    Some(match function {
        Function::Rate => return extrapolated(window, true, true),
        Function::Increase => return extrapolated(window, true, false),
        Function::Delta => return extrapolated(window, false, false),
        Function::Irate => return instantaneous(points, true),
        Function::Idelta => return instantaneous(points, false),
        Function::Deriv => {
            let first = points.first().filter(|_| points.len() > 1)?;
            regression(points, first.at).0
        }
        Function::PredictLinear => {
            points.get(1)?;
            let (slope, intercept) = regression(points, window.at);
            slope * window.scalar + intercept
        }
        Function::Resets => pairs(points, |before, after| after < before),
        Function::Changes => {
            pairs(points, |before, after| before != after && !(before.is_nan() && after.is_nan()))
        }
        Function::AvgOverTime => average(points),
        Function::MinOverTime => {
            values().fold(
                f64::NAN,
                |least, value| {
                    if value < least || least.is_nan() { value } else { least }
                },
            )
        }
        Function::MaxOverTime => values()
            .fold(f64::NAN, |most, value| if value > most || most.is_nan() { value } else { most }),
        Function::SumOverTime => Kahan::of(values()).sum(),
        Function::CountOverTime => count(points.len()),
        Function::LastOverTime => last.value,
        Function::PresentOverTime | Function::AbsentOverTime => 1.0,
        Function::QuantileOverTime => quantile(window.scalar, values().collect()),
        Function::StddevOverTime => variance(points).sqrt(),
        Function::StdvarOverTime => variance(points),
        _ => return None,
    })
}

/// A number of samples; windows are far smaller than what a float counts exactly.
#[expect(clippy::cast_precision_loss, reason = "limits keep it below 2^52")]
pub const fn count(samples: usize) -> f64 {
    samples as f64
}

fn pairs(points: &[Point], counts: impl Fn(f64, f64) -> bool) -> f64 {
    let both = points.iter().zip(points.iter().skip(1));
    count(both.filter(|(before, after)| counts(before.value, after.value)).count())
}

/// The difference of a window's ends, stretched to the whole window.
///
/// Samples do not stand at the edges of the window. When an edge is nearer than 1.1 mean intervals,
/// the series is thought to go on to it; otherwise half an interval further. A counter is never
/// thought to begin below zero.
fn extrapolated(window: &Window<'_>, is_counter: bool, is_rate: bool) -> Option<f64> {
    let points = window.points;
    let (first, last) = (points.first()?, points.last()?);
    let intervals = count(points.len().checked_sub(1).filter(|between| *between > 0)?);
    let mut difference = last.value - first.value;
    if is_counter {
        let both = points.iter().zip(points.iter().skip(1));
        for (before, _) in both.filter(|(before, after)| after.value < before.value) {
            difference += before.value;
        }
    }
    let sampled = seconds(last.at.saturating_sub(first.at));
    let mean = sampled / intervals;
    let threshold = mean * 1.1;
    let mut to_start = seconds(first.at.saturating_sub(window.start));
    let to_end = seconds(window.end.saturating_sub(last.at));
    let grows = is_counter && difference > 0.0 && first.value >= 0.0;
    let to_zero = if grows { sampled * (first.value / difference) } else { f64::INFINITY };
    match window.edition {
        Edition::Two => {
            to_start = if to_zero < to_start { to_zero } else { to_start };
            to_start = if to_start < threshold { to_start } else { mean / 2.0 };
        }
        Edition::Three => {
            to_start = if to_start < threshold { to_start } else { mean / 2.0 };
            to_start = if to_zero < to_start { to_zero } else { to_start };
        }
    }
    let to_end = if to_end < threshold { to_end } else { mean / 2.0 };
    let mut factor = (sampled + to_start + to_end) / sampled;
    if is_rate {
        factor /= seconds(window.end.saturating_sub(window.start));
    }
    Some(difference * factor)
}

fn instantaneous(points: &[Point], is_rate: bool) -> Option<f64> {
    let [.., before, last] = points else { return None };
    let was_reset = is_rate && last.value < before.value;
    let difference = if was_reset { last.value } else { last.value - before.value };
    let interval = seconds(last.at.saturating_sub(before.at));
    Some(if is_rate { difference / interval } else { difference })
}

/// Slope and value at a moment of the line that fits best.
fn regression(points: &[Point], moment: i64) -> (f64, f64) {
    let first = points.first().map_or(f64::NAN, |point| point.value);
    let is_constant = points.iter().all(|point| point.value == first);
    if is_constant {
        return if first.is_infinite() { (f64::NAN, f64::NAN) } else { (0.0, first) };
    }
    let number = count(points.len());
    let both =
        || points.iter().map(|point| (seconds(point.at.saturating_sub(moment)), point.value));
    let sum_x = Kahan::of(both().map(|(x, _)| x)).plain();
    let sum_y = Kahan::of(both().map(|(_, y)| y)).plain();
    let sum_xy = Kahan::of(both().map(|(x, y)| x * y)).plain();
    let sum_xx = Kahan::of(both().map(|(x, _)| x * x)).plain();
    let slope = (sum_xy - sum_x * sum_y / number) / (sum_xx - sum_x * sum_x / number);
    (slope, sum_y / number - slope * sum_x / number)
}

/// The mean, made step by step so that large values do not overflow.
fn average(points: &[Point]) -> f64 {
    let mut mean = Kahan::default();
    let mut number = 0.0;
    for value in points.iter().map(|point| point.value) {
        number += 1.0;
        if mean.total.is_infinite() {
            let same = value.is_infinite() && (mean.total > 0.0) == (value > 0.0);
            if same || value.is_finite() {
                continue;
            }
        }
        mean.add(value / number - mean.total / number);
    }
    mean.sum()
}

fn variance(points: &[Point]) -> f64 {
    let (mut mean, mut squares) = (Kahan::default(), Kahan::default());
    let mut number = 0.0;
    for value in points.iter().map(|point| point.value) {
        number += 1.0;
        let delta = value - mean.plain();
        mean.add(delta / number);
        squares.add(delta * (value - mean.plain()));
    }
    squares.plain() / number
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(points: &[Point], edition: Edition) -> Window<'_> {
        Window { points, start: 420_000, end: 600_000, at: 600_000, scalar: 0.0, edition }
    }

    /// The two editions differ where a counter began near zero long after the window did.
    #[test]
    fn the_zero_of_a_counter_is_regarded_before_or_after_the_half_interval() {
        let points: Vec<Point> =
            [(540_000, 1.0), (560_000, 21.0), (580_000, 41.0), (600_000, 61.0)]
                .map(|(at, value)| Point { at, value })
                .to_vec();
        // To zero it is a second, to the window's start two minutes: both editions take the second.
        let same = 60.0 * (60.0 + 1.0) / 60.0;
        assert_eq!(over_time(Function::Increase, &window(&points, Edition::Two)), Some(same));
        assert_eq!(over_time(Function::Increase, &window(&points, Edition::Three)), Some(same));
        // To zero it is 15 s: within the threshold, but more than the half interval of 10 s.
        let points: Vec<Point> =
            [(540_000, 15.0), (560_000, 35.0), (580_000, 55.0), (600_000, 75.0)]
                .map(|(at, value)| Point { at, value })
                .to_vec();
        let two = over_time(Function::Increase, &window(&points, Edition::Two));
        let three = over_time(Function::Increase, &window(&points, Edition::Three));
        assert_eq!((two, three), (Some(75.0), Some(70.0)));
    }
}
