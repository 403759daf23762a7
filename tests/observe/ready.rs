//! Readiness while real parts break, and when they work again.

use std::time::Duration;

use fluxnoc::model::{Notification, Reason, Span};
use fluxnoc::protocol::{Actor, Command, NotificationScope, Request};
use sqlx::ConnectOptions as _;
use tokio::time::Instant;

use crate::lab::{good, refused};
use crate::stage::{Stage, quick, quiet};

#[tokio::test(flavor = "multi_thread")]
async fn fq_07_and_fq_11_a_closed_store_is_not_ready() {
    let stage = Stage::start(quiet()).await;
    assert_eq!(stage.probe("GET", "/ready").await.status, 200);
    stage.store.clone().close().await;
    let (answer, took) = stage.until("not ready", |answer| answer.status == 503).await;
    assert!(took < Duration::from_secs(10), "{took:?}");
    let body = "{\"status\":\"not_ready\",\"details\":\"storage unavailable\",\
        \"checks\":{\"broker\":{\"status\":\"up\"},\
        \"storage\":{\"status\":\"down\",\"details\":\"it was closed\"}}}\n";
    assert_eq!(answer.body, body);
    assert_eq!(stage.probe("GET", "/health").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn fq_03_and_fq_07_a_store_that_takes_no_write_is_not_ready_within_10_s_and_back_when_it_can()
{
    let stage = Stage::start(quiet()).await;
    assert_eq!(stage.probe("GET", "/ready").await.status, 200);
    // Somebody else holds the file: it can be read, and takes no write.
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&stage.database);
    let mut other = options.connect().await.unwrap();
    sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    let (answer, took) = stage.until("not ready", |answer| answer.status == 503).await;
    println!("not ready after {took:?}: {}", answer.body.trim_end());
    assert!(took < Duration::from_secs(10), "{took:?}");
    assert_eq!(answer.json()["details"], "storage unavailable");
    assert!(!answer.body.contains("fluxnoc.db"), "{}", answer.body);
    sqlx::query("ROLLBACK").execute(&mut other).await.unwrap();
    let (answer, took) = stage.until("ready again", |answer| answer.status == 200).await;
    println!("ready again after {took:?}");
    assert!(took < Duration::from_secs(10), "{took:?}");
    assert_eq!(answer.json()["mode"], "nominal");
}

#[tokio::test(flavor = "multi_thread")]
async fn fq_03_an_engine_that_hangs_is_not_ready_and_ready_answers_all_the_same() {
    let stage = Stage::start(quiet()).await;
    let stands = stage.reload.lock().await;
    let handle = stage.engine.handle.clone();
    let admin = Actor::Engine;
    let id = fluxnoc::model::RequestId::from_parts(1, [7; 10]);
    let asked = tokio::spawn(async move {
        handle.execute(Request { id, actor: admin, command: Command::Reload }).await
    });
    let begun = Instant::now();
    let mut longest = Duration::ZERO;
    let answer = loop {
        let asked = Instant::now();
        let answer = stage.probe("GET", "/ready").await;
        longest = longest.max(asked.elapsed());
        if answer.status == 503 {
            break answer;
        }
        assert!(begun.elapsed() < Duration::from_secs(10), "{answer:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    println!("not ready after {:?}, the longest answer took {longest:?}", begun.elapsed());
    assert!(longest < Duration::from_millis(3500), "{longest:?}");
    let body = "{\"status\":\"not_ready\",\"details\":\"broker does not answer\",\
        \"checks\":{\"broker\":{\"status\":\"down\",\"details\":\"does not answer\"}}}\n";
    assert_eq!(answer.body, body);
    assert_eq!(stage.probe("GET", "/health").await.status, 200);
    // Many who ask at once neither wait for each other nor fill the engine's door.
    let begun = Instant::now();
    let all = futures::future::join_all((0..100).map(|_| stage.probe("GET", "/ready"))).await;
    assert!(all.iter().all(|answer| answer.status == 503));
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    drop(stands);
    asked.await.unwrap().unwrap();
    let (_, took) = stage.until("ready again", |answer| answer.status == 200).await;
    assert!(took < Duration::from_secs(5), "{took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn fq_03_a_scheduler_that_runs_nothing_is_not_ready_and_back_with_the_next_result() {
    let mut stage = Stage::start(quick()).await;
    stage.report(good(), Span::ZERO).await;
    assert_eq!(stage.probe("GET", "/ready").await.status, 200);
    let (answer, took) = stage.until("not ready", |answer| answer.status == 503).await;
    println!("not ready {took:?} after the last result: {}", answer.body.trim_end());
    assert!(took < Duration::from_secs(10), "{took:?}");
    assert_eq!(answer.json()["details"], "scheduler does not run checks");
    assert_eq!(answer.json()["checks"]["scheduler"]["status"], "down");
    assert!(!answer.body.contains("secret"), "{}", answer.body);
    stage.report(good(), Span::from_secs(20)).await;
    let (answer, _) = stage.until("ready again", |answer| answer.status == 200).await;
    // It runs, and late: that is said from the next second on.
    if answer.json()["mode"] != "degraded" {
        let degraded = |answer: &crate::stage::Answer| answer.body.contains("\"degraded\"");
        let (answer, _) = stage.until("degraded", degraded).await;
        assert_eq!(answer.json()["checks"]["scheduler"]["details"], "checks start 20s late");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fq_09_a_notification_that_was_given_up_is_degraded_until_somebody_looked_after_it() {
    let mut stage = Stage::start(quiet()).await;
    for _ in 0..3 {
        stage.report(refused(), Span::ZERO).await;
    }
    let end = Instant::now() + Duration::from_secs(10);
    let edge = loop {
        let edges = stage.store.edges(None, None, 10).await.unwrap();
        if let Some(edge) = edges.into_iter().next() {
            break edge;
        }
        assert!(Instant::now() < end, "no edge");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    // To a channel that there is not.
    let notification = Notification::of(&edge, Reason::First, "secret-channel");
    let mut tx = stage.store.write().await.unwrap();
    tx.enqueue(&notification).await.unwrap();
    tx.commit().await.unwrap();
    let degraded = |answer: &crate::stage::Answer| answer.body.contains("degraded");
    let (answer, _) = stage.until("degraded", degraded).await;
    assert_eq!(answer.status, 200, "the load-balancer keeps routing to it");
    let body = "{\"status\":\"ready\",\"mode\":\"degraded\",\"checks\":{\"broker\":{\"status\":\"up\"},\
        \"outbox\":{\"status\":\"down\",\"details\":\"notifications given up: 1\"},\
        \"storage\":{\"status\":\"up\"}}}\n";
    assert_eq!(answer.body, body);
    let text = stage.ask("GET", "/metrics").await.body;
    for line in [
        "outbox_notifications{state=\"parked\"} 1",
        "notifications_total{channel=\"none\",result=\"refused\"} 1",
    ] {
        assert!(text.contains(&format!("\nfluxnoc_{line}\n")), "{text}");
    }
    assert!(!text.contains("secret"));
    let which = NotificationScope::Destination("secret-channel".to_owned());
    let id = fluxnoc::model::RequestId::from_parts(1, [9; 10]);
    let command = Command::DropNotifications { which };
    let request = Request { id, actor: crate::lab::noc(), command };
    stage.engine.handle.execute(request).await.unwrap();
    assert_eq!(stage.probe("GET", "/ready").await.json()["mode"], "nominal");
}
