//! Schedules: made as the document says, run at their times, judged by the one alert machinery.

use std::sync::Arc;

use fluxnoc::clock::Clock;
use fluxnoc::engine::Inventory;
use fluxnoc::model::speed::{SpeedResult, Throughput};
use fluxnoc::model::test::PortState;
use fluxnoc::model::{Measured, NamedTarget, Span, SpeedTarget, State, TestNews};
use fluxnoc::protocol::{Answer, Command, Outcome, Query, Report};
use serde_json::{Value, json};

use crate::hand::Hand;
use crate::lab::{Lab, START, host, inventory};
use crate::stage::{AGENT, Desk, port};

/// The document's schedule, with the target that it has here.
fn hourly() -> Value {
    json!({
        "name": "HQ Uplink — Hourly", "agent": "HQ-CORE", "target": "10.0.0.9:5201",
        "test_type": "speedtest", "interval_seconds": 3600,
        "thresholds": { "download_min_mbps": 800, "upload_min_mbps": 400, "latency_max_ms": 20,
            "packet_loss_max_pct": 0.5 },
        "alert_on_breach": true, "notify_contact_list": "NOC Team",
    })
}

fn every_10_s(name: &str) -> Value {
    json!({
        "name": name, "agent": AGENT, "target": "127.0.0.1", "port": 80, "test_type": "probe",
        "interval_seconds": 10, "thresholds": { "latency_max_ms": 20 },
    })
}

async fn made(desk: &Desk, body: &Value) -> String {
    let (status, row) = desk.post("/api/speed/schedules", body.clone()).await;
    assert_eq!(status, 201, "{row}");
    row["id"].as_str().unwrap().to_owned()
}

async fn rows(desk: &Desk) -> Vec<Value> {
    let said = desk.net.get("/api/speed/schedules", &desk.viewer).await;
    said.json().as_array().unwrap().clone()
}

#[tokio::test]
async fn fs_27_fs_28_the_documents_schedule_is_kept_and_its_check_stands_at_the_agent() {
    let mut desk = Desk::new().await;
    let body = hourly();
    let id = made(&desk, &body).await;
    desk.turn().await;
    let row = &rows(&desk).await[0];
    for (field, value) in body.as_object().unwrap() {
        if field == "thresholds" {
            for (limit, value) in value.as_object().unwrap() {
                assert_eq!(row[field][limit].as_f64(), value.as_f64(), "{limit}");
            }
        } else {
            assert_eq!(&row[field], value, "{field}");
        }
    }
    assert_eq!((row["id"].as_str(), &row["created_by"]), (Some(&*id), &json!("operator")));
    assert!(row["note"].as_str().unwrap().contains("no contact list `NOC Team`"), "{row}");
    let next: fluxnoc::model::Timestamp = row["next"].as_str().unwrap().parse().unwrap();
    let ahead = next.since(desk.net.lab.clock.now().wall);
    assert!(ahead <= Span::from_secs(3600), "{ahead}");
    let key = "HQ-CORE/HQ Uplink — Hourly";
    assert_eq!(desk.net.lab.state(key).0, State::Unknown, "it stands there, and nothing ran yet");
    // A name is taken once; the same body is refused, naming the field.
    let (status, said) = desk.post("/api/speed/schedules", body).await;
    assert_eq!(status, 409, "{said}");
    assert!(said.to_string().contains("`name`"), "{said}");
    for (change, words) in [
        (json!({ "interval_seconds": 5 }), "`interval_seconds`: 5 is not within 10 to"),
        (json!({ "streams": 9 }), "`streams`: 9"),
        (json!({ "unknown": 9 }), "unknown field `unknown`"),
        (json!({ "cron": "0 * * * *" }), "not both"),
        (json!({ "consecutive_failures": 0 }), "within 1 to 20"),
        (json!({ "zone": "Mars/Base", "cron": "0 * * * *", "interval_seconds": null }), "zone"),
        (json!({ "target": "speedtest.net" }), "a protocol of its own"),
        (json!({ "thresholds": { "packet_loss_max_pct": 101 } }), "0 to 100"),
        (json!({ "thresholds": { "speed": 1 } }), "speed"),
    ] {
        let mut body = hourly();
        body["name"] = json!("other");
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let (status, said) = desk.post("/api/speed/schedules", body).await;
        assert_eq!(status, 422, "{change}: {said}");
        assert!(said.to_string().contains(words), "{change}: {said}");
    }
    assert_eq!(rows(&desk).await.len(), 1);
}

/// The test that is due is run, with this result. How many seconds passed until then.
async fn run(desk: &mut Desk, result: Measured) -> u64 {
    for waited in 0..40 {
        if let Some(order) = desk.orders().await.first() {
            let news = desk.news(order.id, Some(result), true);
            desk.tell(news).await;
            return waited;
        }
        desk.net.lab.clock.advance(Span::from_secs(1));
    }
    panic!("nothing is due");
}

fn open(desk: &Desk, key: &str) -> bool {
    let alert = desk.net.lab.world.alert_of(&key.parse().unwrap());
    alert.is_some_and(|alert| alert.fired.is_some())
}

#[tokio::test]
async fn fs_29_fs_32_three_runs_in_a_row_that_break_a_limit_alert_and_a_good_one_ends_it() {
    for bad in [port(PortState::Closed, 0.1), port(PortState::Open, 20.5)] {
        let mut desk = Desk::new().await;
        made(&desk, &every_10_s("db")).await;
        let key = "HQ-CORE/db";
        run(&mut desk, port(PortState::Open, 20.0)).await;
        assert_eq!(desk.net.lab.state(key), (State::Ok, true), "a limit that is met is not broken");
        for n in 1..=3 {
            assert!(!open(&desk, key), "after {} of them", n - 1);
            run(&mut desk, bad.clone()).await;
            assert_eq!(desk.net.lab.state(key).0, State::Critical);
        }
        assert!(open(&desk, key), "{bad:?}");
        let row = desk.net.lab.world.check(&key.parse().unwrap()).unwrap();
        let words = row.status.output.to_string();
        assert!(words.contains("closed") || words.contains("latency 20.5 ms (> 20 ms)"), "{words}");
        run(&mut desk, port(PortState::Open, 1.0)).await;
        assert_eq!(desk.net.lab.state(key), (State::Ok, true));
        assert!(!open(&desk, key), "FS-32: it ends by itself");
        let kept = desk.net.get("/api/speed/results?test_type=probe", &desk.viewer).await.json();
        let broke = kept.as_array().unwrap().iter().filter(|test| test["breaches"].is_array());
        let expected = if matches!(bad, Measured::Probe(ref one) if one.state == PortState::Open) {
            3
        } else {
            0
        };
        assert_eq!((kept.as_array().unwrap().len(), broke.count()), (5, expected));
    }
}

#[tokio::test]
async fn fs_29_two_of_the_last_four_alert_when_that_is_asked_for() {
    let mut desk = Desk::new().await;
    let mut body = every_10_s("db");
    body["consecutive_failures"] = json!(2);
    body["of_last"] = json!(4);
    made(&desk, &body).await;
    let (good, bad) = (port(PortState::Open, 1.0), port(PortState::Closed, 1.0));
    for result in [&good, &bad, &good] {
        run(&mut desk, result.clone()).await;
        assert!(!open(&desk, "HQ-CORE/db"));
    }
    run(&mut desk, bad.clone()).await;
    assert!(open(&desk, "HQ-CORE/db"), "2 of 4, not in a row");
}

#[tokio::test]
async fn fs_29_nobody_is_told_of_a_schedule_that_only_keeps_results() {
    let mut desk = Desk::new().await;
    let mut body = every_10_s("db");
    (body["alert_on_breach"], body["consecutive_failures"]) = (json!(false), json!(1));
    made(&desk, &body).await;
    for _ in 0..2 {
        run(&mut desk, port(PortState::Filtered, 1.0)).await;
    }
    assert!(!open(&desk, "HQ-CORE/db"));
    assert_eq!(desk.net.lab.state("HQ-CORE/db"), (State::Ok, true));
}

#[tokio::test]
async fn fs_27_a_schedule_is_paused_goes_on_is_run_now_and_removed() {
    let mut desk = Desk::new().await;
    let mut body = every_10_s("db");
    let id = made(&desk, &body).await;
    run(&mut desk, port(PortState::Open, 1.0)).await;
    body["paused"] = json!(true);
    let one = format!("/api/v1/schedules/{id}");
    let said = desk.net.ask("PUT", &one, &desk.operator, Some(body.clone())).await;
    assert_eq!(said.status, 200, "{}", said.text);
    assert_eq!(rows(&desk).await[0].get("next"), None);
    desk.pass(Span::from_secs(60)).await;
    assert!(desk.orders().await.is_empty(), "nothing is run");
    // By hand it is.
    let said = desk.net.ask("POST", &format!("{one}/run"), &desk.operator, None).await;
    assert_eq!((said.status, &said.json()["schedule"]), (202, &json!(id)), "{}", said.text);
    assert_eq!(run(&mut desk, port(PortState::Open, 1.0)).await, 0);
    body["paused"] = json!(false);
    desk.net.ask("PUT", &one, &desk.operator, Some(body)).await;
    assert!(run(&mut desk, port(PortState::Open, 1.0)).await <= 11);
    let said = desk.net.ask("DELETE", &one, &desk.operator, None).await;
    assert_eq!(said.status, 200, "{}", said.text);
    desk.pass(Span::from_secs(60)).await;
    assert!(desk.orders().await.is_empty() && rows(&desk).await.is_empty());
    assert!(desk.net.lab.world.check(&"HQ-CORE/db".parse().unwrap()).is_none());
    let path = format!("/api/speed/results?schedule={id}");
    let kept = desk.net.get(&path, &desk.viewer).await.json();
    assert_eq!(kept.as_array().unwrap().len(), 3, "its results stay");
}

#[tokio::test]
async fn fs_27_a_run_that_is_due_while_the_agent_is_away_is_missed_and_said_so() {
    let mut desk = Desk::new().await;
    let mut body = every_10_s("db");
    body["alert_on_missed"] = json!(true);
    body["consecutive_failures"] = json!(2);
    made(&desk, &body).await;
    run(&mut desk, port(PortState::Open, 1.0)).await;
    for _ in 0..30 {
        desk.net.lab.clock.advance(Span::from_secs(10));
        desk.turn().await;
    }
    let kept = desk.net.get("/api/speed/results?phase=missed", &desk.viewer).await.json();
    let kept = kept.as_array().unwrap();
    assert!(kept.len() > 10, "{}", kept.len());
    assert!(kept.iter().all(|test| !test["reason"].as_str().unwrap().is_empty()), "{kept:?}");
    assert!(desk.net.lab.state("HQ-CORE/db").0.is_problem());
}

#[tokio::test]
async fn d_23_the_documents_target_is_a_name_that_the_configuration_gives_a_place() {
    let dir = tempfile::tempdir().unwrap();
    let place: SpeedTarget = "http://127.0.0.1:9/".parse().unwrap();
    let name = "speedtest.net".to_owned();
    let named = NamedTarget { name: name.clone(), target: place.clone(), link: None };
    let wanted =
        Inventory { targets: Arc::new(vec![named]), ..inventory(vec![host("web-1", &["ping"])]) };
    let mut lab = Lab::start(dir.path(), wanted, Clock::manual(START)).await;
    let mut agent = Hand::ready(&mut lab, AGENT).await;
    let mut body = hourly();
    body["target"] = json!(name);
    let plan = serde_json::from_value(body).unwrap();
    let Outcome::Schedule(row) = lab.execute(Command::AddSchedule { plan }).await.unwrap() else {
        panic!("no schedule")
    };
    let id = row.schedule.id;
    let Outcome::Test(test) = lab.execute(Command::RunSchedule { id }).await.unwrap() else {
        panic!("no test")
    };
    assert_eq!(test.target.as_str(), name, "its results stay under that name");
    let told = agent.beat(&mut lab, 5, 0).await.unwrap();
    let Outcome::Directives(directives) = told else { panic!("{told:?}") };
    let orders = directives.tests.unwrap();
    assert_eq!(orders.tests.len(), 1);
    assert_eq!(orders.tests[0].targets, [place]);
}

#[tokio::test]
async fn fs_33_a_schedule_that_goes_to_the_nearest_learns_what_is_usual_there() {
    let dir = tempfile::tempdir().unwrap();
    let of = |name: &str, place: &str| NamedTarget {
        name: name.to_owned(),
        target: place.parse().unwrap(),
        link: None,
    };
    let targets = vec![of("east", "192.0.2.1:5201"), of("west", "192.0.2.2:5201")];
    let wanted =
        Inventory { targets: Arc::new(targets), ..inventory(vec![host("web-1", &["ping"])]) };
    let mut lab = Lab::start(dir.path(), wanted, Clock::manual(START)).await;
    let mut agent = Hand::ready(&mut lab, AGENT).await;
    let mut body = hourly();
    body.as_object_mut().unwrap().remove("target");
    body["interval_seconds"] = json!(86_400);
    let plan = serde_json::from_value(body).unwrap();
    let Outcome::Schedule(row) = lab.execute(Command::AddSchedule { plan }).await.unwrap() else {
        panic!("no schedule")
    };
    let id = row.schedule.id;
    for (place, counted) in [("192.0.2.1:5201", 1), ("192.0.2.1:5201", 2), ("192.0.2.2:5201", 1)] {
        lab.execute(Command::RunSchedule { id }).await.unwrap();
        let told = agent.beat(&mut lab, 5, 0).await.unwrap();
        let Outcome::Directives(directives) = told else { panic!("{told:?}") };
        let order = directives.tests.unwrap().tests.remove(0);
        let target: SpeedTarget = place.parse().unwrap();
        let way = Throughput { mbps: 900.0, took_ms: 10_000, ..Throughput::default() };
        let result = SpeedResult { download: Some(way), ..SpeedResult::begun(&target) };
        agent.seq += 1;
        let news = TestNews {
            id: order.id,
            at: lab.clock.now().wall,
            over: true,
            failure: None,
            busy: false,
            result: Some(Box::new(Measured::Speedtest(result))),
        };
        let report = Report { tests: vec![news], ..agent.message(Vec::new()) };
        agent.send(&mut lab, report).await.unwrap();
        // What is usual is looked at once an hour while it is learnt.
        for _ in 0..400 {
            lab.clock.advance(Span::from_secs(10));
            agent.beat(&mut lab, 5, 0).await.unwrap();
        }
        let Answer::Schedules(rows) = lab.query(Query::Schedules).await else { panic!("rows") };
        let known = rows[0].baselines.download;
        assert_eq!(known.map(|one| one.count), Some(counted), "{place}: {:?}", rows[0]);
    }
}

#[tokio::test]
async fn d_26_a_place_that_is_free_is_given_on_at_once_and_not_at_the_next_look() {
    let mut desk = Desk::new().await;
    for _ in 0..9 {
        let body = json!({ "agent": AGENT, "target": "127.0.0.1", "port": 9 });
        let (status, said) = desk.post("/api/speed/probe", body).await;
        assert_eq!(status, 202, "{said}");
    }
    let begun = desk.orders().await;
    assert_eq!(begun.len(), 8, "eight at once");
    // The clock stands still from here.
    let over = desk.news(begun[0].id, Some(port(PortState::Open, 1.0)), true);
    desk.agent.seq += 1;
    let report = Report { tests: vec![over], ..desk.agent.message(Vec::new()) };
    desk.agent.send(&mut desk.net.lab, report).await.unwrap();
    let Outcome::Directives(then) = desk.agent.beat(&mut desk.net.lab, 5, 0).await.unwrap() else {
        panic!("no directives")
    };
    let then = then.tests.unwrap().tests;
    assert_eq!(then.len(), 8, "the ninth has the place of the first");
    assert!(then.iter().all(|order| order.id != begun[0].id));
}
