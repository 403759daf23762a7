//! Input lines: opening them, editing, sending what they say.

use std::sync::Arc;

use crossterm::event::{Event as TerminalEvent, KeyEvent};
use tui_input::InputRequest;
use tui_input::backend::crossterm::EventHandler;

use crate::model::{Pattern, Span, Timestamp};
use crate::protocol::filter::Filter;
use crate::protocol::{Command, NewMaintenance, Target};
use crate::tui::action::Action;
use crate::tui::app::{App, Overlay, Pane, Tone};
use crate::tui::effect::Effect;
use crate::tui::format;
use crate::tui::line::{AckEnd, LENGTH_LIMIT, Line, Pending, Purpose, Scope};
use crate::tui::targets::{Targets, targets};
use crate::tui::{overlays, panes};

/// Opens the line that acknowledges what is under the cursor.
pub fn open_ack(app: &mut App) {
    let found = targets(app);
    let open: Vec<_> = found.alerts.iter().filter(|alert| alert.ack.is_none()).cloned().collect();
    if open.is_empty() {
        let text = match found.alerts.first() {
            None => found.nothing().to_owned(),
            Some(alert) => {
                let who = alert.ack.as_ref().map_or("somebody", |ack| ack.author.as_str());
                format!("{who} has acknowledged this already")
            }
        };
        app.say(Tone::Note, text);
        return;
    }
    let standard = app.options.ack_expiry.map_or(AckEnd::Recovery, AckEnd::After);
    let mut ends = vec![standard];
    let others = [1, 4, 8, 24].map(|hours| AckEnd::After(Span::from_secs(hours * 3600)));
    ends.extend(others.into_iter().chain([AckEnd::Recovery]).filter(|end| *end != standard));
    let purpose = Purpose::Ack {
        alerts: open.iter().map(|alert| alert.id).collect(),
        what: Targets::words_of(&open),
        ends,
        end: 0,
    };
    app.open(Overlay::Line(Box::new(Line::new(purpose, "looking into it"))));
}

/// Opens the line that makes a window over what is under the cursor.
pub fn open_window(app: &mut App) {
    let objects = targets(app).objects();
    let scopes = match objects.as_slice() {
        [Target::Check(key)] => {
            vec![Scope::Check(key.clone()), Scope::Host(Arc::clone(&key.host))]
        }
        [Target::Host(host)] => vec![Scope::Host(Arc::clone(host))],
        [_, _, ..] => {
            let count = objects.len();
            app.say(Tone::Note, format!("a window line covers one object; {count} are chosen"));
            return;
        }
        _ => {
            app.say(Tone::Note, "nothing is under the cursor");
            return;
        }
    };
    let purpose = Purpose::Window { scopes, scope: 0 };
    app.open(Overlay::Line(Box::new(Line::new(purpose, "1h"))));
}

/// Edits the open line.
pub fn key(app: &mut App, key: KeyEvent) {
    if let Some(Overlay::Line(line)) = &mut app.overlay {
        let full = line.text().chars().count() >= LENGTH_LIMIT;
        let types = matches!(key.code, crossterm::event::KeyCode::Char(_));
        if !(full && types) {
            line.input.handle_event(&TerminalEvent::Key(key));
        }
        typed(app);
    }
}

/// Takes pasted text into the open line; without one it is dropped, for it is not meant as keys.
pub fn paste(app: &mut App, text: &str) {
    if let Some(Overlay::Line(line)) = &mut app.overlay {
        let room = LENGTH_LIMIT.saturating_sub(line.text().chars().count());
        let first = text.lines().next().unwrap_or("");
        for letter in first.chars().filter(|c| !c.is_control()).take(room) {
            line.input.handle(InputRequest::InsertChar(letter));
        }
        typed(app);
    } else if app.overlay.is_none() {
        app.say(Tone::Note, "pasted text is not read as keys; open a line first");
    }
}

fn typed(app: &mut App) {
    let Some(Overlay::Line(line)) = &mut app.overlay else { return };
    line.error = None;
    if let Purpose::Filter { .. } = line.purpose {
        let text = line.text().to_owned();
        set_filter(app, &text);
    }
}

/// Filters from now on; a text that does not parse keeps the filter that was.
pub fn set_filter(app: &mut App, text: &str) {
    if app.focus == Pane::History {
        return panes::history::set_filter(app, text);
    }
    match Filter::parse(text) {
        Ok(filter) => {
            app.filter = (text.trim().to_owned(), filter);
            app.renew();
        }
        Err(errors) => fail(app, errors.to_string()),
    }
}

fn fail(app: &mut App, why: String) {
    if let Some(Overlay::Line(line)) = &mut app.overlay {
        line.error = Some(why);
    } else {
        app.say(Tone::Bad, why);
    }
}

/// Runs one of the keys that a line has besides letters.
pub fn act(app: &mut App, action: Action) -> Vec<Effect> {
    let Some(Overlay::Line(line)) = app.overlay.clone() else { return Vec::new() };
    match action {
        Action::Cancel => {
            app.overlay = None;
            if let Purpose::Filter { before } = &line.purpose {
                set_filter(app, before);
            }
            Vec::new()
        }
        Action::Cycle => {
            cycle(app, &line);
            Vec::new()
        }
        Action::Commit => commit(app, &line),
        _ => Vec::new(),
    }
}

fn cycle(app: &mut App, line: &Line) {
    let completed = match &line.purpose {
        Purpose::Palette => overlays::palette::complete(app, line.text()),
        _ => None,
    };
    let Some(Overlay::Line(line)) = &mut app.overlay else { return };
    match &mut line.purpose {
        Purpose::Ack { ends, end, .. } => *end = (*end + 1) % ends.len().max(1),
        Purpose::Window { scopes, scope } => *scope = (*scope + 1) % scopes.len().max(1),
        Purpose::Palette => {
            if let Some(text) = completed {
                line.input = tui_input::Input::new(text);
            }
        }
        Purpose::Filter { .. } => {}
    }
}

fn commit(app: &mut App, line: &Line) -> Vec<Effect> {
    match &line.purpose {
        Purpose::Ack { alerts, what, ends, end } => {
            let expires = match ends.get(*end) {
                Some(AckEnd::After(span)) => Some(app.wall() + *span),
                _ => None,
            };
            let until = until(app, expires);
            app.overlay = None;
            app.acking.extend(alerts.iter().copied());
            app.say(Tone::Note, format!("acknowledging {what}…"));
            let command = Command::Acknowledge {
                targets: alerts.iter().map(|id| Target::Alert(*id)).collect(),
                comment: line.text().trim().to_owned(),
                expires,
                sticky: false,
                notify: true,
            };
            let pending = Pending::Ack { alerts: alerts.clone(), what: what.clone(), until };
            let id = app.ask(pending);
            vec![Effect::Execute { id, command }]
        }
        Purpose::Window { scopes, scope } => match scopes.get(*scope) {
            Some(scope) => commit_window(app, line, scope),
            None => Vec::new(),
        },
        Purpose::Filter { .. } => {
            if line.error.is_none() {
                app.overlay = None;
            }
            Vec::new()
        }
        Purpose::Palette => {
            app.overlay = None;
            overlays::palette::run(app, line.text())
        }
    }
}

/// `until 06:00`, or `until it recovers`.
#[must_use]
pub fn until(app: &App, expires: Option<Timestamp>) -> String {
    match expires {
        Some(at) => format!("until {}", app.options.zone.moment(at, app.wall())),
        None => "until it recovers".to_owned(),
    }
}

fn commit_window(app: &mut App, line: &Line, scope: &Scope) -> Vec<Effect> {
    let start = app.wall();
    let window = app.options.zone.end(line.text(), start).and_then(|end| {
        let exactly = |name: &str| Pattern::exactly(name).map_err(|error| error.to_string());
        let check = match scope {
            Scope::Check(key) => Some(exactly(&key.name)?),
            Scope::Host(_) => None,
        };
        Ok(NewMaintenance {
            name: format!("quick window, {} {}", scope.host(), app.options.zone.clock(start)),
            host_pattern: Some(exactly(scope.host())?),
            check,
            hosts: std::collections::BTreeSet::new(),
            checks: std::collections::BTreeSet::new(),
            start,
            end,
            suppress_notifications: true,
            created_by: None,
        })
    });
    match window {
        Ok(window) => {
            app.overlay = None;
            let what = match scope {
                Scope::Check(key) => key.to_string(),
                Scope::Host(name) => name.to_string(),
            };
            app.say(Tone::Note, format!("opening a window over {what}…"));
            let id = app.ask(Pending::Window { what });
            vec![Effect::Execute { id, command: Command::AddMaintenance(window) }]
        }
        Err(why) => {
            fail(app, why);
            Vec::new()
        }
    }
}

/// What the window line would do, in words: `covers 1 host, 6 checks, until 22:04`.
#[must_use]
pub fn window_preview(app: &App, line: &Line, scope: &Scope) -> String {
    let end = match app.options.zone.end(line.text(), app.wall()) {
        Ok(end) => until(app, Some(end)),
        Err(_) => "until ?".to_owned(),
    };
    match scope {
        Scope::Check(key) => {
            let rest = app.world.host(&key.host).map_or(0, |host| host.checks.len());
            let others = format::plural(rest.saturating_sub(1), "other check");
            format!("covers {key} {end}, not the {others} of {}", key.host)
        }
        Scope::Host(name) => {
            let checks = app.world.host(name).map_or(0, |host| host.checks.len());
            format!("covers {name} with {} {end}", format::plural(checks, "check"))
        }
    }
}
