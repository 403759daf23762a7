//! Paging that is held, as an operator sees it: the badge on every console, and the commands.

use std::sync::Arc;

use fluxnoc::model::{AlertId, Hold, SafeText, Span};
use fluxnoc::protocol::{Command, EngineStatus, Event, Role};
use fluxnoc::tui::Options;

use crate::{Console, actor, fixture, options};

fn status(console: &Console, hold: Option<Hold>) -> Event {
    let engine = EngineStatus::clone(console.app.world.engine());
    Event::Engine(Arc::new(EngineStatus { hold: hold.map(Box::new), ..engine }))
}

fn held(console: &mut Console) {
    let hold = Hold {
        id: AlertId::from_parts(8, [8; 10]),
        author: SafeText::line("mia"),
        reason: SafeText::line("core switch is replaced, ticket 4711, call 815 if it takes longer"),
        since: fixture::now(),
        until: fixture::now() + Span::from_secs(1800),
        told: 1,
    };
    console.feed(vec![status(console, Some(hold))]);
    console.rest();
}

/// Types a command; what the line says afterwards.
fn say(console: &mut Console, text: &str) -> String {
    console.press(":").write(text).press("enter");
    console.rest();
    console.foot()
}

#[test]
fn every_console_shows_it_until_it_is_over() {
    for (width, height) in [(80, 24), (120, 40), (200, 60)] {
        let mut console = Console::open((width, height));
        let before = console.screen();
        held(&mut console);
        let screen = console.screen();
        assert!(screen.contains("PAGING HELD until 21:34"), "{screen}");
        let line = screen.lines().next().unwrap();
        assert!(line.contains("LIVE") && line.contains("21:04"), "{line}");
        insta::assert_snapshot!(format!("hold_{width}x{height}"), screen);
        // On the pages of objects, in the settings, on the wall as well.
        for keys in ["enter enter", "g n", "8", "g ,", "W"] {
            console.press(keys);
            console.rest();
            assert!(console.screen().contains("PAGING HELD until 21:34"), "{keys}");
        }
        console.press("esc esc esc 1");
        let over = status(&console, None);
        console.feed(vec![over]);
        assert!(!console.screen().contains("PAGING HELD"));
        assert_eq!(before.lines().count(), console.screen().lines().count());
    }
}

#[test]
fn it_is_held_with_a_time_and_a_reason_and_let_go_on() {
    let mut console = Console::open((120, 40));
    for text in ["hold", "hold paging", "hold paging 30m", "hold paging soon because", "hold 30m"] {
        let said = say(&mut console, text);
        assert!(said.contains("write :hold paging 30m REASON"), "{text}: {said}");
    }
    assert_eq!(console.commands, []);
    let said = say(&mut console, "hold paging 30m core switch, is replaced");
    assert!(said.contains("paging is held until 21:34"), "{said}");
    say(&mut console, "hold 1h30m x");
    held(&mut console);
    let said = say(&mut console, "hold");
    assert!(said.contains("by mia") && said.contains(":resume paging ends it"), "{said}");
    for text in ["resume paging", "resume"] {
        let said = say(&mut console, text);
        assert!(said.contains("paging goes on"), "{said}");
    }
    let hold = |seconds, reason: &str| Command::HoldPaging {
        length: Span::from_secs(seconds),
        reason: reason.to_owned(),
    };
    let wanted = [
        hold(1800, "core switch, is replaced"),
        hold(5400, "x"),
        Command::ResumePaging,
        Command::ResumePaging,
    ];
    assert_eq!(console.commands, wanted);
}

#[test]
fn a_console_that_may_only_look_cannot_hold_it() {
    let read_only = Options { read_only: true, ..options() };
    for (role, options) in [(Role::Viewer, options()), (Role::Admin, read_only)] {
        let mut console = Console::new((120, 40), actor(role), options);
        console.feed(fixture::picture());
        for text in ["hold paging 30m x", "resume paging", "hold", "resume"] {
            let said = say(&mut console, text);
            assert!(said.contains("read-only") || said.contains("role"), "{text}: {said}");
        }
        assert_eq!(console.commands, []);
    }
}
