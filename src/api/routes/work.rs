//! A worker's calls. Their bodies may carry fields of a newer worker, so unknown ones pass.

use axum::extract::{Request, State};

use super::{Reply, done};
use crate::api::Face;
use crate::api::actor::Asker;
use crate::api::body::read;
use crate::protocol::{Beat, Claim, Command, Outcome, Report};

/// Most bytes of a batch of results.
const REPORT: usize = 8 * 1024 * 1024;
/// Most bytes of a call without results.
const CALL: usize = 64 * 1024;

/// A worker's first word after its start: what it is to run. An agent says with its number (`life`)
/// which start it is; a second one with the same key, while the first is there, is refused.
#[utoipa::path(
    post,
    path = "/api/v1/work/claim",
    operation_id = "claim",
    tag = "Worker",
    request_body = Claim,
    responses((status = 200, body = Outcome), (status = 409)),
)]
pub(in crate::api) async fn claim(
    State(face): State<Face>,
    asker: Asker,
    request: Request,
) -> Reply {
    let claim: Claim = read(request, CALL).await?;
    Ok(done(asker.execute(&face, Command::Claim(claim)).await?))
}

/// Results of a worker, at most 8 MiB and 512 of them; answered when they are stored. The same
/// number again is answered and not counted again.
#[utoipa::path(
    post,
    path = "/api/v1/work/report",
    operation_id = "report",
    tag = "Worker",
    request_body = Report,
    responses((status = 200, body = Outcome), (status = 409)),
)]
pub(in crate::api) async fn report(
    State(face): State<Face>,
    asker: Asker,
    request: Request,
) -> Reply {
    let report: Report = read(request, REPORT).await?;
    Ok(done(asker.execute(&face, Command::Report(report)).await?))
}

/// That an agent is there, every ten seconds.
#[utoipa::path(
    post,
    path = "/api/v1/work/heartbeat",
    operation_id = "beat",
    tag = "Worker",
    request_body = Beat,
    responses((status = 200, body = Outcome), (status = 409)),
)]
pub(in crate::api) async fn heartbeat(
    State(face): State<Face>,
    asker: Asker,
    request: Request,
) -> Reply {
    let beat: Beat = read(request, CALL).await?;
    Ok(done(asker.execute(&face, Command::Beat(beat)).await?))
}
