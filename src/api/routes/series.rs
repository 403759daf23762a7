//! Scraped series: which there are, and the past of one.

use axum::extract::State;
use serde::Deserialize;

use super::{Reply, told};
use crate::api::Face;
use crate::api::actor::Asker;
use crate::api::body::{Asked, Segment};
use crate::model::{CheckKey, Name, Timestamp};
use crate::protocol::{Query, SeriesPage, SeriesPast};

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct List {
    /// Only of this host.
    #[param(value_type = Option<String>)]
    host: Option<Name>,
    /// Only of the checks of this name.
    #[param(value_type = Option<String>)]
    check: Option<Name>,
    /// Words that must occur in the name with its labels, or a selector with braces.
    text: Option<String>,
    /// At most so many, 1 to 1000.
    #[serde(default = "hundred")]
    limit: u32,
}

const fn hundred() -> u32 {
    100
}

/// Scraped series, and how much is kept of all of them.
#[utoipa::path(
    get,
    path = "/api/v1/series",
    operation_id = "series_list",
    tag = "What happened",
    params(List),
    responses((status = 200, body = SeriesPage)),
)]
pub(in crate::api) async fn list(
    State(face): State<Face>,
    asker: Asker,
    Asked(List { host, check, text, limit }): Asked<List>,
) -> Reply {
    Ok(told(asker.query(&face, Query::SeriesList { host, check, text, limit }).await?))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Past {
    /// Its name with labels.
    #[param(value_type = String)]
    series: Name,
    /// From this moment.
    from: Timestamp,
    /// To this moment.
    to: Timestamp,
    /// At most so many points; more are merged.
    #[serde(default = "screenful")]
    points: u32,
}

/// As many points as a wide screen has columns.
const fn screenful() -> u32 {
    200
}

/// The past of one scraped series, as far as it is kept.
#[utoipa::path(
    get,
    path = "/api/v1/series/{host}/{check}",
    operation_id = "series_past",
    tag = "What happened",
    params(("host" = String, Path, description = "The name of the host."), ("check" = String, Path, description = "The name of the check."), Past),
    responses((status = 200, body = SeriesPast), (status = 404)),
)]
pub(in crate::api) async fn past(
    State(face): State<Face>,
    asker: Asker,
    Segment((host, check)): Segment<(String, String)>,
    Asked(Past { series, from, to, points }): Asked<Past>,
) -> Reply {
    let key = CheckKey::new(host, check);
    Ok(told(asker.query(&face, Query::SeriesPast { key, series, from, to, points }).await?))
}
