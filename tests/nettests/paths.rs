//! Paths that tests see: a change is an event with before and after, parallel paths are none, and a
//! schedule alerts when that is wanted.

use fluxnoc::engine::Inventory;
use fluxnoc::model::spec::TraceProtocol;
use fluxnoc::model::trace::{Hop, HopAddress, TraceReport};
use fluxnoc::model::{Measured, PathChange, SafeText, Span, State};
use fluxnoc::protocol::{Answer, Command, Query};
use serde_json::json;

use crate::lab::{host, inventory};
use crate::stage::AGENT;
use crate::traffic::Site;

const KEY: &str = "HQ-CORE/route";

fn wanted() -> Inventory {
    inventory(vec![host("web-1", &["ping"])])
}

/// What a trace saw: who answered at each hop, and the loss and round-trip time at the last.
fn way(hops: &[&[u8]], loss_pct: f64, ms: f64) -> Measured {
    let hop = |(at, addresses): (usize, &&[u8])| Hop {
        ttl: u8::try_from(at + 1).unwrap(),
        addresses: addresses
            .iter()
            .map(|n| HopAddress { address: [10, 0, 0, *n].into(), name: None })
            .collect(),
        sent: 10,
        received: 9,
        loss_pct,
        last_ms: Some(ms),
        avg_ms: Some(ms),
        best_ms: Some(ms),
        worst_ms: Some(ms),
        stddev_ms: None,
        jitter_ms: None,
        recent_ms: Vec::new(),
    };
    Measured::Trace(TraceReport {
        target: SafeText::line("192.0.2.9"),
        address: None,
        protocol: TraceProtocol::Icmp,
        rounds: 10,
        hops: hops.iter().enumerate().map(hop).collect(),
        reached: true,
        verdict: SafeText::empty(),
        note: SafeText::empty(),
    })
}

fn old() -> Measured {
    way(&[&[1], &[2], &[3], &[9]], 0.0, 12.0)
}

/// By three other routers: no branch of the old one.
fn new() -> Measured {
    way(&[&[4], &[5], &[6], &[9]], 2.0, 30.0)
}

async fn scheduled(site: &mut Site, alerts: bool) {
    let plan = serde_json::from_value(json!({
        "name": "route", "agent": AGENT, "target": "192.0.2.9", "test_type": "trace",
        "interval_seconds": 60, "consecutive_failures": 2, "alert_on_path_change": alerts,
    }))
    .unwrap();
    site.lab.execute(Command::AddSchedule { plan }).await.unwrap();
}

async fn run(site: &mut Site, result: Measured) -> State {
    let order = site.next().await;
    site.tell(&order, result).await;
    site.lab.state(KEY).0
}

async fn changes(site: &Site, check: Option<&str>) -> Vec<PathChange> {
    let (host, check) = (AGENT.into(), check.map(Into::into));
    let query = Query::PathChanges { host, check, limit: 100 };
    let Answer::PathChanges(all) = site.lab.query(query).await else { panic!() };
    all.into_iter().filter(|change| change.before.is_some()).collect()
}

fn is_open(site: &Site) -> bool {
    let alert = site.lab.world.alert_of(&KEY.parse().unwrap());
    alert.is_some_and(|alert| alert.fired.is_some())
}

#[tokio::test]
async fn fs_22_another_path_of_a_schedule_is_an_event_and_alerts_when_it_stays() {
    let dir = tempfile::tempdir().unwrap();
    let mut site = Site::new(dir.path(), wanted()).await;
    scheduled(&mut site, true).await;
    for _ in 0..2 {
        assert_eq!(run(&mut site, old()).await, State::Ok);
    }
    assert!(changes(&site, Some("route")).await.is_empty());
    assert_eq!(run(&mut site, new()).await, State::Warning);
    assert!(!is_open(&site), "once is not twice");
    let found = changes(&site, Some("route")).await;
    assert_eq!(found.len(), 1);
    let (before, after) = (found[0].before.as_ref().unwrap(), &found[0].after);
    assert_eq!((before.loss_pct, after.loss_pct), (Some(0.0), Some(2.0)));
    assert_eq!((before.rtt_ms, after.rtt_ms), (Some(12.0), Some(30.0)));
    assert_eq!(found[0].target.as_ref().map(SafeText::as_str), Some("192.0.2.9"));
    // What is known of it goes on after a start.
    let mut site = site.restart(dir.path(), wanted(), Span::from_secs(1)).await;
    assert_eq!(run(&mut site, new()).await, State::Warning);
    assert!(is_open(&site), "it stayed");
    let check = site.lab.world.check(&KEY.parse().unwrap()).unwrap();
    let words = check.status.output.to_string();
    for part in [
        "at hop 1: 10.0.0.1 -> 10.0.0.4 and 2 hops more",
        "loss 0.0 % -> 2.0 %",
        "RTT 12.0 ms -> 30.0 ms",
    ] {
        assert!(words.contains(part), "{part}: {words}");
    }
    assert_eq!(run(&mut site, new()).await, State::Ok, "then it is the usual one");
    assert!(!is_open(&site));
    assert_eq!(changes(&site, Some("route")).await.len(), 1);
    // There and back before anybody was told: two events, and no alert.
    assert_eq!(run(&mut site, old()).await, State::Warning);
    assert_eq!(run(&mut site, new()).await, State::Ok);
    assert!(!is_open(&site));
    assert_eq!(changes(&site, Some("route")).await.len(), 3);
}

#[tokio::test]
async fn fs_22_parallel_paths_are_no_change_and_nobody_is_told_unasked() {
    let dir = tempfile::tempdir().unwrap();
    let mut site = Site::new(dir.path(), wanted()).await;
    scheduled(&mut site, false).await;
    for branch in [&[2_u8][..], &[2, 3], &[2, 3], &[3], &[2], &[3], &[7, 3]] {
        let result = way(&[&[1], branch, &[9]], 0.0, 12.0);
        assert_eq!(run(&mut site, result).await, State::Ok);
    }
    assert!(changes(&site, Some("route")).await.is_empty());
    run(&mut site, way(&[&[1], &[8], &[9]], 0.0, 12.0)).await;
    assert_eq!(changes(&site, Some("route")).await.len(), 1, "it is an event all the same");
    assert_eq!(site.lab.state(KEY), (State::Ok, true), "and no alert");
}

#[tokio::test]
async fn fs_22_a_trace_by_hand_is_held_against_the_one_before_it() {
    let dir = tempfile::tempdir().unwrap();
    let mut site = Site::new(dir.path(), wanted()).await;
    let body = json!({ "test_type": "trace", "target": "192.0.2.9" });
    let mut words = Vec::new();
    for result in [old(), old(), new()] {
        if words.len() == 2 {
            site = site.restart(dir.path(), wanted(), Span::from_secs(20)).await;
        }
        let test = site.run(body.clone()).await.unwrap();
        let order = site.next().await;
        site.tell(&order, result).await;
        site.lab.clock.advance(Span::from_secs(20));
        let Answer::Test(test) = site.lab.query(Query::Test { id: test.id }).await else {
            panic!()
        };
        words.push(test.path_change.map(|change| change.words.to_string()));
    }
    assert_eq!(words[..2], [None, None]);
    assert!(words[2].as_ref().unwrap().contains("10.0.0.1 -> 10.0.0.4"), "{words:?}");
    let found = changes(&site, None).await;
    assert_eq!(found.len(), 1);
    assert!(found[0].test.is_some() && found[0].check.is_none());
}
