//! Triage by keyboard: every action with what it sends, forms with wrong and right input, many
//! objects at once, and what is taken back.

use std::collections::BTreeSet;
use std::sync::Arc;

use fluxnoc::model::spec::Kind;
use fluxnoc::model::{Alert, AlertId, CheckKey, Host, SafeText, Span, State};
use fluxnoc::protocol::{Command, Event, Outcome, Problem, Role, Target};
use fluxnoc::tui::app::Overlay;
use fluxnoc::tui::effect::{Effect, Reply};
use fluxnoc::tui::msg::Msg;

use crate::fixture::{check, fine};
use crate::{Console, actor, fixture, options};

fn answer_with(console: &mut Console, outcome: Outcome) {
    let id = *console.app.pending.keys().max().unwrap();
    console.on(Msg::Reply { id, result: Ok(Reply::Outcome(outcome)) });
}

fn done(count: usize, failures: &[&str]) -> Outcome {
    Outcome::Done {
        count,
        failures: failures.iter().map(|text| SafeText::line(text)).collect(),
        failed: failures.len(),
        undo_until: Some(fixture::now() + Span::from_secs(10)),
    }
}

#[test]
fn dc_04_the_ack_form_takes_a_comment_an_end_and_who_is_told() {
    let mut console = Console::open((120, 40));
    console.press("A");
    insta::assert_snapshot!("ack_form_120x40", console.screen());
    // The keys are in the comment; wrong input is said beside its field, and nothing is sent.
    console.press("ctrl-u").write("ticket 42").press("tab ctrl-u").write("soon").press("enter");
    let screen = console.screen();
    assert!(screen.contains("`soon` is no end; write 4h, 06:00, never"), "{screen}");
    assert!(console.commands.is_empty());
    console.press("ctrl-u").write("06:00").press("tab space tab space enter");
    let [Command::Acknowledge { targets, comment, expires, sticky: true, notify: false }] =
        console.commands.as_slice()
    else {
        panic!("{:?}", console.commands)
    };
    assert_eq!((targets.len(), comment.as_str()), (1, "ticket 42"));
    assert_eq!(*expires, Some("2026-02-25T05:00:00Z".parse().unwrap()));
    let mut console = Console::open((80, 24));
    console.press("A tab ctrl-u").write("never").press("enter");
    let [Command::Acknowledge { expires: None, notify: true, .. }] = console.commands.as_slice()
    else {
        panic!("{:?}", console.commands)
    };
}

#[test]
fn dc_04_forms_fit_a_small_screen_with_their_buttons() {
    let mut console = Console::open((80, 24));
    console.press("A");
    insta::assert_snapshot!("ack_form_80x24", console.screen());
    console.press("esc M");
    let screen = console.screen();
    assert!(screen.contains("Send") && screen.contains("Cancel"), "{screen}");
    insta::assert_snapshot!("window_form_80x24", screen);
    // With something wrong in it too.
    console.press("tab ctrl-u").write("[").press("enter");
    let screen = console.screen();
    assert!(screen.contains("Send") && screen.contains("Cancel"), "{screen}");
    assert!(console.commands.is_empty());
}

#[test]
fn dc_05_the_window_form_counts_and_names_before_it_is_sent() {
    let mut console = Console::open((120, 40));
    console.press("M");
    insta::assert_snapshot!("window_form_120x40", console.screen());
    let screen = console.screen();
    assert!(screen.contains("covers 1 host with 1 check from now until 22:04"), "{screen}");
    console.press("ctrl-u").write("power work").press("tab ctrl-u").write("lon-0*");
    console.press("tab ctrl-u");
    let screen = console.screen();
    assert!(screen.contains("covers 9 hosts with"), "{screen}");
    assert!(screen.contains("lon-01, lon-02, lon-03"), "{screen}");
    console.press("tab space tab ctrl-u").write("22:00").press("tab ctrl-u").write("until 06:00");
    console.press("tab ctrl-u").write("weekly on tue except 2026-03-03 in Europe/Berlin");
    let screen = console.screen();
    assert!(screen.contains("by the clocks of Europe/Berlin: 22:00 to 25 Feb 06:00"), "{screen}");
    assert!(screen.contains("10 Mar 22:00"), "{screen}");
    console.press("tab space tab").write("j.smith").press("enter");
    let [Command::AddMaintenance(window)] = console.commands.as_slice() else {
        panic!("{:?}", console.commands)
    };
    assert_eq!(window.name, "power work");
    assert_eq!(window.host_pattern.as_ref().map(|p| p.as_str()), Some("lon-0*"));
    assert!(window.check.is_none() && window.hosts.is_empty() && window.children);
    assert_eq!(window.start, "2026-02-24T21:00:00Z".parse().unwrap());
    assert_eq!(window.end, "2026-02-25T05:00:00Z".parse().unwrap());
    let repeats = window.repeats.as_ref().map(ToString::to_string);
    assert_eq!(
        repeats.as_deref(),
        Some("weekly on tue except 2026-03-03 in Europe/Berlin"),
        "as the command line has it"
    );
    assert!(!window.suppress_notifications);
    assert_eq!(window.created_by.as_deref(), Some("j.smith"));
}

#[test]
fn dc_05_wrong_input_of_the_window_form_is_said_beside_its_field() {
    for (field, text, words) in [
        (0, "", "a window needs a name"),
        (6, "weekly on noday", "`noday` is no weekday"),
        (6, "daily until 2020-01-01 in UTC", "it would never begin"),
        (1, "nobody-*", "nothing is called so"),
        (1, "", "write a glob of hosts"),
        (2, "no-such", "nothing is called so"),
        (4, "yesterday", "`yesterday` is no moment; write now, 22:00 or 2026-11-25 22:00"),
        (5, "soon", "`soon` is no length of time"),
        (5, "2026-02-24 20:00", "it would end before it begins"),
    ] {
        let mut console = Console::open((120, 40));
        console.press("M");
        for _ in 0..field {
            console.press("tab");
        }
        console.press("ctrl-u").write(text).press("enter");
        let screen = console.screen();
        assert!(screen.contains(words), "{field} {text:?}\n{screen}");
        assert!(console.commands.is_empty(), "{field} {text:?}");
        console.press("esc");
        assert!(console.app.overlay.is_none());
    }
}

#[test]
fn dc_05_the_scope_of_the_line_goes_from_the_check_to_the_site() {
    let mut console = Console::open((120, 40));
    console.press("m tab tab");
    let screen = console.screen();
    assert!(screen.contains("Window over site fra: 60 hosts for:"), "{screen}");
    assert!(screen.contains("covers 60 hosts with 121 checks until 22:04: fra-01"), "{screen}");
    console.press("enter");
    let [Command::AddMaintenance(window)] = console.commands.as_slice() else { panic!() };
    assert_eq!((window.hosts.len(), window.host_pattern.is_none()), (60, true));
    assert_eq!(window.name, "quick window, site fra 21:04");
}

#[test]
fn dc_05_a_host_whose_name_is_too_long_for_a_pattern_is_named() {
    let long = "z".repeat(2000);
    let mut console = Console::open((120, 40));
    console.feed(vec![
        Event::Host(Arc::new(Host::new(&long, "192.0.2.7"))),
        check(&long, "ping", Kind::Ping, fine("0.2 ms")),
    ]);
    console.pass(Span::from_secs(3));
    console.press("3");
    console.press("G");
    console.press("m enter");
    let [Command::AddMaintenance(window)] = console.commands.as_slice() else {
        panic!("{}", console.screen())
    };
    assert_eq!(window.hosts.len(), 1, "{window:?}");
    assert!(window.name.chars().count() <= 200, "{}", window.name);
    assert!(window.name.starts_with("quick window, zzz"), "{}", window.name);
}

#[test]
fn dc_05_a_check_too_long_for_a_pattern_is_named_and_never_becomes_its_host() {
    let long = "z".repeat(2000);
    for keys in ["m enter", "M enter"] {
        let mut console = Console::open((120, 40));
        console.feed(vec![
            Event::Host(Arc::new(Host::new("zz", "192.0.2.7"))),
            check("zz", &long, Kind::Ping, fine("0.2 ms")),
        ]);
        console.pass(Span::from_secs(3));
        console.press("4").press("G").press(keys);
        let [Command::AddMaintenance(window)] = console.commands.as_slice() else {
            panic!("{keys}: {}", console.screen())
        };
        assert_eq!((&window.host_pattern, &window.check), (&None, &None), "{keys}");
        assert_eq!(window.checks, BTreeSet::from([CheckKey::new("zz", long.as_str())]), "{keys}");
        assert!(window.hosts.is_empty(), "{keys}");
    }
}

#[test]
fn dc_05_marked_rows_are_one_window_in_one_request() {
    let mut console = Console::open((120, 40));
    console.press("space j space j m");
    let screen = console.screen();
    assert!(screen.contains("Window over 2 checks for:"), "{screen}");
    console.press("enter");
    let [Command::AddMaintenance(window)] = console.commands.as_slice() else {
        panic!("{:?}", console.commands)
    };
    assert_eq!(window.checks.len(), 2);
    // The form names the same objects, and still does after the cursor has gone.
    console.press("M");
    let screen = console.screen();
    assert!(screen.contains("empty: the 2 checks of here"), "{screen}");
    console.press("enter");
    let Some(Command::AddMaintenance(form)) = console.commands.last() else { panic!() };
    assert_eq!(form.checks, window_checks(&console.commands[0]));
}

fn window_checks(command: &Command) -> BTreeSet<CheckKey> {
    match command {
        Command::AddMaintenance(window) => window.checks.clone(),
        other => panic!("{other:?}"),
    }
}

/// 500 alerts of one check on as many hosts.
fn five_hundred(console: &mut Console) {
    let key = CheckKey::new("fra-01", "mysql");
    let template = Alert::clone(console.app.world.alert_of(&key).unwrap());
    let alerts = (0..500_u32).map(|n| {
        let mut bytes = [7; 10];
        bytes[..4].copy_from_slice(&n.to_be_bytes());
        Event::Alert(Arc::new(Alert {
            id: AlertId::from_parts(1_771_000_500_000, bytes),
            check: CheckKey::new(format!("edge-{n:03}"), "http"),
            state: State::Critical,
            phase: fluxnoc::model::Phase::Firing,
            ack: None,
            suppressed: false,
            in_maintenance: false,
            ..template.clone()
        }))
    });
    let alerts: Vec<Event> = alerts.collect();
    console.feed(alerts);
    console.pass(Span::from_secs(5));
}

#[test]
fn dc_04_five_hundred_are_counted_first_sent_at_once_and_taken_back_with_one_key() {
    let mut console = Console::open((120, 40));
    five_hundred(&mut console);
    console.answers = false;
    console.press("/").write("edge-").press("enter % a");
    assert!(console.foot().starts_with(" Acknowledge 500 alerts: edge-0"), "{}", console.foot());
    console.press("enter");
    let Some(Command::Acknowledge { targets, .. }) = console.commands.last() else { panic!() };
    assert_eq!(targets.len(), 500);
    let commands = console.commands.iter().filter(|c| matches!(c, Command::Acknowledge { .. }));
    assert_eq!(commands.count(), 1);
    console.press("u");
    assert!(console.foot().contains("not answered yet"), "{}", console.foot());
    answer_with(&mut console, done(500, &[]));
    let foot = console.foot();
    assert!(foot.ends_with("undo ack 500 alerts: u 10 s"), "{foot}");
    console.pass(Span::from_secs(3));
    assert!(console.foot().ends_with("u 8 s"), "steps, not a second each: {}", console.foot());
    console.press("u");
    let Some(Command::Undo { .. }) = console.commands.last() else {
        panic!("{:?}", console.commands.last())
    };
    assert!(!console.foot().contains("undo ack"), "{}", console.foot());
    // Three of them had moved on: they are listed.
    let failures = [
        "edge-001/http has changed since",
        "edge-002/http has recovered",
        "edge-009/http has changed since",
    ];
    answer_with(&mut console, done(497, &failures));
    let screen = console.screen();
    assert!(screen.contains("Not done: 3 of 500"), "{screen}");
    assert!(failures.iter().all(|text| screen.contains(text)), "{screen}");
    insta::assert_snapshot!("failures_120x40", screen);
    console.press("esc");
    assert!(console.app.overlay.is_none());
    console.press(":").write("failures").press("enter");
    assert!(console.screen().contains("edge-009/http has changed since"));
}

#[test]
fn dc_04_what_is_too_old_is_not_taken_back() {
    let mut console = Console::open((120, 40));
    console.press("a enter");
    assert!(console.foot().ends_with("undo ack fra-01/mysql: u 10 s"), "{}", console.foot());
    let wake = console.app.next_wake().since(console.app.now.steady);
    assert!(wake <= Span::from_secs(2), "the toast counts down: {wake}");
    console.pass(Span::from_secs(11));
    assert!(!console.foot().contains("undo"), "{}", console.foot());
    console.press("u");
    assert!(console.foot().contains("nothing to undo"), "{}", console.foot());
    assert_eq!(console.commands.len(), 1);
    // A failure leaves nothing to take back.
    console.answers = false;
    console.press("a enter");
    let id = *console.app.pending.keys().max().unwrap();
    console.on(Msg::Reply { id, result: Err(Problem::conflict("gone")) });
    console.press("u");
    assert_eq!(console.commands.len(), 2);
}

#[test]
fn dc_04_a_failure_does_not_push_a_card_over_what_is_being_typed() {
    let mut console = Console::open((120, 40));
    console.answers = false;
    console.press("a enter c").write("half");
    let id = *console
        .app
        .pending
        .iter()
        .find(|(_, p)| matches!(p, fluxnoc::tui::line::Pending::Ack { .. }))
        .unwrap()
        .0;
    let result = Ok(Reply::Outcome(done(0, &["one", "two"])));
    console.on(Msg::Reply { id, result });
    assert!(matches!(console.app.overlay, Some(Overlay::Line(_))));
    console.write(" done").press("enter");
    let Some(Command::Comment { text, .. }) = console.commands.last() else { panic!() };
    assert_eq!(text, "half done");
}

#[test]
fn dc_04_a_comment_stands_beside_what_was_under_the_cursor() {
    let mut console = Console::open((120, 40));
    console.press("c enter");
    assert!(console.screen().contains("the comment is empty"), "{}", console.screen());
    console.write("fan ordered").press("enter");
    let [Command::Comment { targets, text }] = console.commands.as_slice() else {
        panic!("{:?}", console.commands)
    };
    assert_eq!(targets.as_slice(), [Target::Check(CheckKey::new("fra-01", "mysql"))]);
    assert_eq!(text, "fan ordered");
    assert!(console.foot().contains("commented on fra-01/mysql"), "{}", console.foot());
    console.press("j .");
    assert!(console.foot().contains("Comment on fra-02/ping: fan ordered"), "{}", console.foot());
    console.press("enter");
    assert_eq!(console.commands.len(), 2);
}

#[test]
fn dc_04_a_snooze_is_for_the_operator_alone_and_is_kept() {
    let mut console = Console::open((120, 40));
    let before = console.app.world.unhandled();
    console.press("s");
    assert!(console.foot().contains("Snooze fra-01/mysql for: 1h"), "{}", console.foot());
    console.press("ctrl-u").write("whenever").press("enter");
    assert!(console.screen().contains("off ends it"));
    console.press("ctrl-u").write("2h").press("enter");
    let [Command::Remember { key, value: Some(value) }] = console.commands.as_slice() else {
        panic!("{:?}", console.commands)
    };
    assert_eq!((key.as_str(), value.contains("fra-01/mysql")), ("snoozes", true));
    assert_eq!(console.app.unhandled(), before - 1, "my list");
    assert_eq!(console.app.world.unhandled(), before, "nothing else");
    // Another console of the same operator takes it over; it ends by itself.
    let value: Arc<str> = value.as_str().into();
    let mut other = Console::open((120, 40));
    other.feed(vec![Event::Remembered { key: "snoozes".to_owned(), value: Some(value) }]);
    assert_eq!(other.app.unhandled(), before - 1);
    other.pass(Span::from_secs(2 * 3600 + 1));
    assert!(other.app.snoozed.is_empty());
    // Off again.
    console.press("/").write("snoozed").press("enter s");
    assert!(console.foot().contains("for: off"), "{}", console.foot());
    console.press("enter");
    let Some(Command::Remember { value: None, .. }) = console.commands.last() else { panic!() };
}

#[test]
fn dc_04_repeat_opens_what_was_done_last_filled_in_and_sends_with_enter() {
    let mut console = Console::open((120, 40));
    console.press(".");
    assert!(console.foot().contains("nothing to repeat"), "{}", console.foot());
    console.press("a tab tab ctrl-u").write("mine").press("enter j .");
    let foot = console.foot();
    assert!(foot.starts_with(" Acknowledge fra-02/ping until"), "{foot}");
    assert!(foot.ends_with(": mine"), "{foot}");
    assert_eq!(console.commands.len(), 1, "nothing before Enter");
    console.press("enter");
    let [
        Command::Acknowledge { expires: first, .. },
        Command::Acknowledge { expires, comment, .. },
    ] = console.commands.as_slice()
    else {
        panic!("{:?}", console.commands)
    };
    assert_eq!((expires, comment.as_str()), (first, "mine"));
    console.press("r .");
    assert!(console.foot().contains("Re-check fra-02/ping?"), "{}", console.foot());
    console.press("enter");
    assert!(matches!(console.commands.last(), Some(Command::Recheck { .. })));
}

#[test]
fn dc_04_an_acknowledgement_is_changed_in_place() {
    let mut console = Console::open((120, 40));
    console.press("e");
    assert!(console.foot().contains("nothing to change here"), "{}", console.foot());
    console.press("/").write("ams-09").press("enter e");
    let screen = console.screen();
    assert!(screen.contains("Change the acknowledgement"), "{screen}");
    assert!(screen.contains("2026-02-25 06:04"), "{screen}");
    console.press("ctrl-u").write("part arrives at 9").press("enter");
    let [Command::Acknowledge { comment, notify: false, expires: Some(_), .. }] =
        console.commands.as_slice()
    else {
        panic!("{:?}", console.commands)
    };
    assert_eq!(comment, "part arrives at 9");
}

#[test]
fn dc_05_a_window_is_changed_and_ended_with_a_typed_count() {
    let mut console = Console::open((120, 40));
    console.press("7 e");
    let screen = console.screen();
    assert!(screen.contains("Change the window") && screen.contains("rack 2 power"), "{screen}");
    insta::assert_snapshot!("edit_window_120x40", screen);
    console.press("enter");
    assert!(console.foot().contains("nothing was changed"), "{}", console.foot());
    console.press("e tab ctrl-u").write("soon").press("enter");
    assert!(console.screen().contains("`soon` is no length of time"));
    console.press("ctrl-u").write("2h").press("tab ctrl-u").write("sometimes").press("enter");
    assert!(console.screen().contains("write never, daily, every 3 days"), "{}", console.screen());
    console.press("ctrl-u").write("never").press("enter");
    let [
        Command::EditMaintenance {
            name: None,
            start: None,
            end: Some(end),
            repeats: None,
            every: false,
            ..
        },
    ] = console.commands.as_slice()
    else {
        panic!("{:?}", console.commands)
    };
    assert_eq!(end.since(console.app.wall()), Span::from_secs(7200));
    console.press("e tab tab ctrl-u").write("weekly on wed in UTC");
    let screen = console.screen();
    assert!(screen.contains("by the clocks of UTC: ") && screen.contains("…"), "{screen}");
    insta::assert_snapshot!("edit_window_repeats_120x40", screen);
    console.press("enter");
    let Some(Command::EditMaintenance { end: None, repeats: Some(repeats), every: false, .. }) =
        console.commands.last()
    else {
        panic!("{:?}", console.commands)
    };
    assert_eq!(repeats.to_string(), "weekly on wed in UTC");
    console.press("delete");
    assert!(console.foot().contains("End 1 window, `rack 2 power`"), "{}", console.foot());
    console.press("enter");
    assert_eq!(console.commands.len(), 2, "Enter alone is not enough");
    console.write("1").press("enter");
    assert!(matches!(console.commands.last(), Some(Command::EndMaintenance { .. })));
}

#[test]
fn dc_04_runbook_and_copies_are_of_what_is_under_the_cursor() {
    let mut console = Console::open((120, 40));
    let mut host = fluxnoc::model::Host::clone(&console.app.world.host("fra-01").unwrap().host);
    host.runbook = Some("https://wiki.example/mysql\nrestart \u{1b}[31mslowly".to_owned());
    host.notes = Some("rack 4".to_owned());
    console.feed(vec![Event::Host(Arc::new(host))]);
    console.press("b");
    let screen = console.screen();
    for text in ["transport desk", "https://wiki.example/mysql", "rack 4"] {
        assert!(screen.contains(text), "{text}\n{screen}");
    }
    insta::assert_snapshot!("runbook_120x40", screen);
    console.press("y");
    let Some(Effect::Copy(text)) = console.asked.last() else { panic!("{:?}", console.asked) };
    assert!(text.starts_with("https://wiki.example/mysql") && !text.contains('\u{1b}'), "{text:?}");
    console.press("esc y h y a y o y y");
    let copies: Vec<&str> = console
        .asked
        .iter()
        .filter_map(|effect| match effect {
            Effect::Copy(text) => Some(text.as_str()),
            _ => None,
        })
        .collect();
    let output = "connection refused by 10.0.3.1:3306";
    let row = format!("fra-01/mysql CRITICAL {output}");
    assert_eq!(copies[1..], ["fra-01", "10.0.3.1", output, &row]);
    console.press("H");
    assert!(console.screen().contains("host:fra-01 check:mysql"), "{}", console.screen());
    assert_eq!(console.app.view, fluxnoc::tui::views::View::History);
}

#[test]
fn dc_04_a_read_only_console_is_armed_for_a_time_and_a_viewer_never() {
    let mut console = Console::open((120, 40));
    console.app.options.read_only = true;
    for key in ["a", "A", "c", "m", "M", "e", "U", "r", "delete", "u", "."] {
        console.press(key);
        assert!(console.app.overlay.is_none(), "{key}");
        assert!(console.foot().contains("this console is read-only"), "{key}: {}", console.foot());
    }
    assert!(console.commands.is_empty());
    // What would slip through here is refused by the engine.
    assert_eq!(console.app.acting(), actor(Role::Viewer));
    console.press(":").write("arm soon").press("enter");
    assert!(console.foot().contains("`soon` is no time to arm for"), "{}", console.foot());
    console.press(":").write("arm 15m").press("enter");
    let head = console.screen().lines().next().unwrap().to_owned();
    assert!(head.contains("ARMED 15m"), "{head}");
    assert_eq!(console.app.acting(), console.app.actor);
    console.press("a enter");
    assert_eq!(console.commands.len(), 1);
    console.pass(Span::from_secs(15 * 60));
    console.press("a");
    assert!(console.foot().contains("this console is read-only"), "{}", console.foot());
    console.press("X");
    assert!(console.app.is_armed());
    console.press(":").write("disarm").press("enter");
    assert!(!console.app.is_armed());
    let mut viewer = Console::new((120, 40), actor(Role::Viewer), options());
    viewer.app.options.read_only = true;
    viewer.feed(fixture::picture());
    viewer.press("X");
    assert!(viewer.foot().contains("your role is Viewer"), "{}", viewer.foot());
    assert!(!viewer.app.is_armed());
}

#[test]
fn a_paused_display_stands_still_and_ends_by_itself() {
    let mut console = Console::open((120, 40));
    console.press("p");
    let worse = |console: &Console, id: u8, state| {
        let template = console.app.world.open_alerts().next().unwrap();
        Event::Alert(Arc::new(Alert {
            id: AlertId::from_parts(1_771_000_900_000, [id; 10]),
            check: CheckKey::new("dal-30", "ping"),
            state,
            phase: fluxnoc::model::Phase::Firing,
            ack: None,
            suppressed: false,
            ..Alert::clone(template)
        }))
    };
    let before = console.app.world.unhandled();
    let event = worse(&console, 201, State::Warning);
    console.feed(vec![event]);
    console.pass(Span::from_secs(4));
    assert_eq!(console.app.world.unhandled(), before);
    assert!(console.screen().contains("PAUSED +1"), "{}", console.screen());
    // A new CRITICAL ends it, and nothing is lost.
    let event = worse(&console, 202, State::Critical);
    console.feed(vec![event]);
    console.pass(Span::from_secs(4));
    assert!(!console.screen().contains("PAUSED"));
    assert_eq!(console.app.world.unhandled(), before + 2);
    console.press("p");
    console.pass(Span::from_secs(61));
    assert!(!console.screen().contains("PAUSED"), "a minute without a key");
}

#[test]
fn times_are_utc_at_a_key_and_as_before_at_the_next() {
    let mut console = Console::open((120, 40));
    assert!(console.screen().contains("21:04 CET"));
    console.press("Z");
    assert!(console.screen().contains("20:04 UTC"), "{}", console.screen());
    console.press("Z");
    assert!(console.screen().contains("21:04 CET"));
}

#[test]
fn saved_views_open_with_their_letter_also_typed_ahead() {
    let mut console = Console::open((120, 40));
    console.press("'");
    insta::assert_snapshot!("saved_views_120x40", console.screen());
    console.press("u");
    assert_eq!(console.app.filter.0, "unhandled");
    assert_eq!(console.app.view, fluxnoc::tui::views::View::Alerts);
    console.key("g");
    console.key("v");
    console.key("w");
    assert_eq!(console.app.view, fluxnoc::tui::views::View::Maintenance);
    console.press("2 /").write("site:fra").press("enter :").write("save-view f fra only");
    console.press("enter");
    let Some(Command::Remember { key, value: Some(value) }) = console.commands.last() else {
        panic!("{:?}", console.commands)
    };
    assert_eq!((key.as_str(), value.contains("fra only")), ("views", true));
    console.press("esc ' f");
    assert_eq!(console.app.filter.0, "site:fra*");
    console.press(":").write("save-view F x").press("enter");
    assert!(console.foot().contains("is not a letter for a view"), "{}", console.foot());
}

#[test]
fn dc_04_pasted_text_stays_in_its_field_and_sends_nothing() {
    let mut console = Console::open((120, 40));
    console.press("A ctrl-u");
    console.on(Msg::Paste("ticket\u{1b}[2J 7\nq\nrm".to_owned()));
    console.on(Msg::Paste("x".repeat(1_000_000)));
    assert!(console.commands.is_empty());
    let Some(Overlay::Form(open)) = &console.app.overlay else { panic!() };
    let text = open.form.text("comment");
    assert!(text.starts_with("ticket[2J 7x") && text.chars().count() == 512, "{text}");
}

#[test]
fn dc_04_a_form_answers_only_keys_typed_after_it_was_painted() {
    let mut console = Console::open((120, 40));
    console.press("A");
    console.key("enter");
    assert!(console.commands.is_empty());
    console.press("enter");
    assert_eq!(console.commands.len(), 1);
}
