//! The last action again: its line or form, filled in as it was, for what is under the cursor now.

use crate::protocol::Command;
use crate::tui::app::{App, Overlay, Tone};
use crate::tui::line::{AckEnd, Line, Pending, Purpose};
use crate::tui::targets::Targets;
use crate::tui::triage::{acks, lines, window_form, windows};

/// What was done last, without its objects.
#[derive(Clone, Debug)]
pub enum Again {
    /// Acknowledged from the line: the comment and the end.
    Ack(String, AckEnd),
    /// Acknowledged from the form.
    AckForm(acks::Filled),
    /// Given back.
    Unack,
    /// Commented.
    Comment(String),
    /// Snoozed for so long.
    Snooze(String),
    /// A window from the line: for so long.
    Window(String),
    /// A window from the form.
    WindowForm(window_form::Filled),
    /// Checked again.
    Recheck,
}

/// Opens it; nothing is sent before Enter.
pub fn open(app: &mut App) {
    let Some(last) = app.triage.last.clone() else {
        app.say(Tone::Note, "nothing to repeat yet");
        return;
    };
    match last {
        Again::Ack(comment, end) => open_ack(app, &comment, end),
        Again::AckForm(filled) => acks::open_form(app, Some(filled)),
        Again::Comment(text) => lines::open_comment(app, &text),
        Again::Snooze(text) => lines::open_snooze(app, Some(&text)),
        Again::Window(text) => windows::open(app, &text),
        Again::WindowForm(filled) => window_form::open(app, Some(filled)),
        Again::Unack => ask(app, "Give back", acks::give_back(app)),
        Again::Recheck => ask(app, "Re-check", acks::recheck(app)),
    }
}

fn ask(app: &mut App, verb: &str, found: Result<(Command, Pending, String), &'static str>) {
    match found {
        Ok((command, pending, what)) => lines::ask(app, format!("{verb} {what}"), command, pending),
        Err(why) => app.say(Tone::Note, why),
    }
}

/// Opens the line that acknowledges what is under the cursor.
pub fn open_ack(app: &mut App, comment: &str, end: AckEnd) {
    let Some(open) = acks::open_alerts(app) else { return };
    let mut ends = acks::ends(app);
    let at = ends.iter().position(|have| *have == end).unwrap_or_else(|| {
        ends.push(end);
        ends.len() - 1
    });
    let purpose = Purpose::Ack {
        alerts: open.iter().map(|alert| alert.id).collect(),
        what: Targets::words_of(&open),
        ends,
        end: at,
    };
    app.open(Overlay::Line(Box::new(Line::offering(purpose, comment))));
}
