//! A path: hops with their addresses and statistics, and a verdict in words.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::safe_text::SafeText;
use super::spec::TraceProtocol;

/// Most addresses that one hop remembers.
pub const ADDRESS_LIMIT: usize = 16;

/// One address that answered at a hop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct HopAddress {
    /// The address.
    #[schema(value_type = String)]
    pub address: IpAddr,
    /// Its reverse name, when it has one and it was found.
    pub name: Option<SafeText>,
}

/// One hop: all probes sent with one TTL.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Hop {
    /// Time to live, 1 is the first router.
    pub ttl: u8,
    /// Who answered, the most recent first; empty when nobody did.
    pub addresses: Vec<HopAddress>,
    /// Probes sent whose time is over.
    pub sent: u64,
    /// Answers.
    pub received: u64,
    /// Loss in percent of `sent`.
    pub loss_pct: f64,
    /// Last round-trip time in milliseconds.
    pub last_ms: Option<f64>,
    /// Mean in milliseconds.
    pub avg_ms: Option<f64>,
    /// Smallest in milliseconds.
    pub best_ms: Option<f64>,
    /// Largest in milliseconds.
    pub worst_ms: Option<f64>,
    /// Sample standard deviation (n - 1) in milliseconds; zero below two answers.
    pub stddev_ms: Option<f64>,
    /// Mean absolute difference of successive round-trip times in milliseconds.
    pub jitter_ms: Option<f64>,
    /// The last probes, oldest first: milliseconds, or `None` for a lost one.
    #[serde(default)]
    pub recent_ms: Vec<Option<f64>>,
}

/// The path to a target as it is now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TraceReport {
    /// What was asked for: a name or an address.
    pub target: SafeText,
    /// The address that is traced.
    #[schema(value_type = Option<String>)]
    pub address: Option<IpAddr>,
    /// What is sent.
    pub protocol: TraceProtocol,
    /// Whole rounds so far.
    pub rounds: u64,
    /// Hop 1 to the target, or to the last hop that answered.
    pub hops: Vec<Hop>,
    /// True when the target itself answered in the last rounds.
    pub reached: bool,
    /// One line in words: where it ends, whether a loss is real.
    pub verdict: SafeText,
    /// What would be possible with more privilege, or what the protocol cannot show.
    #[serde(default, skip_serializing_if = "SafeText::is_empty")]
    pub note: SafeText,
}
