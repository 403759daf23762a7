//! Agents that are not what they say, and messages that no agent of ours sends.

use fluxnoc::model::{AgentPhase, Metric, Observation, Span, State, Unit};
use fluxnoc::protocol::{Command, Directives, ProblemKind, Query};

use crate::hand::{Hand, Place};
use crate::lab;

#[tokio::test]
async fn f68_results_of_checks_that_are_not_its_own_are_named_and_not_taken() {
    let place = Place::new();
    let mut lab = place.start(&["branch-1"]).await;
    let mut agent = Hand::ready(&mut lab, "branch-1").await;
    agent.beat(&mut lab, 5, 0).await.unwrap();
    agent.report(&mut lab, "near/ping", lab::refused()).await;
    agent.report(&mut lab, "branch-1/agent", lab::refused()).await;
    lab.clock.advance(Span::from_secs(1));
    lab.query(Query::Engine).await;
    lab.drain();
    assert_eq!(
        lab.world.check(&"near/ping".parse().unwrap()).unwrap().status.state,
        State::Unknown
    );
    let agent = lab.world.agent("branch-1").unwrap();
    assert!(agent.reason.as_str().contains("1 result of checks that are not its own"), "{agent:?}");
    assert_eq!(lab.state("branch-1/agent"), (State::Warning, true));
}

#[tokio::test]
async fn f67_two_agents_with_one_key_the_second_is_refused_and_named() {
    let place = Place::new();
    let mut lab = place.start(&["branch-1"]).await;
    let mut first = Hand::ready(&mut lab, "branch-1").await;
    first.beat(&mut lab, 5, 0).await.unwrap();
    let mut copy = Hand {
        boot: 1000,
        address: "192.0.2.99",
        name: first.name.clone(),
        given: Vec::new(),
        stream: None,
        ..first
    };
    let refused = copy.claim(&mut lab).await.unwrap_err();
    assert_eq!(refused.kind, ProblemKind::Conflict, "{refused}");
    assert!(refused.message.as_str().contains("192.0.2.1"), "{refused}");
    lab.query(Query::Engine).await;
    lab.drain();
    let shown = lab.world.agent("branch-1").unwrap();
    assert_eq!(shown.phase, AgentPhase::Online, "the first goes on");
    assert!(shown.reason.as_str().contains("192.0.2.99"), "{shown:?}");
    first.beat(&mut lab, 5, 0).await.unwrap();
    let log = lab.query(Query::Log {
        filter: fluxnoc::protocol::LogFilter::default(),
        before: None,
        limit: 50,
    });
    assert!(format!("{:?}", log.await).contains("its key is also used from 192.0.2.99"));
    // The first one ends: its stream closes, and the other may begin at once.
    first.stream = None;
    copy.stream = None;
    copy.claim(&mut lab).await.unwrap();
    let refused = first.beat(&mut lab, 5, 0).await.unwrap_err();
    assert_eq!(refused.kind, ProblemKind::Conflict, "{refused}");
}

#[tokio::test]
async fn an_agent_that_was_rolled_back_is_named() {
    let place = Place::new();
    let mut lab = place.start(&["branch-1"]).await;
    let mut agent = Hand::ready(&mut lab, "branch-1").await;
    for boot in 20..25 {
        (agent.boot, agent.stream) = (boot, None);
        agent.claim(&mut lab).await.unwrap();
    }
    assert_eq!(agent.life, 6);
    (agent.boot, agent.stream, agent.life) = (30, None, 2);
    agent.claim(&mut lab).await.unwrap();
    assert_eq!(agent.life, 7, "it knows from now on");
    agent.beat(&mut lab, 5, 0).await.unwrap();
    lab.query(Query::Engine).await;
    lab.drain();
    let shown = lab.world.agent("branch-1").unwrap();
    assert!(shown.reason.as_str().contains("older than its last start (2 of 6)"), "{shown:?}");
}

#[tokio::test]
async fn f65_too_much_and_another_protocol_are_refused() {
    let place = Place::new();
    let mut lab = place.start(&["branch-1"]).await;
    let mut agent = Hand::ready(&mut lab, "branch-1").await;
    agent.seq += 1;
    let many = vec![agent.finding(&lab, "far/ping", lab::good()); 513];
    let report = agent.message(many);
    let refused = agent.send(&mut lab, report).await.unwrap_err();
    assert_eq!(refused.kind, ProblemKind::Invalid, "{refused}");
    let metrics = (0..100_000).map(|n| Metric::new(&format!("m{n}"), 1.0, Unit::Count)).collect();
    agent.report(&mut lab, "far/ping", Observation::seen("much", metrics)).await;
    let key = "far/ping".parse().unwrap();
    let detail = lab.query(Query::Check { key }).await;
    let shown = format!("{detail:?}");
    assert!(shown.contains("m255") && !shown.contains("m256\""), "a check has 256 series");
    let id = fluxnoc::model::RequestId::from_parts(lab.clock.now().wall.millis(), rand::random());
    let claim = fluxnoc::protocol::Claim { protocol: 2, ..fluxnoc::protocol::Claim::of_boot(9) };
    let request =
        fluxnoc::protocol::Request { id, actor: agent.actor(), command: Command::Claim(claim) };
    let refused = lab.engine.handle.execute(request).await.unwrap_err();
    assert!(refused.message.as_str().contains("speaks 1, the agent 2"), "{refused}");
}

#[tokio::test]
async fn an_agent_may_do_nothing_but_its_work_and_hears_nothing_but_it() {
    let place = Place::new();
    let mut lab = place.start(&["branch-1"]).await;
    let mut agent = Hand::ready(&mut lab, "branch-1").await;
    let actor = agent.actor();
    for command in Command::samples() {
        let work = matches!(command, Command::Claim(_) | Command::Report(_) | Command::Beat(_));
        let may = fluxnoc::protocol::access::may_execute(&actor, &command).is_ok();
        assert_eq!(may, work, "{}", command.name());
    }
    assert!(lab.engine.handle.query(actor, Query::Hosts { pattern: None }).await.is_err());
    lab.report("near/ping", lab::good()).await;
    let told = agent.told(&mut lab).await;
    assert_eq!(Directives { traces: None, follow: None, ..told }, Directives::default());
}
