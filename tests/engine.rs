//! The engine end to end on a manual clock: results in, states, alerts, edges, memory out.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails so")]

#[path = "common/lab.rs"]
mod lab;

use fluxnoc::clock::Clock;
use fluxnoc::model::{
    CheckKey, Handover, HandoverRow, Phase, SafeText, ShownState, Since, Span, State, Timestamp,
    Topic,
};
use fluxnoc::protocol::{
    Answer, Command, Event, Interest, NewMaintenance, Outcome, ProblemKind, Query, Target,
};
use lab::{Lab, START, good, host, inventory, refused, slow};

async fn lab(dir: &tempfile::TempDir) -> Lab {
    let wanted = inventory(vec![host("web-1", &["http", "ping"]), host("db-1", &["mysql"])]);
    Lab::start(dir.path(), wanted, Clock::manual(START)).await
}

fn window(pattern: &str, lab: &Lab, minutes: u64, suppress: bool) -> Command {
    let now = lab.clock.now().wall;
    Command::AddMaintenance(NewMaintenance {
        name: "patching".to_owned(),
        host_pattern: pattern.parse().ok(),
        check: None,
        hosts: std::collections::BTreeSet::new(),
        checks: std::collections::BTreeSet::new(),
        start: now,
        end: now + Span::from_secs(60 * minutes),
        children: false,
        repeats: None,
        suppress_notifications: suppress,
        created_by: None,
    })
}

#[tokio::test]
async fn fm_03_ok_makes_no_alert() {
    let dir = tempfile::tempdir().unwrap();
    let mut lab = lab(&dir).await;
    lab.report("web-1/http", good()).await;
    assert_eq!(lab.state("web-1/http"), (State::Ok, true));
    assert_eq!(lab.query(Query::Alerts { all: true }).await, Answer::Alerts(Vec::new()));
    assert!(lab.edges().await.is_empty());
}

#[tokio::test]
async fn fm_04_a_warning_goes_soft_then_hard_and_is_an_alert() {
    let dir = tempfile::tempdir().unwrap();
    let mut lab = lab(&dir).await;
    lab.report("web-1/http", good()).await;
    lab.report_times(2, "web-1/http", &slow()).await;
    assert_eq!(lab.state("web-1/http"), (State::Warning, false));
    assert_eq!(lab.world.host("web-1").unwrap().state, State::Ok, "soft counts nowhere");
    assert!(lab.world.open_alerts().all(|alert| alert.phase == Phase::Pending));
    lab.report("web-1/http", slow()).await;
    assert_eq!(lab.state("web-1/http"), (State::Warning, true));
    assert_eq!(lab.world.unhandled(), 1);
    assert_eq!(lab.edges().await, ["fired"]);
    lab.report("web-1/http", good()).await;
    assert_eq!(lab.world.open_alerts().count(), 0);
    assert_eq!(lab.edges().await, ["fired", "recovered"]);
}

#[tokio::test]
async fn a_soft_problem_that_clears_leaves_no_alert() {
    let dir = tempfile::tempdir().unwrap();
    let mut lab = lab(&dir).await;
    lab.report_times(2, "web-1/http", &refused()).await;
    lab.report("web-1/http", good()).await;
    assert_eq!(lab.query(Query::Alerts { all: true }).await, Answer::Alerts(Vec::new()));
}

#[tokio::test]
async fn an_acknowledgement_holds_until_it_expires() {
    let dir = tempfile::tempdir().unwrap();
    let mut lab = lab(&dir).await;
    lab.report_times(3, "web-1/http", &refused()).await;
    let expires = lab.clock.now().wall + Span::from_secs(60);
    lab.acknowledge("web-1/http", Some(expires), false).await;
    assert_eq!(lab.world.unhandled(), 0);
    lab.clock.advance(Span::from_secs(61));
    lab.until("the expiry", |event| matches!(event, Event::Alert(a) if a.ack.is_none())).await;
    assert_eq!(lab.world.unhandled(), 1);
    assert_eq!(lab.edges().await, ["fired", "acknowledged", "ack_expired"]);
}

#[tokio::test]
async fn fm_07_d_03_a_window_hides_and_its_end_tells() {
    let dir = tempfile::tempdir().unwrap();
    let mut lab = lab(&dir).await;
    lab.report("db-1/mysql", good()).await;
    let made = window("db-*", &lab, 10, true);
    lab.execute(made).await.unwrap();
    assert_eq!(lab.world.host("db-1").unwrap().shown(), ShownState::Maintenance);
    lab.report_times(3, "db-1/mysql", &refused()).await;
    let alert = lab.world.open_alerts().next().unwrap().clone();
    assert!(alert.suppressed && alert.in_maintenance && alert.phase == Phase::Firing);
    assert_eq!((lab.world.unhandled(), alert.notified), (0, None));
    lab.clock.advance(Span::from_secs(600));
    lab.until("the window's end", |event| matches!(event, Event::Alert(a) if !a.suppressed)).await;
    let alert = lab.world.open_alerts().next().unwrap().clone();
    assert_eq!((lab.world.unhandled(), alert.notified), (1, Some(State::Critical)));
}

#[tokio::test]
async fn d_04_what_a_window_hides_runs_again_before_it_ends() {
    let dir = tempfile::tempdir().unwrap();
    let mut wanted = inventory(vec![host("web-1", &["http"]), host("db-1", &["mysql", "ping"])]);
    let hourly = wanted.checks.iter_mut().find(|check| &*check.key.name == "mysql").unwrap();
    (hourly.interval, hourly.timeout) = (Span::from_secs(3600), Span::from_secs(10));
    let mut lab = Lab::start(dir.path(), wanted, Clock::manual(START)).await;
    let mut worker = lab.worker().await;
    for key in ["web-1/http", "db-1/mysql", "db-1/ping"] {
        lab.report(key, good()).await;
    }
    lab.execute(window("db-*", &lab, 30, true)).await.unwrap();
    // Hard after three tries of ten seconds and two pauses of fifteen: a minute before the end.
    lab.clock.advance(Span::from_secs(29 * 60 - 2));
    lab.report("db-1/ping", good()).await;
    lab.clock.advance(Span::from_secs(2));
    let mut asked = lab::asked(&mut worker).await;
    asked.sort();
    let keys: Vec<_> = asked.iter().map(ToString::to_string).collect();
    assert_eq!(keys, ["db-1/mysql", "db-1/ping"], "and nothing that the window leaves alone");
    // Once for each end; an end that is put off is another one.
    let Answer::Maintenance(windows) = lab.query(Query::Maintenance { all: false }).await else {
        panic!("no windows")
    };
    let longer = Command::ExtendMaintenance { id: windows[0].id, by: Span::from_secs(3600) };
    lab.execute(longer).await.unwrap();
    lab.clock.advance(Span::from_secs(3598));
    lab.report("db-1/ping", good()).await;
    lab.clock.advance(Span::from_secs(2));
    let again = lab::asked(&mut worker).await;
    assert_eq!(again.len(), 2, "{again:?}");
}

#[tokio::test]
async fn fm_29_a_window_must_end_after_it_begins() {
    let dir = tempfile::tempdir().unwrap();
    let mut lab = lab(&dir).await;
    let Command::AddMaintenance(mut new) = window("*", &lab, 10, true) else { unreachable!() };
    new.end = new.start;
    let problem = lab.execute(Command::AddMaintenance(new)).await.unwrap_err();
    assert_eq!(problem.kind, ProblemKind::Invalid);
    assert!(problem.message.as_str().contains("`end`"));
}

#[tokio::test]
async fn d_30_a_window_that_is_over_suppresses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut lab = lab(&dir).await;
    let Command::AddMaintenance(mut new) = window("*", &lab, 10, true) else { unreachable!() };
    new.start = START - Span::from_secs(7200);
    new.end = START - Span::from_secs(3600);
    lab.execute(Command::AddMaintenance(new)).await.unwrap();
    lab.report_times(3, "web-1/http", &refused()).await;
    assert_eq!(lab.world.unhandled(), 1);
}

#[tokio::test]
async fn windows_are_ended_and_extended() {
    let dir = tempfile::tempdir().unwrap();
    let mut lab = lab(&dir).await;
    let made = window("web-*", &lab, 10, true);
    let Ok(Outcome::Maintenance(made)) = lab.execute(made).await else { panic!("no window") };
    let longer = Command::ExtendMaintenance { id: made.id, by: Span::from_secs(1800) };
    let Ok(Outcome::Maintenance(longer)) = lab.execute(longer).await else { panic!("no window") };
    assert_eq!(longer.end, made.end + Span::from_secs(1800));
    lab.execute(Command::EndMaintenance { id: made.id }).await.unwrap();
    assert_eq!(lab.world.host("web-1").unwrap().shown(), ShownState::Unknown);
    let again = lab.execute(Command::EndMaintenance { id: made.id }).await.unwrap_err();
    assert_eq!(again.kind, ProblemKind::Conflict);
}

#[tokio::test]
async fn silence_becomes_late_and_then_unknown() {
    let dir = tempfile::tempdir().unwrap();
    let mut lab = lab(&dir).await;
    lab.report("web-1/http", good()).await;
    for _ in 0..16 {
        lab.clock.advance(Span::from_secs(5));
        tokio::task::yield_now().await;
    }
    lab.until(
        "late",
        |event| matches!(event, Event::Check(row) if row.status.late && &*row.key.name == "http"),
    )
    .await;
    assert_eq!(lab.state("web-1/http").0, State::Ok, "late is not wrong yet");
    for _ in 0..14 {
        lab.clock.advance(Span::from_secs(5));
        tokio::task::yield_now().await;
    }
    lab.until("stale", |event| {
        matches!(event, Event::Check(row)
            if row.status.state == State::Unknown && row.status.hard && &*row.key.name == "http")
    })
    .await;
    let row = lab.world.check(&"web-1/http".parse().unwrap()).unwrap();
    assert!(row.status.output.as_str().starts_with("no result since"), "{:?}", row.status.output);
}

#[tokio::test]
async fn everything_is_there_again_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let mut first = lab(&dir).await;
    first.report("db-1/mysql", good()).await;
    first.report_times(3, "web-1/http", &refused()).await;
    first.acknowledge("web-1", None, true).await;
    let made = window("db-*", &first, 60, true);
    first.execute(made).await.unwrap();
    let before = first.world.clone();
    let (_, clock) = first.stop().await;
    let wanted = inventory(vec![host("web-1", &["http", "ping"]), host("db-1", &["mysql"])]);
    let second = Lab::start(dir.path(), wanted, clock).await;
    assert_eq!(second.world.counts(), before.counts());
    let alert = |world: &fluxnoc::protocol::World| world.open_alerts().next().unwrap().clone();
    assert_eq!(alert(&second.world), alert(&before));
    assert_eq!(second.world.host("db-1").unwrap().shown(), ShownState::Maintenance);
    assert_eq!(second.edges().await, ["fired", "acknowledged"]);
    let key = "web-1/http".parse().unwrap();
    let to = second.clock.now().wall + Span::from_secs(1);
    let history = second.query(Query::History { key, from: START, to, points: 100 }).await;
    let Answer::History { states, .. } = history else { panic!("no history") };
    assert!(states.iter().any(|span| span.state == State::Critical), "{states:?}");
}

#[tokio::test]
async fn a_restart_with_the_same_inventory_writes_none_of_it_again() {
    use sqlx::Connection as _;
    let dir = tempfile::tempdir().unwrap();
    let (path, clock) = lab(&dir).await.stop().await;
    let url = format!("sqlite://{}", path.display());
    let mut database = sqlx::SqliteConnection::connect(&url).await.unwrap();
    for sql in [
        "CREATE TABLE written (name TEXT)",
        "CREATE TRIGGER h AFTER UPDATE ON hosts BEGIN INSERT INTO written VALUES (new.name); END",
        "CREATE TRIGGER c AFTER UPDATE ON checks BEGIN INSERT INTO written VALUES (new.name); END",
    ] {
        sqlx::query(sql).execute(&mut database).await.unwrap();
    }
    let mut other = host("db-1", &["mysql"]);
    other.0.notes = Some("moved".to_owned());
    let wanted = inventory(vec![host("web-1", &["http", "ping"]), other]);
    let (_, _) = Lab::start(dir.path(), wanted, clock).await.stop().await;
    let written: Vec<String> =
        sqlx::query_scalar("SELECT name FROM written").fetch_all(&mut database).await.unwrap();
    assert_eq!(written, ["db-1"], "what changed, and nothing else");
}

#[tokio::test]
async fn d_05_what_flaps_is_held_open_over_a_restart_and_nothing_new_is_shown_meanwhile() {
    let dir = tempfile::tempdir().unwrap();
    let mut lab = lab(&dir).await;
    let key: fluxnoc::model::CheckKey = "web-1/http".parse().unwrap();
    lab.report("web-1/http", good()).await;
    for _ in 0..3 {
        lab.report("web-1/http", refused()).await;
        lab.report("web-1/http", good()).await;
    }
    let edges = ["fired", "flapping_started"];
    assert_eq!(lab.edges().await, edges, "never hard, and an alert all the same");
    assert_eq!((lab.world.unhandled(), lab.state("web-1/http")), (1, (State::Ok, true)));
    let row = |lab: &Lab| std::sync::Arc::clone(lab.world.check(&key).unwrap());
    let shown = row(&lab);
    assert!(shown.status.flap.active);
    lab.report_times(7, "web-1/http", &good()).await;
    assert_eq!(row(&lab), shown, "a result that changes nothing travels to nobody");

    // Lost, the changes would be none, and the next result would end it.
    let (_, clock) = lab.stop().await;
    let wanted = inventory(vec![host("web-1", &["http", "ping"]), host("db-1", &["mysql"])]);
    let mut lab = Lab::start(dir.path(), wanted, clock).await;
    assert_eq!(row(&lab).status.flap.changes.count_ones(), 6, "kept though never shown");
    lab.report_times(7, "web-1/http", &good()).await;
    assert_eq!((lab.edges().await, lab.world.unhandled()), (edges.map(str::to_owned).to_vec(), 1));
    lab.report("web-1/http", good()).await;
    assert_eq!(lab.world.open_alerts().count(), 0);
    assert_eq!(lab.edges().await, ["fired", "flapping_started", "flapping_stopped", "recovered"]);
}

/// Whether a result of a check has come.
fn came(screen: &mut fluxnoc::engine::Watcher, key: &CheckKey) -> bool {
    let mut came = false;
    while let Some(event) = screen.try_next() {
        came |= matches!(&*event, Event::Live(live) if live.check == *key);
    }
    came
}

#[tokio::test]
async fn results_of_rows_on_screen_travel_and_nothing_is_run_more_often_for_them() {
    let dir = tempfile::tempdir().unwrap();
    let mut lab = lab(&dir).await;
    let key: CheckKey = "web-1/ping".parse().unwrap();
    let mut screen = lab.engine.handle.watch(lab::noc()).await.unwrap();
    let stream = loop {
        if let Event::Hello { stream, .. } = &*screen.next().await.unwrap() {
            break *stream;
        }
    };
    let mut worker = lab.worker().await;
    let rows = Interest { rows: vec![key.clone()], ..Interest::default() };
    lab.execute(Command::Look { stream, interest: rows.clone() }).await.unwrap();
    lab.query(Query::Engine).await;
    assert!(worker.try_next().is_none(), "a row asks nothing of a worker");
    lab.report("web-1/ping", slow()).await;
    assert!(came(&mut screen, &key), "its result comes");
    // What is known already is not said again when the list moves.
    lab.execute(Command::Look { stream, interest: rows }).await.unwrap();
    assert!(!came(&mut screen, &key));
    let whole = Interest { checks: vec![key.clone()], ..Interest::default() };
    lab.execute(Command::Look { stream, interest: whole }).await.unwrap();
    assert!(came(&mut screen, &key), "who opens it is told at once");
}

#[tokio::test]
async fn the_same_request_is_done_once() {
    let dir = tempfile::tempdir().unwrap();
    let lab = lab(&dir).await;
    let id = fluxnoc::model::RequestId::from_parts(1, [9; 10]);
    let command = window("*", &lab, 10, true);
    let ask = || fluxnoc::protocol::Request { id, actor: lab::noc(), command: command.clone() };
    let first = lab.engine.handle.execute(ask()).await.unwrap();
    let second = lab.engine.handle.execute(ask()).await.unwrap();
    assert_eq!(first, second);
    let Answer::Maintenance(windows) = lab.query(Query::Maintenance { all: true }).await else {
        panic!("no windows");
    };
    assert_eq!(windows.len(), 1);
}

#[tokio::test]
async fn a_reload_closes_what_is_gone_and_a_bad_one_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut lab = lab(&dir).await;
    lab.report_times(3, "web-1/http", &refused()).await;
    *lab.inventory.lock().unwrap() = Err("config.toml:3:1: unknown key `adress`".to_owned());
    let problem = lab.execute(Command::Reload).await.unwrap_err();
    assert!(problem.message.as_str().contains("config.toml:3:1"));
    assert_eq!(lab.world.host_count(), 2);
    assert!(lab.world.engine().notice.is_some());
    *lab.inventory.lock().unwrap() = Ok(inventory(vec![host("db-1", &["mysql", "ping"])]));
    lab.execute(Command::Reload).await.unwrap();
    assert_eq!(lab.world.host_count(), 1);
    assert!(lab.world.check(&"db-1/ping".parse().unwrap()).is_some());
    assert_eq!(lab.edges().await, ["fired", "closed"]);
    assert!(lab.world.engine().notice.is_none());
}

#[tokio::test]
async fn what_cannot_be_acknowledged_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let mut lab = lab(&dir).await;
    lab.report_times(3, "web-1/http", &refused()).await;
    let targets: Vec<Target> =
        ["web-1", "db-1", "nobody/x"].iter().map(|t| t.parse().unwrap()).collect();
    let command = Command::Acknowledge {
        targets,
        comment: String::new(),
        expires: None,
        sticky: false,
        notify: false,
    };
    let Ok(Outcome::Done { count, failures, .. }) = lab.execute(command).await else {
        panic!("not done");
    };
    assert_eq!((count, failures.len()), (1, 2));
    let past = Command::Acknowledge {
        targets: vec!["web-1".parse().unwrap()],
        comment: String::new(),
        expires: Some(START),
        sticky: false,
        notify: false,
    };
    assert_eq!(lab.execute(past).await.unwrap_err().kind, ProblemKind::Invalid);
}

/// A window of an hour that comes every day at the lab's start plus an hour.
fn nightly(lab: &Lab) -> Command {
    let Command::AddMaintenance(new) = window("web-*", lab, 60, true) else { unreachable!() };
    let (start, end) = (new.start + HOUR, new.end + HOUR);
    let repeats = "daily in Europe/Berlin".parse().ok();
    Command::AddMaintenance(NewMaintenance { start, end, repeats, ..new })
}

const HOUR: Span = Span::from_secs(3600);
const DAY: Span = Span::from_secs(86_400);

/// Waits until the engine has moved the window there.
async fn moved(lab: &mut Lab, start: fluxnoc::model::Timestamp) {
    let there = |event: &Event| matches!(event, Event::Maintenance(w) if w.start == start);
    lab.until("the next occurrence", there).await;
}

#[tokio::test]
async fn fm_28_a_window_that_repeats_is_one_row_and_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let mut lab = lab(&dir).await;
    let begin = lab.clock.now().wall + HOUR;
    let made = nightly(&lab);
    let Ok(Outcome::Maintenance(made)) = lab.execute(made).await else { panic!("no window") };
    assert_eq!(made.start, begin);
    for day in 1..=3 {
        lab.clock.advance(if day == 1 { HOUR + HOUR } else { DAY });
        moved(&mut lab, begin + Span::from_secs(86_400 * day)).await;
    }
    let all = lab.query(Query::Maintenance { all: true }).await;
    let Answer::Maintenance(all) = all else { panic!("no windows") };
    let [one] = all.as_slice() else { panic!("{all:?}") };
    assert_eq!((one.id, one.previous.unwrap().start), (made.id, begin + DAY + DAY));
}

#[tokio::test]
async fn an_occurrence_is_ended_left_out_and_the_recurrence_cancelled_each_undoable() {
    let dir = tempfile::tempdir().unwrap();
    let mut lab = lab(&dir).await;
    let begin = lab.clock.now().wall + HOUR;
    let made = nightly(&lab);
    let Ok(Outcome::Maintenance(made)) = lab.execute(made).await else { panic!("no window") };
    let id = made.id;
    // One that has not begun is left out.
    let Ok(Outcome::Maintenance(later)) = lab.execute(Command::EndMaintenance { id }).await else {
        panic!("no window")
    };
    assert_eq!((later.start, later.previous), (begin + DAY, None));
    // One in effect ends now.
    lab.report_times(3, "web-1/http", &refused()).await;
    lab.clock.advance(DAY + HOUR + Span::from_secs(60));
    lab.until("it begins", |event| matches!(event, Event::Alert(a) if a.suppressed)).await;
    let ended = lab.execute(Command::EndMaintenance { id }).await;
    let Ok(Outcome::Maintenance(ended)) = ended else { panic!("no window") };
    assert_eq!(ended.start, begin + DAY + DAY);
    assert_eq!(ended.previous.unwrap().end, lab.clock.now().wall);
    assert_eq!(lab.edges().await, ["fired", "window_began", "window_ended"]);
    // An end inside the next occurrence is none.
    let longer = Command::ExtendMaintenance { id, by: DAY };
    assert!(lab.execute(longer).await.unwrap_err().message.as_str().contains("next occurrence"));
    // The recurrence ends, and is back when that is undone.
    let cancel = Command::CancelMaintenance { id };
    let (request, outcome) = lab.execute_as(lab::noc(), cancel).await;
    let Ok(Outcome::Maintenance(gone)) = outcome else { panic!("no window") };
    assert!(gone.recurrence.is_none() && gone.is_over(lab.clock.now().wall));
    lab.execute(Command::Undo { request }).await.unwrap();
    lab.drain();
    assert_eq!(lab.world.window(id).unwrap().as_ref(), &ended);
}

#[tokio::test]
async fn d_05_how_a_window_repeats_is_changed_and_taken_back() {
    let dir = tempfile::tempdir().unwrap();
    let mut lab = lab(&dir).await;
    let begin = lab.clock.now().wall + HOUR;
    let made = nightly(&lab);
    let Ok(Outcome::Maintenance(made)) = lab.execute(made).await else { panic!("no window") };
    let id = made.id;
    let edit = |repeats: &str, start: Option<Span>, every| Command::EditMaintenance {
        id,
        name: None,
        start: start.map(|by| begin + by),
        end: None,
        repeats: (!repeats.is_empty()).then(|| repeats.parse().unwrap()),
        every,
    };
    let command = edit("every 2 days in Europe/Berlin", Some(Span::from_secs(600)), true);
    let (request, outcome) = lab.execute_as(lab::noc(), command).await;
    let Ok(Outcome::Maintenance(changed)) = outcome else { panic!("no window") };
    let starts: Vec<_> = changed.following(2).iter().map(|next| next.start).collect();
    let first = begin + Span::from_secs(600);
    assert_eq!((changed.start, changed.end), (first, made.end));
    assert_eq!(starts, [first + DAY + DAY, first + DAY + DAY + DAY + DAY]);
    for (command, words) in [
        (edit("daily until 2020-01-01", None, false), "`repeats`: no day is left"),
        (edit("", Some(HOUR + HOUR), false), "`end` must be later than `start`"),
    ] {
        let refused = lab.execute(command).await.unwrap_err();
        assert!(refused.message.as_str().contains(words), "{refused}");
    }
    lab.execute(Command::Undo { request }).await.unwrap();
    lab.drain();
    assert_eq!(lab.world.window(id).unwrap().as_ref(), &made);
    // In effect it goes on; nothing comes after it.
    lab.clock.advance(HOUR + Span::from_secs(60));
    let last = lab.execute(edit("never", None, false)).await;
    let Ok(Outcome::Maintenance(last)) = last else { panic!("no window") };
    assert_eq!((last.start, last.end, last.recurrence), (made.start, made.end, None));
}

#[tokio::test]
async fn a_restart_inside_an_occurrence_and_over_several_missed_ones() {
    let dir = tempfile::tempdir().unwrap();
    let mut lab = lab(&dir).await;
    let begin = lab.clock.now().wall + HOUR;
    let made = nightly(&lab);
    lab.execute(made).await.unwrap();
    lab.clock.advance(HOUR + Span::from_secs(600));
    lab.report_times(3, "web-1/http", &refused()).await;
    assert_eq!(lab.world.unhandled(), 0);
    let wanted = || inventory(vec![host("web-1", &["http", "ping"])]);
    let (_, clock) = lab.stop().await;
    let lab = Lab::start(dir.path(), wanted(), clock).await;
    let alert = lab.world.open_alerts().next().unwrap().clone();
    assert!(alert.suppressed, "it is still in effect");
    let (_, clock) = lab.stop().await;
    clock.advance(Span::from_secs(86_400 * 5));
    let mut lab = Lab::start(dir.path(), wanted(), clock).await;
    lab.report_times(3, "web-1/http", &refused()).await;
    let window = lab.world.windows().next().unwrap().clone();
    assert_eq!(window.start, begin + Span::from_secs(86_400 * 5), "the one that is in effect now");
    assert!(lab.world.open_alerts().all(|alert| alert.suppressed));
    lab.clock.advance(HOUR);
    lab.until("the window's end", |event| matches!(event, Event::Alert(a) if !a.suppressed)).await;
    assert_eq!(lab.edges().await, ["fired", "window_ended"]);
    let all = Query::Log { filter: Default::default(), before: None, limit: 50 };
    let Answer::Log(page) = lab.query(all).await else { panic!("no log") };
    let said: Vec<String> = page.entries.iter().map(|entry| entry.text.to_string()).collect();
    assert!(said.iter().any(|text| text == "window patching over web-* began"), "{said:?}");
    assert!(said.iter().any(|text| text == "window patching over web-* ended"), "{said:?}");
}

async fn handover(lab: &mut Lab, since: Option<Timestamp>) -> Handover {
    let asked = Query::Handover { since, shift: None, before: None };
    let Answer::Handover(found) = lab.query(asked).await else { panic!("no handover") };
    *found
}

fn rows(handover: &Handover, topic: Topic) -> Vec<String> {
    let part = handover.parts.iter().find(|part| part.topic == topic).unwrap();
    let host = |row: &HandoverRow| row.check.as_ref().map_or(String::new(), |key| key.to_string());
    part.rows.iter().map(|row| format!("{} {}", host(row), row.text).trim().to_owned()).collect()
}

#[tokio::test]
async fn a_handover_tells_what_happened_since_the_last_sign_off_over_a_restart_too() {
    let dir = tempfile::tempdir().unwrap();
    let mut lab = lab(&dir).await;
    lab.report_times(3, "web-1/http", &refused()).await;
    lab.report("web-1/http", good()).await;
    lab.report_times(3, "db-1/mysql", &refused()).await;
    lab.execute(Command::Note { text: "fan \u{1b}[2J ordered ".to_owned() }).await.unwrap();
    for bad in [
        Command::Note { text: "  ".to_owned() },
        Command::Note { text: "x".repeat(501) },
        Command::SignOff { to: "x".repeat(81) },
        Command::SignOff { to: String::new() },
    ] {
        assert_eq!(lab.execute(bad).await.unwrap_err().kind, ProblemKind::Invalid);
    }
    let first = handover(&mut lab, None).await;
    assert_eq!((first.since, first.from), (Since::Hours, first.to - Span::from_secs(8 * 3600)));
    let refused = "connection refused by 127.0.0.1:80";
    assert_eq!(rows(&first, Topic::Open), [format!("db-1/mysql {refused}")]);
    let new = [format!("db-1/mysql {refused}; open"), format!("web-1/http {refused}; over")];
    assert_eq!(rows(&first, Topic::New), new);
    assert_eq!(rows(&first, Topic::Recovered).len(), 1);
    assert_eq!(rows(&first, Topic::Notes), ["fan \u{241b}[2J ordered"]);
    assert_eq!(rows(&first, Topic::Unwatched), [] as [String; 0]);

    lab.clock.advance(Span::from_secs(60));
    lab.execute(Command::SignOff { to: "mia".to_owned() }).await.unwrap();
    lab.clock.advance(Span::from_secs(60));
    let second = handover(&mut lab, None).await;
    assert_eq!(
        (second.since, second.on_duty.clone()),
        (Since::SignOff, Some(SafeText::line("mia")))
    );
    assert_eq!(rows(&second, Topic::Open).len(), 1, "what is open is always told");
    assert_eq!(rows(&second, Topic::New), [] as [String; 0]);
    assert_eq!(rows(&second, Topic::Notes), ["signed off, mia took over"]);

    // An hour without an engine.
    let (_, clock) = lab.stop().await;
    clock.advance(Span::from_secs(3600));
    let wanted = inventory(vec![host("web-1", &["http", "ping"]), host("db-1", &["mysql"])]);
    let mut lab = Lab::start(dir.path(), wanted, clock).await;
    let third = handover(&mut lab, None).await;
    assert_eq!(rows(&third, Topic::Unwatched), ["the engine was off"]);
    let off = &third.parts.iter().find(|part| part.topic == Topic::Unwatched).unwrap().rows[0];
    let long = off.until.unwrap().since(off.at);
    assert!(long >= Span::from_secs(3600) && long < Span::from_secs(3700), "{long}");
    let asked = third.to - Span::from_secs(60);
    assert_eq!(handover(&mut lab, Some(asked)).await.from, asked);
    let ahead = third.to + Span::from_secs(60);
    let ahead = Query::Handover { since: Some(ahead), shift: None, before: None };
    let problem = lab.engine.handle.query(lab::noc(), ahead).await.unwrap_err();
    assert_eq!(problem.kind, ProblemKind::Invalid);
}

#[tokio::test]
async fn fb_31_a_review_of_the_last_days_is_made_from_the_history() {
    let dir = tempfile::tempdir().unwrap();
    let mut lab = lab(&dir).await;
    let minute = Span::from_secs(60);
    lab.report_times(3, "web-1/http", &refused()).await;
    lab.clock.advance(minute);
    lab.acknowledge("web-1/http", None, true).await;
    lab.clock.advance(minute);
    lab.report("web-1/http", good()).await;
    lab.report_times(3, "db-1/mysql", &slow()).await;
    let ask = |days| Query::Review { days };
    let Answer::Review(review) = lab.query(ask(7)).await else { panic!("no review") };
    assert_eq!((review.fired, review.acknowledged, review.hosts), (2, 1, 2));
    let of = |check: &str| {
        let row = review.alerts.rows.iter().find(|row| row.check.to_string() == check);
        row.cloned().unwrap_or_else(|| panic!("{check} is not in {review:?}"))
    };
    let web = of("web-1/http");
    assert_eq!((web.fired, web.worst, web.open), (1, State::Critical, false));
    assert_eq!(web.who, [SafeText::line("noc")]);
    // And the moments in which results are gathered, a retry of 15 s among them.
    let about = |span: Span, minutes: u64| {
        (span.millis() / 60_000, span.millis() % 60_000 < 20_000) == (minutes, true)
    };
    assert!(about(web.firing, 2) && about(web.to_acknowledge.unwrap(), 1), "{web:?}");
    assert!(of("db-1/mysql").open);
    assert_eq!(review.down.rows.len(), 1, "a warning is no downtime");
    assert_eq!(review.down.rows[0].down, web.firing);
    assert_eq!(review.unacknowledged.rows[0].check.to_string(), "db-1/mysql");
    // Nine days later it is open for long, and the rest is out of sight.
    lab.clock.advance(Span::from_secs(9 * 86_400));
    let Answer::Review(review) = lab.query(ask(7)).await else { panic!("no review") };
    assert_eq!((review.fired, review.long_open.count), (0, 1));
    let asked = lab.engine.handle.query(lab::noc(), ask(0)).await;
    assert_eq!(asked.unwrap_err().kind, ProblemKind::Invalid);
}
