//! What the program says of itself: meters, readiness, health, log lines; through the real router
//! and the real health listener on loopback.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "common/lab.rs"]
mod lab;
#[path = "observe/listener.rs"]
mod listener;
#[path = "observe/logs.rs"]
mod logs;
#[path = "observe/meters.rs"]
mod meters;
#[path = "observe/monitoring.rs"]
mod monitoring;
#[path = "scrape/peer.rs"]
#[allow(dead_code, reason = "the other tests use the rest")]
mod peer;
#[path = "observe/ready.rs"]
mod ready;
#[path = "observe/stage.rs"]
mod stage;
