//! The matrix of traces and probes, and the view of DNS timings.

use std::net::IpAddr;

use fluxnoc::model::breach::{Breach, BreachKind};
use fluxnoc::model::measured::{DnsResult, PortResult, PortState, ResolverTime};
use fluxnoc::model::rating::rating;
use fluxnoc::model::spec::TraceProtocol;
use fluxnoc::model::test::{LookupSpec, PathSpec, PortSpec};
use fluxnoc::model::trace::{Hop, HopAddress, TraceReport};
use fluxnoc::model::{Measured, SafeText, Test, TestId, TestKind, TestPhase, TestSpec};
use fluxnoc::protocol::{Command, Role};
use fluxnoc::tui::app::Pane;

use crate::invariants::SIZES;
use crate::speed::test;
use crate::{Console, actor, fixture, options};

fn hop(ttl: u8, answers: bool) -> Hop {
    let address: IpAddr = format!("10.0.{ttl}.1").parse().unwrap();
    let ms = 0.4 + 3.1 * f64::from(ttl);
    Hop {
        ttl,
        addresses: if answers { vec![HopAddress { address, name: None }] } else { Vec::new() },
        sent: 30,
        received: if answers { 30 } else { 0 },
        loss_pct: if answers { 0.0 } else { 100.0 },
        last_ms: answers.then_some(ms),
        avg_ms: answers.then_some(ms),
        best_ms: answers.then_some(ms),
        worst_ms: answers.then_some(ms + 2.0),
        stddev_ms: answers.then_some(0.2),
        jitter_ms: answers.then_some(0.3),
        recent_ms: vec![answers.then_some(ms); 12],
    }
}

fn trace(n: u8, agent: &str, target: &str, hops: u8, reached: bool) -> Test {
    let spec = PathSpec {
        target: target.to_owned(),
        count: 30,
        interval_ms: 100,
        protocol: TraceProtocol::Icmp,
        port: None,
        max_hops: 30,
    };
    let verdict = if reached {
        "the target answers".to_owned()
    } else {
        format!("answers end at hop {hops} (10.0.{hops}.1)")
    };
    let mut all: Vec<Hop> = (1..=hops).map(|ttl| hop(ttl, true)).collect();
    if !reached {
        all.push(hop(hops + 1, false));
    }
    let report = TraceReport {
        target: SafeText::line(target),
        address: None,
        protocol: TraceProtocol::Icmp,
        rounds: 30,
        hops: all,
        reached,
        verdict: SafeText::line(&verdict),
        note: SafeText::empty(),
    };
    made(n, agent, TestSpec::Trace(spec), Measured::Trace(report))
}

fn probe(n: u8, agent: &str, target: &str, port: u16, state: PortState) -> Test {
    let spec = PortSpec {
        target: target.to_owned(),
        port,
        protocol: Default::default(),
        timeout_ms: 2000,
        expect: Default::default(),
    };
    let open = state == PortState::Open;
    let result = PortResult {
        state,
        time_ms: open.then_some(1.2),
        output: SafeText::line(&format!("{target}:{port} is {}", state.word())),
    };
    made(n, agent, TestSpec::Probe(spec), Measured::Probe(result))
}

fn dns(n: u8, agent: &str, name: &str, answers: &[(&str, Option<f64>, &str)]) -> Test {
    let spec = LookupSpec {
        hostname: name.to_owned(),
        resolvers: answers.iter().map(|(resolver, ..)| (*resolver).to_owned()).collect(),
        record_type: "A".to_owned(),
        timeout_ms: 2000,
    };
    let one = |(resolver, ms, answer): &(&str, Option<f64>, &str)| ResolverTime {
        resolver: SafeText::line(resolver),
        time_ms: *ms,
        rating: ms.map(rating),
        answer: SafeText::line(if ms.is_some() { answer } else { "" }),
        failure: ms.is_none().then(|| SafeText::line("no answer in 2 s")),
    };
    let resolvers = answers.iter().map(one).collect();
    made(n, agent, TestSpec::Dns(spec), Measured::Dns(DnsResult { resolvers }))
}

fn made(n: u8, agent: &str, spec: TestSpec, measured: Measured) -> Test {
    let mut one = test(n, agent, "x", TestPhase::Done, 60 * u64::from(n - 200) + 90);
    one.target = SafeText::line(&spec.target());
    one.figures = measured.figures();
    one.spec = spec;
    one.result = Some(Box::new(measured));
    one
}

fn all() -> Vec<Test> {
    let mut slow = trace(203, "ams-05", "core-fra-2", 6, true);
    slow.breaches = vec![Breach { kind: BreachKind::Latency, value: 19.0, limit: 10.0 }];
    let mut failed = probe(204, "dal-07", "db-1", 5432, PortState::Open);
    (failed.phase, failed.result) = (TestPhase::Failed, None);
    failed.figures = Default::default();
    failed.reason = SafeText::line("dal-07 went away while it ran");
    let internal = "api.internal.example.com";
    let same = "192.0.2.1, 192.0.2.2";
    vec![
        trace(201, "fra-01", "core-fra-2", 4, false),
        trace(202, "jump-02", "core-fra-2", 3, true),
        slow,
        failed,
        probe(205, "fra-01", "db-1", 5432, PortState::Open),
        probe(206, "ams-05", "db-1", 5432, PortState::Closed),
        probe(207, "jump-02", "db-1", 161, PortState::OpenOrFiltered),
        dns(
            211,
            "fra-01",
            internal,
            &[
                ("10.0.0.53", Some(1.2), same),
                ("9.9.9.9", Some(31.0), "198.51.100.4"),
                ("10.0.9.53", None, ""),
                ("10.0.1.53", Some(140.0), "192.0.2.2, 192.0.2.1"),
            ],
        ),
        dns(
            212,
            "ams-05",
            internal,
            &[("10.0.0.53", Some(3.0), same), ("10.0.1.53", Some(7.5), same)],
        ),
    ]
}

/// What the fake engine lists of a kind.
pub fn tests(kind: TestKind) -> Vec<Test> {
    all().into_iter().filter(|test| test.spec.kind() == kind).map(|test| test.brief()).collect()
}

/// The traces of one pair, the newest first: its way ends now, went elsewhere before, and once there
/// was none.
fn ways() -> Vec<Test> {
    let elsewhere = |mut test: Test| {
        if let Some(Measured::Trace(report)) = test.result.as_deref_mut() {
            report.hops[2].addresses[0].address = "10.0.99.1".parse().unwrap();
            report.hops[5].avg_ms = Some(48.2);
        }
        test.figures = test.result.as_ref().unwrap().figures();
        test
    };
    let mut missed = trace(233, "fra-01", "core-fra-2", 6, true);
    (missed.phase, missed.result) = (TestPhase::Missed, None);
    missed.figures = Default::default();
    missed.reason = SafeText::line("fra-01 was away at its time");
    vec![
        trace(201, "fra-01", "core-fra-2", 4, false),
        elsewhere(trace(231, "fra-01", "core-fra-2", 6, true)),
        elsewhere(trace(232, "fra-01", "core-fra-2", 6, true)),
        missed,
        trace(234, "fra-01", "core-fra-2", 6, true),
        trace(235, "fra-01", "core-fra-2", 6, true),
    ]
}

/// What the fake engine lists of that pair.
pub fn history() -> Vec<Test> {
    ways().into_iter().map(|test| test.brief()).collect()
}

/// One of them, whole.
pub fn one(id: TestId) -> Option<Test> {
    all().into_iter().chain(ways()).find(|test| test.id == id)
}

fn open(size: (u16, u16), keys: &str) -> Console {
    let mut console = Console::new(size, actor(Role::Operator), options());
    console.feed(fixture::picture());
    console.rest();
    console.press(keys);
    console
}

#[test]
fn fs_24_every_agent_and_target_with_what_it_last_saw_and_where_the_way_ends() {
    for size in SIZES {
        let mut console = open(size, "g b");
        insta::assert_snapshot!(format!("matrix_{}x{}", size.0, size.1), console.screen());
    }
    let mut console = open((200, 60), "g b");
    let screen = console.screen();
    assert!(screen.contains("Probes: 4 agents, 3 targets, 2 without answer"), "{screen}");
    for words in ["● ends at hop 4", "● closed", "✓ 1.2 ms", "▲ ", "? failed", "open or filtered"]
    {
        assert!(screen.contains(words), "{words}\n{screen}");
    }
    // What does not answer is top left, and its hops stand below.
    assert!(screen.contains("answers end at hop 4 (10.0.4.1)"), "{screen}");
    let at = |word: &str| screen.find(word).unwrap();
    assert!(at("│ ams-05 ") < at("│ jump-02 "), "{screen}");
}

#[test]
fn fs_24_a_cell_is_gone_to_and_run_again() {
    let mut console = open((120, 40), "g b");
    let before = console.screen();
    console.press("l");
    assert_ne!(console.screen(), before);
    console.press("h enter");
    assert_eq!(console.app.focus, Pane::ProbeResult);
    console.press("esc");
    assert_eq!(console.app.focus, Pane::Probes);
    let screen = console.press("t").screen();
    assert!(screen.contains("hardly any traffic?"), "{screen}");
    assert!(console.commands.is_empty());
    console.press("enter");
    let [Command::RunTest { agent: Some(_), spec, wait: false }] = console.commands.as_slice()
    else {
        panic!("{:?}", console.commands)
    };
    assert_ne!(spec.kind(), TestKind::Speedtest);
    let mut viewer = Console::new((120, 40), actor(Role::Viewer), options());
    viewer.feed(fixture::picture());
    viewer.rest();
    assert!(viewer.press("g b t").foot().contains("run-test needs the role Operator"));
    assert!(viewer.commands.is_empty());
}

#[test]
fn fs_25_fs_26_resolvers_stand_side_by_side_with_rating_and_what_differs() {
    for size in SIZES {
        let mut console = open(size, "g d");
        insta::assert_snapshot!(format!("dns_{}x{}", size.0, size.1), console.screen());
    }
    let mut console = open((120, 40), "g d");
    let screen = console.screen();
    for words in ["DNS: 2 lookups", "CRITICAL", "1 differ", "same"] {
        assert!(screen.contains(words), "{words}\n{screen}");
    }
    // What does not agree is first.
    let screen = console.press("g g").screen();
    assert!(screen.contains("─ fra-01 → api.internal.example.com ─"), "{screen}");
    for words in ["dead", "differs", "no answer in 2 s", "SLOW", "EXCELLENT"] {
        assert!(screen.contains(words), "{words}\n{screen}");
    }
}

#[test]
fn without_a_test_the_views_say_what_to_do() {
    for (keys, words) in [("g b", "No trace and no probe yet"), ("g d", "No DNS timing yet")] {
        let mut console = Console::new((80, 24), actor(Role::Operator), options());
        console.feed(fixture::picture());
        console.rest();
        console.answers = false;
        console.press(keys);
        assert!(console.screen().contains("Asking the engine…"), "{}", console.screen());
        empty(&mut console);
        assert!(console.screen().contains(words), "{}", console.screen());
    }
}

/// Answers every list with nothing.
fn empty(console: &mut Console) {
    use fluxnoc::protocol::query::{Answer, Query};
    use fluxnoc::tui::effect::{Effect, Reply};
    use fluxnoc::tui::msg::Msg;
    let is_list =
        |effect: &Effect| matches!(effect, Effect::Query { query: Query::Tests { .. }, .. });
    let ids: Vec<u64> =
        console.waiting.iter().filter(|(_, effect)| is_list(effect)).map(|(id, _)| *id).collect();
    for id in ids {
        console.waiting.remove(&id);
        console.on(Msg::Reply { id, result: Ok(Reply::Answer(Answer::Tests(Vec::new()))) });
    }
}

#[test]
fn fs_24_words_narrow_every_list_of_tests_and_esc_shows_all_again() {
    for (keys, words, title, hidden) in [
        ("6", "dal-07", "Speed /dal-07: 1 pair", "fra-11"),
        ("g j", "paused", "Schedules /paused: 1", "HQ Uplink"),
        ("g k", "nowhere", "Calendar by target /nowhere", "lan-1  "),
        ("g b", "trace !nosuch", "Probes /trace !nosuch: 3 agents, 1 target", "db-1:5432"),
        ("g d", "ams", "DNS /ams: 1 lookup", "CRITICAL"),
    ] {
        let mut console = open((120, 40), keys);
        assert!(console.screen().contains(hidden), "{}", console.screen());
        console.press("/").write(words);
        let screen = console.screen();
        assert!(screen.contains(title) && !screen.contains(hidden), "{keys}\n{screen}");
        // Esc in the line takes it back, Enter keeps it.
        assert!(console.press("esc").screen().contains(hidden), "{}", console.screen());
        console.press("/").write(words).press("enter");
        let screen = console.screen();
        assert!(screen.contains(title) && !screen.contains("leaves out"), "{screen}");
        let view = console.app.view;
        let screen = console.press("esc").screen();
        assert!(screen.contains(hidden) && console.app.view == view, "{screen}");
        console.press("/").write("nosuchthing");
        let screen = console.press("enter").screen();
        assert!(screen.contains("Nothing passes the filter; Esc clears it."), "{screen}");
    }
}
