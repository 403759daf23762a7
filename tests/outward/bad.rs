//! Receivers that are slow, say no, or mean ill.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::response::Response;
use fluxnoc::model::{RemoteWrite, Secret, Span};

use crate::receiver::{Receiver, status};
use crate::stage::{Stage, now, taken, times, to};

#[tokio::test(flavor = "multi_thread")]
async fn every_sample_comes_once_in_order_and_in_bounded_requests() {
    let receiver = Receiver::start(|_| status(204)).await;
    let mut stage = Stage::start(&[RemoteWrite { batch: 100, ..to(&receiver.url) }]);
    let wanted: Vec<i64> = (0..40).map(|_| stage.put(30)).collect();
    let meters = stage.end().await;
    let got = receiver.got();
    let all = taken(&got);
    assert_eq!(all.len(), 40 * 35);
    for n in ["0", "29"] {
        assert_eq!(times(&all, n), wanted);
    }
    assert!(got.len() >= 14);
    for one in &got {
        assert!(fluxnoc::outward::unpacked(&one.body).unwrap().timeseries.len() <= 100);
        assert_eq!(one.header("content-type"), Some("application/x-protobuf"));
        assert_eq!(one.header("content-encoding"), Some("snappy"));
        assert_eq!(one.header("x-prometheus-remote-write-version"), Some("0.1.0"));
    }
    let text = meters.text();
    assert!(text.contains("fluxnoc_remote_write_samples_total{destination=\"there\"} 1400\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_loses_nothing_that_the_queue_holds() {
    let receiver = Receiver::start(|_| status(500)).await;
    let mut stage = Stage::start(&[to(&receiver.url)]);
    let mut wanted: Vec<i64> = (0..10).map(|_| stage.put(10)).collect();
    receiver.until("a first request", |got| !got.is_empty()).await;
    wanted.extend((0..10).map(|_| stage.put(10)));
    receiver.answers(|_| status(204));
    stage.until("fluxnoc_remote_write_samples_total{destination=\"there\"} 300").await;
    let text = stage.end().await.text();
    assert_eq!(times(&taken(&receiver.got()), "3"), wanted);
    assert!(!text.contains("remote_write_lost_samples_total{"), "{text}");
    assert!(text.contains("fluxnoc_remote_write_failures_total{destination=\"there\"}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_wants_to_be_asked_later_is_asked_later() {
    let busy = |_| {
        let answer = Response::builder().status(429).header("Retry-After", "2");
        answer.body(Body::from("slow down")).unwrap()
    };
    let receiver = Receiver::start(busy).await;
    let mut stage = Stage::start(&[to(&receiver.url)]);
    let began = Instant::now();
    stage.put(1);
    receiver.until("a first request", |got| !got.is_empty()).await;
    receiver.answers(|_| status(200));
    receiver.until("a second request", |got| got.len() > 1).await;
    assert!(began.elapsed() >= Duration::from_secs(2), "{:?}", began.elapsed());
    stage.until("fluxnoc_remote_write_samples_total{destination=\"there\"} 6").await;
    assert_eq!(receiver.got().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_is_dropped_counted_and_the_next_goes_on() {
    // What speaks of the moment is no refusal: the same request comes again.
    let first = |n| match n {
        1 => status(408),
        2 => status(425),
        3 => status(400),
        _ => status(204),
    };
    let receiver = Receiver::start(first).await;
    let mut stage = Stage::start(&[to(&receiver.url)]);
    stage.put(5);
    let lost =
        "fluxnoc_remote_write_lost_samples_total{destination=\"there\",reason=\"refused\"} 10";
    stage.until(lost).await;
    let after = stage.put(5);
    stage.until("fluxnoc_remote_write_samples_total{destination=\"there\"} 10").await;
    assert_eq!(times(&taken(&receiver.got()), "0"), [after]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_drops_the_oldest_counts_them_and_nobody_waits() {
    let receiver = Receiver::start(|_| status(503)).await;
    let bounds = RemoteWrite { queue: 1_000, batch: 100, ..to(&receiver.url) };
    let mut stage = Stage::start(&[bounds]);
    stage.put(1);
    receiver.until("it is failing", |got| !got.is_empty()).await;
    let began = Instant::now();
    let put: Vec<i64> = (0..1_000).map(|_| stage.put(45)).collect();
    // Ten thousand parcels a second at least, whatever the receiver does.
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    // 50 samples each; 20 of them have room.
    let lost =
        "fluxnoc_remote_write_lost_samples_total{destination=\"there\",reason=\"dropped\"} 49000";
    stage.until(lost).await;
    stage.until("fluxnoc_remote_write_waiting_samples{destination=\"there\"} 1000").await;
    receiver.answers(|_| status(204));
    stage.until("fluxnoc_remote_write_waiting_samples{destination=\"there\"} 0").await;
    stage.end().await;
    let times = times(&taken(&receiver.got()), "40");
    assert_eq!(times, put[980..], "the latest, in their order");
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_mean_ill_cost_no_more_than_their_request() {
    let hostile = |n| match n {
        1 => Response::builder().status(500).body(Body::from(vec![0x1b; 8 << 20])).unwrap(),
        2 => Response::builder()
            .status(429)
            .header("Retry-After", "99999999999999999999")
            .body(Body::from("\u{1b}]0;owned\u{7}\u{202e}"))
            .unwrap(),
        _ => status(204),
    };
    let receiver = Receiver::start(hostile).await;
    let mut stage = Stage::start(&[to(&receiver.url)]);
    stage.put(1);
    stage.until("fluxnoc_remote_write_samples_total{destination=\"there\"} 6").await;
    // A redirect is not followed: what is sent is for the receiver that is configured.
    let elsewhere = Receiver::start(|_| status(204)).await;
    let there = elsewhere.url.clone();
    receiver.answers(move |_| {
        Response::builder().status(307).header("Location", &there).body(Body::empty()).unwrap()
    });
    stage.put(1);
    let lost =
        "fluxnoc_remote_write_lost_samples_total{destination=\"there\",reason=\"refused\"} 6";
    stage.until(lost).await;
    assert!(elsewhere.got().is_empty());
}

/// A receiver that takes connections and never answers.
async fn silent() -> (String, Arc<AtomicUsize>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let count = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&count);
    tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            seen.fetch_add(1, Ordering::SeqCst);
            open.push(stream);
        }
    });
    (url, count)
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_never_answers_holds_up_nobody_and_not_the_end() {
    let (url, asked) = silent().await;
    let receiver = Receiver::start(|_| status(204)).await;
    let mute = RemoteWrite { name: "mute".into(), timeout: Span::from_secs(60), ..to(&url) };
    let mut stage = Stage::start(&[mute, to(&receiver.url)]);
    let at = stage.put(3);
    stage.until("fluxnoc_remote_write_samples_total{destination=\"there\"} 8").await;
    assert_eq!(times(&taken(&receiver.got()), "2"), [at]);
    while asked.load(Ordering::SeqCst) == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let began = Instant::now();
    let text = stage.end().await.text();
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    let lost = "fluxnoc_remote_write_lost_samples_total{destination=\"mute\",reason=\"dropped\"} 8";
    assert!(text.contains(lost), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_logs_in_and_what_else_is_said() {
    let receiver = Receiver::start(|_| status(204)).await;
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("secret");
    std::fs::write(&file, "hush\n").unwrap();
    let secret = Some(Secret::File(file.display().to_string()));
    let url = &receiver.url;
    let basic = RemoteWrite {
        name: "basic".into(),
        user: Some("noc".to_owned()),
        password: secret.clone(),
        headers: [("X-Scope-OrgID".to_owned(), "noc".to_owned())].into(),
        ..to(url)
    };
    let bearer = RemoteWrite { token: secret, ..to(url) };
    let mut stage = Stage::start(&[basic, bearer]);
    stage.put(1);
    stage.end().await;
    let got = receiver.until("both", |got| got.len() == 2).await;
    let seen: Mutex<Vec<String>> = Mutex::default();
    for one in &got {
        let tenant = one.header("x-scope-orgid").unwrap_or("-");
        let login = one.header("authorization").unwrap_or_default();
        seen.lock().unwrap().push(format!("{tenant} {login}"));
    }
    let mut seen = seen.into_inner().unwrap();
    seen.sort();
    assert_eq!(seen, ["- Bearer hush", "noc Basic bm9jOmh1c2g="]);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_fails_for_long_is_said_to_and_another_configuration_is_followed() {
    let receiver = Receiver::start(|_| status(500)).await;
    let mut stage = Stage::start(&[to(&receiver.url)]);
    stage.put(1);
    receiver.until("a request", |got| !got.is_empty()).await;
    stage.until("fluxnoc_remote_write_failures_total{destination=\"there\"} 1").await;
    let tap = stage.tap.as_mut().unwrap();
    let mut later = now();
    assert!(tap.look(later).is_empty());
    later.steady = later.steady + Span::from_secs(301);
    let trouble = tap.look(later);
    assert_eq!(trouble.len(), 1);
    assert_eq!((&*trouble[0].name, trouble[0].why.as_str()), ("there", "HTTP 500"));
    // The same one is kept as it is; another takes its place.
    assert!(!tap.follow(&[to(&receiver.url)]));
    let good = Receiver::start(|_| status(204)).await;
    assert!(tap.follow(&[to(&good.url)]));
    let at = stage.put(2);
    let got = good.until("what is new", |got| !got.is_empty()).await;
    assert_eq!(times(&taken(&got), "1"), [at]);
    assert!(stage.tap.as_ref().unwrap().look(later).is_empty());
}
