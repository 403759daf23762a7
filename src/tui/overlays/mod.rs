//! What lies over the panes: input lines, help, the question how to leave.
//!
//! In: the console's state. Out: cells of a buffer, completions.
//! Never: decides what is under the cursor.

pub mod card;
pub mod filter;
pub mod form;
pub mod help;
pub mod palette;
pub mod run;
pub mod themes;
pub mod views;
pub mod which_key;

use ratatui::layout::{Constraint, Position};

use crate::model::safe_text::width;
use crate::tui::action::Action;
use crate::tui::app::{App, Overlay};
use crate::tui::keymap::Context;
use crate::tui::line::{AckEnd, Line, Purpose};
use crate::tui::num::cells;
use crate::tui::theme::Role;
use crate::tui::triage::{acks, lines, windows};
use crate::tui::widgets::Surface;
use crate::tui::widgets::frame::{self, Title};
use crate::tui::{context, filtering, panes, typing};

/// Most completions above the command line.
pub const CANDIDATES: usize = 8;

/// Draws the overlay; returns where the terminal's cursor is, when something is typed.
pub fn view(app: &App, surface: &mut Surface<'_>) -> Option<Position> {
    which_key::view(app, surface);
    match app.overlay.as_ref()? {
        Overlay::Line(line) => Some(view_line(app, line, surface)),
        Overlay::Help(first) => {
            surface.fade();
            help::view(app, surface, *first);
            None
        }
        Overlay::Question => {
            surface.fade();
            view_question(app, surface);
            None
        }
        Overlay::Going(name) => {
            context::view(app, name, surface);
            None
        }
        Overlay::Themes(chooser) => {
            themes::view(app, chooser, surface);
            None
        }
        Overlay::Views => {
            views::view(app, surface);
            None
        }
        Overlay::Form(open) => {
            surface.fade();
            form::view(app, &open.form, surface)
        }
        Overlay::Card(card) => {
            surface.fade();
            card::view(app, card, surface);
            None
        }
        Overlay::Run(run) => {
            surface.fade();
            run::view(app, run, surface);
            None
        }
    }
}

fn view_question(app: &App, surface: &mut Surface<'_>) {
    let area = surface.area().centered(Constraint::Length(58), Constraint::Length(8));
    surface.at(area).clear();
    let title = Title { left: "Leave the console", right: "", focused: true };
    let inside = frame::single(surface, area, &title);
    let mut s = surface.at(inside);
    let hosts = crate::tui::format::plural(app.world.host_count(), "host");
    // What is on screen may be another one.
    let first = match &app.options.remote {
        None => format!("The engine runs here and watches {hosts}."),
        Some(_) => "The engine of this machine still runs here.".to_owned(),
    };
    let room = s.width().saturating_sub(4);
    s.say(2, 0, room, &first, Role::Text);
    let answers = [
        (Action::Keep, "keep it running without a screen"),
        (Action::Stop, "stop: nothing is monitored any more"),
        (Action::Cancel, "stay here"),
    ];
    for (row, (action, text)) in answers.into_iter().enumerate() {
        let key = app.keymap.key(&[Context::Question], action).unwrap_or_default();
        let style = s.theme.style(Role::Key);
        s.put_right(6, row + 2, 4, &key, style);
        let room = s.width().saturating_sub(8);
        s.say(8, row + 2, room, text, Role::Text);
    }
}

/// The last two rows: what the line would do, and the line itself.
fn view_line(app: &App, line: &Line, surface: &mut Surface<'_>) -> Position {
    let (wide, high) = (surface.width(), surface.height());
    match &line.purpose {
        Purpose::Palette { found, at } => view_candidates(found, at.unwrap_or(0), surface),
        Purpose::Filter(own) => filter::offers(own, surface),
        _ => {}
    }
    surface.part(0, high.saturating_sub(2), wide, 2).clear();
    let (prompt, mut note) = words(app, line);
    let mut role = Role::Muted;
    if let Some(error) = &line.error {
        note = match &line.purpose {
            Purpose::Filter(_) => format!("{note}: {error}"),
            _ => error.clone(),
        };
        role = Role::Bad;
    }
    let mut keys = line_hints(app, line);
    if line.error.is_some() && width(&note) + width(&keys) + 4 > wide {
        // What is wrong must be readable to its end.
        keys.clear();
    }
    let y = high.saturating_sub(2);
    let style = surface.theme.style(Role::Muted);
    surface.put_right(wide.saturating_sub(1), y, width(&keys), &keys, style);
    surface.say(1, y, wide.saturating_sub(width(&keys) + 4), &note, role);
    let y = high.saturating_sub(1);
    let used = surface.say(1, y, wide.saturating_sub(20), &prompt, Role::Prompt) + 2;
    let room = wide.saturating_sub(used + 1).max(10);
    let scroll = line.input.visual_scroll(room.saturating_sub(1));
    // What the next letter replaces looks as chosen text does.
    let text_role = if line.offered { Role::Selection } else { Role::Input };
    surface.say(used, y, room, skip_columns(line.text(), scroll), text_role);
    if let Purpose::Filter(own) = &line.purpose {
        filter::marks(own, line.text(), scroll, &mut surface.part(used, y, room, 1));
    }
    let cursor = used + line.input.visual_cursor().saturating_sub(scroll);
    Position { x: cells(cursor.min(wide.saturating_sub(1))), y: cells(y) }
}

/// The text without its first columns.
pub(super) fn skip_columns(text: &str, columns: usize) -> &str {
    let mut rest = text;
    while width(text) - width(rest) < columns {
        let mut letters = rest.chars();
        if letters.next().is_none() {
            break;
        }
        rest = letters.as_str();
    }
    rest
}

fn words(app: &App, line: &Line) -> (String, String) {
    if let Some(words) = lines::words(app, line) {
        return words;
    }
    match &line.purpose {
        Purpose::Ack { what, ends, end, .. } => {
            let expires = ends.get(*end).and_then(|end| acks::expires(app, *end));
            let shift =
                if ends.get(*end) == Some(&AckEnd::Shift) { ", the end of the shift" } else { "" };
            let until = format!("{}{shift}", typing::until(app, expires));
            (format!("Acknowledge {what} {until}:"), "the line is the comment".into())
        }
        Purpose::Window { scopes, scope } => {
            let scope = scopes.get(*scope);
            let note = scope.map(|scope| windows::preview(app, line, scope));
            let what = scope.map(windows::words).unwrap_or_default();
            (format!("Window over {what} for:"), note.unwrap_or_default())
        }
        Purpose::Filter(own) => {
            let found = filtering::found(app);
            let note = match &own.hint {
                Some(hint) => format!("{found}; {hint}"),
                None if line.text().is_empty() => format!("{found}; words, state:crit, !word"),
                None => found,
            };
            ("/".to_owned(), note)
        }
        Purpose::Series { .. } => ("/".to_owned(), crate::tui::panes::series::hint().to_owned()),
        Purpose::Narrow { .. } => ("/".to_owned(), panes::needle::hint().to_owned()),
        Purpose::Log { .. } => ("/".to_owned(), crate::tui::panes::history::hint().to_owned()),
        Purpose::Palette { found, at } => {
            let one = found.get(at.unwrap_or(0));
            let note = one.map_or("no such command", |one| one.about.as_str());
            (":".to_owned(), note.to_owned())
        }
        _ => Default::default(),
    }
}

fn line_hints(app: &App, line: &Line) -> String {
    let mut parts = Vec::new();
    let tab = match &line.purpose {
        Purpose::Ack { .. } => Some("end"),
        Purpose::Window { scopes, .. } if scopes.len() > 1 => Some("scope"),
        Purpose::Palette { .. } | Purpose::Filter(_) => Some("complete"),
        _ => None,
    };
    for (action, label) in
        [(Action::Commit, Some("send")), (Action::Cycle, tab), (Action::Cancel, Some("cancel"))]
    {
        if let (Some(key), Some(label)) = (app.keymap.key(&[Context::Line], action), label) {
            parts.push(format!("{key} {label}"));
        }
    }
    parts.join("  ")
}

/// Columns of a candidate.
const CANDIDATE: usize = 30;

/// All columns are the list's: beside it the page would shine through in pieces.
fn view_candidates(found: &[palette::Candidate], chosen: usize, surface: &mut Surface<'_>) {
    let count = found.len().min(CANDIDATES);
    if count == 0 {
        return;
    }
    let (wide, high) = (surface.width(), surface.height());
    let mut s = surface.part(0, high.saturating_sub(3 + count), wide, count + 1);
    s.clear();
    s.rule(0);
    // The best one is nearest to what is typed.
    for (at, one) in found.iter().take(count).enumerate() {
        let y = count - at;
        let role = if at == chosen { Role::Accent } else { Role::Text };
        s.say(2, y, CANDIDATE, &one.text, role);
        let x = CANDIDATE + 3;
        s.say(x, y, wide.saturating_sub(x + 1), &one.about, Role::Muted);
    }
}
