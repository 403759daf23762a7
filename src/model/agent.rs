//! An agent: a worker on another machine, as the engine knows it.

use serde::{Deserialize, Serialize};

use super::{Name, SafeText, Span, Timestamp, TokenHash};

/// What stands before the name of an agent where history shows it.
pub const AGENT_PREFIX: &str = "agent:";
/// Runs of which an agent says how many failed.
pub const LAST_RUNS: u32 = 20;
/// Streams that are remembered of one agent: its start, what it keeps, and those before.
pub const STREAM_LIMIT: u8 = 8;
/// Longest location and machine name of an agent, in characters.
pub const PLACE_LIMIT: usize = 128;

/// How an agent is (SPEC FS-08 to FS-11).
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "UPPERCASE")]
pub enum AgentPhase {
    /// Its heartbeat is current.
    Online,
    /// It is heard, and its heartbeat is slow or its runs fail (SPEC D-08).
    Degraded,
    /// Nothing was heard for more than two minutes, or ever.
    #[default]
    Offline,
    /// A window covers it: it is told to run nothing.
    Maintenance,
}

impl AgentPhase {
    /// All, the worst first.
    pub const ALL: [Self; 4] = [Self::Offline, Self::Degraded, Self::Maintenance, Self::Online];

    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Online => "ONLINE",
            Self::Degraded => "DEGRADED",
            Self::Offline => "OFFLINE",
            Self::Maintenance => "MAINTENANCE",
        }
    }
}

/// An agent, as others see it.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Agent {
    /// Its name; upper and lower case are the same.
    #[schema(value_type = String)]
    pub name: Name,
    /// Where it says it is.
    pub location: SafeText,
    /// The name of the machine that it says it runs on.
    pub machine: SafeText,
    /// Its version.
    pub version: SafeText,
    /// From where it asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<SafeText>,
    /// How it is.
    pub phase: AgentPhase,
    /// Since when it is so.
    pub since: Timestamp,
    /// Why, when it is not well.
    #[serde(default, skip_serializing_if = "SafeText::is_empty")]
    pub reason: SafeText,
    /// When something was last heard of it; in a stream it lags behind by up to a minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<Timestamp>,
    /// How long its last heartbeat took there and back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rtt: Option<Span>,
    /// Checks that it runs.
    pub checks: u32,
    /// How many of its last 20 runs could not be run.
    pub failed: u32,
    /// Results that it keeps because they could not be sent yet.
    pub buffered: u64,
    /// Results that gave way because too many were kept.
    pub dropped: u64,
    /// How far its clock is ahead of the server's, in milliseconds.
    pub skew_ms: i64,
    /// When it registered.
    pub registered: Timestamp,
}

/// An agent with what proves it, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptAgent {
    /// Its name.
    pub name: Name,
    /// The SHA-256 of its key.
    pub hash: TokenHash,
    /// Where it says it is.
    pub location: SafeText,
    /// The machine that it says it runs on.
    pub machine: SafeText,
    /// Its version.
    pub version: SafeText,
    /// From where it asks.
    pub address: Option<SafeText>,
    /// Its present start; `None` when it never asked for work with this key.
    pub boot: Option<u64>,
    /// How many starts were let in with this key. A copy of an agent's files knows a smaller
    /// number than the server.
    pub life: u64,
    /// When it registered.
    pub registered: Timestamp,
    /// When something was last heard of it.
    pub seen: Option<Timestamp>,
}

/// How far the results of one stream of an agent were taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamMark {
    /// The stream: a start, or what it keeps while no server answers.
    pub stream: u64,
    /// The number of the last message that was taken.
    pub last: u64,
    /// When.
    pub at: Timestamp,
}
