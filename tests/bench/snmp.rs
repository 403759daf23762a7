//! SNMP values and polls of a whole device per CPU second, beside net-snmp's snmpbulkwalk.
//!
//! Floor: 5 times. A real snmpd with 48 interfaces serves both sides; its own CPU counts for
//! neither. The peer has its best case: one process for a whole table, without any MIB to load.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_precision_loss,
    reason = "a benchmark that cannot measure stops; its numbers are small"
)]

use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::time::Duration;

use fluxnoc::model::snmp::{SnmpEntry, SnmpLogin, SnmpSpec, SnmpType};
use fluxnoc::model::{Check, Secret, Spec, Unit};
use fluxnoc::probe::{self, Context, Memory, Shared};

mod common;
#[path = "../common/netns.rs"]
mod netns;
#[path = "../common/snmpd.rs"]
mod snmpd;
use common::{Comparison, children_cpu, own_cpu, short, verdict};
use netns::Namespace;
use snmpd::Snmpd;

const COMMUNITY: &str = "bench";
/// Set inside the namespace.
const INSIDE: &str = "FLUXNOC_BENCH_INSIDE";
const PORTS: usize = 48;
const IF_TABLE: &str = "1.3.6.1.2.1.2.2";
const IF_X_TABLE: &str = "1.3.6.1.2.1.31.1.1";

fn main() -> ExitCode {
    if std::env::var_os(INSIDE).is_none() {
        let here = Namespace::new();
        let mut again = here.command(std::env::current_exe().expect("its own path"));
        let status = again.env(INSIDE, "1").status().expect("nsenter");
        return if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    let make = format!(
        "for n in $(seq 1 {}); do
           ip link add port$n type veth peer name tail$n; ip link set port$n up; ip link set tail$n up
         done",
        PORTS / 2
    );
    assert!(Command::new("sh").args(["-ec", &make]).status().expect("sh").success());
    let agent = Snmpd::start(COMMUNITY, "");
    let scale = if short() { 1 } else { 5 };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("one");
    let shared = Shared::start().expect("the round-trip thread");
    let ours = |spec: SnmpSpec, polls: usize| runtime.block_on(our_rate(spec, polls, &shared));

    let columns = SnmpSpec {
        host_metrics: false,
        interfaces: Vec::new(),
        walk: [6, 7, 10, 11, 15].map(column).to_vec(),
        ..spec(agent.port)
    };
    let (polls, values) = ours(columns, 400 * scale);
    let (walks, walked) = peer_rate(&agent, &[IF_X_TABLE], 50 * scale);
    let (whole, metrics) = ours(spec(agent.port), 200 * scale);
    let (both, _) = peer_rate(&agent, &[IF_TABLE, IF_X_TABLE], 25 * scale);
    println!("{values} values a poll, {walked} a walk; {metrics} metrics of {PORTS} interfaces");
    verdict(&[
        Comparison {
            what: "SNMP values per CPU second",
            unit: "/s",
            ours: polls * values as f64,
            peer_name: "snmpbulkwalk",
            peer: walks * walked as f64,
            floor: 5.0,
            at_most: false,
        },
        Comparison {
            what: "polls of a whole device per CPU second",
            unit: "/s",
            ours: whole,
            peer_name: "snmpbulkwalk of two tables",
            peer: both,
            floor: 5.0,
            at_most: false,
        },
    ])
}

fn spec(port: u16) -> SnmpSpec {
    let login = SnmpLogin::V2c(Secret::Inline(COMMUNITY.to_owned()));
    SnmpSpec { port, ..SnmpSpec::new(login) }
}

/// A column of ifXTable.
fn column(number: u32) -> SnmpEntry {
    SnmpEntry {
        name: format!("column{number}"),
        oid: format!("1.3.6.1.2.1.31.1.1.1.{number}").parse().expect("an OID"),
        label: None,
        unit: Unit::Count,
        scale: 1.0,
        counts: SnmpType::Gauge,
    }
}

/// Polls per CPU second, eight devices at once, and how many metrics a poll has.
async fn our_rate(spec: SnmpSpec, polls: usize, shared: &Arc<Shared>) -> (f64, usize) {
    let check = Arc::new(Check::new("bench", "snmp", "127.0.0.1", Spec::Snmp(Box::new(spec))));
    let mut memories: Vec<Memory> = (0..8).map(|_| Memory::default()).collect();
    let mut metrics = 0;
    let mut before = 0.0;
    for turn in 0..=polls / 8 {
        let runs = memories.drain(..).map(|mut memory| {
            let (check, context) =
                (Arc::clone(&check), Context::new(shared, Duration::from_secs(10)));
            tokio::spawn(async move {
                let seen = probe::run(&check, &context, &mut memory).await;
                assert_eq!(seen.failure, None, "{}", seen.output);
                (seen.metrics.len(), memory)
            })
        });
        let mut kept = Vec::new();
        for run in runs.collect::<Vec<_>>() {
            let (count, memory) = run.await.expect("a poll");
            metrics = count;
            kept.push(memory);
        }
        memories = kept;
        if turn == 0 {
            // The first poll finds the interfaces; the clock runs from here on.
            before = own_cpu();
        }
    }
    ((polls / 8 * 8) as f64 / (own_cpu() - before), metrics)
}

/// Rounds per CPU second of walking tables, and how many values a round has.
fn peer_rate(agent: &Snmpd, tables: &[&str], rounds: usize) -> (f64, usize) {
    let values = tables.iter().map(|table| agent.tool("snmpbulkwalk", &[table]).len()).sum();
    let before = children_cpu();
    for _ in 0..rounds {
        for table in tables {
            let output = agent.command("snmpbulkwalk", &[table]).output().expect("net-snmp's tool");
            assert!(output.status.success(), "{output:?}");
        }
    }
    (rounds as f64 / (children_cpu() - before), values)
}
