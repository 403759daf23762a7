//! Three agents in network namespaces of their own, one iperf3 server, and fifty tests that are
//! asked for at once; one of the agents is cut off while it measures.
//!
//! In the test command five of them are speedtests; in the full form all of them are:
//! `FLUXNOC_SPEEDTESTS=50 cargo test --test nettests fifty -- --include-ignored --nocapture`.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::house::{House, Running, until};
use crate::netns::{Namespace, alone};
use crate::shaper::Shaper;
use crate::stage::{http, token};

const AGENTS: u8 = 3;
const REQUESTS: usize = 50;
/// How long one of them is cut off: so long that its test ends meanwhile.
const AWAY: Duration = Duration::from_secs(20);
/// What an iperf3 client says first on each of its connections: the same on all of one test.
const COOKIE: usize = 37;

/// When a test was at the target.
type Spans = Arc<Mutex<BTreeMap<Vec<u8>, (Instant, Instant)>>>;

/// Lets clients through to the server and writes down which test was there when.
fn gate(listener: TcpListener, server: SocketAddr) -> Spans {
    let spans = Spans::default();
    let kept = Arc::clone(&spans);
    std::thread::spawn(move || {
        for near in listener.incoming().map_while(Result::ok) {
            let spans = Arc::clone(&kept);
            std::thread::spawn(move || pass(near, server, &spans));
        }
    });
    spans
}

fn pass(mut near: TcpStream, server: SocketAddr, spans: &Spans) {
    let begun = Instant::now();
    let mut cookie = vec![0; COOKIE];
    let Ok(mut far) = TcpStream::connect(server) else { return };
    if near.read_exact(&mut cookie).is_err() || far.write_all(&cookie).is_err() {
        return;
    }
    let seen = |at: Instant| {
        let mut spans = spans.lock().unwrap();
        let span = spans.entry(cookie.clone()).or_insert((begun, at));
        span.1 = span.1.max(at);
    };
    seen(begun);
    let (mut from_far, mut to_near) = (far.try_clone().unwrap(), near.try_clone().unwrap());
    let back = std::thread::spawn(move || {
        let _ = std::io::copy(&mut from_far, &mut to_near);
        let _ = to_near.shutdown(Shutdown::Write);
    });
    let _ = std::io::copy(&mut near, &mut far);
    seen(Instant::now());
    let _ = far.shutdown(Shutdown::Write);
    let _ = back.join();
}

/// This end of the link to an agent.
const fn hub(number: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 88, number, 1)
}

/// What all agents reach under one address.
const TARGET: Ipv4Addr = Ipv4Addr::new(10, 99, 0, 1);

struct Scene {
    house: House,
    token: String,
    places: Vec<Namespace>,
    /// When which test was at the target.
    spans: Spans,
    iperf3: Running,
    _link: Shaper,
    _agents: Vec<Running>,
    _server: Running,
}

impl Scene {
    fn set() -> Self {
        sh(&format!("ip addr add {TARGET}/32 dev lo"));
        let house = House::new();
        let gate_at = TcpListener::bind((TARGET, 0)).unwrap();
        let text = format!(
            "[server]\nlisten = \"0.0.0.0:{}\"\ninsecure = true\nhealth_enabled = false\n\
             [[host]]\nname = \"core\"\naddress = \"127.0.0.1\"\n[[host.check]]\nkind = \"ping\"\n\
             [[target]]\nname = \"core\"\nplace = \"{}\"\n",
            house.port(),
            gate_at.local_addr().unwrap(),
        );
        std::fs::write(house.path("config.toml"), text).unwrap();
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
        let mut command = Command::new("iperf3");
        command.args(["-s", "-p", &free.port().to_string()]).stdin(Stdio::null());
        let iperf3 = house.start(command, "iperf3.log");
        until("the iperf3 server listens", Duration::from_secs(10), || {
            TcpStream::connect(free).ok()
        });
        // 200 Mbit/s: what is measured is the link, and two cores have time for the rest.
        let link = Shaper::start(free, 200.0);
        let spans = gate(gate_at, link.address);
        let server = house.server();
        let token = token(&house);
        let places: Vec<Namespace> = (1..=AGENTS).map(place).collect();
        let agents = (1..=AGENTS).zip(&places).map(|(n, place)| agent(&house, n, place)).collect();
        until("all agents are there", Duration::from_secs(60), || {
            let rows = house.json(&["agents"])?;
            let rows = rows.as_array()?;
            let there = |row: &&Value| row["phase"] == "ONLINE" && row["rtt"].is_number();
            (rows.iter().filter(there).count() == usize::from(AGENTS)).then_some(())
        });
        Self { house, token, places, spans, iperf3, _link: link, _agents: agents, _server: server }
    }

    fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Value {
        let (status, said) = http(self.house.port(), method, path, &self.token, body);
        assert!((200..300).contains(&status), "{method} {path}: {status} {said}");
        said
    }

    fn tests(&self) -> Vec<Value> {
        self.call("GET", "/api/speed/results?limit=200", None).as_array().unwrap().clone()
    }
}

fn sh(script: &str) {
    let made = Command::new("sh").args(["-ec", script]).status().unwrap();
    assert!(made.success(), "{script}");
}

/// A namespace with a link to here.
fn place(number: u8) -> Namespace {
    let place = Namespace::new();
    let (here, there) = (hub(number), Ipv4Addr::new(10, 88, number, 2));
    sh(&format!(
        "ip link add out{number} type veth peer name home netns {}
         ip addr add {here}/24 dev out{number}
         ip link set out{number} up",
        place.pid()
    ));
    place.sh(&format!(
        "ip addr add {there}/24 dev home; ip link set home up; ip route add default via {here}"
    ));
    place.allow_ping();
    place
}

fn agent(house: &House, number: u8, place: &Namespace) -> Running {
    let name = format!("a-{number}");
    let made = house.verb(&["token", "add", "--agent", &name]);
    let said = String::from_utf8(made.stdout).unwrap();
    let token = said.lines().last().unwrap().trim().to_owned();
    let mut command = place.command(env!("CARGO_BIN_EXE_fluxnoc"));
    command.args(["agent", "--insecure", "--data-dir"]).arg(house.path(&name));
    command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("HOME", house.path(""));
    command.env("SPEED_SERVER_URL", format!("http://{}:{}", hub(number), house.port()));
    command.env("AGENT_NAME", &name).env("AGENT_TOKEN", token).stdin(Stdio::null());
    house.start(command, &format!("{name}.log"))
}

/// The kind and the body of a request.
fn request(number: usize, speedtests: usize) -> (&'static str, Value) {
    let agent = format!("a-{}", number % usize::from(AGENTS) + 1);
    let (kind, mut body) = if number < speedtests {
        let way = if number.is_multiple_of(2) { "download" } else { "upload" };
        (
            "test",
            json!({ "target": "core", "duration_seconds": 10, "direction": way, "streams": 2 }),
        )
    } else {
        match number % 3 {
            0 => ("trace", json!({ "target": TARGET, "count": 5, "interval_ms": 200 })),
            1 => ("probe", json!({ "target": TARGET, "port": 1, "protocol": "tcp" })),
            _ => {
                ("dns", json!({ "hostname": "a.test", "resolvers": [TARGET], "timeout_ms": 1000 }))
            }
        }
    };
    body["agent"] = json!(agent);
    body["wait"] = json!(true);
    (kind, body)
}

#[test]
#[ignore = "needs root or user namespaces, iptables, iperf3; tests/run runs it"]
fn fs_02_d_26_fifty_tests_at_once_do_not_overlap_and_each_is_kept_once() {
    if !alone("many::fs_02_d_26_fifty_tests_at_once_do_not_overlap_and_each_is_kept_once") {
        return;
    }
    let speedtests = std::env::var("FLUXNOC_SPEEDTESTS").ok().and_then(|text| text.parse().ok());
    let speedtests = speedtests.unwrap_or(5);
    let scene = Scene::set();
    let mut asked = BTreeMap::new();
    for number in 0..REQUESTS {
        let (kind, body) = request(number, speedtests);
        let test = scene.call("POST", &format!("/api/speed/{kind}"), Some(&body));
        let new = asked.insert(test["id"].as_str().unwrap().to_owned(), kind);
        assert_eq!(new, None, "{test}");
    }
    // The third one is cut off in the middle of its first speedtest.
    let patience = Duration::from_secs(90);
    let cut = until("a speedtest runs at a-3", patience, || {
        let measures = |test: &Value| {
            test["agent"] == "a-3"
                && test["phase"] == "running"
                && test["spec"]["test_type"] == "speedtest"
        };
        scene.tests().into_iter().find(measures)
    });
    let cookies = scene.spans.lock().unwrap().len();
    until("it is at the target", patience, || {
        (scene.spans.lock().unwrap().len() > cookies.saturating_sub(1)).then_some(())
    });
    let port = scene.house.port();
    let rule = |what: &str| format!("iptables {what} OUTPUT -p tcp --dport {port} -j DROP");
    scene.places[2].sh(&rule("-A"));
    std::thread::sleep(AWAY);
    let path = format!("/api/speed/results/{}", cut["id"].as_str().unwrap());
    let unheard = scene.call("GET", &path, None);
    assert_eq!(unheard["phase"], "running", "nobody can know yet: {unheard}");
    scene.places[2].sh(&rule("-D"));
    let mended = Instant::now();
    let late = until("what was measured meanwhile is told", patience, || {
        Some(scene.call("GET", &path, None)).filter(|test| test["phase"] != "running")
    });
    assert_eq!((&late["phase"], late.get("reason")), (&json!("done"), None), "{late}");
    println!("told {:.1?} after the cut", mended.elapsed());
    let all = until("all are over", Duration::from_secs(60 + 25 * speedtests as u64), || {
        let all = scene.tests();
        let over = |test: &Value| test["phase"] != "running" && test["phase"] != "queued";
        all.iter().all(over).then_some(all)
    });
    // Nothing lost, each kept once, each with a result and not by luck: a busy target would be said.
    let ids: BTreeSet<&str> = all.iter().map(|test| test["id"].as_str().unwrap()).collect();
    assert_eq!((ids.len(), all.len()), (REQUESTS, REQUESTS));
    assert!(ids.iter().all(|id| asked.contains_key(*id)));
    for test in &all {
        assert_eq!(test["phase"], "done", "{test}");
        if test["spec"]["test_type"] == "speedtest" {
            let mbps = [&test["figures"]["download_mbps"], &test["figures"]["upload_mbps"]];
            assert!(mbps.iter().any(|rate| rate.as_f64().is_some_and(|rate| rate > 1.0)), "{test}");
        }
    }
    // At the target one test after the other, and no test twice.
    let mut spans: Vec<(Instant, Instant)> =
        scene.spans.lock().unwrap().values().copied().collect();
    spans.sort();
    assert_eq!(spans.len(), speedtests, "each was there once");
    for pair in spans.windows(2) {
        assert!(pair[0].1 <= pair[1].0, "{:.1?} too early", pair[0].1 - pair[1].0);
    }
    println!("{REQUESTS} tests, {speedtests} of them speedtests, one after the other");
    scene.iperf3.kill();
}
