//! Hosts and checks: what is, what was, and "look again now".

use axum::extract::State;
use axum::http::Uri;
use serde::Deserialize;

use super::{History, Reply, Targets, done, told};
use crate::api::Face;
use crate::api::actor::Asker;
use crate::api::body::{Asked, Body, Segment};
use crate::api::paging::{Part, Spot, paged};
use crate::model::{CheckKey, Pattern, Timestamp};
use crate::protocol::query::{CheckDetail, HostAnswer};
use crate::protocol::{Answer, Command, Outcome, Query};

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Hosts {
    /// Only hosts whose names it matches.
    pattern: Option<Pattern>,
    /// At most so many rows, 1 to 1000; all of them without it.
    limit: Option<u32>,
    /// Only what comes after this place; the `Link` of the page before has it.
    after: Option<String>,
}

/// Hosts with their checks, by name.
#[utoipa::path(
    get,
    path = "/api/v1/hosts",
    operation_id = "hosts",
    tag = "Hosts and checks",
    params(Hosts),
    responses((status = 200, body = Vec<HostAnswer>)),
)]
pub(in crate::api) async fn hosts(
    State(face): State<Face>,
    asker: Asker,
    uri: Uri,
    Asked(Hosts { pattern, limit, after }): Asked<Hosts>,
) -> Reply {
    match asker.query(&face, Query::Hosts { pattern }).await? {
        Answer::Hosts(rows) => {
            paged(rows, &Part { limit, after }, &uri, |host| Spot::new(&[], &host.name))
        }
        other => Ok(told(other)),
    }
}

/// Everything about one check; secrets are masked.
#[utoipa::path(
    get,
    path = "/api/v1/checks/{host}/{check}",
    operation_id = "check",
    tag = "Hosts and checks",
    params(("host" = String, Path, description = "The name of the host."), ("check" = String, Path, description = "The name of the check.")),
    responses((status = 200, body = CheckDetail), (status = 404)),
)]
pub(in crate::api) async fn check(
    State(face): State<Face>,
    asker: Asker,
    Segment((host, check)): Segment<(String, String)>,
) -> Reply {
    Ok(told(asker.query(&face, Query::Check { key: CheckKey::new(host, check) }).await?))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Range {
    /// From this moment.
    from: Timestamp,
    /// To this moment.
    to: Timestamp,
    /// At most so many points of each series; more are merged.
    #[serde(default = "screenful")]
    points: u32,
}

/// As many points as a wide screen has columns.
const fn screenful() -> u32 {
    200
}

/// The stored numbers and states of one check.
#[utoipa::path(
    get,
    path = "/api/v1/history/{host}/{check}",
    operation_id = "history",
    tag = "What happened",
    params(("host" = String, Path, description = "The name of the host."), ("check" = String, Path, description = "The name of the check."), Range),
    responses((status = 200, body = History), (status = 404)),
)]
pub(in crate::api) async fn history(
    State(face): State<Face>,
    asker: Asker,
    Segment((host, check)): Segment<(String, String)>,
    Asked(Range { from, to, points }): Asked<Range>,
) -> Reply {
    let query = Query::History { key: CheckKey::new(host, check), from, to, points };
    Ok(told(asker.query(&face, query).await?))
}

/// Runs checks now; a host means all of its checks.
#[utoipa::path(
    post,
    path = "/api/v1/recheck",
    operation_id = "recheck",
    tag = "Hosts and checks",
    request_body = Targets,
    responses((status = 200, body = Outcome), (status = 404), (status = 409)),
)]
pub(in crate::api) async fn recheck(
    State(face): State<Face>,
    asker: Asker,
    Body(Targets { targets }): Body<Targets>,
) -> Reply {
    Ok(done(asker.execute(&face, Command::Recheck { targets }).await?))
}
