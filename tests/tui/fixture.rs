//! A world of two hundred hosts at a fixed moment, and live numbers of it.

use std::net::IpAddr;
use std::sync::Arc;

use fluxnoc::model::spec::{Kind, PingSpec, Spec, TraceSpec};
use fluxnoc::model::trace::{Hop, HopAddress, TraceReport};
use fluxnoc::model::{
    Acknowledgement, Alert, AlertId, Check, CheckKey, Edge, EdgeKind, Host, Maintenance,
    MaintenanceId, Metric, Observation, Phase, Range, Rule, SafeText, Span, State, Status,
    Timestamp, Unit,
};
use fluxnoc::protocol::query::{Answer, CheckDetail, Point, Query, Series, StateSpan};
use fluxnoc::protocol::{
    CheckRow, Command, EngineStatus, Event, LiveCheck, LiveTrace, Outcome, Problem, Told, ToldRow,
};

/// 2026-02-24 21:04:30 in CET.
pub fn now() -> Timestamp {
    "2026-02-24T20:04:30Z".parse().unwrap()
}

fn ago(secs: u64) -> Timestamp {
    now() - Span::from_secs(secs)
}

const SITES: [(&str, usize); 4] = [("fra", 60), ("dal", 74), ("ams", 41), ("lon", 24)];

struct Bad {
    host: &'static str,
    check: &'static str,
    kind: Kind,
    state: State,
    ago: u64,
    text: &'static str,
    ack: Option<(&'static str, Option<u64>)>,
    soft: bool,
    told: bool,
}

const fn bad(
    host: &'static str,
    check: &'static str,
    kind: Kind,
    state: State,
    ago: u64,
    text: &'static str,
) -> Bad {
    Bad { host, check, kind, state, ago, text, ack: None, soft: false, told: true }
}

fn problems() -> Vec<Bad> {
    use State::{Critical, Unknown, Warning};
    vec![
        bad("fra-01", "mysql", Kind::Mysql, Critical, 130, "connection refused by 10.0.3.1:3306"),
        Bad {
            told: false,
            ..bad("fra-02", "ping", Kind::Ping, Critical, 75, "no answer from 10.0.3.2 to 5 pings")
        },
        Bad {
            told: false,
            ..bad("dal-03", "http", Kind::Http, Critical, 50, "503 Service Unavailable in 31 ms")
        },
        bad("lon-12", "dns", Kind::Dns, Unknown, 30, "10.9.9.9: no answer in 10 s"),
        bad("dal-07", "load", Kind::Custom, Warning, 370, "load 88.2 (> 75) on 16 cores"),
        Bad {
            ack: Some(("noc-2", Some(9))),
            ..bad("ams-09", "disk", Kind::Custom, Warning, 11_500, "/var 83 % (> 80)")
        },
        Bad {
            ack: Some(("noc-1", None)),
            ..bad("lon-02", "http", Kind::Http, Warning, 29_000, "certificate ends in 6 d")
        },
        Bad { soft: true, ..bad("ams-01", "http", Kind::Http, Critical, 20, "timeout after 10 s") },
        bad("dal-20", "http", Kind::Http, Critical, 900, "connection refused by 10.0.4.20:443"),
    ]
}

pub fn check(host: &str, name: &str, kind: Kind, status: Status) -> Event {
    Event::Check(Arc::new(CheckRow {
        key: CheckKey::new(host, name),
        kind,
        interval: Span::from_secs(60),
        attempts: 3,
        enabled: true,
        about: None,
        rule: None,
        status,
    }))
}

pub fn fine(text: &str) -> Status {
    Status {
        state: State::Ok,
        hard: true,
        hard_state: State::Ok,
        since: ago(1_036_800),
        last_result: Some(ago(12)),
        output: SafeText::line(text),
        ..Status::default()
    }
}

pub fn alert_id(at: usize) -> AlertId {
    AlertId::from_parts(1_771_000_000_000, [u8::try_from(at).unwrap(); 10])
}

/// The ids of all alerts.
pub fn alert_ids() -> impl Iterator<Item = AlertId> {
    (0..problems().len()).map(alert_id)
}

fn alert(at: usize, bad: &Bad) -> Alert {
    Alert {
        phase: if bad.soft { Phase::Pending } else { Phase::Firing },
        state: bad.state,
        fired: (!bad.soft).then(|| ago(bad.ago)),
        output: SafeText::line(bad.text),
        attempt: if bad.soft { 2 } else { 3 },
        ack: bad.ack.map(|(author, hours)| Acknowledgement {
            author: SafeText::line(author),
            comment: SafeText::line("looking into it"),
            at: ago(bad.ago / 2),
            expires: hours.map(|hours| now() + Span::from_secs(hours * 3600)),
            sticky: false,
        }),
        edge_seq: 1,
        in_maintenance: bad.host == "dal-20",
        suppressed: bad.host == "dal-20",
        notified: (bad.told && !bad.soft).then_some(bad.state),
        ..Alert::opened(
            alert_id(at),
            &CheckKey::new(bad.host, bad.check),
            &Status::waiting(ago(bad.ago)),
            3,
            ago(bad.ago + 30),
        )
    }
}

fn window() -> Event {
    Event::Maintenance(Arc::new(Maintenance {
        id: MaintenanceId::from_parts(1_771_000_000_000, [9; 10]),
        name: SafeText::line("rack 2 power"),
        host_pattern: "dal-2[0-3]".parse().ok(),
        check: None,
        hosts: std::collections::BTreeSet::new(),
        checks: std::collections::BTreeSet::new(),
        start: ago(3600),
        end: now() + Span::from_secs(3600),
        children: None,
        recurrence: None,
        previous: None,
        suppress_notifications: true,
        created_by: None,
        author: SafeText::line("noc-1"),
        created: ago(7200),
    }))
}

/// The first picture of a stream.
pub fn picture() -> Vec<Event> {
    let mut events = vec![
        Event::Hello { stream: 7, hosts: 0 },
        Event::Engine(Arc::new(EngineStatus {
            host: SafeText::line("jump-02"),
            pid: 4242,
            started: ago(86_400),
            config: Some(SafeText::line("/etc/fluxnoc/config.toml")),
            ..EngineStatus::default()
        })),
        window(),
    ];
    let mut own = Host::new("jump-02", "127.0.0.1");
    own.labels.insert("site".to_owned(), "lon".to_owned());
    events.push(Event::Host(Arc::new(own)));
    events.push(check("jump-02", "system", Kind::System, fine("cpu 4 %, memory 31 %, disk 52 %")));
    for (at, (site, count)) in SITES.iter().enumerate() {
        for n in 1..=*count {
            let name = format!("{site}-{n:02}");
            let mut host = Host::new(&name, &format!("10.0.{}.{n}", at + 3));
            host.labels.insert("site".to_owned(), (*site).to_owned());
            host.labels.insert("rack".to_owned(), (n / 10 + 1).to_string());
            host.contact = Some("transport desk".to_owned());
            events.push(Event::Host(Arc::new(host)));
            events.push(check(&name, "ping", Kind::Ping, fine("5 of 5 answered, 1.2 ms")));
            events.push(check(&name, "http", Kind::Http, fine("HTTP 200 in 31 ms, 5321 bytes")));
        }
    }
    for (at, bad) in problems().iter().enumerate() {
        let status = Status {
            state: bad.state,
            hard: !bad.soft,
            hard_state: if bad.soft { State::Ok } else { bad.state },
            attempt: if bad.soft { 2 } else { 3 },
            since: ago(bad.ago),
            last_result: Some(ago(12)),
            late: false,
            output: SafeText::line(bad.text),
            silent: false,
            flap: fluxnoc::model::Flap::default(),
            wait: fluxnoc::model::Wait::default(),
        };
        events.push(check(bad.host, bad.check, bad.kind, status));
        let alert = alert(at, bad);
        let told = alert.notified.map(|_| ToldRow { alert: alert.id, told: Told::Sent });
        events.push(Event::Alert(Arc::new(alert)));
        events.extend(told.map(|told| Event::Told(vec![told])));
    }
    events.extend(crate::agents::events());
    events.push(Event::Ready);
    events
}

/// A smooth, fixed wave between 0 and 1.
pub fn wave(at: i64, period: f64) -> f64 {
    #[allow(clippy::cast_precision_loss)]
    let at = at as f64;
    0.5 + 0.5 * (at / period).sin() * (at / (period * 3.7)).cos()
}

fn rtt_metric(value: f64) -> Metric {
    Metric {
        warning: Some(Range::above(0.2)),
        critical: Some(Range::above(0.5)),
        ..Metric::new("rtt", value, Unit::Seconds)
    }
}

fn metrics(key: &CheckKey, at: i64) -> Vec<Metric> {
    let secs = at / 1000;
    if &*key.name == "snmp" {
        return crate::interfaces::metrics(secs);
    }
    if &*key.name == "system" {
        return ["eth0", "eth1", "lo"]
            .iter()
            .enumerate()
            .flat_map(|(n, name)| {
                let scale = [9.0e8, 2.0e7, 1.0e3][n];
                [
                    Metric::new("octets_in", scale * wave(secs, 180.0) / 8.0, Unit::Bytes).of(name),
                    Metric::new("octets_out", scale * wave(secs + 400, 240.0) / 24.0, Unit::Bytes)
                        .of(name),
                ]
            })
            .chain([Metric::new("cpu_usage", 4.0, Unit::Percent)])
            .collect();
    }
    vec![
        rtt_metric(0.008 + 0.03 * wave(secs, 90.0)),
        Metric::new("loss", 0.0, Unit::Percent),
        Metric::new("size", 5321.0, Unit::Bytes),
    ]
}

/// A result of a check at a moment.
pub fn live(key: &CheckKey, at: Timestamp) -> Event {
    Event::Live(Arc::new(LiveCheck {
        check: key.clone(),
        at,
        next: Some(at + Span::from_secs(60)),
        observation: Observation {
            duration_us: 31_000,
            output: SafeText::line("HTTP 200 in 31 ms, 5321 bytes"),
            metrics: metrics(key, at.millis()),
            ..Observation::default()
        },
    }))
}

fn hop(ttl: u8, name: &str, address: [u8; 4], ms: f64, loss: f64, round: i64) -> Hop {
    let recent: Vec<Option<f64>> = (0..30)
        .map(|n| {
            let missing = loss > 0.0 && (n * 7 + round) % 100 < 30;
            (!missing).then(|| ms * (0.9 + 0.4 * wave(n + round, 2.0)))
        })
        .collect();
    Hop {
        ttl,
        addresses: vec![HopAddress {
            address: IpAddr::from(address),
            name: (!name.is_empty()).then(|| SafeText::line(name)),
        }],
        sent: 214,
        received: 214,
        loss_pct: loss,
        last_ms: recent.last().copied().flatten(),
        avg_ms: Some(ms),
        best_ms: Some(ms * 0.9),
        worst_ms: Some(ms * 3.1),
        stddev_ms: Some(ms * 0.2),
        jitter_ms: Some(ms * 0.1),
        recent_ms: recent,
    }
}

/// A frame of the path to a host.
pub fn trace(host: &str, round: i64) -> Event {
    let mut silent = hop(3, "", [0; 4], 1.0, 100.0, 0);
    silent.addresses.clear();
    silent.recent_ms = vec![None; 30];
    (silent.last_ms, silent.avg_ms, silent.best_ms) = (None, None, None);
    (silent.worst_ms, silent.stddev_ms, silent.jitter_ms) = (None, None, None);
    let report = TraceReport {
        target: SafeText::line(host),
        address: Some(IpAddr::from([10, 0, 3, 1])),
        protocol: fluxnoc::model::spec::TraceProtocol::Icmp,
        rounds: u64::try_from(214 + round).unwrap(),
        hops: vec![
            hop(1, "gw.jump.example.net", [10, 0, 0, 1], 0.3, 0.0, round),
            hop(2, "core-fra-1.example.net", [10, 0, 1, 1], 1.1, 0.0, round),
            silent,
            hop(4, "", [10, 0, 2, 1], 9.1, 30.0, round),
            hop(
                5,
                "edge-17.a-very-long-name.carrier.example.org",
                [192, 0, 2, 77],
                12.4,
                0.0,
                round,
            ),
            hop(6, host, [10, 0, 3, 1], 31.7, 0.0, round),
        ],
        reached: true,
        verdict: SafeText::line(
            "the target answers; loss at hop 4 is ICMP rate limiting, not loss",
        ),
        note: SafeText::empty(),
    };
    Event::Trace(Arc::new(LiveTrace {
        host: host.into(),
        request: TraceSpec::default(),
        at: now(),
        report: Arc::new(report),
    }))
}

fn edges(host: &str) -> Vec<Edge> {
    use State::{Critical, Ok, Warning};

    let edge = |seq: u32, secs: u64, kind, from, to, text: &str, actor: Option<&str>| Edge {
        alert: alert_id(0),
        check: CheckKey::new(host, "http"),
        seq,
        at: ago(secs),
        kind,
        from,
        to,
        text: SafeText::line(text),
        actor: actor.map(SafeText::line),
        in_maintenance: false,
    };
    vec![
        edge(1, 50, EdgeKind::Fired, Ok, Critical, "503 Service Unavailable in 31 ms", None),
        edge(4, 90_000, EdgeKind::Recovered, Warning, Ok, "HTTP 200 in 30 ms", None),
        edge(3, 90_600, EdgeKind::Better, Critical, Warning, "HTTP 200 in 2.3 s (> 500 ms)", None),
        edge(2, 91_000, EdgeKind::Acknowledged, Critical, Critical, "on it", Some("noc-2")),
        edge(1, 91_800, EdgeKind::Fired, Ok, Critical, "timeout after 10 s", None),
    ]
}

const CONFIG: &str = r#"# read from /etc/fluxnoc/config.toml

[console]
theme = "default"  # default
operator = "noc-2"  # environment FLUXNOC_OPERATOR
ack_expiry = "4h"  # /etc/fluxnoc/config.toml:3

[flux_notify]
url = "http://flux-notify:8080"  # environment FLUX_NOTIFY_URL
api_key = "********"  # environment FLUX_NOTIFY_API_KEY
incident_severity = "both"  # default

[[channel]]
name = "flux-notify"
kind = "flux_notify"

[[channel]]
name = "hook"
kind = "webhook"

[[host]]  # /etc/fluxnoc/config.toml:12
name = "fra-01"
address = "10.0.3.1"
"#;

/// Windows that are over, and the one in effect.
fn windows() -> Vec<Maintenance> {
    let Event::Maintenance(now) = window() else { return Vec::new() };
    let over = |n: u8, hours: u64, name: &str, pattern: &str| Maintenance {
        id: MaintenanceId::from_parts(1_770_000_000_000, [n; 10]),
        name: SafeText::line(name),
        host_pattern: pattern.parse().ok(),
        check: None,
        hosts: std::collections::BTreeSet::new(),
        checks: std::collections::BTreeSet::new(),
        start: ago(hours * 3600),
        end: ago(hours * 3600 - 3600),
        created_by: Some(SafeText::line("j.smith")),
        ..Maintenance::clone(&now)
    };
    vec![
        Maintenance::clone(&now),
        over(2, 30, "switch firmware", "core-*"),
        over(3, 80, "DB Patching - Feb 21", "fra-*"),
    ]
}

/// A check as it is asked for, without a result of this run of the engine.
fn check_detail(key: &CheckKey) -> Result<Answer, Problem> {
    let row = picture().into_iter().find_map(|event| match event {
        Event::Check(row) if row.key == *key => Some(row),
        _ => None,
    });
    let row = row.ok_or_else(|| Problem::not_found("there is no such check"))?;
    let spec = Spec::Ping(PingSpec::default());
    Ok(Answer::Check(Box::new(CheckDetail {
        check: Check::new(&key.host, &key.name, "192.0.2.1", spec),
        row: CheckRow::clone(&row),
        last: None,
        next: None,
        trace: None,
    })))
}

/// What a fake engine says to a query.
pub fn answer(query: &Query) -> Result<Answer, Problem> {
    match query {
        Query::History { key, from, to, .. } => {
            let range = to.millis() - from.millis();
            let times: Vec<i64> = (0..180).map(|n| from.millis() + range * n / 180).collect();
            let series = metrics(key, 0).into_iter().enumerate().map(|(at, metric)| {
                let gap = |n: usize| (80..95).contains(&n);
                let points = times.iter().enumerate().filter(|(n, _)| !gap(*n));
                let points = points.map(|(_, time)| {
                    let value = metrics(key, *time)[at].value;
                    Point::one(Timestamp::from_millis(*time), value)
                });
                Series { points: points.collect(), metric, lost: Vec::new() }
            });
            let span = |a: i64, b: i64, state| StateSpan {
                from: Timestamp::from_millis(from.millis() + range * a / 10),
                to: Timestamp::from_millis(from.millis() + range * b / 10),
                state,
            };
            let states = vec![
                span(0, 4, State::Ok),
                span(5, 7, State::Ok),
                span(7, 8, State::Warning),
                span(8, 10, State::Critical),
            ];
            Ok(Answer::History { series: series.collect(), states })
        }
        Query::Edges { host, .. } => Ok(Answer::Edges(edges(host.as_deref().unwrap_or("")))),
        Query::Check { key } => check_detail(key),
        Query::Config => Ok(Answer::Config(CONFIG.to_owned())),
        Query::Maintenance { .. } => Ok(Answer::Maintenance(windows())),
        query => crate::answers::answer(query),
    }
}

/// What a fake engine says to a command.
pub fn outcome(command: &Command) -> Outcome {
    match command {
        Command::AddMaintenance(new) => Outcome::Maintenance(new.window(
            MaintenanceId::from_parts(1_771_000_000_001, [1; 10]),
            SafeText::line("noc-2"),
            new.start,
        )),
        Command::Acknowledge { targets, .. }
        | Command::Unacknowledge { targets }
        | Command::Comment { targets, .. } => Outcome::Done {
            count: targets.len(),
            failures: Vec::new(),
            failed: 0,
            undo_until: Some(now() + Span::from_secs(10)),
        },
        Command::Recheck { targets } => Outcome::done(targets.len()),
        Command::SaveRule { text, .. } => {
            let name = text.split('"').nth(1).unwrap();
            let origin = "/etc/fluxnoc/rules.d/saved.toml:4".to_owned();
            let rule = crate::trial::page().rows[0].rule.clone();
            Outcome::Rule {
                rule: Rule { name: name.into(), origin: Some(origin), ..rule },
                checks: 12,
            }
        }
        Command::TestNotify { name } => Outcome::Tested {
            answers: vec![SafeText::line(&format!("{name}: sent; its incident was INC-7"))],
            taken: true,
        },
        Command::RunTest { agent, spec, .. } => crate::speed::ran(agent.as_ref(), spec),
        Command::CancelTest { id } => crate::speed::cancelled(*id),
        Command::AddSchedule { .. }
        | Command::EditSchedule { .. }
        | Command::RemoveSchedule { .. }
        | Command::RunSchedule { .. } => crate::schedules::outcome(command),
        _ => Outcome::done(0),
    }
}
