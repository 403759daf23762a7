//! The alerts of a rule from one evaluation to the next.
//!
//! | the element | was | is |
//! |---|---|---|
//! | is there | not there, resolved | pending since now, in its first turn firing without `for` |
//! | is there | pending for `for` | firing |
//! | is gone | pending | forgotten |
//! | is gone | firing | firing for `keep_firing_for`, then resolved |
//! | is gone | resolved | forgotten after 15 minutes |

use std::collections::{BTreeMap, BTreeSet};

use super::{AlertRule, Failure, Turn};
use crate::promql::labels::{Labels, NAME};
use crate::promql::source::Source;
use crate::promql::value::Sample;

/// How long a resolved alert is told of, in milliseconds.
const RETENTION: i64 = 15 * 60_000;

/// Where an alert is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// It is there, but not for long enough.
    Pending,
    /// It fires.
    Firing,
    /// It is over.
    Resolved,
}

/// An alert.
#[derive(Clone, Debug, PartialEq)]
pub struct Alert {
    /// Where it is.
    pub phase: Phase,
    /// Its annotations as of the newest evaluation that found it.
    pub annotations: Vec<(String, String)>,
    /// The value as of the same.
    pub value: f64,
    /// Since when it is there, in milliseconds since the epoch.
    pub active_at: i64,
    /// When it began to fire.
    pub fired_at: Option<i64>,
    /// When it was over.
    pub resolved_at: Option<i64>,
    /// Since when it only fires because of `keep_firing_for`.
    pub kept_since: Option<i64>,
}

/// What an evaluation changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Whose phase.
    pub labels: Labels,
    /// What it was; none for a new alert.
    pub before: Option<Phase>,
    /// What it is; none for a forgotten one.
    pub after: Option<Phase>,
}

/// The alerts of one rule by their labels.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Alerts {
    all: BTreeMap<Labels, Alert>,
}

impl Alerts {
    /// All of them, resolved ones for a while too.
    pub fn iter(&self) -> impl Iterator<Item = (&Labels, &Alert)> {
        self.all.iter()
    }

    /// Gives a pending alert the time since which it was there before a restart.
    pub fn restore(&mut self, labels: &Labels, active_at: i64) {
        let alert = self.all.get_mut(labels);
        if let Some(alert) = alert.filter(|alert| alert.phase == Phase::Pending) {
            alert.active_at = active_at;
        }
    }

    /// Evaluates the rule. A failure changes nothing, except that of too many alerts, which forgets
    /// all of them.
    ///
    /// # Errors
    /// Why there is no result.
    pub fn evaluate(
        &mut self,
        rule: &AlertRule,
        source: &dyn Source,
        turn: &Turn<'_>,
    ) -> Result<Vec<Change>, Failure> {
        let found = rule.found(source, turn)?;
        let before: BTreeMap<Labels, Phase> =
            self.all.iter().map(|(labels, alert)| (labels.clone(), alert.phase)).collect();
        let mut present = BTreeSet::new();
        for one in found {
            present.insert(one.labels.clone());
            let old = self.all.get_mut(&one.labels).filter(|old| old.phase != Phase::Resolved);
            match old {
                Some(old) => {
                    old.value = one.value;
                    old.annotations = one.annotations;
                }
                None => {
                    let new = Alert {
                        phase: Phase::Pending,
                        annotations: one.annotations,
                        value: one.value,
                        active_at: turn.at,
                        fired_at: None,
                        resolved_at: None,
                        kept_since: None,
                    };
                    self.all.insert(one.labels, new);
                }
            }
        }
        self.all.retain(|labels, alert| {
            if present.contains(labels) {
                alert.is_there(rule, turn.at);
                true
            } else {
                alert.is_gone(rule, turn.at)
            }
        });
        let count = self.active();
        if turn.limit > 0 && count > turn.limit {
            self.all.clear();
            return Err(Failure::TooManyAlerts { limit: turn.limit, count });
        }
        Ok(self.changes(&before))
    }

    /// Those that are pending or firing.
    fn active(&self) -> usize {
        self.all.values().filter(|alert| alert.phase != Phase::Resolved).count()
    }

    fn changes(&self, before: &BTreeMap<Labels, Phase>) -> Vec<Change> {
        let mut changes = Vec::new();
        for (labels, alert) in &self.all {
            let was = before.get(labels).copied();
            if was != Some(alert.phase) {
                let labels = labels.clone();
                changes.push(Change { labels, before: was, after: Some(alert.phase) });
            }
        }
        let gone = before.iter().filter(|(labels, _)| !self.all.contains_key(labels));
        changes.extend(gone.map(|(labels, was)| Change {
            labels: labels.clone(),
            before: Some(*was),
            after: None,
        }));
        changes
    }

    /// The series `ALERTS` and `ALERTS_FOR_STATE` that rules and dashboards read.
    #[must_use]
    pub fn series(&self) -> Vec<Sample> {
        let mut samples = Vec::new();
        for (labels, alert) in &self.all {
            let state = match alert.phase {
                Phase::Pending => "pending",
                Phase::Firing => "firing",
                Phase::Resolved => continue,
            };
            let named = |name: &str| labels.with(NAME, name);
            let state = named("ALERTS").with("alertstate", state);
            samples.push(Sample { labels: state, value: 1.0 });
            #[expect(clippy::cast_precision_loss, reason = "seconds are far below 2^53")]
            let since = alert.active_at.div_euclid(1000) as f64;
            samples.push(Sample { labels: named("ALERTS_FOR_STATE"), value: since });
        }
        samples
    }
}

impl Alert {
    fn is_there(&mut self, rule: &AlertRule, at: i64) {
        self.kept_since = None;
        if self.phase == Phase::Pending && at.saturating_sub(self.active_at) >= rule.hold {
            self.phase = Phase::Firing;
            self.fired_at = Some(at);
        }
    }

    /// Whether it is still to be known.
    fn is_gone(&mut self, rule: &AlertRule, at: i64) -> bool {
        match self.phase {
            Phase::Pending => false,
            Phase::Firing => {
                let since = *self.kept_since.get_or_insert(at);
                if rule.keep > 0 && at.saturating_sub(since) < rule.keep {
                    return true;
                }
                self.phase = Phase::Resolved;
                self.resolved_at = Some(at);
                true
            }
            Phase::Resolved => {
                self.resolved_at.is_none_or(|when| at.saturating_sub(when) <= RETENTION)
            }
        }
    }
}
