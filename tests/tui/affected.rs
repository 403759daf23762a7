//! What one alert explains, as an operator sees it: one row with a number, the rest behind it.

use std::sync::Arc;

use fluxnoc::model::{Alert, AlertId, Cause, CauseStage, CheckKey, Host, Phase, State};
use fluxnoc::protocol::{EngineStatus, Event};
use fluxnoc::tui::lists::Row;
use fluxnoc::tui::views::View;

use crate::Console;

const ROOT: (&str, &str) = ("fra-02", "ping");

/// `fra-02/ping` explains so many alerts of hosts behind it.
fn explains(console: &mut Console, count: u8, stage: CauseStage) {
    let root = CheckKey::new(ROOT.0, ROOT.1);
    let like = Alert::clone(console.app.world.alert_of(&root).unwrap());
    let at = console.app.wall();
    let child = |n: u8| {
        let host = format!("shop-{n:02}");
        let mut described = Host::new(&host, "192.0.2.7");
        described.parents = vec![ROOT.0.into()];
        let alert = Alert {
            id: AlertId::from_parts(1_771_000_000_000, [100 + n; 10]),
            check: CheckKey::new(&*host, "http"),
            phase: Phase::Firing,
            state: if n.is_multiple_of(3) { State::Unknown } else { State::Critical },
            output: fluxnoc::model::SafeText::line("timeout after 10 s"),
            notified: None,
            cause: Some(Cause { check: root.clone(), stage, at }),
            ..like.clone()
        };
        [Event::Host(Arc::new(described)), Event::Alert(Arc::new(alert))]
    };
    console.feed((0..count).flat_map(child).collect());
    console.rest();
}

/// The checks of the feed's rows.
fn rows(console: &Console) -> Vec<String> {
    let row = |row: &Row<_>| {
        row.item().map(|row: &fluxnoc::tui::lists::AlertRow| row.alert.check.to_string())
    };
    console.app.lists.alerts.rows.iter().filter_map(row).collect()
}

#[test]
fn d_05_what_an_alert_explains_is_behind_its_row_and_opens_there() {
    for size in [(200, 60), (120, 40), (80, 24)] {
        let mut console = Console::open(size);
        let before = rows(&console);
        let unhandled = console.app.world.unhandled();
        explains(&mut console, 12, CauseStage::Down);
        assert_eq!(rows(&console), before, "collapsed, and in nobody's way");
        assert_eq!(console.app.world.unhandled(), unhandled);
        console.press("2");
        let screen = console.screen();
        let line = screen.lines().find(|line| line.contains("fra-02")).unwrap();
        assert!(line.contains("12 affected"), "{size:?}\n{screen}");
        assert!(screen.contains("12 explained"), "{size:?}\n{screen}");

        let at = before.iter().position(|check| check == "fra-02/ping").unwrap();
        for _ in 0..at {
            console.press("j");
        }
        console.press("right");
        console.rest();
        assert_eq!(rows(&console).len(), before.len() + 12, "{}", console.screen());
        assert_eq!(rows(&console)[at], "fra-02/ping");
        assert_eq!(rows(&console)[at + 1], "shop-01/http", "the worst of them first");
        if size != (200, 60) {
            insta::assert_snapshot!(format!("opened_{}x{}", size.0, size.1), console.screen());
        }
        // From a row inside it closes, and the cursor is on the one alert.
        console.press("j j left");
        console.rest();
        assert_eq!(rows(&console), before, "{}", console.screen());
        let selected = console.app.selected_alert().map(|alert| alert.check.to_string());
        assert_eq!(selected.as_deref(), Some("fra-02/ping"));
    }
}

#[test]
fn d_05_what_is_explained_is_found_by_its_word_and_says_by_what() {
    for (stage, words) in [
        (CauseStage::Doubt, "waits for fra-02/ping"),
        (CauseStage::Down, "because of fra-02/ping"),
        (CauseStage::Over, "fra-02/ping answers again"),
    ] {
        let mut console = Console::open((120, 40));
        explains(&mut console, 3, stage);
        console.press("2 / e x p l a i n e d enter");
        console.rest();
        assert_eq!(rows(&console).len(), 3, "{}", console.screen());
        let screen = console.screen();
        assert_eq!(screen.matches(words).count(), 3, "{screen}");
    }
}

#[test]
fn d_05_the_page_of_an_alert_lists_what_it_explains_and_what_explains_it() {
    let mut console = Console::open((120, 40));
    explains(&mut console, 12, CauseStage::Down);
    console.press("2 / f r a - 0 2 enter enter");
    console.rest();
    let screen = console.screen();
    assert_eq!(console.app.view, View::Alert, "{screen}");
    assert!(screen.contains("12 alerts affected, told to nobody"), "{screen}");
    assert!(screen.contains("shop-01/http  timeout after 10 s"), "{screen}");
    insta::assert_snapshot!("affected_page_120x40", screen);

    let mut console = Console::open((120, 40));
    explains(&mut console, 1, CauseStage::Down);
    console.press("2 / e x p l a i n e d enter enter");
    console.rest();
    let screen = console.screen();
    assert!(screen.contains("fra-02/ping gives no answer and explains it"), "{screen}");
    assert!(screen.contains("reached through fra-02"), "{screen}");
}

#[test]
fn t20_an_isolated_engine_says_so_at_the_foot_of_every_view() {
    let mut console = Console::open((120, 40));
    let text = "isolated since 21:04 UTC: no canary answers (gw, dns), nothing is judged CRITICAL";
    let isolated = Some(fluxnoc::model::SafeText::line(text));
    let engine = EngineStatus { isolated, ..EngineStatus::clone(console.app.world.engine()) };
    console.feed(vec![Event::Engine(Arc::new(engine))]);
    for key in ["1", "2", "3"] {
        console.press(key);
        console.rest();
        assert!(console.foot().contains("isolated since 21:04 UTC"), "{}", console.screen());
    }
}

#[test]
fn a_heartbeat_that_is_not_sent_or_not_taken_is_said_at_the_foot() {
    use fluxnoc::protocol::Heartbeat;
    let mut console = Console::open((120, 40));
    let line = |text| Some(fluxnoc::model::SafeText::line(text));
    let fine = Heartbeat { sent_at: Some(console.app.wall()), ..Heartbeat::default() };
    let refused = Heartbeat { error: line("HTTP 503"), ..fine.clone() };
    let stuck = Heartbeat { stuck: line("the outbox does not move"), ..refused.clone() };
    for (heartbeat, words) in [
        (refused, "the heartbeat is not taken: HTTP 503"),
        (stuck, "no heartbeat is sent: the outbox does not move"),
        (fine, ""),
    ] {
        let heartbeat = Some(Box::new(heartbeat));
        let engine = EngineStatus { heartbeat, ..EngineStatus::clone(console.app.world.engine()) };
        console.feed(vec![Event::Engine(Arc::new(engine))]);
        console.rest();
        assert!(console.foot().contains(words), "{}", console.screen());
        assert_eq!(console.foot().contains("heartbeat"), !words.is_empty(), "{}", console.foot());
    }
}
