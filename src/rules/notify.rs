//! Whether an edge of an alert is told to people, and why.
//!
//! Somebody is told only while the alert *speaks*: firing, not suppressed by a window, not
//! acknowledged, not explained by another alert. The one exception is the end of what they were told of.
//!
//! | edge | nobody was told yet | people know state K |
//! |---|---|---|
//! | fired, worse, better, given back by an operator | `first`, if it speaks | `worse`, if it speaks and is worse than K |
//! | acknowledgement ran out | `ack_expired`, if it speaks | the same |
//! | flapping started | `flapping_started`, if it speaks | the same |
//! | fired, worse, better while it flaps | nothing | nothing |
//! | flapping stopped, still a problem | `first`, if it speaks | `flapping_stopped`, if it speaks |
//! | suppression by a window ended | `window_ended`, if it speaks and this step told nothing else | the same |
//! | its cause is over and it is still there | `cause_ended`, if it speaks and this step told nothing else | the same |
//! | its cause was a doubt | `first`, if it speaks | `worse`, if it speaks and is worse than K |
//! | recovered | nothing | `recovered`, always: in a window (D-04) and acknowledged too |
//! | acknowledged by an operator who wants it told | nothing | `acknowledged`, unless a window suppresses it |
//! | window began, cause began, commented, undone, closed, taken back by a change of state (the change decides) | nothing | nothing |
//!
//! | told again after the rule's `re_alert` | nothing | `reminder`, if it speaks |
//!
//! Who is told: the contact list and those whom an escalation has told ([`super::escalate`]), who know
//! of the problem too; of a reminder only the contact list, for the others have their steps. When an
//! operator escalated what the list itself was never told of, only those hear of its end, and that
//! somebody has it.
//!
//! A rule may say that nobody is told of its alerts at all, or not of their end.
//!
//! So with a window that suppresses: a problem told before it recovers loudly even inside it; one
//! that begins and ends inside it is never told; one that is still there at its end is told once.

use crate::model::{Alert, Edge, EdgeKind, Name, Phase, Policy, Reason};

/// Who is told of an edge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Audience {
    /// The contact list of its check.
    Contacts,
    /// That and all that an escalation has told.
    Everybody,
    /// Only those whom an escalation has told.
    Escalated,
    /// The contact list of this step.
    Step(Name),
}

/// One edge that must be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Why.
    pub reason: Reason,
    /// What.
    pub edge: Edge,
    /// Whom.
    pub to: Audience,
}

/// Those who know of the problem and may hear of it; `None` when nobody does.
fn knowing(alert: &Alert, policy: &Policy) -> Option<Audience> {
    let escalated = alert.escalation.as_ref().is_some_and(|known| !known.told.is_empty());
    match alert.notified.filter(|_| policy.tell) {
        Some(_) => Some(Audience::Everybody),
        None => escalated.then_some(Audience::Escalated),
    }
}

/// What a step ended that had kept the alert silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Lifted {
    /// The suppression by a window.
    pub window: bool,
    /// Its explanation by another alert.
    pub cause: bool,
}

/// Why this edge is told, or `None`. `alert` is as the whole step leaves it, but with `notified`
/// as it was before this edge.
#[must_use]
pub fn reason(alert: &Alert, edge: &Edge, lifted: Lifted, policy: &Policy) -> Option<Reason> {
    let speaks = alert.is_unhandled();
    match edge.kind {
        EdgeKind::Recovered if !policy.tell_recovery => None,
        EdgeKind::Recovered => knowing(alert, policy).map(|_| Reason::Recovered),
        _ if !speaks || !policy.tell => None,
        EdgeKind::AckExpired => Some(Reason::AckExpired),
        EdgeKind::Reminded => alert.notified.map(|_| Reason::Reminder),
        EdgeKind::WindowEnded => lifted.window.then_some(Reason::WindowEnded),
        EdgeKind::CauseEnded if lifted.cause => Some(Reason::CauseEnded),
        EdgeKind::FlappingStarted => Some(Reason::FlappingStarted),
        EdgeKind::FlappingStopped if alert.notified.is_some() => Some(Reason::FlappingStopped),
        EdgeKind::Unacknowledged if edge.actor.is_none() => None,
        EdgeKind::Fired | EdgeKind::Worse | EdgeKind::Better if alert.flapping.is_some() => None,
        EdgeKind::Fired
        | EdgeKind::Worse
        | EdgeKind::Better
        | EdgeKind::Unacknowledged
        | EdgeKind::CauseEnded
        | EdgeKind::FlappingStopped => match alert.notified {
            None => Some(Reason::First),
            Some(known) if edge.to.severity() > known.severity() => Some(Reason::Worse),
            Some(_) => None,
        },
        EdgeKind::Acknowledged
        | EdgeKind::WindowBegan
        | EdgeKind::CauseBegan
        | EdgeKind::Closed
        | EdgeKind::Commented
        | EdgeKind::Escalated
        | EdgeKind::Undone => None,
    }
}

/// The notice that somebody has it, for those who know of the problem.
#[must_use]
pub fn taken(alert: &Alert, edges: &[Edge], policy: &Policy) -> Option<Notice> {
    let speaks = alert.phase == Phase::Firing && !alert.suppressed;
    let to = knowing(alert, policy).filter(|_| speaks)?;
    let edge = edges.iter().rfind(|edge| edge.kind == EdgeKind::Acknowledged)?;
    Some(Notice { reason: Reason::Acknowledged, edge: edge.clone(), to })
}

/// The notices of one step's edges, in order; keeps `alert.notified`.
pub fn decide(alert: &mut Alert, edges: &[Edge], lifted: Lifted, policy: &Policy) -> Vec<Notice> {
    let mut notices: Vec<Notice> = Vec::new();
    for edge in edges {
        let Some(reason) = reason(alert, edge, lifted, policy) else { continue };
        let ended = matches!(reason, Reason::WindowEnded | Reason::CauseEnded);
        if ended && !notices.is_empty() {
            continue;
        }
        let mut to = Audience::Everybody;
        if reason == Reason::Recovered {
            to = knowing(alert, policy).unwrap_or(to);
        } else {
            alert.notified = Some(alert.notified.map_or(edge.to, |known| known.worst(edge.to)));
        }
        notices.push(Notice { reason, edge: edge.clone(), to });
    }
    notices
}
