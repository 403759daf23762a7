//! Every key that a configuration may have, in one table.
//!
//! The reader refuses what is not here, and a test holds `config.toml.example` against it.

use crate::model::Kind;

/// The tables of a file.
pub const TOP: &[&str] = &[
    "console",
    "keys",
    "action",
    "store",
    "series",
    "promql",
    "defaults",
    "alerting",
    "engine",
    "flux_notify",
    "watchdog",
    "wall",
    "bell",
    "server",
    "cluster",
    "speed",
    "access",
    "metrics",
    "health",
    "host",
    "check",
    "scrape",
    "fluxmq",
    "fluxbase",
    "target",
    "schedule",
    "traffic_cap",
    "sla",
    "remote_write",
    "channel",
    "rule",
    "rule_files",
    "contact_list",
    "context",
];
/// `[[remote_write]]`.
pub const REMOTE_WRITE: &[&str] = &[
    "name", "url", "headers", "token", "user", "password", "ca_file", "labels", "interval",
    "timeout", "batch", "queue",
];
/// `[[context]]`.
pub const CONTEXT: &[&str] = &["name", "url", "token", "ca_file", "insecure"];
/// Keys of `[[sla]]`.
pub const SLA: &[&str] = &[
    "agent",
    "target",
    "carrier",
    "customer",
    "link",
    "download_mbps",
    "upload_mbps",
    "latency_ms",
    "jitter_ms",
    "loss_pct",
    "availability_pct",
];
/// Keys of `[[schedule]]`, whatever it runs; the parameters of its test stand beside them.
pub const SCHEDULE: &[&str] = &[
    "name",
    "agent",
    "target",
    "test_type",
    "interval_seconds",
    "cron",
    "zone",
    "thresholds",
    "alert_on_breach",
    "notify_contact_list",
    "consecutive_failures",
    "of_last",
    "retest_seconds",
    "alert_on_missed",
    "alert_on_path_change",
    "paused",
];
/// Keys of `thresholds` of `[[schedule]]`.
pub const THRESHOLDS: &[&str] = &[
    "download_min_mbps",
    "upload_min_mbps",
    "latency_max_ms",
    "jitter_max_ms",
    "packet_loss_max_pct",
    "baseline_deviation_pct",
];
/// Keys of `[[traffic_cap]]`.
pub const TRAFFIC_CAP: &[&str] = &["agent", "daily_cap", "monthly_cap"];
/// Keys of `[[target]]`.
pub const TARGET: &[&str] = &["name", "place", "link"];
/// `[[rule]]`: the document's own words, then ours.
pub const RULE: &[&str] = &[
    "rule_name",
    "host_pattern",
    "metric",
    "condition",
    "warning_threshold",
    "critical_threshold",
    "duration_minutes",
    "re_alert_minutes",
    "auto_notify",
    "notify_contact_list",
    "notify_recovery",
    "attempts",
    "of_last",
    "override",
    "enabled",
];
/// `[console]`.
pub const CONSOLE: &[&str] = &["operator", "theme", "color", "glyphs", "keys", "zone", "shifts"];
/// `[[action]]`.
pub const ACTION: &[&str] = &["name", "key", "scope", "command", "confirm", "run"];
/// `[store]`.
pub const STORE: &[&str] = &["url", "max_size", "raw", "daily"];
/// `[series]`.
pub const SERIES: &[&str] = &["max_age", "max_samples", "max_series"];
/// `[promql]`.
pub const PROMQL: &[&str] = &[
    "rule_files",
    "interval",
    "edition",
    "external_labels",
    "external_url",
    "host",
    "contact_list",
];
/// `[defaults]`.
pub const DEFAULTS: &[&str] = &["interval", "timeout", "attempts", "retry", "unreachable"];
/// `[alerting]`.
pub const ALERTING: &[&str] =
    &["ack_expiry", "ack_warning", "flapping", "flapping_start", "flapping_stop", "contact_list"];
/// `[engine]`.
pub const ENGINE: &[&str] = &["canaries"];
/// A `[[channel]]` of kind `webhook`.
pub const WEBHOOK: &[&str] = &[
    "name",
    "kind",
    "url",
    "format",
    "secret",
    "token",
    "routing_key",
    "headers",
    "storm",
    "timeout",
];
/// A `[[channel]]` of kind `exec`.
pub const EXEC: &[&str] = &["name", "kind", "command", "storm", "timeout"];
/// A `[[channel]]` of kind `email`.
pub const EMAIL: &[&str] = &[
    "name", "kind", "host", "port", "tls", "user", "password", "from", "to", "ca_file", "storm",
    "timeout",
];
/// A `[[channel]]` of kind `flux_notify`.
pub const FLUX_CHANNEL: &[&str] = &[
    "name",
    "kind",
    "url",
    "api_key",
    "key_header",
    "headers",
    "incident_severity",
    "default_severity",
    "contact_list",
    "requests",
    "fields",
    "incident_id",
    "storm",
    "timeout",
];
/// `[flux_notify]`.
pub const FLUX_NOTIFY: &[&str] =
    &["url", "api_key", "incident_severity", "default_severity", "contact_list"];
/// `[watchdog]`.
pub const WATCHDOG: &[&str] = &["url", "interval", "method", "headers"];
/// `[[contact_list]]`.
pub const CONTACT_LIST: &[&str] =
    &["name", "channels", "group_by", "group_wait", "group_interval", "repeat", "escalate"];
/// `escalate` of `[[contact_list]]`.
pub const ESCALATION: &[&str] = &["after", "to"];
/// `[server]`.
pub const SERVER: &[&str] =
    &["listen", "certificate", "key", "insecure", "health_enabled", "health_addr", "node_id"];
/// `[cluster]`.
pub const CLUSTER: &[&str] = &["advertise", "ca"];
/// `[speed]`.
pub const SPEED: &[&str] = &["listen", "allow", "deny", "daily_cap", "monthly_cap", "cap_zone"];
/// `[access]`.
pub const ACCESS: &[&str] = &["operator_max_window", "operator_max_hosts", "operator_over_limit"];
/// `[wall]`.
pub const WALL: &[&str] = &["rotate", "views"];
/// `[bell]`.
pub const BELL: &[&str] = &["critical", "warning", "unknown", "ack", "quiet"];
/// `[metrics]`.
pub const METRICS: &[&str] = &["require_auth", "compat"];
/// `[health]`.
pub const HEALTH: &[&str] = &["require_auth"];
/// `[[host]]`.
pub const HOST: &[&str] = &[
    "name",
    "address",
    "labels",
    "groups",
    "contact",
    "contact_list",
    "notes",
    "runbook",
    "agent",
    "unreachable",
    "parents",
    "parents_need",
    "alive",
    "enabled",
    "checks",
    "check",
];
/// Keys of every check.
pub const CHECK: &[&str] = &[
    "kind",
    "name",
    "interval",
    "timeout",
    "attempts",
    "retry",
    "flapping",
    "labels",
    "runbook",
    "contact",
    "contact_list",
    "agent",
    "enabled",
];
/// Keys of the judging that most kinds have.
const RANGES: &[&str] = &["warning", "critical"];
/// What only a `[[scrape]]` has.
pub const SCRAPE: &[&str] = &["targets", "files", "http_sd", "refresh", "scheme", "path"];
/// What only a `[[fluxmq]]` has.
pub const FLUXMQ: &[&str] = &["address", "degraded_critical", "degraded_after"];
/// What only a `[[fluxbase]]` has.
pub const FLUXBASE: &[&str] = &["address"];
/// What only a `[[check]]` has.
pub const SHARED: &[&str] = &["hosts"];

/// The parameters of a kind.
#[must_use]
pub const fn parameters(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Ping => &["packets", "packet_interval", "size", "family"],
        Kind::Tcp | Kind::Udp => &["port", "send", "expect", "family"],
        Kind::Http => &[
            "url",
            "method",
            "headers",
            "body",
            "status",
            "contains",
            "regex",
            "max_body",
            "redirects",
            "insecure",
            "certificate_warning",
            "certificate_critical",
            "family",
        ],
        Kind::Dns => &["query", "type", "resolvers", "answers"],
        Kind::Mysql => &[
            "user",
            "password",
            "port",
            "socket",
            "database",
            "tls",
            "query",
            "result_warning",
            "result_critical",
        ],
        Kind::Process => &[
            "process",
            "pattern",
            "user",
            "pid_file",
            "count",
            "cpu_warning",
            "cpu_critical",
            "rss_warning",
            "rss_critical",
        ],
        Kind::Custom => &["command", "shell", "env", "metrics"],
        Kind::System => &["thresholds", "exclude_fs", "exclude_if"],
        Kind::Trace => &["protocol", "port", "max_hops", "round", "family"],
        Kind::Snmp => super::snmp::KEYS,
        Kind::Json => &[
            "url",
            "headers",
            "token",
            "user",
            "password",
            "form",
            "status",
            "values",
            "max_body",
            "redirects",
            "insecure",
            "certificate_warning",
            "certificate_critical",
            "family",
        ],
        Kind::Fluxmq => &["nodes", "scope", "insecure", "family"],
        Kind::Fluxbase => &[
            "url",
            "metrics",
            "part",
            "service_key",
            "token",
            "log",
            "rules",
            "max_samples",
            "insecure",
            "family",
        ],
        Kind::Agent | Kind::Schedule | Kind::Query => &[],
        Kind::Scrape => &[
            "url",
            "headers",
            "token",
            "user",
            "password",
            "fallback",
            "metrics",
            "max_samples",
            "max_body",
            "redirects",
            "insecure",
            "certificate_warning",
            "certificate_critical",
            "family",
        ],
    }
}

/// True when `warning` and `critical` mean something for the kind.
#[must_use]
pub const fn has_ranges(kind: Kind) -> bool {
    !matches!(kind, Kind::Custom | Kind::System | Kind::Snmp)
}

/// Every key of a check of a kind, common ones first.
#[must_use]
pub fn of_check(kind: Kind, shared: bool) -> Vec<&'static str> {
    let mut keys = CHECK.to_vec();
    if has_ranges(kind) {
        keys.extend(RANGES);
    }
    keys.extend(parameters(kind));
    if shared {
        keys.extend(SHARED);
    }
    keys
}

/// Every key of a table that makes a host with checks of a kind: those of such a check, but for its
/// kind and the one that says which part of the whole it is, and the table's own.
#[must_use]
pub fn of_whole(kind: Kind, part: &str, own: &[&'static str]) -> Vec<&'static str> {
    let mut keys = of_check(kind, false);
    keys.retain(|key| *key != "kind" && *key != part);
    keys.extend(own);
    keys
}
