//! `fluxnoc --plain` as a program: to a pipe, at a dumb terminal, and how it ends.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

#[path = "common/letters.rs"]
mod letters;
#[path = "common/pty.rs"]
mod pty;

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Instant;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use pty::{PATIENCE, Terminal};

const FLUXNOC: &str = env!("CARGO_BIN_EXE_fluxnoc");
const SITE: &str = r#"
[defaults]
interval = "2s"
timeout = "1s"
attempts = 1

[[host]]
name = "shut-1"
address = "127.0.0.1"
[[host.check]]
kind = "tcp"
port = 9
"#;

struct Site {
    dir: tempfile::TempDir,
}

impl Site {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("config.toml"), SITE).unwrap();
        Self { dir }
    }

    fn arguments(&self) -> Vec<String> {
        let path = |name: &str| self.dir.path().join(name).display().to_string();
        vec!["--config".into(), path("config.toml"), "--data-dir".into(), path("data")]
    }

    /// Starts it with pipes on both sides.
    fn piped(&self, more: &[&str]) -> Talk {
        let mut child = Command::new(FLUXNOC)
            .args(self.arguments())
            .args(more)
            .env_clear()
            .envs([("LANG", "C.UTF-8"), ("TZ", "UTC"), ("TERM", "xterm-256color")])
            .env("HOME", self.dir.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (sender, lines) = channel();
        let out = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            for line in out.lines() {
                let Ok(line) = line else { return };
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Talk { child, lines }
    }
}

struct Talk {
    child: Child,
    lines: Receiver<String>,
}

impl Talk {
    fn wait(&self, words: &str) -> String {
        let until = Instant::now() + PATIENCE;
        let mut seen = Vec::new();
        loop {
            match self.lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(line) if line.contains(words) => return line,
                Ok(line) => seen.push(line),
                Err(why) => panic!("{words} did not come ({why}): {seen:#?}"),
            }
        }
    }

    fn say(&mut self, line: &str) {
        writeln!(self.child.stdin.as_mut().unwrap(), "{line}").unwrap();
    }

    fn code(&mut self) -> Option<i32> {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(Instant::now() < until, "it does not end");
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(i32::try_from(self.child.id()).unwrap()), signal).unwrap();
    }
}

impl Drop for Talk {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_pipe_gets_plain_lines_and_commands_come_from_stdin() {
    let site = Site::new();
    let mut talk = site.piped(&[]);
    let first = talk.wait("fluxnoc on ");
    assert!(first.ends_with("1 host") && first.contains(" UTC "), "{first}");
    talk.wait("alerts: 0 firing");
    let line = talk.wait("shut-1/tcp");
    assert!(line.contains("UTC CRITICAL shut-1/tcp: connection refused"), "{line}");
    talk.say("alerts");
    talk.wait("1. CRITICAL shut-1/tcp");
    talk.say("ack 1 --comment 'on it'");
    assert!(talk.wait("ACKNOWLEDGED shut-1/tcp by ").ends_with(": on it"));
    talk.say("maintenance add --hosts 'shut-*' --for 1h --name works");
    assert!(talk.wait("MAINTENANCE BEGINS works: shut-*").contains("UTC"));
    talk.say("show shut-1");
    talk.wait("MAINTENANCE shut-1 at 127.0.0.1");
    talk.say("show nobody");
    talk.wait("there is no host nobody");
    talk.say(&"x".repeat(100_000));
    talk.wait("a line of more than 4096 bytes was not read");
    // What runs here is not left without a word about monitoring.
    talk.say("quit");
    talk.wait("quit keep");
    talk.say("quit stop");
    assert_eq!(talk.code(), Some(0));
}

#[test]
fn the_end_of_a_pipe_ends_nothing_but_a_signal_does() {
    for signal in [Signal::SIGTERM, Signal::SIGHUP] {
        let site = Site::new();
        let mut talk = site.piped(&["--plain"]);
        talk.child.stdin = None;
        // It still tells what happens after the end of its input.
        talk.wait("CRITICAL shut-1/tcp");
        talk.signal(signal);
        assert_eq!(talk.code(), Some(0), "{signal}");
        let rest = talk.lines.recv_timeout(PATIENCE);
        assert_eq!(rest, Err(RecvTimeoutError::Disconnected));
    }
}

#[test]
fn a_second_one_attaches_and_read_only_changes_nothing() {
    let site = Site::new();
    let first = site.piped(&[]);
    first.wait("CRITICAL shut-1/tcp");
    let mut second = site.piped(&["--read-only"]);
    second.wait("1. CRITICAL shut-1/tcp");
    second.say("ack 1");
    second.wait("error: ");
    second.say("quit");
    assert_eq!(second.code(), Some(0));
}

#[test]
fn a_dumb_terminal_gets_no_escape_and_its_end_of_input_ends_it() {
    let site = Site::new();
    let arguments = site.arguments();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let home = site.dir.path().display().to_string();
    let env = [("TERM", "dumb"), ("HOME", home.as_str())];
    let mut console = Terminal::start(FLUXNOC.as_ref(), &arguments, &env, 100, 30);
    console.wait_for("CRITICAL shut-1/tcp");
    assert!(!console.is_full_screen() && !console.is_raw());
    console.send("status\n");
    console.wait_for("hosts: 1 CRITICAL");
    console.send("\u{4}");
    assert!(console.wait_exit());
    assert!(console.wait_output().contains("monitoring ends"));
}
