//! What is on screen follows the present: pages as long as they are open, and the lists' numbers.

use std::sync::Arc;

use fluxnoc::model::spec::Kind;
use fluxnoc::model::{CheckKey, Host, Observation, Span, State, Status};
use fluxnoc::protocol::{CheckRow, Event, LiveCheck};
use fluxnoc::tui::app::Pane;

use crate::{Console, actor, fixture, options};

/// A result of a check that much later than the fixture's moment.
fn result(host: &str, name: &str, after: u64, output: &str) -> Event {
    let at = fixture::now() + Span::from_secs(after);
    Event::Live(Arc::new(LiveCheck {
        check: CheckKey::new(host, name),
        at,
        next: Some(at + Span::from_secs(60)),
        observation: Observation::seen(output, Vec::new()),
    }))
}

fn line_of(screen: &str, words: &str) -> String {
    screen.lines().find(|line| line.contains(words)).unwrap_or_default().to_owned()
}

#[test]
fn the_page_of_an_alert_follows_the_results_of_its_check_while_it_is_open() {
    let mut console = Console::open((160, 44));
    console.press("enter").rest();
    assert!(console.screen().contains("Alert: fra-01/mysql"), "{}", console.screen());
    for (after, time, next) in [(20, "21:04:50", "21:05:50"), (80, "21:05:50", "21:06:50")] {
        let said = format!("connection refused by 10.0.3.1:3306 after {after} ms");
        console.feed(vec![result("fra-01", "mysql", after, &said)]);
        let screen = console.screen();
        assert!(screen.contains(&format!("last result {time}, next {next}")), "{screen}");
        assert_eq!(screen.matches(&said).count(), 2, "its head and its output: {screen}");
    }
}

#[test]
fn the_page_of_a_host_follows_the_results_of_its_checks_while_it_is_open() {
    let mut console = Console::open((160, 44));
    console.press("enter enter").rest();
    assert!(console.app.in_detail());
    let screen = console.screen();
    assert!(screen.contains("Output: mysql"), "{screen}");
    for (after, time) in [(20, "21:04:50"), (80, "21:05:50")] {
        let said = format!("refused after {after} ms by 10.0.3.1:3306");
        let fine = format!("5 of 5 answered, {after} ms");
        console.feed(vec![
            result("fra-01", "mysql", after, &said),
            result("fra-01", "ping", after, &fine),
        ]);
        let screen = console.screen();
        assert!(screen.contains(&format!("last result {time}")), "{screen}");
        assert!(line_of(&screen, "mysql refused").contains(&format!("{after} ms")), "{screen}");
        assert!(screen.contains(&fine), "also of what is not under the cursor: {screen}");
    }
}

#[test]
fn a_page_that_is_opened_knows_the_last_result_though_its_row_has_not_changed_for_long() {
    let mut console = Console::open((160, 44));
    let row = console.app.world.check(&CheckKey::new("fra-01", "mysql")).unwrap().clone();
    let mut old = CheckRow::clone(&row);
    old.status.last_result = Some(fixture::now() - Span::from_secs(3600));
    console.feed(vec![Event::Check(Arc::new(old))]);
    for keys in ["enter", "enter"] {
        console.press(keys).rest();
        let screen = console.screen();
        assert!(screen.contains("last result 21:04:18"), "{screen}");
    }
}

#[test]
fn the_list_of_alerts_shows_the_present_number() {
    let mut console = Console::open((160, 44));
    let looked = console.app.looked.clone().unwrap();
    let key = CheckKey::new("dal-07", "load");
    assert!(looked.rows.contains(&key) && !looked.checks.contains(&key), "{looked:?}");
    assert!(line_of(&console.screen(), "load 88.2").contains("dal-07"));
    console.feed(vec![result("dal-07", "load", 10, "load 79.9 (> 75) on 16 cores")]);
    let screen = console.screen();
    assert!(line_of(&screen, "load 79.9").contains("dal-07"), "{screen}");
    assert!(!screen.contains("load 88.2"), "{screen}");
    for (keys, words) in [("4", "the checks"), ("3", "the hosts")] {
        let screen = console.press(keys).screen();
        assert!(line_of(&screen, "load 79.9").contains("dal-07"), "{words}: {screen}");
    }
    console.press("1");
    // Good again, and the alert is not over yet: its own words stand.
    let row = console.app.world.check(&key).unwrap().clone();
    let mut fine = CheckRow::clone(&row);
    fine.status.state = State::Ok;
    console.feed(vec![
        Event::Check(Arc::new(fine)),
        result("dal-07", "load", 70, "load 3.1 on 16 cores"),
    ]);
    assert!(console.screen().contains("load 88.2"), "{}", console.screen());
}

#[test]
fn d_06_header_host_and_check_agree_while_nothing_is_confirmed() {
    let mut console = Console::open((160, 44));
    let header = |console: &mut Console| console.screen().lines().next().unwrap().to_owned();
    let before = header(&mut console);
    assert!(before.contains("1 UNKNOWN") && !before.contains("waiting"), "{before}");
    let soft = |name: &str, kind| {
        let status = Status { state: State::Critical, attempt: 1, ..fixture::fine("refused") };
        let none = Status { hard: false, hard_state: State::Unknown, ..status };
        fixture::check("new-1", name, kind, none)
    };
    let host = Host::new("new-1", "10.0.9.1");
    console.feed(vec![Event::Host(Arc::new(host)), soft("http", Kind::Http)]);
    let after = header(&mut console);
    assert!(after.contains("1 UNKNOWN") && after.contains("○ 1 waiting"), "{after}");
    console.press("3");
    assert!(console.app.shows(Pane::Hosts));
    let row = console.app.world.host("new-1").unwrap();
    assert!(row.waiting);
    // One WARNING that is confirmed is what the host is, whatever is soft beside it.
    let hard =
        Status { state: State::Warning, hard_state: State::Warning, ..fixture::fine("83 %") };
    console.feed(vec![fixture::check("new-1", "disk", Kind::Custom, hard)]);
    let after = header(&mut console);
    assert!(after.contains("4 WARNING") && !after.contains("waiting"), "{after}");
}

#[test]
fn on_a_slow_line_the_numbers_of_lists_do_not_travel() {
    let slow = fluxnoc::tui::Options { low_bandwidth: true, ..options() };
    let mut console = Console::new((160, 44), actor(fluxnoc::protocol::Role::Operator), slow);
    console.feed(fixture::picture());
    console.rest();
    let looked = console.app.looked.clone().unwrap();
    assert!(looked.rows.is_empty() && !looked.checks.is_empty(), "{looked:?}");
}
