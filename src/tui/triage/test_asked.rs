//! What the forms of tests and schedules have in common, and what came of what was asked for.
//!
//! In: an open form, answers of the engine. Out: a command, and what is wrong beside its field.
//! Never: closes a form before the engine has taken what it says.

use std::collections::BTreeMap;

use crate::model::{Schedule, Test, TestKind, TestPhase};
use crate::protocol::{Command, Outcome, Problem, ScheduleRow};
use crate::tui::app::{App, Overlay, Tone};
use crate::tui::effect::{Effect, Reply};
use crate::tui::form::{Form, Kind};
use crate::tui::line::Pending;
use crate::tui::panes;
use crate::tui::panes::speed::{Pair, pair_words};
use crate::tui::triage::{OpenForm, Purpose, Waits, remember, schedule_form, test_form};

/// What a form said, by its fields.
pub type Said = BTreeMap<String, String>;
/// The field that is wrong, and why; without a field it is said below.
pub(super) type Wrong = (String, String);

/// What a form asks for.
#[derive(Clone, Debug)]
pub enum What {
    /// A test, once.
    Test {
        /// Its fields are those of this kind.
        kind: TestKind,
    },
    /// A schedule.
    Schedule {
        /// The one that is changed; `None` for a new one.
        was: Option<Box<Schedule>>,
        /// What it runs: its fields are those of this kind.
        kind: TestKind,
    },
}

/// A form with what became of it.
#[derive(Clone, Debug)]
pub struct Asking {
    /// What it asks for.
    pub what: What,
    /// It was sent as it stands: the number of that.
    pub sending: Option<u64>,
}

impl Asking {
    /// A form that was not sent.
    #[must_use]
    pub const fn new(what: What) -> Self {
        Self { what, sending: None }
    }
}

/// Reads what is remembered; rubbish is nothing.
#[must_use]
pub fn read(value: Option<&str>) -> Said {
    value.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

/// What a form says, field by field.
pub(super) fn said(form: &Form) -> Said {
    let one = |field: &crate::tui::form::Field| {
        let text = match &field.kind {
            Kind::Toggle { on, .. } => on.to_string(),
            _ => form.text(field.name).to_owned(),
        };
        (field.name.to_owned(), text)
    };
    form.fields.iter().map(one).collect()
}

/// The field that a word of the engine's is written in.
fn field(word: &str) -> &str {
    let word = word.strip_prefix("thresholds.").unwrap_or(word);
    match word {
        "hostname" => "target",
        "duration_seconds" => "seconds",
        "bitrate_mbps" => "bitrate",
        "interval_seconds" => "every",
        "count" => "rounds",
        "record_type" => "record",
        "consecutive_failures" => "breaches",
        "of_last" => "of last",
        "notify_contact_list" => "tells",
        "download_min_mbps" => "down min",
        "upload_min_mbps" => "up min",
        "latency_max_ms" => "latency",
        "jitter_max_ms" => "jitter",
        "packet_loss_max_pct" => "loss",
        "baseline_deviation_pct" => "below usual",
        "test_type" => "test",
        other => other,
    }
}

/// Splits a sentence such as "`streams`: 9 is not within 1 to 8" into the field and what is wrong.
pub(super) fn wrong(why: &str) -> Wrong {
    let named = why.strip_prefix('`').and_then(|rest| rest.split_once("`: "));
    let of_serde = why.strip_prefix("missing field `").and_then(|rest| rest.split_once('`'));
    match (named, of_serde) {
        (Some((word, why)), _) => (field(word).to_owned(), why.to_owned()),
        (None, Some((word, _))) => (field(word).to_owned(), "this is needed".to_owned()),
        (None, None) => (String::new(), why.to_owned()),
    }
}

/// Says what is wrong: beside its field, else below.
fn tell(form: &mut Form, (field, why): Wrong) {
    if form.fields.iter().any(|known| known.name == field) {
        form.fail(&field, why);
    } else {
        form.preview.insert(0, why);
    }
}

/// The form was changed: what was asked for before is not what it says now.
pub fn changed(app: &App, open: &mut OpenForm) {
    let OpenForm { form, purpose } = open;
    let Purpose::Test(asking) = purpose else { return };
    asking.sending = None;
    match &mut asking.what {
        What::Test { kind } => test_form::changed(app, form, kind),
        What::Schedule { kind, was } => schedule_form::changed(app, form, kind, was.as_deref()),
    }
}

/// Asks for what the form says; it closes when the engine has taken it.
pub fn commit(app: &mut App, open: &mut OpenForm) -> Option<Vec<Effect>> {
    let OpenForm { form, purpose } = open;
    let Purpose::Test(asking) = purpose else { return None };
    if asking.sending.is_some() {
        return None;
    }
    let (key, kept, command) = match &asking.what {
        What::Test { kind } => {
            let command = test_form::command(form, *kind);
            (remember::TEST_FORM, "the form of the test", command)
        }
        What::Schedule { kind, was } => {
            let plan = schedule_form::plan(form, *kind, was.as_deref().map(|was| &was.plan));
            let command = plan.map(|plan| match was {
                Some(was) => Command::EditSchedule { id: was.id, plan: Box::new(plan) },
                None => Command::AddSchedule { plan: Box::new(plan) },
            });
            (remember::SCHEDULE_FORM, "the form of the schedule", command)
        }
    };
    let command = match command {
        Ok(command) => command,
        Err(why) => {
            tell(form, why);
            return None;
        }
    };
    let said = said(form);
    let text = serde_json::to_string(&said).ok();
    if key == remember::TEST_FORM {
        app.triage.last_test = said;
    } else {
        app.triage.last_schedule = said;
    }
    app.triage.trials += 1;
    let token = app.triage.trials;
    asking.sending = Some(token);
    form.preview = vec!["asking the engine…".to_owned()];
    let id = app.ask(Pending::Triage(Waits::TestForm { token }));
    app.overlay = Some(Overlay::Form(Box::new(open.clone())));
    let asked = Effect::Execute { id, command };
    Some(vec![asked, remember::keep(app, kept, key, text)])
}

/// Takes what came of a form: it closes, or says what is wrong.
pub fn reply(app: &mut App, token: u64, result: Result<Reply, Problem>) {
    let is_mine = |open: &OpenForm| matches!(&open.purpose, Purpose::Test(asking) if asking.sending == Some(token));
    let mine = matches!(&app.overlay, Some(Overlay::Form(open)) if is_mine(open));
    match result {
        Ok(Reply::Outcome(outcome)) => {
            if mine {
                app.overlay = None;
            }
            match outcome {
                Outcome::Test(test) => took(app, &test),
                Outcome::Schedule(row) => kept(app, &row),
                _ => app.say(Tone::Good, "the engine has taken it"),
            }
        }
        Ok(_) => app.say(Tone::Bad, "the engine answered something else"),
        Err(problem) => {
            let why = problem.to_string();
            if let Some(Overlay::Form(open)) = app.overlay.as_mut().filter(|_| mine) {
                let OpenForm { form, purpose } = &mut **open;
                if let Purpose::Test(asking) = purpose {
                    asking.sending = None;
                }
                form.preview = vec!["the engine did not take it".to_owned()];
                tell(form, wrong(&why));
            } else {
                app.say(Tone::Bad, why);
            }
        }
    }
}

/// A test was taken: it is shown at once.
fn took(app: &mut App, test: &Test) {
    panes::speed::asked(app, test);
    panes::schedules::asked(app, test);
    panes::probes::asked(app, test);
    let pair = pair_words(&test.agent, &test.spec.target());
    let how = match test.phase {
        TestPhase::Running => "runs".to_owned(),
        _ if test.reason.is_empty() => "waits for its turn".to_owned(),
        _ => format!("waits: {}", test.reason),
    };
    app.say(Tone::Good, format!("{pair} {how}"));
}

/// A schedule is made or changed.
fn kept(app: &mut App, row: &ScheduleRow) {
    panes::schedules::go_to(app, row);
    let name = &row.schedule.plan.name;
    let next = match row.next {
        Some(next) => format!("runs next {}", app.options.zone.moment(next, app.wall())),
        None => "rests".to_owned(),
    };
    let note = if row.note.is_empty() { String::new() } else { format!("; {}", row.note) };
    app.say(Tone::Good, format!("`{name}` {next}{note}"));
}

/// Takes what came of a test that was to be run.
pub fn ran(app: &mut App, pair: Pair, result: Result<Reply, Problem>) {
    match result {
        Ok(Reply::Outcome(Outcome::Test(test))) => took(app, &test),
        Ok(_) => app.say(Tone::Bad, "the engine answered something else"),
        Err(problem) => {
            app.say(Tone::Bad, problem.to_string());
            panes::probes::refused(app, &pair.0, &pair.1, &problem.to_string());
            panes::speed::refused(app, pair, problem.to_string());
        }
    }
}

/// Takes what came of a test that was to end.
pub fn cancelled(app: &mut App, what: &str, result: Result<Reply, Problem>) {
    match result {
        Ok(Reply::Outcome(Outcome::Test(test))) => {
            panes::speed::changed(app, &test);
            panes::schedules::asked(app, &test);
            panes::probes::asked(app, &test);
            app.say(Tone::Good, format!("{what} is cancelled"));
        }
        Ok(_) => app.say(Tone::Bad, "the engine answered something else"),
        Err(problem) => app.say(Tone::Bad, problem.to_string()),
    }
}

/// Takes what came of a schedule that was to rest, or to go on.
pub fn rests(app: &mut App, what: &str, result: Result<Reply, Problem>) {
    match result {
        Ok(Reply::Outcome(Outcome::Schedule(row))) => {
            panes::schedules::go_to(app, &row);
            let text = match row.next.filter(|_| !row.schedule.plan.paused) {
                Some(next) => {
                    let next = app.options.zone.moment(next, app.wall());
                    format!("`{what}` goes on: it runs next {next}")
                }
                None => format!("`{what}` is paused"),
            };
            app.say(Tone::Good, text);
        }
        Ok(_) => app.say(Tone::Bad, "the engine answered something else"),
        Err(problem) => app.say(Tone::Bad, problem.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_engine_says_of_a_field_goes_to_that_field() {
        let pair = |why: &str| wrong(why);
        let of = |field: &str, why: &str| (field.to_owned(), why.to_owned());
        assert_eq!(
            pair("`streams`: 9 is not within 1 to 8"),
            of("streams", "9 is not within 1 to 8")
        );
        assert_eq!(pair("`thresholds.latency_max_ms`: x"), of("latency", "x"));
        assert_eq!(pair("missing field `port`"), of("port", "this is needed"));
        assert_eq!(pair("there are enough"), of("", "there are enough"));
        for rubbish in ["", "[]", "{\"a\":1}", "{"] {
            assert!(read(Some(rubbish)).is_empty(), "{rubbish}");
        }
    }
}
