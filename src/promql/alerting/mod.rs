//! Alerting and recording rules: an expression whose elements become alerts or series.
//!
//! In: what a rule is, series, a time. Out: alerts with their phases and what changed, or samples of
//! a new series. A rule that cannot be evaluated changes nothing.

mod restore;
mod state;

use super::labels::{Labels, NAME};
use super::template::{About, Template};
use super::value::{Sample, Value};
use super::{Edition, Fault, Kind, Options, Query, Source, evaluate_instant, parse};
use crate::model::rule_words::is_label_name;
use thiserror::Error;

pub use restore::restored;
pub use state::{Alert, Alerts, Change, Phase};

/// The label that holds the name of an alert.
const ALERT_NAME: &str = "alertname";

/// Why a rule has no result.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum Failure {
    /// The expression could not be evaluated.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The expression gives neither elements nor a number.
    #[error("rule result is not a vector or scalar")]
    NoVector,
    /// Two elements are one alert.
    #[error("vector contains metrics with the same labelset after applying alert labels")]
    SameAlert,
    /// Two elements are one series.
    #[error("vector contains metrics with the same labelset after applying rule labels")]
    SameSeries,
    /// More alerts than the group allows: all of the rule are forgotten.
    #[error("exceeded limit of {limit} with {count} alerts")]
    TooManyAlerts {
        /// Allowed.
        limit: usize,
        /// Found.
        count: usize,
    },
    /// More series than the group allows.
    #[error("exceeded limit of {limit} with {count} series")]
    TooManySeries {
        /// Allowed.
        limit: usize,
        /// Found.
        count: usize,
    },
}

/// What the templates of all rules know.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Installation {
    /// `$externalLabels`
    pub labels: Labels,
    /// `$externalURL`
    pub url: String,
}

/// What an evaluation of a rule goes by.
#[derive(Clone, Copy, Debug)]
pub struct Turn<'a> {
    /// When, in milliseconds since the epoch.
    pub at: i64,
    /// How far back the expression looks: `query_offset`, in milliseconds.
    pub offset: i64,
    /// Alerts or series that are allowed; 0 for any number.
    pub limit: usize,
    /// Bounds of the evaluation.
    pub options: &'a Options,
    /// What templates know of the installation.
    pub installation: &'a Installation,
}

/// An alerting rule as it is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written<'a> {
    /// `alert` or `record`
    pub name: &'a str,
    /// `expr`
    pub expr: &'a str,
    /// `for`, in milliseconds.
    pub hold: i64,
    /// `keep_firing_for`, in milliseconds.
    pub keep: i64,
    /// `labels`
    pub labels: &'a [(String, String)],
    /// `annotations`
    pub annotations: &'a [(String, String)],
}

/// A rule of which every element is an alert.
#[derive(Clone, Debug)]
pub struct AlertRule {
    name: String,
    query: Query,
    hold: i64,
    keep: i64,
    labels: Vec<(String, Template)>,
    annotations: Vec<(String, Template)>,
}

/// A rule of which every element is a sample of a new series.
#[derive(Clone, Debug)]
pub struct RecordRule {
    name: String,
    query: Query,
    labels: Vec<(String, String)>,
}

impl AlertRule {
    /// Checks a rule.
    ///
    /// # Errors
    /// What is wrong: the expression, a label, a template.
    pub fn new(written: &Written<'_>, edition: Edition) -> Result<Self, String> {
        if written.name.is_empty() {
            return Err("an alert needs a name".to_owned());
        }
        Ok(Self {
            name: written.name.to_owned(),
            query: query(written.expr, edition)?,
            hold: written.hold,
            keep: written.keep,
            labels: templates(written.labels, "label")?,
            annotations: templates(written.annotations, "annotation")?,
        })
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its expression.
    #[must_use]
    pub const fn query(&self) -> &Query {
        &self.query
    }

    /// The alerts that the elements of the expression are now, with their values.
    fn found(&self, source: &dyn Source, turn: &Turn<'_>) -> Result<Vec<Found>, Failure> {
        let mut all: Vec<Found> = Vec::new();
        for sample in elements(&self.query, source, turn)? {
            let about = About {
                labels: &sample.labels,
                value: sample.value,
                external_labels: &turn.installation.labels,
                external_url: &turn.installation.url,
            };
            let mut labels = sample.labels.without_name();
            for (name, template) in &self.labels {
                labels = labels.with(name, &template.expand(&about));
            }
            labels = labels.with(ALERT_NAME, &self.name);
            let annotations = self
                .annotations
                .iter()
                .map(|(name, template)| (name.clone(), template.expand(&about)));
            all.push(Found { labels, annotations: annotations.collect(), value: sample.value });
        }
        let mut labels: Vec<&Labels> = all.iter().map(|found| &found.labels).collect();
        labels.sort();
        if labels.windows(2).any(|two| matches!(two, [one, other] if one == other)) {
            return Err(Failure::SameAlert);
        }
        Ok(all)
    }
}

/// An element that is an alert.
struct Found {
    labels: Labels,
    annotations: Vec<(String, String)>,
    value: f64,
}

impl RecordRule {
    /// Checks a rule.
    ///
    /// # Errors
    /// What is wrong: the name, the expression, a label.
    pub fn new(written: &Written<'_>, edition: Edition) -> Result<Self, String> {
        if !is_metric_name(written.name) {
            return Err(format!("invalid recording rule name: {}", written.name));
        }
        if let Some((name, _)) = written.labels.iter().find(|(name, _)| !is_free_label(name)) {
            return Err(format!("invalid label name: {name}"));
        }
        Ok(Self {
            name: written.name.to_owned(),
            query: query(written.expr, edition)?,
            labels: written.labels.to_vec(),
        })
    }

    /// The samples of the new series.
    ///
    /// # Errors
    /// Why there are none.
    pub fn evaluate(&self, source: &dyn Source, turn: &Turn<'_>) -> Result<Vec<Sample>, Failure> {
        let mut all = elements(&self.query, source, turn)?;
        for sample in &mut all {
            sample.labels = sample.labels.with(NAME, &self.name);
            for (name, value) in &self.labels {
                sample.labels = sample.labels.with(name, value);
            }
        }
        let mut labels: Vec<&Labels> = all.iter().map(|sample| &sample.labels).collect();
        labels.sort();
        if labels.windows(2).any(|two| matches!(two, [one, other] if one == other)) {
            return Err(Failure::SameSeries);
        }
        if turn.limit > 0 && all.len() > turn.limit {
            return Err(Failure::TooManySeries { limit: turn.limit, count: all.len() });
        }
        Ok(all)
    }
}

fn query(text: &str, edition: Edition) -> Result<Query, String> {
    let query = parse(text, edition).map_err(|why| why.to_string())?;
    match query.kind() {
        Kind::Scalar | Kind::Vector => Ok(query),
        other => Err(format!("a rule needs a vector or a scalar, not a {}", other.name())),
    }
}

/// The elements of an expression; a number is one without labels.
fn elements(query: &Query, source: &dyn Source, turn: &Turn<'_>) -> Result<Vec<Sample>, Failure> {
    let at = turn.at.saturating_sub(turn.offset);
    match evaluate_instant(query, source, at, turn.options)? {
        Value::Vector(samples) => Ok(samples),
        Value::Scalar(value) => Ok(vec![Sample { labels: Labels::default(), value }]),
        Value::Matrix(_) | Value::Text(_) => Err(Failure::NoVector),
    }
}

fn templates(written: &[(String, String)], what: &str) -> Result<Vec<(String, Template)>, String> {
    let one = |(name, text): &(String, String)| {
        if !is_free_label(name) {
            return Err(format!("invalid {what} name: {name}"));
        }
        let template =
            Template::parse(text).map_err(|why| format!("{what} {name:?}: template: {why}"))?;
        Ok((name.clone(), template))
    };
    written.iter().map(one).collect()
}

fn is_free_label(name: &str) -> bool {
    is_label_name(name) && name != NAME
}

fn is_metric_name(name: &str) -> bool {
    let mut letters = name.chars();
    letters.next().is_some_and(|c| c.is_ascii_alphabetic() || matches!(c, '_' | ':'))
        && letters.all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | ':'))
}
