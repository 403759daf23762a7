//! After the first key of a sequence: the keys that may follow, above the bottom line.

use crate::model::safe_text::width;
use crate::tui::app::App;
use crate::tui::theme::Role;
use crate::tui::widgets::Surface;

/// Columns of one entry.
const CELL: usize = 20;

/// Draws the list while a sequence is begun.
pub fn view(app: &App, surface: &mut Surface<'_>) {
    let found = app.keymap.continuations(&app.contexts(), &app.pressed);
    let (wide, high) = (surface.width(), surface.height());
    if found.is_empty() || wide < CELL || high < 6 {
        return;
    }
    let columns = ((wide - 2) / CELL).max(1);
    let rows = found.len().div_ceil(columns).min(high - 4);
    let top = high - 2 - rows;
    let mut s = surface.part(0, top, wide, rows + 1);
    s.clear();
    s.rule(0);
    let title = app.keymap.title(&app.pressed).unwrap_or("more keys");
    s.say(1, 0, wide.saturating_sub(2), &format!(" {title} "), Role::TitleFocused);
    // Down first, then across, as a person reads a list.
    for (at, one) in found.iter().enumerate().take(rows * columns) {
        let (x, y) = (1 + at / rows * CELL, 1 + at % rows);
        let used = s.say(x + 1, y, CELL - 2, &one.key, Role::Key);
        let room = CELL.saturating_sub(width(&one.key) + 4);
        s.say(x + used + 2, y, room, &one.label, Role::Text);
    }
}
