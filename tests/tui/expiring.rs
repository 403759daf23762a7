//! Acknowledgements that are about to end: marked, said once, called once, and sent to nobody.

use std::sync::Arc;

use fluxnoc::model::{Acknowledgement, Alert, SafeText, Shifts, Span, Timestamp};
use fluxnoc::protocol::{Command, Event, Role};
use fluxnoc::tui::Options;
use fluxnoc::tui::bell::{Call, Policy};
use fluxnoc::tui::effect::{Bell, Effect};

use crate::{Console, actor, fixture, options};

fn console(options: Options) -> Console {
    let mut console = Console::new((120, 40), actor(Role::Operator), options);
    console.feed(fixture::picture());
    console.rest();
    console
}

/// Somebody has an alert of the picture, for so many minutes from now.
fn taken(console: &Console, at: usize, author: &str, minutes: u64) -> Event {
    let alert = console.app.world.alert(fixture::alert_id(at)).unwrap();
    let ack = Acknowledgement {
        author: SafeText::line(author),
        comment: SafeText::line("on it"),
        at: console.app.now.wall,
        expires: Some(console.app.now.wall + Span::from_secs(60 * minutes)),
        sticky: false,
    };
    Event::Alert(Arc::new(Alert { ack: Some(ack), ..Alert::clone(alert) }))
}

fn minutes(console: &mut Console, minutes: u64) {
    for _ in 0..minutes * 6 {
        console.pass(Span::from_secs(10));
    }
}

#[test]
fn what_ends_within_a_quarter_of_an_hour_is_marked_and_said_once() {
    let bell = Policy { ack: Call::Message, ..Policy::default() };
    let mut console = console(Options { bell, ..options() });
    let first = taken(&console, 0, "noc-2", 20);
    let key = match &first {
        Event::Alert(alert) => alert.check.to_string(),
        _ => unreachable!(),
    };
    console.feed(vec![first]);
    console.press("2");
    minutes(&mut console, 4);
    assert!(!console.screen().contains("noc-2 ends"), "{}", console.screen());
    minutes(&mut console, 1);
    console.pass(Span::from_secs(20));
    let screen = console.screen();
    assert!(screen.contains("noc-2 ends 14m"), "{screen}");
    let said = format!("your acknowledgement of {key} ends at 21:24");
    assert!(screen.contains(&said), "{screen}");
    let called = |console: &mut Console| {
        let bells = console.asked.drain(..).filter_map(|effect| match effect {
            Effect::Bell(Bell::Message { acks, .. }) => Some(acks),
            _ => None,
        });
        bells.collect::<Vec<_>>()
    };
    assert_eq!(called(&mut console), [1]);
    minutes(&mut console, 10);
    let screen = console.screen();
    assert!(!screen.contains("your acknowledgement of"), "said once: {screen}");
    assert!(screen.contains("noc-2 ends 4m"), "{screen}");
    assert_eq!(called(&mut console), [] as [u64; 0]);
    assert_eq!(console.commands, [], "nobody is sent anything");
}

#[test]
fn several_are_said_together_and_short_ones_not_at_all() {
    let mut console = console(options());
    let all = [
        taken(&console, 0, "noc-2", 20),
        taken(&console, 1, "mia", 20),
        taken(&console, 2, "mia", 14),
    ];
    console.feed(all.to_vec());
    console.press("2");
    minutes(&mut console, 5);
    console.pass(Span::from_secs(20));
    let foot = console.foot();
    assert!(
        foot.contains("2 acknowledgements end by 21:24, 1 of them yours: 'e shows them"),
        "{foot}"
    );
    console.press("' e");
    assert!(console.screen().contains("mia ends 14m"), "{}", console.screen());
}

#[test]
fn without_a_warning_nothing_is_marked_or_said() {
    let mut console = console(Options { ack_warning: None, ..options() });
    let one = taken(&console, 0, "noc-2", 20);
    console.feed(vec![one]);
    console.press("2");
    minutes(&mut console, 10);
    let screen = console.screen();
    assert!(screen.contains("noc-2 to 21:24") && !screen.contains("noc-2 ends"), "{screen}");
    assert!(!screen.contains("acknowledgement of"), "{screen}");
}

#[test]
fn an_acknowledgement_ends_with_the_shift_unless_another_end_is_chosen() {
    let shifts = Shifts::parse("06:00,14:00,22:00").unwrap();
    let mut console = console(Options { shifts, ..options() });
    console.press("2 a");
    let screen = console.screen();
    assert!(screen.contains("until 22:00, the end of the shift"), "{screen}");
    console.press("enter");
    let ends = |console: &Console| match console.commands.last() {
        Some(Command::Acknowledge { expires, .. }) => *expires,
        other => panic!("{other:?}"),
    };
    let shift: Timestamp = fixture::now() + Span::from_secs(56 * 60);
    let shift = Timestamp::from_millis(shift.millis() / 60_000 * 60_000);
    assert_eq!(ends(&console), Some(shift));
    console.press("A");
    assert!(console.screen().contains("end of shift"), "{}", console.screen());
    console.press("enter");
    assert_eq!(ends(&console), Some(shift));
    console.press("a tab enter");
    let hour = ends(&console).unwrap().since(console.app.now.wall);
    assert!(hour >= Span::from_secs(3595) && hour <= Span::from_secs(3600), "{hour}");
}
