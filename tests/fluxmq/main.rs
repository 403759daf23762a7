//! FluxMQ clusters of fake nodes on loopback: judged by the built program, and by an engine on a
//! manual clock while they break in each way in turn.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod broken;
mod command;
#[path = "../common/lab.rs"]
mod lab;
#[path = "../common/fluxmq.rs"]
mod node;
#[path = "../common/pages.rs"]
mod pages;
