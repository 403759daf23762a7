//! The Schedules view: the list, its detail, run now, pause, the form, deleting.

use fluxnoc::model::breach::{Breach, BreachKind, TestLimits};
use fluxnoc::model::{
    Baseline, Baselines, Plan, SafeText, Schedule, ScheduleId, Span, Test, TestKind, TestPhase,
};
use fluxnoc::protocol::{Command, Outcome, Problem, Role, ScheduleRow};
use fluxnoc::tui::app::{Overlay, Pane};
use fluxnoc::tui::effect::Effect;
use fluxnoc::tui::msg::Msg;

use crate::fixture::now;
use crate::invariants::SIZES;
use crate::speed::{figures, test};
use crate::{Console, actor, fixture, options};

pub fn id(n: u8) -> ScheduleId {
    ScheduleId::from_parts(1_771_000_000_000, [n; 10])
}

pub fn plan(name: &str, agent: &str, kind: TestKind, target: &str) -> Plan {
    Plan {
        name: name.to_owned(),
        agent: Some(agent.to_owned()),
        target: Some(target.to_owned()),
        test_type: kind,
        interval_seconds: Some(3600),
        cron: None,
        zone: None,
        thresholds: TestLimits::default(),
        alert_on_breach: true,
        notify_contact_list: None,
        consecutive_failures: 3,
        of_last: None,
        retest_seconds: None,
        alert_on_missed: false,
        alert_on_path_change: false,
        paused: false,
        options: std::collections::BTreeMap::new(),
    }
}

pub fn row(n: u8, plan: Plan, last: Option<Test>) -> ScheduleRow {
    let vantage = plan.agent.as_deref().unwrap_or("jump-02").into();
    let next = (!plan.paused).then(|| now() + Span::from_secs(60 * u64::from(n) + 700));
    ScheduleRow {
        schedule: Schedule {
            id: id(n),
            plan,
            vantage,
            created_by: SafeText::line("noc-1"),
            created_at: now() - Span::from_secs(86_400 * 9),
            revision: 1,
            source: None,
        },
        next,
        last: last.map(Box::new),
        missed: None,
        baselines: Baselines::default(),
        note: SafeText::empty(),
    }
}

/// Results of a schedule, the newest first.
pub fn results() -> Vec<Test> {
    (0..30u8)
        .map(|n| {
            let mut one =
                test(100 + n, "jump-02", "lan-1", TestPhase::Done, 3600 * u64::from(n) + 90);
            let down = if n == 0 { 412.0 } else { 930.0 + f64::from(n % 7) };
            one.figures = figures(down, 880.0, 9.1, 0.4, 0.0);
            one.schedule = Some(id(2));
            if n == 0 {
                one.breaches =
                    vec![Breach { kind: BreachKind::Download, value: down, limit: 800.0 }];
            }
            if n == 4 {
                one.phase = TestPhase::Failed;
                one.figures = Default::default();
                one.reason = SafeText::line("lan-1:5201: no server answers");
            }
            one
        })
        .collect()
}

/// The schedules by name, as the engine lists them.
pub fn rows() -> Vec<ScheduleRow> {
    let baseline = |count, median| Some(Baseline { count, median, at: now() });
    let mut dns = plan("DNS of the API", "ams-05", TestKind::Dns, "api.example.net");
    dns.cron = Some("*/5 * * * *".to_owned());
    dns.interval_seconds = None;
    dns.options.insert("resolvers".to_owned(), serde_json::json!(["10.0.0.53", "9.9.9.9"]));
    let mut uplink = plan("HQ Uplink — Hourly", "jump-02", TestKind::Speedtest, "lan-1");
    uplink.thresholds.download_min_mbps = Some(800.0);
    uplink.thresholds.packet_loss_max_pct = Some(0.5);
    uplink.notify_contact_list = Some("NOC Team".to_owned());
    let mut night = plan("Night run", "dal-07", TestKind::Speedtest, "cdn");
    night.paused = true;
    let port = plan("db port", "fra-01", TestKind::Probe, "db-1");
    let mut missed = test(91, "fra-01", "", TestPhase::Missed, 4000);
    missed.reason = SafeText::line("fra-01 was away at its time");
    let mut all = vec![
        row(1, dns, None),
        row(2, uplink, results().into_iter().next()),
        row(3, night, None),
        row(4, port, Some(missed)),
    ];
    all[1].baselines = Baselines { download: baseline(31, 930.0), upload: baseline(50, 880.0) };
    all[3].schedule.plan.options.insert("port".to_owned(), 5432.into());
    all[3].note = SafeText::line("it never has a baseline: it runs too seldom");
    all
}

/// What the fake engine does with a schedule.
pub fn outcome(command: &Command) -> Outcome {
    match command {
        Command::AddSchedule { plan } => {
            Outcome::Schedule(Box::new(row(9, Plan::clone(plan), None)))
        }
        Command::EditSchedule { id, plan } => {
            let known = rows().into_iter().find(|row| row.schedule.id == *id);
            let last = known.and_then(|known| known.last).map(|test| *test);
            let mut new = row(9, Plan::clone(plan), last);
            new.schedule.id = *id;
            Outcome::Schedule(Box::new(new))
        }
        Command::RunSchedule { id } => {
            let rows = rows();
            let known = rows.iter().find(|row| row.schedule.id == *id);
            let row = known.unwrap_or(&rows[1]);
            let plan = &row.schedule.plan;
            let mut test = test(98, &row.schedule.vantage, "lan-1", TestPhase::Queued, 0);
            (test.schedule, test.spec) = (Some(*id), plan.spec().unwrap());
            Outcome::Test(Box::new(test))
        }
        _ => Outcome::done(1),
    }
}

fn open(size: (u16, u16), role: Role) -> Console {
    let mut console = Console::new(size, actor(role), options());
    console.feed(fixture::picture());
    console.rest();
    console.press("g j");
    assert_eq!(console.app.focus, Pane::ScheduleList);
    console
}

fn line(console: &mut Console) -> String {
    let screen = console.screen();
    screen.lines().find(|row| row.contains('›')).unwrap_or_default().to_owned()
}

fn sent(console: &Console) -> Vec<&Command> {
    let is_kept = |command: &&Command| !matches!(command, Command::Remember { .. });
    console.commands.iter().filter(is_kept).collect()
}

#[test]
fn fs_27_what_went_wrong_is_first_and_the_rest_says_when_it_runs_and_what_is_usual() {
    let mut console = open((200, 60), Role::Operator);
    let screen = console.screen();
    assert!(screen.contains("Schedules: 4, 2 not well, 1 paused"), "{screen}");
    let at = |word: &str| screen.find(word).unwrap_or_else(|| panic!("{word}\n{screen}"));
    let order = ["? missed", "▲ breach", "○ waiting", "◌ paused"].map(at);
    assert!(order.is_sorted(), "{order:?}\n{screen}");
    for words in ["412 Mbps / 880 Mbps", "learning 31/50", "*/5 * * * *", "fra-01 was away"] {
        at(words);
    }
    console.press("j enter");
    let screen = console.screen();
    for words in [
        "download 800 Mbps at least, loss 0.5 % at most",
        "NOC Team of 3 breaches in a row",
        "download 930 Mbps, learning 31/50; upload 880 Mbps, of 50 results",
        "lan-1:5201: no server answers",
    ] {
        assert!(screen.contains(words), "{words}\n{screen}");
    }
    console.press("esc");
    assert_eq!(console.app.focus, Pane::ScheduleList);
}

#[test]
fn t_runs_it_besides_its_times_and_the_row_shows_it_at_once() {
    let mut console = open((120, 40), Role::Operator);
    let screen = console.press("j t").screen();
    assert!(screen.contains("Run `HQ Uplink — Hourly` now, "), "{screen}");
    assert!(screen.contains("jump-02 → lan-1: dal-07 → lan-1 runs"), "{screen}");
    console.press("enter");
    assert_eq!(console.commands, [Command::RunSchedule { id: id(2) }]);
    let line = line(&mut console);
    assert!(line.contains("○ queued"), "{line}");
}

#[test]
fn d_lets_it_rest_and_go_on() {
    let mut console = open((120, 40), Role::Operator);
    console.press("j D");
    let Some(Command::EditSchedule { id: which, plan }) = console.commands.first() else {
        panic!("{:?}", console.commands)
    };
    assert_eq!((*which, plan.paused, plan.name.as_str()), (id(2), true, "HQ Uplink — Hourly"));
    assert!(console.foot().contains("`HQ Uplink — Hourly` is paused"), "{}", console.foot());
    console.press("G D");
    let Some(Command::EditSchedule { plan, .. }) = console.commands.last() else { panic!() };
    assert_eq!((plan.paused, plan.name.as_str()), (false, "Night run"));
    assert!(console.foot().contains("`Night run` goes on: it runs next"), "{}", console.foot());
}

#[test]
fn fs_28_the_form_makes_the_documents_schedule() {
    for size in SIZES {
        let mut console = open(size, Role::Operator);
        console.press("T");
        insta::assert_snapshot!(format!("new_{}x{}", size.0, size.1), console.screen());
    }
    let mut console = open((120, 40), Role::Operator);
    console.press("T").screen();
    console.write("HQ Uplink 2").press("tab").write("ams").press("right");
    console.press("tab tab").write("lan-1").press("tab tab tab tab tab tab tab tab");
    console.write("800").press("tab").write("400").press("tab").write("20").press("tab tab");
    console.write("0.5").press("enter");
    let [Command::AddSchedule { plan }] = sent(&console)[..] else {
        panic!("{:?}", console.commands)
    };
    assert_eq!((plan.name.as_str(), plan.agent.as_deref()), ("HQ Uplink 2", Some("ams-05")));
    assert_eq!((plan.target.as_deref(), plan.interval_seconds), (Some("lan-1"), Some(3600)));
    let limits = &plan.thresholds;
    assert_eq!((limits.download_min_mbps, limits.upload_min_mbps), (Some(800.0), Some(400.0)));
    assert_eq!((limits.latency_max_ms, limits.packet_loss_max_pct), (Some(20.0), Some(0.5)));
    assert_eq!(plan.spec().unwrap().target(), "lan-1");
    assert!(console.foot().contains("`HQ Uplink 2` runs next"), "{}", console.foot());
}

#[test]
fn a_test_of_another_kind_has_other_fields_and_what_is_missing_is_said_there() {
    let mut console = open((120, 40), Role::Operator);
    console.press("T").write("port").press("tab tab right right");
    let screen = console.screen();
    assert!(screen.contains("[probe]") && !screen.contains("streams"), "{screen}");
    console.press("tab").write("db-1").press("enter");
    let screen = console.screen();
    assert!(sent(&console).is_empty() && screen.contains("this is needed"), "{screen}");
    console.write("5432").press("enter");
    let [Command::AddSchedule { plan }] = sent(&console)[..] else {
        panic!("{:?}", console.commands)
    };
    assert_eq!(plan.spec().unwrap().target(), "db-1:5432");
}

#[test]
fn fs_27_a_schedule_of_traces_says_whether_another_path_becomes_an_alert() {
    let mut console = open((120, 40), Role::Operator);
    let screen = console.press("T").screen();
    assert!(!screen.contains("change of path"), "{screen}");
    console.write("way").press("tab tab right tab").write("core-fra-2");
    // Before the first field stands the last.
    let screen =
        console.press("shift-tab shift-tab shift-tab shift-tab shift-tab shift-tab").screen();
    assert!(screen.contains("a change of path is only recorded"), "{screen}");
    let screen = console.press("space").screen();
    assert!(screen.contains("a change of path becomes an alert"), "{screen}");
    console.press("enter");
    let [Command::AddSchedule { plan }] = sent(&console)[..] else {
        panic!("{:?}", console.commands)
    };
    assert_eq!((plan.test_type, plan.alert_on_path_change), (TestKind::Trace, true));
}

#[test]
fn e_opens_its_own_values_and_what_has_no_field_stays() {
    let mut console = open((120, 40), Role::Operator);
    console.press("j j e");
    let screen = console.screen();
    assert!(screen.contains("10.0.0.53, 9.9.9.9") && screen.contains("*/5 * * * *"), "{screen}");
    console.answers = false;
    console.press("enter");
    let [Command::EditSchedule { id: which, plan }] = sent(&console)[..] else {
        panic!("{:?}", console.commands)
    };
    assert_eq!(*which, id(1));
    // The record type is written out; everything else is as it was.
    let mut was = rows().remove(0).schedule.plan;
    was.options.insert("record_type".to_owned(), "A".into());
    assert_eq!(**plan, was);
    let asked = console.waiting.iter().find_map(|(id, effect)| match effect {
        Effect::Execute { command: Command::EditSchedule { .. }, .. } => Some(*id),
        _ => None,
    });
    let asked = asked.unwrap();
    console.waiting.remove(&asked);
    let problem = Problem::invalid("`thresholds.latency_max_ms`: 9e9 is not within 0 to 1000000");
    console.on(Msg::Reply { id: asked, result: Err(problem) });
    let screen = console.screen();
    assert!(screen.contains("9e9 is not within 0 to 1000000"), "{screen}");
    assert!(matches!(&console.app.overlay, Some(Overlay::Form(_))), "it stays open");
}

#[test]
fn deleting_takes_a_typed_number() {
    let mut console = open((120, 40), Role::Operator);
    let screen = console.press("j delete").screen();
    assert!(
        screen.contains("Delete 1 schedule, `HQ Uplink — Hourly`: its results stay"),
        "{screen}"
    );
    console.press("enter");
    assert!(console.commands.is_empty());
    console.press("1 enter");
    assert_eq!(console.commands, [Command::RemoveSchedule { id: id(2) }]);
}

#[test]
fn a_viewer_changes_nothing() {
    let mut console = open((120, 40), Role::Viewer);
    for (key, name) in [
        ("t", "run-test"),
        ("T", "test-form"),
        ("e", "edit"),
        ("D", "pause-schedule"),
        ("delete", "delete"),
    ] {
        let foot = console.press(key).foot();
        assert!(foot.contains(&format!("{name} needs the role Operator")), "{foot}");
    }
    assert!(console.commands.is_empty() && console.app.overlay.is_none());
}
