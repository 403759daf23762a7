//! Good values of the server at hand, so that requests get beyond the door.

use std::collections::HashMap;

use fluxnoc::config::rule_text;
use fluxnoc::model::{Role, Span, TestPhase};
use fluxnoc::protocol::{Answer, Query, TestFilter};
use serde_json::{Value, json};

use crate::net::{Net, PASSWORD};

/// What the server has now.
#[derive(Default)]
pub struct Known {
    pub pairs: Vec<(String, String)>,
    hosts: Vec<Value>,
    alerts: Vec<Value>,
    windows: Vec<Value>,
    rules: Vec<Value>,
    users: Vec<Value>,
    tokens: Vec<Value>,
    agents: Vec<Value>,
    keys: Vec<Value>,
    series: Vec<Value>,
    tests: Vec<Value>,
    /// Those that can be cancelled.
    open_tests: Vec<Value>,
    /// Each with who made it.
    schedules: Vec<(Value, String)>,
    now: fluxnoc::model::Timestamp,
    /// The last things that each role had done.
    pub requests: HashMap<&'static str, Vec<Value>>,
    /// Counts what is made, so that names are new.
    made: std::cell::Cell<u32>,
}

/// A name that only requests made here have: what has it may be changed and removed.
const OURS: &str = "temp-";

impl Known {
    pub async fn refresh(&mut self, net: &Net) {
        self.now = net.lab.clock.now().wall;
        let ask = async |query| net.lab.query(query).await;
        if let Answer::Hosts(hosts) = ask(Query::Hosts { pattern: None }).await {
            self.hosts = hosts.iter().map(|host| json!(host.name)).collect();
            let pairs = hosts.iter().flat_map(|host| {
                host.checks.iter().map(|check| (host.name.to_string(), check.name.to_string()))
            });
            self.pairs = pairs.collect();
        }
        if let Answer::Alerts(alerts) = ask(Query::Alerts { all: false }).await {
            self.alerts = alerts.iter().map(|alert| json!(alert.id)).collect();
        }
        if let Answer::Maintenance(windows) = ask(Query::Maintenance { all: false }).await {
            self.windows = windows.iter().map(|window| json!(window.id)).collect();
        }
        if let Answer::Rules(page) = ask(Query::Rules { limit: 1000 }).await {
            let ours = page.rows.iter().filter(|row| row.rule.name.starts_with(OURS));
            self.rules = ours.map(|row| json!(rule_text(&row.rule))).collect();
        }
        if let Answer::Users(users) = ask(Query::Users).await {
            let ours = users.iter().filter(|user| user.name.starts_with(OURS));
            self.users = ours.map(|user| json!(user.name)).collect();
        }
        if let Answer::Tokens(tokens) = ask(Query::Tokens).await {
            let ours = tokens.iter().filter(|token| token.name.starts_with(OURS));
            self.tokens = ours.map(|token| json!(token.name)).collect();
        }
        if let Answer::Agents(agents) = ask(Query::Agents).await {
            self.agents = agents.iter().map(|agent| json!(agent.name)).collect();
        }
        if let Answer::Notifications(page) =
            ask(Query::Notifications { destination: None, limit: 100 }).await
        {
            self.keys = page.rows.iter().map(|row| json!(row.told.key)).collect();
        }
        let tests = async |phase| {
            let filter = TestFilter { phase, ..TestFilter::default() };
            match ask(Query::Tests { filter, limit: 100 }).await {
                Answer::Tests(tests) => tests.iter().map(|test| json!(test.id)).collect(),
                _ => Vec::new(),
            }
        };
        self.tests = tests(None).await;
        self.open_tests = tests(Some(TestPhase::Queued)).await;
        if let Answer::Schedules(rows) = ask(Query::Schedules).await {
            let row = |row: &fluxnoc::protocol::ScheduleRow| {
                (json!(row.schedule.id), row.schedule.created_by.to_string())
            };
            self.schedules = rows.iter().map(row).collect();
        }
        let all = Query::SeriesList { host: None, check: None, text: None, limit: 10 };
        if let Answer::SeriesList(page) = ask(all).await {
            self.series = page.rows.iter().map(|row| json!(row.series)).collect();
        }
    }

    /// A schedule that can be made.
    fn plan(&self) -> Value {
        json!({
            "name": self.fresh(), "test_type": "probe", "target": "192.0.2.9", "port": 80,
            "interval_seconds": 86_400, "thresholds": { "latency_max_ms": 20 },
        })
    }

    fn fresh(&self) -> String {
        self.made.set(self.made.get() + 1);
        format!("{OURS}{}", self.made.get())
    }

    /// The values for a field of an operation that a role asks for.
    pub fn values(&self, op: &str, role: Option<Role>, field: &str) -> Vec<Value> {
        let at = |seconds: i64| {
            let millis = self.now.millis() + seconds * 1000;
            vec![json!(fluxnoc::model::Timestamp::from_millis(millis))]
        };
        match (op, field) {
            (_, "targets[]") => {
                let check = [json!("web-1/ping"), json!("db-prod-1/mysql"), json!("web-1")];
                check.into_iter().chain(self.alerts.iter().cloned()).collect()
            }
            ("alert", "id") | (_, "alert") => self.alerts.clone(),
            (op, "id") if op.contains("maintenance") => self.windows.clone(),
            ("test" | "test.short", "id") | ("tests" | "tests.short", "before") => {
                self.tests.clone()
            }
            ("cancel_test", "id") => self.open_tests.clone(),
            (op, "id" | "schedule") if op.contains("schedule") || field == "schedule" => {
                let of = self.schedules.iter().filter(|(_, by)| {
                    // Operators change only what they made (SPEC D-10).
                    op == "run_schedule" || role != Some(Role::Operator) || by.contains("operator")
                });
                of.map(|(id, _)| id.clone()).collect()
            }
            ("add_schedule" | "add_schedule.short" | "edit_schedule", "") => vec![self.plan()],
            (op, field) if op.starts_with("run_test") => asked(op, field),
            ("tests" | "tests.short", field) => match field {
                "agent" => vec![json!("lab")],
                "target" => vec![json!("192.0.2.9:80"), json!("lan-1")],
                "test_type" => vec![json!("probe"), json!("speedtest")],
                "phase" => vec![json!("queued"), json!("cancelled")],
                "start" => at(-3600),
                "end" => vec![json!("2026-02-25"), json!(self.now)],
                "limit" => vec![json!(1), json!(1000)],
                _ => Vec::new(),
            },
            ("trend" | "test_report" | "test_report.short", field) => match field {
                "agent" => vec![json!("lab")],
                "target" => vec![json!("lan-1")],
                "zone" => vec![json!("Europe/Berlin")],
                "start" => vec![json!("2026-02-01"), json!(self.now)],
                "end" => vec![json!("2026-02-28")],
                _ => Vec::new(),
            },
            ("log", "hosts") => vec![json!("web-*")],
            (_, "hosts[]" | "host") => self.hosts.clone(),
            (_, "checks[]") => vec![json!("web-1/ping"), json!("here/system")],
            (op, "check") if op != "report" => vec![json!("ping"), json!("system")],
            (_, "step") => vec![json!(1), json!(2)],
            ("resend_notifications" | "drop_notifications", "which") => {
                vec![json!({ "destination": "log" }), json!({ "keys": self.keys })]
            }
            (_, "keys[]") => self.keys.clone(),
            (_, "destination") => vec![json!("log")],
            ("test_notify", "name") => vec![json!("NOC Team"), json!("log")],
            ("users.one" | "edit_user" | "remove_user", "name") => self.users.clone(),
            ("revoke_token", "name") => self.tokens.clone(),
            ("agents.one" | "remove_agent", "name") => self.agents.clone(),
            ("add_token", "agent" | "uses") => vec![Value::Null],
            ("add_user" | "add_token", "name") => vec![json!(self.fresh())],
            ("try_rules", "name") => vec![json!("draft.toml")],
            ("save_rule" | "try_rules", "text") => {
                let name = self.fresh();
                vec![json!(format!(
                    "rule_name = \"{name}\"\nhost_pattern = \"{name}*\"\nmetric = \"rtt\"\n\
                     condition = \">\"\ncritical_threshold = \"5s\"\n",
                ))]
            }
            ("save_rule", "was") => vec![Value::Null],
            ("delete_rule", "was") => self.rules.clone(),
            ("undo", "request") => {
                let mine = self.requests.get(role.map_or("", Role::word));
                mine.map_or_else(Vec::new, |all| all.iter().rev().take(3).cloned().collect())
            }
            ("remember", "key") => vec![json!("view/a"), json!("view/b")],
            ("remember", "value") => vec![json!("x"), Value::Null],
            (_, "stream") => vec![json!(1)],
            (_, "username") => vec![json!("guest")],
            ("login", "password") => vec![json!(PASSWORD)],
            (_, "old" | "new") => vec![json!(PASSWORD)],
            (_, "by_ms" | "for_ms") => vec![json!(Span::from_secs(600))],
            (_, "expires" | "end") => at(3600),
            (_, "start") => at(0).into_iter().chain(at(60)).collect(),
            (_, "from" | "since" | "shift") => at(-3600),
            ("handover", "before") => at(-7200),
            ("log", "before") => vec![json!("1772000000000.1.1")],
            ("sign_off", "to") => vec![json!("bob")],
            (_, "to") => at(0),
            (_, "series") => self.series.clone(),
            ("log", "kinds") => vec![json!("fired"), json!("action,comment")],
            (_, "repeats") => vec![json!("every day"), json!("every week on mon in Europe/Berlin")],
            (_, "host_pattern" | "pattern") => vec![json!("web-*"), json!("here")],
            (_, "after") => vec![json!("~"), json!("0.-3.0~")],
            (_, "limit" | "points") => vec![json!(1), json!(10), json!(1000)],
            (_, "scopes[]") => vec![json!("api"), json!("read")],
            _ => Vec::new(),
        }
    }
}

/// Values of a test that is asked for.
fn asked(op: &str, field: &str) -> Vec<Value> {
    let numbers = |all: &[u32]| all.iter().map(|one| json!(one)).collect();
    match field {
        "spec" => vec![
            json!({ "test_type": "speedtest", "target": "lan-1" }),
            json!({ "test_type": "speedtest" }),
            json!({ "test_type": "trace", "target": "192.0.2.9", "count": 3 }),
            json!({ "test_type": "probe", "target": "192.0.2.9", "port": 80 }),
            json!({ "test_type": "dns", "hostname": "a.example" }),
        ],
        "agent" => vec![json!("lab"), Value::Null],
        "target" if op == "run_test.speedtest" => vec![json!("lan-1"), json!("10.0.0.9:5201")],
        "target" => vec![json!("192.0.2.9"), json!("db-prod-01.internal")],
        "hostname" => vec![json!("api.internal.example.com")],
        "resolvers[]" => vec![json!("8.8.8.8"), json!("1.1.1.1:53")],
        "record_type" => vec![json!("A"), json!("aaaa")],
        "protocol" => vec![json!("tcp")],
        "bitrate_mbps" => vec![Value::Null],
        "duration_seconds" => numbers(&[10, 20, 30, 60]),
        "streams" => numbers(&[1, 8]),
        "count" => numbers(&[1, 30, 1000]),
        "interval_ms" => numbers(&[50, 100, 10_000]),
        "max_hops" => numbers(&[1, 64]),
        "port" => numbers(&[1, 5432, 65_535]),
        "timeout_ms" => numbers(&[10, 2000, 60_000]),
        _ => Vec::new(),
    }
}
