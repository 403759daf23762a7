//! What is written, read and deleted of stored results.
//!
//! The bucket `results` is the only one there is: reports and a spool on disk have no meaning here,
//! so they are absent.

use std::time::Instant;

use prometheus::{HistogramVec, IntCounterVec};

use super::make::Make;

/// The one bucket.
pub const RESULTS: &str = "results";
const SECONDS: [f64; 9] = [0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// The families of storage.
#[derive(Debug)]
pub struct Storage {
    bytes: IntCounterVec,
    operations: IntCounterVec,
    duration: HistogramVec,
}

impl Storage {
    pub(super) fn new(make: &Make<'_>) -> Self {
        let labels = ["operation", "bucket"];
        Self {
            bytes: make.counters(
                "storage_bytes_total",
                "Packed bytes of results written, read, deleted.",
                &labels,
            ),
            operations: make.counters(
                "storage_operations_total",
                "Times that results were written, read, deleted.",
                &["operation", "bucket", "status"],
            ),
            duration: make.histograms(
                "storage_operation_duration_seconds",
                "Time to write, read, delete results.",
                &labels,
                &SECONDS,
            ),
        }
    }

    /// Begins to `write`, `read` or `delete` results. Dropped before its end it was an error.
    #[must_use]
    pub fn begin(&self, operation: &'static str) -> StorageTimer<'_> {
        StorageTimer { storage: self, operation, begun: Instant::now(), ended: false }
    }
}

/// An operation under way.
#[derive(Debug)]
pub struct StorageTimer<'m> {
    storage: &'m Storage,
    operation: &'static str,
    begun: Instant,
    ended: bool,
}

impl StorageTimer<'_> {
    /// It is done, with so many bytes.
    pub fn end(mut self, bytes: usize) {
        self.ended = true;
        let count = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.storage.bytes.with_label_values(&[self.operation, RESULTS]).inc_by(count);
    }
}

impl Drop for StorageTimer<'_> {
    fn drop(&mut self) {
        let took = self.begun.elapsed().as_secs_f64();
        let status = if self.ended { "success" } else { "error" };
        let operation = self.operation;
        self.storage.operations.with_label_values(&[operation, RESULTS, status]).inc();
        self.storage.duration.with_label_values(&[operation, RESULTS]).observe(took);
        let duration_ms = took * 1000.0;
        tracing::debug!(operation, bucket = RESULTS, status, duration_ms, "storage operation");
    }
}
