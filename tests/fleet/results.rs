//! What agents report: judged once, by the server's clock, late ones into the history alone.

use fluxnoc::model::{Span, State, Timestamp};
use fluxnoc::protocol::query::Answer;
use fluxnoc::protocol::{Outcome, ProblemKind, Query, Report};

use crate::hand::{Hand, Place};
use crate::lab::{self, Lab};

/// The states of `far/ping`, with their moments, as the history has them.
async fn history(lab: &Lab) -> Vec<(i64, State)> {
    let key = "far/ping".parse().unwrap();
    let (from, to): (Timestamp, _) = (lab::START - Span::from_secs(3600), lab.clock.now().wall);
    let points = 10_000;
    match lab.query(Query::History { key, from, to, points }).await {
        Answer::History { series, .. } => series
            .iter()
            .filter(|series| &*series.metric.name == "rtt")
            .flat_map(|series| series.points.iter().map(|point| (point.at.millis(), State::Ok)))
            .collect(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn fs_06_an_agent_runs_its_checks_and_the_server_its_own() {
    let place = Place::new();
    let mut lab = place.start(&["branch-1"]).await;
    let mut agent = Hand::ready(&mut lab, "branch-1").await;
    let mut given: Vec<String> = agent.given.iter().map(|g| g.check.key.to_string()).collect();
    given.sort();
    assert_eq!(given, ["branch-1/system", "far/ping", "far/web"]);
    agent.report(&mut lab, "far/ping", lab::refused()).await;
    assert_eq!(lab.state("far/ping"), (State::Critical, true));
    let own = agent.told(&mut lab).await;
    assert!(own.assign.is_empty(), "it has them already: {own:?}");
}

#[tokio::test]
async fn f66_the_same_message_three_times_and_out_of_order_counts_once() {
    let place = Place::new();
    let mut lab = place.start(&["branch-1"]).await;
    let mut agent = Hand::ready(&mut lab, "branch-1").await;
    let mut messages: Vec<Report> = Vec::new();
    for _ in 0..3 {
        lab.clock.advance(Span::from_secs(15));
        agent.seq += 1;
        messages.push(agent.message(vec![agent.finding(&lab, "far/ping", lab::good())]));
    }
    for at in [0, 0, 1, 2, 1, 0, 2, 2] {
        agent.send(&mut lab, messages[at].clone()).await.unwrap();
    }
    assert_eq!(history(&lab).await.len(), 3);
    // A restart of the server forgets nothing of that.
    let clock = lab.clock.clone();
    lab.engine.stopped().await.unwrap();
    let mut lab = place.again(&["branch-1"], clock).await;
    agent.stream = None;
    agent.claim(&mut lab).await.unwrap();
    for message in messages {
        agent.send(&mut lab, message).await.unwrap();
    }
    assert_eq!(history(&lab).await.len(), 3);
}

#[tokio::test]
async fn late_results_go_into_the_history_and_change_no_state() {
    let place = Place::new();
    let mut lab = place.start(&["branch-1"]).await;
    let mut agent = Hand::ready(&mut lab, "branch-1").await;
    agent.report(&mut lab, "far/ping", lab::good()).await;
    let kept: Vec<_> = (1..=3)
        .map(|n| {
            let mut finding = agent.finding(&lab, "far/ping", lab::refused());
            finding.at = lab.clock.now().wall - Span::from_secs(600 * n);
            finding.observation = if n == 2 { lab::good() } else { lab::refused() };
            finding
        })
        .collect();
    let report = Report { late: Some(99), seq: 1, ..agent.message(kept) };
    for _ in 0..2 {
        agent.send(&mut lab, report.clone()).await.unwrap();
    }
    assert_eq!(lab.state("far/ping"), (State::Ok, true));
    assert_eq!(lab.world.open_alerts().count(), 0);
    assert_eq!(history(&lab).await.len(), 2, "one good one before, once");
    // The stream goes on with another start.
    agent.boot = 8;
    agent.stream = None;
    agent.claim(&mut lab).await.unwrap();
    let report = Report { boot: 8, ..report };
    agent.send(&mut lab, report).await.unwrap();
    assert_eq!(history(&lab).await.len(), 2);
}

#[tokio::test]
async fn f69_an_agents_clock_decides_nothing() {
    let place = Place::new();
    let mut lab = place.start(&["branch-1"]).await;
    let mut agent = Hand::ready(&mut lab, "branch-1").await;
    agent.ahead = 86_400_000;
    agent.beat(&mut lab, 5, 0).await.unwrap();
    agent.report(&mut lab, "far/ping", lab::refused()).await;
    let now = lab.clock.now().wall;
    assert_eq!(lab.state("far/ping"), (State::Critical, true));
    let alert = lab.world.open_alerts().next().unwrap();
    assert!(alert.since <= now && now.since(alert.since) < Span::from_secs(5), "{:?}", alert.since);
    agent.ahead = -86_400_000;
    agent.beat(&mut lab, 5, 0).await.unwrap();
    agent.report(&mut lab, "far/ping", lab::good()).await;
    assert_eq!(lab.state("far/ping"), (State::Ok, true), "it is as fresh as any");
    agent.beat(&mut lab, 5, 0).await.unwrap();
    let Answer::Agents(agents) = lab.query(Query::Agents).await else { panic!("no agents") };
    assert!(agents[0].skew_ms < -86_000_000, "shown all the same: {}", agents[0].skew_ms);
}

#[tokio::test]
async fn what_a_delayed_heartbeat_says_of_the_clock_moves_no_result() {
    let place = Place::new();
    let mut lab = place.start(&["branch-1"]).await;
    let mut agent = Hand::ready(&mut lab, "branch-1").await;
    agent.beat(&mut lab, 5, 0).await.unwrap();
    // Sent three seconds ago, and kept by a link that was cut.
    agent.ahead = -3000;
    agent.beat(&mut lab, 5, 0).await.unwrap();
    agent.ahead = 0;
    lab.clock.advance(Span::from_secs(30));
    let now = lab.clock.now().wall;
    let moments: Vec<_> = (1..=3).rev().map(|n| now - Span::from_secs(n * 8)).collect();
    for at in &moments {
        let mut finding = agent.finding(&lab, "far/ping", lab::good());
        (finding.at, finding.slot) = (*at, *at);
        agent.seq += 1;
        let report = agent.message(vec![finding]);
        agent.send(&mut lab, report).await.unwrap();
    }
    let found: Vec<i64> = history(&lab).await.into_iter().map(|(at, _)| at).collect();
    let expected: Vec<i64> = moments.iter().map(|at| at.millis()).collect();
    assert_eq!(found, expected, "each at its own time");
}

#[tokio::test]
async fn an_older_result_of_a_live_stream_changes_no_state() {
    let place = Place::new();
    let mut lab = place.start(&["branch-1"]).await;
    let mut agent = Hand::ready(&mut lab, "branch-1").await;
    agent.report(&mut lab, "far/ping", lab::good()).await;
    let old = agent.finding(&lab, "far/ping", lab::refused());
    lab.clock.advance(Span::from_secs(90));
    agent.seq += 1;
    let report = agent.message(vec![old]);
    agent.send(&mut lab, report).await.unwrap();
    assert_eq!(lab.state("far/ping").0, State::Ok);
}

#[tokio::test]
async fn while_nothing_can_be_stored_results_are_refused_and_counted_later() {
    let place = Place::new();
    let mut lab = place.start(&["branch-1"]).await;
    let mut agent = Hand::ready(&mut lab, "branch-1").await;
    let path = place.dir.path().join("fluxnoc.db");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path);
    let hold = sqlx::SqlitePool::connect_with(options).await.unwrap();
    let mut held = hold.acquire().await.unwrap();
    sqlx::query("BEGIN EXCLUSIVE").execute(&mut *held).await.unwrap();
    agent.seq += 1;
    let report = agent.message(vec![agent.finding(&lab, "far/ping", lab::good())]);
    let refused = agent.send(&mut lab, report.clone()).await.unwrap_err();
    assert_eq!(refused.kind, ProblemKind::Unavailable, "{refused}");
    sqlx::query("ROLLBACK").execute(&mut *held).await.unwrap();
    drop(held);
    for _ in 0..50 {
        if agent.send(&mut lab, report.clone()).await.is_ok() {
            break;
        }
        lab.clock.advance(Span::from_secs(1));
    }
    let again = agent.send(&mut lab, report).await.unwrap();
    assert!(matches!(again, Outcome::Directives(_)));
    assert_eq!(history(&lab).await.len(), 1, "taken once");
}
