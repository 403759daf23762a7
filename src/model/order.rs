//! What a vantage is told to run, and what it says of that.

use serde::{Deserialize, Serialize};

use super::id::TestId;
use super::measured::Measured;
use super::networks::Networks;
use super::safe_text::SafeText;
use super::speed::SpeedTarget;
use super::test::TestSpec;
use super::time::Timestamp;

/// What a vantage is told to run: a test with its targets chosen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TestOrder {
    /// Which.
    pub id: TestId,
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
