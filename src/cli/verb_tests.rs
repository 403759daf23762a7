//! Verbs: times as people type them, and what is asked of the engine.

use clap::Parser as _;

use super::super::args::Cli;
use super::*;
use crate::protocol::Target;

const T0: Timestamp = Timestamp::from_millis(1_771_984_800_000); // 2026-02-25T02:00:00Z

fn ask(line: &str) -> Result<Ask, String> {
    let cli = Cli::try_parse_from(line.split('\'').flat_map(|part| part.split_whitespace()))
        .map_err(|error| error.to_string())?;
    let (expiry, shifts) = (AckExpiry::After(Span::from_secs(4 * 3600)), Shifts::default());
    let usual = Usual { zone: Zone::utc(), shifts, ack_expiry: expiry };
    verb(cli.command.unwrap(), T0, &usual).unwrap().map(|verb| verb.ask)
}

#[test]
fn an_acknowledgement_ends_with_the_shift_of_the_consoles_zone() {
    let zone = Zone::Fixed { offset: 3600, name: "CET".to_owned() };
    let shifts = Shifts::parse("06:00,14:00,22:00").unwrap();
    let usual = Usual { zone, shifts, ack_expiry: AckExpiry::Shift };
    // 02:00 UTC is 03:00 there.
    assert_eq!(usual.ack_end(T0), Some(T0 + Span::from_secs(3 * 3600)));
    assert_eq!(
        usual.ack_end(T0 + Span::from_secs(3 * 3600)),
        Some(T0 + Span::from_secs(11 * 3600))
    );
}

#[test]
fn the_clock_time_is_the_next_one_of_the_zone() {
    let zone = chrono::FixedOffset::east_opt(3600).unwrap();
    let at = |hour, minute| NaiveTime::from_hms_opt(hour, minute, 0).unwrap();
    // 02:00 UTC is 03:00 there.
    assert_eq!(next(&zone, at(6, 0), T0), Some(T0 + Span::from_secs(3 * 3600)));
    assert_eq!(next(&zone, at(3, 0), T0), Some(T0 + Span::from_secs(24 * 3600)));
}

#[test]
fn an_acknowledgement_expires_as_configured_unless_said() {
    let expires = |line: &str| match ask(line).unwrap() {
        Ask::Do(Command::Acknowledge { expires, .. }) => expires,
        other => panic!("{other:?}"),
    };
    assert_eq!(expires("fluxnoc ack web-1"), Some(T0 + Span::from_secs(4 * 3600)));
    assert_eq!(expires("fluxnoc ack web-1 --expires 30m"), Some(T0 + Span::from_secs(1800)));
    assert_eq!(expires("fluxnoc ack web-1 --expires never"), None);
    assert!(expires("fluxnoc ack web-1 --expires 06:00").unwrap() > T0);
    assert!(ask("fluxnoc ack web-1 --expires 2020-01-01T00:00:00Z").unwrap_err().contains("over"));
    assert!(ask("fluxnoc ack web-1 --expires 0s").unwrap_err().contains("no length"));
    assert!(ask("fluxnoc ack").is_err());
}

#[test]
fn f28_a_window_has_a_length_and_lies_not_wholly_in_the_past() {
    let window = |line: &str| match ask(line)? {
        Ask::Do(Command::AddMaintenance(window)) => Ok(window),
        other => Err(format!("{other:?}")),
    };
    let hour = window("fluxnoc maintenance add --hosts db-* --for 1h").unwrap();
    assert_eq!((hour.start, hour.end), (T0, T0 + Span::from_secs(3600)));
    assert!(hour.suppress_notifications && hour.host_pattern.unwrap().matches("db-1"));
    let exact = window(
        "fluxnoc maintenance add --hosts * --start 2026-02-25T03:00:00Z --end 2026-02-25T04:00:00Z \
         --check ping --notify --name patch",
    )
    .unwrap();
    assert_eq!(exact.end.since(exact.start), Span::from_secs(3600));
    assert!(!exact.suppress_notifications && exact.check.is_some());
    for bad in [
        "fluxnoc maintenance add --hosts *",
        "fluxnoc maintenance add --for 1h",
        "fluxnoc maintenance add --hosts * --for 0s",
        "fluxnoc maintenance add --hosts a[ --for 1h",
        "fluxnoc maintenance add --hosts * --for 1h --end 06:00",
        "fluxnoc maintenance add --hosts * --start 2026-02-25T05:00:00Z --end 2026-02-25T04:00:00Z",
        "fluxnoc maintenance add --hosts * --start 2020-02-25T05:00:00Z --for 1h",
        "fluxnoc maintenance add --hosts * --start 2026-02-25T25:00:00Z --for 1h",
        "fluxnoc maintenance add --hosts * --start 12026-02-25T05:00:00Z --for 1h",
    ] {
        assert!(window(bad).is_err(), "{bad}");
    }
}

#[test]
fn the_other_verbs_ask_what_they_say() {
    assert_eq!(ask("fluxnoc alerts --all"), Ok(Ask::Tell(Query::Alerts { all: true })));
    assert_eq!(ask("fluxnoc maintenance list"), Ok(Ask::Tell(Query::Maintenance { all: false })));
    let Ok(Ask::Tell(Query::Hosts { pattern: Some(pattern) })) = ask("fluxnoc hosts db-*") else {
        panic!()
    };
    assert!(pattern.matches("db-1"));
    let Ok(Ask::Do(Command::Recheck { targets })) = ask("fluxnoc recheck web-1 db-1/ping") else {
        panic!()
    };
    assert!(matches!(targets.as_slice(), [Target::Host(_), Target::Check(_)]));
    let id = "018bcfe5-6800-7707-8707-070707070707";
    assert!(matches!(
        ask(&format!("fluxnoc maintenance extend {id} --for 30m")),
        Ok(Ask::Do(Command::ExtendMaintenance { by, .. })) if by == Span::from_secs(1800)
    ));
    let hold = Command::HoldPaging {
        length: Span::from_secs(1800),
        reason: "core switch is replaced".to_owned(),
    };
    assert_eq!(ask("fluxnoc notify hold 30m core switch is replaced"), Ok(Ask::Do(hold)));
    assert_eq!(ask("fluxnoc notify resume"), Ok(Ask::Do(Command::ResumePaging)));
    assert!(matches!(
        ask(&format!("fluxnoc unack {id}")),
        Ok(Ask::Do(Command::Unacknowledge { targets })) if matches!(targets[0], Target::Alert(_))
    ));
}
