//! What of the orders is begun, and when; the network is a simulation and the clock stands.

use std::sync::Arc;

use super::*;
use crate::model::measured::{PortResult, PortState};
use crate::model::test::{Expect, PortProtocol};
use crate::model::trace::TraceReport;
use crate::model::{Check, Networks, Observation, PortSpec, TestSpec};
use crate::protocol::TraceRequest;
use crate::worker::Simulation;

/// A network in which every port is open.
struct Open;

impl Simulation for Open {
    fn observe(&self, _: &Check, _: Timestamp) -> Observation {
        Observation::seen("fine", Vec::new())
    }

    fn path(&self, _: &TraceRequest, _: Timestamp, _: u64) -> TraceReport {
        unreachable!("nobody looks")
    }

    fn test(&self, _: &TestOrder, _: Timestamp, _: Span) -> Result<(Measured, bool), Ended> {
        let output = SafeText::line("open");
        let measured = PortResult { state: PortState::Open, time_ms: Some(1.0), output };
        Ok((Measured::Probe(measured), true))
    }
}

fn order(started: i64, within_ms: u64) -> TestOrder {
    TestOrder {
        id: TestId::from_parts(1_788_000_000_000, [7; 10]),
        started_at: Timestamp::from_millis(started),
        within_ms,
        spec: TestSpec::Probe(PortSpec {
            target: "192.0.2.1".to_owned(),
            port: 443,
            protocol: PortProtocol::Tcp,
            timeout_ms: 2000,
            expect: Expect::default(),
        }),
        targets: Vec::new(),
        networks: Networks::default(),
    }
}

fn list(turn: u64, tests: Vec<TestOrder>) -> TestOrders {
    TestOrders { turn, tests }
}

struct Desk {
    tests: Tests,
    news: mpsc::Receiver<TestNews>,
}

impl Desk {
    fn new() -> Self {
        let (out, news) = mpsc::channel(8);
        let clock = Clock::manual(Timestamp::from_millis(1_788_000_000_000));
        Self { tests: Tests::new(Source::Simulated(Arc::new(Open)), clock, out), news }
    }

    /// What is told once everything that was begun is over.
    async fn told(&mut self) -> Vec<(bool, bool)> {
        let running: Vec<_> = self.tests.running.drain().map(|(_, task)| task).collect();
        for task in running {
            let _ = task.await;
        }
        let mut told = Vec::new();
        while let Ok(news) = self.news.try_recv() {
            told.push((news.result.is_some(), news.busy));
        }
        told
    }
}

const MEASURED: (bool, bool) = (true, false);
const TOO_LATE: (bool, bool) = (false, true);

fn at(seconds: i64) -> Steady {
    Steady::from_millis(seconds * 1000)
}

#[tokio::test]
async fn d_26_an_order_is_begun_once_and_only_when_its_age_is_known() {
    let mut desk = Desk::new();
    desk.tests.set(&list(1, vec![order(5, 17_000)]), None, at(1));
    assert_eq!(desk.told().await, [], "told unasked: it may be old");
    desk.tests.set(&list(1, vec![order(5, 17_000)]), Some(at(1)), at(2));
    assert_eq!(desk.told().await, [MEASURED]);
    desk.tests.set(&list(1, vec![order(5, 17_000)]), Some(at(2)), at(3));
    assert_eq!(desk.told().await, [], "the same beginning");
    // Its target was busy: it is let begin anew.
    desk.tests.set(&list(3, vec![order(9, 17_000)]), Some(at(4)), at(4));
    assert_eq!(desk.told().await, [MEASURED]);
}

#[tokio::test]
async fn d_26_an_order_that_was_long_on_its_way_is_not_begun_and_said_so() {
    let mut desk = Desk::new();
    // 17 s are kept for it, of which it needs 2 s and room; the answer took 11 s.
    desk.tests.set(&list(1, vec![order(5, 17_000)]), Some(at(1)), at(12));
    assert_eq!(desk.told().await, [TOO_LATE]);
    desk.tests.set(&list(1, vec![order(6, 17_000)]), Some(at(1)), at(11));
    assert_eq!(desk.told().await, [MEASURED], "7 s are left");
}

#[tokio::test]
async fn a_list_that_was_overtaken_begins_nothing_and_ends_nothing() {
    let mut desk = Desk::new();
    desk.tests.set(&list(4, vec![order(5, 17_000)]), Some(at(1)), at(1));
    desk.tests.set(&list(3, Vec::new()), Some(at(0)), at(1));
    assert_eq!(desk.tests.running.len(), 1);
    desk.tests.set(&list(4, Vec::new()), None, at(1));
    assert_eq!(desk.tests.running.len(), 0, "a newer one ends it at once");
    desk.tests.set(&list(3, vec![order(6, 17_000)]), Some(at(0)), at(1));
    assert_eq!(desk.tests.running.len(), 0);
    // Another server counts otherwise.
    desk.tests.anew();
    desk.tests.set(&list(1, vec![order(6, 17_000)]), Some(at(2)), at(2));
    assert_eq!(desk.tests.running.len(), 1);
}

#[tokio::test]
async fn what_is_remembered_of_beginnings_is_bounded() {
    let mut desk = Desk::new();
    for number in 0..2000 {
        desk.tests.set(&list(number, vec![order(number.cast_signed(), 0)]), Some(at(1)), at(1));
    }
    assert!(desk.tests.begun.len() <= BEGUN);
}
