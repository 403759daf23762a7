//! The ink of a graph: a grid of dots finer than cells, and how each glyph tier shows it.
//!
//! Braille has 2x4 dots in a cell, blocks have two halves, ASCII one sign. A dot has a weight, so
//! that a line stays readable on its band: bands are drawn sparse, lines whole.

use ratatui::style::{Modifier, Style};

use crate::tui::glyphs::GlyphTier;
use crate::tui::num::{count, real};
use crate::tui::widgets::Surface;

/// How much a dot weighs; the heavier one stays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ink {
    /// Nothing.
    #[default]
    None,
    /// The whole spread of the results.
    Faint,
    /// Its ends: a spike must not fall between the dots of a sparse band.
    Edge,
    /// The middle half of them.
    Inner,
    /// A line on its way to another height.
    Riser,
    /// A line.
    Line,
}

/// Braille dots of one cell, by row and column.
const DOTS: [[u8; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];
/// The lines of several series in ASCII.
const SIGNS: [char; 4] = ['*', 'o', '+', '#'];

/// The grid.
pub struct Canvas {
    tier: GlyphTier,
    /// Cells.
    pub wide: usize,
    /// Cells.
    pub high: usize,
    dots: Vec<(Ink, u8)>,
}

impl Canvas {
    /// An empty grid of so many cells.
    #[must_use]
    pub fn new(tier: GlyphTier, wide: usize, high: usize) -> Self {
        let (across, down) = Self::fine(tier);
        Self { tier, wide, high, dots: vec![(Ink::None, 0); wide * across * high * down] }
    }

    /// Dots of a cell, across and down.
    #[must_use]
    pub const fn fine(tier: GlyphTier) -> (usize, usize) {
        match tier {
            GlyphTier::Braille => (2, 4),
            GlyphTier::Block => (1, 2),
            GlyphTier::Ascii => (1, 1),
        }
    }

    /// Columns of dots.
    #[must_use]
    pub const fn columns(&self) -> usize {
        self.wide * Self::fine(self.tier).0
    }

    /// Rows of dots.
    #[must_use]
    pub const fn rows(&self) -> usize {
        self.high * Self::fine(self.tier).1
    }

    /// Puts a dot of a series; a heavier one stays.
    pub fn set(&mut self, x: usize, y: usize, ink: Ink, series: u8) {
        let columns = self.columns();
        if x >= columns || y >= self.rows() {
            return;
        }
        if let Some(dot) = self.dots.get_mut(y * columns + x)
            && dot.0 <= ink
        {
            *dot = (ink, series);
        }
    }

    /// A column of dots.
    pub fn fill(&mut self, x: usize, top: usize, bottom: usize, ink: Ink, series: u8) {
        for y in top..=bottom.min(self.rows()) {
            self.set(x, y, ink, series);
        }
    }

    /// A line from dot to dot: each column is filled between the two heights it connects.
    pub fn join(&mut self, from: (usize, usize), to: (usize, usize), series: u8, dashed: bool) {
        let ((x0, y0), (x1, y1)) = (from, to);
        let steps = x1.saturating_sub(x0).max(1);
        let height =
            |step: usize| count(real(y0) + (real(y1) - real(y0)) * real(step) / real(steps));
        for step in 0..=steps.min(x1.saturating_sub(x0)) {
            let here = height(step);
            let before = if step == 0 { here } else { height(step - 1) };
            if dashed && (x0 + step) % 4 >= 2 {
                continue;
            }
            // From the dot after the last height to this one: one dot thick on slopes.
            let (low, high) = match before.cmp(&here) {
                std::cmp::Ordering::Less => (before + 1, here),
                std::cmp::Ordering::Equal => (here, here),
                std::cmp::Ordering::Greater => (here, before - 1),
            };
            self.fill(x0 + step, low, high, Ink::Riser, series);
            self.set(x0 + step, here, Ink::Line, series);
        }
    }

    fn dot(&self, x: usize, y: usize) -> (Ink, u8) {
        self.dots.get(y * self.columns() + x).copied().unwrap_or_default()
    }

    /// The heaviest dot of a cell.
    #[must_use]
    pub fn heaviest(&self, column: usize, row: usize) -> (Ink, u8) {
        let (across, down) = Self::fine(self.tier);
        let mut best = (Ink::None, 0);
        for y in row * down..(row + 1) * down {
            for x in column * across..(column + 1) * across {
                let dot = self.dot(x, y);
                if dot.0 > best.0 {
                    best = dot;
                }
            }
        }
        best
    }

    /// True when none of these cells has ink.
    #[must_use]
    pub fn is_free(&self, columns: std::ops::Range<usize>, row: usize) -> bool {
        columns.into_iter().all(|column| self.heaviest(column, row).0 == Ink::None)
    }

    /// Draws the ink; `styles` are those of the series.
    pub fn draw(&self, surface: &mut Surface<'_>, styles: &[Style]) {
        let of = |series: u8| styles.get(usize::from(series)).copied().unwrap_or_default();
        for row in 0..self.high {
            for column in 0..self.wide {
                let (ink, series) = self.heaviest(column, row);
                let style = match ink {
                    Ink::None => continue,
                    Ink::Faint | Ink::Edge => of(series).add_modifier(Modifier::DIM),
                    _ => of(series),
                };
                let (sign, style) = match self.tier {
                    GlyphTier::Braille => (self.braille(column, row), style),
                    GlyphTier::Block => self.halves(column, row, style, &of),
                    GlyphTier::Ascii => (ascii(ink, series), style),
                };
                if sign != ' ' {
                    surface.mark(column, row, sign, style);
                }
            }
        }
    }

    fn braille(&self, column: usize, row: usize) -> char {
        let mut bits = 0_u8;
        for (dy, pair) in DOTS.iter().enumerate() {
            for (dx, bit) in pair.iter().enumerate() {
                let (x, y) = (column * 2 + dx, row * 4 + dy);
                let shown = match self.dot(x, y).0 {
                    Ink::None => false,
                    Ink::Faint => x % 2 == 0 && y % 2 == (x / 2) % 2,
                    Ink::Inner => (x + y) % 2 == 0,
                    Ink::Edge | Ink::Riser | Ink::Line => true,
                };
                if shown {
                    bits |= bit;
                }
            }
        }
        if bits == 0 { ' ' } else { char::from_u32(0x2800 + u32::from(bits)).unwrap_or(' ') }
    }

    fn halves(
        &self,
        column: usize,
        row: usize,
        style: Style,
        of: &impl Fn(u8) -> Style,
    ) -> (char, Style) {
        let (upper, lower) = (self.dot(column, row * 2), self.dot(column, row * 2 + 1));
        match (upper.0 >= Ink::Riser, lower.0 >= Ink::Riser) {
            (true, true) if upper.1 != lower.1 => match of(lower.1).fg {
                Some(ground) => ('▀', of(upper.1).bg(ground)),
                None => ('█', style),
            },
            (true, true) => ('█', style),
            (true, false) => ('▀', style),
            (false, true) => ('▄', style),
            (false, false) if upper.0.max(lower.0) == Ink::Inner => ('▒', style),
            (false, false) => ('░', style),
        }
    }
}

fn ascii(ink: Ink, series: u8) -> char {
    match ink {
        Ink::None => ' ',
        Ink::Faint | Ink::Edge => '.',
        Ink::Inner => ':',
        Ink::Riser => '|',
        Ink::Line => SIGNS.get(usize::from(series) % SIGNS.len()).copied().unwrap_or('*'),
    }
}
