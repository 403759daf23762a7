//! 10,000 hosts with six checks each at 60 s: what the engine costs beside the probes.
//!
//! Limits: less than 10 % of a core for 60,000 results a minute, less than 200 MiB resident.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::cast_precision_loss,
    reason = "a benchmark that cannot measure stops; its numbers are small"
)]

use std::process::ExitCode;
use std::time::Duration;

use fluxnoc::clock::Clock;

mod common;
mod feeder;
use common::{Comparison, Scratch, own_cpu, own_rss_mib, short, verdict};

fn main() -> ExitCode {
    let seconds = if short() { 20 } else { 180 };
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("threads");
    let (percent, rss) = runtime.block_on(measure(seconds));
    verdict(&[
        Comparison {
            what: "CPU for 60,000 results a minute",
            unit: "%",
            ours: percent,
            peer_name: "limit",
            peer: 10.0,
            floor: 1.0,
            at_most: true,
        },
        Comparison {
            what: "resident memory, 60,000 checks",
            unit: "MiB",
            ours: rss,
            peer_name: "limit",
            peer: 200.0,
            floor: 1.0,
            at_most: true,
        },
    ])
}

async fn measure(seconds: usize) -> (f64, f64) {
    let scratch = Scratch::new("scale");
    let clock = Clock::System;
    let (engine, assignments) = feeder::engine(&scratch.0, 10_000, &clock).await;
    for from in (0..assignments.len()).step_by(feeder::BATCH) {
        feeder::report(&engine, &clock, &assignments, from, feeder::BATCH).await;
    }
    // As a worker gathers them: 1,000 results a second in reports of 20.
    let mut tick = tokio::time::interval(Duration::from_millis(20));
    let start = std::time::Instant::now();
    let before = own_cpu();
    for n in 0..seconds * 50 {
        tick.tick().await;
        feeder::report(&engine, &clock, &assignments, n * 20, 20).await;
    }
    let percent = 100.0 * (own_cpu() - before) / start.elapsed().as_secs_f64();
    let rss = own_rss_mib();
    engine.stopped().await.expect("a whole engine");
    (percent, rss)
}
