//! One run of a test: how far it is, and what it measured (SPEC FS-01, FS-02).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::breach::Breach;
use super::id::{Name, ScheduleId, TestId};
use super::measured::{Figures, Measured};
use super::safe_text::SafeText;
use super::test::TestSpec;
use super::time::Timestamp;

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
const fn is_none(bytes: &u64) -> bool {
    *bytes == 0
}

/// How far a test is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum TestPhase {
    /// It waits for its vantage or its target.
    #[default]
    Queued,
    /// Its vantage runs it.
    Running,
    /// It measured.
    Done,
    /// It could not, and why is said; what it measured before is there.
    Failed,
    /// Somebody took it back.
    Cancelled,
    /// Its time passed while target, vantage or link were busy or away: nothing was measured.
    Missed,
}

impl TestPhase {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Queued, Self::Running, Self::Done, Self::Failed, Self::Cancelled, Self::Missed];

    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Missed => "missed",
        }
    }

    /// True when nothing comes any more.
    #[must_use]
    pub const fn is_over(self) -> bool {
        !matches!(self, Self::Queued | Self::Running)
    }
}

impl fmt::Display for TestPhase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

impl FromStr for TestPhase {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|phase| phase.word() == text).ok_or(())
    }
}

/// Runs that were missed in a row and are kept as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct MissedRuns {
    /// How many.
    pub runs: u64,
    /// True when there were more, which nobody counted.
    #[serde(default)]
    pub at_least: bool,
    /// When the last of them was due.
    pub until: Timestamp,
}

/// How the path of a trace is another one than before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PathNews {
    /// Before and after, in words.
    pub words: SafeText,
    /// In how many runs of its schedule it was seen so far: 1 is the first.
    pub runs: u32,
}

/// One run of a test.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Test {
    /// Which.
    pub id: TestId,
    /// The vantage: an agent, or the server's own under the name of its machine.
    #[schema(value_type = String)]
    pub agent: Name,
    /// What is run.
    pub spec: TestSpec,
    /// Where it goes; of a speedtest to the nearest target this is known when it runs.
    pub target: SafeText,
    /// How far it is.
    pub phase: TestPhase,
    /// Who asked.
    pub asked_by: SafeText,
    /// The schedule that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<ScheduleId>,
    /// When it was asked for, or due.
    pub asked_at: Timestamp,
    /// When its vantage began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// When it was over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// What it waits for, or why it failed.
    #[serde(default, skip_serializing_if = "SafeText::is_empty")]
    pub reason: SafeText,
    /// True when a window covered its vantage or its schedule.
    #[serde(default)]
    pub in_maintenance: bool,
    /// Bytes that count for its vantage: what it is expected to move while it runs, then what it
    /// moved; what it was expected to, when its vantage was lost on the way.
    #[serde(default, skip_serializing_if = "is_none")]
    pub traffic_bytes: u64,
    /// Runs that were missed in a row, of which this is the first: they are kept as one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missed: Option<MissedRuns>,
    /// How its path is another one, of a trace: for as many runs as its schedule alerts after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path_change: Option<PathNews>,
    /// Limits that it broke.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub breaches: Vec<Breach>,
    /// Its figures so far.
    #[serde(default)]
    pub figures: Figures,
    /// Everything it measured so far; lists leave it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<Box<Measured>>,
}

impl Test {
    /// True when it broke a limit, or what it was aimed at did not answer.
    #[must_use]
    pub fn is_bad(&self) -> bool {
        let unanswered = self.result.as_ref().and_then(|result| result.unanswered());
        !self.breaches.is_empty() || unanswered.is_some()
    }

    /// How many runs were missed, if it was.
    #[must_use]
    pub fn missed_runs(&self) -> u64 {
        match (self.phase, &self.missed) {
            (TestPhase::Missed, Some(missed)) => missed.runs,
            (TestPhase::Missed, None) => 1,
            _ => 0,
        }
    }

    /// As lists show it: without everything it measured.
    #[must_use]
    pub fn brief(&self) -> Self {
        Self { result: None, ..self.clone() }
    }
}
