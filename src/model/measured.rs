//! What a test measured, by its kind, and the figures of it.
//!
//! Times are in milliseconds, rates in Mbit/s, losses in per cent.

use serde::{Deserialize, Serialize};

use super::rating::Rating;
use super::safe_text::SafeText;
use super::speed::SpeedResult;
use super::state::State;
use super::trace::TraceReport;

/// How a port answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PortState {
    /// A connection was made, or an answer came.
    Open,
    /// The host refused.
    Closed,
    /// Nothing came back: TCP is filtered somewhere.
    Filtered,
    /// Nothing came back to a datagram: open, or filtered.
    OpenOrFiltered,
}

impl PortState {
    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
            Self::Filtered => "filtered",
            Self::OpenOrFiltered => "open or filtered",
        }
    }
}

/// What a port probe saw.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PortResult {
    /// How the port answered.
    pub state: PortState,
    /// The time to the connection, the answer or the refusal, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_ms: Option<f64>,
    /// In words.
    pub output: SafeText,
}

/// What one resolver did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ResolverTime {
    /// Which.
    pub resolver: SafeText,
    /// How long it took, in milliseconds; nothing when it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_ms: Option<f64>,
    /// The band of that time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rating: Option<Rating>,
    /// What it answered.
    #[serde(default, skip_serializing_if = "SafeText::is_empty")]
    pub answer: SafeText,
    /// How it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<SafeText>,
}

/// What the resolvers did.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DnsResult {
    /// Each, in the order in which they were given.
    pub resolvers: Vec<ResolverTime>,
}

/// What a test measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "measured", rename_all = "lowercase")]
#[expect(clippy::large_enum_variant, reason = "it is boxed wherever it is kept")]
pub enum Measured {
    /// By a speedtest.
    Speedtest(SpeedResult),
    /// By a trace.
    Trace(TraceReport),
    /// By a probe.
    Probe(PortResult),
    /// By a DNS timing.
    Dns(DnsResult),
}

/// The figures of a result that lists, thresholds, trends and reports use.
#[derive(Clone, Copy, Debug, PartialEq, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Figures {
    /// From the target, in Mbit/s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub download_mbps: Option<f64>,
    /// To the target, in Mbit/s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upload_mbps: Option<f64>,
    /// Round trip, connection or answer, in milliseconds; of several resolvers the slowest that
    /// answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<f64>,
    /// In milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jitter_ms: Option<f64>,
    /// In per cent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss_pct: Option<f64>,
}

impl Figures {
    /// Each with its name, in the order in which people read them.
    #[must_use]
    pub fn named(&self) -> [(&'static str, Option<f64>); 5] {
        [
            ("download_mbps", self.download_mbps),
            ("upload_mbps", self.upload_mbps),
            ("latency_ms", self.latency_ms),
            ("jitter_ms", self.jitter_ms),
            ("loss_pct", self.loss_pct),
        ]
    }
}

impl Measured {
    /// Its figures; what is no number is none.
    #[must_use]
    pub fn figures(&self) -> Figures {
        let figures = match self {
            Self::Speedtest(result) => Figures {
                download_mbps: result.download.as_ref().map(|way| way.mbps),
                upload_mbps: result.upload.as_ref().map(|way| way.mbps),
                latency_ms: result.latency_ms,
                jitter_ms: result.jitter_ms,
                loss_pct: result.loss_pct,
            },
            Self::Trace(report) => match report.hops.last().filter(|_| report.reached) {
                Some(hop) => Figures {
                    latency_ms: hop.avg_ms,
                    jitter_ms: hop.jitter_ms,
                    loss_pct: Some(hop.loss_pct),
                    ..Figures::default()
                },
                None => Figures { loss_pct: Some(100.0), ..Figures::default() },
            },
            Self::Probe(result) => Figures {
                latency_ms: result.time_ms.filter(|_| result.state == PortState::Open),
                ..Figures::default()
            },
            Self::Dns(result) => {
                let times = result.resolvers.iter().filter_map(|one| one.time_ms);
                Figures { latency_ms: times.reduce(f64::max), ..Figures::default() }
            }
        };
        let sane = |value: Option<f64>| value.filter(|value| value.is_finite() && *value >= 0.0);
        Figures {
            download_mbps: sane(figures.download_mbps),
            upload_mbps: sane(figures.upload_mbps),
            latency_ms: sane(figures.latency_ms),
            jitter_ms: sane(figures.jitter_ms),
            loss_pct: sane(figures.loss_pct),
        }
    }
}

impl Measured {
    /// What did not answer, with the state that this is: a port that is closed or filtered, a
    /// target that a trace does not reach, resolvers that fail. `None` when everything answered.
    #[must_use]
    pub fn unanswered(&self) -> Option<(State, SafeText)> {
        match self {
            Self::Speedtest(_) => None,
            Self::Trace(report) => {
                (!report.reached).then(|| (State::Critical, report.verdict.clone()))
            }
            Self::Probe(result) => match result.state {
                PortState::Open | PortState::OpenOrFiltered => None,
                PortState::Closed | PortState::Filtered => {
                    Some((State::Critical, result.output.clone()))
                }
            },
            Self::Dns(result) => {
                let failed = result.resolvers.iter().filter_map(|one| {
                    one.failure.as_ref().map(|failure| format!("{}: {failure}", one.resolver))
                });
                let failed: Vec<String> = failed.collect();
                let all = failed.len() == result.resolvers.len();
                let state = if all { State::Critical } else { State::Warning };
                (!failed.is_empty()).then(|| (state, SafeText::line(&failed.join(", "))))
            }
        }
    }
}
