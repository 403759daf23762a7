//! Network tests, schedules and vantages as people at a shell read them.

use std::fmt::Write as _;

use super::print::safe_line;
use super::render::table as columns;
use super::{speedtest, trace_table};
use crate::model::speed::rate;
use crate::model::test::DnsResult;
use crate::model::traffic::amount;
use crate::model::{Baseline, Measured, Test, Timestamp};
use crate::protocol::{LastMissed, Nodes, ScheduleRow};

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
        said.extend(test.path_change.as_ref().map(|change| change.words.to_string()));
        if test.missed.is_some() {
            said.push(missed(&LastMissed::of(test)));
        } else if !test.reason.is_empty() {
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

/// Runs that were missed: how many, until when, and why.
fn missed(missed: &LastMissed) -> String {
    let LastMissed { at, until, runs, at_least, reason } = missed;
    let least = if *at_least { "at least " } else { "" };
    if *runs == 1 {
        return format!("1 run at {at}: {reason}");
    }
    format!("{least}{runs} runs, {at} to {until}: {reason}")
}

/// One test with everything it measured.
pub(super) fn whole(test: &Test) -> String {
    let mut out = line(test);
    for breach in &test.breaches {
        let _ = writeln!(out, "breach: {breach}");
    }
    if let Some(change) = &test.path_change {
        let _ = writeln!(out, "{}", change.words);
    }
    if test.missed.is_some() {
        let _ = writeln!(out, "missed: {}", missed(&LastMissed::of(test)));
    }
    match test.result.as_deref() {
        None => {}
        Some(Measured::Trace(report)) => out.push_str(&trace_table::table(report)),
        Some(Measured::Probe(port)) => {
            let time = millis(port.time_ms);
            let _ = writeln!(out, "{} {time}", port.state.word());
        }
        Some(Measured::Dns(dns)) => out.push_str(&resolvers(dns)),
        Some(Measured::Speedtest(speed)) => {
            let _ = writeln!(out, "{}", speedtest::told(speed));
        }
    }
    out
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
            row.missed.as_ref().map(missed).unwrap_or_default(),
            row.schedule.source.as_ref().unwrap_or(&row.schedule.created_by).to_string(),
        ]
    });
    columns(
        &[
            "id",
            "name",
            "agent",
            "test",
            "target",
            "every",
            "next",
            "last",
            "baseline",
            "missed",
            "made in or by",
        ],
        &rows.collect::<Vec<_>>(),
    )
}

fn baseline(baseline: Option<&Baseline>) -> String {
    baseline.map_or_else(String::new, |one| {
        one.learning().unwrap_or_else(|| format!("{} down", rate(one.median)))
    })
}

/// What was moved, of what may be.
fn used(bytes: u64, cap: Option<u64>) -> String {
    let cap = cap.map(|cap| format!(" of {}", amount(cap))).unwrap_or_default();
    format!("{}{cap}", amount(bytes))
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
            used(node.traffic.day_bytes, node.traffic.daily_cap),
            used(node.traffic.month_bytes, node.traffic.monthly_cap),
        ]
    });
    let mut out = columns(
        &["name", "kind", "state", "location", "running", "queued", "today", "this month"],
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::SafeText;

    #[test]
    fn fs_27_missed_runs_say_how_many_until_when_and_why() {
        let at = |text: &str| text.parse().unwrap();
        let told = |runs, at_least| {
            missed(&LastMissed {
                at: at("2026-03-01T00:00:00Z"),
                until: at("2026-03-02T00:00:00Z"),
                runs,
                at_least,
                reason: SafeText::line("fluxnoc was off"),
            })
        };
        assert_eq!(told(1, false), "1 run at 2026-03-01T00:00:00.000Z: fluxnoc was off");
        assert!(told(3, false).starts_with("3 runs, 2026-03-01T00:00:00.000Z to 2026-03-02T"));
        assert!(told(1000, true).starts_with("at least 1000 runs"));
    }

    #[test]
    fn fs_12_what_is_used_stands_beside_the_cap() {
        assert_eq!(used(1_200_000_000, Some(20_000_000_000)), "1.2 GB of 20 GB");
        assert_eq!(used(0, None), "0 B");
    }
}
