//! How a screen is divided at its size: four panes, one pane, or a card that says it is too small.

use ratatui::layout::Rect;

/// The three forms of the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Not even one pane fits.
    TooSmall,
    /// One pane with a strip of counts.
    Compact,
    /// Four panes at once.
    Wide,
}

/// Smallest size of one pane.
pub const SMALLEST: (u16, u16) = (60, 15);
/// Smallest size of four panes.
pub const FOUR_PANES: (u16, u16) = (120, 32);

/// The form at a size.
#[must_use]
pub const fn mode((width, height): (u16, u16)) -> Mode {
    if width >= FOUR_PANES.0 && height >= FOUR_PANES.1 {
        Mode::Wide
    } else if width >= SMALLEST.0 && height >= SMALLEST.1 {
        Mode::Compact
    } else {
        Mode::TooSmall
    }
}

/// The whole screen.
#[must_use]
pub const fn screen((width, height): (u16, u16)) -> Rect {
    Rect { x: 0, y: 0, width, height }
}

/// Between header and bottom line.
#[must_use]
pub const fn body((width, height): (u16, u16)) -> Rect {
    Rect { x: 0, y: 1, width, height: height.saturating_sub(2) }
}

/// The sizes of the top left of four panes, with both its lines.
#[must_use]
pub fn split(body: Rect, detail: bool) -> (u16, u16) {
    let percent = if detail { 46 } else { 36 };
    let left = (u32::from(body.width) * percent / 100).clamp(44, 92);
    let top = (u32::from(body.height) * 52).div_ceil(100).max(4);
    (u16::try_from(left).unwrap_or(44), u16::try_from(top).unwrap_or(4))
}

/// The inside of the hosts pane among four.
#[must_use]
pub fn hosts(size: (u16, u16)) -> Rect {
    let body = body(size);
    let (left, top) = split(body, false);
    Rect {
        x: body.x + 1,
        y: body.y + 1,
        width: left.saturating_sub(2),
        height: top.saturating_sub(2),
    }
}

/// The inside of a frame.
#[must_use]
pub const fn inside(area: Rect) -> Rect {
    Rect {
        x: area.x + 1,
        y: area.y + 1,
        width: area.width.saturating_sub(2),
        height: area.height.saturating_sub(2),
    }
}

/// The rows of a compact screen: strip, tabs, the pane, a line, two rows of preview, hints.
pub struct Compact {
    /// Counts.
    pub strip: Rect,
    /// Title and other panes.
    pub tabs: Rect,
    /// The pane.
    pub pane: Rect,
    /// A line and two rows about the row under the cursor.
    pub preview: Rect,
}

/// Divides a compact screen.
#[must_use]
pub fn compact((width, height): (u16, u16)) -> Compact {
    let row = |y: u16, height: u16| Rect { x: 0, y, width, height };
    let pane = height.saturating_sub(6);
    Compact { strip: row(0, 1), tabs: row(1, 1), pane: row(2, pane), preview: row(2 + pane, 3) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_terminal_has_eighteen_rows_of_data() {
        assert_eq!(mode((80, 24)), Mode::Compact);
        assert_eq!(mode((120, 40)), Mode::Wide);
        assert_eq!(mode((59, 24)), Mode::TooSmall);
        assert_eq!(compact((80, 24)).pane.height, 18);
        assert_eq!(compact((80, 24)).preview.y, 20);
    }
}
