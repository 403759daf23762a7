//! Parents on the engine with a manual clock: who is asked, what is collapsed, and who is told of what
//! is left (SPEC D-05, FAULTS I21).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails so")]

#[path = "common/lab.rs"]
mod lab;

use fluxnoc::clock::Clock;
use fluxnoc::engine::{Inventory, Watcher};
use fluxnoc::model::{
    Alert, Cause, CauseStage, CheckKey, Failure, FailureKind, Observation, Phase, Span, State,
    Topic,
};
use fluxnoc::protocol::{Answer, Command, Event, NewMaintenance, Outcome, Query};
use lab::{Lab, START, asked, good, inventory};

/// No answer to any ping.
fn silent() -> Observation {
    Observation::failed(Failure::new(FailureKind::Unreachable, "no answer from 127.0.0.1"))
}

/// Hosts, each with its parents; every one has `ping`, which tells whether it can be reached, and
/// those with parents `http`. A problem of a child is hard at once.
fn network(hosts: &[(&str, &[&str])]) -> Inventory {
    let made = hosts.iter().map(|(name, parents)| {
        let checks: &[&str] = if parents.is_empty() { &["ping"] } else { &["ping", "http"] };
        let (mut host, mut checks) = lab::host(name, checks);
        host.parents = parents.iter().map(|parent| (*parent).into()).collect();
        host.alive = Some("ping".into());
        if !parents.is_empty() {
            checks.iter_mut().for_each(|check| check.attempts = 1);
        }
        (host, checks)
    });
    inventory(made.collect())
}

async fn started(dir: &tempfile::TempDir, hosts: &[(&str, &[&str])]) -> Lab {
    Lab::start(dir.path(), network(hosts), Clock::manual(START)).await
}

fn key(text: &str) -> CheckKey {
    text.parse().unwrap()
}

fn alert(lab: &Lab, check: &str) -> Alert {
    Alert::clone(lab.world.alert_of(&key(check)).unwrap_or_else(|| panic!("no alert of {check}")))
}

/// `core-1/ping down`.
fn cause(lab: &Lab, check: &str) -> String {
    let words = |Cause { check, stage, .. }: Cause| match stage {
        CauseStage::Doubt => format!("{check} doubt"),
        CauseStage::Down => format!("{check} down"),
        CauseStage::Over => format!("{check} over"),
    };
    alert(lab, check).cause.map_or("none".to_owned(), words)
}

/// What people know of.
fn told(lab: &Lab) -> Vec<String> {
    let told = lab.world.open_alerts().filter(|alert| alert.notified.is_some());
    let mut told: Vec<String> = told.map(|alert| alert.check.to_string()).collect();
    told.sort();
    told
}

/// `core-1/ping` is down for sure.
async fn down(lab: &mut Lab, check: &str) {
    lab.report_times(3, check, &silent()).await;
}

/// A parent and its child, both of which answered, and the worker that is told whom to ask.
async fn parent_and_child(dir: &tempfile::TempDir) -> (Lab, Watcher) {
    let mut lab = started(dir, &[("core-1", &[]), ("web-1", &["core-1"])]).await;
    lab.report("core-1/ping", good()).await;
    lab.report("web-1/ping", good()).await;
    lab.clock.advance(Span::from_secs(20));
    let worker = lab.worker().await;
    (lab, worker)
}

#[tokio::test]
async fn d_05_core_1_down_42_affected_is_one_alert() {
    let dir = tempfile::tempdir().unwrap();
    let names: Vec<String> = (0..42).map(|n| format!("web-{n}")).collect();
    let mut hosts: Vec<(&str, &[&str])> = vec![("core-1", &[])];
    hosts.extend(names.iter().map(|name| (name.as_str(), &["core-1"][..])));
    let mut lab = started(&dir, &hosts).await;
    lab.report("core-1/ping", good()).await;
    down(&mut lab, "core-1/ping").await;
    assert!(lab.last_words().await.ends_with("; 42 hosts affected"), "{}", lab.last_words().await);
    let children: Vec<CheckKey> = names
        .iter()
        .flat_map(|name| [format!("{name}/ping"), format!("{name}/http")])
        .map(|text| key(&text))
        .collect();
    lab.report_all(&children, &silent(), 85).await;
    assert_eq!((lab.world.unhandled(), told(&lab)), (1, vec!["core-1/ping".to_owned()]));
    assert_eq!(lab.world.affected(&key("core-1/ping")), 84);
    assert!(lab.world.open_alerts().all(|alert| alert.phase == Phase::Firing));

    // It is back: what it explained is run at once, and none of it is told before.
    let mut worker = lab.worker().await;
    lab.report("core-1/ping", good()).await;
    let mut run = asked(&mut worker).await;
    run.sort();
    let mut wanted = children.clone();
    wanted.sort();
    assert_eq!(run, wanted);
    assert_eq!((lab.world.unhandled(), told(&lab).len()), (0, 0));
    lab.clock.advance(Span::from_secs(1));
    lab.report_all(&children[1..], &good(), 1).await;
    lab.report("web-0/ping", silent()).await;
    assert_eq!((lab.world.unhandled(), told(&lab)), (1, vec!["web-0/ping".to_owned()]));
    assert!(
        lab.last_words().await.starts_with("core-1/ping explains it no more, and this is left")
    );
}

#[tokio::test]
async fn d_05_a_child_that_fails_first_has_its_parent_asked_and_waits() {
    let dir = tempfile::tempdir().unwrap();
    let (mut lab, mut worker) = parent_and_child(&dir).await;
    lab.report("web-1/ping", silent()).await;
    assert_eq!(asked(&mut worker).await, [key("core-1/ping")]);
    assert_eq!(cause(&lab, "web-1/ping"), "core-1/ping doubt");
    assert_eq!((lab.world.unhandled(), told(&lab).len()), (0, 0), "nobody is told before it says");
    down(&mut lab, "core-1/ping").await;
    assert_eq!(cause(&lab, "web-1/ping"), "core-1/ping down");
    assert_eq!(told(&lab), ["core-1/ping"]);
    assert_eq!(lab.edges().await, ["fired", "fired", "cause_began"]);
}

#[tokio::test]
async fn d_05_a_child_whose_parent_answers_is_told_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let (mut lab, mut worker) = parent_and_child(&dir).await;
    lab.report("web-1/http", lab::refused()).await;
    assert_eq!(asked(&mut worker).await, [key("web-1/ping")], "its own word comes first");
    assert_eq!(cause(&lab, "web-1/http"), "web-1/ping doubt");
    lab.report("web-1/ping", good()).await;
    assert_eq!((cause(&lab, "web-1/http"), told(&lab)), ("none".into(), vec!["web-1/http".into()]));

    // Somebody who fails already is not asked again: it is run often enough.
    lab.clock.advance(Span::from_secs(20));
    lab.report("core-1/ping", silent()).await;
    lab.report("web-1/ping", silent()).await;
    lab.report("core-1/ping", good()).await;
    assert_eq!(told(&lab), ["web-1/http", "web-1/ping"]);
}

#[tokio::test]
async fn d_05_a_parent_that_nobody_can_ask_keeps_nobody_waiting_for_long() {
    let dir = tempfile::tempdir().unwrap();
    let mut lab = started(&dir, &[("core-1", &[]), ("web-1", &["core-1"])]).await;
    lab.report("web-1/ping", silent()).await;
    assert_eq!((cause(&lab, "web-1/ping"), told(&lab).len()), ("core-1/ping doubt".into(), 0));
    lab.clock.advance(Span::from_secs(121));
    lab.until(
        "the end of the doubt",
        |event| matches!(event, Event::Alert(alert) if alert.cause.is_none()),
    )
    .await;
    assert_eq!((told(&lab), lab.world.unhandled()), (vec!["web-1/ping".into()], 1));
}

#[tokio::test]
async fn d_05_what_is_left_of_a_host_after_its_parent_is_back_is_one_alert_again() {
    let dir = tempfile::tempdir().unwrap();
    let mut lab = started(&dir, &[("core-1", &[]), ("web-1", &["core-1"])]).await;
    down(&mut lab, "core-1/ping").await;
    for check in ["web-1/ping", "web-1/http"] {
        lab.report(check, silent()).await;
        assert_eq!(cause(&lab, check), "core-1/ping down");
    }
    lab.clock.advance(Span::from_secs(10));
    lab.report("core-1/ping", good()).await;
    assert_eq!(cause(&lab, "web-1/http"), "core-1/ping over");
    lab.clock.advance(Span::from_secs(1));
    lab.report("web-1/http", silent()).await;
    assert_eq!(told(&lab), [""; 0], "its own ping says more");
    lab.report("web-1/ping", silent()).await;
    assert_eq!(told(&lab), ["web-1/ping"]);
    assert_eq!((cause(&lab, "web-1/http"), lab.world.unhandled()), ("web-1/ping down".into(), 1));
    lab.clock.advance(Span::from_secs(1));
    lab.report("web-1/ping", good()).await;
    lab.clock.advance(Span::from_secs(1));
    lab.report("web-1/http", good()).await;
    assert_eq!(lab.world.open_alerts().count(), 0);
}

#[tokio::test]
async fn d_05_what_is_explained_stays_so_over_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let hosts: &[(&str, &[&str])] = &[("core-1", &[]), ("web-1", &["core-1"])];
    let mut lab = started(&dir, hosts).await;
    down(&mut lab, "core-1/ping").await;
    lab.report("web-1/ping", silent()).await;
    let before = (alert(&lab, "web-1/ping"), lab.edges().await);
    let (_, clock) = lab.stop().await;
    let mut lab = Lab::start(dir.path(), network(hosts), clock).await;
    lab.clock.advance(Span::from_secs(5));
    lab.report("web-1/ping", silent()).await;
    assert_eq!(before, (alert(&lab, "web-1/ping"), lab.edges().await), "nothing new is told");

    // It answers while nobody looks, and the engine is stopped again before the child is run.
    lab.report("core-1/ping", good()).await;
    let (_, clock) = lab.stop().await;
    let mut lab = Lab::start(dir.path(), network(hosts), clock).await;
    assert_eq!((cause(&lab, "web-1/ping"), told(&lab).len()), ("core-1/ping over".into(), 0));
    lab.clock.advance(Span::from_secs(5));
    lab.report("core-1/ping", good()).await;
    lab.report("web-1/ping", silent()).await;
    assert_eq!((cause(&lab, "web-1/ping"), told(&lab)), ("none".into(), vec!["web-1/ping".into()]));
}

#[tokio::test]
async fn d_05_a_window_covers_what_is_behind_its_hosts_and_follows_the_configuration() {
    let dir = tempfile::tempdir().unwrap();
    let hosts: &[(&str, &[&str])] = &[
        ("core-1", &[]),
        ("core-2", &[]),
        ("web-1", &["core-1"]),
        ("both", &["core-1", "core-2"]),
    ];
    let mut lab = started(&dir, hosts).await;
    let now = lab.clock.now().wall;
    let window = NewMaintenance {
        name: "core".to_owned(),
        host_pattern: "core-1".parse().ok(),
        check: None,
        hosts: [].into(),
        checks: [].into(),
        children: true,
        start: now,
        end: now + Span::from_secs(3600),
        repeats: None,
        suppress_notifications: true,
        created_by: None,
    };
    let Ok(Outcome::Maintenance(made)) = lab.execute(Command::AddMaintenance(window)).await else {
        panic!("no window")
    };
    assert_eq!(made.children, Some(["web-1".into()].into()), "the other has another way");
    assert_eq!(made.scope(), "core-1, 1 behind");
    for check in ["web-1/http", "both/http"] {
        lab.report(check, lab::refused()).await;
    }
    lab.clock.advance(Span::from_secs(1));
    for check in ["web-1/ping", "both/ping"] {
        lab.report(check, good()).await;
    }
    assert_eq!(told(&lab), ["both/http"]);
    assert!(alert(&lab, "web-1/http").suppressed);
    assert!(lab.world.window(made.id).unwrap().covers_host("web-1", lab.clock.now().wall));

    // Another way to it, and none to the other: the window follows, and what it hid is told.
    let ways: &[(&str, &[&str])] =
        &[("core-1", &[]), ("core-2", &[]), ("web-1", &["core-2"]), ("both", &["core-1"])];
    *lab.inventory.lock().unwrap() = Ok(network(ways));
    lab.execute(Command::Reload).await.unwrap();
    for _ in 0..2 {
        lab.clock.advance(Span::from_secs(1));
        lab.query(Query::Engine).await;
    }
    // In whichever order the two are looked at.
    let mut left = vec![("web-1", false), ("both", true)];
    let moved = |event: &Event| {
        if let Event::Alert(alert) = event {
            left.retain(|(host, hidden)| {
                *alert.check.host != **host || alert.suppressed != *hidden
            });
        }
        left.is_empty()
    };
    lab.until("what it hid is told, and the other hidden", moved).await;
    assert_eq!(told(&lab), ["both/http", "web-1/http"]);
    assert_eq!(lab.world.window(made.id).unwrap().children, Some(["both".into()].into()));
    assert!(alert(&lab, "both/http").suppressed);

    // The store keeps that it is so, the configuration which those are.
    let (_, clock) = lab.stop().await;
    let mut lab = Lab::start(dir.path(), network(hosts), clock).await;
    lab.clock.advance(Span::from_secs(2));
    let web = |event: &Event| matches!(event, Event::Maintenance(w) if w.children == Some(["web-1".into()].into()));
    if lab.world.window(made.id).unwrap().children != Some(["web-1".into()].into()) {
        lab.until("the ways of now", web).await;
    }
}

#[tokio::test]
async fn d_05_another_way_in_the_configuration_frees_what_was_explained() {
    let dir = tempfile::tempdir().unwrap();
    let mut lab = started(&dir, &[("core-1", &[]), ("web-1", &["core-1"])]).await;
    down(&mut lab, "core-1/ping").await;
    lab.report("web-1/http", silent()).await;
    assert_eq!(cause(&lab, "web-1/http"), "core-1/ping down");
    let mut wanted = network(&[("core-1", &[]), ("web-1", &["core-1"])]);
    wanted.hosts[1].parents.clear();
    wanted.hosts[1].alive = None;
    *lab.inventory.lock().unwrap() = Ok(wanted);
    lab.execute(Command::Reload).await.unwrap();
    lab.clock.advance(Span::from_secs(2));
    lab.query(Query::Engine).await;
    // Nobody is told of it: it may gather a quarter of a second.
    lab.clock.advance(Span::from_millis(300));
    while cause(&lab, "web-1/http") != "core-1/ping over" {
        lab.until("the look at the ways", |event| matches!(event, Event::Alert(_))).await;
    }
    lab.claim().await;
    lab.report("web-1/http", silent()).await;
    assert_eq!(cause(&lab, "web-1/http"), "none");
    assert_eq!(alert(&lab, "web-1/http").notified, Some(State::Unknown));
}

/// Two canaries and three others, all hard at once but the canaries.
fn watched() -> Inventory {
    let mut all = network(&[("gw", &[]), ("dns", &[]), ("a", &[]), ("b", &[]), ("c", &[])]);
    all.hosts.iter_mut().take(2).for_each(|host| host.canary = true);
    all.checks.iter_mut().skip(2).for_each(|check| check.attempts = 1);
    all
}

/// A service that does not answer: CRITICAL, were it so.
fn timeout() -> Observation {
    Observation::failed(Failure::new(FailureKind::Timeout, "no answer in 10 s"))
}

#[tokio::test]
async fn t20_an_isolated_engine_has_one_alert_and_nothing_turns_critical() {
    let dir = tempfile::tempdir().unwrap();
    let mut lab = Lab::start(dir.path(), watched(), Clock::manual(START)).await;
    for check in ["gw/ping", "dns/ping", "a/ping", "b/ping"] {
        lab.report(check, good()).await;
    }
    // One that was CRITICAL before is, and somebody has it.
    lab.report("c/ping", timeout()).await;
    lab.report("gw/ping", good()).await;
    lab.report("c/ping", timeout()).await;
    lab.acknowledge("c", None, false).await;
    assert_eq!((lab.state("c/ping"), told(&lab)), ((State::Critical, true), vec!["c/ping".into()]));

    lab.clock.advance(Span::from_secs(20));
    let mut worker = lab.worker().await;
    lab.report("a/ping", timeout()).await;
    assert_eq!(asked(&mut worker).await, [key("gw/ping"), key("dns/ping")], "canaries first");
    assert_eq!(lab.state("a/ping"), (State::Critical, false), "not before they say something");
    lab.report("gw/ping", silent()).await;
    assert!(lab.world.engine().isolated.is_none(), "one of two may be down");
    lab.report("dns/ping", silent()).await;
    let banner = lab.world.engine().isolated.clone().expect("a banner");
    assert!(banner.as_str().contains("no canary answers (gw, dns)"), "{banner}");
    for check in ["a/ping", "b/ping", "c/ping"] {
        lab.report(check, timeout()).await;
        let row = lab.world.check(&key(check)).unwrap().status.clone();
        assert!(row.output.as_str().starts_with("isolated, no canary answers"), "{:?}", row.output);
        let wanted = if check == "c/ping" { State::Critical } else { State::Unknown };
        assert_eq!((row.state, row.hard), (wanted, true), "{check}");
    }
    for _ in 0..2 {
        lab.report("gw/ping", silent()).await;
        lab.report("dns/ping", silent()).await;
    }
    assert_eq!(told(&lab), ["c/ping", "gw/ping"], "the one alert");
    assert!(alert(&lab, "gw/ping").output.as_str().starts_with("this monitor is isolated"));
    for check in ["dns/ping", "a/ping", "b/ping", "c/ping"] {
        assert_eq!(cause(&lab, check), "gw/ping down", "{check}");
    }
    assert!(alert(&lab, "c/ping").ack.is_some(), "it did not change");
    assert_eq!(lab.world.unhandled(), 1);

    // It sees again: what it had not seen is run, and then all is as it was.
    lab.clock.advance(Span::from_secs(5));
    let mut worker = lab.worker().await;
    lab.report("dns/ping", good()).await;
    assert!(lab.world.engine().isolated.is_none());
    let run = asked(&mut worker).await;
    assert!(
        ["a/ping", "b/ping", "c/ping"].iter().all(|check| run.contains(&key(check))),
        "{run:?}"
    );
    lab.clock.advance(Span::from_secs(1));
    lab.report("gw/ping", good()).await;
    lab.report("a/ping", good()).await;
    lab.report("b/ping", timeout()).await;
    lab.report("c/ping", good()).await;
    assert_eq!(lab.world.open_alerts().count(), 1);
    assert_eq!((lab.state("b/ping"), told(&lab)), ((State::Critical, true), vec!["b/ping".into()]));

    // Whoever takes over learns for how long it saw nothing.
    let asked = Query::Handover { since: None, shift: None, before: None };
    let Answer::Handover(handover) = lab.query(asked).await else { panic!("no handover") };
    let part = handover.parts.iter().find(|part| part.topic == Topic::Unwatched).unwrap();
    let [blind] = part.rows.as_slice() else { panic!("{:?}", part.rows) };
    assert_eq!(blind.text.as_str(), "the engine was blind: no canary answered");
    let long = blind.until.unwrap().since(blind.at);
    assert!(long >= Span::from_secs(5) && long < Span::from_secs(10), "{long}");
}

#[tokio::test]
async fn t20_what_answers_and_what_is_of_this_machine_is_judged_as_ever() {
    let dir = tempfile::tempdir().unwrap();
    let mut wanted = watched();
    let system = fluxnoc::model::spec::SystemSpec::default();
    wanted.checks[3].spec = std::sync::Arc::new(fluxnoc::model::Spec::System(system));
    wanted.checks[3].attempts = 1;
    let mut lab = Lab::start(dir.path(), wanted, Clock::manual(START)).await;
    for check in ["gw/ping", "dns/ping"] {
        lab.report(check, silent()).await;
    }
    assert!(lab.world.engine().isolated.is_some());
    lab.report("a/ping", good()).await;
    assert_eq!(lab.state("a/ping"), (State::Ok, true), "something answered");
    lab.report("b/ping", lab::refused()).await;
    assert_eq!(lab.state("b/ping"), (State::Critical, true), "this machine's own");
}
