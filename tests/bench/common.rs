//! What every benchmark needs: CPU time of this process and its children, a scratch directory, and
//! the closing line with ours, the peer's, the ratio and the floor.

#![allow(dead_code, reason = "each benchmark uses a part of it")]

use std::process::ExitCode;
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};

/// CPU seconds (user and system) of this process so far, all its threads.
pub fn own_cpu() -> f64 {
    cpu(UsageWho::RUSAGE_SELF)
}

/// CPU seconds of all ended children of this process.
pub fn children_cpu() -> f64 {
    cpu(UsageWho::RUSAGE_CHILDREN)
}

fn cpu(who: UsageWho) -> f64 {
    let usage = getrusage(who).expect("rusage");
    let seconds = |t: nix::sys::time::TimeVal| {
        use nix::sys::time::TimeValLike;
        t.num_microseconds() as f64 / 1e6
    };
    seconds(usage.user_time()) + seconds(usage.system_time())
}

/// Resident memory of this process in MiB.
pub fn own_rss_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/statm").expect("statm");
    let pages: f64 = status.split_whitespace().nth(1).and_then(|p| p.parse().ok()).expect("pages");
    pages * 4096.0 / 1024.0 / 1024.0
}

/// True when the short form was asked for (`FLUXNOC_BENCH=short`).
pub fn short() -> bool {
    std::env::var("FLUXNOC_BENCH").is_ok_and(|v| v == "short")
}

/// One comparison: prints it and says whether it holds.
pub struct Comparison {
    pub what: &'static str,
    pub unit: &'static str,
    pub ours: f64,
    pub peer_name: &'static str,
    pub peer: f64,
    /// `ours / peer` must be at least (or, with `at_most`, at most) this.
    pub floor: f64,
    pub at_most: bool,
}

impl Comparison {
    pub fn print(&self) -> bool {
        let ratio = self.ours / self.peer;
        let holds = if self.at_most { ratio <= self.floor } else { ratio >= self.floor };
        println!(
            "{:<44} ours {:>12.2} {unit}  {} {:>12.2} {unit}  ratio {:>8.3} ({} {})  {}",
            self.what,
            self.ours,
            self.peer_name,
            self.peer,
            ratio,
            if self.at_most { "at most" } else { "at least" },
            self.floor,
            if holds { "holds" } else { "BROKEN" },
            unit = self.unit,
        );
        holds
    }
}

/// The exit code of several comparisons.
pub fn verdict(all: &[Comparison]) -> ExitCode {
    let held = all.iter().map(Comparison::print).filter(|held| *held).count();
    println!("{held} passed, {} failed", all.len() - held);
    if held == all.len() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Wall time of something.
pub fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let value = work();
    (value, start.elapsed())
}

/// Where a program of another project is, when it is installed.
pub fn program(name: &str) -> Option<std::path::PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|dir| dir.join(name)).find(|file| file.is_file())
}

/// A scratch directory that goes with its value.
pub struct Scratch(pub std::path::PathBuf);

impl Scratch {
    pub fn new(name: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("fluxnoc-bench-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).expect("a scratch directory");
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
