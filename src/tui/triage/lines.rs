//! The lines for comments, snoozes and questions with a typed answer.

use crate::protocol::Command;
use crate::tui::app::{App, Overlay, Pane, Tone};
use crate::tui::effect::Effect;
use crate::tui::format::plural;
use crate::tui::line::{Line, Pending, Purpose};
use crate::tui::panes;
use crate::tui::targets::targets;
use crate::tui::triage::again::Again;
use crate::tui::triage::{Waits, acks, forms, remember, rule_save};
use crate::tui::typing;

/// How long a snooze lasts that nobody chose.
pub const SNOOZE: &str = "1h";

/// Opens the line that writes a comment beside what is under the cursor.
pub fn open_comment(app: &mut App, text: &str) {
    let found = targets(app);
    if found.is_empty() {
        app.say(Tone::Note, "nothing is under the cursor");
        return;
    }
    let purpose = Purpose::Comment { targets: found.objects(), what: found.words() };
    app.open(Overlay::Line(Box::new(Line::offering(purpose, text))));
}

/// Opens the line that snoozes what is under the cursor, for the operator here alone.
pub fn open_snooze(app: &mut App, text: Option<&str>) {
    let found = targets(app);
    // A host means its problems.
    let of_hosts = found.alerts.iter().map(|alert| alert.check.clone());
    let checks: Vec<_> =
        if found.checks.is_empty() { of_hosts.collect() } else { found.checks.clone() };
    if checks.is_empty() {
        app.say(Tone::Note, found.nothing());
        return;
    }
    let what = crate::tui::targets::words("check", checks.iter().map(ToString::to_string));
    let all = checks.iter().all(|key| app.look().snoozed(key).is_some());
    let text = text.unwrap_or(if all { "off" } else { SNOOZE });
    let purpose = Purpose::Snooze { checks, what };
    app.open(Overlay::Line(Box::new(Line::offering(purpose, text))));
}

/// Asks before the rule here goes, or the window ends: the count is typed.
pub fn open_delete(app: &mut App) {
    if app.focus == Pane::RuleList {
        return rule_save::open_delete(app);
    }
    let windows = if app.focus == Pane::Windows {
        panes::windows::selected(app).into_iter().collect()
    } else {
        forms::covering(app)
    };
    let window = match windows.as_slice() {
        [window] if !window.is_over(app.wall()) => window.clone(),
        [_, _, ..] => {
            let count = plural(windows.len(), "window");
            app.say(Tone::Note, format!("{count} cover this; end them one by one in Maintenance"));
            return;
        }
        _ => {
            app.say(Tone::Note, "no window is open here");
            return;
        }
    };
    let covers = panes::windows::covers(&app.world, &window);
    let (what, command) = if window.recurrence.is_some() {
        ("End for good the repeating of 1 window", Command::CancelMaintenance { id: window.id })
    } else {
        ("End 1 window", Command::EndMaintenance { id: window.id })
    };
    let purpose = Purpose::Confirm {
        prompt: format!("{what}, `{}` over {covers}", window.name),
        typed: Some(1),
        command: Box::new(command),
        pending: Box::new(Pending::EndWindow { what: window.name.to_string() }),
    };
    app.open(Overlay::Line(Box::new(Line::new(purpose, ""))));
}

/// Asks with a line before something is done; Enter does it.
pub fn ask(app: &mut App, prompt: String, command: Command, pending: Pending) {
    let (command, pending) = (Box::new(command), Box::new(pending));
    let purpose = Purpose::Confirm { prompt, typed: None, command, pending };
    app.open(Overlay::Line(Box::new(Line::new(purpose, ""))));
}

/// Sends what the line says.
pub fn commit(app: &mut App, line: &Line) -> Vec<Effect> {
    let text = line.text().trim().to_owned();
    match &line.purpose {
        Purpose::Comment { targets, what } => {
            if text.is_empty() {
                typing::fail(app, "the comment is empty; write it, or Esc".to_owned());
                return Vec::new();
            }
            if let Err(why) = acks::comment(&text) {
                typing::fail(app, why);
                return Vec::new();
            }
            app.overlay = None;
            app.triage.last = Some(Again::Comment(text.clone()));
            app.say(Tone::Note, format!("commenting on {what}…"));
            let id = app.ask(Pending::Triage(Waits::Comment { what: what.clone() }));
            let command = Command::Comment { targets: targets.clone(), text };
            vec![Effect::Execute { id, command }]
        }
        Purpose::Snooze { checks, what } => {
            let until = if matches!(text.as_str(), "off" | "0") {
                None
            } else {
                match app.options.zone.end_from(&text, app.wall()) {
                    Ok(until) => Some(until),
                    Err(why) => {
                        typing::fail(app, format!("{why}; off ends it"));
                        return Vec::new();
                    }
                }
            };
            remember::snooze(app, checks, what, until, text)
        }
        Purpose::Confirm { typed, command, pending, .. } => {
            if let Some(count) = typed
                && text != count.to_string()
            {
                typing::fail(app, format!("type {count} and Enter to do it, or Esc"));
                return Vec::new();
            }
            app.overlay = None;
            let id = app.ask((**pending).clone());
            vec![Effect::Execute { id, command: (**command).clone() }]
        }
        Purpose::Run { command, pending, .. } => {
            app.overlay = None;
            app.say(Tone::Note, "asking for the test…");
            let id = app.ask((**pending).clone());
            vec![Effect::Execute { id, command: (**command).clone() }]
        }
        _ => Vec::new(),
    }
}

/// The prompt and the note of a line.
#[must_use]
pub fn words(app: &App, line: &Line) -> Option<(String, String)> {
    Some(match &line.purpose {
        Purpose::Comment { what, .. } => {
            (format!("Comment on {what}:"), "stands in the history and on the host".to_owned())
        }
        Purpose::Snooze { checks, what } => {
            let end = match (line.text().trim(), app.options.zone.end_from(line.text(), app.wall()))
            {
                ("off" | "0", _) => "ends the snooze".to_owned(),
                (_, Ok(end)) => typing::until(app, Some(end)),
                (_, Err(_)) => "until ?".to_owned(),
            };
            let count = plural(checks.len(), "check");
            let note = format!("{count} {end}; for you alone: nobody else sees it");
            (format!("Snooze {what} for:"), note)
        }
        Purpose::Confirm { prompt, typed, .. } => match typed {
            Some(count) => (format!("{prompt}:"), format!("type {count} and Enter")),
            None => (format!("{prompt}?"), "Enter does it".to_owned()),
        },
        Purpose::Run { prompt, note, .. } => (prompt.clone(), note.clone()),
        _ => return None,
    })
}
