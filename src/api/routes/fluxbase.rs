//! Fluxbase instances: their targets, and the graphs of one.

use axum::extract::State;
use serde::Deserialize;

use super::{Reply, told};
use crate::api::Face;
use crate::api::actor::Asker;
use crate::api::body::Asked;
use crate::model::{Name, Timestamp};
use crate::protocol::{FluxbasePage, Query};

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Wish {
    /// Whose graphs; without it those of the first instance.
    #[param(value_type = Option<String>)]
    host: Option<Name>,
    /// The graphs begin here.
    from: Timestamp,
    /// And end here.
    to: Timestamp,
    /// At most so many points a line.
    #[serde(default = "screenful")]
    points: u32,
}

/// As many points as a wide screen has columns.
const fn screenful() -> u32 {
    200
}

/// The Fluxbase instances with their targets, and five graphs of one of them.
#[utoipa::path(
    get,
    path = "/api/v1/fluxbase",
    operation_id = "fluxbase",
    tag = "What happened",
    params(Wish),
    responses((status = 200, body = FluxbasePage), (status = 404)),
)]
pub(in crate::api) async fn page(
    State(face): State<Face>,
    asker: Asker,
    Asked(Wish { host, from, to, points }): Asked<Wish>,
) -> Reply {
    Ok(told(asker.query(&face, Query::Fluxbase { host, from, to, points }).await?))
}
