//! Which metrics a check can give, by its kind and by what its own parameters name.
//!
//! A rule may judge any of them. What a plugin prints as perfdata has free names, so it is known
//! only by the plugin's check: a rule writes it as `CHECK.LABEL`, or the check lists it in `metrics`.

use super::limits::SYSTEM_METRICS;
use super::snmp;
use super::value::Measure;
use crate::model::{Check, Kind, Spec, Unit};

const PING: &[(&str, Measure)] = &[
    ("rtt", Measure::RoundTrip),
    ("loss", Measure::Percent),
    ("rtt_min", Measure::RoundTrip),
    ("rtt_max", Measure::RoundTrip),
    ("rtt_stddev", Measure::RoundTrip),
    ("jitter", Measure::RoundTrip),
];
const TRACE: &[(&str, Measure)] = &[
    ("rtt", Measure::RoundTrip),
    ("loss", Measure::Percent),
    ("jitter", Measure::RoundTrip),
    ("hops", Measure::Count),
];
const TIME: &[(&str, Measure)] = &[("time", Measure::Time)];
const HTTP: &[(&str, Measure)] = &[
    ("time", Measure::Time),
    ("time_dns", Measure::Time),
    ("time_connect", Measure::Time),
    ("time_tls", Measure::Time),
    ("time_first_byte", Measure::Time),
    ("size", Measure::Bytes),
    ("status", Measure::Count),
    ("certificate_days", Measure::Count),
];
const MYSQL: &[(&str, Measure)] = &[
    ("query_time", Measure::Time),
    ("time_connect", Measure::Time),
    ("time_login", Measure::Time),
    ("result", Measure::Count),
];
const PROCESS: &[(&str, Measure)] =
    &[("count", Measure::Count), ("cpu", Measure::Percent), ("rss", Measure::Bytes)];
/// What this machine and agents give besides what has thresholds. Rates of interfaces are bits per
/// second.
const MACHINE: &[(&str, Measure)] = &[("load1", Measure::Count), ("network_speed", Measure::Count)];

/// What each node of a `FluxMQ` cluster gives; the rest of the figures are the admin API's.
const FLUXMQ: &[(&str, Measure)] = &[
    ("fluxmq_ready_mode{mode=\"nominal\"}", Measure::Count),
    (crate::model::fluxmq::DEGRADED, Measure::Count),
    ("fluxmq_ready_mode{mode=\"not_ready\"}", Measure::Count),
    ("time", Measure::Time),
    ("sessions", Measure::Count),
    ("leader", Measure::Count),
    ("peers", Measure::Count),
    ("peers_reachable", Measure::Count),
    ("nodes", Measure::Count),
    ("nodes_ready", Measure::Count),
    ("leaders", Measure::Count),
    ("uptime", Measure::Time),
    ("sessions_total", Measure::Count),
    ("connections", Measure::Count),
    ("messages_received", Measure::Count),
    ("messages_sent", Measure::Count),
    ("bytes_received", Measure::Bytes),
    ("bytes_sent", Measure::Bytes),
    ("protocol_errors", Measure::Count),
];

/// What is judged of a Fluxbase instance most, by its own names.
const FLUXBASE: &[(&str, Measure)] = &[
    ("pool_usage", Measure::Percent),
    ("latency", Measure::Time),
    ("num_goroutines", Measure::Count),
    ("memory_alloc_mb", Measure::Count),
    ("acquired_conns", Measure::Count),
    ("total_connections", Measure::Count),
];

/// Its other figures; a message that lists what there is leaves them out. All but the first count.
const FLUXBASE_MORE: [&str; 22] = [
    "uptime_seconds",
    "memory_total_alloc_mb",
    "memory_sys_mb",
    "num_gc",
    "gc_pause_ms",
    "idle_conns",
    "max_conns",
    "total_conns",
    "constructing_conns",
    "acquire_duration_ms",
    "acquire_count",
    "canceled_acquire_count",
    "empty_acquire_count",
    "new_conns_count",
    "max_lifetime_destroy_count",
    "max_idle_destroy_count",
    "active_channels",
    "total_subscriptions",
    "total_buckets",
    "total_files",
    "total_size_gb",
    "samples",
];

/// What the heartbeat of an agent gives.
const AGENT: &[(&str, Measure)] = &[
    ("rtt", Measure::Time),
    ("failed_runs", Measure::Count),
    ("buffered", Measure::Count),
    ("dropped", Measure::Count),
];

/// What the tests of a schedule find.
const SCHEDULE: &[(&str, Measure)] = &[
    ("download", Measure::Count),
    ("upload", Measure::Count),
    ("latency", Measure::Time),
    ("jitter", Measure::Time),
    ("loss", Measure::Percent),
];

/// What every check of a kind can give; some stand in two lists.
fn of_kind(kind: Kind) -> impl Iterator<Item = (&'static str, Measure)> {
    let (own, more, third): (&[_], &[_], &[_]) = match kind {
        Kind::Ping => (PING, &[], &[]),
        Kind::Trace => (TRACE, &[], &[]),
        Kind::Tcp | Kind::Udp | Kind::Dns => (TIME, &[], &[]),
        Kind::Http | Kind::Json | Kind::Scrape => (HTTP, &[], &[]),
        Kind::Fluxmq => (FLUXMQ, &[], &[]),
        Kind::Fluxbase => (HTTP, FLUXBASE, &[]),
        Kind::Mysql => (MYSQL, &[], &[]),
        Kind::Process => (PROCESS, &[], &[]),
        Kind::System | Kind::Snmp => (&SYSTEM_METRICS, &snmp::METRICS, MACHINE),
        Kind::Custom | Kind::Query => (&[], &[], &[]),
        Kind::Agent => (AGENT, &[], &[]),
        Kind::Schedule => (SCHEDULE, &[], &[]),
    };
    own.iter().chain(more).chain(third).copied()
}

/// What some kind of check gives by itself; a name may come more than once.
pub(super) fn fixed() -> impl Iterator<Item = (&'static str, Measure)> {
    Kind::ALL.iter().chain(&[Kind::Agent, Kind::Schedule]).flat_map(|kind| of_kind(*kind))
}

/// How a metric of a check is counted; `None` when it cannot give it. `named` says that the rule
/// names this very check, so that any perfdata label of a plugin counts.
pub(super) fn measure(check: &Check, metric: &str, named: bool) -> Option<Measure> {
    if let Some((_, measure)) = of_kind(check.kind()).find(|(name, _)| *name == metric) {
        return Some(measure);
    }
    let of_unit = |unit: &Unit| match unit {
        Unit::Seconds => Measure::Time,
        Unit::Bytes => Measure::Bytes,
        Unit::Percent => Measure::Percent,
        _ => Measure::Count,
    };
    match &*check.spec {
        Spec::Json(spec) => {
            if metric == "observed" {
                return Some(Measure::Time);
            }
            let value = spec.values.iter().find(|value| value.name == metric);
            value.map(|value| of_unit(&value.unit))
        }
        Spec::Scrape(spec) => {
            if metric == "samples" {
                return Some(Measure::Count);
            }
            let series = spec.metrics.iter().find(|known| known.name == metric);
            series.map(|known| of_unit(&known.unit))
        }
        Spec::Fluxbase(_) => {
            let place = FLUXBASE_MORE.iter().position(|name| *name == metric)?;
            Some(if place == 0 { Measure::Time } else { Measure::Count })
        }
        Spec::Snmp(spec) => {
            let mut entries = spec.get.iter().chain(&spec.walk);
            entries.any(|entry| entry.name == metric).then(|| snmp::measure(metric))
        }
        Spec::Custom(_) => {
            let listed = check.limits.iter().any(|limit| &*limit.metric == metric);
            (named || listed).then_some(Measure::Count)
        }
        _ => None,
    }
}

/// The names that any check can give, each once.
pub(super) fn names() -> Vec<&'static str> {
    let mut names: Vec<&str> = fixed().map(|(name, _)| name).collect();
    names.sort_unstable();
    names.dedup();
    names
}
