//! What was seen of nodes as an observation: a line, the table of nodes, metrics, series.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use super::document::Mode;
use super::judge::{Finding, Node};
use crate::model::fluxmq::READY_MODE;
use crate::model::safe_text::width;
use crate::model::selector::series_id;
use crate::model::spec::FluxmqScope;
use crate::model::{
    Layout, Metric, Name, Observation, SafeText, Scrape, ScrapeReport, State, Unit,
};

/// Most reasons in one line; the table has all.
const REASON_LIMIT: usize = 5;
/// Heads of the table.
const HEAD: [&str; 6] = ["NODE", "MODE", "LEADER", "SESSIONS", "PEERS", "SAYS"];

/// What was seen, with `found` as its judgement and its reasons.
pub(super) fn observation(
    nodes: &[Node],
    scope: FluxmqScope,
    found: &[Finding],
    took: f64,
) -> Observation {
    let state = found.iter().fold(State::Ok, |worst, (state, _)| worst.worst(*state));
    let mut parts: Vec<&str> =
        found.iter().take(REASON_LIMIT).map(|(_, why)| why.as_str()).collect();
    let more = match found.len().saturating_sub(REASON_LIMIT) {
        0 => String::new(),
        more => format!("{more} more"),
    };
    let line = line(nodes);
    parts.extend([more.as_str(), line.as_str()].into_iter().filter(|part| !part.is_empty()));
    // Where each node has a check of its own, its mode and its series are that one's.
    let apart = scope == FluxmqScope::Cluster && nodes.len() > 1;
    let metrics = metrics(nodes, apart);
    let is_own = |metric: &&Metric| {
        !apart || metric.instance.is_none() && !metric.name.starts_with(READY_MODE)
    };
    let own = metrics.iter().filter(is_own);
    let scrape = Arc::new(series(nodes, own, took));
    Observation {
        long: SafeText::text(&table(nodes)),
        claimed: Some(state),
        scrape: Some(scrape),
        ..Observation::seen(parts.join("; "), metrics)
    }
}

/// `nominal, leader, 12 sessions`, or `3 of 3 nodes ready, leader mq-1, 36 sessions`.
fn line(nodes: &[Node]) -> String {
    let known: Vec<_> = nodes.iter().filter_map(Node::who).collect();
    let sessions: u64 = known.iter().fold(0, |sum, who| sum.saturating_add(who.sessions));
    let many = if sessions == 1 { "" } else { "s" };
    let sessions = (!known.is_empty()).then(|| format!("{sessions} session{many}"));
    let mut parts = Vec::new();
    if let [alone] = nodes {
        parts.extend(alone.mode().map(|mode| mode.word().to_owned()));
        parts.extend(alone.who().map(|who| role(who.cluster_mode, who.is_leader).to_owned()));
        parts.extend(sessions);
        parts.extend(alone.peers().map(|(some, all)| format!("{some}/{all} peers")));
        return parts.join(", ");
    }
    let ready = nodes.iter().filter(|node| node.serves()).count();
    parts.push(format!("{ready} of {} nodes ready", nodes.len()));
    let leaders = nodes.iter().filter(|node| node.who().is_some_and(|who| who.is_leader));
    let leaders: Vec<&str> = leaders.map(|node| node.name.as_str()).collect();
    if let [leader] = leaders[..] {
        parts.push(format!("leader {leader}"));
    }
    parts.extend(sessions);
    parts.join(", ")
}

const fn role(in_cluster: bool, leads: bool) -> &'static str {
    match (in_cluster, leads) {
        (false, _) => "single node",
        (true, true) => "leader",
        (true, false) => "follower",
    }
}

/// One row for each node, and what is worth knowing below.
fn table(nodes: &[Node]) -> String {
    let mut rows = vec![HEAD.map(str::to_owned)];
    for node in nodes {
        let who = node.who();
        let dash = || "-".to_owned();
        let said = node.findings().into_iter().map(|(_, why)| why).collect::<Vec<_>>();
        rows.push([
            node.name.clone(),
            node.mode().map_or_else(dash, |mode| mode.word().to_owned()),
            who.map_or_else(dash, |who| match (who.cluster_mode, who.is_leader) {
                (false, _) => "single".to_owned(),
                (true, leads) => if leads { "yes" } else { "no" }.to_owned(),
            }),
            who.map_or_else(dash, |who| who.sessions.to_string()),
            node.peers().map_or_else(dash, |(some, all)| format!("{some}/{all}")),
            said.join("; "),
        ]);
    }
    let mut widths = [0; HEAD.len()];
    for row in &rows {
        for (most, cell) in widths.iter_mut().zip(row) {
            *most = (*most).max(width(cell));
        }
    }
    let mut lines: Vec<String> = Vec::new();
    for row in &rows {
        let cells = row
            .iter()
            .zip(widths)
            .map(|(cell, wide)| format!("{cell}{}", " ".repeat(wide.saturating_sub(width(cell)))));
        lines.push(cells.collect::<Vec<_>>().join("  ").trim_end().to_owned());
    }
    for node in nodes {
        lines.extend(node.notes.iter().map(|note| format!("{}: {note}", node.name)));
    }
    lines.join("\n")
}

#[expect(clippy::cast_precision_loss, reason = "sessions and nodes are far below 2^53")]
fn metrics(nodes: &[Node], apart: bool) -> Vec<Metric> {
    let together = nodes.len() > 1;
    let mut all = Vec::new();
    for node in nodes {
        let mut put = |name: &str, value: f64, unit: Unit| {
            let metric = Metric::new(name, value, unit);
            all.push(if together { metric.of(&node.name) } else { metric });
        };
        for mode in Mode::ALL.into_iter().filter(|_| !apart) {
            // What cannot be read is no mode: neither this one nor another.
            let value = node.mode().map_or(f64::NAN, |is| if is == mode { 1.0 } else { 0.0 });
            put(&mode_name(mode), value, Unit::Count);
        }
        if node.silent.is_none() {
            put("time", node.took, Unit::Seconds);
        }
        if let Some(who) = node.who() {
            put("sessions", who.sessions as f64, Unit::Count);
            put("leader", if who.is_leader { 1.0 } else { 0.0 }, Unit::Count);
        }
        if let Some((some, of)) = node.peers() {
            put("peers", f64::from(of), Unit::Count);
            put("peers_reachable", f64::from(some), Unit::Count);
        }
        // Of several nodes these stand in the checks of each.
        let figures = node.admin.iter().flat_map(|admin| &admin.figures).filter(|_| !together);
        for (name, value) in figures {
            let unit = match *name {
                "uptime" => Unit::Seconds,
                "connections" => Unit::Count,
                "bytes_received" | "bytes_sent" => Unit::Bytes,
                _ => Unit::Counter,
            };
            put(name, *value, unit);
        }
    }
    if apart {
        let modes = Mode::ALL.into_iter();
        all.extend(modes.map(|mode| Metric::new(&mode_name(mode), any(nodes, mode), Unit::Count)));
    }
    if together {
        let count = |so: fn(&Node) -> bool| nodes.iter().filter(|node| so(node)).count() as f64;
        for (name, value) in [
            ("nodes", nodes.len() as f64),
            ("nodes_ready", count(Node::serves)),
            ("leaders", count(|node| node.who().is_some_and(|who| who.is_leader))),
        ] {
            all.push(Metric::new(name, value, Unit::Count));
        }
    }
    all
}

/// The metric of a mode: `fluxmq_ready_mode{mode="degraded"}`.
fn mode_name(mode: Mode) -> String {
    series_id(READY_MODE, &[("mode", mode.word())])
}

/// 1 when a node is in that mode, 0 when none is; no number when one that cannot be read may be,
/// so that a bad document ends no duration of a rule.
fn any(nodes: &[Node], mode: Mode) -> f64 {
    if nodes.iter().any(|node| node.mode() == Some(mode)) {
        return 1.0;
    }
    if nodes.iter().any(Node::is_hidden) { f64::NAN } else { 0.0 }
}

/// The same numbers as series: `fluxmq_ready_mode{mode="degraded",node="mq-1"}`.
fn series<'a>(nodes: &[Node], metrics: impl Iterator<Item = &'a Metric>, took: f64) -> Scrape {
    let alone = match nodes {
        [alone] => Some(alone.name.as_str()),
        _ => None,
    };
    let mut series: Vec<Name> = Vec::new();
    let mut values = Vec::new();
    for metric in metrics.filter(|metric| metric.value.is_finite()) {
        let mode = Mode::ALL.into_iter().find(|mode| *metric.name == *mode_name(*mode));
        let node = metric.instance.as_deref().or(alone);
        let labels: Vec<(&str, &str)> =
            [mode.map(|mode| ("mode", mode.word())), node.map(|node| ("node", node))]
                .into_iter()
                .flatten()
                .collect();
        let name =
            if mode.is_some() { READY_MODE.to_owned() } else { format!("fluxmq_{}", metric.name) };
        series.push(series_id(&name, &labels).into());
        values.push(metric.value);
    }
    let mut hasher = DefaultHasher::new();
    series.hash(&mut hasher);
    let count = u32::try_from(series.len()).unwrap_or(u32::MAX);
    let up = nodes.iter().any(|node| node.silent.is_none());
    let report = ScrapeReport { up, duration: took, samples: count, kept: count, added: 0 };
    let layout = Arc::new(Layout { id: hasher.finish(), series });
    Scrape { layout, values, stamps: Vec::new(), report }
}

#[cfg(test)]
#[path = "show_tests.rs"]
mod tests;
