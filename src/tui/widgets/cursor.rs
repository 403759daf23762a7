//! Which rows of a long list are on screen.

use std::cell::Cell;
use std::ops::Range;

use crate::tui::action::Action;

/// The scroll offset of a list. It moves only as far as the selected row demands.
///
/// The offset is a `Cell` because it depends on the height that only the view knows: the one
/// exception to views that change nothing.
#[derive(Clone, Debug, Default)]
pub struct Scroll {
    offset: Cell<usize>,
}

impl Scroll {
    /// The rows that are visible when `selected` must be among them.
    pub fn window(&self, selected: usize, rows: usize, height: usize) -> Range<usize> {
        let last = rows.saturating_sub(height);
        let mut offset = self.offset.get().min(last);
        if selected < offset {
            offset = selected;
        } else if height > 0 && selected >= offset + height {
            offset = selected + 1 - height;
        }
        self.offset.set(offset);
        offset..rows.min(offset + height)
    }

    /// Rows came or went above: what is on screen stays there.
    pub fn shift(&self, by: isize) {
        self.offset.set(self.offset.get().saturating_add_signed(by));
    }
}

/// Where a cursor goes from row `at` of `rows`.
#[must_use]
pub fn moved(at: usize, rows: usize, by: isize) -> usize {
    at.saturating_add_signed(by).min(rows.saturating_sub(1))
}

/// How far an action moves a cursor when a page has so many rows; `None` when it is no movement.
#[must_use]
pub const fn step(action: Action, page: isize) -> Option<isize> {
    Some(match action {
        Action::Down => 1,
        Action::Up => -1,
        Action::PageDown => page,
        Action::PageUp => -page,
        Action::Top => isize::MIN / 2,
        Action::Bottom => isize::MAX / 2,
        _ => return None,
    })
}

/// The first line on screen of a text without a cursor after an action, when `page` of its lines
/// fit; `None` when the action is no movement.
#[must_use]
pub fn scrolled(first: usize, lines: usize, page: usize, action: Action) -> Option<usize> {
    let by = step(action, isize::try_from(page).unwrap_or(isize::MAX / 2))?;
    Some(moved(first, lines.saturating_sub(page) + 1, by))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_moves_only_when_it_must() {
        let scroll = Scroll::default();
        assert_eq!(scroll.window(0, 100, 10), 0..10);
        assert_eq!(scroll.window(9, 100, 10), 0..10);
        assert_eq!(scroll.window(10, 100, 10), 1..11);
        assert_eq!(scroll.window(5, 100, 10), 1..11);
        assert_eq!(scroll.window(99, 100, 10), 90..100);
        assert_eq!(scroll.window(2, 3, 10), 0..3);
        assert_eq!(scroll.window(0, 0, 0), 0..0);
        assert_eq!(moved(0, 0, 1), 0);
        assert_eq!(moved(3, 5, 10), 4);
    }
}
