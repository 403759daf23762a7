//! Taking the last own actions back, while that can be done.

use std::collections::HashMap;

use crate::model::safe_text::truncate;
use crate::model::{RequestId, Span, Steady};
use crate::protocol::command::UNDO;
use crate::protocol::{Command, Outcome, Problem};
use crate::tui::app::{App, Tone};
use crate::tui::effect::{Effect, Reply};
use crate::tui::line::Pending;
use crate::tui::triage::{Waits, queue};

/// Most actions that can be taken back, one after the other.
const DONE: usize = 8;
/// Columns of a name in the toast.
const NAME: usize = 24;
/// From this width on the toast names what is taken back.
const NAMES_FROM: u16 = 100;

/// What can be taken back.
#[derive(Debug, Default)]
pub struct Undo {
    /// The requests that are on their way: the console's number, the engine's id, when it was asked.
    asked: HashMap<u64, (RequestId, Steady)>,
    /// What was done, the newest last.
    done: Vec<Done>,
}

/// Something that was done.
#[derive(Clone, Debug)]
struct Done {
    what: String,
    request: RequestId,
    until: Steady,
}

impl App {
    /// The loop has sent the command of effect `id` under this request's id.
    pub fn requested(&mut self, id: u64, request: RequestId, command: &Command) {
        // What is looked at and what is remembered is nobody's act.
        if !matches!(command, Command::Look { .. } | Command::Remember { .. }) {
            self.under_way.insert(id);
        }
        // Each is taken away with its answer, so there are never more than wait for one.
        if command.is_undoable() && self.pending.contains_key(&id) {
            self.triage.undo.asked.insert(id, (request, self.now.steady));
        }
    }
}

/// Everything before the names: `500 alerts: a, b, c` is `500 alerts`.
pub(super) fn short(what: &str) -> String {
    truncate(what.split(": ").next().unwrap_or(what), NAME)
}

pub(super) fn words(pending: &Pending) -> Option<String> {
    Some(match pending {
        Pending::Ack { what, .. } => format!("ack {}", short(what)),
        Pending::Unack { what, .. } => format!("un-ack {}", short(what)),
        Pending::Window { what } => format!("window {}", short(what)),
        Pending::EndWindow { what } => format!("end of {}", short(what)),
        Pending::Triage(Waits::Comment { what }) => format!("comment {}", short(what)),
        Pending::Triage(Waits::Edit { what }) => format!("edit {}", short(what)),
        _ => return None,
    })
}

/// An answer has come: what was done can be taken back from now on.
pub fn replied(app: &mut App, id: u64, pending: &Pending, result: &Result<Reply, Problem>) {
    let Some((request, asked)) = app.triage.undo.asked.remove(&id) else { return };
    let can = match result {
        Ok(Reply::Outcome(Outcome::Done { count, undo_until, .. })) => {
            *count > 0 && undo_until.is_some()
        }
        Ok(Reply::Outcome(Outcome::Maintenance(_))) => true,
        _ => false,
    };
    // Counted from the question on our own clock: the engine's may be another machine's.
    let until = asked + UNDO;
    if let (true, Some(what)) = (can && until > app.now.steady, words(pending)) {
        let done = &mut app.triage.undo.done;
        done.push(Done { what, request, until });
        let over = done.len().saturating_sub(DONE);
        done.drain(..over);
    }
}

/// Takes the newest back.
pub fn undo(app: &mut App) -> Vec<Effect> {
    // What has not gone out is newer than what was done.
    if let Some(effects) = queue::take_back(app, false) {
        return effects;
    }
    tick(app);
    let Some(done) = app.triage.undo.done.pop() else {
        let text = if app.triage.undo.asked.is_empty() {
            format!("nothing to undo: an action can be taken back for {UNDO}")
        } else {
            "the last action is not answered yet; press again when it is".to_owned()
        };
        app.say(Tone::Note, text);
        return Vec::new();
    };
    app.say(Tone::Note, format!("taking back {}…", done.what));
    let id = app.ask(Pending::Triage(Waits::Undo { what: done.what }));
    vec![Effect::Execute { id, command: Command::Undo { request: done.request } }]
}

/// How far apart the numbers of the toast are: each costs a few bytes of the line.
const fn step(app: &App) -> u64 {
    if app.options.low_bandwidth { 5 } else { 2 }
}

/// Seconds left, in steps.
fn left(app: &App, done: &Done) -> u64 {
    let step = step(app);
    let secs = done.until.since(app.now.steady).millis().div_ceil(1000);
    secs.div_ceil(step) * step
}

/// `undo ack web-9: u 8 s`, while there is something to take back.
#[must_use]
pub fn toast(app: &App) -> Option<String> {
    if let Some(toast) = queue::toast(app) {
        return Some(toast);
    }
    let done = app.triage.undo.done.last().filter(|done| done.until > app.now.steady)?;
    let key = app.keymap.key(&app.pane_contexts(), crate::tui::action::Action::Undo)?;
    let secs = left(app, done);
    Some(if app.size.0 >= NAMES_FROM {
        format!("undo {}: {key} {secs} s", done.what)
    } else {
        format!("undo: {key} {secs} s")
    })
}

/// What is too old to be taken back is forgotten.
pub fn tick(app: &mut App) {
    let now = app.now.steady;
    app.triage.undo.done.retain(|done| done.until > now);
}

/// When the toast changes next.
#[must_use]
pub fn next_wake(app: &App) -> Option<Steady> {
    let done = app.triage.undo.done.last()?;
    let shown = left(app, done).saturating_sub(step(app));
    let before = Span::from_secs(shown).millis();
    let rest = done.until.since(app.now.steady).millis();
    Some(app.now.steady + Span::from_millis(rest.saturating_sub(before).max(1)))
}
