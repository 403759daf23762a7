//! What is asked about tests, schedules and vantages.

use super::super::core::Core;
use super::super::queries::{Reply, read};
use crate::model::{AgentPhase, Name, SafeText, TestId, TestPhase};
use crate::protocol::{Answer, Node, Nodes, Problem, ScheduleRow, TestFilter};
use crate::store::TestSelect;

impl Core {
    /// Tests, the newest first.
    pub(in crate::engine) fn tests_page(&self, filter: TestFilter, limit: u32, reply: Reply) {
        let store = self.store.clone();
        let select = TestSelect {
            agent: filter.agent.as_ref().map(|name| self.vantage_as_kept(name)),
            target: filter.target,
            kind: filter.test_type,
            schedule: filter.schedule.map(|id| id.to_string()),
            phase: filter.phase.map(TestPhase::word),
            start: filter.start,
            end: filter.end,
            before: filter.before,
        };
        read(reply, async move { Ok(Answer::Tests(store.tests(&select, limit).await?)) });
    }

    /// A vantage's name as results hold it: case does not matter to whoever asks.
    pub(super) fn vantage_as_kept(&self, name: &Name) -> String {
        self.vantage_named(Some(name)).map_or_else(|_| name.to_string(), |name| name.to_string())
    }

    /// One test with everything it measured.
    pub(in crate::engine) fn one_test(&self, id: TestId, reply: Reply) {
        if let Some(open) = self.speed.open.get(&id) {
            let _ = reply.send(Ok(Answer::Test(Box::new(open.test.clone()))));
            return;
        }
        let store = self.store.clone();
        read(reply, async move {
            Ok(match store.test(id).await? {
                Some(test) => Ok(Answer::Test(Box::new(test))),
                None => Err(Problem::not_found(format!("there is no test {id}"))),
            })
        });
    }

    /// The schedules, by name.
    pub(in crate::engine) fn schedule_rows(&self) -> Vec<ScheduleRow> {
        let mut rows: Vec<ScheduleRow> =
            self.speed.schedules.values().map(|entry| self.schedule_row(entry)).collect();
        rows.sort_by(|a, b| {
            let key = |row: &ScheduleRow| (row.schedule.plan.name.clone(), row.schedule.id);
            key(a).cmp(&key(b))
        });
        rows
    }

    /// Where tests are run from and where they go.
    pub(in crate::engine) fn nodes(&self) -> Nodes {
        let count = |name: &str, runs: bool| {
            let open = self.speed.open.values();
            let of = open.filter(|open| *open.test.agent == *name && open.told.is_some() == runs);
            u32::try_from(of.count()).unwrap_or(u32::MAX)
        };
        let own = self.speed.own();
        let now = self.clock.now().wall;
        let traffic = |name: &str| self.speed.traffic.of(name, now);
        let mut nodes = vec![Node {
            running: count(&own, true),
            queued: count(&own, false),
            traffic: traffic(&own),
            name: own,
            own: true,
            phase: AgentPhase::Online,
            location: SafeText::empty(),
            agent: None,
        }];
        nodes.extend(self.agents.all().into_iter().map(|agent| Node {
            name: Name::clone(&agent.name),
            own: false,
            phase: agent.phase,
            location: agent.location.clone(),
            running: count(&agent.name, true),
            queued: count(&agent.name, false),
            traffic: traffic(&agent.name),
            agent: Some(agent),
        }));
        Nodes { nodes, targets: self.speed.targets.to_vec() }
    }
}
