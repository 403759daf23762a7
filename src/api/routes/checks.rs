//! Hosts and checks: what is, what was, and "look again now".

use axum::extract::{Path, State};
use serde::Deserialize;

use super::{Reply, Targets, done, told};
use crate::api::Face;
use crate::api::actor::Asker;
use crate::api::body::{Asked, Body};
use crate::model::{CheckKey, Pattern, Timestamp};
use crate::protocol::{Command, Query};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Hosts {
    pattern: Option<Pattern>,
}

pub(in crate::api) async fn hosts(
    State(face): State<Face>,
    asker: Asker,
    Asked(Hosts { pattern }): Asked<Hosts>,
) -> Reply {
    Ok(told(asker.query(&face, Query::Hosts { pattern }).await?))
}

pub(in crate::api) async fn check(
    State(face): State<Face>,
    asker: Asker,
    Path((host, check)): Path<(String, String)>,
) -> Reply {
    Ok(told(asker.query(&face, Query::Check { key: CheckKey::new(host, check) }).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Range {
    from: Timestamp,
    to: Timestamp,
    #[serde(default = "screenful")]
    points: u32,
}

/// As many points as a wide screen has columns.
const fn screenful() -> u32 {
    200
}

pub(in crate::api) async fn history(
    State(face): State<Face>,
    asker: Asker,
    Path((host, check)): Path<(String, String)>,
    Asked(Range { from, to, points }): Asked<Range>,
) -> Reply {
    let query = Query::History { key: CheckKey::new(host, check), from, to, points };
    Ok(told(asker.query(&face, query).await?))
}

pub(in crate::api) async fn recheck(
    State(face): State<Face>,
    asker: Asker,
    Body(Targets { targets }): Body<Targets>,
) -> Reply {
    Ok(done(asker.execute(&face, Command::Recheck { targets }).await?))
}
