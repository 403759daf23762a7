//! The exposition: the text format 0.0.4, and the seed's families once more under their own prefix.

use prometheus::TextEncoder;
use prometheus::proto::MetricFamily;

use super::make::PREFIX;

/// The prefix of the seed (SPEC D-17).
const SEED_PREFIX: &str = "fluxbase_";

/// The families that the seed names (SPEC FB-03 to FB-09).
const SEED: [&str; 20] = [
    "http_requests_total",
    "http_request_duration_seconds",
    "http_requests_in_flight",
    "db_queries_total",
    "db_query_duration_seconds",
    "db_connections",
    "db_connections_idle",
    "db_connections_max",
    "realtime_connections",
    "realtime_channels",
    "realtime_subscriptions",
    "realtime_messages_total",
    "storage_bytes_total",
    "storage_operations_total",
    "storage_operation_duration_seconds",
    "auth_attempts_total",
    "auth_success_total",
    "auth_failure_total",
    "rate_limit_hits_total",
    "system_uptime_seconds",
];

/// Writes the families; with `compat` those of the seed twice.
pub(super) fn write(mut families: Vec<MetricFamily>, compat: bool) -> String {
    if compat {
        let copies: Vec<MetricFamily> = families.iter().filter_map(copy).collect();
        families.extend(copies);
    }
    let mut text = String::new();
    if let Err(error) = TextEncoder::new().encode_utf8(&families, &mut text) {
        tracing::error!(%error, "the meters cannot be written");
    }
    text
}

fn copy(family: &MetricFamily) -> Option<MetricFamily> {
    let bare = family.name().strip_prefix(PREFIX).filter(|bare| SEED.contains(bare))?;
    let mut copy = family.clone();
    copy.set_name(format!("{SEED_PREFIX}{bare}"));
    Some(copy)
}
