//! The monitor itself: checks and their results, alerts, notifications, lag, the process.

use prometheus::{GaugeVec, IntCounterVec, IntGaugeVec};

use super::make::Make;

/// How many checks and alerts are how, at one moment; the names are the labels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Hosts.
    pub hosts: usize,
    /// Checks by state: `ok`, `warning`, `critical`, `unknown`, `waiting`, `disabled`.
    pub checks: Vec<(&'static str, usize)>,
    /// Open alerts by phase (`pending`, `firing`, `acknowledged`, `suppressed`) and severity.
    pub alerts: Vec<((&'static str, &'static str), usize)>,
}

/// The families of the monitor.
#[derive(Debug)]
pub struct Monitor {
    hosts: IntGaugeVec,
    checks: IntGaugeVec,
    alerts: IntGaugeVec,
    results: IntCounterVec,
    notifications: IntCounterVec,
    lag: GaugeVec,
    outbox: IntGaugeVec,
    outbox_age: GaugeVec,
    memory: IntGaugeVec,
    tasks: IntGaugeVec,
    agents: IntGaugeVec,
}

impl Monitor {
    pub(super) fn new(make: &Make<'_>) -> Self {
        let build =
            make.int_gauges("build_info", "Always 1; the version is a label.", &["version"]);
        build.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        Self {
            hosts: make.int_gauges("hosts", "Configured hosts.", &[]),
            checks: make.int_gauges("checks", "Configured checks by state.", &["state"]),
            alerts: make.int_gauges(
                "alerts",
                "Open alerts by how far they are, and severity.",
                &["state", "severity"],
            ),
            results: make.counters(
                "check_results_total",
                "Results of runs of checks, by kind and judged state.",
                &["kind", "state"],
            ),
            notifications: make.counters(
                "notifications_total",
                "Tries to deliver a notification, by kind of channel and what became of them.",
                &["channel", "result"],
            ),
            lag: make.gauges(
                "scheduler_lag_seconds",
                "How late checks start: the 99th percentile of the last minute.",
                &[],
            ),
            outbox: make.int_gauges(
                "outbox_notifications",
                "Notifications that are not delivered: due, of those failing, and parked.",
                &["state"],
            ),
            outbox_age: make.gauges(
                "outbox_oldest_age_seconds",
                "How long the oldest notification is due; 0 when none is.",
                &[],
            ),
            memory: make.int_gauges("memory_resident_bytes", "Memory of this process.", &[]),
            agents: make.int_gauges("agents", "Registered agents by state.", &["state"]),
            tasks: make.int_gauges("tasks", "Asynchronous tasks of this process.", &[]),
        }
    }

    /// A run of a check gave a result.
    pub fn result(&self, kind: &str, state: &'static str) {
        self.results.with_label_values(&[kind, state]).inc();
    }

    /// A notification was tried.
    pub fn notified(&self, channel: &'static str, result: &'static str) {
        self.notifications.with_label_values(&[channel, result]).inc();
    }

    /// Checks and alerts as they are.
    pub fn tally(&self, tally: &Tally) {
        let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        self.hosts.with_label_values::<&str>(&[]).set(number(tally.hosts));
        for (state, count) in &tally.checks {
            self.checks.with_label_values(&[*state]).set(number(*count));
        }
        for ((state, severity), count) in &tally.alerts {
            self.alerts.with_label_values(&[*state, *severity]).set(number(*count));
        }
    }

    /// Agents as they are.
    pub fn agents(&self, counts: &[(&'static str, usize)]) {
        for (state, count) in counts {
            let count = i64::try_from(*count).unwrap_or(i64::MAX);
            self.agents.with_label_values(&[*state]).set(count);
        }
    }

    /// How late checks start, in seconds.
    pub fn lag(&self, seconds: f64) {
        self.lag.with_label_values::<&str>(&[]).set(seconds);
    }

    /// What is not delivered, and how long the oldest of it is due.
    pub fn outbox(&self, due: u64, failing: u64, parked: u64, oldest_seconds: f64) {
        for (state, count) in [("due", due), ("failing", failing), ("parked", parked)] {
            let count = i64::try_from(count).unwrap_or(i64::MAX);
            self.outbox.with_label_values(&[state]).set(count);
        }
        self.outbox_age.with_label_values::<&str>(&[]).set(oldest_seconds);
    }

    /// The outbox cannot be read: what was known of it says nothing any more.
    pub fn outbox_unknown(&self) {
        self.outbox.reset();
        self.outbox_age.reset();
    }

    /// Asynchronous tasks that live.
    pub fn tasks(&self, alive: usize) {
        let alive = i64::try_from(alive).unwrap_or(i64::MAX);
        self.tasks.with_label_values::<&str>(&[]).set(alive);
    }

    pub(super) fn memory(&self, resident: u64) {
        let resident = i64::try_from(resident).unwrap_or(i64::MAX);
        self.memory.with_label_values::<&str>(&[]).set(resident);
    }
}
