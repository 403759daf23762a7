//! The program behind a slow line: between its pseudo-terminal and the screen stands a forwarder
//! that holds bytes back as such a line does. All that is looked at is where the person sits, at a
//! terminal that shows a synchronised update whole or not at all (mode 2026).
//!
//! In: a program, a size, bytes a second, a delay. Out: the screen, and what came when.
//! Never: reorders, drops, or shows what has not arrived.

#![allow(dead_code, reason = "each test binary uses a part of it")]
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::cast_precision_loss,
    reason = "a test fails by panicking; its numbers are small"
)]

use std::io::{Read, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use crate::letters::Letters;

/// Longest wait for something on screen.
const PATIENCE: Duration = Duration::from_mins(1);

/// Begins a synchronised update.
const BEGIN: &[u8] = b"\x1b[?2026h";

/// What a line does to bytes.
#[derive(Clone, Copy)]
pub struct Link {
    /// Bytes a second towards the screen; `None` is as many as come.
    pub rate: Option<f64>,
    /// How long a byte is on its way, in either direction.
    pub way: Duration,
}

/// What arrived when.
pub type Log = Vec<(Instant, Vec<u8>)>;

struct Seen {
    parser: vt100::Parser,
    log: Log,
    last: Instant,
}

/// The program behind the line.
pub struct Line {
    child: Box<dyn Child + Send + Sync>,
    _master: Box<dyn MasterPty + Send>,
    seen: Arc<(Mutex<Seen>, Condvar)>,
    keys: Sender<(Instant, Vec<u8>)>,
    size: (u16, u16),
    link: Link,
}

impl Line {
    /// Starts a program as over SSH, with nothing of ours in its environment but `env`.
    pub fn start(
        program: &Path,
        args: &[String],
        env: &[(&str, &str)],
        (cols, rows): (u16, u16),
        link: Link,
    ) -> Self {
        let size = PtySize { rows, cols, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).expect("a pseudo-terminal");
        let mut command = CommandBuilder::new(program);
        command.args(args);
        command.cwd("/");
        command.env_clear();
        for (name, value) in [
            ("TERM", "xterm-256color"),
            ("LANG", "C.UTF-8"),
            ("PATH", "/usr/bin:/bin"),
            ("TZ", "UTC"),
            ("SSH_CONNECTION", "192.0.2.1 1 192.0.2.2 22"),
        ]
        .iter()
        .chain(env)
        {
            command.env(name, value);
        }
        let child = pair.slave.spawn_command(command).expect("the program starts");
        drop(pair.slave);
        let output = pair.master.try_clone_reader().expect("output");
        let input = pair.master.take_writer().expect("input");
        let parser = new_parser((cols, rows));
        let seen = Seen { parser, log: Vec::new(), last: Instant::now() };
        let seen = Arc::new((Mutex::new(seen), Condvar::new()));
        let (keys, to_write) = channel();
        let (arriving, arrived) = channel();
        std::thread::spawn(move || outbound(output, &arriving, link));
        let (shared, answers) = (Arc::clone(&seen), keys.clone());
        std::thread::spawn(move || arrive(&arrived, &shared, &answers, link.way));
        std::thread::spawn(move || inbound(&to_write, input));
        Self { child, _master: pair.master, seen, keys, size: (cols, rows), link }
    }

    /// A parser for a screen of this size, to play the log again.
    pub fn parser(&self) -> vt100::Parser {
        new_parser(self.size)
    }

    /// The program's process.
    pub fn pid(&self) -> u32 {
        self.child.process_id().expect("a running program")
    }

    /// Presses keys; they are at the program after the line's way.
    pub fn press(&self, keys: &str) {
        let _ = self.keys.send((Instant::now() + self.link.way, keys.as_bytes().to_vec()));
    }

    /// Looks at what the person sees and presses keys at that very moment.
    pub fn press_looking<T>(&self, keys: &str, look: impl FnOnce(&vt100::Screen) -> T) -> T {
        let seen = self.seen.0.lock().expect("the screen");
        self.press(keys);
        look(seen.parser.screen())
    }

    /// Looks at what the person sees.
    pub fn look<T>(&self, look: impl FnOnce(&vt100::Screen) -> T) -> T {
        look(self.seen.0.lock().expect("the screen").parser.screen())
    }

    /// What the person sees.
    pub fn text(&self) -> String {
        self.look(vt100::Screen::contents)
    }

    /// All that arrived.
    pub fn log(&self) -> Log {
        self.seen.0.lock().expect("the screen").log.clone()
    }

    /// Waits until the screen's text is as wanted; gives when it became so.
    pub fn wait(&self, what: &str, wanted: impl Fn(&str) -> bool) -> Instant {
        self.wait_screen(what, |screen| wanted(&screen.contents()))
    }

    /// Waits until the screen is as wanted; gives when it became so.
    ///
    /// # Panics
    /// With the screen, when it does not within a minute.
    pub fn wait_screen(&self, what: &str, wanted: impl Fn(&vt100::Screen) -> bool) -> Instant {
        let at = self.wait_for(PATIENCE, wanted);
        at.unwrap_or_else(|| panic!("{what} did not come:\n{}", self.text()))
    }

    /// Waits so long at most until the screen is as wanted; gives when it became so.
    pub fn wait_for(
        &self,
        patience: Duration,
        wanted: impl Fn(&vt100::Screen) -> bool,
    ) -> Option<Instant> {
        let until = Instant::now() + patience;
        let mut seen = self.seen.0.lock().expect("the screen");
        while !wanted(seen.parser.screen()) {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            seen = self.seen.1.wait_timeout(seen, left).expect("the screen").0;
        }
        Some(seen.last)
    }

    /// Waits until nothing has arrived for longer than the line needs there and back.
    pub fn silence(&self) {
        let length = self.link.way * 2 + Duration::from_millis(600);
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            let last = self.seen.0.lock().expect("the screen").last;
            let left = length.saturating_sub(last.elapsed());
            if left.is_zero() {
                return;
            }
            std::thread::sleep(left);
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn new_parser((cols, rows): (u16, u16)) -> vt100::Parser {
    let cells = |count| std::num::NonZeroU16::new(count).expect("cells");
    vt100::Parser::new(cells(rows), cells(cols), 0)
}

/// Takes bytes as fast as the line carries them.
fn outbound(
    mut output: Box<dyn Read + Send>,
    arriving: &Sender<(Instant, Vec<u8>)>,
    Link { rate, way }: Link,
) {
    let mut free = Instant::now();
    let mut buffer = vec![0_u8; if rate.is_some() { 32 } else { 65536 }];
    while let Ok(count) = output.read(&mut buffer) {
        if count == 0 {
            return;
        }
        let takes = rate.map_or(0.0, |rate| count as f64 / rate);
        free = free.max(Instant::now()) + Duration::from_secs_f64(takes);
        let bytes = buffer.get(..count).unwrap_or_default().to_vec();
        if arriving.send((free + way, bytes)).is_err() {
            return;
        }
        std::thread::sleep(free.saturating_duration_since(Instant::now()));
    }
}

/// The screen, and the terminal's answers.
fn arrive(
    arrived: &Receiver<(Instant, Vec<u8>)>,
    seen: &(Mutex<Seen>, Condvar),
    answers: &Sender<(Instant, Vec<u8>)>,
    way: Duration,
) {
    let mut tail: Vec<u8> = Vec::new();
    let mut held: Vec<u8> = Vec::new();
    let mut letters = Letters::default();
    for (at, bytes) in arrived {
        std::thread::sleep(at.saturating_duration_since(Instant::now()));
        tail.extend_from_slice(&bytes);
        for (question, answer) in
            [(&b"\x1b[5n"[..], &b"\x1b[0n"[..]), (b"\x1b[?2026$p", b"\x1b[?2026;2$y")]
        {
            while let Some(place) = tail.windows(question.len()).position(|part| part == question) {
                tail.drain(..place + question.len());
                let _ = answers.send((Instant::now() + way, answer.to_vec()));
            }
        }
        tail.drain(..tail.len().saturating_sub(9));
        held.extend_from_slice(&bytes);
        let bytes: Vec<u8> = held.drain(..shown(&held)).collect();
        let bytes = letters.whole(&bytes);
        if bytes.is_empty() {
            continue;
        }
        let mut seen_now = seen.0.lock().expect("the screen");
        seen_now.parser.process(&bytes);
        seen_now.last = Instant::now();
        let last = seen_now.last;
        seen_now.log.push((last, bytes));
        drop(seen_now);
        seen.1.notify_all();
    }
}

/// How many of the bytes that arrived a terminal shows: none of an update that has begun and not
/// ended, nor what may become the beginning of one.
fn shown(bytes: &[u8]) -> usize {
    let find = |mark: &[u8]| bytes.windows(mark.len()).rposition(|part| part == mark);
    let ended = find(b"\x1b[?2026l");
    match find(BEGIN) {
        Some(begun) if ended.is_none_or(|ended| ended < begun) => begun,
        _ => {
            let part = (1..BEGIN.len()).rev().find(|&length| bytes.ends_with(&BEGIN[..length]));
            bytes.len() - part.unwrap_or(0)
        }
    }
}

fn inbound(keys: &Receiver<(Instant, Vec<u8>)>, mut input: Box<dyn Write + Send>) {
    for (at, bytes) in keys {
        std::thread::sleep(at.saturating_duration_since(Instant::now()));
        if input.write_all(&bytes).and_then(|()| input.flush()).is_err() {
            return;
        }
    }
}
