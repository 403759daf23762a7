//! The lines of an alert's page about its escalation: which steps were told, and what comes next.

use super::lines::{Line, head, moment, wrapped};
use crate::model::{Alert, Escalation, Phase, Span, Timestamp};
use crate::tui::app::App;
use crate::tui::format::{age, length};
use crate::tui::theme::Role;

/// Writes them; nothing where the contact list has no steps.
pub(super) fn lines(app: &App, alert: &Alert, wide: usize, lines: &mut Vec<Line>) {
    let Some(escalation) = &alert.escalation else { return };
    head(lines, "escalation");
    for (told, step) in escalation.told.iter().zip(1..) {
        let when = moment(app, told.at);
        let text = match &told.by {
            Some(by) => format!("{when} ↑ step {step} to {}, sent by {by}", told.to),
            None => format!("{when} ↑ step {step} to {}", told.to),
        };
        wrapped(lines, &text, wide, Role::Text);
    }
    let (text, role) = next(app, alert, escalation);
    wrapped(lines, &text, wide, role);
}

fn next(app: &App, alert: &Alert, escalation: &Escalation) -> (String, Role) {
    let Some(next) = escalation.next.as_ref().filter(|_| alert.phase == Phase::Firing) else {
        let text = match (alert.phase, escalation.told.is_empty()) {
            (Phase::Resolved, true) => "over before any step was due",
            (Phase::Resolved, false) => "over",
            (_, true) => "no step is configured any more",
            (_, false) => "no further step",
        };
        return (text.to_owned(), Role::Muted);
    };
    if let Some(due) = escalation.due() {
        // The engine's own scale is the wall clock unless that was set meanwhile.
        let left = match age(due.since(app.wall())).as_str() {
            "now" => "now".to_owned(),
            left => format!("in {left}"),
        };
        return (format!("{} due {}, {left}", next.words(), moment(app, due)), Role::Note);
    }
    let counted = escalation.counted_at(Timestamp::from_millis(0));
    let left = Span::from_millis(next.after.millis().saturating_sub(counted.millis()));
    let why = match (&alert.ack, &alert.cause) {
        (Some(_), _) => "acknowledged".to_owned(),
        (None, _) if alert.suppressed => "a window covers it".to_owned(),
        (None, Some(cause)) => cause.words(),
        (None, None) if app.world.engine().hold.is_some() => "paging is held".to_owned(),
        (None, None) => "nobody was told of it".to_owned(),
    };
    (format!("{} after {} more, paused: {why}", next.words(), length(left)), Role::Muted)
}
