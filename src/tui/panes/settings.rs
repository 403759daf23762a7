//! What is in force, and from which source; secrets are masked.
//!
//! ```text
//!  [console]
//! ›theme          "default"                     default
//!  ack_expiry     "4h"                          config.toml:12
//! ```

use crate::model::SafeText;
use crate::protocol::Problem;
use crate::protocol::query::{Answer, Query};
use crate::tui::action::Action;
use crate::tui::app::{App, Pane};
use crate::tui::effect::{Effect, Reply};
use crate::tui::line::Pending;
use crate::tui::panes::empty;
use crate::tui::theme::Role;
use crate::tui::widgets::{Scroll, Surface, cursor};

/// Most lines that are kept of an answer: a configuration of ten thousand hosts is read in the
/// file, not here.
const LINES: usize = 20_000;

/// One line of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Line {
    Section(SafeText),
    Value { key: SafeText, value: SafeText, source: SafeText },
    Note(SafeText),
}

/// The pane's own state.
#[derive(Debug, Default)]
pub struct State {
    lines: Vec<Line>,
    asked: bool,
    problem: Option<String>,
    at: usize,
    scroll: Scroll,
}

/// Name and position.
#[must_use]
pub fn title(app: &App) -> (String, String) {
    let own = &app.own.settings;
    let right = match own.lines.len() {
        0 => String::new(),
        lines => format!("{} of {lines}", own.at + 1),
    };
    ("Settings in force, and where they come from".to_owned(), right)
}

/// The setting under the cursor: its name with where it was said, and its whole value.
#[must_use]
pub fn selected(app: &App) -> Option<(String, &SafeText)> {
    match app.own.settings.lines.get(app.own.settings.at)? {
        Line::Value { key, value, source } => Some((format!("{key}, {source}"), value)),
        Line::Section(_) | Line::Note(_) => None,
    }
}

/// Reads the engine's answer: TOML with the source of each value as a comment.
fn parse(text: &str) -> Vec<Line> {
    let mut lines = Vec::new();
    for line in text.lines().take(LINES) {
        let line = line.trim_end();
        if line.is_empty() {
            continue;
        }
        let (body, source) = match line.rsplit_once("  # ") {
            Some((body, source)) => (body, source),
            None => (line, ""),
        };
        lines.push(if body.starts_with('[') {
            Line::Section(SafeText::line(line))
        } else if let Some((key, value)) = body.split_once(" = ").filter(|_| !body.starts_with('#'))
        {
            Line::Value {
                key: SafeText::line(key),
                value: SafeText::line(value),
                source: SafeText::line(source),
            }
        } else if let Some(key) =
            body.strip_prefix("# ").and_then(|t| t.strip_suffix(" is not set"))
        {
            Line::Value {
                key: SafeText::line(key),
                value: SafeText::line("not set"),
                source: SafeText::line(source),
            }
        } else {
            Line::Note(SafeText::line(line.trim_start_matches("# ")))
        });
    }
    lines
}

/// Draws the list.
pub fn view(app: &App, surface: &mut Surface<'_>) {
    let own = &app.own.settings;
    if let Some(problem) = &own.problem {
        return empty(surface, &["The settings cannot be shown:", problem]);
    }
    if own.lines.is_empty() {
        return empty(surface, &["Asking the engine…"]);
    }
    let keys = |line: &Line| match line {
        Line::Value { key, .. } => key.width(),
        _ => 0,
    };
    let key = own.lines.iter().map(keys).max().unwrap_or(0).clamp(12, 28);
    let wide = surface.width();
    let source = if wide >= 100 { 34 } else { 18 };
    let value = wide.saturating_sub(key + source + 5);
    for (y, at) in own.scroll.window(own.at, own.lines.len(), surface.height()).enumerate() {
        let Some(line) = own.lines.get(at) else { continue };
        match line {
            Line::Section(text) => {
                surface.say(1, y, wide.saturating_sub(2), text.as_str(), Role::Strong);
            }
            Line::Note(text) => {
                surface.say(1, y, wide.saturating_sub(2), text.as_str(), Role::Muted);
            }
            Line::Value { key: name, value: text, source: from } => {
                surface.say(2, y, key, name.as_str(), Role::Text);
                surface.say(key + 3, y, value, text.as_str(), Role::Text);
                let x = key + value + 4;
                let role = if from.as_str() == "default" { Role::Muted } else { Role::Accent };
                surface.say(x, y, source, from.as_str(), role);
            }
        }
        if at == own.at {
            let focused = app.focus == Pane::Settings && app.overlay.is_none();
            let role = if focused { Role::Selection } else { Role::SelectionQuiet };
            surface.say(0, y, 1, "›", Role::Accent);
            surface.tint(y, role);
        }
    }
}

/// Runs an action that means something special here.
pub fn act(app: &mut App, action: Action) -> Option<Vec<Effect>> {
    let rows = app.own.settings.lines.len();
    let by = cursor::step(action, crate::tui::act::page(app))?;
    let own = &mut app.own.settings;
    own.at = cursor::moved(own.at, rows, by);
    Some(Vec::new())
}

/// Asks once for each time that the view is opened.
pub fn wants(app: &mut App) -> Vec<Effect> {
    if app.own.settings.asked || !app.world.is_ready() {
        return Vec::new();
    }
    app.own.settings.asked = true;
    let id = app.ask(Pending::Pane(Pane::Settings, 0));
    vec![Effect::Query { id, query: Query::Config }]
}

/// What is on screen is old: the view was left, or the configuration was read again.
pub fn forget(app: &mut App) {
    app.own.settings.asked = false;
}

/// Takes the answer.
pub fn reply(app: &mut App, _token: u64, result: Result<Reply, Problem>) {
    let own = &mut app.own.settings;
    match result {
        Ok(Reply::Answer(Answer::Config(text))) => {
            own.lines = parse(&text);
            own.at = own.at.min(own.lines.len().saturating_sub(1));
            own.problem = None;
        }
        Ok(_) => own.problem = Some("the engine answered something else".to_owned()),
        Err(problem) => own.problem = Some(problem.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_a_key_and_a_source() {
        let lines = parse(
            "# read from /etc/x\n\n[console]\ntheme = \"a # b\"  # config.toml:3\n# zone is not set  # default\n",
        );
        let text = |line: &Line| match line {
            Line::Section(text) | Line::Note(text) => text.to_string(),
            Line::Value { key, value, source } => format!("{key}|{value}|{source}"),
        };
        let texts: Vec<String> = lines.iter().map(text).collect();
        assert_eq!(
            texts,
            [
                "read from /etc/x",
                "[console]",
                "theme|\"a # b\"|config.toml:3",
                "zone|not set|default"
            ]
        );
    }
}
