//! A server and its agents, each with a directory of its own; what they are asked by the verbs.

use std::fs::File;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use fluxnoc::model::{State, Timestamp};
use fluxnoc::store::{StatePoint, Store};
use serde_json::Value;

const FLUXNOC: &str = env!("CARGO_BIN_EXE_fluxnoc");

/// A process that ends with the test.
pub struct Running(Child);

impl Running {
    pub fn pid(&self) -> u32 {
        self.0.id()
    }

    /// Ends it in order, within 10 s.
    pub fn stop(mut self) {
        let pid = nix::unistd::Pid::from_raw(i32::try_from(self.pid()).unwrap());
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).unwrap();
        until("it stops", Duration::from_secs(10), || self.0.try_wait().unwrap());
    }

    /// SIGKILL.
    pub fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Asks until there is an answer.
pub fn until<T>(what: &str, patience: Duration, mut ask: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + patience;
    loop {
        if let Some(found) = ask() {
            return found;
        }
        assert!(Instant::now() < end, "{what}: not within {patience:?}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// The machine of the test.
pub struct House {
    dir: tempfile::TempDir,
    port: u16,
    target: std::net::TcpListener,
}

impl House {
    pub fn new() -> Self {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let target = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("allowed")).unwrap();
        let house = Self { dir, port, target };
        let runs = house.path("runs");
        house.script("allowed/count", &format!("date +%s.%3N >> {}; echo fine", runs.display()));
        house.script("outside", "echo fine");
        house.configure();
        house
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn script(&self, name: &str, body: &str) {
        let path = self.path(name);
        std::fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn configure(&self) {
        let at = self.target.local_addr().unwrap().port();
        let dir = self.dir.path().display();
        let text = format!(
            "[server]\nlisten = \"127.0.0.1:{}\"\nhealth_enabled = false\n\
             [defaults]\ninterval = \"1s\"\ntimeout = \"900ms\"\nattempts = 1\n\
             [[host]]\nname = \"far\"\naddress = \"127.0.0.1\"\nagent = \"a-1\"\n\
             [[host.check]]\nkind = \"tcp\"\nport = {at}\n\
             [[host.check]]\nname = \"count\"\nkind = \"custom\"\ncommand = [\"{dir}/allowed/count\"]\n\
             [[host.check]]\nname = \"outside\"\nkind = \"custom\"\ncommand = [\"{dir}/outside\"]\n\
             [[host.check]]\nname = \"shell\"\nkind = \"custom\"\nshell = \"echo fine\"\n",
            self.port
        );
        std::fs::write(self.path("config.toml"), text).unwrap();
    }

    pub fn command(&self, arguments: &[&str], data: &str) -> Command {
        let mut command = Command::new(FLUXNOC);
        command.args(arguments).arg("--data-dir").arg(self.path(data));
        command.env_clear().env("HOME", self.dir.path()).env("LC_ALL", "C.UTF-8");
        command.env("FLUXNOC_LOG", "info").stdin(Stdio::null());
        command
    }

    /// A verb at the server's socket, to its end.
    pub fn verb(&self, arguments: &[&str]) -> Output {
        let mut command = self.command(arguments, "server");
        command.arg("--config").arg(self.path("config.toml")).output().unwrap()
    }

    pub fn json(&self, arguments: &[&str]) -> Option<Value> {
        let output = self.verb(&[arguments, &["--json"]].concat());
        output.status.success().then(|| serde_json::from_slice(&output.stdout).unwrap())
    }

    /// Starts the server and waits until it answers.
    pub fn server(&self) -> Running {
        let mut command = self.command(&["serve"], "server");
        command.arg("--config").arg(self.path("config.toml"));
        let running = self.start(command, "server.log");
        until("the server answers", Duration::from_secs(30), || {
            std::net::TcpStream::connect(("127.0.0.1", self.port)).ok()?;
            self.json(&["hosts"])
        });
        running
    }

    pub fn start(&self, mut command: Command, log: &str) -> Running {
        let log = File::options().create(true).append(true).open(self.path(log)).unwrap();
        command.stdout(log.try_clone().unwrap()).stderr(log);
        Running(command.spawn().unwrap())
    }

    pub fn log(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// A token for the agent `a-1`.
    pub fn token(&self) -> String {
        let output = self.verb(&["token", "add", "--agent", "a-1"]);
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        said.lines().last().unwrap().trim().to_owned()
    }

    /// The command of the agent `a-1` as the seed's variables give it.
    pub fn agent_command(&self, data: &str, token: Option<&str>) -> Command {
        let allowed = self.path("allowed");
        let mut command =
            self.command(&["agent", "--allow-scripts", allowed.to_str().unwrap()], data);
        command.env("SPEED_SERVER_URL", format!("http://127.0.0.1:{}", self.port));
        command.env("AGENT_NAME", "a-1").env("AGENT_LOCATION", "cellar");
        if let Some(token) = token {
            command.env("AGENT_TOKEN", token);
        }
        command
    }

    pub fn agent(&self, data: &str, token: Option<&str>) -> Running {
        self.start(self.agent_command(data, token), &format!("{data}.log"))
    }

    /// A check as `hosts --json` shows it.
    pub fn check(&self, name: &str) -> Option<Value> {
        let hosts = self.json(&["hosts", "far"])?;
        let checks = hosts.as_array()?.first()?["checks"].as_array()?.clone();
        checks.into_iter().find(|check| check["name"] == name)
    }

    pub fn agent_row(&self) -> Option<Value> {
        self.json(&["agents"])?.as_array()?.first().cloned()
    }

    /// How often the script of `count` ran.
    pub fn runs(&self) -> usize {
        self.log("runs").lines().count()
    }

    /// The stored results of a check; the server must not run.
    pub async fn results(&self, check: &str) -> Vec<StatePoint> {
        let file = self.path("server").join("fluxnoc.db");
        let no = number(&file, check).await;
        let store = Store::open_sqlite(&file).await.unwrap();
        let all = store.history(no, Timestamp::from_millis(0), Timestamp::from_millis(i64::MAX));
        let states = all.await.unwrap().states;
        assert!(states.iter().all(|point| point.state == State::Ok), "{states:?}");
        states
    }
}

async fn number(file: &Path, check: &str) -> i64 {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file);
    let pool = sqlx::sqlite::SqlitePool::connect_with(options).await.unwrap();
    let sql = "SELECT no FROM checks WHERE host = 'far' AND name = $1";
    let no = sqlx::query_scalar(sql).bind(check).fetch_one(&pool).await.unwrap();
    pool.close().await;
    no
}
