//! Network tests: what waits, what runs where, what became of it; and the schedules that ask for
//! them (SPEC FS-01, FS-27, D-26).
//!
//! In: commands, news of the workers, the time. Out: orders for the workers, rows for the store,
//! events, and a result for the check that stands for each schedule.
//! Never: measures; believes a vantage about a test that it was not told to run; loses one that was
//! asked for.

mod baselines;
mod due;
mod missed;
mod news;
mod pick;
mod report;
mod restore;
mod route;
mod schedules;
mod start;
mod traffic;
mod vantage;
mod views;
mod written;

pub(super) use restore::Known;
pub(super) use vantage::is_stand_in;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::agents::Worker;
use super::batch::Batch;
use super::core::Core;
use crate::model::{
    Name, NamedTarget, Networks, Now, SafeText, Schedule, ScheduleId, Sla, Span, SpeedTarget,
    Steady, Test, TestId, TestOrder, TestOrders, TestPhase, Timestamp,
};
use crate::protocol::work::Directives;
use crate::protocol::{Event, LastMissed};

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
    /// Up to when its runs were looked after.
    pub looked: Timestamp,
    /// Its last runs that were missed.
    pub missed: Option<LastMissed>,
    /// How many runs were missed since the last one that was made.
    pub unheard: u64,
    /// Its last run that is over.
    pub last: Option<Box<Test>>,
    /// Whether its last runs broke a limit, the newest last.
    pub recent: Vec<bool>,
    /// Where its runs go: as it says, else where the last one that measured something went.
    pub aim: Option<SafeText>,
    /// What is usual there.
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
    /// What vantages moved, and may move.
    traffic: traffic::Traffics,
    /// When the engine before this one gave its last sign of life.
    alive: Option<Timestamp>,
    /// Room for reports that are being made.
    reports: Arc<report::Room>,
    open: BTreeMap<TestId, Open>,
    schedules: BTreeMap<ScheduleId, Scheduled>,
    /// How often what runs has changed; it begins with the time, so that it grows over restarts.
    turn: u64,
    /// What each worker was told to run.
    told: HashMap<Worker, HashSet<(TestId, Timestamp)>>,
    /// True when a test came to wait, or one is over, since it was decided who may begin.
    look: bool,
    /// Rows that could not be stored, to be stored when that works again.
    unsaved: BTreeMap<TestId, Test>,
}

impl Speed {
    /// The server's own vantage.
    pub(super) fn own(&self) -> Name {
        self.own.clone().unwrap_or_else(|| Name::from("server"))
    }

    /// Takes in how much vantages may move.
    pub(super) fn allow(&mut self, allowance: &crate::model::Allowance) {
        self.traffic.allow(allowance);
    }

    /// Whether there is a schedule.
    pub(super) fn has_schedules(&self) -> bool {
        !self.schedules.is_empty()
    }

    /// How many tests are not over.
    pub(super) fn count(&self) -> usize {
        self.open.len()
    }

    /// What a worker is to run now. What has had more time than it may is not among it: its place
    /// may be given to another.
    fn orders(&self, worker: &Worker, now: Steady) -> TestOrders {
        let own = self.own();
        let vantage = worker.as_ref().unwrap_or(&own);
        let is_own = worker.is_none();
        let mine = self
            .open
            .values()
            .filter(|open| open.test.agent == *vantage && self.is_own(&open.test.agent) == is_own);
        let tests = mine.filter_map(|open| self.order(open, now)).collect();
        TestOrders { turn: self.turn, tests }
    }

    fn order(&self, open: &Open, now: Steady) -> Option<TestOrder> {
        let ends = open.ends.filter(|ends| *ends > now)?;
        Some(TestOrder {
            id: open.test.id,
            started_at: open.test.started_at?,
            within_ms: ends.since(now).millis(),
            spec: open.test.spec.clone(),
            targets: open.targets.clone(),
            networks: self.networks.clone(),
        })
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
    /// A test that begins to wait.
    fn opened(&self, test: Test) -> Open {
        let (targets, link) = self.aims(&test.spec);
        let until = match test.schedule.and_then(|id| self.speed.schedules.get(&id)) {
            Some(entry) => due::last_moment(entry.schedule.id, &entry.schedule.plan, test.asked_at),
            None => test.asked_at + PATIENCE,
        };
        Open { until, targets, link, not_before: None, told: None, ends: None, tries: 0, test }
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
                let entry = self.opened(test);
                self.speed.open.insert(entry.test.id, entry);
                self.speed.look = true;
            }
        }
    }

    /// Lets begin what may since the last look, without waiting for the next one.
    pub(super) fn begin_at_once(&mut self, now: Now) {
        if self.speed.look && !self.storage_down {
            self.begin_tests(now);
            self.deal_tests(now.steady);
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
        self.speed.traffic.forget(now.wall);
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
            let mut orders = self.speed.orders(&worker, now);
            let ids: HashSet<(TestId, Timestamp)> =
                orders.tests.iter().map(|order| (order.id, order.started_at)).collect();
            let known = self.speed.told.get(&worker).cloned().unwrap_or_default();
            if ids == known {
                continue;
            }
            if ids.is_empty() {
                self.speed.told.remove(&worker);
            } else {
                self.speed.told.insert(worker.clone(), ids);
            }
            self.speed.turn += 1;
            orders.turn = self.speed.turn;
            let directives = Directives { tests: Some(orders), ..Directives::default() };
            self.feed.direct(&worker, directives, now);
        }
    }

    /// What an agent is to run, for the answer to its heartbeat: a message may have been lost.
    pub(super) fn orders_for(&self, agent: &Name, now: Steady) -> TestOrders {
        self.speed.orders(&Some(Name::clone(agent)), now)
    }
}
