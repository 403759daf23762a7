//! One series in the grid: what falls into a column, where a line leads on, where nothing was
//! measured.

use super::canvas::{Canvas, Ink};
use super::{Dot, Line};
use crate::model::Timestamp;
use crate::tui::num::{count, real};

/// Steps on each side of a distance that say what is usual there.
const AROUND: usize = 4;
/// Values in one column from which on their quarters are worth drawing.
const QUARTERS: usize = 4;

/// For each dot whether a line leads to it from the one before: not over a distance that is long
/// for the steps before and after it, because nothing was measured there. Steps may change along
/// the way: stored history is coarser than live results.
fn joins(dots: &[Dot]) -> Vec<bool> {
    let steps: Vec<i64> = dots
        .windows(2)
        .filter_map(|pair| Some(pair.get(1)?.at.millis() - pair.first()?.at.millis()))
        .collect();
    let usual = |some: Option<&[i64]>| {
        let mut some = some.unwrap_or(&[]).to_vec();
        some.sort_unstable();
        // Of two the shorter: one of them may itself be a gap.
        let middle = if some.len() == 2 { 0 } else { some.len() / 2 };
        some.get(middle).copied()
    };
    let mut joined = vec![false];
    for (at, step) in steps.iter().enumerate() {
        let before = usual(steps.get(at.saturating_sub(AROUND)..at));
        let after = usual(steps.get(at + 1..steps.len().min(at + 1 + AROUND)));
        let longest = before.max(after).unwrap_or(*step).saturating_mul(5) / 2 + 1000;
        joined.push(*step <= longest);
    }
    joined
}

/// The dots that fall into one column of the picture.
struct Column {
    x: usize,
    values: Vec<f64>,
    min: f64,
    max: f64,
    quarters: Option<(f64, f64)>,
    middle: Option<f64>,
    /// A line leads here from the column before.
    joined: bool,
}

impl Column {
    fn new(x: usize, dot: &Dot, joined: bool) -> Self {
        Self {
            x,
            values: vec![dot.value],
            min: dot.min.min(dot.value),
            max: dot.max.max(dot.value),
            quarters: dot.quarters.map(|[low, _, high]| (low, high)),
            middle: dot.quarters.map(|[_, middle, _]| middle),
            joined,
        }
    }

    fn add(&mut self, dot: &Dot) {
        self.values.push(dot.value);
        self.min = self.min.min(dot.min);
        self.max = self.max.max(dot.max);
        self.middle = None;
        let wider = |a: (f64, f64), b: (f64, f64)| (a.0.min(b.0), a.1.max(b.1));
        self.quarters = match (self.quarters, dot.quarters) {
            (Some(have), Some([low, _, high])) => Some(wider(have, (low, high))),
            _ => None,
        };
    }

    /// The height of the line: the median where it is known, else the mean.
    fn line(&self) -> f64 {
        self.middle.unwrap_or_else(|| self.values.iter().sum::<f64>() / real(self.values.len()))
    }

    /// The middle half, known or counted.
    fn inner(&self) -> Option<(f64, f64)> {
        if self.quarters.is_some() {
            return self.quarters;
        }
        if self.values.len() < QUARTERS {
            return None;
        }
        let mut sorted = self.values.clone();
        sorted.sort_by(f64::total_cmp);
        Some((*sorted.get(sorted.len() / 4)?, *sorted.get(sorted.len() * 3 / 4)?))
    }
}

/// Gathers dots by column; a dot that is no number ends a line.
fn columns(dots: &[Dot], to_x: &impl Fn(Timestamp) -> usize) -> Vec<Column> {
    let mut columns: Vec<Column> = Vec::new();
    let mut broken = false;
    for (dot, joined) in dots.iter().zip(joins(dots)) {
        if !dot.value.is_finite() {
            broken = true;
            continue;
        }
        let x = to_x(dot.at);
        match columns.last_mut().filter(|column| column.x == x) {
            Some(column) => column.add(dot),
            None => columns.push(Column::new(x, dot, joined && !broken)),
        }
        broken = false;
    }
    columns
}

/// How a series is drawn.
pub struct Pen<'a, X: Fn(Timestamp) -> usize, Y: Fn(f64) -> usize> {
    /// The time shown.
    pub window: (Timestamp, Timestamp),
    /// Moments to columns of dots.
    pub to_x: &'a X,
    /// Values to rows of dots.
    pub to_y: &'a Y,
    /// Which series.
    pub series: u8,
    /// True to tell it from others without colour.
    pub dashed: bool,
}

impl<X: Fn(Timestamp) -> usize, Y: Fn(f64) -> usize> Pen<'_, X, Y> {
    /// Draws a series; marks the columns of dots for which something is known.
    pub fn draw(&self, canvas: &mut Canvas, line: &Line, known: &mut [bool]) {
        let (from, to) = self.window;
        let start = line.dots.partition_point(|dot| dot.at < from);
        let end = line.dots.partition_point(|dot| dot.at <= to);
        let shown = line.dots.get(start..end).unwrap_or(&[]);
        let mut before: Option<Column> = None;
        for column in columns(shown, self.to_x) {
            let first = if let Some(old) = before.as_ref().filter(|_| column.joined) {
                self.connect(canvas, old, &column);
                old.x
            } else {
                self.bands(canvas, &column, &column, column.x);
                let y = (self.to_y)(column.line());
                canvas.set(column.x, y, Ink::Line, self.series);
                column.x
            };
            for x in known.iter_mut().skip(first).take(column.x - first + 1) {
                *x = true;
            }
            before = Some(column);
        }
    }

    fn connect(&self, canvas: &mut Canvas, old: &Column, new: &Column) {
        for x in old.x + 1..=new.x {
            self.bands(canvas, old, new, x);
        }
        let place = |column: &Column| (column.x, (self.to_y)(column.line()));
        canvas.join(place(old), place(new), self.series, self.dashed);
    }

    /// The bands of one column between two measured ones.
    fn bands(&self, canvas: &mut Canvas, old: &Column, new: &Column, x: usize) {
        let whole = new.x.saturating_sub(old.x);
        let part = if whole == 0 { 1.0 } else { real(x - old.x) / real(whole) };
        let between = |a: f64, b: f64| a + (b - a) * part;
        let mut band = |low: f64, high: f64, ink| {
            if low < high {
                canvas.fill(x, (self.to_y)(high), (self.to_y)(low), ink, self.series);
            }
        };
        let (low, high) = (between(old.min, new.min), between(old.max, new.max));
        band(low, high, Ink::Faint);
        if let (Some(a), Some(b)) = (old.inner(), new.inner()) {
            band(between(a.0, b.0), between(a.1, b.1), Ink::Inner);
        }
        if low < high {
            canvas.set(x, (self.to_y)(high), Ink::Edge, self.series);
            canvas.set(x, (self.to_y)(low), Ink::Edge, self.series);
        }
    }
}

/// Moments to columns: `wide` of them over the window.
pub fn across(
    (from, to): (Timestamp, Timestamp),
    wide: usize,
) -> impl Fn(Timestamp) -> usize + Copy {
    let length = crate::tui::num::millis(to.millis().saturating_sub(from.millis())).max(1.0);
    move |at: Timestamp| {
        let past = crate::tui::num::millis(at.millis().saturating_sub(from.millis()));
        count(past / length * real(wide.saturating_sub(1))).min(wide.saturating_sub(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_result_is_a_gap() {
        let dot = |secs: i64| Dot::single(Timestamp::from_millis(secs * 1000), 1.0);
        let steps = |secs: &[i64]| joins(&secs.iter().map(|s| dot(*s)).collect::<Vec<_>>());
        assert_eq!(steps(&[0, 10, 20, 100, 110]), [false, true, true, false, true]);
        // Stored points are coarser than live ones: both are lines.
        assert!(steps(&[0, 10, 20, 30, 32, 34, 36, 38, 40, 42]).iter().skip(1).all(|j| *j));
        assert_eq!(steps(&[0, 2, 4, 6, 16, 18, 20, 22]).iter().filter(|j| !**j).count(), 2);
    }
}
