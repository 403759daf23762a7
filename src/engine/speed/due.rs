//! When schedules ask for their tests.

use super::super::core::Core;
use crate::model::{Now, Plan, SafeText, ScheduleId, TestPhase, Timestamp};
use crate::rules::due as times;

/// The number that spreads schedules of one interval.
pub(super) fn hash(id: ScheduleId) -> u64 {
    crate::model::hash::fnv1a(id.to_string().as_bytes())
}

/// Until when a run that is due may wait for its turn before its time has passed.
pub(super) fn last_moment(id: ScheduleId, plan: &Plan, due: Timestamp) -> Timestamp {
    times::Times::of(plan, hash(id)).map_or(due, |times| times.last_moment(due))
}

/// Whether a plan has times.
///
/// # Errors
/// A sentence that names the field.
pub(super) fn check(plan: &Plan) -> Result<(), String> {
    times::Times::of(plan, 0).map(drop)
}

/// When a schedule is due next, strictly after a moment.
pub(super) fn next(id: ScheduleId, plan: &Plan, after: Timestamp) -> Option<Timestamp> {
    if plan.paused {
        return None;
    }
    let times = times::Times::of(plan, hash(id)).ok()?;
    times.next(after)
}

impl Core {
    /// Asks for the tests of the schedules that are due.
    pub(super) fn ask_for_due(&mut self, now: Now) {
        let due: Vec<ScheduleId> = self
            .speed
            .schedules
            .iter()
            .filter(|(_, entry)| entry.next.is_some_and(|at| at <= now.wall))
            .map(|(id, _)| *id)
            .collect();
        for id in due {
            let Some(entry) = self.speed.schedules.get_mut(&id) else { continue };
            // Whatever was passed over while nothing ran is not made up for.
            entry.next = next(id, &entry.schedule.plan, now.wall);
            let schedule = entry.schedule.clone();
            let already = self.speed.open.values().any(|open| open.test.schedule == Some(id));
            let by = SafeText::line(&format!("schedule {}", schedule.plan.name));
            let Ok(spec) = schedule.plan.spec() else { continue };
            match self.new_test(schedule.vantage.clone(), spec, Some(id), by, now) {
                Ok(mut test) if already => {
                    test.phase = TestPhase::Missed;
                    test.ended_at = Some(now.wall);
                    test.reason = SafeText::line("the run before it is not over");
                    self.note_test(&test);
                    self.after_test(&test, now);
                }
                Ok(test) => self.note_test(&test),
                Err(problem) => {
                    tracing::warn!(schedule = %schedule.plan.name, %problem, "a run is left out");
                }
            }
        }
    }
}
