//! Holding paging: nobody is told of anything for a time, but of the hold itself.
//!
//! In: how long and why. Out: staged notices, and at the end what is to be told as one digest.
//! Never: keeps an alert from firing, or a notification from being promised.

use super::super::batch::Paging;
use super::super::core::Core;
use super::super::gathering::held_group;
use super::super::log;
use super::{alerts, done};
use crate::model::hold::{LONGEST, REASON_LIMIT};
use crate::model::{AlertId, Edge, Hold, Notification, Now, Reason, SafeText, Span};
use crate::protocol::{Outcome, Problem, Request};
use crate::rules::hold;

impl Core {
    /// Holds it from now on; while it is held already, with another end and reason.
    pub(super) fn hold_paging(
        &mut self,
        request: &Request,
        length: Span,
        reason: &str,
    ) -> Result<Outcome, Problem> {
        let now = self.clock.now();
        if length < Span::from_secs(1) || length > LONGEST {
            return Err(Problem::invalid(format!("paging is held for 1 s to {LONGEST}")));
        }
        let reason = alerts::comment(reason)?;
        if reason.is_empty() || reason.as_str().chars().count() > REASON_LIMIT {
            return Err(Problem::invalid(format!("`reason` has 1 to {REASON_LIMIT} characters")));
        }
        let (author, until) = (request.actor.name(), now.wall + length);
        let mut hold = match self.status.hold.clone() {
            Some(known) => Hold { author, reason, until, ..*known },
            None => Hold {
                id: AlertId::from_parts(now.wall.millis(), rand::random()),
                author,
                reason,
                since: now.wall,
                until,
                told: 0,
            },
        };
        let edge = hold::began(&mut hold, now.wall);
        let told = self.tell_of_hold(&edge, Reason::HoldBegan);
        self.batch.paging = Some(Paging::Held(Box::new(hold)));
        Ok(done(told))
    }

    /// Ends it before its time.
    pub(super) fn resume_paging(&mut self, request: &Request) -> Result<Outcome, Problem> {
        let now = self.clock.now();
        let Some(hold) = self.status.hold.clone() else {
            return Err(Problem::conflict("paging is not held"));
        };
        Ok(done(self.end_hold(*hold, Some(request.actor.name()), now)))
    }

    /// Ends it when its time is over.
    pub(in crate::engine) fn look_at_hold(&mut self, now: Now) {
        let over = self.status.hold.clone().filter(|hold| hold.until <= now.wall);
        let Some(hold) = over.filter(|_| !self.storage_down && self.batch.paging.is_none()) else {
            return;
        };
        self.touch(true);
        self.batch.noted.push(log::resumed(&hold).into());
        self.end_hold(*hold, None, now);
    }

    /// Stages the end: who is told, and that what waits becomes one digest.
    fn end_hold(&mut self, mut hold: Hold, by: Option<SafeText>, now: Now) -> usize {
        let edge = hold::ended(&mut hold, now.wall, by);
        let told = self.tell_of_hold(&edge, Reason::HoldEnded);
        self.batch.gather = Some(held_group(hold.id));
        self.batch.paging = Some(Paging::On);
        told
    }

    fn tell_of_hold(&mut self, edge: &Edge, reason: Reason) -> usize {
        let all = self.routes.borrow().all_destinations();
        let each = all.iter().map(|destination| Notification::of(edge, reason, destination));
        self.batch.notifications.extend(each);
        all.len()
    }
}
