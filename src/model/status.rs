//! The present state of one check: the row that operators look at.

use serde::{Deserialize, Serialize};

use super::safe_text::SafeText;
use super::state::State;
use super::time::Timestamp;

/// Where a check stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Default, utoipa::ToSchema)]
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
    /// True when the last result was no answer from the host at all.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub silent: bool,
    /// What a rule waits for before its problem is hard.
    #[serde(default, skip_serializing_if = "Wait::is_over")]
    pub wait: Wait,
}

/// Since when the values of a rule are a problem, and which of the last ones were.
///
/// The moments are on the engine's own scale of time, which no step of the wall clock moves.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize, utoipa::ToSchema,
)]
pub struct Wait {
    /// Since when they are a problem; `None` while they are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Since when they are critical.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub critical: Option<Timestamp>,
    /// One bit for each of the last 32 values, the newest lowest: set when it was a problem. In a
    /// row of a list they lag behind.
    pub recent: u32,
}

impl Wait {
    /// Nothing is waited for and nothing remembered.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        self.since.is_none() && self.critical.is_none() && self.recent == 0
    }
}

/// The changes among the last results of a check, and whether they are so many that it flaps.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize, utoipa::ToSchema,
)]
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

    /// The state that counts for its host: the one that was confirmed last. `None` while nothing is:
    /// before the first result, and while a problem is soft since the start. UNKNOWN confirms
    /// nothing, so a soft problem after it counts for nothing either until it is hard.
    #[must_use]
    pub const fn confirmed(&self) -> Option<State> {
        match (self.hard, self.hard_state) {
            (false, State::Unknown) => None,
            (_, state) => Some(state),
        }
    }

    /// True before the first result, unless that is so long overdue that the row was made stale
    /// (a hard UNKNOWN).
    #[must_use]
    pub const fn is_waiting(&self) -> bool {
        self.last_result.is_none() && !self.hard
    }
}
