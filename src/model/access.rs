//! How much an Operator may cover with one window, and what becomes of more (SPEC D-10).

use std::str::FromStr;

use super::Span;

/// What becomes of a window beyond the limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum OverLimit {
    /// It is made, and the history and every console say so.
    #[default]
    Warn,
    /// It is not.
    Refuse,
}

impl OverLimit {
    /// The words for it in the configuration.
    pub const WORDS: [&str; 2] = ["warn", "refuse"];

    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Warn => "warn",
            Self::Refuse => "refuse",
        }
    }
}

impl FromStr for OverLimit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = [Self::Warn, Self::Refuse].into_iter().find(|what| what.word() == text);
        found.ok_or_else(|| "write warn or refuse".to_owned())
    }
}

/// `[access]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// The longest window of an Operator; of one that repeats, each occurrence.
    pub operator_max_window: Span,
    /// The most hosts that it may cover.
    pub operator_max_hosts: u32,
    /// What becomes of more.
    pub operator_over_limit: OverLimit,
}

impl Default for Access {
    fn default() -> Self {
        Self {
            operator_max_window: Span::from_secs(24 * 3600),
            operator_max_hosts: 50,
            operator_over_limit: OverLimit::Warn,
        }
    }
}
