//! What flaps, as an operator sees it: named in every list, counted on its page, found by its word.

use std::sync::Arc;

use fluxnoc::model::{Alert, CheckKey, Flap, Flapping, Phase, Span, State};
use fluxnoc::protocol::{CheckRow, Event};
use fluxnoc::tui::views::View;

use crate::Console;

/// `dal-03/http` flaps, and its last result was good.
fn flaps(console: &mut Console) {
    let key = CheckKey::new("dal-03", "http");
    let mut alert = Alert::clone(console.app.world.alert_of(&key).unwrap());
    let since = console.app.wall() - Span::from_secs(600);
    let last = State::Ok;
    assert_eq!(alert.phase, Phase::Firing);
    alert.flapping = Some(Flapping { since, changes: 7, from: State::Critical, last });
    let mut row = CheckRow::clone(console.app.world.check(&key).unwrap());
    (row.status.state, row.status.hard_state) = (State::Ok, State::Ok);
    row.status.flap = Flap { changes: 0b11_1111, active: true };
    console.feed(vec![Event::Check(Arc::new(row)), Event::Alert(Arc::new(alert))]);
    console.rest();
}

#[test]
fn d_05_what_flaps_is_named_in_every_list_and_found_by_its_word() {
    for size in [(200, 60), (120, 40), (80, 24)] {
        let mut console = Console::open(size);
        flaps(&mut console);
        console.press("2");
        let screen = console.screen();
        let line = screen.lines().find(|line| line.contains("dal-03")).unwrap();
        assert!(line.contains("CRIT") && line.contains("flapping 7x"), "{size:?}\n{screen}");
        assert_eq!(screen.matches("flapping").count(), 1, "{screen}");
        console.press("' f");
        console.rest();
        assert_eq!((console.app.view, console.app.filter.0.as_str()), (View::Checks, "flapping"));
        assert_eq!(console.app.lists.checks.len(), 1, "{}", console.screen());
        let screen = console.screen();
        let line = screen.lines().find(|line| line.contains("dal-03")).unwrap();
        assert!(line.contains("OK") && line.contains(", flapping"), "{size:?}\n{screen}");
        console.press("3");
        console.rest();
        assert_eq!(console.app.lists.hosts.len(), 1, "{}", console.screen());
    }
}

#[test]
fn d_05_the_page_of_an_alert_says_since_when_and_how_often_it_flaps() {
    let mut console = Console::open((120, 40));
    flaps(&mut console);
    console.press("2 / f l a p p i n g enter enter");
    console.rest();
    let screen = console.screen();
    assert_eq!(console.app.view, View::Alert, "{screen}");
    assert!(screen.contains("7 changes, last result OK"), "{screen}");
}
