//! The Speed view: what runs now and how it went last, the running one live, run now, the form,
//! cancelling; and texts from outside that mean harm.

use std::sync::Arc;

use fluxnoc::model::breach::{Breach, BreachKind};
use fluxnoc::model::speed::{Grade, Interval};
use fluxnoc::model::{
    AgentPhase, Direction, Engine, Figures, Measured, Name, NamedTarget, SafeText, Span,
    SpeedResult, SpeedSpec, SpeedTarget, Test, TestId, TestKind, TestPhase, TestSpec, Throughput,
    Timestamp,
};
use fluxnoc::protocol::query::{Answer, Query};
use fluxnoc::protocol::{Command, Event, Node, Nodes, Outcome, Problem, Role, TestFilter};
use fluxnoc::tui::app::{Overlay, Pane};
use fluxnoc::tui::effect::{Effect, Reply};
use fluxnoc::tui::msg::Msg;

use crate::fixture::{now, wave};
use crate::invariants::SIZES;
use crate::{Console, actor, fixture, options};

fn ago(secs: u64) -> Timestamp {
    now() - Span::from_secs(secs)
}

pub fn id(n: u8) -> TestId {
    TestId::from_parts(1_771_000_000_000, [n; 10])
}

/// A speedtest that was asked for so many seconds ago.
pub fn test(n: u8, agent: &str, target: &str, phase: TestPhase, secs: u64) -> Test {
    let spec = SpeedSpec {
        target: (!target.is_empty()).then(|| target.to_owned()),
        ..SpeedSpec::default()
    };
    Test {
        id: id(n),
        agent: agent.into(),
        spec: TestSpec::Speedtest(spec),
        target: SafeText::line(if target.is_empty() { "nearest" } else { target }),
        phase,
        asked_by: SafeText::line("noc-1"),
        schedule: None,
        asked_at: ago(secs),
        started_at: (phase != TestPhase::Queued).then(|| ago(secs)),
        ended_at: phase.is_over().then(|| ago(secs.saturating_sub(45))),
        reason: SafeText::empty(),
        in_maintenance: false,
        traffic_bytes: 0,
        missed: None,
        path_change: None,
        breaches: Vec::new(),
        figures: Figures::default(),
        result: None,
    }
}

pub fn figures(down: f64, up: f64, latency: f64, jitter: f64, loss: f64) -> Figures {
    Figures {
        download_mbps: Some(down),
        upload_mbps: Some(up),
        latency_ms: Some(latency),
        jitter_ms: Some(jitter),
        loss_pct: Some(loss),
    }
}

/// The newest first: one that runs, one that waits, one of every end.
pub fn tests() -> Vec<Test> {
    use TestPhase::{Done, Failed, Missed, Queued, Running};
    let so_far = Figures {
        latency_ms: Some(4.1),
        jitter_ms: Some(0.4),
        ..figures(903.0, 0.0, 0.0, 0.0, 0.0)
    };
    let so_far = Figures { upload_mbps: None, ..so_far };
    vec![
        Test {
            reason: SafeText::line("dal-07 tests against lan-1"),
            ..test(1, "ams-05", "lan-1", Queued, 5)
        },
        Test { figures: so_far, ..test(2, "dal-07", "lan-1", Running, 12) },
        Test {
            reason: SafeText::line("lan-1:5201: the server is busy running a test"),
            ..test(3, "fra-01", "lan-1", Failed, 400)
        },
        Test {
            breaches: vec![Breach { kind: BreachKind::Download, value: 412.0, limit: 800.0 }],
            figures: figures(412.0, 380.0, 9.1, 0.4, 0.0),
            ..test(4, "jump-02", "lan-1", Done, 600)
        },
        Test {
            figures: figures(941.0, 930.0, 0.3, 0.1, 0.0),
            ..test(5, "dal-07", "lan-1", Done, 3700)
        },
        Test {
            figures: figures(9_410.0, 1_250.0, 61.2, 14.2, 0.31),
            ..test(6, "jump-02", "cdn", Done, 7300)
        },
        Test {
            reason: SafeText::line("ams-05 was away at its time"),
            ..test(7, "ams-05", "cdn", Missed, 90_000)
        },
        Test {
            figures: figures(88.4, 19.9, 12.0, 2.0, 0.0),
            ..test(8, "fra-11", "", Done, 190_000)
        },
    ]
}

fn way(mbps: f64, secs: u32, most: u32) -> Throughput {
    let step = |n: u32| Interval {
        at_ms: (n + 1) * 250,
        mbps: mbps * (0.8 + 0.3 * wave(i64::from(n), 9.0)),
    };
    Throughput {
        mbps,
        bytes: 2_350_000_000,
        took_ms: secs * 1000,
        retransmits: Some(12),
        loaded_ms: Some(24.1),
        intervals: (0..most).map(step).collect(),
        ..Throughput::default()
    }
}

/// The same with everything it measured.
pub fn whole(mut test: Test) -> Test {
    let place = SpeedTarget { engine: Engine::Iperf3, place: "lan-1:5201".to_owned() };
    let mut result = SpeedResult::begun(&place);
    let over = test.phase == TestPhase::Done;
    if over || test.phase == TestPhase::Running {
        result.address = Some(SafeText::line("10.0.3.9:5201"));
        result.latency_ms = test.figures.latency_ms;
        result.download =
            test.figures.download_mbps.map(|mbps| way(mbps, 20, if over { 80 } else { 48 }));
        result.upload = test.figures.upload_mbps.map(|mbps| way(mbps, 20, 80));
        result.grade = over.then_some(Grade::A);
        test.result = Some(Box::new(Measured::Speedtest(result)));
    }
    test
}

pub fn nodes() -> Nodes {
    let node = |name: &str, own: bool, phase| Node {
        name: name.into(),
        own,
        phase,
        location: SafeText::empty(),
        running: 0,
        queued: 0,
        agent: None,
        traffic: fluxnoc::model::Traffic::default(),
    };
    let target = |name: &str, engine, place: &str| NamedTarget {
        name: name.to_owned(),
        target: SpeedTarget { engine, place: place.to_owned() },
        link: None,
    };
    Nodes {
        nodes: vec![
            node("jump-02", true, AgentPhase::Online),
            node("ams-05", false, AgentPhase::Online),
            node("fra-01", false, AgentPhase::Offline),
        ],
        targets: vec![
            target("lan-1", Engine::Iperf3, "lan-1:5201"),
            target("cdn", Engine::Http, "https://cdn.example.net/"),
        ],
    }
}

/// What the fake engine knows of tests.
pub fn list(filter: &TestFilter) -> Vec<Test> {
    match (filter.schedule, filter.test_type) {
        (Some(_), _) => crate::schedules::results(),
        (None, Some(TestKind::Trace)) if filter.agent.is_some() => crate::probes::history(),
        (None, Some(kind)) if kind != TestKind::Speedtest => crate::probes::tests(kind),
        (None, _) => tests(),
    }
}

pub fn one(id: TestId) -> Result<Answer, Problem> {
    if let Some(whole) = crate::probes::one(id) {
        return Ok(Answer::Test(Box::new(whole)));
    }
    let test = tests().into_iter().find(|test| test.id == id);
    let test = test.ok_or_else(|| Problem::not_found("there is no such test"))?;
    Ok(Answer::Test(Box::new(whole(test))))
}

/// What the fake engine does with a test that is asked for.
pub fn ran(agent: Option<&Name>, spec: &TestSpec) -> Outcome {
    let agent = agent.map_or("jump-02", |name| &**name);
    let mut test = test(99, agent, &spec.target(), TestPhase::Queued, 0);
    (test.spec, test.asked_by) = (spec.clone(), SafeText::line("noc-2"));
    Outcome::Test(Box::new(test))
}

pub fn cancelled(id: TestId) -> Outcome {
    let known = tests().into_iter().find(|test| test.id == id);
    let asked = test(99, "jump-02", "lan-1", TestPhase::Queued, 0);
    let test = known.unwrap_or(Test { id, ..asked });
    let reason = SafeText::line("cancelled by noc-2");
    let ended_at = Some(now());
    Outcome::Test(Box::new(Test { phase: TestPhase::Cancelled, reason, ended_at, ..test }))
}

fn open(size: (u16, u16), role: Role) -> Console {
    let mut console = Console::new(size, actor(role), options());
    console.feed(fixture::picture());
    console.rest();
    console.press("6");
    assert_eq!(console.app.focus, Pane::SpeedList);
    console
}

fn row(console: &mut Console) -> String {
    let screen = console.screen();
    screen.lines().find(|row| row.contains('›')).unwrap_or_default().to_owned()
}

/// The commands besides what is only remembered.
fn sent(console: &Console) -> Vec<&Command> {
    let is_kept = |command: &&Command| !matches!(command, Command::Remember { .. });
    console.commands.iter().filter(is_kept).collect()
}

/// Answers what waits with a problem.
fn refuse(console: &mut Console, why: &str) {
    let is_run = |effect: &Effect| matches!(effect, Effect::Execute { command, .. } if !matches!(command, Command::Remember { .. }));
    let id = *console.waiting.iter().find(|(_, effect)| is_run(effect)).unwrap().0;
    console.waiting.remove(&id);
    console.on(Msg::Reply { id, result: Err(Problem::invalid(why)) });
}

#[test]
fn fs_12_what_runs_is_first_then_what_waits_then_what_went_wrong() {
    let mut console = open((200, 60), Role::Operator);
    let screen = console.screen();
    assert!(screen.contains("Speed: 8 pairs, 1 running, 1 queued, 1 failed"), "{screen}");
    let at = |word: &str| screen.find(word).unwrap_or_else(|| panic!("{word}\n{screen}"));
    let order = ["▸ running", "○ queued", "? failed", "▲ breach", "✓ done", "  never"].map(at);
    assert!(order.is_sorted(), "{order:?}\n{screen}");
    for words in [
        "dal-07 tests against lan-1",
        "lan-1:5201: the server is busy running a test",
        "download 412 Mbps (< 800 Mbps)",
        "9.41 Gbps",
        "nearest",
        "31 %, 28 s left",
    ] {
        at(words);
    }
    assert!(row(&mut console).contains("dal-07"), "{screen}");
}

#[test]
fn fs_12_the_running_test_is_live_with_what_is_left_of_it_and_its_rate() {
    for size in SIZES {
        let mut console = open(size, Role::Operator);
        if size.0 < 120 {
            console.press("enter");
        }
        let screen = console.screen();
        for words in
            ["31 %, 28 s left", "running since 21:04:18", "903 Mbps", "– down", "excellent"]
        {
            assert!(screen.contains(words), "{words}\n{screen}");
        }
        insta::assert_snapshot!(format!("running_{}x{}", size.0, size.1), screen);
        console.pass(Span::from_secs(10));
        let screen = console.screen();
        assert!(screen.contains("56 %, 18 s left"), "{screen}");
    }
}

#[test]
fn the_running_test_is_asked_for_each_second_and_no_other_is() {
    let mut console = open((120, 40), Role::Operator);
    console.answers = false;
    let asked = |console: &mut Console| {
        console.pass(Span::from_secs(1));
        let is_test =
            |effect: &&Effect| matches!(effect, Effect::Query { query: Query::Test { .. }, .. });
        let count = console.waiting.values().filter(is_test).count();
        console.answer();
        count
    };
    assert_eq!((asked(&mut console), asked(&mut console)), (1, 1));
    console.answers = true;
    console.press("j j");
    console.answers = false;
    assert_eq!((asked(&mut console), asked(&mut console)), (0, 0), "{}", console.screen());
    assert!(console.app.next_wake() <= console.app.now.steady + Span::from_secs(1), "gauges move");
}

#[test]
fn news_of_a_test_are_on_screen_at_once_and_what_is_over_stays_over() {
    let mut console = open((120, 40), Role::Operator);
    let mut done = tests().remove(1);
    let running = done.clone();
    (done.phase, done.ended_at) = (TestPhase::Done, Some(now()));
    done.figures = figures(905.0, 880.0, 4.1, 0.4, 0.0);
    console.feed(vec![Event::Test(Arc::new(done))]);
    let screen = console.screen();
    assert!(screen.contains("905 Mbps") && screen.contains("8 pairs"), "{screen}");
    assert!(!screen.contains("1 running"), "{screen}");
    assert!(row(&mut console).contains("dal-07"), "{screen}");
    console.feed(vec![Event::Test(Arc::new(running))]);
    assert!(!console.screen().contains("1 running"), "{}", console.screen());
}

#[test]
fn fs_18_to_fs_21_a_result_has_all_its_figures_and_only_what_is_high_is_flagged() {
    let mut console = open((200, 60), Role::Operator);
    console.press("j j j j j j");
    let screen = console.screen();
    for words in [
        "jump-02 → cdn",
        "9.41 Gbps, 2.4 GB in 20.0 s, 12 sent again",
        "61.2 ms, high (50 ms or more)",
        "14.2 ms, flagged (> 10 ms)",
        "0.31 %, flagged (> 0.1 %)",
        "A: what the load adds",
        "iperf3 to lan-1:5201 at 10.0.3.9:5201",
        "– up",
    ] {
        assert!(screen.contains(words), "{words}\n{screen}");
    }
    insta::assert_snapshot!("result_200x60", screen);
}

#[test]
fn t_says_how_much_it_moves_and_what_runs_there_and_enter_runs_it() {
    let mut console = open((120, 40), Role::Operator);
    console.press("j j j j j j");
    let screen = console.press("t").screen();
    insta::assert_snapshot!("run_120x40", screen);
    assert!(screen.contains("Run a speedtest jump-02 → cdn, about 26.6 GB?"), "{screen}");
    let note = "nothing runs there now; 20 s tcp both ways, 4 streams";
    assert!(screen.contains(note), "{screen}");
    assert!(console.commands.is_empty());
    console.press("enter");
    let [Command::RunTest { agent: Some(agent), spec, wait: false }] = console.commands.as_slice()
    else {
        panic!("{:?}", console.commands)
    };
    assert_eq!((&**agent, spec.target().as_str()), ("jump-02", "cdn"));
    let screen = console.screen();
    assert!(screen.contains("jump-02 → cdn waits for its turn"), "{screen}");
    let row = row(&mut console);
    assert!(row.contains("○ queued") && row.contains("jump-02"), "{row}");
    // Beside another test it waits, and never measured it moves nobody knows how much.
    let screen = console.press("g g j t").screen();
    let busy = "dal-07 → lan-1 runs and 1 more: it waits; 20 s tcp";
    assert!(screen.contains(busy) && screen.contains("lan-1, an unknown amount?"), "{screen}");
    // At 80 columns the question and its note are whole.
    let mut console = open((80, 24), Role::Operator);
    let screen = console.press("j j j j j j t").screen();
    assert!(screen.contains(note), "{screen}");
    assert!(screen.contains("Run a speedtest jump-02 → cdn, about 26.6 GB?"), "{screen}");
}

#[test]
fn why_a_test_was_refused_stands_in_its_row() {
    let mut console = open((200, 60), Role::Operator);
    console.press("j j j");
    console.answers = false;
    console.press("t enter");
    refuse(&mut console, "fra-01 is OFFLINE: ask it to wait, or try later");
    console.answers = true;
    let row = row(&mut console);
    assert!(row.contains("not run: fra-01 is OFFLINE"), "{row}");
    assert!(console.foot().contains("fra-01 is OFFLINE"), "{}", console.foot());
}

#[test]
fn the_form_offers_vantages_and_targets_remembers_and_tells_errors_at_their_field() {
    for size in SIZES {
        let mut console = open(size, Role::Operator);
        console.press("G T");
        let screen = console.screen();
        assert!(
            screen.contains("Run a network test") && screen.contains("[bidirectional]"),
            "{screen}"
        );
        insta::assert_snapshot!(format!("form_{}x{}", size.0, size.1), screen);
    }
    let mut console = open((120, 40), Role::Operator);
    console.press("T").write("am").press("right tab tab").write("lan").press("right");
    console.press("tab space tab right right tab tab tab").write("0");
    console.answers = false;
    console.press("enter");
    // What cannot be is said before anything is sent.
    let screen = console.screen();
    assert!(sent(&console).is_empty() && screen.contains("is not within 0.001"), "{screen}");
    console.press("backspace").write("25").press("enter");
    let Some(Command::RunTest { agent: Some(agent), spec: TestSpec::Speedtest(spec), wait: false }) =
        sent(&console).first().copied().cloned()
    else {
        panic!("{:?}", console.commands)
    };
    assert_eq!((&*agent, spec.target.as_deref()), ("ams-05", Some("lan-1")));
    assert_eq!((spec.direction, spec.bitrate_mbps), (Direction::Upload, Some(25.0)));
    let kept = console.commands.iter().find_map(|command| match command {
        Command::Remember { key, value: Some(value) } if key == "test-form" => Some(value.clone()),
        _ => None,
    });
    assert!(kept.unwrap().contains("\"bitrate\":\"25\""));
    refuse(&mut console, "`target`: lan-1 is in a network that `deny` names");
    let screen = console.screen();
    assert!(screen.contains("lan-1 is in a network that `deny` names"), "{screen}");
    assert!(matches!(&console.app.overlay, Some(Overlay::Form(_))), "it stays open");
    console.answers = true;
    console.press("enter");
    assert!(console.app.overlay.is_none(), "{}", console.screen());
    assert!(console.screen().contains("ams-05 → lan-1 waits for its turn"), "{}", console.screen());
}

#[test]
fn delete_and_ctrl_c_end_what_runs_and_then_ctrl_c_leaves() {
    for key in ["delete", "ctrl-c", "x"] {
        let mut console = open((120, 40), Role::Operator);
        console.press(key);
        assert_eq!(console.commands, [Command::CancelTest { id: id(2) }], "{key}");
        let screen = console.screen();
        assert!(screen.contains("dal-07 → lan-1 is cancelled"), "{screen}");
        console.press("delete");
        assert_eq!(console.commands.len(), 1, "it is over");
    }
    let mut console = open((120, 40), Role::Viewer);
    console.press("ctrl-c");
    assert!(console.commands.is_empty());
    assert!(matches!(console.app.overlay, Some(Overlay::Question)));
}

#[test]
fn a_viewer_looks_and_is_told_why_nothing_is_run() {
    let mut console = open((120, 40), Role::Viewer);
    let help = console.press("?").screen();
    let own = "run-test needs the role Operator";
    assert!(help.contains(own) && !help.contains("acknowledge"), "{help}");
    console.press("esc");
    for (key, name) in [("t", "run-test"), ("T", "test-form"), ("x", "cancel-test")] {
        let foot = console.press(key).foot();
        assert!(foot.contains(&format!("{name} needs the role Operator")), "{foot}");
    }
    assert!(console.commands.is_empty() && console.app.overlay.is_none());
}

#[test]
fn where_nothing_was_tested_a_line_says_how_and_an_error_says_why() {
    for size in SIZES {
        let mut console = Console::new(size, actor(Role::Operator), options());
        console.feed(fixture::picture());
        console.rest();
        console.answers = false;
        console.press("6");
        assert!(console.screen().contains("Asking the engine…"), "{}", console.screen());
        let asked: Vec<(u64, Effect)> = std::mem::take(&mut console.waiting).into_iter().collect();
        for (id, effect) in &asked {
            let answer = match effect {
                Effect::Query { query: Query::Tests { .. }, .. } => Answer::Tests(Vec::new()),
                Effect::Query { query: Query::Nodes, .. } => Answer::Nodes(Nodes::default()),
                _ => continue,
            };
            console.on(Msg::Reply { id: *id, result: Ok(Reply::Answer(answer)) });
        }
        let screen = console.screen();
        assert!(screen.contains("No speedtest yet: T runs one."), "{screen}");
        assert!(
            console.press("t").screen().contains("Run a network test"),
            "t asks for what is missing"
        );
        console.press("esc R");
        let id = console.waiting.iter().find_map(|(id, effect)| match effect {
            Effect::Query { query: Query::Tests { .. }, .. } => Some(*id),
            _ => None,
        });
        let id = id.unwrap();
        let problem = Problem::invalid("the store is locked");
        console.waiting.remove(&id);
        console.on(Msg::Reply { id, result: Err(problem) });
        let screen = console.screen();
        assert!(
            screen.contains("cannot be shown") && screen.contains("the store is locked"),
            "{screen}"
        );
    }
}

#[test]
fn hostile_names_and_reasons_stay_texts() {
    let evil = "\u{1b}[2J\u{202e}\u{7}evil\nline";
    let mut console = open((120, 40), Role::Operator);
    let mut test = test(50, "ams-05", "x", TestPhase::Failed, 1);
    test.spec =
        TestSpec::Speedtest(SpeedSpec { target: Some(evil.to_owned()), ..SpeedSpec::default() });
    test.reason = SafeText::line(evil);
    test.asked_by = SafeText::line(evil);
    console.feed(vec![Event::Test(Arc::new(test))]);
    console.press("j j");
    for keys in ["", "t", "esc", "T", "esc", "enter"] {
        let screen = console.press(keys).screen();
        assert!(!screen.chars().any(|c| c != '\n' && c.is_control()), "{screen:?}");
        assert!(!screen.contains('\u{202e}'), "{screen:?}");
    }
    assert!(console.screen().contains("evil"), "{}", console.screen());
}
