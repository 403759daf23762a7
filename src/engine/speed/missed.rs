//! Runs of schedules that were not had: each is kept with its reason, once; those that were due in a
//! row while nobody looked are one entry with their number.

use super::super::core::Core;
use crate::model::{
    MissedRuns, Now, SafeText, Schedule, ScheduleId, Test, TestId, TestPhase, Timestamp,
};
use crate::protocol::LastMissed;
use crate::rules::passed::Passed;

impl Core {
    /// Keeps that runs of a schedule were due after `looked` and nobody asked for them.
    pub(super) fn miss_passed(
        &mut self,
        schedule: &Schedule,
        passed: &Passed,
        looked: Timestamp,
        now: Now,
    ) {
        let (Some(first), Ok(spec)) = (passed.first, schedule.plan.spec()) else { return };
        let (id, by) = (schedule.id, super::due::asker(schedule));
        let mut test = self.made_test(schedule.vantage.clone(), spec, Some(id), by, now);
        // In the order of when they were due, as every other.
        test.id = TestId::from_parts(first.millis(), rand::random());
        test.asked_at = first;
        test.in_maintenance = [first, passed.last]
            .into_iter()
            .all(|at| self.in_window(&test.agent, test.schedule, at));
        test.missed =
            Some(MissedRuns { runs: passed.runs, at_least: passed.at_least, until: passed.last });
        test.reason = SafeText::line(&self.why_passed(looked, now));
        let test = self.close_test(test, TestPhase::Missed, now);
        self.after_test(&test, test.missed_runs(), now);
    }

    fn why_passed(&self, looked: Timestamp, now: Now) -> String {
        let begun = self.begun.wall;
        if looked < begun {
            let since = self.speed.alive.unwrap_or(looked);
            return format!("fluxnoc was off from {since} to {begun}");
        }
        format!(
            "nothing was begun from {looked} to {}: the store was away, or the machine slept",
            now.wall
        )
    }

    /// A run that is due cannot be asked for. Those that follow each other with one reason are kept
    /// as one.
    pub(super) fn miss_at_once(&mut self, mut test: Test, why: &str, now: Now) {
        let why = SafeText::line(why);
        let entry = test.schedule.and_then(|id| self.speed.schedules.get(&id));
        let before = entry.and_then(|entry| entry.last.as_deref()).filter(|last| {
            last.phase == TestPhase::Missed
                && last.reason == why
                && last.in_maintenance == test.in_maintenance
        });
        if let Some(before) = before {
            let runs = before.missed_runs() + 1;
            let at_least = before.missed.is_some_and(|missed| missed.at_least);
            let until = test.asked_at;
            test = Test { missed: Some(MissedRuns { runs, at_least, until }), ..before.clone() };
        }
        test.reason = why;
        let test = self.close_test(test, TestPhase::Missed, now);
        self.after_test(&test, 1, now);
    }

    /// Remembers of a schedule that runs of it were missed.
    pub(super) fn note_missed(&mut self, id: ScheduleId, test: &Test, runs: u64) {
        if let Some(entry) = self.speed.schedules.get_mut(&id) {
            entry.missed = Some(LastMissed::of(test));
            entry.unheard = entry.unheard.saturating_add(runs);
        }
    }
}
