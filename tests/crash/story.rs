//! One story: three services that stop and come back, the program killed on the way, and what is
//! true and told after it was started again.
//!
//! In: which call, and which of its calls. Out: whether it was killed there, or a panic.
//! Never: a story's services on another story's addresses.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

use crate::judge;
use crate::ledger::Ledger;

const FLUXNOC: &str = env!("CARGO_BIN_EXE_fluxnoc");
/// How long one part of the story may take.
const PATIENCE: Duration = Duration::from_secs(40);
const LOOK: Duration = Duration::from_millis(25);

/// Where the program is killed.
pub struct Round {
    pub number: usize,
    pub call: &'static str,
    pub nth: usize,
    /// How often the services stop and come back.
    pub times: usize,
}

/// A service that takes connections while it is open.
struct Service {
    at: SocketAddr,
    open: Option<JoinHandle<()>>,
}

impl Service {
    fn new(round: usize, n: usize) -> Self {
        let low = u8::try_from(round % 250 + 1).unwrap();
        let high = u8::try_from(round / 250 + 1).unwrap();
        let port = 4100 + u16::try_from(n).unwrap();
        Self { at: SocketAddr::from(([127, 7, high, low], port)), open: None }
    }

    async fn open(&mut self) {
        let listener = TcpListener::bind(self.at).await.unwrap();
        self.open = Some(tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                drop(stream);
            }
        }));
    }

    async fn close(&mut self) {
        if let Some(task) = self.open.take() {
            task.abort();
            let _ = task.await;
        }
    }
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

/// Plays it; true when the program was killed at that point.
pub async fn play(round: Round) -> bool {
    let what = format!("{} number {}", round.call, round.nth);
    let ledger = Ledger::start().await;
    let mut services: Vec<Service> = (0..3).map(|n| Service::new(round.number, n)).collect();
    for service in &mut services {
        service.open().await;
    }
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("config.toml"), config(&services, &ledger.url)).unwrap();
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

fn config(services: &[Service], url: &str) -> String {
    let mut text = format!(
        "[defaults]\ninterval = \"1s\"\ntimeout = \"500ms\"\nattempts = 1\n\
         [alerting]\ncontact_list = \"all\"\nflapping = false\n\
         [[channel]]\nname = \"hook\"\nkind = \"webhook\"\nformat = \"fluxnoc\"\n\
         url = \"{url}\"\nstorm = 0\n[[contact_list]]\nname = \"all\"\nchannels = [\"hook\"]\n"
    );
    for (n, service) in services.iter().enumerate() {
        let (address, port) = (service.at.ip(), service.at.port());
        text += &format!(
            "[[host]]\nname = \"h{n}\"\naddress = \"{address}\"\n\
             [[host.check]]\nkind = \"tcp\"\nport = {port}\n"
        );
    }
    text
}

impl Story {
    fn data(&self) -> std::path::PathBuf {
        self.dir.path().join("data")
    }

    fn start(&self, killed_at: Option<&Round>) -> Child {
        let mut command = match killed_at {
            None => Command::new(FLUXNOC),
            Some(Round { call, nth, .. }) => {
                let mut command = Command::new("strace");
                let inject = format!("inject={call}:signal=KILL:when={nth}");
                command.args(["-f", "-qq", "-o", "/dev/null"]);
                command.args(["-e", &format!("trace={call}"), "-e", &inject, FLUXNOC]);
                command
            }
        };
        command.arg("--plain").arg("--config").arg(self.dir.path().join("config.toml"));
        command.arg("--data-dir").arg(self.data());
        command.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", self.dir.path());
        let log = std::fs::File::create(self.dir.path().join("output")).unwrap();
        command.stdin(Stdio::piped()).stdout(log.try_clone().unwrap()).stderr(log);
        command.kill_on_drop(true).spawn().unwrap()
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
                let seen = if taken == 0 { self.knows_all().await } else { self.taken() >= taken };
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

    /// All three checks have a result.
    async fn knows_all(&self) -> bool {
        judge::try_rows(&self.data(), "SELECT 1 FROM statuses WHERE state = 'OK' AND hard")
            .await
            .is_some_and(|rows| rows.len() == 3)
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
        let closed: Vec<String> =
            (0..3).filter(|n| self.services[*n].open.is_none()).map(|n| format!("h{n}")).collect();
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = program.try_wait().unwrap() {
                panic!("{}: does not start again: {status}: {}", self.what, self.said());
            }
            // It has said something: it runs, and its end will be its own.
            if !self.said().trim().is_empty() && self.is_true(&closed).await {
                break;
            }
            assert!(Instant::now() < until, "{}: not true again: {}", self.what, self.said());
            tokio::time::sleep(LOOK).await;
        }
        let status = self.stop(&mut program).await;
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
    async fn is_true(&self, closed: &[String]) -> bool {
        let firing = "SELECT host FROM alerts WHERE phase = 'firing' ORDER BY host";
        let Some(firing) = judge::try_rows(&self.data(), firing).await else { return false };
        let firing: Vec<String> = firing.iter().map(judge::text).collect();
        let due = judge::try_rows(&self.data(), "SELECT 1 FROM outbox WHERE state = 'due'").await;
        let known = "SELECT 1 FROM statuses WHERE state IN ('OK', 'CRITICAL') AND hard";
        let known = judge::try_rows(&self.data(), known).await;
        firing == closed
            && due.is_some_and(|rows| rows.is_empty())
            && known.is_some_and(|rows| rows.len() == 3)
    }

    async fn stop(&self, program: &mut Child) -> ExitStatus {
        let pid = i32::try_from(program.id().unwrap()).unwrap();
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::Signal::SIGTERM)
            .unwrap();
        tokio::time::timeout(PATIENCE, program.wait()).await.expect("it ends").unwrap()
    }
}
