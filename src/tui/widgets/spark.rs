//! Recent values in one row: bars by height, shades by size, `×` for what was lost, a blank where
//! nothing was measured.

use crate::tui::glyphs::GlyphTier;
use crate::tui::num::count;
use crate::tui::theme::Role;
use crate::tui::widgets::Surface;
use crate::tui::widgets::chart::lost_sign;

const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const ASCII_BARS: [char; 6] = ['_', '.', '-', '=', '+', '#'];
const SHADES: [char; 5] = ['·', '░', '▒', '▓', '█'];
const ASCII_SHADES: [char; 6] = ['.', ':', '-', '=', '+', '#'];

/// One column.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cell {
    /// A value.
    Value(f64),
    /// Asked for and not answered.
    Lost,
    /// Not measured.
    Gap,
}

impl From<Option<f64>> for Cell {
    fn from(value: Option<f64>) -> Self {
        value.map_or(Self::Lost, Self::Value)
    }
}

/// The sign of a part of the whole, 0 to 1.
fn step(signs: &[char], part: f64) -> char {
    let last = signs.len().saturating_sub(1);
    let at = count(part * crate::tui::num::real(last)).min(last);
    signs.get(at).copied().unwrap_or(' ')
}

fn row(
    surface: &mut Surface<'_>,
    (x, y): (usize, usize),
    cells: impl Iterator<Item = Cell>,
    (top, signs, tier): (f64, &[char], GlyphTier),
) {
    let quiet = surface.theme.style(Role::Muted);
    let lost = surface.theme.style(Role::StateCritical);
    for (at, cell) in cells.enumerate() {
        match cell {
            Cell::Value(value) if value.is_finite() => {
                let part = if top > 0.0 { value / top } else { 0.0 };
                surface.mark(x + at, y, step(signs, part), quiet);
            }
            Cell::Lost => surface.mark(x + at, y, lost_sign(tier), lost),
            _ => {}
        }
    }
}

/// Writes the newest cells right-aligned into `room` columns; bars rise from zero to `top`.
pub fn bars(
    surface: &mut Surface<'_>,
    (x, y): (usize, usize),
    room: usize,
    (cells, top): (&[Cell], f64),
    tier: GlyphTier,
) {
    let shown = cells.get(cells.len().saturating_sub(room)..).unwrap_or(&[]);
    let signs: &[char] = if tier == GlyphTier::Ascii { &ASCII_BARS } else { &BARS };
    let start = x + room - shown.len();
    row(surface, (start, y), shown.iter().copied(), (top, signs, tier));
}

/// The same for the round trips of a hop.
pub fn round_trips(
    surface: &mut Surface<'_>,
    (x, y): (usize, usize),
    room: usize,
    (probes, top): (&[Option<f64>], f64),
    tier: GlyphTier,
) {
    let shown = probes.get(probes.len().saturating_sub(room)..).unwrap_or(&[]);
    let cells: Vec<Cell> = shown.iter().map(|probe| Cell::from(*probe)).collect();
    bars(surface, (x, y), room, (&cells, top), tier);
}

/// Shades instead of bars: many rows under each other make a picture of a path over time.
pub fn heat(
    surface: &mut Surface<'_>,
    (x, y): (usize, usize),
    room: usize,
    (cells, top): (&[Cell], f64),
    tier: GlyphTier,
) {
    let shown = cells.get(cells.len().saturating_sub(room)..).unwrap_or(&[]);
    let signs: &[char] = if tier == GlyphTier::Ascii { &ASCII_SHADES } else { &SHADES };
    let start = x + room - shown.len();
    row(surface, (start, y), shown.iter().copied(), (top, signs, tier));
}

/// A height for bars at which a steady value is half as high, so that a change shows.
#[must_use]
pub fn calm_top(cells: &[Cell]) -> f64 {
    let mut values: Vec<f64> = cells
        .iter()
        .filter_map(|cell| match cell {
            Cell::Value(value) if value.is_finite() => Some(*value),
            _ => None,
        })
        .collect();
    values.sort_by(f64::total_cmp);
    let middle = values.get(values.len() / 2).copied().unwrap_or(0.0);
    let largest = values.last().copied().unwrap_or(0.0);
    largest.max(middle * 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::theme::Theme;

    fn text(tier: GlyphTier, heated: bool) -> String {
        let theme = Theme::mono();
        let area = ratatui::layout::Rect::new(0, 0, 10, 1);
        let mut buffer = ratatui::buffer::Buffer::empty(area);
        let mut surface = Surface::new(&mut buffer, area, &theme);
        let cells = [
            Cell::Value(0.0),
            Cell::Value(5.0),
            Cell::Value(10.0),
            Cell::Lost,
            Cell::Gap,
            Cell::Value(f64::NAN),
            Cell::Value(20.0),
        ];
        let draw = if heated { heat } else { bars };
        draw(&mut surface, (0, 0), 10, (&cells, 10.0), tier);
        (0..10).map(|x| buffer[(x, 0)].symbol()).collect()
    }

    #[test]
    fn bars_and_shades_in_every_tier() {
        assert_eq!(text(GlyphTier::Braille, false), "   ▁▅█×  █");
        assert_eq!(text(GlyphTier::Block, true), "   ·▒█×  █");
        assert_eq!(text(GlyphTier::Ascii, false), "   _=#x  #");
        assert_eq!(text(GlyphTier::Ascii, true), "   .=#x  #");
    }

    #[test]
    fn a_steady_value_is_half_as_high() {
        let steady = [Cell::Value(4.0), Cell::Lost, Cell::Value(4.0)];
        assert!((calm_top(&steady) - 8.0).abs() < 1e-9);
        assert!(calm_top(&[]).abs() < 1e-9);
    }
}
