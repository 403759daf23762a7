//! Host view: the checks, worst first, each with its last output.

use crate::protocol::CheckRow;
use crate::tui::app::{App, Pane};
use crate::tui::format;
use crate::tui::panes::empty;
use crate::tui::theme::{Role, glyph, short};
use crate::tui::widgets::Surface;

/// The host, its address, and how many checks.
#[must_use]
pub fn title(app: &App) -> (String, String) {
    let Some(detail) = &app.detail else { return Default::default() };
    let address = app.world.host(&detail.host).map(|entry| entry.host.address.clone());
    let count = format::plural(detail.rows.len(), "check");
    (format!("{} {}", detail.host, address.as_deref().unwrap_or("")), count)
}

/// Draws the list.
pub fn view(app: &App, surface: &mut Surface<'_>) {
    let Some(detail) = &app.detail else { return };
    if detail.rows.is_empty() {
        let text = match app.world.host(&detail.host) {
            Some(_) => "This host has no check: add [[host.check]] to it in config.toml.",
            None => "This host is no longer configured.",
        };
        empty(surface, &[text]);
        return;
    }
    let names = detail.rows.iter().map(|row| row.key.name.chars().count()).max().unwrap_or(0);
    let name = names.clamp(6, (surface.width() / 4).max(6));
    let height = surface.height();
    for (y, at) in detail.scroll.window(detail.index, detail.rows.len(), height).enumerate() {
        let Some(row) = detail.rows.get(at) else { continue };
        view_row(app, surface, y, row, name);
        if at == detail.index {
            let focused = app.focus == Pane::Checks && app.overlay.is_none();
            let role = if focused { Role::Selection } else { Role::SelectionQuiet };
            surface.say(0, y, 1, "›", Role::Accent);
            surface.tint(y, role);
        }
    }
}

fn view_row(app: &App, surface: &mut Surface<'_>, y: usize, row: &CheckRow, name: usize) {
    let status = &row.status;
    let shown = app.world.shown_check(row, app.wall());
    let (state, role) = if !row.enabled {
        ("- off".to_owned(), Role::Muted)
    } else if status.is_waiting() {
        ("○ wait".to_owned(), Role::StateWaiting)
    } else {
        (format!("{} {}", glyph(shown), short(shown)), Role::of(shown))
    };
    surface.say(1, y, 7, &state, role);
    let text = if status.late { Role::Stale } else { Role::Text };
    let style = surface.theme.style(text);
    if !status.is_waiting() {
        surface.put_right(14, y, 6, &format::age(app.wall().since(status.since)), style);
    }
    let attempt = if status.hard || status.is_waiting() {
        String::new()
    } else {
        format!("{}/{}", status.attempt, row.attempts)
    };
    surface.say(15, y, 4, &attempt, Role::Muted);
    surface.say(19, y, name, &row.key.name, text);
    let x = 20 + name;
    let room = surface.width().saturating_sub(x + 1);
    surface.say(x, y, room, status.output.as_str(), text);
}
