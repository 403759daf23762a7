//! What a server takes from its agents, over the network and with one agent's connection each.
//!
//! First 100 agents with 100 checks each send report after report, the next when the last was
//! answered, which is when it is stored. Then a server is started at which 1,000 agents come back
//! together with an hour of results that waited: each opens its stream, claims, tells its five
//! present results and then the 300 kept ones, with a heartbeat every ten seconds between, as the
//! program does. Who plays the agents shares the two cores with the server.
//!
//! Floor: 1,000 results a second in both (the peer is that limit), every agent's present results in
//! within a minute, its heartbeats far below the 120 s after which it is OFFLINE, and at most one MiB
//! of the server's memory for each agent whose results are on their way in.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::cast_precision_loss,
    reason = "a benchmark that cannot measure stops; its numbers are small"
)]

use std::process::ExitCode;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

mod common;
#[path = "fleet/crowd.rs"]
mod crowd;
#[path = "served/program.rs"]
mod program;
use common::{Comparison, short, verdict};
use crowd::{Agent, Hall};

/// Results that waited, of each check: an hour of one a minute.
const KEPT: usize = 60;
/// Results of one late report.
const PARCEL: usize = 300;
const BEAT: Duration = Duration::from_secs(10);

fn main() -> ExitCode {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("threads");
    let mut all = runtime.block_on(steady());
    all.extend(runtime.block_on(reunion()));
    verdict(&all)
}

/// Agents that send as fast as they are answered.
async fn steady() -> Vec<Comparison> {
    let (agents, checks) = (100, 100);
    let seconds = if short() { 5 } else { 30 };
    let hall = Hall::open("fleet", agents, checks).await;
    let mut crowd = hall.agents(agents).await;
    for agent in &mut crowd {
        agent.claim().await;
    }
    let (cpu, begun) = (hall.program.cpu(), Instant::now());
    let until = begun + Duration::from_secs(seconds);
    let mut work = JoinSet::new();
    for mut agent in crowd {
        work.spawn(async move {
            let mut slowest = Duration::ZERO;
            let mut sent = 0;
            while Instant::now() < until {
                slowest = slowest.max(agent.report_now().await);
                sent += agent.checks();
            }
            (sent, slowest)
        });
    }
    let done = work.join_all().await;
    let (took, cpu) = (begun.elapsed().as_secs_f64(), hall.program.cpu() - cpu);
    let sent: usize = done.iter().map(|(sent, _)| sent).sum();
    let slowest = done.iter().map(|(_, slowest)| *slowest).max().unwrap_or_default();
    println!(
        "{agents} agents sent {sent} results in {took:.1} s; a result took the server {:.0} us of CPU; \
         the slowest answer came after {slowest:.1?}",
        cpu / sent as f64 * 1e6
    );
    vec![at_least("results from 100 agents", sent as f64 / took, 1000.0)]
}

/// What one agent saw of its return.
struct Seen {
    /// Until its present results were in.
    present: Duration,
    /// Until the last of what waited was in.
    whole: Duration,
    /// The slowest heartbeat.
    beat: Duration,
}

/// All at once, each with an hour of results.
async fn reunion() -> Vec<Comparison> {
    let (agents, checks) = (if short() { 100 } else { 1000 }, 5);
    let hall = Hall::open("reunion", agents, checks).await;
    let crowd = hall.agents(agents).await;
    let before = hall.program.rss_kib() / 1024.0;
    let (cpu, begun) = (hall.program.cpu(), Instant::now());
    let mut work = JoinSet::new();
    for agent in crowd {
        work.spawn(returns(agent, begun));
    }
    let mut most = before;
    let mut seen = Vec::new();
    while !work.is_empty() {
        let pause = tokio::time::sleep(Duration::from_millis(500));
        tokio::select! {
            done = work.join_next() => seen.extend(done.map(|done| done.expect("an agent"))),
            () = pause => most = most.max(hall.program.rss_kib() / 1024.0),
        }
    }
    let cpu = hall.program.cpu() - cpu;
    let results = (agents * checks * (KEPT + 1)) as f64;
    let longest =
        |of: fn(&Seen) -> Duration| seen.iter().map(of).max().unwrap_or_default().as_secs_f64();
    let took = longest(|seen| seen.whole);
    println!(
        "{agents} agents came back with {results} results in {took:.1} s; a result took the server \
         {:.0} us of CPU; its memory was {before:.0} MiB before and {most:.0} MiB at most",
        cpu / results * 1e6
    );
    vec![
        at_least("results of an hour, all agents at once", results / took, 1000.0),
        at_most("the last agent's present results are in", "s", longest(|s| s.present), 60.0),
        at_most("the slowest heartbeat meanwhile", "s", longest(|seen| seen.beat), 30.0),
        at_most("memory for an agent meanwhile", "MiB", (most - before) / agents as f64, 1.0),
    ]
}

async fn returns(mut agent: Agent, begun: Instant) -> Seen {
    agent.listen().await;
    agent.claim().await;
    agent.report_now().await;
    let present = begun.elapsed();
    let mut beat = agent.beat().await;
    let mut last_beat = Instant::now();
    let mut kept = agent.kept(KEPT);
    while !kept.is_empty() {
        let rest = kept.split_off(PARCEL.min(kept.len()));
        agent.report_late(std::mem::replace(&mut kept, rest)).await;
        if last_beat.elapsed() > BEAT {
            last_beat = Instant::now();
            beat = beat.max(agent.beat().await);
        }
    }
    Seen { present, whole: begun.elapsed(), beat: beat.max(agent.beat().await) }
}

fn at_least(what: &'static str, ours: f64, peer: f64) -> Comparison {
    Comparison { what, unit: "/s", ours, peer_name: "limit", peer, floor: 1.0, at_most: false }
}

fn at_most(what: &'static str, unit: &'static str, ours: f64, peer: f64) -> Comparison {
    Comparison { what, unit, ours, peer_name: "limit", peer, floor: 1.0, at_most: true }
}
