//! Notes for the next team, and signing off, from the command line: `:note TEXT`, `:sign-off NAME`.

use crate::model::handover::{NAME_LIMIT, NOTE_LIMIT};
use crate::protocol::Command;
use crate::tui::action::Action;
use crate::tui::app::{App, Tone};
use crate::tui::effect::Effect;
use crate::tui::line::Pending;
use crate::tui::triage::{Waits, lines};

/// Says how a note is written.
pub fn explain_note(app: &mut App) {
    app.say(Tone::Note, "write :note TEXT; the handover (g z) shows it");
}

/// Says how somebody signs off.
pub fn explain_sign_off(app: &mut App) {
    app.say(Tone::Note, "write :sign-off NAME: who takes over");
}

/// Writes a note.
pub fn note(app: &mut App, text: &str) -> Vec<Effect> {
    let Some(text) = given(app, Action::Note, text, NOTE_LIMIT) else { return Vec::new() };
    app.say(Tone::Note, "asking the engine…");
    let id = app.ask(Pending::Triage(Waits::Duty { what: "noted for the handover".to_owned() }));
    vec![Effect::Execute { id, command: Command::Note { text } }]
}

/// Asks before somebody signs off.
pub fn sign_off(app: &mut App, name: &str) {
    let Some(to) = given(app, Action::SignOff, name, NAME_LIMIT) else { return };
    let what = format!("{to} has taken over; the next handover begins now");
    let pending = Pending::Triage(Waits::Duty { what });
    let prompt = format!("Sign off, {to} takes over");
    lines::ask(app, prompt, Command::SignOff { to }, pending);
}

/// The words, when the person here may and they are good.
fn given(app: &mut App, action: Action, text: &str, most: usize) -> Option<String> {
    if let Some(why) = app.refusal(action) {
        app.say(Tone::Bad, why);
        return None;
    }
    let text = text.trim();
    let count = text.chars().count();
    if text.is_empty() || count > most {
        let name = action.name();
        app.say(Tone::Bad, format!(":{name} takes 1 to {most} characters, these are {count}"));
        return None;
    }
    Some(text.to_owned())
}
