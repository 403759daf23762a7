//! The hint line: whole hints, the way out among them, and every one does something here.

use fluxnoc::protocol::Role;
use fluxnoc::tui::action::Action;
use fluxnoc::tui::hints::wishes;
use fluxnoc::tui::views::View;

use crate::invariants::{SIZES, VIEWS, opened};
use crate::{Console, actor, fixture, options};

/// The hints at the foot, as they stand there.
fn hints(console: &mut Console) -> Vec<String> {
    let foot = console.foot();
    foot.split("  ").map(str::trim).filter(|hint| !hint.is_empty()).map(str::to_owned).collect()
}

#[test]
fn dc_10_hints_are_whole_and_the_way_out_is_always_one_of_them() {
    for size in SIZES {
        for (name, keys) in VIEWS {
            let mut console = opened(size, keys, options());
            let foot = console.foot();
            for hint in hints(&mut console) {
                let hint = hint.trim_end_matches(" (read-only)");
                let label = hint.split_once(' ').map(|(_, label)| label);
                let known = Action::ALL.iter().any(|action| label == Some(action.label()));
                assert!(known, "{name} at {size:?}: `{hint}` in {foot}");
            }
            let away = console.app.view != View::Overview;
            assert_eq!(foot.contains("Esc back"), away, "{name} at {size:?}: {foot}");
            assert!(foot.ends_with("? help"), "{name} at {size:?}: {foot}");
        }
    }
}

#[test]
fn dc_10_a_hint_is_about_what_is_selected_here() {
    for (name, keys) in VIEWS {
        let mut console = opened((200, 60), keys, options());
        let foot = console.foot();
        let of_hosts = ["overview", "alerts", "hosts", "checks", "paths", "agents", "alert"];
        let of_hosts = of_hosts.contains(&name) || ["host", "interfaces"].contains(&name);
        // Nothing is traced that is not on screen.
        assert!(of_hosts || name == "series" || !foot.contains("trace"), "{name}: {foot}");
        let alone = console.app.panes().len() == 1 && name != "hosts";
        assert!(!alone || !foot.contains("zoom"), "{name}: {foot}");
    }
}

/// Every action that is hinted at changes what is on screen, or asks something of the world outside.
#[test]
fn dc_10_every_hint_does_something() {
    let mut seen = 0;
    for (name, keys) in VIEWS {
        let count = opened((120, 40), keys, options()).app.panes().len();
        for tabs in 0..count {
            let keys = format!("{keys}{}", " tab".repeat(if keys == "i" { 0 } else { tabs }));
            let open = || {
                let mut console = opened((120, 40), &keys, options());
                console.app.message = None;
                console
            };
            for action in wishes(&open().app) {
                let mut console = open();
                let before = console.frame();
                let asked = (console.commands.len(), console.asked.len());
                let contexts = console.app.contexts();
                let Some(key) = console.app.keymap.key(&contexts, action) else { continue };
                if console.app.refusal(action).is_some() {
                    continue;
                }
                fluxnoc::tui::act::act(&mut console.app, action).into_iter().for_each(|effect| {
                    console.asked.push(effect);
                });
                console.rest();
                let message = console.app.message.take();
                let same = console.frame() == before;
                let quiet = asked == (console.commands.len(), console.asked.len());
                // What is kept in the pane says so; nothing else moves.
                let said = action == Action::Pin && message.is_some();
                assert!(!(same && quiet) || said, "{name} {keys}: {key} {action:?} {message:?}");
                seen += 1;
            }
        }
    }
    assert!(seen > 150, "{seen}");
}

#[test]
fn dc_10_a_view_without_anything_has_no_hint_for_it() {
    let mut console = Console::new((120, 40), actor(Role::Operator), options());
    console.feed(vec![fixture::picture().swap_remove(0), fluxnoc::protocol::Event::Ready]);
    console.rest();
    for (name, keys) in VIEWS {
        if matches!(name, "host" | "alert" | "interfaces") {
            continue;
        }
        console.press(keys);
        let known: Vec<Action> = wishes(&console.app);
        for action in [Action::Ack, Action::Window, Action::Trace, Action::Recheck] {
            // What the fake engine lists of its own is there all the same.
            let own = matches!(name, "paths" | "series" | "rules");
            assert!(own || !known.contains(&action), "{name}: {action:?}");
        }
    }
}
