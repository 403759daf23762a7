//! A night at the console: real services, one dies, somebody takes it, the program is killed and
//! started again, and everything is as it was.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;

use fluxnoc::model::{EdgeKind, Timestamp};
use fluxnoc::protocol::{Answer, Query};
use serde_json::{Value, json};

use crate::house::{House, alert, has_row, host, type_line};
use crate::mariadb::MariaDb;
use crate::netns::Namespace;
use crate::nginx::Nginx;
use crate::pty::{PATIENCE, Terminal};
use crate::scene;

/// A size that shows whole outputs.
const WIDE: (u16, u16) = (200, 50);
const SHOP: u16 = 8080;
const SHUT: u16 = 8081;
const SILENT: u16 = 8082;
/// The host in a namespace of its own.
const FAR: &str = "10.78.0.2";

fn site(house: &House, database: u16) -> String {
    let script = house.file("check_queue");
    std::fs::write(&script, "#!/bin/sh\necho \"QUEUE OK - 3 waiting | waiting=3;80;100\"\n")
        .unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    let script = script.display();
    format!(
        r#"
[defaults]
interval = "2s"
timeout = "1s"
attempts = 3
retry = "1s"

[[host]]
name = "web-1"
address = "127.0.0.1"
[[host.check]]
kind = "http"
url = "http://127.0.0.1:{SHOP}/"
contains = "the shop is open"

[[host]]
name = "db-1"
address = "127.0.0.1"
[[host.check]]
kind = "mysql"
user = "monitor"
password = {{ file = "{password}" }}
port = {database}
query = "SELECT 40 + 2"

[[host]]
name = "shut-1"
address = "127.0.0.1"
[[host.check]]
kind = "tcp"
port = {SHUT}

[[host]]
name = "silent-1"
address = "127.0.0.1"
[[host.check]]
kind = "http"
url = "http://127.0.0.1:{SILENT}/"

[[host]]
name = "job-1"
address = "127.0.0.1"
[[host.check]]
kind = "custom"
name = "queue"
command = ["{script}"]

[[host]]
name = "far-1"
address = "{FAR}"
[[host.check]]
kind = "ping"
packets = 2
packet_interval = "100ms"
"#,
        password = house.file("password").display(),
    )
}

/// A host at the other end of a cable.
fn far_host() -> Namespace {
    scene::sh("ip link set lo up");
    let far = Namespace::new();
    scene::sh(&format!(
        "ip link add far type veth peer name here netns {}
         ip addr add 10.78.0.1/24 dev far
         ip link set far up",
        far.pid()
    ));
    far.sh(&format!("ip addr add {FAR}/24 dev here; ip link set here up"));
    far
}

#[test]
#[ignore = "needs nginx and MariaDB; tests/run runs it"]
fn a_service_dies_is_taken_is_in_a_window_and_all_is_as_it_was_after_kill_9() {
    let test = "story::a_service_dies_is_taken_is_in_a_window_and_all_is_as_it_was_after_kill_9";
    scene::on_stage(test, || {
        let _far = far_host();
        let database = MariaDb::start("CREATE USER monitor@'%' IDENTIFIED BY 'geheim';\n", &[]);
        let shop = Nginx::start(
            &format!("server {{ listen 127.0.0.1:{SHOP}; return 200 'the shop is open'; }}"),
            SHOP,
        );
        let _silent = TcpListener::bind(("127.0.0.1", SILENT)).unwrap();
        let house = House::new("");
        std::fs::write(house.file("password"), "geheim\n").unwrap();
        std::fs::set_permissions(house.file("password"), std::fs::Permissions::from_mode(0o600))
            .unwrap();
        house.configure(&site(&house, database.port));

        let mut console = house.console(WIDE, &["--as", "noc-1"]);
        evening(&console);
        drop(shop);
        night(&mut console);
        let before = Memory::of(&house);
        before.is_complete();
        console.kill();

        let mut console = house.console(WIDE, &["--as", "noc-1"]);
        morning(&mut console);
        Memory::until(&house, before.to).has_all_of(&before);
    });
}

/// Four services are well, a closed port and a silent one are not, each in its own words.
fn evening(console: &Terminal) {
    let screen = console.wait("the evening", PATIENCE, |screen| {
        screen.contains("2 CRITICAL") && screen.contains("4 OK") && screen.contains("2 unhandled")
    });
    assert!(
        has_row(&screen, &["shut-1", "tcp", "connection refused by 127.0.0.1:8081"]),
        "{screen}"
    );
    assert!(
        has_row(&screen, &["silent-1", "http", "CRIT", "no HTTP answer from 127.0.0.1:8082"]),
        "{screen}"
    );
}

/// nginx was killed: soft, then hard; it is taken, and then in a window.
fn night(console: &mut Terminal) {
    console.wait("soft", PATIENCE, |screen| {
        has_row(screen, &["web-1", "http", "CRIT", "refused by 127.0.0.1:8080", "/3"])
            && screen.contains("2 CRITICAL")
    });
    console.wait("hard", PATIENCE, |screen| {
        screen.contains("3 CRITICAL") && screen.contains("3 unhandled")
    });

    type_line(console, "/", "web-1");
    console.wait("its alert alone", PATIENCE, |screen| {
        has_row(screen, &["›", "web-1", "http", "CRIT"]) && !has_row(screen, &["shut-1", "tcp"])
    });
    type_line(console, "a", "nginx is gone, calling the web team");
    // The answer and the alert's news come on two ways.
    console.wait("who has it until when", PATIENCE, |screen| {
        screen.contains("web-1/http acknowledged by noc-1 until")
            && has_row(screen, &["web-1", "http", "CRIT", "noc-1 to"])
    });
    console.wait_for("2 unhandled");

    console.send("m");
    console.wait_for("Window over web-1/http for:");
    console.send("\t");
    console.wait_for("Window over all of web-1 for:");
    console.send("\x152h");
    console.wait_for("for: 2h");
    console.send("\r");
    console.wait_for("web-1 is in maintenance until");
    let screen = console.wait_for("1 MAINTENANCE");
    assert!(screen.contains("2 CRITICAL"), "{screen}");
    assert!(has_row(&screen, &["MAINTENANCE until", "under it CRITICAL"]), "{screen}");
}

/// After the kill: the window holds, the alert under it is the same, its story is told.
fn morning(console: &mut Terminal) {
    console.wait("as it was", PATIENCE, |screen| {
        screen.contains("1 MAINTENANCE")
            && screen.contains("2 CRITICAL")
            && screen.contains("3 OK")
            && screen.contains("2 unhandled")
            && screen.contains("engine here")
    });
    type_line(console, "/", "web-1");
    console.wait("web-1 alone", PATIENCE, |screen| {
        has_row(screen, &["MAINTENANCE until", "under it CRITICAL"])
    });
    console.send("3");
    console.wait_for("Hosts, worst first");
    console.send("\r");
    console.wait("the story of the host", PATIENCE, |screen| {
        has_row(screen, &["window on", "http"])
            && has_row(screen, &["acked", "noc-1: nginx is gone, calling the web team"])
            && has_row(screen, &["fired", "connection refused by 127.0.0.1:8080"])
    });
}

/// What must outlive the program.
struct Memory {
    alerts: Value,
    hosts: Value,
    windows: Value,
    edges: Vec<fluxnoc::model::Edge>,
    history: Value,
    /// Until when the history was asked.
    to: Timestamp,
}

impl Memory {
    fn of(house: &House) -> Self {
        // Routine results gather for a quarter of a second before they are stored.
        Self::until(house, Timestamp::from_millis(now() - 1000))
    }

    fn until(house: &House, to: Timestamp) -> Self {
        let edges = Query::Edges { host: Some("web-1".into()), alert: None, limit: 100 };
        let Answer::Edges(mut edges) = house.ask(&edges) else { panic!("no edges") };
        edges.reverse();
        Self {
            alerts: house.json(&["alerts", "--json"]),
            hosts: house.json(&["hosts", "--json"]),
            windows: house.json(&["maintenance", "list", "--json"]),
            edges,
            history: history(house, to),
            to,
        }
    }

    fn is_complete(&self) {
        let web = alert(&self.alerts, "web-1").expect("the alert");
        assert_eq!((&web["phase"], &web["state"]), (&json!("firing"), &json!("CRITICAL")));
        assert_eq!(web["in_maintenance"], json!(true));
        assert_eq!(web["acknowledged"]["author"], json!("noc-1"));
        assert_eq!(web["acknowledged"]["comment"], json!("nginx is gone, calling the web team"));
        let host = host(&self.hosts, "web-1").expect("the host");
        assert_eq!(
            (&host["state"], &host["underlying_state"]),
            (&json!("MAINTENANCE"), &json!("CRITICAL"))
        );
        assert_eq!(self.windows.as_array().unwrap().len(), 1);
        assert_eq!(self.windows[0]["author"], json!("noc-1"));
        let kinds: Vec<EdgeKind> = self.edges.iter().map(|edge| edge.kind).collect();
        assert_eq!(kinds, [EdgeKind::Fired, EdgeKind::Acknowledged, EdgeKind::WindowBegan]);
        // Good results and bad ones.
        let states = self.history["states"].as_array().unwrap();
        assert_eq!(states[0]["state"], json!("OK"), "{states:?}");
        assert_eq!(states.last().unwrap()["state"], json!("CRITICAL"), "{states:?}");
        assert!(!self.history["series"].as_array().unwrap().is_empty());
    }

    fn has_all_of(&self, before: &Self) {
        assert_eq!(self.windows, before.windows);
        assert_eq!(self.edges, before.edges, "no edge is lost, none is told twice");
        for name in ["web-1", "shut-1", "silent-1"] {
            assert_eq!(alert(&self.alerts, name), alert(&before.alerts, name));
        }
        assert_eq!(self.alerts.as_array().unwrap().len(), 3);
        let shown = |hosts: &Value| -> Vec<(Value, Value)> {
            let all = hosts.as_array().unwrap().iter();
            all.map(|host| (host["name"].clone(), host["state"].clone())).collect()
        };
        assert_eq!(shown(&self.hosts), shown(&before.hosts));
        assert_eq!(self.history, before.history, "every result that was stored");
    }
}

fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(since.as_millis()).unwrap()
}

/// Every stored number and state of web-1/http up to a moment.
fn history(house: &House, to: Timestamp) -> Value {
    let from = Timestamp::from_millis(to.millis() - 600_000);
    let query = Query::History { key: "web-1/http".parse().unwrap(), from, to, points: 1000 };
    let Answer::History { series, states } = house.ask(&query) else { panic!("no history") };
    json!({ "series": series, "states": states })
}
