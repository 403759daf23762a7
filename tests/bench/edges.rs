//! Edges made durable per second: an engine with SQLite and `synchronous=FULL`, in which every edge is a
//! changed status, an alert, an edge and a promise to tell somebody, committed together.
//!
//! 10,000 checks fail and recover in turn, reported as a worker does (512 results at a time, the next
//! when the last was taken); an edge counts when the engine tells of its alert, which it does after the
//! commit. Its channel has the storm valve, as by default, so digests are written and sent meanwhile.
//!
//! The limit beside it is SQLite alone, in this process and on this disk: the same rows copied into the
//! same tables with the same indexes, 512 edges in each transaction, one statement for each table.
//! It writes each table from its begin to its end, where an engine changes rows all over them, so it
//! touches a part of the pages. Floors: 0.08 of that (0.10 to 0.13 were measured on a quiet machine; more
//! where the disk is slow, for both wait for it alike), and 2,000 edges a second.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::cast_precision_loss,
    reason = "a benchmark that cannot measure stops; its numbers are small"
)]

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fluxnoc::clock::Clock;
use fluxnoc::engine::{Engine, Handle, Inventory, Keep, Setup};
use fluxnoc::model::spec::{PingSpec, Spec};
use fluxnoc::model::{
    Channel, ChannelKind, Check, Failure, FailureKind, Format, Host, Name, Observation, RequestId,
    Routes, SafeText, Secret, Span, Webhook,
};
use fluxnoc::protocol::work::{Assignment, Finding, Report};
use fluxnoc::protocol::{Actor, Command, Event, Outcome, Request, Role};
use fluxnoc::store::Store;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};

mod alerting;
mod common;
use alerting::told::Told;
use common::{Comparison, Scratch, short, verdict};

const CHECKS: usize = 10_000;
/// Results of one report, as a worker sends them; what the engine commits at once.
const BATCH: usize = 512;
/// Nothing of what is measured takes so long.
const PATIENCE: Duration = Duration::from_secs(60);

fn main() -> ExitCode {
    let rounds = if short() { 2 } else { 10 };
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("threads");
    let (ours, plain) = runtime.block_on(async {
        let scratch = Scratch::new("edges");
        let ours = engine(&scratch.0, rounds).await;
        (ours, plain(&scratch.0, rounds * CHECKS).await)
    });
    let row = |what, peer_name, peer, floor| Comparison {
        what,
        unit: "/s",
        ours,
        peer_name,
        peer,
        floor,
        at_most: false,
    };
    verdict(&[
        row("edges made durable", "SQLite alone", plain, 0.08),
        row("edges made durable", "limit", 2000.0, 1.0),
    ])
}

fn routes(url: &str) -> Routes {
    let hook = Webhook {
        url: Secret::Inline(url.to_owned()),
        format: Format::Fluxnoc,
        secret: None,
        token: None,
        routing_key: None,
        headers: std::collections::BTreeMap::new(),
    };
    let name = || Name::from("hook");
    let kind = ChannelKind::Webhook(hook);
    let channel = Channel { name: name(), kind, timeout: Span::from_secs(10) };
    Routes {
        channels: [(name(), channel)].into(),
        lists: [(Name::from("all"), vec![name()])].into(),
        storms: [(name(), 30)].into(),
        default_list: Some(Name::from("all")),
        ..Routes::default()
    }
}

fn inventory(url: &str) -> Inventory {
    let mut inventory = Inventory { routes: Arc::new(routes(url)), ..Inventory::default() };
    for n in 0..CHECKS {
        let host = format!("host-{n:05}");
        let mut check = Check::new(&host, "ping", "127.0.0.1", Spec::Ping(PingSpec::default()));
        (check.attempts, check.flapping) = (1, None);
        inventory.hosts.push(Host::new(&host, "127.0.0.1"));
        inventory.checks.push(check);
    }
    inventory
}

fn request(command: Command) -> Request {
    let id = RequestId::from_parts(Clock::System.now().wall.millis(), rand::random());
    Request { id, actor: Actor::Worker, command }
}

/// Edges a second.
async fn engine(dir: &Path, rounds: usize) -> f64 {
    let told = Told::start().await;
    let engine = Engine::start(Setup {
        inventory: inventory(&told.url),
        reload: Arc::new(|| Err("not here".to_owned())),
        keep_rule: fluxnoc::engine::keep_no_rules(),
        store: Store::open_sqlite(&dir.join("fluxnoc.db")).await.expect("a store"),
        keep: Keep::default(),
        clock: Clock::System,
        machine: "bench".to_owned(),
    })
    .await
    .expect("an engine");
    let claim = request(Command::Claim(fluxnoc::protocol::Claim::of_boot(1)));
    let Ok(Outcome::Assigned { assignments, .. }) = engine.handle.execute(claim).await else {
        panic!("no assignments");
    };
    let mut seq = 0;
    // Every check is known to be well before.
    round(&engine.handle, &assignments, &mut seq, false).await;
    let actor = Actor::Local { name: SafeText::line("bench"), role: Role::Viewer };
    let mut watch = engine.handle.watch(actor).await.expect("a stream");
    while !matches!(*watch.next().await.expect("an event"), Event::Ready) {}
    let begun = Instant::now();
    let feeding = async {
        for n in 0..rounds {
            round(&engine.handle, &assignments, &mut seq, n % 2 == 0).await;
        }
    };
    let counting = async {
        let mut edges = 0;
        while edges < rounds * CHECKS {
            match *watch.next().await.expect("an event") {
                Event::Alert(_) => edges += 1,
                Event::Resync => panic!("the count was too slow"),
                _ => {}
            }
        }
    };
    let both = async { tokio::join!(feeding, counting) };
    tokio::time::timeout(PATIENCE * 2, both).await.expect("all edges");
    let took = begun.elapsed().as_secs_f64();
    engine.stopped().await.expect("a whole engine");
    (rounds * CHECKS) as f64 / took
}

/// A result of every check.
async fn round(handle: &Handle, assignments: &[Assignment], seq: &mut u64, fails: bool) {
    for part in assignments.chunks(BATCH) {
        let now = Clock::System.now().wall;
        let observation = || {
            if fails {
                let why = "no answer from 127.0.0.1 to 5 pings in 10 s";
                Observation::failed(Failure::new(FailureKind::Timeout, why))
            } else {
                Observation::seen("5 of 5 answered, rtt 0.21 ms, loss 0 %", Vec::new())
            }
        };
        let findings = part.iter().map(|assignment| Finding {
            check: assignment.check.key.clone(),
            generation: assignment.generation,
            slot: now,
            at: now,
            forced: false,
            sample: false,
            observation: observation(),
        });
        *seq += 1;
        let results = findings.collect();
        let report = Report {
            boot: 1,
            seq: *seq,
            results,
            traces: Vec::new(),
            lag: Span::ZERO,
            ..Report::default()
        };
        handle.execute(request(Command::Report(report))).await.expect("the report is taken");
    }
}

async fn run(connection: &mut SqliteConnection, sql: String) {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await.expect("SQLite does it");
}

/// The same without an engine: the rows of its database copied into an empty one.
async fn plain(dir: &Path, edges: usize) -> f64 {
    let file = dir.join("plain.db");
    // The same tables and indexes.
    drop(Store::open_sqlite(&file).await.expect("a store"));
    let options = SqliteConnectOptions::new()
        .filename(&file)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(false);
    let mut connection = options.connect().await.expect("a connection");
    let from = dir.join("fluxnoc.db");
    run(&mut connection, format!("ATTACH '{}' AS ours", from.display())).await;
    let found: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM ours.edges")
        .fetch_one(&mut connection)
        .await
        .expect("a count");
    assert_eq!(usize::try_from(found), Ok(edges), "each edge is there");
    let begun = Instant::now();
    for first in (0..edges).step_by(BATCH) {
        let last = first + BATCH;
        let these = format!("SELECT alert FROM ours.edges WHERE seq > {first} AND seq <= {last}");
        let slot = first % CHECKS;
        run(
            &mut connection,
            format!(
                "BEGIN IMMEDIATE; \
                 INSERT OR REPLACE INTO statuses SELECT * FROM ours.statuses LIMIT {BATCH} OFFSET {slot}; \
                 INSERT OR REPLACE INTO alerts SELECT * FROM ours.alerts WHERE id IN ({these}); \
                 INSERT INTO edges SELECT * FROM ours.edges WHERE seq > {first} AND seq <= {last}; \
                 INSERT INTO outbox SELECT * FROM ours.outbox WHERE rowid > {first} AND rowid <= {last}; \
                 COMMIT"
            ),
        )
        .await;
    }
    let took = begun.elapsed().as_secs_f64();
    let copied: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM main.edges")
        .fetch_one(&mut connection)
        .await
        .expect("a count");
    assert_eq!(copied, found, "each was copied");
    connection.close().await.expect("closed");
    edges as f64 / took
}
