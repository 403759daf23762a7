//! Rules as they are asked for: those in force, and what a draft would have made of the past.

use serde::{Deserialize, Serialize};

use crate::model::{CheckKey, Name, Rule, SafeText, Span, State, Timestamp};

/// Most bytes of a draft's text.
pub const DRAFT_LIMIT: usize = 64 * 1024;
/// Most rules of one draft.
pub const DRAFT_RULES: usize = 20;
/// Checks of one trial that are listed, the worst; more are counted.
pub const TRIAL_ROWS: usize = 20;
/// Alerts of one check that are listed, the newest.
pub const TRIAL_ALERTS: usize = 5;

/// One rule with what it does now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RuleRow {
    /// The rule, with file and line.
    pub rule: Rule,
    /// The checks that it made.
    pub checks: u64,
    /// Of them, those with an alert that fires.
    pub firing: u64,
    /// Of them, those with a problem that is not confirmed.
    pub pending: u64,
    /// Of them, those of which nothing is known.
    pub unknown: u64,
}

/// The rules in force.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RulePage {
    /// How many there are.
    pub found: u64,
    /// The first of them, in the order in which they were written.
    pub rows: Vec<RuleRow>,
    /// How many rules in `PromQL` there are.
    #[serde(default)]
    pub queries_found: u64,
    /// The first of them, in the order in which they were written.
    #[serde(default)]
    pub queries: Vec<QueryRuleRow>,
}

/// One rule in `PromQL` with what it does now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct QueryRuleRow {
    /// File and line that it was written at.
    pub source: SafeText,
    /// Its group there.
    pub group: SafeText,
    /// Its name.
    pub name: SafeText,
    /// True when its elements are alerts; otherwise it records series.
    pub is_alert: bool,
    /// Its expression.
    pub expr: SafeText,
    /// How often it is evaluated.
    pub interval: Span,
    /// How long an element must be there before it fires.
    pub hold: Span,
    /// How long it fires on when it is gone.
    pub keep: Span,
    /// Its labels.
    pub labels: Vec<(SafeText, SafeText)>,
    /// Its annotations.
    pub annotations: Vec<(SafeText, SafeText)>,
    /// Its alerts that fire.
    pub firing: u64,
    /// Its alerts that are not there for long enough.
    pub pending: u64,
    /// Series that it recorded last.
    pub series: u64,
    /// When it was evaluated last.
    pub at: Option<Timestamp>,
    /// How long that took, in microseconds.
    pub took_us: u64,
    /// Why that failed; its alerts stay as they were.
    pub error: Option<SafeText>,
    /// Evaluations that failed, since the start.
    pub errors: u64,
    /// Iterations of its group that were skipped because the one before took too long.
    pub missed: u64,
    /// Alerts that found no room at the last evaluation.
    pub left_out: u64,
}

/// What is wrong with a draft, or should be known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DraftProblem {
    /// Line in its text, from 1; 0 for none.
    pub line: u64,
    /// Column, from 1.
    pub column: u64,
    /// What is wrong, and the mend.
    pub message: SafeText,
}

/// An alert that would have been.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TrialAlert {
    /// When it would have fired.
    pub from: Timestamp,
    /// When it would have been over; `None` when it would still fire.
    pub to: Option<Timestamp>,
    /// Its worst state.
    pub worst: State,
    /// Its worst value, in the metric's base unit; `None` for an absence of data.
    pub peak: Option<f64>,
}

/// What a draft would have made of one check's past.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TrialRow {
    /// The check that the rule would make.
    pub check: CheckKey,
    /// The check whose results it would judge.
    #[schema(value_type = String)]
    pub source: Name,
    /// The worst state of its alerts.
    pub worst: State,
    /// Its alerts.
    pub alerts: u64,
    /// How long they would have been firing.
    pub firing: Span,
    /// The newest of them, newest first.
    pub newest: Vec<TrialAlert>,
}

/// What one rule would have made of the past.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RuleTrial {
    /// The rule as it was understood.
    pub rule: Rule,
    /// What should be known of it: another rule judges the metric, it judges nothing.
    pub warnings: Vec<SafeText>,
    /// The checks that it would judge.
    pub checks: u64,
    /// The hosts that they are of.
    pub hosts: u64,
    /// Of the checks, those whose past was looked at.
    pub judged: u64,
    /// Of them, those that have no stored results in the time asked for.
    pub without: u64,
    /// Alerts that would have been: WARNING at worst.
    pub warning: u64,
    /// CRITICAL at worst.
    pub critical: u64,
    /// UNKNOWN at worst: no data.
    pub unknown: u64,
    /// Of all alerts, those that would still fire.
    pub still: u64,
    /// How often somebody would have been told: alerts, changes, reminders, recoveries.
    pub told: u64,
    /// Checks with alerts, the worst first.
    pub rows: Vec<TrialRow>,
    /// Checks with alerts that are not listed.
    pub more: u64,
    /// From which moment on the past was asked for.
    pub since: Timestamp,
    /// The first stored result that there was.
    pub first: Option<Timestamp>,
    /// The last one.
    pub last: Option<Timestamp>,
    /// Stored results that were judged.
    pub results: u64,
    /// The mean time between two results of one check.
    pub every: Option<Span>,
    /// Before this moment only daily figures are kept, which no rule can judge.
    pub daily_before: Option<Timestamp>,
    /// Stored pieces that could not be read.
    pub damaged: u64,
    /// Why it ended before all was looked at.
    pub stopped: Option<SafeText>,
}

/// What became of a draft.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DraftAnswer {
    /// What is wrong; nothing was tried then.
    pub problems: Vec<DraftProblem>,
    /// Its rules with what they would have made of the past.
    pub trials: Vec<RuleTrial>,
}
