//! Commands that wait for a line to the engine: they are seen, and taken back before they go out.

use fluxnoc::model::Span;
use fluxnoc::protocol::{Command, Role};
use fluxnoc::tui::effect::Effect;
use fluxnoc::tui::msg::Msg;

use crate::{Console, actor, fixture, options};

/// A console that has acknowledged an alert; nothing is answered.
fn acked() -> (Console, u64) {
    let mut console = Console::new((160, 50), actor(Role::Operator), options());
    console.feed(fixture::picture());
    console.rest();
    console.answers = false;
    ack(&mut console);
    let id = *console.app.under_way.iter().next().unwrap();
    (console, id)
}

fn ack(console: &mut Console) {
    let before = console.commands.len();
    console.press("2 a").write("mine").press("enter");
    assert!(
        matches!(console.commands[before], Command::Acknowledge { .. }),
        "{:?}",
        console.foot()
    );
}

fn asked_back(console: &mut Console) -> Vec<Vec<u64>> {
    let asked = std::mem::take(&mut console.asked);
    let back = asked.into_iter().filter_map(|effect| match effect {
        Effect::TakeBack(ids) => Some(ids),
        _ => None,
    });
    back.collect()
}

#[test]
fn what_waits_is_named_and_the_newest_is_taken_back_with_undo() {
    let (mut console, id) = acked();
    console.on(Msg::Queued { id, sent: false });
    let screen = console.screen();
    assert!(screen.contains("1 command to be sent"), "{screen}");
    assert!(screen.contains("not sent: ack fra-01/mysql  u take back"), "{screen}");
    console.press("u");
    assert_eq!(asked_back(&mut console), [vec![id]]);
    // It is asked for once, however often the key is pressed.
    console.press("u");
    assert!(asked_back(&mut console).is_empty());
    assert!(console.foot().contains("it is being taken back"), "{}", console.foot());
    console.on(Msg::Unqueued { id });
    console.on(Msg::TakenBack { id });
    console.pass(Span::ZERO);
    let screen = console.screen();
    assert!(screen.contains("taken back, it was not sent: ack fra-01/mysql"), "{screen}");
    assert!(!screen.contains("to be sent"), "{screen}");
    assert!(console.app.acking.is_empty() && !console.app.pending.contains_key(&id));
}

#[test]
fn what_may_have_gone_out_is_not_said_to_be_taken_back() {
    let (mut console, id) = acked();
    console.on(Msg::Queued { id, sent: true });
    console.press("u");
    assert!(asked_back(&mut console).is_empty());
    assert!(console.foot().contains("may be done already"), "{}", console.foot());
    assert_eq!(console.app.waiting.len(), 1, "its answer is still asked for");

    // Wanted back while it was just tried, and then it turns out that it may be there.
    let (mut console, id) = acked();
    console.on(Msg::Queued { id, sent: false });
    console.press("u");
    assert_eq!(asked_back(&mut console), [vec![id]]);
    console.on(Msg::Queued { id, sent: true });
    assert!(console.foot().contains("may be done already"), "{}", console.foot());
}

#[test]
fn all_that_is_not_sent_is_listed_and_taken_back_at_once() {
    let (mut console, first) = acked();
    console.on(Msg::Queued { id: first, sent: true });
    ack(&mut console);
    let second = *console.app.under_way.iter().max().unwrap();
    console.on(Msg::Queued { id: second, sent: false });
    ack(&mut console);
    let third = *console.app.under_way.iter().max().unwrap();
    console.on(Msg::Queued { id: third, sent: false });
    console.press(":").write("queue").press("enter");
    let screen = console.screen();
    assert!(screen.contains("3 commands to be sent"), "{screen}");
    assert_eq!(screen.matches("(not sent, waits").count(), 2, "{screen}");
    assert_eq!(screen.matches("(may be done already, waits").count(), 1, "{screen}");
    insta::assert_snapshot!("queue_160x50", screen);
    console.press("esc :").write("take-back all").press("enter");
    assert_eq!(asked_back(&mut console), [vec![third, second]]);
    console.press(":").write("take-back some").press("enter");
    assert!(console.foot().contains("write :take-back"), "{}", console.foot());
}

#[test]
fn with_nothing_that_waits_undo_is_undo() {
    let mut console = Console::open((160, 50));
    console.press("u");
    assert!(asked_back(&mut console).is_empty());
    assert!(console.foot().contains("nothing to undo"), "{}", console.foot());
    console.press(":").write("queue").press("enter");
    assert!(console.foot().contains("no command waits"), "{}", console.foot());
}
