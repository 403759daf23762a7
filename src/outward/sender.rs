//! The loop of one receiver: fill a request, send it, wait, give up.

use std::sync::Arc;

use prost::Message as _;

use super::FLUSH;
use super::deliver::{Delivery, Way};
use super::expand::Expander;
use super::tap::Line;
use super::wire::{self, TimeSeries, WriteRequest};
use crate::clock::Clock;
use crate::meters::Meters;
use crate::model::{Now, Span};

/// Bytes of a request before it is packed.
const BYTES: usize = 1 << 20;
/// The longest between two tries.
const CAP: Span = Span::from_secs(60);
/// Between two tries at the end of the process.
const HASTE: std::time::Duration = std::time::Duration::from_millis(200);

/// A request that is not taken yet.
#[derive(Debug)]
struct Pending {
    body: Vec<u8>,
    samples: u64,
    tries: u32,
}

/// The sender of one receiver.
struct Worker {
    line: Arc<Line>,
    clock: Clock,
    meters: Arc<Meters>,
    expander: Expander,
    /// A series that found no room in the request before.
    kept: Option<TimeSeries>,
    pending: Option<Pending>,
    way: Way,
}

/// Sends what waits for a receiver until its queue is closed; then what is left, in a bounded time.
pub(super) async fn run(line: Arc<Line>, clock: Clock, meters: Arc<Meters>) {
    let expander = Expander::new(line.to.labels.clone());
    let mut worker = Worker {
        line: Arc::clone(&line),
        clock,
        meters,
        expander,
        kept: None,
        pending: None,
        way: Way::new(),
    };
    while !line.queue().is_closed() {
        worker.step().await;
    }
    let drained = tokio::time::timeout(FLUSH.to_std(), worker.drain()).await;
    worker.end(drained.is_ok());
}

impl Worker {
    /// One request, or a wait. What is sent and not answered when the queue is closed is sent once
    /// more: a receiver takes the same sample twice.
    async fn step(&mut self) {
        if self.pending.is_none() && self.is_due(self.clock.now()) {
            self.fill();
        }
        let wait = match &self.pending {
            Some(_) => {
                let line = Arc::clone(&self.line);
                let sent = tokio::select! {
                    sent = self.send() => sent,
                    () = closed(&line) => return,
                };
                match sent {
                    Some(wait) => wait,
                    None => return,
                }
            }
            None => self.until_due(self.clock.now()),
        };
        let trying = self.pending.is_some();
        let until = self.clock.now().steady + wait;
        loop {
            tokio::select! {
                () = self.clock.sleep_until(until) => return,
                () = self.line.news.notified() => {
                    let is_closed = self.line.queue().is_closed();
                    if is_closed || !trying {
                        return;
                    }
                }
            }
        }
    }

    /// True when a request is worth making.
    fn is_due(&self, now: Now) -> bool {
        if self.kept.is_some() || !self.expander.is_empty() {
            return true;
        }
        let queue = self.line.queue();
        queue.samples() >= self.line.to.batch
            || queue.oldest().is_some_and(|at| now.steady.since(at) >= self.line.to.interval)
    }

    fn until_due(&self, now: Now) -> Span {
        let oldest = self.line.queue().oldest();
        oldest.map_or(CAP, |at| {
            let waited = now.steady.since(at).millis();
            Span::from_millis(self.line.to.interval.millis().saturating_sub(waited).max(1))
        })
    }

    /// Fills a request from the queue; leaves none when there is nothing to send.
    fn fill(&mut self) {
        let mut request = WriteRequest::default();
        let mut bytes = 0;
        while request.timeseries.len() < self.line.to.batch {
            let Some(series) = self.next() else { break };
            // With its tag and its length.
            let size = series.encoded_len() + 8;
            if bytes + size > BYTES && !request.timeseries.is_empty() {
                self.kept = Some(series);
                break;
            }
            bytes += size;
            request.timeseries.push(series);
        }
        let name = &self.line.to.name;
        let left_out = self.expander.left_out();
        if left_out > 0 {
            self.meters.outward.lost(name, "invalid", left_out);
        }
        if request.timeseries.is_empty() {
            return;
        }
        let samples = request.timeseries.len() as u64;
        match wire::packed(&request) {
            Ok(body) => self.pending = Some(Pending { body, samples, tries: 0 }),
            Err(why) => self.lose("refused", samples, &why),
        }
    }

    fn next(&mut self) -> Option<TimeSeries> {
        if let Some(kept) = self.kept.take() {
            return Some(kept);
        }
        loop {
            if let Some(series) = self.expander.next() {
                return Some(series);
            }
            let (_, parcel) = self.line.queue().pop()?;
            self.expander.begin(parcel);
        }
    }

    /// Sends the request; gives the time to wait when it must be sent again.
    async fn send(&mut self) -> Option<Span> {
        let pending = self.pending.as_mut()?;
        let (samples, name) = (pending.samples, &self.line.to.name);
        let given = self.way.send(&self.line.to, &pending.body).await;
        let now = self.clock.now();
        match given {
            Delivery::Taken => {
                self.pending = None;
                self.meters.outward.sent(name, samples);
                self.line.health().worked(name);
                None
            }
            Delivery::Refused(why) => {
                self.pending = None;
                self.lose("refused", samples, &why);
                None
            }
            Delivery::Retry { why, after } => {
                let wait = after.unwrap_or_else(|| backoff(pending.tries));
                pending.tries = pending.tries.saturating_add(1);
                self.meters.outward.failed(name);
                self.line.health().failed(name, &why, now);
                Some(wait)
            }
        }
    }

    fn lose(&self, how: &'static str, samples: u64, why: &str) {
        let (name, now) = (&self.line.to.name, self.clock.now());
        self.meters.outward.lost(name, how, samples);
        let mut health = self.line.health();
        health.failed(name, why, now);
        health.lost(name, samples, now);
    }

    /// Sends all that is left.
    async fn drain(&mut self) {
        loop {
            if self.pending.is_none() {
                self.fill();
            }
            if self.pending.is_none() {
                return;
            }
            if self.send().await.is_some() {
                tokio::time::sleep(HASTE).await;
            }
        }
    }

    /// Says what is lost at the end.
    fn end(&mut self, drained: bool) {
        if drained {
            return;
        }
        let mut lost = self.pending.take().map_or(0, |pending| pending.samples);
        lost += self.expander.rest() as u64 + self.line.queue().clear() as u64;
        let name = &self.line.to.name;
        self.meters.outward.lost(name, "dropped", lost);
        tracing::warn!(
            "remote write to {name}: {lost} samples are lost: no time was left to send them"
        );
    }
}

async fn closed(line: &Line) {
    while !line.queue().is_closed() {
        line.news.notified().await;
    }
}

/// 1 s, 2 s, 4 s ... 60 s.
fn backoff(tries: u32) -> Span {
    Span::from_secs(1_u64.checked_shl(tries.min(6)).unwrap_or(64)).min(CAP)
}
