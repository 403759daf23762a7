//! Escalation from the engine to real receivers: over restarts and clocks that are set, by hand,
//! and at a service that keeps incidents.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use fluxnoc::clock::Clock;
use fluxnoc::engine::Inventory;
use fluxnoc::model::{
    ChannelKind, EscalationStep, FluxNotify, Format, Name, Routes, SafeText, Span, Timestamp,
};
use fluxnoc::protocol::command::EscalateOne;
use fluxnoc::protocol::{
    Actor, Answer, Command, LogFilter, LogKind, Outcome, ProblemKind, Query, Role,
};

use crate::delivery::{channel, hook};
use crate::flux_notify::{base, honest};
use crate::lab::{Lab, START, good, noc, refused};
use crate::lanes::wanted;
use crate::receiver::{Got, Receiver, status};

const MINUTE: u64 = 60;

fn steps(all: &[(u64, &str)]) -> Arc<[EscalationStep]> {
    let step = |(minutes, to): &(u64, &str)| EscalationStep {
        after: Span::from_secs(minutes * MINUTE),
        to: (*to).into(),
    };
    all.iter().map(step).collect()
}

/// Three lists with a receiver each; the first one's steps lead to the others.
struct Site {
    noc: Receiver,
    lead: Receiver,
    boss: Receiver,
    routes: Arc<Routes>,
}

impl Site {
    async fn new() -> Self {
        let [noc, lead, boss] = [
            Receiver::start(|_| status(200)).await,
            Receiver::start(|_| status(200)).await,
            Receiver::start(|_| status(200)).await,
        ];
        let mut routes = Routes::default();
        for (list, name, receiver) in [
            ("NOC Team", "noc", &noc),
            ("Shift lead", "lead", &lead),
            ("Management", "boss", &boss),
        ] {
            let kind = ChannelKind::Webhook(hook(&receiver.url, Format::Fluxnoc));
            routes.channels.insert(name.into(), channel(name, kind));
            routes.lists.insert(list.into(), vec![name.into()]);
        }
        routes.default_list = Some("NOC Team".into());
        let all = steps(&[(15, "Shift lead"), (60, "Management")]);
        routes.escalations.insert("NOC Team".into(), all);
        Self { noc, lead, boss, routes: Arc::new(routes) }
    }

    fn inventory(&self) -> Inventory {
        rare(&["web-1"], &self.routes)
    }

    async fn lab(&self, dir: &Path, clock: Clock) -> Lab {
        Lab::start(dir, self.inventory(), clock).await
    }

    /// How many of each were told of steps.
    fn told(&self) -> (usize, usize) {
        let count = |receiver: &Receiver| {
            reasons(&receiver.got()).iter().filter(|reason| *reason == "escalation").count()
        };
        (count(&self.lead), count(&self.boss))
    }
}

/// As `wanted`, with checks that are not missed while hours go by.
fn rare(hosts: &[&str], routes: &Arc<Routes>) -> Inventory {
    let mut inventory = wanted(hosts, routes);
    for check in &mut inventory.checks {
        check.interval = Span::from_secs(24 * 60 * MINUTE);
    }
    inventory
}

fn reasons(got: &[Got]) -> Vec<String> {
    got.iter().map(|one| one.json()["reason"].as_str().unwrap().to_owned()).collect()
}

/// So many minutes go by, and what followed has been delivered.
async fn pass(lab: &mut Lab, minutes: u64) {
    for _ in 0..minutes * 4 {
        lab.clock.advance(Span::from_secs(15));
        lab.query(Query::Engine).await;
    }
    quiet(lab).await;
}

/// Nothing waits any more.
async fn quiet(lab: &mut Lab) {
    let end = std::time::Instant::now() + crate::receiver::PATIENCE;
    loop {
        lab.clock.advance(Span::from_secs(1));
        tokio::time::sleep(Duration::from_millis(10)).await;
        lab.query(Query::Engine).await;
        lab.drain();
        let query = Query::Notifications { destination: None, limit: 100 };
        let Answer::Notifications(page) = lab.query(query).await else { panic!() };
        if page.destinations.iter().all(|row| row.waiting == 0) {
            return;
        }
        assert!(std::time::Instant::now() < end, "{page:#?}");
    }
}

fn escalate(lab: &Lab, step: u32) -> Command {
    let alert = lab.world.open_alerts().next().expect("an alert").id;
    Command::Escalate { which: vec![EscalateOne { alert, step }] }
}

#[tokio::test]
async fn d_05_a_restart_neither_skips_nor_repeats_a_step_and_the_end_reaches_all() {
    let dir = tempfile::tempdir().unwrap();
    let site = Site::new().await;
    let mut lab = site.lab(dir.path(), Clock::manual(START)).await;
    lab.report("web-1/http", refused()).await;
    site.noc.until("the first", |got| got.len() == 1).await;
    pass(&mut lab, 10).await;
    let (_, clock) = lab.stop().await;
    let mut lab = site.lab(dir.path(), clock).await;
    pass(&mut lab, 4).await;
    assert_eq!(site.told(), (0, 0), "a minute too early");
    pass(&mut lab, 2).await;
    assert_eq!(site.told(), (1, 0));
    let body = site.lead.got()[0].json();
    let text = body["text"].as_str().unwrap();
    assert!(text.starts_with("step 1 of 2 to Shift lead, for nobody had it for 15m: "), "{text}");
    assert_eq!(body["state"], "CRITICAL");

    // Away for longer than the next step's time: it is told once, when the engine is back.
    let (_, clock) = lab.stop().await;
    clock.advance(Span::from_secs(180 * MINUTE));
    let mut lab = site.lab(dir.path(), clock).await;
    pass(&mut lab, 1).await;
    assert_eq!(site.told(), (1, 1));
    let (_, clock) = lab.stop().await;
    let mut lab = site.lab(dir.path(), clock).await;
    pass(&mut lab, 120).await;
    assert_eq!(site.told(), (1, 1), "there is no further one, and none again");

    lab.report("web-1/http", good()).await;
    quiet(&mut lab).await;
    for receiver in [&site.noc, &site.lead, &site.boss] {
        let got = receiver.got();
        assert_eq!(reasons(&got).last().map(String::as_str), Some("recovered"));
        assert_eq!(reasons(&got).iter().filter(|reason| *reason == "recovered").count(), 1);
    }
    lab.stop().await;
}

#[tokio::test]
async fn d_05_after_a_long_absence_one_step_is_told_and_the_next_has_its_distance() {
    let dir = tempfile::tempdir().unwrap();
    let site = Site::new().await;
    let mut lab = site.lab(dir.path(), Clock::manual(START)).await;
    lab.report("web-1/http", refused()).await;
    quiet(&mut lab).await;
    let (_, clock) = lab.stop().await;
    clock.advance(Span::from_secs(180 * MINUTE));
    let mut lab = site.lab(dir.path(), clock).await;
    pass(&mut lab, 43).await;
    assert_eq!(site.told(), (1, 0), "45 minutes lie between the two");
    pass(&mut lab, 3).await;
    assert_eq!(site.told(), (1, 1));
    lab.stop().await;
}

#[tokio::test]
async fn d_05_no_step_comes_twice_when_the_clock_is_set_back() {
    let dir = tempfile::tempdir().unwrap();
    let site = Site::new().await;
    let mut lab = site.lab(dir.path(), Clock::manual(START)).await;
    lab.report("web-1/http", refused()).await;
    pass(&mut lab, 14).await;
    let back = |clock: &Clock| {
        clock.set_wall(Timestamp::from_millis(clock.now().wall.millis() - 3_600_000));
    };
    back(&lab.clock);
    pass(&mut lab, 2).await;
    assert_eq!(site.told(), (1, 0), "its own scale of time does not move");
    back(&lab.clock);
    let (_, clock) = lab.stop().await;
    back(&clock);
    let mut lab = site.lab(dir.path(), clock).await;
    pass(&mut lab, 44).await;
    assert_eq!(site.told(), (1, 0));
    pass(&mut lab, 17).await;
    assert_eq!(site.told(), (1, 1));
    lab.stop().await;
}

#[tokio::test]
async fn d_05_while_paging_is_held_the_time_stands_still_and_a_step_by_hand_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let site = Site::new().await;
    let mut lab = site.lab(dir.path(), Clock::manual(START)).await;
    lab.report("web-1/http", refused()).await;
    pass(&mut lab, 10).await;
    let length = Span::from_secs(60 * MINUTE);
    let hold = Command::HoldPaging { length, reason: "core switch".to_owned() };
    lab.execute(hold).await.unwrap();
    pass(&mut lab, 30).await;
    let refused = lab.execute(escalate(&lab, 1)).await.unwrap_err();
    assert!(refused.to_string().contains("paging is held"), "{refused}");
    let (_, clock) = lab.stop().await;
    let mut lab = site.lab(dir.path(), clock).await;
    pass(&mut lab, 31).await;
    assert_eq!(lab.world.engine().hold, None);
    assert_eq!(site.told(), (0, 0));
    pass(&mut lab, 5).await;
    assert_eq!(site.told(), (1, 0));
    lab.stop().await;
}

#[tokio::test]
async fn d_05_escalate_sends_the_step_that_was_seen_audited_and_says_when_there_is_none() {
    let dir = tempfile::tempdir().unwrap();
    let site = Site::new().await;
    let mut inventory = rare(&["web-1", "web-2"], &site.routes);
    for check in inventory.checks.iter_mut().filter(|check| &*check.key.host == "web-2") {
        check.contact_list = Some("Management".into());
    }
    let mut lab = Lab::start(dir.path(), inventory, Clock::manual(START)).await;
    lab.report("web-2/http", refused()).await;
    let without = lab.execute(escalate(&lab, 1)).await.unwrap_err();
    assert!(without.to_string().contains("web-2/http has no steps"), "{without}");
    lab.report("web-2/http", good()).await;

    lab.report("web-1/http", refused()).await;
    let viewer = Actor::Local { name: SafeText::line("eve"), role: Role::Viewer };
    let command = escalate(&lab, 1);
    let (_, refused) = lab.execute_as(viewer, command.clone()).await;
    assert_eq!(refused.unwrap_err().kind, ProblemKind::Forbidden);
    let early = lab.execute(escalate(&lab, 2)).await.unwrap_err();
    assert!(early.to_string().contains("step 1 of 2 to Shift lead now"), "{early}");

    // The same request again, as after an answer that was lost, sends nothing more.
    let request = fluxnoc::protocol::Request {
        id: fluxnoc::model::RequestId::from_parts(START.millis(), [4; 10]),
        actor: noc(),
        command: command.clone(),
    };
    for _ in 0..2 {
        let outcome = lab.engine.handle.execute(request.clone()).await.unwrap();
        assert_eq!(outcome, Outcome::done(1));
    }
    quiet(&mut lab).await;
    assert_eq!(site.told(), (1, 0));
    assert_eq!(site.lead.got()[0].json()["actor"], "noc");
    let late = lab.execute(command).await.unwrap_err();
    assert!(late.to_string().contains("step 2 of 2 to Management now: Shift lead"), "{late}");

    // Also of what somebody has.
    lab.acknowledge("web-1/http", None, true).await;
    lab.execute(escalate(&lab, 2)).await.unwrap();
    quiet(&mut lab).await;
    assert_eq!(site.told(), (1, 1));
    let none = lab.execute(escalate(&lab, 3)).await.unwrap_err();
    assert!(none.to_string().contains("no further step"), "{none}");
    let filter = LogFilter { kinds: vec![LogKind::Action], ..LogFilter::default() };
    let asked = Query::Log { filter, before: None, limit: 10 };
    let Answer::Log(log) = lab.query(asked).await else { panic!() };
    let said: Vec<String> = log.entries.iter().map(|entry| entry.text.to_string()).collect();
    let steps = said.iter().filter(|text| text.starts_with("had step")).count();
    assert_eq!(steps, 2, "{said:?}");
    lab.stop().await;
}

/// Two lists of the same service: one incident, and each list is told by itself.
#[tokio::test]
async fn d_05_fs_03_at_flux_notify_a_step_updates_the_one_incident_and_tells_its_list_once() {
    let (receiver, opened) = honest().await;
    let service = FluxNotify::at(&base(&receiver));
    let mut routes = Routes::default();
    let kind = ChannelKind::FluxNotify(Box::new(service));
    routes.channels.insert("flux-notify".into(), channel("flux-notify", kind));
    for list in ["DBA Team", "Shift lead"] {
        routes.lists.insert(list.into(), vec![Name::from("flux-notify")]);
    }
    routes.default_list = Some("DBA Team".into());
    routes.escalations.insert("DBA Team".into(), steps(&[(15, "Shift lead")]));
    let routes = Arc::new(routes);
    let dir = tempfile::tempdir().unwrap();
    let mut lab = Lab::start(dir.path(), rare(&["web-1"], &routes), Clock::manual(START)).await;
    lab.report("web-1/http", refused()).await;
    pass(&mut lab, 16).await;
    let take = Command::Acknowledge {
        targets: vec!["web-1/http".parse().unwrap()],
        comment: "on it".to_owned(),
        expires: None,
        sticky: false,
        notify: true,
    };
    lab.execute(take).await.unwrap();
    pass(&mut lab, 1).await;
    lab.report("web-1/http", good()).await;
    quiet(&mut lab).await;
    let got = receiver.got();
    let line = |one: &Got| {
        let body = one.json();
        let word = |field: &str| body[field].as_str().unwrap_or("-").to_owned();
        format!("{} | {} | {}", one.line, word("contact_list"), word("status"))
    };
    let lines: Vec<String> = got.iter().map(line).collect();
    assert_eq!(
        lines,
        [
            "POST /api/incidents | DBA Team | open",
            "POST /api/notifications | DBA Team | open",
            "POST /api/incidents/INC-1/updates | Shift lead | updated",
            "POST /api/notifications | Shift lead | open",
            "POST /api/incidents/INC-1/acknowledge | DBA Team | acknowledged",
            "POST /api/notifications | Shift lead | acknowledged",
            "POST /api/incidents/INC-1/resolve | DBA Team | resolved",
            "POST /api/notifications | Shift lead | resolved",
        ]
    );
    let keys: std::collections::BTreeSet<_> =
        got.iter().map(|one| one.header("idempotency-key").unwrap().to_owned()).collect();
    assert_eq!(keys.len(), got.len(), "each request has its own key");
    assert!(got[1..].iter().all(|one| one.json()["incident_id"] == "INC-1"));
    assert_eq!(opened.lock().unwrap().len(), 1, "never a second incident");
    lab.stop().await;
}

/// Steps of many alerts at once are one digest, to the list of the step.
#[tokio::test]
async fn d_05_steps_of_a_storm_are_one_digest_to_the_list_of_the_step() {
    let receiver = honest().await.0;
    let mut routes = Routes::default();
    let kind = ChannelKind::FluxNotify(Box::new(FluxNotify::at(&base(&receiver))));
    routes.channels.insert("flux-notify".into(), channel("flux-notify", kind));
    routes.storms.insert("flux-notify".into(), 2);
    for list in ["DBA Team", "Shift lead"] {
        routes.lists.insert(list.into(), vec![Name::from("flux-notify")]);
    }
    routes.default_list = Some("DBA Team".into());
    routes.escalations.insert("DBA Team".into(), steps(&[(15, "Shift lead")]));
    let wanted = rare(&["db-0", "db-1", "db-2", "db-3"], &Arc::new(routes));
    let keys: Vec<_> = wanted.checks.iter().map(|check| check.key.clone()).collect();
    let dir = tempfile::tempdir().unwrap();
    let mut lab = Lab::start(dir.path(), wanted, Clock::manual(START)).await;
    lab.report_all(&keys, &refused(), 4).await;
    pass(&mut lab, 16).await;
    let told: Vec<_> = receiver.got().iter().map(Got::json).collect();
    let lists: Vec<_> = told.iter().map(|one| one["contact_list"].as_str().unwrap()).collect();
    assert_eq!(lists, ["DBA Team", "Shift lead"], "{told:#?}");
    for one in &told {
        assert!(one["message"].as_str().unwrap().contains("4 alerts: 4 CRITICAL"), "{one}");
    }
    for key in &keys {
        lab.report(&key.to_string(), good()).await;
    }
    pass(&mut lab, 2).await;

    // By hand while the wave is not over: what waits for both lists is told to both.
    let seen = receiver.got().len();
    lab.report_all(&keys, &refused(), 4).await;
    let which = lab.world.open_alerts().map(|alert| EscalateOne { alert: alert.id, step: 1 });
    let command = Command::Escalate { which: which.collect() };
    assert_eq!(lab.execute(command).await.unwrap(), Outcome::done(4));
    pass(&mut lab, 3).await;
    let told: Vec<_> = receiver.got()[seen..].iter().map(Got::json).collect();
    let mut lists: Vec<_> = told.iter().map(|one| one["contact_list"].as_str().unwrap()).collect();
    lists.sort_unstable();
    assert_eq!(lists, ["DBA Team", "Shift lead"], "{told:#?}");
    for one in &told {
        assert!(one["message"].as_str().unwrap().contains("4 alerts: 4 CRITICAL"), "{one}");
    }
    lab.stop().await;
}
