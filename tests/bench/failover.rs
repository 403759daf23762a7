//! How long nobody runs the checks when the server that does it dies, stops answering, or is stopped:
//! three servers on one PostgreSQL, services that are asked each second and count who asks. The time
//! runs from the signal until another server leads and a service was asked twice after that.
//!
//! Floor: 10 s (F-71) when it is killed or paused, 3 s when it is stopped in order. The peer is that
//! limit.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_precision_loss,
    reason = "a benchmark that cannot measure stops; its numbers are small"
)]

use std::process::ExitCode;
use std::time::Instant;

use nix::sys::signal::Signal;

mod cluster;
mod common;
#[path = "../common/postgres.rs"]
mod postgres;
#[path = "served/program.rs"]
mod program;
use cluster::{Cluster, wait};
use common::{Comparison, short, verdict};

/// How the one that leads is lost.
#[derive(Clone, Copy)]
enum Loss {
    Killed,
    Paused,
    Stopped,
}

impl Loss {
    const ALL: [(Self, &str, f64); 3] = [
        (Self::Killed, "killed: until checks run again", 10.0),
        (Self::Paused, "paused: until checks run again", 10.0),
        (Self::Stopped, "stopped in order: until checks run again", 3.0),
    ];

    const fn signal(self) -> Signal {
        match self {
            Self::Killed => Signal::SIGKILL,
            Self::Paused => Signal::SIGSTOP,
            Self::Stopped => Signal::SIGTERM,
        }
    }
}

fn main() -> ExitCode {
    let rounds = if short() { 1 } else { 5 };
    let mut cluster = Cluster::start("failover", 3, 100, "1s");
    let mut all = Vec::new();
    for (loss, what, limit) in Loss::ALL {
        let mut took: Vec<f64> = (0..rounds).map(|_| lose(&mut cluster, loss)).collect();
        took.sort_by(f64::total_cmp);
        println!("{what}: {took:.1?} s");
        all.push(Comparison {
            what,
            unit: "s",
            ours: took.last().copied().expect("a round"),
            peer_name: "limit",
            peer: limit,
            floor: 1.0,
            at_most: true,
        });
    }
    verdict(&all)
}

/// One round; all are ready again at its end.
fn lose(cluster: &mut Cluster, loss: Loss) -> f64 {
    let leader = cluster.leader(None).expect("one leads");
    let begun = Instant::now();
    cluster.servers[leader].signal(loss.signal());
    wait("another one leads", || cluster.leader(Some(leader)).is_some());
    let before = cluster.targets.asked();
    wait("checks run", || cluster.targets.asked() >= before + 2);
    let took = begun.elapsed().as_secs_f64();
    match loss {
        Loss::Paused => cluster.servers[leader].signal(Signal::SIGCONT),
        Loss::Killed | Loss::Stopped => {
            cluster.servers[leader].wait();
            cluster.run(leader);
        }
    }
    cluster.ready();
    took
}
