//! What waits to be reported: bounded, one request under way, nothing lost but the oldest sample.

use std::collections::HashMap;
use std::collections::VecDeque;

use super::lag::Lags;
use crate::model::{Span, Steady, TestNews};
use crate::protocol::event::LiveTrace;
use crate::protocol::work::{Finding, RESULT_LIMIT};

/// Most results that wait; beyond it the oldest gives way (the engine then sees a late check).
const WAITING: usize = 20_000;

/// Most scraped samples that wait; beyond it the oldest scrape gives way, its result stays.
const SAMPLES: usize = 4_000_000;

/// Most news of tests that wait.
pub(super) const NEWS: usize = 256;

/// What is handed to a link at once.
#[derive(Debug, Default)]
pub struct Batch {
    /// The results.
    pub results: Vec<Finding>,
    /// The newest frames of live traces.
    pub traces: Vec<LiveTrace>,
    /// News of network tests.
    pub tests: Vec<TestNews>,
    /// The 99th percentile of how late runs started in the last minute.
    pub lag: Span,
    /// When the oldest of the results came; `None` without any.
    pub oldest: Option<Steady>,
    /// Results that gave way since the start.
    pub dropped: u64,
}

/// The queue between probes and engine.
#[derive(Debug, Default)]
pub struct Outlet {
    findings: VecDeque<(Steady, Finding)>,
    traces: HashMap<crate::protocol::TraceRequest, LiveTrace>,
    tests: Vec<TestNews>,
    lags: Lags,
    /// Scraped samples that wait.
    samples: usize,
    dropped: u64,
}

impl Outlet {
    /// Queues a result.
    pub fn put(&mut self, finding: Finding, now: Steady) {
        if self.findings.len() >= WAITING {
            let gone = self.findings.pop_front();
            self.samples -= gone.as_ref().map_or(0, |(_, finding)| samples(finding));
            self.dropped += 1;
        }
        self.samples += samples(&finding);
        self.findings.push_back((now, finding));
        let mut waiting = self.findings.iter_mut().map(|(_, finding)| finding);
        while self.samples > SAMPLES
            && let Some(oldest) = waiting.find(|finding| finding.observation.scrape.is_some())
        {
            self.samples -= samples(oldest);
            oldest.observation.scrape = None;
        }
    }

    /// Queues a frame of a live trace; the newest wins.
    pub fn put_trace(&mut self, trace: LiveTrace) {
        let request =
            crate::protocol::TraceRequest { host: trace.host.clone(), spec: trace.request.clone() };
        self.traces.insert(request, trace);
    }

    /// Queues news of a test; the newest wins, and the last word stays.
    pub fn put_test(&mut self, news: TestNews) {
        supersede(&mut self.tests, news);
    }

    /// Notes how late a run started.
    pub fn lag(&mut self, late: Span, now: Steady) {
        self.lags.add(late, now);
    }

    /// True when there is something to report.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        !self.findings.is_empty() || !self.traces.is_empty() || !self.tests.is_empty()
    }

    /// The next batch.
    pub fn take(&mut self, now: Steady) -> Batch {
        let count = self.findings.len().min(RESULT_LIMIT);
        let oldest = self.findings.front().map(|(at, _)| *at);
        let results: Vec<Finding> = self.findings.drain(..count).map(|(_, found)| found).collect();
        self.samples -= results.iter().map(samples).sum::<usize>();
        Batch {
            results,
            traces: self.traces.drain().map(|(_, trace)| trace).collect(),
            tests: std::mem::take(&mut self.tests),
            lag: self.lags.p99(now),
            oldest,
            dropped: self.dropped,
        }
    }
}

/// Puts news among others: those before of the same test say nothing any more. Beyond the limit the
/// oldest that is not the last word gives way.
pub(super) fn supersede(all: &mut Vec<TestNews>, news: TestNews) {
    if all.iter().any(|one| one.id == news.id && one.over) {
        return;
    }
    all.retain(|one| one.id != news.id);
    if all.len() >= NEWS {
        let at = all.iter().position(|one| !one.over).unwrap_or(0);
        all.remove(at);
    }
    all.push(news);
}

/// Scraped samples of a result.
fn samples(finding: &Finding) -> usize {
    finding.observation.scrape.as_ref().map_or(0, |scrape| scrape.values.len())
}
