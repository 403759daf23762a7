//! Services that stop and come back, the real program that watches them, and what it knows of them.
//!
//! Never: decides what is right, but for what is true of the services now.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

use crate::judge;

pub const FLUXNOC: &str = env!("CARGO_BIN_EXE_fluxnoc");

/// A service that takes connections while it is open, and counts them.
pub struct Service {
    pub at: SocketAddr,
    open: Option<JoinHandle<()>>,
    asked: Arc<AtomicUsize>,
}

impl Service {
    /// One that is open at this address; with port 0 at one that is free, and there from then on.
    pub async fn open_at(at: SocketAddr, asked: &Arc<AtomicUsize>) -> Self {
        let listener = TcpListener::bind(at).await.unwrap();
        let at = listener.local_addr().unwrap();
        let mut service = Self { at, open: None, asked: Arc::clone(asked) };
        service.listen(listener);
        service
    }

    fn listen(&mut self, listener: TcpListener) {
        let asked = Arc::clone(&self.asked);
        self.open = Some(tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                asked.fetch_add(1, Ordering::Relaxed);
                drop(stream);
            }
        }));
    }

    pub fn is_open(&self) -> bool {
        self.open.is_some()
    }

    pub async fn open(&mut self) {
        let listener = TcpListener::bind(self.at).await.unwrap();
        self.listen(listener);
    }

    pub async fn close(&mut self) {
        if let Some(task) = self.open.take() {
            task.abort();
            let _ = task.await;
        }
    }
}

/// A configuration: each service is the host `hN`, looked at every second, one bad result is enough,
/// and each edge goes to the receiver by itself.
pub fn config(services: &[Service], timeout: Duration, url: &str) -> String {
    let mut text = format!(
        "[defaults]\ninterval = \"1s\"\ntimeout = \"{}ms\"\nattempts = 1\n\
         [alerting]\ncontact_list = \"all\"\nflapping = false\n\
         [[channel]]\nname = \"hook\"\nkind = \"webhook\"\nformat = \"fluxnoc\"\n\
         url = \"{url}\"\nstorm = 0\n[[contact_list]]\nname = \"all\"\nchannels = [\"hook\"]\n",
        timeout.as_millis()
    );
    for (n, service) in services.iter().enumerate() {
        let (address, port) = (service.at.ip(), service.at.port());
        write!(
            text,
            "[[host]]\nname = \"h{n}\"\naddress = \"{address}\"\n\
             [[host.check]]\nkind = \"tcp\"\nport = {port}\n"
        )
        .unwrap();
    }
    text
}

/// Starts the program, by the words of `command`, with `config.toml` and `data` of a directory; as a
/// server when the store is in PostgreSQL, which a console does not open.
pub fn start(mut command: Command, dir: &Path, output: &Path) -> Child {
    let data = dir.join("data");
    let database = judge::database(&data);
    command.args(if database.is_some() { ["serve"] } else { ["--plain"] });
    command.arg("--config").arg(dir.join("config.toml")).arg("--data-dir").arg(data);
    command.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", dir);
    if let Some(database) = database {
        command.env("FLUXNOC_DATABASE", database);
        command.args(["--listen", "127.0.0.1:0"]).env("FLUXNOC_SERVER__HEALTH_ENABLED", "false");
    }
    let output = std::fs::File::create(output).unwrap();
    command.stdin(Stdio::piped()).stdout(output.try_clone().unwrap()).stderr(output);
    command.kill_on_drop(true).spawn().unwrap()
}

/// Ends it in order.
pub async fn stop(program: &mut Child, patience: Duration) -> ExitStatus {
    let pid = i32::try_from(program.id().unwrap()).unwrap();
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::Signal::SIGTERM)
        .unwrap();
    tokio::time::timeout(patience, program.wait()).await.expect("it ends").unwrap()
}

async fn count(data: &Path, sql: &'static str) -> Option<usize> {
    judge::try_rows(data, sql).await.map(|rows| rows.len())
}

/// Every service has a good and certain result.
pub async fn are_good(services: &[Service], data: &Path) -> bool {
    count(data, "SELECT 1 FROM statuses WHERE state = 'OK' AND hard").await == Some(services.len())
}

/// Every service has a certain result.
pub async fn are_known(services: &[Service], data: &Path) -> bool {
    let known = "SELECT 1 FROM statuses WHERE state IN ('OK', 'CRITICAL') AND hard";
    count(data, known).await == Some(services.len())
}

/// Alerts are open for what is closed and for nothing else.
pub async fn are_told_apart(services: &[Service], data: &Path) -> bool {
    let firing = "SELECT host FROM alerts WHERE phase = 'firing'";
    let Some(firing) = judge::try_rows(data, firing).await else { return false };
    let closed = services.iter().enumerate().filter(|(_, service)| !service.is_open());
    let closed: BTreeSet<String> = closed.map(|(n, _)| format!("h{n}")).collect();
    // As many rows: no host has two.
    firing.len() == closed.len()
        && firing.iter().map(judge::text).collect::<BTreeSet<_>>() == closed
}

/// No notification waits.
pub async fn nothing_waits(data: &Path) -> bool {
    count(data, "SELECT 1 FROM outbox WHERE state = 'due'").await == Some(0)
}
