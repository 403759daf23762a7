//! What operators do, and take back: in the store, in the picture, in the log.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::too_many_lines,
    reason = "a test fails so"
)]

#[path = "common/lab.rs"]
mod lab;

use std::collections::BTreeSet;

use fluxnoc::clock::Clock;
use fluxnoc::model::spec::{Spec, TraceProtocol, TraceSpec};
use fluxnoc::model::trace::{Hop, HopAddress, TraceReport};
use fluxnoc::model::{
    AlertId, CheckKey, EdgeKind, Maintenance, Observation, Reason, RequestId, SafeText, Span,
};
use fluxnoc::protocol::{
    Actor, AlertPage, Answer, Command, DeliveryState, Event, LogFilter, LogKind, LogPage,
    NewMaintenance, Outcome, Problem, ProblemKind, Query, Role, Target,
};
use lab::{Lab, START, good, host, inventory, noc, refused};

fn ann() -> Actor {
    Actor::Local { name: SafeText::line("ann"), role: Role::Operator }
}

fn target(text: &str) -> Vec<Target> {
    vec![text.parse().unwrap()]
}

fn ack(targets: Vec<Target>) -> Command {
    let comment = "on it".to_owned();
    Command::Acknowledge { targets, comment, expires: None, sticky: false, notify: true }
}

fn over(hosts: &[&str], checks: &[&str], lab: &Lab) -> NewMaintenance {
    let now = lab.clock.now().wall;
    NewMaintenance {
        name: "marked".to_owned(),
        host_pattern: None,
        check: None,
        hosts: hosts.iter().map(|name| (*name).into()).collect(),
        checks: checks.iter().map(|key| key.parse().unwrap()).collect(),
        start: now,
        end: now + Span::from_secs(3600),
        children: false,
        repeats: None,
        suppress_notifications: true,
        created_by: None,
    }
}

/// A lab whose problems are hard at once.
async fn lab(dir: &tempfile::TempDir, hosts: &[(&str, &[&str])]) -> Lab {
    let mut wanted = inventory(hosts.iter().map(|(name, checks)| host(name, checks)).collect());
    for check in &mut wanted.checks {
        check.attempts = 1;
    }
    Lab::start(dir.path(), wanted, Clock::manual(START)).await
}

async fn dump(dir: &tempfile::TempDir, sql: &'static str) -> Vec<String> {
    use sqlx::Connection as _;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(dir.path().join("fluxnoc.db"));
    let mut connection = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::query_scalar(sql).fetch_all(&mut connection).await.unwrap()
}

const ALERTS: &str = "SELECT id || phase || state || COALESCE(ack, '') || COALESCE(notified, '') \
    || in_maintenance || suppressed FROM alerts ORDER BY id";
const OUTBOX: &str = "SELECT key FROM outbox ORDER BY key";

async fn page(lab: &Lab, key: &str) -> AlertPage {
    let id = alert(lab, key);
    let Answer::Alert(page) = lab.query(Query::Alert { id }).await else { panic!("no page") };
    *page
}

fn alert(lab: &Lab, key: &str) -> AlertId {
    lab.world.alert_of(&key.parse().unwrap()).expect("an alert").id
}

async fn log(lab: &Lab, filter: LogFilter) -> LogPage {
    let query = Query::Log { filter, before: None, limit: 1000 };
    let Answer::Log(page) = lab.query(query).await else { panic!("no log") };
    page
}

fn undone(outcome: Result<Outcome, Problem>) -> (usize, usize) {
    match outcome {
        Ok(Outcome::Done { count, failed, .. }) => (count, failed),
        other => panic!("{other:?}"),
    }
}

async fn undo(lab: &mut Lab, request: RequestId) -> Result<Outcome, Problem> {
    lab.execute_as(noc(), Command::Undo { request }).await.1
}

#[tokio::test]
async fn five_hundred_are_taken_in_one_request_and_given_back_as_they_were() {
    let dir = tempfile::tempdir().unwrap();
    let names: Vec<String> = (0..500).map(|n| format!("c{n}")).collect();
    let checks: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut lab = lab(&dir, &[("web-1", &checks)]).await;
    let keys: Vec<CheckKey> = names.iter().map(|name| CheckKey::new("web-1", &**name)).collect();
    lab.report_all(&keys, &refused(), 500).await;
    let before = (dump(&dir, ALERTS).await, dump(&dir, OUTBOX).await);
    assert_eq!((before.0.len(), before.1.len()), (500, 500));

    let mut targets: Vec<Target> =
        lab.world.open_alerts().map(|alert| Target::Alert(alert.id)).collect();
    targets.extend((0..150).map(|n| format!("gone-{n}/x").parse::<Target>().unwrap()));
    // The same alert by another name is done once.
    targets.extend(target("web-1/c7"));
    let (id, outcome) = lab.execute_as(noc(), ack(targets)).await;
    let Ok(Outcome::Done { count, failures, failed, undo_until }) = outcome else { panic!() };
    assert_eq!((count, failed, failures.len()), (500, 150, 100));
    assert_eq!(undo_until, Some(lab.clock.now().wall + Span::from_secs(10)));
    assert_eq!(dump(&dir, OUTBOX).await.len(), 1000, "those who know are told, later");
    assert_eq!(lab.world.unhandled(), 0);
    let told = page(&lab, "web-1/c7").await.notifications;
    assert_eq!((told[0].reason, told[0].state), (Reason::Acknowledged, DeliveryState::Due));

    lab.clock.advance(Span::from_secs(9));
    assert_eq!(undone(undo(&mut lab, id).await), (500, 0));
    assert_eq!((dump(&dir, ALERTS).await, dump(&dir, OUTBOX).await), before);
    assert_eq!(lab.world.unhandled(), 500);
    let again = undo(&mut lab, id).await.unwrap_err();
    assert_eq!(again.kind, ProblemKind::Conflict, "{again}");
}

#[tokio::test]
async fn an_undo_has_its_time_its_owner_and_its_limits() {
    let dir = tempfile::tempdir().unwrap();
    let mut lab = lab(&dir, &[("web-1", &["http", "ping"]), ("db-1", &["mysql"])]).await;
    for key in ["web-1/http", "web-1/ping", "db-1/mysql"] {
        lab.report(key, refused()).await;
    }
    let (id, _) = lab.execute_as(noc(), ack(target("web-1"))).await;
    let other = lab.execute_as(ann(), Command::Undo { request: id }).await.1.unwrap_err();
    assert_eq!(other.kind, ProblemKind::Forbidden, "{other}");
    // Ann takes one of the two over, the other recovers: neither is hers to lose.
    lab.execute_as(ann(), ack(target("web-1/http"))).await.1.unwrap();
    lab.report("web-1/ping", good()).await;
    let refused = undo(&mut lab, id).await.unwrap_err();
    assert!(refused.message.as_str().contains("acknowledged by ann meanwhile"), "{refused}");
    assert!(refused.message.as_str().contains("`web-1/ping` is over meanwhile"), "{refused}");
    assert_eq!(page(&lab, "web-1/http").await.alert.ack.unwrap().author.as_str(), "ann");

    let (id, _) = lab.execute_as(noc(), ack(target("db-1"))).await;
    lab.clock.advance(Span::from_secs(10));
    let late = undo(&mut lab, id).await.unwrap_err();
    assert_eq!(late.kind, ProblemKind::Conflict, "{late}");
    assert!(page(&lab, "db-1/mysql").await.alert.ack.is_some());
    let (id, _) = lab.execute_as(noc(), Command::Recheck { targets: target("db-1") }).await;
    assert_eq!(undo(&mut lab, id).await.unwrap_err().kind, ProblemKind::Conflict);
    let never = RequestId::from_parts(1, [1; 10]);
    assert_eq!(undo(&mut lab, never).await.unwrap_err().kind, ProblemKind::NotFound);
    // Giving back is taken back, too: the acknowledgement is there again with its words.
    let give = Command::Unacknowledge { targets: target("db-1") };
    let (id, _) = lab.execute_as(noc(), give).await;
    assert!(page(&lab, "db-1/mysql").await.alert.ack.is_none());
    assert_eq!(undone(undo(&mut lab, id).await), (1, 0));
    let page = page(&lab, "db-1/mysql").await;
    assert_eq!(page.alert.ack.unwrap().comment.as_str(), "on it");
    assert_eq!(page.edges[0].kind, EdgeKind::Undone);
}

#[tokio::test]
async fn what_the_engine_finds_is_told_at_once_and_overtakes_no_acknowledgement() {
    let dir = tempfile::tempdir().unwrap();
    let mut lab = lab(&dir, &[("web-1", &["http"])]).await;
    lab.report("web-1/http", lab::slow()).await;
    lab.execute(ack(target("web-1/http"))).await.unwrap();
    let now = lab.clock.now().wall;
    let told = page(&lab, "web-1/http").await.notifications;
    assert!(told[0].reason == Reason::Acknowledged && told[0].not_before > now, "{told:?}");
    lab.report("web-1/http", refused()).await;
    let now = lab.clock.now().wall;
    let told = page(&lab, "web-1/http").await.notifications;
    let due: Vec<_> = told.iter().map(|row| (row.reason, row.not_before <= now)).collect();
    let wanted = [Reason::Worse, Reason::Acknowledged, Reason::First].map(|reason| (reason, true));
    assert_eq!(due, wanted);
}

#[tokio::test]
async fn marked_hosts_and_checks_are_one_window_and_one_undo() {
    let dir = tempfile::tempdir().unwrap();
    let hosts: [(&str, &[&str]); 3] =
        [("web-1", &["http"]), ("web-10", &["http"]), ("db-1", &["disk", "mysql"])];
    let mut lab = lab(&dir, &hosts).await;
    for key in ["web-1/http", "web-10/http", "db-1/disk", "db-1/mysql"] {
        lab.report(key, refused()).await;
    }
    let before = (dump(&dir, ALERTS).await, dump(&dir, OUTBOX).await);
    let new = over(&["web-1"], &["db-1/disk"], &lab);
    let (id, made) = lab.execute_as(noc(), Command::AddMaintenance(new)).await;
    let Ok(Outcome::Maintenance(made)) = made else { panic!("no window") };
    let suppressed: BTreeSet<String> = lab
        .world
        .open_alerts()
        .filter(|alert| alert.suppressed)
        .map(|alert| alert.check.to_string())
        .collect();
    assert_eq!(suppressed, BTreeSet::from(["db-1/disk".to_owned(), "web-1/http".to_owned()]));
    assert_eq!(undone(undo(&mut lab, id).await), (1, 0));
    assert_eq!((dump(&dir, ALERTS).await, dump(&dir, OUTBOX).await), before);
    assert!(lab.world.window(made.id).is_none());

    // The end of a window is taken back with what it would have told.
    let (_, made) =
        lab.execute_as(noc(), Command::AddMaintenance(over(&["web-1"], &[], &lab))).await;
    let Ok(Outcome::Maintenance(Maintenance { id, .. })) = made else { panic!("no window") };
    let before = (dump(&dir, ALERTS).await, dump(&dir, OUTBOX).await);
    let (end, _) = lab.execute_as(noc(), Command::EndMaintenance { id }).await;
    assert_eq!(dump(&dir, OUTBOX).await.len(), before.1.len() + 1);
    assert_eq!(undone(undo(&mut lab, end).await), (1, 0));
    assert_eq!((dump(&dir, ALERTS).await, dump(&dir, OUTBOX).await), before);

    let mut wide = over(&[], &[], &lab);
    assert_eq!(
        lab.execute(Command::AddMaintenance(wide.clone())).await.unwrap_err().kind,
        ProblemKind::Invalid
    );
    wide.hosts = (0..1001).map(|n| format!("h{n}").into()).collect();
    let refused = lab.execute(Command::AddMaintenance(wide)).await.unwrap_err();
    assert!(refused.message.as_str().contains("`hosts` names at most 1000"), "{refused}");
}

#[tokio::test]
async fn a_window_is_changed_until_it_is_over() {
    let dir = tempfile::tempdir().unwrap();
    let mut lab = lab(&dir, &[("web-1", &["http"])]).await;
    let mut new = over(&["web-1"], &[], &lab);
    let now = lab.clock.now().wall;
    new.start = now + Span::from_secs(60);
    let Ok(Outcome::Maintenance(made)) = lab.execute(Command::AddMaintenance(new)).await else {
        panic!("no window")
    };
    let edit = |name: Option<&str>, start, end| Command::EditMaintenance {
        id: made.id,
        name: name.map(str::to_owned),
        start,
        end,
        repeats: None,
        every: false,
    };
    let earlier = edit(Some("moved"), Some(now + Span::from_secs(30)), None);
    let (id, changed) = lab.execute_as(noc(), earlier).await;
    let Ok(Outcome::Maintenance(changed)) = changed else { panic!("no window") };
    assert_eq!((changed.name.as_str(), changed.start), ("moved", now + Span::from_secs(30)));
    assert_eq!((&changed.hosts, changed.end), (&made.hosts, made.end));
    assert_eq!(undone(undo(&mut lab, id).await), (1, 0));
    assert_eq!(**lab.world.window(made.id).unwrap(), made);
    for (command, kind) in [
        (edit(Some(" "), None, None), ProblemKind::Invalid),
        (edit(None, Some(made.end), None), ProblemKind::Invalid),
        (edit(None, None, Some(now)), ProblemKind::Invalid),
    ] {
        assert_eq!(lab.execute(command).await.unwrap_err().kind, kind);
    }
    lab.clock.advance(Span::from_secs(61));
    let begun = lab.execute(edit(None, Some(now), None)).await.unwrap_err();
    assert_eq!(begun.kind, ProblemKind::Conflict, "{begun}");
    lab.execute(edit(None, None, Some(now + Span::from_secs(90)))).await.unwrap();
    lab.clock.advance(Span::from_secs(60));
    assert_eq!(
        lab.execute(edit(Some("late"), None, None)).await.unwrap_err().kind,
        ProblemKind::Conflict
    );
}

#[tokio::test]
async fn comments_stand_beside_what_they_are_about_and_can_be_taken_back() {
    let dir = tempfile::tempdir().unwrap();
    let mut lab = lab(&dir, &[("web-1", &["http", "ping"])]).await;
    lab.report("web-1/http", refused()).await;
    let id = alert(&lab, "web-1/http");
    let say =
        |targets: Vec<Target>, text: &str| Command::Comment { targets, text: text.to_owned() };
    let both = vec![Target::Alert(id), "web-1".parse().unwrap(), "no-9".parse().unwrap()];
    let (first, outcome) = lab.execute_as(noc(), say(both, "fan ordered\n")).await;
    assert_eq!(undone(outcome), (2, 1));
    lab.execute_as(ann(), say(target("web-1/ping"), "flaky since May")).await.1.unwrap();
    let texts = |comments: &[fluxnoc::model::Comment]| {
        comments.iter().map(|c| format!("{}: {}", c.author, c.text)).collect::<Vec<_>>()
    };
    let shown = page(&lab, "web-1/http").await;
    assert_eq!(texts(&shown.comments), ["noc: fan ordered", "noc: fan ordered"]);
    assert_eq!(shown.edges[0].kind, EdgeKind::Commented);
    let all = Query::Comments { host: "web-1".into(), check: None, limit: 10 };
    let Answer::Comments(all) = lab.query(all).await else { panic!() };
    assert_eq!(all.len(), 3);
    assert_eq!((all[0].author.as_str(), all[0].alert), ("ann", None));
    let kinds: Vec<LogKind> =
        log(&lab, LogFilter::default()).await.entries.iter().map(|entry| entry.kind).collect();
    let comment = LogKind::Edge(EdgeKind::Commented);
    assert_eq!(kinds.iter().filter(|kind| **kind == comment).count(), 1);
    assert_eq!(kinds.iter().filter(|kind| **kind == LogKind::Comment).count(), 2);

    assert_eq!(undone(undo(&mut lab, first).await), (2, 0));
    assert!(page(&lab, "web-1/http").await.comments.is_empty());
    assert_eq!(page(&lab, "web-1/http").await.edges[0].kind, EdgeKind::Undone);
    for (targets, text) in [
        (target("web-1"), " ".to_owned()),
        (target("web-1"), "x".repeat(501)),
        (vec![], "x".into()),
    ] {
        let refused = lab.execute(say(targets, &text)).await.unwrap_err();
        assert_eq!(refused.kind, ProblemKind::Invalid, "{refused}");
    }
}

#[tokio::test]
async fn what_is_remembered_is_the_operators_own_and_bounded() {
    let dir = tempfile::tempdir().unwrap();
    let mut lab = lab(&dir, &[("web-1", &["http"])]).await;
    let mut hers = lab.engine.handle.watch(ann()).await.unwrap();
    while hers.try_next().is_some() {}
    let keep = |key: &str, value: Option<&str>| Command::Remember {
        key: key.to_owned(),
        value: value.map(str::to_owned),
    };
    let viewer = Actor::Local { name: SafeText::line("ann"), role: Role::Viewer };
    lab.execute_as(noc(), keep("view", Some("all"))).await.1.unwrap();
    lab.execute_as(viewer.clone(), keep("view", Some("mine"))).await.1.unwrap();
    let event = hers.next().await.unwrap();
    let Event::Remembered { key, value } = &*event else { panic!("{event:?}") };
    assert_eq!((key.as_str(), value.as_deref()), ("view", Some("mine")), "not the other's");
    let kept = |actor: Actor| {
        let handle = lab.engine.handle.clone();
        async move {
            match handle.query(actor, Query::Remembered).await {
                Ok(Answer::Remembered(kept)) => kept,
                other => panic!("{other:?}"),
            }
        }
    };
    assert_eq!(kept(noc()).await["view"], "all");
    assert_eq!(kept(ann()).await["view"], "mine");
    let (long, key) = ("x".repeat(16 * 1024 + 1), "k".repeat(65));
    for command in [
        keep("", Some("x")),
        keep(&key, Some("x")),
        keep("a\u{1b}", Some("x")),
        keep("a", Some(&long)),
    ] {
        assert_eq!(lab.execute(command).await.unwrap_err().kind, ProblemKind::Invalid);
    }
    for n in 1..256 {
        lab.execute_as(ann(), keep(&format!("k{n}"), Some("x"))).await.1.unwrap();
    }
    let full = lab.execute_as(ann(), keep("one more", Some("x"))).await.1.unwrap_err();
    assert_eq!(full.kind, ProblemKind::Conflict);
    lab.execute_as(ann(), keep("view", Some("other"))).await.1.unwrap();
    lab.execute_as(ann(), keep("k1", None)).await.1.unwrap();
    lab.execute_as(ann(), keep("one more", Some("x"))).await.1.unwrap();
    assert!(dump(&dir, "SELECT command FROM audit").await.is_empty(), "nobody's business");
}

#[tokio::test]
async fn the_log_has_transitions_and_actions_and_is_filtered_and_paged() {
    let dir = tempfile::tempdir().unwrap();
    let mut lab = lab(&dir, &[("web-1", &["http"]), ("db-1", &["mysql"])]).await;
    for key in ["web-1/http", "db-1/mysql"] {
        lab.report(key, refused()).await;
    }
    lab.execute_as(ann(), ack(target("web-1/http"))).await.1.unwrap();
    lab.execute(Command::Recheck { targets: target("web-1") }).await.unwrap();
    lab.execute(Command::AddMaintenance(over(&["db-1"], &[], &lab))).await.unwrap();
    lab.report("web-1/http", good()).await;
    let words = |page: &LogPage| {
        let word = |e: &fluxnoc::protocol::LogEntry| {
            format!("{} {}", e.kind, e.host.as_deref().unwrap_or("-"))
        };
        page.entries.iter().map(word).collect::<Vec<_>>()
    };
    let whole = log(&lab, LogFilter::default()).await;
    let expected = [
        "recovered web-1",
        "window_began db-1",
        // The window was made, and began.
        "action -",
        "action -",
        "action web-1",
        "acknowledged web-1",
        "fired db-1",
        "fired web-1",
    ];
    let sorted = |mut words: Vec<String>| {
        words.sort();
        words
    };
    assert_eq!(
        sorted(words(&whole)),
        sorted(expected.iter().map(|word| (*word).to_owned()).collect())
    );
    assert_eq!(whole.next, None);
    assert!(whole.entries.windows(2).all(|pair| pair[0].at >= pair[1].at));
    let acted = whole.entries.iter().filter(|e| e.kind == LogKind::Action);
    let actors: Vec<_> = acted.map(|e| e.actor.as_ref().map_or("-", SafeText::as_str)).collect();
    // Who made the window, and that it began by itself.
    assert_eq!(actors, ["fluxnoc", "noc", "noc"]);
    let only = |filter: LogFilter| log(&lab, filter);
    let by_ann = only(LogFilter { actor: Some("ann".to_owned()), ..LogFilter::default() }).await;
    assert_eq!(words(&by_ann), ["acknowledged web-1"]);
    let db = only(LogFilter { hosts: "db-*".parse().ok(), ..LogFilter::default() }).await;
    assert_eq!(sorted(words(&db)), ["action -", "action -", "fired db-1", "window_began db-1"]);
    let db = only(LogFilter { hosts: "db-1".parse().ok(), ..LogFilter::default() }).await;
    assert_eq!(sorted(words(&db)), ["action -", "action -", "fired db-1", "window_began db-1"]);
    let said =
        only(LogFilter { text: Some("CONNECTION".to_owned()), ..LogFilter::default() }).await;
    assert_eq!(sorted(words(&said)), ["fired db-1", "fired web-1"]);
    let kinds = vec![LogKind::Action, LogKind::Edge(EdgeKind::Recovered)];
    let some = only(LogFilter { kinds, ..LogFilter::default() }).await;
    assert_eq!(some.entries.len(), 4);
    let last = whole.entries.last().unwrap().at;
    let none = only(LogFilter { to: Some(last), ..LogFilter::default() }).await;
    assert!(none.entries.is_empty());
    // One at a time, nothing is told twice and nothing is left out.
    let mut paged = LogPage::default();
    let mut before = None;
    for _ in 0..20 {
        let query = Query::Log { filter: LogFilter::default(), before, limit: 1 };
        let Answer::Log(page) = lab.query(query).await else { panic!() };
        paged.entries.extend(page.entries);
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    assert_eq!(paged.entries, whole.entries);
}

fn path(ways: &[u8]) -> Observation {
    let hop = |(at, n): (usize, &u8)| Hop {
        ttl: u8::try_from(at + 1).unwrap(),
        addresses: vec![HopAddress { address: [10, 0, 0, *n].into(), name: None }],
        sent: 10,
        received: 10,
        loss_pct: 0.0,
        last_ms: Some(1.0),
        avg_ms: Some(1.0),
        best_ms: Some(1.0),
        worst_ms: Some(1.0),
        stddev_ms: None,
        jitter_ms: None,
        recent_ms: Vec::new(),
    };
    let report = TraceReport {
        target: SafeText::line("web-1"),
        address: None,
        protocol: TraceProtocol::Icmp,
        rounds: 10,
        hops: ways.iter().enumerate().map(hop).collect(),
        reached: true,
        verdict: SafeText::line("clean"),
        note: SafeText::empty(),
    };
    Observation { trace: Some(std::sync::Arc::new(report)), ..good() }
}

#[tokio::test]
async fn a_path_that_changes_is_recorded_with_before_and_after_over_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let wanted = || {
        let mut wanted = inventory(vec![host("web-1", &["path", "ping"])]);
        wanted.checks[0].spec = std::sync::Arc::new(Spec::Trace(TraceSpec::default()));
        wanted
    };
    let mut lab = Lab::start(dir.path(), wanted(), Clock::manual(START)).await;
    lab.report("web-1/path", path(&[1, 2, 9])).await;
    lab.clock.advance(Span::from_secs(60));
    lab.report("web-1/path", path(&[1, 2, 9])).await;
    let (_, clock) = lab.stop().await;
    clock.advance(Span::from_secs(60));
    let mut lab = Lab::start(dir.path(), wanted(), clock).await;
    lab.report("web-1/path", path(&[1, 3, 9])).await;
    let asked = Query::PathChanges { host: "web-1".into(), check: Some("path".into()), limit: 10 };
    let Answer::PathChanges(changes) = lab.query(asked).await else { panic!() };
    let [change, first] = changes.as_slice() else { panic!("{changes:?}") };
    assert!(first.before.is_none());
    let second = |path: &fluxnoc::model::Path| path.hops[1].addresses.first().unwrap().to_string();
    let before = change.before.as_ref().unwrap();
    assert_eq!((second(before).as_str(), second(&change.after).as_str()), ("10.0.0.2", "10.0.0.3"));
    let Answer::Paths(paths) = lab.query(Query::Paths { host: None, limit: 10 }).await else {
        panic!()
    };
    let [path] = paths.as_slice() else { panic!("{paths:?}") };
    assert_eq!((path.key.to_string().as_str(), path.changed), ("web-1/path", Some(change.at)));
    assert_eq!(path.report.as_ref().unwrap().verdict.as_str(), "clean");
    let entries = log(&lab, LogFilter { kinds: vec![LogKind::Path], ..LogFilter::default() }).await;
    assert_eq!(entries.entries[0].text.as_str(), "hop 2: 10.0.0.2 became 10.0.0.3");
}

#[tokio::test]
async fn a_late_row_says_how_old_its_result_is() {
    let dir = tempfile::tempdir().unwrap();
    let mut lab = lab(&dir, &[("web-1", &["http"])]).await;
    lab.report("web-1/http", good()).await;
    lab.clock.advance(Span::from_secs(60));
    let last = lab.clock.now().wall;
    lab.report("web-1/http", good()).await;
    // The row is committed with what gathers a moment after it was found.
    for _ in 0..9 {
        lab.clock.advance(Span::from_secs(10));
        lab.query(Query::Engine).await;
    }
    let key: CheckKey = "web-1/http".parse().unwrap();
    let late = |event: &Event| matches!(event, Event::Check(row) if row.status.late);
    lab.until("the late row", late).await;
    assert_eq!(lab.world.check(&key).unwrap().status.last_result, Some(last));
}
