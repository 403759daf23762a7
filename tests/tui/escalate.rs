//! `:escalate` and what the alert's page says of it.

use std::sync::Arc;

use fluxnoc::model::{
    Acknowledgement, Alert, AlertId, Escalated, Escalation, Hold, NextStep, SafeText, Span,
};
use fluxnoc::protocol::command::EscalateOne;
use fluxnoc::protocol::{Command, EngineStatus, Event, Role};
use fluxnoc::tui::Options;

use crate::{Console, actor, fixture, options};

fn next(step: u32) -> NextStep {
    let (to, minutes) = if step == 1 { ("Shift lead", 15) } else { ("Management", 60) };
    NextStep { step, of: 2, to: to.into(), after: Span::from_secs(minutes * 60) }
}

/// 5 minutes have counted, and it goes on.
fn begun(console: &Console) -> Escalation {
    let since = Some(console.app.wall() - Span::from_secs(300));
    Escalation { since, next: Some(next(1)), ..Escalation::default() }
}

/// The alert under the cursor with this escalation.
fn set(console: &mut Console, escalation: Option<Escalation>) -> Arc<Alert> {
    let alert = console.app.selected_alert().unwrap();
    let alert = Arc::new(Alert { escalation, ..Alert::clone(alert) });
    console.feed(vec![Event::Alert(Arc::clone(&alert))]);
    console.rest();
    alert
}

fn say(console: &mut Console, text: &str) -> String {
    console.press(":").write(text).press("enter");
    console.rest();
    console.foot()
}

#[test]
fn it_asks_with_alert_step_and_list_and_sends_what_it_named() {
    let mut console = Console::open((120, 40));
    let escalation = begun(&console);
    let alert = set(&mut console, Some(escalation));
    let asked = say(&mut console, "escalate");
    let wanted = format!("Escalate {}: step 1 of 2 to Shift lead?", alert.check);
    assert!(asked.contains(&wanted), "{asked}");
    let screen = console.screen();
    assert!(screen.contains("Enter does it"), "{screen}");
    insta::assert_snapshot!("escalate_120x40", screen);
    assert_eq!(console.commands, []);
    console.press("esc");
    assert_eq!(console.commands, []);

    say(&mut console, "escalate");
    // Sent meanwhile by its time: what was named is what is sent, and the engine refuses it.
    let escalation = Escalation { next: Some(next(2)), ..begun(&console) };
    set(&mut console, Some(escalation));
    console.press("enter");
    let one = EscalateOne { alert: alert.id, step: 1 };
    assert_eq!(console.commands, [Command::Escalate { which: vec![one] }]);
    console.rest();
    assert!(console.foot().contains("escalated"), "{}", console.foot());
}

#[test]
fn several_are_confirmed_by_their_count() {
    let mut console = Console::open((120, 40));
    console.press("2");
    let ids: Vec<AlertId> = (0..2)
        .map(|n| {
            let escalation = Escalation { next: Some(next(n + 1)), ..begun(&console) };
            let alert = set(&mut console, Some(escalation));
            console.press("space");
            console.rest();
            alert.id
        })
        .collect();
    let asked = say(&mut console, "escalate");
    assert!(asked.contains("Escalate 2 alerts: "), "{asked}");
    assert!(asked.contains("next step to Management (1), Shift lead (1)"), "{asked}");
    console.press("enter");
    let foot = console.foot();
    assert_eq!(console.commands, [], "{foot}");
    console.write("2").press("enter");
    let [Command::Escalate { which }] = &*console.commands else {
        panic!("{:?}", console.commands)
    };
    let mut sent: Vec<(AlertId, u32)> = which.iter().map(|one| (one.alert, one.step)).collect();
    sent.sort_by_key(|one| one.1);
    assert_eq!(sent, [(ids[0], 1), (ids[1], 2)]);
}

#[test]
fn it_says_plainly_when_there_is_no_further_step() {
    let mut console = Console::open((120, 40));
    let said = say(&mut console, "escalate");
    assert!(said.contains("has no steps: its contact list names none"), "{said}");
    let told = vec![Escalated { to: "Management".into(), at: fixture::now(), by: None }];
    set(&mut console, Some(Escalation { told, ..Escalation::default() }));
    let said = say(&mut console, "escalate");
    assert!(said.contains("has no further step: Management was told last"), "{said}");
    let hold = Hold {
        id: AlertId::from_parts(8, [8; 10]),
        author: SafeText::line("mia"),
        reason: SafeText::line("core switch"),
        since: fixture::now(),
        until: fixture::now() + Span::from_secs(1800),
        told: 1,
    };
    let engine = EngineStatus::clone(console.app.world.engine());
    let held = EngineStatus { hold: Some(Box::new(hold)), ..engine };
    console.feed(vec![Event::Engine(Arc::new(held))]);
    let escalation = begun(&console);
    set(&mut console, Some(escalation));
    let said = say(&mut console, "escalate");
    assert!(said.contains("paging is held, so nobody would be told"), "{said}");
    assert_eq!(console.commands, []);
}

#[test]
fn a_console_that_may_only_look_escalates_nothing() {
    let read_only = Options { read_only: true, ..options() };
    for (role, options) in [(Role::Viewer, options()), (Role::Admin, read_only)] {
        let mut console = Console::new((120, 40), actor(role), options);
        console.feed(fixture::picture());
        console.rest();
        let escalation = begun(&console);
        set(&mut console, Some(escalation));
        let said = say(&mut console, "escalate");
        assert!(said.contains("read-only") || said.contains("role"), "{said}");
        console.press("enter");
        assert_eq!(console.commands, []);
    }
}

#[test]
fn the_page_of_the_alert_says_who_was_told_and_what_comes_next() {
    let mut console = Console::open((200, 60));
    let told = vec![
        Escalated { to: "Shift lead".into(), at: fixture::now(), by: None },
        Escalated { to: "On call".into(), at: fixture::now(), by: Some(SafeText::line("mia")) },
    ];
    let escalation = Escalation { told: told.clone(), next: Some(next(2)), ..begun(&console) };
    let alert = set(&mut console, Some(escalation.clone()));
    console.press("enter");
    console.rest();
    let screen = console.screen();
    for wanted in [
        "step 1 to Shift lead",
        "step 2 to On call, sent by mia",
        "step 2 of 2 to Management due 21:59:30, in 54m",
    ] {
        assert!(screen.contains(wanted), "{wanted}\n{screen}");
    }
    let paused = Escalation { since: None, counted: Span::from_secs(300), ..escalation };
    let ack = Acknowledgement {
        author: SafeText::line("mia"),
        comment: SafeText::line("on it"),
        at: fixture::now(),
        expires: None,
        sticky: false,
    };
    let taken = Alert { ack: Some(ack), escalation: Some(paused.clone()), ..Alert::clone(&alert) };
    console.feed(vec![Event::Alert(Arc::new(taken.clone()))]);
    let screen = console.screen();
    let wanted = "step 2 of 2 to Management after 55m more, paused: acknowledged";
    assert!(screen.contains(wanted), "{screen}");
    let none = Escalation { next: None, ..paused };
    console.feed(vec![Event::Alert(Arc::new(Alert { escalation: Some(none), ..taken }))]);
    assert!(console.screen().contains("no further step"), "{}", console.screen());
}
