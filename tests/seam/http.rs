//! What scripts and strangers send: the documented example, wrong bodies, slow and large requests.

use std::time::Duration;

use fluxnoc::client::Client;
use fluxnoc::engine::Ask;
use fluxnoc::protocol::{Actor, Command, Outcome, Problem, Query, Request, Role};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;

use super::samples::{answer_to, id, window, zoe};
use super::stage;

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
async fn fm_29_and_d_31_the_documents_example_creates_a_window() {
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
        assert_eq!(wanted.host_pattern.unwrap().as_str(), "db-prod-*");
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
    let lines = "x-y: z\r\n".repeat(1000);
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
    reply.send(Ok(Outcome::done(0))).unwrap();
    let answer = sent.await.unwrap();
    assert!(answer.ends_with("{\"outcome\":\"done\",\"count\":0,\"failed\":0}"), "{answer}");
}
