//! fluxnoc: a terminal NOC console with its own monitoring engine.

#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        reason = "a test fails by panicking"
    )
)]

pub mod api;
pub mod auth;
pub mod backend;
pub mod cli;
pub mod client;
pub mod clock;
pub mod cluster;
pub mod config;
pub mod demo;
pub mod discovery;
pub mod engine;
pub mod meters;
pub mod model;
pub mod notify;
pub mod outward;
pub mod probe;
pub mod promql;
pub mod protocol;
pub mod report;
pub mod rules;
pub mod secrets;
pub mod series;
pub mod store;
pub mod tui;
pub mod worker;
