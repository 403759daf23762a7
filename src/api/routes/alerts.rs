//! Alerts: list, take, give back, and what happened to them.

use axum::extract::State;
use serde::Deserialize;

use super::{All, Reply, Targets, done, told};
use crate::api::Face;
use crate::api::actor::Asker;
use crate::api::body::{Asked, Body};
use crate::model::{AlertId, Name, Timestamp};
use crate::protocol::{Command, Query, Target};

pub(in crate::api) async fn list(
    State(face): State<Face>,
    asker: Asker,
    Asked(All { all }): Asked<All>,
) -> Reply {
    Ok(told(asker.query(&face, Query::Alerts { all }).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Acknowledge {
    targets: Vec<Target>,
    #[serde(default)]
    comment: String,
    /// Must be there: "never" (null) is only what was said.
    #[serde(deserialize_with = "Option::deserialize")]
    expires: Option<Timestamp>,
    #[serde(default)]
    sticky: bool,
}

pub(in crate::api) async fn acknowledge(
    State(face): State<Face>,
    asker: Asker,
    Body(Acknowledge { targets, comment, expires, sticky }): Body<Acknowledge>,
) -> Reply {
    let command = Command::Acknowledge { targets, comment, expires, sticky };
    Ok(done(asker.execute(&face, command).await?))
}

pub(in crate::api) async fn unacknowledge(
    State(face): State<Face>,
    asker: Asker,
    Body(Targets { targets }): Body<Targets>,
) -> Reply {
    Ok(done(asker.execute(&face, Command::Unacknowledge { targets }).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Edges {
    host: Option<Name>,
    alert: Option<AlertId>,
    #[serde(default = "hundred")]
    limit: u32,
}

const fn hundred() -> u32 {
    100
}

pub(in crate::api) async fn edges(
    State(face): State<Face>,
    asker: Asker,
    Asked(Edges { host, alert, limit }): Asked<Edges>,
) -> Reply {
    Ok(told(asker.query(&face, Query::Edges { host, alert, limit }).await?))
}
