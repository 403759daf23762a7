//! Network tests: what waits, what runs where, what became of it; and the schedules that ask for
//! them (SPEC FS-01, FS-27, D-26).
//!
//! In: commands, news of the workers, the time. Out: orders for the workers, rows for the store,
//! events, and a result for the check that stands for each schedule.
//! Never: measures; believes a vantage about a test that it was not told to run; loses one that was
//! asked for.

mod baselines;
mod due;
mod news;
mod pick;
mod report;
mod schedules;
mod start;
mod vantage;
mod views;

pub(super) use vantage::is_stand_in;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::agents::Worker;
use super::batch::Batch;
use super::core::Core;
use crate::model::{
    Name, NamedTarget, Networks, Now, SafeText, Schedule, ScheduleId, Sla, Span, SpeedTarget,
    Steady, Test, TestId, TestOrder, TestPhase, Timestamp,
};
use crate::protocol::Event;
use crate::protocol::work::Directives;

/// Most tests that wait or run at once.
pub(super) const OPEN: usize = 1000;
/// Most schedules.
pub(super) const SCHEDULES: usize = 2000;
/// How long a test that a person asked for waits for its turn.
const PATIENCE: Span = Span::from_secs(3600);

/// A test that is not over.
#[derive(Debug)]
pub(super) struct Open {
    pub test: Test,
    /// Where it may go.
    pub targets: Vec<SpeedTarget>,
    /// The link that it loads.
    pub link: Option<String>,
    /// Not before, because its target was busy.
    pub not_before: Option<Steady>,
    /// When it is given up if it could not begin.
    pub until: Timestamp,
    /// Asked for by a person: before what is scheduled.
    pub person: bool,
    /// When its vantage was told to run it.
    pub told: Option<Steady>,
    /// By when a test that runs must be over.
    pub ends: Option<Steady>,
    /// How often its target was busy.
    pub tries: u32,
}

/// A schedule, with what is known of its runs.
#[derive(Debug)]
pub(super) struct Scheduled {
    pub schedule: Schedule,
    /// When it is due next.
    pub next: Option<Timestamp>,
    /// Its last run that is over.
    pub last: Option<Box<Test>>,
    /// Whether its last runs broke a limit, the newest last.
    pub recent: Vec<bool>,
    pub baselines: crate::model::Baselines,
    /// When that was calculated.
    pub calculated: Option<Timestamp>,
}

/// All tests and schedules.
#[derive(Debug, Default)]
pub struct Speed {
    /// The name of the server's own vantage.
    pub(super) own: Option<Name>,
    pub(super) targets: Arc<Vec<NamedTarget>>,
    /// What tests may reach.
    pub(super) networks: Networks,
    /// What was promised of links.
    pub(super) slas: Arc<Vec<Sla>>,
    /// Room for reports that are being made.
    reports: Arc<report::Room>,
    open: BTreeMap<TestId, Open>,
    schedules: BTreeMap<ScheduleId, Scheduled>,
    /// What each worker was told to run.
    told: HashMap<Worker, HashSet<TestId>>,
    /// Rows that could not be stored, to be stored when that works again.
    unsaved: BTreeMap<TestId, Test>,
}

impl Speed {
    /// The server's own vantage.
    pub(super) fn own(&self) -> Name {
        self.own.clone().unwrap_or_else(|| Name::from("server"))
    }

    /// How many tests are not over.
    pub(super) fn count(&self) -> usize {
        self.open.len()
    }

    /// What a worker is to run now.
    fn orders(&self, worker: &Worker) -> Vec<TestOrder> {
        let own = self.own();
        let vantage = worker.as_ref().unwrap_or(&own);
        let mine = self.open.values().filter(|open| {
            open.told.is_some()
                && open.test.agent == *vantage
                && self.is_own(&open.test.agent) == worker.is_none()
        });
        let order = |open: &Open| TestOrder {
            id: open.test.id,
            spec: open.test.spec.clone(),
            targets: open.targets.clone(),
            networks: self.networks.clone(),
        };
        mine.map(order).collect()
    }

    fn is_own(&self, vantage: &Name) -> bool {
        self.own.as_ref() == Some(vantage)
    }

    /// The worker at a vantage.
    fn worker(&self, vantage: &Name) -> Worker {
        (!self.is_own(vantage)).then(|| Name::clone(vantage))
    }
}

impl Core {
    /// Takes in what the store knows of tests and schedules.
    pub(super) fn restore_tests(
        &mut self,
        machine: &str,
        open: Vec<Test>,
        schedules: Vec<Schedule>,
        now: Now,
    ) {
        self.speed.own = Some(Name::from(machine));
        for schedule in schedules {
            let entry = self.scheduled(schedule, now.wall);
            self.speed.schedules.insert(entry.schedule.id, entry);
        }
        for mut test in open {
            let runs_elsewhere =
                !self.speed.is_own(&test.agent) && self.agents.get(&test.agent).is_some();
            if test.phase == TestPhase::Running && !runs_elsewhere {
                test.phase = TestPhase::Failed;
                test.ended_at = Some(now.wall);
                test.reason = SafeText::line("fluxnoc was stopped while the test ran");
                self.batch.tests.push(test);
                continue;
            }
            let person = test.schedule.is_none();
            let mut entry = self.opened(test, person);
            if entry.test.phase == TestPhase::Running {
                entry.told = Some(now.steady);
                let longest = Span::from_millis(entry.test.spec.longest_ms());
                entry.ends = Some(now.steady + longest);
            }
            self.speed.open.insert(entry.test.id, entry);
        }
    }

    /// A test that begins to wait.
    fn opened(&self, test: Test, person: bool) -> Open {
        let (targets, link) = self.aims(&test.spec);
        let until = match test.schedule.and_then(|id| self.speed.schedules.get(&id)) {
            Some(entry) if !person => {
                due::last_moment(entry.schedule.id, &entry.schedule.plan, test.asked_at)
            }
            _ => test.asked_at + PATIENCE,
        };
        Open {
            until,
            targets,
            link,
            not_before: None,
            person,
            told: None,
            ends: None,
            tries: 0,
            test,
        }
    }

    /// Stages a test as it is now, and tells who looks.
    fn note_test(&mut self, test: &Test) {
        self.touch(true);
        self.batch.tests.push(test.clone());
    }

    /// Makes committed changes of tests and schedules true.
    pub(super) fn settle_tests(&mut self, batch: &mut Batch, events: &mut Vec<Event>) {
        let now = self.clock.now();
        for id in std::mem::take(&mut batch.schedules_gone) {
            self.speed.schedules.remove(&id);
        }
        for schedule in std::mem::take(&mut batch.schedules) {
            self.settle_schedule(schedule, now);
        }
        for test in std::mem::take(&mut batch.tests) {
            events.push(Event::Test(Arc::new(test.brief())));
            if test.phase == TestPhase::Queued && !self.speed.open.contains_key(&test.id) {
                let person = test.schedule.is_none();
                let entry = self.opened(test, person);
                self.speed.open.insert(entry.test.id, entry);
            }
        }
    }

    /// Keeps what could not be stored.
    pub(super) fn tests_not_stored(&mut self, tests: Vec<Test>) {
        for test in tests {
            // What was just asked for was refused to whoever asked.
            if test.phase != TestPhase::Queued || self.speed.open.contains_key(&test.id) {
                self.speed.unsaved.insert(test.id, test);
            }
        }
    }

    /// Looks after tests and schedules: what is due, what may begin, what took too long.
    pub(super) fn look_at_tests(&mut self, now: Now) {
        if self.storage_down {
            return;
        }
        for test in std::mem::take(&mut self.speed.unsaved).into_values() {
            self.note_test(&test);
        }
        self.ask_for_due(now);
        self.end_overdue(now);
        self.begin_tests(now);
        self.deal_tests(now.steady);
    }

    /// Tells each worker what it is to run, when that is otherwise than it was told.
    pub(super) fn deal_tests(&mut self, now: Steady) {
        if self.speed.open.is_empty() && self.speed.told.is_empty() {
            return;
        }
        for worker in self.feed.workers() {
            let orders = self.speed.orders(&worker);
            let ids: HashSet<TestId> = orders.iter().map(|order| order.id).collect();
            let known = self.speed.told.get(&worker).cloned().unwrap_or_default();
            if ids == known {
                continue;
            }
            if ids.is_empty() {
                self.speed.told.remove(&worker);
            } else {
                self.speed.told.insert(worker.clone(), ids);
            }
            let directives = Directives { tests: Some(orders), ..Directives::default() };
            self.feed.direct(&worker, directives, now);
        }
    }

    /// What an agent is to run, for the answer to its heartbeat: a message may have been lost.
    pub(super) fn orders_for(&self, agent: &Name) -> Vec<TestOrder> {
        self.speed.orders(&Some(Name::clone(agent)))
    }
}
