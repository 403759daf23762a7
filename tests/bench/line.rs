//! The console on a slow line: 2 KB/s and 300 ms there and back, 80x24, and `--low-bandwidth` at
//! 200x60. Between the program and the screen stands a forwarder that holds bytes back as such a
//! line does; all times are measured where the person sits.
//!
//! Limits beside the line's own delay: cursor keys and typed characters 250 ms (p95), also while a
//! view is on its way; a view's title 250 ms, its first ten rows 1.5 s, all of it 2.5 s.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::cast_precision_loss,
    reason = "a benchmark that cannot measure stops; its numbers are small"
)]

use std::fmt::Write as _;
use std::process::ExitCode;
use std::time::{Duration, Instant};

mod common;
#[path = "../common/letters.rs"]
mod letters;
#[path = "../common/line.rs"]
mod line;
use common::{Comparison, Scratch, short, verdict};
use line::{Line, Link};

/// Bytes a second.
const RATE: f64 = 2048.0;
/// One way.
const WAY: Duration = Duration::from_millis(150);
/// There and back.
const DELAY: Duration = Duration::from_millis(300);
/// Hosts with a closed port each.
const HOSTS: usize = 60;

fn main() -> ExitCode {
    let mut all = Vec::new();
    let narrow = measure((80, 24), &[]);
    let wide = measure((200, 60), &["--low-bandwidth"]);
    for (figures, names) in [(narrow, NARROW), (wide, WIDE)] {
        for (at, (ours, limit)) in figures.rows().into_iter().enumerate() {
            all.push(Comparison {
                what: names.get(at).copied().unwrap_or("?"),
                unit: "ms",
                ours,
                peer_name: "limit",
                peer: limit,
                floor: 1.0,
                at_most: true,
            });
        }
    }
    verdict(&all)
}

const NARROW: [&str; 6] = [
    "80x24: cursor key, p95 over the delay",
    "80x24: typed character, p95 over the delay",
    "80x24: title of a view",
    "80x24: its first ten rows",
    "80x24: all of it",
    "80x24: cursor key meanwhile, p95",
];
const WIDE: [&str; 6] = [
    "200x60 --low-bandwidth: cursor key, p95",
    "200x60 --low-bandwidth: typed character, p95",
    "200x60 --low-bandwidth: title of a view",
    "200x60 --low-bandwidth: its first ten rows",
    "200x60 --low-bandwidth: all of it",
    "200x60 --low-bandwidth: key meanwhile, p95",
];

/// Milliseconds over the line's delay.
struct Figures {
    cursor: f64,
    typed: f64,
    title: f64,
    rows: f64,
    whole: f64,
    meanwhile: f64,
}

impl Figures {
    const fn rows(&self) -> [(f64, f64); 6] {
        [
            (self.cursor, 250.0),
            (self.typed, 250.0),
            (self.title, 250.0),
            (self.rows, 1500.0),
            (self.whole, 2500.0),
            (self.meanwhile, 250.0),
        ]
    }
}

fn measure(size: (u16, u16), flags: &[&str]) -> Figures {
    let scratch = Scratch::new("line");
    let config = scratch.0.join("config.toml");
    std::fs::write(&config, site()).expect("a configuration");
    let data = scratch.0.join("data");
    let mut args = vec!["--config".to_owned(), config.display().to_string()];
    args.extend(["--data-dir".to_owned(), data.display().to_string()]);
    args.extend(flags.iter().map(|flag| (*flag).to_owned()));
    let program =
        std::env::var("FLUXNOC_BIN").unwrap_or_else(|_| env!("CARGO_BIN_EXE_fluxnoc").to_owned());
    let link = Link { rate: Some(RATE), way: WAY };
    let mut line = Line::start(program.as_ref(), &args, &[], size, link);
    line.wait("alerts", |screen| screen.contains(&format!("{HOSTS} unhandled")));
    line.press("2");
    line.silence();
    let count = if short() { 12 } else { 60 };
    let cursor = percentile(&(0..count).map(|n| cursor(&mut line, n)).collect::<Vec<_>>());
    let typed = typed(&mut line, count);
    let mut title = Vec::new();
    let mut rows = Vec::new();
    let mut whole = Vec::new();
    for _ in 0..if short() { 2 } else { 6 } {
        for (key, words) in [("3", "Hosts, worst first"), ("2", "Alerts: unhandled")] {
            let (a, b, c) = switch(&mut line, key, words);
            title.push(a);
            rows.push(b);
            whole.push(c);
        }
    }
    let meanwhile: Vec<f64> =
        (0..if short() { 3 } else { 10 }).map(|n| key_meanwhile(&mut line, n)).collect();
    let worst = |all: &[f64]| all.iter().copied().fold(0.0, f64::max);
    Figures {
        cursor,
        typed,
        title: worst(&title),
        rows: worst(&rows),
        whole: worst(&whole),
        meanwhile: percentile(&meanwhile),
    }
}

fn site() -> String {
    let mut text = "[defaults]\ninterval = \"60s\"\ntimeout = \"1s\"\nattempts = 1\n".to_owned();
    for n in 0..HOSTS {
        let _ = write!(
            text,
            "[[host]]\nname = \"edge-{n:02}\"\naddress = \"127.0.0.1\"\n\
             [[host.check]]\nkind = \"tcp\"\nport = {}\n",
            1 + n % 8
        );
    }
    text
}

fn percentile(all: &[f64]) -> f64 {
    let mut all = all.to_vec();
    all.sort_unstable_by(f64::total_cmp);
    all.get(all.len() * 95 / 100).or(all.last()).copied().unwrap_or(f64::NAN)
}

/// The row of the cursor, from the top.
fn marked(screen: &vt100::Screen) -> Option<usize> {
    let (_, wide) = screen.size();
    screen.rows(0, wide.get()).position(|row| row.trim_start_matches('│').starts_with('›'))
}

/// Milliseconds over the delay until the cursor is a row further.
fn cursor(line: &mut Line, n: usize) -> f64 {
    let before = line.look(marked);
    let begun = Instant::now();
    line.press(if n % 10 < 5 { "j" } else { "k" });
    let at = line.wait_screen("the cursor moves", |screen| marked(screen) != before);
    over(begun, at)
}

fn over(begun: Instant, at: Instant) -> f64 {
    at.saturating_duration_since(begun).saturating_sub(DELAY).as_secs_f64() * 1e3
}

fn typed(line: &mut Line, count: usize) -> f64 {
    line.press(":");
    line.silence();
    let mut times = Vec::new();
    let mut text = String::new();
    for letter in "acknowledge the core of fra and tell noc about it again now".chars().take(count)
    {
        text.push(letter);
        let begun = Instant::now();
        line.press(&letter.to_string());
        let wanted = text.trim_end().to_owned();
        let at = line.wait_screen("the letter", |screen| {
            let (_, wide) = screen.size();
            screen.rows(0, wide.get()).last().is_some_and(|row| row.contains(&wanted))
        });
        if letter != ' ' {
            times.push(over(begun, at));
        }
    }
    line.press("\x1b");
    line.silence();
    percentile(&times)
}

/// Milliseconds over the delay of title, first ten rows, all of it.
fn switch(line: &mut Line, key: &str, words: &str) -> (f64, f64, f64) {
    line.silence();
    let from = line.log().len();
    let begun = Instant::now();
    line.press(key);
    line.wait("the view", |screen| screen.contains(words));
    line.silence();
    let log = line.log();
    let rows = |screen: &vt100::Screen| {
        let (_, wide) = screen.size();
        // The clock and ages of seconds are no part of a view.
        screen.rows(0, wide.get()).skip(1).map(|row| row.trim_end().to_owned()).collect::<Vec<_>>()
    };
    let last = line.look(rows);
    let mut parser = line.parser();
    let mut found: [Option<Instant>; 3] = [None; 3];
    for (n, (at, bytes)) in log.iter().enumerate() {
        parser.process(bytes);
        if n < from {
            continue;
        }
        let now = rows(parser.screen());
        let shown = [
            parser.screen().contents().contains(words),
            now.iter().take(11).eq(last.iter().take(11)),
            now == last,
        ];
        for (place, shown) in found.iter_mut().zip(shown) {
            if shown && place.is_none() {
                *place = Some(*at);
            }
        }
    }
    let bytes: usize = log.iter().skip(from).map(|(_, bytes)| bytes.len()).sum();
    println!("{bytes} bytes to {words:?}");
    let [title, ten, whole] = found.map(|at| at.map_or(f64::NAN, |at| over(begun, at)));
    (title, ten, whole)
}

/// A view is on its way, and somebody presses a cursor key.
fn key_meanwhile(line: &mut Line, n: usize) -> f64 {
    let (view, words) = [("3", "Hosts, worst first"), ("2", "Alerts: unhandled")][n % 2];
    line.silence();
    line.press(view);
    line.wait("the title", |screen| screen.contains(words));
    line.wait_screen("a cursor", |screen| marked(screen).is_some());
    let begun = Instant::now();
    let before = line.look(marked);
    line.press(if n % 4 < 2 { "j" } else { "k" });
    let at = line.wait_screen("the cursor moves", |screen| marked(screen) != before);
    over(begun, at)
}
