//! Full values of everything that crosses the seam; the matches keep the list complete.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use fluxnoc::model::spec::{Kind, PingSpec, TraceProtocol, TraceSpec};
use fluxnoc::model::trace::TraceReport;
use fluxnoc::model::{
    Acknowledgement, Alert, AlertId, Check, CheckAbout, CheckKey, Comment, Edge, EdgeKind, Failure,
    FailureKind, Host, Limit, Maintenance, MaintenanceId, Metric, Observation, Path, PathChange,
    PathHop, Phase, Range, Reason, RequestId, SafeText, SeriesSize, Setting, ShownState, Span,
    Spec, State, Status, Timestamp, Unit,
};
use fluxnoc::protocol::query::{
    AlertAnswer, Band, CheckAnswer, CheckDetail, HostAnswer, HostMore, Lost, Point, Series,
    StateSpan,
};
use fluxnoc::protocol::{
    Actor, AlertPage, Answer, Assignment, CheckRow, DeliveryState, Directives, EngineStatus, Event,
    LiveCheck, LiveTrace, LogCursor, LogEntry, LogKind, LogPage, NotificationRow, Outcome, Query,
    Role, SeriesPage, SeriesPast, SeriesRow, TraceSummary,
};

pub fn zoe(role: Role) -> Actor {
    Actor::Local { name: SafeText::line("Zoë B. & co/1=2+3"), role }
}

pub fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(1_772_000_000_123 + millis)
}

pub fn key() -> CheckKey {
    CheckKey::new("Zürich 3", "disk é")
}

pub fn id(n: u8) -> RequestId {
    RequestId::from_parts(1_772_000_000_000, [n; 10])
}

pub fn window() -> Maintenance {
    Maintenance {
        id: MaintenanceId::from_parts(7, [7; 10]),
        name: SafeText::line("DB Patching - Feb 25"),
        host_pattern: "db-{prod,test}-*".parse().ok(),
        check: "disk*".parse().ok(),
        hosts: BTreeSet::from(["web 1".into()]),
        checks: BTreeSet::from([key()]),
        start: at(0),
        end: at(60_000),
        suppress_notifications: false,
        created_by: Some(SafeText::line("j.smith")),
        author: SafeText::line("Zoë"),
        created: at(-5),
    }
}

pub fn alert() -> Alert {
    let ack = Acknowledgement {
        author: SafeText::line("ann"),
        comment: SafeText::line("on it \"now\""),
        at: at(1),
        expires: Some(at(2)),
        sticky: true,
    };
    Alert {
        id: AlertId::from_parts(9, [9; 10]),
        check: key(),
        phase: Phase::Firing,
        state: State::Critical,
        opened: at(0),
        fired: Some(at(1)),
        resolved: None,
        since: at(1),
        output: SafeText::line("disk_usage[/var] 91 % (> 90)"),
        attempt: 3,
        attempts: 3,
        ack: Some(ack),
        edge_seq: 4,
        in_maintenance: true,
        suppressed: false,
        notified: Some(State::Warning),
        flapping: Some(fluxnoc::model::Flapping {
            since: at(2),
            changes: 7,
            from: State::Warning,
            last: State::Ok,
        }),
    }
}

pub fn observation() -> Observation {
    let mut metric = Metric::new("disk_usage", 83.25, Unit::Percent).of("/var lib");
    metric.warning = Some(Range::above(80.0));
    let mut seen = Observation::failed(Failure::new(FailureKind::Refused, "refused by ::1"));
    seen.metrics = vec![metric, Metric::new("x", 1.5, Unit::Other("rpm".into()))];
    seen.claimed = Some(State::Warning);
    seen.trace = Some(Arc::new(report()));
    seen
}

pub fn report() -> TraceReport {
    TraceReport {
        target: SafeText::line("web 1"),
        address: "2001:db8::1".parse().ok(),
        protocol: TraceProtocol::Udp,
        rounds: 7,
        hops: Vec::new(),
        reached: true,
        verdict: SafeText::line("clean"),
        note: SafeText::empty(),
    }
}

pub fn check() -> Check {
    let mut check = Check::new("Zürich 3", "disk é", "192.0.2.1", Spec::Ping(PingSpec::default()));
    check.limits = vec![Limit::new("rtt", "0.1:0.5".parse().ok(), None)];
    check
}

pub fn row() -> CheckRow {
    CheckRow {
        key: key(),
        kind: Kind::Ping,
        interval: Span::from_secs(60),
        attempts: 3,
        enabled: true,
        about: Some(Arc::new(CheckAbout {
            labels: BTreeMap::from([("tier".to_owned(), "ü".to_owned())]),
            contact: Some("dba".to_owned()),
            runbook: None,
        })),
        status: Status::waiting(at(0)),
    }
}

pub fn engine() -> EngineStatus {
    EngineStatus {
        host: SafeText::line("noc-1"),
        pid: 4711,
        started: at(0),
        was_off: Some(Span::from_secs(9)),
        lag: Span::from_millis(3),
        storage: None,
        notice: Some(SafeText::text("two\nlines")),
        config: Some(SafeText::line("/etc/fluxnoc/config.toml")),
    }
}

pub fn edge() -> Edge {
    Edge {
        alert: AlertId::from_parts(9, [9; 10]),
        check: key(),
        seq: 1,
        at: at(1),
        kind: EdgeKind::WindowEnded,
        from: State::Ok,
        to: State::Unknown,
        text: SafeText::line("x"),
        actor: Some(SafeText::line("ann")),
        in_maintenance: true,
    }
}

pub fn comment() -> Comment {
    Comment {
        at: at(4),
        host: "Zürich 3".into(),
        check: Some("disk é".into()),
        alert: Some(AlertId::from_parts(9, [9; 10])),
        author: SafeText::line("ann"),
        text: SafeText::line("fan tray ordered"),
    }
}

pub fn path() -> Path {
    let addresses = BTreeSet::from(["192.0.2.1".parse().unwrap(), "::1".parse().unwrap()]);
    Path {
        hops: vec![PathHop { ttl: 1, addresses }],
        reached: true,
        loss_pct: Some(12.5),
        rtt_ms: Some(3.25),
    }
}

pub fn path_change() -> PathChange {
    PathChange {
        host: "Zürich 3".into(),
        check: Some("path".into()),
        at: at(5),
        before: Some(Path::default()),
        after: path(),
    }
}

pub fn alert_page() -> AlertPage {
    AlertPage {
        alert: alert(),
        row: Some(row()),
        edges: vec![edge()],
        notifications: vec![NotificationRow {
            key: "a:1:first:log".to_owned(),
            edge_seq: 1,
            reason: Reason::Acknowledged,
            destination: "log".to_owned(),
            not_before: at(1),
            state: DeliveryState::Parked,
            tries: 3,
            sent_at: Some(at(2)),
            error: Some(SafeText::line("refused")),
        }],
        comments: vec![comment()],
        next: Some(at(9)),
    }
}

pub fn outcomes() -> Vec<Outcome> {
    let assignment =
        Assignment { check: Arc::new(check()), generation: 3, last: State::Warning, soft: true };
    vec![
        Outcome::Done {
            count: 2,
            failures: vec![SafeText::line("web-9: no such host")],
            failed: 101,
            undo_until: Some(at(10_000)),
        },
        Outcome::done(0),
        Outcome::Maintenance(window()),
        Outcome::Assigned { generation: 9, assignments: vec![assignment.clone()] },
        Outcome::Directives(Directives { assign: vec![assignment], ..Directives::default() }),
    ]
}

/// A full answer of the kind that a query gets; the match keeps it complete.
pub fn answer_to(query: &Query) -> Answer {
    match query {
        Query::Hosts { .. } => Answer::Hosts(vec![HostAnswer {
            name: "Zürich 3".into(),
            address: "192.0.2.1".into(),
            state: ShownState::Maintenance,
            underlying_state: State::Critical,
            more: HostMore::from(&Host::new("a", "b")),
            checks: vec![CheckAnswer {
                name: "disk é".into(),
                kind: Kind::Ping,
                state: State::Critical,
                hard: true,
                output: SafeText::line("x"),
                last_result: Some(at(3)),
            }],
        }]),
        Query::Alerts { .. } => Answer::Alerts(vec![AlertAnswer::from(&alert())]),
        Query::Maintenance { .. } => Answer::Maintenance(vec![window()]),
        Query::Check { .. } => Answer::Check(Box::new(CheckDetail {
            check: check(),
            row: row(),
            last: Some(observation()),
            next: Some(at(9)),
            trace: Some(report()),
        })),
        Query::History { .. } => Answer::History {
            series: vec![Series {
                metric: Metric::new("rtt", 0.25, Unit::Seconds),
                points: vec![
                    Point::one(at(0), 0.5),
                    Point {
                        at: at(1),
                        value: 0.25,
                        min: 0.125,
                        max: 0.5,
                        band: Some(Band { p10: 0.125, p25: 0.25, p50: 0.25, p75: 0.5, p90: 0.5 }),
                    },
                ],
                lost: vec![Lost { at: at(2), count: 3 }],
            }],
            states: vec![StateSpan { from: at(1), to: at(2), state: State::Unknown }],
        },
        Query::Edges { .. } => Answer::Edges(vec![edge()]),
        Query::Alert { .. } => Answer::Alert(Box::new(alert_page())),
        Query::Comments { .. } => Answer::Comments(vec![comment()]),
        Query::Log { .. } => Answer::Log(LogPage {
            entries: vec![LogEntry {
                at: at(1),
                kind: LogKind::Edge(EdgeKind::Worse),
                host: Some("Zürich 3".into()),
                check: Some("disk é".into()),
                alert: Some(AlertId::from_parts(9, [9; 10])),
                from: Some(State::Warning),
                to: Some(State::Critical),
                text: SafeText::line("91 %"),
                actor: Some(SafeText::line("ann")),
                in_maintenance: true,
            }],
            next: Some(LogCursor { at: at(1), source: 2, seq: 7 }),
        }),
        Query::Paths { .. } => Answer::Paths(vec![TraceSummary {
            key: key(),
            state: State::Warning,
            at: Some(at(1)),
            report: Some(Arc::new(report())),
            path: Some(path()),
            changed: Some(at(0)),
        }]),
        Query::PathChanges { .. } => Answer::PathChanges(vec![path_change()]),
        Query::SeriesList { .. } => Answer::SeriesList(SeriesPage {
            size: SeriesSize { series: 3, samples: 4, bytes: 5, ..SeriesSize::default() },
            found: 7,
            rows: vec![SeriesRow {
                check: key(),
                series: "disk_free{path=\"/é & ?\"}".into(),
                last: Some(0.25),
                at: Some(at(1)),
                rate: true,
                spark: vec![0.5, 0.25],
            }],
        }),
        Query::SeriesPast { .. } => Answer::SeriesPast(SeriesPast {
            points: vec![Point::one(at(0), 0.5)],
            rate: true,
            stale: vec![at(1)],
        }),
        Query::Remembered => {
            Answer::Remembered(BTreeMap::from([("view/ä".to_owned(), "{\"x\":1}".to_owned())]))
        }
        Query::Settings => Answer::Settings(vec![Setting {
            key: SafeText::line("console.theme"),
            value: SafeText::line("\"dark\""),
            source: SafeText::line("config.toml:12"),
            default: false,
        }]),
        Query::Engine => Answer::Engine(engine()),
        Query::Config => Answer::Config("# from config.toml\n[console]\nname = \"ö\"\n".to_owned()),
    }
}

pub fn events() -> Vec<Event> {
    vec![
        Event::Hello { stream: 7 },
        Event::Host(Arc::new(Host::new("Zürich 3", "192.0.2.1"))),
        Event::Check(Arc::new(row())),
        Event::Alert(Arc::new(alert())),
        Event::Maintenance(Arc::new(window())),
        Event::Engine(Arc::new(engine())),
        Event::Ready,
        Event::HostGone("Zürich 3".into()),
        Event::CheckGone(key()),
        Event::AlertGone(AlertId::from_parts(9, [9; 10])),
        Event::MaintenanceGone(MaintenanceId::from_parts(7, [7; 10])),
        Event::Live(Arc::new(LiveCheck {
            check: key(),
            at: at(1),
            next: None,
            observation: observation(),
        })),
        Event::Trace(Arc::new(LiveTrace {
            host: "web 1".into(),
            request: TraceSpec::default(),
            at: at(1),
            report: Arc::new(report()),
        })),
        Event::Path(Arc::new(path_change())),
        Event::Remembered { key: "view/ä".to_owned(), value: Some("x".into()) },
        Event::Remembered { key: "view/ä".to_owned(), value: None },
        Event::Directives(Arc::new(Directives::default())),
        Event::Resync,
    ]
}
