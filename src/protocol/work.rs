//! The worker's half of the seam: what it runs, what it reports, what it is told.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::event::{LiveTrace, TraceRequest};
use crate::model::{Check, CheckKey, Observation, Span, State, Timestamp};

/// One check for a worker to run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Assignment {
    /// The check.
    pub check: Arc<Check>,
    /// Raised when the definition changes; a finding of an older one is dropped.
    pub generation: u64,
    /// The state it was last in: the worst run first after a start.
    pub last: State,
    /// True while a problem is soft: runs at `retry` instead of `interval`.
    pub soft: bool,
}

/// One result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Finding {
    /// Which check.
    pub check: CheckKey,
    /// The generation it ran.
    pub generation: u64,
    /// When the run was due (wall clock of the worker).
    pub slot: Timestamp,
    /// When the run ended.
    pub at: Timestamp,
    /// True when somebody asked for it.
    pub forced: bool,
    /// True for a sample between two runs because somebody looks: shown, never judged or stored.
    #[serde(default)]
    pub sample: bool,
    /// What was seen.
    pub observation: Observation,
}

/// A batch of results; `seq` rises by one with each batch of a boot, without gaps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Report {
    /// The worker's boot.
    pub boot: u64,
    /// This batch.
    pub seq: u64,
    /// The results.
    pub results: Vec<Finding>,
    /// Frames of live traces; the newest of a trace wins.
    #[serde(default)]
    pub traces: Vec<LiveTrace>,
    /// The 99th percentile of how late runs started in the last minute.
    pub lag: Span,
}

/// What the engine wants of the worker; the answer to every report, and pushed besides.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Directives {
    /// New or changed checks.
    #[serde(default)]
    pub assign: Vec<Assignment>,
    /// Checks to run no more.
    #[serde(default)]
    pub drop: Vec<CheckKey>,
    /// Checks to run at once.
    #[serde(default)]
    pub run_now: Vec<CheckKey>,
    /// Checks that became soft (true) or are not any more (false).
    #[serde(default)]
    pub pace: Vec<(CheckKey, bool)>,
    /// The checks to sample every 2 s because somebody looks, all of them; `None` is no change.
    #[serde(default)]
    pub follow: Option<Vec<CheckKey>>,
    /// The live traces that somebody looks at, all of them; `None` is no change.
    #[serde(default)]
    pub traces: Option<Vec<TraceRequest>>,
}

impl Directives {
    /// True when there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
