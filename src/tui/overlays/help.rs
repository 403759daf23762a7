//! The keys that work in the pane at hand, from the live keymap.

use crate::model::safe_text::width;
use crate::tui::action::Action;
use crate::tui::app::App;
use crate::tui::keymap::Context;
use crate::tui::theme::Role;
use crate::tui::widgets::Surface;
use crate::tui::widgets::frame::{self, Title};

/// Keys, what they do, and why not when they are refused.
#[must_use]
pub fn lines(app: &App, contexts: &[Context]) -> Vec<(String, &'static str, Option<String>)> {
    Action::ALL
        .iter()
        .filter(|action| !action.is_of_dialogs())
        .filter_map(|action| {
            let keys = app.keymap.keys(contexts, *action);
            let keys = if keys.is_empty() && action.is_palette_only() {
                format!(":{}", action.name())
            } else {
                keys.join(" ")
            };
            (!keys.is_empty()).then(|| (keys, action.about(), app.refusal(*action)))
        })
        .collect()
}

/// Draws the card over the middle of the screen.
pub fn view(app: &App, surface: &mut Surface<'_>, first: usize) {
    let lines = lines(app, &app.pane_contexts());
    let keys = lines.iter().map(|(keys, _, _)| width(keys)).max().unwrap_or(0).min(24);
    let screen = surface.area();
    let wide = u16::try_from(keys + 62).unwrap_or(80).min(screen.width);
    let high = u16::try_from(lines.len() + 4).unwrap_or(24).min(screen.height.saturating_sub(2));
    let area = screen.centered(
        ratatui::layout::Constraint::Length(wide),
        ratatui::layout::Constraint::Length(high),
    );
    surface.at(area).clear();
    let rows = usize::from(high).saturating_sub(3);
    let first = first.min(lines.len().saturating_sub(rows));
    let last = (first + rows).min(lines.len());
    let title = format!("Keys: {}", app.focus.name());
    let right = format!("{}–{} of {}", first + 1, last, lines.len());
    let title = Title { left: &title, right: &right, focused: true };
    let inside = frame::single(surface, area, &title);
    let mut s = surface.at(inside);
    for (y, (keys_text, about, refused)) in lines.iter().skip(first).take(rows).enumerate() {
        let role = if refused.is_some() { Role::KeyOff } else { Role::Key };
        let style = s.theme.style(role);
        s.put_right(keys + 1, y, keys, keys_text, style);
        let text = refused.as_deref().unwrap_or(about);
        let role = if refused.is_some() { Role::Muted } else { Role::Text };
        let room = s.width().saturating_sub(keys + 3);
        s.say(keys + 3, y, room, text, role);
    }
    let foot = s.height().saturating_sub(1);
    s.line(
        1,
        foot,
        &[
            ("Esc", Role::Key),
            (" close   ", Role::Muted),
            ("j k", Role::Key),
            (" scroll", Role::Muted),
        ],
    );
}
