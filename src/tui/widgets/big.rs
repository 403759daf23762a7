//! Figures to be read from across a room: a font of 3x5 dots, as blocks or as ASCII.
//!
//! The dots of a figure are cells twice as wide as high, or halves of cells where room is short.

use crate::tui::glyphs::GlyphTier;
use crate::tui::theme::Role;
use crate::tui::widgets::Surface;

/// Rows of a figure.
const ROWS: usize = 5;

/// How large a dot is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// One column, half a row (a whole one in ASCII): figures of 3x3 cells.
    Small,
    /// Two columns, one row: 6x5.
    Middle,
    /// Four columns, two rows: 12x10.
    Large,
}

impl Size {
    /// Columns and rows of a dot in half rows.
    const fn dot(self, tier: GlyphTier) -> (usize, usize) {
        match (self, tier) {
            (Self::Small, GlyphTier::Ascii) => (1, 2),
            (Self::Small, _) => (1, 1),
            (Self::Middle, _) => (2, 2),
            (Self::Large, _) => (4, 4),
        }
    }
}

/// The five rows of a sign, three bits each, and how many of them are used; an unknown sign is a
/// block.
const fn figure(sign: char) -> ([u8; ROWS], usize) {
    let rows = match sign {
        '0' => [7, 5, 5, 5, 7],
        '1' => [2, 6, 2, 2, 7],
        '2' => [7, 1, 7, 4, 7],
        '3' => [7, 1, 7, 1, 7],
        '4' => [5, 5, 7, 1, 1],
        '5' => [7, 4, 7, 1, 7],
        '6' => [7, 4, 7, 5, 7],
        '7' => [7, 1, 1, 1, 1],
        '8' => [7, 5, 7, 5, 7],
        '9' => [7, 5, 7, 1, 7],
        'A' => [7, 5, 7, 5, 5],
        'B' => [6, 5, 6, 5, 6],
        'C' => [7, 4, 4, 4, 7],
        'D' => [6, 5, 5, 5, 6],
        'E' => [7, 4, 6, 4, 7],
        'F' => [7, 4, 6, 4, 4],
        'G' => [7, 4, 5, 5, 7],
        'H' => [5, 5, 7, 5, 5],
        'I' => [7, 2, 2, 2, 7],
        'J' => [1, 1, 1, 5, 7],
        'K' => [5, 5, 6, 5, 5],
        'L' => [4, 4, 4, 4, 7],
        'M' => [5, 7, 7, 5, 5],
        'N' => [6, 5, 5, 5, 5],
        'O' => [2, 5, 5, 5, 2],
        'P' => [7, 5, 7, 4, 4],
        'Q' => [7, 5, 5, 7, 1],
        'R' => [6, 5, 6, 5, 5],
        'S' => [3, 4, 2, 1, 6],
        'T' => [7, 2, 2, 2, 2],
        'U' => [5, 5, 5, 5, 7],
        'V' => [5, 5, 5, 5, 2],
        'W' => [5, 5, 7, 7, 5],
        'X' => [5, 5, 2, 5, 5],
        'Y' => [5, 5, 2, 2, 2],
        'Z' => [7, 1, 2, 4, 7],
        '+' => [0, 2, 7, 2, 0],
        '-' => [0, 0, 7, 0, 0],
        '/' => [1, 1, 2, 4, 4],
        '%' => [5, 1, 2, 4, 5],
        '?' => [7, 1, 2, 0, 2],
        ' ' => [0; ROWS],
        // One dot wide: the left bit counts.
        ':' => return ([0, 4, 0, 4, 0], 1),
        '.' => return ([0, 0, 0, 0, 4], 1),
        _ => [7, 7, 7, 7, 7],
    };
    (rows, 3)
}

/// True when every sign has a figure of its own.
#[must_use]
pub fn is_readable(text: &str) -> bool {
    text.chars().all(|sign| sign == ' ' || sign.is_ascii_alphanumeric() || "+-/%?:.".contains(sign))
}

/// Columns and rows that the text takes.
#[must_use]
pub fn extent(text: &str, size: Size, tier: GlyphTier) -> (usize, usize) {
    let (across, halves) = size.dot(tier);
    let dots: usize = text.chars().map(|sign| figure(sign.to_ascii_uppercase()).1 + 1).sum();
    (dots.saturating_sub(1) * across, (ROWS * halves).div_ceil(2))
}

/// The largest size at which the text fits, if one does.
#[must_use]
pub fn fitting(text: &str, room: (usize, usize), tier: GlyphTier) -> Option<Size> {
    [Size::Large, Size::Middle, Size::Small].into_iter().find(|size| {
        let (wide, high) = extent(text, *size, tier);
        wide <= room.0 && high <= room.1
    })
}

/// Writes the text with its top left at `x`, `y`; returns the columns used. What does not fit is
/// left out by whole figures.
pub fn big(
    surface: &mut Surface<'_>,
    (x, y): (usize, usize),
    text: &str,
    (size, tier): (Size, GlyphTier),
    role: Role,
) -> usize {
    let style = surface.theme.style(role);
    let (across, halves) = size.dot(tier);
    let high = (ROWS * halves).div_ceil(2);
    let mut at = x;
    for sign in text.chars() {
        let (rows, dots) = figure(sign.to_ascii_uppercase());
        if at + dots * across > surface.width() {
            break;
        }
        // Ink of a half row of the screen.
        let is_set = |column: usize, half: usize| {
            let row = rows.get(half / halves).copied().unwrap_or(0);
            row & (4 >> (column / across)) != 0
        };
        for row in 0..high {
            for column in 0..dots * across {
                let sign = match (is_set(column, row * 2), is_set(column, row * 2 + 1)) {
                    (true, _) if tier == GlyphTier::Ascii => '#',
                    (true, true) => '█',
                    (true, false) => '▀',
                    (false, true) => '▄',
                    (false, false) => continue,
                };
                surface.mark(at + column, y + row, sign, style);
            }
        }
        at += (dots + 1) * across;
    }
    at.saturating_sub(across).saturating_sub(x)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::theme::Theme;

    fn text(of: &str, size: Size, tier: GlyphTier) -> String {
        let theme = Theme::mono();
        let (wide, high) = extent(of, size, tier);
        let area = ratatui::layout::Rect::new(
            0,
            0,
            u16::try_from(wide).unwrap(),
            u16::try_from(high).unwrap(),
        );
        let mut buffer = ratatui::buffer::Buffer::empty(area);
        let mut surface = Surface::new(&mut buffer, area, &theme);
        let used = big(&mut surface, (0, 0), of, (size, tier), Role::Strong);
        assert_eq!(used, wide, "{of}");
        let row = |y| (0..area.width).map(|x| buffer[(x, y)].symbol()).collect::<String>();
        (0..area.height).map(|y| row(y).trim_end().to_owned() + "\n").collect()
    }

    #[test]
    fn figures_in_every_tier() {
        insta::assert_snapshot!("big_small", text("21:04 3 CRIT", Size::Small, GlyphTier::Block));
        insta::assert_snapshot!("big_middle", text("0123456789:?", Size::Middle, GlyphTier::Ascii));
        insta::assert_snapshot!("big_large", text("+4%", Size::Large, GlyphTier::Braille));
    }

    #[test]
    fn the_largest_that_fits() {
        let fits = |room| fitting("21:04", room, GlyphTier::Braille);
        assert_eq!(fits((100, 20)), Some(Size::Large));
        assert_eq!(fits((40, 9)), Some(Size::Middle));
        assert_eq!(fits((17, 3)), Some(Size::Small));
        assert_eq!(fits((16, 3)), None);
    }

    #[test]
    fn no_two_figures_look_alike() {
        let all: Vec<char> = ('0'..='9').chain('A'..='Z').chain("+-/%? ".chars()).collect();
        for (at, one) in all.iter().enumerate() {
            for other in all.iter().skip(at + 1) {
                assert_ne!(figure(*one).0, figure(*other).0, "{one} {other}");
            }
        }
    }
}
