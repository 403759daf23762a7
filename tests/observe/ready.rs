//! Readiness while real parts break, and when they work again.

use std::time::Duration;

use fluxnoc::model::Span;
use fluxnoc::protocol::{Actor, Command, Request};
use sqlx::ConnectOptions as _;
use tokio::time::Instant;

use crate::lab::good;
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
