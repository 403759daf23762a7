//! What a console costs that nobody uses: bytes and CPU while nothing changes, beside `btop` and
//! `btm` (bottom) in the same terminal; and bytes a second while 200 rows change each second.
//!
//! Limits: no byte in a quiet minute (but the clock's), CPU not above theirs, 6 KB/s for the rows.

#![allow(
    clippy::expect_used,
    clippy::cast_precision_loss,
    reason = "a benchmark that cannot measure stops; its numbers are small"
)]

use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

mod common;
#[path = "../common/letters.rs"]
mod letters;
#[path = "../common/pty.rs"]
mod pty;
use common::{Comparison, Scratch, program, short, verdict};
use pty::{PATIENCE, Terminal};

const SIZE: (u16, u16) = (200, 60);
/// Hosts whose row changes each second.
const ROWS: usize = 200;
/// Programs that watch a machine in a terminal, and how they are started.
const PEERS: [(&str, &[&str]); 2] = [("btop", &["--utf-force"]), ("btm", &[])];

fn main() -> ExitCode {
    let seconds = if short() { 10 } else { 40 };
    let (bytes, cpu) = quiet(seconds);
    let rate = busy(seconds);
    let row = |what, unit, ours, peer_name, peer| Comparison {
        what,
        unit,
        ours,
        peer_name,
        peer,
        floor: 1.0,
        at_most: true,
    };
    let mut all = vec![row("idle, bytes between two minutes", "B", bytes, "limit", 1.0)];
    for (name, args) in PEERS {
        let Some(path) = program(name) else {
            println!("{name} is not installed: no comparison with it");
            continue;
        };
        let (peer_bytes, peer_cpu) = peer(&path, args, seconds);
        println!("{name} wrote {:.0} B/s", peer_bytes / seconds as f64);
        all.push(row("idle, CPU of console and engine", "%", cpu, name, peer_cpu));
    }
    all.push(row("idle, CPU of console and engine", "%", cpu, "limit", 1.0));
    all.push(row("200 rows changing each second", "B/s", rate, "limit", 6000.0));
    verdict(&all)
}

/// CPU seconds of a process and its ended children.
fn cpu_of(pid: u32) -> f64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("a running program");
    let rest = text.rsplit_once(')').expect("a name").1;
    let words: Vec<f64> = rest.split_whitespace().map(|word| word.parse().unwrap_or(0.0)).collect();
    let ticks: f64 = [11, 12, 13, 14].iter().filter_map(|at| words.get(*at)).sum();
    ticks / 100.0
}

fn console(scratch: &Scratch, config: &str) -> Terminal {
    let file = scratch.0.join("config.toml");
    std::fs::write(&file, config).expect("a configuration");
    let program =
        std::env::var("FLUXNOC_BIN").unwrap_or_else(|_| env!("CARGO_BIN_EXE_fluxnoc").to_owned());
    let (file, data) = (file.display().to_string(), scratch.0.join("data").display().to_string());
    let args = ["--config", &file, "--data-dir", &data];
    Terminal::start(program.as_ref(), &args, &[], SIZE.0, SIZE.1)
}

/// Bytes and percent of a core while nothing changes.
fn quiet(seconds: u64) -> (f64, f64) {
    let scratch = Scratch::new("idle");
    let config = "[[host]]\nname = \"job-1\"\naddress = \"127.0.0.1\"\n[[host.check]]\n\
                  kind = \"custom\"\nname = \"job\"\ninterval = \"1h\"\nshell = \"echo all is well\"\n";
    let mut console = console(&scratch, config);
    console.wait_for("1 OK");
    // No path is traced and no age is shown: the settings say what is in force.
    console.send("g,");
    console.wait_for("Settings");
    console.silence(Duration::from_secs(1), PATIENCE);
    let into = || {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        now.map_or(0, |now| now.as_secs() % 60)
    };
    // The header shows the minute, and a new one is a change.
    while into() + seconds >= 59 {
        std::thread::sleep(Duration::from_millis(200));
    }
    console.silence(Duration::from_secs(1), PATIENCE);
    let (bytes, cpu, begun) = (console.bytes(), cpu_of(console.pid()), Instant::now());
    std::thread::sleep(Duration::from_secs(seconds));
    let used = 100.0 * (cpu_of(console.pid()) - cpu) / begun.elapsed().as_secs_f64();
    let written = (console.bytes() - bytes) as f64;
    (written, used)
}

/// The same of a peer, as it comes: btop repaints every two seconds, bottom every second.
fn peer(path: &Path, args: &[&str], seconds: u64) -> (f64, f64) {
    let scratch = Scratch::new("idle-peer");
    let home = scratch.0.display().to_string();
    let env = [("HOME", home.as_str()), ("LANG", "C.UTF-8")];
    let console = Terminal::start(path, args, &env, SIZE.0, SIZE.1);
    console.wait("its first frame", PATIENCE, |screen| screen.lines().count() > 20);
    std::thread::sleep(Duration::from_secs(3));
    let (bytes, cpu, begun) = (console.bytes(), cpu_of(console.pid()), Instant::now());
    std::thread::sleep(Duration::from_secs(seconds));
    let used = 100.0 * (cpu_of(console.pid()) - cpu) / begun.elapsed().as_secs_f64();
    ((console.bytes() - bytes) as f64, used)
}

/// Bytes a second while every row has another number each second.
fn busy(seconds: u64) -> f64 {
    let scratch = Scratch::new("idle-busy");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("its address").port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            drop(stream);
        }
    });
    let mut config = "[defaults]\ninterval = \"1s\"\ntimeout = \"1s\"\n".to_owned();
    for n in 0..ROWS {
        let _ = write!(
            config,
            "[[host]]\nname = \"edge-{n:03}\"\naddress = \"127.0.0.1\"\n\
             [[host.check]]\nkind = \"tcp\"\nport = {port}\n"
        );
    }
    let mut console = console(&scratch, &config);
    console.wait("all of them", PATIENCE, |screen| screen.contains(&format!("{ROWS} OK")));
    console.send("4");
    console.wait_for("Checks");
    std::thread::sleep(Duration::from_secs(2));
    let (bytes, begun) = (console.bytes(), Instant::now());
    std::thread::sleep(Duration::from_secs(seconds));
    (console.bytes() - bytes) as f64 / begun.elapsed().as_secs_f64()
}
