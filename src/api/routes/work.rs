//! A worker's two calls. Their bodies may carry fields of a newer worker, so unknown ones pass.

use axum::extract::{Request, State};
use serde::Deserialize;

use super::{Reply, done};
use crate::api::Face;
use crate::api::actor::Asker;
use crate::api::body::{Body, read};
use crate::protocol::{Command, Outcome, Report};

/// Most bytes of a batch of results.
const REPORT: usize = 8 * 1024 * 1024;

#[derive(Deserialize, utoipa::ToSchema)]
pub(in crate::api) struct Claim {
    /// The worker's boot, to number its reports.
    boot: u64,
}

/// A worker's first word after its start. Only the engine's own worker may, at this machine.
#[utoipa::path(
    post,
    path = "/api/v1/work/claim",
    operation_id = "claim",
    tag = "Worker",
    request_body = Claim,
    responses((status = 200, body = Outcome)),
)]
pub(in crate::api) async fn claim(
    State(face): State<Face>,
    asker: Asker,
    Body(Claim { boot }): Body<Claim>,
) -> Reply {
    Ok(done(asker.execute(&face, Command::Claim { boot }).await?))
}

/// Results of the worker, at most 8 MiB.
#[utoipa::path(
    post,
    path = "/api/v1/work/report",
    operation_id = "report",
    tag = "Worker",
    request_body = Report,
    responses((status = 200, body = Outcome)),
)]
pub(in crate::api) async fn report(
    State(face): State<Face>,
    asker: Asker,
    request: Request,
) -> Reply {
    let report: Report = read(request, REPORT).await?;
    Ok(done(asker.execute(&face, Command::Report(report)).await?))
}
