//! A console whose engine is elsewhere: how fresh the picture is, and what it shows when it is not.

use fluxnoc::model::{Span, State};
use fluxnoc::protocol::Event;
use fluxnoc::tui::Options;
use fluxnoc::tui::effect::Effect;
use fluxnoc::tui::msg::Msg;

use crate::{Console, actor, fixture, options};

fn elsewhere() -> Console {
    let options = Options { remote: Some("office".to_owned()), attached: true, ..options() };
    let mut console = Console::new((160, 50), actor(fluxnoc::protocol::Role::Admin), options);
    console.feed(fixture::picture());
    console.rest();
    console
}

fn green(console: &Console) -> usize {
    let rows = console.app.world.hosts().flat_map(|host| &host.checks);
    rows.filter(|row| row.status.state == State::Ok || row.status.hard_state == State::Ok).count()
}

#[test]
fn the_badge_says_how_long_nothing_was_heard() {
    let mut console = elsewhere();
    assert!(console.screen().contains("office") && console.screen().contains("LIVE"));
    for (seconds, badge) in [(7, "LIVE"), (3, "LAGGING 10s"), (10, "STALE 20s")] {
        console.pass(Span::from_secs(seconds));
        assert!(console.screen().contains(badge), "{badge}: {}", console.screen());
    }
    console.feed(vec![Event::Pulse]);
    assert!(console.screen().contains("LIVE") && !console.screen().contains("STALE"));
    console.on(Msg::Link(Err("connection refused".to_owned())));
    console.pass(Span::from_secs(12));
    assert!(console.screen().contains("OFFLINE 10s, connection refused"), "{}", console.screen());
}

#[test]
fn after_a_minute_without_news_no_state_is_believed_until_there_is_a_new_picture() {
    for lost in [true, false] {
        let mut console = elsewhere();
        assert!(green(&console) > 100);
        if lost {
            console.on(Msg::Link(Err("connection refused".to_owned())));
        }
        console.pass(Span::from_secs(59));
        assert!(green(&console) > 100, "it may still be so");
        console.pass(Span::from_secs(2));
        assert_eq!(green(&console), 0);
        let screen = console.screen();
        // The count of none at the head is the only green mark.
        assert!(screen.contains("✓ 0 OK") && screen.matches('✓').count() == 1, "{screen}");
        // A stream that only fell silent is opened anew.
        assert_eq!(console.asked.contains(&Effect::Rewatch), !lost);
        console.feed(fixture::picture());
        assert!(green(&console) > 100 && console.screen().contains("LIVE"));
    }
}

#[test]
fn an_engine_in_this_process_has_no_pulse_to_miss() {
    let mut console = Console::open((160, 50));
    console.pass(Span::from_secs(600));
    assert!(green(&console) > 100 && console.screen().contains("LIVE"));
}

#[test]
fn commands_that_wait_for_the_line_are_counted() {
    let mut console = elsewhere();
    console.on(Msg::Queued { id: 1, sent: false });
    console.on(Msg::Queued { id: 2, sent: true });
    assert!(console.screen().contains("2 commands to be sent"), "{}", console.screen());
    console.on(Msg::Unqueued { id: 1 });
    assert!(console.screen().contains("1 command to be sent"));
    console.on(Msg::Unqueued { id: 2 });
    assert!(!console.screen().contains("to be sent"));
}

/// Whatever else the head has to say, it says how many hosts are in which state.
#[test]
fn the_counts_of_the_states_stay_where_there_is_little_room() {
    for size in [(60, 15), (80, 24), (100, 30), (120, 40), (200, 60)] {
        let url = "https://noc-engine.branch.example.net:8443".to_owned();
        let far = Options { remote: Some(url), attached: true, badge: Some("DEMO"), ..options() };
        let mut console = Console::new(size, actor(fluxnoc::protocol::Role::Admin), far);
        console.feed(fixture::picture());
        console.rest();
        console.on(Msg::Queued { id: 1, sent: false });
        console.on(Msg::Link(Err("connection refused by the firewall of the branch".to_owned())));
        console.pass(Span::from_secs(12));
        let screen = console.screen();
        let head = screen.lines().next().unwrap();
        let counts = console.app.world.counts();
        for state in fluxnoc::model::ShownState::ALL {
            let sign = fluxnoc::tui::theme::glyph(state);
            let count = counts.of(state);
            let said = [format!("{sign}{count} "), format!("{sign} {count} ")];
            assert!(said.iter().any(|said| head.contains(said)), "{size:?} {said:?}: {head}");
        }
        assert!(head.contains("OFFLINE 10s"), "{size:?}: {head}");
        assert!(size.0 < 80 || head.contains("1 command to be sent"), "{size:?}: {head}");
        assert!(size.0 < 200 || head.contains("by the firewall"), "{size:?}: {head}");
    }
}
