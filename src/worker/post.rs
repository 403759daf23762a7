//! What an agent sends next, and under which number: live results while a server takes them, the
//! others into the spool.
//!
//! No clock and no network: every method takes `now`. A live report that was not answered keeps its
//! number and is sent again as it was.

use std::collections::VecDeque;

use super::outlet::{Batch, supersede};
use super::roll::Renumbered;
use super::spool::Spool;
use crate::model::{FailureKind, Now, Span, Steady, TestNews};
use crate::protocol::event::LiveTrace;
use crate::protocol::work::{Beat, Finding, LAST_RUNS, LIVE, RESULT_LIMIT, Report};

/// How long results gather for one file of the spool.
const GATHER: Span = Span::from_secs(5);
/// Most results that wait for a server that is there; what comes beyond is late.
const LIVE_WAITING: usize = 16 * RESULT_LIMIT;
/// Most bytes of one report, with room for what is around the results: the server takes 8 MiB.
const REPORT: usize = 7 * 1024 * 1024;

/// Results of one live report.
#[derive(Debug, Default)]
struct Bundle {
    results: Vec<Finding>,
    /// News of tests; they go with the number, so that they count once as well.
    tests: Vec<TestNews>,
    bytes: usize,
    /// The number it was sent under.
    seq: Option<u64>,
}

/// The queues of an agent.
#[derive(Debug)]
pub(super) struct Post {
    boot: u64,
    seq: u64,
    live: VecDeque<Bundle>,
    traces: Vec<LiveTrace>,
    /// News of tests that were not sent yet.
    tests: Vec<TestNews>,
    lag: Span,
    /// Results on their way into the spool, and since when.
    gathering: VecDeque<Finding>,
    since: Option<Steady>,
    spool: Spool,
    /// Whether the last runs could be run.
    runs: VecDeque<bool>,
    /// Results that gave way in the queue of the probes.
    gave_way: u64,
    /// Results that no server will take.
    refused: u64,
}

impl Post {
    /// Of this start of an agent.
    pub(super) fn new(boot: u64, spool: Spool) -> Self {
        Self {
            boot,
            seq: 0,
            live: VecDeque::new(),
            traces: Vec::new(),
            tests: Vec::new(),
            lag: Span::ZERO,
            gathering: VecDeque::new(),
            since: None,
            spool,
            runs: VecDeque::new(),
            gave_way: 0,
            refused: 0,
        }
    }

    /// Takes what the probes found. `open`: a server takes live results.
    pub(super) fn take(&mut self, batch: Batch, open: bool, now: Steady) {
        let Batch { results, traces, tests, lag, oldest, dropped } = batch;
        for news in tests {
            supersede(&mut self.tests, news);
        }
        (self.gave_way, self.lag) = (dropped, lag);
        for finding in results.iter().filter(|finding| !finding.sample) {
            self.runs.push_back(could_not_run(finding));
        }
        let excess = self.runs.len().saturating_sub(LAST_RUNS as usize);
        self.runs.drain(..excess);
        let is_live = oldest.is_none_or(|oldest| now.since(oldest) <= LIVE);
        let waiting: usize = self.live.iter().map(|bundle| bundle.results.len()).sum();
        if open && is_live && waiting < LIVE_WAITING {
            for finding in results {
                self.put_live(finding);
            }
            self.traces.extend(traces);
        } else {
            self.gather(results, now);
        }
    }

    fn put_live(&mut self, finding: Finding) {
        let Some((finding, bytes)) = fitting(finding) else {
            self.refused += 1;
            return;
        };
        let fits = |bundle: &&mut Bundle| {
            bundle.seq.is_none()
                && bundle.results.len() < RESULT_LIMIT
                && bundle.bytes + bytes <= REPORT
        };
        match self.live.back_mut().filter(fits) {
            Some(bundle) => {
                bundle.results.push(finding);
                bundle.bytes += bytes;
            }
            None => {
                self.live.push_back(Bundle { results: vec![finding], bytes, ..Bundle::default() });
            }
        }
    }

    fn gather(&mut self, results: Vec<Finding>, now: Steady) {
        // A sample is only looked at, and series do not take what lies behind.
        let kept = results.into_iter().filter(|finding| !finding.sample).map(|mut finding| {
            finding.observation.scrape = None;
            finding
        });
        self.gathering.extend(kept);
        if !self.gathering.is_empty() {
            self.since = self.since.or(Some(now));
        }
        while self.gathering.len() >= RESULT_LIMIT {
            self.store(now);
        }
    }

    /// Puts what gathered into the spool, at most one report's worth.
    fn store(&mut self, now: Steady) {
        let (mut results, mut total) = (Vec::new(), 0);
        while let Some(finding) = self.gathering.pop_front() {
            let Some((finding, bytes)) = fitting(finding) else {
                self.refused += 1;
                continue;
            };
            if total + bytes > REPORT && !results.is_empty() {
                self.gathering.push_front(finding);
                break;
            }
            total += bytes;
            results.push(finding);
            if results.len() >= RESULT_LIMIT {
                break;
            }
        }
        if !results.is_empty() {
            self.spool.put(super::spool::Parcel { owed: None, results }, now);
        }
        self.since = (!self.gathering.is_empty()).then_some(now);
    }

    /// When what gathered goes into the spool.
    pub(super) fn next_store(&self) -> Option<Steady> {
        self.since.map(|since| since + GATHER)
    }

    /// Puts what gathered long enough into the spool.
    pub(super) fn tick(&mut self, now: Steady) {
        if self.next_store().is_some_and(|at| at <= now) {
            self.store_all(now);
        }
    }

    fn store_all(&mut self, now: Steady) {
        while !self.gathering.is_empty() {
            self.store(now);
        }
        self.since = None;
    }

    /// A server is there: what was just gathered is live all the same, when its check is as it was.
    pub(super) fn opened(&mut self, renumbered: &Renumbered, now: Steady) {
        for finding in self.live.iter_mut().flat_map(|bundle| &mut bundle.results) {
            renumber(finding, renumbered);
        }
        if self.since.is_some_and(|since| now.since(since) <= LIVE) {
            for mut finding in std::mem::take(&mut self.gathering) {
                if renumber(&mut finding, renumbered) {
                    self.put_live(finding);
                } else {
                    self.gathering.push_back(finding);
                }
            }
            self.since = self.since.filter(|_| !self.gathering.is_empty());
        }
    }

    /// No server takes live results any more: what was not sent yet waits for the spool. What was
    /// sent and not answered stays, to be sent again as it was.
    pub(super) fn closed(&mut self, now: Steady) {
        let sent = usize::from(self.live.front().is_some_and(|bundle| bundle.seq.is_some()));
        let unsent: Vec<Finding> =
            self.live.drain(sent..).flat_map(|bundle| bundle.results).collect();
        self.traces.clear();
        // How far a test is will be said anew; that it is over is said once.
        self.tests.retain(|news| news.over);
        self.gather(unsent, now);
    }

    /// The live report to send; the same until [`Self::live_done`], but for the frames of traces.
    pub(super) fn live(&mut self) -> Option<Report> {
        if self.live.is_empty() {
            if self.traces.is_empty() && self.tests.is_empty() {
                return None;
            }
            self.live.push_back(Bundle::default());
        }
        let bundle = self.live.front_mut()?;
        let seq = *bundle.seq.get_or_insert_with(|| {
            self.seq += 1;
            bundle.tests = std::mem::take(&mut self.tests);
            self.seq
        });
        Some(Report {
            boot: self.boot,
            late: None,
            seq,
            results: bundle.results.clone(),
            traces: std::mem::take(&mut self.traces),
            tests: bundle.tests.clone(),
            lag: self.lag,
        })
    }

    /// The live report was answered.
    pub(super) fn live_done(&mut self, refused: bool) {
        let gone = self.live.pop_front();
        if refused {
            self.refused += gone.map_or(0, |bundle| bundle.results.len() as u64);
        }
    }

    /// True when live results wait for their first sending.
    pub(super) fn has_live(&self) -> bool {
        !self.live.is_empty() || !self.traces.is_empty() || !self.tests.is_empty()
    }

    /// The late report to send; the same until [`Self::late_done`].
    pub(super) fn late(&mut self, now: Steady) -> Option<Report> {
        let ((stream, seq), results) = self.spool.next(now)?;
        Some(Report { boot: self.boot, late: Some(stream), seq, results, ..Report::default() })
    }

    /// The late report was answered.
    pub(super) fn late_done(&mut self, refused: bool) {
        self.spool.done(refused);
    }

    /// Results that wait for a server.
    pub(super) fn waiting(&self) -> u64 {
        self.spool.waiting() + self.gathering.len() as u64
    }

    /// A heartbeat.
    pub(super) fn beat(&self, rtt: Option<Span>, now: Now) -> Beat {
        let failed = self.runs.iter().filter(|failed| **failed).count();
        Beat {
            boot: self.boot,
            sent_at: now.wall,
            rtt,
            failed: u32::try_from(failed).unwrap_or(u32::MAX),
            buffered: self.waiting(),
            dropped: self.spool.dropped() + self.gave_way + self.refused,
        }
    }

    /// Keeps everything for the next start.
    pub(super) fn keep(&mut self, now: Steady) {
        self.closed(now);
        self.store_all(now);
        if let Some(Bundle { results, seq: Some(seq), .. }) = self.live.pop_front()
            && !results.is_empty()
        {
            self.spool.put_owed((self.boot, seq), results, now);
        }
    }
}

/// Gives a result the present number of its check; false when that is not the one it was made by.
fn renumber(finding: &mut Finding, renumbered: &Renumbered) -> bool {
    match renumbered.get(&finding.check) {
        Some((then, now)) if *then == finding.generation => {
            finding.generation = *now;
            true
        }
        _ => false,
    }
}

/// True when the agent is why there is no result.
fn could_not_run(finding: &Finding) -> bool {
    let failure = finding.observation.failure.as_ref();
    failure.is_some_and(|failure| {
        matches!(
            failure.kind,
            FailureKind::Missing
                | FailureKind::Denied
                | FailureKind::Local
                | FailureKind::Config
                | FailureKind::Internal
        )
    })
}

/// A result that one report can carry, with its size: without its samples when they are too many,
/// `None` when it cannot be made to fit.
fn fitting(mut finding: Finding) -> Option<(Finding, usize)> {
    let bytes = size(&finding);
    if bytes <= REPORT {
        return Some((finding, bytes));
    }
    finding.observation.scrape = None;
    let bytes = size(&finding);
    if bytes <= REPORT {
        return Some((finding, bytes));
    }
    tracing::error!("a result of {} is larger than a server takes; it is lost", finding.check);
    None
}

fn size(finding: &Finding) -> usize {
    struct Counter(usize);
    impl std::io::Write for Counter {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut counter = Counter(1);
    match serde_json::to_writer(&mut counter, finding) {
        Ok(()) => counter.0,
        Err(_) => usize::MAX,
    }
}

#[cfg(test)]
#[path = "post_tests.rs"]
mod tests;
