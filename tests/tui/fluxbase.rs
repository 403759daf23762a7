//! The Fluxbase view: instances, targets, five graphs, at three sizes.

use std::sync::Arc;

use fluxnoc::model::spec::Kind;
use fluxnoc::model::{Host, Name, Span, Timestamp};
use fluxnoc::protocol::query::Point;
use fluxnoc::protocol::{
    Answer, Event, FluxbaseGoal, FluxbaseGraph, FluxbaseLine, FluxbasePage, FluxbasePanel,
    FluxbaseRow, FluxbaseTarget, Problem,
};

use crate::Console;
use crate::fixture::{check, fine, wave};

/// Latency P95, P99, queries P95, P99, errors, pool, memory, goroutines.
const VALUES: [(&str, [Option<f64>; 8]); 3] = [
    (
        "fb-prod",
        [
            Some(0.0983),
            Some(0.31),
            Some(0.012),
            Some(0.048),
            Some(0.0002),
            Some(0.12),
            Some(0.003),
            Some(-0.001),
        ],
    ),
    (
        "fb-test",
        [
            Some(0.41),
            Some(1.2),
            Some(0.049),
            Some(0.09),
            Some(0.025),
            Some(0.8),
            Some(0.362),
            Some(0.02),
        ],
    ),
    ("fb-new", [None, None, None, None, None, Some(0.04), None, None]),
];

/// What a fake engine answers.
pub fn page(host: Option<&Name>, from: Timestamp, to: Timestamp) -> Result<Answer, Problem> {
    let rows = VALUES.iter().map(|(host, values)| FluxbaseRow {
        host: (*host).into(),
        instance: format!("{host}.example:8080"),
        targets: FluxbaseGoal::ALL
            .into_iter()
            .zip(values)
            .map(|(goal, value)| FluxbaseTarget { goal, value: *value })
            .collect(),
    });
    let host = host.map_or("fb-prod", |host| host);
    let base = if host == "fb-prod" { 1.0 } else { 3.0 };
    let line = |name: &str, level: f64, swing: f64| {
        let steps = to.since(from).millis() / 15_000;
        let points = (0..=steps).filter(|n| host != "fb-new" && !(20..23).contains(n)).map(|n| {
            let at = from + Span::from_millis(n * 15_000);
            Point::one(at, level + swing * wave(at.millis() / 1000, 400.0))
        });
        FluxbaseLine { name: name.to_owned(), points: points.collect() }
    };
    let panels = FluxbaseGraph::ALL.into_iter().map(|graph| FluxbasePanel {
        graph,
        lines: match graph {
            FluxbaseGraph::RequestRate => vec![line("requests", 41.0 * base, 12.0)],
            FluxbaseGraph::Latency => {
                vec![line("P95", 0.11 * base, 0.02), line("P99", 0.3 * base, 0.1)]
            }
            FluxbaseGraph::ErrorRate => vec![line("errors", 0.0004 * base, 0.0003)],
            FluxbaseGraph::DbConnections => {
                vec![line("in use", 3.0 * base, 2.0), line("max", 25.0, 0.0)]
            }
            FluxbaseGraph::RealtimeConnections => vec![line("connections", 120.0, 8.0)],
        },
    });
    Ok(Answer::Fluxbase(FluxbasePage { rows: rows.collect(), panels: panels.collect() }))
}

/// The hosts of the instances.
fn watched(size: (u16, u16)) -> Console {
    let mut console = Console::open(size);
    for host in ["fb-prod", "fb-test", "fb-new"] {
        console.feed(vec![
            Event::Host(Arc::new(Host::new(host, "192.0.2.60"))),
            check(host, "live", Kind::Fluxbase, fine("alive, database up, realtime on")),
        ]);
    }
    console.pass(Span::from_secs(3));
    console
}

#[test]
fn fb_16_fb_25_fb_29_five_graphs_and_the_targets_at_three_sizes() {
    for (size, name) in [((200, 60), "200x60"), ((120, 40), "120x40")] {
        let mut console = watched(size);
        console.press("g x");
        console.rest();
        let screen = console.screen();
        for graph in FluxbaseGraph::ALL {
            assert!(screen.contains(graph.title()), "{}: {screen}", graph.title());
        }
        for goal in FluxbaseGoal::ALL {
            assert!(screen.contains(goal.title()), "{}: {screen}", goal.title());
        }
        insta::assert_snapshot!(format!("fluxbase_{name}"), screen);
    }
    let mut console = watched((80, 24));
    console.press("g x");
    console.rest();
    insta::assert_snapshot!("fluxbase_list_80x24", console.screen());
    console.press("tab tab");
    console.rest();
    let screen = console.screen();
    for graph in FluxbaseGraph::ALL {
        assert!(screen.contains(graph.title()), "{}: {screen}", graph.title());
    }
    insta::assert_snapshot!("fluxbase_graphs_80x24", screen);
}

#[test]
fn fb_16_several_instances_are_selectable_and_their_figures_follow_the_cursor() {
    let mut console = watched((120, 40));
    console.press("g x");
    console.rest();
    let screen = console.screen();
    assert!(screen.contains("all met") && screen.contains("5 missed"), "{screen}");
    assert!(screen.contains("fb-prod, 15 min"), "{screen}");
    console.press("j");
    console.rest();
    let screen = console.screen();
    assert!(screen.contains("fb-test, 15 min") && screen.contains("2 of 3"), "{screen}");
    // Exactly 80 % is not below it; what grows by a third of itself an hour is not stable.
    assert!(screen.contains("80 %") && screen.contains("+36.2 %/h"), "{screen}");
    console.press("j");
    console.rest();
    let screen = console.screen();
    assert!(screen.contains("no traffic") && screen.contains("no trend yet"), "{screen}");
    assert!(screen.contains("nothing measured"), "{screen}");
    console.press("k k enter");
    console.rest();
    let screen = console.screen();
    assert!(screen.contains("live"), "{screen}");
}

#[test]
fn fb_16_without_an_instance_there_is_no_view_and_the_mend_is_said() {
    let mut console = Console::open((120, 40));
    console.press("g x");
    let screen = console.screen();
    assert!(screen.contains("no Fluxbase is watched"), "{screen}");
    assert!(!screen.contains("Realtime Connections"), "{screen}");
}
