//! What belongs to one operator: taking back, and what the engine remembers for them.

use axum::extract::State;
use serde::Deserialize;

use super::{Reply, done, told};
use crate::api::Face;
use crate::api::actor::Asker;
use crate::api::body::Body;
use crate::model::RequestId;
use crate::protocol::{Command, Outcome, Query};

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Undo {
    /// The request that did it, by its `Idempotency-Key`.
    request: RequestId,
}

/// Takes back what the same person asked for within the last 10 s.
#[utoipa::path(
    post,
    path = "/api/v1/undo",
    operation_id = "undo",
    tag = "Own things",
    request_body = Undo,
    responses((status = 200, body = Outcome), (status = 404), (status = 409)),
)]
pub(in crate::api) async fn undo(
    State(face): State<Face>,
    asker: Asker,
    Body(Undo { request }): Body<Undo>,
) -> Reply {
    Ok(done(asker.execute(&face, Command::Undo { request }).await?))
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Remember {
    /// Under which key, at most 64 bytes.
    key: String,
    /// Must be there: "forget it" (null) is only what was said.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schema(required = true)]
    value: Option<String>,
}

/// Keeps something for whoever asks until it is replaced: saved views, snoozes.
#[utoipa::path(
    post,
    path = "/api/v1/remembered",
    operation_id = "remember",
    tag = "Own things",
    request_body = Remember,
    responses((status = 200, body = Outcome), (status = 409)),
)]
pub(in crate::api) async fn remember(
    State(face): State<Face>,
    asker: Asker,
    Body(Remember { key, value }): Body<Remember>,
) -> Reply {
    Ok(done(asker.execute(&face, Command::Remember { key, value }).await?))
}

/// What is kept for whoever asks, such as their saved views.
#[utoipa::path(
    get,
    path = "/api/v1/remembered",
    operation_id = "remembered",
    tag = "Own things",
    responses((status = 200, body = BTreeMap<String, String>)),
)]
pub(in crate::api) async fn remembered(State(face): State<Face>, asker: Asker) -> Reply {
    Ok(told(asker.query(&face, Query::Remembered).await?))
}
