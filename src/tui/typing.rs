//! Input lines: opening them, editing, sending what they say.

use crossterm::event::{Event as TerminalEvent, KeyEvent};
use tui_input::InputRequest;
use tui_input::backend::crossterm::EventHandler;

use crate::model::Timestamp;
use crate::tui::action::Action;
use crate::tui::app::{App, Overlay, Tone};
use crate::tui::effect::Effect;
use crate::tui::line::{LENGTH_LIMIT, Line, Purpose};
use crate::tui::triage::acks::Ack;
use crate::tui::triage::again::Again;
use crate::tui::triage::{acks, forms, lines, windows};
use crate::tui::{filtering, form, overlays, panes};

/// Edits the open line.
pub fn key(app: &mut App, key: KeyEvent) {
    if let Some(Overlay::Line(line)) = &mut app.overlay {
        let types = form::types(key);
        line.touched(types);
        if !(types && line.text().chars().count() >= LENGTH_LIMIT) {
            line.input.handle_event(&TerminalEvent::Key(key));
        }
        typed(app);
    }
}

/// Takes pasted text into the open line; without one it is dropped, for it is not meant as keys.
pub fn paste(app: &mut App, text: &str) {
    if let Some(Overlay::Line(line)) = &mut app.overlay {
        line.touched(true);
        let room = LENGTH_LIMIT.saturating_sub(line.text().chars().count());
        let first = text.lines().next().unwrap_or("");
        for letter in first.chars().filter(|c| !c.is_control()).take(room) {
            line.input.handle(InputRequest::InsertChar(letter));
        }
        typed(app);
    } else if let Some(Overlay::Form(_)) = &app.overlay {
        forms::paste(app, text);
    } else if app.overlay.is_none() {
        app.say(Tone::Note, "pasted text is not read as keys; open a line first");
    }
}

fn typed(app: &mut App) {
    let Some(Overlay::Line(line)) = &mut app.overlay else { return };
    line.error = None;
    match line.purpose {
        Purpose::Palette { .. } => overlays::palette::typed(app),
        Purpose::Filter(_) => filtering::typed(app),
        Purpose::Log { .. } => {
            let text = line.text().to_owned();
            panes::history::set_filter(app, &text);
        }
        Purpose::Series { .. } => {
            let text = line.text().to_owned();
            match panes::series::wrong(&text) {
                Some(why) => line.error = Some(why),
                None => panes::series::set_filter(app, &text),
            }
        }
        Purpose::Narrow { view, .. } => {
            let text = line.text().to_owned();
            panes::narrow(app, view, &text);
        }
        _ => {}
    }
}

/// Says what is wrong: in the open line, else on the bottom line.
pub fn fail(app: &mut App, why: String) {
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
            match &line.purpose {
                Purpose::Filter(own) => filtering::cancel(app, own),
                Purpose::Log { before } => panes::history::set_filter(app, before),
                Purpose::Series { before } => panes::series::set_filter(app, before),
                Purpose::Narrow { view, before } => panes::narrow(app, *view, before),
                _ => {}
            }
            Vec::new()
        }
        Action::Cycle => {
            cycle(app, &line);
            Vec::new()
        }
        // The offers stand above the line.
        Action::NextField | Action::PreviousField if matches!(line.purpose, Purpose::Filter(_)) => {
            filtering::cycle(app, action == Action::PreviousField);
            Vec::new()
        }
        Action::Commit => commit(app, &line),
        Action::NextField | Action::PreviousField => {
            choose(app, action == Action::NextField);
            Vec::new()
        }
        _ => Vec::new(),
    }
}

fn cycle(app: &mut App, line: &Line) {
    let completed = match &line.purpose {
        Purpose::Palette { found, at } => {
            found.get(at.unwrap_or(0)).map(overlays::palette::complete)
        }
        _ => None,
    };
    if let Some(text) = completed {
        if let Some(Overlay::Line(line)) = &mut app.overlay {
            line.input = tui_input::Input::new(text);
        }
        typed(app);
        return;
    }
    let Some(Overlay::Line(line)) = &mut app.overlay else { return };
    match &mut line.purpose {
        Purpose::Ack { ends, end, .. } => *end = (*end + 1) % ends.len().max(1),
        Purpose::Window { scopes, scope } => *scope = (*scope + 1) % scopes.len().max(1),
        Purpose::Filter(_) => filtering::cycle(app, true),
        _ => {}
    }
}

/// Goes to the next or previous candidate.
fn choose(app: &mut App, forward: bool) {
    let Some(Overlay::Line(line)) = &mut app.overlay else { return };
    if let Purpose::Palette { found, at } = &mut line.purpose
        && let Some(last) = found.len().min(overlays::CANDIDATES).checked_sub(1)
    {
        *at = Some(match (*at, forward) {
            (None, true) => 0,
            (None, false) => 1.min(last),
            // The best one is at the foot of the list: down is towards it.
            (Some(at), true) => at.saturating_sub(1),
            (Some(at), false) => (at + 1).min(last),
        });
    }
}

fn commit(app: &mut App, line: &Line) -> Vec<Effect> {
    match &line.purpose {
        Purpose::Ack { alerts, what, ends, end } => {
            let expires = ends.get(*end).and_then(|end| acks::expires(app, *end));
            let comment = line.text().trim().to_owned();
            if let Err(why) = acks::comment(&comment) {
                fail(app, why);
                return Vec::new();
            }
            if let Some(end) = ends.get(*end) {
                app.triage.last = Some(Again::Ack(comment.clone(), *end));
            }
            let (alerts, what) = (alerts.clone(), what.clone());
            acks::send(app, Ack { alerts, what, comment, expires, sticky: false, notify: true })
        }
        Purpose::Window { scopes, scope } => match scopes.get(*scope) {
            Some(scope) => windows::commit(app, line, scope),
            None => Vec::new(),
        },
        Purpose::Comment { .. }
        | Purpose::Snooze { .. }
        | Purpose::Confirm { .. }
        | Purpose::Run { .. } => lines::commit(app, line),
        Purpose::Filter(_) => {
            filtering::commit(app, line);
            Vec::new()
        }
        Purpose::Log { .. } | Purpose::Series { .. } | Purpose::Narrow { .. } => {
            if line.error.is_none() {
                app.overlay = None;
            }
            Vec::new()
        }
        Purpose::Palette { found, at } => {
            app.overlay = None;
            overlays::palette::run(app, line.text(), found, *at)
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
