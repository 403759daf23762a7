//! Schedules that are looked up and changed; tests that run elsewhere.

use clap::Parser as _;

use super::super::args::{Cli, Command as Typed};
use super::*;
use crate::model::{SafeText, Span, Timestamp};

fn typed(line: &str) -> Result<Typed, String> {
    let cli = Cli::try_parse_from(line.split_whitespace()).map_err(|error| error.to_string())?;
    Ok(cli.command.unwrap())
}

fn job(line: &str) -> Result<Job, String> {
    match typed(line)? {
        Typed::Trace(args) => args.elsewhere().map(Job::Run),
        Typed::Dns(args) => args.elsewhere().map(Job::Run),
        Typed::Probe(args) => args.elsewhere().map(Job::Run),
        Typed::Schedules { command: Some(command), .. } => {
            Job::of_schedules(command).map_err(|other| format!("{other:?}"))
        }
        other => Err(format!("{other:?}")),
    }
}

fn schedule(n: u8, agent: &str, name: &str) -> Schedule {
    let plan = format!(
        r#"{{"name": "{name}", "agent": "{agent}", "target": "10.0.0.9", "test_type": "probe",
            "interval_seconds": 60, "port": 80, "thresholds": {{"latency_max_ms": 20}}}}"#
    );
    Schedule {
        id: ScheduleId::from_parts(1_700_000_000_000, [n; 10]),
        plan: serde_json::from_str(&plan).unwrap(),
        vantage: agent.into(),
        created_by: SafeText::line("ann"),
        created_at: Timestamp::from_millis(0),
        revision: 1,
        source: None,
    }
}

#[test]
fn fs_22_a_test_at_an_agent_is_asked_for_as_it_was_typed() {
    let run = |line: &str| match job(line)? {
        Job::Run(wanted) => Ok(wanted),
        other => Err(format!("{other:?}")),
    };
    let trace = run("fluxnoc trace 8.8.8.8 --count 30 --interval 100ms --agent HQ --wait").unwrap();
    let TestSpec::Trace(path) = &trace.spec else { panic!("{trace:?}") };
    assert_eq!((path.target.as_str(), path.count, path.interval_ms), ("8.8.8.8", 30, 100));
    assert_eq!((trace.there.agent.as_deref(), trace.there.wait), (Some("HQ"), true));
    let probe = run("fluxnoc probe db-1 5432 --udp --timeout 3 --agent HQ --json").unwrap();
    let TestSpec::Probe(port) = &probe.spec else { panic!("{probe:?}") };
    assert_eq!((port.port, port.timeout_ms, probe.json), (5432, 3000, true));
    assert_eq!(probe.spec.target(), "db-1:5432/udp");
    let dns =
        run("fluxnoc dns a.example --resolver 8.8.8.8 --resolver 1.1.1.1 --type aaaa --agent HQ")
            .unwrap();
    let TestSpec::Dns(lookup) = &dns.spec else { panic!("{dns:?}") };
    assert_eq!((lookup.resolvers.len(), lookup.record_type.as_str()), (2, "AAAA"));
    assert_eq!(lookup.timeout_ms, 2000);
    // What an agent does not do is said, and so is what is out of range.
    for (line, why) in [
        ("fluxnoc trace a --count 1001 --agent HQ", "`count`: 1001 is not within 1 to 1000"),
        ("fluxnoc trace a --interval 20s --agent HQ", "`interval_ms`: 20000 is not within"),
        ("fluxnoc trace a -4 --agent HQ", "cannot be used with"),
        ("fluxnoc trace a -n --agent HQ", "cannot be used with"),
        ("fluxnoc probe a 0 --agent HQ", "`port`: 0"),
        ("fluxnoc probe a 1 --timeout 61 --agent HQ", "`timeout_ms`: 61000"),
        ("fluxnoc probe a 1 --timeout soon --agent HQ", "--timeout:"),
        ("fluxnoc dns a --type X --agent HQ", "`record_type`"),
        ("fluxnoc dns a --wait", "--agent <NAME>"),
    ] {
        let said = run(line).unwrap_err();
        assert!(said.contains(why), "{line}: {said}");
    }
}

#[test]
fn fs_27_a_schedule_is_found_by_its_id_its_name_or_its_place() {
    let all = [schedule(1, "HQ", "db"), schedule(2, "BRANCH", "db"), schedule(3, "HQ", "lan")];
    let id = |which: &str| find(&all, which).map(|one| one.id);
    assert_eq!(id("lan"), Ok(all[2].id));
    assert_eq!(id("BRANCH/db"), Ok(all[1].id));
    assert_eq!(id(&all[0].id.to_string()), Ok(all[0].id));
    assert!(id("db").unwrap_err().contains("HQ/db, BRANCH/db"));
    assert_eq!(id("x").unwrap_err(), "there is no schedule x");
}

#[test]
fn fs_27_an_edit_changes_what_was_typed_and_nothing_else() {
    let known = schedule(1, "HQ", "db");
    let edited = |line: &str| {
        let Job::Schedule { which, deed, .. } = job(line)? else { panic!("{line}") };
        assert_eq!(which, "db");
        match command(&known, &deed)? {
            Command::EditSchedule { id, plan } if id == known.id => Ok(*plan),
            other => Err(format!("{other:?}")),
        }
    };
    let same = edited("fluxnoc schedules edit db").unwrap();
    assert_eq!(same, known.plan);
    let plan = edited(
        "fluxnoc schedules edit db --every 5m --loss-max 1 --unset latency-max --no-alert \
         --set port=443 --consecutive 2 --of-last 4",
    )
    .unwrap();
    assert_eq!(plan.interval(), Some(Span::from_secs(300)));
    let limits = plan.thresholds;
    assert_eq!((limits.latency_max_ms, limits.packet_loss_max_pct), (None, Some(1.0)));
    assert!(!plan.alert_on_breach && plan.options["port"] == 443);
    assert_eq!((plan.consecutive_failures, plan.of_last), (2, Some(4)));
    let plan = edited("fluxnoc schedules edit db --cron 0 --zone Europe/Berlin").unwrap();
    assert_eq!((plan.interval_seconds, plan.cron.as_deref()), (None, Some("0")));
    assert!(edited("fluxnoc schedules pause db").unwrap().paused);
    assert!(!edited("fluxnoc schedules resume db").unwrap().paused);
    for (line, why) in [
        ("fluxnoc schedules edit db --every 1500ms", "--every"),
        ("fluxnoc schedules edit db --every 5s", "`interval_seconds`: 5 is not within"),
        ("fluxnoc schedules edit db --every 1h --cron x", "cannot be used with"),
        ("fluxnoc schedules edit db --unset streams", "no `streams`"),
        ("fluxnoc schedules edit db --unset port", "missing field `port`"),
        ("fluxnoc schedules edit db --set streams=8", "unknown field `streams`"),
        ("fluxnoc schedules edit db --set streams", "KEY=VALUE"),
        ("fluxnoc schedules edit db --latency-max=-1", "thresholds.latency_max_ms"),
    ] {
        let said = edited(line).unwrap_err();
        assert!(said.contains(why), "{line}: {said}");
    }
    let Job::Schedule { deed, .. } = job("fluxnoc schedules run db").unwrap() else { panic!() };
    assert_eq!(command(&known, &deed), Ok(Command::RunSchedule { id: known.id }));
    let Job::Schedule { deed, .. } = job("fluxnoc schedules remove db").unwrap() else { panic!() };
    assert_eq!(command(&known, &deed), Ok(Command::RemoveSchedule { id: known.id }));
}
