//! Many services, the program that watches them, and its receiver.
//!
//! Never: decides what is right; that is for the stories.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::process::{Child, Command};

use crate::ledger::Ledger;
use crate::services::{self, FLUXNOC, Service};

/// How long one part of a story may take.
const PATIENCE: Duration = Duration::from_secs(120);
const LOOK: Duration = Duration::from_millis(50);
const TIMEOUT: Duration = Duration::from_millis(900);

/// What a story is played on.
pub struct Stage {
    pub ledger: Ledger,
    dir: PathBuf,
    /// Apart from the rest: its disk is never full.
    out: tempfile::TempDir,
    services: Vec<Service>,
    asked: Arc<AtomicUsize>,
}

/// Writes into a file until nothing more fits.
pub fn fill(path: &Path) {
    let Ok(mut file) = std::fs::File::options().create(true).append(true).open(path) else {
        return;
    };
    for size in [65_536, 4096, 512, 1] {
        while file.write_all(&vec![b'x'; size]).is_ok() {}
    }
}

impl Stage {
    /// So many services, all open.
    pub async fn set(dir: &Path, count: usize) -> Self {
        let asked = Arc::default();
        let mut all = Vec::new();
        for n in 0..count {
            let low = u8::try_from(n % 250 + 1).unwrap();
            let free = SocketAddr::from(([127, 8, 1, low], 0));
            all.push(Service::open_at(free, &asked).await);
        }
        let ledger = Ledger::start().await;
        let text = services::config(&all, TIMEOUT, &ledger.url);
        std::fs::write(dir.join("config.toml"), text).unwrap();
        let out = tempfile::tempdir().unwrap();
        Self { ledger, dir: dir.to_owned(), out, services: all, asked }
    }

    /// Closes the service when it is open, and opens it when it is closed.
    pub async fn turn(&mut self, n: usize) {
        let service = &mut self.services[n];
        if service.is_open() {
            service.close().await;
        } else {
            service.open().await;
        }
    }

    /// How often an open service was asked.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }

    /// Where the program keeps its data.
    pub fn data(&self) -> PathBuf {
        self.dir.join("data")
    }

    /// Starts the program.
    pub fn start(&self) -> Child {
        services::start(Command::new(FLUXNOC), &self.dir, &self.output())
    }

    fn output(&self) -> PathBuf {
        self.out.path().join("output")
    }

    /// What it printed.
    pub fn said(&self) -> String {
        std::fs::read_to_string(self.output()).unwrap_or_default()
    }

    /// Waits until it is so; the program must not end meanwhile.
    pub async fn until(&self, what: &str, program: &mut Child, is_so: impl AsyncFn(&Self) -> bool) {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = program.try_wait().unwrap() {
                panic!("{what}: it ended: {status}: {}", self.said());
            }
            if is_so(self).await {
                return;
            }
            assert!(Instant::now() < until, "{what}: {}", self.said());
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Every check has a good and certain result.
    pub async fn known(&self) -> bool {
        services::are_good(&self.services, &self.data()).await
    }

    /// Alerts are open for what is closed and for nothing else.
    pub async fn is_true(&self) -> bool {
        services::are_told_apart(&self.services, &self.data()).await
    }

    /// No notification waits.
    pub async fn nothing_waits(&self) -> bool {
        services::nothing_waits(&self.data()).await
    }

    /// Ends it in order.
    pub async fn end(&self, mut program: Child) {
        let status = services::stop(&mut program, PATIENCE).await;
        assert!(status.success(), "{status}: {}", self.said());
    }
}
