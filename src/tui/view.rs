//! The whole screen as a function of the state: header, panes or one pane, bottom line, overlay.
//!
//! ```text
//! header                                    strip of counts
//! ╭ Hosts ──────┬ Alerts ──────────╮        tabs
//! │             │                  │        one pane
//! ├ Throughput ─┼ Hops ────────────┤        ──────
//! │             │                  │        preview of the row under the cursor
//! ╰─────────────┴──────────────────╯
//! bottom line                               bottom line
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::model::safe_text::width;
use crate::tui::app::App;
use crate::tui::layout::{self, Mode};
use crate::tui::panes;
use crate::tui::theme::Role;
use crate::tui::widgets::Surface;
use crate::tui::widgets::frame::{self, Title};
use crate::tui::{bell, footer, glyphs, header, outside, overlays, wall_board};

/// Paints the console into an empty buffer; returns where the terminal's cursor is shown.
pub fn view(app: &App, buffer: &mut Buffer) -> Option<Position> {
    let cursor = if app.wall.is_on() {
        wall_board::view(app, buffer, paint);
        None
    } else {
        paint(app, buffer)
    };
    bell::flash(app, buffer);
    glyphs::fit(buffer, app.options.glyphs, app.options.utf8);
    cursor
}

fn paint(app: &App, buffer: &mut Buffer) -> Option<Position> {
    let area = buffer.area;
    let mut surface = Surface::new(buffer, area, &app.theme);
    surface.clear();
    match app.mode() {
        Mode::TooSmall => {
            too_small(app, &mut surface);
            return None;
        }
        Mode::Compact => compact(app, &mut surface),
        Mode::Wide => wide(app, &mut surface),
    }
    footer::view(app, &mut surface);
    outside::view(app, &mut surface);
    overlays::view(app, &mut surface)
}

fn too_small(app: &App, surface: &mut Surface<'_>) {
    let (wide, high) = (surface.width(), surface.height());
    let counts = header::brief(app);
    let size = format!("This terminal has {wide}x{high}.");
    let (columns, rows) = layout::SMALLEST;
    let need = format!("fluxnoc needs {columns}x{rows} or more.");
    let top = high.saturating_sub(4) / 2;
    for (at, text) in ["Too small", &size, &need].into_iter().enumerate() {
        surface.say(1, top + at, wide.saturating_sub(2), text, Role::Text);
    }
    surface.line(
        1,
        (top + 4).min(high.saturating_sub(1)),
        &counts.iter().map(|(text, role)| (text.as_str(), *role)).collect::<Vec<_>>(),
    );
}

fn wide(app: &App, surface: &mut Surface<'_>) {
    header::view(app, surface);
    let body = layout::body(app.size);
    if app.zoom {
        let (left, right) = panes::title(app, app.focus);
        let title = Title { left: &left, right: &right, focused: true };
        let inside = frame::single(surface, body, &title);
        panes::view(app, app.focus, &mut surface.at(inside));
        return;
    }
    let panes = app.panes();
    let words: Vec<_> = panes.iter().map(|pane| panes::title(app, *pane)).collect();
    let framed: Vec<_> = app
        .view
        .rects(body)
        .into_iter()
        .zip(panes.iter().zip(&words))
        .map(|(rect, (pane, (left, right)))| {
            (rect, Title { left, right, focused: *pane == app.focus })
        })
        .collect();
    let insides = frame::panes(surface, &framed);
    for (pane, inside) in panes.iter().zip(insides) {
        panes::view(app, *pane, &mut surface.at(inside));
    }
}

fn compact(app: &App, surface: &mut Surface<'_>) {
    let areas = layout::compact(app.size);
    header::strip(app, &mut surface.at(areas.strip));
    tabs(app, &mut surface.at(areas.tabs));
    panes::view(app, app.focus, &mut surface.at(areas.pane));
    let line = Rect { height: 1, ..areas.preview };
    surface.at(line).rule(0);
    let rest = Rect { y: areas.preview.y + 1, height: 2, ..areas.preview };
    panes::preview::view(app, &mut surface.at(rest));
}

/// ` Alerts: unhandled 5, handled 4               Tab: Hosts  Throughput  Hops `
fn tabs(app: &App, surface: &mut Surface<'_>) {
    let (title, right) = panes::title(app, app.focus);
    let names: Vec<&str> =
        app.panes().iter().filter(|pane| **pane != app.focus).map(|pane| pane.name()).collect();
    // The title says what is on screen: where both have no room the names of others give way.
    let room = surface.width().saturating_sub(width(&title) + 4);
    let list = |count: usize| {
        let shown = names.get(..count).unwrap_or(&[]).join("  ");
        let more = if count < names.len() { "  …" } else { "" };
        format!("Tab: {shown}{more}")
    };
    let tabs = (1..=names.len()).rev().map(list).find(|text| width(text) <= room);
    let tabs = tabs.unwrap_or_else(|| if names.is_empty() { String::new() } else { "Tab".into() });
    let room = surface.width().saturating_sub(width(&tabs) + 3);
    let used = surface.say(1, 0, room, &title, Role::TitleFocused) + 3;
    let right = frame::tail(&right, room.saturating_sub(used + 1));
    surface.say(used, 0, room.saturating_sub(used), right, Role::Title);
    let style = surface.theme.style(Role::Muted);
    let end = surface.width().saturating_sub(1);
    surface.put_right(end, 0, width(&tabs), &tabs, style);
}
