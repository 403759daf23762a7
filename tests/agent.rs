//! The agent as people meet it: the real program beside a real server, on loopback.
//!
//! `FLUXNOC_AWAY=300 cargo test --test agent` keeps the server away for so many seconds.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::too_many_lines,
    reason = "a test fails by panicking"
)]

#[path = "agent/away.rs"]
mod away;
#[allow(dead_code, reason = "other tests use the rest")]
#[path = "agent/house.rs"]
mod house;
#[path = "agent/let_in.rs"]
mod let_in;
