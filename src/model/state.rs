//! The four states of a check and the five that a person sees.
//!
//! MAINTENANCE is an overlay for display and notification (SPEC D-06), never a judged state.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a check was judged to be.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Default, utoipa::ToSchema,
)]
#[serde(rename_all = "UPPERCASE")]
pub enum State {
    /// All is within its limits.
    Ok,
    /// Something is in its warning range.
    Warning,
    /// Something is in its critical range, or the service is bad.
    Critical,
    /// The check could not be made, or nothing answered.
    #[default]
    Unknown,
}

impl State {
    /// All states, worst first.
    pub const WORST_FIRST: [Self; 4] = [Self::Critical, Self::Unknown, Self::Warning, Self::Ok];

    /// Rank for "worst of": CRITICAL > UNKNOWN > WARNING > OK (SPEC D-06).
    #[must_use]
    pub const fn severity(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Warning => 1,
            Self::Unknown => 2,
            Self::Critical => 3,
        }
    }

    /// The worse of two.
    #[must_use]
    pub const fn worst(self, other: Self) -> Self {
        if other.severity() > self.severity() { other } else { self }
    }

    /// True for anything but OK.
    #[must_use]
    pub const fn is_problem(self) -> bool {
        !matches!(self, Self::Ok)
    }

    /// The exit code of the monitoring plugin convention (0 OK to 3 UNKNOWN).
    #[must_use]
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Warning => 1,
            Self::Critical => 2,
            Self::Unknown => 3,
        }
    }

    /// The state of a plugin's exit code; `None` outside 0 to 3.
    #[must_use]
    pub const fn from_exit_code(code: i32) -> Option<Self> {
        match code {
            0 => Some(Self::Ok),
            1 => Some(Self::Warning),
            2 => Some(Self::Critical),
            3 => Some(Self::Unknown),
            _ => None,
        }
    }

    /// The word that plugins and the wire use.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Warning => "WARNING",
            Self::Critical => "CRITICAL",
            Self::Unknown => "UNKNOWN",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// What a person sees of a host or check: the judged state, or MAINTENANCE over it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum ShownState {
    /// As [`State::Ok`].
    Ok,
    /// As [`State::Warning`].
    Warning,
    /// As [`State::Critical`].
    Critical,
    /// As [`State::Unknown`].
    Unknown,
    /// A maintenance window covers it; the judged state stays visible beside.
    Maintenance,
}

impl ShownState {
    /// All, in the order of counters: worst first, MAINTENANCE, OK last.
    pub const ALL: [Self; 5] =
        [Self::Critical, Self::Unknown, Self::Warning, Self::Maintenance, Self::Ok];

    /// The overlay over a judged state.
    #[must_use]
    pub const fn of(state: State, in_maintenance: bool) -> Self {
        if in_maintenance {
            return Self::Maintenance;
        }
        match state {
            State::Ok => Self::Ok,
            State::Warning => Self::Warning,
            State::Critical => Self::Critical,
            State::Unknown => Self::Unknown,
        }
    }

    /// The word on screen and wire.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Warning => "WARNING",
            Self::Critical => "CRITICAL",
            Self::Unknown => "UNKNOWN",
            Self::Maintenance => "MAINTENANCE",
        }
    }
}

impl fmt::Display for ShownState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d_06_critical_outranks_unknown_outranks_warning() {
        assert_eq!(State::Warning.worst(State::Unknown), State::Unknown);
        assert_eq!(State::Unknown.worst(State::Critical), State::Critical);
        assert_eq!(State::Critical.worst(State::Unknown), State::Critical);
        assert_eq!(State::Ok.worst(State::Warning), State::Warning);
    }

    #[test]
    fn d_06_maintenance_is_a_badge_over_the_true_state() {
        assert_eq!(ShownState::of(State::Critical, true), ShownState::Maintenance);
        assert_eq!(ShownState::of(State::Critical, false), ShownState::Critical);
    }

    #[test]
    fn exit_codes_round_trip() {
        for state in State::WORST_FIRST {
            assert_eq!(State::from_exit_code(i32::from(state.exit_code())), Some(state));
        }
        assert_eq!(State::from_exit_code(4), None);
    }
}
