//! A long random walk through the engine: results, acknowledgements, windows, edits of the
//! configuration, clocks that are set, restarts, holds of paging, storms and receivers that fail. Whatever the order, no edge
//! is lost, nothing is told twice or out of order, and what people know is what is true.
//!
//! The walk is cut into stories with a store, receivers and a seed of their own; a story that fails
//! prints its seed, and `FLUXNOC_SEED=N FLUXNOC_STEPS=1` plays it alone. `FLUXNOC_STEPS=100000` is
//! the full form, which also counts that every kind of step and of edge came at least 500 times.
//! The same walk goes over PostgreSQL, in the full form by its name:
//! `FLUXNOC_STEPS=100000 cargo test --release --test steps postgres -- --include-ignored --nocapture`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails so")]

#[path = "common/judge.rs"]
mod judge;
#[path = "common/lab.rs"]
mod lab;
#[path = "common/ledger.rs"]
mod ledger;
#[path = "common/postgres.rs"]
mod postgres_server;
#[path = "common/receiver.rs"]
mod receiver;
#[path = "steps/sea.rs"]
mod sea;

use std::collections::BTreeMap;

/// Steps of one story.
const STORY: usize = 400;
/// Steps in the test command, and on PostgreSQL.
const SHORT: usize = 4_000;
const SHORT_ON_POSTGRES: usize = 1_200;
/// How often each kind comes in the full form.
const EACH: usize = 500;

/// Prints how the story is played again when it fails.
struct Seed(u64);

impl Drop for Seed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let seed = self.0;
            eprintln!("again: FLUXNOC_SEED={seed} FLUXNOC_STEPS=1 cargo test --test steps");
        }
    }
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().expect("a number"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_happens_in_whatever_order_every_edge_is_told_once_and_in_order() {
    walk(SHORT, None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL; tests/run runs it"]
async fn on_postgres_too_every_edge_is_told_once_and_in_order() {
    walk(SHORT_ON_POSTGRES, Some(&postgres_server::Server::start())).await;
}

async fn walk(short: usize, database: Option<&postgres_server::Server>) {
    let steps = number("FLUXNOC_STEPS").map_or(short, |steps| usize::try_from(steps).unwrap());
    let first = number("FLUXNOC_SEED").unwrap_or(1);
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for seed in first..first + u64::try_from(steps.div_ceil(STORY)).unwrap() {
        let _seed = Seed(seed);
        let url = database.map(postgres_server::Server::database);
        sea::story(seed, STORY, &mut counts, url.as_deref()).await;
    }
    let words: Vec<String> = counts.iter().map(|(what, count)| format!("{what} {count}")).collect();
    println!("{steps} steps: {}", words.join(", "));
    let floor = if steps >= 100_000 { EACH } else { 1 };
    if steps >= SHORT {
        let wanted = sea::STEPS.iter().map(|(name, _)| format!("step {name}"));
        let edges =
            fluxnoc::model::EdgeKind::ALL.iter().map(|kind| format!("edge {}", kind.word()));
        let digests = ["digest", "told in a digest"].map(str::to_owned);
        for kind in wanted.chain(edges).chain(digests) {
            let count = counts.get(&kind).copied().unwrap_or(0);
            assert!(count >= floor, "{kind} came {count} times");
        }
    }
}
