//! What is refused when an expression is read, and what ends an evaluation.

use std::fmt;

use thiserror::Error;

/// A place in the text of an expression, counted from one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The character in the line.
    pub column: usize,
}

/// Why a text is no expression that can be evaluated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// What is wrong.
    pub message: String,
    /// Where, when it is known.
    pub position: Option<Position>,
}

impl Refused {
    /// A refusal of what has no place of its own.
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), position: None }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.position {
            Some(at) => write!(out, "{}:{}: parse error: {}", at.line, at.column, self.message),
            None => write!(out, "parse error: {}", self.message),
        }
    }
}

impl std::error::Error for Refused {}

/// Why an evaluation ended without a value. The words are those of Prometheus where it has them.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum Fault {
    /// Two series of the side that must be unique match one group.
    #[error(
        "found duplicate series for the match group {group} on the {side} hand-side of the operation: \
         [{first}, {second}];many-to-many matching not allowed: matching labels must be unique on one side"
    )]
    ManyToMany {
        /// The labels they match by.
        group: String,
        /// `right` or `left`.
        side: &'static str,
        /// The one.
        first: String,
        /// The other.
        second: String,
    },
    /// Two series of the left side match one of the right.
    #[error(
        "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)"
    )]
    ManyToOne,
    /// Two results of a group have the same labels.
    #[error("multiple matches for labels: grouping labels must ensure unique matches")]
    Grouping,
    /// Two series of a result have the same labels.
    #[error("vector cannot contain metrics with the same labelset")]
    SameLabels,
    /// The number of `topk` or `bottomk` is no number of elements.
    #[error("Scalar value {0} overflows int64")]
    Overflow(f64),
    /// Only a scalar and a vector have a value at every step.
    #[error("invalid expression type \"{0}\" for range query, must be Scalar or instant Vector")]
    NoRange(&'static str),
    /// A range without a step, or that ends before it begins.
    #[error("a range needs a step above zero and an end that is not before its start")]
    BadRange,
    /// More series than allowed.
    #[error("query processing would load more than {0} series")]
    TooManySeries(usize),
    /// More samples than allowed.
    #[error(
        "query processing would load too many samples into memory in query execution (more than {0})"
    )]
    TooManySamples(u64),
    /// More steps than allowed.
    #[error("exceeded maximum resolution of {0} points per timeseries")]
    TooManySteps(u64),
    /// More work than allowed: samples visited by functions over ranges.
    #[error("query processing would visit more than {0} samples")]
    TooMuchWork(u64),
    /// The source says that the time of the evaluation is over.
    #[error("the evaluation took longer than it may")]
    OutOfTime,
    /// A function made a label value that is longer than allowed.
    #[error("a label value of more than {0} bytes")]
    LongLabel(usize),
    /// The source could not give its series.
    #[error("{0}")]
    Source(String),
}

impl Fault {
    /// True when an evaluation was ended because it took too much, of whatever.
    #[must_use]
    pub const fn is_of_bounds(&self) -> bool {
        matches!(
            self,
            Self::TooManySeries(_)
                | Self::TooManySamples(_)
                | Self::TooManySteps(_)
                | Self::TooMuchWork(_)
                | Self::OutOfTime
        )
    }
}
