//! The past of a check as it is drawn: points, what is lost between them, and spans of a state.

use serde::{Deserialize, Serialize};

use crate::model::{Metric, State, Timestamp};

/// How the results of one point are spread.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Band {
    /// A tenth is below.
    pub p10: f64,
    /// A quarter is below.
    pub p25: f64,
    /// Half is below.
    pub p50: f64,
    /// A quarter is above.
    pub p75: f64,
    /// A tenth is above.
    pub p90: f64,
}

/// One point of a series: a result, or several merged.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Point {
    /// When (the middle, when merged).
    pub at: Timestamp,
    /// The value or the mean.
    pub value: f64,
    /// The smallest.
    pub min: f64,
    /// The largest.
    pub max: f64,
    /// How several merged results are spread; `None` for one result and for whole days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub band: Option<Band>,
}

impl Point {
    /// The point of a single result.
    #[must_use]
    pub const fn one(at: Timestamp, value: f64) -> Self {
        Self { at, value, min: value, max: value, band: None }
    }
}

/// Results that measured nothing: a timeout, a lost probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Lost {
    /// When the first of them was made.
    pub at: Timestamp,
    /// How many within the time of one point.
    pub count: u32,
}

/// A metric's points, oldest first; a missing result is a gap, not a point.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Series {
    /// Name, instance, unit and ranges; its value is the last.
    pub metric: Metric,
    /// The points.
    pub points: Vec<Point>,
    /// Results without a value of this metric because the check failed or all was lost, oldest
    /// first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lost: Vec<Lost>,
}

/// A span of one state, for the timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct StateSpan {
    /// From this result on.
    pub from: Timestamp,
    /// To this result.
    pub to: Timestamp,
    /// The state.
    pub state: State,
}
