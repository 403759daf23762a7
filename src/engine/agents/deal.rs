//! Which worker is told what: each gets what concerns its own checks.

use std::collections::HashMap;

use super::super::core::Core;
use crate::model::{CheckKey, Name, Now, Spec, Steady};
use crate::protocol::work::Directives;

/// A worker: the engine's own, or an agent.
pub(in crate::engine) type Worker = Option<Name>;

impl Core {
    /// The agent that runs a check; `None` for the engine's own worker.
    pub(in crate::engine) fn vantage(&self, key: &CheckKey) -> Worker {
        let slot = self.table.place(key).and_then(|at| self.table.get(at));
        slot.and_then(|slot| slot.check.agent.clone())
    }

    /// True when a worker runs the check: one that a rule made is judged here, and so is the one
    /// that stands for an agent.
    pub(in crate::engine) fn is_run(check: &crate::model::Check) -> bool {
        check.rule.is_none()
            && !matches!(&*check.spec, Spec::Agent | Spec::Schedule | Spec::Query(_))
    }

    /// Sends each worker its part.
    pub(in crate::engine) fn direct(&mut self, directives: Directives, now: Steady) {
        if directives.is_empty() {
            return;
        }
        let workers = self.feed.workers();
        if workers.is_empty() {
            return;
        }
        let mut parts: HashMap<Worker, Directives> =
            workers.iter().map(|worker| (worker.clone(), Directives::default())).collect();
        for assignment in directives.assign {
            if let Some(part) = parts.get_mut(&assignment.check.agent) {
                part.assign.push(assignment);
            }
        }
        for key in directives.drop {
            // Where it is run from now on it was assigned already, or is in a moment.
            let known = self.table.place(&key).is_some().then(|| self.vantage(&key));
            for (worker, part) in &mut parts {
                if known.as_ref() != Some(worker) {
                    part.drop.push(key.clone());
                }
            }
        }
        for key in directives.run_now {
            if let Some(part) = parts.get_mut(&self.vantage(&key)) {
                part.run_now.push(key);
            }
        }
        for (key, soft) in directives.pace {
            if let Some(part) = parts.get_mut(&self.vantage(&key)) {
                part.pace.push((key, soft));
            }
        }
        if let Some(keys) = directives.follow {
            for (worker, part) in &mut parts {
                let own = keys.iter().filter(|key| self.vantage(key) == *worker);
                part.follow = Some(own.cloned().collect());
            }
        }
        if let Some(traces) = directives.traces {
            for (worker, part) in &mut parts {
                let own = traces.iter().filter(|trace| {
                    let host = self.table.host(&trace.host);
                    host.and_then(|host| host.agent.clone()) == *worker
                });
                part.traces = Some(own.cloned().collect());
            }
        }
        for (worker, part) in parts {
            self.feed.direct(&worker, part, now);
        }
    }

    /// Tells an agent whether to start anything. What it does not run meanwhile is not late.
    pub(super) fn pause(&mut self, name: &Name, paused: bool, now: Now) {
        let directives = Directives { pause: Some(paused), ..Directives::default() };
        self.feed.direct(&Some(Name::clone(name)), directives, now.steady);
    }
}
