//! The worker's half of the seam: what it runs, what it reports, what it is told.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::event::{LiveTrace, TraceRequest};
use crate::model::{
    Check, CheckKey, Name, Observation, SafeText, Span, State, TestNews, TestOrders, Timestamp,
};

/// The version of what agent and server say to each other.
pub const PROTOCOL: u32 = 1;
/// How often an agent says that it is there.
pub const BEAT: Span = Span::from_secs(10);
pub use crate::model::agent::LAST_RUNS;
/// A result that is older when it is sent or comes is late.
pub const LIVE: Span = Span::from_secs(60);
/// Most results of one report.
pub const RESULT_LIMIT: usize = 512;

/// An agent that wants to be let in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Enrolment {
    /// Under which name; the token says the same.
    #[schema(value_type = String)]
    pub name: Name,
    /// Where it is.
    #[serde(default)]
    pub location: SafeText,
    /// The machine that it runs on.
    #[serde(default)]
    pub machine: SafeText,
    /// Its version.
    #[serde(default)]
    pub version: SafeText,
}

/// A worker's first word after its start.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Claim {
    /// This start, to number its reports; of an agent a random number.
    pub boot: u64,
    /// Of an agent: what the server called its last start; 0 is never.
    #[serde(default)]
    pub life: u64,
    /// Of an agent: its wall clock. How far that is from the server's is taken off the times of
    /// its results.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_at: Option<Timestamp>,
    /// What it speaks; see [`PROTOCOL`].
    #[serde(default)]
    pub protocol: u32,
    /// Where it is.
    #[serde(default)]
    pub location: SafeText,
    /// The machine that it runs on.
    #[serde(default)]
    pub machine: SafeText,
    /// Its version.
    #[serde(default)]
    pub version: SafeText,
}

impl Claim {
    /// Of the engine's own worker.
    #[must_use]
    pub fn of_boot(boot: u64) -> Self {
        Self { boot, protocol: PROTOCOL, ..Self::default() }
    }
}

/// That an agent is there, every [`BEAT`].
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Beat {
    /// The start that it belongs to.
    pub boot: u64,
    /// Its wall clock.
    pub sent_at: Timestamp,
    /// How long the last one took there and back.
    #[serde(default)]
    pub rtt: Option<Span>,
    /// How many of its last [`LAST_RUNS`] runs could not be run: what they needed is missing or
    /// not allowed at the agent. What a target answered does not count.
    #[serde(default)]
    pub failed: u32,
    /// Results that wait because no server took them.
    #[serde(default)]
    pub buffered: u64,
    /// Results that gave way because too many waited.
    #[serde(default)]
    pub dropped: u64,
}

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
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Report {
    /// The worker's boot.
    pub boot: u64,
    /// The stream that `seq` counts in, when it is not the boot: what an agent keeps while no
    /// server answers outlives its start. Such results are late: they go into the history and
    /// change no state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub late: Option<u64>,
    /// This batch.
    pub seq: u64,
    /// The results.
    pub results: Vec<Finding>,
    /// Frames of live traces; the newest of a trace wins.
    #[serde(default)]
    pub traces: Vec<LiveTrace>,
    /// News of network tests; the newest of a test wins.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tests: Vec<TestNews>,
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
    /// The network tests to run now; `None` is no change. An agent begins one only from the answer to
    /// a heartbeat, because it knows how old that is; any other list only ends tests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tests: Option<TestOrders>,
    /// Whether nothing is to be started; `None` is no change.
    #[serde(default)]
    pub pause: Option<bool>,
}

impl Directives {
    /// True when there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
