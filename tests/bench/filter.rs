//! One pass of a filter over 60,000 checks of 10,000 hosts; the palette over as many objects.
//!
//! Limit: p99 below 20 ms, for every filter and query.

#![allow(
    clippy::expect_used,
    clippy::cast_precision_loss,
    reason = "a benchmark that cannot measure stops; its numbers are small"
)]

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fluxnoc::model::{
    Acknowledgement, Alert, AlertId, CheckKey, Host, Kind, Phase, SafeText, Span, State, Status,
    Timestamp,
};
use fluxnoc::protocol::filter::{Asker, Filter, Look};
use fluxnoc::protocol::{CheckRow, Event, World};
use fluxnoc::tui::completion::complete;
use fluxnoc::tui::fuzzy;

mod common;
use common::{Comparison, own_cpu, short, verdict};

const HOSTS: usize = 10_000;
/// Milliseconds that one pass may take.
const LIMIT: f64 = 20.0;
const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

/// Cheap and dear ones; those that pass few rows ask every text of every row.
const FILTERS: [&str; 8] = [
    "state:crit",
    "web",
    "zzz",
    "\"never to be found\"",
    "host:*ost-*7 kind:p*",
    "unhandled",
    "!refused !timeout !denied",
    "state:crit !acked host:host-* tag:site=site-0* since:2h text",
];

/// What is typed into the palette.
const PALETTE: [&str; 3] = ["h", "host 99 http", "hst07dns"];

fn main() -> ExitCode {
    let rounds = if short() { 60 } else { 300 };
    let world = world();
    let row = |what, ours| Comparison {
        what,
        unit: "ms",
        ours,
        peer_name: "limit",
        peer: LIMIT,
        floor: 1.0,
        at_most: true,
    };
    let mut rows: Vec<Comparison> =
        FILTERS.iter().map(|what| row(what, pass(&world, what, rounds))).collect();
    rows.extend(PALETTE.iter().map(|what| row(what, palette(&world, what, rounds))));
    rows.push(row("completion of host:", completion(&world, "host:", rounds)));
    rows.push(row("completion of check:", completion(&world, "check:", rounds)));
    verdict(&rows)
}

/// p99 of the best 20 of 60,000 objects.
fn palette(world: &World, query: &str, rounds: usize) -> f64 {
    let checks = world.hosts().flat_map(|entry| &entry.checks);
    let objects: Vec<String> = checks.map(|row| row.key.to_string()).collect();
    p99(query, rounds, || fuzzy::best(query, &objects, |name| name, 20).len())
}

/// p99 of what a word can become.
fn completion(world: &World, text: &str, rounds: usize) -> f64 {
    p99(text, rounds, || complete(text, text.len(), world).candidates.len())
}

/// p99 of one pass in milliseconds, making the rows included.
fn pass(world: &World, text: &str, rounds: usize) -> f64 {
    let filter = Filter::parse(text).expect("a filter");
    let asker = Asker { now: NOW, me: "noc-2" };
    let snoozed = |_: &CheckKey| false;
    p99(text, rounds, || {
        let look = Look::new(world, NOW, &snoozed);
        look.passing(&filter, asker).count()
    })
}

/// p99 of something in milliseconds.
fn p99(what: &str, rounds: usize, mut work: impl FnMut() -> usize) -> f64 {
    let mut times = Vec::with_capacity(rounds);
    let mut found = 0;
    let before = own_cpu();
    for _ in 0..rounds {
        let start = Instant::now();
        found = work();
        times.push(start.elapsed());
    }
    let cpu = (own_cpu() - before) * 1e3 / rounds as f64;
    times.sort_unstable();
    let at = |part: usize| times.get(rounds * part / 100).copied().unwrap_or(Duration::MAX);
    let p50 = at(50).as_secs_f64() * 1e3;
    println!("{found} found, p50 {p50:.2} ms, CPU {cpu:.2} ms: {what}");
    at(99).as_secs_f64() * 1e3
}

const CHECKS: [(&str, Kind); 6] = [
    ("ping", Kind::Ping),
    ("tcp", Kind::Tcp),
    ("http", Kind::Http),
    ("dns", Kind::Dns),
    ("system", Kind::System),
    ("custom", Kind::Custom),
];

fn world() -> World {
    let mut world = World::new();
    for n in 0..HOSTS {
        let name = format!("host-{n:05}");
        let mut host = Host::new(&name, &format!("10.{}.{}.7", n / 250, n % 250));
        host.labels.insert("site".to_owned(), format!("site-{:02}", n / 400));
        host.labels.insert("owner".to_owned(), "network operations".to_owned());
        host.groups = vec!["servers".to_owned(), format!("rack-{}", n % 40)];
        world.apply(&Event::Host(Arc::new(host)), NOW);
        for (at, (check, kind)) in CHECKS.iter().enumerate() {
            let sick = at == 0 && n.is_multiple_of(10);
            let state = if sick { State::Critical } else { State::Ok };
            let key = CheckKey::new(name.as_str(), *check);
            if sick {
                world.apply(&Event::Alert(Arc::new(alert(n, key.clone()))), NOW);
            }
            let row = CheckRow {
                key,
                kind: *kind,
                interval: Span::from_secs(60),
                attempts: 3,
                enabled: true,
                about: None,
                rule: None,
                status: Status {
                    state,
                    hard: true,
                    hard_state: state,
                    since: NOW - Span::from_secs(1000),
                    last_result: Some(NOW),
                    output: SafeText::line(&format!(
                        "5 of 5 answered, rtt min/avg/max = 0.3/0.{n}/2.1 ms, 0 % lost"
                    )),
                    ..Status::default()
                },
            };
            world.apply(&Event::Check(Arc::new(row)), NOW);
        }
    }
    world
}

fn alert(n: usize, check: CheckKey) -> Alert {
    let mut entropy = [0; 10];
    for (byte, of) in entropy.iter_mut().zip(n.to_le_bytes()) {
        *byte = of;
    }
    let ack = n.is_multiple_of(20).then(|| Acknowledgement {
        author: SafeText::line("noc-2"),
        comment: SafeText::line("looking into it"),
        at: NOW,
        expires: None,
        sticky: false,
    });
    Alert {
        phase: Phase::Firing,
        state: State::Critical,
        fired: Some(NOW),
        output: SafeText::line("no answer to 5 pings"),
        attempt: 3,
        ack,
        edge_seq: 1,
        ..Alert::opened(
            AlertId::from_parts(NOW.millis(), entropy),
            &check,
            &Status::waiting(NOW),
            3,
            NOW,
        )
    }
}
