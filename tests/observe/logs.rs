//! Log lines: the seed's keys, a line for every class of event, and no secrets.

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use fluxnoc::model::{Notification, Reason, Span};
use serde_json::Value;
use tokio::net::UnixStream;

use crate::lab::{noc, refused};
use crate::stage::{Stage, exchange, quiet};

static LINES: LazyLock<Arc<Mutex<Vec<u8>>>> = LazyLock::new(Arc::default);

/// Collects all that is logged in this process.
pub fn collect() {
    fluxnoc::cli::logging::to_buffer_json(&LINES);
}

fn lines() -> Vec<Value> {
    let bytes = LINES.lock().unwrap().clone();
    let text = String::from_utf8(bytes).unwrap();
    text.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
}

fn keys(line: &Value) -> BTreeSet<&str> {
    line.as_object().unwrap().keys().map(String::as_str).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn fb_22_and_fb_24_every_class_of_event_has_its_line_and_no_secret_is_in_any() {
    let mut stage = Stage::start(quiet()).await;
    let console = stage.engine.handle.watch(noc()).await.unwrap();
    for _ in 0..3 {
        stage.report(refused(), Span::ZERO).await;
    }
    let meters = stage.engine.handle.meters();
    meters.auth_attempt("password", "failure", "invalid_password");
    meters.rate_limit_hit("auth_login", "192.0.2.77");
    let secret = "GET /api/v1/logged-path?token=hunter2 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
        Authorization: Bearer hunter3\r\nX-API-Token: hunter4\r\nCookie: hunter5\r\n\r\n";
    exchange(UnixStream::connect(&stage.socket).await.unwrap(), secret).await;
    let forbidden = "POST /api/v1/reload HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
        Fluxnoc-Role: viewer\r\n\r\n";
    exchange(UnixStream::connect(&stage.socket).await.unwrap(), forbidden).await;
    drop(console);
    let wanted = [
        "HTTP request",
        "authentication",
        "query",
        "realtime connection opened",
        "realtime connection closed",
        "storage operation",
        "notification",
        "rate limit",
        "access denied",
    ];
    let end = tokio::time::Instant::now() + Duration::from_secs(15);
    let all = loop {
        let all = lines();
        let said: BTreeSet<&str> = all.iter().filter_map(|line| line["message"].as_str()).collect();
        let missing: Vec<&&str> = wanted.iter().filter(|word| !said.contains(**word)).collect();
        if missing.is_empty() {
            break all;
        }
        assert!(tokio::time::Instant::now() < end, "no line says {missing:?}");
        if let Some(edge) = stage.store.edges(None, None, 1).await.unwrap().first() {
            let mut tx = stage.store.write().await.unwrap();
            tx.enqueue(&Notification::of(edge, Reason::First, "elsewhere")).await.unwrap();
            tx.commit().await.unwrap();
        }
        // The stream that ended is noticed with the next event.
        stage.report(refused(), Span::ZERO).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
    };
    let access: Vec<&Value> =
        all.iter().filter(|line| line["path"] == "/api/v1/logged-path").collect();
    assert_eq!(access.len(), 1);
    let seeds = ["duration_ms", "level", "message", "method", "path", "status", "time"];
    assert_eq!(keys(access[0]), BTreeSet::from(seeds));
    assert_eq!((&access[0]["level"], &access[0]["status"]), (&"warn".into(), &404.into()));
    assert!(access[0]["duration_ms"].is_f64() && access[0]["method"] == "GET");
    for line in &all {
        let level = line["level"].as_str().unwrap();
        assert!(["debug", "info", "warn", "error", "fatal"].contains(&level), "{line}");
        let time = line["time"].as_str().unwrap();
        assert!(time.len() == 24 && time.ends_with('Z'), "{line}");
        for hidden in ["hunter", "192.0.2.77"] {
            assert!(!line.to_string().contains(hidden), "{line}");
        }
    }
}
