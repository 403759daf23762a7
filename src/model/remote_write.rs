//! Where every number and state is sent as Prometheus remote write.

use std::collections::BTreeMap;

use super::id::Name;
use super::secret::Secret;
use super::time::Span;

/// Most samples of one request, whatever the configuration says.
pub const BATCH_LIMIT: usize = 2_000;

/// A receiver of Prometheus remote write 1.0, as `[[remote_write]]` names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteWrite {
    /// Its name: in messages, and as a label of the program's own meters.
    pub name: Name,
    /// Where the requests go.
    pub url: String,
    /// Further headers of each request.
    pub headers: BTreeMap<String, String>,
    /// Sent as `Authorization: Bearer`.
    pub token: Option<Secret>,
    /// Who logs in by HTTP basic authentication, if anybody.
    pub user: Option<String>,
    /// With what.
    pub password: Option<Secret>,
    /// A file of certificates (PEM) that are trusted besides the machine's.
    pub ca_file: Option<String>,
    /// Labels of every series that has none of that name.
    pub labels: BTreeMap<String, String>,
    /// The longest that a sample waits for others to fill a request.
    pub interval: Span,
    /// The longest that one request may take.
    pub timeout: Span,
    /// Samples of one request at most.
    pub batch: usize,
    /// Samples that wait at most; beyond, the oldest are dropped.
    pub queue: usize,
}

/// The program's own families, as they are sent. Numbers of checks stand in families by their unit, so
/// that the names are few and no family mixes units; the metric is a label, as its plugin wrote it.
pub mod family {
    use crate::model::metric::Unit;

    /// The state of a check: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.
    pub const CHECK_STATE: &str = "fluxnoc_check_state";
    /// 1 when that state is confirmed, 0 while it may pass.
    pub const CHECK_HARD: &str = "fluxnoc_check_hard";
    /// 1 while a maintenance window covers the check.
    pub const CHECK_IN_MAINTENANCE: &str = "fluxnoc_check_in_maintenance";
    /// 1 while its alert is acknowledged.
    pub const CHECK_ACKNOWLEDGED: &str = "fluxnoc_check_acknowledged";
    /// The state of a host, in the same numbers.
    pub const HOST_STATE: &str = "fluxnoc_host_state";
    /// 1 while a maintenance window covers the whole host.
    pub const HOST_IN_MAINTENANCE: &str = "fluxnoc_host_in_maintenance";
    /// 1 for each open alert.
    pub const ALERT_OPEN: &str = "fluxnoc_alert_open";

    /// The family of a check's number.
    #[must_use]
    pub const fn of(unit: &Unit) -> &'static str {
        match unit {
            Unit::Count | Unit::Other(_) => "fluxnoc_check_metric",
            Unit::Seconds => "fluxnoc_check_metric_seconds",
            Unit::Bytes => "fluxnoc_check_metric_bytes",
            Unit::BitsPerSecond => "fluxnoc_check_metric_bits_per_second",
            Unit::Percent => "fluxnoc_check_metric_percent",
            Unit::Counter => "fluxnoc_check_metric_total",
            Unit::Celsius => "fluxnoc_check_metric_celsius",
        }
    }
}
