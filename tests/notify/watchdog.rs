//! The heartbeat: sent while everything moves, stopped by each part that does not, and shown.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use fluxnoc::clock::Clock;
use fluxnoc::engine::Inventory;
use fluxnoc::model::watchdog::{Method, Watchdog};
use fluxnoc::model::{ChannelKind, Format, Name, Routes, Secret, Span};
use fluxnoc::protocol::{Answer, Command, Heartbeat, Query};
use sqlx::Connection as _;

use crate::delivery::{channel, hook};
use crate::lab::{Lab, START, good, host, inventory, refused};
use crate::receiver::{PATIENCE, Receiver, status};

fn watched(mut inventory: Inventory, url: &str) -> Inventory {
    let mut routes = Routes::clone(&inventory.routes);
    routes.watchdog = Some(Watchdog {
        url: Secret::Inline(url.to_owned()),
        interval: Span::from_secs(60),
        method: Method::Post,
        headers: [("X-Who".to_owned(), "noc-1".to_owned())].into(),
    });
    inventory.routes = Arc::new(routes);
    inventory
}

async fn start(dir: &tempfile::TempDir, wanted: Inventory) -> Lab {
    Lab::start(dir.path(), wanted, Clock::manual(START)).await
}

/// Moves the clock by five seconds at a time until the heartbeat is as wanted.
async fn until(lab: &mut Lab, what: &str, wanted: impl Fn(&Heartbeat) -> bool) -> Heartbeat {
    let end = Instant::now() + PATIENCE;
    loop {
        lab.drain();
        let beat = lab.world.engine().heartbeat.clone().map(|beat| *beat);
        if let Some(beat) = beat.filter(|beat| wanted(beat)) {
            return beat;
        }
        let known = &lab.world.engine().heartbeat;
        assert!(Instant::now() < end, "{what}: {known:?}");
        lab.clock.advance(Span::from_secs(5));
        // The heartbeat's task looks at the store in between: the clock must not run ahead of it.
        lab.query(Query::Engine).await;
        tokio::time::sleep(Duration::from_millis(40)).await;
    }
}

fn well(beat: &Heartbeat) -> bool {
    beat.sent_at.is_some() && beat.stuck.is_none() && beat.error.is_none()
}

fn stuck_by(words: &'static str) -> impl Fn(&Heartbeat) -> bool {
    move |beat| beat.stuck.as_ref().is_some_and(|stuck| stuck.as_str() == words)
}

/// It is sent again after it was not, and none was sent in between.
async fn comes_back(lab: &mut Lab, receiver: &Receiver, silent: usize) {
    assert_eq!(receiver.got().len(), silent, "none while something stands still");
    receiver.answers(|_| status(200));
    // Who was held up is answered before the engine looks at the heartbeat: what is known may be old.
    until(lab, "it moves again", |beat| well(beat) && receiver.got().len() > silent).await;
}

/// A second hand at the database.
async fn at_the_store(dir: &tempfile::TempDir, statements: &[&'static str]) {
    let url = format!("sqlite://{}", dir.path().join("fluxnoc.db").display());
    let mut database = sqlx::SqliteConnection::connect(&url).await.unwrap();
    for sql in statements {
        sqlx::query(*sql).execute(&mut database).await.unwrap();
    }
    database.close().await.unwrap();
}

#[tokio::test]
async fn it_beats_while_all_moves_and_stops_when_nothing_can_be_stored() {
    let receiver = Receiver::start(|_| status(200)).await;
    let dir = tempfile::tempdir().unwrap();
    let mut lab = start(&dir, watched(Inventory::default(), &receiver.url)).await;
    let first = until(&mut lab, "the first", well).await;
    let later = until(&mut lab, "the next", |beat| beat.sent_at > first.sent_at).await;
    let apart = later.sent_at.unwrap().since(first.sent_at.unwrap());
    assert!(apart >= Span::from_secs(60) && apart <= Span::from_secs(75), "{apart}");
    for one in receiver.got() {
        assert_eq!((&*one.line, one.header("x-who")), ("POST /hook", Some("noc-1")));
        assert!(one.body.is_empty());
    }
    // As a full disk does: nothing new can be written.
    at_the_store(
        &dir,
        &["CREATE TRIGGER full_1 BEFORE INSERT ON meta BEGIN SELECT RAISE(ABORT, 'full'); END"],
    )
    .await;
    until(&mut lab, "the full store", stuck_by("nothing can be stored")).await;
    let silent = receiver.got().len();
    lab.clock.advance(Span::from_secs(120));
    until(&mut lab, "still full", stuck_by("nothing can be stored")).await;
    at_the_store(&dir, &["DROP TRIGGER full_1"]).await;
    comes_back(&mut lab, &receiver, silent).await;
    lab.stop().await;
}

#[tokio::test]
async fn it_stops_with_the_outbox_and_comes_back_with_it() {
    let receiver = Receiver::start(|_| status(200)).await;
    let dir = tempfile::tempdir().unwrap();
    let mut lab = start(&dir, watched(Inventory::default(), &receiver.url)).await;
    until(&mut lab, "the first", well).await;
    at_the_store(&dir, &["ALTER TABLE outbox RENAME TO elsewhere"]).await;
    until(&mut lab, "the outbox", stuck_by("the outbox stands still")).await;
    let silent = receiver.got().len();
    lab.clock.advance(Span::from_secs(120));
    until(&mut lab, "still", stuck_by("the outbox stands still")).await;
    at_the_store(&dir, &["ALTER TABLE elsewhere RENAME TO outbox"]).await;
    comes_back(&mut lab, &receiver, silent).await;
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_stops_with_the_engine_itself() {
    let receiver = Receiver::start(|_| status(200)).await;
    let dir = tempfile::tempdir().unwrap();
    let mut lab = start(&dir, watched(Inventory::default(), &receiver.url)).await;
    until(&mut lab, "the first", well).await;
    let handle = lab.engine.handle.clone();
    let shared = Arc::clone(&lab.inventory);
    let (inside, held) = std::sync::mpsc::channel::<()>();
    let (taken, has_it) = std::sync::mpsc::channel::<()>();
    // The engine waits for the configuration that it was told to read, and that never comes.
    let lock = std::thread::spawn(move || {
        let guard = shared.lock().unwrap();
        taken.send(()).unwrap();
        let _ = held.recv();
        drop(guard);
    });
    has_it.recv().unwrap();
    let request = fluxnoc::protocol::Request {
        id: fluxnoc::model::RequestId::from_parts(1, [1; 10]),
        actor: crate::lab::noc(),
        command: Command::Reload,
    };
    let asked = tokio::spawn(async move { handle.execute(request).await });
    let before = receiver.got().len();
    let end = Instant::now() + Duration::from_secs(12);
    // Five seconds of patience; what an engine that stands still shows is what it showed last.
    while Instant::now() < end {
        lab.clock.advance(Span::from_secs(5));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let silent = receiver.got().len();
    assert!(silent <= before + 1, "{before} and then {silent}");
    drop(inside);
    lock.join().unwrap();
    asked.await.unwrap().unwrap();
    comes_back(&mut lab, &receiver, silent).await;
    lab.stop().await;
}

#[tokio::test]
async fn it_stops_when_no_check_gives_results_and_comes_back_with_the_first() {
    let receiver = Receiver::start(|_| status(200)).await;
    let dir = tempfile::tempdir().unwrap();
    let wanted = watched(inventory(vec![host("web-1", &["http"])]), &receiver.url);
    let mut lab = start(&dir, wanted).await;
    until(&mut lab, "the first", well).await;
    until(&mut lab, "no result", stuck_by("no check gives results in time")).await;
    let since = lab.clock.now().wall.since(START);
    // The interval of 60 s, the time limit of 10 s, 30 s of grace, 10 s until it is looked at.
    assert!(since > Span::from_secs(100) && since < Span::from_secs(180), "{since}");
    let silent = receiver.got().len();
    lab.report("web-1/http", good()).await;
    comes_back(&mut lab, &receiver, silent).await;
    lab.stop().await;
}

#[tokio::test]
async fn it_stops_when_nobody_can_be_told_anything() {
    let receiver = Receiver::start(|_| status(200)).await;
    let pager = Receiver::start(|_| status(503)).await;
    let dir = tempfile::tempdir().unwrap();
    let mut wanted = inventory(vec![host("web-1", &["http"])]);
    let mut routes = Routes::default();
    let kind = ChannelKind::Webhook(hook(&pager.url, Format::Fluxnoc));
    routes.channels.insert("hook".into(), channel("hook", kind));
    routes.lists.insert("ops".into(), vec![Name::from("hook")]);
    routes.default_list = Some("ops".into());
    wanted.routes = Arc::new(routes);
    let mut lab = start(&dir, watched(wanted, &receiver.url)).await;
    until(&mut lab, "the first", well).await;
    lab.report_times(3, "web-1/http", &refused()).await;
    let begun = lab.clock.now().wall;
    let end = Instant::now() + PATIENCE;
    loop {
        lab.report("web-1/http", refused()).await;
        let beat = lab.world.engine().heartbeat.clone().unwrap_or_default();
        if stuck_by("no notification is taken anywhere")(&beat) {
            break;
        }
        assert_eq!(beat.stuck, None, "after {}", lab.clock.now().wall.since(begun));
        assert!(Instant::now() < end, "{beat:?}, {} tries", pager.got().len());
        lab.clock.advance(Span::from_secs(5));
    }
    assert!(lab.clock.now().wall.since(begun) >= Span::from_secs(570));
    let silent = receiver.got().len();
    pager.answers(|_| status(200));
    let end = Instant::now() + PATIENCE;
    while !pager.got().iter().any(|one| one.status == 200) {
        assert!(Instant::now() < end, "it is not taken, {} tries", pager.got().len());
        lab.clock.advance(Span::from_secs(10));
        lab.report("web-1/http", refused()).await;
    }
    until(&mut lab, "it moves again", well).await;
    assert!(receiver.got().len() > silent);
    lab.stop().await;
}

#[tokio::test]
async fn a_heartbeat_that_fails_is_shown_and_holds_nothing_up() {
    let code = Arc::new(AtomicU16::new(500));
    let answer = Arc::clone(&code);
    let receiver = Receiver::start(move |_| status(answer.load(Ordering::SeqCst))).await;
    let dir = tempfile::tempdir().unwrap();
    let wanted = watched(inventory(vec![host("web-1", &["http"])]), &receiver.url);
    let mut lab = start(&dir, wanted).await;
    for (answer, words) in [(500, "HTTP 500"), (302, "HTTP 302"), (404, "HTTP 404")] {
        code.store(answer, Ordering::SeqCst);
        let shown = |beat: &Heartbeat| beat.error.as_ref().is_some_and(|why| why.as_str() == words);
        let beat = until(&mut lab, words, shown).await;
        assert_eq!((beat.sent_at, beat.stuck), (None, None));
        lab.report("web-1/http", good()).await;
    }
    assert!(!format!("{:?}", lab.world.engine()).contains(&receiver.url), "the URL is a secret");
    code.store(200, Ordering::SeqCst);
    until(&mut lab, "taken", well).await;
    let Answer::Engine(engine) = lab.query(Query::Engine).await else { panic!() };
    assert!(engine.heartbeat.is_some_and(|beat| well(&beat)));
    // One that is configured no more is shown no more.
    *lab.inventory.lock().unwrap() = Ok(inventory(vec![host("web-1", &["http"])]));
    lab.execute(Command::Reload).await.unwrap();
    let end = Instant::now() + PATIENCE;
    while lab.world.engine().heartbeat.is_some() {
        assert!(Instant::now() < end);
        lab.clock.advance(Span::from_secs(1));
        tokio::time::sleep(Duration::from_millis(10)).await;
        lab.drain();
    }
    let count = receiver.got().len();
    lab.clock.advance(Span::from_secs(300));
    lab.report("web-1/http", good()).await;
    assert_eq!(receiver.got().len(), count);
    lab.stop().await;
}
