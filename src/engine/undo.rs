//! Taking back what an operator's command did: how things were before it, and putting them back.
//!
//! The image is written with the request's outcome. Row by row: what somebody or something else
//! changed since then stays as it is, and is listed with the reason.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::commands::Tally;
use super::core::Core;
use crate::model::{
    Acknowledgement, AlertId, CheckKey, Held, Known, Maintenance, MaintenanceId, Notification, Now,
    RequestId, SafeText, Span, Timestamp,
};
use crate::protocol::{Outcome, Problem, ProblemKind, Request, UNDO};
use crate::rules::alert::Input;

/// A promise waits a little longer than the chance to undo it, so that the two never meet.
const SLACK: Span = Span::from_secs(1);

/// An acknowledgement before and after a command.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct BeforeAck {
    pub alert: AlertId,
    pub check: CheckKey,
    pub before: Option<Acknowledgement>,
    pub after: Option<Acknowledgement>,
}

/// An alert that a comment was written beside.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct BeforeComment {
    pub alert: AlertId,
    pub check: CheckKey,
}

/// A window before and after a command; none is "there was none".
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct BeforeWindow {
    pub id: MaintenanceId,
    pub before: Option<Maintenance>,
    pub after: Option<Maintenance>,
}

/// How things were before a command.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Before {
    pub acks: Vec<BeforeAck>,
    pub comments: Vec<BeforeComment>,
    /// Comments that were written, beside an alert or not.
    pub commented: usize,
    pub windows: Vec<BeforeWindow>,
    /// What the command changes of accounts; told by the history, never undone.
    #[serde(skip)]
    pub change: Option<serde_json::Value>,
}

impl Before {
    const fn is_empty(&self) -> bool {
        self.acks.is_empty() && self.commented == 0 && self.windows.is_empty()
    }

    /// As it is stored; `None` when there is nothing to take back.
    pub(super) fn json(&self) -> Option<String> {
        if self.is_empty() { None } else { serde_json::to_string(self).ok() }
    }
}

/// How what is to be told is treated while a command is carried out.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Telling {
    /// What the engine finds is told at once.
    #[default]
    Now,
    /// What an operator did waits until it cannot be undone any more.
    Held {
        /// The request.
        request: RequestId,
        /// When its chance ends.
        until: Timestamp,
        /// The windows of this command are what ends now.
        windows: bool,
    },
    /// Something is undone: that a window ends is no news to those who know of the problem.
    Undoing,
}

impl Core {
    /// Until when a request that is being carried out can be undone.
    pub(super) fn undo_until(&self, request: &Request) -> Option<Timestamp> {
        request.command.is_undoable().then(|| self.clock.now().wall + UNDO)
    }

    /// Puts a promise where [`Telling`] says; `None` when nobody is told.
    pub(super) fn promised(
        &self,
        mut notification: Notification,
        known: Known,
    ) -> Option<Notification> {
        use crate::model::Reason;
        let by_window = notification.reason == Reason::WindowEnded;
        match self.telling {
            Telling::Held { request, until, windows }
                if notification.edge.actor.is_some() || (windows && by_window) =>
            {
                notification.not_before = until + SLACK;
                notification.held = Some(Held { request, known });
            }
            Telling::Undoing if by_window => {
                let severity = notification.edge.to.severity();
                if known.notified.is_some_and(|state| state.severity() >= severity) {
                    return None;
                }
            }
            _ => {}
        }
        Some(notification)
    }

    /// Takes back what a request did.
    pub(super) async fn undo(
        &mut self,
        request: &Request,
        undone: RequestId,
    ) -> Result<Outcome, Problem> {
        let now = self.clock.now();
        let failed = |error| Problem::unavailable(format!("cannot read: {error}"));
        let stored = self.store.before(undone).await.map_err(failed)?;
        let Some(stored) = stored else {
            return Err(Problem::not_found("there is no such request"));
        };
        if stored.actor != request.actor.name().as_str() {
            return Err(Problem::forbidden(format!("that was done by {}", stored.actor)));
        }
        let before = stored.json.and_then(|json| serde_json::from_str::<Before>(&json).ok());
        let Some(before) = before else {
            return Err(Problem::conflict("that is undone already, or cannot be undone"));
        };
        if now.wall >= stored.at + UNDO || now.wall < stored.at {
            let seconds = UNDO.millis() / 1000;
            return Err(Problem::conflict(format!("it was done more than {seconds} s ago")));
        }
        let held = self.store.held_notifications(undone, now.wall).await.map_err(failed)?;
        self.telling = Telling::Undoing;
        let mut tally = Tally::default();
        let actor = request.actor.name();
        for ack in before.acks.iter().rev() {
            match self.undo_ack(ack, &actor, now) {
                Ok(()) => tally.done(1),
                Err(why) => tally.fail(&format!("`{}` {why}", ack.check)),
            }
        }
        for beside in &before.comments {
            self.undo_comment(beside, &actor, now);
        }
        if before.commented > 0 {
            self.batch.comments_gone.push(undone);
            tally.done(before.commented);
        }
        for window in before.windows.iter().rev() {
            match self.undo_window(window) {
                Ok(()) => tally.done(1),
                Err(why) => tally.fail(&why),
            }
        }
        let outcome =
            tally.outcome(None).map_err(|why| Problem { kind: ProblemKind::Conflict, ..why })?;
        for promise in held.iter().rev() {
            self.forget_promise(&promise.notification);
        }
        self.batch.undone.push((undone, now.wall));
        Ok(outcome)
    }

    fn undo_ack(&mut self, ack: &BeforeAck, actor: &SafeText, now: Now) -> Result<(), String> {
        let at = self.table.place(&ack.check).ok_or("is gone")?;
        let Some(alert) = self.alert_of(at).filter(|alert| alert.id == ack.alert) else {
            return Err("is over meanwhile".to_owned());
        };
        if alert.ack != ack.after {
            return Err(match alert.ack {
                Some(other) => format!("was acknowledged by {} meanwhile", other.author),
                None => "is not acknowledged any more".to_owned(),
            });
        }
        let text = match (&ack.before, &ack.after) {
            (None, _) => "acknowledgement undone".to_owned(),
            (Some(before), None) => format!("acknowledged by {} again", before.author),
            (Some(before), Some(_)) => format!("acknowledgement of {} is back", before.author),
        };
        let text = SafeText::line(&text);
        self.step(at, Input::Undo { ack: ack.before.clone(), actor: actor.clone(), text }, now);
        Ok(())
    }

    fn undo_comment(&mut self, beside: &BeforeComment, actor: &SafeText, now: Now) {
        let Some(at) = self.table.place(&beside.check) else { return };
        let Some(alert) = self.alert_of(at).filter(|alert| alert.id == beside.alert) else {
            return;
        };
        let text = SafeText::line("comment taken back");
        self.step(at, Input::Undo { ack: alert.ack, actor: actor.clone(), text }, now);
    }

    fn undo_window(&mut self, window: &BeforeWindow) -> Result<(), String> {
        let known = self.world.window(window.id).map(Arc::as_ref);
        let same = match (known, &window.after) {
            (Some(known), Some(after)) => known.is_as_asked(after),
            (known, after) => known.is_none() && after.is_none(),
        };
        if !same {
            return Err(format!("window {} was changed meanwhile", window.id));
        }
        match &window.before {
            Some(before) => {
                let before = self.with_children(before.clone());
                self.batch.windows.push(before);
            }
            None => self.batch.windows_gone.push(window.id),
        }
        Ok(())
    }

    /// Nobody is told of it, so nobody knows.
    fn forget_promise(&mut self, promise: &Notification) {
        let (Some(held), Some(at)) = (&promise.held, self.table.place(&promise.edge.check)) else {
            return;
        };
        let Some(mut alert) = self.alert_of(at).filter(|alert| alert.id == promise.alert) else {
            return;
        };
        let Known { notified, told_at, telling } = held.known;
        let before = (alert.notified, alert.told_at);
        if alert.notified == Some(notified.map_or(promise.edge.to, |k| k.worst(promise.edge.to))) {
            alert.notified = notified;
        }
        // Otherwise somebody was told of something else since then.
        if alert.told_at == telling {
            alert.told_at = told_at;
        }
        if before != (alert.notified, alert.told_at) {
            self.batch.alerts.insert(at, Some(alert));
        }
    }
}
