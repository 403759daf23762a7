//! A cluster of the configuration under an engine on a manual clock: whole, and broken in each way.

use std::time::Duration;

use State::{Critical, Ok as Good, Unknown, Warning};
use fluxnoc::clock::Clock;
use fluxnoc::config::{Env, Machine, apply_rules, parse};
use fluxnoc::engine::Inventory;
use fluxnoc::model::{Check, Span, State};
use fluxnoc::probe::{self, Context, Memory, Shared};
use fluxnoc::protocol::{Answer, Query};

use super::lab::{Lab, START};
use super::node::{DEGRADED, NOMINAL, Node, Page, STORAGE};

/// Three nodes, the engine that watches them, and how the configuration says that it does.
struct Site {
    nodes: [Node; 3],
    checks: Vec<Check>,
    lab: Lab,
    _dir: tempfile::TempDir,
}

/// The rule that comes with the entry.
const RULE: &str = "mq/mq degraded";

impl Site {
    /// Watched with these further keys.
    async fn start(more: &str) -> Self {
        let nodes = ["a", "b", "c"].map(|id| Node::start(id, id == "a"));
        let [a, b, c] = nodes.each_ref().map(Node::url);
        let text = format!(
            "[defaults]\nattempts = 1\n[[fluxmq]]\nname = \"mq\"\n\
             nodes = {{ a = \"{a}\", b = \"{b}\", c = \"{c}\" }}\n{more}\n"
        );
        let machine = Machine::default();
        let config = parse("c", &text, &machine, &Env::default()).unwrap_or_else(|e| panic!("{e}"));
        let mut checks = config.checks.clone();
        assert!(apply_rules(&config.rules, &mut checks).is_empty());
        let inventory = Inventory { hosts: config.hosts, checks, ..Inventory::default() };
        let dir = tempfile::tempdir().unwrap();
        let lab = Lab::start(dir.path(), inventory, Clock::manual(START)).await;
        Self { nodes, checks: config.checks, lab, _dir: dir }
    }

    /// Runs every check once, as a worker does, and a minute passes.
    async fn minute(&mut self) {
        let shared = Shared::start().unwrap();
        for check in &self.checks {
            let context = Context::new(&shared, Duration::from_secs(10));
            let seen = probe::run(check, &context, &mut Memory::default()).await;
            self.lab.report(&check.key.to_string(), seen).await;
        }
        self.lab.clock.advance(Span::from_secs(60));
        // Questions are answered in turn: what follows from the last result has happened.
        self.lab.query(Query::Engine).await;
        self.lab.drain();
    }

    fn states(&self) -> [State; 4] {
        ["mq/a", "mq/b", "mq/c", "mq/cluster"].map(|key| self.lab.state(key).0)
    }

    fn says(&self, key: &str) -> String {
        self.lab.world.check(&key.parse().unwrap()).unwrap().status.output.to_string()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fq_09_fq_16_degraded_is_a_warning_and_critical_when_it_lasts_five_minutes() {
    let mut site = Site::start("").await;
    site.minute().await;
    assert_eq!(site.states(), [Good; 4]);
    assert_eq!(site.lab.state(RULE), (Good, true));
    site.nodes[1].ready(DEGRADED);
    for minute in 0..5 {
        site.minute().await;
        assert_eq!(site.states(), [Good, Warning, Good, Warning], "minute {minute}");
        let (state, hard) = site.lab.state(RULE);
        assert!(state == Critical && !hard, "minute {minute}: it is not five minutes yet");
    }
    assert!(site.says("mq/b").starts_with("degraded: 1/2 peers reachable"));
    site.minute().await;
    assert_eq!(site.lab.state(RULE), (Critical, true), "{}", site.says(RULE));
    assert!(site.says(RULE).contains("fluxmq_ready_mode{mode=\"degraded\"} 1"));
    assert_eq!(site.states(), [Good, Warning, Good, Warning], "the node itself still serves");
    site.nodes[1].ready(NOMINAL);
    site.minute().await;
    assert_eq!(site.states(), [Good; 4]);
    assert_eq!(site.lab.state(RULE), (Good, true));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fq_16_a_bad_document_neither_ends_nor_fires_what_is_degraded() {
    let mut site = Site::start("degraded_after = \"2m\"").await;
    site.nodes[1].ready(DEGRADED);
    site.minute().await;
    site.nodes[1].put("/ready", Page::of(200, &DEGRADED[..80]));
    site.minute().await;
    assert_eq!(site.states(), [Good, Unknown, Good, Warning], "half a document");
    assert!(site.says("mq/b").starts_with("/ready: half a document"), "{}", site.says("mq/b"));
    assert_eq!(site.lab.state(RULE), (Unknown, false), "neither over nor fired");
    site.nodes[1].ready(DEGRADED);
    site.minute().await;
    assert_eq!(site.lab.state(RULE), (Critical, true), "two minutes since it began");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fq_16_without_degraded_critical_it_stays_a_warning() {
    let mut site = Site::start("degraded_critical = false").await;
    site.nodes[1].ready(DEGRADED);
    for _ in 0..8 {
        site.minute().await;
    }
    assert_eq!(site.states(), [Good, Warning, Good, Warning]);
    assert!(site.lab.world.check(&RULE.parse().unwrap()).is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fq_07_fq_14_a_cluster_breaks_in_each_way_in_turn_and_recovers() {
    let mut site = Site::start("").await;
    let whole = |site: &Site| {
        for (node, id) in site.nodes.iter().zip(["a", "b", "c"]) {
            node.ready(NOMINAL);
            node.who(id, id == "a", true);
        }
    };
    type Break = fn(&mut Site);
    let ways: [(&str, Break, [State; 4], &str); 5] = [
        (
            "leader lost",
            |s| s.nodes[0].who("a", false, true),
            [Good, Good, Good, Critical],
            "no leader",
        ),
        (
            "two leaders",
            |s| s.nodes[2].who("c", true, true),
            [Good, Good, Good, Critical],
            "2 leaders: a, c",
        ),
        (
            "split",
            |s| s.nodes[2].who("single-node", false, false),
            [Good, Good, Good, Critical],
            "nodes disagree: c by itself",
        ),
        (
            "storage down",
            |s| s.nodes[1].ready(STORAGE),
            [Good, Critical, Good, Warning],
            "b: not ready: storage unavailable: storage down",
        ),
        (
            "half a document",
            |s| s.nodes[2].put("/ready", Page::of(200, &NOMINAL[..70])),
            [Good, Good, Unknown, Warning],
            "c: /ready: half a document",
        ),
    ];
    for (way, broken, states, words) in ways {
        broken(&mut site);
        site.minute().await;
        assert_eq!(site.states(), states, "{way}: {}", site.says("mq/cluster"));
        assert!(site.says("mq/cluster").starts_with(words), "{way}: {}", site.says("mq/cluster"));
        whole(&site);
        site.minute().await;
        assert_eq!(site.states(), [Good; 4], "after {way}");
    }
    // A follower dies, then the leader: nobody is left who could be it unseen.
    site.nodes[1].kill();
    site.minute().await;
    assert_eq!(site.states(), [Good, Critical, Good, Warning], "one node dead");
    assert!(site.says("mq/b").starts_with("connection refused by 127.0.0.1:"));
    site.nodes[0].kill();
    site.minute().await;
    assert_eq!(site.states(), [Critical, Critical, Good, Critical], "the leader dead");
    assert!(site.says("mq/cluster").starts_with("no leader; "), "{}", site.says("mq/cluster"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fq_16_the_mode_of_each_node_is_a_series_beside_the_scraped_ones() {
    let mut site = Site::start("").await;
    site.nodes[1].ready(DEGRADED);
    site.minute().await;
    let text = Some("fluxmq_ready_mode{mode=\"degraded\"}".to_owned());
    let list = Query::SeriesList { host: None, check: None, text, limit: 100 };
    let Answer::SeriesList(page) = site.lab.query(list).await else { panic!() };
    let mut rows: Vec<(String, Option<f64>)> =
        page.rows.iter().map(|row| (format!("{} {}", row.check, row.series), row.last)).collect();
    rows.sort_by(|a, b| a.0.cmp(&b.0));
    let series = |check: &str, node: &str| {
        format!("mq/{check} fluxmq_ready_mode{{mode=\"degraded\",node=\"{node}\"}}")
    };
    assert_eq!(
        rows,
        [
            (series("a", "a"), Some(0.0)),
            (series("b", "b"), Some(1.0)),
            (series("c", "c"), Some(0.0)),
        ],
        "each once: the check of all nodes repeats none"
    );
}
