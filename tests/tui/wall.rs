//! The wall and the bell: what is shown when nobody sits there, and what may make a sound.

use std::sync::Arc;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use fluxnoc::model::{
    Acknowledgement, Alert, AlertId, CheckKey, Phase, SafeText, Span, State, Status, Timestamp,
};
use fluxnoc::protocol::{Command, Event, Role, Target};
use fluxnoc::tui::bell::{Call, Policy};
use fluxnoc::tui::effect::{Bell, Effect};
use fluxnoc::tui::input::{Mouse, MouseKind};
use fluxnoc::tui::msg::Msg;
use fluxnoc::tui::options::Options;
use fluxnoc::tui::views::View;
use fluxnoc::tui::wall::{Plan, Scene};

use crate::{Console, actor, fixture, options};

const SIZES: [(u16, u16); 3] = [(200, 60), (120, 40), (80, 24)];

fn with(size: (u16, u16), options: Options) -> Console {
    let mut console = Console::new(size, actor(Role::Operator), options);
    console.feed(fixture::picture());
    console.rest();
    let key = CheckKey::new("jump-02", "system");
    console.feed(vec![fixture::live(&key, fixture::now() + Span::from_secs(1))]);
    console
}

fn wall(size: (u16, u16)) -> Console {
    with(size, Options { on_wall: true, ..options() })
}

fn problem(n: u8, state: State, at: Timestamp) -> Alert {
    Alert {
        phase: Phase::Firing,
        state,
        fired: Some(at),
        output: SafeText::line("no answer to 5 pings"),
        attempt: 3,
        edge_seq: 1,
        ..Alert::opened(
            AlertId::from_parts(1_772_000_000_000, [n; 10]),
            &CheckKey::new(format!("ams-{:02}", n % 40 + 1), "ping"),
            &Status::waiting(at),
            3,
            at,
        )
    }
}

fn fires(console: &mut Console, n: u8, state: State) {
    let at = console.app.now.wall;
    console.on(Msg::Event(Arc::new(Event::Alert(Arc::new(problem(n, state, at))))));
}

fn seconds(console: &mut Console, count: u64) {
    for _ in 0..count {
        console.pass(Span::from_secs(1));
    }
}

#[test]
fn dc_09_the_board_at_three_sizes() {
    for (width, height) in SIZES {
        let mut console = wall((width, height));
        let screen = console.screen();
        assert_eq!(screen.lines().count(), usize::from(height));
        assert!(screen.lines().all(|line| line.chars().count() <= usize::from(width)));
        for words in ["CET", "LIVE", "busiest links", "jump-02 eth0"] {
            assert!(screen.contains(words), "{words}\n{screen}");
        }
        insta::assert_snapshot!(format!("wall_{width}x{height}"), screen);
    }
}

#[test]
fn what_nobody_has_taken_for_a_quarter_of_an_hour_stands_in_front() {
    let mut console = wall((80, 24));
    let order = |console: &mut Console| {
        let screen = console.screen();
        let at = |name: &str| screen.find(name).unwrap_or_else(|| panic!("{name}\n{screen}"));
        (at("fra-01 mysql"), at("dal-07 load"))
    };
    let (critical, warning) = order(&mut console);
    assert!(critical < warning, "a CRITICAL of 2 minutes before a WARNING of 6");
    seconds(&mut console, 540);
    // Let the board come round again.
    while console.app.wall.scene() != Some(Scene::Board) {
        seconds(&mut console, 1);
    }
    let screen = console.screen();
    assert!(screen.contains("nobody has it for 15m"), "{screen}");
    let (critical, warning) = order(&mut console);
    assert!(warning < critical, "{screen}");
}

#[test]
fn dc_09_it_goes_through_its_views_by_the_timetable_and_p_holds_it() {
    let scenes = vec![Scene::Board, Scene::View(View::Overview), Scene::View(View::Alerts)];
    let plan = Plan { rotate: Span::from_secs(20), scenes: scenes.clone() };
    let mut console = with((200, 60), Options { on_wall: true, wall: plan, ..options() });
    console.pass(Span::from_millis(700));
    for turn in 0..7 {
        let wanted = scenes[turn % 3];
        assert_eq!(console.app.wall.scene(), Some(wanted), "turn {turn}");
        let screen = console.screen();
        let title = ["busiest links", "Hosts by site", "Alerts: unhandled 5"][turn % 3];
        assert!(screen.contains(title), "{title}\n{screen}");
        seconds(&mut console, 20);
    }
    console.key("p");
    let held = console.app.wall.scene();
    seconds(&mut console, 100);
    assert_eq!(console.app.wall.scene(), held);
    console.key("p");
    seconds(&mut console, 21);
    assert_ne!(console.app.wall.scene(), held);
}

#[test]
fn dc_09_a_new_critical_is_in_front_at_once_and_for_a_minute() {
    for size in SIZES {
        let mut console = wall(size);
        seconds(&mut console, 25);
        assert_eq!(console.app.wall.scene(), Some(Scene::View(View::Overview)));
        fires(&mut console, 7, State::Warning);
        console.pass(Span::from_millis(100));
        assert_eq!(console.app.wall.scene(), Some(Scene::View(View::Overview)), "a WARNING waits");
        fires(&mut console, 9, State::Critical);
        console.pass(Span::from_millis(100));
        let screen = console.screen();
        let first = screen.lines().find(|line| line.contains("no answer to 5 pings"));
        assert!(screen.contains("busiest links") && first.is_some(), "{screen}");
        assert!(screen.find("ams-10").unwrap() < screen.find("mysql").unwrap(), "{screen}");
        seconds(&mut console, 58);
        assert!(console.app.wall.front().is_some());
        seconds(&mut console, 3);
        assert!(console.app.wall.front().is_none());
        // It recovers while it is in front.
        fires(&mut console, 11, State::Critical);
        let mut over = problem(11, State::Critical, console.app.now.wall);
        (over.phase, over.resolved) = (Phase::Resolved, Some(console.app.now.wall));
        console.feed(vec![Event::Alert(Arc::new(over))]);
        seconds(&mut console, 1);
        assert!(console.app.wall.front().is_none());
    }
}

#[test]
fn dc_09_every_other_key_paste_and_click_is_an_accident() {
    let mut console = wall((200, 60));
    console.pass(Span::from_millis(400));
    let before = (console.screen(), console.commands.len(), console.asked.len());
    let at = console.app.now.steady;
    let mut keys: Vec<KeyEvent> = (' '..='~')
        .filter(|letter| !"qp#".contains(*letter))
        .map(|letter| KeyEvent::new(KeyCode::Char(letter), KeyModifiers::NONE))
        .collect();
    keys.extend(('a'..='z').map(|c| KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL)));
    keys.extend(('a'..='z').map(|c| KeyEvent::new(KeyCode::Char(c), KeyModifiers::ALT)));
    for code in [KeyCode::Enter, KeyCode::Tab, KeyCode::Up, KeyCode::Down, KeyCode::Delete] {
        keys.push(KeyEvent::new(code, KeyModifiers::NONE));
    }
    for key in keys {
        console.on(Msg::Key { key, at });
        let after = (console.screen(), console.commands.len(), console.asked.len());
        assert_eq!(after, before, "{key:?}");
    }
    console.on(Msg::Paste("q\nq\n".to_owned()));
    console.on(Msg::Mouse(Mouse { kind: MouseKind::Press, x: 5, y: 9 }, Some(3)));
    assert_eq!(console.screen(), before.0);
    assert!(console.left.is_none() && console.app.wall.is_on());
}

#[test]
fn q_or_esc_twice_leaves_the_wall_and_w_opens_it() {
    let mut console = Console::open((120, 40));
    console.press("3 W");
    assert!(console.screen().contains("busiest links"));
    console.press("esc");
    assert!(console.screen().contains("Esc again leaves the wall"));
    seconds(&mut console, 3);
    console.press("esc");
    assert!(console.app.wall.is_on(), "too late for the first");
    console.press("esc");
    assert!(!console.app.wall.is_on());
    assert!(console.screen().contains("Hosts by site"));
    assert_eq!(console.app.size, (120, 40));
    console.press("W q");
    assert!(!console.app.wall.is_on() && console.left.is_none() && console.app.overlay.is_none());
}

#[test]
fn the_picture_moves_a_cell_and_stays_whole() {
    let mut console = wall((200, 60));
    console.key("p");
    let mut places = std::collections::BTreeSet::new();
    for _ in 0..30 {
        seconds(&mut console, 60);
        let screen = console.screen();
        let line = screen.lines().position(|line| line.contains("busiest links")).unwrap();
        let column = screen.lines().nth(line).unwrap().find("busiest").unwrap();
        places.insert((column, line));
    }
    assert_eq!(places.len(), 4, "{places:?}");
}

#[test]
fn dc_09_a_week_on_the_wall_grows_nothing() {
    let mut console = wall((80, 24));
    for n in 0..20_000_u32 {
        if n % 50 == 0 {
            fires(&mut console, u8::try_from(n / 50 % 40).unwrap(), State::Critical);
        }
        console.pass(Span::from_secs(30));
        console.asked.clear();
    }
    assert!(console.app.trail.is_empty());
    assert!(console.app.pending.len() < 16, "{}", console.app.pending.len());
}

fn bells(console: &mut Console) -> Vec<Bell> {
    let rung = console.asked.iter().filter_map(|effect| match effect {
        Effect::Bell(bell) => Some(*bell),
        _ => None,
    });
    let rung = rung.collect();
    console.asked.clear();
    rung
}

fn policy(critical: Call, warning: Call) -> Policy {
    Policy { critical, warning, ..Policy::default() }
}

fn sounding(bell: Policy) -> Console {
    with((120, 40), Options { bell, ..options() })
}

#[test]
fn a_new_critical_rings_once_and_a_warning_as_the_policy_says() {
    let mut console = sounding(Policy::default());
    seconds(&mut console, 5);
    assert_eq!(bells(&mut console), [], "what was there before is no news");
    fires(&mut console, 1, State::Warning);
    seconds(&mut console, 2);
    assert_eq!(bells(&mut console), []);
    fires(&mut console, 1, State::Critical);
    seconds(&mut console, 2);
    assert_eq!(bells(&mut console), [Bell::Sound], "worse is new");
    fires(&mut console, 1, State::Critical);
    fires(&mut console, 1, State::Warning);
    seconds(&mut console, 20);
    assert_eq!(bells(&mut console), [], "the same again, and better");
}

#[test]
fn messages_count_and_light_is_no_sound() {
    let mut console = sounding(policy(Call::Message, Call::Message));
    for n in 1..=3 {
        fires(&mut console, n, State::Critical);
    }
    fires(&mut console, 4, State::Warning);
    seconds(&mut console, 2);
    assert_eq!(bells(&mut console), [Bell::Message { critical: 3, warning: 1, acks: 0 }]);

    let mut console = sounding(policy(Call::Visual, Call::Off));
    fires(&mut console, 1, State::Critical);
    seconds(&mut console, 1);
    assert_eq!(bells(&mut console), []);
    let wake = console.app.next_wake();
    assert!(wake <= console.app.now.steady + Span::from_secs(2), "the light goes out");
}

#[test]
fn what_is_taken_hidden_or_soft_calls_nobody() {
    let mut console = sounding(Policy::default());
    let at = console.app.now.wall;
    let mut taken = problem(1, State::Critical, at);
    taken.ack = Some(Acknowledgement {
        author: SafeText::line("noc-1"),
        comment: SafeText::line("mine"),
        at,
        expires: None,
        sticky: false,
    });
    let mut hidden = problem(2, State::Critical, at);
    (hidden.in_maintenance, hidden.suppressed) = (true, true);
    let mut soft = problem(3, State::Critical, at);
    soft.phase = Phase::Pending;
    console.feed([taken, hidden, soft].map(|alert| Event::Alert(Arc::new(alert))).to_vec());
    seconds(&mut console, 5);
    assert_eq!(bells(&mut console), []);
    // The window ends: now it is news.
    fires(&mut console, 2, State::Critical);
    seconds(&mut console, 2);
    assert_eq!(bells(&mut console), [Bell::Sound]);
}

#[test]
fn never_for_what_one_did_oneself() {
    let mut console = sounding(Policy::default());
    console.press("3 /").write("ams-05").press("enter r");
    let targets = vec![Target::Host("ams-05".into())];
    assert_eq!(console.commands, [Command::Recheck { targets }]);
    fires(&mut console, 4, State::Critical);
    seconds(&mut console, 5);
    assert_eq!(bells(&mut console), [], "ams-05 was re-checked from here");
    fires(&mut console, 6, State::Critical);
    seconds(&mut console, 2);
    assert_eq!(bells(&mut console), [Bell::Sound], "ams-07 was not");
}

#[test]
fn a_storm_rings_once() {
    let mut console = sounding(Policy::default());
    let mut rung = 0;
    for n in 0..40_u64 {
        for host in 0..10_u8 {
            let mut alert = problem(host, State::Critical, console.app.now.wall);
            let mut id = [host; 10];
            id[9] = u8::try_from(n).unwrap();
            alert.id = AlertId::from_parts(1_772_000_000_000, id);
            console.on(Msg::Event(Arc::new(Event::Alert(Arc::new(alert)))));
        }
        seconds(&mut console, 1);
        rung += bells(&mut console).len();
    }
    assert!(console.app.storm.storm().is_some());
    // One before it was known to be a storm, one for the storm.
    assert!((1..=2).contains(&rung), "{rung} bells");
}

#[test]
fn quiet_hours_and_mute_are_kept_and_mute_is_shown() {
    // It is 21:04 in the fixture.
    let quiet = Policy { quiet: Some((21 * 60, 6 * 60)), ..Policy::default() };
    let mut console = sounding(quiet);
    fires(&mut console, 1, State::Critical);
    seconds(&mut console, 5);
    assert_eq!(bells(&mut console), []);

    let mut console = sounding(Policy::default());
    console.press("#");
    let header = console.screen().lines().next().unwrap().to_owned();
    assert!(header.contains("bell off to 21:19"), "{header}");
    fires(&mut console, 1, State::Critical);
    seconds(&mut console, 60);
    assert_eq!(bells(&mut console), []);
    seconds(&mut console, 15 * 60);
    assert!(!console.screen().contains("bell off"));
    fires(&mut console, 2, State::Critical);
    seconds(&mut console, 2);
    assert_eq!(bells(&mut console), [Bell::Sound]);
    console.press("# #");
    assert!(console.foot().contains("the bell is on"));
}

#[test]
fn what_was_said_on_the_wall_ends_with_it() {
    for said in ["esc", "p"] {
        let mut console = Console::open((120, 40));
        console.press("W").press(said);
        assert!(console.screen().contains("the wall"), "{said}");
        console.press("q");
        assert!(!console.app.wall.is_on());
        let foot = console.foot();
        assert!(!foot.contains("wall") && foot.contains("a ack"), "{said}: {foot}");
    }
}
