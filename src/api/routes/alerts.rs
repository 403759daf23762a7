//! Alerts: list, take, give back, and what happened to them.

use axum::extract::{Path, State};
use serde::Deserialize;

use super::{All, Reply, Targets, done, told};
use crate::api::Face;
use crate::api::actor::Asker;
use crate::api::body::{Asked, Body};
use crate::model::{AlertId, Name, Timestamp};
use crate::protocol::command::EscalateOne;
use crate::protocol::{Command, Problem, Query, Target};

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
    #[serde(default = "yes")]
    notify: bool,
}

const fn yes() -> bool {
    true
}

pub(in crate::api) async fn acknowledge(
    State(face): State<Face>,
    asker: Asker,
    Body(Acknowledge { targets, comment, expires, sticky, notify }): Body<Acknowledge>,
) -> Reply {
    let command = Command::Acknowledge { targets, comment, expires, sticky, notify };
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
pub(in crate::api) struct Escalate {
    which: Vec<EscalateOne>,
}

pub(in crate::api) async fn escalate(
    State(face): State<Face>,
    asker: Asker,
    Body(Escalate { which }): Body<Escalate>,
) -> Reply {
    Ok(done(asker.execute(&face, Command::Escalate { which }).await?))
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Comment {
    targets: Vec<Target>,
    text: String,
}

pub(in crate::api) async fn comment(
    State(face): State<Face>,
    asker: Asker,
    Body(Comment { targets, text }): Body<Comment>,
) -> Reply {
    Ok(done(asker.execute(&face, Command::Comment { targets, text }).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Comments {
    host: Name,
    check: Option<Name>,
    #[serde(default = "hundred")]
    limit: u32,
}

pub(in crate::api) async fn comments(
    State(face): State<Face>,
    asker: Asker,
    Asked(Comments { host, check, limit }): Asked<Comments>,
) -> Reply {
    Ok(told(asker.query(&face, Query::Comments { host, check, limit }).await?))
}

pub(in crate::api) async fn one(
    State(face): State<Face>,
    asker: Asker,
    Path(id): Path<String>,
) -> Reply {
    let id =
        id.parse().map_err(|_| Problem::invalid(format!("`{id}` is not the id of an alert")))?;
    Ok(told(asker.query(&face, Query::Alert { id }).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct TestNotify {
    name: Name,
}

pub(in crate::api) async fn test_notify(
    State(face): State<Face>,
    asker: Asker,
    Body(TestNotify { name }): Body<TestNotify>,
) -> Reply {
    Ok(done(asker.execute(&face, Command::TestNotify { name }).await?))
}
