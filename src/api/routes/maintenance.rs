//! Maintenance windows: list, create (SPEC FM-29), edit, end, cancel, extend.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse as _;
use serde::Deserialize;

use super::{All, Reply, done, told};
use crate::api::Face;
use crate::api::actor::Asker;
use crate::api::body::{Asked, Body};
use crate::model::{MaintenanceId, Repetition, Span, Timestamp};
use crate::protocol::{Command, NewMaintenance, Outcome, Problem, Query};

pub(in crate::api) async fn list(
    State(face): State<Face>,
    asker: Asker,
    Asked(All { all }): Asked<All>,
) -> Reply {
    Ok(told(asker.query(&face, Query::Maintenance { all }).await?))
}

pub(in crate::api) async fn add(
    State(face): State<Face>,
    asker: Asker,
    Body(wanted): Body<NewMaintenance>,
) -> Reply {
    let outcome = asker.execute(&face, Command::AddMaintenance(wanted)).await?;
    let created = matches!(outcome, Outcome::Maintenance(_));
    let status = if created { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, done(outcome)).into_response())
}

pub(in crate::api) async fn end(
    State(face): State<Face>,
    asker: Asker,
    Path(id): Path<String>,
) -> Reply {
    let id = window(&id)?;
    Ok(done(asker.execute(&face, Command::EndMaintenance { id }).await?))
}

pub(in crate::api) async fn cancel(
    State(face): State<Face>,
    asker: Asker,
    Path(id): Path<String>,
) -> Reply {
    let id = window(&id)?;
    Ok(done(asker.execute(&face, Command::CancelMaintenance { id }).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Extend {
    by_ms: Span,
}

pub(in crate::api) async fn extend(
    State(face): State<Face>,
    asker: Asker,
    Path(id): Path<String>,
    Body(Extend { by_ms }): Body<Extend>,
) -> Reply {
    let command = Command::ExtendMaintenance { id: window(&id)?, by: by_ms };
    Ok(done(asker.execute(&face, command).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Edit {
    name: Option<String>,
    start: Option<Timestamp>,
    end: Option<Timestamp>,
    repeats: Option<Repetition>,
    #[serde(default)]
    every: bool,
}

pub(in crate::api) async fn edit(
    State(face): State<Face>,
    asker: Asker,
    Path(id): Path<String>,
    Body(Edit { name, start, end, repeats, every }): Body<Edit>,
) -> Reply {
    let id = window(&id)?;
    let command = Command::EditMaintenance { id, name, start, end, repeats, every };
    Ok(done(asker.execute(&face, command).await?))
}

fn window(text: &str) -> Result<MaintenanceId, Problem> {
    text.parse().map_err(|_| Problem::invalid(format!("`{text}` is not the id of a window")))
}
