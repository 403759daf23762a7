//! A graph over time: axes with units, lines on bands of quantiles, gaps where nothing was
//! measured, losses, thresholds, maintenance.
//!
//! ```text
//!  40ms┤        ⢀⣀⡀  no data  /////     the scale, linear or logarithmic
//!      │╌╌╌╌╌╌╌⡠⠊╌╌╌╌╌╌╌╌╌╌╌╌╌/////╌ warning 30 ms
//!  20ms┤⢀⡠⠔⠒⠊⠁⠁           ⠈⠉⠒/////⠤⠤⠔⠒
//!     0┤          ×××                   × what was lost
//!   CET└─────┬─────────┬─────────┬────
//!          20:50     20:55     21:00
//! ```
//!
//! In: numbers with their moments, a window, a tier of glyphs. Out: cells.
//! Never: reads a clock, joins two points between which results are missing.

mod axis;
mod canvas;
mod line;
mod scale;
mod window;

#[cfg(test)]
mod tests;

use ratatui::style::Style;

pub use window::{growing, window};

use crate::model::safe_text::width;
use crate::model::{Timestamp, Unit};
use crate::tui::format;
use crate::tui::glyphs::GlyphTier;
use crate::tui::num::{count, real};
use crate::tui::theme::Role;
use crate::tui::widgets::Surface;
use crate::tui::zone::Zone;
use canvas::Canvas;
use scale::{Extent, Scale};

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
    /// Lower quarter, median and upper quarter, where they are known.
    pub quarters: Option<[f64; 3]>,
}

impl Dot {
    /// A single value.
    #[must_use]
    pub const fn single(at: Timestamp, value: f64) -> Self {
        Self { at, value, min: value, max: value, quarters: None }
    }
}

/// One line of the graph.
pub struct Line {
    /// Oldest first.
    pub dots: Vec<Dot>,
    /// Its colour.
    pub role: Role,
}

/// A level line with its name.
#[derive(Clone, Debug, PartialEq)]
pub struct Limit {
    /// Where.
    pub value: f64,
    /// Its colour.
    pub role: Role,
    /// What it is: `warning`.
    pub word: &'static str,
}

/// A range of values that is usual.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Band {
    /// Its lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
    /// Its colour.
    pub role: Role,
}

/// A graph.
pub struct Chart<'a> {
    /// The lines; later ones lie over earlier ones.
    pub lines: Vec<Line>,
    /// Of the vertical axis.
    pub unit: &'a Unit,
    /// Thresholds.
    pub limits: Vec<Limit>,
    /// What is usual.
    pub bands: Vec<Band>,
    /// Times to shade: maintenance.
    pub shades: Vec<(Timestamp, Timestamp)>,
    /// When results were lost.
    pub lost: Vec<Timestamp>,
    /// The time shown.
    pub from: Timestamp,
    /// Its end.
    pub to: Timestamp,
    /// What lies after this has not happened yet: nothing is missing there.
    pub now: Timestamp,
    /// A moment to point at.
    pub cursor: Option<Timestamp>,
    /// True for a logarithmic axis.
    pub log: bool,
    /// For the times of the axis.
    pub zone: &'a Zone,
    /// What it is drawn with.
    pub tier: GlyphTier,
}

/// The picture while it is made: where cells lie.
struct Plot {
    scale: Scale,
    canvas: Canvas,
    /// By column of cells: whether anything is known.
    known: Vec<bool>,
}

impl<'a> Chart<'a> {
    /// An empty graph of a window.
    #[must_use]
    pub const fn new(
        unit: &'a Unit,
        zone: &'a Zone,
        tier: GlyphTier,
        (from, to): (Timestamp, Timestamp),
    ) -> Self {
        Self {
            lines: Vec::new(),
            unit,
            limits: Vec::new(),
            bands: Vec::new(),
            shades: Vec::new(),
            lost: Vec::new(),
            from,
            to,
            now: to,
            cursor: None,
            log: false,
            zone,
            tier,
        }
    }

    /// The vertical axis for so many rows. A threshold near the values belongs in the picture; a
    /// far one would flatten them.
    fn scale(&self, rows: usize) -> Scale {
        let shown = |dot: &&Dot| dot.at >= self.from && dot.at <= self.to;
        let dots = || self.lines.iter().flat_map(|line| line.dots.iter().filter(shown));
        let values = dots().flat_map(|dot| [dot.min, dot.max, dot.value]);
        let mut extent = Extent::of(values);
        if let Some(extent) = &mut extent {
            let limits = self.limits.iter().map(|limit| limit.value);
            let limits = limits.chain(self.bands.iter().map(|band| band.high));
            let far = extent.high.abs().max(f64::MIN_POSITIVE) * 2.0;
            extent.high =
                limits.filter(|l| *l > extent.high && *l <= far).fold(extent.high, f64::max);
        }
        Scale::of(extent, self.unit, self.log, rows)
    }

    /// On a surface of that size: the columns left of the plot, and those of the plot.
    #[must_use]
    pub fn plot_area(&self, wide: usize, high: usize) -> (usize, usize) {
        let high = high.saturating_sub(2);
        let left = axis::margin(&self.scale(high), self.unit) + 1;
        let inside = wide.saturating_sub(left);
        if high < 2 || inside < 8 { (0, wide) } else { (left, inside) }
    }

    /// Draws axes and lines over the whole surface; without room for axes the lines alone.
    pub fn draw(&self, surface: &mut Surface<'_>) {
        let high = surface.height().saturating_sub(2);
        let scale = self.scale(high);
        let margin = axis::margin(&scale, self.unit);
        let wide = surface.width().saturating_sub(margin + 1);
        if high < 2 || wide < 8 {
            let (wide, high) = (surface.width(), surface.height());
            if wide > 0 && high > 0 {
                self.plot(surface, self.scale(high));
            }
            return;
        }
        axis::upright(
            surface,
            (margin, high),
            (&scale, self.unit, self.tier),
            &self.to_row(&scale, high),
        );
        let window = (self.from, self.to);
        axis::level(surface, (margin, wide, high), window, (self.zone, self.tier));
        self.plot(&mut surface.part(margin + 1, 0, wide, high), scale);
    }

    /// Values to rows of cells, through the same rounding as the dots.
    fn to_row<'s>(&self, scale: &'s Scale, high: usize) -> impl Fn(f64) -> usize + use<'s> {
        let down = Canvas::fine(self.tier).1;
        let rows = high * down;
        move |value| to_y(scale, rows, value) / down
    }

    fn plot(&self, surface: &mut Surface<'_>, scale: Scale) {
        let (wide, high) = (surface.width(), surface.height());
        let plot = self.ink(scale, wide, high);
        let styles: Vec<Style> =
            self.lines.iter().map(|line| surface.theme.style(line.role)).collect();
        self.shade(surface, wide, high);
        let row = self.to_row(&plot.scale, high);
        for band in self.bands.iter().filter(|band| band.high >= plot.scale.bottom) {
            self.fill(surface, band, (row(band.high), row(band.low)), wide);
        }
        let inside = |limit: &&Limit| (plot.scale.bottom..=plot.scale.top).contains(&limit.value);
        for limit in self.limits.iter().filter(inside) {
            let style = surface.theme.style(limit.role);
            let sign = if self.tier == GlyphTier::Ascii { '-' } else { '╌' };
            for x in 0..wide {
                surface.mark(x, row(limit.value), sign, style);
            }
        }
        if let Some(at) = self.cursor.filter(|at| *at >= self.from && *at <= self.to) {
            let sign = if self.tier == GlyphTier::Ascii { '|' } else { '│' };
            let style = surface.theme.style(Role::Accent);
            let x = line::across((self.from, self.to), wide)(at);
            for y in 0..high {
                surface.mark(x, y, sign, style);
            }
        }
        plot.canvas.draw(surface, &styles);
        let mut taken = Vec::new();
        for limit in self.limits.iter().filter(inside) {
            self.name(surface, limit, row(limit.value), &plot.canvas);
            taken.push(row(limit.value));
        }
        self.name_shades(surface, &plot.canvas, &taken);
        self.missing(surface, &plot);
        self.losses(surface, wide, high);
    }

    fn ink(&self, scale: Scale, wide: usize, high: usize) -> Plot {
        let mut canvas = Canvas::new(self.tier, wide, high);
        let rows = canvas.rows();
        let to_x = line::across((self.from, self.to), canvas.columns());
        let to_y = |value: f64| to_y(&scale, rows, value);
        let mut dots = vec![false; canvas.columns()];
        for (at, one) in self.lines.iter().enumerate() {
            let before = self.lines.get(..at).unwrap_or(&[]);
            let pen = line::Pen {
                window: (self.from, self.to),
                to_x: &to_x,
                to_y: &to_y,
                series: u8::try_from(at).unwrap_or(u8::MAX),
                dashed: before.iter().any(|other| other.role == one.role),
            };
            pen.draw(&mut canvas, one, &mut dots);
        }
        let across = Canvas::fine(self.tier).0;
        let known = dots.chunks(across).map(|cell| cell.contains(&true)).collect();
        Plot { scale, canvas, known }
    }

    fn shade(&self, surface: &mut Surface<'_>, wide: usize, high: usize) {
        let style = surface.theme.style(Role::StateMaintenance);
        let faint = style.add_modifier(ratatui::style::Modifier::DIM);
        let sign = if self.tier == GlyphTier::Ascii { '/' } else { '╱' };
        for (first, last) in self.shaded(wide) {
            for x in first..=last {
                for y in 0..high {
                    // Strokes that lean on each other: a hatch.
                    if (x + y) % 3 == 0 {
                        surface.mark(x, y, sign, faint);
                    }
                }
            }
        }
    }

    /// Dots that are thin enough for lines to stand out over them.
    fn fill(&self, surface: &mut Surface<'_>, band: &Band, rows: (usize, usize), wide: usize) {
        let style = surface.theme.style(band.role);
        let faint = style.add_modifier(ratatui::style::Modifier::DIM);
        let sign = if self.tier == GlyphTier::Ascii { '.' } else { '·' };
        for y in rows.0..=rows.1 {
            for x in (0..wide).filter(|x| (x + 2 * y) % 4 == 0) {
                surface.mark(x, y, sign, faint);
            }
        }
    }

    /// First and last column of each shaded time.
    fn shaded(&self, wide: usize) -> Vec<(usize, usize)> {
        let to_x = line::across((self.from, self.to), wide);
        let seen = self.shades.iter().filter(|(start, end)| {
            start < end && *end >= self.from && *start <= self.to && self.from < self.to
        });
        seen.map(|(start, end)| (to_x((*start).max(self.from)), to_x((*end).min(self.to))))
            .collect()
    }

    /// Says what the shade is, on the first row where nothing else stands.
    fn name_shades(&self, surface: &mut Surface<'_>, canvas: &Canvas, taken: &[usize]) {
        const TEXT: &str = " maintenance ";
        let style = surface.theme.style(Role::StateMaintenance);
        for (first, last) in self.shaded(canvas.wide) {
            if last - first < TEXT.len() {
                continue;
            }
            let x = first + (last + 1 - first - TEXT.len()) / 2;
            let free = |y: &usize| !taken.contains(y) && canvas.is_free(x..x + TEXT.len(), *y);
            if let Some(y) = (0..canvas.high).find(free) {
                surface.put(x, y, TEXT.len(), TEXT, style);
            }
        }
    }

    /// A threshold's name where its row is free of ink: at the right end, else at the left.
    fn name(&self, surface: &mut Surface<'_>, limit: &Limit, row: usize, canvas: &Canvas) {
        let text = format!(" {} {} ", limit.word, format::value(limit.value, self.unit));
        let (size, wide) = (width(&text), canvas.wide);
        if size + 8 > wide {
            return;
        }
        let style = surface.theme.style(limit.role);
        for start in [wide - size, 1] {
            if canvas.is_free(start..start + size, row) {
                surface.put(start, row, size, &text, style);
                return;
            }
        }
    }

    /// Says `no data` over what is long empty and already past.
    fn missing(&self, surface: &mut Surface<'_>, plot: &Plot) {
        const TEXT: &str = "no data";
        let wide = plot.known.len();
        let to_x = line::across((self.from, self.to), wide);
        let past = if self.now >= self.to { wide } else { to_x(self.now) };
        let lost: Vec<usize> = self.lost_columns(wide).collect();
        let is_gap = |x: usize| {
            plot.known.get(x) == Some(&false) && lost.binary_search(&x).is_err() && x < past
        };
        let y = plot.canvas.high / 2;
        let mut x = 0;
        while x < wide {
            let start = x;
            while x < wide && is_gap(x) {
                x += 1;
            }
            if x - start >= TEXT.len() + 2 {
                let at = start + (x - start - TEXT.len()) / 2;
                surface.say(at, y, TEXT.len(), TEXT, Role::Muted);
            }
            x = x.max(start + 1);
        }
    }

    fn lost_columns(&self, wide: usize) -> impl Iterator<Item = usize> {
        let to_x = line::across((self.from, self.to), wide);
        let (from, to) = (self.from, self.to);
        self.lost.iter().filter(move |at| **at >= from && **at <= to).map(move |at| to_x(*at))
    }

    fn losses(&self, surface: &mut Surface<'_>, wide: usize, high: usize) {
        let sign = lost_sign(self.tier);
        let style = surface.theme.style(Role::StateCritical);
        for x in self.lost_columns(wide) {
            surface.mark(x, high.saturating_sub(1), sign, style);
        }
    }
}

/// What marks a lost probe.
#[must_use]
pub const fn lost_sign(tier: GlyphTier) -> char {
    match tier {
        GlyphTier::Ascii => 'x',
        _ => '×',
    }
}

/// Values to rows of dots.
fn to_y(scale: &Scale, rows: usize, value: f64) -> usize {
    count((1.0 - scale.part(value)) * real(rows.saturating_sub(1)))
}

/// A value for the axis, without a blank before its unit.
fn short(value: f64, unit: &Unit) -> String {
    match unit {
        Unit::BitsPerSecond => format::decimal(value),
        unit => format::value(value, unit).replace(' ', ""),
    }
}
