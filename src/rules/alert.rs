//! Alert life cycle: a pure state machine from statuses to episodes and their edges.
//!
//! In: the open alert so far, one [`Input`], how windows cover the check, the time.
//! Out: the alert after it, the edges to record, who must be told, and when to look again.
//! Never: reads a clock, touches the store, sends anything.
//!
//! | phase | input | after | edges |
//! |---|---|---|---|
//! | none | soft problem | Pending | |
//! | none, Pending | hard problem | Firing | fired (and acknowledged, when taken while pending) |
//! | Pending | OK, check removed | none, its id in `dropped` | |
//! | Pending | another soft problem | Pending; a non-sticky acknowledgement is gone | |
//! | Firing | another hard problem | Firing | unacknowledged when taken non-sticky; worse or better |
//! | Firing | OK | Resolved, the acknowledgement is gone | recovered |
//! | none, Pending, Firing | a problem or OK, and the check flaps | Firing, held open | fired (when it did not), `flapping_started` |
//! | Firing, flapping | another state | the same, in the worst state so far; an acknowledgement stays | worse or better |
//! | Firing, flapping | the check flaps no more | Firing, or Resolved when OK | `flapping_stopped` (and recovered) |
//! | Firing | check removed | Resolved in its last state | closed |
//! | Pending, Firing | acknowledge, unacknowledge | the same | acknowledged, unacknowledged (only Firing) |
//! | Pending, Firing | comment, undo | the same; undo puts the earlier acknowledgement back | commented, undone (only Firing) |
//! | Pending, Firing | now >= `expires` | the same, not acknowledged | `ack_expired` (only Firing) |
//! | Pending, Firing | what its host depends on gives no answer, or answers again: [`super::cause`] | the same | `cause_began`, `cause_ended` (only Firing) |
//! | Firing | a window (or its silence) begins or ends | the same | `window_began`, `window_ended` |
//! | Firing | a step of [`super::escalate`] is due, or sent by an operator | the same | escalated |
//! | Firing, told, nobody has it, no window silences it | the rule's `re_alert` has passed since it was told | the same | reminded |
//!
//! A pending alert has no edges: when it comes to nothing, nothing is kept. Every input also lets
//! time pass, in this order: acknowledgement's expiry, the input itself, windows, the cause. So an OK that
//! arrives at a window's end recovers, and is not told as "still bad".

use super::Moment;
use super::cause::{self, Turn};
use super::escalate;
use super::notify::{self, Audience, Lifted, Notice};
use super::suppress::Cover;
use crate::model::words::{plural, window as called};
use crate::model::{
    Acknowledgement, Alert, AlertId, CheckKey, Edge, EdgeKind, Escalation, Flapping, Phase, Policy,
    Reason, SafeText, State, Status, Timestamp,
};

/// What happened.
#[derive(Clone, Debug)]
pub enum Input<'a> {
    /// The check has a new status.
    Status {
        /// Which check.
        check: &'a CheckKey,
        /// Its status.
        status: &'a Status,
        /// How many problems in a row make it hard.
        attempts: u32,
    },
    /// Time passed, or windows changed.
    Tick,
    /// Somebody takes it.
    Acknowledge {
        /// Who, why, until when.
        ack: Acknowledgement,
        /// Whether those who know of the problem are told.
        notify: bool,
    },
    /// Somebody takes back what was just done with it.
    Undo {
        /// Who had it before.
        ack: Option<Acknowledgement>,
        /// Who takes it back.
        actor: SafeText,
        /// What, in words.
        text: SafeText,
    },
    /// Somebody wrote a comment.
    Comment {
        /// Who.
        actor: SafeText,
        /// What.
        text: SafeText,
    },
    /// Somebody gives it back.
    Unacknowledge {
        /// Who.
        actor: SafeText,
    },
    /// Somebody has the next step of its escalation sent.
    Escalate {
        /// Who.
        actor: SafeText,
    },
    /// Its check was removed or disabled.
    Removed {
        /// Why, in words.
        why: SafeText,
    },
}

/// What follows.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Step {
    /// The alert as it is now, the resolved one included; `None` when there is none.
    pub alert: Option<Alert>,
    /// A pending alert that came to nothing and is forgotten.
    pub dropped: Option<AlertId>,
    /// What to record, in order.
    pub edges: Vec<Edge>,
    /// What to tell, in order.
    pub notices: Vec<Notice>,
    /// When to call again with [`Input::Tick`], if nothing else happens before.
    pub wake_at: Option<Timestamp>,
}

/// One step. A resolved `alert` counts as none. `policy` says how it is told. `mint` is called at
/// most once, for a new episode.
pub fn step(
    alert: Option<&Alert>,
    input: Input<'_>,
    cover: &Cover,
    policy: &Policy,
    now: impl Into<Moment>,
    mint: impl FnOnce() -> AlertId,
) -> Step {
    let Moment { wall: now, line } = now.into();
    let open = alert.filter(|alert| alert.is_open()).cloned();
    let alert = match (&input, open) {
        (_, Some(alert)) => alert,
        (Input::Status { check, status, attempts }, None)
            if status.state.is_problem() && !status.is_waiting() =>
        {
            Alert::opened(mint(), check, status, *attempts, now)
        }
        (_, None) => return Step::default(),
    };
    let lifted = Lifted { window: alert.suppressed && !cover.suppressed, cause: false };
    let fired = alert.phase == Phase::Firing;
    let (edges, dropped, tell_ack) = (Vec::new(), false, false);
    let by = None;
    let mut run = Run { alert, edges, dropped, tell_ack, by, lifted, cover, policy, now, line };
    run.pass_time();
    match input {
        Input::Status { status, attempts, .. } => run.status(status, attempts),
        Input::Acknowledge { ack, notify } => {
            run.tell_ack = notify;
            run.acknowledge(ack);
        }
        Input::Undo { ack, actor, text } => run.undo(ack, actor, text),
        Input::Comment { actor, text } if run.is_firing() => {
            run.edge(EdgeKind::Commented, run.alert.state, text, Some(actor));
        }
        Input::Tick | Input::Comment { .. } => {}
        Input::Unacknowledge { actor } => run.unacknowledge(&actor),
        Input::Escalate { actor } => run.by = Some(actor),
        Input::Removed { why } => run.removed(why),
    }
    run.windows();
    run.cause(fired);
    run.finish()
}

/// When an alert is told again, on the engine's own scale of time; `None` while it is not firing,
/// nobody knows of it, somebody has it, or a window silences it.
#[must_use]
pub fn remind_at(alert: &Alert, policy: &Policy) -> Option<Timestamp> {
    let waits = policy.tell && alert.is_unhandled() && alert.notified.is_some();
    let told = alert.told_at.or(alert.fired).filter(|_| waits)?;
    Some(told + policy.re_alert?)
}

/// One step under way.
struct Run<'a> {
    alert: Alert,
    edges: Vec<Edge>,
    dropped: bool,
    tell_ack: bool,
    /// Who has the next step of the escalation sent.
    by: Option<SafeText>,
    lifted: Lifted,
    cover: &'a Cover,
    policy: &'a Policy,
    now: Timestamp,
    line: Timestamp,
}

impl Run<'_> {
    fn edge(&mut self, kind: EdgeKind, from: State, text: SafeText, actor: Option<SafeText>) {
        self.edge_to(kind, (from, self.alert.state), text, actor);
    }

    fn edge_to(
        &mut self,
        kind: EdgeKind,
        (from, to): (State, State),
        text: SafeText,
        actor: Option<SafeText>,
    ) {
        self.alert.edge_seq = self.alert.edge_seq.saturating_add(1);
        self.edges.push(Edge {
            alert: self.alert.id,
            check: self.alert.check.clone(),
            seq: self.alert.edge_seq,
            at: self.now,
            kind,
            from,
            to,
            text,
            actor,
            in_maintenance: self.cover.in_maintenance,
        });
    }

    fn is_firing(&self) -> bool {
        self.alert.phase == Phase::Firing
    }

    /// Windows mark a pending alert silently; an acknowledgement ends when its time has come.
    fn pass_time(&mut self) {
        if self.alert.phase == Phase::Pending {
            self.alert.in_maintenance = self.cover.in_maintenance;
            self.alert.suppressed = self.cover.suppressed;
        }
        let over = |ack: &Acknowledgement| ack.expires.is_some_and(|at| self.now >= at);
        if self.alert.ack.as_ref().is_some_and(over)
            && let Some(ack) = self.alert.ack.take()
            && self.is_firing()
        {
            let text = ack.ran_out(&self.alert.output);
            self.edge(EdgeKind::AckExpired, self.alert.state, text, None);
        }
    }

    fn status(&mut self, status: &Status, attempts: u32) {
        if status.is_waiting() {
            return;
        }
        if status.flap.active {
            return self.flap(status, attempts);
        }
        self.calm_down(status);
        if status.state == State::Ok {
            return self.recover(status);
        }
        // Not confirmed: a firing problem stays what it is.
        if self.is_firing() && !status.hard {
            return;
        }
        let from = self.alert.state;
        let changed = from != status.state;
        if changed {
            self.give_back_unless_sticky(status.state);
            self.alert.state = status.state;
            self.alert.since = status.since;
        }
        self.alert.output = status.output.clone();
        self.alert.attempt = status.attempt;
        self.alert.attempts = attempts;
        if !self.is_firing() {
            if status.hard {
                self.fire();
            }
        } else if changed {
            let worse = status.state.severity() > from.severity();
            let kind = if worse { EdgeKind::Worse } else { EdgeKind::Better };
            self.edge(kind, from, status.output.clone(), None);
        }
    }

    /// The check flaps: the alert is held open, whatever the result, and counts the changes.
    fn flap(&mut self, status: &Status, attempts: u32) {
        let problem = status.state.is_problem();
        if problem {
            self.alert.output = status.output.clone();
            self.alert.attempt = status.attempt;
            self.alert.attempts = attempts;
        }
        let Some(known) = self.alert.flapping else { return self.begin_to_flap(status) };
        if known.last == status.state {
            return;
        }
        let changes = known.changes.saturating_add(1);
        self.alert.flapping = Some(Flapping { changes, last: status.state, ..known });
        self.alert.state = self.alert.state.worst(status.state);
        let worse = status.state.severity() > known.last.severity();
        let kind = if worse { EdgeKind::Worse } else { EdgeKind::Better };
        self.edge_to(kind, (known.last, status.state), status.output.clone(), None);
    }

    fn begin_to_flap(&mut self, status: &Status) {
        let before = self.alert.state;
        if status.state.is_problem() && status.state != before {
            self.give_back_unless_sticky(status.state);
            self.alert.state = status.state;
            self.alert.since = status.since;
        }
        let from = self.alert.state;
        let flapping = Flapping { since: self.now, changes: 0, from, last: status.state };
        self.alert.flapping = Some(flapping);
        if !self.is_firing() {
            self.fire();
        }
        let text = SafeText::line(&format!("its state changes too often: {}", status.output));
        self.edge(EdgeKind::FlappingStarted, before, text, None);
    }

    /// The check flaps no more, or is no longer looked at for that.
    fn calm_down(&mut self, status: &Status) {
        let Some(flapping) = self.alert.flapping.take() else { return };
        if status.state.is_problem() {
            self.alert.state = flapping.from;
            if status.state != flapping.from {
                self.give_back_unless_sticky(status.state);
            }
            self.alert.state = status.state;
            self.alert.since = status.since;
        }
        let text =
            format!("after {} of state: {}", plural(flapping.changes, "change"), status.output);
        let states = (flapping.last, status.state);
        self.edge_to(EdgeKind::FlappingStopped, states, SafeText::line(&text), None);
    }

    fn give_back_unless_sticky(&mut self, to: State) {
        if self.alert.ack.as_ref().is_some_and(|ack| !ack.sticky)
            && let Some(ack) = self.alert.ack.take()
            && self.is_firing()
        {
            let from = self.alert.state;
            let text = format!("acknowledgement by {} ended: {from} became {to}", ack.author);
            self.edge(EdgeKind::Unacknowledged, from, SafeText::line(&text), None);
        }
    }

    fn fire(&mut self) {
        self.alert.phase = Phase::Firing;
        self.alert.fired = Some(self.now);
        let text = match self.cover.behind {
            0 => self.alert.output.clone(),
            1 => SafeText::line(&format!("{}; 1 host affected", self.alert.output)),
            behind => SafeText::line(&format!("{}; {behind} hosts affected", self.alert.output)),
        };
        self.edge(EdgeKind::Fired, State::Ok, text, None);
        if let Some(ack) = self.alert.ack.clone() {
            self.edge(EdgeKind::Acknowledged, self.alert.state, ack.comment, Some(ack.author));
        }
    }

    fn recover(&mut self, status: &Status) {
        let from = self.alert.state;
        let was_firing = self.is_firing();
        self.resolve();
        self.alert.state = State::Ok;
        self.alert.since = status.since;
        self.alert.attempt = 0;
        self.alert.output = status.output.clone();
        if was_firing {
            self.edge(EdgeKind::Recovered, from, status.output.clone(), None);
        }
    }

    fn removed(&mut self, why: SafeText) {
        let was_firing = self.is_firing();
        self.resolve();
        if was_firing {
            self.alert.output = why.clone();
            self.edge(EdgeKind::Closed, self.alert.state, why, None);
        }
    }

    fn resolve(&mut self) {
        self.dropped = self.alert.phase == Phase::Pending;
        self.alert.phase = Phase::Resolved;
        self.alert.resolved = Some(self.now);
        self.alert.ack = None;
        self.alert.flapping = None;
        self.alert.cause = None;
    }

    fn acknowledge(&mut self, ack: Acknowledgement) {
        if self.is_firing() {
            let (text, actor) = (ack.comment.clone(), Some(ack.author.clone()));
            self.edge(EdgeKind::Acknowledged, self.alert.state, text, actor);
        }
        self.alert.ack = Some(ack);
    }

    /// As it was before an operator's command; nobody is told, for nobody was.
    fn undo(&mut self, ack: Option<Acknowledgement>, actor: SafeText, text: SafeText) {
        self.alert.ack = ack;
        if self.is_firing() {
            self.edge(EdgeKind::Undone, self.alert.state, text, Some(actor));
        }
    }

    fn unacknowledge(&mut self, actor: &SafeText) {
        if let Some(ack) = self.alert.ack.take()
            && self.is_firing()
        {
            let text = SafeText::line(&format!("acknowledgement by {} taken back", ack.author));
            self.edge(EdgeKind::Unacknowledged, self.alert.state, text, Some(actor.clone()));
        }
    }

    /// Marks the alert with the windows of now. A change of the silence alone (one of two windows
    /// ended) is an edge too, because people may have to be told.
    fn windows(&mut self) {
        let before = (self.alert.in_maintenance, self.alert.suppressed);
        let after = (self.cover.in_maintenance, self.cover.suppressed);
        (self.alert.in_maintenance, self.alert.suppressed) = after;
        if !self.is_firing() || before == after {
            return;
        }
        let kind = if (before.0 && !after.0) || (before.1 && !after.1) {
            EdgeKind::WindowEnded
        } else {
            EdgeKind::WindowBegan
        };
        let verb = if kind == EdgeKind::WindowBegan { "began" } else { "ended" };
        let text = match &self.cover.window {
            _ if kind == EdgeKind::WindowEnded && after.0 => {
                "the silence of a window ended".to_owned()
            }
            Some(name) => format!("{} {verb}", called(name.as_str())),
            None => format!("the window {verb}"),
        };
        self.edge(kind, self.alert.state, SafeText::line(&text), None);
    }

    /// Lets the alert follow what is known of the way to its host.
    fn cause(&mut self, fired_before: bool) {
        if !self.alert.is_open() {
            return;
        }
        let seen = cause::Seen {
            reach: &self.cover.reach,
            began: self.cover.began,
            fired_before,
            firing: self.is_firing(),
            line: self.line,
        };
        let (after, turn) = cause::follow(self.alert.cause.as_ref(), seen);
        let before = std::mem::replace(&mut self.alert.cause, after);
        let Some(turn) = turn else { return };
        self.lifted.cause = turn == Turn::Still;
        let root = self.alert.cause.as_ref().or(before.as_ref());
        let (kind, text) = cause::said(turn, root, &self.alert.output);
        self.edge(kind, self.alert.state, SafeText::line(&text), None);
    }

    /// When it is told again; `None` while nobody must be.
    fn remind_at(&self) -> Option<Timestamp> {
        remind_at(&self.alert, self.policy)
    }

    /// Tells the next contact list, when its time has come or somebody has it told.
    fn escalate(&mut self) -> Option<Notice> {
        let by = self.by.take().filter(|_| self.is_firing());
        let now = Moment { wall: self.now, line: self.line };
        let told = escalate::advance(&mut self.alert, self.policy, self.cover.held, by, now)?;
        self.edge(EdgeKind::Escalated, self.alert.state, SafeText::line(&told.text), told.by);
        let edge = self.edges.last()?.clone();
        Some(Notice { reason: Reason::Escalation, edge, to: Audience::Step(told.to) })
    }

    fn finish(mut self) -> Step {
        if self.dropped {
            return Step { dropped: Some(self.alert.id), ..Step::default() };
        }
        let mut notices = notify::decide(&mut self.alert, &self.edges, self.lifted, self.policy);
        if self.tell_ack {
            notices.extend(notify::taken(&self.alert, &self.edges, self.policy));
        }
        if notices.is_empty() && self.remind_at().is_some_and(|at| at <= self.line) {
            let text = self.alert.output.clone();
            self.edge(EdgeKind::Reminded, self.alert.state, text, None);
            let edge = self.edges.last().cloned();
            let to = Audience::Contacts;
            notices.extend(edge.map(|edge| Notice { reason: Reason::Reminder, edge, to }));
        }
        if !notices.is_empty() {
            self.alert.told_at = Some(self.line);
        }
        notices.extend(self.escalate());
        let expires = self.alert.ack.as_ref().and_then(|ack| ack.expires);
        let remind = self.remind_at().map(|at| self.now + at.since(self.line));
        let doubt = cause::patience_ends(self.alert.cause.as_ref());
        let doubt = doubt.map(|at| self.now + at.since(self.line));
        let step = self.alert.escalation.as_ref().and_then(Escalation::due);
        let step = step.map(|at| self.now + at.since(self.line));
        let wakes = [expires, self.cover.changes_at, remind, doubt, step];
        let wake_at = wakes.into_iter().flatten().min();
        Step {
            wake_at: wake_at.filter(|_| self.alert.is_open()),
            alert: Some(self.alert),
            dropped: None,
            edges: self.edges,
            notices,
        }
    }
}

#[cfg(test)]
#[path = "alert_tests.rs"]
mod tests;
