//! `:ctx`: to another engine and back, without leaving the console; a first picture as it comes.

use std::sync::Arc;

use fluxnoc::model::Span;
use fluxnoc::protocol::{Event, Role};
use fluxnoc::tui::Options;
use fluxnoc::tui::effect::{Effect, Leave};
use fluxnoc::tui::msg::Msg;
use fluxnoc::tui::place::{Places, Seat};

use crate::{Console, actor, fixture, options};

/// A console with an engine of its own and two others to go to.
fn desk(size: (u16, u16)) -> Console {
    let names = ["local", "fra", "office"].map(str::to_owned).into();
    let enter: fluxnoc::tui::place::Enter = Arc::new(|_| unreachable!("the loop does that"));
    let options = Options { places: Some(Places { names, enter }), ..options() };
    let mut console = Console::new(size, actor(Role::Operator), options);
    console.feed(fixture::picture());
    console.rest();
    console.asked.clear();
    console
}

fn command(console: &mut Console, text: &str) {
    console.press(":").write(text).press("enter");
}

fn arrived(console: &mut Console, remote: Option<&str>) {
    let seat = Seat { actor: actor(Role::Viewer), remote: remote.map(str::to_owned) };
    console.on(Msg::Arrived(Box::new(seat)));
}

#[test]
fn on_the_way_the_old_picture_stands_and_esc_stays() {
    let mut console = desk((120, 40));
    command(&mut console, "ctx office");
    assert_eq!(console.asked, [Effect::Go("office".to_owned())]);
    let screen = console.screen();
    assert!(screen.contains("connecting to office …") && screen.contains("fra-01"), "{screen}");
    insta::assert_snapshot!("going_120x40", screen);
    // What happens meanwhile is still seen, and no key does anything but stay.
    console.press("a j q");
    assert!(console.commands.is_empty() && console.left.is_none());
    assert!(console.screen().contains("connecting to office"));
    console.press("esc");
    assert_eq!(console.asked.last(), Some(&Effect::Stay));
    let screen = console.screen();
    assert!(!screen.contains("connecting") && screen.contains("still at local"), "{screen}");
    assert!(screen.contains("fra-01") && screen.contains("LIVE"), "{screen}");
}

#[test]
fn there_nothing_of_the_old_engine_is_left_and_back_again() {
    let mut console = desk((160, 50));
    console.press("2 Z");
    command(&mut console, "theme contrast");
    let looks = (console.app.theme.name().to_owned(), console.app.options.zone.clone());
    command(&mut console, "ctx office");
    arrived(&mut console, Some("office"));
    console.feed(vec![
        Event::Hello { stream: 1, hosts: 1 },
        Event::Host(Arc::new(fluxnoc::model::Host::new("only-there", "10.1.1.1"))),
        Event::Ready,
    ]);
    console.rest();
    let screen = console.screen();
    assert!(screen.contains("office") && screen.contains("only-there"), "{screen}");
    assert!(!screen.contains("fra-01") && !screen.contains("engine here"), "{screen}");
    let now = (console.app.theme.name().to_owned(), console.app.options.zone.clone());
    assert_eq!(now, looks, "how it looks stays");
    // The role is the one there, and an answer to an old question is for nobody.
    assert_eq!(console.app.actor.role(), Role::Viewer);
    // Leaving asks, for the engine of this machine still runs.
    console.press("q");
    assert!(console.left.is_none());
    let screen = console.screen();
    assert!(screen.contains("The engine of this machine still runs here"), "{screen}");
    console.press("esc");
    command(&mut console, "ctx local");
    assert_eq!(console.asked.last(), Some(&Effect::Go("local".to_owned())));
    arrived(&mut console, None);
    console.feed(fixture::picture());
    console.rest();
    let screen = console.screen();
    assert!(screen.contains("engine here") && screen.contains("fra-01"), "{screen}");
}

#[test]
fn a_way_that_fails_leaves_everything_as_it_was() {
    let mut console = desk((160, 50));
    command(&mut console, "ctx office");
    console.on(Msg::NotArrived("no engine answers at https://office".to_owned()));
    let screen = console.screen();
    let said = "not at office, still at local: no engine answers at https://office";
    assert!(screen.contains(said), "{screen}");
    assert!(screen.contains("fra-01") && screen.contains("engine here"), "{screen}");
    // A way that was given up says nothing any more.
    command(&mut console, "ctx office");
    console.press("esc");
    console.on(Msg::NotArrived("late".to_owned()));
    assert!(!console.screen().contains("late"));
}

#[test]
fn who_cannot_go_is_told_why() {
    let mut console = desk((160, 50));
    command(&mut console, "ctx ofice");
    let foot = console.foot();
    assert!(foot.contains("no [[context]] `ofice`; there are: fra, local, office"), "{foot}");
    command(&mut console, "ctx local");
    assert!(console.foot().contains("this is local already"), "{}", console.foot());
    command(&mut console, "ctx");
    assert!(console.foot().contains("this is local; write :ctx NAME"), "{}", console.foot());
    // Nobody would hear what came of a command.
    console.answers = false;
    console.press("2 a").write("mine").press("enter");
    command(&mut console, "ctx office");
    assert!(console.foot().contains("not answered yet"), "{}", console.foot());
    let id = *console.app.under_way.iter().next().unwrap();
    console.on(Msg::Queued { id, sent: false });
    command(&mut console, "ctx office");
    let foot = console.foot();
    assert!(foot.contains("1 command still to be sent to local; :queue shows"), "{foot}");
    assert!(console.asked.iter().all(|effect| !matches!(effect, Effect::Go(_))));

    let mut console = Console::open((160, 50));
    command(&mut console, "ctx office");
    assert!(console.foot().contains("there are: none"), "{}", console.foot());
}

#[test]
fn names_are_completed_and_nothing_goes_that_was_not_spelled_out() {
    let mut console = desk((120, 40));
    console.press(":").write("ctx o");
    let screen = console.screen();
    assert!(screen.contains("ctx office") && screen.contains("another engine"), "{screen}");
    assert!(!screen.contains("ctx fra"), "{screen}");
    console.press("tab enter");
    assert_eq!(console.asked, [Effect::Go("office".to_owned())]);
    console.press("esc");
    console.asked.clear();
    // Letters that happen to fit best are shown first.
    command(&mut console, "xoffice");
    assert!(console.asked.is_empty(), "{:?}", console.asked);
}

#[test]
fn a_console_without_an_engine_of_its_own_is_left_at_once_wherever_it_is() {
    let mut console = desk((120, 40));
    console.app.options.attached = true;
    console.app.options.remote = Some("fra".to_owned());
    command(&mut console, "ctx office");
    arrived(&mut console, Some("office"));
    console.feed(vec![Event::Hello { stream: 1, hosts: 0 }, Event::Ready]);
    console.press("q");
    assert_eq!(console.left, Some(Leave::Detach));
}

#[test]
fn the_first_screen_of_a_picture_stands_long_before_it_is_whole() {
    let mut console = Console::new((160, 50), actor(Role::Operator), options());
    let mut all = fluxnoc::protocol::World::new();
    for event in fixture::picture() {
        all.apply(&event, fixture::now());
    }
    let mut picture = vec![Event::Hello { stream: 7, hosts: all.host_count() }];
    picture.extend(all.snapshot());
    let rest = picture.split_off(50);
    console.feed(picture);
    console.pass(Span::from_secs(2));
    let screen = console.screen();
    assert!(screen.contains("of 200 hosts") && screen.contains("loading "), "{screen}");
    for host in ["fra-01", "fra-02", "dal-03", "lon-12"] {
        assert!(screen.contains(host), "{host}: {screen}");
    }
    console.feed(rest);
    console.feed(vec![Event::Ready]);
    assert!(!console.screen().contains("loading") && console.screen().contains("LIVE"));
}
