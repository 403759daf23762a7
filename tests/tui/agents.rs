//! The agents view: who is there, what waits, the way to its host, forgetting one.

use std::sync::Arc;

use fluxnoc::model::{Agent, AgentPhase, SafeText, Span};
use fluxnoc::protocol::{Command, Event, Role};
use fluxnoc::tui::app::Pane;
use fluxnoc::tui::views::View;

use crate::fixture::now;
use crate::{Console, actor, fixture, options};

fn agent(name: &str, phase: AgentPhase, mins: u64, heard: u64, reason: &str) -> Agent {
    Agent {
        name: name.into(),
        location: SafeText::line(&format!("{} rack 4", name.get(..3).unwrap_or(""))),
        machine: SafeText::line(name),
        version: SafeText::line("0.1.0"),
        address: Some(SafeText::line("10.0.7.21:52114")),
        phase,
        since: now() - Span::from_secs(60 * mins),
        reason: SafeText::line(reason),
        seen: Some(now() - Span::from_secs(heard)),
        rtt: Some(Span::from_millis(9)),
        checks: 24,
        registered: now() - Span::from_secs(86_400 * 30),
        ..Agent::default()
    }
}

/// Five agents, one of them gone.
pub fn events() -> impl Iterator<Item = Event> {
    let online = AgentPhase::Online;
    let slow = "its heartbeat takes 812 ms, usually 9 ms";
    let all = [
        agent("ams-05", online, 13_000, 9, ""),
        Agent {
            rtt: Some(Span::from_millis(812)),
            buffered: 40,
            ..agent("dal-07", AgentPhase::Degraded, 3, 12, slow)
        },
        agent("dal-21", AgentPhase::Maintenance, 60, 4, "a window covers it"),
        Agent {
            buffered: 1800,
            dropped: 12,
            ..agent("fra-01", AgentPhase::Offline, 12, 840, "no heartbeat for more than 2 minutes")
        },
        Agent { skew_ms: -3240, ..agent("fra-11", online, 600, 100, "") },
    ];
    all.into_iter().map(|agent| Event::Agent(Arc::new(agent)))
}

fn open(role: Role) -> Console {
    let mut console = Console::new((200, 60), actor(role), options());
    console.feed(fixture::picture());
    console.rest();
    console.press("9");
    assert_eq!(console.app.focus, Pane::Agents);
    console
}

fn row(console: &mut Console) -> String {
    let screen = console.screen();
    screen.lines().find(|row| row.contains('›')).unwrap_or_default().to_owned()
}

#[test]
fn fs_11_the_worst_agent_is_first_and_says_why() {
    let mut console = open(Role::Operator);
    let screen = console.screen();
    assert!(screen.contains("5 agents: 1 OFFLINE, 1 DEGRADED, 1 MAINTENANCE"), "{screen}");
    let at = |word: &str| screen.find(word).unwrap_or_else(|| panic!("{word}\n{screen}"));
    let order = ["● OFFLINE", "▲ DEGRADED", "◇ MAINTENANCE", "✓ ONLINE"].map(at);
    assert!(order.is_sorted(), "{screen}");
    for words in ["1800, 12 lost", "no heartbeat for more than 2 minutes", "812ms", "-3.2s", "<2m"]
    {
        at(words);
    }
    let first = row(&mut console);
    assert!(first.contains("fra-01") && first.contains("14m"), "{first}");
}

#[test]
fn enter_leads_to_its_host_and_m_and_a_mean_it() {
    let mut console = open(Role::Operator);
    console.press("enter");
    assert_eq!(console.app.view, View::Host);
    assert!(console.screen().contains("fra-01 10.0.3.1"), "{}", console.screen());
    console.press("esc");
    assert_eq!(console.app.focus, Pane::Agents);
    assert!(console.press("m").screen().contains("all of fra-01"));
    console.press("esc a enter");
    let sent = matches!(console.commands.as_slice(), [Command::Acknowledge { .. }]);
    assert!(sent, "{:?}", console.commands);
}

#[test]
fn the_filter_knows_states_and_texts_and_the_cursor_stays_with_its_agent() {
    let mut console = open(Role::Operator);
    console.press("j");
    assert!(row(&mut console).contains("dal-07"));
    // The one before it is back: the cursor does not go to another one.
    let back = agent("fra-01", AgentPhase::Online, 0, 1, "");
    console.feed(vec![Event::Agent(Arc::new(back))]);
    assert!(row(&mut console).contains("dal-07"), "{}", console.screen());
    console.press("/").write("ams").press("enter");
    let screen = console.screen();
    assert!(screen.contains("ams-05") && !screen.contains("dal-07"), "{screen}");
    console.press("/").write("-nothing").press("enter");
    assert!(console.screen().contains("No agent passes the filter"), "{}", console.screen());
    console.press("esc");
    assert!(console.screen().contains("dal-07"), "{}", console.screen());
}

#[test]
fn an_admin_forgets_an_agent_after_a_question_and_nobody_else_does() {
    let mut console = open(Role::Admin);
    let screen = console.press("D").screen();
    let asked = "Forget agent fra-01 (OFFLINE), its 24 checks wait for another of that name?";
    assert!(screen.contains(asked), "{screen}");
    assert!(console.commands.is_empty());
    console.press("enter");
    assert_eq!(console.commands, [Command::RemoveAgent { name: "fra-01".into() }]);
    console.feed(vec![Event::AgentGone("fra-01".into())]);
    assert!(console.screen().contains("4 agents: 1 DEGRADED"), "{}", console.screen());
    for role in [Role::Operator, Role::Viewer] {
        let mut console = open(role);
        let screen = console.press("D").screen();
        assert!(screen.contains("remove-agent needs the role Admin"), "{screen}");
        console.press("enter");
        assert!(console.commands.is_empty(), "{:?}", console.commands);
    }
}

#[test]
fn where_no_agent_is_two_lines_say_how_one_is_made() {
    for size in [(200, 60), (120, 40), (80, 24)] {
        let mut console = Console::new(size, actor(Role::Operator), options());
        let agents = |event: &Event| !matches!(event, Event::Agent(_));
        console.feed(fixture::picture().into_iter().filter(agents).collect());
        console.rest();
        let screen = console.press("9").screen();
        assert!(screen.contains("fluxnoc token add --agent NAME"), "{screen}");
        assert!(
            screen.contains("fluxnoc agent --server URL --name NAME --token TOKEN"),
            "{screen}"
        );
    }
}
