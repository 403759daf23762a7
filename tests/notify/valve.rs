//! Many at once: the storm valve and groups. One digest, the worst first, each alert in it once,
//! and nothing overtakes it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fluxnoc::clock::Clock;
use fluxnoc::model::{ChannelKind, CheckKey, Format, GroupBy, Grouping, Routes, Secret, Span};
use fluxnoc::protocol::{Answer, DeliveryState, NotificationRow, Query};

use crate::delivery::{channel, hook};
use crate::lab::{Lab, START, good, refused, slow};
use crate::lanes::{routes, wanted};
use crate::receiver::{Got, PATIENCE, Receiver, status};

/// One each second of a manual clock, until something is so.
async fn until(lab: &mut Lab, what: &str, so: impl Fn() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !so() {
        assert!(Instant::now() < end, "{what}");
        lab.clock.advance(Span::from_secs(1));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    lab.drain();
}

fn reasons(got: &[Got]) -> Vec<String> {
    got.iter().map(|one| one.json()["reason"].as_str().unwrap().to_owned()).collect()
}

fn limited(routes: &Arc<Routes>, storm: u32) -> Arc<Routes> {
    let mut routes = (**routes).clone();
    routes.storms.insert("hook".into(), storm);
    Arc::new(routes)
}

fn keys(names: &[String]) -> Vec<CheckKey> {
    names.iter().map(|name| CheckKey::new(name.as_str(), "http")).collect()
}

async fn told(lab: &Lab, key: &CheckKey) -> Vec<NotificationRow> {
    let Answer::Alerts(alerts) = lab.query(Query::Alerts { all: true }).await else { panic!() };
    let id = alerts.iter().find(|a| a.host == key.host && a.check == key.name).unwrap().id;
    let Answer::Alert(page) = lab.query(Query::Alert { id }).await else { panic!() };
    page.notifications
}

#[tokio::test]
async fn three_thousand_in_one_second_are_one_digest_with_critical_first() {
    const ALL: usize = 3_000;
    let receiver = Receiver::start(|_| status(200)).await;
    let routes = limited(&routes(&[("hook", &receiver)]), 30);
    let names: Vec<String> = (0..ALL).map(|n| format!("web-{n:04}")).collect();
    let hosts: Vec<&str> = names.iter().map(String::as_str).collect();
    let dir = tempfile::tempdir().unwrap();
    let mut lab = Lab::start(dir.path(), wanted(&hosts, &routes), Clock::manual(START)).await;
    let keys = keys(&names);
    let (warning, critical) = keys.split_at(ALL / 2);
    lab.report_all(warning, &slow(), ALL / 2).await;
    lab.report_all(critical, &refused(), ALL).await;
    until(&mut lab, "the digest", || !receiver.got().is_empty()).await;
    for _ in 0..120 {
        lab.clock.advance(Span::from_secs(1));
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let got = receiver.got();
    assert_eq!(reasons(&got), ["digest"], "one digest, and nothing besides it");
    let body = got[0].json();
    assert_eq!(body["text"], "3000 alerts: 1500 CRITICAL, 1500 WARNING");
    assert_eq!(body["state"], "CRITICAL");
    let digest = &body["digest"];
    let items = digest["items"].as_array().unwrap();
    assert!(items.len() >= 50 && items.iter().all(|item| item["state"] == "CRITICAL"), "{items:?}");
    assert_eq!(digest["more"].as_u64().unwrap() as usize, ALL - items.len());
    let named: BTreeSet<&str> = items.iter().map(|item| item["host"].as_str().unwrap()).collect();
    assert_eq!(named.len(), items.len(), "none twice");
    assert!(got[0].body.len() < 64 << 10, "{} bytes", got[0].body.len());
    for at in [0, ALL / 2, ALL - 1] {
        let rows = told(&lab, &keys[at]).await;
        let [row] = rows.as_slice() else { panic!("{rows:?}") };
        assert_eq!(row.state, DeliveryState::Digest);
        assert!(row.sent_at.is_some(), "{row:?}");
    }
    let (path, _) = lab.stop().await;
    let dump = std::process::Command::new("sqlite3")
        .arg(&path)
        .arg(
            "SELECT state, COUNT(*), COUNT(DISTINCT alert), COUNT(DISTINCT digest) FROM outbox \
              WHERE reason <> 'digest' GROUP BY state",
        )
        .output();
    if let Ok(dump) = dump {
        assert_eq!(String::from_utf8(dump.stdout).unwrap().trim(), "digest|3000|3000|1");
    }
}

#[tokio::test]
async fn a_few_go_one_by_one_and_the_valve_counts_those_before() {
    let receiver = Receiver::start(|_| status(200)).await;
    let routes = limited(&routes(&[("hook", &receiver)]), 3);
    let names: Vec<String> = (0..8).map(|n| format!("web-{n}")).collect();
    let hosts: Vec<&str> = names.iter().map(String::as_str).collect();
    let dir = tempfile::tempdir().unwrap();
    let mut lab = Lab::start(dir.path(), wanted(&hosts, &routes), Clock::manual(START)).await;
    let keys = keys(&names);
    lab.report_all(&keys[..3], &refused(), 3).await;
    receiver.until("three by themselves", |got| got.len() == 3).await;
    lab.report_all(&keys[3..], &refused(), 8).await;
    let receiver_got = || receiver.got().len() > 3;
    until(&mut lab, "the digest", receiver_got).await;
    let got = receiver.got();
    assert_eq!(reasons(&got), ["first", "first", "first", "digest"]);
    assert_eq!(got[3].json()["digest"]["alerts"], 5);
    lab.clock.advance(Span::from_secs(61));
    lab.report_all(&keys[..2], &good(), 6).await;
    let got = receiver.until("calm again", |got| got.len() == 6).await;
    assert_eq!(reasons(&got[4..]), ["recovered", "recovered"]);
    lab.stop().await;
}

#[tokio::test]
async fn nothing_of_an_alert_overtakes_the_digest_that_tells_it_and_a_repeat_has_the_same_bytes() {
    let receiver = Receiver::start(|n| status(if n < 4 { 503 } else { 200 })).await;
    let routes = limited(&routes(&[("hook", &receiver)]), 3);
    let names: Vec<String> = (0..8).map(|n| format!("web-{n}")).collect();
    let hosts: Vec<&str> = names.iter().map(String::as_str).collect();
    let dir = tempfile::tempdir().unwrap();
    let clock = Clock::manual(START);
    let mut lab = Lab::start(dir.path(), wanted(&hosts, &routes), clock).await;
    lab.report_all(&keys(&names), &refused(), 8).await;
    until(&mut lab, "the digest is refused", || !receiver.got().is_empty()).await;
    lab.report("web-5/http", good()).await;
    assert_eq!(reasons(&receiver.got()), ["digest"]);
    // A restart in between: the same digest under the same key.
    let (_, clock) = lab.stop().await;
    let mut lab = Lab::start(dir.path(), wanted(&hosts, &routes), clock).await;
    until(&mut lab, "the recovery", || reasons(&receiver.got()).contains(&"recovered".into()))
        .await;
    let got = receiver.got();
    assert_eq!(reasons(&got), ["digest", "digest", "digest", "digest", "recovered"]);
    assert!(got[..4].iter().all(|one| one.body == got[0].body), "other bytes");
    let key = |at: usize| got[at].header("idempotency-key").map(str::to_owned);
    assert_eq!(key(0), key(3));
    assert_eq!(got[0].json()["digest"]["alerts"], 8);
    lab.stop().await;
}

/// Where the other side keeps an incident of each alert, only its own end closes it.
#[tokio::test]
async fn what_was_told_by_itself_ends_by_itself_where_incidents_are_kept() {
    let receiver = Receiver::start(|_| status(202)).await;
    let mut pager = hook(&receiver.url, Format::Pagerduty);
    pager.routing_key = Some(Secret::Inline("R0UTE".to_owned()));
    let mut routes = (*limited(&routes(&[("hook", &receiver)]), 2)).clone();
    routes.channels.insert("hook".into(), channel("hook", ChannelKind::Webhook(pager)));
    let names: Vec<String> = (0..6).map(|n| format!("web-{n}")).collect();
    let hosts: Vec<&str> = names.iter().map(String::as_str).collect();
    let dir = tempfile::tempdir().unwrap();
    let wanted = wanted(&hosts, &Arc::new(routes));
    let mut lab = Lab::start(dir.path(), wanted, Clock::manual(START)).await;
    let keys = keys(&names);
    lab.report_all(&keys[..2], &refused(), 2).await;
    receiver.until("two by themselves", |got| got.len() == 2).await;
    lab.report_all(&keys[2..], &refused(), 6).await;
    until(&mut lab, "the digest", || receiver.got().len() == 3).await;
    lab.clock.advance(Span::from_secs(40));
    lab.report_all(&keys, &good(), 0).await;
    until(&mut lab, "two ends and a digest", || receiver.got().len() >= 6).await;
    let got: Vec<serde_json::Value> = receiver.got().iter().map(Got::json).collect();
    let action = |n: usize| got[n]["event_action"].as_str().unwrap();
    let key = |n: usize| got[n]["dedup_key"].as_str().unwrap().to_owned();
    assert_eq!((action(0), action(1), action(2)), ("trigger", "trigger", "trigger"));
    let ended: BTreeSet<String> = (3..6).filter(|n| action(*n) == "resolve").map(key).collect();
    assert!(ended.contains(&key(0)) && ended.contains(&key(1)), "{ended:?}");
    let digest = got[3..].iter().find(|one| one["payload"]["component"] == "digest").unwrap();
    assert_eq!(digest["payload"]["custom_details"]["text"], "4 alerts: 4 recovered");
    lab.stop().await;
}

/// A list may say how often what nobody has is told again.
#[tokio::test]
async fn a_list_says_how_often_is_told_again() {
    let receiver = Receiver::start(|_| status(200)).await;
    let mut routes = (*routes(&[("hook", &receiver)])).clone();
    routes.repeats.insert("all".into(), Span::from_secs(90));
    let dir = tempfile::tempdir().unwrap();
    let wanted = wanted(&["web-0"], &Arc::new(routes));
    let mut lab = Lab::start(dir.path(), wanted, Clock::manual(START)).await;
    lab.report("web-0/http", refused()).await;
    receiver.until("the first", |got| got.len() == 1).await;
    let before = lab.clock.now().wall;
    until(&mut lab, "the reminder", || receiver.got().len() == 2).await;
    let waited = lab.clock.now().wall.since(before);
    assert!(waited >= Span::from_secs(85) && waited < Span::from_secs(120), "{waited}");
    assert_eq!(reasons(&receiver.got()), ["first", "reminder"]);
    lab.acknowledge("web-0/http", None, true).await;
    lab.clock.advance(Span::from_secs(200));
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(receiver.got().len(), 2, "somebody has it");
    lab.stop().await;
}

#[tokio::test]
async fn a_list_is_told_by_group_and_each_group_waits_for_its_interval() {
    let receiver = Receiver::start(|_| status(200)).await;
    let mut routes = (*routes(&[("hook", &receiver)])).clone();
    let rule = Grouping {
        by: vec![GroupBy::Label("site".to_owned())],
        wait: Span::from_secs(10),
        interval: Span::from_secs(60),
    };
    routes.groupings.insert("all".into(), rule);
    let routes = Arc::new(routes);
    let names: Vec<String> = (0..6).map(|n| format!("web-{n}")).collect();
    let hosts: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut wanted = wanted(&hosts, &routes);
    for (n, host) in wanted.hosts.iter_mut().enumerate() {
        let site = ["dal", "fra"][usize::from(n >= 5)];
        host.labels.insert("site".to_owned(), site.to_owned());
    }
    let dir = tempfile::tempdir().unwrap();
    let mut lab = Lab::start(dir.path(), wanted, Clock::manual(START)).await;
    let keys = keys(&names);
    // Four of one site, one of the other.
    lab.report_all(&[&keys[..4], &keys[5..6]].concat(), &refused(), 5).await;
    lab.clock.advance(Span::from_secs(9));
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(receiver.got().len(), 0, "others may come");
    until(&mut lab, "both groups", || receiver.got().len() == 2).await;
    let mut first = reasons(&receiver.got());
    first.sort();
    assert_eq!(first, ["digest", "first"], "one alert of a group goes by itself");
    let told_at = lab.clock.now().wall;
    lab.report("web-4/http", refused()).await;
    until(&mut lab, "the next of the first group", || receiver.got().len() == 3).await;
    let waited = lab.clock.now().wall.since(told_at);
    assert!(waited >= Span::from_secs(55), "{waited}");
    assert_eq!(receiver.got()[2].json()["host"], "web-4");
    lab.stop().await;
}

/// The program itself, from its configuration to the receiver.
#[tokio::test(flavor = "multi_thread")]
async fn the_program_tells_forty_that_fail_together_as_one() {
    let receiver = Receiver::start(|_| status(200)).await;
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("config.toml");
    let mut text = format!(
        "[alerting]\ncontact_list = \"NOC Team\"\n\
         [[channel]]\nname = \"hook\"\nkind = \"webhook\"\nurl = \"{}\"\nstorm = 3\n\
         [[contact_list]]\nname = \"NOC Team\"\nchannels = [\"hook\"]\n",
        receiver.url
    );
    for n in 0..40 {
        text.push_str(&format!(
            "[[host]]\nname = \"shut-{n}\"\naddress = \"127.0.0.1\"\n\
             [[host.check]]\nkind = \"tcp\"\nport = 9\ninterval = \"1s\"\nattempts = 1\n"
        ));
    }
    std::fs::write(&config, text).unwrap();
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_fluxnoc"))
        .arg("--config")
        .arg(&config)
        .arg("--data-dir")
        .arg(dir.path().join("data"))
        .arg("__engine")
        .stdin(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let told = |got: &[Got]| -> u64 {
        let of = |one: &Got| one.json()["digest"]["alerts"].as_u64().unwrap_or(1);
        got.iter().map(of).sum()
    };
    let got = receiver.until("all of them", |got| told(got) == 40).await;
    let pid = nix::unistd::Pid::from_raw(i32::try_from(child.id()).unwrap());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).unwrap();
    child.wait().unwrap();
    assert!(got.len() <= 5, "{} messages: {:?}", got.len(), reasons(&got));
    assert!(reasons(&got).contains(&"digest".to_owned()));
}
