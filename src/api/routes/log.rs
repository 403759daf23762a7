//! What happened: the log, and how paths changed.

use axum::extract::State;
use serde::Deserialize;

use super::{Reply, told};
use crate::api::Face;
use crate::api::actor::Asker;
use crate::api::body::Asked;
use crate::model::{Name, PathChange, Pattern, Timestamp};
use crate::protocol::{LogCursor, LogFilter, LogKind, LogPage, Problem, Query, TraceSummary};

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Log {
    /// From this moment.
    from: Option<Timestamp>,
    /// To this moment.
    to: Option<Timestamp>,
    /// Only of these hosts.
    hosts: Option<Pattern>,
    /// Only what this operator did.
    actor: Option<String>,
    /// Words with commas between them.
    kinds: Option<String>,
    /// Only such whose text contains this.
    text: Option<String>,
    /// Only what came before the end of an earlier page: its `next`.
    before: Option<LogCursor>,
    /// At most so many, 1 to 1000.
    #[serde(default = "hundred")]
    limit: u32,
}

const fn hundred() -> u32 {
    100
}

/// Every transition and everything that people had done, newest first.
#[utoipa::path(
    get,
    path = "/api/v1/log",
    operation_id = "log",
    tag = "What happened",
    params(Log),
    responses((status = 200, body = LogPage)),
)]
pub(in crate::api) async fn log(
    State(face): State<Face>,
    asker: Asker,
    Asked(wish): Asked<Log>,
) -> Reply {
    let words = wish.kinds.iter().flat_map(|words| words.split(','));
    let kinds: Result<Vec<LogKind>, String> = words.map(str::parse).collect();
    let kinds = kinds.map_err(|why| Problem::invalid(format!("kinds: {why}")))?;
    let Log { from, to, hosts, actor, text, before, limit, .. } = wish;
    let filter = LogFilter { from, to, hosts, actor, kinds, text };
    Ok(told(asker.query(&face, Query::Log { filter, before, limit }).await?))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Paths {
    /// Only of this host.
    #[param(value_type = Option<String>)]
    host: Option<Name>,
    /// At most so many, 1 to 1000.
    #[serde(default = "hundred")]
    limit: u32,
}

/// All `trace` checks with their last report, by name.
#[utoipa::path(
    get,
    path = "/api/v1/paths",
    operation_id = "paths",
    tag = "What happened",
    params(Paths),
    responses((status = 200, body = Vec<TraceSummary>)),
)]
pub(in crate::api) async fn paths(
    State(face): State<Face>,
    asker: Asker,
    Asked(Paths { host, limit }): Asked<Paths>,
) -> Reply {
    Ok(told(asker.query(&face, Query::Paths { host, limit }).await?))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Changes {
    /// Of this host.
    #[param(value_type = String)]
    host: Name,
    /// Only what this `trace` check saw.
    #[param(value_type = Option<String>)]
    check: Option<Name>,
    /// At most so many, 1 to 1000.
    #[serde(default = "hundred")]
    limit: u32,
}

/// Recorded changes of paths, newest first.
#[utoipa::path(
    get,
    path = "/api/v1/path-changes",
    operation_id = "path_changes",
    tag = "What happened",
    params(Changes),
    responses((status = 200, body = Vec<PathChange>)),
)]
pub(in crate::api) async fn path_changes(
    State(face): State<Face>,
    asker: Asker,
    Asked(Changes { host, check, limit }): Asked<Changes>,
) -> Reply {
    Ok(told(asker.query(&face, Query::PathChanges { host, check, limit }).await?))
}
