//! The outbox with several destinations: order, failures, restarts, and the program itself.

use std::collections::HashMap;
use std::process::{Command, Stdio};
use std::sync::Arc;

use fluxnoc::clock::Clock;
use fluxnoc::engine::Inventory;
use fluxnoc::model::{ChannelKind, Format, Name, Routes};

use crate::delivery::{channel, hook};
use crate::lab::{Lab, START, good, host, inventory, refused};
use crate::receiver::{Got, Receiver, status};

/// Few enough that none is late while the others are reported.
const HOSTS: usize = 6;

fn routes(receivers: &[(&str, &Receiver)]) -> Arc<Routes> {
    let mut routes = Routes::default();
    for (name, receiver) in receivers {
        let kind = ChannelKind::Webhook(hook(&receiver.url, Format::Fluxnoc));
        routes.channels.insert((*name).into(), channel(name, kind));
    }
    let all: Vec<Name> = receivers.iter().map(|(name, _)| Name::from(*name)).collect();
    routes.lists.insert("all".into(), all);
    routes.default_list = Some("all".into());
    Arc::new(routes)
}

pub fn wanted(hosts: &[&str], routes: &Arc<Routes>) -> Inventory {
    let hosts = hosts.iter().map(|name| host(name, &["http"]));
    let hosts = hosts.map(|(host, mut checks)| {
        for check in &mut checks {
            check.attempts = 1;
        }
        (host, checks)
    });
    let hosts = hosts.collect();
    Inventory { routes: Arc::clone(routes), ..inventory(hosts) }
}

/// By alert, what came in which order.
fn by_alert(got: &[Got]) -> HashMap<String, Vec<u64>> {
    let mut all: HashMap<String, Vec<u64>> = HashMap::new();
    for one in got {
        let body = one.json();
        let alert = body["alert"].as_str().unwrap().to_owned();
        all.entry(alert).or_default().push(body["seq"].as_u64().unwrap());
    }
    all
}

#[tokio::test]
async fn a_dead_destination_holds_no_other_and_gets_all_in_order_when_it_is_back() {
    let dead = Receiver::start(|_| status(503)).await;
    let well = Receiver::start(|_| status(200)).await;
    let routes = routes(&[("dead", &dead), ("well", &well)]);
    let dir = tempfile::tempdir().unwrap();
    let names: Vec<String> = (0..HOSTS).map(|n| format!("web-{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let clock = Clock::manual(START);
    let mut lab = Lab::start(dir.path(), wanted(&names, &routes), clock).await;
    for name in &names {
        lab.report(&format!("{name}/http"), refused()).await;
    }
    well.until("all of them", |got| got.len() == HOSTS).await;
    for name in &names {
        lab.report(&format!("{name}/http"), good()).await;
    }
    let got = well.until("the recoveries", |got| got.len() == 2 * HOSTS).await;
    assert!(by_alert(&got).values().all(|order| order == &[1, 2]), "{:?}", by_alert(&got));
    let tried = dead.until("some tries", |got| got.len() >= 3).await;
    assert!(by_alert(&tried).values().all(|order| order.iter().all(|seq| *seq == 1)));

    // A restart in between, with the receiver back.
    let (_, clock) = lab.stop().await;
    dead.answers(|_| status(200));
    let before = dead.got().len();
    let lab = Lab::start(dir.path(), wanted(&names, &routes), clock).await;
    let mut steps = 0;
    while dead.got().len() < before + 2 * HOSTS {
        lab.clock.advance(fluxnoc::model::Span::from_secs(5));
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        steps += 1;
        assert!(steps < 500, "{} of all", dead.got().len() - before);
    }
    let after: Vec<Got> = dead.got().split_off(before);
    assert!(by_alert(&after).values().all(|order| order == &[1, 2]), "{:?}", by_alert(&after));
    let keys = |got: &[Got]| -> HashMap<String, Vec<axum::body::Bytes>> {
        let mut all: HashMap<String, Vec<_>> = HashMap::new();
        for one in got {
            let key = one.header("idempotency-key").unwrap().to_owned();
            all.entry(key).or_default().push(one.body.clone());
        }
        all
    };
    for (key, bodies) in keys(&dead.got()) {
        assert!(bodies.iter().all(|body| *body == bodies[0]), "{key} came with other bytes");
    }
    assert_eq!(well.got().len(), 2 * HOSTS, "nothing twice after an orderly stop");
    lab.stop().await;
}

#[tokio::test]
async fn a_check_goes_to_its_own_list_and_another_to_the_default() {
    let noc = Receiver::start(|_| status(200)).await;
    let dba = Receiver::start(|_| status(200)).await;
    let mut routes = (*routes(&[("noc", &noc), ("dba", &dba)])).clone();
    routes.lists.insert("NOC Team".into(), vec!["noc".into()]);
    routes.lists.insert("DBA Team".into(), vec!["dba".into()]);
    routes.default_list = Some("NOC Team".into());
    let routes = Arc::new(routes);
    let mut wanted = wanted(&["db-1", "web-1"], &routes);
    wanted.checks[0].contact_list = Some("DBA Team".into());
    let dir = tempfile::tempdir().unwrap();
    let mut lab = Lab::start(dir.path(), wanted, Clock::manual(START)).await;
    for key in ["db-1/http", "web-1/http"] {
        lab.report(key, refused()).await;
    }
    let got = dba.until("the database's", |got| !got.is_empty()).await;
    assert_eq!(got[0].json()["host"], "db-1");
    let got = noc.until("the other", |got| !got.is_empty()).await;
    assert_eq!(got[0].json()["host"], "web-1");
    lab.stop().await;
    assert_eq!((dba.got().len(), noc.got().len()), (1, 1));
}

#[tokio::test]
async fn what_is_refused_is_parked_with_the_reason_and_holds_nothing() {
    use fluxnoc::protocol::{Answer, Query};
    let receiver = Receiver::start(|n| status(if n == 1 { 400 } else { 200 })).await;
    let routes = routes(&[("hook", &receiver)]);
    let dir = tempfile::tempdir().unwrap();
    let wanted = wanted(&["web-1"], &routes);
    let mut lab = Lab::start(dir.path(), wanted, Clock::manual(START)).await;
    lab.report("web-1/http", refused()).await;
    receiver.until("the first", |got| !got.is_empty()).await;
    let Answer::Alerts(alerts) = lab.query(Query::Alerts { all: true }).await else { panic!() };
    let id = alerts[0].id;
    let until = std::time::Instant::now() + crate::receiver::PATIENCE;
    loop {
        let Answer::Alert(page) = lab.query(Query::Alert { id }).await else { panic!() };
        let told = &page.notifications[0];
        if told.error.as_ref().is_some_and(|why| why.as_str().contains("HTTP 400")) {
            break;
        }
        assert!(std::time::Instant::now() < until, "{told:?}");
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    lab.report("web-1/http", good()).await;
    let got = receiver.until("the recovery", |got| got.len() == 2).await;
    assert_eq!(got[1].json()["reason"], "recovered");
    lab.stop().await;
}

/// The program itself, from its configuration to the receiver.
#[tokio::test(flavor = "multi_thread")]
async fn the_program_tells_whom_its_configuration_names() {
    let receiver = Receiver::start(|_| status(200)).await;
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("config.toml");
    let text = format!(
        "[alerting]\ncontact_list = \"NOC Team\"\n\
         [[channel]]\nname = \"hook\"\nkind = \"webhook\"\nurl = \"{}\"\n\
         secret = {{ env = \"HOOK_SECRET\" }}\n\
         [[contact_list]]\nname = \"NOC Team\"\nchannels = [\"hook\"]\n\
         [[host]]\nname = \"shut-1\"\naddress = \"127.0.0.1\"\n\
         [[host.check]]\nkind = \"tcp\"\nport = 9\ninterval = \"1s\"\nattempts = 1\n",
        receiver.url
    );
    std::fs::write(&config, text).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_fluxnoc"))
        .arg("--config")
        .arg(&config)
        .arg("--data-dir")
        .arg(dir.path().join("data"))
        .arg("__engine")
        .env("HOOK_SECRET", "Jefe")
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    let got = receiver.until("the page", |got| !got.is_empty()).await;
    let pid = nix::unistd::Pid::from_raw(i32::try_from(child.id()).unwrap());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).unwrap();
    child.wait().unwrap();
    let body = got[0].json();
    assert_eq!((&body["host"], &body["state"]), (&"shut-1".into(), &"CRITICAL".into()));
    let signed = fluxnoc::notify::signature("Jefe", &got[0].body);
    assert_eq!(got[0].header("x-fluxnoc-signature"), Some(&*signed));
}

#[tokio::test(flavor = "multi_thread")]
async fn notify_test_goes_to_all_of_a_list_and_says_what_each_answered() {
    let well = Receiver::start(|_| status(200)).await;
    let sour = Receiver::start(|_| status(410)).await;
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("config.toml");
    let channel = |name: &str, url: &str| {
        format!("[[channel]]\nname = \"{name}\"\nkind = \"webhook\"\nurl = \"{url}\"\n")
    };
    let text = format!(
        "{}{}[[contact_list]]\nname = \"NOC Team\"\nchannels = [\"well\", \"sour\"]\n",
        channel("well", &well.url),
        channel("sour", &sour.url)
    );
    std::fs::write(&config, text).unwrap();
    let test = |name: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_fluxnoc"))
            .arg("--config")
            .arg(&config)
            .args(["notify", "test", name])
            .output()
            .unwrap();
        let words = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(words).unwrap())
    };
    let (code, words) = test("NOC Team");
    assert_eq!((code, &*words), (Some(1), "well: sent\nsour: refused: HTTP 410\n"));
    assert_eq!(test("well"), (Some(0), "well: sent\n".to_owned()));
    let (code, words) = test("NOC\x1b[31m");
    assert_eq!(code, Some(2));
    assert!(words.contains("there are: NOC Team, sour, well, log") && !words.contains('\u{1b}'));
    let body = well.got()[0].json();
    assert_eq!(body["reason"], "test");
    assert!(body["text"].as_str().unwrap().contains("nothing is wrong"), "{body}");
    let key = |n: usize| well.got()[n].header("idempotency-key").unwrap().to_owned();
    assert_ne!(key(0), key(1), "each test is one of its own");
}
