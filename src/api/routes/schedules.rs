//! Schedules of network tests: listed, made, changed, removed, run now (SPEC FS-28, FS-39).

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse as _;

use super::{Reply, done, told};
use crate::api::Face;
use crate::api::actor::Asker;
use crate::api::body::{Body, Segment};
use crate::model::{Plan, SafeText, ScheduleId};
use crate::protocol::{Command, Outcome, Problem, Query, ScheduleRow};

fn schedule_id(text: &str) -> Result<ScheduleId, Problem> {
    let none = |_| Problem::not_found(format!("there is no schedule {}", SafeText::line(text)));
    text.parse().map_err(none)
}

/// The schedules, by name.
#[utoipa::path(
    get,
    path = "/api/v1/schedules",
    operation_id = "schedules",
    tag = "Network tests",
    responses((status = 200, body = Vec<ScheduleRow>)),
)]
pub(in crate::api) async fn list(State(face): State<Face>, asker: Asker) -> Reply {
    Ok(told(asker.query(&face, Query::Schedules).await?))
}

/// The schedules: the same under the path of the document.
#[utoipa::path(
    get,
    path = "/api/speed/schedules",
    operation_id = "schedules.short",
    tag = "Network tests",
    responses((status = 200, body = Vec<ScheduleRow>)),
)]
pub(in crate::api) async fn list_short(State(face): State<Face>, asker: Asker) -> Reply {
    Ok(told(asker.query(&face, Query::Schedules).await?))
}

/// Makes a schedule.
#[utoipa::path(
    post,
    path = "/api/v1/schedules",
    operation_id = "add_schedule",
    tag = "Network tests",
    request_body = Plan,
    responses((status = 201, body = Outcome), (status = 404), (status = 409)),
)]
pub(in crate::api) async fn add(
    State(face): State<Face>,
    asker: Asker,
    Body(plan): Body<Plan>,
) -> Reply {
    let plan = Box::new(plan);
    let outcome = asker.execute(&face, Command::AddSchedule { plan }).await?;
    Ok((StatusCode::CREATED, done(outcome)).into_response())
}

/// Makes a schedule: the same under the path of the document; its answer is the schedule.
#[utoipa::path(
    post,
    path = "/api/speed/schedules",
    operation_id = "add_schedule.short",
    tag = "Network tests",
    request_body = Plan,
    responses((status = 201, body = ScheduleRow), (status = 404), (status = 409)),
)]
pub(in crate::api) async fn add_short(
    State(face): State<Face>,
    asker: Asker,
    Body(plan): Body<Plan>,
) -> Reply {
    let plan = Box::new(plan);
    match asker.execute(&face, Command::AddSchedule { plan }).await? {
        Outcome::Schedule(row) => Ok((StatusCode::CREATED, Json(row)).into_response()),
        other => Ok(done(other)),
    }
}

/// Changes a schedule: how it is from now on.
#[utoipa::path(
    put,
    path = "/api/v1/schedules/{id}",
    operation_id = "edit_schedule",
    tag = "Network tests",
    params(("id" = ScheduleId, Path, description = "The id of the schedule.")),
    request_body = Plan,
    responses((status = 200, body = Outcome), (status = 404), (status = 409)),
)]
pub(in crate::api) async fn edit(
    State(face): State<Face>,
    asker: Asker,
    Segment(id): Segment<String>,
    Body(plan): Body<Plan>,
) -> Reply {
    let (id, plan) = (schedule_id(&id)?, Box::new(plan));
    Ok(done(asker.execute(&face, Command::EditSchedule { id, plan }).await?))
}

/// Removes a schedule; its results stay. An Operator may remove their own.
#[utoipa::path(
    delete,
    path = "/api/v1/schedules/{id}",
    operation_id = "remove_schedule",
    tag = "Network tests",
    params(("id" = ScheduleId, Path, description = "The id of the schedule.")),
    responses((status = 200, body = Outcome), (status = 404), (status = 409)),
)]
pub(in crate::api) async fn remove(
    State(face): State<Face>,
    asker: Asker,
    Segment(id): Segment<String>,
) -> Reply {
    let id = schedule_id(&id)?;
    Ok(done(asker.execute(&face, Command::RemoveSchedule { id }).await?))
}

/// Removes a schedule: the same under the path of the document.
#[utoipa::path(
    delete,
    path = "/api/speed/schedules/{id}",
    operation_id = "remove_schedule.short",
    tag = "Network tests",
    params(("id" = ScheduleId, Path, description = "The id of the schedule.")),
    responses((status = 200, body = Outcome), (status = 404), (status = 409)),
)]
pub(in crate::api) async fn remove_short(
    State(face): State<Face>,
    asker: Asker,
    Segment(id): Segment<String>,
) -> Reply {
    let id = schedule_id(&id)?;
    Ok(done(asker.execute(&face, Command::RemoveSchedule { id }).await?))
}

/// Runs a schedule's test now, besides its times.
#[utoipa::path(
    post,
    path = "/api/v1/schedules/{id}/run",
    operation_id = "run_schedule",
    tag = "Network tests",
    params(("id" = ScheduleId, Path, description = "The id of the schedule.")),
    responses((status = 202, body = Outcome), (status = 404), (status = 409)),
)]
pub(in crate::api) async fn run(
    State(face): State<Face>,
    asker: Asker,
    Segment(id): Segment<String>,
) -> Reply {
    let id = schedule_id(&id)?;
    let outcome = asker.execute(&face, Command::RunSchedule { id }).await?;
    Ok((StatusCode::ACCEPTED, done(outcome)).into_response())
}
