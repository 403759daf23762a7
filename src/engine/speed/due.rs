//! When schedules ask for their tests, and which of their runs were due while nobody looked.

use super::super::core::Core;
use crate::model::{Now, Plan, SafeText, Schedule, ScheduleId, Timestamp};
use crate::rules::due as times;
use crate::rules::passed::passed;

pub(super) use times::hash;

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

/// Who asks for the runs of a schedule.
pub(super) fn asker(schedule: &Schedule) -> SafeText {
    SafeText::line(&format!("schedule {}", schedule.plan.name))
}

impl Core {
    /// Asks for the tests of the schedules that are due, and keeps which runs were missed.
    pub(in crate::engine) fn ask_for_due(&mut self, now: Now) {
        let due: Vec<ScheduleId> = self
            .speed
            .schedules
            .iter()
            .filter(|(_, entry)| entry.next.is_some_and(|at| at <= now.wall))
            .map(|(id, _)| *id)
            .collect();
        for id in due {
            let Some(entry) = self.speed.schedules.get_mut(&id) else { continue };
            let looked = std::mem::replace(&mut entry.looked, now.wall);
            entry.next = next(id, &entry.schedule.plan, now.wall);
            let schedule = entry.schedule.clone();
            let times = times::Times::of(&schedule.plan, hash(id));
            // None when it is run again besides its times.
            let passed = times.ok().and_then(|times| passed(&times, looked, now.wall));
            if let Some(passed) = &passed {
                if passed.runs > 0 {
                    self.miss_passed(&schedule, passed, looked, now);
                }
                if !passed.runs_now {
                    continue;
                }
            }
            self.ask_for(&schedule, now);
        }
    }

    /// Asks for one run of a schedule.
    fn ask_for(&mut self, schedule: &Schedule, now: Now) {
        let id = schedule.id;
        let already = self.speed.open.values().any(|open| open.test.schedule == Some(id));
        let Ok(spec) = schedule.plan.spec() else { return };
        let test = match self.new_test(
            schedule.vantage.clone(),
            spec.clone(),
            Some(id),
            asker(schedule),
            now,
        ) {
            Ok(test) => test,
            Err(problem) => {
                let (vantage, by) = (schedule.vantage.clone(), asker(schedule));
                let test = self.made_test(vantage, spec, Some(id), by, now);
                self.miss_at_once(test, problem.message.as_str(), now);
                return;
            }
        };
        let bar = if already {
            Some("the run before it is not over".to_owned())
        } else {
            self.over_cap(&test, now.wall)
        };
        match bar {
            Some(why) => self.miss_at_once(test, &why, now),
            None => self.note_test(&test),
        }
    }
}
