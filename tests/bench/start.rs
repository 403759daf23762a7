//! From the start of the program to its first frame and to the whole picture, with an empty
//! database and with one that knows 10,000 hosts, 60,000 checks and their results; 200x60.
//!
//! Limits: first frame 50 ms, with 10,000 hosts 500 ms (their configuration is read first, and a bad
//! one opens no screen); the whole picture 1 s. Where they are installed, the first frames of
//! `btop` and `btm` (bottom) are measured in the same harness.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::cast_precision_loss,
    reason = "a benchmark that cannot measure stops; its numbers are small"
)]

use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use fluxnoc::clock::Clock;

mod common;
mod feeder;
#[path = "../common/letters.rs"]
mod letters;
#[path = "../common/pty.rs"]
mod pty;
use common::{Comparison, Scratch, program, short, verdict};
use pty::{PATIENCE, Terminal};

const SIZE: (u16, u16) = (200, 60);
const HOSTS: usize = 10_000;
/// Milliseconds to the first frame, to that of 10,000 hosts, and to the whole picture.
const LIMITS: [f64; 3] = [50.0, 500.0, 1000.0];

fn main() -> ExitCode {
    let times = if short() { 3 } else { 15 };
    let empty = Scratch::new("start-empty");
    let config = "[[host]]\nname = \"job-1\"\naddress = \"127.0.0.1\"\n[[host.check]]\n\
                  kind = \"custom\"\nname = \"job\"\ninterval = \"1h\"\nshell = \"echo well\"\n";
    std::fs::write(empty.0.join("config.toml"), config).expect("a configuration");
    let full = Scratch::new("start-full");
    fill(&full.0);
    let (empty, full) = (measure(&empty.0, 1, times), measure(&full.0, HOSTS, times));
    let row = |what, ours, peer_name, peer| Comparison {
        what,
        unit: "ms",
        ours,
        peer_name,
        peer,
        floor: 1.0,
        at_most: true,
    };
    let mut rows = vec![
        row("empty database: first frame", empty.0, "limit", LIMITS[0]),
        row("empty database: whole", empty.1, "limit", LIMITS[2]),
        row("10,000 hosts: first frame", full.0, "limit", LIMITS[1]),
        row("10,000 hosts: whole", full.1, "limit", LIMITS[2]),
    ];
    for (name, what) in [("btop", "first frame beside btop"), ("btm", "first frame beside bottom")]
    {
        match program(name) {
            Some(path) => rows.push(row(what, empty.0, name, peer(&path, times))),
            None => println!("{name} is not installed: no comparison with it"),
        }
    }
    verdict(&rows)
}

/// A database of all hosts with a result of every check, and the configuration that lists them.
fn fill(dir: &Path) {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("threads");
    std::fs::create_dir(dir.join("data")).expect("a directory");
    runtime.block_on(async {
        let clock = Clock::System;
        let (engine, assignments) = feeder::engine(&dir.join("data"), HOSTS, &clock).await;
        for from in (0..assignments.len()).step_by(feeder::BATCH) {
            let count = feeder::BATCH.min(assignments.len() - from);
            feeder::report(&engine, &clock, &assignments, from, count).await;
        }
        engine.stopped().await.expect("a whole engine");
    });
    let mut text = "[defaults]\ninterval = \"1h\"\n".to_owned();
    for n in 0..HOSTS {
        let _ = write!(text, "[[host]]\nname = \"host-{n:05}\"\naddress = \"127.0.0.1\"\n");
        for check in ["ping", "tcp", "http", "dns", "udp", "custom"] {
            let _ = write!(text, "[[host.check]]\nkind = \"ping\"\nname = \"{check}\"\n");
        }
    }
    std::fs::write(dir.join("config.toml"), text).expect("a configuration");
}

/// The median of a few starts: milliseconds to the first frame and to the whole picture.
fn measure(dir: &Path, hosts: usize, times: usize) -> (f64, f64) {
    let (config, data) = (dir.join("config.toml"), dir.join("data"));
    let (config, data) = (config.display().to_string(), data.display().to_string());
    let own =
        std::env::var("FLUXNOC_BIN").unwrap_or_else(|_| env!("CARGO_BIN_EXE_fluxnoc").to_owned());
    let mut all = Vec::new();
    for _ in 0..times {
        let begun = Instant::now();
        let args = ["--config", &config, "--data-dir", &data];
        let mut console = Terminal::start(own.as_ref(), &args, &[], SIZE.0, SIZE.1);
        console.wait("a frame", PATIENCE, |screen| screen.contains("fluxnoc"));
        let first = begun.elapsed().as_secs_f64() * 1e3;
        console.wait("all hosts", PATIENCE, |screen| {
            screen.contains(&format!("{hosts} OK")) && screen.contains("LIVE")
        });
        all.push((first, begun.elapsed().as_secs_f64() * 1e3));
        console.signal(nix::sys::signal::Signal::SIGTERM);
        console.wait_exit();
    }
    let median = |mut of: Vec<f64>| {
        of.sort_unstable_by(f64::total_cmp);
        of.get(of.len() / 2).copied().unwrap_or(f64::NAN)
    };
    (median(all.iter().map(|t| t.0).collect()), median(all.iter().map(|t| t.1).collect()))
}

/// The same of a peer: until its first twenty lines.
fn peer(path: &Path, times: usize) -> f64 {
    let scratch = Scratch::new("start-peer");
    let home = scratch.0.display().to_string();
    let args: &[&str] = if path.ends_with("btop") { &["--utf-force"] } else { &[] };
    let mut all: Vec<f64> = (0..times)
        .map(|_| {
            let begun = Instant::now();
            let env = [("HOME", home.as_str()), ("LANG", "C.UTF-8")];
            let console = Terminal::start(path, args, &env, SIZE.0, SIZE.1);
            console.wait("its first frame", PATIENCE, |screen| screen.lines().count() > 20);
            begun.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    all.sort_unstable_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or(f64::NAN)
}
