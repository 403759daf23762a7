//! The engine itself: how it is, what is in force, reload, stop.

use axum::extract::State;

use super::{Reply, done, told};
use crate::api::Face;
use crate::api::actor::Asker;
use crate::model::Setting;
use crate::protocol::{Command, EngineStatus, Outcome, Query};

/// How the engine is.
#[utoipa::path(
    get,
    path = "/api/v1/engine",
    operation_id = "engine",
    tag = "Engine",
    responses((status = 200, body = EngineStatus)),
)]
pub(in crate::api) async fn status(State(face): State<Face>, asker: Asker) -> Reply {
    Ok(told(asker.query(&face, Query::Engine).await?))
}

/// What is in force as TOML, with the source of each value as a comment; secrets are masked.
#[utoipa::path(
    get,
    path = "/api/v1/config",
    operation_id = "config",
    tag = "Engine",
    responses((status = 200, body = String, content_type = "text/plain; charset=utf-8")),
)]
pub(in crate::api) async fn config(State(face): State<Face>, asker: Asker) -> Reply {
    Ok(told(asker.query(&face, Query::Config).await?))
}

/// Reads the configuration again.
#[utoipa::path(
    post,
    path = "/api/v1/reload",
    operation_id = "reload",
    tag = "Engine",
    responses((status = 200, body = Outcome), (status = 409)),
)]
pub(in crate::api) async fn reload(State(face): State<Face>, asker: Asker) -> Reply {
    Ok(done(asker.execute(&face, Command::Reload).await?))
}

/// Stops the engine.
#[utoipa::path(
    post,
    path = "/api/v1/stop",
    operation_id = "stop",
    tag = "Engine",
    responses((status = 200, body = Outcome)),
)]
pub(in crate::api) async fn stop(State(face): State<Face>, asker: Asker) -> Reply {
    Ok(done(asker.execute(&face, Command::Stop).await?))
}

/// Every setting in force with its source; secrets are masked.
#[utoipa::path(
    get,
    path = "/api/v1/settings",
    operation_id = "settings",
    tag = "Engine",
    responses((status = 200, body = Vec<Setting>)),
)]
pub(in crate::api) async fn settings(State(face): State<Face>, asker: Asker) -> Reply {
    Ok(told(asker.query(&face, Query::Settings).await?))
}
