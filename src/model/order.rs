//! What a vantage is told to run, and what it says of that.

use serde::{Deserialize, Serialize};

use super::id::TestId;
use super::measured::Measured;
use super::networks::Networks;
use super::safe_text::SafeText;
use super::speed::{Direction, SpeedTarget};
use super::test::TestSpec;
use super::time::Timestamp;

/// What a vantage is told to run now, all of it: what is not among it is ended.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TestOrders {
    /// Grows with each change: a list that was overtaken on its way is known by it.
    pub turn: u64,
    /// The tests.
    pub tests: Vec<TestOrder>,
}

/// What a vantage is told to run: a test with its targets chosen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TestOrder {
    /// Which.
    pub id: TestId,
    /// When it was let begin, by the engine's clock: it is begun once for each such moment, and a
    /// target that was busy makes another one.
    pub started_at: Timestamp,
    /// How long its target, its agent and its link are kept for it, in milliseconds, counted from
    /// when the vantage asked for orders: after that others may measure there.
    pub within_ms: u64,
    /// What.
    pub spec: TestSpec,
    /// Of a speedtest: where to, when there is one place; else the nearest of several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<SpeedTarget>,
    /// What may be reached.
    #[serde(default)]
    pub networks: Networks,
}

/// What a vantage says of a test that it runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TestNews {
    /// Which.
    pub id: TestId,
    /// When, by its own clock.
    pub at: Timestamp,
    /// True when nothing comes any more.
    pub over: bool,
    /// Why it could not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<SafeText>,
    /// True when the target was busy: it is worth another try.
    #[serde(default)]
    pub busy: bool,
    /// Everything it measured so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<Box<Measured>>,
}

impl TestSpec {
    /// The longest that it may run by itself, in milliseconds: what it does, with room for names,
    /// connections and the measuring of latency.
    #[must_use]
    pub fn longest_ms(&self) -> u64 {
        match self {
            Self::Speedtest(_) => self.least_ms() + 45_000,
            Self::Trace(_) | Self::Probe(_) | Self::Dns(_) => self.least_ms() + 15_000,
        }
    }

    /// What of that it measures, in milliseconds.
    #[must_use]
    pub fn least_ms(&self) -> u64 {
        match self {
            Self::Speedtest(spec) => {
                let both = spec.direction == Direction::Bidirectional;
                u64::from(spec.duration_seconds) * 1000 * if both { 2 } else { 1 }
            }
            Self::Trace(spec) => u64::from(spec.count) * u64::from(spec.interval_ms),
            Self::Probe(spec) => u64::from(spec.timeout_ms),
            Self::Dns(spec) => u64::from(spec.timeout_ms),
        }
    }
}
