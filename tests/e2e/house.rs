//! A configuration and a data directory, and the program started on them in every way.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use fluxnoc::client::Client;
use fluxnoc::protocol::{Answer, Query, Role};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use sqlx::Connection as _;

use crate::pty::{PATIENCE, Terminal};

/// The program.
pub const FLUXNOC: &str = env!("CARGO_BIN_EXE_fluxnoc");
/// The password of accounts.
const PASSWORD: &str = "correct horse battery";
/// A size that shows all four panes and whole state words.
pub const LARGE: (u16, u16) = (160, 44);

/// One closed port and one script whose answer the test writes; results every second.
pub const SMALL_SITE: &str = r#"
[defaults]
interval = "2s"
timeout = "1s"
attempts = 2
retry = "1s"

[[host]]
name = "shut-1"
address = "127.0.0.1"
[[host.check]]
kind = "tcp"
port = 9

[[host]]
name = "job-1"
address = "127.0.0.1"
[[host.check]]
kind = "custom"
name = "job"
shell = "echo 'all is well | waiting=3;80;100'"
"#;

/// A directory with `config.toml` and the data; what still runs on it is killed with it.
pub struct House {
    dir: tempfile::TempDir,
}

impl House {
    /// Writes the configuration; nothing is started.
    pub fn new(config: &str) -> Self {
        let dir = tempfile::Builder::new().prefix("fluxnoc-e2e-").tempdir().unwrap();
        let house = Self { dir };
        house.configure(config);
        house
    }

    /// Writes another configuration.
    pub fn configure(&self, config: &str) {
        std::fs::write(self.config(), config).unwrap();
    }

    /// The configuration file.
    pub fn config(&self) -> PathBuf {
        self.dir.path().join("config.toml")
    }

    /// The data directory.
    pub fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// Rows of one text each of its store.
    pub fn rows(&self, sql: &str) -> Vec<String> {
        let path = self.data().join("fluxnoc.db");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path).read_only(true);
            let mut connection = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
            let query = sqlx::query_scalar(sqlx::AssertSqlSafe(sql.to_owned()));
            query.fetch_all(&mut connection).await.unwrap()
        })
    }

    /// A file beside the configuration.
    pub fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn arguments(&self, more: &[&str]) -> Vec<String> {
        let mut all = vec!["--config".to_owned(), self.config().display().to_string()];
        all.extend(["--data-dir".to_owned(), self.data().display().to_string()]);
        all.extend(more.iter().map(|word| (*word).to_owned()));
        all
    }

    /// Opens a console.
    pub fn console(&self, size: (u16, u16), more: &[&str]) -> Terminal {
        self.console_by(FLUXNOC.as_ref(), &[], size, more)
    }

    /// Opens a console with more in its environment, in a terminal that answers questions or not.
    pub fn console_in(
        &self,
        env: &[(&str, &str)],
        answering: bool,
        (cols, rows): (u16, u16),
    ) -> Terminal {
        let all = self.arguments(&[]);
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        Terminal::start_as(FLUXNOC.as_ref(), &all, env, cols, rows, answering)
    }

    /// What a shell types to open a console.
    pub fn typed(&self) -> String {
        format!("{FLUXNOC} {}", self.arguments(&[]).join(" "))
    }

    /// Opens a console through another program, such as `nsenter ... --`.
    pub fn console_by(
        &self,
        program: &Path,
        before: &[&str],
        (cols, rows): (u16, u16),
        more: &[&str],
    ) -> Terminal {
        let mut all: Vec<String> = before.iter().map(|word| (*word).to_owned()).collect();
        all.extend(self.arguments(more));
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        Terminal::start(program, &all, &[], cols, rows)
    }

    /// A command with nothing of ours in its environment.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(FLUXNOC);
        command.args(self.arguments(words)).stdin(Stdio::null());
        command.env_clear().env("PATH", "/usr/bin:/bin").env("LANG", "C.UTF-8").env("TZ", "UTC");
        command
    }

    /// Starts a server without a health listener, and waits until it answers; gives its URL.
    pub fn serve(&self) -> String {
        let config = std::fs::read_to_string(self.config()).unwrap();
        self.configure(&format!("{config}\n[server]\nhealth_enabled = false\n"));
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let at = listener.local_addr().unwrap().to_string();
        drop(listener);
        self.serve_at(&at);
        format!("http://{at}")
    }

    /// Starts the server at an address, and waits until it answers.
    pub fn serve_at(&self, at: &str) {
        let log = std::fs::File::create(self.file("serve.log")).unwrap();
        let mut command = self.command(&["serve", "--listen", at]);
        let mut server = command.stdout(Stdio::null()).stderr(log).spawn().unwrap();
        // Whoever kills it need not think of its rest.
        std::thread::spawn(move || server.wait());
        let until = Instant::now() + PATIENCE;
        loop {
            // Not by a verb: without a server it would hold the data itself.
            if std::net::TcpStream::connect(at).is_ok() {
                return;
            }
            let log = std::fs::read_to_string(self.file("serve.log")).unwrap();
            assert!(Instant::now() < until, "no server: {log}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Makes an account of an Operator.
    pub fn account(&self, name: &str) {
        let words = ["--as", "fluxnoc", "user", "add", name, "--role", "operator"];
        let mut child = self.command(&words).stdin(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(format!("{PASSWORD}\n").as_bytes()).unwrap();
        drop(stdin);
        assert!(child.wait().unwrap().success());
    }

    /// Opens a console at a server, with data of its own, and logs in as that operator.
    pub fn connect(&self, (cols, rows): (u16, u16), url: &str, name: &str) -> Terminal {
        let data = self.file("elsewhere").display().to_string();
        let config = self.config().display().to_string();
        let all = ["--config", &config, "--data-dir", &data, "--connect", url];
        let mut console = Terminal::start(FLUXNOC.as_ref(), &all, &[], cols, rows);
        for (question, answer) in [("name: ", name), ("password: ", PASSWORD)] {
            console.wait(question, PATIENCE, |screen| screen.contains(question));
            console.send(&format!("{answer}\r"));
        }
        console
    }

    /// Runs a verb in "a second shell".
    pub fn run(&self, words: &[&str]) -> Output {
        self.command(words).output().unwrap()
    }

    /// Runs a verb that must succeed; gives its JSON.
    pub fn json(&self, words: &[&str]) -> Value {
        let output = self.run(words);
        assert!(output.status.success(), "{words:?}: {}", words_of(&output));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Asks again until the JSON is as wanted.
    pub fn await_json(&self, words: &[&str], what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let until = Instant::now() + PATIENCE;
        loop {
            let value = self.json(words);
            if wanted(&value) {
                return value;
            }
            assert!(Instant::now() < until, "{what} did not come: {value:#}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Asks the running engine through its socket.
    pub fn ask(&self, query: &Query) -> Answer {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let socket = self.data().join("fluxnoc.sock");
        let client = Client::connect(&socket, "e2e", Role::Viewer).unwrap();
        runtime.block_on(client.query(query)).unwrap()
    }

    /// The process that holds the data directory, as it wrote itself down.
    pub fn holder(&self) -> u32 {
        let text = std::fs::read_to_string(self.data().join("engine.lock")).unwrap();
        text.trim().parse().unwrap()
    }
}

impl Drop for House {
    fn drop(&mut self) {
        let Ok(text) = std::fs::read_to_string(self.data().join("engine.lock")) else { return };
        let Ok(pid) = text.trim().parse::<u32>() else { return };
        let ours = self.dir.path().display().to_string();
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        // Only what was started on this very directory.
        if String::from_utf8_lossy(&line).contains(&ours) {
            signal(pid, Signal::SIGKILL);
        }
    }
}

/// Opens an input line with a key, empties it, types into it and sends it. Enter answers only a
/// line that was on screen, so each step waits for the one before.
pub fn type_line(console: &mut Terminal, key: &str, text: &str) {
    console.send(key);
    console.wait("an input line", PATIENCE, |screen| screen.contains("⏎ send"));
    console.send(&format!("\x15{text}"));
    console.wait(text, PATIENCE, |screen| {
        screen.lines().last().is_some_and(|line| line.contains(text))
    });
    console.send("\r");
    console.wait("the line goes", PATIENCE, |screen| !screen.contains("⏎ send"));
}

/// Presses Esc and lets as much time pass as a hand needs for another key: what follows an Esc
/// at once may be the rest of a torn sequence, and then changes nothing.
pub fn esc(console: &mut Terminal) {
    console.send("\x1b");
    std::thread::sleep(Duration::from_millis(150));
}

/// Resident memory of a process in KiB.
pub fn memory(pid: u32) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = text.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Sends a signal to a process that the test started.
pub fn signal(pid: u32, signal: Signal) {
    let _ = kill(Pid::from_raw(i32::try_from(pid).unwrap()), signal);
}

/// Waits until a process that may not be our child is gone.
pub fn await_end(pid: u32) {
    let until = Instant::now() + Duration::from_secs(20);
    while let Some((state, ..)) = stat(pid)
        && state != 'Z'
    {
        assert!(Instant::now() < until, "process {pid} does not end");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// State, session, terminal and CPU ticks of a process; `None` when there is none.
pub fn stat(pid: u32) -> Option<(char, u32, i32, u64)> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let rest = text.rsplit_once(')')?.1;
    let words: Vec<&str> = rest.split_whitespace().collect();
    let number = |at: usize| words[at].parse::<i64>().unwrap();
    let ticks = u64::try_from(number(11) + number(12)).unwrap();
    let session = u32::try_from(number(3)).unwrap();
    Some((words[0].chars().next()?, session, i32::try_from(number(4)).unwrap(), ticks))
}

/// The names of a process's threads.
pub fn threads(pid: u32) -> Vec<String> {
    let Ok(tasks) = std::fs::read_dir(format!("/proc/{pid}/task")) else { return Vec::new() };
    tasks
        .filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("comm")).ok())
        .map(|name| name.trim().to_owned())
        .collect()
}

/// What a command said, both streams.
pub fn words_of(output: &Output) -> String {
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    format!("{out}{err}")
}

/// True when some line of the screen has all these words.
pub fn has_row(screen: &str, words: &[&str]) -> bool {
    screen.lines().any(|line| words.iter().all(|word| line.contains(word)))
}

/// The alert of a host in the answer of `alerts --json`.
pub fn alert<'a>(alerts: &'a Value, host: &str) -> Option<&'a Value> {
    alerts.as_array()?.iter().find(|alert| alert["host"] == host)
}

/// The host of that name in the answer of `hosts --json`.
pub fn host<'a>(hosts: &'a Value, name: &str) -> Option<&'a Value> {
    hosts.as_array()?.iter().find(|host| host["name"] == name)
}
