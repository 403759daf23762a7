//! Agents: registering, looking, forgetting.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::Uri;
use axum::http::header::CACHE_CONTROL;
use axum::response::IntoResponse as _;

use super::{Paging, Reply, done, told};
use crate::api::Face;
use crate::api::actor::Asker;
use crate::api::body::{Asked, Segment, read};
use crate::api::paging::{Part, Spot, paged};
use crate::model::account::folded;
use crate::model::{Agent, Name, SafeText};
use crate::protocol::{Answer, Command, Enrolment, Outcome, Problem, Query};

/// Most bytes of what an agent says of itself.
const ENROLMENT: usize = 64 * 1024;

/// Lets an agent in; shows its key, once. The token is one that was made for this agent.
#[utoipa::path(
    post,
    path = "/api/v1/agents/register",
    operation_id = "enrol",
    tag = "Agents",
    request_body = Enrolment,
    responses((status = 200, body = Outcome), (status = 409)),
)]
pub(in crate::api) async fn register(
    State(face): State<Face>,
    asker: Asker,
    request: Request,
) -> Reply {
    let enrolment: Enrolment = read(request, ENROLMENT).await?;
    let outcome = asker.execute(&face, Command::Enrol(enrolment)).await?;
    Ok(([(CACHE_CONTROL, "no-store")], done(outcome)).into_response())
}

/// All agents, by name.
#[utoipa::path(
    get,
    path = "/api/v1/agents",
    operation_id = "agents",
    tag = "Agents",
    params(Paging),
    responses((status = 200, body = Vec<Agent>)),
)]
pub(in crate::api) async fn list(
    State(face): State<Face>,
    asker: Asker,
    uri: Uri,
    Asked(Paging { limit, after }): Asked<Paging>,
) -> Reply {
    match asker.query(&face, Query::Agents).await? {
        Answer::Agents(rows) => {
            paged(rows, &Part { limit, after }, &uri, |agent| Spot::new(&[], &agent.name))
        }
        other => Ok(told(other)),
    }
}

/// One agent.
#[utoipa::path(
    get,
    path = "/api/v1/agents/{name}",
    operation_id = "agents.one",
    tag = "Agents",
    params(("name" = String, Path, description = "The name.")),
    responses((status = 200, body = Agent), (status = 404)),
)]
pub(in crate::api) async fn one(
    State(face): State<Face>,
    asker: Asker,
    Segment(name): Segment<Name>,
) -> Reply {
    match asker.query(&face, Query::Agents).await? {
        Answer::Agents(rows) => {
            let found = rows.into_iter().find(|agent| folded(&agent.name) == folded(&name));
            let Some(agent) = found else {
                let name = SafeText::line(&name);
                return Err(Problem::not_found(format!("there is no agent `{name}`")).into());
            };
            Ok(Json(agent).into_response())
        }
        other => Ok(told(other)),
    }
}

/// Forgets an agent: its key counts no more. Its checks wait for another agent of that name.
#[utoipa::path(
    delete,
    path = "/api/v1/agents/{name}",
    operation_id = "remove_agent",
    tag = "Agents",
    params(("name" = String, Path, description = "The name.")),
    responses((status = 200, body = Outcome), (status = 404)),
)]
pub(in crate::api) async fn remove(
    State(face): State<Face>,
    asker: Asker,
    Segment(name): Segment<Name>,
) -> Reply {
    Ok(done(asker.execute(&face, Command::RemoveAgent { name }).await?))
}
