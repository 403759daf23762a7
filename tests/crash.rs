//! The program is killed at one system call after another: at each write, sync, connect and send of
//! its way from a result to a receiver. Started again it knows what is true, and the receiver's
//! ledger shows no edge lost, and what came twice under the same key with the same bytes.
//!
//! `strace` kills at the N-th call of a name (counted in each thread). The full form tries every N
//! until the story ends before it; the test command a few of each name.
//! `FLUXNOC_CRASHES=fsync:50` begins there. `FLUXNOC_CRASHES=all cargo test --release --test crash -- --include-ignored --nocapture`.
//! The same sweep goes over a server whose store is PostgreSQL; only that one with `postgres` after
//! the name of the test.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails so")]

#[path = "common/judge.rs"]
mod judge;
#[path = "common/ledger.rs"]
mod ledger;
#[path = "common/postgres.rs"]
mod postgres_server;
#[path = "common/receiver.rs"]
mod receiver;
#[path = "common/services.rs"]
mod services;
#[path = "crash/story.rs"]
mod story;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use story::{Round, play};

/// The calls of the way from a result to a receiver, each swept alone, and the points of the short
/// form: early (the store is made), in the middle (edges are written and told) and late.
const SWEEP: [(&str, &[usize]); 7] = [
    // The requests to the receiver.
    ("writev", &[1, 2, 3]),
    ("pwrite64", &[1, 30, 80, 130, 160, 190, 220]),
    ("fsync", &[1, 8, 15, 18]),
    ("connect", &[3, 4, 5, 6]),
    ("write", &[12, 20, 28, 36]),
    ("sendto", &[1]),
    ("unlink", &[1, 2]),
];
/// The same where the store is PostgreSQL: what goes to it and to the receiver is sent.
const SWEEP_ON_POSTGRES: [(&str, &[usize]); 4] = [
    ("sendto", &[5, 40, 80, 120, 160, 200]),
    ("writev", &[1, 2, 3]),
    ("connect", &[2, 4, 6]),
    ("write", &[12, 24, 36]),
];
/// Points that the short form and the full one have at least.
const LEAST: [usize; 2] = [12, 2000];
const LEAST_ON_POSTGRES: [usize; 2] = [12, 500];
/// One sweep at a time.
static SWEEPING: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
/// Stories that are played at once, in the short form and in the full one.
const WIDTH: [usize; 2] = [4, 12];
/// How often the services stop and come back in a story.
const TIMES: [usize; 2] = [1, 6];
/// Points one after the other that did not come: the call has no more of them.
const MISSES: usize = 4;

struct Sweep {
    calls: &'static [(&'static str, &'static [usize])],
    next: BTreeMap<&'static str, usize>,
    misses: BTreeMap<&'static str, usize>,
    fired: BTreeMap<&'static str, usize>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "kills the program with strace"]
async fn i1_i2_i3_i4_killed_at_any_call_nothing_is_lost_and_nothing_is_told_otherwise() {
    sweep(&SWEEP, None, LEAST, &["pwrite64", "fsync", "connect", "writev", "write"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "kills the program with strace; needs PostgreSQL"]
async fn on_postgres_too_nothing_is_lost_and_nothing_is_told_otherwise() {
    let database = Arc::new(postgres_server::Server::start());
    let calls = ["sendto", "connect", "writev", "write"];
    sweep(&SWEEP_ON_POSTGRES, Some(&database), LEAST_ON_POSTGRES, &calls).await;
}

/// Plays all the points, and counts them: so many at least, and some of each of these calls.
async fn sweep(
    calls: &'static [(&'static str, &'static [usize])],
    database: Option<&Arc<postgres_server::Server>>,
    least: [usize; 2],
    each: &[&str],
) {
    let _one = SWEEPING.lock().await;
    let wish = std::env::var("FLUXNOC_CRASHES").unwrap_or_default();
    let from = wish.split_once(':').map(|(call, nth)| (call, nth.parse::<usize>().unwrap()));
    let full = wish == "all" || from.is_some();
    let mut sweep =
        Sweep { calls, next: BTreeMap::new(), misses: BTreeMap::new(), fired: BTreeMap::new() };
    if let Some((first, nth)) = from {
        let Some((call, _)) = calls.iter().find(|(call, _)| *call == first) else {
            println!("{first} is no call of this sweep");
            return;
        };
        let before = calls.iter().take_while(|(call, _)| *call != first);
        sweep.misses.extend(before.map(|(call, _)| (*call, MISSES)));
        sweep.next.insert(call, nth - 1);
    }
    let sweep = Arc::new(Mutex::new(sweep));
    let count = Arc::new(AtomicUsize::new(0));
    let mut hands = tokio::task::JoinSet::new();
    for _ in 0..WIDTH[usize::from(full)] {
        let (sweep, count) = (Arc::clone(&sweep), Arc::clone(&count));
        let database = database.map(Arc::clone);
        hands.spawn(async move {
            loop {
                let point = sweep.lock().unwrap().point(full);
                let Some((call, nth)) = point else { return };
                let number = count.fetch_add(1, Ordering::Relaxed);
                let times = TIMES[usize::from(full)];
                let round = Round { number, call, nth, times };
                let url = database.as_ref().map(|server| server.database());
                let fired = play(round, url.as_deref()).await;
                sweep.lock().unwrap().played(call, fired);
            }
        });
    }
    while let Some(hand) = hands.join_next().await {
        hand.unwrap();
    }
    let fired = sweep.lock().unwrap().fired.clone();
    let all: usize = fired.values().sum();
    let words: Vec<String> = fired.iter().map(|(call, count)| format!("{call} {count}")).collect();
    println!("killed at {all} points: {}", words.join(", "));
    if from.is_some() {
        return;
    }
    for call in each {
        assert!(
            fired.get(call).is_some_and(|count| *count > 0),
            "no {call} was a point: {words:?}"
        );
    }
    assert!(all >= least[usize::from(full)], "only {all} points fired: {words:?}");
}

impl Sweep {
    /// The next point; `None` when all were played or are being played.
    fn point(&mut self, full: bool) -> Option<(&'static str, usize)> {
        for (call, few) in self.calls.iter().copied() {
            let next = self.next.entry(call).or_default();
            let over = if full {
                self.misses.get(call).is_some_and(|misses| *misses >= MISSES)
            } else {
                *next >= few.len()
            };
            if !over {
                *next += 1;
                return Some((call, if full { *next } else { few[*next - 1] }));
            }
        }
        None
    }

    fn played(&mut self, call: &'static str, fired: bool) {
        if fired {
            *self.fired.entry(call).or_default() += 1;
            self.misses.insert(call, 0);
        } else {
            *self.misses.entry(call).or_default() += 1;
        }
    }
}
