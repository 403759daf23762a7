//! From a typed letter to its place on the screen while 10,000 alerts come or go every two seconds: the
//! release binary in a terminal of 200x60, which checks, judges, stores and tells all of it meanwhile.
//!
//! Somebody types words into the filter of the alert list, which narrows it with every letter. Limits
//! beside those of `keys` for the console alone: 50 ms for half of the letters, 250 ms for 99 in a hundred.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a benchmark that cannot measure stops"
)]

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

mod alerting;
mod common;
#[path = "../common/letters.rs"]
mod letters;
#[path = "../common/pty.rs"]
mod pty;
use alerting::systems::{Form, configure, program};
use alerting::target::Targets;
use alerting::told::Told;
use common::{Comparison, Scratch, short, verdict};
use pty::{PATIENCE, Terminal};

/// Scrapes of each target before the storm: all checks are known by then.
const WARM: usize = 8;
/// Between two flips of all series.
const STEP: Duration = Duration::from_secs(2);
const WORDS: &str = "t1 e0 critical";
/// Milliseconds: half of the letters, and 99 in a hundred.
const LIMITS: [f64; 2] = [50.0, 250.0];

fn main() -> ExitCode {
    let words = if short() { 10 } else { 60 };
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("threads");
    let scratch = Scratch::new("stormkeys");
    let (targets, told) = runtime.block_on(async { (Targets::start().await, Told::start().await) });
    let config = configure(&scratch.0, targets.port, &told.url, Form::Together);
    let (config, data) = (config.display().to_string(), scratch.0.join("data"));
    let data = data.display().to_string();
    let args = ["--config", &config, "--data-dir", &data];
    let mut console = Terminal::start(program().as_ref(), &args, &[], 200, 60);
    console.wait("the console", PATIENCE, |screen| screen.contains("LIVE"));
    runtime.block_on(targets.scraped(WARM));
    console.send("2");
    console.wait("the alerts", PATIENCE, |screen| screen.contains("Alerts: "));
    let (over, flips) = (Arc::new(AtomicBool::default()), Arc::new(AtomicUsize::default()));
    let storm = runtime.spawn({
        let (targets, over, flips) = (Arc::clone(&targets), Arc::clone(&over), Arc::clone(&flips));
        async move {
            while !over.load(Ordering::SeqCst) {
                let n = flips.fetch_add(1, Ordering::SeqCst);
                targets.flip_all(n % 2 == 0);
                tokio::time::sleep(STEP).await;
            }
        }
    });
    console.wait("the storm", PATIENCE, |screen| screen.contains("STORM"));
    let mut times = Vec::new();
    for _ in 0..words {
        times.extend(filter(&mut console));
    }
    over.store(true, Ordering::SeqCst);
    runtime.block_on(storm).expect("the storm ends");
    console.signal(nix::sys::signal::Signal::SIGTERM);
    console.wait_exit();
    times.sort_unstable();
    let at = |part: usize| times[times.len() * part / 100].as_secs_f64() * 1e3;
    println!(
        "{} letters while all flipped {} times; the longest {:.0} ms; load {}",
        times.len(),
        flips.load(Ordering::SeqCst),
        times.last().copied().unwrap_or_default().as_secs_f64() * 1e3,
        std::fs::read_to_string("/proc/loadavg").unwrap_or_default().trim()
    );
    let row = |what, ours, peer| Comparison {
        what,
        unit: "ms",
        ours,
        peer_name: "limit",
        peer,
        floor: 1.0,
        at_most: true,
    };
    verdict(&[
        row("letter to screen in a storm, p50", at(50), LIMITS[0]),
        row("letter to screen in a storm, p99", at(99), LIMITS[1]),
    ])
}

/// Types the words and takes them back; the time of each letter.
fn filter(console: &mut Terminal) -> Vec<Duration> {
    let foot = |screen: &vt100::Screen, wanted: &str| {
        let (_, wide) = screen.size();
        screen.rows(0, wide.get()).any(|row| row.contains(wanted))
    };
    console.send("/");
    let mut times = Vec::new();
    let mut text = "/".to_owned();
    for letter in WORDS.chars() {
        // As hands do, and at any moment of a frame.
        std::thread::sleep(Duration::from_millis(60 + u64::from(rand::random::<u8>() % 120)));
        text.push(letter);
        let begun = Instant::now();
        console.send(&letter.to_string());
        if letter == ' ' {
            // Seen with the letter after it.
            continue;
        }
        let at = console.wait_screen(PATIENCE, |screen| foot(screen, &text));
        let at = at.unwrap_or_else(|| panic!("{text} is not there:\n{}", console.text()));
        times.push(at.saturating_duration_since(begun));
    }
    console.send("\x15\r");
    std::thread::sleep(Duration::from_millis(400));
    times
}
