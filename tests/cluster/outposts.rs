//! Agents in network namespaces of their own, each with a service that it alone watches and a way to
//! the servers that can be cut.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fluxnoc::model::Timestamp;
use fluxnoc::store::Store;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::{Child, Command};

use crate::netns::Namespace;
use crate::stage::{PATIENCE, Stage, Target};

/// How many there are.
const OUTPOSTS: u8 = 5;
/// An agent.
pub struct Outpost {
    number: u8,
    place: Namespace,
    pub target: Target,
    process: Option<Child>,
}

/// The namespaces, their links and their services; no agent runs yet.
pub async fn build() -> Vec<Outpost> {
    let mut all = Vec::new();
    for number in 1..=OUTPOSTS {
        let place = Namespace::new();
        let (here, there) = (hub(number), Ipv4Addr::new(10, 88, number, 2));
        let script = format!(
            "ip link add out{number} type veth peer name home netns {}
             ip addr add {here}/24 dev out{number}
             ip link set out{number} up",
            place.pid()
        );
        let made = std::process::Command::new("sh").args(["-ec", &script]).status().unwrap();
        assert!(made.success(), "a link to a namespace");
        place.sh(&format!("ip addr add {there}/24 dev home; ip link set home up"));
        let target = Target::new(SocketAddr::from((here, 0)), &Arc::default()).await;
        all.push(Outpost { number, place, target, process: None });
    }
    all
}

/// This end of a link.
const fn hub(number: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 88, number, 1)
}

/// The hosts that they watch.
pub fn configuration(outposts: &[Outpost]) -> String {
    let mut text = String::new();
    for outpost in outposts {
        let (host, name, at) = (outpost.host(), outpost.name(), outpost.target.at);
        write!(
            text,
            "[[host]]\nname = \"{host}\"\naddress = \"{}\"\nagent = \"{name}\"\n\
             [[host.check]]\nkind = \"tcp\"\nport = {}\n",
            at.ip(),
            at.port()
        )
        .unwrap();
    }
    text
}

impl Outpost {
    pub fn name(&self) -> String {
        format!("a-{}", self.number)
    }

    pub fn host(&self) -> String {
        format!("far-{}", self.number)
    }

    /// Makes a token at a server and starts the agent with it.
    pub async fn register(&mut self, stage: &Stage) {
        let said = stage.verb(0, &["token", "add", "--agent", &self.name()]).await;
        let token = said.lines().last().unwrap().trim().to_owned();
        let servers: Vec<String> = stage
            .servers
            .iter()
            .map(|server| format!("http://{}:{}", hub(self.number), server.api.port()))
            .collect();
        let mut command = Command::from(self.place.command(env!("CARGO_BIN_EXE_fluxnoc")));
        command.args(["agent", "--insecure", "--data-dir"]).arg(stage.path(&self.name()));
        command.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", stage.path(""));
        command.env("SPEED_SERVER_URL", servers.join(",")).env("AGENT_NAME", self.name());
        command.env("AGENT_TOKEN", token).stdin(Stdio::null());
        let log = std::fs::File::create(stage.path(&format!("{}.log", self.name()))).unwrap();
        command.stdout(Stdio::null()).stderr(log).kill_on_drop(true);
        self.process = Some(command.spawn().unwrap());
    }

    /// No packet goes to any server from now on; the service is still reached.
    pub fn cut(&self, stage: &Stage) {
        self.rules("-A", stage);
    }

    pub fn mend(&self, stage: &Stage) {
        self.rules("-D", stage);
    }

    fn rules(&self, what: &str, stage: &Stage) {
        for server in &stage.servers {
            let port = server.api.port();
            self.place.sh(&format!("iptables {what} OUTPUT -p tcp --dport {port} -j DROP"));
        }
    }

    /// Ends it in order.
    pub async fn stop(&mut self) {
        let mut process = self.process.take().unwrap();
        let pid = Pid::from_raw(i32::try_from(process.id().unwrap()).unwrap());
        kill(pid, Signal::SIGTERM).unwrap();
        assert!(process.wait().await.unwrap().success());
    }
}

/// Waits until all agents are there and nothing waits at any.
pub async fn all_online(stage: &Stage, outposts: &[Outpost]) {
    // It has said so itself, by a heartbeat to the one that leads now.
    let is_there = |row: &serde_json::Value| {
        row["phase"] == "ONLINE" && row["rtt"].is_number() && row["buffered"] == 0
    };
    stage
        .until("all agents are ONLINE", 2 * PATIENCE, async |stage| {
            let said = stage.verb(0, &["agents", "--json"]).await;
            let rows: Vec<serde_json::Value> = serde_json::from_str(&said).unwrap();
            rows.len() == outposts.len() && rows.iter().all(is_there)
        })
        .await;
    let asked: Vec<usize> = outposts.iter().map(|outpost| outpost.target.times().len()).collect();
    stage
        .until("all agents run checks", PATIENCE, async |_| {
            let mut both = outposts.iter().zip(&asked);
            both.all(|(outpost, before)| outpost.target.times().len() > before + 2)
        })
        .await;
}

/// Waits until an edge of the agent's host was told, under one key.
pub async fn told(stage: &Stage, outpost: &Outpost, kind: &str) {
    let host = outpost.host();
    let keys = || -> BTreeSet<String> {
        let got = stage.receiver.got();
        let of = got.iter().filter(|got| {
            let body = got.json();
            body["host"] == host.as_str() && body["check"] == "tcp" && body["edge"] == kind
        });
        of.map(|got| got.header("idempotency-key").unwrap().to_owned()).collect()
    };
    let what = format!("{host} {kind}");
    stage.until(&what, 2 * PATIENCE, async |_| !keys().is_empty()).await;
    assert_eq!(keys().len(), 1, "{what} was told under two keys");
}

/// The longest time between two moments, and to the ends.
pub fn longest_gap(times: &[Instant], from: Instant, to: Instant) -> Duration {
    let inside = times.iter().copied().filter(|at| (from..=to).contains(at));
    let all: Vec<Instant> = std::iter::once(from).chain(inside).chain([to]).collect();
    all.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap()
}

/// What is stored of each agent's check is what its service was asked, each once.
pub async fn counted_once(stage: &Stage, outposts: &[Outpost]) {
    let store = Store::open_postgres(&stage.url).await.unwrap();
    for outpost in outposts {
        let host = outpost.host();
        let no = stage.number_of(&host).await;
        let all = store.history(no, Timestamp::from_millis(0), Timestamp::from_millis(i64::MAX));
        let states = all.await.unwrap().states;
        let moments: BTreeSet<i64> = states.iter().map(|point| point.at.millis()).collect();
        assert_eq!(moments.len(), states.len(), "{host}: a result was counted twice");
        let asked = outpost.target.times().len();
        println!("{host}: asked {asked} times, {} results", states.len());
        // While its service was closed the agent found that, and nobody was asked.
        let found = states.iter().filter(|point| point.state == fluxnoc::model::State::Ok).count();
        assert!(found <= asked, "{host}: {found} results of {asked} runs");
        assert!(found + 2 >= asked, "{host}: {found} results of {asked} runs");
    }
}
