//! One story: three services that stop and come back, the program killed on the way, and what is
//! true and told after it was started again.
//!
//! In: which call, and which of its calls. Out: whether it was killed there, or a panic.
//! Never: a story's services on another story's addresses.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::process::{Child, Command};

use crate::judge;
use crate::ledger::Ledger;
use crate::services::{self, FLUXNOC, Service};

/// How long one part of the story may take.
const PATIENCE: Duration = Duration::from_secs(40);
const LOOK: Duration = Duration::from_millis(25);
const TIMEOUT: Duration = Duration::from_millis(500);

/// Where the program is killed.
pub struct Round {
    pub number: usize,
    pub call: &'static str,
    pub nth: usize,
    /// How often the services stop and come back.
    pub times: usize,
}

/// The addresses are the round's own.
fn address(round: usize, n: usize) -> SocketAddr {
    let low = u8::try_from(round % 250 + 1).unwrap();
    let high = u8::try_from(round / 250 + 1).unwrap();
    let port = 4100 + u16::try_from(n).unwrap();
    SocketAddr::from(([127, 7, high, low], port))
}

struct Story {
    what: String,
    dir: tempfile::TempDir,
    ledger: Ledger,
    services: Vec<Service>,
}

impl Drop for Story {
    /// A story that fails leaves no program behind: strace ends before what it traced.
    fn drop(&mut self) {
        self.end_left_over();
    }
}

/// Plays it, on a database of PostgreSQL when there is one; true when the program was killed at that
/// point.
pub async fn play(round: Round, database: Option<&str>) -> bool {
    let what = format!("{} number {}", round.call, round.nth);
    let ledger = Ledger::start().await;
    let mut services = Vec::new();
    for n in 0..3 {
        services.push(Service::open_at(address(round.number, n), &Arc::default()).await);
    }
    let dir = tempfile::tempdir().unwrap();
    let text = services::config(&services, TIMEOUT, &ledger.url);
    std::fs::write(dir.path().join("config.toml"), text).unwrap();
    if let Some(database) = database {
        let data = dir.path().join("data");
        std::fs::DirBuilder::new().mode(0o700).create(&data).unwrap();
        std::fs::write(data.join(judge::DATABASE), database).unwrap();
    }
    let mut story = Story { what, dir, ledger, services };
    let mut traced = story.start(Some(&round));
    let fired = story.until_killed(&mut traced, round.times).await;
    if !fired {
        // strace ends with what it traces.
        let _ = traced.start_kill();
        let _ = traced.wait().await;
        story.end_left_over();
    }
    story.again().await;
    fired
}

impl Story {
    fn data(&self) -> std::path::PathBuf {
        self.dir.path().join("data")
    }

    fn start(&self, killed_at: Option<&Round>) -> Child {
        let command = match killed_at {
            None => Command::new(FLUXNOC),
            Some(Round { call, nth, .. }) => {
                let mut command = Command::new("strace");
                let inject = format!("inject={call}:signal=KILL:when={nth}");
                command.args(["-f", "-qq", "-o", "/dev/null"]);
                command.args(["-e", &format!("trace={call}"), "-e", &inject, FLUXNOC]);
                command
            }
        };
        services::start(command, self.dir.path(), &self.dir.path().join("output"))
    }

    /// It has begun: what is true is its own doing, and so will its end be.
    fn spoke(&self) -> bool {
        let output = std::fs::read_to_string(self.dir.path().join("output")).unwrap_or_default();
        match judge::database(&self.data()) {
            Some(_) => output.contains("this server leads"),
            None => !output.trim().is_empty(),
        }
    }

    fn said(&self) -> String {
        let read = |path: &Path| std::fs::read_to_string(path).unwrap_or_default();
        let log = read(&self.data().join("fluxnoc.log"));
        format!("{}\n{log}", read(&self.dir.path().join("output")))
    }

    /// The services stop and come back; true when the program ended meanwhile.
    async fn until_killed(&mut self, traced: &mut Child, times: usize) -> bool {
        // What stops and what comes back.
        let round: [(&[usize], &[usize]); 4] =
            [(&[0, 1], &[]), (&[2], &[0]), (&[0], &[1, 2]), (&[], &[0])];
        let acts = std::iter::once::<(&[usize], &[usize])>((&[], &[]));
        let mut taken = 0;
        for (stop, come) in acts.chain(std::iter::repeat_n(round, times).flatten()) {
            taken += stop.len() + come.len();
            for n in stop {
                self.services[*n].close().await;
            }
            for n in come {
                self.services[*n].open().await;
            }
            let until = Instant::now() + PATIENCE;
            loop {
                if traced.try_wait().unwrap().is_some() {
                    return true;
                }
                let seen = match taken {
                    0 => services::are_good(&self.services, &self.data()).await,
                    _ => self.taken() >= taken,
                };
                if seen {
                    break;
                }
                assert!(Instant::now() < until, "{}: {taken}: {}", self.what, self.said());
                tokio::time::sleep(LOOK).await;
            }
        }
        false
    }

    /// How many keys were taken.
    fn taken(&self) -> usize {
        let taken = self.ledger.entries().into_iter().filter(|entry| entry.taken);
        taken.map(|entry| entry.key).collect::<std::collections::BTreeSet<_>>().len()
    }

    /// What strace left running ends.
    fn end_left_over(&self) {
        let mark = self.data().display().to_string();
        for process in procfs::process::all_processes().unwrap().flatten() {
            if process.cmdline().is_ok_and(|words| words.contains(&mark)) {
                let pid = nix::unistd::Pid::from_raw(process.pid());
                let _ = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL);
            }
        }
    }

    /// Started again: what is true is known, all of it is told, and the ledger agrees.
    async fn again(mut self) {
        let mut program = self.start(None);
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = program.try_wait().unwrap() {
                panic!("{}: does not start again: {status}: {}", self.what, self.said());
            }
            // Its console has said something: it runs, and its end will be its own. The log speaks
            // before that.
            if self.spoke() && self.is_true().await {
                break;
            }
            assert!(Instant::now() < until, "{}: not true again: {}", self.what, self.said());
            tokio::time::sleep(LOOK).await;
        }
        let status = services::stop(&mut program, PATIENCE).await;
        assert!(status.success(), "{}: {status}: {}", self.what, self.said());
        let told = judge::read(&self.data(), &mut BTreeMap::new()).await;
        println!("{}", self.what);
        judge::ledger(&told, "hook", &self.ledger.entries());
        judge::alerts(&told, &[], &["hook"], &[]);
        for service in &mut self.services {
            service.close().await;
        }
    }

    /// Alerts are open for what is closed and nothing else, every check is known, nothing waits.
    async fn is_true(&self) -> bool {
        services::are_told_apart(&self.services, &self.data()).await
            && services::nothing_waits(&self.data()).await
            && services::are_known(&self.services, &self.data()).await
    }
}
