//! How fast a DNS answer is, in one word (SPEC FS-26 with the bands of D-07).
//!
//! A word for people, never a verdict: without thresholds only a failed lookup alerts.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The bands of an answer time.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Rating {
    /// Below 5 ms.
    Excellent,
    /// From 5 ms to below 20 ms.
    Good,
    /// From 20 ms to 100 ms.
    Slow,
    /// Above 100 ms.
    Critical,
}

impl Rating {
    /// The word that is shown.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Excellent => "EXCELLENT",
            Self::Good => "GOOD",
            Self::Slow => "SLOW",
            Self::Critical => "CRITICAL",
        }
    }
}

impl fmt::Display for Rating {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// The rating of an answer that took `ms` milliseconds: `[0,5) [5,20) [20,100] (100,inf)`. What
/// is not a number is in the worst band.
#[must_use]
pub fn rating(ms: f64) -> Rating {
    if ms < 5.0 {
        Rating::Excellent
    } else if ms < 20.0 {
        Rating::Good
    } else if ms <= 100.0 {
        Rating::Slow
    } else {
        Rating::Critical
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d_07_fs_26_dns_bands_meet_at_5_20_and_100_ms() {
        for (ms, word) in [
            (0.0, "EXCELLENT"),
            (4.99, "EXCELLENT"),
            (5.0, "GOOD"),
            (19.99, "GOOD"),
            (20.0, "SLOW"),
            (100.0, "SLOW"),
            (100.01, "CRITICAL"),
            (f64::INFINITY, "CRITICAL"),
            (f64::NAN, "CRITICAL"),
        ] {
            assert_eq!(rating(ms).word(), word, "{ms} ms");
        }
    }
}
