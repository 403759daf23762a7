//! What must be true of a store and its receivers when a story is over (invariants I1 to I4 and
//! I21 of the list of faults; I5, I7, I8 and I9 are looked at while it is told).
//!
//! In: the store, the receivers' ledgers, the windows that were made. Out: nothing, or a panic.
//! Never: asks the engine: the rows are read as they are.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use bytes::Bytes;
use fluxnoc::model::{Cause, CauseStage, MaintenanceId, Timestamp};

use crate::ledger::Entry;

#[path = "rows.rs"]
mod rows;
#[allow(unused_imports, reason = "each test binary uses a part of it")]
pub use rows::{DATABASE, database, try_rows};
use rows::{Row, rows};

/// A window over one host, as it was in the end.
pub struct Silence {
    pub id: MaintenanceId,
    pub host: String,
    pub start: Timestamp,
    pub end: Timestamp,
    pub suppress: bool,
}

#[derive(Debug)]
pub struct Edge {
    actor: bool,
    seq: i64,
    at: i64,
    kind: String,
    host: String,
    to: String,
}

#[derive(Debug)]
pub struct Promise {
    key: String,
    alert: String,
    seq: i64,
    reason: String,
    destination: String,
    state: String,
    resent: bool,
    /// The digest that tells it.
    digest: Option<String>,
}

#[derive(Debug)]
pub struct Alert {
    id: String,
    phase: String,
    state: String,
    edge_seq: i64,
    silent: bool,
    taken: bool,
    flapping: bool,
    notified: Option<String>,
    told: bool,
    /// The check that explains it.
    cause: Option<String>,
    check: String,
}

/// The rows of a store.
pub struct Told {
    edges: HashMap<String, Vec<Edge>>,
    promises: Vec<Promise>,
    alerts: Vec<Alert>,
}

/// The first column of a row, a text.
pub fn text(row: &Row) -> String {
    row.text(0)
}

/// Notifications that wait, as JSON would show them.
const DUE: &str = "SELECT key, state, not_before, tries, error, gate, grouped, digest, request \
    FROM outbox WHERE state = 'due'";
const EXPLAINED: &str =
    "SELECT cause, id, state FROM alerts WHERE phase = 'firing' AND cause IS NOT NULL";

/// Alerts that are told when their patience is over: in doubt, or explained until now.
async fn in_doubt(dir: &Path) -> Vec<Row> {
    let mut all = rows(dir, EXPLAINED).await;
    all.retain(|row| cause(&row.text(0)).is_none_or(|cause| cause.stage != CauseStage::Down));
    all
}

fn cause(text: &str) -> Option<Cause> {
    serde_json::from_str(text).ok()
}

/// How many notifications wait, but those that wait for their own moment.
pub async fn waiting(dir: &Path) -> usize {
    rows(dir, DUE).await.len() + in_doubt(dir).await.len()
}

/// The rows that [`waiting`] counts, for the message of a test that fails at `now`.
pub async fn still_there(dir: &Path, now: Timestamp) -> String {
    let mut lines: Vec<String> = Vec::new();
    for row in rows(dir, DUE).await.into_iter().chain(in_doubt(dir).await) {
        lines.push(format!("{row:?}"));
    }
    let (count, now) = (lines.len(), now.millis());
    format!("{count} notifications are never taken; at {now}:\n{}", lines.join("\n"))
}

/// Reads all of it, and counts the edges.
pub async fn read(dir: &Path, counts: &mut BTreeMap<String, usize>) -> Told {
    let mut edges: HashMap<String, Vec<Edge>> = HashMap::new();
    let sql = "SELECT alert, edge_seq, at, kind, host, to_state, actor IS NOT NULL FROM edges ORDER BY edge_seq";
    for row in rows(dir, sql).await {
        let (alert, kind) = (row.text(0), row.text(3));
        *counts.entry(format!("edge {kind}")).or_default() += 1;
        let (seq, at, host, to) = (row.number(1), row.number(2), row.text(4), row.text(5));
        edges.entry(alert).or_default().push(Edge { actor: row.is(6), seq, at, kind, host, to });
    }
    let sql = "SELECT key, alert, edge_seq, reason, destination, state, \
               resent_at IS NOT NULL, digest FROM outbox";
    let promise = |row: Row| Promise {
        key: row.text(0),
        alert: row.text(1),
        seq: row.number(2),
        reason: row.text(3),
        destination: row.text(4),
        state: row.text(5),
        resent: row.is(6),
        digest: row.maybe(7),
    };
    let promises: Vec<Promise> = rows(dir, sql).await.into_iter().map(promise).collect();
    for one in promises.iter().filter(|one| one.reason == "digest" || one.digest.is_some()) {
        let what = if one.reason == "digest" { "digest" } else { "told in a digest" };
        *counts.entry(what.to_owned()).or_default() += 1;
    }
    let sql = "SELECT id, phase, state, edge_seq, suppressed, ack IS NOT NULL, \
               flapping IS NOT NULL, notified, check_name NOT LIKE 'r_', cause, host || '/' || check_name FROM alerts";
    let alert = |row: Row| Alert {
        id: row.text(0),
        phase: row.text(1),
        state: row.text(2),
        edge_seq: row.number(3),
        silent: row.is(4),
        taken: row.is(5),
        flapping: row.is(6),
        notified: row.maybe(7),
        told: row.is(8),
        cause: row.maybe(9).and_then(|text| {
            let cause = cause(&text)?;
            (cause.stage == CauseStage::Down).then(|| cause.check.to_string())
        }),
        check: row.text(10),
    };
    let alerts = rows(dir, sql).await.into_iter().map(alert).collect();
    Told { edges, promises, alerts }
}

/// One receiver: nothing lost, nothing made up, the same key the same bytes, in order.
pub fn ledger(told: &Told, destination: &str, entries: &[Entry]) {
    let mut bodies: HashMap<&str, &Bytes> = HashMap::new();
    let mut taken: HashMap<&str, usize> = HashMap::new();
    for (at, entry) in entries.iter().enumerate() {
        let body = bodies.entry(&entry.key).or_insert(&entry.body);
        assert_eq!(*body, &entry.body, "I3: {} came with other bytes", entry.key);
        if entry.taken {
            taken.entry(&entry.key).or_insert(at);
        }
    }
    let mine = || told.promises.iter().filter(|one| one.destination == destination);
    let keys: BTreeSet<&str> = mine().map(|one| &*one.key).collect();
    for entry in entries {
        assert!(keys.contains(&*entry.key), "I1: nobody promised {}", entry.key);
    }
    let mut lanes: BTreeMap<(&str, i64), &Promise> = BTreeMap::new();
    for one in mine() {
        let Promise { key, alert, seq, reason, state, digest, .. } = one;
        if reason == "digest" {
            let first = key.strip_prefix("digest:").unwrap();
            let first = mine().find(|other| other.key == first);
            let first = first.unwrap_or_else(|| panic!("I3: {key} is of nothing"));
            assert_eq!(first.digest.as_ref(), Some(key), "I3");
        } else {
            assert_eq!(*key, format!("{alert}:{seq}:{reason}:{destination}"), "I3");
        }
        match &**state {
            "digest" => {
                let digest = digest.as_ref().unwrap();
                let told = mine().find(|other| other.key == *digest);
                let told = told.unwrap_or_else(|| panic!("I2: {key} is in no digest"));
                assert!(["sent", "parked", "dropped"].contains(&&*told.state), "I2: {key}");
                assert!(!taken.contains_key(&**key), "{key} was told by itself and in a digest");
            }
            "sent" => assert!(taken.contains_key(&**key), "I2: nobody took {key}"),
            "parked" | "dropped" => {}
            other => panic!("I2: {key} is {other}"),
        }
        if !matches!(&**reason, "digest") {
            lanes.insert((alert, *seq), one);
        }
    }
    let mut last: HashMap<&str, (usize, &str)> = HashMap::new();
    // Only what nobody sent again by hand stands in its own order.
    for ((alert, _), one) in lanes.into_iter().filter(|(_, one)| !one.resent) {
        // What a digest tells came with that, and several of an alert came together.
        let key = one.digest.as_ref().filter(|_| one.state == "digest").unwrap_or(&one.key);
        let sent = mine().any(|other| other.key == *key && other.state == "sent" && !other.resent);
        if let Some(at) = taken.get(&**key).filter(|_| sent) {
            let before = last.insert(alert, (*at, key));
            let good = before.is_none_or(|(before, with)| before < *at || with == key);
            assert!(good, "I4: {} was overtaken by a later edge", one.key);
        }
    }
}

fn severity(state: &str) -> u8 {
    ["ok", "warning", "unknown", "critical"]
        .iter()
        .position(|s| s.eq_ignore_ascii_case(state))
        .unwrap() as u8
}

/// Every alert: its edges and promises belong together, and people know what is true. Each edge goes
/// to `first`; `steps` are the channels of its escalation's steps, by list and in order: each is told
/// once, and from then on of what follows.
pub fn alerts(told: &Told, silences: &[Silence], first: &[&str], steps: &[(&str, &str)]) {
    let mut promised: HashMap<&str, Vec<&Promise>> = HashMap::new();
    let of_alerts =
        |one: &&Promise| !matches!(&*one.reason, "digest" | "hold_began" | "hold_ended");
    for one in told.promises.iter().filter(of_alerts) {
        let edges = told.edges.get(&one.alert).map_or(&[][..], Vec::as_slice);
        let edge = edges.iter().find(|edge| edge.seq == one.seq);
        let edge = edge.unwrap_or_else(|| panic!("I1: {} is of no edge", one.key));
        promised.entry(&one.alert).or_default().push(one);
        let by_hand = one.reason == "escalation" && edge.actor;
        let problem = !matches!(&*one.reason, "recovered" | "acknowledged") && !by_hand;
        let hidden = |silence: &&Silence| {
            silence.suppress
                && silence.host == edge.host
                && silence.start.millis() < edge.at
                && edge.at < silence.end.millis()
        };
        let hidden = silences.iter().find(hidden).map(|silence| silence.id.to_string());
        assert!(!problem || hidden.is_none(), "I21: {} was told in {hidden:?}", one.key);
    }
    for alert in &told.alerts {
        let Alert { id, phase, state, notified, .. } = alert;
        let edges = told.edges.get(id).map_or(&[][..], Vec::as_slice);
        let seqs: Vec<i64> = edges.iter().map(|edge| edge.seq).collect();
        let wanted: Vec<i64> = (1..=alert.edge_seq).collect();
        assert_eq!(seqs, wanted, "I1: edges of {id}");
        let mine = promised.get(&**id).map_or(&[][..], Vec::as_slice);
        // That somebody has it may have been told to those alone whom a step told.
        let of_problem = |one: &&&Promise| {
            first.contains(&&*one.destination)
                && !matches!(&*one.reason, "recovered" | "escalation" | "acknowledged")
        };
        let problems = mine.iter().filter(of_problem).count();
        assert_eq!(notified.is_some(), problems > 0, "I1: {id} {notified:?} {problems}");
        let mut escalated: Vec<&&Promise> =
            mine.iter().filter(|one| one.reason == "escalation").collect();
        escalated.sort_by_key(|one| one.seq);
        let to: Vec<&str> = escalated.iter().map(|one| &*one.destination).collect();
        let in_order: Vec<&str> = steps.iter().map(|(_, channel)| *channel).collect();
        assert!(in_order.starts_with(&to), "the steps of {id}: {to:?}");
        let recorded = edges.iter().filter(|edge| edge.kind == "escalated").count();
        assert_eq!(recorded, to.len(), "I1: the steps of {id}");
        for edge in edges.iter().filter(|edge| edge.kind == "recovered") {
            let told: BTreeSet<&str> = mine
                .iter()
                .filter(|one| one.seq == edge.seq)
                .map(|one| &*one.destination)
                .collect();
            let mut wanted: BTreeSet<&str> = to.iter().copied().collect();
            if problems > 0 {
                wanted.extend(first);
            }
            assert_eq!(told, wanted, "I21: the recovery of {id}, to {}", edge.to);
        }
        let speaks = phase == "firing" && !alert.silent && !alert.taken && !alert.flapping;
        if speaks && alert.told {
            let known = notified.as_deref().map(severity);
            // What another alert explains is told to nobody, as long as that one fires itself.
            let explained = alert.cause.as_ref().is_some_and(|root| {
                told.alerts.iter().any(|one| one.check == *root && one.phase == "firing")
            });
            let check = &alert.check;
            let good = explained || known >= Some(severity(state));
            let cause = &alert.cause;
            assert!(
                good,
                "I21: {check} is {state}, known {notified:?}, {cause:?} ({id}): {edges:#?} {mine:#?}"
            );
        }
    }
}
