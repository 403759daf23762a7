//! Asked for, told to an agent, heard of, kept: on a manual clock, the agent moved by hand.

use fluxnoc::model::test::PortState;
use fluxnoc::model::{Measured, SafeText, Span, TestNews};
use fluxnoc::protocol::{Answer, Query};
use serde_json::{Value, json};

use crate::stage::{AGENT, Desk, id_of, port};

/// The document's bodies.
fn bodies() -> [(&'static str, Value); 3] {
    [
        ("trace", json!({ "target": "8.8.8.8", "count": 30, "interval_ms": 100 })),
        (
            "probe",
            json!({
                "target": "db-prod-01.internal", "port": 5432, "protocol": "tcp", "timeout_ms": 2000,
            }),
        ),
        (
            "dns",
            json!({ "hostname": "api.internal.example.com", "resolvers": ["8.8.8.8", "1.1.1.1"] }),
        ),
    ]
}

fn at(agent: &str, body: &Value) -> Value {
    let mut body = body.clone();
    body["agent"] = json!(agent);
    body
}

#[tokio::test]
async fn fs_23_fs_24_fs_25_the_documents_bodies_become_orders_of_the_agent() {
    let mut desk = Desk::new().await;
    for (kind, body) in bodies() {
        let (status, test) = desk.post(&format!("/api/speed/{kind}"), at("hq-core", &body)).await;
        assert_eq!(status, 202, "{test}");
        // Whatever the document's body says is in what is asked for, under its own name.
        for (field, value) in body.as_object().unwrap() {
            assert_eq!(&test["spec"][field], value, "{kind} {field}: {test}");
        }
        assert_eq!((&test["agent"], &test["asked_by"]), (&json!(AGENT), &json!("operator")));
        let orders = desk.orders().await;
        let order = orders.iter().find(|order| order.id == id_of(&test)).expect("it is ordered");
        assert_eq!(serde_json::to_value(&order.spec).unwrap(), test["spec"]);
        assert_eq!(desk.result(&test["id"]).await["phase"], "running");
    }
    // Wrong ones name the field, and nothing is asked of the agent.
    let before = desk.orders().await.len();
    for (kind, body, words) in [
        ("trace", json!({ "target": "a", "count": 0 }), "`count`: 0 is not within 1 to 1000"),
        ("trace", json!({ "target": "-x" }), "`target`"),
        ("probe", json!({ "target": "a", "port": 0 }), "`port`: 0 is not within 1 to 65535"),
        ("dns", json!({ "hostname": "a", "record_type": "X" }), "`record_type`"),
        ("test", json!({ "target": "a", "duration_seconds": 15 }), "none of 10, 20, 30, 60"),
        ("test", json!({ "target": "a", "streams": 9 }), "`streams`: 9 is not within 1 to 8"),
        ("test", json!({ "target": "speedtest.net" }), "a protocol of its own"),
        ("test", json!({}), "[[target]]"),
    ] {
        let (status, said) = desk.post(&format!("/api/speed/{kind}"), at(AGENT, &body)).await;
        assert_eq!(status, 422, "{kind} {body}: {said}");
        assert!(said.to_string().contains(words), "{kind} {body}: {said}");
    }
    let (status, said) =
        desk.post("/api/speed/trace", json!({ "target": "a", "agent": "nobody" })).await;
    assert_eq!(status, 404, "{said}");
    assert!(said.to_string().contains("there are lab, HQ-CORE"), "{said}");
    assert_eq!(desk.orders().await.len(), before);
}

async fn asked(desk: &Desk) -> Value {
    let body = json!({ "target": "127.0.0.1", "port": 80, "agent": AGENT });
    let (status, test) = desk.post("/api/speed/probe", body).await;
    assert_eq!(status, 202, "{test}");
    test
}

async fn all(desk: &Desk) -> Vec<Value> {
    let said = desk.net.get("/api/speed/results?limit=1000", &desk.viewer).await;
    assert_eq!(said.status, 200, "{}", said.text);
    said.json().as_array().unwrap().clone()
}

#[tokio::test]
async fn fs_02_a_result_is_kept_once_however_often_it_is_sent_and_only_from_who_was_asked() {
    let mut desk = Desk::new().await;
    let test = asked(&desk).await;
    let id = id_of(&test);
    // Before it was told to run it, an agent has nothing to say of it.
    assert_eq!(desk.orders().await.len(), 1);
    let mut other = crate::hand::Hand::ready(&mut desk.net.lab, "OTHER").await;
    other.seq += 1;
    let news = desk.news(id, Some(port(PortState::Closed, 9.0)), true);
    let report = fluxnoc::protocol::Report { tests: vec![news], ..other.message(Vec::new()) };
    other.send(&mut desk.net.lab, report).await.unwrap();
    desk.turn().await;
    assert_eq!(desk.result(&test["id"]).await["phase"], "running", "another one's word");
    // Nor is what it was not asked for taken.
    let dns = Measured::Dns(fluxnoc::model::test::DnsResult::default());
    desk.tell(desk.news(id, Some(dns), false)).await;
    assert_eq!(desk.result(&test["id"]).await.get("result"), None);
    let report = desk.tell(desk.news(id, Some(port(PortState::Open, 1.5)), true)).await;
    let kept = desk.result(&test["id"]).await;
    assert_eq!((&kept["phase"], &kept["figures"]["latency_ms"]), (&json!("done"), &json!(1.5)));
    assert_eq!(kept["result"]["state"], "open");
    assert!(kept["started_at"].is_string() && kept["ended_at"].is_string());
    // The answer was lost: the same report again, and news of another kind under a new number.
    desk.agent.send(&mut desk.net.lab, report).await.unwrap();
    desk.tell(desk.news(id, Some(port(PortState::Closed, 7.0)), true)).await;
    assert_eq!(desk.result(&test["id"]).await, kept);
    assert_eq!(all(&desk).await.len(), 1);
    assert!(desk.orders().await.is_empty(), "it is not run again");
}

#[tokio::test]
async fn fs_10_an_agent_that_is_away_is_said_so_or_waited_for() {
    let mut desk = Desk::new().await;
    desk.net.lab.clock.advance(Span::from_secs(130));
    desk.turn().await;
    let body = json!({ "target": "127.0.0.1", "port": 80, "agent": AGENT });
    let (status, said) = desk.post("/api/speed/probe", body.clone()).await;
    assert_eq!(status, 409, "{said}");
    assert!(said.to_string().contains("HQ-CORE` is OFFLINE"), "{said}");
    assert!(all(&desk).await.is_empty(), "what was refused is not there");
    let mut waiting = body;
    waiting["wait"] = json!(true);
    let (status, test) = desk.post("/api/speed/probe", waiting).await;
    assert_eq!(status, 202, "{test}");
    desk.turn().await;
    let kept = desk.result(&test["id"]).await;
    assert_eq!(
        (&kept["phase"], &kept["reason"]),
        (&json!("queued"), &json!("waits: HQ-CORE is not there"))
    );
    // It is back.
    let lab = &mut desk.net.lab;
    desk.agent.beat(lab, 5, 0).await.unwrap();
    assert_eq!(desk.orders().await[0].id, id_of(&test));
    desk.tell(desk.news(id_of(&test), Some(port(PortState::Open, 1.0)), true)).await;
    assert_eq!(desk.result(&test["id"]).await["phase"], "done");
    // One that never comes back is not waited for without end.
    desk.net.lab.clock.advance(Span::from_secs(130));
    desk.turn().await;
    let waiting = json!({ "target": "127.0.0.1", "port": 80, "agent": AGENT, "wait": true });
    let (_, test) = desk.post("/api/speed/probe", waiting).await;
    desk.net.lab.clock.advance(Span::from_secs(3601));
    desk.turn().await;
    desk.login().await;
    let kept = desk.result(&test["id"]).await;
    assert_eq!(kept["phase"], "missed");
    assert!(kept["reason"].as_str().unwrap().contains("HQ-CORE is not there"), "{kept}");
}

#[tokio::test]
async fn an_agent_that_dies_with_its_test_leaves_what_it_measured_and_why() {
    let mut desk = Desk::new().await;
    let test = asked(&desk).await;
    assert_eq!(desk.orders().await.len(), 1);
    desk.tell(desk.news(id_of(&test), Some(port(PortState::Open, 3.0)), false)).await;
    let so_far = desk.result(&test["id"]).await;
    assert_eq!((&so_far["phase"], &so_far["result"]["time_ms"]), (&json!("running"), &json!(3.0)));
    // Another start of the same agent.
    desk.agent.boot += 1;
    (desk.agent.seq, desk.agent.stream) = (0, None);
    desk.agent.claim(&mut desk.net.lab).await.unwrap();
    desk.turn().await;
    let kept = desk.result(&test["id"]).await;
    assert_eq!(kept["phase"], "failed");
    assert_eq!(kept["reason"], "HQ-CORE was started anew while the test ran");
    assert_eq!(kept["result"]["time_ms"], 3.0, "what was measured");
    // One of which nothing is heard any more while the agent is there.
    let test = asked(&desk).await;
    assert_eq!(desk.orders().await.len(), 1);
    desk.pass(Span::from_secs(60)).await;
    let kept = desk.result(&test["id"]).await;
    assert_eq!(kept["phase"], "failed");
    assert_eq!(kept["reason"], "HQ-CORE gave no result in its time");
    // And one whose agent is gone: it may be cut off and tell later, for an hour.
    let test = asked(&desk).await;
    assert_eq!(desk.orders().await.len(), 1);
    desk.agent.stream = None;
    desk.net.lab.clock.advance(Span::from_secs(1800));
    desk.turn().await;
    desk.login().await;
    assert_eq!(desk.result(&test["id"]).await["phase"], "running");
    desk.net.lab.clock.advance(Span::from_secs(1900));
    desk.turn().await;
    desk.login().await;
    let kept = desk.result(&test["id"]).await;
    assert_eq!(kept["phase"], "failed");
    assert_eq!(kept["reason"], "nothing was heard of HQ-CORE any more");
}

#[tokio::test]
async fn fs_11_what_was_measured_while_the_agent_was_cut_off_is_told_later_and_kept() {
    let mut desk = Desk::new().await;
    let test = asked(&desk).await;
    assert_eq!(desk.orders().await.len(), 1);
    desk.agent.stream = None;
    desk.net.lab.clock.advance(Span::from_secs(600));
    desk.turn().await;
    desk.login().await;
    // The same process is back, long after the test's time; it needs a moment to tell.
    desk.agent.claim(&mut desk.net.lab).await.unwrap();
    assert_eq!(desk.orders().await.len(), 0, "its time is over: it is not begun any more");
    desk.pass(Span::from_secs(20)).await;
    assert_eq!(desk.result(&test["id"]).await["phase"], "running");
    desk.tell(desk.news(id_of(&test), Some(port(PortState::Open, 3.0)), true)).await;
    let kept = desk.result(&test["id"]).await;
    assert_eq!(
        (&kept["phase"], &kept["result"]["time_ms"]),
        (&json!("done"), &json!(3.0)),
        "{kept}"
    );
    // Of one that tells nothing it is known soon.
    let test = asked(&desk).await;
    assert_eq!(desk.orders().await.len(), 1);
    desk.agent.stream = None;
    desk.net.lab.clock.advance(Span::from_secs(600));
    desk.agent.claim(&mut desk.net.lab).await.unwrap();
    desk.pass(Span::from_secs(40)).await;
    desk.login().await;
    let kept = desk.result(&test["id"]).await;
    assert_eq!(kept["reason"], "HQ-CORE gave no result in its time", "{kept}");
}

#[tokio::test]
async fn d_26_an_agent_that_is_silent_is_begun_nothing_at() {
    let mut desk = Desk::new().await;
    // Its stream is open still; nothing was heard over three heartbeats.
    desk.net.lab.clock.advance(Span::from_secs(31));
    let test = asked(&desk).await;
    desk.turn().await;
    let waits = desk.result(&test["id"]).await;
    assert_eq!(
        (&waits["phase"], &waits["reason"]),
        (&json!("queued"), &json!("waits: HQ-CORE is not there")),
        "{waits}"
    );
    assert_eq!(desk.orders().await.len(), 0);
    assert_eq!(desk.orders().await.len(), 1, "it was heard of");
}

#[tokio::test]
async fn fs_39_a_test_is_taken_back_and_the_agent_is_told_so() {
    let mut desk = Desk::new().await;
    let test = asked(&desk).await;
    assert_eq!(desk.orders().await.len(), 1);
    desk.agent.told(&mut desk.net.lab).await;
    let path = format!("/api/v1/tests/{}/cancel", test["id"].as_str().unwrap());
    let (status, said) = desk.post(&path, json!({})).await;
    assert_eq!((status, &said["phase"]), (200, &json!("cancelled")), "{said}");
    let told = desk.agent.told(&mut desk.net.lab).await;
    assert_eq!(told.tests.unwrap().tests, [], "at once, not with its next heartbeat");
    let (status, said) = desk.post(&path, json!({})).await;
    assert_eq!(status, 404, "{said}");
    // What it had measured meanwhile comes too late.
    desk.tell(desk.news(id_of(&test), Some(port(PortState::Open, 1.0)), true)).await;
    let kept = desk.result(&test["id"]).await;
    assert_eq!(
        (&kept["phase"], &kept["reason"]),
        (&json!("cancelled"), &json!("cancelled by operator"))
    );
}

#[tokio::test]
async fn d_26_a_busy_target_is_tried_again_and_a_failure_says_why() {
    let mut desk = Desk::new().await;
    let body = json!({ "target": "10.0.0.9", "agent": AGENT });
    let (status, test) = desk.post("/api/speed/test", body.clone()).await;
    assert_eq!(status, 202, "{test}");
    let orders = desk.orders().await;
    assert_eq!(orders[0].targets[0].place, "10.0.0.9:5201");
    // Another throughput test of that target waits for this one, and says so.
    let (_, second) = desk.post("/api/speed/test", body).await;
    assert_eq!(desk.orders().await.len(), 1);
    let waits = desk.result(&second["id"]).await;
    assert_eq!(waits["phase"], "queued");
    assert!(waits["reason"].as_str().unwrap().starts_with("waits: "), "{waits}");
    let failed = |busy, why: &str, desk: &Desk| TestNews {
        busy,
        failure: Some(SafeText::line(why)),
        ..desk.news(id_of(&test), None, true)
    };
    let news = failed(true, "the server is busy running a test", &desk);
    desk.tell(news).await;
    let kept = desk.result(&test["id"]).await;
    assert_eq!(kept["phase"], "queued");
    let reason = kept["reason"].as_str().unwrap();
    assert!(reason.contains("the server is busy") && reason.contains("tried at"), "{kept}");
    // The other one had its turn meanwhile; this one's comes after it.
    assert_eq!(desk.orders().await[0].id, id_of(&second));
    let over = TestNews {
        failure: Some(SafeText::line("connection refused")),
        ..desk.news(id_of(&second), None, true)
    };
    desk.tell(over).await;
    let kept = desk.result(&second["id"]).await;
    assert_eq!((&kept["phase"], &kept["reason"]), (&json!("failed"), &json!("connection refused")));
    assert_eq!(kept["figures"], json!({}), "never 0");
    desk.pass(Span::from_secs(20)).await;
    assert_eq!(desk.orders().await[0].id, id_of(&test));
}

#[tokio::test]
async fn fs_01_what_waited_and_ran_is_there_after_a_restart_of_the_server() {
    let mut desk = Desk::new().await;
    let running = asked(&desk).await;
    assert_eq!(desk.orders().await.len(), 1);
    let Desk { net, agent, .. } = desk;
    let crate::net::Net { dir, lab, .. } = net;
    let (_, clock) = lab.stop().await;
    let wanted = crate::lab::inventory(vec![crate::lab::host("web-1", &["ping"])]);
    let lab = crate::lab::Lab::start(dir.path(), wanted, clock).await;
    let net = crate::net::Net::around(dir, lab);
    let (operator, viewer) = (net.login("operator").await, net.login("viewer").await);
    let mut desk = Desk { net, agent, operator, viewer };
    desk.agent.stream = None;
    // The same start of the agent: it runs the test still.
    desk.agent.claim(&mut desk.net.lab).await.unwrap();
    assert_eq!(desk.orders().await[0].id, id_of(&running));
    desk.tell(desk.news(id_of(&running), Some(port(PortState::Open, 2.0)), true)).await;
    assert_eq!(desk.result(&running["id"]).await["phase"], "done");
    let Answer::Nodes(nodes) = desk.net.lab.query(Query::Nodes).await else { panic!() };
    assert!(nodes.nodes.iter().all(|node| node.running == 0 && node.queued == 0));
}
