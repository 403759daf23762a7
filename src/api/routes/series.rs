//! Scraped series: which there are, and the past of one.

use axum::extract::{Path, State};
use serde::Deserialize;

use super::{Reply, told};
use crate::api::Face;
use crate::api::actor::Asker;
use crate::api::body::Asked;
use crate::model::{CheckKey, Name, Timestamp};
use crate::protocol::Query;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct List {
    host: Option<Name>,
    check: Option<Name>,
    text: Option<String>,
    #[serde(default = "hundred")]
    limit: u32,
}

const fn hundred() -> u32 {
    100
}

pub(in crate::api) async fn list(
    State(face): State<Face>,
    asker: Asker,
    Asked(List { host, check, text, limit }): Asked<List>,
) -> Reply {
    Ok(told(asker.query(&face, Query::SeriesList { host, check, text, limit }).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Past {
    series: Name,
    from: Timestamp,
    to: Timestamp,
    #[serde(default = "screenful")]
    points: u32,
}

/// As many points as a wide screen has columns.
const fn screenful() -> u32 {
    200
}

pub(in crate::api) async fn past(
    State(face): State<Face>,
    asker: Asker,
    Path((host, check)): Path<(String, String)>,
    Asked(Past { series, from, to, points }): Asked<Past>,
) -> Reply {
    let key = CheckKey::new(host, check);
    Ok(told(asker.query(&face, Query::SeriesPast { key, series, from, to, points }).await?))
}
