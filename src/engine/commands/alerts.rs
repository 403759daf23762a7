//! Taking alerts and giving them back.

use super::super::core::Core;
use super::tally::Tally;
use crate::model::{Acknowledgement, SafeText, Timestamp};
use crate::protocol::{Actor, Outcome, Problem, Target};
use crate::rules::alert::Input;

/// Most targets of one command.
const TARGETS: usize = 10_000;
/// Longest comment, in characters.
const COMMENT: usize = 500;

impl Core {
    pub(super) fn acknowledge(
        &mut self,
        actor: &Actor,
        targets: &[Target],
        comment: &str,
        expires: Option<Timestamp>,
        sticky: bool,
    ) -> Result<Outcome, Problem> {
        let now = self.clock.now();
        if expires.is_some_and(|expires| expires <= now.wall) {
            return Err(Problem::invalid("`expires` is in the past"));
        }
        if comment.chars().count() > COMMENT {
            return Err(Problem::invalid(format!("a comment has at most {COMMENT} characters")));
        }
        let ack = Acknowledgement {
            author: actor.name(),
            comment: SafeText::line(comment),
            at: now.wall,
            expires,
            sticky,
        };
        self.each_alert(targets, |core, at| {
            core.step(at, Input::Acknowledge(ack.clone()), now);
            Ok(())
        })
    }

    pub(super) fn unacknowledge(
        &mut self,
        actor: &Actor,
        targets: &[Target],
    ) -> Result<Outcome, Problem> {
        let now = self.clock.now();
        let actor = actor.name();
        self.each_alert(targets, |core, at| {
            if core.alert_of(at).is_some_and(|alert| alert.ack.is_none()) {
                return Err("is not acknowledged".to_owned());
            }
            core.step(at, Input::Unacknowledge { actor: actor.clone() }, now);
            Ok(())
        })
    }

    /// Does something with each open alert of the targets; a target without one is a failure.
    fn each_alert(
        &mut self,
        targets: &[Target],
        mut act: impl FnMut(&mut Self, usize) -> Result<(), String>,
    ) -> Result<Outcome, Problem> {
        if targets.is_empty() || targets.len() > TARGETS {
            return Err(Problem::invalid(format!("name 1 to {TARGETS} targets")));
        }
        let mut tally = Tally::default();
        for target in targets {
            match self.alerts_of(target) {
                Ok(places) => {
                    for at in places {
                        match act(self, at) {
                            Ok(()) => tally.done(1),
                            Err(why) => tally.fail(&format!("{target} {why}")),
                        }
                    }
                }
                Err(why) => tally.fail(&why),
            }
        }
        tally.outcome(None)
    }

    fn alerts_of(&self, target: &Target) -> Result<Vec<usize>, String> {
        let places = match target {
            Target::Alert(id) => {
                let open = self.table.place_of_alert(*id);
                return open.map(|at| vec![at]).ok_or(format!("there is no open alert {id}"));
            }
            Target::Host(name) => {
                if self.table.host(name).is_none() {
                    return Err(format!("there is no host `{name}`"));
                }
                self.table.of_host(name)
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
