//! Services that stop and come back, the program that watches them, and its receiver.
//!
//! Never: decides what is right; that is for the stories.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

use crate::judge;
use crate::ledger::Ledger;

const FLUXNOC: &str = env!("CARGO_BIN_EXE_fluxnoc");
/// How long one part of a story may take.
const PATIENCE: Duration = Duration::from_secs(120);
const LOOK: Duration = Duration::from_millis(50);

/// A service that takes connections while it is open.
struct Service {
    at: SocketAddr,
    open: Option<JoinHandle<()>>,
}

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
    /// So many services, all open, each checked so often.
    pub async fn set(dir: &Path, services: usize, seconds: u64) -> Self {
        let asked = Arc::new(AtomicUsize::new(0));
        let mut stage = Self {
            ledger: Ledger::start().await,
            dir: dir.to_owned(),
            out: tempfile::tempdir().unwrap(),
            services: Vec::new(),
            asked,
        };
        for n in 0..services {
            // Where it is after it was closed and opened again is where it was.
            let low = u8::try_from(n % 250 + 1).unwrap();
            let listener =
                TcpListener::bind(SocketAddr::from(([127, 8, 1, low], 0))).await.unwrap();
            let at = listener.local_addr().unwrap();
            let open = Some(stage.takes_connections(listener));
            stage.services.push(Service { at, open });
        }
        let mut text = format!(
            "[defaults]\ninterval = \"{seconds}s\"\ntimeout = \"900ms\"\nattempts = 1\n\
             [alerting]\ncontact_list = \"all\"\nflapping = false\n\
             [[channel]]\nname = \"hook\"\nkind = \"webhook\"\nformat = \"fluxnoc\"\n\
             url = \"{}\"\nstorm = 0\n[[contact_list]]\nname = \"all\"\nchannels = [\"hook\"]\n",
            stage.ledger.url
        );
        for (n, service) in stage.services.iter().enumerate() {
            let (address, port) = (service.at.ip(), service.at.port());
            text += &format!(
                "[[host]]\nname = \"h{n}\"\naddress = \"{address}\"\n\
                 [[host.check]]\nkind = \"tcp\"\nport = {port}\n"
            );
        }
        std::fs::write(dir.join("config.toml"), text).unwrap();
        stage
    }

    fn takes_connections(&self, listener: TcpListener) -> JoinHandle<()> {
        let asked = Arc::clone(&self.asked);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                asked.fetch_add(1, Ordering::Relaxed);
                drop(stream);
            }
        })
    }

    /// Closes the service when it is open, and opens it when it is closed.
    pub async fn turn(&mut self, n: usize) {
        let at = self.services[n].at;
        if let Some(task) = self.services[n].open.take() {
            task.abort();
            let _ = task.await;
        } else {
            let listener = TcpListener::bind(at).await.unwrap();
            self.services[n].open = Some(self.takes_connections(listener));
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
        let mut command = Command::new(FLUXNOC);
        command.arg("--plain").arg("--config").arg(self.dir.join("config.toml"));
        command.arg("--data-dir").arg(self.data());
        command.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", &self.dir);
        let log = std::fs::File::create(self.out.path().join("output")).unwrap();
        command.stdin(Stdio::piped()).stdout(log.try_clone().unwrap()).stderr(log);
        command.kill_on_drop(true).spawn().unwrap()
    }

    /// What it printed.
    pub fn said(&self) -> String {
        std::fs::read_to_string(self.out.path().join("output")).unwrap_or_default()
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
        let good = "SELECT 1 FROM statuses WHERE state = 'OK' AND hard";
        let good = judge::try_rows(&self.data(), good).await;
        good.is_some_and(|rows| rows.len() == self.services.len())
    }

    /// Alerts are open for what is closed and for nothing else.
    pub async fn is_true(&self) -> bool {
        let firing = "SELECT host FROM alerts WHERE phase = 'firing'";
        let Some(firing) = judge::try_rows(&self.data(), firing).await else { return false };
        let firing: BTreeSet<String> = firing.iter().map(judge::text).collect();
        let all = self.services.iter().enumerate();
        let closed: BTreeSet<String> =
            all.filter(|(_, one)| one.open.is_none()).map(|(n, _)| format!("h{n}")).collect();
        firing == closed
    }

    /// No notification waits.
    pub async fn nothing_waits(&self) -> bool {
        let due = judge::try_rows(&self.data(), "SELECT 1 FROM outbox WHERE state = 'due'").await;
        due.is_some_and(|rows| rows.is_empty())
    }

    /// Ends it in order.
    pub async fn end(&self, mut program: Child) {
        let pid = i32::try_from(program.id().unwrap()).unwrap();
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::Signal::SIGTERM)
            .unwrap();
        let status =
            tokio::time::timeout(PATIENCE, program.wait()).await.expect("it ends").unwrap();
        assert!(status.success(), "{status}: {}", self.said());
    }
}
