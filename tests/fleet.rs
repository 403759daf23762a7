//! Agents at the engine: let in, heard, believed, suspected, silent.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails so")]

#[path = "fleet/hand.rs"]
mod hand;
#[path = "common/lab.rs"]
mod lab;
#[path = "fleet/results.rs"]
mod results;
#[path = "fleet/strange.rs"]
mod strange;

use fluxnoc::model::{AgentPhase, Role, Scope, Span, State};
use fluxnoc::protocol::{Command, NewMaintenance, Outcome, ProblemKind};

use hand::{Hand, Place};
use lab::Lab;

#[tokio::test]
async fn fs_07_a_token_lets_its_agent_in_and_nobody_else() {
    let place = Place::new();
    let mut lab = place.start(&["branch-1"]).await;
    let token = hand::token(&mut lab, "branch-1", None).await;
    assert!(token.scopes == [Scope::Agent] && token.role == Role::Viewer);
    let other = hand::enrol(&mut lab, &token, "branch-2").await.unwrap_err();
    assert_eq!(other.kind, ProblemKind::Forbidden, "{other}");
    let key = hand::enrol(&mut lab, &token, "branch-1").await.unwrap();
    assert!(key.0.starts_with("fnx_"));
    lab.until("its host", |event| event.name() == "agent").await;
    lab.drain();
    let agent = lab.world.agent("branch-1").unwrap();
    assert_eq!(agent.phase, AgentPhase::Offline, "registered, and never heard");
    let host = lab.world.host("branch-1").unwrap();
    assert_eq!(host.host.groups, ["agents"]);
    assert!(host.check("agent").is_some() && host.check("system").is_some());
    let log = format!(
        "{:?}",
        lab.query(fluxnoc::protocol::Query::Log {
            filter: fluxnoc::protocol::LogFilter::default(),
            before: None,
            limit: 50,
        })
        .await
    );
    assert!(log.contains("registered agent branch-1"), "{log}");
    assert!(!log.contains(&key.0), "no key in the history");
}

#[tokio::test]
async fn d_09_a_token_is_used_again_only_while_no_live_agent_has_the_name() {
    let place = Place::new();
    let mut lab = place.start(&["branch-1"]).await;
    let token = hand::token(&mut lab, "branch-1", None).await;
    let mut agent = Hand::enrolled(&mut lab, &token, "branch-1").await;
    // Never heard with this key: a container that was made anew at once.
    let _ = hand::enrol(&mut lab, &token, "branch-1").await.unwrap();
    agent.claim(&mut lab).await.unwrap();
    agent.beat(&mut lab, 5, 0).await.unwrap();
    let refused = hand::enrol(&mut lab, &token, "branch-1").await.unwrap_err();
    assert_eq!(refused.kind, ProblemKind::Conflict);
    assert!(refused.message.as_str().contains("192.0.2.1"), "{refused}");
    lab.clock.advance(Span::from_secs(121));
    lab.until("silence", |event| event.name() == "agent").await;
    assert!(hand::enrol(&mut lab, &token, "branch-1").await.is_ok());
    let once = hand::token(&mut lab, "branch-2", Some(1)).await;
    assert!(hand::enrol(&mut lab, &once, "branch-2").await.is_ok());
    let refused = hand::enrol(&mut lab, &once, "branch-2").await.unwrap_err();
    assert!(refused.message.as_str().contains("token add --agent branch-2"), "{refused}");
}

#[tokio::test]
async fn fs_10_silence_of_more_than_two_minutes_is_offline_and_the_one_alert() {
    let place = Place::new();
    let mut lab = place.start(&["branch-1"]).await;
    let mut agent = Hand::ready(&mut lab, "branch-1").await;
    agent.beat(&mut lab, 5, 0).await.unwrap();
    agent.report(&mut lab, "far/ping", lab::good()).await;
    agent.beat(&mut lab, 5, 0).await.unwrap();
    // To the millisecond in rules::presence; here the hands that move it take their time.
    lab.clock.advance(Span::from_secs(118));
    lab.settle().await;
    assert_eq!(lab.world.agent("branch-1").unwrap().phase, AgentPhase::Online);
    lab.clock.advance(Span::from_secs(4));
    lab.settle().await;
    assert_eq!(lab.world.agent("branch-1").unwrap().phase, AgentPhase::Offline);
    assert_eq!(lab.state("branch-1/agent"), (State::Critical, true));
    for _ in 0..40 {
        lab.clock.advance(Span::from_secs(10));
        lab.settle().await;
    }
    assert_eq!(lab.state("far/ping").0, State::Unknown, "no result since");
    let told: Vec<String> = lab
        .world
        .open_alerts()
        .filter(|alert| alert.fired.is_some() && alert.root().is_none())
        // Its own worker tells nothing here either.
        .filter(|alert| &*alert.check.host != "near")
        .map(|alert| alert.check.to_string())
        .collect();
    assert_eq!(told, ["branch-1/agent"], "what it does not tell is explained by it");
    agent.beat(&mut lab, 5, 0).await.unwrap();
    lab.settle().await;
    assert_eq!(lab.state("branch-1/agent"), (State::Ok, true), "FS-08");
}

#[tokio::test]
async fn what_an_agent_told_waits_for_no_heartbeat_of_it() {
    let place = Place::new();
    let mut lab = place.start(&["branch-1"]).await;
    let mut agent = Hand::ready(&mut lab, "branch-1").await;
    agent.beat(&mut lab, 5, 0).await.unwrap();
    agent.report(&mut lab, "far/ping", lab::good()).await;
    lab.clock.advance(Span::from_secs(9));
    agent.report(&mut lab, "far/ping", lab::refused()).await;
    let alert = lab.world.alert_of(&"far/ping".parse().unwrap()).expect("an alert");
    assert!(alert.fired.is_some() && alert.cause.is_none(), "{alert:?}");
}

#[tokio::test]
async fn fs_09_a_slow_or_failing_agent_is_degraded_and_that_is_a_warning() {
    let place = Place::new();
    let mut lab = place.start(&["branch-1"]).await;
    let mut agent = Hand::ready(&mut lab, "branch-1").await;
    for failed in [0, 3, 3, 3] {
        lab.clock.advance(Span::from_secs(10));
        agent.beat(&mut lab, 5, failed).await.unwrap();
    }
    lab.settle().await;
    assert_eq!(lab.world.agent("branch-1").unwrap().phase, AgentPhase::Degraded, "D-08");
    assert_eq!(lab.state("branch-1/agent"), (State::Warning, true));
}

#[tokio::test]
async fn fs_11_in_a_window_an_agent_is_told_to_start_nothing_and_nothing_is_late() {
    let place = Place::new();
    let mut lab = place.start(&["branch-1"]).await;
    let mut agent = Hand::ready(&mut lab, "branch-1").await;
    agent.beat(&mut lab, 5, 0).await.unwrap();
    agent.report(&mut lab, "far/ping", lab::good()).await;
    let now = lab.clock.now().wall;
    let window = NewMaintenance {
        name: "new line".to_owned(),
        host_pattern: "branch-1".parse().ok(),
        check: None,
        hosts: std::collections::BTreeSet::new(),
        checks: std::collections::BTreeSet::new(),
        start: now,
        end: now + Span::from_secs(600),
        children: false,
        repeats: None,
        suppress_notifications: true,
        created_by: None,
    };
    lab.execute(Command::AddMaintenance(window)).await.unwrap();
    lab.clock.advance(Span::from_secs(2));
    lab.settle().await;
    assert_eq!(lab.world.agent("branch-1").unwrap().phase, AgentPhase::Maintenance);
    assert_eq!(agent.told(&mut lab).await.pause, Some(true));
    let answer = agent.beat(&mut lab, 5, 0).await.unwrap();
    assert!(matches!(answer, Outcome::Directives(d) if d.pause == Some(true)));
    for _ in 0..40 {
        lab.clock.advance(Span::from_secs(10));
        agent.beat(&mut lab, 5, 0).await.unwrap();
    }
    lab.settle().await;
    assert_eq!(lab.state("far/ping").0, State::Ok, "what is not run is not late");
    lab.clock.advance(Span::from_secs(250));
    lab.settle().await;
    assert_eq!(agent.told(&mut lab).await.pause, Some(false));
}

#[tokio::test]
async fn an_agent_that_is_removed_is_gone_with_what_it_brought() {
    let place = Place::new();
    let mut lab = place.start(&["branch-1"]).await;
    let mut agent = Hand::ready(&mut lab, "branch-1").await;
    agent.beat(&mut lab, 5, 0).await.unwrap();
    lab.execute(Command::RemoveAgent { name: "branch-1".into() }).await.unwrap();
    lab.settle().await;
    assert!(lab.world.agent("branch-1").is_none() && lab.world.host("branch-1").is_none());
    let refused = agent.beat(&mut lab, 5, 0).await.unwrap_err();
    assert_eq!(refused.kind, ProblemKind::Unauthenticated, "{refused}");
    let none = lab.execute(Command::RemoveAgent { name: "branch-1".into() }).await.unwrap_err();
    assert_eq!(none.kind, ProblemKind::NotFound);
}

impl Lab {
    /// Lets the engine turn once, and takes in what it said.
    async fn settle(&mut self) {
        for _ in 0..3 {
            self.clock.advance(Span::from_millis(0));
            self.query(fluxnoc::protocol::Query::Engine).await;
            tokio::task::yield_now().await;
        }
        self.drain();
    }
}
