//! The handover view: what it shows, notes, signing off, and its copy.

use fluxnoc::model::{
    CheckKey, Handover, HandoverPart, HandoverRow, SafeText, Since, Span, State, Timestamp, Topic,
};
use fluxnoc::protocol::{Command, Problem, Query, Role};
use fluxnoc::tui::Options;
use fluxnoc::tui::effect::Effect;
use fluxnoc::tui::msg::Msg;

use crate::fixture::now;
use crate::{Console, actor, fixture, options};

fn ago(minutes: u64) -> Timestamp {
    now() - Span::from_secs(60 * minutes)
}

fn row(
    at: Timestamp,
    state: Option<State>,
    check: Option<(&str, &str)>,
    text: &str,
) -> HandoverRow {
    let check = check.map(|(host, name)| CheckKey::new(host, name));
    HandoverRow { state, check, ..HandoverRow::new(at, SafeText::line(text)) }
}

fn of(row: HandoverRow, who: &str, until: Option<Timestamp>) -> HandoverRow {
    HandoverRow { who: Some(SafeText::line(who)), until, ..row }
}

/// What a fake engine answers.
pub fn page() -> Handover {
    let (bad, warning, fine) = (Some(State::Critical), Some(State::Warning), Some(State::Ok));
    let later = |minutes: u64| Some(now() + Span::from_secs(60 * minutes));
    let part = |topic, rows: Vec<HandoverRow>| HandoverPart { topic, count: rows.len(), rows };
    let open = vec![
        row(ago(52), bad, Some(("db-prod-1", "disk")), "/var is 97 % full; 3 affected"),
        row(ago(7), bad, Some(("fra-01", "mysql")), "connection refused by 10.0.3.1:3306"),
        row(ago(16), warning, Some(("web-1", "http")), "3.2 s, \u{1b}[2Jslower than 1 s"),
    ];
    let taken = vec![
        of(
            row(ago(130), warning, Some(("sw-ams-2", "uplink")), "waits for a transceiver"),
            "ann",
            later(56),
        ),
        of(
            row(
                ago(300),
                bad,
                Some(("ups-1", "battery")),
                "ticket 4711, technician comes tomorrow",
            ),
            "mia",
            None,
        ),
    ];
    let ending = vec![
        of(
            row(ago(130), warning, Some(("sw-ams-2", "uplink")), "acknowledgement"),
            "ann",
            later(56),
        ),
        of(row(ago(40), None, None, "window DB Patching"), "eve", later(140)),
    ];
    let new = (0..50).map(|n| {
        let host = format!("edge-{n:02}");
        row(ago(20 + n), bad, Some((&host, "ping")), "5 of 5 pings were lost; over")
    });
    let new = HandoverPart { topic: Topic::New, count: 87, rows: new.collect() };
    let recovered = vec![row(ago(12), fine, Some(("edge-07", "ping")), "CRITICAL after 9m; 12 ms")];
    let off =
        HandoverRow { until: Some(ago(380)), ..row(ago(400), None, None, "the engine was off") };
    let notes = vec![
        of(row(ago(90), None, None, "fan tray of sw-ams-2 ordered, comes at 07:00"), "ann", None),
        of(row(ago(420), None, None, "signed off, ann took over"), "kim", None),
    ];
    Handover {
        machine: SafeText::line("noc-1"),
        from: ago(424),
        to: now(),
        since: Since::SignOff,
        on_duty: Some(SafeText::line("ann")),
        cut: false,
        parts: vec![
            part(Topic::Open, open),
            part(Topic::Acknowledged, taken),
            part(Topic::Ending, ending),
            part(Topic::Notes, notes),
            part(Topic::Unwatched, vec![off]),
            part(Topic::Flapping, Vec::new()),
            new,
            part(Topic::Recovered, recovered),
        ],
    }
}

/// Types a command; what the line says afterwards.
fn say(console: &mut Console, text: &str) -> String {
    console.press(":").write(text).press("enter");
    console.rest();
    console.foot()
}

#[test]
fn it_opens_from_a_key_and_the_palette_scrolls_and_is_in_the_help() {
    for size in [(200, 60), (120, 40), (80, 24)] {
        let mut console = Console::open(size);
        console.press("g z");
        console.rest();
        let screen = console.screen();
        assert!(
            screen.contains("Handover since 14:00") && screen.contains("Open, nobody has it (3)"),
            "{screen}"
        );
        assert!(screen.contains("more lines"), "{screen}");
        console.press("G");
        let screen = console.screen();
        assert!(screen.contains("Recovered (1)") && screen.contains("after 9m"), "{screen}");
        assert!(!screen.contains("more lines"), "{screen}");
        console.press("g g");
        assert!(console.screen().contains("Open, nobody has it (3)"));
        console.press("?");
        console.press("G");
        let mut help = console.screen();
        for _ in 0..12 {
            console.press("pgup");
            help += &console.screen();
        }
        assert!(help.contains("what the next team must know"), "{help}");
        console.press("esc 1");
        say(&mut console, "handover");
        assert!(console.screen().contains("Handover since 14:00"));
    }
}

#[test]
fn it_is_copied_as_markdown() {
    let mut console = Console::open((120, 40));
    console.press("g z");
    console.rest();
    console.press("y y");
    let copied: Vec<String> = console
        .asked
        .drain(..)
        .filter_map(|effect| match effect {
            Effect::Copy(text) => Some(text),
            _ => None,
        })
        .collect();
    let [text] = copied.as_slice() else { panic!("{copied:?}") };
    assert!(
        text.starts_with("# Handover of noc\\-1\n") || text.starts_with("# Handover of noc-1\n"),
        "{text}"
    );
    for part in
        ["## Open, nobody has it (3)", "- + 37 more", "**CRITICAL fra-01/mysql**", "## Notes (2)"]
    {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(!text.contains('\u{1b}'));
}

#[test]
fn notes_are_written_and_signing_off_is_asked_about() {
    let mut console = Console::open((120, 40));
    for (text, why) in [
        ("note", "write :note TEXT"),
        ("sign-off", "write :sign-off NAME"),
        (&format!("note {}", "x".repeat(501)), "1 to 500 characters, these are 501"),
    ] {
        let said = say(&mut console, text);
        assert!(said.contains(why), "{text}: {said}");
    }
    assert_eq!(console.commands, []);
    let said = say(&mut console, "note fan tray ordered, comes at 07:00");
    assert!(said.contains("noted for the handover"), "{said}");
    console.press(":").write("sign-off mia").press("enter");
    let screen = console.screen();
    assert!(screen.contains("Sign off, mia takes over?"), "{screen}");
    console.press("esc");
    assert_eq!(console.commands.len(), 1, "Esc does nothing");
    console.press(":").write("sign-off mia").press("enter enter");
    console.rest();
    assert!(console.foot().contains("mia has taken over; the next handover begins now"));
    let wanted = [
        Command::Note { text: "fan tray ordered, comes at 07:00".to_owned() },
        Command::SignOff { to: "mia".to_owned() },
    ];
    assert_eq!(console.commands, wanted);
}

#[test]
fn a_console_that_may_only_look_reads_it_and_writes_nothing() {
    let read_only = Options { read_only: true, ..options() };
    for (role, options) in [(Role::Viewer, options()), (Role::Admin, read_only)] {
        let mut console = Console::new((120, 40), actor(role), options);
        console.feed(fixture::picture());
        for text in ["note x", "sign-off mia", "note", "sign-off"] {
            let said = say(&mut console, text);
            assert!(said.contains("read-only") || said.contains("role"), "{text}: {said}");
        }
        assert_eq!(console.commands, []);
        console.press("g z");
        console.rest();
        assert!(console.screen().contains("Open, nobody has it (3)"));
    }
}

#[test]
fn after_a_failure_it_wakes_when_it_asks_again_and_not_before() {
    let mut console = Console::open((120, 40));
    console.answers = false;
    console.press("g z");
    let (id, effect) = console.waiting.pop_last().unwrap();
    assert!(matches!(effect, Effect::Query { query: Query::Handover { .. }, .. }), "{effect:?}");
    console.waiting.clear();
    console.on(Msg::Reply { id, result: Err(Problem::unavailable("no engine")) });
    let asks = |console: &Console| {
        let handover =
            |it: &Effect| matches!(it, Effect::Query { query: Query::Handover { .. }, .. });
        console.waiting.values().any(handover)
    };
    // Longer than a page that is well waits: nothing is due, so nothing wakes at once.
    for _ in 0..8 {
        console.pass(Span::from_secs(1));
        assert!(console.app.next_wake() > console.app.now.steady, "it wakes without end");
    }
    assert!(!asks(&console));
    console.pass(Span::from_secs(3));
    assert!(asks(&console), "then it asks again");
}
