//! Paging that is held: alerts go on, nobody is told, and at its end one digest says what is true.

use std::sync::Arc;
use std::time::{Duration, Instant};

use fluxnoc::clock::Clock;
use fluxnoc::model::{Routes, SafeText, Span};
use fluxnoc::protocol::{Actor, Answer, Command, DeliveryState, LogFilter, LogKind, Query, Role};

use crate::lab::{Lab, START, good, refused, slow};
use crate::lanes::{routes, wanted};
use crate::receiver::{Got, PATIENCE, Receiver, status};

const HOSTS: [&str; 6] = ["web-0", "web-1", "web-2", "web-3", "web-4", "web-5"];

fn hold(seconds: u64, reason: &str) -> Command {
    Command::HoldPaging { length: Span::from_secs(seconds), reason: reason.to_owned() }
}

fn reasons(got: &[Got]) -> Vec<String> {
    got.iter().map(|one| one.json()["reason"].as_str().unwrap().to_owned()).collect()
}

/// Lets the outbox look around a few times.
async fn look_around(lab: &mut Lab) {
    for _ in 0..5 {
        lab.clock.advance(Span::from_secs(1));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    lab.drain();
}

async fn until(lab: &mut Lab, what: &str, so: impl Fn(&Lab) -> bool) {
    let end = Instant::now() + PATIENCE;
    while !so(lab) {
        assert!(Instant::now() < end, "{what}");
        lab.clock.advance(Span::from_secs(1));
        tokio::time::sleep(Duration::from_millis(20)).await;
        lab.drain();
    }
}

/// A receiver that takes all, who is told by it, and the engine that tells.
async fn site(dir: &std::path::Path) -> (Receiver, Arc<Routes>, Lab) {
    let receiver = Receiver::start(|_| status(200)).await;
    let routes = routes(&[("hook", &receiver)]);
    let lab = Lab::start(dir, wanted(&HOSTS, &routes), Clock::manual(START)).await;
    (receiver, routes, lab)
}

#[tokio::test]
async fn nothing_is_sent_but_its_start_and_end_and_then_one_digest_of_what_is_still_true() {
    let dir = tempfile::tempdir().unwrap();
    let (receiver, routes, mut lab) = site(dir.path()).await;
    // Known before, and over during the hold.
    lab.report("web-0/http", refused()).await;
    receiver.until("the first", |got| got.len() == 1).await;
    lab.execute(hold(1800, "core switch is replaced")).await.unwrap();
    let got = receiver.until("the hold's start", |got| got.len() == 2).await;
    let body = got[1].json();
    assert_eq!((&body["reason"], &body["host"]), (&"hold_began".into(), &"fluxnoc".into()));
    let text = body["text"].as_str().unwrap();
    assert!(text.ends_with("by noc: core switch is replaced"), "{text}");
    let shown = lab.world.engine().hold.clone().expect("every console shows it");
    assert_eq!((shown.author.as_str(), shown.until), ("noc", shown.since + Span::from_secs(1800)));

    lab.report("web-0/http", good()).await;
    lab.report("web-1/http", slow()).await;
    lab.report("web-2/http", refused()).await;
    // Begun and over meanwhile: nobody ever needs to know.
    lab.report("web-3/http", refused()).await;
    lab.report("web-3/http", good()).await;
    // Taken by somebody meanwhile.
    lab.report("web-4/http", refused()).await;
    lab.acknowledge("web-4/http", None, true).await;
    look_around(&mut lab).await;
    assert_eq!(lab.world.open_alerts().count(), 3, "alerts go on and are shown");
    assert_eq!(receiver.got().len(), 2, "{:?}", reasons(&receiver.got()));

    // A restart in the middle keeps it.
    let (_, clock) = lab.stop().await;
    let mut lab = Lab::start(dir.path(), wanted(&HOSTS, &routes), clock).await;
    assert_eq!(lab.world.engine().hold.as_ref(), Some(&shown));
    lab.report("web-5/http", refused()).await;
    look_around(&mut lab).await;
    assert_eq!(receiver.got().len(), 2, "{:?}", reasons(&receiver.got()));

    lab.clock.advance(shown.until.since(lab.clock.now().wall));
    until(&mut lab, "its end", |_| receiver.got().len() >= 4).await;
    look_around(&mut lab).await;
    let got = receiver.got();
    assert_eq!(reasons(&got[2..]), ["hold_ended", "digest"]);
    let words = got[2].json()["text"].as_str().unwrap().to_owned();
    assert!(words.starts_with("paging goes on, its time is over"), "{words}");
    let body = got[3].json();
    assert_eq!(
        body["text"],
        "6 alerts: 2 CRITICAL, 1 WARNING, 1 recovered, 2 over or taken meanwhile"
    );
    let items = body["digest"]["items"].as_array().unwrap();
    let items: Vec<_> = items.iter().map(|i| (i["host"].as_str(), i["state"].as_str())).collect();
    let item = |host, state| (Some(host), Some(state));
    let wanted = [
        item("web-2", "CRITICAL"),
        item("web-5", "CRITICAL"),
        item("web-1", "WARNING"),
        item("web-0", "OK"),
    ];
    assert_eq!(items, wanted);
    assert_eq!(lab.world.engine().hold, None);

    // From then on as before.
    lab.report("web-2/http", good()).await;
    let got = receiver.until("the recovery", |got| got.len() == 5).await;
    assert_eq!(got[4].json()["reason"], "recovered");
    let filter = LogFilter { kinds: vec![LogKind::Action], ..LogFilter::default() };
    let Answer::Log(log) = lab.query(Query::Log { filter, before: None, limit: 10 }).await else {
        panic!()
    };
    let said: Vec<_> = log.entries.iter().map(|entry| entry.text.to_string()).collect();
    assert!(said[0].starts_with("paging goes on"), "{said:?}");
    assert!(said.iter().any(|text| text.starts_with("held paging for 30m: core")), "{said:?}");
    lab.stop().await;
}

#[tokio::test]
async fn it_is_refused_for_who_may_only_look_extended_and_ended_by_hand() {
    let dir = tempfile::tempdir().unwrap();
    let (receiver, _, mut lab) = site(dir.path()).await;
    let viewer = Actor::Local { name: SafeText::line("eve"), role: Role::Viewer };
    for command in [hold(60, "why"), Command::ResumePaging] {
        let (_, refused) = lab.execute_as(viewer.clone(), command).await;
        assert!(refused.unwrap_err().to_string().contains("needs the role"));
    }
    for (seconds, reason, why) in
        [(60, " ", "`reason` has"), (0, "x", "paging is held for"), (86_401, "x", "1 s to 1d")]
    {
        let refused = lab.execute(hold(seconds, reason)).await.unwrap_err();
        assert!(refused.to_string().contains(why), "{refused}");
    }
    let refused = lab.execute(Command::ResumePaging).await.unwrap_err();
    assert!(refused.to_string().contains("paging is not held"), "{refused}");

    lab.execute(hold(60, "short\u{1b}[31m")).await.unwrap();
    lab.execute(hold(3600, "longer")).await.unwrap();
    receiver.until("both starts", |got| got.len() == 2).await;
    lab.clock.advance(Span::from_secs(600));
    look_around(&mut lab).await;
    let shown = lab.world.engine().hold.clone().expect("it goes on");
    assert_eq!(shown.reason.as_str(), "longer");
    lab.execute(Command::ResumePaging).await.unwrap();
    let got = receiver.until("the end", |got| got.len() == 3).await;
    assert_eq!(reasons(&got), ["hold_began", "hold_began", "hold_ended"]);
    assert!(!got[0].json()["text"].as_str().unwrap().contains('\u{1b}'));
    look_around(&mut lab).await;
    assert_eq!(receiver.got().len(), 3, "without an alert there is no digest");
    lab.stop().await;
}

#[tokio::test]
async fn what_can_still_be_undone_is_taken_back_also_while_paging_is_held() {
    let dir = tempfile::tempdir().unwrap();
    let (receiver, _, mut lab) = site(dir.path()).await;
    lab.report("web-0/http", refused()).await;
    receiver.until("the first", |got| got.len() == 1).await;
    lab.execute(hold(1800, "x")).await.unwrap();
    let ack = Command::Acknowledge {
        targets: vec!["web-0".parse().unwrap()],
        comment: "mine".to_owned(),
        expires: None,
        sticky: false,
        notify: true,
    };
    let me = crate::lab::noc();
    let (request, outcome) = lab.execute_as(me.clone(), ack).await;
    outcome.unwrap();
    lab.execute_as(me, Command::Undo { request }).await.1.unwrap();
    lab.clock.advance(Span::from_secs(60));
    look_around(&mut lab).await;
    lab.execute(Command::ResumePaging).await.unwrap();
    look_around(&mut lab).await;
    let got = receiver.got();
    assert_eq!(reasons(&got), ["first", "hold_began", "hold_ended"], "nothing was left to tell");
    lab.stop().await;
}

#[tokio::test]
async fn what_waits_is_shown_on_the_alert() {
    let dir = tempfile::tempdir().unwrap();
    let (receiver, _, mut lab) = site(dir.path()).await;
    lab.execute(hold(1800, "x")).await.unwrap();
    lab.report("web-0/http", refused()).await;
    let id = lab.world.open_alerts().next().unwrap().id;
    let state = async |lab: &Lab| {
        let Answer::Alert(page) = lab.query(Query::Alert { id }).await else { panic!() };
        let [row] = page.notifications.as_slice() else { panic!("{page:?}") };
        (row.state, row.sent_at.is_some())
    };
    assert_eq!(state(&lab).await, (DeliveryState::Due, false));
    lab.execute(Command::ResumePaging).await.unwrap();
    receiver.until("the digest", |got| got.len() == 3).await;
    let end = Instant::now() + PATIENCE;
    while state(&lab).await != (DeliveryState::Digest, true) {
        assert!(Instant::now() < end, "{:?}", state(&lab).await);
        look_around(&mut lab).await;
    }
    lab.stop().await;
}
