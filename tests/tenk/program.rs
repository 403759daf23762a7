//! The program from outside: its memory, descriptors and processor time, its own lag, and how soon
//! its screen follows a cursor key.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use fluxnoc::client::Client;
use fluxnoc::protocol::{Answer, Query, Role};

use super::pty::Terminal;

/// Longest wait for the screen after a key.
const PATIENCE: Duration = Duration::from_secs(10);
/// Marks the row under the cursor.
const CURSOR: &str = "›";

/// The row with the titles of the upper panes.
const TITLES: usize = 1;

/// What `/proc` says at a moment.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    pub at: Duration,
    pub rss_kib: u64,
    pub descriptors: usize,
    pub threads: u64,
    /// Processor time so far.
    pub cpu: Duration,
}

impl Sample {
    pub fn take(pid: u32, at: Duration) -> Self {
        let proc = PathBuf::from(format!("/proc/{pid}"));
        let status = std::fs::read_to_string(proc.join("status")).expect("the program runs");
        let field = |name: &str| -> u64 {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            line.split_whitespace().next().unwrap().parse().unwrap()
        };
        Self {
            at,
            rss_kib: field("VmRSS:"),
            descriptors: std::fs::read_dir(proc.join("fd")).expect("it is ours").count(),
            threads: field("Threads:"),
            cpu: cpu(&proc),
        }
    }
}

fn cpu(proc: &Path) -> Duration {
    let stat = std::fs::read_to_string(proc.join("stat")).unwrap();
    // The name in brackets may hold blanks; 14th and 15th of all fields.
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    Duration::from_millis(ticks * 10)
}

/// Where the cursor marks stand, and what the titles of the upper panes say: a list that scrolls
/// leaves its mark in place and counts on in its title.
fn cursors(screen: &vt100::Screen) -> (Vec<(u16, u16)>, String) {
    let (rows, columns) = screen.size();
    let (rows, columns) = (rows.get(), columns.get());
    let at = |row: u16, column: u16| screen.cell(row, column).map(vt100::Cell::contents);
    let cells = (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column)));
    let marks = cells.filter(|(row, column)| at(*row, *column) == Some(CURSOR)).collect();
    (marks, screen.rows(0, columns).nth(TITLES).unwrap_or_default())
}

/// Where the cursor stands in the list of alerts, and how many there are: `3 of 50` in its title.
pub fn place(text: &str) -> Option<(u32, u32)> {
    let title = text.split_once("worst first · ")?.1;
    let (at, rest) = title.split_once(" of ")?;
    let rows = rest.split_whitespace().next()?;
    Some((at.parse().ok()?, rows.parse().ok()?))
}

/// Presses a key and measures until the terminal got the bytes that move the cursor.
pub fn press(terminal: &mut Terminal, key: &str) -> Duration {
    let before = terminal.screen(cursors);
    let pressed = Instant::now();
    terminal.send(key);
    let moved = terminal.wait_screen(PATIENCE, |screen| cursors(screen) != before);
    match moved {
        Some(at) => at.saturating_duration_since(pressed),
        None => panic!("`{key}` moved no cursor; the screen:\n{}", terminal.text()),
    }
}

/// The engine's own word on how late checks start.
pub fn own_lag(runtime: &tokio::runtime::Runtime, socket: &Path) -> Duration {
    let client = Client::connect(socket, "noc", Role::Viewer).expect("the engine's socket");
    match runtime.block_on(client.query(&Query::Engine)) {
        Ok(Answer::Engine(status)) => {
            assert_eq!(status.storage, None, "the store does not work");
            status.lag.to_std()
        }
        other => panic!("no answer about the engine: {other:?}"),
    }
}
