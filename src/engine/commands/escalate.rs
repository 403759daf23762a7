//! Sending the next step of an escalation now, by an operator.
//!
//! In: alerts, each with the number of the step that the operator saw to be next. Out: staged edges
//! and notifications. Never: sends another step than the one that was seen.

use std::collections::HashSet;

use super::super::core::Core;
use super::tally::Tally;
use crate::model::Phase;
use crate::protocol::command::{EscalateOne, TARGET_LIMIT};
use crate::protocol::{Outcome, Problem, Request};
use crate::rules::alert::Input;

impl Core {
    /// Sends the next step of each alert.
    pub(super) fn escalate(
        &mut self,
        request: &Request,
        which: &[EscalateOne],
    ) -> Result<Outcome, Problem> {
        if which.is_empty() || which.len() > TARGET_LIMIT {
            return Err(Problem::invalid(format!("name 1 to {TARGET_LIMIT} alerts")));
        }
        if self.is_held() {
            return Err(Problem::conflict(
                "paging is held, so nobody would be told; `:resume paging` ends that",
            ));
        }
        let mut tally = Tally::default();
        let mut seen = HashSet::new();
        for one in which.iter().filter(|one| seen.insert(one.alert)) {
            match self.escalate_one(request, *one) {
                Ok(()) => tally.done(1),
                Err(why) => tally.fail(&why),
            }
        }
        tally.outcome(None)
    }

    fn escalate_one(&mut self, request: &Request, one: EscalateOne) -> Result<(), String> {
        let (at, alert) = self.open_with(one.alert)?;
        let check = &alert.check;
        if alert.phase != Phase::Firing {
            return Err(format!("{check} is not confirmed yet"));
        }
        let Some(escalation) = &alert.escalation else {
            return Err(format!("{check} has no steps: its contact list names none"));
        };
        match &escalation.next {
            None => Err(format!("{check} has no further step: all were told")),
            Some(next) if next.step != one.step => {
                let told = escalation.told.last().map(|last| last.to.to_string());
                let told = told.unwrap_or_else(|| "nobody".to_owned());
                Err(format!("{check} is at {} now: {told} was told last", next.words()))
            }
            Some(_) => {
                let actor = request.actor.name();
                self.step(at, Input::Escalate { actor }, self.clock.now());
                Ok(())
            }
        }
    }
}
