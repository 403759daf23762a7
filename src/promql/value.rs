//! What an evaluation gives.

use super::labels::Labels;

/// The marker of a series that ended: a NaN with bits of its own.
pub const STALE: f64 = f64::from_bits(0x7ff0_0000_0000_0002);

/// Whether a value is the marker of a series that ended; other NaNs are values.
#[must_use]
pub const fn is_stale(value: f64) -> bool {
    value.to_bits() == STALE.to_bits()
}

/// A value at a time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Milliseconds since the epoch.
    pub at: i64,
    /// The value.
    pub value: f64,
}

/// A series: its labels and its points in the order of time.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// What it is.
    pub labels: Labels,
    /// What it was.
    pub points: Vec<Point>,
}

/// An element of an instant vector.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// What it is.
    pub labels: Labels,
    /// Its value.
    pub value: f64,
}

/// The value of an expression.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// One number.
    Scalar(f64),
    /// Elements at one time, in the order that `sort` and `topk` give.
    Vector(Vec<Sample>),
    /// Series over a range of times, sorted by their labels; of a range all scalars and vectors.
    Matrix(Vec<Series>),
    /// A text.
    Text(String),
}
