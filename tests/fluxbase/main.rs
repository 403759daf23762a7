//! Fluxbase instances of a fake server on loopback, with the documents of both generations: judged
//! by the built program, and by an engine on a manual clock.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod command;
#[path = "../common/fluxbase/mod.rs"]
mod fluxbase;
#[path = "../common/lab.rs"]
mod lab;
#[path = "../common/pages.rs"]
mod pages;
mod rules;
mod watched;

use fluxbase::{documents, instance};
