//! From a result to what it changes: verdict, attempts, alert, edges, notifications.
//!
//! Everything is decided by `rules`; this file only fetches what they need and puts what they say
//! into the batch.

use crate::model::{
    Alert, AlertId, Check, CheckKey, Kind, Known, Notification, Now, Observation, Policy, Reason,
    State, Status, Timestamp,
};
use crate::protocol::work::{Finding, Report};
use crate::protocol::{LiveTrace, TraceRequest};
use crate::rules::alert::{Input, Step};
use crate::rules::sight::{self, Sight};
use crate::rules::suppress::{self, Cover};
use crate::rules::{Verdict, alert, attempts, evaluate, gather};

use super::batch::Judged;
use super::core::Core;
use super::gathering::renewed_group;

impl Core {
    /// Takes a worker's report in. One that came before counts once: its answer may have been lost.
    pub(super) fn report(&mut self, report: Report) {
        let now = self.clock.now();
        let again = |(boot, seq): (u64, u64)| boot == report.boot && report.seq <= seq;
        if self.taken.is_some_and(again) {
            tracing::debug!(seq = report.seq, "a message of results came again and is not counted");
            return;
        }
        self.taken = Some((report.boot, report.seq));
        self.lag = Some((now.steady, report.lag));
        for trace in report.traces {
            self.take_frame(trace, now);
        }
        self.take_news(&None, report.tests, now);
        for mut finding in report.results {
            self.take_scrape(&mut finding);
            if !finding.sample {
                self.meters.pulse.result(now.steady);
            }
            if finding.sample { self.show_sample(finding) } else { self.receive(finding) }
        }
        self.follow_reach(self.clock.now());
    }

    /// Shows a frame of a live trace.
    pub(super) fn take_frame(&mut self, trace: LiveTrace, now: Now) {
        let request = TraceRequest { host: trace.host.clone(), spec: trace.request.clone() };
        if !self.feed.live_traces().contains(&request) {
            return;
        }
        if let Some(change) = self.paths.seen_live(&request, &trace.report, trace.at) {
            self.touch(false);
            self.batch.paths.push(change);
        }
        self.feed.trace(trace, now.steady);
    }

    pub(super) fn show_sample(&mut self, mut finding: Finding) {
        let now = self.clock.now();
        if let Some(slot) = self.table.place(&finding.check).and_then(|at| self.table.get(at)) {
            // Judged only for the ranges on its metrics; the verdict is not used.
            let _ = self.verdict(&slot.check, &mut finding.observation);
        }
        let live = crate::protocol::LiveCheck {
            check: finding.check,
            at: finding.at,
            next: None,
            observation: finding.observation,
        };
        self.feed.live(live, now.steady);
    }

    /// What an observation of a check means on its host.
    pub(super) fn verdict(&self, check: &Check, seen: &mut Observation) -> Verdict {
        let host = self.table.host(&check.key.host);
        let unreachable = host.map_or_else(Default::default, |host| host.unreachable);
        evaluate::evaluate(check, unreachable, seen)
    }

    /// Judges one result into the batch.
    pub(super) fn judge(&mut self, mut finding: Finding) {
        let now = self.clock.now();
        let Some(at) = self.table.place(&finding.check) else { return };
        let Some(slot) = self.table.get(at) else { return };
        if slot.generation != finding.generation || !slot.check.enabled {
            return;
        }
        let check = std::sync::Arc::clone(&slot.check);
        let verdict = self.verdict(&check, &mut finding.observation);
        self.meters.monitor.result(check.kind().word(), super::observe::label(verdict.state));
        self.run_began(at, finding.slot, now);
        let before = self.status_of(at);
        let sight = self.sight_for(at, &before, now);
        if sight != Sight::Clear && verdict.state.is_problem() {
            self.reach.unsure.insert(at);
        }
        let verdict = sight::through(&before, verdict, sight);
        let verdict = self.own_words(&check.key, verdict);
        let after =
            attempts::advance(&before, check.attempts, check.flapping, &verdict, finding.at);
        let after = sight::confirm(&before, after, sight);
        finding.observation.output = verdict.output;
        let changed = attempts::row_changed(&before, &after);
        self.touch(before.state != after.state);
        if let Some(report) = &finding.observation.trace {
            let change = self.paths.seen_by_check(&check.key, report, finding.at);
            self.batch.paths.extend(change);
        }
        self.judge_rules(at, &finding, now);
        self.batch.judged.push(Judged { at, finding, state: after.state, late: false });
        if changed {
            let soft = !after.hard;
            if soft || (!before.hard && !before.is_waiting()) {
                self.batch.directives.pace.push((check.key.clone(), soft));
            }
            self.set_status(at, &after, check.attempts, now);
        } else if before.flap != after.flap {
            // Kept for the next start; no list shows it.
            self.batch.statuses.insert(at, after.clone());
        } else if let Some(slot) = self.table.get_mut(at) {
            slot.status.last_result = after.last_result;
        }
        self.after_result(at, &before, &after, now);
    }

    /// The status of a check as the batch has it.
    pub(super) fn status_of(&self, at: usize) -> Status {
        let staged = self.batch.statuses.get(&at);
        let slot = self.table.get(at).map(|slot| &slot.status);
        staged.or(slot).cloned().unwrap_or_default()
    }

    /// The open alert of a check as the batch has it.
    pub(super) fn alert_of(&self, at: usize) -> Option<Alert> {
        match self.batch.alerts.get(&at) {
            Some(staged) => staged.clone(),
            None => self.table.get(at)?.alert.as_deref().cloned(),
        }
    }

    /// Puts a new status into the batch and lets the alert follow.
    pub(super) fn set_status(&mut self, at: usize, status: &Status, attempts: u32, now: Now) {
        let Some(key) = self.table.get(at).map(|slot| slot.check.key.clone()) else { return };
        // First, for the alert asks what its own check has heard.
        self.batch.statuses.insert(at, status.clone());
        self.step(at, Input::Status { check: &key, status, attempts }, now);
    }

    /// Runs the alert's state machine for one input and stages what it says.
    pub(super) fn step(&mut self, at: usize, input: Input<'_>, now: Now) {
        let Some(key) = self.table.get(at).map(|slot| slot.check.key.clone()) else { return };
        let before = self.alert_of(at);
        let mut cover = self.cover(&key, now.wall);
        self.add_reach(at, &mut cover, before.as_ref(), now);
        cover.held = self.is_held();
        let mint = || AlertId::from_parts(now.wall.millis(), rand::random());
        let (policy, moment) = (self.policy(at), self.moment(now));
        let step = alert::step(before.as_ref(), input, &cover, &policy, moment, mint);
        if step.alert == before && step.edges.is_empty() && step.dropped.is_none() {
            return;
        }
        self.cause_changed(at, before.as_ref(), step.alert.as_ref());
        let known = Known {
            notified: before.as_ref().and_then(|alert| alert.notified),
            told_at: before.as_ref().and_then(|alert| alert.told_at),
            telling: step.alert.as_ref().and_then(|alert| alert.told_at),
        };
        self.stage(at, step, known);
    }

    /// Which windows cover a check now.
    pub(super) fn cover(&self, check: &CheckKey, wall: Timestamp) -> Cover {
        suppress::cover(self.world.windows().map(AsRef::as_ref), check, wall)
    }

    /// How the alert of a check is told.
    pub(super) fn policy(&self, at: usize) -> Policy {
        let policy = self.table.get(at).map(|slot| slot.check.policy()).unwrap_or_default();
        let routes = self.routes.borrow();
        if routes.repeats.is_empty() && routes.escalations.is_empty() {
            return policy;
        }
        let list = self.table.get(at).and_then(|slot| slot.check.contact_list.as_deref());
        let re_alert = policy.re_alert.or_else(|| routes.repeat(list));
        Policy { re_alert, escalate: routes.escalation(list), ..policy }
    }

    /// True when a problem of this state means that the whole host cannot be reached.
    fn means_unreachable(&self, at: usize, state: State) -> bool {
        let Some(slot) = self.table.get(at).filter(|slot| slot.check.kind() == Kind::Ping) else {
            return false;
        };
        let host = self.table.host(&slot.check.key.host);
        state != State::Ok && host.is_some_and(|host| host.unreachable == state)
    }

    /// What an acknowledgement is renewed with that ran out.
    fn renewal_of(&mut self, at: usize, reason: Reason) -> Option<gather::Renewal> {
        if reason != Reason::AckExpired {
            return None;
        }
        let before = self.table.get(at).and_then(|slot| slot.alert.as_ref()?.ack.as_ref()?.expires);
        let ended = before.unwrap_or(self.clock.now().wall);
        let open = self.table.open().into_iter().filter_map(|at| self.table.get(at));
        let in_force = open.filter_map(|slot| slot.alert.as_deref());
        let speak = in_force.filter(|alert| alert.fired.is_some() && !alert.suppressed);
        let ends = speak.filter_map(|alert| alert.ack.as_ref()?.expires);
        let renewal = gather::renewal(self.renewal, ended, ends);
        self.renewal = Some(renewal);
        self.renewal
    }

    fn stage(&mut self, at: usize, step: Step, known: Known) {
        if !step.edges.is_empty() {
            self.touch(true);
        }
        for notice in &step.notices {
            let unreachable = self.means_unreachable(at, notice.edge.to);
            let renewal = self.renewal_of(at, notice.reason);
            for told in self.audience(at, &notice.to, step.alert.as_ref()) {
                let group =
                    renewal.as_ref().map_or(told.group.clone(), |own| Some(renewed_group(own)));
                for (destination, besides) in &told.to {
                    let notification = Notification::of(&notice.edge, notice.reason, destination);
                    let notification = match told.list.as_ref().filter(|_| *besides) {
                        Some(list) => notification.besides(list),
                        None => Notification { list: told.list.clone(), ..notification },
                    };
                    let goes = renewal
                        .map_or(notification.not_before, |own| own.goes(notification.not_before));
                    let group = group.clone();
                    let notification =
                        Notification { group, unreachable, not_before: goes, ..notification };
                    let promised = self.promised(notification, known);
                    self.batch.notifications.extend(promised);
                }
            }
        }
        self.batch.edges.extend(step.edges);
        self.batch.gone.extend(step.dropped);
        let open = match step.alert {
            Some(over) if !over.is_open() => {
                self.batch.resolved.push(over);
                None
            }
            open => open,
        };
        self.touch(false);
        self.batch.alerts.insert(at, open);
    }
}
