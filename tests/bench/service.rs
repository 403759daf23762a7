//! What a served engine owes whoever asks it, by the targets of the document (SPEC FB-25 to FB-29):
//! time of requests and of statements, share of errors, use of the pool, memory and tasks that do
//! not grow.
//!
//! The release binary serves 300 hosts whose port is checked each second, one in twenty of them
//! closed, while eight clients ask for lists, details and histories a hundred times a second. The
//! quantiles come from its own `/metrics`, from the buckets as a Prometheus would take them, so the
//! limit of each is the document's figure and not a peer. Memory and tasks are a line through what
//! was seen after the first third; its rise over that time, in percent of the mean, has the limit.
//!
//! Two minutes; `FLUXNOC_SOAK=3600` takes an hour.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::cast_precision_loss,
    reason = "a benchmark that cannot measure stops; its numbers are small"
)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

mod common;
#[path = "served/program.rs"]
mod program;
use common::{Comparison, Scratch, short, verdict};
use program::{Program, await_port, free_port, own};

const HOSTS: usize = 300;
const CLIENTS: usize = 8;
/// Of all clients together, a second.
const REQUESTS: u32 = 100;
/// What is asked for, one after the other.
const PATHS: [&str; 8] = [
    "/api/v1/alerts",
    "/api/v1/hosts?pattern=h1*",
    "/api/v1/checks/h10/tcp",
    "/api/v1/edges?limit=100",
    "/api/v1/log?limit=100",
    "/api/v1/maintenance",
    "/api/v1/engine",
    "/api/v1/rules?limit=100",
];

fn fluxnoc(dir: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(own());
    command.args(words).arg("--config").arg(dir.join("config.toml"));
    command.arg("--data-dir").arg(dir.join("data")).env_clear().env("HOME", dir);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// A served engine.
struct Served {
    program: Program,
    url: String,
}

impl Served {
    fn start(dir: &Path, port: u16) -> Self {
        let program = Program::start(&mut fluxnoc(dir, &["serve"]), dir, "fluxnoc");
        await_port(port);
        Self { program, url: format!("http://127.0.0.1:{port}") }
    }
}

/// Hosts whose port is there, and some whose port is not.
fn configure(dir: &Path, open: u16, port: u16) {
    let mut text = format!(
        "[server]\nlisten = \"127.0.0.1:{port}\"\nhealth_enabled = false\n\
         [metrics]\nrequire_auth = false\n[defaults]\ninterval = \"1s\"\ntimeout = \"500ms\"\n"
    );
    for n in 0..HOSTS {
        let port = if n % 20 == 7 { 1 } else { open };
        write!(
            text,
            "[[host]]\nname = \"h{n}\"\naddress = \"127.0.0.1\"\n\
             [[host.check]]\nkind = \"tcp\"\nport = {port}\n"
        )
        .expect("text");
    }
    std::fs::write(dir.join("config.toml"), text).expect("a configuration");
}

/// The sums of a histogram's buckets over all its labels, by upper bound.
fn buckets(text: &str, family: &str) -> Vec<(f64, f64)> {
    let start = format!("{family}_bucket{{");
    let mut sums: BTreeMap<u64, (f64, f64)> = BTreeMap::new();
    for line in text.lines().filter(|line| line.starts_with(&start)) {
        let bound = line
            .split([',', '{'])
            .find_map(|label| label.strip_prefix("le=\""))
            .and_then(|rest| rest.split('"').next());
        let bound = match bound.expect("a bound") {
            "+Inf" => f64::INFINITY,
            number => number.parse().expect("a bound"),
        };
        let count: f64 = line.rsplit(' ').next().and_then(|n| n.parse().ok()).expect("a count");
        // Positive numbers are in the order of their bits.
        sums.entry(bound.to_bits()).or_insert((bound, 0.0)).1 += count;
    }
    sums.into_values().collect()
}

/// As `histogram_quantile` takes it: on a straight line inside the bucket.
fn quantile(wanted: f64, buckets: &[(f64, f64)]) -> f64 {
    let all = buckets.last().map_or(0.0, |last| last.1);
    assert!(all > 0.0, "nothing was counted");
    let rank = wanted * all;
    let (mut below, mut counted) = (0.0, 0.0);
    for (bound, count) in buckets {
        if *count >= rank {
            if bound.is_infinite() {
                return below;
            }
            return below + (bound - below) * (rank - counted) / (count - counted);
        }
        (below, counted) = (*bound, *count);
    }
    below
}

/// The sum of all samples of a family whose labels contain this.
fn sum(text: &str, family: &str, label: &str) -> f64 {
    let is_it = |line: &&str| {
        line.strip_prefix(family).is_some_and(|rest| rest.starts_with(['{', ' ']))
            && line.contains(label)
    };
    let value = |line: &str| line.rsplit(' ').next().and_then(|n| n.parse::<f64>().ok());
    text.lines().filter(is_it).filter_map(value).sum()
}

/// How much a straight line through the values rises from the first to the last, in percent of
/// their mean (least squares).
fn rise(values: &[f64]) -> f64 {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let middle = (count - 1.0) / 2.0;
    let at = |n: usize| n as f64 - middle;
    let product: f64 = values.iter().enumerate().map(|(n, value)| at(n) * (value - mean)).sum();
    let square: f64 = (0..values.len()).map(|n| at(n) * at(n)).sum();
    product / square * (count - 1.0) / mean * 100.0
}

/// What was seen in that time.
struct Seen {
    metrics: String,
    /// How much of the pool was in use, in percent, each second.
    pool: Vec<f64>,
    memory: Vec<f64>,
    tasks: Vec<f64>,
    asked: usize,
}

async fn text(client: &reqwest::Client, url: String, token: &str) -> (u16, String) {
    let answer = client.get(url).header("x-api-token", token).send().await.expect("an answer");
    let status = answer.status().as_u16();
    (status, answer.text().await.expect("a whole answer"))
}

/// Waits until the engine has read its store.
async fn begun(served: &Served, token: &str) {
    let http = reqwest::Client::new();
    while text(&http, format!("{}/api/v1/engine", served.url), token).await.0 == 503 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn watch(served: &Served, token: &str, time: Duration) -> Seen {
    begun(served, token).await;
    let end = Instant::now() + time;
    let mut clients = tokio::task::JoinSet::new();
    for client in 0..CLIENTS {
        let (url, token) = (served.url.clone(), token.to_owned());
        clients.spawn(async move {
            let http = reqwest::Client::new();
            let every = Duration::from_secs(1) * u32::try_from(CLIENTS).expect("few") / REQUESTS;
            let mut tick = tokio::time::interval(every);
            let mut asked = 0;
            while Instant::now() < end {
                tick.tick().await;
                let path = PATHS.iter().cycle().nth(client + asked).expect("a path");
                let (status, said) = text(&http, format!("{url}{path}"), &token).await;
                assert_eq!(status, 200, "{path}: {said}");
                asked += 1;
            }
            asked
        });
    }
    let http = reqwest::Client::new();
    let mut seen = Seen {
        metrics: String::new(),
        pool: Vec::new(),
        memory: Vec::new(),
        tasks: Vec::new(),
        asked: 0,
    };
    let mut tick = tokio::time::interval(Duration::from_secs(1));
    while Instant::now() < end {
        tick.tick().await;
        seen.memory.push(served.program.rss_kib());
        let url = format!("{}/api/v1/monitoring/metrics", served.url);
        let (_, said) = text(&http, url, token).await;
        let said: serde_json::Value = serde_json::from_str(&said).expect("JSON");
        let of = |pointer: &str| said.pointer(pointer).and_then(serde_json::Value::as_f64);
        seen.tasks.push(of("/num_goroutines").expect("tasks"));
        let (busy, most) = (of("/database/acquired_conns"), of("/database/max_conns"));
        seen.pool.push(busy.expect("busy") / most.expect("most") * 100.0);
    }
    while let Some(asked) = clients.join_next().await {
        seen.asked += asked.expect("a client");
    }
    seen.metrics = text(&http, format!("{}/metrics", served.url), token).await.1;
    seen
}

/// A row whose limit is a figure of the document.
fn limit(what: &'static str, unit: &'static str, ours: f64, most: f64) -> Comparison {
    Comparison { what, unit, ours, peer_name: "limit", peer: most, floor: 1.0, at_most: true }
}

fn fb_25_requests(seen: &Seen) -> [Comparison; 2] {
    let all = buckets(&seen.metrics, "fluxnoc_http_request_duration_seconds");
    [
        limit("FB-25 request, P95", "ms", quantile(0.95, &all) * 1e3, 200.0),
        limit("FB-25 request, P99", "ms", quantile(0.99, &all) * 1e3, 500.0),
    ]
}

fn fb_26_statements(seen: &Seen) -> [Comparison; 2] {
    let all = buckets(&seen.metrics, "fluxnoc_db_query_duration_seconds");
    [
        limit("FB-26 statement, P95", "ms", quantile(0.95, &all) * 1e3, 50.0),
        limit("FB-26 statement, P99", "ms", quantile(0.99, &all) * 1e3, 100.0),
    ]
}

fn fb_27_errors(seen: &Seen) -> Comparison {
    let all = sum(&seen.metrics, "fluxnoc_http_requests_total", "");
    let failed = sum(&seen.metrics, "fluxnoc_http_requests_total", "\"5xx\"");
    limit("FB-27 failed of all requests", "%", failed.max(0.0) / all * 100.0, 0.1)
}

fn fb_28_pool(seen: &Seen) -> Comparison {
    let mut all = seen.pool.clone();
    all.sort_by(f64::total_cmp);
    let late = all.get(all.len() * 95 / 100).expect("it was looked at");
    limit("FB-28 pool in use, P95 of the seconds", "%", *late, 80.0)
}

fn fb_29_nothing_grows(seen: &Seen) -> [Comparison; 2] {
    let late = |values: &[f64]| rise(values.get(values.len() / 3..).unwrap_or_default());
    [
        limit("FB-29 rise of memory", "%", late(&seen.memory), 5.0),
        limit("FB-29 rise of tasks", "%", late(&seen.tasks), 5.0),
    ]
}

fn main() -> ExitCode {
    // A bench that cannot see a rise is worth nothing.
    assert!((rise(&[1.0, 2.0, 3.0]) - 100.0).abs() < 1e-9);
    assert!((quantile(0.5, &[(1.0, 0.0), (2.0, 10.0), (f64::INFINITY, 10.0)]) - 1.5).abs() < 1e-9);
    let scratch = Scratch::new("service");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let open = listener.local_addr().expect("its address").port();
    std::thread::spawn(move || listener.incoming().for_each(drop));
    let port = free_port();
    configure(&scratch.0, open, port);
    let made = fluxnoc(&scratch.0, &["token", "add", "--role", "viewer", "--name", "bench"])
        .output()
        .expect("a token");
    let made = String::from_utf8_lossy(&made.stdout).into_owned();
    let token = made.lines().last().expect("a token").to_owned();
    let soak = std::env::var("FLUXNOC_SOAK").ok().and_then(|text| text.parse().ok());
    let time = Duration::from_secs(soak.unwrap_or(if short() { 20 } else { 120 }));
    let served = Served::start(&scratch.0, port);
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("threads");
    let seen = runtime.block_on(watch(&served, &token, time));
    let results = sum(&seen.metrics, "fluxnoc_check_results_total", "");
    println!("{} requests, {results} results in {} s", seen.asked, time.as_secs());
    let mut rows = Vec::new();
    rows.extend(fb_25_requests(&seen));
    rows.extend(fb_26_statements(&seen));
    rows.push(fb_27_errors(&seen));
    rows.push(fb_28_pool(&seen));
    rows.extend(fb_29_nothing_grows(&seen));
    verdict(&rows)
}
