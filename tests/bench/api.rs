//! The API of a server with 10,000 hosts of six checks and 1,000 open alerts: requests a second over
//! 32 connections, and the time that 99 of 100 take at most, for a list of 100 hosts, all alerts and
//! one check.
//!
//! In the same run, with the same clients: the comparable call of a peer (Prometheus for 100 of
//! 10,000 series and for one of them, Alertmanager for 1,000 alerts), and nginx with a file of our
//! answer's bytes, which is the least that any server needs. Each client shows a token of its own of
//! many, so that none is at its pace.
//!
//! The floors stand in [`FLOORS`].

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_precision_loss,
    reason = "a benchmark that cannot measure stops; its numbers are small"
)]

use std::process::ExitCode;
use std::time::Duration;

mod common;
mod feeder;
#[path = "../common/nginx.rs"]
mod nginx;
mod served;
use common::{Comparison, short, verdict};
use nginx::Nginx;
use served::load::{Asked, Line, Load, load};
use served::{Server, free_port, peers};

/// Connections at once.
const LINES: usize = 32;
/// Tokens; each may ask 200 times a second.
const TOKENS: usize = 512;

/// For each call: the least rate in parts of the peer's and of nginx's, and the most p99 in parts of
/// the peer's; about two thirds of what two quiet cores gave. A hundred hosts with their checks are
/// six times the bytes of Prometheus's hundred samples (99 kB and 16 kB), so less of them a second.
const FLOORS: [(f64, f64, f64); 3] = [(0.4, 0.018, 1.2), (8.0, 0.06, 0.2), (1.0, 0.2, 0.8)];

/// A call of ours, and what it is compared with.
struct Call {
    name: [&'static str; 3],
    path: &'static str,
    peer_name: &'static str,
    peer: Asked,
    /// The least rate in parts of the peer's and of nginx's, and the most p99 in parts of the peer's.
    floors: (f64, f64, f64),
}

fn main() -> ExitCode {
    let time = Duration::from_secs(if short() { 2 } else { 10 });
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("threads");
    runtime.block_on(async {
        let server = Server::start("api", TOKENS).await;
        let dir = server.scratch.0.join("site");
        std::fs::create_dir(&dir).expect("a directory");
        let (_prometheus, series) = peers::prometheus(&server.scratch.0).await;
        let (_alertmanager, alerts) = peers::alertmanager(&server.scratch.0).await;
        let files = free_port();
        let _nginx = Nginx::start(&peers::site(&dir, files), files);
        let mut all = Vec::new();
        for (n, call) in calls(series, alerts).into_iter().enumerate() {
            let token = server.token(0).to_owned();
            let ours = |token: String| Asked {
                port: server.port,
                path: call.path.to_owned(),
                headers: vec![("x-api-token", token)],
            };
            let body = Line::open(server.port).await.read(&ours(token)).await;
            std::fs::write(dir.join(format!("{n}.json")), &body).expect("a file");
            let file = Asked { port: files, path: format!("/{n}.json"), headers: Vec::new() };
            let limit = load(LINES, time, |_| file.clone()).await;
            let peer = load(LINES, time, |_| call.peer.clone()).await;
            let mine = spread(&server, time, &ours).await;
            println!("{}: ours {mine:?}, {} {peer:?}, nginx {limit:?}", call.path, call.peer_name);
            let row = |what, unit, ours, peer_name, peer, floor, at_most| Comparison {
                what,
                unit,
                ours,
                peer_name,
                peer,
                floor,
                at_most,
            };
            let [rate, least, slow] = call.name;
            let (of_peer, of_limit, p99) = call.floors;
            all.push(row(rate, "/s", mine.rate, call.peer_name, peer.rate, of_peer, false));
            all.push(row(least, "/s", mine.rate, "nginx", limit.rate, of_limit, false));
            all.push(row(slow, "ms", mine.p99, call.peer_name, peer.p99, p99, true));
        }
        verdict(&all)
    })
}

fn calls(series: u16, alerts: u16) -> Vec<Call> {
    let query = |text: &str| Asked {
        port: series,
        path: format!(
            "/api/v1/query?query={}",
            url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>()
        ),
        headers: Vec::new(),
    };
    vec![
        Call {
            name: ["100 hosts of 10,000", "100 hosts of 10,000, limit", "100 hosts of 10,000, p99"],
            path: "/api/v1/hosts?pattern=host-042*",
            peer_name: "prometheus",
            peer: query("host_up{host=~\"host-042..\"}"),
            floors: FLOORS[0],
        },
        Call {
            name: ["1,000 alerts", "1,000 alerts, limit", "1,000 alerts, p99"],
            path: "/api/v1/alerts",
            peer_name: "alertmanager",
            peer: Asked { port: alerts, path: "/api/v2/alerts".to_owned(), headers: Vec::new() },
            floors: FLOORS[1],
        },
        Call {
            name: ["one check of 60,000", "one check of 60,000, limit", "one check of 60,000, p99"],
            path: "/api/v1/checks/host-04242/ping",
            peer_name: "prometheus",
            peer: query("host_up{host=\"host-04242\"}"),
            floors: FLOORS[2],
        },
    ]
}

/// As [`load`], in slices in which each connection shows another token.
async fn spread(server: &Server, time: Duration, ours: &dyn Fn(String) -> Asked) -> Load {
    let slices = 8_u32;
    let mut loads = Vec::new();
    for slice in 0..slices {
        let first = slice as usize * LINES;
        let of = |n: usize| ours(server.token(first + n).to_owned());
        loads.push(load(LINES, time / slices, of).await);
    }
    let mean = |of: fn(&Load) -> f64| loads.iter().map(of).sum::<f64>() / loads.len() as f64;
    // The worst slice counts: a mean of quantiles is none.
    let p99 = loads.iter().map(|load| load.p99).fold(0.0, f64::max);
    Load { rate: mean(|load| load.rate), p99, bytes: loads.first().map_or(0, |load| load.bytes) }
}
