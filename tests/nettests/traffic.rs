//! The ledger of traffic: what speedtests moved counts against the caps of their vantage.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use fluxnoc::clock::Clock;
use fluxnoc::engine::Inventory;
use fluxnoc::model::speed::Engine;
use fluxnoc::model::{
    Allowance, Caps, Measured, SafeText, Span, SpeedResult, Test, TestNews, TestOrder, TestPhase,
    Throughput, Traffic,
};
use fluxnoc::protocol::{Answer, Command, Outcome, Problem, Query, Report, TestFilter};
use serde_json::json;

use crate::hand::Hand;
use crate::lab::{Lab, START, host, inventory};
use crate::stage::AGENT;

const GB: u64 = 1_000_000_000;

fn wanted(daily: Option<u64>, monthly: Option<u64>) -> Inventory {
    let allowance = Allowance {
        all: Caps { daily: Some(1), monthly: None },
        own: vec![("HQ-*".to_owned(), Caps { daily, monthly })],
        zone: Some("Europe/Berlin".to_owned()),
    };
    Inventory { allowance: Arc::new(allowance), ..inventory(vec![host("web-1", &["ping"])]) }
}

/// An engine with an agent that is moved by hand.
pub struct Site {
    pub lab: Lab,
    pub agent: Hand,
}

impl Site {
    pub async fn new(dir: &Path, wanted: Inventory) -> Self {
        let mut lab = Lab::start(dir, wanted, Clock::manual(START)).await;
        let mut agent = Hand::ready(&mut lab, AGENT).await;
        agent.beat(&mut lab, 5, 0).await.unwrap();
        Self { lab, agent }
    }

    pub async fn turn(&mut self) {
        for _ in 0..4 {
            self.lab.clock.advance(Span::from_millis(300));
            for _ in 0..2 {
                self.lab.query(Query::Engine).await;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        self.lab.drain();
    }

    pub async fn run(&mut self, test: serde_json::Value) -> Result<Test, Problem> {
        let spec = serde_json::from_value(test).unwrap();
        let agent = Some(AGENT.into());
        match self.lab.execute(Command::RunTest { agent, spec, wait: false }).await? {
            Outcome::Test(test) => Ok(*test),
            other => panic!("{other:?}"),
        }
    }

    pub async fn orders(&mut self) -> Vec<TestOrder> {
        self.turn().await;
        match self.agent.beat(&mut self.lab, 5, 0).await.unwrap() {
            Outcome::Directives(directives) => directives.tests.unwrap().tests,
            other => panic!("{other:?}"),
        }
    }

    /// The test that the agent was told to run is over, with this result.
    pub async fn tell(&mut self, order: &TestOrder, result: Measured) {
        let at = self.lab.clock.now().wall;
        let (over, failure, busy) = (true, None, false);
        let news =
            TestNews { id: order.id, at, over, failure, busy, result: Some(Box::new(result)) };
        self.agent.seq += 1;
        let report = Report { tests: vec![news], ..self.agent.message(Vec::new()) };
        self.agent.send(&mut self.lab, report).await.unwrap();
        self.turn().await;
    }

    /// The next test that the agent is told to run.
    pub async fn next(&mut self) -> TestOrder {
        for _ in 0..1000 {
            if let Some(order) = self.orders().await.first() {
                return order.clone();
            }
            self.lab.clock.advance(Span::from_secs(1));
        }
        panic!("nothing is due");
    }

    /// The engine is stopped, so much time passes, and another one begins, with the agent there.
    pub async fn restart(self, dir: &Path, wanted: Inventory, off: Span) -> Self {
        let Self { lab, mut agent } = self;
        let (_, clock) = lab.stop().await;
        clock.advance(off);
        let mut lab = Lab::start(dir, wanted, clock).await;
        agent.stream = None;
        agent.claim(&mut lab).await.unwrap();
        agent.beat(&mut lab, 5, 0).await.unwrap();
        Self { lab, agent }
    }

    /// The test that the agent was told to run is over: it moved so many bytes each way.
    async fn moved(&mut self, order: &TestOrder, bytes: u64) {
        let way = Throughput {
            mbps: 240.0,
            bytes,
            took_ms: 20_000,
            retransmits: None,
            jitter_ms: None,
            loss_pct: None,
            loaded_ms: None,
            intervals: Vec::new(),
        };
        let result = Measured::Speedtest(SpeedResult {
            engine: Engine::Iperf3,
            target: SafeText::line("10.0.0.9:5201"),
            address: None,
            latency_ms: Some(1.0),
            jitter_ms: None,
            loss_pct: None,
            download: Some(way.clone()),
            upload: Some(way),
            grade: None,
            note: SafeText::empty(),
        });
        self.tell(order, result).await;
    }

    async fn traffic(&self) -> Traffic {
        let Answer::Nodes(nodes) = self.lab.query(Query::Nodes).await else { panic!() };
        let node = nodes.nodes.into_iter().find(|node| *node.name == *AGENT).unwrap();
        node.traffic
    }

    pub async fn missed(&self) -> Vec<Test> {
        let filter = TestFilter { phase: Some(TestPhase::Missed), ..TestFilter::default() };
        let query = Query::Tests { filter, limit: 100 };
        let Answer::Tests(tests) = self.lab.query(query).await else { panic!() };
        tests
    }

    /// Time passes with an agent that is there.
    pub async fn pass(&mut self, span: Span) {
        let mut left = span.millis();
        while left > 0 {
            let step = left.min(30_000);
            self.lab.clock.advance(Span::from_millis(step));
            self.agent.beat(&mut self.lab, 5, 0).await.unwrap();
            left -= step;
        }
        self.turn().await;
    }
}

fn speedtest() -> serde_json::Value {
    json!({ "test_type": "speedtest", "target": "10.0.0.9:5201", "duration_seconds": 20 })
}

#[tokio::test]
async fn fs_12_a_test_that_would_pass_the_cap_is_refused_until_the_day_is_over() {
    let dir = tempfile::tempdir().unwrap();
    let mut site = Site::new(dir.path(), wanted(Some(2 * GB), None)).await;
    // Of the first nobody knows what it will move.
    let first = site.run(speedtest()).await.unwrap();
    let order = site.orders().await.remove(0);
    assert_eq!((order.id, site.traffic().await.day_bytes), (first.id, 0));
    site.moved(&order, 600_000_000).await;
    let told = site.traffic().await;
    assert_eq!((told.day_bytes, told.month_bytes), (1_200_000_000, 1_200_000_000));
    assert_eq!((told.daily_cap, told.monthly_cap), (Some(2 * GB), None));
    let refused = site.run(speedtest()).await.unwrap_err();
    let words = refused.to_string();
    // 480 Mbit/s for 20 s; the day ends at midnight in Berlin.
    for part in [AGENT, "daily_cap", "1.2 GB of 2 GB", "move 1.2 GB", "2026-02-25T23:00:00"] {
        assert!(words.contains(part), "{part}: {words}");
    }
    // One that moves less fits, and so does whatever moves nothing to speak of.
    let mut short = speedtest();
    short["duration_seconds"] = json!(10);
    let small = site.run(short).await.unwrap();
    let order = site.orders().await.remove(0);
    assert_eq!(order.id, small.id);
    assert_eq!(site.traffic().await.day_bytes, 1_800_000_000, "it counts from its begin on");
    site.moved(&order, 250_000_000).await;
    assert_eq!(site.traffic().await.day_bytes, 1_700_000_000, "and then with what it moved");
    site.run(json!({ "test_type": "trace", "target": "127.0.0.1" })).await.unwrap();
    // Nothing is lost over a restart.
    let mut site = site.restart(dir.path(), wanted(Some(2 * GB), None), Span::ZERO).await;
    assert_eq!(site.traffic().await.day_bytes, 1_700_000_000);
    assert!(site.run(speedtest()).await.unwrap_err().to_string().contains("1.7 GB of 2 GB"));
    // The next day it may.
    site.pass(Span::from_secs(17 * 3600)).await;
    let told = site.traffic().await;
    assert_eq!((told.day_bytes, told.month_bytes), (0, 1_700_000_000));
    site.run(speedtest()).await.unwrap();
}

#[tokio::test]
async fn fs_12_a_scheduled_test_over_the_cap_is_missed_with_the_reason_and_alerts_when_wanted() {
    let dir = tempfile::tempdir().unwrap();
    let mut site = Site::new(dir.path(), wanted(None, Some(GB))).await;
    let plan = serde_json::from_value(json!({
        "name": "uplink", "agent": AGENT, "target": "10.0.0.9:5201", "test_type": "speedtest",
        "interval_seconds": 300, "alert_on_missed": true, "consecutive_failures": 1,
    }))
    .unwrap();
    site.lab.execute(Command::AddSchedule { plan }).await.unwrap();
    let order = loop {
        site.pass(Span::from_secs(10)).await;
        if let Some(order) = site.orders().await.first() {
            break order.clone();
        }
    };
    site.moved(&order, 500_000_000).await;
    assert_eq!(site.traffic().await.month_bytes, GB);
    assert!(site.missed().await.is_empty());
    site.pass(Span::from_secs(300)).await;
    let missed = site.missed().await;
    assert_eq!(missed.len(), 1, "{missed:?}");
    let (test, words) = (&missed[0], missed[0].reason.to_string());
    for part in ["monthly_cap", "1 GB of 1 GB", "2026-02-28T23:00:00"] {
        assert!(words.contains(part), "{part}: {words}");
    }
    assert_eq!(test.figures, fluxnoc::model::Figures::default(), "never a rate of 0");
    assert_eq!(test.traffic_bytes, 0);
    // Those that follow for the same reason are one entry with it.
    for _ in 0..20 {
        site.lab.clock.advance(Span::from_secs(30));
        site.turn().await;
    }
    let missed = site.missed().await;
    assert_eq!((missed.len(), missed[0].missed_runs()), (1, 3), "{missed:?}");
    assert!(missed[0].missed.unwrap().until > missed[0].asked_at);
    site.agent.beat(&mut site.lab, 5, 0).await.unwrap();
    assert!(site.orders().await.is_empty(), "nothing was sent");
    assert!(site.lab.state("HQ-CORE/uplink").0.is_problem());
    let alert = site.lab.world.alert_of(&"HQ-CORE/uplink".parse().unwrap()).unwrap();
    assert!(alert.fired.is_some());
}

#[tokio::test]
async fn fs_12_a_test_whose_vantage_was_lost_counts_with_what_it_was_expected_to_move() {
    let dir = tempfile::tempdir().unwrap();
    let mut site = Site::new(dir.path(), wanted(Some(9 * GB), None)).await;
    site.run(speedtest()).await.unwrap();
    let order = site.orders().await.remove(0);
    site.moved(&order, 600_000_000).await;
    site.run(speedtest()).await.unwrap();
    site.orders().await;
    site.pass(Span::from_secs(600)).await;
    let filter = TestFilter { phase: Some(TestPhase::Failed), ..TestFilter::default() };
    let Answer::Tests(failed) = site.lab.query(Query::Tests { filter, limit: 9 }).await else {
        panic!()
    };
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0].traffic_bytes, 1_200_000_000);
    assert_eq!(site.traffic().await.day_bytes, 2_400_000_000);
}
