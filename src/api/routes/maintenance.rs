//! Maintenance windows: list, create (SPEC FM-29), edit, end, cancel, extend.

use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::IntoResponse as _;
use serde::Deserialize;

use super::{Listed, Reply, done, told};
use crate::api::Face;
use crate::api::actor::Asker;
use crate::api::body::{Asked, Body, Segment};
use crate::api::condition::{IfMatch, versioned};
use crate::api::paging::{Part, Spot, paged};
use crate::model::{Maintenance, MaintenanceId, Repetition, Span, Timestamp};
use crate::protocol::{Answer, Command, NewMaintenance, Outcome, Problem, Query};

/// Windows, the soonest first.
#[utoipa::path(
    get,
    path = "/api/v1/maintenance",
    operation_id = "maintenance",
    tag = "Maintenance",
    params(Listed),
    responses((status = 200, body = Vec<Maintenance>)),
)]
pub(in crate::api) async fn list(
    State(face): State<Face>,
    asker: Asker,
    uri: Uri,
    Asked(Listed { all, limit, after }): Asked<Listed>,
) -> Reply {
    match asker.query(&face, Query::Maintenance { all }).await? {
        Answer::Maintenance(rows) => paged(rows, &Part { limit, after }, &uri, |window| {
            Spot::new(&[window.start.millis()], window.id)
        }),
        other => Ok(told(other)),
    }
}

/// One window, with its version.
#[utoipa::path(
    get,
    path = "/api/v1/maintenance/{id}",
    operation_id = "maintenance.one",
    tag = "Maintenance",
    params(("id" = MaintenanceId, Path, description = "The id of the window.")),
    responses(
        (status = 200, body = Maintenance, headers(("ETag" = String, description = "Its version, for `If-Match`."))),
        (status = 404),
    ),
)]
pub(in crate::api) async fn one(
    State(face): State<Face>,
    asker: Asker,
    Segment(id): Segment<String>,
) -> Reply {
    let id = window(&id)?;
    match asker.query(&face, Query::Maintenance { all: true }).await? {
        Answer::Maintenance(rows) => match rows.iter().find(|window| window.id == id) {
            Some(window) => Ok(versioned(window)?),
            None => Err(Problem::not_found(format!("there is no window {id}")).into()),
        },
        other => Ok(told(other)),
    }
}

/// Creates a window.
#[utoipa::path(
    post,
    path = "/api/v1/maintenance",
    operation_id = "add_maintenance",
    tag = "Maintenance",
    request_body = NewMaintenance,
    responses((status = 201, body = Outcome), (status = 409)),
)]
pub(in crate::api) async fn add(
    State(face): State<Face>,
    asker: Asker,
    Body(wanted): Body<NewMaintenance>,
) -> Reply {
    created(&face, asker, wanted).await
}

/// Creates a window: the same under the path of the document.
#[utoipa::path(
    post,
    path = "/api/maintenance",
    operation_id = "add_maintenance.short",
    tag = "Maintenance",
    request_body = NewMaintenance,
    responses((status = 201, body = Outcome), (status = 409)),
)]
pub(in crate::api) async fn add_short(
    State(face): State<Face>,
    asker: Asker,
    Body(wanted): Body<NewMaintenance>,
) -> Reply {
    created(&face, asker, wanted).await
}

async fn created(face: &Face, asker: Asker, wanted: NewMaintenance) -> Reply {
    let outcome = asker.execute(face, Command::AddMaintenance(wanted)).await?;
    let created = matches!(outcome, Outcome::Maintenance(_));
    let status = if created { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, done(outcome)).into_response())
}

/// Ends a window now; one that has not begun is removed.
///
/// Of one that repeats only the occurrence in effect ends, or the next is left out.
#[utoipa::path(
    post,
    path = "/api/v1/maintenance/{id}/end",
    operation_id = "end_maintenance",
    tag = "Maintenance",
    params(("id" = MaintenanceId, Path, description = "The id of the window."), ("if-match" = Option<String>, Header, description = "The `ETag` of what was seen: when it is another one by now, nothing is changed (412).")),
    responses((status = 200, body = Outcome), (status = 404), (status = 409), (status = 412)),
)]
pub(in crate::api) async fn end(
    State(face): State<Face>,
    asker: Asker,
    if_match: IfMatch,
    Segment(id): Segment<String>,
) -> Reply {
    let id = window(&id)?;
    Ok(done(asker.execute_if(&face, if_match, Command::EndMaintenance { id }).await?))
}

/// Lets a window not repeat any more.
#[utoipa::path(
    post,
    path = "/api/v1/maintenance/{id}/cancel",
    operation_id = "cancel_maintenance",
    tag = "Maintenance",
    params(("id" = MaintenanceId, Path, description = "The id of the window."), ("if-match" = Option<String>, Header, description = "The `ETag` of what was seen: when it is another one by now, nothing is changed (412).")),
    responses((status = 200, body = Outcome), (status = 404), (status = 409), (status = 412)),
)]
pub(in crate::api) async fn cancel(
    State(face): State<Face>,
    asker: Asker,
    if_match: IfMatch,
    Segment(id): Segment<String>,
) -> Reply {
    let id = window(&id)?;
    Ok(done(asker.execute_if(&face, if_match, Command::CancelMaintenance { id }).await?))
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Extend {
    /// How much later it ends.
    by_ms: Span,
}

/// Lets a window end later.
#[utoipa::path(
    post,
    path = "/api/v1/maintenance/{id}/extend",
    operation_id = "extend_maintenance",
    tag = "Maintenance",
    params(("id" = MaintenanceId, Path, description = "The id of the window."), ("if-match" = Option<String>, Header, description = "The `ETag` of what was seen: when it is another one by now, nothing is changed (412).")),
    request_body = Extend,
    responses((status = 200, body = Outcome), (status = 404), (status = 409), (status = 412)),
)]
pub(in crate::api) async fn extend(
    State(face): State<Face>,
    asker: Asker,
    if_match: IfMatch,
    Segment(id): Segment<String>,
    Body(Extend { by_ms }): Body<Extend>,
) -> Reply {
    let command = Command::ExtendMaintenance { id: window(&id)?, by: by_ms };
    Ok(done(asker.execute_if(&face, if_match, command).await?))
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct WindowEdit {
    /// What it is for.
    name: Option<String>,
    /// When it begins; only while it has not begun.
    start: Option<Timestamp>,
    /// When it ends.
    end: Option<Timestamp>,
    /// How it repeats from now on.
    repeats: Option<Repetition>,
    /// Whether the times of a window that repeats are those of every occurrence from this one on.
    #[serde(default)]
    every: bool,
}

/// Changes a window that is not over; what is not said stays.
#[utoipa::path(
    post,
    path = "/api/v1/maintenance/{id}/edit",
    operation_id = "edit_maintenance",
    tag = "Maintenance",
    params(("id" = MaintenanceId, Path, description = "The id of the window."), ("if-match" = Option<String>, Header, description = "The `ETag` of what was seen: when it is another one by now, nothing is changed (412).")),
    request_body = WindowEdit,
    responses((status = 200, body = Outcome), (status = 404), (status = 409), (status = 412)),
)]
pub(in crate::api) async fn edit(
    State(face): State<Face>,
    asker: Asker,
    if_match: IfMatch,
    Segment(id): Segment<String>,
    Body(WindowEdit { name, start, end, repeats, every }): Body<WindowEdit>,
) -> Reply {
    let id = window(&id)?;
    let command = Command::EditMaintenance { id, name, start, end, repeats, every };
    Ok(done(asker.execute_if(&face, if_match, command).await?))
}

fn window(text: &str) -> Result<MaintenanceId, Problem> {
    text.parse().map_err(|_| Problem::invalid(format!("`{text}` is not the id of a window")))
}
