//! Network tests end to end: asked for, run by agents, kept; their schedules, and the command line.
//!
//! `by_hand`, `schedules`, `traffic`, `missed`, `paths`, `written`: a real engine and router on a manual
//! clock, agents moved by hand. `real`, `shell`: the real program, server and agents, on loopback;
//! `filtered`, `hops`, `many`: in network namespaces.

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
#[path = "nettests/hops.rs"]
mod hops;
#[allow(dead_code, reason = "its other tests use the rest")]
#[path = "agent/house.rs"]
mod house;
#[path = "common/lab.rs"]
mod lab;
#[path = "nettests/many.rs"]
mod many;
#[path = "nettests/missed.rs"]
mod missed;
#[path = "common/net.rs"]
mod net;
#[path = "common/netns.rs"]
mod netns;
#[path = "nettests/paths.rs"]
mod paths;
#[path = "nettests/real.rs"]
mod real;
#[path = "nettests/schedules.rs"]
mod schedules;
#[path = "common/shaper.rs"]
mod shaper;
#[path = "nettests/shell.rs"]
mod shell;
#[path = "nettests/stage.rs"]
mod stage;
#[path = "nettests/traffic.rs"]
mod traffic;
#[path = "nettests/written.rs"]
mod written;
