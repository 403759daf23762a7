//! An engine fed by hand: an inventory of many hosts, and reports as a worker would send them.

#![allow(dead_code, reason = "each benchmark uses a part of it")]

use std::sync::Arc;

use fluxnoc::clock::Clock;
use fluxnoc::engine::{Engine, Inventory, Keep, Setup};
use fluxnoc::model::spec::{PingSpec, Spec};
use fluxnoc::model::{Check, Host, Metric, Observation, RequestId, Span, Unit};
use fluxnoc::protocol::work::{Assignment, Finding, Report};
use fluxnoc::protocol::{Actor, Command, Outcome, Request};
use fluxnoc::store::Store;

/// Results of one report.
pub const BATCH: usize = 256;

/// An engine with `hosts` hosts of six checks each on a store in `dir`, and what it assigns.
pub async fn engine(
    dir: &std::path::Path,
    hosts: usize,
    clock: &Clock,
) -> (Engine, Vec<Assignment>) {
    let store = Store::open_sqlite(&dir.join("fluxnoc.db")).await.expect("a store");
    let mut inventory = Inventory::default();
    for n in 0..hosts {
        let name = format!("host-{n:05}");
        inventory.hosts.push(Host::new(&name, "127.0.0.1"));
        for check in ["ping", "tcp", "http", "dns", "udp", "custom"] {
            let mut check = Check::new(&name, check, "127.0.0.1", Spec::Ping(PingSpec::default()));
            check.limits = Check::default_limits(fluxnoc::model::Kind::Ping);
            inventory.checks.push(check);
        }
    }
    let engine = Engine::start(Setup {
        inventory,
        reload: Arc::new(|| Err("not here".to_owned())),
        keep_rule: fluxnoc::engine::keep_no_rules(),
        store,
        keep: Keep::default(),
        clock: clock.clone(),
        machine: "bench".to_owned(),
    })
    .await
    .expect("an engine");
    let claim = request(clock, Command::Claim(fluxnoc::protocol::Claim::of_boot(1)));
    let Ok(Outcome::Assigned { assignments, .. }) = engine.handle.execute(claim).await else {
        panic!("no assignments");
    };
    (engine, assignments)
}

/// One report of the results number `from` to `from + count`.
pub async fn report(
    engine: &Engine,
    clock: &Clock,
    assignments: &[Assignment],
    from: usize,
    count: usize,
) {
    let now = clock.now().wall;
    let batch = assignments.iter().cycle().skip(from % assignments.len()).take(count);
    let findings = batch.enumerate().map(|(n, assignment)| Finding {
        check: assignment.check.key.clone(),
        generation: assignment.generation,
        slot: now,
        at: now,
        forced: false,
        sample: false,
        observation: observation(from + n),
    });
    let report = Report {
        boot: 1,
        seq: u64::try_from(from).expect("a number"),
        results: findings.collect(),
        traces: Vec::new(),
        lag: Span::ZERO,
        ..Report::default()
    };
    let request = request(clock, Command::Report(report));
    engine.handle.execute(request).await.expect("the report is taken");
}

/// One report for each of these, all alike.
pub async fn report_all(
    engine: &Engine,
    clock: &Clock,
    assignments: &[Assignment],
    seen: &Observation,
) {
    static SEQ: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1 << 40);
    let now = clock.now().wall;
    for batch in assignments.chunks(BATCH) {
        let findings = batch.iter().map(|assignment| Finding {
            check: assignment.check.key.clone(),
            generation: assignment.generation,
            slot: now,
            at: now,
            forced: false,
            sample: false,
            observation: seen.clone(),
        });
        let report = Report {
            boot: 1,
            seq: SEQ.fetch_add(1, std::sync::atomic::Ordering::Relaxed),
            results: findings.collect(),
            traces: Vec::new(),
            lag: Span::ZERO,
            ..Report::default()
        };
        let request = request(clock, Command::Report(report));
        engine.handle.execute(request).await.expect("the report is taken");
    }
}

fn observation(n: usize) -> Observation {
    let jitter = (n % 97) as f64 / 1e6;
    Observation::seen(
        "5 of 5 answered, rtt 0.21 ms, loss 0 %",
        vec![
            Metric::new("rtt", 0.000_21 + jitter, Unit::Seconds),
            Metric::new("rtt_min", 0.000_18 + jitter, Unit::Seconds),
            Metric::new("rtt_max", 0.000_30 + jitter, Unit::Seconds),
            Metric::new("loss", 0.0, Unit::Percent),
            Metric::new("jitter", jitter, Unit::Seconds),
        ],
    )
}

fn request(clock: &Clock, command: Command) -> Request {
    let id = RequestId::from_parts(clock.now().wall.millis(), rand::random());
    Request { id, actor: Actor::Worker, command }
}
