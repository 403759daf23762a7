//! One line for one change, and commands that say what is wrong with them.

use std::sync::Arc;

use super::ask::{self, Line};
use super::say::Teller;
use crate::model::{
    Acknowledgement, Alert, AlertId, CheckKey, Hold, Host, Phase, SafeText, State, Status,
    Timestamp,
};
use crate::protocol::{EngineStatus, Event};
use crate::tui::Leave;
use crate::tui::zone::Zone;

const NOW: Timestamp = Timestamp::from_millis(1_772_000_000_000);

fn alert(n: u8, host: &str, phase: Phase, state: State) -> Alert {
    Alert {
        phase,
        state,
        fired: Some(NOW),
        output: SafeText::line("no answer"),
        attempt: 3,
        edge_seq: 1,
        ..Alert::opened(
            AlertId::from_parts(1, [n; 10]),
            &CheckKey::new(host, "ping"),
            &Status::waiting(NOW),
            3,
            NOW,
        )
    }
}

fn told(teller: &mut Teller, alert: Alert) -> Vec<String> {
    teller.take(&Event::Alert(Arc::new(alert)), NOW)
}

fn ready() -> Teller {
    let mut teller = Teller::new(Zone::utc(), None);
    let engine = EngineStatus { host: SafeText::line("noc"), ..EngineStatus::default() };
    assert!(teller.take(&Event::Engine(Arc::new(engine)), NOW).is_empty());
    assert!(teller.take(&Event::Host(Arc::new(Host::new("db-1", "192.0.2.1"))), NOW).is_empty());
    assert!(told(&mut teller, alert(1, "db-1", Phase::Firing, State::Critical)).is_empty());
    let lines = teller.take(&Event::Ready, NOW);
    assert_eq!(lines[0], "2026-02-25 06:13:20 UTC fluxnoc on noc, 1 host");
    assert_eq!(lines[2], "alerts: 1 firing, 1 unhandled");
    assert!(lines[3].starts_with("1. CRITICAL db-1/ping: no answer (since 06:13"), "{lines:?}");
    teller
}

#[test]
fn d_05_flapping_is_told_when_it_begins_and_when_it_ends() {
    use crate::model::Flapping;
    let mut teller = ready();
    let of = |changes, last| {
        let flapping = Flapping { since: NOW, changes, from: State::Critical, last };
        let one = alert(1, "db-1", Phase::Firing, State::Critical);
        Alert { flapping: Some(flapping), ..one }
    };
    let begun = told(&mut teller, of(0, State::Ok));
    assert_eq!(begun.len(), 1, "{begun:?}");
    assert!(begun[0].ends_with("FLAPPING db-1/ping: CRITICAL at times"), "{begun:?}");
    for (changes, last) in (1..).zip([State::Critical, State::Warning, State::Ok]) {
        assert!(told(&mut teller, of(changes, last)).is_empty());
    }
    let listed = teller.alerts(NOW);
    assert!(listed[0].ends_with(", flapping 3x)"), "{listed:?}");
    let ended = told(&mut teller, alert(1, "db-1", Phase::Firing, State::Warning));
    assert_eq!(ended.len(), 1, "{ended:?}");
    assert!(ended[0].ends_with("FLAPPING ENDED db-1/ping: WARNING no answer"), "{ended:?}");
}

#[test]
fn the_summary_comes_first_and_then_one_line_for_each_change() {
    let mut teller = ready();
    let one = alert(1, "db-1", Phase::Firing, State::Critical);
    assert!(told(&mut teller, one.clone()).is_empty(), "nothing changed");
    let two = alert(2, "db-1", Phase::Pending, State::Warning);
    assert!(told(&mut teller, two).is_empty(), "not confirmed");
    let two = alert(2, "db-1", Phase::Firing, State::Warning);
    assert_eq!(told(&mut teller, two), ["2026-02-25 06:13:20 UTC WARNING db-1/ping: no answer"]);
    let ack = Acknowledgement {
        author: SafeText::line("kim"),
        comment: SafeText::line("on it"),
        at: NOW,
        expires: None,
        sticky: false,
    };
    let acked = Alert { ack: Some(ack), ..one.clone() };
    let words = "2026-02-25 06:13:20 UTC ACKNOWLEDGED db-1/ping by kim: on it";
    assert_eq!(told(&mut teller, acked), [words]);
    assert_eq!(told(&mut teller, one), ["2026-02-25 06:13:20 UTC UNACKNOWLEDGED db-1/ping"]);
    let over = Alert { resolved: Some(NOW), ..alert(1, "db-1", Phase::Resolved, State::Ok) };
    assert_eq!(told(&mut teller, over), ["2026-02-25 06:13:20 UTC RECOVERED db-1/ping: no answer"]);
}

#[test]
fn after_a_gap_only_what_changed_is_told() {
    let mut teller = ready();
    assert!(teller.take(&Event::Resync, NOW).is_empty());
    assert!(told(&mut teller, alert(3, "web-1", Phase::Firing, State::Unknown)).is_empty());
    let lines = teller.take(&Event::Ready, NOW);
    assert_eq!(
        lines,
        [
            "2026-02-25 06:13:20 UTC RECOVERED db-1/ping",
            "2026-02-25 06:13:20 UTC UNKNOWN web-1/ping: no answer",
        ]
    );
}

fn usual() -> crate::cli::verb::Usual {
    crate::cli::verb::Usual {
        zone: crate::tui::zone::Zone::utc(),
        shifts: crate::model::Shifts::default(),
        ack_expiry: crate::model::AckExpiry::Never,
    }
}

#[test]
fn numbers_name_what_the_last_list_named() {
    let mut teller = ready();
    let mut line = |text: &str| ask::line(text, &mut teller, NOW, &usual());
    assert!(matches!(line(""), Ok(Line::Nothing)));
    assert!(matches!(line("quit keep"), Ok(Line::Quit(Some(Leave::Keep)))));
    let id = AlertId::from_parts(1, [1; 10]).to_string();
    let Ok(Line::Verb(verb)) = line("ack 1 --comment 'two words'") else { panic!() };
    let words = format!("{verb:?}");
    assert!(words.contains(&id) && words.contains("two words"), "{words}");
    let Ok(Line::Verb(verb)) = line("recheck 1") else { panic!() };
    assert!(format!("{verb:?}").contains("ping"), "{verb:?}");
    for (wrong, why) in [
        ("ack 2", "no alert 2 in the last list"),
        ("ack", "required"),
        ("ack 'x", "quotation mark"),
        ("demo", "no command here"),
        ("__engine", "no command here"),
        ("nonsense", "unrecognized"),
        ("show nobody", "no host nobody"),
        ("quit now", "quit keep"),
    ] {
        let said = line(wrong).map(|_| ()).unwrap_err();
        assert!(said.contains(why), "{wrong}: {said}");
    }
}

#[test]
fn held_paging_is_said_when_it_begins_in_the_summary_and_when_it_ends() {
    let mut teller = ready();
    let told = |teller: &mut Teller, hold: Option<Hold>| {
        let hold = hold.map(Box::new);
        let engine = EngineStatus { host: SafeText::line("noc"), hold, ..EngineStatus::default() };
        teller.take(&Event::Engine(Arc::new(engine)), NOW)
    };
    let hold = Hold {
        id: AlertId::from_parts(1, [8; 10]),
        author: SafeText::line("mia"),
        reason: SafeText::line("core switch"),
        since: NOW,
        until: NOW + crate::model::Span::from_secs(1800),
        told: 1,
    };
    let begun = "2026-02-25 06:13:20 UTC PAGING HELD until 06:43 UTC by mia: core switch";
    assert_eq!(told(&mut teller, Some(hold.clone())), [begun]);
    assert_eq!(told(&mut teller, Some(hold)), Vec::<String>::new(), "once");
    let summary = teller.summary(NOW);
    assert!(summary.contains(&"paging held until 06:43 UTC by mia: core switch".to_owned()));
    assert_eq!(told(&mut teller, None), ["2026-02-25 06:13:20 UTC PAGING GOES ON"]);
    let ask = |text: &str, teller: &mut Teller| ask::line(text, teller, NOW, &usual());
    assert!(matches!(ask("notify hold 30m 'core switch'", &mut teller), Ok(Line::Verb(_))));
    assert!(matches!(ask("notify resume", &mut teller), Ok(Line::Verb(_))));
    assert!(ask("notify test hook", &mut teller).is_err(), "that is a program of its own");
    assert!(ask("notify hold 30m", &mut teller).is_err(), "without a reason");
}
