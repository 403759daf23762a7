//! An alert rule: which metric of which hosts is a problem, when, and who is told.
//!
//! A rule makes one check of its own on every host that it covers, beside the check that measures:
//! of the same host, called like the rule, judged from the other's results.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::escalation::EscalationStep;
use super::id::Name;
use super::pattern::Pattern;
use super::threshold::{Range, Thresholds};
use super::time::Span;

/// On which side of its thresholds a value is a problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
pub enum Condition {
    /// Above them.
    #[serde(rename = ">")]
    Above,
    /// Below them.
    #[serde(rename = "<")]
    Below,
    /// At them or above.
    #[serde(rename = ">=")]
    AtLeast,
    /// At them or below.
    #[serde(rename = "<=")]
    AtMost,
}

impl Condition {
    /// All, as they are written.
    pub const ALL: [(&'static str, Self); 4] =
        [(">", Self::Above), ("<", Self::Below), (">=", Self::AtLeast), ("<=", Self::AtMost)];

    /// As it is written.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Above => ">",
            Self::Below => "<",
            Self::AtLeast => ">=",
            Self::AtMost => "<=",
        }
    }

    /// True when larger values are worse.
    #[must_use]
    pub const fn is_upward(self) -> bool {
        matches!(self, Self::Above | Self::AtLeast)
    }

    /// The range that alerts by this condition.
    #[must_use]
    pub const fn range(self, threshold: f64) -> Range {
        match self {
            Self::Above => Range::above(threshold),
            Self::Below => Range::below(threshold),
            Self::AtLeast => Range { start: threshold, end: f64::INFINITY, inverted: true },
            Self::AtMost => Range { start: f64::NEG_INFINITY, end: threshold, inverted: true },
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// One rule, as the configuration says it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Rule {
    /// Its unique name.
    #[schema(value_type = String)]
    pub name: Name,
    /// The hosts that it covers.
    pub hosts: Pattern,
    /// The check that measures; `None` for every check of the host that gives the metric.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub check: Option<Name>,
    /// The metric; of several instances the worst one counts.
    #[schema(value_type = String)]
    pub metric: Name,
    /// On which side a value is a problem.
    pub condition: Condition,
    /// Where WARNING begins, in the metric's base unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warning: Option<f64>,
    /// Where CRITICAL begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub critical: Option<f64>,
    /// How long it must persist before it is a hard problem.
    pub duration: Span,
    /// How many results must be a problem: in a row, or of the last `of_last`.
    pub attempts: u32,
    /// Of how many results `attempts` must be a problem, 2 to 32; `None` for "in a row".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of_last: Option<u32>,
    /// After how long it is told again while nobody has it; `None` for never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub re_alert: Option<Span>,
    /// False: alerts, and tells nobody.
    pub notify: bool,
    /// Who is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub contact_list: Option<Name>,
    /// Whether its end is told.
    pub notify_recovery: bool,
    /// True: judges also where another rule would.
    #[serde(default)]
    pub overrides: bool,
    /// False: kept, shown, judges nothing.
    pub enabled: bool,
    /// File and line that it was written at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
}

/// Its thresholds are numbers: the configuration takes no other, and JSON has none.
impl Eq for Rule {}

impl Rule {
    /// A rule that alerts at once, with nothing but thresholds.
    #[must_use]
    pub fn new(
        name: &str,
        hosts: Pattern,
        metric: &str,
        condition: Condition,
        (warning, critical): (Option<f64>, Option<f64>),
    ) -> Self {
        Self {
            name: name.into(),
            hosts,
            check: None,
            metric: metric.into(),
            condition,
            warning,
            critical,
            duration: Span::default(),
            attempts: 1,
            of_last: None,
            re_alert: None,
            notify: true,
            contact_list: None,
            notify_recovery: true,
            overrides: false,
            enabled: true,
            origin: None,
        }
    }

    /// Its ranges.
    #[must_use]
    pub fn thresholds(&self) -> Thresholds {
        let range = |threshold: Option<f64>| threshold.map(|at| self.condition.range(at));
        Thresholds { warning: range(self.warning), critical: range(self.critical) }
    }

    /// The metric as it is written: `cpu_usage`, or `backup.age` when a check is named.
    #[must_use]
    pub fn metric_words(&self) -> String {
        match &self.check {
            Some(check) => format!("{check}.{}", self.metric),
            None => self.metric.to_string(),
        }
    }

    /// What it demands, in words: `cpu_usage > 75 WARNING, > 90 CRITICAL, for 5m`.
    #[must_use]
    pub fn words(&self) -> String {
        let mut parts = Vec::new();
        for (threshold, state) in [(self.warning, "WARNING"), (self.critical, "CRITICAL")] {
            parts.extend(threshold.map(|at| format!("{} {at} {state}", self.condition)));
        }
        let mut words = format!("{} {}", self.metric_words(), parts.join(", "));
        if self.duration > Span::default() {
            words = format!("{words}, for {}", self.duration);
        }
        match self.of_last {
            Some(last) => format!("{words}, in {} of the last {last} results", self.attempts),
            None if self.attempts > 1 => format!("{words}, in {} results in a row", self.attempts),
            None => words,
        }
    }

    /// How its alerts are told.
    #[must_use]
    pub const fn policy(&self) -> Policy {
        Policy {
            re_alert: self.re_alert,
            tell: self.notify,
            tell_recovery: self.notify_recovery,
            escalate: None,
        }
    }

    /// True when `other` judges in the same way: at most who is told, and when again, differs.
    #[must_use]
    pub fn judges_as(&self, other: &Self) -> bool {
        let telling = |rule: &Self| Self {
            re_alert: None,
            notify: true,
            contact_list: None,
            notify_recovery: true,
            origin: None,
            overrides: false,
            ..rule.clone()
        };
        telling(self) == telling(other)
    }
}

/// What a check has that a rule made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Ruled {
    /// The rule.
    pub rule: Arc<Rule>,
    /// The check of the same host that measures.
    #[schema(value_type = String)]
    pub source: Name,
}

/// How an alert is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// After how long it is told again while nobody has it; `None` for never.
    pub re_alert: Option<Span>,
    /// False: nobody is told of anything.
    pub tell: bool,
    /// False: its end is told to nobody.
    pub tell_recovery: bool,
    /// Who else is told while nobody has it.
    pub escalate: Option<Arc<[EscalationStep]>>,
}

impl Default for Policy {
    fn default() -> Self {
        Self { re_alert: None, tell: true, tell_recovery: true, escalate: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::State;

    #[test]
    fn fm_20_each_condition_alerts_on_its_side() {
        use State::{Critical, Ok, Warning};
        for (condition, values, wanted) in [
            (Condition::Above, [75.0, 75.1, 90.0, 90.1], [Ok, Warning, Warning, Critical]),
            (Condition::AtLeast, [74.9, 75.0, 89.9, 90.0], [Ok, Warning, Warning, Critical]),
            (Condition::Below, [25.0, 24.9, 10.0, 9.9], [Ok, Warning, Warning, Critical]),
            (Condition::AtMost, [25.1, 25.0, 10.1, 10.0], [Ok, Warning, Warning, Critical]),
        ] {
            let (warning, critical) =
                if condition.is_upward() { (75.0, 90.0) } else { (25.0, 10.0) };
            let pattern = "*".parse().unwrap();
            let rule = Rule::new("x", pattern, "m", condition, (Some(warning), Some(critical)));
            let states = values.map(|value| rule.thresholds().judge(value));
            assert_eq!(states, wanted, "{condition}");
        }
    }

    #[test]
    fn a_rule_says_what_it_demands() {
        let thresholds = (Some(75.0), Some(90.0));
        let mut rule =
            Rule::new("x", "*".parse().unwrap(), "cpu_usage", Condition::Above, thresholds);
        rule.duration = Span::from_secs(300);
        assert_eq!(rule.words(), "cpu_usage > 75 WARNING, > 90 CRITICAL, for 5m");
        rule.duration = Span::default();
        (rule.attempts, rule.of_last, rule.warning) = (3, Some(5), None);
        assert_eq!(rule.words(), "cpu_usage > 90 CRITICAL, in 3 of the last 5 results");
    }
}
