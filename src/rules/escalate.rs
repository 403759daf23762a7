//! Who else is told while nobody has an alert: the steps of its contact list, each once and in order.
//!
//! | the alert | its time |
//! |---|---|
//! | speaks (see [`super::notify`]), and people were told of it | counts |
//! | acknowledged, under a window that suppresses, explained by another alert, paging held, told to nobody by its rule | stands still |
//! | speaks again: given back, the acknowledgement ran out, the window or the hold ended | goes on with what has counted |
//! | pending, over | none |
//!
//! | the next step | |
//! |---|---|
//! | as much has counted as its `after` | told, recorded; the time goes on from its `after` |
//! | an operator sends it | told, recorded, also while the time stands still; the time is not changed |
//! | there is none | nothing |
//!
//! A step that is late, for the engine was not there, is told when it is back, and the one after it
//! comes no sooner than the distance between the two: whoever is told has their time. How many steps
//! were told is stored with the alert, so that none is told twice, whatever the clocks do, and none is
//! left out. When the list gets other steps while it fires, the next one is that of the same number.
//! Only the steps of the alert's own list count, not those of the lists that they lead to.

use super::Moment;
use crate::model::{
    Alert, Escalated, Escalation, EscalationStep, Name, NextStep, Phase, Policy, SafeText,
    Timestamp,
};

/// A step that is told now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The contact list.
    pub to: Name,
    /// In words.
    pub text: String,
    /// The operator who has it sent.
    pub by: Option<SafeText>,
}

/// True while the time of an alert counts.
#[must_use]
pub fn counts(alert: &Alert, policy: &Policy, held: bool) -> bool {
    policy.tell && !held && alert.is_unhandled() && alert.notified.is_some()
}

/// True when time alone changes something: it begins to count or stands still, or a step is due.
#[must_use]
pub fn is_due(alert: &Alert, policy: &Policy, held: bool, line: Timestamp) -> bool {
    let after = follow(alert, policy, held, line);
    let due = after.as_ref().and_then(Escalation::due);
    due.is_some_and(|at| at <= line) || after != alert.escalation
}

/// Lets the escalation follow the alert, and gives the step that is told now: the one that `by`
/// sends, else the one whose time has come.
pub fn advance(
    alert: &mut Alert,
    policy: &Policy,
    held: bool,
    by: Option<SafeText>,
    now: Moment,
) -> Option<Told> {
    alert.escalation = follow(alert, policy, held, now.line);
    let output = alert.output.clone();
    let escalation = alert.escalation.as_mut()?;
    let due = escalation.due().is_some_and(|at| at <= now.line);
    let next = escalation.next.clone().filter(|_| due || by.is_some())?;
    if by.is_none() {
        escalation.counted = next.after;
        escalation.since = Some(now.line);
    }
    escalation.told.push(Escalated { to: next.to.clone(), at: now.wall, by: by.clone() });
    escalation.next = upcoming(escalation, steps(policy));
    let text = match &by {
        Some(_) => format!("{}: {output}", next.words()),
        None => format!("{}, for nobody had it for {}: {output}", next.words(), next.after),
    };
    Some(Told { to: next.to, text, by })
}

fn steps(policy: &Policy) -> &[EscalationStep] {
    policy.escalate.as_deref().unwrap_or_default()
}

fn upcoming(escalation: &Escalation, steps: &[EscalationStep]) -> Option<NextStep> {
    let step = steps.get(escalation.told.len())?;
    let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    let (at, of) = (number(escalation.told.len() + 1), number(steps.len()));
    Some(NextStep { step: at, of, to: step.to.clone(), after: step.after })
}

/// The escalation as it is now, before any step is told.
fn follow(alert: &Alert, policy: &Policy, held: bool, line: Timestamp) -> Option<Escalation> {
    let known = alert.escalation.as_ref();
    match (alert.phase, known) {
        (Phase::Pending, _) | (Phase::Resolved, None) => return None,
        (Phase::Firing, None) if steps(policy).is_empty() => return None,
        (Phase::Firing | Phase::Resolved, _) => {}
    }
    let mut after = known.cloned().unwrap_or_default();
    if counts(alert, policy, held) {
        // What lies ahead was written before the clock was set back.
        after.since = Some(after.since.map_or(line, |since| since.min(line)));
    } else {
        after.counted = after.counted_at(line);
        after.since = None;
    }
    let over = alert.phase == Phase::Resolved;
    after.next = if over { None } else { upcoming(&after, steps(policy)) };
    Some(after)
}
