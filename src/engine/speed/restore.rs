//! What an engine takes over from the one before it: tests that are not over, schedules with how they
//! stand, what was moved, which paths were seen.

use std::collections::HashMap;

use super::super::core::Core;
use super::super::paths::TestPath;
use super::traffic;
use crate::model::{
    Measured, Name, Now, SafeText, Schedule, ScheduleId, Span, Test, TestPhase, TestSpec, Timestamp,
};
use crate::protocol::LastMissed;
use crate::store::{Store, StoreError};

/// Most runs that were missed which are looked through for the last of each schedule.
const MISSED: u32 = 5000;
/// Most traces whose paths are remembered.
const TRACES: u32 = 1000;
/// How far back what was missed and seen counts.
const PAST: Span = Span::from_secs(31 * 86_400);

/// What the store knows.
pub(in crate::engine) struct Known {
    open: Vec<Test>,
    schedules: Vec<Schedule>,
    /// The last run of each schedule that is over.
    last: Vec<(ScheduleId, Test)>,
    /// Runs that were missed, the newest first.
    missed: Vec<Test>,
    /// The last trace of each vantage and target that no schedule asked for, whole.
    traces: Vec<Test>,
    traffic: traffic::Known,
}

impl Known {
    /// Reads it.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub(in crate::engine) async fn read(store: &Store, now: Timestamp) -> Result<Self, StoreError> {
        let schedules = store.schedules().await?;
        let mut last = Vec::new();
        for schedule in &schedules {
            last.extend(store.last_run(schedule.id).await?.map(|test| (schedule.id, test)));
        }
        Ok(Self {
            open: store.open_tests().await?,
            schedules,
            last,
            missed: store.missed_runs(now - PAST, MISSED).await?,
            traces: store.last_traces(now - PAST, TRACES).await?,
            traffic: traffic::Known::read(store, now).await?,
        })
    }
}

impl Core {
    /// Takes in what the store knows of tests and schedules; `alive` is when the engine before this
    /// one gave its last sign of life.
    pub(in crate::engine) fn restore_tests(
        &mut self,
        machine: &str,
        known: Known,
        alive: Option<Timestamp>,
        now: Now,
    ) {
        self.speed.own = Some(Name::from(machine));
        self.speed.turn = u64::try_from(now.wall.millis()).unwrap_or(0);
        self.speed.alive = alive;
        self.speed.traffic.restore(known.traffic);
        for test in &known.traces {
            if let (TestSpec::Trace(spec), Some(Measured::Trace(report))) =
                (&test.spec, test.result.as_deref())
            {
                let at = test.ended_at.unwrap_or(test.asked_at);
                self.paths.seen_by_test(&TestPath::of(&test.agent, spec), report, at);
            }
        }
        let mut missed: HashMap<ScheduleId, LastMissed> = HashMap::new();
        for test in &known.missed {
            if let Some(id) = test.schedule {
                missed.entry(id).or_insert_with(|| LastMissed::of(test));
            }
        }
        let mut last: HashMap<ScheduleId, Test> = known.last.into_iter().collect();
        for schedule in known.schedules {
            let (id, made) = (schedule.id, schedule.created_at);
            let before = last.remove(&id);
            // From the last moment on at which somebody certainly looked after it.
            let asked = known.open.iter().filter(|test| test.schedule == Some(id));
            let asked = asked.map(|test| test.asked_at).max();
            let over = before.as_ref().map(|test| match test.phase {
                TestPhase::Missed => test.ended_at.unwrap_or(test.asked_at),
                _ => test.asked_at,
            });
            let looked = [alive, asked, over].into_iter().flatten().max();
            let looked = looked.map_or(now.wall, |at| at.max(made).min(now.wall));
            let mut entry = self.scheduled(schedule, looked);
            entry.missed = missed.remove(&id);
            entry.unheard = before.as_ref().map_or(0, Test::missed_runs);
            if entry.aim.is_none() {
                let measured = before.as_ref().filter(|test| test.phase == TestPhase::Done);
                entry.aim = measured.map(|test| test.target.clone());
            }
            entry.last = before.map(Box::new);
            self.speed.schedules.insert(id, entry);
        }
        for mut test in known.open {
            let runs_elsewhere =
                !self.speed.is_own(&test.agent) && self.agents.get(&test.agent).is_some();
            if test.phase == TestPhase::Running && !runs_elsewhere {
                test.reason = SafeText::line("fluxnoc was stopped while the test ran");
                let test = self.close_lost(test, now);
                if let Some(entry) = test.schedule.and_then(|id| self.speed.schedules.get_mut(&id))
                {
                    entry.last = Some(Box::new(test.brief()));
                }
                continue;
            }
            let mut entry = self.opened(test);
            if entry.test.phase == TestPhase::Running {
                entry.told = Some(now.steady);
                let longest = Span::from_millis(entry.test.spec.longest_ms());
                entry.ends = Some(now.steady + longest);
            }
            self.speed.open.insert(entry.test.id, entry);
        }
    }
}
