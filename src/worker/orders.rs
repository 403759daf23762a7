//! Network tests: those that a server wants are run, once each, and told of.

use std::collections::{HashMap, HashSet, VecDeque};
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::FutureExt as _;
use tokio::sync::{mpsc, watch};
use tokio_util::task::AbortOnDropHandle;

use super::source::Source;
use crate::clock::Clock;
use crate::model::{
    Measured, SafeText, Span, Steady, TestId, TestNews, TestOrder, TestOrders, Timestamp,
};
use crate::probe::once::{self, Ended};

/// How often a simulated test tells how far it is.
const SIMULATED: Span = Span::from_millis(500);
/// How often a test that runs says how far it is.
const NEWS: Duration = Duration::from_millis(500);

/// How many beginnings are remembered.
const BEGUN: usize = 1024;
/// What a test needs besides its own length to begin at all: names and connections.
const ROOM: Span = Span::from_secs(5);

/// The tests that are run here.
#[derive(Debug)]
pub struct Tests {
    source: Source,
    clock: Clock,
    news: mpsc::Sender<TestNews>,
    running: HashMap<TestId, AbortOnDropHandle<()>>,
    /// The last that were begun, each with the moment of its order.
    begun: VecDeque<(TestId, Timestamp)>,
    /// The newest list that was seen.
    turn: u64,
}

impl Tests {
    /// None yet; news go to `news`.
    #[must_use]
    pub fn new(source: Source, clock: Clock, news: mpsc::Sender<TestNews>) -> Self {
        let (running, begun) = (HashMap::new(), VecDeque::new());
        Self { source, clock, news, running, begun, turn: 0 }
    }

    /// Another server, or the same one anew: its lists are counted from its own number on.
    pub fn anew(&mut self) {
        self.turn = 0;
    }

    /// Ends what is not among these, and begins each of them once, when it is known at what time they
    /// were asked for: what they may take is counted from then, for an answer can be a long time on
    /// its way and whoever sleeps meanwhile does not notice.
    pub fn set(&mut self, orders: &TestOrders, asked: Option<Steady>, now: Steady) {
        if orders.turn < self.turn {
            return;
        }
        self.turn = orders.turn;
        let wanted: HashSet<TestId> = orders.tests.iter().map(|order| order.id).collect();
        self.running.retain(|id, _| wanted.contains(id));
        let Some(asked) = asked else { return };
        for order in &orders.tests {
            let beginning = (order.id, order.started_at);
            if self.begun.contains(&beginning) {
                continue;
            }
            if self.begun.len() >= BEGUN {
                self.begun.pop_front();
            }
            self.begun.push_back(beginning);
            let longest = Span::from_millis(order.spec.longest_ms());
            let left = (asked + Span::from_millis(order.within_ms)).since(now);
            let (source, clock) = (self.source.clone(), self.clock.clone());
            let limit = left.min(longest).to_std();
            let out = self.news.clone();
            let task = if left < Span::from_millis(order.spec.least_ms()) + ROOM {
                tokio::spawn(too_late(clock, order.id, out))
            } else {
                tokio::spawn(run(source, clock, order.clone(), limit, out))
            };
            self.running.insert(order.id, AbortOnDropHandle::new(task));
        }
    }
}

/// Tells that a test could not begin in its time; it is tried again.
async fn too_late(clock: Clock, id: TestId, out: mpsc::Sender<TestNews>) {
    let why = SafeText::line("the order came too late to begin");
    let at = clock.now().wall;
    let news = TestNews { id, at, over: true, failure: Some(why), busy: true, result: None };
    let _ = out.send(news).await;
}

/// Runs one to its end and tells of it.
async fn run(
    source: Source,
    clock: Clock,
    order: TestOrder,
    limit: Duration,
    out: mpsc::Sender<TestNews>,
) {
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
            Source::Simulated(simulation) => {
                let begun = clock.now().wall;
                loop {
                    let gone = clock.now().wall.since(begun);
                    match simulation.test(&order, begun, gone) {
                        Ok((measured, true)) => break Ok(measured),
                        Ok((measured, false)) => tell.send_replace(Some(measured)),
                        Err(ended) => break Err(ended),
                    };
                    clock.sleep(SIMULATED).await;
                }
            }
        }
    };
    let work = tokio::time::timeout(limit, AssertUnwindSafe(work).catch_unwind());
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

#[cfg(test)]
#[path = "orders_tests.rs"]
mod tests;
