//! Full values of everything that crosses the seam; the matches keep the list complete.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use fluxnoc::model::channel::{Channel, ChannelKind, GroupBy, Grouping, Routes};
use fluxnoc::model::escalation::EscalationStep;
use fluxnoc::model::review::{Listed, Review, ReviewAlert, ReviewDown, ReviewOpen, ReviewWindow};
use fluxnoc::model::secret::Secret;
use fluxnoc::model::snmp::{
    SnmpAuth, SnmpEntry, SnmpLogin, SnmpPrivacy, SnmpSpec, SnmpType, SnmpUser,
};
use fluxnoc::model::spec::{
    CustomCommand, CustomSpec, DnsSpec, Endpoint, Exposition, Family, FluxbasePack, FluxbasePart,
    FluxbaseSpec, FluxmqNode, FluxmqScope, FluxmqSpec, HttpSpec, JsonForm, JsonSpec, JsonValue,
    Kind, MysqlSpec, MysqlTls, PingSpec, ProcessSpec, ScrapeSpec, SeriesMetric, StatusList,
    SystemSpec, TcpSpec, TraceProtocol, TraceSpec, UdpExpect, UdpSpec,
};
use fluxnoc::model::trace::{Hop, HopAddress, TraceReport};
use fluxnoc::model::{
    Acknowledgement, Agent, AgentPhase, Alert, AlertId, Cause, CauseStage, Check, CheckAbout,
    CheckKey, Comment, Condition, Edge, EdgeKind, Failure, FailureKind, Flap, Handover,
    HandoverPart, HandoverRow, Host, Layout, Limit, Maintenance, MaintenanceId, Metric, Need,
    Observation, Occurrence, Path, PathChange, PathHop, Phase, PlainToken, Range, Reason,
    Recurrence, RequestId, Rule, Ruled, SafeText, Scope, Scrape, ScrapeReport, SeriesSize, Setting,
    ShownState, Since, Span, Spec, State, Status, Test, TestOrders, Timestamp, Token, Topic, Unit,
    User, Wait,
};
use fluxnoc::protocol::query::{
    AlertAnswer, Band, CheckAnswer, CheckDetail, HostAnswer, HostMore, Lost, Point, Series,
    StateSpan,
};
use fluxnoc::protocol::{
    Actor, AlertPage, Answer, Assignment, CheckRow, DeliveryState, DestinationRow, Directives,
    DraftAnswer, DraftProblem, EngineStatus, Event, FluxbaseGoal, FluxbaseGraph, FluxbaseLine,
    FluxbasePage, FluxbasePanel, FluxbaseRow, FluxbaseTarget, Heartbeat, IncidentRow, LiveCheck,
    LiveTrace, LogCursor, LogEntry, LogKind, LogPage, NotificationItem, NotificationPage,
    NotificationRow, Outcome, Query, Role, RulePage, RuleRow, RuleTrial, SeriesPage, SeriesPast,
    SeriesRow, Told, ToldRow, TraceRequest, TraceSummary, TrialAlert, TrialRow,
};

#[path = "speed_samples.rs"]
mod speed_samples;

#[allow(unused_imports, reason = "each test binary uses a part of it")]
pub use speed_samples::{order, schedule_row, speedtest, tests};

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
        children: Some(["leaf é".into()].into()),
        recurrence: Some(Box::new(Recurrence {
            repeats: "weekly on mon,wed until 2027-06-30 except 2026-12-23 in Europe/Berlin"
                .parse()
                .unwrap(),
            first: "2026-02-25T07:00:00".parse().unwrap(),
            length: Span::from_secs(60),
            day: "2026-02-25".parse().unwrap(),
        })),
        previous: Some(Occurrence { start: at(-90_000), end: at(-30_000) }),
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
        resolved: Some(at(3)),
        since: at(1),
        output: SafeText::line("disk_usage[/var] 91 % (> 90)"),
        attempt: 3,
        attempts: 3,
        ack: Some(ack),
        edge_seq: 4,
        in_maintenance: true,
        suppressed: false,
        notified: Some(State::Warning),
        told_at: Some(at(4)),
        flapping: Some(fluxnoc::model::Flapping {
            since: at(2),
            changes: 7,
            from: State::Warning,
            last: State::Ok,
        }),
        cause: Some(Cause { check: key(), stage: CauseStage::Over, at: at(5) }),
        escalation: Some(fluxnoc::model::Escalation {
            counted: Span::from_secs(90),
            since: Some(at(12)),
            told: vec![fluxnoc::model::Escalated {
                to: "Shift lead".into(),
                at: at(13),
                by: Some(SafeText::line("ann")),
            }],
            next: Some(fluxnoc::model::NextStep {
                step: 2,
                of: 3,
                to: "Management".into(),
                after: Span::from_secs(3600),
            }),
        }),
    }
}

pub fn observation() -> Observation {
    let mut metric = Metric::new("disk_usage", 83.25, Unit::Percent).of("/var lib");
    metric.warning = Some(Range::above(80.0));
    metric.critical = Some(Range::above(90.0));
    (metric.min, metric.max) = (Some(0.0), Some(100.0));
    let mut seen = Observation::failed(Failure::new(FailureKind::Refused, "refused by ::1"));
    seen.metrics = vec![metric, Metric::new("x", 1.5, Unit::Other("rpm".into()))];
    seen.claimed = Some(State::Warning);
    (seen.duration_us, seen.long) = (1250, SafeText::text("a second line\nand a third"));
    seen.trace = Some(Arc::new(report()));
    let layout = Layout { id: 7, series: vec!["up{job=\"é & ?\"}".into()] };
    seen.scrape = Some(Arc::new(Scrape {
        layout: Arc::new(layout),
        values: vec![1.0],
        stamps: vec![(0, 5)],
        report: ScrapeReport { up: true, duration: 0.25, samples: 1, kept: 1, added: 1 },
    }));
    seen.aliases = Some(Arc::new(BTreeMap::from([("te1/1".into(), SafeText::line("uplink é"))])));
    seen
}

pub fn report() -> TraceReport {
    TraceReport {
        target: SafeText::line("web 1"),
        address: "2001:db8::1".parse().ok(),
        protocol: TraceProtocol::Udp,
        rounds: 7,
        hops: vec![Hop {
            ttl: 1,
            addresses: vec![HopAddress {
                address: "192.0.2.1".parse().unwrap(),
                name: Some(SafeText::line("gw.example")),
            }],
            sent: 7,
            received: 6,
            loss_pct: 12.5,
            last_ms: Some(0.5),
            avg_ms: Some(0.5),
            best_ms: Some(0.25),
            worst_ms: Some(0.75),
            stddev_ms: Some(0.125),
            jitter_ms: Some(0.125),
            recent_ms: vec![Some(0.5), None],
        }],
        reached: true,
        verdict: SafeText::line("clean"),
        note: SafeText::line("the last hop answers for itself"),
    }
}

pub fn host() -> Host {
    let mut host = Host::new("Zürich 3", "192.0.2.1");
    host.labels = BTreeMap::from([("site".to_owned(), "zrh".to_owned())]);
    host.groups = vec!["core".to_owned()];
    host.contact = Some("transport desk".to_owned());
    host.contact_list = Some("night".into());
    host.notes = Some("rack 4\nsecond from above".to_owned());
    host.runbook = Some("1. look at the path\n2. call".to_owned());
    host.parents = vec!["core 1".into()];
    host.parents_need = Need::All;
    host.alive = Some("ping".into());
    host.canary = true;
    host.agent = Some("branch 7".into());
    host.origin = Some("config.toml:12".to_owned());
    host
}

fn query_rule() -> fluxnoc::protocol::QueryRuleRow {
    let line = SafeText::line;
    fluxnoc::protocol::QueryRuleRow {
        source: line("rules.yml:7"),
        group: line("queues"),
        name: line("QueueFull"),
        is_alert: true,
        expr: SafeText::text("queue_depth\n  > 1000"),
        interval: Span::from_secs(15),
        hold: Span::from_secs(300),
        keep: Span::from_secs(60),
        labels: vec![(line("severity"), line("critical"))],
        annotations: vec![(line("summary"), line("{{ $labels.queue }} é"))],
        firing: 1,
        pending: 2,
        series: 3,
        at: Some(at(4)),
        took_us: 5,
        error: Some(line("many-to-many")),
        errors: 6,
        missed: 7,
        left_out: 8,
    }
}

/// What a live trace sends.
pub fn trace_spec() -> TraceSpec {
    TraceSpec { protocol: TraceProtocol::Tcp, port: Some(443), ..TraceSpec::default() }
}

/// The parameters of every kind, all of them written.
pub fn spec(kind: Kind) -> Spec {
    let text = |text: &str| Some(text.to_owned());
    let list = |text: &str| vec![text.to_owned()];
    match kind {
        Kind::Agent => Spec::Agent,
        Kind::Schedule => Spec::Schedule,
        Kind::Query => Spec::Query(Box::new(fluxnoc::model::spec::QuerySpec {
            source: "rules.yml".into(),
            group: "queues".into(),
            rule: "QueueFull".into(),
            expr: "queue_depth > 1000".to_owned(),
            labels: [("queue".to_owned(), "orders".to_owned())].into(),
            state: fluxnoc::model::State::Critical,
            quiet: true,
        })),
        Kind::Ping => Spec::Ping(PingSpec::default()),
        Kind::Tcp => Spec::Tcp(TcpSpec {
            port: 25,
            send: text("EHLO x"),
            expect: text("250"),
            family: Family::V6,
        }),
        Kind::Udp => Spec::Udp(UdpSpec {
            port: 53,
            send: text("ping"),
            expect: UdpExpect::Reply,
            family: Family::V4,
        }),
        Kind::Http => Spec::Http(HttpSpec {
            url: "https://web.example/health".to_owned(),
            method: "POST".to_owned(),
            headers: BTreeMap::from([("accept".to_owned(), "text/plain".to_owned())]),
            body: text("{}"),
            status: StatusList(vec![(200, 299)]),
            contains: text("fine"),
            regex: text("f.ne"),
            max_body: 4096,
            redirects: 2,
            insecure: true,
            family: Family::Auto,
        }),
        Kind::Dns => Spec::Dns(DnsSpec {
            query: "example.org".to_owned(),
            record_type: "A".to_owned(),
            resolvers: list("192.0.2.53"),
            answers: list("192.0.2.7"),
        }),
        Kind::Mysql => Spec::Mysql(MysqlSpec {
            user: "monitor".to_owned(),
            password: Some(Secret::Command(list("pass"))),
            port: 3306,
            socket: text("/run/mysqld.sock"),
            database: text("shop"),
            tls: MysqlTls::Verify,
            query: text("SELECT 1"),
        }),
        Kind::Process => Spec::Process(ProcessSpec {
            process: text("sshd"),
            pattern: text("sshd: .*"),
            user: text("root"),
            pid_file: text("/run/sshd.pid"),
        }),
        Kind::Custom => Spec::Custom(CustomSpec {
            command: CustomCommand::Argv(list("/bin/true")),
            env: BTreeMap::from([("LANG".to_owned(), "C".to_owned())]),
        }),
        Kind::System => {
            Spec::System(SystemSpec { exclude_fs: list("/mnt/*"), exclude_if: list("docker*") })
        }
        Kind::Trace => Spec::Trace(trace_spec()),
        Kind::Snmp => Spec::Snmp(Box::new(snmp_spec())),
        Kind::Json => Spec::Json(JsonSpec {
            endpoint: endpoint(),
            form: JsonForm::Json,
            status: StatusList(vec![(200, 299)]),
            values: vec![JsonValue {
                name: "used".to_owned(),
                path: "$.pools[*].used".to_owned(),
                label: text("name"),
                expect: list("green"),
                unit: Unit::Count,
            }],
        }),
        Kind::Scrape => Spec::Scrape(ScrapeSpec {
            endpoint: endpoint(),
            fallback: Some(Exposition::Text),
            max_samples: 100,
            metrics: vec![SeriesMetric {
                name: "free".to_owned(),
                series: "disk_free{path=\"/\"}".parse().unwrap(),
                rate: true,
                unit: Unit::Bytes,
            }],
        }),
        Kind::Fluxmq => Spec::Fluxmq(FluxmqSpec {
            nodes: vec![FluxmqNode {
                name: "mq-1".to_owned(),
                url: "http://mq-1:8081".to_owned(),
                admin: text("http://mq-1:8082"),
            }],
            scope: FluxmqScope::Cluster,
            insecure: true,
            family: Family::Auto,
        }),
        Kind::Fluxbase => Spec::Fluxbase(FluxbaseSpec {
            part: FluxbasePart::Health,
            service_key: Some(Secret::Env("FLUXBASE_KEY".to_owned())),
            token: Some(Secret::File("/run/token".to_owned())),
            log: Some("/var/log/fluxbase.log".to_owned()),
            rules: vec![FluxbasePack::Slo],
            insecure: true,
            ..FluxbaseSpec::at("http://app-1:8080")
        }),
    }
}

fn endpoint() -> Endpoint {
    Endpoint {
        headers: BTreeMap::from([("accept".to_owned(), "text/plain".to_owned())]),
        token: Some(Secret::Env("TOKEN".to_owned())),
        user: Some("monitor".to_owned()),
        password: Some(Secret::Command(vec!["pass".to_owned()])),
        ..Endpoint::get("https://api.example/v1", 4096)
    }
}

fn snmp_spec() -> SnmpSpec {
    let user = SnmpUser {
        name: "noc".to_owned(),
        context: "vrf".to_owned(),
        auth: Some((SnmpAuth::Sha256, Secret::Env("AUTH".to_owned()))),
        privacy: Some((SnmpPrivacy::Aes, Secret::Env("PRIVACY".to_owned()))),
    };
    let entry = SnmpEntry {
        name: "temperature".to_owned(),
        oid: "1.3.6.1.4.1.9".parse().unwrap(),
        label: "1.3.6.1.4.1.8".parse().ok(),
        unit: Unit::Count,
        scale: 0.5,
        counts: SnmpType::Gauge,
    };
    SnmpSpec {
        interfaces: vec!["te*".to_owned()],
        exclude_if: vec!["lo*".to_owned()],
        exclude_fs: vec!["/mnt*".to_owned()],
        get: vec![entry.clone()],
        walk: vec![entry],
        ..SnmpSpec::new(SnmpLogin::V3(user))
    }
}

pub fn check() -> Check {
    let mut check = Check::new("Zürich 3", "disk é", "192.0.2.1", Spec::Ping(PingSpec::default()));
    check.limits = vec![Limit::new("rtt", "0.1:0.5".parse().ok(), Some(Range::above(0.75)))];
    check.by_rule = vec![Limit::new("loss", None, Some(Range::above(0.5)))];
    check.rule = Some(Box::new(Ruled { rule: Arc::new(rule()), source: "agent".into() }));
    check.labels = BTreeMap::from([("tier".to_owned(), "ü".to_owned())]);
    check.contact = Some("dba".to_owned());
    check.contact_list = Some("databases".into());
    check.runbook = Some("restart it".to_owned());
    check.agent = Some("branch 8".into());
    check.origin = Some("config.toml:40".to_owned());
    check
}

/// All of it written.
pub fn rule() -> Rule {
    Rule {
        check: Some("agent".into()),
        duration: Span::from_secs(300),
        of_last: Some(5),
        re_alert: Some(Span::from_secs(1800)),
        contact_list: Some("DBA Team".into()),
        origin: Some("config.toml:50".to_owned()),
        ..Rule::new(
            "High CPU",
            "db-*".parse().unwrap(),
            "cpu_usage",
            Condition::AtLeast,
            (Some(75.0), Some(90.5)),
        )
    }
}

pub fn trial() -> RuleTrial {
    RuleTrial {
        rule: rule(),
        warnings: vec![SafeText::line("would be refused: é")],
        checks: 43,
        hosts: 42,
        judged: 41,
        without: 2,
        warning: 5,
        critical: 6,
        unknown: 7,
        still: 1,
        told: 40,
        rows: vec![TrialRow {
            check: key(),
            source: "agent".into(),
            worst: State::Critical,
            alerts: 4,
            firing: Span::from_secs(90),
            newest: vec![TrialAlert {
                from: at(0),
                to: Some(at(1)),
                worst: State::Warning,
                peak: Some(97.25),
            }],
        }],
        more: 37,
        since: at(0),
        first: Some(at(1)),
        last: Some(at(2)),
        results: 60_000,
        every: Some(Span::from_secs(60)),
        daily_before: Some(at(1)),
        damaged: 3,
        stopped: Some(SafeText::line("8 s are over")),
    }
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
            runbook: Some("restart it".to_owned()),
        })),
        rule: Some(Arc::new(rule())),
        status: Status {
            state: State::Critical,
            hard: true,
            hard_state: State::Critical,
            attempt: 3,
            since: at(0),
            last_result: Some(at(1)),
            late: false,
            output: SafeText::line("91 %"),
            flap: Flap { changes: 5, active: true },
            silent: true,
            wait: Wait { since: Some(at(2)), critical: Some(at(3)), recent: 7 },
        },
    }
}

pub fn engine() -> EngineStatus {
    EngineStatus {
        host: SafeText::line("noc-1"),
        pid: 4711,
        started: at(0),
        was_off: Some(Span::from_secs(9)),
        lag: Span::from_millis(3),
        storage: Some(SafeText::line("the disk is full")),
        isolated: Some(SafeText::line("isolated since 21:04")),
        outward: Some(SafeText::line("remote write to x fails")),
        notice: Some(SafeText::text("two\nlines")),
        config: Some(SafeText::line("/etc/fluxnoc/config.toml")),
        hold: Some(Box::new(fluxnoc::model::Hold {
            id: AlertId::from_parts(8, [8; 10]),
            author: SafeText::line("mia"),
            reason: SafeText::line("core switch is replaced"),
            since: at(0),
            until: at(1_800_000),
            told: 1,
        })),
        heartbeat: Some(Box::new(Heartbeat {
            sent_at: Some(at(7)),
            error: Some(SafeText::line("HTTP 500")),
            stuck: Some(SafeText::line("nothing can be stored")),
        })),
    }
}

pub fn handover() -> Handover {
    let row = HandoverRow {
        at: at(1),
        until: Some(at(2)),
        state: Some(State::Unknown),
        check: Some(key()),
        who: Some(SafeText::line("ann")),
        text: SafeText::line("fan tray ordered"),
    };
    Handover {
        machine: SafeText::line("noc-1"),
        from: at(0),
        to: at(3),
        since: Since::ShiftBefore,
        on_duty: Some(SafeText::line("mia")),
        cut: true,
        parts: vec![HandoverPart { topic: Topic::Notes, count: 87, rows: vec![row] }],
    }
}

pub fn review() -> Review {
    let alert = ReviewAlert {
        check: key(),
        fired: 3,
        firing: Span::from_secs(90),
        worst: State::Critical,
        acknowledged: 2,
        to_acknowledge: Some(Span::from_secs(30)),
        who: vec![SafeText::line("ann")],
        flapped: 1,
        open: true,
    };
    let open = ReviewOpen {
        check: key(),
        state: State::Warning,
        since: at(1),
        until: Some(at(2)),
        who: Some(SafeText::line("mia")),
        text: SafeText::line("slow"),
    };
    let down = ReviewDown {
        host: "web-1".into(),
        check: Some("mq".into()),
        down: Span::from_secs(5),
        unmeasured: true,
    };
    let window = ReviewWindow {
        name: SafeText::line("disk swap"),
        author: SafeText::line("ann"),
        start: at(1),
        end: at(2),
    };
    Review {
        machine: SafeText::line("noc-1"),
        from: at(0),
        to: at(3),
        hosts: 9,
        fired: 3,
        acknowledged: 2,
        to_acknowledge: Some(Span::from_secs(30)),
        cut: true,
        alerts: Listed { count: 7, rows: vec![alert.clone()] },
        unacknowledged: Listed::of(vec![open.clone()]),
        long_open: Listed::of(vec![open]),
        flapping: Listed::of(vec![alert]),
        down: Listed::of(vec![ReviewDown { check: None, ..down.clone() }]),
        unmeasured: Listed::of(vec!["db-9".into()]),
        services: Listed::of(vec![down]),
        maintenance: Listed::of(vec![window]),
        never_fired: Listed::of(vec!["High CPU".into()]),
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
        target: Some(SafeText::line("é")),
        test: Some(fluxnoc::model::TestId::from_parts(1, [2; 10])),
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
        incidents: vec![IncidentRow {
            destination: "flux-notify".to_owned(),
            id: SafeText::line("INC-42"),
        }],
        comments: vec![comment()],
        next: Some(at(9)),
    }
}

pub fn user() -> User {
    User {
        name: "Zoë & co".into(),
        role: Role::Operator,
        created: at(0),
        created_by: SafeText::line("ann"),
        changed: at(1),
    }
}

pub fn token() -> Token {
    Token {
        name: "prometheus é".into(),
        role: Role::Viewer,
        scopes: vec![Scope::Read, Scope::Metrics],
        created: at(0),
        created_by: SafeText::line("ann"),
        expires: Some(at(9)),
        last_used: Some(at(3)),
        agent: Some("branch 7 é".into()),
        uses: Some(1),
    }
}

pub fn agent() -> Agent {
    Agent {
        name: "branch 7 é".into(),
        location: SafeText::line("Zürich"),
        machine: SafeText::line("m-7"),
        version: SafeText::line("0.1.0"),
        address: Some(SafeText::line("192.0.2.7")),
        phase: AgentPhase::Degraded,
        since: at(1),
        reason: SafeText::line("its heartbeat takes 61 ms, usually 20 ms"),
        seen: Some(at(2)),
        rtt: Some(Span::from_millis(61)),
        checks: 7,
        failed: 1,
        buffered: 2,
        dropped: 3,
        skew_ms: -4,
        registered: at(0),
    }
}

pub fn outcomes() -> Vec<Outcome> {
    let tests = tests().into_iter().map(|test| Outcome::Test(Box::new(test)));
    tests.chain(other_outcomes()).collect()
}

fn other_outcomes() -> Vec<Outcome> {
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
        Outcome::Rule { rule: rule(), checks: 12 },
        Outcome::Tested { answers: vec![SafeText::line("hook: sent")], taken: true },
        Outcome::User(user()),
        Outcome::Token { token: token(), plain: Some(PlainToken("fnx_é".to_owned())) },
        Outcome::Enrolled {
            name: "branch 7 é".into(), key: Some(PlainToken("fnx_é".to_owned()))
        },
        Outcome::Schedule(Box::new(schedule_row())),
        Outcome::Assigned {
            generation: 9,
            assignments: vec![assignment.clone()],
            life: 3,
            pause: true,
        },
        Outcome::Directives(Directives { assign: vec![assignment], ..directives() }),
    ]
}

/// Everything that an engine may want of a worker.
pub fn directives() -> Directives {
    Directives {
        assign: Vec::new(),
        drop: vec![key()],
        run_now: vec![key()],
        pace: vec![(key(), true)],
        follow: Some(vec![key()]),
        traces: Some(vec![TraceRequest { host: "Zürich 3".into(), spec: trace_spec() }]),
        pause: Some(true),
        tests: Some(TestOrders { turn: 1_788_000_000_001, tests: vec![order()] }),
    }
}

/// A full answer of the kind that a query gets; the match keeps it complete.
pub fn answer_to(query: &Query) -> Answer {
    match query {
        Query::Hosts { .. } => Answer::Hosts(vec![HostAnswer {
            name: "Zürich 3".into(),
            address: "192.0.2.1".into(),
            state: ShownState::Maintenance,
            underlying_state: State::Critical,
            more: HostMore::from(&host()),
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
        Query::Fluxbase { .. } => Answer::Fluxbase(FluxbasePage {
            rows: vec![FluxbaseRow {
                host: "fb-1".into(),
                instance: "app-1:8080".to_owned(),
                targets: vec![FluxbaseTarget { goal: FluxbaseGoal::PoolUse, value: Some(0.25) }],
            }],
            panels: vec![FluxbasePanel {
                graph: FluxbaseGraph::Latency,
                lines: vec![FluxbaseLine {
                    name: "P95".to_owned(),
                    points: vec![Point::one(Timestamp::from_millis(7), 0.5)],
                }],
            }],
        }),
        Query::SeriesPast { .. } => Answer::SeriesPast(SeriesPast {
            points: vec![Point::one(at(0), 0.5)],
            rate: true,
            stale: vec![at(1)],
        }),
        Query::Notifications { .. } => Answer::Notifications(NotificationPage {
            destinations: vec![DestinationRow {
                name: "pager é".to_owned(),
                waiting: 3,
                failing: 2,
                parked: 1,
                sent_at: Some(at(2)),
                gone: true,
            }],
            rows: vec![NotificationItem {
                told: alert_page().notifications.remove(0),
                alert: AlertId::from_parts(9, [9; 10]),
                check: key(),
                state: State::Critical,
                at: at(1),
                resent_at: Some(at(3)),
            }],
        }),
        Query::Handover { .. } => Answer::Handover(Box::new(handover())),
        Query::Review { .. } => Answer::Review(Box::new(review())),
        Query::Rules { .. } => Answer::Rules(RulePage {
            found: 9,
            rows: vec![RuleRow { rule: rule(), checks: 8, firing: 3, pending: 2, unknown: 1 }],
            queries_found: 7,
            queries: vec![query_rule()],
        }),
        Query::TryRules { .. } => Answer::TryRules(DraftAnswer {
            problems: vec![DraftProblem {
                line: 3,
                column: 7,
                message: SafeText::line("metric: `é` is given by no check"),
            }],
            trials: vec![trial()],
        }),
        Query::Tests { .. } => Answer::Tests(tests().iter().map(Test::brief).collect()),
        Query::Test { .. } => Answer::Test(Box::new(speed_samples::speedtest())),
        Query::Trend(_) => Answer::Trend(speed_samples::trend()),
        Query::TestReport(_) => Answer::Report(b"%PDF-1.7 \xe9".to_vec()),
        Query::Schedules => Answer::Schedules(vec![schedule_row()]),
        Query::Nodes => Answer::Nodes(speed_samples::nodes()),
        Query::Contacts => Answer::Contacts((&routes()).into()),
        Query::Remembered => {
            Answer::Remembered(BTreeMap::from([("view/ä".to_owned(), "{\"x\":1}".to_owned())]))
        }
        Query::Users => Answer::Users(vec![user()]),
        Query::Tokens => Answer::Tokens(vec![token()]),
        Query::Agents => Answer::Agents(vec![agent()]),
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
        Event::Hello { stream: 7, hosts: 0 },
        Event::Host(Arc::new(host())),
        Event::Check(Arc::new(row())),
        Event::Alert(Arc::new(alert())),
        Event::Told(vec![
            ToldRow { alert: AlertId::from_parts(9, [9; 10]), told: Told::Failed(3) },
            ToldRow { alert: AlertId::from_parts(8, [8; 10]), told: Told::Sent },
        ]),
        Event::Maintenance(Arc::new(window())),
        Event::Agent(Arc::new(agent())),
        Event::AgentGone("branch 7 é".into()),
        Event::Engine(Arc::new(engine())),
        Event::Ready,
        Event::HostGone("Zürich 3".into()),
        Event::CheckGone(key()),
        Event::AlertGone(AlertId::from_parts(9, [9; 10])),
        Event::MaintenanceGone(MaintenanceId::from_parts(7, [7; 10])),
        Event::Live(Arc::new(LiveCheck {
            check: key(),
            at: at(1),
            next: Some(at(2)),
            observation: observation(),
        })),
        Event::Trace(Arc::new(LiveTrace {
            host: "web 1".into(),
            request: trace_spec(),
            at: at(1),
            report: Arc::new(report()),
        })),
        Event::Path(Arc::new(path_change())),
        Event::Remembered { key: "view/ä".to_owned(), value: Some("x".into()) },
        Event::Remembered { key: "view/ä".to_owned(), value: None },
        Event::Directives(Arc::new(directives())),
        Event::Test(Arc::new(speed_samples::trace().brief())),
        Event::Resync,
    ]
}

fn routes() -> Routes {
    let step = EscalationStep { after: Span::from_secs(900), to: "Zürich".into() };
    let grouping = Grouping {
        by: vec![GroupBy::Host, GroupBy::Label("site".to_owned())],
        wait: Span::from_secs(5),
        interval: Span::from_secs(300),
    };
    let log = Channel { name: "log".into(), kind: ChannelKind::Log, timeout: Span::from_secs(10) };
    Routes {
        channels: BTreeMap::from([(log.name.clone(), log)]),
        lists: BTreeMap::from([
            ("NOC".into(), vec!["log".into()]),
            ("Zürich".into(), vec!["log".into()]),
        ]),
        groupings: BTreeMap::from([("NOC".into(), grouping)]),
        repeats: BTreeMap::from([("NOC".into(), Span::from_secs(3600))]),
        escalations: BTreeMap::from([("NOC".into(), vec![step].into())]),
        storms: BTreeMap::from([("log".into(), 30)]),
        default_list: Some("NOC".into()),
        ..Routes::default()
    }
}
