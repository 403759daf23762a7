//! `:escalate`: the next contact list of the alerts under the cursor is told now, after a question
//! that names alert, step and list.
//!
//! In: the marked alerts, else the one under the cursor. Out: a line that asks, or why there is
//! nothing to ask. Never: sends anything that the line did not name.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::{Alert, Name, NextStep, Phase};
use crate::protocol::Command;
use crate::protocol::command::EscalateOne;
use crate::tui::app::{App, Overlay, Tone};
use crate::tui::format::plural;
use crate::tui::line::{Line, Pending, Purpose};
use crate::tui::targets::{Targets, targets};
use crate::tui::triage::Waits;

/// Opens the line that asks; several alerts are confirmed by their count.
pub fn open(app: &mut App) {
    let found = targets(app);
    let next = |alert: &Arc<Alert>| {
        let firing = alert.phase == Phase::Firing;
        let next = alert.escalation.as_ref().and_then(|known| known.next.clone());
        next.filter(|_| firing).map(|next| (Arc::clone(alert), next))
    };
    let ready: Vec<(Arc<Alert>, NextStep)> = found.alerts.iter().filter_map(next).collect();
    if ready.is_empty() {
        let why = found.alerts.first().map_or_else(|| found.nothing().to_owned(), |one| why(one));
        app.say(Tone::Note, why);
        return;
    }
    if app.world.engine().hold.is_some() {
        app.say(Tone::Note, "paging is held, so nobody would be told; :resume paging ends that");
        return;
    }
    let alerts: Vec<Arc<Alert>> = ready.iter().map(|(alert, _)| Arc::clone(alert)).collect();
    let what = Targets::words_of(&alerts);
    let steps = match ready.as_slice() {
        [(_, next)] => next.words(),
        several => {
            let mut lists: BTreeMap<&Name, usize> = BTreeMap::new();
            for (_, next) in several {
                *lists.entry(&next.to).or_default() += 1;
            }
            let each = lists.iter().map(|(list, count)| format!("{list} ({count})"));
            format!("next step to {}", each.collect::<Vec<_>>().join(", "))
        }
    };
    let left = found.alerts.len() - ready.len();
    let left = match left {
        0 => String::new(),
        left => format!("; {} without a further step", plural(left, "other")),
    };
    let one =
        |(alert, next): &(Arc<Alert>, NextStep)| EscalateOne { alert: alert.id, step: next.step };
    let command = Command::Escalate { which: ready.iter().map(one).collect() };
    let purpose = Purpose::Confirm {
        prompt: format!("Escalate {what}: {steps}{left}"),
        typed: (ready.len() > 1).then_some(ready.len()),
        command: Box::new(command),
        pending: Box::new(Pending::Triage(Waits::Escalate { what: format!("{what}: {steps}") })),
    };
    app.open(Overlay::Line(Box::new(Line::new(purpose, ""))));
}

/// Why there is no next step.
fn why(alert: &Alert) -> String {
    let check = &alert.check;
    if alert.phase != Phase::Firing {
        return format!("{check} is not confirmed yet");
    }
    match alert.escalation.as_ref().and_then(|known| known.told.last()) {
        Some(last) => format!("{check} has no further step: {} was told last", last.to),
        None => format!("{check} has no steps: its contact list names none"),
    }
}
