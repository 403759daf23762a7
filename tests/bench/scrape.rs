//! Scraping 200 targets of 1,000 series, beside Debian's Prometheus on the same targets in the same
//! run: CPU of the whole program (probes, engine, SQLite) and resident memory.
//!
//! Both scrape every 15 s for three minutes; in the short form every second for 12 s.
//! The targets are one process of their own, whose CPU counts for neither; two in five of their
//! series change with every scrape. Limits: 1 time Prometheus's CPU, 1 time its memory.

#![allow(
    dead_code,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_precision_loss,
    reason = "a benchmark that cannot measure stops; its numbers are small; `promql` uses it too"
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
    run(0)
}

/// The comparison, or a part of it, with so many rules; a fifth of them in the short form.
pub fn run(rules: usize) -> ExitCode {
    let rules = if short() { rules / 5 } else { rules };
    match std::env::var(ROLE).as_deref() {
        Ok("targets") => targets(),
        Ok(port) => ours(port, rules),
        Err(_) => compare(rules),
    }
}

/// Seconds between two evaluations of a group.
fn evaluated() -> u64 {
    if short() { 5 } else { 15 }
}

/// Groups of ten rules: eight of one device's series, half of them over two minutes, one of all
/// devices' series, and in every other group one of all devices' over two minutes.
fn rules(count: usize) -> String {
    let mut text = String::from("groups:\n");
    for group in 0..count / 10 {
        let every = evaluated();
        let _ = writeln!(text, "- name: g{group}\n  interval: {every}s\n  rules:");
        for n in 0..8 {
            let (device, gauge) = ((group * 8 + n) % 100, 2 + n % 3);
            let expr = if n < 4 {
                format!("app_family_{gauge}{{device=\"dev{device}\"}} > 1e12")
            } else {
                format!("rate(app_family_0_total{{device=\"dev{device}\"}}[2m]) > 1e12")
            };
            let _ = writeln!(text, "  - alert: A{group}n{n}\n    expr: '{expr}'\n    for: 1m");
        }
        let all = "sum by (instance) (app_family_3)";
        let _ = writeln!(text, "  - record: g{group}:all:sum\n    expr: {all}");
        let last = if group % 2 == 0 {
            "sum by (device) (rate(app_family_1_total[2m]))"
        } else {
            "up == 0"
        };
        let _ = writeln!(text, "  - record: g{group}:last\n    expr: {last}");
    }
    text
}

/// Seconds between two scrapes of a target.
fn every() -> u64 {
    if short() { 1 } else { 15 }
}

/// Seconds until both have found all series.
fn warm() -> u64 {
    8 + 2 * every()
}

fn compare(rules: usize) -> ExitCode {
    let seconds = 12 * every();
    let scratch = Scratch::new("scrape");
    let mut served = again("targets", &scratch);
    let port = first_line(&mut served.0);
    let mine = again(&port, &scratch);
    let peer = prometheus(&port, rules, &scratch);
    // Both have found all series before the clock starts.
    std::thread::sleep(Duration::from_secs(warm()));
    let begun = Instant::now();
    let before = (mine.cpu(), peer.cpu());
    std::thread::sleep(Duration::from_secs(seconds));
    let took = begun.elapsed().as_secs_f64();
    let used = (mine.cpu() - before.0, peer.cpu() - before.1);
    let memory = (mine.rss_mib(), peer.rss_mib());
    let (rate, evaluation) = said(mine);
    let peer_rate = ingested(peer.1);
    let peer_evaluation = evaluation_of(peer.1);
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
    let mut all = vec![
        row("scrape 200 x 1,000 series, CPU of a core", "%", (share(used.0), share(used.1))),
        row("scrape 200 x 1,000 series, memory", "MiB", memory),
        whole,
    ];
    if rules > 0 {
        println!("{rules} rules every {} s", evaluated());
        all.push(row("a round of all rules", "ms", (evaluation, peer_evaluation)));
    }
    verdict(&all)
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

/// Ends our side and takes its samples a second, and the milliseconds of a round of all rules.
fn said(mut mine: Other) -> (f64, f64) {
    drop(mine.0.stdin.take());
    let line = first_line(&mut mine.0);
    let (rate, evaluation) = line.split_once(' ').expect("two numbers");
    (rate.parse().expect("a number"), evaluation.parse().expect("a number"))
}

fn prometheus(port: &str, count: usize, scratch: &Scratch) -> Other {
    let own = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port").port();
    let every = every();
    let mut config = format!(
        "global: {{ scrape_interval: {every}s, scrape_timeout: 1s }}\nscrape_configs:\n\
         - job_name: bench\n  static_configs:\n"
    );
    if count > 0 {
        std::fs::write(scratch.0.join("rules.yml"), rules(count)).expect("rules");
        config.insert_str(0, "rule_files: [rules.yml]\n");
    }
    for n in 0..TARGETS {
        let _ = writeln!(
            config,
            "  - {{ targets: [\"127.0.1.{n}:{port}\"], labels: {{ __metrics_path__: \"/{n}\" }} }}"
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
    let text = asked(port, &query);
    let value = text.rsplit("\"value\":[").next().and_then(|rest| rest.split('"').nth(1));
    value.and_then(|value| value.parse().ok()).unwrap_or(0.0)
}

/// Milliseconds of a round of all rules, as Prometheus says it.
fn evaluation_of(port: u16) -> f64 {
    let text = asked(port, "/api/v1/rules");
    // Of a group the sum of its rules, which stands after them.
    let times = text.split("\"evaluationTime\":").skip(1);
    let times = times.filter_map(|rest| rest.split([',', '}']).next()?.parse::<f64>().ok());
    // Each counts twice: in its rule and in its group.
    times.sum::<f64>() * 1000.0 / 2.0
}

fn asked(port: u16, query: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("Prometheus answers");
    write!(stream, "GET {query} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").expect("asked");
    let mut text = String::new();
    std::io::Read::read_to_string(&mut stream, &mut text).expect("an answer");
    text
}

/// The engine with its worker, until stdin ends; then its samples a second.
fn ours(port: &str, count: usize) -> ExitCode {
    let mut config = format!(
        "[defaults]\ninterval = \"{}s\"\ntimeout = \"1s\"\n\
         [series]\nmax_samples = 1000000000\n",
        every()
    );
    for n in 0..TARGETS {
        let _ = write!(
            config,
            "[[host]]\nname = \"t{n}\"\naddress = \"127.0.0.1\"\n[[host.check]]\n\
             kind = \"scrape\"\nurl = \"http://127.0.1.{n}:{port}/{n}\"\n"
        );
    }
    let machine = Machine { hostname: "bench".to_owned(), ..Machine::default() };
    let config = parse("bench", &config, &machine, &Env::default()).expect("a configuration");
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("threads");
    let rate = runtime.block_on(async {
        let store =
            Store::open_sqlite(std::path::Path::new("fluxnoc.db")).await.expect("a database");
        let groups = fluxnoc::config::rule_groups("rules.yml", &rules(count)).expect("rules");
        let groups: Vec<_> = groups.into_iter().map(std::sync::Arc::new).collect();
        let promql = fluxnoc::config::promql::Promql::default();
        let compiled = fluxnoc::engine::query_rules::compile(&groups, &promql).expect("rules");
        let inventory = Inventory {
            hosts: config.hosts,
            checks: config.checks,
            query_rules: std::sync::Arc::new(compiled),
            ..Inventory::default()
        };
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
        let listed = backend.query(actor.clone(), Query::Rules { limit: 1000 }).await;
        let Ok(Answer::Rules(page)) = listed else { panic!("no rules") };
        let took: u64 = page.queries.iter().map(|row| row.took_us).sum();
        let failed = page.queries.iter().filter(|row| row.error.is_some()).count();
        let missed: u64 = page.queries.iter().map(|row| row.missed).max().unwrap_or(0);
        eprintln!("ours: {} rules, {failed} failed, {missed} skipped", page.queries.len());
        let error = page.queries.iter().find_map(|row| row.error.as_ref());
        assert_eq!(error, None, "a rule that fails costs nothing");
        stop.cancel();
        let _ = running.await;
        engine.stopped().await.expect("a whole engine");
        (rate, took as f64 / 1000.0)
    });
    println!("{} {}", rate.0, rate.1);
    ExitCode::SUCCESS
}

/// All targets behind one port, until stdin ends; prints the port.
fn targets() -> ExitCode {
    // Each target has an address of loopback of its own: by that it is called.
    let listener = TcpListener::bind("0.0.0.0:0").expect("a port");
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
