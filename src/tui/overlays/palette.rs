//! The command line: names of actions, with completion.

use crate::tui::act;
use crate::tui::action::Action;
use crate::tui::app::{App, Tone};
use crate::tui::effect::Effect;
use crate::tui::overlays::views;

/// Actions that make sense as commands.
fn commands() -> impl Iterator<Item = Action> {
    let moves = [
        Action::Down,
        Action::Up,
        Action::Left,
        Action::Right,
        Action::PageDown,
        Action::PageUp,
        Action::Top,
        Action::Bottom,
        Action::Palette,
    ];
    let wanted = move |action: &Action| !action.is_of_dialogs() && !moves.contains(action);
    Action::ALL.iter().copied().filter(wanted)
}

/// What the typed text can become: the text and what it does.
#[must_use]
pub fn candidates(app: &App, typed: &str) -> Vec<(String, String)> {
    let typed = typed.trim_start();
    if let Some(name) = typed.strip_prefix("theme ") {
        let names = app.themes.names().filter(|have| have.starts_with(name.trim()));
        return names.map(|name| (format!("theme {name}"), "these colours".to_owned())).collect();
    }
    let word = typed.trim_end();
    let mut found: Vec<(String, String)> = commands()
        .filter(|action| action.name().contains(word))
        .map(|action| {
            let about = app.refusal(action).unwrap_or_else(|| action.about().to_owned());
            (action.name().to_owned(), about)
        })
        .collect();
    found.sort_by_key(|(name, _)| !name.starts_with(word));
    found
}

/// The text completed as far as it is clear; the first candidate when nothing is.
#[must_use]
pub fn complete(app: &App, typed: &str) -> Option<String> {
    let found = candidates(app, typed);
    let first = found.first()?.0.clone();
    Some(if first == "theme" { "theme ".to_owned() } else { first })
}

/// Runs what was typed: a whole name, or the only one that begins so.
pub fn run(app: &mut App, typed: &str) -> Vec<Effect> {
    let typed = typed.trim();
    if typed.is_empty() {
        return Vec::new();
    }
    if let Some(name) = typed.strip_prefix("theme ") {
        if let Some(theme) = app.themes.get(name.trim()).cloned() {
            app.theme = theme;
        } else {
            let names: Vec<&str> = app.themes.names().collect();
            let text = format!("there is no theme `{name}`; there are {}", names.join(", "));
            app.say(Tone::Bad, text);
        }
        return Vec::new();
    }
    if let Some(rest) = typed.strip_prefix("save-view ") {
        return views::save(app, rest);
    }
    if typed == "q" {
        return act::act(app, Action::Interrupt);
    }
    let mut begins = commands().filter(|action| action.name().starts_with(typed));
    let action = commands()
        .find(|action| action.name() == typed)
        .or_else(|| begins.next().filter(|_| begins.next().is_none()));
    if let Some(action) = action {
        return act::act(app, action);
    }
    app.say(Tone::Bad, format!("`{typed}` is no command; `:` and Tab show what there is"));
    Vec::new()
}
