//! Network tests: which results are asked for, and what lists of them, of schedules and of vantages
//! say.
//!
//! In: nothing. Out: filters and rows. Never: runs or judges a test.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::model::{
    Agent, AgentPhase, Baselines, Name, NamedTarget, SafeText, Schedule, ScheduleId, Test, TestId,
    TestKind, TestPhase, Timestamp, Traffic, View,
};

/// Longest that an engine works at a report.
pub const REPORT_PATIENCE: Duration = Duration::from_mins(5);

/// Which results are asked for; what is not said does not matter.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TestFilter {
    /// Only of this vantage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<Name>,
    /// Only of this target, as it was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Only of this kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_type: Option<TestKind>,
    /// Only of this schedule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<ScheduleId>,
    /// Only such as are so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<TestPhase>,
    /// Only such as were asked for at this moment or later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<Timestamp>,
    /// Only such as were asked for before this moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<Timestamp>,
    /// Only what is older than this result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<TestId>,
}

/// A place that tests are run from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Node {
    /// Its name: an agent's, or the machine's that the server runs on.
    #[schema(value_type = String)]
    pub name: Name,
    /// True for the server's own.
    pub own: bool,
    /// How it is.
    pub phase: AgentPhase,
    /// Where it is.
    #[serde(default, skip_serializing_if = "SafeText::is_empty")]
    pub location: SafeText,
    /// Tests that it runs now.
    pub running: u32,
    /// Tests that wait for it.
    pub queued: u32,
    /// What its speedtests moved, beside what they may.
    #[serde(default)]
    pub traffic: Traffic,
    /// The agent, when it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<Agent>,
}

/// The vantages and the targets.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Nodes {
    /// The vantages: the server's own, then the agents by name.
    pub nodes: Vec<Node>,
    /// The configured targets, in the order in which they were written.
    pub targets: Vec<NamedTarget>,
}

/// The last runs of a schedule that were missed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LastMissed {
    /// When the first of them was due.
    pub at: Timestamp,
    /// When the last of them was.
    pub until: Timestamp,
    /// How many.
    pub runs: u64,
    /// True when there were more, which nobody counted.
    #[serde(default)]
    pub at_least: bool,
    /// Why.
    pub reason: SafeText,
}

impl LastMissed {
    /// Of a run that was missed.
    #[must_use]
    pub fn of(test: &Test) -> Self {
        Self {
            at: test.asked_at,
            until: test.missed.map_or(test.asked_at, |missed| missed.until),
            runs: test.missed_runs(),
            at_least: test.missed.is_some_and(|missed| missed.at_least),
            reason: test.reason.clone(),
        }
    }
}

/// A schedule with how it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ScheduleRow {
    /// The schedule.
    #[serde(flatten)]
    pub schedule: Schedule,
    /// When it runs next; `None` while it is paused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Timestamp>,
    /// Its last run that is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Box<Test>>,
    /// Its last runs that were missed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missed: Option<LastMissed>,
    /// What is usual between its vantage and its target.
    #[serde(default)]
    pub baselines: Baselines,
    /// What its maker should know: that it will never have a baseline.
    #[serde(default, skip_serializing_if = "SafeText::is_empty")]
    pub note: SafeText,
}

/// As what a report is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ReportFormat {
    /// For people: pages with charts and the verdict.
    #[default]
    Pdf,
    /// For programs: every result, the summary and the digest.
    Csv,
}

impl ReportFormat {
    /// Its word, which is the ending of its file as well.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pdf => "pdf",
            Self::Csv => "csv",
        }
    }
}

/// What a report is wanted of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportWish {
    /// Only of this vantage.
    pub agent: Option<Name>,
    /// Only of this target.
    pub target: Option<String>,
    /// Of which tests.
    pub test_type: TestKind,
    /// First moment of the period.
    pub start: Timestamp,
    /// First moment after it.
    pub end: Timestamp,
    /// The zone of its times, a name of the IANA database; UTC without it.
    pub zone: Option<String>,
    /// As what.
    pub format: ReportFormat,
}

/// Which stretch of the past of a vantage and target is shown, and how finely (SPEC FS-36).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrendWish {
    /// Of this vantage.
    pub agent: Name,
    /// Of this target, as it was written.
    pub target: String,
    /// Of which tests.
    pub test_type: TestKind,
    /// The stretch.
    pub view: View,
    /// The zone of days and weeks, a name of the IANA database; UTC without it.
    pub zone: Option<String>,
}
