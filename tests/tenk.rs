//! Ten thousand hosts under a real console: every check at its interval, memory and descriptors
//! flat, keys answered at once.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "tenk/fleet.rs"]
mod fleet;
#[path = "tenk/targets.rs"]
mod targets;
#[path = "tenk/verdict.rs"]
mod verdict;
