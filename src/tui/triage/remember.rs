//! What the engine keeps for the operator here: snoozes and saved views.
//!
//! Snoozes are one text: `{"1771966800000": ["fra-01/mysql", ...]}`, the ends with their checks.

use std::collections::{BTreeMap, HashMap};

use crate::model::{CheckKey, Timestamp};
use crate::protocol::command::REMEMBER_VALUE_LIMIT;
use crate::protocol::{Answer, Command, Problem, Query};
use crate::tui::app::{App, Tone};
use crate::tui::effect::{Effect, Reply};
use crate::tui::line::Pending;
use crate::tui::saved::Views;
use crate::tui::triage::again::Again;
use crate::tui::triage::{Waits, test_asked};
use crate::tui::typing;

/// The key of the snoozes.
pub const SNOOZES: &str = "snoozes";
/// The key of the saved views.
pub const VIEWS: &str = "views";

/// The key of what the form of a test said last.
pub const TEST_FORM: &str = "test-form";
/// The key of what the form of a schedule said last.
pub const SCHEDULE_FORM: &str = "schedule-form";

/// The key of what the form of a report said last.
pub const REPORT_FORM: &str = "report-form";

/// The key of the moment at which the operator was last here.
pub const LEFT: &str = "left";

/// What the engine shall remember of an operator who leaves now.
#[must_use]
pub fn leaving(wall: Timestamp) -> Command {
    Command::Remember { key: LEFT.to_owned(), value: Some(wall.millis().to_string()) }
}

/// Asks what is remembered, once on each stream.
pub fn wants(app: &mut App) -> Option<Effect> {
    if app.stream.is_none() || app.triage.asked == app.stream || !app.world.is_ready() {
        return None;
    }
    app.triage.asked = app.stream;
    let id = app.ask(Pending::Triage(Waits::Remembered));
    Some(Effect::Query { id, query: Query::Remembered })
}

/// Takes what is remembered. An engine that keeps nothing is no news.
pub fn take(app: &mut App, result: Result<Reply, Problem>) {
    let Ok(Reply::Answer(Answer::Remembered(kept))) = result else { return };
    for (key, value) in kept {
        learn(app, &key, Some(&value));
    }
}

/// Takes one thing that is remembered, also when another console of the same operator changed it.
pub fn learn(app: &mut App, key: &str, value: Option<&str>) {
    match key {
        SNOOZES => {
            app.snoozed = value.map_or_else(HashMap::new, |text| read(text, app.wall()));
            app.refresh();
        }
        VIEWS => {
            let (views, problems) = value.map_or_else(Default::default, Views::from_text);
            app.triage.views = views;
            if let Some(problem) = problems.first() {
                app.say(Tone::Bad, problem.clone());
            }
        }
        TEST_FORM => app.triage.last_test = test_asked::read(value),
        REPORT_FORM => app.triage.last_report = test_asked::read(value),
        SCHEDULE_FORM => app.triage.last_schedule = test_asked::read(value),
        // What another console writes while this one is here is not when its operator left.
        LEFT if app.triage.left.is_none() => {
            let at = value.and_then(|text| text.parse().ok()).map(Timestamp::from_millis);
            app.triage.left = at.filter(|at| *at <= app.wall());
        }
        _ => {}
    }
}

/// Reads snoozes; what is over or no name is left out.
fn read(text: &str, wall: Timestamp) -> HashMap<CheckKey, Timestamp> {
    let by_end: BTreeMap<String, Vec<String>> = serde_json::from_str(text).unwrap_or_default();
    let mut snoozed = HashMap::new();
    for (end, keys) in by_end {
        let Some(until) = end.parse().ok().map(Timestamp::from_millis).filter(|at| *at > wall)
        else {
            continue;
        };
        let keys = keys.iter().filter_map(|key| key.parse::<CheckKey>().ok());
        snoozed.extend(keys.map(|key| (key, until)));
    }
    snoozed
}

/// Writes snoozes.
///
/// # Errors
/// When there are more than the engine keeps.
fn write(snoozed: &HashMap<CheckKey, Timestamp>) -> Result<Option<String>, String> {
    if snoozed.is_empty() {
        return Ok(None);
    }
    let mut by_end: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (key, until) in snoozed {
        by_end.entry(until.millis().to_string()).or_default().push(key.to_string());
    }
    for keys in by_end.values_mut() {
        keys.sort_unstable();
    }
    let text = serde_json::to_string(&by_end).map_err(|error| error.to_string())?;
    if text.len() > REMEMBER_VALUE_LIMIT {
        let count = snoozed.len();
        return Err(format!("{count} snoozes are more than can be kept; ack them, or take fewer"));
    }
    Ok(Some(text))
}

/// Snoozes checks until a moment, or not any more.
pub fn snooze(
    app: &mut App,
    checks: &[CheckKey],
    what: &str,
    until: Option<Timestamp>,
    text: String,
) -> Vec<Effect> {
    let wall = app.wall();
    let mut snoozed = app.snoozed.clone();
    snoozed.retain(|_, end| *end > wall);
    for key in checks {
        match until {
            Some(until) => {
                snoozed.insert(key.clone(), until);
            }
            None => {
                snoozed.remove(key);
            }
        }
    }
    let value = match write(&snoozed) {
        Ok(value) => value,
        Err(why) => {
            typing::fail(app, why);
            return Vec::new();
        }
    };
    app.overlay = None;
    app.triage.last = Some(Again::Snooze(text));
    app.snoozed = snoozed;
    app.renew();
    let said = match until {
        Some(_) => format!("{what} snoozed for you {}", typing::until(app, until)),
        None => format!("{what} is not snoozed any more"),
    };
    app.say(Tone::Good, said);
    vec![keep(app, "the snooze", SNOOZES, value)]
}

/// Has the engine keep something.
pub fn keep(app: &mut App, what: &'static str, key: &str, value: Option<String>) -> Effect {
    let id = app.ask(Pending::Triage(Waits::Remember { what }));
    Effect::Execute { id, command: Command::Remember { key: key.to_owned(), value } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn snoozes_survive_text_and_rubbish_is_no_snooze() {
        let at = Timestamp::from_millis;
        let snoozed: HashMap<CheckKey, Timestamp> = [
            (CheckKey::new("fra-01", "mysql"), at(2000)),
            (CheckKey::new("Zürich 3", "if te1/1"), at(2000)),
            (CheckKey::new("b", "c"), at(3000)),
        ]
        .into();
        let text = write(&snoozed).unwrap().unwrap();
        assert_eq!(read(&text, at(1000)), snoozed);
        assert_eq!(read(&text, at(2500)).len(), 1, "what is over is not read");
        for bad in ["", "[]", "{\"x\": [\"a/b\"]}", "{\"9000\": [\"\", \"no slash\"]}", "{"] {
            assert!(read(bad, at(0)).is_empty(), "{bad}");
        }
        let many = (0..5000).map(|n| (CheckKey::new(&*format!("host-{n}"), "ping"), at(1)));
        assert!(write(&many.collect()).is_err());
    }
}
