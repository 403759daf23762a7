//! Remote write: what was sent and lost, what waits.

use prometheus::{GaugeVec, IntCounterVec, IntGaugeVec};

use super::make::Make;

/// The families of remote write; the label is a name of the configuration.
#[derive(Debug)]
pub struct Outward {
    sent: IntCounterVec,
    lost: IntCounterVec,
    failures: IntCounterVec,
    waiting: IntGaugeVec,
    lag: GaugeVec,
}

impl Outward {
    pub(super) fn new(make: &Make<'_>) -> Self {
        let of = ["destination"];
        Self {
            sent: make.counters(
                "remote_write_samples_total",
                "Samples that a receiver of remote write took.",
                &of,
            ),
            lost: make.counters(
                "remote_write_lost_samples_total",
                "Samples that were not sent: dropped from a full queue or at the end, refused by the \
                 receiver, invalid.",
                &["destination", "reason"],
            ),
            failures: make.counters(
                "remote_write_failures_total",
                "Requests that failed and were or will be sent again.",
                &of,
            ),
            waiting: make.int_gauges(
                "remote_write_waiting_samples",
                "Samples that wait in the queue of a receiver.",
                &of,
            ),
            lag: make.gauges(
                "remote_write_lag_seconds",
                "How long the oldest of them waits; 0 when none does.",
                &of,
            ),
        }
    }

    /// A receiver took samples.
    pub fn sent(&self, destination: &str, samples: u64) {
        self.sent.with_label_values(&[destination]).inc_by(samples);
    }

    /// Samples are lost: `dropped`, `refused` or `invalid`.
    pub fn lost(&self, destination: &str, reason: &'static str, samples: u64) {
        self.lost.with_label_values(&[destination, reason]).inc_by(samples);
    }

    /// A request failed.
    pub fn failed(&self, destination: &str) {
        self.failures.with_label_values(&[destination]).inc();
    }

    /// What waits, and how long the oldest of it does.
    pub fn waiting(&self, destination: &str, samples: usize, seconds: f64) {
        let samples = i64::try_from(samples).unwrap_or(i64::MAX);
        self.waiting.with_label_values(&[destination]).set(samples);
        self.lag.with_label_values(&[destination]).set(seconds);
    }
}
