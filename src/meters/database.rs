//! Statements to the store, by operation and table, and the numbers of its connections.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use prometheus::{Histogram, HistogramVec, IntCounter, IntCounterVec, IntGaugeVec};

use super::Meters;
use super::make::Make;

const LABELS: [&str; 2] = ["operation", "table"];
/// As of requests, without the last.
const SECONDS: [f64; 11] = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0];
/// A statement of no table.
const NONE: &str = "none";
/// Longest name of a table of ours.
const TABLE: usize = 32;

/// The connections of a store now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolNumbers {
    /// In use.
    pub acquired: u32,
    /// Open and not in use.
    pub idle: u32,
    /// Open.
    pub total: u32,
    /// Most that are opened.
    pub max: u32,
}

/// The families of the store.
#[derive(Debug)]
pub struct Database {
    queries: IntCounterVec,
    duration: HistogramVec,
    connections: IntGaugeVec,
    idle: IntGaugeVec,
    max: IntGaugeVec,
    acquires: AtomicU64,
    waited: AtomicU64,
}

impl Database {
    pub(super) fn new(make: &Make<'_>) -> Self {
        Self {
            queries: make.counters(
                "db_queries_total",
                "Statements to the store by operation and table.",
                &LABELS,
            ),
            duration: make.histograms(
                "db_query_duration_seconds",
                "Time from a statement to the last row of its answer.",
                &LABELS,
                &SECONDS,
            ),
            connections: make.int_gauges("db_connections", "Open connections to the store.", &[]),
            idle: make.int_gauges(
                "db_connections_idle",
                "Open connections to the store that are not in use.",
                &[],
            ),
            max: make.int_gauges("db_connections_max", "Most connections to the store.", &[]),
            acquires: AtomicU64::new(0),
            waited: AtomicU64::new(0),
        }
    }

    /// The connections as they are.
    pub fn pool(&self, now: PoolNumbers) {
        self.connections.with_label_values::<&str>(&[]).set(now.total.into());
        self.idle.with_label_values::<&str>(&[]).set(now.idle.into());
        self.max.with_label_values::<&str>(&[]).set(now.max.into());
    }

    /// A connection was waited for so long.
    pub fn acquired(&self, took: Duration) {
        self.acquires.fetch_add(1, Ordering::Relaxed);
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.waited.fetch_add(micros, Ordering::Relaxed);
    }

    /// How often a connection was waited for, and for how long in all.
    #[must_use]
    pub fn acquires(&self) -> (u64, Duration) {
        let waited = Duration::from_micros(self.waited.load(Ordering::Relaxed));
        (self.acquires.load(Ordering::Relaxed), waited)
    }
}

impl Meters {
    /// A statement begins; it ends when the timer is dropped.
    #[must_use]
    pub fn query(self: &Arc<Self>, sql: &str) -> QueryTimer {
        let (operation, table) = (operation(sql), table(sql));
        let labels = [operation, table];
        let told = tracing::enabled!(target: "fluxnoc::database", tracing::Level::DEBUG);
        QueryTimer {
            counter: self.database.queries.with_label_values(&labels),
            duration: self.database.duration.with_label_values(&labels),
            told: told.then(|| (operation, table.to_owned())),
            begun: Instant::now(),
        }
    }
}

/// A statement under way.
#[derive(Debug)]
pub struct QueryTimer {
    counter: IntCounter,
    duration: Histogram,
    told: Option<(&'static str, String)>,
    begun: Instant,
}

impl Drop for QueryTimer {
    fn drop(&mut self) {
        let took = self.begun.elapsed().as_secs_f64();
        self.counter.inc();
        self.duration.observe(took);
        if let Some((operation, table)) = &self.told {
            let duration_ms = took * 1000.0;
            tracing::debug!(target: "fluxnoc::database", operation, table, duration_ms, "query");
        }
    }
}

/// What a statement does, by its first word.
fn operation(sql: &str) -> &'static str {
    let word = sql.trim_start().split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or("");
    let is = |known: &str| word.eq_ignore_ascii_case(known);
    match () {
        () if is("select") => "select",
        () if is("insert") => "insert",
        () if is("update") => "update",
        () if is("delete") => "delete",
        // Here the disk is waited for, so it has a name of its own.
        () if is("commit") => "commit",
        () => "other",
    }
}

/// The first table that a statement names. All statements are texts of the store, so there are as
/// many as it has tables.
fn table(sql: &str) -> &str {
    let mut before = "";
    for word in sql.split(|c: char| c.is_ascii_whitespace() || c == '(').filter(|w| !w.is_empty()) {
        let leads = ["FROM", "INTO", "UPDATE"].contains(&before);
        let name = word.trim_end_matches([',', ')', ';']);
        let plain = name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        if leads && plain && !name.is_empty() && name.len() <= TABLE {
            return name;
        }
        before = word;
    }
    NONE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_has_the_operation_and_the_table_of_its_text() {
        for (sql, of) in [
            ("SELECT a, b FROM hosts WHERE x = 1", ("select", "hosts")),
            ("SELECT d.x FROM (SELECT DISTINCT x FROM outbox WHERE y) d", ("select", "outbox")),
            ("INSERT INTO journal (seq) VALUES ($1)", ("insert", "journal")),
            ("UPDATE outbox SET state = 'sent' FROM (VALUES ", ("update", "outbox")),
            ("DELETE FROM chunks WHERE hour < $1", ("delete", "chunks")),
            ("COMMIT", ("commit", "none")),
            ("BEGIN IMMEDIATE", ("other", "none")),
            ("PRAGMA incremental_vacuum(1000)", ("other", "none")),
            ("SELECT 1 FROM \"a; drop\"", ("select", "none")),
            ("", ("other", "none")),
        ] {
            assert_eq!((operation(sql), table(sql)), of, "{sql}");
        }
    }
}
