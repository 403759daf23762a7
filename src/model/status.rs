//! The present state of one check: the row that operators look at.

use serde::{Deserialize, Serialize};

use super::safe_text::SafeText;
use super::state::State;
use super::time::Timestamp;

/// Where a check stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Status {
    /// The state of the last result (soft or hard). UNKNOWN before the first one.
    pub state: State,
    /// True when the state is confirmed; OK is always hard.
    pub hard: bool,
    /// The last hard state: what counters, alerts and host states count.
    pub hard_state: State,
    /// Consecutive results that were a problem, counted up to the check's attempts; 0 when OK.
    pub attempt: u32,
    /// When the present state (soft or hard) began.
    pub since: Timestamp,
    /// When the last result was made; `None` before the first one.
    pub last_result: Option<Timestamp>,
    /// True when a result is overdue (late), not yet stale.
    #[serde(default)]
    pub late: bool,
    /// The output at the last change of this row.
    pub output: SafeText,
    /// How restless its last results were.
    #[serde(default, skip_serializing_if = "Flap::is_calm")]
    pub flap: Flap,
}

/// The changes among the last results of a check, and whether they are so many that it flaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Flap {
    /// One bit for each of the last 20 results, the newest lowest: set when its state was another
    /// than the one before. In a row of a list they lag behind.
    pub changes: u32,
    /// True while it flaps.
    pub active: bool,
}

impl Flap {
    /// Nothing changed for long, and it does not flap.
    #[must_use]
    pub const fn is_calm(&self) -> bool {
        self.changes == 0 && !self.active
    }
}

impl Status {
    /// A check that never ran.
    #[must_use]
    pub fn waiting(now: Timestamp) -> Self {
        Self { since: now, output: SafeText::line("no result yet"), ..Self::default() }
    }

    /// True before the first result, unless that is so long overdue that the row was made stale
    /// (a hard UNKNOWN).
    #[must_use]
    pub const fn is_waiting(&self) -> bool {
        self.last_result.is_none() && !self.hard
    }
}
