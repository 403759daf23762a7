//! Paths that tests see: every change is an event, told to the schedule that asked for the trace.

use super::super::core::Core;
use super::super::paths::{Known, TestPath};
use crate::model::{Measured, Now, PathNews, Test, TestSpec};

impl Core {
    /// Looks whether a trace went another way than the one before it. With a schedule that counts for
    /// as many runs as breaches make an alert; after those the way is the usual one.
    pub(super) fn judge_path(&mut self, test: &mut Test, now: Now) {
        let (TestSpec::Trace(spec), Some(Measured::Trace(report))) =
            (&test.spec, test.result.as_deref())
        else {
            return;
        };
        let entry = test.schedule.and_then(|id| self.speed.schedules.get(&id));
        let key = entry.map(|entry| super::vantage::stand_in_key(&entry.schedule));
        let seen = match &key {
            Some(key) => self.paths.seen_by_schedule(key, report, now.wall),
            None => self.paths.seen_by_test(&TestPath::of(&test.agent, spec), report, now.wall),
        };
        let before = entry.and_then(|entry| entry.last.as_ref()?.path_change.clone());
        let runs = entry.map_or(1, |entry| entry.schedule.plan.consecutive_failures);
        test.path_change = match seen {
            Some(mut change) => {
                change.target = Some(test.target.clone());
                change.test = Some(test.id);
                let words = change.words();
                self.batch.paths.push(change);
                let known = key.as_ref().and_then(|key| self.paths.of_check(key));
                // It is as it was before anybody was told.
                let is_back = before.is_some() && known.is_some_and(Known::is_back);
                words.filter(|_| !is_back).map(|words| PathNews { words, runs: 1 })
            }
            None => before
                .filter(|before| before.runs < runs)
                .map(|before| PathNews { runs: before.runs + 1, ..before }),
        };
    }
}
