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

#[test]
fn fs_39_results_schedules_and_nodes_ask_what_they_say() {
    let filter = |line: &str| match ask(line)? {
        Ask::Tell(Query::Tests { filter, limit }) => Ok((filter, limit)),
        other => Err(format!("{other:?}")),
    };
    let (all, limit) = filter("fluxnoc results").unwrap();
    assert_eq!((all, limit), (crate::protocol::TestFilter::default(), 50));
    let id = "018bcfe5-6800-7707-8707-070707070707";
    let (some, limit) = filter(&format!(
        "fluxnoc results --agent HQ --target 8.8.8.8 --test trace --phase failed --schedule {id} \
         --since 2h --until 2026-02-24 --limit 7"
    ))
    .unwrap();
    assert_eq!((some.agent.as_deref(), some.target.as_deref()), (Some("HQ"), Some("8.8.8.8")));
    assert_eq!(some.test_type, Some(crate::model::TestKind::Trace));
    assert_eq!(some.phase, Some(crate::model::TestPhase::Failed));
    assert_eq!(some.schedule.map(|id| id.to_string()).as_deref(), Some(id));
    assert_eq!(some.start, Some(T0 - Span::from_secs(7200)));
    // D-21: of a day it is the whole of it.
    assert_eq!(some.end.map(|at| at.to_string()).as_deref(), Some("2026-02-25T00:00:00.000Z"));
    assert_eq!(limit, 7);
    for bad in [
        "--since soon",
        "--since 2030-01-01T25:00:00Z",
        "--limit 0",
        "--limit 1001",
        "--test ping",
        "--phase over",
        "x",
    ] {
        assert!(filter(&format!("fluxnoc results {bad}")).is_err(), "{bad}");
    }
    assert!(ask(&format!("fluxnoc results {id} --limit 3")).is_err());
    let test = id.parse().unwrap();
    assert_eq!(ask(&format!("fluxnoc results {id}")), Ok(Ask::Tell(Query::Test { id: test })));
    assert_eq!(
        ask(&format!("fluxnoc results cancel {id}")),
        Ok(Ask::Do(Command::CancelTest { id: test }))
    );
    assert_eq!(ask("fluxnoc schedules"), Ok(Ask::Tell(Query::Schedules)));
    assert_eq!(ask("fluxnoc nodes --json"), Ok(Ask::Tell(Query::Nodes)));
}

#[test]
fn fs_28_fs_29_a_schedule_is_made_as_it_was_typed() {
    let plan = |line: &str| match ask(&format!("fluxnoc schedules add {line}"))? {
        Ask::Do(Command::AddSchedule { plan }) => Ok(*plan),
        other => Err(format!("{other:?}")),
    };
    let made = plan(
        "--name HQ-uplink --agent HQ-CORE --target speedtest.net --test speedtest --every 1h \
         --download-min 800 --upload-min 400 --latency-max 20 --jitter-max 5 --loss-max 0.5 \
         --deviation 30 --of-last 5 --retest 60s --contact NOC --alert-missed --alert-path --set streams=8 \
         --set protocol=tcp",
    )
    .unwrap();
    let document = r#"{"name": "HQ-uplink", "agent": "HQ-CORE", "target": "speedtest.net",
        "test_type": "speedtest", "interval_seconds": 3600,
        "thresholds": {"download_min_mbps": 800, "upload_min_mbps": 400, "latency_max_ms": 20,
            "jitter_max_ms": 5, "packet_loss_max_pct": 0.5, "baseline_deviation_pct": 30},
        "alert_on_breach": true, "notify_contact_list": "NOC", "consecutive_failures": 3,
        "of_last": 5, "retest_seconds": 60, "alert_on_missed": true,
        "alert_on_path_change": true, "streams": 8,
        "protocol": "tcp"}"#;
    assert_eq!(made, serde_json::from_str(document).unwrap());
    let lookups = plan(
        "--name d --target a.example --test dns --cron x --no-alert --set resolvers=::1,10.0.0.1",
    )
    .unwrap();
    assert_eq!(lookups.options["resolvers"], serde_json::json!(["::1", "10.0.0.1"]));
    assert!(!lookups.alert_on_breach && lookups.interval_seconds.is_none());
    for (bad, why) in [
        ("--name x --test trace --target a", "--every"),
        ("--name x --test trace --every 1h", "missing field `target`"),
        ("--name x --test ping --every 1h --target a", "write speedtest, trace, probe or dns"),
        ("--name a/b --test trace --every 1h --target a", "`name`"),
        ("--name x --test trace --every 1h --target a --set streams=8", "unknown field"),
        ("--name x --test speedtest --every 1h --set streams=9", "`streams`: 9 is not within"),
        ("--name x --test trace --every 1h --target a --consecutive 0", "`consecutive_failures`"),
    ] {
        let said = plan(bad).unwrap_err();
        assert!(said.contains(why), "{bad}: {said}");
    }
}
