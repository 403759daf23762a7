//! A server with something of everything, and its document.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use fluxnoc::cli::setup::{self, Again};
use fluxnoc::clock::Clock;
use fluxnoc::config::{Env, Machine, RuleEdit, Source, load};
use fluxnoc::model::{Layout, Observation, Role, SafeText, Scope, Scrape, ScrapeReport, Span};
use fluxnoc::protocol::{Actor, Command, Enrolment, Query};
use serde_json::Value;

use crate::lab::{Lab, START, good, refused, slow};
use crate::net::Net;

/// One operation of the document.
#[derive(Clone, Debug)]
pub struct Operation {
    pub id: String,
    pub method: String,
    pub path: String,
    pub role: String,
    /// What the document says of it.
    pub about: Value,
}

impl Operation {
    /// True when only the engine itself may, so that nobody here ever succeeds.
    pub fn is_workers(&self) -> bool {
        ["worker", "enrolment"].contains(&&*self.role)
    }
}

/// The operations of a document.
pub fn operations(document: &Value) -> Vec<Operation> {
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, about) in item.as_object().unwrap() {
            all.push(Operation {
                id: about["operationId"].as_str().unwrap().to_owned(),
                method: method.to_uppercase(),
                path: path.clone(),
                role: about["x-fluxnoc-role"].as_str().unwrap_or_default().to_owned(),
                about: about.clone(),
            });
        }
    }
    all
}

/// The program's own example of a configuration, without what leads elsewhere: people are told in
/// the log only.
fn configuration() -> String {
    const ELSEWHERE: [&str; 9] = [
        "[[channel]]",
        "[watchdog]",
        "[flux_notify]",
        "[[context]]",
        "[server]",
        "[[scrape]]",
        "[[contact_list]]",
        "[metrics]",
        "[health]",
    ];
    let example = include_str!("../../config.toml.example");
    let mut out = String::new();
    let mut kept = true;
    for line in example.lines() {
        if line.starts_with('[') {
            kept = !ELSEWHERE.iter().any(|header| line.starts_with(header));
        }
        if kept {
            out.push_str(line);
            out.push('\n');
        }
    }
    for (name, more) in [
        ("NOC Team", "escalate = [{ after = \"15m\", to = \"DBA Team\" }]\nrepeat = \"4h\"\n"),
        ("DBA Team", "group_by = [\"host\"]\n"),
    ] {
        out.push_str(&format!("[[contact_list]]\nname = \"{name}\"\nchannels = [\"log\"]\n{more}"));
    }
    out
}

fn again(config: PathBuf) -> Again {
    Arc::new(move |edit: Option<&RuleEdit>| {
        let source = Source::File(config.clone());
        let rules = fluxnoc::config::locate::rules_dir(&source);
        load(&source, &Machine::default(), &Env::default())?.with_rules_of(rules, edit)
    })
}

async fn lab(dir: &Path) -> Lab {
    let path = dir.join("config.toml");
    std::fs::write(&path, configuration()).unwrap();
    let again = again(path);
    let config = again(None).unwrap_or_else(|all| panic!("{all}"));
    let plan = setup::plan(&config, &again, dir, "lab", false);
    Lab::reading(dir, plan.inventory, Clock::manual(START), plan.keep_rule, plan.reload).await
}

/// What a scrape brings.
fn scraped() -> Observation {
    let layout = Layout { id: 1, series: vec!["node_load1{cpu=\"0\"}".into()] };
    let report = ScrapeReport { up: true, duration: 0.1, samples: 1, kept: 1, added: 1 };
    let scrape = Scrape { layout: Arc::new(layout), values: vec![0.5], stamps: Vec::new(), report };
    Observation { scrape: Some(Arc::new(scrape)), ..Observation::seen("1 series", Vec::new()) }
}

/// A server where something happened: alerts, windows, comments, users.
pub async fn server() -> Net {
    let dir = tempfile::tempdir().unwrap();
    let lab = lab(dir.path()).await;
    let mut net = Net::around(dir, lab);
    for role in Role::ALL {
        net.add(role.word(), role).await;
    }
    let lab = &mut net.lab;
    for n in 1..=12 {
        enrolled(lab, &format!("temp-agent-{n}")).await;
    }
    lab.report_times(3, "web-1/ping", &refused()).await;
    lab.report_times(3, "db-prod-1/mysql", &refused()).await;
    lab.report_times(2, "here/ping", &good()).await;
    lab.report_times(4, "here/system", &slow()).await;
    lab.report("api-1/node", scraped()).await;
    lab.acknowledge("web-1/ping", None, false).await;
    lab.execute(Command::Note { text: "look at web-1".to_owned() }).await.unwrap();
    schedules(lab).await;
    lab.clock.advance(Span::from_secs(20));
    // What was held for a while is on its way when the engine has looked at the time.
    for _ in 0..3 {
        lab.query(Query::Engine).await;
    }
    lab.drain();
    net
}

/// Schedules of an Admin and of an Operator, and a test that waits: no worker is there.
async fn schedules(lab: &mut Lab) {
    let operator =
        Actor::User { name: SafeText::line("operator"), role: Role::Operator, address: None };
    for (actor, name) in [(crate::lab::noc(), "uplink"), (operator, "operator's")] {
        let plan = serde_json::json!({
            "name": name, "test_type": "speedtest", "target": "lan-1", "interval_seconds": 86_400,
        });
        let plan = serde_json::from_value(plan).unwrap();
        lab.execute_as(actor, Command::AddSchedule { plan }).await.1.unwrap();
    }
    let spec = serde_json::json!({ "test_type": "probe", "target": "192.0.2.9", "port": 80 });
    let spec = serde_json::from_value(spec).unwrap();
    lab.execute(Command::RunTest { agent: None, spec, wait: false }).await.unwrap();
}

/// Lets an agent in.
async fn enrolled(lab: &mut Lab, name: &str) {
    let token: fluxnoc::model::Name = format!("for-{name}").into();
    let add = Command::AddToken {
        name: token.clone(),
        role: Role::Viewer,
        scopes: Vec::new(),
        expires: None,
        agent: Some(name.into()),
        uses: None,
    };
    lab.execute(add).await.unwrap();
    let actor = Actor::Token {
        name: SafeText::line(&token),
        role: Role::Viewer,
        scopes: vec![Scope::Agent],
        address: None,
    };
    let said = SafeText::line("x");
    let enrolment = Enrolment {
        name: name.into(),
        location: said.clone(),
        machine: said.clone(),
        version: said,
    };
    lab.execute_as(actor, Command::Enrol(enrolment)).await.1.unwrap();
}

/// A server with nothing but a token of a role, to be stopped.
pub async fn spare(role: Role) -> (Net, String) {
    let mut net = Net::new().await;
    let token = net.token("spare", role, &[Scope::Api], None).await;
    (net, token)
}

/// The document that a server gives.
pub async fn document(net: &Net) -> Value {
    let said = net.call("GET", "/api/openapi.json", &[], None).await;
    assert_eq!(said.status, 200, "{}", said.text);
    said.json()
}
