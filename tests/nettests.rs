//! Network tests end to end: asked for, run by agents, kept; their schedules, and the command line.
//!
//! `by_hand`, `schedules`: a real engine and router on a manual clock, agents moved by hand.
//! `real`, `shell`, `filtered`: the real program, server and agents, on loopback.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::too_many_lines,
    reason = "a test fails by panicking"
)]

#[path = "nettests/by_hand.rs"]
mod by_hand;
#[path = "common/dnsserver.rs"]
mod dnsserver;
#[path = "nettests/filtered.rs"]
mod filtered;
#[allow(dead_code, reason = "its other tests use the rest")]
#[path = "fleet/hand.rs"]
mod hand;
#[allow(dead_code, reason = "its other tests use the rest")]
#[path = "agent/house.rs"]
mod house;
#[path = "common/lab.rs"]
mod lab;
#[path = "common/net.rs"]
mod net;
#[path = "common/netns.rs"]
mod netns;
#[path = "nettests/real.rs"]
mod real;
#[path = "nettests/schedules.rs"]
mod schedules;
#[path = "nettests/shell.rs"]
mod shell;
#[path = "nettests/stage.rs"]
mod stage;
