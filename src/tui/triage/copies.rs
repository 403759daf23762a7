//! What is known of a target besides its state: runbook and contact, copies, its history.

use std::fmt::Write as _;

use crate::model::{CheckKey, Name, SafeText};
use crate::protocol::Target;
use crate::tui::action::Action;
use crate::tui::app::{App, Overlay, Tone};
use crate::tui::effect::Effect;
use crate::tui::overlays::card::Card;
use crate::tui::panes;
use crate::tui::targets::targets;
use crate::tui::theme::Role;

/// Most rows that are copied at once; the terminal's side has a limit in bytes besides.
const ROWS: usize = 1000;

/// The host, and the check when it is one, under the cursor.
fn here(app: &App) -> Option<(Name, Option<CheckKey>)> {
    let found = targets(app);
    match found.objects().into_iter().next() {
        Some(Target::Check(key)) => Some((key.host.clone(), Some(key))),
        Some(Target::Host(host)) => {
            let alert = found.alerts.first().map(|alert| alert.check.clone());
            Some((host, alert))
        }
        _ => None,
    }
}

/// Contact, runbook and notes of the host and the check; the check's own come first.
struct About {
    contact: Option<String>,
    runbook: Option<String>,
    notes: Option<String>,
}

fn about(app: &App, host: &Name, check: Option<&CheckKey>) -> About {
    let host = app.world.host(host).map(|entry| &entry.host);
    let own = check.and_then(|key| app.world.check(key)).and_then(|row| row.about.clone());
    let own = own.as_deref();
    About {
        contact: own
            .and_then(|own| own.contact.clone())
            .or_else(|| host.and_then(|host| host.contact.clone())),
        runbook: own
            .and_then(|own| own.runbook.clone())
            .or_else(|| host.and_then(|host| host.runbook.clone())),
        notes: host.and_then(|host| host.notes.clone()),
    }
}

/// Shows whom to call and what to do.
pub fn runbook(app: &mut App) {
    let Some((host, check)) = here(app) else {
        app.say(Tone::Note, "nothing is under the cursor");
        return;
    };
    let about = about(app, &host, check.as_ref());
    let mut lines = Vec::new();
    let mut part = |label: &str, text: Option<&String>, none: &str| {
        lines.push((label.to_owned(), Role::Muted));
        match text {
            Some(text) => {
                let safe = SafeText::text(text);
                lines.extend(safe.as_str().lines().map(|line| (format!("  {line}"), Role::Text)));
            }
            None => lines.push((format!("  {none}"), Role::Muted)),
        }
    };
    part("call", about.contact.as_ref(), "nobody is named: contact = \"…\" at the host or check");
    part("runbook", about.runbook.as_ref(), "none: runbook = \"…\" at the host or check");
    if about.notes.is_some() {
        part("notes", about.notes.as_ref(), "");
    }
    let copy = about.runbook.or(about.contact).map(|text| SafeText::text(&text).to_string());
    let title = check.map_or_else(|| host.to_string(), |key| key.to_string());
    app.open(Overlay::Card(Box::new(Card { title, lines, copy, first: 0 })));
}

/// Copies one thing of what is under the cursor.
pub fn copy(app: &mut App, action: Action) -> Vec<Effect> {
    let Some((host, check)) = here(app) else {
        app.say(Tone::Note, "nothing is under the cursor");
        return Vec::new();
    };
    let entry = app.world.host(&host);
    let text = match action {
        Action::CopyHost => Ok(host.to_string()),
        Action::CopyAddress => entry
            .map(|entry| entry.host.address.to_string())
            .ok_or("the host is no longer configured"),
        Action::CopyOutput => {
            let row = check.as_ref().and_then(|key| app.world.check(key));
            let output = row.map(|row| row.status.output.to_string());
            output.filter(|text| !text.is_empty()).ok_or("there is no output here yet")
        }
        _ => about(app, &host, check.as_ref()).runbook.ok_or("there is no runbook here"),
    };
    match text {
        Ok(text) => vec![Effect::Copy(SafeText::text(&text).to_string())],
        Err(why) => {
            app.say(Tone::Note, why);
            Vec::new()
        }
    }
}

/// Copies the marked rows, one a line; `None` for a single one.
pub fn rows(app: &mut App) -> Option<Vec<Effect>> {
    let found = targets(app);
    let objects = found.objects();
    if objects.len() < 2 {
        return None;
    }
    if objects.len() > ROWS {
        app.say(Tone::Bad, format!("{} rows are too many to copy: at most {ROWS}", objects.len()));
        return Some(Vec::new());
    }
    let mut text = String::new();
    for object in objects {
        let row = match &object {
            Target::Check(key) => app.world.check(key),
            _ => None,
        };
        let _ = match row {
            Some(row) => {
                writeln!(text, "{object} {} {}", row.status.state.word(), row.status.output)
            }
            None => writeln!(text, "{object}"),
        };
    }
    Some(vec![Effect::Copy(SafeText::text(text.trim_end()).to_string())])
}

/// Opens the history of what is under the cursor.
pub fn history(app: &mut App) {
    let found = targets(app);
    let Some(object) = found.objects().into_iter().next() else {
        app.say(Tone::Note, "nothing is under the cursor");
        return;
    };
    match object {
        Target::Check(key) => panes::history::open(app, &key.host, Some(&key.name)),
        Target::Host(host) => panes::history::open(app, &host, None),
        Target::Alert(_) => {}
    }
}
