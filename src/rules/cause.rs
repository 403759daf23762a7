//! How an alert follows what is known of the way to its host: told later, by itself, or not at all.
//!
//! | cause so far | the host is | after | edge |
//! |---|---|---|---|
//! | none | up | none | |
//! | none | in doubt, and the alert fires just now | doubt | |
//! | none, doubt | down | down | `cause_began` (not when it fires with it) |
//! | doubt | in doubt, for less than [`PATIENCE`] | doubt | |
//! | doubt | up, or in doubt for longer | none: told as any other | `cause_ended` |
//! | down | down, because of another one | down | `cause_began` |
//! | down | up, in doubt | over | |
//! | over | down | down | |
//! | over | up, and the check was run since | none | `cause_ended`, told |
//! | over | not down, for [`PATIENCE`], whatever was heard | none | `cause_ended`, told |
//!
//! A pending alert follows silently: it is collapsed, or it is not. An alert that has been told
//! before is not held back by a doubt, and one that recovers is over whatever the cause.

use super::reach::Reach;
use crate::model::{Cause, CauseStage, EdgeKind, SafeText, Span, Timestamp};

/// How long an alert that fires waits for what its parents say, and for its own next result when
/// nothing explains it any more. Longer than a check with the usual attempts takes to be hard.
pub const PATIENCE: Span = Span::from_secs(120);

/// What an alert's cause is followed by.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// Whether its host can be reached.
    pub reach: &'a Reach,
    /// When the last run of its own check began, on the engine's own scale of time.
    pub began: Option<Timestamp>,
    /// It fires since an earlier step.
    pub fired_before: bool,
    /// It fires.
    pub firing: bool,
    /// The present moment, on the same scale.
    pub line: Timestamp,
}

/// What is worth an edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Another alert explains it now.
    Began,
    /// It is no longer held back; nobody had been told.
    Own,
    /// What explained it is over, and it is still there.
    Still,
}

/// The cause after a step, and what happened.
#[must_use]
pub fn follow(before: Option<&Cause>, seen: Seen<'_>) -> (Option<Cause>, Option<Turn>) {
    use CauseStage::{Doubt, Down, Over};
    let now = |check: &crate::model::CheckKey, stage| {
        Some(Cause { check: check.clone(), stage, at: seen.line })
    };
    if !seen.firing {
        return match (seen.reach, before) {
            (Reach::Down(check), Some(known)) if known.check == *check => {
                (Some(known.clone()), None)
            }
            (Reach::Down(check), _) => (now(check, Down), None),
            _ => (None, None),
        };
    }
    let Some(known) = before else {
        return match seen.reach {
            Reach::Up => (None, None),
            Reach::Doubt(_) if seen.fired_before => (None, None),
            Reach::Doubt(check) => (now(check, Doubt), None),
            Reach::Down(check) => (now(check, Down), seen.fired_before.then_some(Turn::Began)),
        };
    };
    let kept = || Some(known.clone());
    match (known.stage, seen.reach) {
        (Down | Over, Reach::Down(check)) if known.check == *check => {
            let back = known.stage == Over;
            (if back { now(check, Down) } else { kept() }, None)
        }
        (_, Reach::Down(check)) => (now(check, Down), Some(Turn::Began)),
        (Doubt, Reach::Doubt(check)) if seen.line < known.at + PATIENCE => {
            (Some(Cause { check: check.clone(), ..known.clone() }), None)
        }
        (Doubt, _) => (None, Some(Turn::Own)),
        (Down, _) => (now(&known.check, Over), None),
        (Over, Reach::Up) if seen.began >= Some(known.at) => (None, Some(Turn::Still)),
        // A check that is not run again must not keep it secret.
        (Over, _) if seen.line >= known.at + PATIENCE => (None, Some(Turn::Still)),
        (Over, _) => (kept(), None),
    }
}

/// The edge of a turn, and its text; `root` is what explains the alert, or did.
#[must_use]
pub fn said(turn: Turn, root: Option<&Cause>, output: &SafeText) -> (EdgeKind, String) {
    let root = root.map(|cause| cause.check.to_string()).unwrap_or_default();
    match turn {
        Turn::Began => (EdgeKind::CauseBegan, format!("{root} gives no answer, and explains it")),
        Turn::Own => (EdgeKind::CauseEnded, format!("{root} does not explain it")),
        Turn::Still => (
            EdgeKind::CauseEnded,
            format!("{root} explains it no more, and this is left: {output}"),
        ),
    }
}

/// When somebody is told whatever is heard.
#[must_use]
pub fn patience_ends(cause: Option<&Cause>) -> Option<Timestamp> {
    let cause = cause.filter(|cause| cause.stage != CauseStage::Down)?;
    Some(cause.at + PATIENCE)
}
