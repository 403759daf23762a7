//! Taking alerts and giving them back, and what is written beside them.

use std::collections::HashSet;

use super::super::batch::NewComment;
use super::super::core::Core;
use super::super::undo::{BeforeAck, BeforeComment};
use super::tally::Tally;
use crate::model::comment::COMMENT_LIMIT;
use crate::model::{Acknowledgement, Alert, AlertId, CheckKey, Comment, Name, SafeText};
use crate::protocol::command::TARGET_LIMIT;
use crate::protocol::{Outcome, Problem, Request, Target};
use crate::rules::alert::Input;

/// What a comment is written beside.
struct Beside {
    host: Name,
    check: Option<Name>,
    /// The place of the check.
    at: Option<usize>,
}

impl Core {
    /// Takes alerts; one that somebody has already is taken over, with the new words and end.
    pub(super) fn acknowledge(
        &mut self,
        request: &Request,
        targets: &[Target],
        ack: &Acknowledgement,
        notify: bool,
    ) -> Result<Outcome, Problem> {
        let now = self.clock.now();
        if ack.expires.is_some_and(|expires| expires <= now.wall) {
            return Err(Problem::invalid("`expires` is in the past"));
        }
        self.each_alert(request, targets, |core, at| {
            core.step(at, Input::Acknowledge { ack: ack.clone(), notify }, now);
            Ok(())
        })
    }

    pub(super) fn unacknowledge(
        &mut self,
        request: &Request,
        targets: &[Target],
    ) -> Result<Outcome, Problem> {
        let now = self.clock.now();
        let actor = request.actor.name();
        self.each_alert(request, targets, |core, at| {
            if core.alert_of(at).is_some_and(|alert| alert.ack.is_none()) {
                return Err("is not acknowledged".to_owned());
            }
            core.step(at, Input::Unacknowledge { actor: actor.clone() }, now);
            Ok(())
        })
    }

    /// Does something with the acknowledgement of each open alert of the targets, once each; a
    /// target without one is a failure.
    fn each_alert(
        &mut self,
        request: &Request,
        targets: &[Target],
        mut act: impl FnMut(&mut Self, usize) -> Result<(), String>,
    ) -> Result<Outcome, Problem> {
        some(targets)?;
        let mut tally = Tally::default();
        let mut seen = HashSet::new();
        for target in targets {
            let places = match self.alerts_of(target) {
                Ok(places) => places,
                Err(why) => {
                    tally.fail(&why);
                    continue;
                }
            };
            for at in places.into_iter().filter(|at| seen.insert(*at)) {
                let before = self.alert_of(at);
                if let Err(why) = act(self, at) {
                    tally.fail(&format!("{target} {why}"));
                    continue;
                }
                tally.done(1);
                if let (Some(before), Some(after)) = (before, self.alert_of(at)) {
                    self.before.acks.push(BeforeAck {
                        alert: before.id,
                        check: before.check,
                        before: before.ack,
                        after: after.ack,
                    });
                }
            }
        }
        tally.outcome(self.undo_until(request))
    }

    /// Writes a comment beside each target.
    pub(super) fn comment(
        &mut self,
        request: &Request,
        targets: &[Target],
        text: &str,
    ) -> Result<Outcome, Problem> {
        some(targets)?;
        let text = comment(text)?;
        if text.is_empty() {
            return Err(Problem::invalid("`text` is empty"));
        }
        let now = self.clock.now();
        let mut tally = Tally::default();
        let mut seen = HashSet::new();
        for target in targets {
            let beside = match self.beside(target) {
                Ok(beside) => beside,
                Err(why) => {
                    tally.fail(&why);
                    continue;
                }
            };
            if !seen.insert((beside.host.clone(), beside.check.clone())) {
                continue;
            }
            let alert = beside.at.and_then(|at| self.alert_of(at));
            let edge = alert.as_ref().is_some_and(|alert| alert.fired.is_some());
            if let Some(at) = beside.at {
                let (actor, text) = (request.actor.name(), text.clone());
                self.step(at, Input::Comment { actor, text }, now);
            }
            if let Some(alert) = alert.as_ref().filter(|_| edge) {
                let check = alert.check.clone();
                self.before.comments.push(BeforeComment { alert: alert.id, check });
            }
            self.before.commented += 1;
            tally.done(1);
            let comment = Comment {
                at: now.wall,
                host: beside.host,
                check: beside.check,
                alert: alert.map(|alert| alert.id),
                author: request.actor.name(),
                text: text.clone(),
            };
            self.batch.comments.push(NewComment { comment, edge, request: request.id });
        }
        tally.outcome(self.undo_until(request))
    }

    fn beside(&self, target: &Target) -> Result<Beside, String> {
        let of = |at: Option<usize>, key: &CheckKey| Beside {
            host: key.host.clone(),
            check: Some(key.name.clone()),
            at,
        };
        match target {
            Target::Host(name) => match self.table.host(name) {
                Some(host) => Ok(Beside { host: host.name.clone(), check: None, at: None }),
                None => Err(format!("there is no host `{name}`")),
            },
            Target::Check(key) => {
                let at = self.table.place(key).ok_or(format!("there is no check `{key}`"))?;
                Ok(of(Some(at), key))
            }
            Target::Alert(id) => {
                let open = self.world.alert(*id).ok_or(format!("there is no open alert {id}"))?;
                Ok(of(self.table.place(&open.check), &open.check))
            }
        }
    }

    /// Where the check of an open alert is, and the alert.
    pub(super) fn open_with(&self, id: AlertId) -> Result<(usize, Alert), String> {
        let known = self.world.alert(id).and_then(|alert| self.table.place(&alert.check));
        let open = known.and_then(|at| Some((at, self.alert_of(at)?)));
        let open = open.filter(|(_, alert)| alert.id == id);
        open.ok_or_else(|| format!("there is no open alert {id}"))
    }

    fn alerts_of(&self, target: &Target) -> Result<Vec<usize>, String> {
        let places = match target {
            Target::Alert(id) => return Ok(vec![self.open_with(*id)?.0]),
            Target::Host(name) => {
                let entry = self.world.host(name).ok_or(format!("there is no host `{name}`"))?;
                entry.checks.iter().filter_map(|row| self.table.place(&row.key)).collect()
            }
            Target::Check(key) => {
                vec![self.table.place(key).ok_or(format!("there is no check `{key}`"))?]
            }
        };
        let open: Vec<usize> =
            places.into_iter().filter(|at| self.alert_of(*at).is_some()).collect();
        if open.is_empty() { Err(format!("`{target}` has no open alert")) } else { Ok(open) }
    }
}

/// Checks the number of targets.
pub(super) fn some(targets: &[Target]) -> Result<(), Problem> {
    if targets.is_empty() || targets.len() > TARGET_LIMIT {
        return Err(Problem::invalid(format!("name 1 to {TARGET_LIMIT} targets")));
    }
    Ok(())
}

/// A comment of a length that is allowed.
pub(super) fn comment(text: &str) -> Result<SafeText, Problem> {
    if text.chars().count() > COMMENT_LIMIT {
        return Err(Problem::invalid(format!("a comment has at most {COMMENT_LIMIT} characters")));
    }
    Ok(SafeText::line(text.trim()))
}
