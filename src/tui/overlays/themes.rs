//! The theme chooser: the list of themes; the one under the cursor is shown at once.

use ratatui::layout::{Constraint, Rect};

use crate::model::ShownState;
use crate::tui::action::Action;
use crate::tui::app::{App, Overlay, Tone};
use crate::tui::num::cells;
use crate::tui::theme::{Role, Theme, glyph, short};
use crate::tui::widgets::Surface;
use crate::tui::widgets::cursor;
use crate::tui::widgets::frame::{self, Title};

/// An open chooser.
#[derive(Clone, Debug)]
pub struct Chooser {
    /// The theme under the cursor, by its place in the list.
    at: usize,
    /// What was in force, for Esc.
    before: Theme,
}

/// Opens it on the theme in force.
pub fn open(app: &mut App) {
    let at = app.themes.names().position(|name| name == app.theme.name()).unwrap_or(0);
    let before = app.theme.clone();
    app.open(Overlay::Themes(Box::new(Chooser { at, before })));
}

/// Takes an action of a key.
pub fn act(app: &mut App, action: Action) {
    let Some(Overlay::Themes(chooser)) = app.overlay.clone() else { return };
    let count = app.themes.names().count();
    let page = 10;
    match action {
        Action::Open | Action::Commit => {
            app.overlay = None;
            let name = app.theme.name().to_owned();
            let text = format!("theme {name}; write theme = \"{name}\" in [console] to keep it");
            app.say(Tone::Good, text);
            return;
        }
        Action::Back | Action::Quit | Action::Interrupt | Action::Cancel => {
            app.overlay = None;
            app.theme = chooser.before;
            return;
        }
        _ => {}
    }
    let Some(by) = cursor::step(action, page) else { return };
    let at = cursor::moved(chooser.at, count, by);
    let name = app.themes.names().nth(at).map(str::to_owned);
    if let Some(theme) = name.and_then(|name| app.themes.get(&name).cloned()) {
        app.theme = theme;
        app.overlay = Some(Overlay::Themes(Box::new(Chooser { at, ..*chooser })));
    }
}

/// Draws it at the right edge, so that most of the screen shows the colours.
pub fn view(app: &App, chooser: &Chooser, surface: &mut Surface<'_>) {
    let names: Vec<&str> = app.themes.names().collect();
    let screen = surface.area();
    let longest = names.iter().map(|name| name.len()).max().unwrap_or(0).clamp(14, 30);
    let wide = cells(longest + 8).max(34).min(screen.width);
    let high = cells(names.len() + 8).min(screen.height.saturating_sub(2));
    let middle = screen.centered(Constraint::Length(wide), Constraint::Length(high));
    let area = Rect { x: screen.right().saturating_sub(wide + 2).max(screen.x), ..middle };
    surface.at(area).clear();
    let right = format!("{} of {}", chooser.at + 1, names.len());
    let title = Title { left: "Themes", right: &right, focused: true };
    let inside = frame::single(surface, area, &title);
    let mut s = surface.at(inside);
    let rows = s.height().saturating_sub(5);
    let first = (chooser.at + 1).saturating_sub(rows);
    for (y, (at, name)) in names.iter().enumerate().skip(first).take(rows).enumerate() {
        let here = at == chooser.at;
        let room = s.width().saturating_sub(4);
        s.say(3, y, room, name, if here { Role::Strong } else { Role::Text });
        if here {
            s.tint(y, Role::Selection);
            s.say(1, y, 1, "›", Role::Accent);
        }
    }
    let y = rows + 1;
    let mut x = 1;
    for state in ShownState::ALL {
        let text = format!("{} {}", glyph(state), short(state));
        let line = if x + text.len() > s.width() { y + 1 } else { y };
        if line > y && x > 1 && x + text.len() > s.width() {
            x = 1;
        }
        let room = s.width().saturating_sub(x);
        x += s.say(x, line, room, &text, Role::of(state)) + 1;
    }
    let foot = s.height().saturating_sub(1);
    let keys = app.keymap.plain;
    let enter = if keys { "Enter" } else { "⏎" };
    s.line(
        1,
        foot,
        &[
            (enter, Role::Key),
            (" keep   ", Role::Muted),
            ("Esc", Role::Key),
            (" as before", Role::Muted),
        ],
    );
}
