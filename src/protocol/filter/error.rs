//! What is wrong in a filter: where, what, and what would be right.

use std::fmt;
use std::ops::Range;

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilterError {
    /// The bytes of the text that are wrong; never empty ranges outside the text, always between
    /// characters.
    pub span: Range<usize>,
    /// What is wrong, without a stop.
    pub what: String,
    /// What would be right.
    pub mend: String,
}

impl FilterError {
    /// A mistake at these bytes.
    #[must_use]
    pub fn new(span: Range<usize>, what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { span, what: what.into(), mend: mend.into() }
    }
}

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.what, self.mend)
    }
}

impl std::error::Error for FilterError {}

/// All mistakes of a text, in the order of the text; at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilterErrors(pub Vec<FilterError>);

impl fmt::Display for FilterErrors {
    /// The first one, and how many more there are.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [] => Ok(()),
            [one] => one.fmt(f),
            [one, rest @ ..] => write!(f, "{one} (and {} more)", rest.len()),
        }
    }
}

impl std::error::Error for FilterErrors {}

/// The text in backquotes, cut to what a line can show.
#[must_use]
pub fn quoted(text: &str) -> String {
    let mut letters = text.chars();
    let start: String = letters.by_ref().take(40).collect();
    let end = if letters.next().is_some() { "…" } else { "" };
    format!("`{start}{end}`")
}
