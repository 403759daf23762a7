//! Has what a window hides run again before the window ends, so that the edges at its end tell what
//! is true then (SPEC D-04, FAULTS I21). When is decided by `rules::suppress`; nothing is judged
//! here.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::model::{CheckKey, Maintenance, MaintenanceId, Now, Timestamp};
use crate::protocol::work::Directives;
use crate::rules::suppress;

use super::core::Core;

/// How many checks are asked for at one tick: a window over everything ends without a burst.
const AT_ONCE: usize = 500;

/// A window that is about to end, with the checks that still have to run, the soonest first.
pub struct Closing {
    id: MaintenanceId,
    end: Timestamp,
    due: VecDeque<(Timestamp, CheckKey)>,
}

impl Core {
    /// Asks for what is due.
    pub(super) fn recheck_before_ends(&mut self, now: Now) {
        if self.storage_down {
            return;
        }
        let ending: Vec<Arc<Maintenance>> = self
            .world
            .windows()
            .filter(|w| w.suppress_notifications && w.is_active(now.wall))
            .filter(|w| w.end - suppress::LEAD <= now.wall)
            .cloned()
            .collect();
        let mut closing = std::mem::take(&mut self.closing);
        closing.retain(|one| ending.iter().any(|w| (w.id, w.end) == (one.id, one.end)));
        for window in &ending {
            if !closing.iter().any(|one| one.id == window.id) {
                closing.push(self.closing_of(window));
            }
        }
        let mut run_now = Vec::new();
        for one in &mut closing {
            while let Some((due, key)) = one.due.pop_front_if(|(due, _)| *due <= now.wall) {
                if self.has_no_result_since(&key, due) {
                    run_now.push(key);
                }
                if run_now.len() >= AT_ONCE {
                    break;
                }
            }
        }
        self.closing = closing;
        if !run_now.is_empty() {
            self.direct(Directives { run_now, ..Directives::default() }, now.steady);
        }
    }

    /// The checks that are told of again when the window ends.
    fn closing_of(&self, window: &Maintenance) -> Closing {
        let others = || self.world.windows().filter(|w| w.suppress_notifications);
        let mut due: Vec<(CheckKey, Timestamp)> = self
            .table
            .iter()
            .map(|(_, slot)| &slot.check)
            .filter(|check| check.enabled && window.names(&check.key.host, &check.key.name))
            .filter(|check| {
                !others().any(|w| w.covers(&check.key.host, &check.key.name, window.end))
            })
            // What a rule made runs nowhere: the check runs that it judges.
            .filter_map(|check| self.table.place(&check.source()))
            .filter_map(|at| self.table.get(at))
            .map(|slot| (slot.check.key.clone(), suppress::recheck_at(window, &slot.check)))
            .collect();
        due.sort();
        due.dedup();
        let mut due: Vec<(Timestamp, CheckKey)> =
            due.into_iter().map(|(key, at)| (at, key)).collect();
        due.sort();
        Closing { id: window.id, end: window.end, due: due.into() }
    }

    fn has_no_result_since(&self, key: &CheckKey, since: Timestamp) -> bool {
        let slot = self.table.place(key).and_then(|at| self.table.get(at));
        slot.filter(|slot| slot.check.enabled)
            .is_some_and(|slot| slot.last.as_ref().is_none_or(|last| last.at < since))
    }
}
