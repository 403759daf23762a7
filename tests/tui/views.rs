//! Every view at every size: it opens by its key, shows what it should, and goes back.

use std::sync::Arc;

use fluxnoc::model::Host;
use fluxnoc::protocol::{Event, Role};
use fluxnoc::tui::Options;

use crate::invariants::opened;
use crate::{Console, actor, options};

#[test]
fn a_view_opens_by_its_key_and_esc_goes_back() {
    let mut console = Console::open((120, 40));
    for (key, title) in [
        ("2", "Alerts: unhandled"),
        ("3", "Hosts"),
        ("6", "Speed: 8 pairs"),
        ("7", "Maintenance: 1 now"),
        ("0", "Logs"),
        ("1", "Hosts by site"),
    ] {
        let screen = console.press(key).screen();
        assert!(screen.contains(title), "{key}\n{screen}");
    }
    console.press("2 7 esc");
    assert!(console.screen().contains("Alerts: unhandled"));
    console.press("esc");
    assert!(console.screen().contains("Hosts by site"));
}

#[test]
fn panes_of_a_path_on_a_small_screen() {
    for (keys, name) in [("5 tab", "hops"), ("5 tab tab", "trips"), ("5 tab tab tab", "changes")] {
        let mut console = Console::open((80, 24));
        console.press(keys);
        console.rest();
        insta::assert_snapshot!(format!("paths_{name}_80x24"), console.screen());
    }
}

#[test]
fn history_goes_back_page_by_page_and_filters() {
    let mut console = Console::open((120, 40));
    console.press("8");
    let all = crate::answers::log().len();
    for _ in 0..12 {
        console.press("G");
    }
    let screen = console.screen();
    assert!(screen.contains(&format!("{all} of {all} ")), "{screen}");
    console.press("g g /").write("host:fra-* kind:fired");
    let screen = console.screen();
    assert!(!screen.contains("dal-03  ") && screen.contains("fra-01           mysql"), "{screen}");
    console.press("ctrl-u").write("kind:fird");
    let screen = console.screen();
    assert!(screen.contains("`fird` is no kind of entry; did you mean `fired`?"), "{screen}");
    console.press("esc");
    assert!(console.screen().contains("dal-03"), "what was in force before is in force again");
    // An entry of an alert opens its page, Esc leads back.
    console.press("j enter");
    assert!(console.screen().contains("Alert: fra-01/mysql"));
    console.press("esc");
    assert!(console.screen().contains("History"));
}

#[test]
fn h_on_an_object_opens_its_history_and_esc_goes_straight_back() {
    let mut console = Console::open((120, 40));
    let screen = console.press("H").screen();
    assert!(screen.contains("History /host:fra-01 check:mysql"), "{screen}");
    assert!(!screen.contains("dal-03"), "{screen}");
    console.press("esc");
    assert!(console.screen().contains("Hosts by site"));
    assert!(!console.press("8").screen().contains("check:mysql"));
}

#[test]
fn an_alerts_page_stays_at_its_alert_and_keys_mean_it() {
    use fluxnoc::protocol::{Command, Target};
    let mut console = Console::open((120, 40));
    let id = console.app.alert().unwrap();
    console.press("enter");
    console.press("a enter");
    let Some(Command::Acknowledge { targets, .. }) = console.commands.last() else { panic!() };
    assert_eq!(targets, &[Target::Alert(id)]);
    let gone = fluxnoc::protocol::Event::AlertGone(id);
    console.feed(vec![gone]);
    console.pass(fluxnoc::model::Span::from_secs(5));
    assert!(console.screen().contains("Alert: fra-01/mysql"));
    console.press("a");
    assert!(console.foot().contains("this is over"), "{}", console.foot());
    console.press("enter");
    assert!(console.app.in_detail());
    console.press("esc");
    assert!(console.screen().contains("Alert: fra-01/mysql"));
    console.press("esc");
    assert!(console.screen().contains("Hosts by site"));
}

#[test]
fn on_a_slow_line_lists_leave_the_ordinary_to_pages() {
    let slow = Options { low_bandwidth: true, ..options() };
    let mut console = opened((200, 60), "2", slow);
    let screen = console.screen();
    assert!(!screen.contains(" told ") && !screen.contains(" sent "), "{screen}");
    let screen = console.press("3").screen();
    assert!(screen.contains("fra-01") && !screen.contains("10.0.0."), "{screen}");
}

#[test]
fn without_a_configuration_one_line_says_how_hosts_are_added() {
    let how = "Add hosts: `fluxnoc init`, or [[host]] in config.toml";
    for (size, keys) in [((200, 60), "1"), ((120, 40), "1"), ((80, 24), "1")] {
        let mut console = Console::new(size, actor(Role::Operator), options());
        console.feed(vec![
            Event::Hello { stream: 1, hosts: 0 },
            Event::Engine(Arc::default()),
            Event::Host(Arc::new(Host::new("jump-02", "127.0.0.1"))),
            Event::Ready,
        ]);
        console.rest();
        let screen = console.press(keys).screen();
        assert!(screen.contains(how), "{screen}");
    }
    assert!(!Console::open((120, 40)).screen().contains("Add hosts"));
}

#[test]
fn fm_27_the_page_flux_notify_shows_what_is_in_force_and_tests_it() {
    use fluxnoc::protocol::Command;
    let told = "flux-notify: sent; its incident was INC-7";
    for size in [(200, 60), (120, 40), (80, 24)] {
        let mut console = Console::open(size);
        console.press(":").write("flux-notify");
        console.press("enter");
        let screen = console.screen();
        for words in ["Integrations › Flux Notify", "http://flux-notify:8080", "********"] {
            assert!(screen.contains(words), "{words}\n{screen}");
        }
        assert!(!screen.contains("webhook") && !screen.contains("[console]"), "{screen}");
        console.press("T");
        let sent = console.commands.last();
        assert_eq!(sent, Some(&Command::TestNotify { name: "flux-notify".into() }));
        assert!(console.screen().contains(told), "{}", console.screen());
        console.press("esc");
        assert!(console.screen().contains("Settings in force"), "{}", console.screen());
    }
}
