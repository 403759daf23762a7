//! fluxnoc: a terminal NOC console with its own monitoring engine.

// The program by the strict list; its tests and benchmarks by the ordinary one of Cargo.toml.
#![cfg_attr(not(test), warn(clippy::pedantic))]
#![allow(
    clippy::module_name_repetitions,
    reason = "a name that repeats its module reads well at the place of use: `store::StoreError`"
)]
#![allow(
    clippy::similar_names,
    reason = "names of one field are alike: asked and asker, path and paths"
)]
#![allow(
    clippy::single_match_else,
    reason = "two arms of equal weight read better as a match than as an afterthought"
)]
#![allow(
    clippy::struct_excessive_bools,
    reason = "switches of a person, of a pane and of a command line are bools, each with its own name"
)]
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
pub mod tail;
pub mod tui;
pub mod worker;
