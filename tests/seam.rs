//! The seam: whatever is asked of an engine arrives the same over the real router, a real Unix
//! socket and the real client, and whatever it says comes back the same.
//!
//! The engine is a fake that holds the receiver of its own handle.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use fluxnoc::backend::{Backend, Watch};
use fluxnoc::client::Client;
use fluxnoc::engine::{Ask, Handle, Watcher};
use fluxnoc::model::spec::{Kind, PingSpec, TraceProtocol, TraceSpec};
use fluxnoc::model::trace::TraceReport;
use fluxnoc::model::{
    Acknowledgement, Alert, AlertId, Check, CheckKey, Edge, EdgeKind, Failure, FailureKind, Host,
    Limit, Maintenance, MaintenanceId, Metric, Observation, Phase, Range, RequestId, SafeText,
    ShownState, Span, Spec, State, Status, Timestamp, Unit,
};
use fluxnoc::protocol::query::{
    AlertAnswer, CheckAnswer, CheckDetail, HostAnswer, HostMore, Point, Series, StateSpan,
};
use fluxnoc::protocol::{
    Actor, Answer, Assignment, CheckRow, Command, Directives, EngineStatus, Event, LiveCheck,
    LiveTrace, Outcome, Problem, ProblemKind, Query, Request, Role,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// A served socket with a fake engine behind it.
struct Stage {
    _dir: tempfile::TempDir,
    socket: PathBuf,
    asks: mpsc::Receiver<Ask>,
    stop: CancellationToken,
    served: tokio::task::JoinHandle<()>,
}

fn stage() -> Stage {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("fluxnoc.sock");
    let (handle, asks) = Handle::channel();
    let stop = CancellationToken::new();
    let listener = UnixListener::bind(&socket).unwrap();
    let served = tokio::spawn(fluxnoc::api::serve(listener, handle, stop.clone()));
    Stage { _dir: dir, socket, asks, stop, served }
}

impl Stage {
    fn client(&self, role: Role) -> Client {
        Client::connect(&self.socket, "Zoë B. & co/1=2+3", role).unwrap()
    }

    async fn ask(&mut self) -> Ask {
        self.asks.recv().await.expect("something is asked")
    }

    /// One raw HTTP exchange: status and body.
    async fn raw(&self, request: &str) -> (u16, String) {
        let mut stream = UnixStream::connect(&self.socket).await.unwrap();
        // The engine may answer and hang up before it read everything: both ends in an error.
        let _ = stream.write_all(request.as_bytes()).await;
        let mut answer = Vec::new();
        while stream.read_buf(&mut answer).await.is_ok_and(|read| read > 0) {}
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").expect(&answer);
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }

    async fn post(&self, path: &str, body: &str) -> (u16, String) {
        let length = body.len();
        self.raw(&format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
        ))
        .await
    }
}

fn zoe(role: Role) -> Actor {
    Actor::Local { name: SafeText::line("Zoë B. & co/1=2+3"), role }
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(1_772_000_000_123 + millis)
}

fn key() -> CheckKey {
    CheckKey::new("Zürich 3", "disk é")
}

fn id(n: u8) -> RequestId {
    RequestId::from_parts(1_772_000_000_000, [n; 10])
}

fn window() -> Maintenance {
    Maintenance {
        id: MaintenanceId::from_parts(7, [7; 10]),
        name: SafeText::line("DB Patching - Feb 25"),
        host_pattern: "db-{prod,test}-*".parse().unwrap(),
        check: "disk*".parse().ok(),
        start: at(0),
        end: at(60_000),
        suppress_notifications: false,
        created_by: Some(SafeText::line("j.smith")),
        author: SafeText::line("Zoë"),
        created: at(-5),
    }
}

fn alert() -> Alert {
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
    }
}

fn observation() -> Observation {
    let mut metric = Metric::new("disk_usage", 83.25, Unit::Percent).of("/var lib");
    metric.warning = Some(Range::above(80.0));
    let mut seen = Observation::failed(Failure::new(FailureKind::Refused, "refused by ::1"));
    seen.metrics = vec![metric, Metric::new("x", 1.5, Unit::Other("rpm".into()))];
    seen.claimed = Some(State::Warning);
    seen.trace = Some(Arc::new(report()));
    seen
}

fn report() -> TraceReport {
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

fn check() -> Check {
    let mut check = Check::new("Zürich 3", "disk é", "192.0.2.1", Spec::Ping(PingSpec::default()));
    check.limits = vec![Limit::new("rtt", "0.1:0.5".parse().ok(), None)];
    check
}

fn row() -> CheckRow {
    CheckRow {
        key: key(),
        kind: Kind::Ping,
        interval: Span::from_secs(60),
        attempts: 3,
        enabled: true,
        status: Status::waiting(at(0)),
    }
}

fn engine() -> EngineStatus {
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

fn edge() -> Edge {
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

fn outcomes() -> Vec<Outcome> {
    let assignment =
        Assignment { check: Arc::new(check()), generation: 3, last: State::Warning, soft: true };
    vec![
        Outcome::Done { count: 2, failures: vec![SafeText::line("web-9: no such host")] },
        Outcome::Done { count: 0, failures: Vec::new() },
        Outcome::Maintenance(window()),
        Outcome::Assigned { generation: 9, assignments: vec![assignment.clone()] },
        Outcome::Directives(Directives { assign: vec![assignment], ..Directives::default() }),
    ]
}

/// A full answer of the kind that a query gets; the match keeps it complete.
fn answer_to(query: &Query) -> Answer {
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
                points: vec![Point { at: at(1), value: 0.25, min: 0.125, max: 0.5 }],
            }],
            states: vec![StateSpan { from: at(1), to: at(2), state: State::Unknown }],
        },
        Query::Edges { .. } => Answer::Edges(vec![edge()]),
        Query::Engine => Answer::Engine(engine()),
        Query::Config => Answer::Config("# from config.toml\n[console]\nname = \"ö\"\n".to_owned()),
    }
}

fn events() -> Vec<Event> {
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
        Event::Directives(Arc::new(Directives::default())),
        Event::Resync,
    ]
}

#[tokio::test]
async fn every_command_survives_the_wire() {
    let mut stage = stage();
    let client = stage.client(Role::Admin);
    for (n, command) in (0..).zip(Command::samples()) {
        let request = Request { id: id(n), actor: zoe(Role::Admin), command };
        let sent = tokio::spawn({
            let (client, request) = (client.clone(), request.clone());
            async move { client.execute(&request).await }
        });
        let Ask::Execute(arrived, reply) = stage.ask().await else { panic!("not a command") };
        assert_eq!(arrived, request);
        reply.send(Ok(Outcome::Done { count: 1, failures: Vec::new() })).unwrap();
        assert_eq!(sent.await.unwrap(), Ok(Outcome::Done { count: 1, failures: Vec::new() }));
    }
}

#[tokio::test]
async fn every_outcome_comes_back() {
    let mut stage = stage();
    let client = stage.client(Role::Admin);
    let samples = Command::samples();
    let add = samples.iter().find(|c| matches!(c, Command::AddMaintenance(_))).unwrap();
    for outcome in outcomes() {
        for command in [&Command::Reload, add] {
            let request = Request { id: id(1), actor: zoe(Role::Admin), command: command.clone() };
            let client = client.clone();
            let sent = tokio::spawn(async move { client.execute(&request).await });
            let Ask::Execute(_, reply) = stage.ask().await else { panic!("not a command") };
            reply.send(Ok(outcome.clone())).unwrap();
            assert_eq!(sent.await.unwrap().as_ref(), Ok(&outcome));
        }
    }
}

#[tokio::test]
async fn every_query_survives_the_wire_and_its_answer_comes_back() {
    let mut stage = stage();
    let client = stage.client(Role::Viewer);
    for query in Query::samples() {
        let sent = tokio::spawn({
            let (client, query) = (client.clone(), query.clone());
            async move { client.query(&query).await }
        });
        let Ask::Query(actor, arrived, reply) = stage.ask().await else { panic!("not a query") };
        assert_eq!((&actor, &arrived), (&zoe(Role::Viewer), &query));
        reply.send(Ok(answer_to(&query))).unwrap();
        assert_eq!(sent.await.unwrap(), Ok(answer_to(&query)));
    }
}

#[tokio::test]
async fn every_problem_comes_back() {
    let mut stage = stage();
    let client = stage.client(Role::Operator);
    for kind in ProblemKind::ALL {
        let message = SafeText::text("field `end`:\nnot after `start`");
        let problem = Problem { kind, message };
        let sent = tokio::spawn({
            let client = client.clone();
            async move {
                let request = Request { id: id(1), actor: Actor::Engine, command: Command::Stop };
                let query = client.query(&Query::Engine).await.unwrap_err();
                let watch = client.watch().await.err();
                (client.execute(&request).await.unwrap_err(), query, watch)
            }
        });
        for _ in 0..3 {
            match stage.ask().await {
                Ask::Query(_, _, reply) => drop(reply.send(Err(problem.clone()))),
                Ask::Watch(_, reply) => drop(reply.send(Err(problem.clone()))),
                Ask::Execute(_, reply) => drop(reply.send(Err(problem.clone()))),
            }
        }
        let got = sent.await.unwrap();
        assert_eq!(got, (problem.clone(), problem.clone(), Some(problem)));
    }
}

#[tokio::test]
async fn an_engine_that_forgets_to_answer_is_unavailable() {
    let mut stage = stage();
    let client = stage.client(Role::Admin);
    let sent = tokio::spawn(async move { client.query(&Query::Engine).await });
    drop(stage.ask().await);
    assert_eq!(sent.await.unwrap().unwrap_err().kind, ProblemKind::Unavailable);
}

#[tokio::test]
async fn every_event_survives_the_wire_and_the_end_is_seen() {
    let mut stage = stage();
    let client = stage.client(Role::Viewer);
    let opened = tokio::spawn(async move { client.watch().await });
    let Ask::Watch(actor, reply) = stage.ask().await else { panic!("not a watch") };
    assert_eq!(actor, zoe(Role::Viewer));
    let (changes, receiver) = mpsc::channel(64);
    let picture = events().into_iter().take(7).map(Arc::new).collect();
    reply.send(Ok(Watcher::new(picture, receiver))).unwrap();
    let mut stream = opened.await.unwrap().unwrap();
    for event in events().into_iter().skip(7) {
        changes.send(Arc::new(event)).await.unwrap();
    }
    for expected in events() {
        assert_eq!(stream.next().await.as_deref(), Some(&expected));
    }
    drop(changes);
    assert_eq!(stream.next().await, None);
    assert_eq!(stream.next().await, None);
}

#[tokio::test]
async fn a_cancelled_wait_loses_no_event() {
    let mut stage = stage();
    let client = stage.client(Role::Viewer);
    let opened = tokio::spawn(async move { client.watch().await });
    let Ask::Watch(_, reply) = stage.ask().await else { panic!("not a watch") };
    let (changes, receiver) = mpsc::channel(64);
    reply.send(Ok(Watcher::new(Vec::new(), receiver))).unwrap();
    let mut stream = opened.await.unwrap().unwrap();
    let sender = tokio::spawn(async move {
        for stream in 0..500 {
            changes.send(Arc::new(Event::Hello { stream })).await.unwrap();
            tokio::task::yield_now().await;
        }
    });
    let mut expected = 0;
    while expected < 500 {
        tokio::select! {
            biased;
            () = tokio::task::yield_now() => {}
            event = stream.next() => {
                assert_eq!(event.as_deref(), Some(&Event::Hello { stream: expected }));
                expected += 1;
            }
        }
    }
    sender.await.unwrap();
}

#[tokio::test]
async fn the_backend_is_the_same_from_both_places() {
    let mut far = stage();
    let (handle, mut near) = Handle::channel();
    let backends = [Backend::Remote(far.client(Role::Admin)), Backend::Local(handle)];
    for (backend, remote) in backends.into_iter().zip([true, false]) {
        let asked = tokio::spawn(async move {
            let actor = zoe(Role::Admin);
            let request = Request { id: id(3), actor: actor.clone(), command: Command::Reload };
            let outcome = backend.execute(request).await;
            let answer = backend.query(actor.clone(), Query::Engine).await;
            let mut watch: Watch = backend.watch(actor).await.unwrap();
            let event = watch.next().await;
            (outcome, answer, event.as_deref().cloned(), watch.next().await)
        });
        for _ in 0..3 {
            let ask = if remote { far.ask().await } else { near.recv().await.unwrap() };
            match ask {
                Ask::Execute(request, reply) => {
                    assert_eq!((request.id, request.actor), (id(3), zoe(Role::Admin)));
                    reply.send(Ok(Outcome::Maintenance(window()))).unwrap();
                }
                Ask::Query(_, query, reply) => reply.send(Ok(answer_to(&query))).unwrap(),
                Ask::Watch(_, reply) => {
                    let (_, receiver) = mpsc::channel(1);
                    let picture = vec![Arc::new(Event::Ready)];
                    drop(reply.send(Ok(Watcher::new(picture, receiver))));
                }
            }
        }
        let (outcome, answer, event, end) = asked.await.unwrap();
        assert_eq!(outcome, Ok(Outcome::Maintenance(window())));
        assert_eq!(answer, Ok(answer_to(&Query::Engine)));
        assert_eq!((event, end), (Some(Event::Ready), None));
    }
}

/// The example of the document, character for character.
const SEED: &str = r#"{
"name": "DB Patching - Feb 25",
"host_pattern": "db-prod-*",
"start": "2026-02-25T02:00:00Z",
"end": "2026-02-25T06:00:00Z",
"suppress_notifications": true,
"created_by": "j.smith"
}"#;

#[tokio::test]
async fn fm_29_the_documents_example_creates_a_window() {
    let mut stage = stage();
    for path in ["/api/maintenance", "/api/v1/maintenance"] {
        let engine = async {
            let Ask::Execute(request, reply) = stage.asks.recv().await.unwrap() else {
                panic!("not a command")
            };
            reply.send(Ok(Outcome::Maintenance(window()))).unwrap();
            request
        };
        let socket = stage.socket.clone();
        let sent = tokio::spawn(async move {
            let length = SEED.len();
            let head = format!(
                "POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n"
            );
            let mut stream = UnixStream::connect(socket).await.unwrap();
            stream.write_all((head + SEED).as_bytes()).await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            answer
        });
        let request = engine.await;
        let Command::AddMaintenance(wanted) = request.command else { panic!("not a window") };
        assert_eq!(wanted.name, "DB Patching - Feb 25");
        assert_eq!(wanted.host_pattern.as_str(), "db-prod-*");
        assert_eq!(wanted.start.to_string(), "2026-02-25T02:00:00.000Z");
        assert_eq!(wanted.end.to_string(), "2026-02-25T06:00:00.000Z");
        assert!(wanted.suppress_notifications);
        // D-31: who it is for is kept apart from who asked.
        assert_eq!(wanted.created_by.as_deref(), Some("j.smith"));
        assert!(matches!(&request.actor, Actor::Local { name, .. } if name.as_str() != "j.smith"));
        let answer = sent.await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 201 Created"), "{answer}");
        assert!(answer.contains("\"host_pattern\":\"db-{prod,test}-*\""), "{answer}");
    }
}

#[tokio::test]
async fn fm_29_a_wrong_body_is_422_and_names_the_field() {
    let mut stage = stage();
    for missing in ["name", "host_pattern", "start", "end"] {
        let mut body: serde_json::Value = serde_json::from_str(SEED).unwrap();
        body.as_object_mut().unwrap().remove(missing);
        let (status, answer) = stage.post("/api/maintenance", &body.to_string()).await;
        assert_eq!(status, 422, "{answer}");
        assert!(answer.contains(&format!("missing field `{missing}`")), "{answer}");
        assert!(answer.contains("\"kind\":\"invalid\""), "{answer}");
    }
    for (field, value) in [
        ("nmae", "x"),
        ("host_pattern", "a["),
        ("end", "tomorrow"),
        ("suppress_notifications", "no"),
    ] {
        let mut body: serde_json::Value = serde_json::from_str(SEED).unwrap();
        body[field] = value.into();
        let (status, answer) = stage.post("/api/maintenance", &body.to_string()).await;
        assert_eq!(status, 422, "{answer}");
        assert!(answer.contains(field), "{field}: {answer}");
    }
    assert!(stage.asks.try_recv().is_err(), "the engine was not bothered");
    // What only the engine can know is its problem, with the same status.
    let asks = &mut stage.asks;
    let socket = stage.socket.clone();
    let engine = async {
        let Some(Ask::Execute(_, reply)) = asks.recv().await else { panic!("not a command") };
        reply.send(Err(Problem::invalid("`end` is not after `start`"))).unwrap();
    };
    let client = Client::connect(&socket, "ann", Role::Admin).unwrap();
    let samples = Command::samples();
    let add = samples.iter().find(|c| matches!(c, Command::AddMaintenance(_))).unwrap();
    let request = Request { id: id(1), actor: zoe(Role::Admin), command: add.clone() };
    let (outcome, ()) = tokio::join!(client.execute(&request), engine);
    assert_eq!(outcome, Err(Problem::invalid("`end` is not after `start`")));
}

#[tokio::test]
async fn hostile_requests_get_4xx_and_never_reach_the_engine() {
    let mut stage = stage();
    let big = format!("{{\"targets\":[\"{}\"]}}", "x".repeat(1024 * 1024));
    let deep = format!("{{\"targets\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let ack = "/api/v1/alerts/ack";
    let cases: Vec<(&str, &str, u16)> = vec![
        ("/api/v1/recheck", &big, 413),
        ("/api/v1/recheck", &deep, 422),
        ("/api/v1/recheck", "", 400),
        ("/api/v1/recheck", "{\"targets\":[\"web-1\"", 400),
        ("/api/v1/recheck", "not json", 400),
        ("/api/v1/recheck", "{\"targets\":[\"web-1\"],\"x\":1}", 422),
        ("/api/v1/recheck", "{\"targets\":[\"/\"]}", 422),
        ("/api/v1/recheck", "{\"targets\":\"web-1\"}", 422),
        (ack, "{\"targets\":[\"web-1\"]}", 422),
        (ack, "{\"targets\":[\"web-1\"],\"expires\":\"soon\"}", 422),
        ("/api/v1/maintenance/7/end", "", 422),
        ("/api/v1/maintenance/018bcfe5-6800-7707-8707-070707070707/extend", "{\"by_ms\":-1}", 422),
        ("/api/v1/events/x/interest", "{\"checks\":[],\"trace\":null}", 422),
        ("/api/v1/work/report", "{\"boot\":1}", 422),
        ("/api/v1/nothing", "{}", 404),
        ("/api/v1/hosts", "{}", 405),
    ];
    for (path, body, expected) in cases {
        let (status, answer) = stage.post(path, body).await;
        assert_eq!(status, expected, "{path}: {answer}");
        let problem: Problem = serde_json::from_str(&answer).expect(&answer);
        assert!(!problem.message.is_empty(), "{path}");
    }
    for path in [
        "/api/v1/alerts?all=perhaps",
        "/api/v1/alerts?every=true",
        "/api/v1/hosts?pattern=a%5B",
        "/api/v1/edges?limit=9999999999999999999",
        "/api/v1/edges?alert=7",
        "/api/v1/history/h/c?from=now&to=then",
        "/api/v1/history/h/c",
    ] {
        let (status, answer) = stage
            .raw(&format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"))
            .await;
        assert_eq!(status, 422, "{path}: {answer}");
    }
    for header in ["fluxnoc-role: root", "fluxnoc-operator: %20", "idempotency-key: 7"] {
        let request = format!(
            "GET /api/v1/engine HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{header}\r\n\r\n"
        );
        let (status, answer) = stage.raw(&request).await;
        assert_eq!(status, 422, "{header}: {answer}");
    }
    let huge = format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "x".repeat(200_000));
    let (status, _) = stage.raw(&huge).await;
    assert!([414, 431].contains(&status), "{status}");
    assert!(stage.asks.try_recv().is_err(), "the engine was not bothered");
}

#[tokio::test]
async fn a_thousand_header_lines_are_refused() {
    let stage = stage();
    let lines: String = (0..1000).map(|n| format!("x-{n}: y\r\n")).collect();
    let (status, _) =
        stage.raw(&format!("GET /api/v1/engine HTTP/1.1\r\nhost: x\r\n{lines}\r\n")).await;
    assert_eq!(status, 431);
}

#[tokio::test]
async fn slow_and_idle_connections_are_cut_and_others_get_in() {
    let mut stage = stage();
    let mut slow = Vec::new();
    for n in 0..300_usize {
        let mut stream = UnixStream::connect(&stage.socket).await.unwrap();
        if n % 2 == 0 {
            stream.write_all(b"GET /api/v1/engine HTTP/1.1\r\nx: ").await.unwrap();
        }
        slow.push(stream);
    }
    // All seats are taken; the one who asks properly waits until the slow ones are cut (10 s).
    let client = stage.client(Role::Viewer);
    let asked = tokio::spawn(async move { client.query(&Query::Engine).await });
    let Ok(Ask::Query(_, query, reply)) =
        tokio::time::timeout(Duration::from_secs(25), stage.ask()).await
    else {
        panic!("not a query")
    };
    reply.send(Ok(answer_to(&query))).unwrap();
    assert!(asked.await.unwrap().is_ok());
    let mut rest = Vec::new();
    assert!(slow[0].read_to_end(&mut rest).await.is_ok(), "the first was closed");
}

#[tokio::test]
async fn a_stop_ends_streams_and_the_server() {
    let mut stage = stage();
    let client = stage.client(Role::Viewer);
    let opened = tokio::spawn(async move { client.watch().await });
    let Ask::Watch(_, reply) = stage.ask().await else { panic!("not a watch") };
    let (changes, receiver) = mpsc::channel(1);
    reply.send(Ok(Watcher::new(vec![Arc::new(Event::Ready)], receiver))).unwrap();
    let mut stream = opened.await.unwrap().unwrap();
    assert_eq!(stream.next().await.as_deref(), Some(&Event::Ready));
    stage.stop.cancel();
    assert_eq!(stream.next().await, None);
    tokio::time::timeout(Duration::from_secs(5), &mut stage.served).await.unwrap().unwrap();
    drop(changes);
    let gone = Client::connect(&stage.socket, "ann", Role::Viewer).unwrap_err();
    assert_eq!(gone.kind, ProblemKind::Unavailable);
    assert!(gone.message.as_str().contains("fluxnoc.sock"), "{gone}");
}

#[tokio::test]
async fn without_headers_the_peer_is_the_actor() {
    let mut stage = stage();
    let socket = stage.socket.clone();
    let sent = tokio::spawn(async move {
        let mut stream = UnixStream::connect(socket).await.unwrap();
        let request = "POST /api/v1/reload HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    });
    let Ask::Execute(request, reply) = stage.ask().await else { panic!("not a command") };
    let Actor::Local { name, role } = request.actor else { panic!("not a person") };
    let me = nix::unistd::User::from_uid(nix::unistd::geteuid()).unwrap().map(|user| user.name);
    assert_eq!((Some(name.as_str().to_owned()), role), (me, Role::Admin));
    reply.send(Ok(Outcome::Done { count: 0, failures: Vec::new() })).unwrap();
    let answer = sent.await.unwrap();
    assert!(answer.ends_with("{\"outcome\":\"done\",\"count\":0}"), "{answer}");
}
