//! What a result costs with one, two and three servers on one PostgreSQL: 66,000 checks of a port a
//! minute, from the run to the row, by CPU time of the servers and of the database.
//!
//! One server leads and runs everything, so the others add what standing by costs and no speed. The
//! services that are asked and the servers share two cores. PostgreSQL runs without fsync: its CPU is
//! measured, not the disk.
//!
//! Floor: 1,000 results a second (the peer is that limit), and a result costs the servers at most a
//! quarter more with three of them than with one.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_precision_loss,
    reason = "a benchmark that cannot measure stops; its numbers are small"
)]

use std::process::ExitCode;
use std::time::{Duration, Instant};

mod cluster;
mod common;
#[path = "../common/postgres.rs"]
mod postgres;
#[path = "served/program.rs"]
mod program;
use cluster::Cluster;
use common::{Comparison, short, verdict};
use program::Program;

/// Checks, each every five seconds.
const CHECKS: usize = 5500;

/// What one run gave.
struct Cost {
    per_second: f64,
    /// Microseconds of CPU a result: the one that leads, all servers, the database.
    leader: f64,
    servers: f64,
    database: f64,
}

fn main() -> ExitCode {
    let costs: Vec<Cost> = (1..=3).map(measure).collect();
    for (n, cost) in costs.iter().enumerate() {
        println!(
            "{} servers: {:.0} results/s; CPU of a result {:.0} us at the leader, {:.0} us at all \
             servers, {:.0} us at PostgreSQL",
            n + 1,
            cost.per_second,
            cost.leader,
            cost.servers,
            cost.database
        );
    }
    let [one, .., three] = costs.as_slice() else { panic!("three runs") };
    let slowest = costs.iter().map(|cost| cost.per_second).fold(f64::INFINITY, f64::min);
    verdict(&[
        Comparison {
            what: "results a second, the slowest of the three",
            unit: "/s",
            ours: slowest,
            peer_name: "limit",
            peer: 1000.0,
            floor: 1.0,
            at_most: false,
        },
        Comparison {
            what: "CPU of a result, three servers",
            unit: "us",
            ours: three.servers,
            peer_name: "one server",
            peer: one.servers,
            floor: 1.25,
            at_most: true,
        },
    ])
}

fn measure(servers: usize) -> Cost {
    let (settle, seconds) = if short() { (8, 10) } else { (20, 60) };
    let cluster = Cluster::start(&format!("servers-{servers}"), servers, CHECKS, "5s");
    let leader = cluster.leader(None).expect("one leads");
    // The first round of all checks is over, and every first result is told.
    std::thread::sleep(Duration::from_secs(settle));
    let cpu = |n: usize| cluster.servers[n].program.as_ref().map_or(0.0, Program::cpu);
    let all = || (0..servers).map(cpu).sum::<f64>();
    let before = (cluster.targets.asked(), cpu(leader), all(), cluster.database_cpu());
    let begun = Instant::now();
    std::thread::sleep(Duration::from_secs(seconds));
    let took = begun.elapsed().as_secs_f64();
    let results = (cluster.targets.asked() - before.0) as f64;
    let each = |seconds: f64| seconds / results * 1e6;
    Cost {
        per_second: results / took,
        leader: each(cpu(leader) - before.1),
        servers: each(all() - before.2),
        database: each(cluster.database_cpu() - before.3),
    }
}
