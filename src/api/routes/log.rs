//! What happened: the log, and how paths changed.

use axum::extract::State;
use serde::Deserialize;

use super::{Reply, told};
use crate::api::Face;
use crate::api::actor::Asker;
use crate::api::body::Asked;
use crate::model::{Name, Pattern, Timestamp};
use crate::protocol::{LogCursor, LogFilter, LogKind, Problem, Query};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Log {
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    hosts: Option<Pattern>,
    actor: Option<String>,
    /// Words with commas between them.
    kinds: Option<String>,
    text: Option<String>,
    before: Option<LogCursor>,
    #[serde(default = "hundred")]
    limit: u32,
}

const fn hundred() -> u32 {
    100
}

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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Paths {
    host: Option<Name>,
    #[serde(default = "hundred")]
    limit: u32,
}

pub(in crate::api) async fn paths(
    State(face): State<Face>,
    asker: Asker,
    Asked(Paths { host, limit }): Asked<Paths>,
) -> Reply {
    Ok(told(asker.query(&face, Query::Paths { host, limit }).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Changes {
    host: Name,
    check: Option<Name>,
    #[serde(default = "hundred")]
    limit: u32,
}

pub(in crate::api) async fn path_changes(
    State(face): State<Face>,
    asker: Asker,
    Asked(Changes { host, check, limit }): Asked<Changes>,
) -> Reply {
    Ok(told(asker.query(&face, Query::PathChanges { host, check, limit }).await?))
}
