//! A Flux Notify service: incidents that are opened, told, updated and resolved, over restarts and
//! failures, and the environment's names for it.

use std::collections::{BTreeMap, HashMap};
use std::process::Command;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::response::Response;
use fluxnoc::clock::Clock;
use fluxnoc::config::{Env, Machine, apply_rules, parse};
use fluxnoc::engine::Inventory;
use fluxnoc::model::flux_notify::{Gate, Step};
use fluxnoc::model::{
    ChannelKind, FluxNotify, Incident, Metric, Notification, Observation, Reason, Routes, Secret,
    Span, State, Unit,
};
use fluxnoc::notify::{Delivery, Late, Sender};
use fluxnoc::protocol::{Answer, Command as Do, Query};

use crate::delivery::{channel, notification};
use crate::lab::{Lab, START, good, refused};
use crate::lanes::wanted;
use crate::receiver::{Got, Receiver, status};

pub fn base(receiver: &Receiver) -> String {
    receiver.url.trim_end_matches("/hook").to_owned()
}

fn service(receiver: &Receiver) -> FluxNotify {
    FluxNotify {
        api_key: Some(Secret::Inline("k3y".to_owned())),
        contact_list: Some("NOC Team".to_owned()),
        ..FluxNotify::at(&base(receiver))
    }
}

fn created(id: &str) -> Response {
    Response::builder().status(201).body(Body::from(format!("{{\"id\":\"{id}\"}}"))).unwrap()
}

/// One that opens INC-1 and takes all else.
async fn willing() -> Receiver {
    let receiver = Receiver::start(|_| created("INC-1")).await;
    receiver.answers(|_| created("INC-1"));
    receiver
}

fn lines(got: &[Got]) -> Vec<&str> {
    got.iter().map(|one| one.line.as_str()).collect()
}

async fn deliver(
    service: &FluxNotify,
    notification: &Notification,
    incident: &mut Option<Incident>,
) -> Delivery {
    let kind = ChannelKind::FluxNotify(Box::new(service.clone()));
    let channel = channel("flux-notify", kind);
    Sender::default().deliver_of(&channel, notification, Late::Fresh, incident).await
}

fn routes(service: &FluxNotify) -> Arc<Routes> {
    let mut routes = Routes::default();
    let kind = ChannelKind::FluxNotify(Box::new(service.clone()));
    routes.channels.insert("flux-notify".into(), channel("flux-notify", kind));
    routes.lists.insert("DBA Team".into(), vec!["flux-notify".into()]);
    routes.default_list = Some("DBA Team".into());
    Arc::new(routes)
}

#[tokio::test]
async fn fm_26_a_critical_opens_an_incident_and_then_tells_the_contact_list_once() {
    let receiver = willing().await;
    let mut incident = None;
    let mut first = notification();
    first.list = Some("DBA Team".into());
    assert_eq!(deliver(&service(&receiver), &first, &mut incident).await, Delivery::Sent);
    let got = receiver.got();
    assert_eq!(lines(&got), ["POST /api/incidents", "POST /api/notifications"]);
    assert_eq!(incident.unwrap().id, "INC-1");
    for (one, step) in got.iter().zip(["create", "notify"]) {
        assert_eq!(one.header("authorization"), Some("Bearer k3y"));
        let key = format!("{}:{step}", first.key);
        assert_eq!(one.header("idempotency-key"), Some(&*key));
        let body = one.json();
        assert_eq!(body["severity"], "CRITICAL");
        assert_eq!(body["contact_list"], "DBA Team");
        assert_eq!((&body["host"], &body["status"]), (&"web-1".into(), &"open".into()));
    }
    assert_eq!(got[0].json().get("incident_id"), None);
    assert_eq!(got[1].json()["incident_id"], "INC-1");
}

#[tokio::test]
async fn fm_02_and_fm_05_a_critical_is_an_alert_and_told_only_where_that_is_configured() {
    let receiver = willing().await;
    let service = format!("[flux_notify]\nurl = {:?}\ncontact_list = \"NOC\"\n", base(&receiver));
    for (service, asked, rows) in [(&*service, true, 1), (&*service, false, 0), ("", true, 0)] {
        let text = format!(
            "[[host]]\nname = \"db-1\"\naddress = \"127.0.0.1\"\n\
             [[host.check]]\nkind = \"system\"\n\
             [[rule]]\nrule_name = \"High CPU\"\nhost_pattern = \"*\"\nmetric = \"cpu_usage\"\n\
             condition = \">\"\ncritical_threshold = 90\nauto_notify = {asked}\n{service}"
        );
        let config = parse("c", &text, &Machine::default(), &Env::default()).unwrap();
        let mut checks = config.checks.clone();
        assert!(apply_rules(&config.rules, &mut checks).is_empty());
        let routes = Arc::new(config.routes.clone());
        let wanted =
            Inventory { hosts: config.hosts.clone(), checks, routes, ..Inventory::default() };
        let dir = tempfile::tempdir().unwrap();
        let mut lab = Lab::start(dir.path(), wanted, Clock::manual(START)).await;
        let cpu = Metric::new("cpu_usage", 95.0, Unit::Percent);
        lab.report("db-1/system", Observation { metrics: vec![cpu], ..good() }).await;
        assert_eq!(lab.edges().await, ["fired"]);
        assert_eq!(lab.world.unhandled(), 1, "an alert, whoever is told");
        if rows == 1 {
            receiver.until("incident and page", |got| got.len() == 2).await;
        }
        let destination = Some("flux-notify".to_owned());
        let query = Query::Notifications { destination, limit: 100 };
        let Answer::Notifications(page) = lab.query(query).await else { panic!() };
        assert_eq!(page.rows.len(), rows, "{page:#?}");
        lab.stop().await;
    }
}

#[tokio::test]
async fn fs_30_a_severity_below_the_gate_tells_the_list_and_opens_nothing() {
    let receiver = willing().await;
    let told = |to: State, unreachable: bool| {
        let mut one = notification();
        one.edge.to = to;
        one.unreachable = unreachable;
        one
    };
    let both = &["POST /api/incidents", "POST /api/notifications"][..];
    let list = &["POST /api/notifications"][..];
    let mut seen = 0;
    for (gate, to, unreachable, expected, severity) in [
        (Gate::Both, State::Critical, false, both, "CRITICAL"),
        (Gate::Both, State::Unknown, false, both, "HIGH"),
        (Gate::Both, State::Warning, false, list, "MEDIUM"),
        (Gate::Critical, State::Unknown, false, list, "HIGH"),
        (Gate::Critical, State::Unknown, true, both, "HIGH"),
        (Gate::High, State::Critical, false, list, "CRITICAL"),
        (Gate::High, State::Critical, true, both, "CRITICAL"),
    ] {
        let service = FluxNotify { gate, ..service(&receiver) };
        assert_eq!(deliver(&service, &told(to, unreachable), &mut None).await, Delivery::Sent);
        let got = receiver.got().split_off(seen);
        seen += got.len();
        assert_eq!(lines(&got), expected, "{gate:?} {to} {unreachable}");
        assert_eq!(got[0].json()["severity"], severity);
        assert_eq!(got[0].json()["contact_list"], "NOC Team", "the default of the service");
    }
}

#[tokio::test]
async fn a_step_that_is_done_is_not_repeated_and_a_repeat_has_the_same_bytes() {
    let receiver = Receiver::start(|n| if n == 2 { status(503) } else { created("7 /?#") }).await;
    // An id that cannot stand in a path is refused before anything is built of it.
    let mut incident = None;
    let delivery = deliver(&service(&receiver), &notification(), &mut incident).await;
    assert!(matches!(&delivery, Delivery::Retry { why, .. } if why.contains("cannot be used")));
    assert_eq!(incident, None);

    let receiver =
        Receiver::start(|n| if n == 2 || n == 3 { status(503) } else { created("a/b?c#%") }).await;
    for _ in 0..2 {
        let delivery = deliver(&service(&receiver), &notification(), &mut incident).await;
        assert!(
            matches!(&delivery, Delivery::Retry { why, .. } if why == "notify: HTTP 503"),
            "{delivery:?}"
        );
    }
    let done = deliver(&service(&receiver), &notification(), &mut incident).await;
    assert_eq!(done, Delivery::Sent);
    let got = receiver.got();
    let notify = "POST /api/notifications";
    assert_eq!(lines(&got), ["POST /api/incidents", notify, notify, notify]);
    assert!(got[1..].iter().all(|one| one.body == got[1].body), "the same bytes");
    // Before the incident was stored: the receiver gets the same again, and may answer the same.
    assert!(deliver(&service(&receiver), &notification(), &mut None).await == Delivery::Sent);
    assert_eq!(receiver.got()[4].body, got[0].body);
    let key = |one: &Got| one.header("idempotency-key").unwrap().to_owned();
    assert_eq!(key(&receiver.got()[4]), key(&got[0]));

    let mut over = notification();
    over.reason = Reason::Recovered;
    over.edge.to = State::Ok;
    over.key = "another".to_owned();
    assert!(deliver(&service(&receiver), &over, &mut incident).await == Delivery::Sent);
    let last = receiver.got().pop().unwrap();
    assert_eq!(last.line, "POST /api/incidents/a%2Fb%3Fc%23%25/resolve");
}

#[tokio::test]
async fn paths_header_and_body_are_as_they_are_configured() {
    let answer = |_| Response::new(Body::from("{\"data\":{\"number\":42}}"));
    let receiver = Receiver::start(answer).await;
    let mut service = service(&receiver);
    service.key_header = "X-API-Key".to_owned();
    service.headers.insert("X-Site".to_owned(), "north".to_owned());
    service.incident_id = "/data/number".to_owned();
    service.requests.insert(Step::Create, "PUT /v9/threads".to_owned());
    service.requests.insert(Step::Notify, "POST /v9/threads/{incident}/send".to_owned());
    let renamed =
        [("message", "text"), ("contact_list", "to.list"), ("check", ""), ("host", "to.h")];
    service.fields = renamed.map(|(ours, theirs)| (ours.to_owned(), theirs.to_owned())).into();
    assert_eq!(deliver(&service, &notification(), &mut None).await, Delivery::Sent);
    let got = receiver.got();
    assert_eq!(lines(&got), ["PUT /v9/threads", "POST /v9/threads/42/send"]);
    for one in &got {
        assert_eq!((one.header("x-api-key"), one.header("authorization")), (Some("k3y"), None));
        assert_eq!(one.header("x-site"), Some("north"));
        let body = one.json();
        assert_eq!(body["to"], serde_json::json!({ "list": "NOC Team", "h": "web-1" }));
        assert!(body["text"].as_str().unwrap().contains("/var is full"));
        assert!(body.get("check").is_none() && body.get("message").is_none());
    }
}

#[tokio::test]
async fn a_hostile_service_is_bounded_and_its_answer_names_no_secret() {
    let huge = Receiver::start(|_| {
        let ever =
            futures::stream::repeat_with(|| Ok::<_, std::convert::Infallible>(vec![b' '; 65_536]));
        Response::builder().status(200).body(Body::from_stream(ever)).unwrap()
    })
    .await;
    let other = willing().await;
    let to = base(&other);
    let elsewhere = Receiver::start(move |_| {
        Response::builder().status(307).header("location", &to).body(Body::empty()).unwrap()
    })
    .await;
    let wordless = Receiver::start(|_| status(200)).await;
    let odd = Receiver::start(|_| created("..")).await;
    let long = Receiver::start(|_| created(&"x".repeat(129))).await;
    let escape = Receiver::start(|_| created("\\u001b]0;x\\u0007")).await;
    let slow = Receiver::start(|_| {
        let body = Body::from_stream(futures::stream::pending::<Result<Vec<u8>, std::io::Error>>());
        Response::builder().status(200).body(body).unwrap()
    })
    .await;
    for (name, receiver, refused, words) in [
        ("huge", &huge, false, "without the id"),
        ("elsewhere", &elsewhere, true, "redirects"),
        ("wordless", &wordless, false, "without the id of an incident at `/id`"),
        ("odd", &odd, false, "cannot be used"),
        ("long", &long, false, "cannot be used"),
        ("escape", &escape, false, "cannot be used"),
        ("slow", &slow, false, "no answer within 2s"),
    ] {
        let begun = std::time::Instant::now();
        let mut incident = None;
        let delivery = deliver(&service(receiver), &notification(), &mut incident).await;
        assert!(begun.elapsed() < std::time::Duration::from_secs(4), "{name}");
        let said = format!("{delivery:?}");
        assert_eq!(matches!(delivery, Delivery::Refused(_)), refused, "{name}: {said}");
        assert!(said.contains(words) && !said.contains("k3y"), "{name}: {said}");
        assert_eq!((incident, receiver.got().len()), (None, 1), "{name}");
    }
    assert!(other.got().is_empty(), "and the key with it");
}

/// An incident service that honours the keys, as the real thing would.
pub async fn honest() -> (Receiver, Arc<Mutex<HashMap<String, String>>>) {
    let opened: Arc<Mutex<HashMap<String, String>>> = Arc::default();
    let receiver = Receiver::start(|_| status(500)).await;
    let (seen, known) = (receiver.clone(), Arc::clone(&opened));
    receiver.answers(move |n| {
        let one = &seen.got()[n - 1];
        if !one.line.ends_with("/api/incidents") {
            return status(200);
        }
        let key = one.header("idempotency-key").unwrap().to_owned();
        let mut known = known.lock().unwrap();
        let next = format!("INC-{}", known.len() + 1);
        created(known.entry(key).or_insert(next))
    });
    (receiver, opened)
}

/// The number that the alert's page names, and its deliveries.
async fn incident_on_the_page(lab: &Lab) -> Vec<String> {
    let Answer::Alerts(alerts) = lab.query(Query::Alerts { all: true }).await else { panic!() };
    let Answer::Alert(page) = lab.query(Query::Alert { id: alerts[0].id }).await else { panic!() };
    page.incidents.iter().map(|one| format!("{} {}", one.destination, one.id)).collect()
}

#[tokio::test]
async fn fs_03_the_incident_is_kept_over_a_restart_updated_taken_and_resolved() {
    let (receiver, opened) = honest().await;
    let routes = routes(&service(&receiver));
    let dir = tempfile::tempdir().unwrap();
    let clock = Clock::manual(START);
    let mut lab = Lab::start(dir.path(), wanted(&["web-1"], &routes), clock).await;
    lab.report("web-1/http", refused()).await;
    receiver.until("incident and page", |got| got.len() == 2).await;
    let (_, clock) = lab.stop().await;
    let mut lab = Lab::start(dir.path(), wanted(&["web-1"], &routes), clock).await;
    assert_eq!(incident_on_the_page(&lab).await, ["flux-notify INC-1"]);
    let take = Do::Acknowledge {
        targets: vec!["web-1/http".parse().unwrap()],
        comment: "on it".to_owned(),
        expires: None,
        sticky: false,
        notify: true,
    };
    lab.execute(take).await.unwrap();
    // It waits for the chance to be undone; the outbox looks every second of its clock.
    let mut steps = 0;
    while receiver.got().len() < 3 {
        lab.clock.advance(Span::from_secs(5));
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        steps += 1;
        assert!(steps < 500, "no acknowledgement: {:?}", lines(&receiver.got()));
    }
    lab.report("web-1/http", good()).await;
    let got = receiver.until("the end", |got| got.len() == 4).await;
    assert_eq!(
        lines(&got),
        [
            "POST /api/incidents",
            "POST /api/notifications",
            "POST /api/incidents/INC-1/acknowledge",
            "POST /api/incidents/INC-1/resolve"
        ]
    );
    let list = |one: &Got| one.json()["contact_list"].as_str().unwrap().to_owned();
    assert!(got.iter().all(|one| list(one) == "DBA Team"), "the list of the configuration");
    assert_eq!(opened.lock().unwrap().len(), 1);
    assert_eq!(incident_on_the_page(&lab).await, ["flux-notify INC-1"]);
    lab.stop().await;
}

#[tokio::test]
async fn each_reason_updates_the_incident_that_there_is() {
    let receiver = willing().await;
    let mut known =
        Some(Incident { id: "INC-9".to_owned(), opened_by: "an earlier one".to_owned() });
    for reason in Reason::ALL {
        let mut one = notification();
        one.reason = reason;
        if reason == Reason::Recovered {
            one.edge.to = State::Ok;
        }
        let seen = receiver.got().len();
        assert_eq!(deliver(&service(&receiver), &one, &mut known).await, Delivery::Sent);
        let got = receiver.got().split_off(seen);
        let expected: &[&str] = match reason {
            Reason::Recovered => &["POST /api/incidents/INC-9/resolve"],
            Reason::Acknowledged => &["POST /api/incidents/INC-9/acknowledge"],
            // It is of many alerts.
            Reason::Digest => &["POST /api/notifications"],
            Reason::Escalation => &["POST /api/incidents/INC-9/updates", "POST /api/notifications"],
            Reason::Test => &["POST /api/notifications", "POST /api/incidents/INC-9/resolve"],
            _ => &["POST /api/incidents/INC-9/updates"],
        };
        assert_eq!(lines(&got), expected, "{reason:?}");
        assert_eq!(got[0].json()["reason"], reason.word());
    }
}

/// The service tells a list, so that a digest is of the alerts of one.
#[tokio::test]
async fn a_storm_over_two_lists_is_a_digest_for_each_of_them() {
    let receiver = willing().await;
    let mut routes = (*routes(&service(&receiver))).clone();
    routes.lists.insert("Web Team".into(), vec!["flux-notify".into()]);
    routes.storms.insert("flux-notify".into(), 2);
    let names = ["web-0", "web-1", "web-2", "db-0", "db-1", "db-2"];
    let mut wanted = wanted(&names, &Arc::new(routes));
    for check in wanted.checks.iter_mut().filter(|check| check.key.host.starts_with("web")) {
        check.contact_list = Some("Web Team".into());
    }
    let keys: Vec<_> = wanted.checks.iter().map(|check| check.key.clone()).collect();
    let dir = tempfile::tempdir().unwrap();
    let mut lab = Lab::start(dir.path(), wanted, Clock::manual(START)).await;
    lab.report_all(&keys, &refused(), 6).await;
    let end = std::time::Instant::now() + crate::receiver::PATIENCE;
    while receiver.got().len() < 2 {
        assert!(std::time::Instant::now() < end, "{:?}", receiver.got());
        lab.clock.advance(Span::from_secs(1));
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let mut told: Vec<_> = receiver.got().iter().map(Got::json).collect();
    told.sort_by_key(|one| one["contact_list"].as_str().map(str::to_owned));
    let lists: Vec<_> = told.iter().map(|one| one["contact_list"].as_str().unwrap()).collect();
    assert_eq!(lists, ["DBA Team", "Web Team"]);
    let words = told[1]["message"].as_str().unwrap();
    assert!(words.contains("3 alerts: 3 CRITICAL") && words.contains("\nweb-2/http"), "{words}");
    assert!(!words.contains("db-"), "{words}");
    assert_eq!(told[1]["external_id"].as_str().map(|id| &id[..7]), Some("digest:"));
    assert_eq!(lines(&receiver.got()), ["POST /api/notifications"; 2]);
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fm_27_fs_31_the_environment_alone_makes_the_channel_and_a_test_goes_through_it() {
    let (receiver, _) = honest().await;
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("config.toml");
    std::fs::write(&config, "").unwrap();
    let run = |arguments: &[&str], more: BTreeMap<&str, &str>| {
        let output = Command::new(env!("CARGO_BIN_EXE_fluxnoc"))
            .arg("--config")
            .arg(&config)
            .args(arguments)
            .env("FLUX_NOTIFY_URL", base(&receiver))
            .env("FLUX_NOTIFY_API_KEY", "s3cret")
            .env("DEFAULT_SEVERITY", "LOW")
            .env("DEFAULT_CONTACT_LIST", "NOC Team")
            .envs(more)
            .output()
            .unwrap();
        let words = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(words).unwrap())
    };
    let (code, words) = run(&["notify", "test", "NOC Team"], BTreeMap::new());
    assert_eq!((code, &*words), (Some(0), "flux-notify: sent; its incident was INC-1\n"));
    let got = receiver.got();
    assert_eq!(
        lines(&got),
        ["POST /api/incidents", "POST /api/notifications", "POST /api/incidents/INC-1/resolve"],
        "a test leaves no incident open"
    );
    assert_eq!(got[0].json()["severity"], "LOW", "DEFAULT_SEVERITY");
    assert_eq!(got[0].json()["contact_list"], "NOC Team");
    assert_eq!(got[0].header("authorization"), Some("Bearer s3cret"));
    assert!(got[0].json()["message"].as_str().unwrap().contains("nothing is wrong"));

    let (code, words) = run(&["config", "show"], BTreeMap::new());
    assert_eq!(code, Some(0), "{words}");
    assert!(words.contains("\n[flux_notify]\n"), "{words}");
    assert!(words.contains("environment FLUX_NOTIFY_URL"), "{words}");
    assert!(words.contains("api_key = \"********\"  # environment FLUX_NOTIFY_API_KEY"), "{words}");
    assert!(!words.contains("s3cret"), "{words}");

    let (code, words) =
        run(&["config", "check"], BTreeMap::from([("AUTO_INCIDENT_SEVERITY", "SEVERE")]));
    assert_eq!(code, Some(2), "{words}");
    assert!(words.contains("AUTO_INCIDENT_SEVERITY: `SEVERE` is unknown"), "{words}");
}
