//! The traces of a pair: what changed between them, and two of them side by side.

use fluxnoc::protocol::Role;
use fluxnoc::protocol::query::Query;
use fluxnoc::tui::app::Pane;
use fluxnoc::tui::effect::Effect;

use crate::invariants::SIZES;
use crate::{Console, actor, fixture, options};

fn open(size: (u16, u16)) -> Console {
    let mut console = Console::new(size, actor(Role::Viewer), options());
    console.feed(fixture::picture());
    console.rest();
    console.press("g b H");
    assert_eq!(console.app.focus, Pane::TraceList);
    console
}

#[test]
fn fs_22_the_traces_of_a_pair_say_what_changed_and_what_that_did() {
    for size in SIZES {
        let mut console = open(size);
        insta::assert_snapshot!(format!("traces_{}x{}", size.0, size.1), console.screen());
    }
    let mut console = open((200, 60));
    let screen = console.screen();
    assert!(screen.contains("fra-01 → core-fra-2: 6 traces, 2 changes"), "{screen}");
    for words in [
        "● ends at hop 4",
        "hop 3  10.0.3.1 → 10.0.99.1",
        "rtt 19.0 → 48.2 ms",
        "the target no longer answers",
        "fra-01 was away at its time",
    ] {
        assert!(screen.contains(words), "{words}\n{screen}");
    }
}

#[test]
fn two_traces_stand_side_by_side_hop_by_hop() {
    let mut console = open((120, 40));
    // The last that saw the new way, beside the one before it: past the one that was missed.
    let screen = console.press("j j").screen();
    let line = screen.lines().find(|line| line.contains("≠")).unwrap_or_default();
    assert!(line.contains("10.0.3.1") && line.contains("10.0.99.1"), "{screen}");
    assert!(screen.contains("the one before"), "{screen}");
    // Any two: the marked one is the other.
    let screen = console.press("G space g g").screen();
    assert!(screen.contains("the marked one"), "{screen}");
    assert!(screen.contains("before: the target answers; after: answers end at hop 4"), "{screen}");
    console.press("enter");
    assert_eq!(console.app.focus, Pane::TraceCompare);
    console.press("esc");
    assert_eq!(console.app.focus, Pane::TraceList);
    let screen = console.press("G space").screen();
    assert!(!screen.contains("the marked one"), "{screen}");
}

#[test]
fn no_more_than_a_few_traces_are_asked_for_at_once() {
    let mut console = Console::new((120, 40), actor(Role::Viewer), options());
    console.feed(fixture::picture());
    console.rest();
    console.press("g b");
    console.answers = false;
    console.press("H");
    let (id, _) = console.waiting.pop_first().unwrap();
    let tests = fluxnoc::protocol::query::Answer::Tests(crate::probes::history());
    let reply = fluxnoc::tui::effect::Reply::Answer(tests);
    console.on(fluxnoc::tui::msg::Msg::Reply { id, result: Ok(reply) });
    let is_one =
        |effect: &&Effect| matches!(effect, Effect::Query { query: Query::Test { .. }, .. });
    assert_eq!(console.waiting.values().filter(is_one).count(), 4);
    assert!(console.screen().contains("5 still to come"), "{}", console.screen());
    console.answers = true;
    console.answer();
    assert!(!console.screen().contains("still to come"), "{}", console.screen());
}

#[test]
fn what_is_no_trace_has_no_ways() {
    let mut console = Console::new((120, 40), actor(Role::Viewer), options());
    console.feed(fixture::picture());
    console.rest();
    let foot = console.press("g d H").foot();
    assert!(foot.contains("the way has a history only of a trace"), "{foot}");
}
