//! A check: what is looked at on a host, where, how often, and within which limits.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::id::{CheckKey, Name};
use super::rule::{Policy, Ruled};
use super::spec::{Kind, Spec};
use super::threshold::{Range, Thresholds};
use super::time::Span;

/// A warning and critical range for one metric of a check; holds for each of its instances.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Limit {
    /// The metric's name.
    #[schema(value_type = String)]
    pub metric: Name,
    /// Its ranges, in the metric's base unit.
    #[serde(flatten)]
    pub thresholds: Thresholds,
}

impl Limit {
    /// A limit for a metric.
    #[must_use]
    pub fn new(metric: &str, warning: Option<Range>, critical: Option<Range>) -> Self {
        Self { metric: metric.into(), thresholds: Thresholds { warning, critical } }
    }
}

/// Between which amounts of change, in per cent, a check begins and ceases to flap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FlapLimits {
    /// Above it flapping begins.
    pub start: u8,
    /// At it or below flapping stops; not above `start`.
    pub stop: u8,
}

impl Default for FlapLimits {
    fn default() -> Self {
        Self { start: 30, stop: 25 }
    }
}

#[expect(clippy::unnecessary_wraps, reason = "serde wants the field's type")]
fn default_flapping() -> Option<FlapLimits> {
    Some(FlapLimits::default())
}

/// What a check's description says for people; empty for most checks.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CheckAbout {
    /// Free labels, besides the host's.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Whom to call, instead of the host's contact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
    /// What to do, instead of the host's runbook.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runbook: Option<String>,
}

/// One check of one host.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Check {
    /// `host/name`.
    pub key: CheckKey,
    /// The host's address, where the probe connects.
    #[schema(value_type = String)]
    pub address: Name,
    /// Kind and parameters.
    pub spec: Arc<Spec>,
    /// Time between two runs.
    pub interval: Span,
    /// Time between runs while a problem is soft.
    pub retry: Span,
    /// Total deadline of one run.
    pub timeout: Span,
    /// Consecutive problems that make a problem hard, at least 1.
    pub attempts: u32,
    /// When it flaps; `None` for never.
    #[serde(default = "default_flapping")]
    pub flapping: Option<FlapLimits>,
    /// What is judged.
    pub limits: Vec<Limit>,
    /// What rules judge instead: their limits stand in the place of its own ones, and are judged
    /// beside it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by_rule: Vec<Limit>,
    /// Set for a check that a rule made: it is not run, but judged from another one's results.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<Box<Ruled>>,
    /// Free labels, besides the host's.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Whom to call, instead of the host's contact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
    /// The contact list that is told of it; without one the default list is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub contact_list: Option<Name>,
    /// What to do, instead of the host's runbook.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runbook: Option<String>,
    /// The agent that runs it; `None` is the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub agent: Option<Name>,
    /// False: kept, shown, never run.
    pub enabled: bool,
    /// File and line that it was written at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
}

impl Check {
    /// A check with the defaults of SPEC D-25: every 60 s, 10 s timeout, 3 attempts 15 s apart.
    #[must_use]
    pub fn new(host: &str, name: &str, address: &str, spec: Spec) -> Self {
        Self {
            key: CheckKey::new(host, name),
            address: address.into(),
            spec: Arc::new(spec),
            interval: Span::from_secs(60),
            retry: Span::from_secs(15),
            timeout: Span::from_secs(10),
            attempts: 3,
            flapping: default_flapping(),
            limits: Vec::new(),
            by_rule: Vec::new(),
            rule: None,
            labels: BTreeMap::new(),
            contact: None,
            contact_list: None,
            runbook: None,
            agent: None,
            enabled: true,
            origin: None,
        }
    }

    /// The check that is run to get its results: itself, or the one that its rule judges.
    #[must_use]
    pub fn source(&self) -> CheckKey {
        match &self.rule {
            Some(ruled) => CheckKey::new(Arc::clone(&self.key.host), Arc::clone(&ruled.source)),
            None => self.key.clone(),
        }
    }

    /// How its alert is told.
    #[must_use]
    pub fn policy(&self) -> Policy {
        if let Spec::Query(alert) = &*self.spec {
            return Policy { tell: !alert.quiet, ..Policy::default() };
        }
        self.rule.as_ref().map_or_else(Policy::default, |ruled| ruled.rule.policy())
    }

    /// What it says for people; `None` when it says nothing.
    #[must_use]
    pub fn about(&self) -> Option<CheckAbout> {
        let about = CheckAbout {
            labels: self.labels.clone(),
            contact: self.contact.clone(),
            runbook: self.runbook.clone(),
        };
        (about != CheckAbout::default()).then_some(about)
    }

    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.spec.kind()
    }

    /// The limit in force of a metric, when it has one; that of a rule before its own.
    #[must_use]
    pub fn limit(&self, metric: &str) -> Option<&Thresholds> {
        let mut limits = self.by_rule.iter().chain(&self.limits);
        limits.find(|limit| &*limit.metric == metric).map(|limit| &limit.thresholds)
    }

    /// True when a rule judges a metric, and the check itself does not.
    #[must_use]
    pub fn is_by_rule(&self, metric: &str) -> bool {
        self.by_rule.iter().any(|limit| &*limit.metric == metric)
    }

    /// The limits that a kind has when nothing is said: ping's of SPEC D-27, the six host metrics
    /// of FM-08..FM-13 (per cent; load per core), certificate days, at least one process.
    #[must_use]
    pub fn default_limits(kind: Kind) -> Vec<Limit> {
        let above = |metric: &str, warning: f64, critical: f64| {
            Limit::new(metric, Some(Range::above(warning)), Some(Range::above(critical)))
        };
        match kind {
            Kind::Ping => vec![above("rtt", 0.2, 0.5), above("loss", 20.0, 60.0)],
            Kind::Http | Kind::Json | Kind::Scrape => vec![Limit::new(
                "certificate_days",
                Some(Range::below(21.0)),
                Some(Range::below(7.0)),
            )],
            Kind::Process => vec![Limit::new("count", None, Some(Range::below(1.0)))],
            Kind::System | Kind::Snmp => vec![
                above("cpu_usage", 75.0, 90.0),
                above("memory_usage", 80.0, 95.0),
                above("disk_usage", 80.0, 90.0),
                above("io_wait", 20.0, 40.0),
                above("network_error_rate", 1.0, 5.0),
                above("load1_per_core", 2.0, 4.0),
            ],
            Kind::Tcp
            | Kind::Udp
            | Kind::Dns
            | Kind::Mysql
            | Kind::Custom
            | Kind::Trace
            | Kind::Fluxmq
            | Kind::Fluxbase
            | Kind::Agent
            | Kind::Schedule
            | Kind::Query => Vec::new(),
        }
    }
}
