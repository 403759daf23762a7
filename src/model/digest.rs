//! Many notifications told as one.

use serde::{Deserialize, Serialize};

use super::id::CheckKey;
use super::safe_text::SafeText;
use super::state::State;
use super::time::Timestamp;

/// One alert of a digest, as it stood when that was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DigestItem {
    /// Its check.
    pub check: CheckKey,
    /// Its state; OK is that it is over.
    pub state: State,
    /// Since when.
    pub since: Timestamp,
    /// What its check says.
    pub text: SafeText,
}

/// What a digest tells: the worst first, as many as there is room for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Digest {
    /// Alerts in it, listed or not.
    pub alerts: usize,
    /// CRITICAL ones.
    pub critical: usize,
    /// UNKNOWN ones.
    pub unknown: usize,
    /// WARNING ones.
    pub warning: usize,
    /// Ones that people knew of and that are over.
    pub recovered: usize,
    /// Ones that need nobody any more: begun and over meanwhile, taken by somebody, in a window.
    pub gone: usize,
    /// The worst of them.
    pub items: Vec<DigestItem>,
}

impl Digest {
    /// How many of what is to be listed had no room.
    #[must_use]
    pub const fn more(&self) -> usize {
        (self.critical + self.unknown + self.warning + self.recovered)
            .saturating_sub(self.items.len())
    }

    /// The worst state in it.
    #[must_use]
    pub const fn worst(&self) -> State {
        match (self.critical, self.unknown, self.warning) {
            (1.., _, _) => State::Critical,
            (0, 1.., _) => State::Unknown,
            (0, 0, 1..) => State::Warning,
            (0, 0, 0) => State::Ok,
        }
    }

    /// `12 alerts: 3 CRITICAL, 7 WARNING, 2 recovered`.
    #[must_use]
    pub fn summary(&self) -> SafeText {
        let parts = [
            (self.critical, "CRITICAL"),
            (self.unknown, "UNKNOWN"),
            (self.warning, "WARNING"),
            (self.recovered, "recovered"),
            (self.gone, "over or taken meanwhile"),
        ];
        let parts = parts.iter().filter(|(count, _)| *count > 0);
        let parts: Vec<String> = parts.map(|(count, word)| format!("{count} {word}")).collect();
        let alerts = if self.alerts == 1 { "alert" } else { "alerts" };
        SafeText::line(&format!("{} {alerts}: {}", self.alerts, parts.join(", ")))
    }

    /// One line for each that is listed, the worst first, and how many are not.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let line = |item: &DigestItem| match item.state {
            State::Ok => format!("{} recovered: {}", item.check, item.text),
            state => format!("{} {state}: {}", item.check, item.text),
        };
        let mut lines: Vec<String> = self.items.iter().map(line).collect();
        match self.more() {
            0 => {}
            more => lines.push(format!("and {more} more")),
        }
        lines
    }
}
