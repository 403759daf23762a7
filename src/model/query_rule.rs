//! An alert of a rule in `PromQL`: which rule makes it, and of which element of its expression.
//!
//! Each is a check of the host that it belongs to, made when the element appears and removed some
//! time after it is gone, so that it has everything that other alerts have.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::id::Name;
use super::state::State;

/// The label that says how bad an alert is.
pub const SEVERITY: &str = "severity";
/// Severities that are CRITICAL; every other one is a WARNING.
const CRITICAL: [&str; 4] = ["critical", "page", "emergency", "fatal"];
/// Severities of which nobody is told.
const QUIET: [&str; 2] = ["info", "none"];

/// What an alert of a rule is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct QuerySpec {
    /// The file of the rule, or whoever brings it along.
    #[schema(value_type = String)]
    pub source: Name,
    /// Its group there.
    #[schema(value_type = String)]
    pub group: Name,
    /// Its name.
    #[schema(value_type = String)]
    pub rule: Name,
    /// Its expression.
    pub expr: String,
    /// The labels of the alert, its name included.
    pub labels: BTreeMap<String, String>,
    /// How bad it is.
    pub state: State,
    /// True when nobody is told of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub quiet: bool,
}

/// How bad an alert of a severity is, and whether nobody is told of it.
#[must_use]
pub fn severity(word: &str) -> (State, bool) {
    let is = |words: &[&str]| words.iter().any(|known| known.eq_ignore_ascii_case(word));
    let state = if is(&CRITICAL) { State::Critical } else { State::Warning };
    (state, is(&QUIET))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_severity_is_a_state_and_information_pages_nobody() {
        for (word, wanted) in [
            ("critical", (State::Critical, false)),
            ("Page", (State::Critical, false)),
            ("warning", (State::Warning, false)),
            ("", (State::Warning, false)),
            ("ticket", (State::Warning, false)),
            ("info", (State::Warning, true)),
            ("none", (State::Warning, true)),
        ] {
            assert_eq!(severity(word), wanted, "{word}");
        }
    }
}
