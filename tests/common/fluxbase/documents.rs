//! The documents of an instance, as Fluxbase writes them.

#![allow(dead_code, reason = "each test binary uses a part of it")]

/// `/api/v1/monitoring/metrics` of the older builds, with storage.
pub const SYSTEM: &str = r#"{"uptime_seconds":93784,"go_version":"go1.26.1","num_goroutines":42,"memory_alloc_mb":128,"memory_total_alloc_mb":9000,"memory_sys_mb":256,"num_gc":17,"gc_pause_ms":0.25,"database":{"acquire_count":10,"acquired_conns":3,"canceled_acquire_count":0,"constructing_conns":0,"empty_acquire_count":1,"idle_conns":7,"max_conns":25,"total_conns":10,"new_conns_count":12,"max_lifetime_destroy_count":2,"max_idle_destroy_count":0,"acquire_duration_ms":55},"realtime":{"total_connections":4,"active_channels":0,"total_subscriptions":0},"storage":{"total_buckets":2,"total_files":10,"total_size_gb":0.5}}"#;
/// The same without storage, and with a key that is not known.
pub const NO_STORAGE: &str = r#"{"uptime_seconds":12,"go_version":"go1.26.1","num_goroutines":9,"memory_alloc_mb":20,"memory_total_alloc_mb":30,"memory_sys_mb":40,"num_gc":1,"gc_pause_ms":0,"database":{"acquire_count":10,"acquired_conns":0,"canceled_acquire_count":0,"constructing_conns":0,"empty_acquire_count":1,"idle_conns":2,"max_conns":25,"total_conns":2,"new_conns_count":2,"max_lifetime_destroy_count":0,"max_idle_destroy_count":0,"acquire_duration_ms":5},"realtime":{"total_connections":0,"active_channels":0,"total_subscriptions":0},"tenants":{"count":3}}"#;
pub const HEALTHY: &str = r#"{"status":"healthy","services":{"database":{"status":"healthy","latency_ms":1},"realtime":{"status":"healthy","message":"WebSocket server running"},"storage":{"status":"healthy","latency_ms":3}}}"#;
pub const DEGRADED: &str = r#"{"status":"degraded","services":{"database":{"status":"healthy","latency_ms":1},"realtime":{"status":"healthy","message":"WebSocket server running"},"storage":{"status":"degraded","message":"dial tcp 10.0.0.9:9000: connect: connection refused","latency_ms":12}}}"#;
pub const UNHEALTHY: &str = r#"{"status":"unhealthy","services":{"database":{"status":"unhealthy","message":"failed to connect to `host=db`","latency_ms":5000},"realtime":{"status":"healthy","message":"WebSocket server running"},"storage":{"status":"healthy","latency_ms":3}}}"#;
/// The open `/health` of the older builds.
pub const LIVE: &str = r#"{"status":"ok","services":{"database":true,"realtime":true},"timestamp":"2026-03-14T09:26:53.589793238Z"}"#;
pub const LIVE_DOWN: &str = r#"{"status":"degraded","services":{"database":false,"realtime":true},"timestamp":"2026-03-14T09:26:53.589793238Z"}"#;
/// The same of the newer ones, for everybody.
pub const LIVE_NEW: &str = r#"{"status":"ok","timestamp":"2026-03-14T09:26:53.589793238Z"}"#;

pub const BAD_KEY: &str = r#"{"error":"Invalid service key"}"#;
pub const NO_SCOPE: &str =
    r#"{"error":"Insufficient permissions","required_scope":"monitoring:read"}"#;
pub const NO_ROLE: &str = r#"{"error":"Admin access required to view system metrics"}"#;
pub const NO_TOKEN_STATE: &str =
    r#"{"error":"service_unavailable","message":"Unable to verify token status"}"#;
pub const NO_POOL: &str = r#"{"error":"Database connection not initialized"}"#;
pub const LIMITED: &str = r#"{"code":"RATE_LIMIT_EXCEEDED","error":"Rate limit exceeded","message":"Too many requests. Please try again later.","retry_after":60}"#;

/// The first words of the exposition; the three gauges of the pool are dead in every build.
pub const EXPOSITION: &str =
    "# HELP fluxbase_http_requests_in_flight Number of HTTP requests currently being processed
# TYPE fluxbase_http_requests_in_flight gauge
fluxbase_http_requests_in_flight 1
# TYPE fluxbase_http_requests_total counter
fluxbase_http_requests_total{method=\"GET\",path=\"/api/v1/tables\",status=\"2xx\"} 1200
fluxbase_http_requests_total{method=\"GET\",path=\"/api/v1/tables\",status=\"5xx\"} 3
# TYPE fluxbase_db_connections gauge
fluxbase_db_connections 0
# TYPE fluxbase_db_connections_idle gauge
fluxbase_db_connections_idle 0
# TYPE fluxbase_db_connections_max gauge
fluxbase_db_connections_max 0
# TYPE fluxbase_realtime_connections gauge
fluxbase_realtime_connections 4
# TYPE fluxbase_system_uptime_seconds gauge
fluxbase_system_uptime_seconds 93784
# TYPE go_goroutines gauge
go_goroutines 42
";
