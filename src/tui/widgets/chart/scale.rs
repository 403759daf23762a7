//! The vertical axis: from where to where, linear or logarithmic, and its round numbers.

use crate::model::Unit;
use crate::tui::num::real;

/// An axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Scale {
    /// Its lower end.
    pub bottom: f64,
    /// Its upper end.
    pub top: f64,
    /// True for equal distances between powers.
    pub log: bool,
    /// Round numbers from bottom to top, both included.
    pub ticks: Vec<f64>,
}

/// The values that must be in the picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Extent {
    /// The smallest.
    pub low: f64,
    /// The smallest above zero.
    pub positive: f64,
    /// The largest.
    pub high: f64,
}

impl Extent {
    /// Of some values; `None` when there is no number among them.
    #[must_use]
    pub fn of(values: impl Iterator<Item = f64>) -> Option<Self> {
        let mut extent =
            Self { low: f64::INFINITY, positive: f64::INFINITY, high: f64::NEG_INFINITY };
        for value in values.filter(|value| value.is_finite()) {
            extent.low = extent.low.min(value);
            extent.high = extent.high.max(value);
            if value > 0.0 {
                extent.positive = extent.positive.min(value);
            }
        }
        extent.low.is_finite().then_some(extent)
    }
}

impl Scale {
    /// An axis of `rows` rows that holds the values.
    #[must_use]
    pub fn of(extent: Option<Extent>, unit: &Unit, log: bool, rows: usize) -> Self {
        let Some(extent) = extent else {
            return Self { bottom: 0.0, top: 1.0, log: false, ticks: vec![0.0, 1.0] };
        };
        if log && extent.positive.is_finite() && extent.high > 0.0 {
            return logarithmic(extent, rows);
        }
        linear(extent, unit, rows)
    }

    /// Where a value lies between bottom (0) and top (1).
    #[must_use]
    pub fn part(&self, value: f64) -> f64 {
        let part = if self.log {
            if value <= self.bottom {
                return 0.0;
            }
            (value / self.bottom).ln() / (self.top / self.bottom).ln()
        } else {
            (value - self.bottom) / (self.top - self.bottom)
        };
        if part.is_finite() { part.clamp(0.0, 1.0) } else { 0.0 }
    }
}

fn linear(extent: Extent, unit: &Unit, rows: usize) -> Scale {
    let low = extent.low.min(0.0);
    let mut high = extent.high.max(0.0);
    if high <= low {
        // Only zeros: an axis needs a height.
        high = low + 1.0;
    }
    let parts = real((rows / 3).clamp(1, 5));
    let step = if rows < 6 { nice(high.max(-low), unit) } else { nice((high - low) / parts, unit) };
    let step = if step.is_finite() && step > 0.0 { step } else { (high - low).max(1.0) };
    let bottom = (low / step + 1e-9).floor() * step;
    let top = (high / step - 1e-9).ceil() * step;
    let (bottom, top) = if bottom.is_finite() && top.is_finite() && top > bottom {
        (bottom + 0.0, top)
    } else {
        (low.max(-f64::MAX / 4.0), high.min(f64::MAX / 4.0))
    };
    let mut ticks = Vec::new();
    let mut at = bottom;
    while at < top - step / 2.0 && ticks.len() < 12 {
        // -0.0 would be written with its sign.
        ticks.push(if at.abs() < step / 1e6 { 0.0 } else { at });
        at += step;
    }
    ticks.push(top);
    Scale { bottom, top, log: false, ticks }
}

fn logarithmic(extent: Extent, rows: usize) -> Scale {
    // Twelve decades are more than anybody can read, and keep the powers finite.
    let high = extent.high.clamp(1e-290, 1e290);
    let down = 10_f64.powf(extent.positive.max(high * 1e-12).log10().floor());
    let up = 10_f64.powf((high.log10() - 1e-9).ceil());
    let top = if up > down { up } else { down * 10.0 };
    let down = if down > 0.0 { down } else { f64::MIN_POSITIVE };
    let decades = (top / down).log10().round().max(1.0);
    let mut ticks = Vec::new();
    // Whole decades; with much room also 2 and 5 between them.
    let fine = decades * 9.0 <= real(rows);
    let skip = (decades * 2.0 / real(rows.max(1))).ceil().max(1.0);
    let mut power = 0.0;
    while power <= decades && ticks.len() < 40 {
        let base = down * 10_f64.powf(power);
        ticks.push(base);
        if fine && power < decades {
            ticks.extend([base * 2.0, base * 5.0]);
        }
        power += skip;
    }
    Scale { bottom: down, top, log: true, ticks }
}

/// The next round number above: 1, 2, 2.5, 5 times a power of ten; powers of two for bytes; parts
/// of a day for long times.
fn nice(value: f64, unit: &Unit) -> f64 {
    const TIMES: [f64; 12] = [
        120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0, 7200.0, 14_400.0, 21_600.0, 43_200.0, 86_400.0,
        172_800.0,
    ];
    if value <= 0.0 || !value.is_finite() {
        return 1.0;
    }
    match unit {
        Unit::Bytes if value > 1.0 => return 2_f64.powf((value.log2() - 1e-9).ceil()),
        Unit::Seconds if value > 60.0 => {
            if let Some(step) = TIMES.iter().find(|step| **step >= value * 0.999_999) {
                return *step;
            }
        }
        _ => {}
    }
    let power = 10_f64.powf(value.log10().floor());
    let steps = [1.0, 2.0, 2.5, 5.0, 10.0];
    steps.iter().map(|step| step * power).find(|step| *step >= value * 0.999_999).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(low: f64, high: f64, unit: &Unit, rows: usize) -> (f64, f64, usize) {
        let scale = Scale::of(Extent::of([low, high].into_iter()), unit, false, rows);
        (scale.bottom, scale.top, scale.ticks.len())
    }

    #[test]
    fn axes_end_at_round_numbers() {
        let cases = [
            (0.0, 9.2, Unit::Count, 12, (0.0, 10.0, 5)),
            (0.0, 1.0, Unit::Count, 12, (0.0, 1.0, 5)),
            (3.0, 88.0, Unit::Percent, 15, (0.0, 100.0, 6)),
            (0.0, 503.0, Unit::Count, 3, (0.0, 1000.0, 2)),
            (-4.0, 9.0, Unit::Celsius, 15, (-5.0, 10.0, 4)),
            (0.0, 0.0, Unit::Count, 10, (0.0, 1.0, 3)),
            (0.0, 3e9, Unit::Bytes, 12, (0.0, 3_221_225_472.0, 4)),
            (0.0, 80_000.0, Unit::Seconds, 12, (0.0, 86_400.0, 5)),
        ];
        for (low, high, unit, rows, want) in cases {
            let got = axis(low, high, &unit, rows);
            let near = (got.0 - want.0).abs() < 1e-9 && (got.1 - want.1).abs() < 1e-6 * want.1;
            assert!(near && got.2 == want.2, "{low}..{high}: {got:?}, not {want:?}");
        }
    }

    #[test]
    fn a_logarithmic_axis_has_powers_of_ten() {
        let scale = Scale::of(Extent::of([0.0, 0.003, 0.9].into_iter()), &Unit::Seconds, true, 12);
        let near = |a: f64, b: f64| (a / b - 1.0).abs() < 1e-9;
        assert!(near(scale.bottom, 0.001) && near(scale.top, 1.0), "{scale:?}");
        assert!((scale.part(0.001)).abs() < 1e-9 && (scale.part(0.1) - 2.0 / 3.0).abs() < 1e-9);
        assert!(scale.part(0.0).abs() < 1e-9, "zero lies at the foot");
        assert_eq!(scale.ticks.len(), 4);
    }
}
