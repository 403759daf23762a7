//! Rules in `PromQL`: evaluations of their groups, and what failed, was skipped and took long.

use prometheus::{GaugeVec, IntCounterVec, IntGaugeVec};

use super::make::Make;

/// One iteration of a group of rules.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct GroupTurn {
    /// Rules that were evaluated, with those that failed.
    pub rules: u64,
    /// Those that failed.
    pub failed: u64,
    /// Iterations before it that were skipped.
    pub missed: u64,
    /// Series that it made.
    pub series: usize,
    /// How long it took, in seconds.
    pub took: f64,
    /// How often it is due, in seconds.
    pub interval: f64,
    /// Its time, in seconds since the epoch.
    pub at: f64,
}

/// The families of groups of rules; the labels are the name of the file, without where it lies, and that of
/// the group. Groups that share both are counted together.
#[derive(Debug)]
pub struct Rules {
    evaluations: IntCounterVec,
    failures: IntCounterVec,
    missed: IntCounterVec,
    series: IntGaugeVec,
    took: GaugeVec,
    interval: GaugeVec,
    at: GaugeVec,
}

impl Rules {
    pub(super) fn new(make: &Make<'_>) -> Self {
        let of = ["file", "group"];
        Self {
            evaluations: make.counters(
                "rule_evaluations_total",
                "Evaluations of rules in PromQL, those that failed among them.",
                &of,
            ),
            failures: make.counters(
                "rule_evaluation_failures_total",
                "Evaluations of rules in PromQL that failed or were ended.",
                &of,
            ),
            missed: make.counters(
                "rule_group_iterations_missed_total",
                "Iterations of a group that were skipped because others took too long.",
                &of,
            ),
            series: make.int_gauges(
                "rule_group_last_evaluation_samples",
                "Series that the last iteration of a group made.",
                &of,
            ),
            took: make.gauges(
                "rule_group_last_duration_seconds",
                "How long the last iteration of a group took.",
                &of,
            ),
            interval: make.gauges("rule_group_interval_seconds", "How often a group is due.", &of),
            at: make.gauges(
                "rule_group_last_evaluation_timestamp_seconds",
                "The time of the last iteration of a group.",
                &of,
            ),
        }
    }

    /// A group was evaluated.
    pub fn evaluated(&self, file: &str, group: &str, turn: &GroupTurn) {
        let of = [file, group];
        self.evaluations.with_label_values(&of).inc_by(turn.rules);
        self.failures.with_label_values(&of).inc_by(turn.failed);
        self.missed.with_label_values(&of).inc_by(turn.missed);
        let series = i64::try_from(turn.series).unwrap_or(i64::MAX);
        self.series.with_label_values(&of).set(series);
        self.took.with_label_values(&of).set(turn.took);
        self.interval.with_label_values(&of).set(turn.interval);
        self.at.with_label_values(&of).set(turn.at);
    }

    /// A group is there no more.
    pub fn forget(&self, file: &str, group: &str) {
        let of = [file, group];
        for counters in [&self.evaluations, &self.failures, &self.missed] {
            let _ = counters.remove_label_values(&of);
        }
        for gauges in [&self.took, &self.interval, &self.at] {
            let _ = gauges.remove_label_values(&of);
        }
        let _ = self.series.remove_label_values(&of);
    }
}
