//! Events: what changed, small and idempotent. A stream of them keeps a mirror fresh.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::notifications::ToldRow;
use super::work::Directives;
use crate::model::spec::TraceSpec;
use crate::model::{
    Agent, Alert, AlertId, CheckAbout, CheckKey, Hold, Host, Maintenance, MaintenanceId, Name,
    Observation, PathChange, Rule, SafeText, Span, Status, Test, Timestamp, spec::Kind,
    trace::TraceReport,
};

/// A check as lists show it: who it is and where it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CheckRow {
    /// `host/name`.
    pub key: CheckKey,
    /// Its kind.
    pub kind: Kind,
    /// Time between two runs.
    pub interval: Span,
    /// Problems in a row that make it hard.
    pub attempts: u32,
    /// False: kept, shown, never run.
    pub enabled: bool,
    /// Labels, contact and runbook of its own; `None` when it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<Arc<CheckAbout>>,
    /// The rule that made it; then it is judged from another check's results.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<Arc<Rule>>,
    /// Where it stands. `last_result` is right whenever the row is `late`; between changes of the
    /// row it lags behind.
    pub status: Status,
}

/// A live trace that somebody looks at.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TraceRequest {
    /// A configured host's name (its address is traced).
    #[schema(value_type = String)]
    pub host: Name,
    /// How.
    pub spec: TraceSpec,
}

/// What a stream wants besides the World: numbers travel only for what somebody looks at.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Interest {
    /// Checks whose every result is sent ([`Event::Live`]), at most [`INTEREST_LIMIT`].
    pub checks: Vec<CheckKey>,
    /// Checks whose rows are on screen, at most [`INTEREST_LIMIT`]: their results are sent likewise,
    /// and none of them is run more often for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rows: Vec<CheckKey>,
    /// A path to trace as long as it is looked at ([`Event::Trace`]).
    pub trace: Option<TraceRequest>,
}

impl Interest {
    /// True when the results of a check are wanted.
    #[must_use]
    pub fn has(&self, key: &CheckKey) -> bool {
        self.checks.contains(key) || self.rows.contains(key)
    }
}

/// Most checks of one stream's interest, and as many rows.
pub const INTEREST_LIMIT: usize = 200;

/// The last result of a check that somebody looks at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LiveCheck {
    /// Which check.
    pub check: CheckKey,
    /// When it was made.
    pub at: Timestamp,
    /// When it will be made again.
    pub next: Option<Timestamp>,
    /// What was seen, with the ranges in force on its metrics.
    pub observation: Observation,
}

/// A frame of a trace that somebody looks at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LiveTrace {
    /// The host whose path it is.
    #[schema(value_type = String)]
    pub host: Name,
    /// What is sent on the path.
    pub request: TraceSpec,
    /// When.
    pub at: Timestamp,
    /// The path as it is.
    pub report: Arc<TraceReport>,
}

/// How the heartbeat is that lets another system notice that this engine died.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Heartbeat {
    /// When it was last taken.
    pub sent_at: Option<Timestamp>,
    /// Why it was not, since then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<SafeText>,
    /// What does not move, while that keeps it from being sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stuck: Option<SafeText>,
}

impl Heartbeat {
    /// What an operator should know of it.
    #[must_use]
    pub fn trouble(&self) -> Option<SafeText> {
        let words = match (&self.stuck, &self.error) {
            (Some(stuck), _) => format!("no heartbeat is sent: {stuck}"),
            (None, Some(error)) => format!("the heartbeat is not taken: {error}"),
            (None, None) => return None,
        };
        Some(SafeText::line(&words))
    }
}

/// How the engine itself is.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EngineStatus {
    /// Where it runs.
    pub host: SafeText,
    /// Its process id.
    pub pid: u32,
    /// When it started.
    pub started: Timestamp,
    /// How long it was off before that start, when it ran before.
    pub was_off: Option<Span>,
    /// How late checks start, the 99th percentile of the last minute. Exact in an answer; in a
    /// stream in whole seconds, because less is noise that would travel for nothing.
    pub lag: Span,
    /// Why results cannot be stored, while they cannot.
    pub storage: Option<SafeText>,
    /// Since when no canary answers, and which there are, while the engine sees nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub isolated: Option<SafeText>,
    /// That receivers of remote write have failed for long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outward: Option<SafeText>,
    /// What an operator should know: a failed reload, a clock that jumped.
    pub notice: Option<SafeText>,
    /// Where the configuration is from; `None` is "this machine only".
    pub config: Option<SafeText>,
    /// That nobody is told of anything, and until when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<Box<Hold>>,
    /// The heartbeat, when one is configured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heartbeat: Option<Box<Heartbeat>>,
}

/// A place in the events of one run of an engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Mark {
    /// Which run: when it started, in milliseconds since 1970.
    pub run: i64,
    /// How many events it had told everybody.
    pub seq: u64,
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.run, self.seq)
    }
}

impl FromStr for Mark {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (run, seq) = text.split_once('-').ok_or(())?;
        Ok(Self { run: run.parse().map_err(|_| ())?, seq: seq.parse().map_err(|_| ())? })
    }
}

/// What changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "event", content = "data", rename_all = "snake_case")]
pub enum Event {
    /// The first of every stream: its number, for [`Command::Look`](super::Command::Look).
    Hello {
        /// The stream's number.
        stream: u64,
        /// How many hosts the first picture has; 0 when that is not known.
        #[serde(default)]
        hosts: usize,
    },
    /// The first of a stream that goes on where another one ended: its number. The mirror stays,
    /// and what was missed follows.
    Resumed {
        /// The stream's number.
        stream: u64,
    },
    /// Everything before this belongs to the first picture; now it is whole.
    Ready,
    /// How far this stream is; another one can go on from here.
    Mark(Mark),
    /// A host is new or its description changed.
    Host(Arc<Host>),
    /// A host is gone, with its checks.
    #[schema(value_type = String)]
    HostGone(Name),
    /// A check is new or its row changed.
    Check(Arc<CheckRow>),
    /// A check is gone.
    CheckGone(CheckKey),
    /// An alert is new or changed. A resolved one leaves the World.
    Alert(Arc<Alert>),
    /// How far the word about these alerts has come.
    Told(Vec<ToldRow>),
    /// A pending alert came to nothing.
    AlertGone(AlertId),
    /// A window is new or changed.
    Maintenance(Arc<Maintenance>),
    /// A window is gone.
    MaintenanceGone(MaintenanceId),
    /// An agent is new or changed.
    Agent(Arc<Agent>),
    /// An agent is gone.
    #[schema(value_type = String)]
    AgentGone(Name),
    /// The engine's own state changed.
    Engine(Arc<EngineStatus>),
    /// A result of a check that this stream looks at.
    Live(Arc<LiveCheck>),
    /// A frame of the trace that this stream looks at.
    Trace(Arc<LiveTrace>),
    /// A path changed, or was seen for the first time.
    Path(Arc<PathChange>),
    /// A network test was asked for, or is further; without everything it measured.
    Test(Arc<Test>),
    /// This stream's operator let something be remembered, or forgotten.
    Remembered {
        /// Under which key.
        key: String,
        /// What.
        value: Option<Arc<str>>,
    },
    /// What the engine wants of a worker; only on a worker's stream.
    Directives(Arc<Directives>),
    /// Nothing happened; the stream lives.
    Pulse,
    /// The stream lost events: drop the mirror and watch again.
    Resync,
}

impl Event {
    /// Its kind, as the wire names it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Hello { .. } => "hello",
            Self::Resumed { .. } => "resumed",
            Self::Mark(_) => "mark",
            Self::Pulse => "pulse",
            Self::Ready => "ready",
            Self::Host(_) => "host",
            Self::HostGone(_) => "host_gone",
            Self::Check(_) => "check",
            Self::CheckGone(_) => "check_gone",
            Self::Alert(_) => "alert",
            Self::Told(_) => "told",
            Self::AlertGone(_) => "alert_gone",
            Self::Maintenance(_) => "maintenance",
            Self::MaintenanceGone(_) => "maintenance_gone",
            Self::Agent(_) => "agent",
            Self::AgentGone(_) => "agent_gone",
            Self::Engine(_) => "engine",
            Self::Live(_) => "live",
            Self::Trace(_) => "trace",
            Self::Path(_) => "path",
            Self::Test(_) => "test",
            Self::Remembered { .. } => "remembered",
            Self::Directives(_) => "directives",
            Self::Resync => "resync",
        }
    }
}
