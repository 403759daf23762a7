//! From a change at a target to the notification about it accepted by its receiver, beside Debian's
//! Prometheus and Alertmanager: p50 and p99, one edge at a time and 10,000 in one second.
//!
//! Both look at the same 159 targets of 64 series every second, one after the other so that neither
//! takes the other's CPU. fluxnoc is the release binary with one `scrape` check for each target, one
//! rule for each name of a series, one bad result is enough. Prometheus has scrape and evaluation
//! intervals of 1 s and one alerting rule `for: 0s`; Alertmanager `group_wait: 0s`.
//!
//! | what | flips | fluxnoc | Alertmanager |
//! |---|---|---|---|
//! | calm | one series, 100 times | as it is | each alert its own group (`group_by: ['...']`), which waits for nothing |
//! | storm, each by itself | 10,000 series at once | `storm = 0`: one request an alert | the same |
//! | storm, together | 10,000 series at once | its storm valve: digests | one group (`group_by: [alertname]`), `group_interval: 1s`, its least |
//!
//! An alert counts as told when the first request that carries it was read whole; one in a digest that
//! only counts it is told with that digest. Limits: calm 1 time theirs. In a storm, where ours makes each
//! edge durable before it tells anybody and Alertmanager keeps its alerts in memory, 1.5 times each by
//! itself; together 2 times, for the valve tells once, when nothing has come for a second, and
//! Alertmanager tells a part first and again all of it.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    reason = "a benchmark that cannot measure stops; its numbers are small"
)]

use std::process::ExitCode;
use std::time::{Duration, Instant};

mod alerting;
mod common;
use alerting::systems::{Form, Start, fluxnoc, prometheus};
use alerting::target::{STORM, TARGETS, Targets};
use alerting::told::Told;
use common::{Comparison, Scratch, short, verdict};

/// Scrapes of each target before the first edge: all series are known by then.
const WARM: usize = 8;

/// Seconds: p50 and p99.
type Quantiles = (f64, f64);

/// What was measured of a system.
struct Measured {
    calm: Quantiles,
    each: Quantiles,
    together: Quantiles,
}

fn main() -> ExitCode {
    let edges = if short() { 30 } else { 100 };
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("threads");
    let (ours, peer) = runtime.block_on(async {
        let targets = Targets::start().await;
        let mut told = Told::start().await;
        println!(
            "{TARGETS} targets every second; load {}",
            std::fs::read_to_string("/proc/loadavg").unwrap_or_default().trim()
        );
        let ours = measure("fluxnoc", fluxnoc, &targets, &mut told, edges).await;
        let peer = measure("alertmanager", prometheus, &targets, &mut told, edges).await;
        (ours, peer)
    });
    let row = |what, ours, peer, floor| Comparison {
        what,
        unit: "s",
        ours,
        peer_name: "alertmanager",
        peer,
        floor,
        at_most: true,
    };
    verdict(&[
        row("calm: edge to accepted, p50", ours.calm.0, peer.calm.0, 1.0),
        row("calm: edge to accepted, p99", ours.calm.1, peer.calm.1, 1.0),
        row("10,000 at once, each by itself, p50", ours.each.0, peer.each.0, 1.5),
        row("10,000 at once, each by itself, p99", ours.each.1, peer.each.1, 1.5),
        row("10,000 at once, together, p50", ours.together.0, peer.together.0, 2.0),
        row("10,000 at once, together, p99", ours.together.1, peer.together.1, 2.0),
    ])
}

async fn measure(
    name: &'static str,
    start: Start,
    targets: &Targets,
    told: &mut Told,
    edges: usize,
) -> Measured {
    let scratch = Scratch::new(&format!("alerts-{name}"));
    let begin = async |told: &mut Told, form| {
        let dir = scratch.0.join(format!("{form:?}"));
        std::fs::create_dir(&dir).expect("a directory");
        targets.reset();
        told.forget();
        let programs = start(&dir, targets.port, &told.url, form);
        targets.scraped(WARM).await;
        programs
    };
    let programs = begin(told, Form::Each).await;
    let calm = calm(targets, told, edges).await;
    let each = storm(name, "each by itself", targets, told).await;
    drop(programs);
    let programs = begin(told, Form::Together).await;
    let together = storm(name, "together", targets, told).await;
    drop(programs);
    Measured { calm, each, together }
}

/// One edge at a time, each at another target and at another moment between two scrapes.
async fn calm(targets: &Targets, told: &mut Told, edges: usize) -> Quantiles {
    let mut times = Vec::new();
    for target in 0..edges {
        let wait = u64::from(rand::random::<u16>() % 1000);
        tokio::time::sleep(Duration::from_millis(wait)).await;
        let begun = Instant::now();
        targets.flip(target);
        times.push(told.of(&format!("t{target}/calm")).await - begun);
    }
    quantiles(times)
}

async fn storm(name: &str, form: &str, targets: &Targets, told: &mut Told) -> Quantiles {
    told.forget();
    let begun = Instant::now();
    targets.flip_all(true);
    let times: Vec<Duration> =
        told.all(STORM).await.into_iter().map(|at| at.saturating_duration_since(begun)).collect();
    println!(
        "{name}, {form}: the first after {:.2?}, all {} after {:.2?}, in {} requests",
        times.iter().min().copied().unwrap_or_default(),
        times.len(),
        times.iter().max().copied().unwrap_or_default(),
        told.requests,
    );
    quantiles(times)
}

fn quantiles(mut times: Vec<Duration>) -> Quantiles {
    times.sort_unstable();
    let at = |part: usize| times[(times.len() * part / 100).min(times.len() - 1)].as_secs_f64();
    (at(50), at(99))
}
