//! How the server itself is: the text for a scraper, and the two documents that consoles of
//! Fluxbase read (FACTS 1.2, 1.3).

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;

use super::Reply;
use crate::api::Face;
use crate::api::actor::Asker;
use crate::api::exposed::{HealthReader, MetricsReader, may_look};
use crate::engine::{Handle, Service};
use crate::meters::process;

/// The media type of the text format.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";
const MIB: u64 = 1 << 20;
const GIB: f64 = 1_073_741_824.0;

/// The program's own meters, in the text format of Prometheus.
///
/// Open to all who can reach it when `metrics.require_auth` is false.
#[utoipa::path(
    get,
    path = "/metrics",
    operation_id = "exposition",
    tag = "Monitoring",
    responses((status = 200, body = String, content_type = "text/plain; version=0.0.4; charset=utf-8")),
    extensions(("x-fluxnoc-role" = json!("viewer"))),
)]
pub(in crate::api) async fn exposition(State(face): State<Face>, _: MetricsReader) -> Response {
    face.handle.measure().await;
    ([(header::CONTENT_TYPE, TEXT)], face.handle.meters().text()).into_response()
}

/// The document of `GET /api/v1/monitoring/metrics`. What Go has and this program has not is said
/// so, never invented (SPEC D-16).
#[derive(Serialize, utoipa::ToSchema)]
pub(in crate::api) struct Metrics {
    uptime_seconds: u64,
    go_version: Option<&'static str>,
    /// Asynchronous tasks.
    num_goroutines: usize,
    memory_alloc_mb: Option<u64>,
    memory_sys_mb: Option<u64>,
    num_gc: u32,
    gc_pause_ms: f64,
    /// Absent before the store is open, and so is `storage`.
    #[serde(skip_serializing_if = "Option::is_none")]
    database: Option<DatabaseNumbers>,
    realtime: RealtimeNumbers,
    #[serde(skip_serializing_if = "Option::is_none")]
    storage: Option<StorageNumbers>,
}

#[derive(Serialize, utoipa::ToSchema)]
struct DatabaseNumbers {
    acquire_count: u64,
    acquired_conns: u32,
    idle_conns: u32,
    max_conns: u32,
    total_conns: u32,
    /// Of all together, since the start.
    acquire_duration_ms: f64,
}

#[derive(Serialize, utoipa::ToSchema)]
struct RealtimeNumbers {
    total_connections: i64,
    active_channels: i64,
    total_subscriptions: i64,
}

#[derive(Serialize, utoipa::ToSchema)]
#[expect(clippy::struct_field_names, reason = "the document's own names")]
struct StorageNumbers {
    total_buckets: u32,
    /// Unknown where the files are another server's.
    total_files: Option<u32>,
    total_size_gb: f64,
}

/// The same for people: how much of what the server uses.
#[utoipa::path(
    get,
    path = "/api/v1/monitoring/metrics",
    operation_id = "monitoring_metrics",
    tag = "Monitoring",
    responses((status = 200, body = Metrics)),
    extensions(("x-fluxnoc-role" = json!("viewer"))),
)]
pub(in crate::api) async fn metrics(State(face): State<Face>, asker: Asker) -> Reply {
    may_look(&asker.actor)?;
    Ok(Json(numbers(&face.handle).await).into_response())
}

async fn numbers(handle: &Handle) -> Metrics {
    let meters = handle.meters();
    let memory = process::memory();
    let (acquire_count, waited) = meters.database.acquires();
    let database = handle.pool().map(|pool| DatabaseNumbers {
        acquire_count,
        acquired_conns: pool.acquired,
        idle_conns: pool.idle,
        max_conns: pool.max,
        total_conns: pool.total,
        acquire_duration_ms: waited.as_secs_f64() * 1000.0,
    });
    let (total_connections, active_channels, total_subscriptions) = meters.realtime.numbers();
    #[expect(clippy::cast_precision_loss, reason = "a size in GiB is read to a few digits")]
    let storage = handle.stored().await.map(|(total_files, bytes)| StorageNumbers {
        total_buckets: 1,
        total_files,
        total_size_gb: bytes as f64 / GIB,
    });
    Metrics {
        uptime_seconds: meters.uptime().as_secs(),
        go_version: None,
        num_goroutines: tokio::runtime::Handle::current().metrics().num_alive_tasks(),
        memory_alloc_mb: memory.map(|memory| memory.own / MIB),
        memory_sys_mb: memory.map(|memory| memory.resident / MIB),
        num_gc: 0,
        gc_pause_ms: 0.0,
        database,
        realtime: RealtimeNumbers { total_connections, active_channels, total_subscriptions },
        storage,
    }
}

/// The document of `GET /api/v1/monitoring/health`.
#[derive(Serialize, utoipa::ToSchema)]
pub(in crate::api) struct Health {
    status: &'static str,
    services: BTreeMap<&'static str, ServiceHealth>,
}

#[derive(Serialize, utoipa::ToSchema)]
struct ServiceHealth {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    latency_ms: Option<u64>,
}

/// What works. Open to all who can reach it when `health.require_auth` is false.
///
/// Without its database, or without the engine that turns, nothing
/// works: 503. What cannot be stored is kept for a while: 200, degraded.
#[utoipa::path(
    get,
    path = "/api/v1/monitoring/health",
    operation_id = "monitoring_health",
    tag = "Monitoring",
    responses((status = 200, body = Health), (status = 503, body = Health)),
    extensions(("x-fluxnoc-role" = json!("viewer"))),
)]
pub(in crate::api) async fn health(State(face): State<Face>, _: HealthReader) -> Response {
    let services = face.handle.services().await;
    let status = if !services.database.works || !services.realtime.works {
        "unhealthy"
    } else if services.storage.works {
        "healthy"
    } else {
        "degraded"
    };
    let code = if status == "unhealthy" { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    let services = BTreeMap::from([
        ("database", one(&services.database, "unhealthy")),
        ("realtime", one(&services.realtime, "unhealthy")),
        ("storage", one(&services.storage, "degraded")),
    ]);
    (code, Json(Health { status, services })).into_response()
}

fn one(service: &Service, broken: &'static str) -> ServiceHealth {
    let latency = u64::try_from(service.latency.as_millis()).unwrap_or(u64::MAX);
    ServiceHealth {
        status: if service.works { "healthy" } else { broken },
        message: service.message,
        latency_ms: (latency > 0).then_some(latency),
    }
}
