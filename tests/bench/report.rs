//! A report over 1,000,000 results: its figures and digest, its CSV, its PDF and the check of the
//! CSV, against the same figures and digest by Python's `csv`, `sorted` and `hashlib`.
//!
//! Limits: each at least as fast as Python reads the file, the memory above that of
//! an empty program at most 300 MiB, the PDF in 2 s.

#![allow(
    clippy::expect_used,
    clippy::cast_precision_loss,
    reason = "a benchmark that cannot measure stops; its numbers are small"
)]

use std::io::{BufWriter, Write as _};
use std::process::{Command, ExitCode};

use fluxnoc::model::{
    Figures, Name, SafeText, SpeedSpec, Test, TestId, TestPhase, TestSpec, Timestamp,
};
use fluxnoc::report::{Asked, Builder, csv, pdf, verify};

mod common;
use common::{Comparison, Scratch, own_rss_mib, program, short, timed, verdict};

const START: i64 = 1_740_000_000_000;
const EVERY: i64 = 30_000;

/// What a report says of rates, and the digest.
const PEER: &str = r"
import csv, hashlib, sys
rates, digest = [], hashlib.sha256()
with open(sys.argv[1], 'rb') as file:
    for line in file:
        if line.startswith(b'result,'):
            digest.update(line)
with open(sys.argv[1], newline='') as file:
    for row in csv.DictReader(file):
        if row['record'] == 'result' and row['phase'] == 'done' and row['in_maintenance'] == 'false':
            rates.append(float(row['download_mbps']))
rates.sort()
rank = lambda pct: rates[max(-(-len(rates) * pct // 100), 1) - 1]
print(digest.hexdigest(), repr(rank(5)), repr(rank(50)), repr(rank(95)))
";

fn test(index: i64) -> Test {
    let at = Timestamp::from_millis(START + index * EVERY);
    // Spread by a multiplication, so that sorting has work to do.
    let spread = (index.wrapping_mul(2_654_435_761) & 0xffff) as f64;
    let mut random = [0; 10];
    random.iter_mut().zip(index.to_be_bytes()).for_each(|(to, from)| *to = from);
    Test {
        id: TestId::from_parts(at.millis(), random),
        agent: Name::from("HQ-CORE"),
        spec: TestSpec::Speedtest(SpeedSpec::default()),
        target: SafeText::line("iperf.dc.example.net:5201"),
        phase: if index % 200 == 0 { TestPhase::Failed } else { TestPhase::Done },
        asked_by: SafeText::line("schedule HQ Uplink"),
        schedule: None,
        asked_at: at,
        started_at: Some(at),
        ended_at: Some(at),
        reason: SafeText::empty(),
        in_maintenance: index % 100 == 1,
        traffic_bytes: 0,
        missed: None,
        path_change: None,
        breaches: Vec::new(),
        figures: Figures {
            download_mbps: Some(700.0 + spread / 200.0),
            upload_mbps: Some(400.0 + spread / 500.0),
            latency_ms: Some(10.0 + spread / 9000.0),
            jitter_ms: Some(spread / 50_000.0),
            loss_pct: Some(0.0),
        },
        result: None,
    }
}

fn main() -> ExitCode {
    let count: i64 = if short() { 100_000 } else { 1_000_000 };
    let scratch = Scratch::new("report");
    let path = scratch.0.join("report.csv");
    let before = own_rss_mib();
    let asked = Asked {
        agent: SafeText::line("HQ-CORE"),
        target: SafeText::line("iperf.dc.example.net:5201"),
        start: Timestamp::from_millis(START),
        end: Timestamp::from_millis(START + count * EVERY),
        zone: chrono_tz::Europe::Berlin,
        made_at: Timestamp::from_millis(START + count * EVERY),
        expected: u64::try_from(count).ok(),
        sla: None,
    };
    let (report, ours) = timed(|| {
        let mut builder = Builder::new(asked);
        let file = std::fs::File::create(&path).expect("a file");
        let mut lines = csv::Lines::begin(BufWriter::new(file)).expect("written");
        for index in 0..count {
            if let Some(row) = builder.add(&test(index)) {
                lines.add(&row).expect("written");
            }
        }
        let report = builder.finish();
        lines.finish(&report).expect("written").flush().expect("written");
        report
    });
    let memory = own_rss_mib() - before;
    let (paper, drawn) = timed(|| pdf::write(&report).expect("a PDF"));
    let file = std::fs::read(&path).expect("the file");
    let (verified, checked) = timed(|| verify::csv(&file).expect("unchanged"));
    println!(
        "{count} results: figures and CSV of {} MiB {:.2} s, PDF of {} KiB {:.3} s, verified {:.2} s",
        file.len() / 1_048_576,
        ours.as_secs_f64(),
        paper.len() / 1024,
        drawn.as_secs_f64(),
        checked.as_secs_f64()
    );
    assert_eq!(verified.results, report.results);

    let python = program("python3").expect("python3 is installed");
    let (out, peer) = timed(|| {
        Command::new(python).args(["-c", PEER]).arg(&path).output().expect("python3 runs")
    });
    let said = String::from_utf8_lossy(&out.stdout);
    let rates = report.figures[0].counted.expect("figures");
    let wanted = format!("{} {:?} {:?} {:?}", report.digest, rates.p5, rates.p50, rates.p95);
    assert_eq!(said.trim(), wanted, "Python finds the same");
    let per_second = |time: std::time::Duration| count as f64 / time.as_secs_f64();
    verdict(&[
        Comparison {
            what: "read, checked and summed from the CSV",
            unit: "results/s",
            ours: per_second(checked),
            peer_name: "python3",
            peer: per_second(peer),
            floor: 1.0,
            at_most: false,
        },
        Comparison {
            what: "figures, digest and CSV of results",
            unit: "results/s",
            ours: per_second(ours),
            peer_name: "python3 (reads alone)",
            peer: per_second(peer),
            floor: 1.0,
            at_most: false,
        },
        Comparison {
            what: "memory of it",
            unit: "MiB",
            ours: memory.max(0.1),
            peer_name: "limit",
            peer: 300.0,
            floor: 1.0,
            at_most: true,
        },
        Comparison {
            what: "PDF",
            unit: "s",
            ours: drawn.as_secs_f64(),
            peer_name: "limit",
            peer: 2.0,
            floor: 1.0,
            at_most: true,
        },
    ])
}
