//! Schedules of the configuration: run like the others, changed in the file only.

use std::path::Path;
use std::sync::Arc;

use fluxnoc::engine::Inventory;
use fluxnoc::model::test::PortState;
use fluxnoc::model::{Plan, Span};
use fluxnoc::protocol::{Answer, Command, Problem, Query, ScheduleRow, TestFilter};
use serde_json::{Value, json};

use crate::lab::{host, inventory};
use crate::stage::{AGENT, port};
use crate::traffic::Site;

fn plan(name: &str, change: Value) -> Plan {
    let mut body = json!({
        "name": name, "agent": AGENT, "target": "127.0.0.1", "port": 80, "test_type": "probe",
        "interval_seconds": 60,
    });
    body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    serde_json::from_value(body).unwrap()
}

fn written(plans: Vec<Plan>) -> Inventory {
    Inventory {
        schedules: Arc::new(plans),
        source: Some("/etc/fluxnoc/config.toml".to_owned()),
        ..inventory(vec![host("web-1", &["ping"])])
    }
}

async fn rows(site: &Site) -> Vec<ScheduleRow> {
    let Answer::Schedules(rows) = site.lab.query(Query::Schedules).await else { panic!() };
    rows
}

async fn reload(site: &mut Site, wanted: Inventory) {
    *site.lab.inventory.lock().unwrap() = Ok(wanted);
    site.lab.execute(Command::Reload).await.unwrap();
    site.turn().await;
}

async fn start(dir: &Path, plans: Vec<Plan>) -> Site {
    let mut site = Site::new(dir, written(plans)).await;
    site.turn().await;
    site
}

#[tokio::test]
async fn fs_27_a_schedule_of_the_configuration_runs_and_is_changed_there_only() {
    let dir = tempfile::tempdir().unwrap();
    let mut site = start(dir.path(), vec![plan("db", json!({}))]).await;
    let row = rows(&site).await.remove(0);
    assert_eq!(row.schedule.created_by.as_str(), "the configuration");
    assert_eq!(row.schedule.source.as_ref().unwrap().as_str(), "/etc/fluxnoc/config.toml");
    let id = row.schedule.id;
    let order = site.next().await;
    site.tell(&order, port(PortState::Open, 1.0)).await;
    assert!(!site.lab.state("HQ-CORE/db").0.is_problem());
    // Neither an edit nor a pause nor a removal; to run it once is fine.
    let paused = Box::new(plan("db", json!({ "paused": true })));
    let words = |problem: Problem| problem.to_string();
    let edit = site.lab.execute(Command::EditSchedule { id, plan: paused }).await;
    let remove = site.lab.execute(Command::RemoveSchedule { id }).await;
    for refused in [edit, remove] {
        let words = words(refused.unwrap_err());
        assert!(words.contains("stands in /etc/fluxnoc/config.toml"), "{words}");
    }
    site.lab.execute(Command::RunSchedule { id }).await.unwrap();
    assert_eq!(site.orders().await.len(), 1);
    let made = Box::new(plan("db", json!({})));
    assert!(site.lab.execute(Command::AddSchedule { plan: made }).await.is_err(), "it is taken");
    // One that is made here stands beside it, and a start changes neither.
    let made = Box::new(plan("mine", json!({})));
    site.lab.execute(Command::AddSchedule { plan: made }).await.unwrap();
    let wanted = written(vec![plan("db", json!({}))]);
    let mut site = site.restart(dir.path(), wanted, Span::from_secs(1)).await;
    site.turn().await;
    let all = rows(&site).await;
    let told: Vec<(&str, bool, u64)> = all
        .iter()
        .map(|row| {
            let one = &row.schedule;
            (one.plan.name.as_str(), one.source.is_some(), one.revision)
        })
        .collect();
    assert_eq!(told, [("db", true, 1), ("mine", false, 1)]);
    assert_eq!(all[0].schedule, row.schedule, "the same one, with its id and its begin");
}

#[tokio::test]
async fn fs_27_a_reload_takes_in_what_is_new_changed_and_gone() {
    let dir = tempfile::tempdir().unwrap();
    let (a, b) = (plan("a", json!({})), plan("b", json!({})));
    let mut site = start(dir.path(), vec![a.clone(), b]).await;
    let before = rows(&site).await;
    let made = Box::new(plan("mine", json!({})));
    site.lab.execute(Command::AddSchedule { plan: made }).await.unwrap();
    let order = site.next().await;
    site.tell(&order, port(PortState::Open, 1.0)).await;
    let changed = plan("a", json!({ "interval_seconds": 600 }));
    let (c, taken) = (plan("c", json!({ "agent": "later" })), plan("mine", json!({ "port": 81 })));
    reload(&mut site, written(vec![changed, c, taken])).await;
    let after = rows(&site).await;
    let names: Vec<&str> = after.iter().map(|row| row.schedule.plan.name.as_str()).collect();
    assert_eq!(names, ["a", "c", "mine"]);
    assert_eq!(after[0].schedule.id, before[0].schedule.id);
    assert_eq!(
        (after[0].schedule.revision, after[0].schedule.plan.interval_seconds),
        (2, Some(600))
    );
    assert_eq!(&*after[1].schedule.vantage, "later", "an agent that is not let in yet");
    assert!(after[2].schedule.source.is_none(), "what somebody made is not taken over");
    for (key, there) in [("HQ-CORE/a", true), ("HQ-CORE/b", false), ("later/c", true)] {
        assert_eq!(site.lab.world.check(&key.parse().unwrap()).is_some(), there, "{key}");
    }
    // What it measured stays.
    let query = Query::Tests { filter: TestFilter::default(), limit: 100 };
    let Answer::Tests(tests) = site.lab.query(query).await else { panic!() };
    assert!(!tests.is_empty());
    // A file that cannot be read leaves everything as it is.
    *site.lab.inventory.lock().unwrap() = Err("no".to_owned());
    assert!(site.lab.execute(Command::Reload).await.is_err());
    assert_eq!(rows(&site).await.len(), 3);
    reload(&mut site, written(vec![a])).await;
    assert_eq!(rows(&site).await.len(), 2);
}
