//! Running checks now, looking at them, and handing them to the worker.

use super::super::agents::Worker;
use super::super::core::Core;
use super::super::sync::assignment;
use super::tally::Tally;
use crate::model::Steady;
use crate::protocol::event::Interest;
use crate::protocol::work::Assignment;
use crate::protocol::{Event, LiveCheck, Outcome, Problem, Target};

impl Core {
    pub(super) fn recheck(&mut self, targets: &[Target]) -> Result<Outcome, Problem> {
        let mut keys = Vec::new();
        super::alerts::some(targets)?;
        let mut tally = Tally::default();
        for target in targets {
            let places = match target {
                Target::Host(name) => self.table.of_host(name),
                Target::Check(key) => self.table.place(key).into_iter().collect(),
                Target::Alert(id) => self.table.place_of_alert(*id).into_iter().collect(),
            };
            let enabled = places.iter().filter_map(|at| self.table.get(*at));
            let enabled = enabled.filter(|slot| slot.check.enabled);
            let before = keys.len();
            keys.extend(enabled.map(|slot| slot.check.source()));
            if keys.len() == before {
                tally.fail(&format!("`{target}` has no check that runs"));
            }
        }
        keys.sort();
        keys.dedup();
        tally.done(keys.len());
        let outcome = tally.outcome(None)?;
        self.batch.directives.run_now.extend(keys);
        Ok(outcome)
    }

    pub(super) fn claim(&mut self) -> Outcome {
        let assignments = self.assignments(&None);
        Outcome::Assigned { generation: self.generation, assignments, life: 0, pause: false }
    }

    /// All that a worker runs; each gets its time from now.
    pub(in crate::engine) fn assignments(&mut self, worker: &Worker) -> Vec<Assignment> {
        let now = self.clock.now().steady;
        let mut assignments = Vec::new();
        let places: Vec<usize> = self.table.iter().map(|(at, _)| at).collect();
        for at in places {
            if let Some(slot) = self.table.get_mut(at) {
                let source = &slot.check.agent;
                if source == worker {
                    slot.expected_since = now;
                }
                if source == worker && Self::is_run(&slot.check) {
                    assignments.push(assignment(slot));
                }
            }
        }
        assignments
    }

    pub(super) fn look(
        &mut self,
        stream: u64,
        interest: Interest,
        now: Steady,
    ) -> Result<(), Problem> {
        let Interest { checks, rows, .. } = interest.clone();
        let before = self.feed.look(stream, interest, now)?;
        // Of rows, which come and go by the screenful, only what is new on it.
        for key in checks.into_iter().chain(rows.into_iter().filter(|key| !before.has(key))) {
            let Some(slot) = self.table.place(&key).and_then(|at| self.table.get(at)) else {
                continue;
            };
            if let (Some(last), Some(observation)) = (&slot.last, slot.last_observation()) {
                let live = LiveCheck { check: key, at: last.at, next: None, observation };
                self.feed.tell_one(stream, Event::Live(std::sync::Arc::new(live)), now);
            }
        }
        self.direct_worker(now);
        Ok(())
    }
}
