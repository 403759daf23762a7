//! A path as a table for people and as JSON for scripts.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::model::safe_text::{truncate, width};
use crate::model::trace::{Hop, TraceReport};
use crate::model::words::plural;

/// Widest name of a hop, in columns.
const NAME: usize = 48;

/// The hops, one line each, then the verdict.
#[must_use]
pub fn table(report: &TraceReport) -> String {
    let names: Vec<Vec<String>> = report.hops.iter().map(names).collect();
    let widest = names.iter().flatten().map(|name| width(name)).max().unwrap_or(0);
    let column = widest.max("Host".len());
    let address = report.address.map_or(String::new(), |address| format!(" ({address})"));
    let rounds = plural(report.rounds, "round");
    let mut out = format!("{}{address}, {}, {rounds}\n", report.target, report.protocol);
    let _ = writeln!(
        out,
        "{:>3}  {:column$}  {:>6}  {:>5}  {:>8}  {:>8}  {:>8}  {:>8}  {:>8}  {:>8}",
        "", "Host", "Loss", "Sent", "Last", "Avg", "Best", "Worst", "StDev", "Jitter"
    );
    for (hop, names) in report.hops.iter().zip(&names) {
        let mut names = names.iter();
        let first = names.next().map_or("(no answer)", String::as_str);
        let loss = format!("{:.1}%", hop.loss_pct);
        let times =
            [hop.last_ms, hop.avg_ms, hop.best_ms, hop.worst_ms, hop.stddev_ms, hop.jitter_ms]
                .map(|time| time.map_or("-".to_owned(), |time| format!("{time:.2}")));
        let _ = write!(out, "{:>3}  {}  {loss:>6}  {:>5}", hop.ttl, pad(first, column), hop.sent);
        for time in times {
            let _ = write!(out, "  {time:>8}");
        }
        out.push('\n');
        for other in names {
            let _ = writeln!(out, "     {other}");
        }
    }
    if !report.note.is_empty() {
        let _ = writeln!(out, "{}", report.note);
    }
    out.push_str(report.verdict.as_str());
    out
}

fn pad(text: &str, columns: usize) -> String {
    let missing = columns.saturating_sub(width(text));
    format!("{text}{}", " ".repeat(missing))
}

/// `name (address)` or the address, for each that answered.
fn names(hop: &Hop) -> Vec<String> {
    let name = |hop: &crate::model::trace::HopAddress| match &hop.name {
        Some(name) => {
            let address = hop.address.to_string();
            let room = NAME.saturating_sub(address.len() + 3);
            format!("{} ({address})", truncate(name.as_str(), room.max(8)))
        }
        None => hop.address.to_string(),
    };
    if hop.addresses.is_empty() {
        return vec!["(no answer)".to_owned()];
    }
    hop.addresses.iter().map(name).collect()
}

/// The contract's JSON: `target`, `hops`, `verdict` and what else is known.
#[must_use]
pub fn json(report: &TraceReport) -> Value {
    let hops: Vec<Value> = report
        .hops
        .iter()
        .map(|hop| {
            json!({
                "ttl": hop.ttl,
                "addresses": hop.addresses.iter().map(|a| a.address).collect::<Vec<_>>(),
                "names": hop.addresses.iter().map(|a| a.name.as_ref()).collect::<Vec<_>>(),
                "sent": hop.sent,
                "received": hop.received,
                "loss_pct": hop.loss_pct,
                "last_ms": hop.last_ms,
                "avg_ms": hop.avg_ms,
                "best_ms": hop.best_ms,
                "worst_ms": hop.worst_ms,
                "stddev_ms": hop.stddev_ms,
                "jitter_ms": hop.jitter_ms,
            })
        })
        .collect();
    json!({
        "target": report.target,
        "address": report.address,
        "protocol": report.protocol,
        "rounds": report.rounds,
        "reached": report.reached,
        "hops": hops,
        "verdict": report.verdict,
        "note": report.note,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::SafeText;
    use crate::model::spec::TraceProtocol;
    use crate::model::trace::HopAddress;

    fn report() -> TraceReport {
        let hop = |ttl, address: Option<&str>, name: Option<&str>| Hop {
            ttl,
            addresses: address
                .map(|address| HopAddress {
                    address: address.parse().unwrap(),
                    name: name.map(SafeText::line),
                })
                .into_iter()
                .collect(),
            sent: 10,
            received: if address.is_some() { 9 } else { 0 },
            loss_pct: if address.is_some() { 10.0 } else { 100.0 },
            last_ms: address.map(|_| 1.5),
            avg_ms: address.map(|_| 1.25),
            best_ms: address.map(|_| 1.0),
            worst_ms: address.map(|_| 2.0),
            stddev_ms: address.map(|_| 0.125),
            jitter_ms: None,
            recent_ms: Vec::new(),
        };
        TraceReport {
            target: SafeText::line("web-1"),
            address: "192.0.2.10".parse().ok(),
            protocol: TraceProtocol::Icmp,
            rounds: 10,
            hops: vec![
                hop(1, Some("10.0.0.1"), Some("gw.example")),
                hop(2, None, None),
                hop(3, Some("192.0.2.10"), None),
            ],
            reached: true,
            verdict: SafeText::line("the target answers"),
            note: SafeText::empty(),
        }
    }

    #[test]
    fn the_table_is_aligned_and_ends_with_the_verdict() {
        let table = table(&report());
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(lines[0], "web-1 (192.0.2.10), icmp, 10 rounds");
        assert!(lines[2].starts_with("  1  gw.example (10.0.0.1)   10.0%     10      1.50"));
        assert!(lines[3].contains("(no answer)") && lines[3].contains("100.0%"));
        assert_eq!(lines[2].chars().count(), lines[4].chars().count());
        assert_eq!(lines[5], "the target answers");
    }

    #[test]
    fn json_has_the_contracts_fields() {
        let value = json(&report());
        for key in ["target", "hops", "verdict"] {
            assert!(value.get(key).is_some(), "{key}");
        }
        for key in [
            "ttl",
            "addresses",
            "sent",
            "received",
            "loss_pct",
            "last_ms",
            "avg_ms",
            "best_ms",
            "worst_ms",
            "stddev_ms",
            "jitter_ms",
        ] {
            assert!(value["hops"][0].get(key).is_some(), "{key}");
        }
    }
}
