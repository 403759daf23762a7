//! Ten thousand hosts under a real console: every check at its interval, memory and descriptors
//! flat, keys answered at once.
//!
//! The program runs in a terminal of 200x60; this process plays all hosts and believes only what
//! they see. The long form, for a release build on a machine with nothing else to do:
//! `FLUXNOC_TENK=full cargo test --release --test tenk -- --ignored --nocapture`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "tenk/fleet.rs"]
mod fleet;
#[path = "tenk/form.rs"]
mod form;
#[path = "common/letters.rs"]
mod letters;
#[path = "tenk/program.rs"]
mod program;
#[path = "common/pty.rs"]
mod pty;
#[path = "tenk/run.rs"]
mod run;
#[path = "tenk/scene.rs"]
mod scene;
#[path = "tenk/targets.rs"]
mod targets;
#[path = "tenk/verdict.rs"]
mod verdict;

#[test]
#[ignore = "takes minutes; tests/run runs the short form"]
fn every_check_of_ten_thousand_hosts_runs_at_its_interval() {
    scene::apart("every_check_of_ten_thousand_hosts_runs_at_its_interval", || {
        run::run(&form::Form::chosen());
    });
}
