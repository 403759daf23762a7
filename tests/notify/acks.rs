//! Acknowledgements that run out: those within the same five minutes are renewed as one digest, each
//! with why; one alone waits for nobody, and what happens to an alert meanwhile does not wait.

use std::path::Path;
use std::time::{Duration, Instant};

use fluxnoc::clock::Clock;
use fluxnoc::model::Span;

use crate::lab::{Lab, START, good, refused};
use crate::lanes::{routes, wanted};
use crate::receiver::{Got, PATIENCE, Receiver, status};

const HOSTS: [&str; 5] = ["web-0", "web-1", "web-2", "web-3", "web-4"];

fn reasons(got: &[Got]) -> Vec<String> {
    got.iter().map(|one| one.json()["reason"].as_str().unwrap().to_owned()).collect()
}

/// A problem on each of so many hosts, told and then acknowledged until these seconds from the start.
async fn site(dir: &Path, ends: &[u64]) -> (Receiver, Lab) {
    let receiver = Receiver::start(|_| status(200)).await;
    let routes = routes(&[("hook", &receiver)]);
    let mut lab = Lab::start(dir, wanted(&HOSTS, &routes), Clock::manual(START)).await;
    for (host, end) in HOSTS.iter().zip(ends) {
        let check = format!("{host}/http");
        lab.report(&check, refused()).await;
        lab.acknowledge(&check, Some(START + Span::from_secs(*end)), true).await;
    }
    receiver.until("the problems", |got| got.len() == ends.len()).await;
    (receiver, lab)
}

/// Lets the clock go on to so many seconds from the start, second by second near the end.
async fn at(lab: &mut Lab, seconds: u64) {
    let goal = START + Span::from_secs(seconds);
    let rest = goal.since(lab.clock.now().wall);
    lab.clock.advance(Span::from_millis(rest.millis().saturating_sub(3000)));
    let end = Instant::now() + PATIENCE;
    while lab.clock.now().wall < goal + Span::from_secs(4) {
        assert!(Instant::now() < end);
        tokio::time::sleep(Duration::from_millis(20)).await;
        lab.clock.advance(Span::from_millis(500));
    }
    lab.drain();
}

#[tokio::test]
async fn acknowledgements_that_end_within_five_minutes_are_renewed_as_one_digest_that_says_why() {
    let dir = tempfile::tempdir().unwrap();
    let (receiver, mut lab) = site(dir.path(), &[3600, 3720, 3840, 3600, 7200]).await;
    at(&mut lab, 3600).await;
    at(&mut lab, 3720).await;
    assert_eq!(receiver.got().len(), 5, "they wait for the last: {:?}", reasons(&receiver.got()));
    assert_eq!(lab.world.unhandled(), 3, "and are seen at once");
    at(&mut lab, 3840).await;
    let got = receiver.until("the digest", |got| got.len() == 6).await;
    let body = got[5].json();
    assert_eq!(
        (&body["reason"], &body["text"]),
        (&"digest".into(), &"4 alerts: 4 CRITICAL".into())
    );
    let items = body["digest"]["items"].as_array().unwrap();
    for item in items {
        let text = item["text"].as_str().unwrap();
        let why = text.starts_with("acknowledgement by noc ran out after ");
        assert!(why && text.ends_with("still connection refused by 127.0.0.1:80"), "{text}");
    }
    assert_eq!(items.len(), 4);
    // The last one ends by itself, much later: it waits for nobody and is told as it always was.
    at(&mut lab, 7200).await;
    let got = receiver.until("the last", |got| got.len() == 7).await;
    let body = got[6].json();
    assert_eq!((&body["reason"], &body["host"]), (&"ack_expired".into(), &"web-4".into()));
}

#[tokio::test]
async fn what_happens_to_an_alert_does_not_wait_for_other_acknowledgements() {
    let dir = tempfile::tempdir().unwrap();
    let (receiver, mut lab) = site(dir.path(), &[3600, 3840]).await;
    at(&mut lab, 3600).await;
    assert_eq!(receiver.got().len(), 2);
    lab.report("web-0/http", good()).await;
    let got = receiver.until("its end", |got| got.len() == 4).await;
    assert_eq!(reasons(&got[2..]), ["ack_expired", "recovered"], "in order, and at once");
    at(&mut lab, 3840).await;
    let got = receiver.until("the other", |got| got.len() == 5).await;
    assert_eq!(reasons(&got[4..]), ["ack_expired"]);
}

#[tokio::test]
async fn a_restart_keeps_what_waits_for_other_acknowledgements() {
    let dir = tempfile::tempdir().unwrap();
    let (receiver, mut lab) = site(dir.path(), &[3600, 3600, 3840]).await;
    at(&mut lab, 3600).await;
    let routes = routes(&[("hook", &receiver)]);
    let (_, clock) = lab.stop().await;
    let mut lab = Lab::start(dir.path(), wanted(&HOSTS, &routes), clock).await;
    at(&mut lab, 3840).await;
    let got = receiver.until("both digests", |got| got.len() >= 5).await;
    assert_eq!(reasons(&got[3..]).len(), 2, "{:?}", reasons(&got));
    assert!(reasons(&got[3..]).contains(&"digest".to_owned()), "{:?}", reasons(&got));
}
