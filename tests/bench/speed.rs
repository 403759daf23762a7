//! The speedtest engines beside what others reach on the same link between two namespaces: HTTP
//! beside curl (both from nginx), iperf3 beside its own client.
//!
//! Floor: 0.95 of the peer's rate. The CPU time per GB is printed for both and has no floor: ours
//! has the counting, the latency under load and the growing result in it. Needs namespaces (root,
//! or unprivileged user namespaces), nginx, curl and iperf3.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_precision_loss,
    reason = "a benchmark that cannot measure stops; its numbers are small"
)]

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Duration;

use serde_json::Value;

mod common;
#[path = "../common/netns.rs"]
mod netns;

use common::{Comparison, children_cpu, short, timed, verdict};
use netns::Namespace;

const FAR: &str = "10.9.0.2";
const STREAMS: usize = 4;
/// How often each stream of curl gets the gibibyte: some ten seconds at the rates of a veth pair.
const FILES: usize = 4;

/// A rate in Mbit/s and what it cost.
struct Run {
    mbps: f64,
    cpu_per_gb: f64,
}

fn main() -> ExitCode {
    if !nix::unistd::geteuid().is_root() {
        return as_root_of_a_namespace();
    }
    let program = std::env::var("FLUXNOC_BIN").expect("FLUXNOC_BIN names the built program");
    let (a, b) = (Namespace::new(), Namespace::new());
    a.sh(&format!(
        "ip link add left type veth peer name right netns /proc/{}/ns/net
         ip address add 10.9.0.1/24 dev left; ip link set left up",
        b.pid()
    ));
    b.sh(&format!("ip address add {FAR}/24 dev right; ip link set right up"));
    a.allow_ping();
    let dir = tempfile::tempdir().expect("a directory");
    let _nginx = nginx(&b, dir.path());
    let _iperf3 = iperf3(&b);
    let runs = if short() { 2 } else { 3 };
    let real_seconds = "10";

    let url = format!("http://{FAR}:8080/file.bin");
    let (mut http, mut curl, mut iperf, mut real) = (vec![], vec![], vec![], vec![]);
    // In turn, so that a machine that is slower for a while is slower for both.
    for _ in 0..runs {
        http.push(ours(&a, &program, &url));
        curl.push(by_curl(&a, &url));
        iperf.push(ours(&a, &program, FAR));
        real.push(by_iperf3(&a, real_seconds));
    }
    let [http, curl, iperf, real] = [http, curl, iperf, real].map(best);
    for (what, run) in
        [("http", &http), ("curl", &curl), ("iperf3 engine", &iperf), ("iperf3", &real)]
    {
        println!("{what:<14} {:>9.0} Mbit/s, {:.3} CPU s per GB", run.mbps, run.cpu_per_gb);
    }
    verdict(&[
        rate("download over HTTP, 4 streams, from nginx", &http, "curl", &curl),
        rate("download by iperf3, 4 streams", &iperf, "iperf3", &real),
    ])
}

fn rate(what: &'static str, ours: &Run, peer_name: &'static str, peer: &Run) -> Comparison {
    let (ours, peer) = (ours.mbps, peer.mbps);
    Comparison { what, unit: "Mbit/s", ours, peer_name, peer, floor: 0.95, at_most: false }
}

fn best(mut runs: Vec<Run>) -> Run {
    runs.sort_by(|a, b| a.mbps.total_cmp(&b.mbps));
    runs.pop().expect("a run")
}

fn output(mut command: Command) -> (Vec<u8>, f64, Duration) {
    let before = children_cpu();
    let (output, took) = timed(|| command.output().expect("it runs (tests/run install)"));
    assert!(output.status.success(), "{command:?}: {output:?}");
    (output.stdout, children_cpu() - before, took)
}

fn ours(from: &Namespace, program: &str, target: &str) -> Run {
    let mut command = from.command(program);
    command.args(["speedtest", target, "--download", "--duration", "10", "--json"]);
    let (stdout, cpu, _) = output(command);
    let value: Value = serde_json::from_slice(&stdout).expect("JSON");
    let way = &value["download"];
    let bytes = way["bytes"].as_f64().expect("bytes");
    Run { mbps: way["mbps"].as_f64().expect("a rate"), cpu_per_gb: cpu / (bytes / 1e9) }
}

/// As many at once; each gets the file again and again on one connection.
fn by_curl(from: &Namespace, url: &str) -> Run {
    let mut command = from.command("sh");
    let one = format!(
        "curl -s -m 120 -o /dev/null -w '%{{size_download}} %{{time_total}}\\n' \
         $(yes '{url} -o /dev/null' | head -n {FILES})"
    );
    let all = vec![format!("({one}; true) &"); STREAMS].join("\n");
    command.args(["-c", &format!("{all}\nwait")]);
    let (stdout, cpu, took) = output(command);
    let text = String::from_utf8_lossy(&stdout).into_owned();
    let bytes: f64 =
        text.lines().filter_map(|line| line.split_whitespace().next()?.parse::<f64>().ok()).sum();
    Run { mbps: bytes * 8.0 / 1e6 / took.as_secs_f64(), cpu_per_gb: cpu / (bytes / 1e9) }
}

fn by_iperf3(from: &Namespace, seconds: &str) -> Run {
    let streams = STREAMS.to_string();
    let mut command = from.command("iperf3");
    command.args(["-c", FAR, "-R", "-J", "-t", seconds, "-P", &streams]);
    let (stdout, cpu, _) = output(command);
    let value: Value = serde_json::from_slice(&stdout).expect("JSON");
    let sum = &value["end"]["sum_received"];
    let bytes = sum["bytes"].as_f64().unwrap_or_else(|| panic!("{value}"));
    let mbps = sum["bits_per_second"].as_f64().expect("a rate") / 1e6;
    Run { mbps, cpu_per_gb: cpu / (bytes / 1e9) }
}

/// A server that is killed at the end.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn nginx(at: &Namespace, dir: &std::path::Path) -> Server {
    let root = dir.display();
    // Sparse: what is read costs nothing, as what a speedtest server sends from memory.
    let file = std::fs::File::create(dir.join("file.bin")).expect("a file");
    file.set_len(1 << 30).expect("a gibibyte");
    let text = format!(
        "daemon off; master_process off; user root root; pid {root}/pid; error_log {root}/log;
         events {{ worker_connections 512; }}
         http {{ access_log off; sendfile on; keepalive_requests 100000;
           client_body_temp_path {root}/body; proxy_temp_path {root}/proxy;
           fastcgi_temp_path {root}/fastcgi; uwsgi_temp_path {root}/uwsgi; scgi_temp_path {root}/scgi;
           server {{ listen {FAR}:8080; root {root}; }} }}"
    );
    let config = dir.join("nginx.conf");
    std::fs::write(&config, text).expect("written");
    let mut command = at.command("nginx");
    command.args(["-e", &format!("{root}/log"), "-c", &config.display().to_string()]);
    let child = command.stdout(Stdio::null()).spawn().expect("nginx is installed");
    at.sh(&format!(
        "for i in $(seq 100); do curl -s -I http://{FAR}:8080/file.bin >/dev/null && exit 0
         sleep 0.1; done; exit 1"
    ));
    Server(child)
}

fn iperf3(at: &Namespace) -> Server {
    let mut command = at.command("iperf3");
    command.args(["-s", "--forceflush"]).stdout(Stdio::piped());
    let mut child = command.spawn().expect("iperf3 is installed");
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    let listens = |line: &String| line.contains("Server listening");
    lines.by_ref().map_while(Result::ok).find(listens).expect("it listens");
    std::thread::spawn(move || lines.for_each(drop));
    Server(child)
}

/// Runs this benchmark again where it may make namespaces.
fn as_root_of_a_namespace() -> ExitCode {
    let status = Command::new("unshare")
        .args(["--user", "--map-root-user", "--net", "--mount", "--"])
        .arg(std::env::current_exe().expect("its own path"))
        .status()
        .expect("unshare (util-linux) is installed");
    if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
