//! Handovers: gathers what `rules::handover` needs from the World and the store, and keeps the duty
//! log: notes, sign-offs, and when the engine was off or blind.

use super::core::Core;
use super::queries::{Reply, read};
use crate::model::handover::{NAME_LIMIT, NOTE_LIMIT};
use crate::model::{Duty, DutyKind, Handover, SafeText, Span, Timestamp};
use crate::protocol::{Answer, Outcome, Problem, Request};
use crate::rules::handover::{Facts, KINDS, assemble, begin};

/// Most edges of a kind that are looked through.
const LOOK: usize = 5_000;
/// The longest time that a handover tells of.
const LONGEST: Span = Span::from_secs(31 * 86_400);

/// A change of the duty log.
#[derive(Clone, Debug)]
pub enum DutyChange {
    /// Something is written down.
    Entry(Duty),
    /// The engine sees again since then.
    Sees(Timestamp),
}

impl Core {
    /// Writes a note for the next ones.
    pub(super) fn note(&mut self, request: &Request, text: &str) -> Result<Outcome, Problem> {
        self.write_down(request, DutyKind::Note, "text", text, NOTE_LIMIT)
    }

    /// Writes down who takes over; the next handover begins here.
    pub(super) fn sign_off(&mut self, request: &Request, to: &str) -> Result<Outcome, Problem> {
        self.write_down(request, DutyKind::SignOff, "to", to, NAME_LIMIT)
    }

    fn write_down(
        &mut self,
        request: &Request,
        kind: DutyKind,
        field: &str,
        text: &str,
        most: usize,
    ) -> Result<Outcome, Problem> {
        let long = text.chars().count() > most;
        let text = SafeText::line(text.trim());
        if long || text.is_empty() {
            return Err(Problem::invalid(format!("`{field}` has 1 to {most} characters")));
        }
        let (at, author) = (self.clock.now().wall, Some(request.actor.name()));
        let duty = Duty { at, until: None, kind, author, text };
        self.batch.duty.push(DutyChange::Entry(duty));
        Ok(Outcome::done(1))
    }

    /// The engine was off: what is known of its last sign of life, when that is worth saying.
    pub(super) fn was_off(&mut self, alive: Option<Timestamp>, now: Timestamp) {
        let Some(alive) = alive else { return };
        // What was blind then saw nothing until its end; whether this one sees is found anew.
        self.batch.duty.push(DutyChange::Sees(alive));
        if now.since(alive) >= super::WORTH_SAYING {
            let text = SafeText::empty();
            let (until, kind) = (Some(now), DutyKind::Off);
            let duty = Duty { at: alive, until, kind, author: None, text };
            self.batch.duty.push(DutyChange::Entry(duty));
        }
        self.touch(false);
    }

    /// The engine sees nothing from now on, or sees again.
    pub(super) fn blind(&mut self, blind: bool, now: Timestamp) {
        self.batch.duty.push(if blind {
            let (kind, text) = (DutyKind::Blind, SafeText::empty());
            DutyChange::Entry(Duty { at: now, until: None, kind, author: None, text })
        } else {
            DutyChange::Sees(now)
        });
        self.touch(false);
    }

    /// Answers with a handover; `shift` is when the present shift and the one before it began.
    pub(super) fn handover(
        &self,
        since: Option<Timestamp>,
        shift: Option<(Timestamp, Timestamp)>,
        reply: Reply,
    ) {
        let now = self.clock.now().wall;
        if since.is_some_and(|since| since > now) {
            let _ = reply.send(Err(Problem::invalid("`since` is in the future")));
            return;
        }
        let alerts: Vec<_> = self.world.open_alerts().cloned().collect();
        let windows: Vec<_> = self.world.windows().filter(|w| w.is_active(now)).cloned().collect();
        let (store, machine) = (self.store.clone(), self.status.host.clone());
        read(reply, async move {
            let signed_off = store.last_sign_off().await?;
            let (from, since) = begin(since, shift, signed_off.as_ref().map(|duty| duty.at), now);
            let from = from.max(now - LONGEST);
            let mut edges = Vec::new();
            let mut cut = false;
            for kind in KINDS {
                let found = store.edges_of(kind, from, LOOK).await?;
                cut |= found.len() == LOOK;
                edges.extend(found);
            }
            let duty = store.duty(from).await?;
            let alerts: Vec<_> = alerts.iter().map(AsRef::as_ref).collect();
            let windows: Vec<_> = windows.iter().map(AsRef::as_ref).collect();
            let facts =
                Facts { edges: &edges, alerts: &alerts, windows: &windows, duty: &duty, from, now };
            let parts = assemble(&facts);
            let on_duty = signed_off.map(|duty| duty.text);
            let handover = Handover { machine, from, to: now, since, on_duty, cut, parts };
            Ok(Answer::Handover(Box::new(handover)))
        });
    }
}
