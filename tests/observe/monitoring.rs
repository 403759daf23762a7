//! The two documents of the monitoring API, and what they say while something is broken.

use std::time::Duration;

use fluxnoc::model::{RequestId, Span};
use fluxnoc::protocol::{Actor, Command, Request};
use sqlx::ConnectOptions as _;

use crate::lab::good;
use crate::stage::{Answer, Stage, quiet};

#[tokio::test(flavor = "multi_thread")]
async fn fb_12_and_d_16_every_key_is_there_and_nothing_is_invented() {
    let mut stage = Stage::start(quiet()).await;
    stage.report(good(), Span::ZERO).await;
    let _console = stage.engine.handle.watch(crate::lab::noc()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let answer = stage.ask("GET", "/api/v1/monitoring/metrics").await;
    assert_eq!(answer.status, 200);
    let document = answer.json();
    let keys = |of: &serde_json::Value| -> Vec<String> {
        of.as_object().unwrap().keys().cloned().collect()
    };
    assert_eq!(
        keys(&document),
        [
            "database",
            "gc_pause_ms",
            "go_version",
            "memory_alloc_mb",
            "memory_sys_mb",
            "num_gc",
            "num_goroutines",
            "realtime",
            "storage",
            "uptime_seconds"
        ]
    );
    assert!(document["go_version"].is_null());
    assert_eq!((&document["num_gc"], &document["gc_pause_ms"]), (&0.into(), &0.0.into()));
    assert!(document["num_goroutines"].as_u64().unwrap() >= 5, "{document}");
    let (own, all) = (&document["memory_alloc_mb"], &document["memory_sys_mb"]);
    assert!((1..=all.as_u64().unwrap()).contains(&own.as_u64().unwrap()), "{document}");
    let database = &document["database"];
    for key in ["acquire_duration_ms", "acquired_conns", "idle_conns", "max_conns", "total_conns"] {
        assert!(database[key].is_number(), "{key} of {database}");
    }
    let of = |key: &str| database[key].as_u64().unwrap();
    assert_eq!(of("max_conns"), 5);
    assert_eq!(of("total_conns"), of("acquired_conns") + of("idle_conns"));
    assert!(of("acquire_count") > 5 && of("total_conns") >= 2, "{database}");
    let realtime = &document["realtime"];
    assert_eq!(realtime["total_connections"], 1);
    assert_eq!(realtime["active_channels"], 1);
    assert_eq!(realtime["total_subscriptions"], 1);
    let storage = &document["storage"];
    assert_eq!((&storage["total_buckets"], &storage["total_files"]), (&1.into(), &3.into()));
    assert!(storage["total_size_gb"].as_f64().unwrap() > 0.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn fb_13_and_d_15_each_service_that_breaks_is_named() {
    let stage = Stage::start(quiet()).await;
    let health = async || stage.ask("GET", "/api/v1/monitoring/health").await;
    let healthy = health().await;
    assert_eq!(healthy.status, 200, "{healthy:?}");
    assert_eq!(healthy.json()["status"], "healthy");
    let names: Vec<String> =
        healthy.json()["services"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(names, ["database", "realtime", "storage"]);
    let until = async |what: &str, wanted: &dyn Fn(&Answer) -> bool| {
        let end = tokio::time::Instant::now() + Duration::from_secs(20);
        loop {
            let answer = health().await;
            if wanted(&answer) {
                return answer;
            }
            assert!(tokio::time::Instant::now() < end, "{what}: {answer:?}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let broken = |answer: &Answer| {
        let document = answer.json();
        let services = document["services"].as_object().unwrap().clone();
        let bad = services.into_iter().filter(|(_, service)| service["status"] != "healthy");
        let bad: Vec<(String, String)> = bad
            .map(|(name, service)| (name, service["status"].as_str().unwrap().to_owned()))
            .collect();
        (answer.status, document["status"].as_str().unwrap().to_owned(), bad)
    };
    let one = |name: &str, status: &str| vec![(name.to_owned(), status.to_owned())];
    // Storage: what happens cannot be written.
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&stage.database);
    let mut other = options.connect().await.unwrap();
    sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    let answer = until("degraded", &|answer| answer.json()["status"] == "degraded").await;
    assert_eq!(broken(&answer), (200, "degraded".into(), one("storage", "degraded")));
    sqlx::query("ROLLBACK").execute(&mut other).await.unwrap();
    until("healthy again", &|answer| answer.json()["status"] == "healthy").await;
    // Realtime: the engine stands still.
    let stands = stage.reload.lock().await;
    let handle = stage.engine.handle.clone();
    let id = RequestId::from_parts(1, [7; 10]);
    let command = Command::Reload;
    let asked =
        tokio::spawn(
            async move { handle.execute(Request { id, actor: Actor::Engine, command }).await },
        );
    let answer = until("unhealthy", &|answer| answer.status == 503).await;
    assert_eq!(broken(&answer), (503, "unhealthy".into(), one("realtime", "unhealthy")));
    drop(stands);
    asked.await.unwrap().unwrap();
    until("healthy once more", &|answer| answer.json()["status"] == "healthy").await;
    // Database: it cannot even be read.
    stage.store.clone().close().await;
    let answer = until("unhealthy", &|answer| {
        answer.json()["services"]["database"]["status"] == "unhealthy"
    })
    .await;
    assert_eq!((answer.status, &answer.json()["status"]), (503, &"unhealthy".into()));
    assert_eq!(answer.json()["services"]["database"]["message"], "it was closed");
    assert!(!answer.body.contains("fluxnoc.db") && !answer.body.contains("secret"));
}
