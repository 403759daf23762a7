//! The health listener against the bytes of FACTS 2.1, and against those who mean it ill.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::stage::{Answer, Stage, exchange, quiet, request};

const JSON: &str = "Content-Type: application/json";

fn ok(body: &str) -> Answer {
    let length = body.len();
    Answer {
        status: 200,
        head: format!("HTTP/1.1 200 OK\n{JSON}\nContent-Length: {length}\nConnection: close"),
        body: body.to_owned(),
    }
}

fn sorted(mut answer: Answer) -> Answer {
    let mut lines: Vec<&str> = answer.head.lines().collect();
    lines[1..].sort_unstable();
    answer.head = lines.join("\n").to_ascii_lowercase();
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn fq_02_and_fq_10_and_fq_12_and_fq_13_and_fq_14_the_bodies_are_golden() {
    let stage = Stage::start(quiet()).await;
    let ready = "{\"status\":\"ready\",\"mode\":\"nominal\",\
        \"checks\":{\"broker\":{\"status\":\"up\"},\"storage\":{\"status\":\"up\"}}}\n";
    let alone = "{\"node_id\":\"single-node\",\"is_leader\":false,\"cluster_mode\":false,\
        \"sessions\":0}\n";
    for (path, body) in [
        ("/health", "{\"status\":\"healthy\"}\n"),
        ("/health?verbose=1", "{\"status\":\"healthy\"}\n"),
        ("/ready", ready),
        ("/cluster/status", alone),
    ] {
        assert_eq!(sorted(stage.probe("GET", path).await), sorted(ok(body)), "{path}");
    }
    // Liveness asks nothing of anybody.
    for ending in ["", "-wal", "-shm"] {
        let mut name = stage.database.clone().into_os_string();
        name.push(ending);
        std::fs::remove_file(name).unwrap();
    }
    assert_eq!(stage.probe("GET", "/health").await.body, "{\"status\":\"healthy\"}\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn fq_14_sessions_are_open_consoles() {
    let stage = Stage::start(quiet()).await;
    let console = stage.engine.handle.watch(crate::lab::noc()).await.unwrap();
    let worker = stage.engine.handle.watch(fluxnoc::protocol::Actor::Worker).await.unwrap();
    let wait = async |wanted: i64| {
        let end = Instant::now() + Duration::from_secs(10);
        loop {
            let sessions = stage.probe("GET", "/cluster/status").await.json()["sessions"].clone();
            if sessions == wanted {
                return;
            }
            assert!(Instant::now() < end, "{sessions} sessions instead of {wanted}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    wait(1).await;
    drop((console, worker));
    wait(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fq_02_only_get_is_answered_and_only_exact_paths() {
    let stage = Stage::start(quiet()).await;
    for path in ["/health", "/ready", "/cluster/status"] {
        for method in ["POST", "PUT", "DELETE", "OPTIONS", "HEAD", "TRACE", "BREW"] {
            let answer = stage.probe(method, path).await;
            let body = if method == "HEAD" { "" } else { "method not allowed\n" };
            assert_eq!((answer.status, &*answer.body), (405, body), "{method} {path}");
            let head = answer.head.to_ascii_lowercase();
            assert!(head.contains("content-type: text/plain; charset=utf-8"), "{head}");
            assert!(head.contains("x-content-type-options: nosniff"), "{head}");
            assert!(!head.contains("\nallow:"), "{head}");
        }
    }
    for path in ["/", "/health/", "/Health", "//health", "/ready/../health", "/metrics", "/api"] {
        let answer = stage.probe("GET", path).await;
        assert_eq!((answer.status, &*answer.body), (404, "404 page not found\n"), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fq_01_a_listener_that_is_stopped_leaves_its_port_closed() {
    let stage = Stage::start(quiet()).await;
    assert_eq!(stage.probe("GET", "/health").await.status, 200);
    let mut open = TcpStream::connect(stage.health).await.unwrap();
    stage.stop.cancel();
    let mut rest = Vec::new();
    let ended = tokio::time::timeout(Duration::from_secs(5), open.read_to_end(&mut rest)).await;
    assert!(ended.is_ok(), "a silent connection outlives the listener");
    assert!(TcpStream::connect(stage.health).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn fq_01_slow_and_silent_connections_are_cut_and_patient_ones_are_not() {
    let stage = Stage::start(quiet()).await;
    let mut patient = TcpStream::connect(stage.health).await.unwrap();
    let keep = "GET /health HTTP/1.1\r\nHost: x\r\n\r\n";
    patient.write_all(keep.as_bytes()).await.unwrap();
    let mut buffer = [0; 512];
    let read = patient.read(&mut buffer).await.unwrap();
    assert!(buffer[..read].starts_with(b"HTTP/1.1 200 OK"));
    // Nothing at all, and a byte a second without an end.
    let begun = Instant::now();
    let mut silent = TcpStream::connect(stage.health).await.unwrap();
    let slow = TcpStream::connect(stage.health).await.unwrap();
    let (mut from, mut to) = slow.into_split();
    let drip = tokio::spawn(async move {
        to.write_all(b"GET /health HTTP/1.1\r\nX: ").await.unwrap();
        while to.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    });
    let mut rest = Vec::new();
    for stream in [&mut silent as &mut (dyn tokio::io::AsyncRead + Unpin + Send), &mut from] {
        let _ = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut rest))
            .await
            .expect("cut");
        assert!((4..=8).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
    }
    drip.await.unwrap();
    // Between two requests there is more time.
    patient.write_all(request("GET", "/health").as_bytes()).await.unwrap();
    let mut rest = String::new();
    patient.read_to_string(&mut rest).await.unwrap();
    assert!(rest.starts_with("HTTP/1.1 200 OK"), "{rest}");
}

#[tokio::test(flavor = "multi_thread")]
async fn fq_01_three_hundred_silent_connections_hold_a_probe_for_seconds_only() {
    let stage = Stage::start(quiet()).await;
    let mut silent = Vec::new();
    for _ in 0..300 {
        silent.push(TcpStream::connect(stage.health).await.unwrap());
    }
    let begun = Instant::now();
    let answer = stage.probe("GET", "/health").await;
    assert_eq!(answer.status, 200);
    assert!(begun.elapsed() < Duration::from_secs(12), "{:?}", begun.elapsed());
    // A head without an end and one that is none.
    let long = format!("GET /health HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(100_000));
    for hostile in [long.as_str(), "\u{0}\u{1}garbage\r\n\r\n", "GET /health HTTP/9.9\r\n\r\n"] {
        let stream = TcpStream::connect(stage.health).await.unwrap();
        let answer = tokio::time::timeout(Duration::from_secs(12), raw(stream, hostile)).await;
        let answer = answer.expect("bounded in time");
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
    }
}

async fn raw(mut stream: TcpStream, request: &str) -> String {
    let _ = stream.write_all(request.as_bytes()).await;
    let mut bytes = Vec::new();
    while stream.read_buf(&mut bytes).await.is_ok_and(|read| read > 0) {}
    String::from_utf8_lossy(&bytes).into_owned()
}

#[tokio::test]
async fn fq_06_and_fq_11_before_the_engine_has_begun_it_is_not_ready() {
    let (handle, _asks) = fluxnoc::engine::Handle::channel();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let source = fluxnoc::api::HealthSource::new(handle);
    tokio::spawn(fluxnoc::api::serve_health(listener, source, Default::default()));
    let stream = TcpStream::connect(address).await.unwrap();
    let answer = exchange(stream, &request("GET", "/ready")).await;
    assert_eq!(answer.status, 503);
    let body = "{\"status\":\"not_ready\",\"details\":\"broker not initialized\",\
        \"checks\":{\"broker\":{\"status\":\"down\",\"details\":\"not initialized\"}}}\n";
    assert_eq!(answer.body, body);
}
