//! Network tests: those that a server wants are run, once each, and told of.

use std::collections::{HashMap, HashSet};
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::FutureExt as _;
use tokio::sync::{mpsc, watch};
use tokio_util::task::AbortOnDropHandle;

use super::source::Source;
use crate::clock::Clock;
use crate::model::{Measured, SafeText, TestId, TestNews, TestOrder};
use crate::probe::once::{self, Ended};

/// How often a test that runs says how far it is.
const NEWS: Duration = Duration::from_millis(500);

/// The tests that are run here.
#[derive(Debug)]
pub struct Tests {
    source: Source,
    clock: Clock,
    news: mpsc::Sender<TestNews>,
    running: HashMap<TestId, AbortOnDropHandle<()>>,
}

impl Tests {
    /// None yet; news go to `news`.
    #[must_use]
    pub fn new(source: Source, clock: Clock, news: mpsc::Sender<TestNews>) -> Self {
        Self { source, clock, news, running: HashMap::new() }
    }

    /// Runs exactly these. One that ran to its end is not begun again as long as it is among them.
    pub fn set(&mut self, orders: &[TestOrder]) {
        let wanted: HashSet<TestId> = orders.iter().map(|order| order.id).collect();
        self.running.retain(|id, _| wanted.contains(id));
        for order in orders {
            if self.running.contains_key(&order.id) {
                continue;
            }
            let (source, clock) = (self.source.clone(), self.clock.clone());
            let task = tokio::spawn(run(source, clock, order.clone(), self.news.clone()));
            self.running.insert(order.id, AbortOnDropHandle::new(task));
        }
    }
}

/// Runs one to its end and tells of it.
async fn run(source: Source, clock: Clock, order: TestOrder, out: mpsc::Sender<TestNews>) {
    let news = |result: Option<Measured>| TestNews {
        id: order.id,
        at: clock.now().wall,
        over: false,
        failure: None,
        busy: false,
        result: result.map(Box::new),
    };
    let (tell, mut told) = watch::channel(None);
    let work = async {
        match &source {
            Source::Probes(shared) => once::run(&order, shared, &tell).await,
            Source::Simulated(simulation) => simulation.test(&order, clock.now().wall),
        }
    };
    let longest = Duration::from_millis(order.spec.longest_ms());
    let work = tokio::time::timeout(longest, AssertUnwindSafe(work).catch_unwind());
    tokio::pin!(work);
    let ended = loop {
        tokio::select! {
            ended = &mut work => break ended,
            () = tokio::time::sleep(NEWS) => {
                if told.has_changed().unwrap_or(false) {
                    let so_far = told.borrow_and_update().clone();
                    // A full queue means that older news of it wait still.
                    let _ = out.try_send(news(so_far));
                }
            }
        }
    };
    let so_far = told.borrow().clone();
    let last = match ended {
        Ok(Ok(Ok(measured))) => TestNews { over: true, ..news(Some(measured)) },
        Ok(Ok(Err(Ended { why, busy }))) => {
            TestNews { over: true, failure: Some(why), busy, ..news(so_far) }
        }
        Ok(Err(_)) => {
            let why = SafeText::line("the test failed inside; please report this");
            TestNews { over: true, failure: Some(why), ..news(so_far) }
        }
        Err(_) => {
            let why = SafeText::line("it took longer than it may");
            TestNews { over: true, failure: Some(why), ..news(so_far) }
        }
    };
    // The loop is gone only when the worker stops.
    let _ = out.send(last).await;
}
