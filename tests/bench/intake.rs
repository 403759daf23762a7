//! Results taken in per CPU second, from the report to the commit: judged, journalled, told.
//!
//! Floor: 20,000 results per CPU second (the peer is that limit), and a store with `synchronous=FULL`.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::cast_precision_loss,
    reason = "a benchmark that cannot measure stops; its numbers are small"
)]

use std::process::ExitCode;

use fluxnoc::clock::Clock;

mod common;
mod feeder;
use common::{Comparison, Scratch, own_cpu, short, verdict};
use feeder::BATCH;

fn main() -> ExitCode {
    let (hosts, results) = if short() { (1000, 60_000) } else { (10_000, 600_000) };
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("threads");
    let per_second = runtime.block_on(measure(hosts, results));
    verdict(&[Comparison {
        what: "results per CPU second, intake to commit",
        unit: "/s",
        ours: per_second,
        peer_name: "limit",
        peer: 20_000.0,
        floor: 1.0,
        at_most: false,
    }])
}

async fn measure(hosts: usize, results: usize) -> f64 {
    let scratch = Scratch::new("intake");
    let clock = Clock::System;
    let (engine, assignments) = feeder::engine(&scratch.0, hosts, &clock).await;
    // One whole round first, so that every series is known and every first result is told.
    for from in (0..assignments.len()).step_by(BATCH) {
        feeder::report(&engine, &clock, &assignments, from, BATCH).await;
    }
    let before = own_cpu();
    for from in (0..results).step_by(BATCH) {
        feeder::report(&engine, &clock, &assignments, from, BATCH).await;
    }
    // Stopping takes in and commits all that was reported.
    engine.stopped().await.expect("a whole engine");
    results as f64 / (own_cpu() - before)
}
