//! Limits of tests, and what it means to break one (SPEC FS-29).

use std::fmt;

use serde::{Deserialize, Serialize};

use super::speed::rate;

/// What a baseline may fall short of, in per cent, when nothing is said (SPEC FS-35).
pub const DEVIATION: f64 = 30.0;

/// The limits of a schedule, in the document's own words. Each is optional; equality breaks none.
#[derive(Clone, Copy, Debug, PartialEq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TestLimits {
    /// Least rate from the target, in Mbit/s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub download_min_mbps: Option<f64>,
    /// Least rate to the target, in Mbit/s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upload_min_mbps: Option<f64>,
    /// Most latency, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_max_ms: Option<f64>,
    /// Most jitter, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jitter_max_ms: Option<f64>,
    /// Most loss, in per cent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub packet_loss_max_pct: Option<f64>,
    /// How far a rate may fall below its baseline, in per cent of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline_deviation_pct: Option<f64>,
}

/// Which limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BreachKind {
    /// [`TestLimits::download_min_mbps`].
    Download,
    /// [`TestLimits::upload_min_mbps`].
    Upload,
    /// [`TestLimits::latency_max_ms`].
    Latency,
    /// [`TestLimits::jitter_max_ms`].
    Jitter,
    /// [`TestLimits::packet_loss_max_pct`].
    PacketLoss,
    /// [`TestLimits::baseline_deviation_pct`] of the rate from the target.
    DownloadBaseline,
    /// The same of the rate to the target.
    UploadBaseline,
}

/// A limit that was broken.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Breach {
    /// Which.
    pub kind: BreachKind,
    /// What was measured, in the unit of the limit; of a baseline the rate.
    pub value: f64,
    /// The limit; of a baseline the least rate that would have been well.
    pub limit: f64,
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (value, limit) = (self.value, self.limit);
        match self.kind {
            BreachKind::Download => write!(f, "download {} (< {})", rate(value), rate(limit)),
            BreachKind::Upload => write!(f, "upload {} (< {})", rate(value), rate(limit)),
            BreachKind::Latency => write!(f, "latency {value:.1} ms (> {limit} ms)"),
            BreachKind::Jitter => write!(f, "jitter {value:.1} ms (> {limit} ms)"),
            BreachKind::PacketLoss => write!(f, "packet loss {value:.2} % (> {limit} %)"),
            BreachKind::DownloadBaseline => {
                write!(f, "download {} below its baseline (< {})", rate(value), rate(limit))
            }
            BreachKind::UploadBaseline => {
                write!(f, "upload {} below its baseline (< {})", rate(value), rate(limit))
            }
        }
    }
}
