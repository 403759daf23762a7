//! What waits to be reported: bounded, one request under way, nothing lost but the oldest sample.

use std::collections::HashMap;
use std::collections::VecDeque;

use super::lag::Lags;
use crate::model::{Span, Steady};
use crate::protocol::event::LiveTrace;
use crate::protocol::work::{Finding, Report};

/// Most results of one report.
const BATCH: usize = 512;
/// Most results that wait; beyond it the oldest gives way (the engine then sees a late check).
const WAITING: usize = 20_000;

/// The queue between probes and engine.
#[derive(Debug, Default)]
pub struct Outlet {
    findings: VecDeque<Finding>,
    traces: HashMap<crate::protocol::TraceRequest, LiveTrace>,
    lags: Lags,
    seq: u64,
    /// Results that gave way since the start.
    pub dropped: u64,
}

impl Outlet {
    /// Queues a result.
    pub fn put(&mut self, finding: Finding) {
        if self.findings.len() >= WAITING {
            self.findings.pop_front();
            self.dropped += 1;
        }
        self.findings.push_back(finding);
    }

    /// Queues a frame of a live trace; the newest wins.
    pub fn put_trace(&mut self, trace: LiveTrace) {
        let request =
            crate::protocol::TraceRequest { host: trace.host.clone(), spec: trace.request.clone() };
        self.traces.insert(request, trace);
    }

    /// Notes how late a run started.
    pub fn lag(&mut self, late: Span, now: Steady) {
        self.lags.add(late, now);
    }

    /// True when there is something to report.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        !self.findings.is_empty() || !self.traces.is_empty()
    }

    /// The next report.
    pub fn take(&mut self, boot: u64, now: Steady) -> Report {
        self.seq += 1;
        let count = self.findings.len().min(BATCH);
        Report {
            boot,
            seq: self.seq,
            results: self.findings.drain(..count).collect(),
            traces: self.traces.drain().map(|(_, trace)| trace).collect(),
            lag: self.lags.p99(now),
        }
    }
}
