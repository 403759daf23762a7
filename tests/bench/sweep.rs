//! An ICMP sweep of 5,000 loopback addresses, beside fping in the same run.
//!
//! Floor: 0.8 of fping's rate at equal loss.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::cast_precision_loss,
    reason = "a benchmark that cannot measure stops; its numbers are small"
)]

use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use fluxnoc::model::Check;
use fluxnoc::model::Span;
use fluxnoc::model::spec::{Family, PingSpec, Spec};
use fluxnoc::probe::{self, Context, Memory, Shared};

mod common;
use common::{Comparison, Scratch, short, timed, verdict};

fn main() -> ExitCode {
    let count = if short() { 1000 } else { 5000 };
    let rounds = 3;
    let addresses: Vec<String> = (0..count)
        .map(|n| format!("127.{}.{}.{}", 1 + n / 60_000, n / 240 % 250, 2 + n % 240))
        .collect();
    let scratch = Scratch::new("sweep");
    let file = scratch.0.join("addresses");
    std::fs::write(&file, addresses.join("\n")).expect("the list is written");

    let (mut our_best, mut our_lost) = (Duration::MAX, 0);
    let (mut peer_best, mut peer_lost) = (Duration::MAX, 0);
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("threads");
    let shared = Shared::start().expect("the round-trip thread");
    for _ in 0..rounds {
        let (lost, took) = timed(|| runtime.block_on(sweep(&addresses, &shared)));
        our_lost += lost;
        our_best = our_best.min(took);
        let (lost, took) = timed(|| fping(&file));
        peer_lost += lost;
        peer_best = peer_best.min(took);
    }
    println!("lost: ours {our_lost}, fping {peer_lost}, of {} each", count * rounds);
    let rate = |took: Duration| count as f64 / took.as_secs_f64();
    let equal_loss = our_lost <= peer_lost;
    let code = verdict(&[Comparison {
        what: "ICMP sweep, addresses per second",
        unit: "/s",
        ours: rate(our_best),
        peer_name: "fping",
        peer: rate(peer_best),
        floor: 0.8,
        at_most: false,
    }]);
    if equal_loss { code } else { ExitCode::FAILURE }
}

async fn sweep(addresses: &[String], shared: &std::sync::Arc<Shared>) -> usize {
    let spec = PingSpec {
        packets: 1,
        packet_interval: Span::from_millis(1),
        size: 56,
        family: Family::V4,
    };
    let runs = addresses.iter().map(|address| {
        let check = Check::new(address, "ping", address, Spec::Ping(spec.clone()));
        let shared = std::sync::Arc::clone(shared);
        tokio::spawn(async move {
            let context = Context::new(&shared, Duration::from_secs(5));
            probe::run(&check, &context, &mut Memory::default()).await
        })
    });
    let runs: Vec<_> = runs.collect();
    let mut lost = 0;
    for run in runs {
        let seen = run.await.expect("a run");
        lost += usize::from(seen.value("loss") != Some(0.0));
    }
    lost
}

/// As fast as fping goes: no pause between targets.
fn fping(file: &std::path::Path) -> usize {
    let output = Command::new("fping")
        .args(["-q", "-C", "1", "-i", "0", "-B", "1", "-r", "0", "-t", "5000", "-f"])
        .arg(file)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .output()
        .expect("fping runs (tests/run install)");
    let text = String::from_utf8_lossy(&output.stderr);
    text.lines().filter(|line| line.trim_end().ends_with('-')).count()
}
