//! Handovers: what is handed over, notes for it, who takes over.

use axum::extract::State;
use serde::Deserialize;

use super::{Reply, done, told};
use crate::api::Face;
use crate::api::actor::Asker;
use crate::api::body::{Asked, Body};
use crate::model::{Handover, Timestamp};
use crate::protocol::{Command, Outcome, Query};

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct From {
    /// From this moment; without it from the begin of the shift or the last sign-off.
    since: Option<Timestamp>,
    /// When the present shift began.
    shift: Option<Timestamp>,
    /// When the one before it began.
    before: Option<Timestamp>,
}

/// What a team hands over to the next one.
#[utoipa::path(
    get,
    path = "/api/v1/handover",
    operation_id = "handover",
    tag = "Handover",
    params(From),
    responses((status = 200, body = Handover)),
)]
pub(in crate::api) async fn show(
    State(face): State<Face>,
    asker: Asker,
    Asked(From { since, shift, before }): Asked<From>,
) -> Reply {
    Ok(told(asker.query(&face, Query::Handover { since, shift, before }).await?))
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Note {
    /// What.
    text: String,
}

/// Writes a note for the next team.
#[utoipa::path(
    post,
    path = "/api/v1/handover/notes",
    operation_id = "note",
    tag = "Handover",
    request_body = Note,
    responses((status = 200, body = Outcome), (status = 409)),
)]
pub(in crate::api) async fn note(
    State(face): State<Face>,
    asker: Asker,
    Body(Note { text }): Body<Note>,
) -> Reply {
    Ok(done(asker.execute(&face, Command::Note { text }).await?))
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct SignOff {
    /// Who takes over.
    to: String,
}

/// Goes, and says who takes over; the next handover begins here.
#[utoipa::path(
    post,
    path = "/api/v1/handover/sign-off",
    operation_id = "sign_off",
    tag = "Handover",
    request_body = SignOff,
    responses((status = 200, body = Outcome), (status = 409)),
)]
pub(in crate::api) async fn sign_off(
    State(face): State<Face>,
    asker: Asker,
    Body(SignOff { to }): Body<SignOff>,
) -> Reply {
    Ok(done(asker.execute(&face, Command::SignOff { to }).await?))
}
