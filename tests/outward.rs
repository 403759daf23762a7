//! Remote write: against receivers that behave badly, and against the real Prometheus and the real
//! VictoriaMetrics of Debian.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "outward/bad.rs"]
mod bad;
#[path = "outward/cli.rs"]
mod cli;
#[path = "outward/engine.rs"]
mod engine;
#[path = "common/lab.rs"]
mod lab;
#[path = "outward/peer.rs"]
mod peer;
#[path = "outward/real.rs"]
mod real;
#[path = "common/receiver.rs"]
mod receiver;
#[path = "outward/stage.rs"]
mod stage;
#[path = "outward/whole.rs"]
mod whole;
