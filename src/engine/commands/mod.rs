//! What people and workers ask to be done: checked, staged, answered after the commit.

pub(super) mod accounts;
mod agents;
mod alerts;
mod checks;
mod escalate;
mod hold;
mod limits;
mod maintenance;
mod notifications;
mod operator;
pub(super) mod rules;
mod tally;
pub(super) mod test_notify;

use tokio::sync::oneshot;

use super::batch::{Audited, Redo};
use super::core::Core;
use super::undo::{Before, Telling};
use crate::config::RuleChange;
use crate::model::{Acknowledgement, PasswordHash};
use crate::protocol::work::Directives;
use crate::protocol::{Actor, Command, Expected, Outcome, Problem, Request};

pub(super) use tally::Tally;

type Reply = oneshot::Sender<Result<Outcome, Problem>>;

impl Core {
    /// Does a command that its actor may do.
    ///
    /// A command with a password comes twice, the second time with its hash.
    pub(super) async fn execute(
        &mut self,
        request: Request,
        expected: Option<Expected>,
        hash: Option<PasswordHash>,
        reply: Reply,
    ) {
        if let Some(answer) = self.at_once(&request, expected.as_ref()).await {
            let _ = reply.send(answer);
            return;
        }
        let now = self.clock.now();
        let (request, reply) = match hash {
            Some(_) => (request, reply),
            None => match self.hash_first(request, expected, reply) {
                Some(both) => both,
                None => return,
            },
        };
        self.before = Before::default();
        self.telling = match self.undo_until(&request) {
            Some(until) => Telling::Held { request: request.id, until, windows: false },
            None => Telling::Now,
        };
        let result = match &request.command {
            Command::Acknowledge { targets, comment, expires, sticky, notify } => {
                alerts::comment(comment).and_then(|comment| {
                    let ack = Acknowledgement {
                        author: request.actor.name(),
                        comment,
                        at: now.wall,
                        expires: *expires,
                        sticky: *sticky,
                    };
                    self.acknowledge(&request, targets, &ack, *notify)
                })
            }
            Command::Unacknowledge { targets } => self.unacknowledge(&request, targets),
            Command::Comment { targets, text } => self.comment(&request, targets, text),
            Command::AddMaintenance(_)
            | Command::EndMaintenance { .. }
            | Command::CancelMaintenance { .. }
            | Command::ExtendMaintenance { .. }
            | Command::EditMaintenance { .. } => self.maintenance(&request),
            Command::Undo { request: undone } => self.undo(&request, *undone).await,
            Command::Remember { key, value } => {
                self.remember_for(&request.actor, key, value.as_deref()).await
            }
            Command::Recheck { targets } => self.recheck(targets),
            Command::ResendNotifications { which } => self.redo(Redo::Resend, which).await,
            Command::DropNotifications { which } => self.redo(Redo::Drop, which).await,
            Command::HoldPaging { length, reason } => self.hold_paging(&request, *length, reason),
            Command::ResumePaging => self.resume_paging(&request),
            Command::Escalate { which } => self.escalate(&request, which),
            Command::Note { text } => self.note(&request, text),
            Command::SignOff { to } => self.sign_off(&request, to),
            Command::SaveRule { text, was } => {
                let (was, is) = (was.clone(), Some(text.clone()));
                self.change_rule(RuleChange { was, is }).await
            }
            Command::DeleteRule { was } => {
                self.change_rule(RuleChange { was: Some(was.clone()), is: None }).await
            }
            Command::AddUser { .. }
            | Command::EditUser { .. }
            | Command::RemoveUser { .. }
            | Command::ChangePassword { .. }
            | Command::Logout
            | Command::AddToken { .. }
            | Command::RevokeToken { .. } => self.accounts(&request, hash),
            Command::Enrol(enrolment) => self.enrol(&request, enrolment),
            Command::RemoveAgent { name } => self.remove_agent(name),
            Command::RunTest { agent, spec, wait } => {
                self.run_test(&request, agent.as_ref(), spec, *wait)
            }
            Command::CancelTest { id } => self.cancel_test(&request, *id),
            Command::AddSchedule { plan } => self.add_schedule(&request, plan),
            Command::EditSchedule { id, plan } => self.edit_schedule(&request, *id, plan),
            Command::RemoveSchedule { id } => self.remove_schedule(&request, *id),
            Command::RunSchedule { id } => self.run_schedule(&request, *id),
            Command::Reload => self.reload_configuration().await.map(done),
            Command::Stop => Ok(done(0)),
            Command::Look { stream, interest } => {
                let looked = self.look(*stream, interest.clone(), now.steady);
                let _ = reply.send(looked.map(|()| done(0)));
                return;
            }
            Command::TestNotify { name } => {
                let name = name.clone();
                return self.test_notify(request, &name, reply).await;
            }
            Command::Claim(_) | Command::Report(_) | Command::Beat(_) => {
                return self.work(request, reply).await;
            }
        };
        match result {
            Ok(outcome) => self.promise(request, outcome, reply).await,
            Err(problem) => {
                let _ = reply.send(Err(problem));
            }
        }
        self.telling = Telling::Now;
    }

    /// Does what a worker asks or tells.
    async fn work(&mut self, request: Request, reply: Reply) {
        let Request { actor, command, .. } = request;
        let Actor::Agent { name, .. } = &actor else {
            // Answered when it is in the batch: whoever waits for that may then move the clock.
            let answer = match command {
                Command::Claim(_) => self.claim(),
                Command::Report(report) => {
                    self.report(report);
                    Outcome::Directives(Directives::default())
                }
                _ => Outcome::Directives(Directives::default()),
            };
            let _ = reply.send(Ok(answer));
            return;
        };
        let done = match command {
            Command::Claim(claim) => self.claim_of(name, &claim, &actor),
            Command::Beat(beat) => self.beat_of(name, &beat, &actor),
            Command::Report(report) => self.report_of(name, report, &actor),
            _ => Err(Problem::internal("that is nothing that a worker asks")),
        };
        match done {
            // What is stored is said when it is stored.
            Ok(outcome) if self.batch.since.is_some() => {
                self.batch.replies.push((reply, outcome));
                if self.batch.urgent {
                    self.flush().await;
                }
            }
            done => {
                let _ = reply.send(done);
            }
        }
    }

    /// Answers after the commit, with the audit row in the same transaction.
    async fn promise(&mut self, request: Request, outcome: Outcome, reply: Reply) {
        self.touch(true);
        let before = std::mem::take(&mut self.before);
        if request.command.is_audited() && !self.storage_down {
            self.batch.audited.push(Audited {
                id: request.id,
                actor: request.actor.name(),
                command: request.command.name(),
                detail: serde_json::to_string(&request.command).unwrap_or_default(),
                outcome: outcome.kept(),
                before: before.json(),
                address: request.actor.address().cloned(),
                change: before.change.as_ref().map(ToString::to_string),
            });
        }
        self.batch.replies.push((reply, outcome));
        self.flush().await;
        self.rule_was_stored().await;
        match request.command {
            Command::Stop => self.stop.cancel(),
            Command::RunTest { .. } | Command::RunSchedule { .. } => {
                self.look_at_tests(self.clock.now());
                self.flush().await;
            }
            Command::AddMaintenance(_)
            | Command::EndMaintenance { .. }
            | Command::CancelMaintenance { .. }
            | Command::ExtendMaintenance { .. }
            | Command::EditMaintenance { .. }
            | Command::Undo { .. } => {
                if let Telling::Held { windows, .. } = &mut self.telling {
                    *windows = true;
                }
                self.look_at_windows(self.clock.now());
                self.flush().await;
            }
            _ => {}
        }
    }

    /// The answer to a request that is not carried out: it was done already, or it cannot be.
    async fn at_once(
        &self,
        request: &Request,
        expected: Option<&Expected>,
    ) -> Option<Result<Outcome, Problem>> {
        if let Some(outcome) = self.outcome_of(request).await {
            return Some(Ok(outcome));
        }
        if let Err(problem) = self.is_as(expected, &request.command) {
            return Some(Err(problem));
        }
        let refused = self.storage_down && needs_the_store(&request.command);
        refused.then(|| Err(Problem::unavailable("the store does not work; nothing was changed")))
    }

    /// Refuses what would change a thing that is not any more as whoever asks saw it. What is not
    /// there at all is the command's own affair.
    fn is_as(&self, expected: Option<&Expected>, command: &Command) -> Result<(), Problem> {
        let Some(expected) = expected else { return Ok(()) };
        match command {
            Command::EndMaintenance { id }
            | Command::CancelMaintenance { id }
            | Command::ExtendMaintenance { id, .. }
            | Command::EditMaintenance { id, .. } => {
                self.world.window(*id).map_or(Ok(()), |window| expected.holds_for(window))
            }
            Command::EditUser { name, .. } | Command::RemoveUser { name } => {
                let accounts = self.gate.accounts();
                accounts.user(name).map_or(Ok(()), |kept| expected.holds_for(&kept.user))
            }
            _ => Err(Problem::invalid("header If-Match: this changes nothing that has a version")),
        }
    }

    /// The outcome of a request that was done already.
    async fn outcome_of(&self, request: &Request) -> Option<Outcome> {
        if !request.command.is_audited() {
            return None;
        }
        if let Some(outcome) = self.remembered.get(&request.id) {
            return Some(outcome.clone());
        }
        let stored = self.store.remembered(request.id).await.ok()??;
        serde_json::from_str(&stored).ok()
    }
}

/// True for what would be done when the store works again, when it was staged while it does not.
const fn needs_the_store(command: &Command) -> bool {
    !matches!(
        command,
        Command::Look { .. }
            | Command::Claim(_)
            | Command::Report(_)
            | Command::Beat(_)
            | Command::Stop
    )
}

/// The outcome "done, so many".
pub(super) const fn done(count: usize) -> Outcome {
    Outcome::done(count)
}
