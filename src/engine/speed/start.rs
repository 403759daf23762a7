//! Asking for a test and taking it back.

use super::super::core::Core;
use super::OPEN;
use crate::model::aim::can_aim;
use crate::model::{
    AgentPhase, Name, Now, SafeText, ScheduleId, SpeedTarget, Test, TestId, TestPhase, TestSpec,
    Timestamp,
};
use crate::protocol::{Outcome, Problem, Request};

/// What a speedtest is aimed at while the nearest target is not chosen.
const NEAREST: &str = "nearest";

impl Core {
    /// Asks for a test.
    ///
    /// # Errors
    /// `Invalid` naming the field, `NotFound` for a vantage that is none, `Conflict` when it is away
    /// and nobody wants to wait, or when too many tests wait already.
    pub(in crate::engine) fn run_test(
        &mut self,
        request: &Request,
        agent: Option<&Name>,
        spec: &TestSpec,
        wait: bool,
    ) -> Result<Outcome, Problem> {
        spec.check().map_err(Problem::invalid)?;
        self.may_be_aimed(spec)?;
        let vantage = self.vantage_named(agent.map(|name| &**name))?;
        if !wait {
            self.is_there(&vantage)?;
        }
        let now = self.clock.now();
        let test = self.new_test(vantage, spec.clone(), None, request.actor.name(), now)?;
        self.within_caps(&test, now.wall)?;
        self.note_test(&test);
        Ok(Outcome::Test(Box::new(test)))
    }

    /// Takes a test back, or ends it.
    ///
    /// # Errors
    /// `NotFound` when it is over or never was.
    pub(in crate::engine) fn cancel_test(
        &mut self,
        request: &Request,
        id: TestId,
    ) -> Result<Outcome, Problem> {
        let Some(open) = self.speed.open.get(&id) else {
            return Err(Problem::not_found(format!("no test {id} waits or runs")));
        };
        let mut test = open.test.clone();
        let now = self.clock.now();
        let who = request.actor.name();
        test.reason = SafeText::line(&format!("cancelled by {who}"));
        let test = self.close_test(test, TestPhase::Cancelled, now);
        self.deal_tests(now.steady);
        Ok(Outcome::Test(Box::new(test.brief())))
    }

    /// A test that is asked for now.
    ///
    /// # Errors
    /// `Conflict` when too many wait already.
    pub(super) fn new_test(
        &self,
        agent: Name,
        spec: TestSpec,
        schedule: Option<ScheduleId>,
        asked_by: SafeText,
        now: Now,
    ) -> Result<Test, Problem> {
        let waiting = self.speed.count() + self.batch.tests.len();
        if waiting >= OPEN {
            return Err(Problem::conflict(format!(
                "{OPEN} tests wait or run already; wait until some are over, or cancel some"
            )));
        }
        Ok(self.made_test(agent, spec, schedule, asked_by, now))
    }

    /// The same, however many wait.
    pub(super) fn made_test(
        &self,
        agent: Name,
        spec: TestSpec,
        schedule: Option<ScheduleId>,
        asked_by: SafeText,
        now: Now,
    ) -> Test {
        let written = spec.target();
        let target = if written.is_empty() { NEAREST } else { &written };
        Test {
            id: TestId::from_parts(now.wall.millis(), rand::random()),
            in_maintenance: self.in_window(&agent, schedule, now.wall),
            traffic_bytes: 0,
            missed: None,
            path_change: None,
            agent,
            target: SafeText::line(target),
            spec,
            phase: TestPhase::Queued,
            asked_by,
            schedule,
            asked_at: now.wall,
            started_at: None,
            ended_at: None,
            reason: SafeText::empty(),
            breaches: Vec::new(),
            figures: crate::model::Figures::default(),
            result: None,
        }
    }

    /// True while a window covers a vantage, or the check that stands for a schedule there.
    pub(super) fn in_window(
        &self,
        vantage: &Name,
        schedule: Option<ScheduleId>,
        wall: Timestamp,
    ) -> bool {
        let key = schedule.and_then(|id| self.speed.schedules.get(&id));
        let key = key.map(|entry| super::vantage::stand_in_key(&entry.schedule));
        self.world.windows().any(|window| {
            window.covers_host(vantage, wall)
                || key.as_ref().is_some_and(|key| window.covers(&key.host, &key.name, wall))
        })
    }

    /// The vantage of a name; the server's own without one.
    ///
    /// # Errors
    /// `NotFound` naming those there are.
    pub(super) fn vantage_named(&self, name: Option<&str>) -> Result<Name, Problem> {
        let own = self.speed.own();
        let Some(wanted) = name else { return Ok(own) };
        let folded = crate::model::account::folded(wanted);
        if folded == crate::model::account::folded(&own) {
            return Ok(own);
        }
        if let Some(name) = self.agents.named(&folded) {
            return Ok(name);
        }
        let shown = SafeText::line(wanted);
        let there = self.agents.all();
        let mut names: Vec<&str> = there.iter().map(|agent| &*agent.name).take(5).collect();
        names.insert(0, &own);
        let more = if there.len() > 5 { ", ..." } else { "" };
        Err(Problem::not_found(format!(
            "`agent`: there is no agent `{shown}`; there are {}{more}",
            names.join(", ")
        )))
    }

    /// Whether a vantage can run something now.
    fn is_there(&self, vantage: &Name) -> Result<(), Problem> {
        match self.agents.get(vantage) {
            Some(entry) if entry.shown_phase() == AgentPhase::Offline => {
                Err(Problem::conflict(format!(
                    "agent `{vantage}` is OFFLINE: {}; ask with `wait` to let the test wait for it",
                    entry.presence.reason()
                )))
            }
            _ => Ok(()),
        }
    }

    /// Whether a speedtest knows where to go.
    ///
    /// # Errors
    /// `Invalid` that says what to write.
    pub(super) fn may_be_aimed(&self, spec: &TestSpec) -> Result<(), Problem> {
        can_aim(spec, &self.speed.targets).map_err(Problem::invalid)
    }

    /// Where a test goes, and the link that it loads.
    pub(super) fn aims(&self, spec: &TestSpec) -> (Vec<SpeedTarget>, Option<String>) {
        let TestSpec::Speedtest(speed) = spec else { return (Vec::new(), None) };
        let all = &self.speed.targets;
        let Some(written) = speed.target.as_deref() else {
            let udp = speed.protocol == crate::model::Transport::Udp;
            let fits = |one: &&crate::model::NamedTarget| {
                !udp || one.target.engine == crate::model::Engine::Iperf3
            };
            return (all.iter().filter(fits).map(|one| one.target.clone()).collect(), None);
        };
        match all.iter().find(|one| one.name == written) {
            Some(named) => (vec![named.target.clone()], named.link.clone()),
            None => (written.parse().into_iter().collect(), None),
        }
    }

    /// A test is over, however: out of what is open, into the store.
    pub(super) fn close_test(&mut self, mut test: Test, phase: TestPhase, now: Now) -> Test {
        test.phase = phase;
        self.settle_charge(&mut test, false);
        self.ended(test, now)
    }

    /// The same of a test that failed because its vantage was lost: what it moved is not known.
    pub(super) fn close_lost(&mut self, mut test: Test, now: Now) -> Test {
        test.phase = TestPhase::Failed;
        self.settle_charge(&mut test, true);
        self.ended(test, now)
    }

    fn ended(&mut self, mut test: Test, now: Now) -> Test {
        test.ended_at = Some(now.wall);
        self.speed.open.remove(&test.id);
        self.note_test(&test);
        test
    }
}
