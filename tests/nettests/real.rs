//! The real program: a server and an agent on loopback, asked over HTTP.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::time::Duration;

use serde_json::{Value, json};

use crate::dnsserver::{Answer, DnsServer, Zone};
use crate::house::{House, Running, until};
use crate::stage::{http, over, token};

const SOON: Duration = Duration::from_secs(40);

/// A server with its agent.
pub struct Pair {
    pub house: House,
    pub token: String,
    pub agent: Option<Running>,
    _server: Running,
}

impl Pair {
    pub fn new() -> Self {
        let house = House::new();
        let server = house.server();
        let agent = house.agent("agent", Some(&house.token()));
        let token = token(&house);
        let pair = Self { house, token, agent: Some(agent), _server: server };
        pair.is_there();
        pair
    }

    fn is_there(&self) {
        until("the agent is there", SOON, || {
            self.house.agent_row().filter(|row| row["phase"] == "ONLINE" && row["rtt"].is_number())
        });
    }

    pub fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        http(self.house.port(), "POST", path, &self.token, Some(body))
    }

    fn get(&self, path: &str) -> Value {
        let (status, said) = http(self.house.port(), "GET", path, &self.token, None);
        assert_eq!(status, 200, "{said}");
        said
    }

    /// Runs a test at the agent to its end.
    fn run(&self, kind: &str, mut body: Value) -> Value {
        body["agent"] = json!("a-1");
        let (status, test) = self.post(&format!("/api/speed/{kind}"), &body);
        assert_eq!(status, 202, "{test}");
        over(self.house.port(), &self.token, &test["id"])
    }
}

fn zone(answer: Answer) -> Zone {
    Zone::from([("api.internal.example.com", answer)])
}

fn resolver(answer: Answer) -> DnsServer {
    DnsServer::start(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), zone(answer))
}

#[test]
fn fs_22_to_fs_26_an_agent_traces_probes_and_times_and_the_results_are_kept() {
    let mut pair = Pair::new();
    // FS-23, the document's body with a target on loopback.
    let trace =
        pair.run("trace", json!({ "target": "127.0.0.1", "count": 30, "interval_ms": 100 }));
    assert_eq!((&trace["phase"], &trace["agent"]), (&json!("done"), &json!("a-1")), "{trace}");
    let result = &trace["result"];
    assert_eq!((&result["reached"], &result["rounds"]), (&json!(true), &json!(30)), "{result}");
    assert_eq!(result["hops"][0]["addresses"][0]["address"], "127.0.0.1");
    assert_eq!(trace["figures"]["loss_pct"], 0.0);
    assert!(trace["figures"]["latency_ms"].as_f64().unwrap() < 100.0);
    // FS-24: open, closed.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap().port();
    let body = |port: u16, protocol: &str| json!({ "target": "127.0.0.1", "port": port, "protocol": protocol, "timeout_ms": 2000 });
    let open = pair.run("probe", body(at, "tcp"));
    assert_eq!(
        (&open["phase"], &open["result"]["state"]),
        (&json!("done"), &json!("open")),
        "{open}"
    );
    assert!(open["figures"]["latency_ms"].as_f64().unwrap() < 1000.0);
    drop(listener);
    let closed = pair.run("probe", body(at, "tcp"));
    assert_eq!((&closed["phase"], &closed["result"]["state"]), (&json!("done"), &json!("closed")));
    assert_eq!(closed["figures"], json!({}), "a refusal is no latency of a service");
    // UDP: answered, silent, refused.
    let echo = UdpSocket::bind("127.0.0.1:0").unwrap();
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let at = echo.local_addr().unwrap().port();
    echo.set_read_timeout(Some(SOON)).unwrap();
    let answers = std::thread::spawn(move || {
        let mut buffer = [0; 64];
        let (_, from) = echo.recv_from(&mut buffer).unwrap();
        echo.send_to(b"here", from).unwrap();
    });
    let open = pair.run("probe", body(at, "udp"));
    answers.join().unwrap();
    assert_eq!(open["result"]["state"], "open", "{open}");
    let port = silent.local_addr().unwrap().port();
    let quiet = pair.run("probe", body(port, "udp"));
    assert_eq!(quiet["result"]["state"], "open-or-filtered", "D-24: {quiet}");
    assert_eq!(quiet["result"].get("time_ms"), None);
    drop(silent);
    let closed = pair.run("probe", body(port, "udp"));
    assert_eq!(closed["result"]["state"], "closed", "{closed}");
    // FS-25: a fast one, a slow one, a dead one, side by side.
    let fast = resolver(Answer::Addresses(vec![Ipv4Addr::new(192, 0, 2, 7)]));
    let late = Answer::Addresses(vec![Ipv4Addr::new(192, 0, 2, 8)]);
    let slow = resolver(Answer::Late(Duration::from_millis(120), Box::new(late)));
    let dead = resolver(Answer::Silent);
    let resolvers = [&fast, &slow, &dead].map(|one| one.address.to_string());
    let dns = pair.run(
        "dns",
        json!({ "hostname": "api.internal.example.com", "resolvers": resolvers, "timeout_ms": 1000 }),
    );
    assert_eq!(dns["phase"], "done", "{dns}");
    let rows = dns["result"]["resolvers"].as_array().unwrap();
    let named: Vec<&str> = rows.iter().map(|row| row["resolver"].as_str().unwrap()).collect();
    assert_eq!(named, resolvers, "in the order in which they were given");
    assert!(rows[0]["answer"].as_str().unwrap().contains("192.0.2.7"), "{dns}");
    // D-07: the rating is that of the time.
    for row in &rows[..2] {
        let ms = row["time_ms"].as_f64().unwrap();
        assert_eq!(row["rating"], json!(fluxnoc::model::rating::rating(ms)), "{row}");
    }
    assert!(rows[1]["time_ms"].as_f64().unwrap() >= 120.0, "{dns}");
    assert!(rows[2]["failure"].is_string() && rows[2].get("time_ms").is_none(), "{dns}");
    assert_eq!(dns["figures"]["latency_ms"], rows[1]["time_ms"], "the slowest that answered");
    // FS-26, FS-39: all of them are listed, the newest first.
    let all = pair.get("/api/speed/results?agent=a-1");
    let kinds: Vec<&str> = all
        .as_array()
        .unwrap()
        .iter()
        .map(|test| test["spec"]["test_type"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["dns", "probe", "probe", "probe", "probe", "probe", "trace"]);
    assert_eq!(pair.get("/api/speed/results?test_type=trace")[0]["id"], trace["id"]);
    let nodes = pair.get("/api/speed/nodes");
    assert_eq!(nodes[1]["name"], "a-1");
    // FS-22: the server's own vantage does the same.
    let body = json!({ "target": "127.0.0.1", "count": 2, "agent": nodes[0]["name"] });
    let (status, test) = pair.post("/api/speed/trace", &body);
    assert_eq!(status, 202, "{test}");
    let own = over(pair.house.port(), &pair.token, &test["id"]);
    assert_eq!((&own["phase"], &own["agent"]), (&json!("done"), &nodes[0]["name"]), "{own}");
    pair.agent.take().unwrap().stop();
}

/// A trace of half a minute that has begun.
fn begun(pair: &Pair) -> Value {
    let body = json!({ "target": "127.0.0.1", "count": 300, "interval_ms": 100, "agent": "a-1" });
    let (status, test) = pair.post("/api/speed/trace", &body);
    assert_eq!(status, 202, "{test}");
    until("it is seen live", SOON, || {
        let seen = pair.get(&format!("/api/speed/results/{}", test["id"].as_str().unwrap()));
        (seen["phase"] == "running" && seen["result"]["rounds"].as_u64()? > 0).then_some(())
    });
    test
}

#[test]
fn fs_23_an_agent_is_killed_while_it_traces_and_the_test_ends_as_failed() {
    let mut pair = Pair::new();
    let test = begun(&pair);
    pair.agent.take().unwrap().kill();
    pair.agent = Some(pair.house.agent("agent", None));
    let kept = over(pair.house.port(), &pair.token, &test["id"]);
    assert_eq!(kept["phase"], "failed", "{kept}");
    assert_eq!(kept["reason"], "a-1 was started anew while the test ran");
    assert!(kept["result"]["rounds"].as_u64().unwrap() > 0, "what was measured: {kept}");
    // And the next one runs.
    pair.is_there();
    let next = pair.run("trace", json!({ "target": "127.0.0.1", "count": 2 }));
    assert_eq!(next["phase"], "done", "{next}");
}

#[test]
fn fs_23_a_trace_that_is_taken_back_stops_at_the_agent() {
    let pair = Pair::new();
    let test = begun(&pair);
    let path = format!("/api/v1/tests/{}/cancel", test["id"].as_str().unwrap());
    let (status, said) = pair.post(&path, &json!({}));
    assert_eq!((status, &said["phase"]), (200, &json!("cancelled")), "{said}");
    // Nothing of it is told any more, and others run.
    let next = pair.run("trace", json!({ "target": "127.0.0.1", "count": 5 }));
    assert_eq!((&next["phase"], &next["result"]["rounds"]), (&json!("done"), &json!(5)), "{next}");
    let kept = pair.get(&format!("/api/speed/results/{}", test["id"].as_str().unwrap()));
    assert_eq!(kept["phase"], "cancelled");
    let nodes = pair.get("/api/speed/nodes");
    assert_eq!((&nodes[1]["running"], &nodes[1]["queued"]), (&json!(0), &json!(0)));
}

#[test]
fn fs_27_fs_32_a_schedule_of_a_real_agent_alerts_when_its_port_closes_and_recovers() {
    let pair = Pair::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap().port();
    let body = json!({
        "name": "door", "agent": "a-1", "target": "127.0.0.1", "port": at, "test_type": "probe",
        "interval_seconds": 10, "consecutive_failures": 1,
    });
    let (status, row) = pair.post("/api/speed/schedules", &body);
    assert_eq!(status, 201, "{row}");
    let run = || {
        let path = format!("/api/v1/schedules/{}/run", row["id"].as_str().unwrap());
        let (status, test) = pair.post(&path, &json!({}));
        assert_eq!(status, 202, "{test}");
        over(pair.house.port(), &pair.token, &test["id"])
    };
    let state = |wanted: &str| {
        until(wanted, SOON, || {
            let hosts = pair.house.json(&["hosts", "a-1"])?;
            let checks = hosts[0]["checks"].as_array()?.clone();
            let door = checks.into_iter().find(|check| check["name"] == "door")?;
            (door["state"] == wanted).then_some(door)
        })
    };
    run();
    assert_eq!(state("OK")["kind"], "schedule");
    drop(listener);
    run();
    let bad = state("CRITICAL");
    assert!(bad["output"].as_str().unwrap().contains("refused"), "{bad}");
    let alerts = pair.house.json(&["alerts"]).unwrap();
    assert!(alerts.as_array().unwrap().iter().any(|alert| alert["check"] == "door"), "{alerts}");
    let _listener = TcpListener::bind(("127.0.0.1", at)).unwrap();
    // By its own time, nobody asks.
    state("OK");
}
