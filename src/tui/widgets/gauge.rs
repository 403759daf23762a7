//! A bar for a part of a whole: utilisation, a disk.
//!
//! ```text
//! ██████████▍─────────│──      eighths of a cell, with the mark of a threshold
//! [##########.........|..]
//! ```

use crate::tui::glyphs::GlyphTier;
use crate::tui::num::{count, real};
use crate::tui::theme::Role;
use crate::tui::widgets::Surface;

const EIGHTHS: [char; 8] = [' ', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/// Draws the part (0 to 1) into `room` columns; `role` is the colour of the bar, a mark stands at
/// each of `marks` that the bar has not reached.
pub fn gauge(
    surface: &mut Surface<'_>,
    (x, y): (usize, usize),
    room: usize,
    (part, role): (f64, Role),
    marks: &[(f64, Role)],
    tier: GlyphTier,
) {
    let ascii = tier == GlyphTier::Ascii;
    let (x, room) = if ascii { (x + 1, room.saturating_sub(2)) } else { (x, room) };
    if room == 0 {
        return;
    }
    let track = surface.theme.style(Role::Axis);
    let bar = surface.theme.style(role);
    let part = if part.is_finite() { part.clamp(0.0, 1.0) } else { 0.0 };
    let eighths = count(part * real(room * 8));
    for column in 0..room {
        let (sign, style) = match eighths.saturating_sub(column * 8) {
            0 => (if ascii { '.' } else { '─' }, track),
            8.. => (if ascii { '#' } else { '█' }, bar),
            rest if ascii => (if rest >= 4 { '#' } else { '.' }, bar),
            rest => (EIGHTHS.get(rest).copied().unwrap_or(' '), bar),
        };
        surface.mark(x + column, y, sign, style);
    }
    for (mark, role) in marks.iter().filter(|(mark, _)| *mark > part && *mark <= 1.0) {
        let style = surface.theme.style(*role);
        let column = count(mark * real(room)).min(room - 1);
        if column * 8 >= eighths {
            surface.mark(x + column, y, if ascii { '|' } else { '│' }, style);
        }
    }
    if ascii {
        surface.mark(x - 1, y, '[', track);
        surface.mark(x + room, y, ']', track);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::theme::Theme;

    fn text(part: f64, tier: GlyphTier) -> String {
        let theme = Theme::mono();
        let area = ratatui::layout::Rect::new(0, 0, 14, 1);
        let mut buffer = ratatui::buffer::Buffer::empty(area);
        let mut surface = Surface::new(&mut buffer, area, &theme);
        let marks = [(0.8, Role::ChartWarning)];
        gauge(&mut surface, (1, 0), 12, (part, Role::Text), &marks, tier);
        (0..14).map(|x| buffer[(x, 0)].symbol()).collect()
    }

    #[test]
    fn bars_are_exact_to_an_eighth() {
        assert_eq!(text(0.5, GlyphTier::Block), " ██████────│─ ");
        assert_eq!(text(0.27, GlyphTier::Braille), " ███▎──────│─ ");
        assert_eq!(text(0.9, GlyphTier::Braille), " ██████████▊─ ");
        assert_eq!(text(0.5, GlyphTier::Ascii), " [#####...|.] ");
        assert_eq!(text(f64::NAN, GlyphTier::Ascii), " [........|.] ");
        assert_eq!(text(7.0, GlyphTier::Braille), " ████████████ ");
    }
}
