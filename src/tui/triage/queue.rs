//! The commands that wait for a line to the engine: what they are, and how they are taken back.
//!
//! Only what surely never went out can be taken back. The answer to the rest may be lost, so it is
//! asked about again until there is one, and is not said to be undone.

use crate::model::{Span, Steady};
use crate::protocol::Problem;
use crate::tui::action::Action;
use crate::tui::app::{App, Overlay, Tone};
use crate::tui::effect::Effect;
use crate::tui::format::plural;
use crate::tui::line::Pending;
use crate::tui::overlays::card::Card;
use crate::tui::replies;
use crate::tui::theme::Role;
use crate::tui::triage::{Waits, undo};

/// A command that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Its number.
    pub id: u64,
    /// What it does, in words.
    pub what: String,
    /// Since when it waits.
    pub since: Steady,
    /// Whether it may have gone out already.
    pub sent: bool,
    /// Whether somebody wants it back.
    pub wanted: bool,
}

/// A command waits, or it is known that it may have gone out.
pub fn waits(app: &mut App, id: u64, sent: bool) {
    if let Some(have) = app.waiting.iter_mut().find(|have| have.id == id) {
        have.sent |= sent;
        if have.wanted && sent {
            let text = format!("{} may be done already: its answer is asked for", have.what);
            app.say(Tone::Bad, text);
        }
        return;
    }
    let what = app.pending.get(&id).map_or_else(|| "a command".to_owned(), words);
    let since = app.now.steady;
    app.waiting.push(Waiting { id, what, since, sent, wanted: false });
}

/// A command waits no more.
pub fn ended(app: &mut App, id: u64) {
    app.waiting.retain(|have| have.id != id);
}

/// A command was taken back: whatever waited for its answer hears so.
pub fn taken_back(app: &mut App, id: u64) -> Vec<Effect> {
    ended(app, id);
    let what = app.pending.get(&id).map_or_else(|| "a command".to_owned(), words);
    let said = format!("taken back, it was not sent: {what}");
    let effects = replies::take(app, id, Err(Problem::conflict(&said)));
    app.say(Tone::Good, said);
    effects
}

fn words(pending: &Pending) -> String {
    if let Some(words) = undo::words(pending) {
        return words;
    }
    match pending {
        Pending::Recheck { what } => format!("re-check {}", undo::short(what)),
        Pending::Notifications { what, .. } => format!("notifications {}", undo::short(what)),
        Pending::RemoveAgent { what } => format!("remove agent {}", undo::short(what)),
        Pending::Reload => "reload".to_owned(),
        Pending::Triage(waits) => match waits {
            Waits::Undo { what } => format!("undo {}", undo::short(what)),
            Waits::Escalate { what } => format!("escalate {}", undo::short(what)),
            Waits::Paging { what } | Waits::Duty { what } => undo::short(what),
            Waits::SaveRule { name, .. } => format!("save rule {}", undo::short(name)),
            Waits::DeleteRule { name } => format!("delete rule {}", undo::short(name)),
            Waits::RunTest { agent, target } => {
                format!("test {} to {}", undo::short(agent), undo::short(target))
            }
            Waits::CancelTest { what } => format!("cancel test {}", undo::short(what)),
            Waits::EditSchedule { what } => format!("pause schedule {}", undo::short(what)),
            Waits::RemoveSchedule { what } => format!("delete schedule {}", undo::short(what)),
            Waits::TestForm { .. } => "a test or schedule".to_owned(),
            Waits::Remember { what } => format!("remember {what}"),
            _ => "a command".to_owned(),
        },
        _ => "a command".to_owned(),
    }
}

/// Takes the newest back that has not gone out, or all of them; `None` when nothing waits.
pub fn take_back(app: &mut App, all: bool) -> Option<Vec<Effect>> {
    if app.waiting.is_empty() {
        return None;
    }
    let unsent = app.waiting.iter_mut().rev().filter(|have| !have.sent && !have.wanted);
    let mut ids = Vec::new();
    for have in unsent.take(if all { usize::MAX } else { 1 }) {
        have.wanted = true;
        ids.push(have.id);
    }
    if ids.is_empty() {
        let text = if last_wanted(app) {
            "it is being taken back".to_owned()
        } else {
            let what = app.waiting.last().map_or("", |have| have.what.as_str());
            format!(
                "{what} may be done already: its answer is asked for, then `undo` takes it back"
            )
        };
        app.say(Tone::Bad, text);
        return Some(Vec::new());
    }
    app.say(Tone::Note, format!("taking {} back…", plural(ids.len(), "command")));
    Some(vec![Effect::TakeBack(ids)])
}

fn last_wanted(app: &App) -> bool {
    app.waiting.iter().any(|have| have.wanted && !have.sent)
}

/// `:take-back`, `:take-back all`.
pub fn typed(app: &mut App, rest: &str) -> Vec<Effect> {
    if let Some(why) = app.refusal(Action::TakeBack) {
        app.say(Tone::Bad, why);
        return Vec::new();
    }
    let all = match rest.trim() {
        "" => false,
        "all" => true,
        _ => {
            app.say(Tone::Bad, "write :take-back, or :take-back all");
            return Vec::new();
        }
    };
    take_back(app, all).unwrap_or_else(|| {
        app.say(Tone::Note, "no command waits to be sent");
        Vec::new()
    })
}

/// Lists what waits.
pub fn open(app: &mut App) {
    if app.waiting.is_empty() {
        app.say(Tone::Note, "no command waits to be sent");
        return;
    }
    let now = app.now.steady;
    let mut lines: Vec<(String, Role)> = Vec::new();
    for have in app.waiting.iter().rev() {
        let (how, role) = match (have.sent, have.wanted) {
            (true, _) => ("may be done already", Role::Muted),
            (false, true) => ("is being taken back", Role::Muted),
            (false, false) => ("not sent", Role::Text),
        };
        let for_secs = Span::from_secs(now.since(have.since).millis() / 1000);
        lines.push((format!("{}  ({how}, waits {for_secs})", have.what), role));
    }
    let key = app.keymap.key(&app.pane_contexts(), Action::Undo).unwrap_or_default();
    lines.push((String::new(), Role::Text));
    let foot =
        format!("closed, {key} takes back the newest that is not sent; :take-back all, every one");
    lines.push((foot, Role::Muted));
    let title = format!("{} to be sent", plural(app.waiting.len(), "command"));
    app.open(Overlay::Card(Box::new(Card { title, lines, copy: None, first: 0 })));
}

/// `take back ack web-9: u`, while there is something that can be.
#[must_use]
pub fn toast(app: &App) -> Option<String> {
    let last = app.waiting.iter().rev().find(|have| !have.sent && !have.wanted)?;
    let key = app.keymap.key(&app.pane_contexts(), Action::Undo)?;
    Some(format!("not sent: {}  {key} take back", last.what))
}
