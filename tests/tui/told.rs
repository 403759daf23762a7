//! How far the word about an alert has come, in the list of alerts.

use fluxnoc::protocol::{Event, Told, ToldRow};

use crate::invariants::opened;
use crate::{fixture, options};

#[test]
fn the_list_says_how_far_the_word_has_come() {
    let mut console = opened((120, 40), "2", options());
    // Before anything is heard a promise is no more than that.
    for (told, word) in [
        (Told::Queued, "queued"),
        (Told::Held, "held"),
        (Told::Delayed, "late"),
        (Told::Failed(3), "fail 3"),
        (Told::Failed(12), "fail12"),
        (Told::Failed(70_000), "fail99"),
        (Told::Parked, "parked"),
        (Told::Dropped, "drop"),
        (Told::Sent, "sent"),
    ] {
        let rows = fixture::alert_ids().map(|alert| ToldRow { alert, told }).collect();
        console.feed(vec![Event::Told(rows)]);
        let screen = console.screen();
        let line = |host: &str| {
            let line = screen.lines().find(|line| line.contains(host));
            line.unwrap_or_else(|| panic!("{host}: {screen}")).to_owned()
        };
        assert!(line("fra-01").contains(&format!(" {word}")), "{word}: {screen}");
        // Beside a name there is room between, and the end of it is whole.
        let taken = line("ams-09");
        assert!(taken.contains(&format!(" {word} ")), "{word}: {taken}");
        assert!(taken.contains("noc-2"), "{word}: {taken}");
        // What nobody was told of is new, whatever is on its way.
        assert!(line("dal-03").contains(" new"), "{word}: {screen}");
    }
}
