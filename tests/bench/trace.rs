//! The time of a trace of sixteen hops, beside mtr in the same run.
//!
//! Limit: 1.2 times mtr's time for the same number of rounds at the same interval. Needs network
//! namespaces (root, or unprivileged user namespaces).

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_precision_loss,
    reason = "a benchmark that cannot measure stops; its numbers are small"
)]

use std::process::{Command, ExitCode};
use std::time::Duration;

mod common;
#[path = "../common/netns.rs"]
mod netns;

use common::{Comparison, short, timed, verdict};

fn main() -> ExitCode {
    if !nix::unistd::geteuid().is_root() {
        return as_root_of_a_namespace();
    }
    let rounds = if short() { 5 } else { 20 };
    // With the target sixteen hops.
    let chain = netns::Chain::build(netns::Plan { routers: 15, ..netns::Plan::default() });
    let target = chain.target(false).to_string();
    let program = std::env::var("FLUXNOC_BIN").expect("FLUXNOC_BIN names the built program");
    let count = rounds.to_string();
    let run = |program: &str, args: &[&str]| {
        let (output, took) = timed(|| chain.a().command(program).args(args).output());
        let output = output.expect("it runs (tests/run install)");
        assert!(output.status.success(), "{program}: {output:?}");
        took
    };
    let best = |program: &str, args: &[&str]| {
        (0..3).map(|_| run(program, args)).min().unwrap_or(Duration::MAX).as_secs_f64()
    };
    let ours = best(&program, &["trace", &target, "--count", &count, "--interval", "200ms", "-n"]);
    let peer = best("mtr", &["-n", "-r", "-c", &count, "-i", "0.2", &target]);
    verdict(&[Comparison {
        what: "trace of 16 hops",
        unit: "s",
        ours,
        peer_name: "mtr",
        peer,
        floor: 1.2,
        at_most: true,
    }])
}

/// Runs this benchmark again where it may make namespaces.
fn as_root_of_a_namespace() -> ExitCode {
    let status = Command::new("unshare")
        .args(["--user", "--map-root-user", "--net", "--mount", "--"])
        .arg(std::env::current_exe().expect("its own path"))
        .status()
        .expect("unshare (util-linux) is installed");
    if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
