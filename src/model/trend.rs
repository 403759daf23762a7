//! How the figures of tests went over time: the views that are offered and what each holds
//! (SPEC FS-36).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::time::Timestamp;

/// A stretch of the past, and how finely it is shown.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize, utoipa::ToSchema,
)]
pub enum View {
    /// Six hours, every result.
    #[serde(rename = "6h")]
    SixHours,
    /// A day, every result.
    #[default]
    #[serde(rename = "24h")]
    Day,
    /// Seven days, by the hour.
    #[serde(rename = "7d")]
    Week,
    /// Thirty days, by the day.
    #[serde(rename = "30d")]
    Month,
    /// Twelve months, by the week.
    #[serde(rename = "12mo")]
    Year,
}

impl View {
    /// All of them, the shortest first.
    pub const ALL: [Self; 5] = [Self::SixHours, Self::Day, Self::Week, Self::Month, Self::Year];

    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::SixHours => "6h",
            Self::Day => "24h",
            Self::Week => "7d",
            Self::Month => "30d",
            Self::Year => "12mo",
        }
    }

    /// What one of its buckets is.
    #[must_use]
    pub const fn bucket(self) -> &'static str {
        match self {
            Self::SixHours | Self::Day => "result",
            Self::Week => "hour",
            Self::Month => "day",
            Self::Year => "week",
        }
    }
}

impl fmt::Display for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

impl FromStr for View {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|view| view.word() == text).ok_or_else(|| {
            let all = Self::ALL.map(Self::word).join(", ");
            let given: String = text.chars().take(32).collect();
            format!("`{given}` is none of {all}")
        })
    }
}

/// One figure within a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Mean {
    /// The mean.
    pub mean: f64,
    /// The least.
    pub min: f64,
    /// The most.
    pub max: f64,
    /// Of how many results.
    pub count: u32,
}

impl Mean {
    /// Of one result.
    #[must_use]
    pub const fn of(value: f64) -> Self {
        Self { mean: value, min: value, max: value, count: 1 }
    }
}

/// The results of one stretch; a figure that none of them has is left out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Bucket {
    /// First moment inside; of a raw result its own.
    pub start: Timestamp,
    /// First moment after; of a raw result its own.
    pub end: Timestamp,
    /// From the target, in Mbit/s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub download_mbps: Option<Mean>,
    /// To the target, in Mbit/s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upload_mbps: Option<Mean>,
    /// In milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<Mean>,
    /// In milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jitter_ms: Option<Mean>,
    /// In per cent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss_pct: Option<Mean>,
}

impl Bucket {
    /// Nothing from `start` to `end`.
    #[must_use]
    pub const fn empty(start: Timestamp, end: Timestamp) -> Self {
        Self {
            start,
            end,
            download_mbps: None,
            upload_mbps: None,
            latency_ms: None,
            jitter_ms: None,
            loss_pct: None,
        }
    }

    /// Each with its name, in the order of [`super::Figures::named`].
    #[must_use]
    pub fn named(&self) -> [(&'static str, Option<Mean>); 5] {
        [
            ("download_mbps", self.download_mbps),
            ("upload_mbps", self.upload_mbps),
            ("latency_ms", self.latency_ms),
            ("jitter_ms", self.jitter_ms),
            ("loss_pct", self.loss_pct),
        ]
    }
}

/// A view with what it holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Trend {
    /// Which.
    pub view: View,
    /// The zone in which its hours, days and weeks begin: a name of the IANA database.
    pub zone: String,
    /// First moment of it.
    pub start: Timestamp,
    /// First moment after it.
    pub end: Timestamp,
    /// Its stretches, the oldest first; those without a result are there and empty.
    pub buckets: Vec<Bucket>,
}
