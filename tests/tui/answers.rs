//! What the fake engine says about the log, alerts and paths.

use std::net::IpAddr;
use std::sync::Arc;

use fluxnoc::model::spec::TraceProtocol;
use fluxnoc::model::trace::{HopAddress, TraceReport};
use fluxnoc::model::{
    AlertId, CheckKey, Comment, Edge, EdgeKind, Path, PathChange, Reason, SafeText, Span, State,
    Timestamp,
};
use fluxnoc::protocol::query::{Answer, Query};
use fluxnoc::protocol::{
    AlertPage, DeliveryState, Event, IncidentRow, LogCursor, LogEntry, LogFilter, LogKind, LogPage,
    NotificationRow, Problem, TraceSummary,
};

use crate::fixture;

fn ago(secs: u64) -> Timestamp {
    fixture::now() - Span::from_secs(secs)
}

/// The entries of the log, newest first: what operators did lately, then a long regular past.
pub fn log() -> Vec<LogEntry> {
    use State::{Critical, Ok, Unknown, Warning};
    let edge = |secs, kind, host: &str, check: &str, (from, to), text: &str| LogEntry {
        at: ago(secs),
        kind: LogKind::Edge(kind),
        host: Some(host.into()),
        check: Some(check.into()),
        alert: Some(fixture::alert_id(0)),
        from: Some(from),
        to: Some(to),
        text: SafeText::line(text),
        actor: None,
        in_maintenance: false,
    };
    let by = |entry: LogEntry, who: &str| LogEntry { actor: Some(SafeText::line(who)), ..entry };
    let other = |secs, kind, host: Option<&str>, text: &str| LogEntry {
        kind,
        host: host.map(Into::into),
        check: None,
        alert: None,
        from: None,
        to: None,
        ..edge(secs, EdgeKind::Fired, "", "", (Ok, Ok), text)
    };
    let refused = "connection refused by 10.0.3.1:3306";
    let mut entries = vec![
        edge(50, EdgeKind::Fired, "dal-03", "http", (Ok, Critical), "503 Service Unavailable"),
        edge(130, EdgeKind::Fired, "fra-01", "mysql", (Ok, Critical), refused),
        by(other(200, LogKind::Action, Some("fra-01"), "re-check of fra-01/mysql"), "noc-2"),
        other(310, LogKind::Path, Some("fra-01"), "hop 2 is 10.0.1.9, was 10.0.1.1"),
        by(
            edge(5750, EdgeKind::Acknowledged, "ams-09", "disk", (Warning, Warning), "on it"),
            "noc-2",
        ),
        LogEntry {
            in_maintenance: true,
            ..edge(900, EdgeKind::Worse, "dal-20", "http", (Warning, Critical), "refused")
        },
        edge(7000, EdgeKind::Recovered, "lon-12", "dns", (Unknown, Ok), "3 answers in 4 ms"),
        by(other(7200, LogKind::Comment, Some("lon-02"), "new certificate is ordered"), "noc-1"),
        by(other(7300, LogKind::Action, None, "configuration read again"), "noc-1"),
    ];
    entries.extend((0..600_u64).map(|n| {
        let host = format!("fra-{:02}", n % 60 + 1);
        let (kind, change) = match n % 3 {
            0 => (EdgeKind::Recovered, (Critical, Ok)),
            1 => (EdgeKind::Worse, (Warning, Critical)),
            _ => (EdgeKind::Fired, (Ok, Warning)),
        };
        let text = format!("HTTP 200 in {} ms", 20 + n % 40);
        edge(8000 + n * 700, kind, &host, "http", change, &text)
    }));
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.at));
    entries
}

fn page(filter: &LogFilter, before: Option<LogCursor>, limit: u32) -> LogPage {
    let holds = |entry: &LogEntry| {
        filter.from.is_none_or(|from| entry.at >= from)
            && filter.to.is_none_or(|to| entry.at < to)
            && filter
                .hosts
                .as_ref()
                .is_none_or(|hosts| entry.host.as_ref().is_some_and(|host| hosts.matches(host)))
            && filter
                .actor
                .as_ref()
                .is_none_or(|actor| entry.actor.as_ref().is_some_and(|have| have.as_str() == actor))
            && (filter.kinds.is_empty() || filter.kinds.contains(&entry.kind))
            && filter.text.as_ref().is_none_or(|text| {
                entry.text.as_str().to_lowercase().contains(&text.to_lowercase())
            })
    };
    let log = log();
    let mut rest = log
        .iter()
        .enumerate()
        .filter(|(at, entry)| {
            let behind = before.is_none_or(|cursor| i64::try_from(*at).unwrap() > cursor.seq);
            behind && holds(entry)
        })
        .peekable();
    let mut page = LogPage::default();
    while page.entries.len() < limit as usize {
        let Some((at, entry)) = rest.next() else { break };
        page.entries.push(entry.clone());
        page.next = rest.peek().map(|_| LogCursor {
            at: entry.at,
            source: 0,
            seq: i64::try_from(at).unwrap(),
        });
    }
    page
}

fn alert(id: AlertId) -> Option<AlertPage> {
    use State::{Critical, Ok, Warning};
    let events = fixture::picture();
    let alert = events.iter().find_map(|event| match event {
        Event::Alert(alert) if alert.id == id => Some(alert.as_ref().clone()),
        _ => None,
    })?;
    let row = events.iter().rev().find_map(|event| match event {
        Event::Check(row) if row.key == alert.check => Some(row.as_ref().clone()),
        _ => None,
    });
    let edge = |seq, secs, kind, from, to, text: &str, actor: Option<&str>| Edge {
        alert: id,
        check: alert.check.clone(),
        seq,
        at: ago(secs),
        kind,
        from,
        to,
        text: SafeText::line(text),
        actor: actor.map(SafeText::line),
        in_maintenance: false,
    };
    let told = |seq, reason, state, tries, error: Option<&str>| NotificationRow {
        key: format!("{seq}"),
        edge_seq: seq,
        reason,
        destination: "NOC Team".to_owned(),
        not_before: ago(120),
        state,
        tries,
        sent_at: (state == DeliveryState::Sent).then(|| ago(119)),
        error: error.map(SafeText::line),
    };
    let comment = |secs, author: &str, episode: bool, text: &str| Comment {
        at: ago(secs),
        host: alert.check.host.clone(),
        check: Some(alert.check.name.clone()),
        alert: episode.then_some(id),
        author: SafeText::line(author),
        text: SafeText::line(text),
    };
    Some(AlertPage {
        edges: vec![
            edge(
                3,
                70,
                EdgeKind::Commented,
                Critical,
                Critical,
                "rack 4 has no light",
                Some("noc-1"),
            ),
            edge(2, 110, EdgeKind::Worse, Warning, Critical, alert.output.as_str(), None),
            edge(1, 130, EdgeKind::Fired, Ok, Warning, "handshake took 2.3 s (> 500 ms)", None),
        ],
        notifications: vec![
            told(2, Reason::Worse, DeliveryState::Due, 2, Some("503 busy, try again in 30 s")),
            told(2, Reason::Reminder, DeliveryState::Digest, 0, None),
            told(1, Reason::First, DeliveryState::Sent, 0, None),
        ],
        incidents: vec![IncidentRow {
            destination: "flux-notify".to_owned(),
            id: SafeText::line("INC-42"),
        }],
        comments: vec![
            comment(70, "noc-1", true, "rack 4 has no light"),
            comment(400_000, "noc-2", false, "the replica takes over by itself after 5 minutes"),
        ],
        next: Some(fixture::now() + Span::from_secs(48)),
        alert,
        row,
    })
}

/// A report of a path with two parallel routers at its second hop.
fn report(host: &str, reached: bool) -> Arc<TraceReport> {
    let Event::Trace(frame) = fixture::trace(host, 0) else { unreachable!() };
    let mut report = TraceReport::clone(&frame.report);
    for n in [9, 17] {
        let address = IpAddr::from([10, 0, 1, n]);
        let name = (n == 9).then(|| SafeText::line("core-fra-9.example.net"));
        report.hops[1].addresses.push(HopAddress { address, name });
    }
    report.protocol = TraceProtocol::Tcp;
    if !reached {
        report.hops.truncate(4);
        report.reached = false;
        report.verdict = SafeText::line("answers end at hop 4 (10.0.2.1)");
    }
    Arc::new(report)
}

fn path(loss: f64, rtt: f64, second: u8) -> Path {
    Path {
        loss_pct: Some(loss),
        rtt_ms: Some(rtt),
        hops: {
            let mut hops = Path::of(&report("fra-01", true)).hops;
            hops[1].addresses = [IpAddr::from([10, 0, 1, second])].into();
            hops
        },
        reached: loss < 100.0,
    }
}

/// The checks that trace.
pub fn paths() -> Vec<TraceSummary> {
    let one = |host: &str, state, report: Option<Arc<TraceReport>>| TraceSummary {
        key: CheckKey::new(host, "path"),
        state,
        at: report.as_ref().map(|_| ago(14)),
        path: Some(path(0.0, 31.7, 1)),
        changed: Some(ago(310)),
        report,
    };
    vec![
        one("dal-07", State::Ok, Some(report("dal-07", true))),
        one("fra-02", State::Critical, Some(report("fra-02", false))),
        one("lon-03", State::Ok, None),
    ]
}

fn changes(host: &str) -> Vec<PathChange> {
    let change = |secs, before, after| PathChange {
        target: None,
        test: None,
        host: host.into(),
        check: Some("path".into()),
        at: ago(secs),
        before,
        after,
    };
    vec![
        change(310, Some(path(0.0, 31.7, 1)), path(100.0, 48.2, 9)),
        change(90_000, Some(path(2.0, 40.1, 17)), path(0.0, 31.7, 1)),
        change(900_000, None, path(2.0, 40.1, 17)),
    ]
}

/// Answers what [`fixture::answer`] leaves over.
pub fn answer(query: &Query) -> Result<Answer, Problem> {
    match query {
        Query::Log { filter, before, limit } => Ok(Answer::Log(page(filter, *before, *limit))),
        Query::Alert { id } => match alert(*id) {
            Some(page) => Ok(Answer::Alert(Box::new(page))),
            None => Err(Problem::not_found("there is no such alert")),
        },
        Query::SeriesList { text, .. } => crate::series::list(text.as_deref()),
        Query::SeriesPast { series, from, to, .. } => crate::series::past(series, *from, *to),
        Query::Fluxbase { host, from, to, .. } => crate::fluxbase::page(host.as_ref(), *from, *to),
        Query::Notifications { destination, .. } => {
            Ok(Answer::Notifications(crate::notifications::page(destination.as_deref())))
        }
        Query::Handover { .. } => Ok(Answer::Handover(Box::new(crate::handover::page()))),
        Query::Rules { .. } => Ok(Answer::Rules(crate::trial::page())),
        Query::TryRules { text, since, .. } => {
            Ok(Answer::TryRules(crate::trial::tried(text, *since)))
        }
        Query::Paths { .. } => Ok(Answer::Paths(paths())),
        Query::PathChanges { host, .. } => Ok(Answer::PathChanges(changes(host))),
        Query::Tests { filter, .. } => Ok(Answer::Tests(crate::speed::list(filter))),
        Query::Test { id } => crate::speed::one(*id),
        Query::Trend(wish) => Ok(Answer::Trend(crate::trend::answer(wish))),
        Query::Nodes => Ok(Answer::Nodes(crate::speed::nodes())),
        Query::Schedules => Ok(Answer::Schedules(crate::schedules::rows())),
        _ => Err(Problem::not_found("the fixture knows nothing of this")),
    }
}
