//! Reviews: what is looked back at daily or weekly (SPEC FB-31).

use axum::extract::State;
use serde::Deserialize;

use super::{Reply, told};
use crate::api::Face;
use crate::api::actor::Asker;
use crate::api::body::Asked;
use crate::model::Review;
use crate::protocol::Query;

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Over {
    /// How many days, 1 to 92.
    #[serde(default = "week")]
    #[param(minimum = 1, maximum = 92)]
    days: u32,
}

const fn week() -> u32 {
    7
}

/// What is looked back at: alerts and who had them, what was down, what is noisy, what never fires.
#[utoipa::path(
    get,
    path = "/api/v1/review",
    operation_id = "review",
    tag = "Handover",
    params(Over),
    responses((status = 200, body = Review)),
)]
pub(in crate::api) async fn show(
    State(face): State<Face>,
    asker: Asker,
    Asked(Over { days }): Asked<Over>,
) -> Reply {
    Ok(told(asker.query(&face, Query::Review { days }).await?))
}
