//! A line graph in braille: axes, unit, gaps where nothing was measured, threshold lines.
//!
//! The window of time moves in steps ([`window`]), so that a new value touches a few cells and a
//! quiet screen stays quiet.

use crate::model::{Span, Timestamp, Unit};
use crate::tui::format;
use crate::tui::num::{count, millis, real};
use crate::tui::theme::Role;
use crate::tui::widgets::Surface;
use crate::tui::zone::Zone;

/// One point: a value, and the smallest and largest that it stands for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dot {
    /// When.
    pub at: Timestamp,
    /// The value or mean.
    pub value: f64,
    /// The smallest.
    pub min: f64,
    /// The largest.
    pub max: f64,
}

impl Dot {
    /// A single value.
    #[must_use]
    pub const fn single(at: Timestamp, value: f64) -> Self {
        Self { at, value, min: value, max: value }
    }
}

/// One line of the graph.
pub struct Line {
    /// Oldest first.
    pub dots: Vec<Dot>,
    /// Its colour.
    pub role: Role,
}

/// A graph.
pub struct Chart<'a> {
    /// The lines; later ones lie over earlier ones.
    pub lines: Vec<Line>,
    /// Of the vertical axis.
    pub unit: &'a Unit,
    /// Horizontal lines with their role.
    pub limits: Vec<(f64, Role)>,
    /// The time shown.
    pub from: Timestamp,
    /// Its end.
    pub to: Timestamp,
    /// For the times of the axis.
    pub zone: &'a Zone,
}

/// The window of `range` that holds `now` and ends at a full step, so that it rarely moves.
#[must_use]
pub fn window(range: Span, now: Timestamp) -> (Timestamp, Timestamp) {
    let step = i64::try_from(range.millis() / 15).unwrap_or(60_000).max(1000);
    let end = now.millis().div_euclid(step).saturating_add(1).saturating_mul(step);
    let end = Timestamp::from_millis(end);
    (end - range, end)
}

/// While less than the shortest range has been seen, the graph grows with it: the name of the
/// window, and the window, which begins where the numbers do and stands still until it is full.
#[must_use]
pub fn growing(first: Timestamp, now: Timestamp) -> Option<(&'static str, Timestamp, Timestamp)> {
    let start = Timestamp::from_millis(first.millis().div_euclid(10_000) * 10_000);
    [("2 min", Span::from_secs(120)), ("5 min", Span::from_secs(300))]
        .into_iter()
        .map(|(name, range)| (name, start, start + range))
        .find(|(_, _, end)| now < *end)
}

/// Steps on each side of a distance that say what is usual there.
const AROUND: usize = 4;

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

/// Lowest and highest value, rounded to what an axis can name.
fn scale(chart: &Chart<'_>) -> (f64, f64) {
    let shown = |dot: &&Dot| dot.at >= chart.from && dot.at <= chart.to;
    let values = || chart.lines.iter().flat_map(|line| line.dots.iter().filter(shown));
    let low = values().map(|dot| dot.min).filter(|v| v.is_finite()).fold(f64::INFINITY, f64::min);
    let high =
        values().map(|dot| dot.max).filter(|v| v.is_finite()).fold(f64::NEG_INFINITY, f64::max);
    if !low.is_finite() || !high.is_finite() {
        return (0.0, 1.0);
    }
    // A threshold near the values belongs in the picture; a far one would flatten them.
    let near = chart.limits.iter().map(|(value, _)| *value);
    let high = near
        .filter(|limit| *limit > high && *limit <= high.abs().max(f64::MIN_POSITIVE) * 2.0)
        .fold(high, f64::max);
    let bottom = if low >= 0.0 { 0.0 } else { -nice(-low) };
    let top = if high > 0.0 { nice(high) } else { 0.0 };
    if top > bottom { (bottom, top) } else { (bottom, bottom + 1.0) }
}

/// The next number above of the form 1, 2, 4, 5, 6, 8 times a power of ten.
fn nice(value: f64) -> f64 {
    if value <= 0.0 || !value.is_finite() {
        return 1.0;
    }
    let power = 10_f64.powf(value.log10().floor());
    let steps = [1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0];
    steps.iter().map(|step| step * power).find(|step| *step >= value * 0.999_999).unwrap_or(value)
}

/// Braille dots of one cell, by row and column.
const DOTS: [[u8; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];

struct Canvas {
    wide: usize,
    high: usize,
    cells: Vec<(u8, Option<Role>)>,
}

impl Canvas {
    fn set(&mut self, x: usize, y: usize, role: Role) {
        if x >= self.wide * 2 || y >= self.high * 4 {
            return;
        }
        let bit = DOTS.get(y % 4).and_then(|row| row.get(x % 2)).copied().unwrap_or(0);
        if let Some(cell) = self.cells.get_mut(y / 4 * self.wide + x / 2) {
            cell.0 |= bit;
            cell.1 = Some(role);
        }
    }

    /// A line from dot to dot: each column is filled between the two heights it connects.
    fn join(&mut self, (x0, y0): (usize, usize), (x1, y1): (usize, usize), role: Role) {
        let steps = x1.saturating_sub(x0).max(1);
        let height =
            |step: usize| count(real(y0) + (real(y1) - real(y0)) * real(step) / real(steps));
        for step in 0..=steps {
            let here = height(step);
            let before = if step == 0 { here } else { height(step - 1) };
            // From the dot after the last height to this one: one dot thick on slopes.
            let (low, high) = match before.cmp(&here) {
                std::cmp::Ordering::Less => (before + 1, here),
                std::cmp::Ordering::Equal => (here, here),
                std::cmp::Ordering::Greater => (here, before - 1),
            };
            for y in low..=high {
                self.set(x0 + step, y, role);
            }
        }
    }
}

impl Chart<'_> {
    /// Draws axes and lines over the whole surface.
    pub fn draw(&self, surface: &mut Surface<'_>) {
        let (bottom, top) = scale(self);
        let label = |value: f64| short(value, self.unit);
        let high = surface.height().saturating_sub(2);
        let middle = bottom + (top - bottom) / 2.0;
        let margin = [bottom, middle, top]
            .iter()
            .map(|value| crate::model::safe_text::width(&label(*value)))
            .max()
            .unwrap_or(0);
        let wide = surface.width().saturating_sub(margin + 1);
        if high < 2 || wide < 8 {
            return;
        }
        self.axes(surface, margin, wide, high, &[(0, top), (high / 2, middle), (high, bottom)]);
        let to_y = |value: f64| {
            let part = ((value - bottom) / (top - bottom)).clamp(0.0, 1.0);
            count((1.0 - part) * real(high * 4 - 1))
        };
        let mut plot = surface.part(margin + 1, 0, wide, high);
        for (limit, role) in &self.limits {
            if (bottom..=top).contains(limit) {
                let style = plot.theme.style(*role);
                for x in 0..wide {
                    plot.mark(x, to_y(*limit) / 4, '╌', style);
                }
            }
        }
        let mut canvas = Canvas { wide, high, cells: vec![(0, None); wide * high] };
        let length = millis(self.to.millis() - self.from.millis()).max(1.0);
        let to_x = |at: Timestamp| {
            count(millis(at.millis() - self.from.millis()) / length * real(wide * 2 - 1))
        };
        for line in &self.lines {
            draw_line(&mut canvas, line, (self.from, self.to), &to_x, &to_y);
        }
        for (at, (dots, role)) in canvas.cells.iter().enumerate() {
            if let (Some(role), Some(sign)) = (role, char::from_u32(0x2800 + u32::from(*dots))) {
                let style = plot.theme.style(*role);
                plot.mark(at % wide, at / wide, sign, style);
            }
        }
    }

    fn axes(
        &self,
        surface: &mut Surface<'_>,
        margin: usize,
        wide: usize,
        high: usize,
        ticks: &[(usize, f64)],
    ) {
        let style = surface.theme.style(Role::Axis);
        for y in 0..high {
            surface.mark(margin, y, '│', style);
        }
        for (y, value) in ticks {
            let text = short(*value, self.unit);
            surface.put_right(margin, *y, margin, &text, style);
            surface.mark(margin, *y, '┤', style);
        }
        for x in 0..wide {
            surface.mark(margin + 1 + x, high, '─', style);
        }
        surface.mark(margin, high, '┴', style);
        let length = self.to.millis() - self.from.millis();
        let pattern = match length {
            ..=300_000 => "%H:%M:%S",
            300_001..=172_800_000 => "%H:%M",
            _ => "%-d %b",
        };
        let labels = (wide / 14).clamp(1, 4);
        for at in 0..=labels {
            let part = i64::try_from(at).unwrap_or(0);
            let parts = i64::try_from(labels).unwrap_or(1);
            let moment = Timestamp::from_millis(self.from.millis() + length / parts * part);
            let text = self.zone.format(moment, pattern);
            let x = margin + 1 + wide * at / labels;
            let size = crate::model::safe_text::width(&text);
            let x = match at {
                0 => x,
                at if at == labels => x.saturating_sub(size),
                _ => x.saturating_sub(size / 2),
            };
            surface.put(x, high + 1, size, &text, style);
        }
    }
}

/// The dots that fall into one column of the picture.
struct Column {
    x: usize,
    sum: f64,
    dots: usize,
    min: f64,
    max: f64,
    /// A line leads here from the column before.
    joined: bool,
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
            Some(column) => {
                column.sum += dot.value;
                column.dots += 1;
                column.min = column.min.min(dot.min);
                column.max = column.max.max(dot.max);
            }
            None => columns.push(Column {
                x,
                sum: dot.value,
                dots: 1,
                min: dot.min,
                max: dot.max,
                joined: joined && !broken,
            }),
        }
        broken = false;
    }
    columns
}

fn draw_line(
    canvas: &mut Canvas,
    line: &Line,
    (from, to): (Timestamp, Timestamp),
    to_x: &impl Fn(Timestamp) -> usize,
    to_y: &impl Fn(f64) -> usize,
) {
    let start = line.dots.partition_point(|dot| dot.at < from);
    let end = line.dots.partition_point(|dot| dot.at <= to);
    let shown = line.dots.get(start..end).unwrap_or(&[]);
    let mut before: Option<(usize, usize)> = None;
    for column in columns(shown, to_x) {
        let here = (column.x, to_y(column.sum / real(column.dots)));
        match before.filter(|_| column.joined) {
            Some(place) => canvas.join(place, here, line.role),
            None => canvas.set(here.0, here.1, line.role),
        }
        if column.min < column.max {
            for y in to_y(column.max)..=to_y(column.min) {
                canvas.set(column.x, y, line.role);
            }
        }
        before = Some(here);
    }
}

/// A value for the axis, without a blank before its unit.
fn short(value: f64, unit: &Unit) -> String {
    match unit {
        Unit::BitsPerSecond => format::decimal(value),
        unit => format::value(value, unit).replace(' ', ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_ends_at_a_full_step() {
        let now = Timestamp::from_millis(1_000_030_000);
        let (from, to) = window(Span::from_secs(900), now);
        assert_eq!(to.millis() % 60_000, 0);
        assert_eq!(to.since(from), Span::from_secs(900));
        assert!(to > now && to.since(now) <= Span::from_secs(60));
        assert_eq!(window(Span::from_secs(900), now + Span::from_secs(5)), (from, to));
    }

    #[test]
    fn axes_end_at_round_numbers() {
        for (value, end) in [(9.2, 10.0), (1.0, 1.0), (0.031, 0.04), (503.0, 600.0), (0.0, 1.0)] {
            assert!((nice(value) - end).abs() < 1e-9, "{value}: {}", nice(value));
        }
    }

    fn dot(secs: i64, value: f64) -> Dot {
        Dot::single(Timestamp::from_millis(secs * 1000), value)
    }

    #[test]
    fn a_missing_result_is_a_gap() {
        let steps = |secs: &[i64]| joins(&secs.iter().map(|s| dot(*s, 1.0)).collect::<Vec<_>>());
        assert_eq!(steps(&[0, 10, 20, 100, 110]), [false, true, true, false, true]);
        // Stored points are coarser than live ones: both are lines.
        assert!(steps(&[0, 10, 20, 30, 32, 34, 36, 38, 40, 42]).iter().skip(1).all(|j| *j));
        assert_eq!(steps(&[0, 2, 4, 6, 16, 18, 20, 22]).iter().filter(|j| !**j).count(), 2);
    }

    /// The braille picture of one line, top row first.
    fn picture(dots: Vec<Dot>, range: i64) -> Vec<String> {
        let theme = crate::tui::theme::Theme::mono();
        let area = ratatui::layout::Rect::new(0, 0, 24, 6);
        let mut buffer = ratatui::buffer::Buffer::empty(area);
        let zone = Zone::Fixed { offset: 0, name: "UTC".to_owned() };
        let line = Line { dots, role: Role::Chart1 };
        let (from, to) = (Timestamp::from_millis(0), Timestamp::from_millis(range * 1000));
        let unit = &Unit::Count;
        let chart = Chart { lines: vec![line], unit, limits: Vec::new(), from, to, zone: &zone };
        chart.draw(&mut Surface::new(&mut buffer, area, &theme));
        let row = |y| (0..24).map(|x| buffer[(x, y)].symbol()).collect::<String>();
        (0..4).map(|y| row(y).trim_end().to_owned()).collect()
    }

    #[test]
    fn points_close_together_are_one_line() {
        let steady: Vec<Dot> = (0..=60).map(|n| dot(n * 2, 2.0)).collect();
        let line = "\u{2809}".repeat(22);
        assert_eq!(
            picture(steady, 120),
            [format!("2┤{line}"), " │".into(), "1┤".into(), " │".into()]
        );
        // Several in one column: their mean, and from the smallest to the largest.
        let noisy = (0..900).map(|n| dot(n, if n % 2 == 0 { 1.0 } else { 2.0 })).collect();
        for row in picture(noisy, 900).iter().take(2) {
            assert!(row.ends_with(&"\u{28ff}".repeat(19)), "{row}");
        }
    }

    #[test]
    fn a_graph_grows_with_what_was_seen() {
        let at = |secs: i64| Timestamp::from_millis(secs * 1000);
        let seen = |now| growing(at(1007), at(now));
        assert_eq!(seen(1008), Some(("2 min", at(1000), at(1120))));
        assert_eq!(seen(1119), Some(("2 min", at(1000), at(1120))));
        assert_eq!(seen(1120), Some(("5 min", at(1000), at(1300))));
        assert_eq!(seen(1300), None);
    }
}
