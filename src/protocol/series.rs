//! Scraped series as they are asked for: lists of them, and the past of one.

use serde::{Deserialize, Serialize};

use super::query::Point;
use crate::model::{CheckKey, Name, SeriesSize, Timestamp};

/// Values of a row's sparkline at most.
pub const SPARK_LIMIT: usize = 40;

/// One scraped series.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SeriesRow {
    /// The check that scrapes it.
    pub check: CheckKey,
    /// Its name with labels, as [`series_id`](crate::model::selector::series_id) writes it:
    /// outside text, to be made safe before it is shown.
    #[schema(value_type = String)]
    pub series: Name,
    /// Its last value; `None` when it is stale or no number.
    pub last: Option<f64>,
    /// The moment of the last value, or of the scrape that did not have it any more.
    pub at: Option<Timestamp>,
    /// Its last values, oldest first; of a counter its growth per second.
    pub spark: Vec<f64>,
    /// True when the last values are growth per second.
    pub rate: bool,
}

/// A list of series.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SeriesPage {
    /// How much is kept of all of them.
    pub size: SeriesSize,
    /// How many pass the filter.
    pub found: u64,
    /// The first of them, by check and name.
    pub rows: Vec<SeriesRow>,
}

/// The past of one series.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SeriesPast {
    /// Its points, oldest first.
    pub points: Vec<Point>,
    /// True when they are growth per second, because the series counts.
    pub rate: bool,
    /// Moments at which it became stale.
    pub stale: Vec<Timestamp>,
}
