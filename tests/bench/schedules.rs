//! How late the runs of a thousand schedules begin: probes of a port, each every minute, at one
//! vantage, seventeen a second.
//!
//! Limit: 99 of 100 within one second of their time. The work for it is printed as well.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_precision_loss,
    reason = "a benchmark that cannot measure stops; its numbers are small"
)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::TcpListener;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use fluxnoc::model::ScheduleId;
use fluxnoc::protocol::{Answer, Query};

mod common;
#[path = "served/program.rs"]
mod program;

use common::{Comparison, Scratch, short, verdict};

const SCHEDULES: usize = 1000;
const EVERY: i64 = 60_000;

fn main() -> ExitCode {
    let scratch = Scratch::new("schedules");
    let target = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = target.local_addr().expect("its address").port();
    std::thread::spawn(move || target.incoming().for_each(drop));
    let mut text = "[server]\nhealth_enabled = false\n[[host]]\nname = \"h\"\n\
                    address = \"127.0.0.1\"\n[[host.check]]\nkind = \"ping\"\n"
        .to_owned();
    for number in 0..SCHEDULES {
        write!(
            text,
            "[[schedule]]\nname = \"s-{number:04}\"\ntest_type = \"probe\"\n\
             target = \"127.0.0.1\"\nport = {port}\ninterval_seconds = {}\n",
            EVERY / 1000
        )
        .expect("written");
    }
    std::fs::write(scratch.0.join("config.toml"), text).expect("written");
    let served = program::serve(&scratch.0, program::free_port());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("one");
    let lasts = Duration::from_secs(if short() { 90 } else { 300 });
    let begun = Instant::now();
    let (cpu, mut lags) = (served.cpu(), BTreeMap::new());
    while begun.elapsed() < lasts {
        std::thread::sleep(Duration::from_secs(5));
        runtime.block_on(look(&scratch.0, &mut lags));
    }
    let cpu = served.cpu() - cpu;
    let mut all: Vec<f64> = lags.into_values().collect();
    all.sort_by(f64::total_cmp);
    let of = |part: f64| all[((all.len() - 1) as f64 * part) as usize];
    println!(
        "{} runs, late by p50 {:.3} s, p95 {:.3} s, most {:.3} s; {:.2} ms of CPU each",
        all.len(),
        of(0.5),
        of(0.95),
        of(1.0),
        cpu * 1000.0 / all.len() as f64
    );
    let least = SCHEDULES * (lasts.as_secs() as usize - 20) / 60;
    assert!(all.len() >= least, "{} runs of at least {least}", all.len());
    verdict(&[Comparison {
        what: "late beginning of 1,000 schedules, p99",
        unit: "s",
        ours: of(0.99),
        peer_name: "limit",
        peer: 1.0,
        floor: 1.0,
        at_most: true,
    }])
}

/// Takes in the last runs: how long after their time each began.
async fn look(dir: &std::path::Path, lags: &mut BTreeMap<(ScheduleId, i64), f64>) {
    let client = program::operator(dir);
    let Ok(Answer::Schedules(rows)) = client.query(&Query::Schedules).await else {
        panic!("no schedules")
    };
    for row in rows {
        let started = row.last.and_then(|test| test.started_at);
        let (Some(started), Some(next)) = (started, row.next) else { continue };
        // The last of its times before it began.
        let (started, next) = (started.millis(), next.millis());
        let late = (started - next).rem_euclid(EVERY);
        lags.insert((row.schedule.id, started), late as f64 / 1000.0);
    }
}
