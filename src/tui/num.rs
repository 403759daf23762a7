//! Conversions between cells, counts and graph values, each with its reason in one place.

/// A count as a number for graphs.
#[expect(clippy::cast_precision_loss, reason = "counts on a screen are far below 2^52")]
#[must_use]
pub const fn real(count: usize) -> f64 {
    count as f64
}

/// Milliseconds as a number for graphs.
#[expect(clippy::cast_precision_loss, reason = "exact for 285,000 years")]
#[must_use]
pub const fn millis(value: i64) -> f64 {
    value as f64
}

/// The nearest count; zero for what is negative or no number.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "range checked")]
#[must_use]
pub fn count(value: f64) -> usize {
    if value.is_finite() && value > 0.0 { value.round().min(1e9) as usize } else { 0 }
}

/// A number of cells as the screen counts them.
#[must_use]
pub fn cells(count: usize) -> u16 {
    u16::try_from(count).unwrap_or(u16::MAX)
}
