//! A rule that is saved from its form, and one that is deleted from the list.

use fluxnoc::model::Span;
use fluxnoc::protocol::{Command, Problem, Role};
use fluxnoc::tui::effect::Effect;
use fluxnoc::tui::msg::Msg;

use crate::invariants::SIZES;
use crate::trial::{preview, waits};
use crate::{Console, actor, fixture, options};

/// The list of rules, with the cursor so far down; `Swap` is the third, and was saved from here.
fn list(size: (u16, u16), role: Role, down: usize) -> Console {
    let mut console = Console::new(size, actor(role), options());
    console.feed(fixture::picture());
    console.rest();
    console.press("g r");
    console.rest();
    (0..down).for_each(|_| {
        console.press("j");
    });
    console
}

/// The engine says no to what was asked last.
fn refuse(console: &mut Console, problem: Problem) {
    let id = *console.waiting.iter().find(|(_, e)| matches!(e, Effect::Execute { .. })).unwrap().0;
    console.waiting.remove(&id);
    console.on(Msg::Reply { id, result: Err(problem) });
}

fn new(console: &mut Console) {
    console.press("g T").write("Hot").press("tab").write("*").press("tab").write("cpu_usage");
    console.press("tab tab tab").write("90");
}

#[test]
fn a_new_rule_is_tried_and_then_saved() {
    for size in SIZES {
        let mut console = list(size, Role::Admin, 0);
        new(&mut console);
        waits(&mut console);
        assert!(preview(&console)[0].starts_with("would have fired 12 alerts"));
        let screen = console.screen();
        assert!(screen.contains("Save ⏎") && screen.contains("New rule"), "{screen}");
        insta::assert_snapshot!(format!("rule_save_{}x{}", size.0, size.1), screen);
        console.press("enter");
        let [Command::SaveRule { text, was: None }] = console.commands.as_slice() else {
            panic!("{:?}", console.commands)
        };
        assert!(text.starts_with("rule_name = \"Hot\"\nhost_pattern = \"*\"\n"), "{text}");
        assert!(text.contains("critical_threshold = 90\n"), "{text}");
        assert!(console.app.overlay.is_none());
        let foot = console.foot();
        assert!(foot.contains("`Hot` is in force, in rules.d/saved.toml"), "{foot}");
        assert!(!foot.contains("not tried"), "{foot}");
    }
}

#[test]
fn what_was_not_tried_is_saved_only_when_it_is_sent_twice_and_says_so() {
    let mut console = list((120, 40), Role::Admin, 0);
    console.answers = false;
    new(&mut console);
    console.press("enter");
    let untried = "not tried yet: Enter again saves it untried";
    assert_eq!(preview(&console)[0], untried);
    assert!(console.commands.is_empty());
    // The trial comes before the second time: nothing is saved by that.
    waits(&mut console);
    console.answer();
    assert!(preview(&console)[0].starts_with("would have fired"), "{:?}", preview(&console));
    assert!(console.commands.is_empty());
    // Changed, it was not tried again.
    console.write("5").press("enter");
    assert_eq!(preview(&console)[0], untried);
    console.press("enter");
    assert_eq!(console.commands.len(), 1);
    assert_eq!(preview(&console)[0], "saving…");
    // Once is enough.
    console.press("enter enter");
    assert_eq!(console.commands.len(), 1);
    console.answer();
    assert!(console.app.overlay.is_none());
    assert!(console.foot().contains("it was not tried"), "{}", console.foot());
}

#[test]
fn what_the_engine_refuses_stands_in_the_form_and_at_its_field() {
    let mut console = list((120, 40), Role::Admin, 0);
    new(&mut console);
    waits(&mut console);
    console.answers = false;
    console.press("enter");
    refuse(&mut console, Problem::unavailable("cannot write /etc/x.toml: No space left on device"));
    let screen = console.screen();
    assert!(screen.contains("not saved: cannot write /etc/x.toml: No space left"), "{screen}");
    assert!(screen.contains("rule_name  Hot"), "nothing of it is lost\n{screen}");
    console.press("enter");
    assert_eq!(console.commands.len(), 2, "it is tried again");
    refuse(
        &mut console,
        Problem::invalid("rule_name: rule `Hot` exists already, in config.toml:9"),
    );
    let screen = console.screen();
    let lines: Vec<&str> = screen.lines().collect();
    let at =
        lines.iter().position(|line| line.contains("› ") && line.contains("rule_name")).unwrap();
    assert!(lines[at + 1].contains("rule `Hot` exists already, in config.toml:9"), "{screen}");
    // Given up meanwhile, it is told below.
    console.write("ter").press("esc");
    new(&mut console);
    waits(&mut console);
    console.answers = true;
    console.pass(Span::ZERO);
    console.answer();
    console.answers = false;
    console.press("enter esc");
    refuse(&mut console, Problem::conflict("changed on disk"));
    assert!(console.app.overlay.is_none());
    assert!(console.foot().contains("`Hot` is not saved: changed on disk"), "{}", console.foot());
}

#[test]
fn a_saved_rule_is_changed_in_its_place_and_one_by_hand_only_under_another_name() {
    let mut console = list((120, 40), Role::Admin, 2);
    console.press("e");
    waits(&mut console);
    assert!(console.screen().contains("Swap, in rules.d/swap.toml"), "{}", console.screen());
    console.press("enter");
    let Some(Command::SaveRule { text, was: Some(was) }) = console.commands.last() else {
        panic!("{:?}", console.commands)
    };
    assert!(was.starts_with("[[rule]]\nrule_name = \"Swap\"\n"), "{was}");
    assert!(text.contains("enabled = false\n"), "what has no field stays: {text}");

    let mut console = list((120, 40), Role::Admin, 0);
    console.press("e");
    waits(&mut console);
    let screen = console.screen();
    assert!(screen.contains("High CPU, by hand in config.toml:50"), "{screen}");
    console.press("enter");
    assert!(console.commands.is_empty());
    let screen = console.screen();
    assert!(
        screen.contains("it is written by hand in config.toml:50: change it there"),
        "{screen}"
    );
    console.write(" 2");
    waits(&mut console);
    console.press("enter");
    let sent = console.commands.last();
    assert!(matches!(sent, Some(Command::SaveRule { was: None, .. })), "{sent:?}");
}

#[test]
fn who_may_not_save_copies() {
    for (role, read_only) in [(Role::Viewer, false), (Role::Operator, false), (Role::Admin, true)] {
        let mut console =
            Console::new((120, 40), actor(role), fluxnoc::tui::Options { read_only, ..options() });
        console.feed(fixture::picture());
        console.rest();
        console.press("g r");
        new(&mut console);
        waits(&mut console);
        let screen = console.screen();
        assert!(screen.contains("Copy as TOML ⏎") && !screen.contains("Save ⏎"), "{screen}");
        console.press("enter");
        assert!(console.commands.is_empty());
        assert!(matches!(console.asked.last(), Some(Effect::Copy(_))), "{:?}", console.asked);
        // Neither is one deleted.
        console.press("g r j j D");
        assert!(console.app.overlay.is_none());
    }
}

#[test]
fn a_saved_rule_is_deleted_when_its_count_is_typed() {
    let mut console = list((200, 60), Role::Admin, 0);
    console.press("D");
    assert!(console.app.overlay.is_none());
    assert!(console.foot().contains("`High CPU` is written by hand in config.toml:50"));
    console.press("j j D");
    let foot = console.foot();
    assert!(foot.contains("Delete 1 rule, `Swap` in rules.d/swap.toml: 0 checks go:"), "{foot}");
    console.press("enter");
    assert!(console.commands.is_empty());
    console.press("1 enter");
    let [Command::DeleteRule { was }] = console.commands.as_slice() else { panic!() };
    assert!(was.contains("rule_name = \"Swap\""), "{was}");
    assert!(console.foot().contains("`Swap` is deleted"), "{}", console.foot());
}

#[test]
fn d_29_the_form_copies_as_toml_as_well() {
    let mut console = list((120, 40), Role::Admin, 0);
    console.press("g t");
    waits(&mut console);
    console.press("ctrl-t");
    assert!(console.commands.is_empty() && console.app.overlay.is_none());
    let copied = console.asked.iter().any(
        |effect| matches!(effect, Effect::Copy(text) if text.starts_with("[[rule]]\nrule_name")),
    );
    assert!(copied, "{:?}", console.asked);
}
