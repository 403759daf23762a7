//! A demonstration of its own directory, reached through its socket beside its screen.
//!
//! In: nothing. Out: where it runs, what its engine says, what its process takes.
//! Never: leaves anything behind.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use fluxnoc::client::Client;
use fluxnoc::protocol::query::AlertAnswer;
use fluxnoc::protocol::{Answer, Query, Role};

/// The program.
pub const FLUXNOC: &str = env!("CARGO_BIN_EXE_fluxnoc");
/// Longest wait for something that must come.
pub const PATIENCE: Duration = Duration::from_mins(2);

static ALONE: Mutex<()> = Mutex::new(());

/// These tests measure times, so they run one after another.
pub fn alone() -> MutexGuard<'static, ()> {
    // One that failed does not fail the others.
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A home of a demonstration.
pub struct Stage {
    pub dir: tempfile::TempDir,
    home: String,
}

impl Stage {
    /// An empty one.
    pub fn new() -> Self {
        let dir = tempfile::Builder::new().prefix("fluxnoc-storm-").tempdir().unwrap();
        let home = dir.path().display().to_string();
        Self { dir, home }
    }

    /// What the program finds it by.
    pub fn env(&self) -> [(&str, &str); 2] {
        [("HOME", &self.home), ("TMPDIR", &self.home)]
    }

    /// The way to its engine, once that answers.
    pub async fn client(&self) -> Client {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(socket) = self.socket()
                && let Ok(client) = Client::connect(&socket, "test", Role::Viewer)
                && client.query(&Query::Engine).await.is_ok()
            {
                return client;
            }
            assert!(Instant::now() < until, "no engine answers in {}", self.home);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn socket(&self) -> Option<PathBuf> {
        std::fs::read_dir(self.dir.path())
            .ok()?
            .filter_map(|entry| Some(entry.ok()?.path().join("fluxnoc.sock")))
            .find(|path| path.exists())
    }
}

/// A runtime for the few questions of a test.
pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// The open alerts.
pub async fn alerts(client: &Client) -> Vec<AlertAnswer> {
    match client.query(&Query::Alerts { all: false }).await {
        Ok(Answer::Alerts(alerts)) => alerts,
        other => panic!("{other:?}"),
    }
}

/// Resident memory of a process in KiB.
pub fn memory(pid: u32) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = text.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Open descriptors of a process.
pub fn descriptors(pid: u32) -> usize {
    std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count()
}
