//! Runs that were not had: kept once, with the reason, and told when that is wanted.

use fluxnoc::model::test::PortState;
use fluxnoc::model::{ScheduleId, Span, Timestamp};
use fluxnoc::protocol::{Answer, Command, Outcome, Query, ScheduleRow};
use serde_json::json;

use crate::lab::{host, inventory};
use crate::stage::{AGENT, port};
use crate::traffic::Site;

const KEY: &str = "HQ-CORE/db";

fn wanted() -> fluxnoc::engine::Inventory {
    inventory(vec![host("web-1", &["ping"])])
}

async fn scheduled(site: &mut Site, seconds: u64) -> ScheduleId {
    let plan = serde_json::from_value(json!({
        "name": "db", "agent": AGENT, "target": "127.0.0.1", "port": 80, "test_type": "probe",
        "interval_seconds": seconds, "alert_on_missed": true,
    }))
    .unwrap();
    match site.lab.execute(Command::AddSchedule { plan }).await.unwrap() {
        Outcome::Schedule(row) => row.schedule.id,
        other => panic!("{other:?}"),
    }
}

async fn row(site: &Site) -> ScheduleRow {
    let Answer::Schedules(mut rows) = site.lab.query(Query::Schedules).await else { panic!() };
    rows.remove(0)
}

fn is_open(site: &Site) -> bool {
    let alert = site.lab.world.alert_of(&KEY.parse().unwrap());
    alert.is_some_and(|alert| alert.fired.is_some())
}

#[tokio::test]
async fn fs_27_a_month_without_an_engine_is_one_entry_with_its_runs_and_alerts() {
    let dir = tempfile::tempdir().unwrap();
    let mut site = Site::new(dir.path(), wanted()).await;
    scheduled(&mut site, 60).await;
    let order = site.next().await;
    site.tell(&order, port(PortState::Open, 1.0)).await;
    assert!(!is_open(&site) && row(&site).await.missed.is_none());
    let month = Span::from_secs(30 * 86_400);
    let off = site.lab.clock.now().wall;
    let mut site = site.restart(dir.path(), wanted(), month).await;
    let missed = site.missed().await;
    assert_eq!(missed.len(), 1, "{}", missed.len());
    let runs = missed[0].missed_runs();
    assert!((43_199..=43_200).contains(&runs), "{runs}");
    let words = missed[0].reason.to_string();
    let near = |text: &str| {
        let at: Timestamp = text.parse().unwrap();
        at.millis().abs_diff(off.millis()) < 5000
    };
    let since = words.split_whitespace().nth(4).unwrap();
    assert!(words.starts_with("fluxnoc was off from ") && near(since), "{words}");
    assert_eq!(missed[0].figures, fluxnoc::model::Figures::default());
    let told = row(&site).await.missed.unwrap();
    assert_eq!((told.runs, told.at, told.at_least), (runs, missed[0].asked_at, false));
    assert!(told.until > told.at && told.reason == missed[0].reason);
    site.turn().await;
    assert!(is_open(&site), "three in a row and more alert");
    let check = site.lab.world.check(&KEY.parse().unwrap()).unwrap();
    let output = check.status.output.to_string();
    assert!(output.contains(&format!("{runs} runs were missed")), "{output}");
    // Once: another start finds nothing new, and what is due runs on.
    let mut site = site.restart(dir.path(), wanted(), Span::from_secs(2)).await;
    assert_eq!(site.missed().await.len(), 1);
    assert_eq!(row(&site).await.missed.unwrap().runs, runs, "it is known after a start as well");
    let order = site.next().await;
    site.tell(&order, port(PortState::Open, 1.0)).await;
    assert!(!is_open(&site), "it ends with the next run");
    let check = site.lab.world.check(&KEY.parse().unwrap()).unwrap();
    let output = check.status.output.to_string();
    assert!(output.ends_with(&format!("{runs} runs were missed before it")), "{output}");
}

#[tokio::test]
async fn fs_27_a_run_that_can_still_be_had_after_a_short_stop_is_not_missed() {
    let dir = tempfile::tempdir().unwrap();
    let mut site = Site::new(dir.path(), wanted()).await;
    scheduled(&mut site, 3600).await;
    let next = row(&site).await.next.unwrap();
    let ahead = next.since(site.lab.clock.now().wall);
    site.pass(Span::from_millis(ahead.millis().saturating_sub(20_000))).await;
    let mut site = site.restart(dir.path(), wanted(), Span::from_secs(60)).await;
    let order = site.next().await;
    site.tell(&order, port(PortState::Open, 1.0)).await;
    assert!(site.missed().await.is_empty());
    assert!(row(&site).await.next.unwrap() > next);
    // The same start long after it: the run is over and missed.
    let mut site = site.restart(dir.path(), wanted(), Span::from_secs(7200)).await;
    site.turn().await;
    let missed = site.missed().await;
    assert_eq!(missed.len(), 1);
    assert!((1..=2).contains(&missed[0].missed_runs()), "{missed:?}");
}

#[tokio::test]
async fn fs_27_what_was_due_while_nothing_moved_is_one_entry_and_nobody_is_told_unasked() {
    let dir = tempfile::tempdir().unwrap();
    let mut site = Site::new(dir.path(), wanted()).await;
    let id = scheduled(&mut site, 10).await;
    let mut plan = row(&site).await.schedule.plan;
    plan.alert_on_missed = false;
    site.lab.execute(Command::EditSchedule { id, plan: Box::new(plan) }).await.unwrap();
    let order = site.next().await;
    site.tell(&order, port(PortState::Open, 1.0)).await;
    // The machine sleeps.
    site.lab.clock.advance(Span::from_secs(3600));
    site.turn().await;
    let missed = site.missed().await;
    assert_eq!(missed.len(), 1, "{missed:?}");
    assert!((358..=360).contains(&missed[0].missed_runs()), "{:?}", missed[0].missed);
    assert!(missed[0].reason.as_str().contains("the machine slept"), "{}", missed[0].reason);
    assert!(!is_open(&site) && !site.lab.state(KEY).0.is_problem());
}
