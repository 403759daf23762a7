//! Stories of an operator, and what must never happen.

use std::sync::Arc;

use fluxnoc::model::{Acknowledgement, Alert, Phase, SafeText, ShownState, Span};
use fluxnoc::protocol::{Command, Event, Problem, Role, Target};
use fluxnoc::tui::Leave;
use fluxnoc::tui::msg::Msg;
use proptest::prelude::*;

use crate::{Console, actor, fixture, options};

#[test]
fn dc_04_two_keys_and_a_comment_acknowledge_an_alert() {
    let mut console = Console::open((120, 40));
    console.answers = false;
    console.press("a");
    assert_eq!(console.foot(), " Acknowledge fra-01/mysql until 25 Feb 05:04: looking into it");
    console.press("enter");
    let screen = console.screen();
    assert!(screen.contains("acknowledging…"), "the effect shows in the same frame\n{screen}");
    let [Command::Acknowledge { targets, comment, expires, sticky: false, notify: true }] =
        console.commands.as_slice()
    else {
        panic!("{:?}", console.commands)
    };
    assert_eq!(comment, "looking into it");
    assert_eq!(expires.map(|at| at.since(fixture::now()).millis() / 1000), Some(8 * 3600));
    let [Target::Alert(id)] = targets.as_slice() else { panic!("{targets:?}") };
    let id = *id;
    console.answer();
    let foot = console.foot();
    assert!(foot.contains("fra-01/mysql acknowledged by noc-2 until 25 Feb 05:04"), "{foot}");
    // The engine's event moves it behind what nobody has.
    let alert = Alert::clone(console.app.world.alert(id).unwrap());
    let ack = Acknowledgement {
        author: SafeText::line("noc-2"),
        comment: SafeText::line("looking into it"),
        at: fixture::now(),
        expires: Some(fixture::now() + Span::from_secs(8 * 3600)),
        sticky: false,
    };
    console.feed(vec![Event::Alert(Arc::new(Alert { ack: Some(ack), ..alert }))]);
    assert_eq!(console.app.world.unhandled(), 4);
    assert!(console.screen().contains("noc-2 05:04"));
    assert_eq!(console.app.alert(), Some(id), "the cursor stays on its alert");
    console.press("U");
    assert!(matches!(console.commands.last(), Some(Command::Unacknowledge { .. })));
}

#[test]
fn dc_04_the_end_of_an_acknowledgement_can_be_chosen_and_a_failure_is_told() {
    let mut console = Console::open((120, 40));
    console.answers = false;
    console.press("a tab tab tab tab");
    assert!(console.foot().contains("until it recovers:"), "{}", console.foot());
    console.press("ctrl-u").write("on it").press("enter");
    let Some(Command::Acknowledge { comment, expires: None, .. }) = console.commands.last() else {
        panic!("{:?}", console.commands)
    };
    assert_eq!(comment, "on it");
    let id = *console.app.pending.keys().max().unwrap();
    let result = Err(Problem::conflict("fra-01/mysql has recovered meanwhile"));
    console.on(Msg::Reply { id, result });
    let screen = console.screen();
    assert!(!screen.contains("acknowledging…"));
    assert!(console.foot().starts_with(" fra-01/mysql has recovered meanwhile"));
    console.press("j");
    assert!(!console.foot().contains("recovered"), "an error stays until a key is pressed");
}

#[test]
fn dc_05_two_keys_open_a_window_and_a_bad_time_is_told_in_place() {
    let mut console = Console::open((120, 40));
    console.press("m");
    let screen = console.screen();
    assert!(screen.contains("covers fra-01/mysql until 22:04, not the 2 other checks"), "{screen}");
    console.press("tab");
    let screen = console.screen();
    assert!(screen.contains("covers fra-01 with 3 checks until 22:04"), "{screen}");
    console.press("ctrl-u").write("soon").press("enter");
    let screen = console.screen();
    assert!(
        screen.contains("`soon` is no length of time; write 1h, 30m or until 06:00"),
        "{screen}"
    );
    for (wrong, says) in [("2020-01-01 06:00", " is over; write 1h"), ("400d", "at most 366d")] {
        console.press("ctrl-u").write(wrong).press("enter");
        assert!(console.screen().contains(says), "{wrong}: {}", console.screen());
    }
    assert!(console.commands.is_empty());
    console.press("ctrl-u").write("until 06:00").press("enter");
    let [Command::AddMaintenance(window)] = console.commands.as_slice() else { panic!() };
    assert_eq!(
        (window.host_pattern.as_ref().unwrap().as_str(), window.check.is_none()),
        ("fra-01", true)
    );
    assert_eq!(window.end, "2026-02-25T05:00:00Z".parse().unwrap());
    assert_eq!(window.name, "quick window, fra-01 21:04");
    assert!(console.foot().contains("fra-01 is in maintenance until 25 Feb 06:00"));
    // The first letter replaces the length that was offered; keys that move keep it.
    console.press("m 2 h");
    assert_eq!(console.foot(), " Window over fra-01/mysql for: 2h");
    console.press("esc m end").write("30m");
    assert_eq!(console.foot(), " Window over fra-01/mysql for: 1h30m");
    console.press("esc");
    // The shortest way: two keys.
    console.press("m enter");
    let Some(Command::AddMaintenance(window)) = console.commands.last() else { panic!() };
    assert_eq!(window.end.since(window.start), Span::from_secs(3600));
}

#[test]
fn fm_07_a_window_shows_maintenance_and_ends_by_itself() {
    let mut console = Console::open((120, 40));
    assert_eq!(console.app.world.host("dal-20").unwrap().shown(), ShownState::Maintenance);
    assert!(!console.screen().contains("dal-20  "), "a window hides its alert from the feed");
    console.press("/").write("dal-20").press("enter");
    let screen = console.screen();
    assert!(screen.contains("◇ MAINT   15m  dal-20"), "{screen}");
    console.press("esc");
    console.pass(Span::from_secs(3600));
    assert_eq!(console.app.world.host("dal-20").unwrap().shown(), ShownState::Critical);
    assert!(console.screen().contains("◇ 0 MAINT"));
}

#[test]
fn a_filter_works_as_it_is_typed_and_esc_takes_it_back() {
    let mut console = Console::open((120, 40));
    console.press("/").write("state:warn");
    assert_eq!(console.app.lists.alerts.len(), 3);
    insta::assert_snapshot!("filter_120x40", console.screen());
    console.press("esc");
    assert_eq!(console.app.lists.alerts.len(), 8);
    console.press("/").write("state:b enter");
    let screen = console.screen();
    assert!(screen.contains("`b` is no state"), "{screen}");
    console.press("ctrl-u").write("fra").press("enter");
    assert_eq!(console.app.lists.hosts.len(), 60);
    assert!(console.screen().contains("60 of 200"));
    console.press("esc");
    assert_eq!(console.app.lists.hosts.len(), 200);
}

#[test]
fn help_lists_the_live_keys() {
    let mut console = Console::open((120, 40));
    console.press("?");
    insta::assert_snapshot!("help_120x40", console.screen());
    console.press("?");
    assert!(console.app.overlay.is_none());
}

#[test]
fn leaving_asks_once_and_only_where_the_engine_is() {
    let mut console = Console::open((120, 40));
    console.press("q");
    insta::assert_snapshot!("question_120x40", console.screen());
    console.press("esc");
    assert_eq!((console.left, console.app.overlay.is_none()), (None, true));
    console.press("ctrl-c s");
    assert_eq!(console.left, Some(Leave::Stop));
    let mut console = Console::open((120, 40));
    console.press("q k");
    assert_eq!(console.left, Some(Leave::Keep));
    let mut console = Console::open((120, 40));
    console.app.options.attached = true;
    console.press("q");
    assert_eq!(console.left, Some(Leave::Detach));
    let mut console = Console::open((120, 40));
    console.press("enter q");
    assert!(console.left.is_none() && !console.app.in_detail(), "q closes the view first");
}

#[test]
fn a_key_typed_before_a_dialog_was_painted_does_not_answer_it() {
    let mut console = Console::open((120, 40));
    console.press("q");
    console.key("s");
    assert_eq!(console.left, None);
    let mut console = Console::open((120, 40));
    console.press("a");
    console.key("enter");
    assert!(console.commands.is_empty(), "nobody has seen what would be acknowledged");
    console.press("enter");
    assert_eq!(console.commands.len(), 1);
}

#[test]
fn pasted_text_is_never_keys() {
    let mut console = Console::open((120, 40));
    console.screen();
    console.on(Msg::Paste("q\ns\nra".to_owned()));
    assert!(console.app.overlay.is_none() && console.commands.is_empty());
    console.press("a ctrl-u");
    console.on(Msg::Paste("ticket 42\r\nsecond line".to_owned()));
    console.press("enter");
    let [Command::Acknowledge { comment, .. }] = console.commands.as_slice() else { panic!() };
    assert_eq!(comment, "ticket 42");
}

#[test]
fn who_may_only_look_is_told_why() {
    let mut console = Console::new((120, 40), actor(Role::Viewer), options());
    console.feed(fixture::picture());
    console.rest();
    let foot = console.foot();
    assert!(foot.contains("ack (read-only)"), "{foot}");
    console.press("a");
    assert!(console.foot().contains("ack needs the role Operator, you are Viewer"));
    let mut console = Console::open((120, 40));
    console.app.options.read_only = true;
    console.press("m");
    assert!(console.foot().contains("window: this console is read-only"));
    assert!(console.commands.is_empty());
}

#[test]
fn until_a_key_is_pressed_the_worst_is_selected_and_then_what_was_chosen() {
    let mut console = Console::new((120, 40), actor(Role::Operator), options());
    let mut events = fixture::picture();
    let (alerts, mut calm): (Vec<Event>, Vec<Event>) =
        events.drain(..).partition(|event| matches!(event, Event::Alert(_)));
    calm.retain(|event| !matches!(event, Event::AlertGone(_)));
    console.feed(calm);
    console.rest();
    assert_eq!(console.app.host.as_deref(), Some("jump-02"), "this machine while all is well");
    assert!(console.screen().contains("Throughput: jump-02 eth0"));
    console.feed(alerts);
    assert_eq!(console.app.host.as_deref(), Some("fra-01"));
    console.press("j");
    let chosen = console.app.alert();
    let worse = Alert::clone(&console.app.lists.alerts.items().last().unwrap().alert);
    let state = fluxnoc::model::State::Critical;
    let since = fixture::now() - Span::from_secs(5000);
    let worse = Alert { phase: Phase::Firing, ack: None, since, state, ..worse };
    console.feed(vec![Event::Alert(Arc::new(worse))]);
    console.press("k j");
    console.feed(Vec::new());
    assert_eq!((console.app.alert(), console.app.lists.alerts.index), (chosen, 1), "held");
    console.pass(Span::from_secs(4));
    assert_eq!((console.app.alert(), console.app.lists.alerts.index), (chosen, 2), "at rest");
}

#[test]
fn the_selected_host_follows_the_focused_cursor() {
    let mut console = Console::open((120, 40));
    console.press("j");
    let (alert, host) = (console.app.alert().unwrap(), console.app.host.clone().unwrap());
    assert_eq!(&*host, &*console.app.selected_alert().unwrap().check.host);
    // Its alert ends: the row stays until the cursor leaves it, then all panes show the next.
    console.feed(vec![Event::AlertGone(alert)]);
    console.pass(Span::from_secs(4));
    assert_eq!(console.app.host.as_deref(), Some(&*host));
    console.press("j");
    console.rest();
    let next = console.app.selected_alert().unwrap().check.host.to_string();
    assert_ne!(next, *host);
    let screen = console.screen();
    for text in [format!("› {next}"), format!("Throughput: {next} "), format!("Hops to {next}")] {
        assert!(screen.contains(&text), "{text}\n{screen}");
    }
    let seen = console.app.looked.as_ref().and_then(|interest| interest.trace.clone());
    assert_eq!(seen.map(|trace| trace.host.to_string()), Some(next));
}

#[test]
fn both_lists_show_the_same_host() {
    let mut console = Console::open((120, 40));
    // In the hosts: the feed's cursor goes to the host's alert, and shows none where it has none.
    console.press("shift-tab");
    let marked = |console: &mut Console| {
        let screen = console.screen();
        screen.lines().filter(|line| line.contains("│›")).map(str::to_owned).collect::<Vec<_>>()
    };
    for _ in 0..12 {
        console.press("l");
        let host = console.app.host.clone().unwrap();
        let has = console.app.lists.alerts.items().any(|row| row.alert.check.host == host);
        let rows = marked(&mut console);
        assert_eq!(rows.len(), usize::from(has), "{host}: {rows:?}");
        assert!(rows.iter().all(|row| row.contains(&*host)), "{host}: {rows:?}");
    }
    let before = console.app.host.clone();
    assert!(
        !console.app.lists.alerts.items().any(|r| Some(&r.alert.check.host) == before.as_ref())
    );
    // A path or graph keeps the host that was chosen; the feed, when it gets the keys, chooses.
    console.press("t");
    assert_eq!(console.app.host, before);
    console.press("shift-tab shift-tab");
    let host = console.app.selected_alert().map(|alert| alert.check.host.clone());
    assert_eq!(console.app.host, host);
    assert_eq!(marked(&mut console).len(), 1);
}

#[test]
fn a_fresh_graph_shows_the_time_that_was_seen() {
    let mut console = Console::new((160, 48), actor(Role::Operator), options());
    console.answers = false;
    console.feed(fixture::picture());
    console.pass(Span::from_millis(300));
    let key = console.app.graph.as_ref().unwrap().key.clone();
    let results = |console: &mut Console, secs: u64| {
        for _ in 0..secs / 2 {
            console.pass(Span::from_secs(2));
            let at = console.app.wall();
            console.feed(vec![fixture::live(&key, at)]);
        }
    };
    results(&mut console, 60);
    let screen = console.screen();
    assert!(screen.contains("2 min"), "{screen}");
    insta::assert_snapshot!("fresh_160x48", screen);
    console.press("+");
    assert!(console.screen().contains("15 min"));
    console.press("-");
    results(&mut console, 100);
    assert!(console.screen().contains("5 min"));
    results(&mut console, 200);
    assert!(console.screen().contains("15 min"));
    console.press("+");
    assert!(console.screen().contains("1 h"));
}

#[test]
fn figures_above_a_graph_never_overlap() {
    for width in 120..200 {
        let mut console = Console::open((width, 40));
        let host = console.app.host.clone().unwrap();
        let key = fluxnoc::model::CheckKey::new(&*host, "ping");
        console.feed(vec![fixture::live(&key, fixture::now() + Span::from_millis(400))]);
        let screen = console.screen();
        let line = screen.lines().find(|line| line.contains("━ rtt")).unwrap();
        let text = line.split('│').nth(1).unwrap();
        assert!(text.ends_with("  loss 0 % "), "{text}");
        for part in text.split("  ").map(str::trim).filter(|part| !part.is_empty()) {
            let words: Vec<&str> = part.split(' ').collect();
            let known = ["━", "min", "avg", "max", "loss"].contains(&words[0]);
            assert!(known || part.ends_with("ms"), "{part:?} in {text}");
        }
    }
}

#[test]
fn a_running_cursor_starts_one_trace_where_it_rests() {
    let mut console = Console::open((120, 40));
    console.answers = false;
    let looked = |console: &Console| {
        let trace = console.app.looked.as_ref().and_then(|interest| interest.trace.as_ref());
        trace.map(|trace| trace.host.to_string())
    };
    console.press("j j j");
    console.pass(Span::from_millis(100));
    assert_eq!(looked(&console).as_deref(), Some("fra-01"));
    console.pass(Span::from_millis(200));
    assert_eq!(looked(&console).as_deref(), Some("lon-12"));
    assert!(console.app.trace.is_none(), "the old path does not stand under the new name");
}

#[test]
fn a_lost_stream_says_how_old_the_picture_is() {
    let mut console = Console::open((120, 40));
    console.on(Msg::Link(Err("the engine has stopped".to_owned())));
    assert!(console.screen().contains("LIVE"));
    console.pass(Span::from_secs(12));
    let screen = console.screen();
    assert!(screen.contains("OFFLINE 10s, the engine has stopped"), "{screen}");
    console.feed(fixture::picture());
    assert!(console.screen().contains("LIVE"));
    assert_eq!(console.app.world.host_count(), 200);
}

#[test]
fn empty_and_unready_screens_say_what_to_do() {
    let mut console = Console::new((120, 40), actor(Role::Operator), options());
    assert!(console.screen().contains("Waiting for the engine…"));
    console.feed(vec![Event::Hello { stream: 1, hosts: 0 }, Event::Ready]);
    let screen = console.screen();
    assert!(screen.contains("No hosts yet") && screen.contains(":reload"), "{screen}");
    console.press("a m r t enter U n");
    assert!(console.commands.is_empty());
}

#[test]
fn the_palette_completes_and_changes_the_theme() {
    let mut console = Console::open((120, 40));
    console.press(":").write("the").press("tab").write("da").press("tab enter");
    assert_eq!(console.app.theme.name(), "dark");
    console.press(":").write("theme nope").press("enter");
    assert!(console.foot().contains("there is no theme `nope`"));
    console.press(":").write("reload").press("enter");
    assert!(console.foot().contains("reload needs the role Admin"));
    console.press(":").write("q").press("enter s");
    assert_eq!(console.left, Some(Leave::Stop));
}

#[test]
fn a_world_that_does_not_fit_is_summed_up() {
    let mut console = Console::open((120, 40));
    let more = (0..9_800).map(|n| {
        let mut host = fluxnoc::model::Host::new(&format!("h-{n:05}"), "10.1.1.1");
        host.labels.insert("site".to_owned(), format!("s{:02}", n / 400));
        Event::Host(Arc::new(host))
    });
    console.feed(more.collect());
    let screen = console.screen();
    assert!(screen.contains("○ 9800 waiting") && screen.contains("+3"), "{screen}");
    assert!(
        screen.contains("dal   74 ●▲◇◇◇◇ ✓68") || screen.contains("dal  74 ●▲◇◇◇◇ ✓68"),
        "{screen}"
    );
    console.press("shift-tab j j h l k end 3 j pgdn");
    assert!(console.app.host.is_some());
}

#[test]
fn text_from_outside_cannot_move_a_column() {
    let mut console = Console::open((120, 40));
    let plain = console.screen();
    let alert = Arc::clone(&console.app.lists.alerts.items().next().unwrap().alert);
    let evil = "日本語テスト\u{1b}[2J\u{202e}e\u{301}👨‍👩‍👧 ".repeat(9);
    let alert = Alert { output: SafeText::line(&evil), ..Alert::clone(&alert) };
    console.feed(vec![Event::Alert(Arc::new(alert))]);
    let screen = console.screen();
    assert!(!screen.contains('\u{1b}') && !screen.contains('\u{202e}'));
    let border =
        |text: &str| text.lines().map(fluxnoc::model::safe_text::width).collect::<Vec<_>>();
    assert_eq!(border(&screen)[1..38], border(&plain)[1..38]);
}

fn any_msg() -> impl Strategy<Value = u16> {
    0_u16..400
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn no_keys_events_and_sizes_break_it(
        steps in prop::collection::vec((any_msg(), 1_u16..230, 1_u16..70), 1..60),
    ) {
        let keys = ["j", "k", "h", "l", "a", "U", "m", "r", "t", "/", ":", "?", "z", "n", "N", "g",
            "G", "1", "2", "3", "5", "enter", "esc", "tab", "shift-tab", "pgdn", "end", "]", "[",
            "+", "-", "ctrl-c", "q", "x", "é", "space", "日", "v", "%", ",", "o", "O", "F", "4"];
        let mut console = Console::open((120, 40));
        let picture = fixture::picture();
        for (step, width, height) in steps {
            let step = usize::from(step);
            match step {
                0..300 => { console.press(keys[step % keys.len()]); }
                300..340 => console.on(Msg::Resize { width, height }),
                340..370 => {
                    let event = picture[step * 31 % picture.len()].clone();
                    let gone = match &event {
                        Event::Host(host) => Event::HostGone(host.name.clone()),
                        Event::Check(row) => Event::CheckGone(row.key.clone()),
                        Event::Alert(alert) => Event::AlertGone(alert.id),
                        _ => Event::Resync,
                    };
                    console.feed(vec![if step % 2 == 0 { event } else { gone }]);
                }
                370..380 => console.on(Msg::Paste("x\u{1b}[A\n".repeat(usize::from(width)))),
                380..390 => console.rest(),
                _ => console.pass(Span::from_secs(u64::from(width) * 7)),
            }
            let screen = console.screen();
            let (wide, high) = console.app.size;
            prop_assert_eq!(screen.lines().count(), usize::from(high));
            for line in screen.lines() {
                prop_assert!(fluxnoc::model::safe_text::width(line) <= usize::from(wide));
            }
        }
        let alive = console.app.world.open_alerts().all(|alert| alert.phase != Phase::Resolved);
        prop_assert!(alive);
    }
}
