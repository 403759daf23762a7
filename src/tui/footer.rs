//! The bottom line: what just happened, and the keys that do something here and now.

use crate::model::safe_text::width;
use crate::tui::action::Action;
use crate::tui::app::{App, Overlay, Tone};
use crate::tui::hints;
use crate::tui::theme::Role;
use crate::tui::triage::undo;
use crate::tui::widgets::Surface;

/// Draws the bottom line, unless an input line is there.
pub fn view(app: &App, surface: &mut Surface<'_>) {
    if matches!(app.overlay, Some(Overlay::Line(_))) {
        return;
    }
    let y = surface.height().saturating_sub(1);
    surface.tint(y, Role::Footer);
    let mut wide = surface.width();
    if let Some(toast) = undo::toast(app) {
        let style = surface.theme.style(Role::Note);
        surface.put_right(wide.saturating_sub(1), y, wide / 2, &toast, style);
        wide = wide.saturating_sub(width(&toast).min(wide / 2) + 2);
    }
    let mut x = 1;
    if let Some((text, role)) = said(app) {
        let more = 14;
        x += surface.say(x, y, wide.saturating_sub(x + more), &text, role) + 3;
    }
    if app.overlay.is_some() {
        return;
    }
    let help = app.keymap.key(&app.contexts(), Action::Help).unwrap_or_default();
    let help_wide = width(&help) + 6;
    let hints: Vec<Hint> =
        hints::wishes(app).into_iter().filter_map(|action| Hint::of(app, action)).collect();
    // The way out is always among them, as the help is.
    let mut back = hints.iter().find(|hint| hint.action == Action::Back).map_or(0, Hint::wide);
    for hint in hints {
        if hint.action == Action::Back {
            back = 0;
        }
        if x + hint.wide() + back + help_wide >= wide {
            if back == 0 {
                break;
            }
            continue;
        }
        let key_role = if hint.refused { Role::KeyOff } else { Role::Key };
        let text = format!(" {}  ", hint.label);
        x = surface.line(x, y, &[(&hint.key, key_role), (&text, Role::Footer)]);
    }
    if !help.is_empty() {
        let words = [(&*help, Role::Key), (" help", Role::Footer)];
        surface.line(wide.saturating_sub(help_wide), y, &words);
    }
    if !app.pressed.is_empty() {
        let keys: String = app.pressed.iter().map(ToString::to_string).collect();
        let style = surface.theme.style(Role::Accent);
        surface.put_right(wide, y, 4, &keys, style);
    }
}

/// A key that does something here, and what.
struct Hint {
    action: Action,
    key: String,
    label: String,
    refused: bool,
}

impl Hint {
    fn of(app: &App, action: Action) -> Option<Self> {
        let key = app.keymap.key(&app.contexts(), action)?;
        let refused = app.refusal(action).is_some();
        let why = if refused { " (read-only)" } else { "" };
        Some(Self { action, key, label: format!("{}{why}", action.label()), refused })
    }

    /// Columns of it, and of the blanks behind it.
    fn wide(&self) -> usize {
        width(&self.key) + 1 + width(&self.label) + 2
    }
}

/// The sentence to show: the last message, else what the engine wants known.
fn said(app: &App) -> Option<(String, Role)> {
    let engine = app.world.engine();
    if let Some(message) = &app.message {
        let role = match message.tone {
            Tone::Note => Role::Note,
            Tone::Good => Role::Good,
            Tone::Bad => Role::Bad,
        };
        return Some((message.text.clone(), role));
    }
    if let Some(isolated) = &engine.isolated {
        return Some((isolated.to_string(), Role::Bad));
    }
    if let Some(problem) = &engine.storage {
        return Some((format!("results are not stored: {problem}"), Role::Bad));
    }
    if let Some(trouble) = engine.heartbeat.as_ref().and_then(|beat| beat.trouble()) {
        return Some((trouble.to_string(), Role::Bad));
    }
    if let Some(outward) = &engine.outward {
        return Some((outward.to_string(), Role::Bad));
    }
    engine.notice.as_ref().map(|notice| (notice.to_string(), Role::Note))
}
