//! Scraping 200 targets of 1,000 series, beside Debian's Prometheus on the same targets in the same
//! run: CPU of the whole program (probes, engine, SQLite) and resident memory.
//!
//! Both scrape every 15 s for three minutes; in the short form every second for 12 s.
//! The targets are one process of their own, whose CPU counts for neither; two in five of their
//! series change with every scrape. Limits: 1 time Prometheus's CPU, 1 time its memory.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::cast_precision_loss,
    reason = "a benchmark that cannot measure stops; its numbers are small"
)]

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use fluxnoc::backend::Backend;
use fluxnoc::clock::Clock;
use fluxnoc::config::{Env, Machine, parse};
use fluxnoc::engine::{Engine, Inventory, Keep, Setup};
use fluxnoc::model::SafeText;
use fluxnoc::probe::Shared;
use fluxnoc::protocol::{Actor, Answer, Query, Role};
use fluxnoc::store::Store;
use fluxnoc::worker::{Source, Worker};
use tokio_util::sync::CancellationToken;

mod common;
use common::{Comparison, Scratch, short, verdict};

const TARGETS: usize = 200;
const SERIES: usize = 1000;
const ROLE: &str = "FLUXNOC_BENCH_SCRAPE";

fn main() -> ExitCode {
    match std::env::var(ROLE).as_deref() {
        Ok("targets") => targets(),
        Ok(port) => ours(port),
        Err(_) => compare(),
    }
}

/// Seconds between two scrapes of a target.
fn every() -> u64 {
    if short() { 1 } else { 15 }
}

/// Seconds until both have found all series.
fn warm() -> u64 {
    8 + 2 * every()
}

fn compare() -> ExitCode {
    let seconds = 12 * every();
    let scratch = Scratch::new("scrape");
    let mut served = again("targets", &scratch);
    let port = first_line(&mut served.0);
    let mine = again(&port, &scratch);
    let peer = prometheus(&port, &scratch);
    // Both have found all series before the clock starts.
    std::thread::sleep(Duration::from_secs(warm()));
    let begun = Instant::now();
    let before = (mine.cpu(), peer.cpu());
    std::thread::sleep(Duration::from_secs(seconds));
    let took = begun.elapsed().as_secs_f64();
    let used = (mine.cpu() - before.0, peer.cpu() - before.1);
    let memory = (mine.rss_mib(), peer.rss_mib());
    let rate = said(mine);
    let peer_rate = ingested(peer.1);
    let wanted = (TARGETS * (SERIES + 5)) as f64 / every() as f64;
    println!(
        "samples a second: ours {rate:.0}, Prometheus {peer_rate:.0}, offered {wanted:.0}; \
         {took:.0} s measured"
    );
    drop(peer);
    let row = |what, unit, (ours, peer)| Comparison {
        what,
        unit,
        ours,
        peer_name: "prometheus",
        peer,
        floor: 1.0,
        at_most: true,
    };
    let share = |cpu: f64| 100.0 * cpu / took;
    // A program that leaves scrapes out would be cheap.
    let whole = Comparison {
        what: "samples kept of those offered",
        unit: "%",
        ours: 100.0 * rate / wanted,
        peer_name: "all",
        peer: 100.0,
        floor: 0.95,
        at_most: false,
    };
    verdict(&[
        row("scrape 200 x 1,000 series, CPU of a core", "%", (share(used.0), share(used.1))),
        row("scrape 200 x 1,000 series, memory", "MiB", memory),
        whole,
    ])
}

/// A process with its port, when it has one.
struct Other(Child, u16);

impl Other {
    fn cpu(&self) -> f64 {
        let text = std::fs::read_to_string(format!("/proc/{}/stat", self.0.id())).expect("it runs");
        let rest = text.rsplit_once(')').expect("a name").1;
        let words: Vec<f64> = rest.split_whitespace().map(|w| w.parse().unwrap_or(0.0)).collect();
        [11, 12].iter().filter_map(|at| words.get(*at)).sum::<f64>() / 100.0
    }

    fn rss_mib(&self) -> f64 {
        let text =
            std::fs::read_to_string(format!("/proc/{}/statm", self.0.id())).expect("it runs");
        let pages: f64 =
            text.split_whitespace().nth(1).and_then(|p| p.parse().ok()).expect("pages");
        pages * 4096.0 / 1024.0 / 1024.0
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// This program in another role.
fn again(role: &str, scratch: &Scratch) -> Other {
    let program = std::env::current_exe().expect("our own path");
    let child = Command::new(program)
        .env(ROLE, role)
        .current_dir(&scratch.0)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts again");
    Other(child, 0)
}

fn first_line(child: &mut Child) -> String {
    let mut line = String::new();
    let out = child.stdout.take().expect("a pipe");
    BufReader::new(out).read_line(&mut line).expect("a line");
    line.trim().to_owned()
}

/// Ends our side and takes its samples a second.
fn said(mut mine: Other) -> f64 {
    drop(mine.0.stdin.take());
    first_line(&mut mine.0).parse().expect("a number")
}

fn prometheus(port: &str, scratch: &Scratch) -> Other {
    let own = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port").port();
    let every = every();
    let mut config = format!(
        "global: {{ scrape_interval: {every}s, scrape_timeout: 1s }}\nscrape_configs:\n\
         - job_name: bench\n  static_configs:\n"
    );
    for n in 0..TARGETS {
        let _ = writeln!(
            config,
            "  - {{ targets: [\"127.0.0.1:{port}\"], labels: {{ __metrics_path__: \"/{n}\", n: \"{n}\" }} }}"
        );
    }
    let file = scratch.0.join("prometheus.yml");
    std::fs::write(&file, config).expect("a configuration");
    let child = Command::new("prometheus")
        .arg(format!("--config.file={}", file.display()))
        .arg(format!("--storage.tsdb.path={}", scratch.0.join("tsdb").display()))
        .arg(format!("--web.listen-address=127.0.0.1:{own}"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("prometheus starts (tests/run install)");
    Other(child, own)
}

/// Samples a second that Prometheus says it took over the last ten.
fn ingested(port: u16) -> f64 {
    let over = 10 * every();
    let query =
        format!("/api/v1/query?query=sum(sum_over_time(scrape_samples_scraped[{over}s]))/{over}");
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("Prometheus answers");
    write!(stream, "GET {query} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").expect("asked");
    let mut text = String::new();
    std::io::Read::read_to_string(&mut stream, &mut text).expect("an answer");
    let value = text.rsplit("\"value\":[").next().and_then(|rest| rest.split('"').nth(1));
    value.and_then(|value| value.parse().ok()).unwrap_or(0.0)
}

/// The engine with its worker, until stdin ends; then its samples a second.
fn ours(port: &str) -> ExitCode {
    let mut config = format!(
        "[defaults]\ninterval = \"{}s\"\ntimeout = \"1s\"\n\
         [series]\nmax_samples = 1000000000\n",
        every()
    );
    for n in 0..TARGETS {
        let _ = write!(
            config,
            "[[host]]\nname = \"t{n}\"\naddress = \"127.0.0.1\"\n[[host.check]]\n\
             kind = \"scrape\"\nurl = \"http://127.0.0.1:{port}/{n}\"\n"
        );
    }
    let machine = Machine { hostname: "bench".to_owned(), ..Machine::default() };
    let config = parse("bench", &config, &machine, &Env::default()).expect("a configuration");
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("threads");
    let rate = runtime.block_on(async {
        let store =
            Store::open_sqlite(std::path::Path::new("fluxnoc.db")).await.expect("a database");
        let inventory =
            Inventory { hosts: config.hosts, checks: config.checks, ..Inventory::default() };
        let series = fluxnoc::series::Bounds { samples: 1_000_000_000, ..Default::default() };
        let setup = Setup {
            inventory,
            reload: std::sync::Arc::new(|| Err("no".to_owned())),
            keep_rule: fluxnoc::engine::keep_no_rules(),
            store,
            keep: Keep { series, ..Keep::default() },
            clock: Clock::System,
            machine: "bench".to_owned(),
        };
        let engine = Engine::start(setup).await.expect("an engine");
        let backend = Backend::Local(engine.handle.clone());
        let worker = Worker {
            backend: backend.clone(),
            source: Source::Probes(Shared::start().expect("a thread")),
            clock: Clock::System,
            at_once: 1024,
        };
        let stop = CancellationToken::new();
        let running = tokio::spawn(fluxnoc::worker::run(worker, stop.clone()));
        let actor = Actor::Local { name: SafeText::line("bench"), role: Role::Viewer };
        let samples = async || {
            let list = Query::SeriesList { host: None, check: None, text: None, limit: 1 };
            match backend.query(actor.clone(), list).await {
                Ok(Answer::SeriesList(page)) => page.size,
                other => panic!("{other:?}"),
            }
        };
        let ended = tokio::task::spawn_blocking(|| {
            let mut rest = String::new();
            let _ = std::io::Read::read_to_string(&mut std::io::stdin(), &mut rest);
        });
        tokio::time::sleep(Duration::from_secs(warm() - 2)).await;
        let (first, begun) = (samples().await.samples, Instant::now());
        ended.await.expect("stdin ends");
        let size = samples().await;
        let rate = (size.samples - first) as f64 / begun.elapsed().as_secs_f64();
        eprintln!("ours: {size:?}");
        stop.cancel();
        let _ = running.await;
        engine.stopped().await.expect("a whole engine");
        rate
    });
    println!("{rate}");
    ExitCode::SUCCESS
}

/// All targets behind one port, until stdin ends; prints the port.
fn targets() -> ExitCode {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    println!("{}", listener.local_addr().expect("its address").port());
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::Builder::new()
                .stack_size(256 * 1024)
                .spawn(move || serve(stream))
                .expect("a thread");
        }
    });
    let mut rest = String::new();
    let _ = std::io::Read::read_to_string(&mut std::io::stdin(), &mut rest);
    ExitCode::SUCCESS
}

/// Answers requests of one connection until it ends.
fn serve(stream: TcpStream) {
    static ROUND: AtomicU64 = AtomicU64::new(1000);
    let mut out = stream.try_clone().expect("a second handle");
    let mut reader = BufReader::new(stream);
    loop {
        let mut lines = 0;
        let mut line = String::new();
        loop {
            line.clear();
            match reader.read_line(&mut line) {
                Ok(0) | Err(_) => return,
                Ok(_) if line.trim_end().is_empty() => break,
                Ok(_) => lines += 1,
            }
        }
        if lines == 0 {
            return;
        }
        let body = exposition(ROUND.fetch_add(1, Ordering::Relaxed));
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        if out.write_all(head.as_bytes()).and_then(|()| out.write_all(body.as_bytes())).is_err() {
            return;
        }
    }
}

/// Ten families of a hundred series, as exporters write them.
fn exposition(round: u64) -> String {
    let mut body = String::with_capacity(100_000);
    for family in 0..SERIES / 100 {
        let counts = family % 5 < 2;
        let kind = if counts { "counter" } else { "gauge" };
        let suffix = if counts { "_total" } else { "" };
        let _ = writeln!(body, "# HELP app_family_{family}{suffix} What it counts.");
        let _ = writeln!(body, "# TYPE app_family_{family}{suffix} {kind}");
        for n in 0..100_u64 {
            let value = if counts { round * (n + 1) } else { n * 1024 + 7 };
            let _ = writeln!(
                body,
                "app_family_{family}{suffix}{{code=\"200\",device=\"dev{n}\",handler=\"/api/v1/things\"}} {value}"
            );
        }
    }
    body
}
