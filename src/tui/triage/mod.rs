//! The actions on targets: acknowledgements, windows, comments, snoozes, what can be taken back and
//! done again, and the small switches around them.
//!
//! In: the console's state and an action or an answer. Out: lines, forms, cards, requests.
//! Never: draws; decides what is under the cursor; changes what a form was opened for.

pub mod acks;
pub mod again;
pub mod arm;
pub mod copies;
pub mod duty;
pub mod escalate;
pub mod expiring;
pub mod forms;
pub mod hold;
pub mod lines;
pub mod pause;
pub mod queue;
pub mod remember;
pub mod report_form;
pub mod rule_form;
pub mod rule_save;
pub mod schedule_form;
pub mod switches;
pub mod test_asked;
mod test_fields;
pub mod test_form;
pub mod undo;
pub mod window_edit;
pub mod window_form;
pub mod windows;

use crate::model::{AlertId, MaintenanceId, Name, SafeText, Steady, Timestamp};
use crate::protocol::{Outcome, Problem};
use crate::tui::action::Action;
use crate::tui::app::{App, Overlay, Tone};
use crate::tui::effect::{Effect, Reply};
use crate::tui::form::Form;
use crate::tui::overlays::card::Card;
use crate::tui::panes;
use crate::tui::saved::Views;
use crate::tui::theme::Role;
use crate::tui::zone::Zone;

/// What waits for an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Waits {
    /// A comment.
    Comment {
        /// Beside what.
        what: String,
    },
    /// Something taken back.
    Undo {
        /// What.
        what: String,
    },
    /// A window that was changed.
    Edit {
        /// Its name.
        what: String,
    },
    /// Something that the engine remembers for the operator here; failures only are told.
    Remember {
        /// What.
        what: &'static str,
    },
    /// Paging held, or let go on.
    Paging {
        /// Which of them, in words.
        what: String,
    },
    /// The next steps of alerts.
    Escalate {
        /// Which, in words.
        what: String,
    },
    /// A note, or a sign-off.
    Duty {
        /// Which of them, in words.
        what: String,
    },
    /// A rule that is tried.
    Trial {
        /// Which draft of it.
        token: u64,
    },
    /// A rule that is saved.
    SaveRule {
        /// Which form of it.
        token: u64,
        /// Its name.
        name: String,
        /// Whether it was tried before.
        tried: bool,
    },
    /// A rule that is deleted.
    DeleteRule {
        /// Its name.
        name: String,
    },
    /// A test that is run.
    RunTest {
        /// Where.
        agent: Name,
        /// Against what, as it was written.
        target: String,
    },
    /// A test that is ended or taken back.
    CancelTest {
        /// Which, in words.
        what: String,
    },
    /// A schedule that rests, or goes on.
    EditSchedule {
        /// Its name.
        what: String,
    },
    /// A schedule that is removed.
    RemoveSchedule {
        /// Its name.
        what: String,
    },
    /// A test or a schedule that a form asked for.
    TestForm {
        /// Which form.
        token: u64,
    },
    /// What the engine remembers.
    Remembered,
}

/// What a form does.
#[derive(Clone, Debug)]
pub enum Purpose {
    /// Acknowledges.
    Ack {
        /// Which alerts.
        alerts: Vec<AlertId>,
        /// In words.
        what: String,
    },
    /// Opens a window.
    Window(windows::Named),
    /// Tries a rule and saves it.
    Rule(Box<rule_form::Draft>),
    /// Makes a report.
    Report,
    /// Runs a test once, or makes or changes a schedule.
    Test(Box<test_asked::Asking>),
    /// Changes a window.
    EditWindow {
        /// Which.
        id: MaintenanceId,
        /// What the form said when it was opened.
        before: window_edit::Before,
    },
}

/// A form with what it does.
#[derive(Clone, Debug)]
pub struct OpenForm {
    /// The fields.
    pub form: Form,
    /// What sending does.
    pub purpose: Purpose,
}

/// The state of all this.
#[derive(Debug, Default)]
pub struct State {
    /// What can be taken back.
    pub undo: undo::Undo,
    /// What was done last.
    pub last: Option<again::Again>,
    /// What could not be done last.
    pub failures: Option<Card>,
    /// Until when a read-only console allows changes.
    pub armed: Option<Steady>,
    /// The display stands still.
    pub paused: Option<pause::Paused>,
    /// Acknowledgements that are about to end.
    pub expiring: expiring::Expiring,
    /// The saved views.
    pub views: Views,
    /// When the operator here was last seen before this console.
    pub left: Option<Timestamp>,
    /// The zone that the console began with.
    pub home: Option<Zone>,
    /// What the form of a test, and that of a schedule, said last.
    pub last_test: test_asked::Said,
    /// The same of a schedule.
    pub last_schedule: test_asked::Said,
    /// The same of a report.
    pub last_report: test_asked::Said,
    /// The number of the last draft of a rule that was tried.
    pub trials: u64,
    /// The stream on which it was last asked what is remembered.
    pub asked: Option<u64>,
}

/// Runs an action; `None` when it is none of these.
pub fn act(app: &mut App, action: Action) -> Option<Vec<Effect>> {
    match action {
        Action::AckForm => acks::open_form(app, None),
        Action::Comment => lines::open_comment(app, ""),
        Action::Snooze => lines::open_snooze(app, None),
        Action::WindowForm => window_form::open(app, None),
        Action::Edit => forms::edit(app),
        Action::NewRule => rule_form::open(app, None),
        Action::TryRule => {
            let rule = panes::rules::chosen(app).cloned();
            rule_form::open(app, rule.as_ref());
        }
        Action::Delete => lines::open_delete(app),
        Action::Undo => return Some(undo::undo(app)),
        Action::Queue => queue::open(app),
        Action::TakeBack => return Some(queue::typed(app, "")),
        Action::Repeat => again::open(app),
        Action::Failures => match app.triage.failures.clone() {
            Some(card) => app.open(Overlay::Card(Box::new(card))),
            None => app.say(Tone::Note, "nothing has failed"),
        },
        Action::Runbook => copies::runbook(app),
        Action::CopyHost | Action::CopyAddress | Action::CopyOutput | Action::CopyRunbook => {
            return Some(copies::copy(app, action));
        }
        Action::Copy => return copies::rows(app),
        Action::HistoryHere => copies::history(app),
        Action::Fetch => return Some(switches::fetch(app)),
        Action::NextZone => switches::next_zone(app),
        Action::Pause => pause::toggle(app),
        Action::Hold => hold::explain(app),
        Action::Escalate => escalate::open(app),
        Action::Resume => return Some(hold::resume(app)),
        Action::Note => duty::explain_note(app),
        Action::SignOff => duty::explain_sign_off(app),
        Action::Arm => arm::toggle(app),
        Action::Disarm => arm::disarm(app),
        Action::SavedView => app.open(Overlay::Views),
        Action::SaveView => app.say(Tone::Note, "write :save-view LETTER NAME"),
        _ => return None,
    }
    Some(Vec::new())
}

/// Takes the answer to something of these.
pub fn reply(app: &mut App, waits: Waits, result: Result<Reply, Problem>) {
    match waits {
        Waits::Comment { what } => {
            done(app, &what, result, |_| format!("commented on {what}"));
        }
        Waits::Undo { what } => done(app, &what, result, |_| format!("{what} taken back")),
        Waits::Edit { what } => match result {
            Ok(_) => app.say(Tone::Good, format!("`{what}` is changed")),
            Err(problem) => app.say(Tone::Bad, problem.to_string()),
        },
        Waits::Duty { what } => {
            crate::tui::panes::handover::forget(app);
            let said = what.clone();
            done(app, &what, result, |_| said);
        }
        Waits::Paging { what } => {
            let said = what.clone();
            done(app, &what, result, |_| said);
        }
        Waits::Escalate { what } => {
            done(app, &what, result, |_| format!("escalated {what}"));
        }
        Waits::Trial { token } => rule_form::reply(app, token, result),
        Waits::SaveRule { token, name, tried } => {
            rule_save::saved(app, token, &name, tried, result);
        }
        Waits::DeleteRule { name } => rule_save::deleted(app, &name, result),
        Waits::RunTest { agent, target } => test_asked::ran(app, (agent, target), result),
        Waits::CancelTest { what } => test_asked::cancelled(app, &what, result),
        Waits::EditSchedule { what } => test_asked::rests(app, &what, result),
        Waits::RemoveSchedule { what } => {
            done(app, &what, result, |_| format!("schedule `{what}` is deleted; its results stay"));
            panes::schedules::forget(app);
        }
        Waits::TestForm { token } => test_asked::reply(app, token, result),
        Waits::Remember { what } => {
            if let Err(problem) = result {
                app.say(Tone::Bad, format!("{what} is not kept: {problem}"));
            }
        }
        Waits::Remembered => remember::take(app, result),
    }
}

/// Tells what became of a command on many things; what failed is listed on a card.
pub fn done(
    app: &mut App,
    what: &str,
    result: Result<Reply, Problem>,
    good: impl FnOnce(usize) -> String,
) {
    match result {
        Ok(Reply::Outcome(Outcome::Done { count, failures, failed, .. })) => {
            match failures.first() {
                None => app.say(Tone::Good, good(count)),
                Some(first) if failures.len() == 1 => app.say(Tone::Bad, first.to_string()),
                Some(first) => {
                    let all = failed.max(failures.len());
                    let more = all - 1;
                    let text = format!("{first}, and {more} more that could not be done");
                    app.say(Tone::Bad, text);
                    fail(app, count, all, &failures);
                }
            }
        }
        Ok(_) => app.say(Tone::Bad, format!("{what}: the engine answered something else")),
        Err(problem) => app.say(Tone::Bad, problem.to_string()),
    }
}

/// Lists what could not be done: at once where nothing else is open, else for `:failures`.
fn fail(app: &mut App, count: usize, failed: usize, failures: &[SafeText]) {
    let mut lines: Vec<(String, Role)> =
        failures.iter().map(|failure| (failure.to_string(), Role::Text)).collect();
    if failed > failures.len() {
        lines.push((format!("and {} more", failed - failures.len()), Role::Muted));
    }
    let copy = failures.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    let title = format!("Not done: {failed} of {}", count + failed);
    let card = Card { title, lines, copy: Some(copy), first: 0 };
    app.triage.failures = Some(card.clone());
    if app.overlay.is_none() {
        app.open(Overlay::Card(Box::new(card)));
    }
}

/// What has to be asked for.
pub fn wants(app: &mut App) -> Vec<Effect> {
    remember::wants(app).into_iter().chain(rule_form::wants(app)).collect()
}

/// Time went on.
pub fn tick(app: &mut App) {
    undo::tick(app);
    pause::tick(app);
    switches::tick(app);
    expiring::tick(app);
}

/// The next moment at which something of this changes on screen.
#[must_use]
pub fn next_wake(app: &App) -> Option<Steady> {
    let armed = app.triage.armed;
    let own = [expiring::next_wake(app), rule_form::next_wake(app)];
    let all = [undo::next_wake(app), pause::next_wake(app), armed].into_iter().chain(own);
    all.flatten().min()
}
