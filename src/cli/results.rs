//! Network tests, schedules and vantages as people at a shell read them.

use std::fmt::Write as _;

use super::print::safe_line;
use super::render::table as columns;
use super::trace_table;
use crate::model::speed::{LatencyBand, jitter_is_high, loss_is_high, rate};
use crate::model::test::DnsResult;
use crate::model::{Baseline, Measured, SpeedResult, Test, Throughput, Timestamp};
use crate::protocol::{Nodes, ScheduleRow};

fn rated(mbps: Option<f64>) -> String {
    mbps.map(rate).unwrap_or_default()
}

fn millis(ms: Option<f64>) -> String {
    ms.map(|ms| format!("{ms:.1} ms")).unwrap_or_default()
}

fn percent(pct: Option<f64>) -> String {
    pct.map(|pct| format!("{pct:.2} %")).unwrap_or_default()
}

/// One test in a line.
pub(super) fn line(test: &Test) -> String {
    let mut out = format!(
        "{}  {} {} from {} to {}",
        test.id,
        test.phase,
        test.spec.kind(),
        safe_line(&test.agent),
        test.target
    );
    if !test.reason.is_empty() {
        let _ = write!(out, ": {}", test.reason);
    }
    out.push('\n');
    out
}

/// Tests, one line each.
pub(super) fn table(tests: &[Test]) -> String {
    let rows = tests.iter().map(|test| {
        let figures = &test.figures;
        let mut said: Vec<String> = test.breaches.iter().map(ToString::to_string).collect();
        if !test.reason.is_empty() {
            said.push(test.reason.to_string());
        }
        vec![
            test.id.to_string(),
            test.asked_at.to_string(),
            test.agent.to_string(),
            test.spec.kind().to_string(),
            test.target.to_string(),
            test.phase.to_string(),
            rated(figures.download_mbps),
            rated(figures.upload_mbps),
            millis(figures.latency_ms),
            millis(figures.jitter_ms),
            percent(figures.loss_pct),
            said.join("; "),
        ]
    });
    columns(
        &[
            "id", "asked", "agent", "test", "target", "phase", "down", "up", "latency", "jitter",
            "loss", "said",
        ],
        &rows.collect::<Vec<_>>(),
    )
}

/// One test with everything it measured.
pub(super) fn whole(test: &Test) -> String {
    let mut out = line(test);
    for breach in &test.breaches {
        let _ = writeln!(out, "breach: {breach}");
    }
    match test.result.as_deref() {
        None => {}
        Some(Measured::Trace(report)) => out.push_str(&trace_table::table(report)),
        Some(Measured::Probe(port)) => {
            let time = millis(port.time_ms);
            let _ = writeln!(out, "{} {time}", port.state.word());
        }
        Some(Measured::Dns(dns)) => out.push_str(&resolvers(dns)),
        Some(Measured::Speedtest(speed)) => out.push_str(&speedtest(speed)),
    }
    out
}

/// What a speedtest measured, a figure a line.
pub(super) fn speedtest(result: &SpeedResult) -> String {
    let mut out = String::new();
    let ways = [("download", &result.download), ("upload", &result.upload)];
    for (name, way) in ways {
        if let Some(way) = way {
            let _ = writeln!(out, "{name:<9} {}{}", rate(way.mbps), more(way));
        }
    }
    if let Some(ms) = result.latency_ms {
        let band = match LatencyBand::of(ms) {
            LatencyBand::Excellent => "excellent",
            LatencyBand::Acceptable => "acceptable",
            LatencyBand::High => "high",
        };
        let _ = writeln!(out, "latency   {ms:.2} ms ({band})");
    }
    if let Some(ms) = result.jitter_ms {
        let flag = if jitter_is_high(ms) { " (above 10 ms)" } else { "" };
        let _ = writeln!(out, "jitter    {ms:.2} ms{flag}");
    }
    if let Some(pct) = result.loss_pct {
        let flag = if loss_is_high(pct) { " (above 0.1 %)" } else { "" };
        let _ = writeln!(out, "loss      {pct:.2} %{flag}");
    }
    if let Some(grade) = result.grade {
        let _ = writeln!(out, "under load: grade {grade}");
    }
    if !result.note.is_empty() {
        let _ = writeln!(out, "{}", result.note);
    }
    out
}

fn more(way: &Throughput) -> String {
    let mut more = Vec::new();
    more.extend(way.retransmits.map(|count| format!("{count} retransmits")));
    more.extend(way.loaded_ms.map(|ms| format!("{ms:.1} ms meanwhile")));
    if more.is_empty() { String::new() } else { format!(" ({})", more.join(", ")) }
}

/// What resolvers did, one line each.
pub(super) fn resolvers(dns: &DnsResult) -> String {
    let rows = dns.resolvers.iter().map(|one| {
        let failure = one.failure.as_ref().map(ToString::to_string);
        vec![
            one.resolver.to_string(),
            millis(one.time_ms),
            one.rating.map(|rating| rating.to_string()).unwrap_or_default(),
            failure.unwrap_or_else(|| one.answer.to_string()),
        ]
    });
    columns(&["resolver", "time", "rating", "answer"], &rows.collect::<Vec<_>>())
}

/// A schedule that was made or changed.
pub(super) fn made(row: &ScheduleRow) -> String {
    let mut out = format!(
        "{}  {} at {}{}\n",
        row.schedule.id,
        safe_line(&row.schedule.plan.name),
        safe_line(&row.schedule.vantage),
        next(row.next)
    );
    if !row.note.is_empty() {
        let _ = writeln!(out, "note: {}", row.note);
    }
    out
}

fn next(at: Option<Timestamp>) -> String {
    at.map_or_else(|| ", paused".to_owned(), |at| format!(", next {at}"))
}

/// Schedules, one line each.
pub(super) fn schedules(rows: &[ScheduleRow]) -> String {
    let rows = rows.iter().map(|row| {
        let plan = &row.schedule.plan;
        let every = match (plan.interval(), &plan.cron) {
            (Some(every), _) => every.to_string(),
            (None, cron) => cron.clone().unwrap_or_default(),
        };
        let last = row.last.as_ref().map(|test| test.phase.to_string()).unwrap_or_default();
        vec![
            row.schedule.id.to_string(),
            plan.name.clone(),
            row.schedule.vantage.to_string(),
            plan.test_type.to_string(),
            plan.target.clone().unwrap_or_default(),
            every,
            row.next.map_or_else(|| "paused".to_owned(), |at| at.to_string()),
            last,
            baseline(row.baselines.download.as_ref()),
        ]
    });
    columns(
        &["id", "name", "agent", "test", "target", "every", "next", "last", "baseline"],
        &rows.collect::<Vec<_>>(),
    )
}

fn baseline(baseline: Option<&Baseline>) -> String {
    baseline.map_or_else(String::new, |one| {
        one.learning().unwrap_or_else(|| format!("{} down", rate(one.median)))
    })
}

/// Where tests are run from and where they go.
pub(super) fn nodes(nodes: &Nodes) -> String {
    let rows = nodes.nodes.iter().map(|node| {
        vec![
            node.name.to_string(),
            if node.own { "this server" } else { "agent" }.to_owned(),
            node.phase.word().to_owned(),
            node.location.to_string(),
            node.running.to_string(),
            node.queued.to_string(),
        ]
    });
    let mut out = columns(
        &["name", "kind", "state", "location", "running", "queued"],
        &rows.collect::<Vec<_>>(),
    );
    if !nodes.targets.is_empty() {
        let rows = nodes.targets.iter().map(|one| {
            let link = one.link.clone().unwrap_or_default();
            let engine = one.target.engine.word().to_owned();
            vec![one.name.clone(), engine, one.target.place.clone(), link]
        });
        out.push('\n');
        out.push_str(&columns(&["target", "engine", "place", "link"], &rows.collect::<Vec<_>>()));
    }
    out
}
