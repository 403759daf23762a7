//! A PostgreSQL server of a test's own: made in a temporary directory, stopped when dropped.

#![allow(dead_code, reason = "each test uses its part of the harness")]

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, User, chown, geteuid};

/// Where Debian puts the programs of the newest release that we support.
const PROGRAMS: &str = "/usr/lib/postgresql/15/bin";

/// A running server that listens on a socket in its own directory only.
pub struct Server {
    child: Option<Child>,
    directory: tempfile::TempDir,
    more: Vec<String>,
    databases: AtomicU32,
}

impl Server {
    /// Makes and starts a server. It lives as long as this value and the thread that made it.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// The same with more arguments; files named in them are readable for everybody.
    pub fn start_with(more: &[&str]) -> Self {
        let directory = tempfile::Builder::new().prefix("fluxnoc-pg").tempdir().unwrap();
        let data = directory.path().join("data");
        // PostgreSQL refuses to run as root.
        let user = geteuid().is_root().then(|| {
            let named = |name| User::from_name(name).unwrap();
            let user = named("postgres").or_else(|| named("nobody")).expect("an unprivileged user");
            chown(directory.path(), Some(user.uid), Some(user.gid)).unwrap();
            user
        });
        let made = program(user.as_ref(), "initdb")
            .args(["--no-sync", "--auth=trust", "--username=fluxnoc", "--encoding=UTF8"])
            .args(["--locale=C", "-D"])
            .arg(&data)
            .current_dir(directory.path())
            .output()
            .unwrap();
        assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        let more = more.iter().map(|word| (*word).to_owned()).collect();
        let mut server = Self { child: None, directory, more, databases: AtomicU32::new(0) };
        server.again();
        server
    }

    /// The directory of its socket.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Starts it again after [`Self::stop`], with all that was in it.
    pub fn again(&mut self) {
        let directory = self.directory.path();
        let user = geteuid().is_root().then(|| {
            let named = |name| User::from_name(name).unwrap();
            named("postgres").or_else(|| named("nobody")).expect("an unprivileged user")
        });
        let mut child = program(user.as_ref(), "postgres")
            .arg("-D")
            .arg(directory.join("data"))
            .arg("-k")
            .arg(directory)
            .args(["-c", "listen_addresses=", "-c", "fsync=off", "-c", "full_page_writes=off"])
            .args(["-c", "max_connections=200", "-c", "log_min_messages=error"])
            .args(&self.more)
            .current_dir(directory)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let port = self.more.iter().find_map(|word| word.strip_prefix("port="));
        wait_until_ready(&mut child, directory, port.unwrap_or("5432"));
        self.child = Some(child);
    }

    /// Stops it: `SIGINT` cuts all connections and leaves everything in order, `SIGQUIT` does not.
    pub fn stop(&mut self, signal: Signal) {
        let Some(mut child) = self.child.take() else { return };
        if let Ok(pid) = i32::try_from(child.id()) {
            let _ = kill(Pid::from_raw(pid), signal);
        }
        let _ = child.wait();
    }

    /// The URL of a database of this server.
    pub fn url(&self, database: &str) -> String {
        format!("postgres:///{database}?host={}&user=fluxnoc", self.directory.path().display())
    }

    /// Makes an empty database; gives its URL.
    pub fn database(&self) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let made = Command::new(PathBuf::from(PROGRAMS).join("createdb"))
            .args(["-U", "fluxnoc", "-h"])
            .arg(self.directory.path())
            .arg(&name)
            .output()
            .unwrap();
        assert!(made.status.success(), "createdb: {}", String::from_utf8_lossy(&made.stderr));
        self.url(&name)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // "Immediate": nothing in it is worth a checkpoint.
        self.stop(Signal::SIGQUIT);
    }
}

/// A program of PostgreSQL, as that user, that dies with the test.
fn program(user: Option<&User>, name: &str) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "QUIT"]);
    if let Some(user) = user {
        command.arg(format!("--reuid={}", user.uid)).arg(format!("--regid={}", user.gid));
        command.arg("--clear-groups");
    }
    command.arg("--").arg(Path::new(PROGRAMS).join(name));
    command.env_clear().env("PATH", "/usr/bin:/bin").env("LC_ALL", "C");
    command
}

/// The socket accepts before the server does; its last words come on standard error.
fn wait_until_ready(child: &mut Child, directory: &Path, port: &str) {
    let mut errors = BufReader::new(child.stderr.take().unwrap());
    let drain = std::thread::spawn(move || {
        let mut line = String::new();
        let mut all = String::new();
        while errors.read_line(&mut line).is_ok_and(|read| read > 0) {
            all.push_str(&line);
            line.clear();
        }
        all
    });
    let ready = || {
        let probe = Command::new(Path::new(PROGRAMS).join("pg_isready"))
            .args(["-q", "-t", "1", "-p", port, "-h"])
            .arg(directory)
            .status();
        probe.is_ok_and(|status| status.success())
    };
    let deadline = std::time::Instant::now() + std::time::Duration::from_mins(1);
    while !ready() {
        if child.try_wait().unwrap().is_some() || std::time::Instant::now() > deadline {
            let _ = child.kill();
            panic!("PostgreSQL did not start: {}", drain.join().unwrap_or_default());
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}
