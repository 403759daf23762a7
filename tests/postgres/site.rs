//! A configuration, a data directory and the real program on them.
//!
//! Never: leaves a server behind.

use std::io::Write as _;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

pub const FLUXNOC: &str = env!("CARGO_BIN_EXE_fluxnoc");
/// How long anything may take on a busy machine.
pub const PATIENCE: Duration = Duration::from_mins(1);
pub const PASSWORD: &str = "correct horse battery staple";

/// Two hosts: one whose port is open, one whose port is not.
pub struct Site {
    dir: tempfile::TempDir,
    /// What the good host's check finds.
    _open: TcpListener,
    server: Option<Child>,
    pub at: Option<SocketAddr>,
}

fn free() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// Waits until it is so.
pub fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < end, "not within {PATIENCE:?}: {what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

impl Site {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let open = TcpListener::bind("127.0.0.1:0").unwrap();
        let (good, bad) = (open.local_addr().unwrap().port(), free().port());
        let host = |name: &str, port: u16| {
            format!(
                "[[host]]\nname = \"{name}\"\naddress = \"127.0.0.1\"\n\
                 [[host.check]]\nkind = \"tcp\"\nport = {port}\n"
            )
        };
        let text = format!(
            "[defaults]\ninterval = \"1s\"\ntimeout = \"500ms\"\nattempts = 1\n\
             [server]\nhealth_enabled = false\n{}{}",
            host("well", good),
            host("ill", bad)
        );
        std::fs::write(dir.path().join("config.toml"), text).unwrap();
        Self { dir, _open: open, server: None, at: None }
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn database(&self) -> PathBuf {
        self.file("data/fluxnoc.db")
    }

    /// The program with nothing of ours in its environment.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(FLUXNOC);
        command.arg("--config").arg(self.file("config.toml"));
        command.arg("--data-dir").arg(self.file("data")).args(words).stdin(Stdio::null());
        command.env_clear().env("PATH", "/usr/bin:/bin").env("TZ", "UTC").env("USER", "fluxnoc");
        command
    }

    pub fn run(&self, words: &[&str]) -> Output {
        self.command(words).output().unwrap()
    }

    /// What it says on both.
    pub fn said(&self, words: &[&str], url: Option<&str>) -> (bool, String) {
        let mut command = self.command(words);
        command.envs(url.map(|url| ("FLUXNOC_DATABASE", url)));
        let output = command.output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.success(), text(&output.stdout) + &text(&output.stderr))
    }

    pub fn json(&self, words: &[&str]) -> Value {
        let output = self.run(&[words, &["--json"]].concat());
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{words:?}: {errors}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// An account; its password is what follows on stdin.
    pub fn account(&self, name: &str, url: Option<&str>) {
        let mut command = self.command(&["user", "add", name, "--role", "admin"]);
        command.envs(url.map(|url| ("FLUXNOC_DATABASE", url)));
        let mut child = command.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        writeln!(child.stdin.take().unwrap(), "{PASSWORD}").unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// Starts the server and waits until it answers; gives its pid.
    pub fn serve(&mut self, more: &[&str]) -> u32 {
        let at = free();
        let log = std::fs::File::create(self.file("serve.log")).unwrap();
        let address = at.to_string();
        let mut command = self.command(&[&["serve", "--listen", &address], more].concat());
        let mut child = command.stdout(Stdio::null()).stderr(log).spawn().unwrap();
        until("the server answers", || {
            if let Some(status) = child.try_wait().unwrap() {
                panic!("{status}: {}", self.log());
            }
            TcpStream::connect(at).ok()
        });
        let pid = child.id();
        (self.server, self.at) = (Some(child), Some(at));
        until("it knows its checks", || {
            let (_, hosts) = self.said(&["hosts", "--json"], None);
            let hosts: Value = serde_json::from_str(&hosts).ok()?;
            let known = |host: &Value| host["state"] != "UNKNOWN";
            hosts.as_array()?.iter().all(known).then_some(())
        });
        pid
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.file("serve.log")).unwrap_or_default()
    }

    pub fn stop(&mut self) {
        let Some(mut child) = self.server.take() else { return };
        let _ = kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), Signal::SIGTERM);
        let status = child.wait().unwrap();
        assert!(status.success(), "{status}: {}", self.log());
    }

    /// Whether the program is still the same.
    pub fn runs(&mut self) -> bool {
        self.server.as_mut().is_some_and(|child| child.try_wait().unwrap().is_none())
    }

    /// A path of the API as that account.
    pub fn get(&self, name: &str, path: &str) -> reqwest::Result<Value> {
        let url = format!("http://{}", self.at.unwrap());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let client = reqwest::Client::new();
            let login = serde_json::json!({ "username": name, "password": PASSWORD });
            let login = client.post(format!("{url}/api/auth/login")).json(&login).send().await?;
            let login: Value = login.error_for_status()?.json().await?;
            let token = login["token"].as_str().expect("a token").to_owned();
            let got = client.get(format!("{url}{path}")).bearer_auth(token).send().await?;
            got.error_for_status()?.json().await
        })
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if let Some(mut child) = self.server.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
