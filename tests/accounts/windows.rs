//! What an Operator may cover with a window (SPEC D-10).

use fluxnoc::model::access::{Access, OverLimit};
use fluxnoc::model::{MaintenanceId, Role, SafeText, Span};
use fluxnoc::protocol::{Actor, Command, NewMaintenance, Outcome, Problem, ProblemKind};

use crate::lab::START;
use crate::net::Net;

async fn net(over: OverLimit) -> Net {
    let names: Vec<String> = (0..60).map(|n| format!("db-{n:02}")).collect();
    let mut net = Net::over(&names.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let access = Access { operator_over_limit: over, ..Access::default() };
    assert_eq!(access.operator_max_window, Span::from_secs(24 * 3600));
    assert_eq!(access.operator_max_hosts, 50);
    net.lab.inventory.lock().unwrap().as_mut().unwrap().access = access;
    net.lab.execute(Command::Reload).await.unwrap();
    net
}

fn local(role: Role) -> Actor {
    Actor::Local { name: SafeText::line("ann"), role }
}

fn window(pattern: &str, hours: u64) -> Command {
    Command::AddMaintenance(NewMaintenance {
        name: "patching".to_owned(),
        host_pattern: pattern.parse().ok(),
        check: None,
        hosts: std::collections::BTreeSet::new(),
        checks: std::collections::BTreeSet::new(),
        start: START,
        end: START + Span::from_secs(hours * 3600),
        children: false,
        repeats: None,
        suppress_notifications: true,
        created_by: None,
    })
}

fn id(outcome: Result<Outcome, Problem>) -> MaintenanceId {
    match outcome {
        Ok(Outcome::Maintenance(window)) => window.id,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn d_10_a_window_beyond_the_limits_is_refused_where_that_is_said() {
    let mut net = net(OverLimit::Refuse).await;
    let lab = &mut net.lab;
    let operator = || local(Role::Operator);
    let (_, small) = lab.execute_as(operator(), window("db-[0-4]*", 24)).await;
    let small = id(small);
    let cases = [
        (window("db-*", 1), "covers 60 hosts, more than the 50"),
        (window("db-1*", 25), "is 1d1h long, more than the 1d"),
        (Command::ExtendMaintenance { id: small, by: Span::from_secs(1) }, "1d1s long"),
        (
            Command::EditMaintenance {
                id: small,
                name: None,
                start: None,
                end: Some(START + Span::from_secs(48 * 3600)),
                repeats: None,
                every: false,
            },
            "is 2d long",
        ),
    ];
    for (command, words) in cases {
        let before = lab.world.windows().count();
        let (_, outcome) = lab.execute_as(operator(), command.clone()).await;
        let problem = outcome.unwrap_err();
        assert_eq!(problem.kind, ProblemKind::Forbidden, "{problem}");
        assert!(problem.message.as_str().contains(words), "{words}: {problem}");
        assert!(problem.message.as_str().contains("ask an Admin"), "{problem}");
        assert_eq!(lab.world.windows().count(), before);
        let (_, outcome) = lab.execute_as(local(Role::Admin), command).await;
        let made = id(outcome);
        // What an Admin made so large an Operator may name otherwise and shorten.
        let edit = |end| Command::EditMaintenance {
            id: made,
            name: Some("renamed".to_owned()),
            start: None,
            end,
            repeats: None,
            every: false,
        };
        for end in [None, Some(START + Span::from_secs(24 * 3600))] {
            let (_, outcome) = lab.execute_as(operator(), edit(end)).await;
            assert!(outcome.is_ok(), "{outcome:?}");
        }
    }
}

#[tokio::test]
async fn d_10_a_window_beyond_the_limits_is_made_and_told() {
    let mut net = net(OverLimit::Warn).await;
    let (_, outcome) = net.lab.execute_as(local(Role::Operator), window("db-*", 30)).await;
    assert_eq!(net.lab.world.windows().count(), 1, "{outcome:?}");
    let said = "window patching of ann is 1d6h long, more than the 1d of an Operator \
        (access.operator_max_window) and covers 60 hosts, more than the 50 of an Operator \
        (access.operator_max_hosts)";
    let notice = net.lab.world.engine().notice.clone();
    assert_eq!(notice, Some(SafeText::line(said)), "every console says so");
    let history = net.history().await;
    assert!(history.contains(&format!("fluxnoc: {said}")), "{history:#?}");
    let (_, outcome) = net.lab.execute_as(local(Role::Admin), window("db-*", 30)).await;
    id(outcome);
    let history = net.history().await;
    let told = history.iter().filter(|line| line.contains("more than the")).count();
    assert_eq!(told, 1, "an Admin has no limits");
    let (_, outcome) = net.lab.execute_as(local(Role::Viewer), window("db-1*", 1)).await;
    assert_eq!(outcome.unwrap_err().kind, ProblemKind::Forbidden);
}
