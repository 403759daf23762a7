//! Rules in force, drafts on trial, and rules that are saved.

use axum::extract::State;
use serde::Deserialize;

use super::{Reply, done, told};
use crate::api::Face;
use crate::api::actor::Asker;
use crate::api::body::{Asked, Body};
use crate::model::Timestamp;
use crate::protocol::{Command, Query};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct List {
    #[serde(default = "thousand")]
    limit: u32,
}

const fn thousand() -> u32 {
    1000
}

pub(in crate::api) async fn list(
    State(face): State<Face>,
    asker: Asker,
    Asked(List { limit }): Asked<List>,
) -> Reply {
    Ok(told(asker.query(&face, Query::Rules { limit }).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Draft {
    name: String,
    text: String,
    since: Timestamp,
}

pub(in crate::api) async fn attempt(
    State(face): State<Face>,
    asker: Asker,
    Body(Draft { name, text, since }): Body<Draft>,
) -> Reply {
    Ok(told(asker.query(&face, Query::TryRules { name, text, since }).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Save {
    text: String,
    was: Option<String>,
}

pub(in crate::api) async fn save(
    State(face): State<Face>,
    asker: Asker,
    Body(Save { text, was }): Body<Save>,
) -> Reply {
    Ok(done(asker.execute(&face, Command::SaveRule { text, was }).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Delete {
    was: String,
}

pub(in crate::api) async fn delete(
    State(face): State<Face>,
    asker: Asker,
    Body(Delete { was }): Body<Delete>,
) -> Reply {
    Ok(done(asker.execute(&face, Command::DeleteRule { was }).await?))
}
