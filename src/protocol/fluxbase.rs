//! Fluxbase instances as they are asked for: five graphs of one, and the targets of all.

use serde::{Deserialize, Serialize};

use super::query::Point;
use crate::model::Name;

/// What a graph of an instance shows (SPEC FB-16).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FluxbaseGraph {
    /// Requests a second.
    RequestRate,
    /// Seconds within which 95 and 99 of 100 requests are answered.
    Latency,
    /// The share of requests that fail, 0 to 1.
    ErrorRate,
    /// Connections of the pool: in use, and how many there may be.
    DbConnections,
    /// Realtime connections.
    RealtimeConnections,
}

impl FluxbaseGraph {
    /// All, in the order of the manual.
    pub const ALL: [Self; 5] = [
        Self::RequestRate,
        Self::Latency,
        Self::ErrorRate,
        Self::DbConnections,
        Self::RealtimeConnections,
    ];

    /// Its title.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::RequestRate => "Request Rate",
            Self::Latency => "P95 Latency",
            Self::ErrorRate => "Error Rate",
            Self::DbConnections => "DB Connections",
            Self::RealtimeConnections => "Realtime Connections",
        }
    }
}

/// One line of a graph.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FluxbaseLine {
    /// What it is called: `P95`, `in use`.
    pub name: String,
    /// Its points, oldest first; where nothing is known there is none.
    pub points: Vec<Point>,
}

/// One graph of an instance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FluxbasePanel {
    /// What it shows.
    pub graph: FluxbaseGraph,
    /// Its lines, the main one first.
    pub lines: Vec<FluxbaseLine>,
}

/// What is wanted of an instance (SPEC FB-25 to FB-29).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FluxbaseGoal {
    /// 95 of 100 requests are answered within 200 ms.
    LatencyP95,
    /// 99 of 100 requests are answered within 500 ms.
    LatencyP99,
    /// 95 of 100 queries are answered within 50 ms.
    QueryP95,
    /// 99 of 100 queries are answered within 100 ms.
    QueryP99,
    /// Less than 0.1 % of the requests fail.
    ErrorRate,
    /// Less than 80 % of the pool are in use.
    PoolUse,
    /// The memory does not grow by a tenth of itself in an hour.
    Memory,
    /// The goroutines do not grow by a tenth of themselves in an hour.
    Goroutines,
}

impl FluxbaseGoal {
    /// All, in the order of the manual.
    pub const ALL: [Self; 8] = [
        Self::LatencyP95,
        Self::LatencyP99,
        Self::QueryP95,
        Self::QueryP99,
        Self::ErrorRate,
        Self::PoolUse,
        Self::Memory,
        Self::Goroutines,
    ];

    /// What it is called.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::LatencyP95 => "Latency P95",
            Self::LatencyP99 => "Latency P99",
            Self::QueryP95 => "DB query P95",
            Self::QueryP99 => "DB query P99",
            Self::ErrorRate => "Error rate",
            Self::PoolUse => "Pool use",
            Self::Memory => "Memory",
            Self::Goroutines => "Goroutines",
        }
    }

    /// The value below which it is met: seconds, a share, or growth an hour as a share.
    #[must_use]
    pub const fn below(self) -> f64 {
        match self {
            Self::LatencyP95 => 0.2,
            Self::LatencyP99 => 0.5,
            Self::QueryP95 => 0.05,
            Self::QueryP99 | Self::Memory | Self::Goroutines => 0.1,
            Self::ErrorRate => 0.001,
            Self::PoolUse => 0.8,
        }
    }

    /// True when a value meets it.
    #[must_use]
    pub fn is_met(self, value: f64) -> bool {
        value < self.below()
    }
}

/// How an instance stands to one goal.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FluxbaseTarget {
    /// Which.
    pub goal: FluxbaseGoal,
    /// Its value, in what [`FluxbaseGoal::below`] counts; `None` when it cannot be said: no traffic,
    /// no such series, no hour of memory yet.
    pub value: Option<f64>,
}

/// One instance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FluxbaseRow {
    /// The host that the configuration calls it by.
    #[schema(value_type = String)]
    pub host: Name,
    /// Its host and port, as its series name it.
    pub instance: String,
    /// Its targets, in the order of the manual.
    pub targets: Vec<FluxbaseTarget>,
}

/// All instances, and the graphs of one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FluxbasePage {
    /// By their hosts.
    pub rows: Vec<FluxbaseRow>,
    /// The graphs of the instance that was asked for.
    pub panels: Vec<FluxbasePanel>,
}
