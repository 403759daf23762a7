//! An instance of the configuration under an engine on a manual clock.

use std::collections::BTreeMap;
use std::time::Duration;

use State::{Critical, Ok as Good, Unknown, Warning};
use fluxnoc::clock::Clock;
use fluxnoc::config::{Env, Machine, parse};
use fluxnoc::engine::Inventory;
use fluxnoc::engine::query_rules::compile;
use fluxnoc::model::{Check, Span, State};
use fluxnoc::probe::{self, Context, Memory, Shared};
use fluxnoc::protocol::{Answer, Query};

use super::documents::{DEGRADED, HEALTHY, LIMITED};
use super::instance::{HEALTH, Instance, KEY, METRICS, Page};
use super::lab::{Lab, START};

/// An instance, the engine that watches it, and what its checks remember.
pub struct Site {
    pub instance: Instance,
    checks: Vec<Check>,
    memory: BTreeMap<String, Memory>,
    pub lab: Lab,
    _dir: tempfile::TempDir,
}

impl Site {
    async fn start() -> Self {
        Self::with("rules = []").await
    }

    /// Watched with these further keys.
    pub async fn with(more: &str) -> Self {
        let instance = Instance::start();
        let dir = tempfile::tempdir().unwrap();
        let key = dir.path().join("key");
        std::fs::write(&key, format!("{KEY}\n")).unwrap();
        let (url, metrics) = (instance.app.url(), instance.exposition());
        let text = format!(
            "[defaults]\nattempts = 1\n[[fluxbase]]\nname = \"fb\"\nurl = \"{url}\"\n\
             metrics = \"{metrics}\"\nservice_key = {{ file = \"{}\" }}\n{more}\n",
            key.display()
        );
        let machine = Machine::default();
        let config = parse("c", &text, &machine, &Env::default()).unwrap_or_else(|e| panic!("{e}"));
        let checks = config.checks.clone();
        let rules = compile(&config.rule_groups, &config.settings.promql).unwrap();
        let inventory = Inventory {
            hosts: config.hosts,
            checks: config.checks,
            query_rules: rules.into(),
            ..Inventory::default()
        };
        let lab = Lab::start(dir.path(), inventory, Clock::manual(START)).await;
        Self { instance, checks, memory: BTreeMap::new(), lab, _dir: dir }
    }

    /// Runs every check once, as a worker does, and a minute passes.
    pub async fn minute(&mut self) {
        let shared = Shared::start().unwrap();
        for check in &self.checks {
            let context = Context::new(&shared, Duration::from_secs(10));
            let memory = self.memory.entry(check.key.to_string()).or_default();
            let seen = probe::run(check, &context, memory).await;
            self.lab.report(&check.key.to_string(), seen).await;
        }
        self.lab.clock.advance(Span::from_secs(60));
        // Questions are answered in turn: what follows from the last result has happened.
        self.lab.query(Query::Engine).await;
        self.lab.drain();
    }

    /// `live`, `health`, `system`, `metrics`.
    fn states(&self) -> [State; 4] {
        ["fb/live", "fb/health", "fb/system", "fb/metrics"].map(|key| self.lab.state(key).0)
    }

    fn says(&self, key: &str) -> String {
        self.lab.world.check(&key.parse().unwrap()).unwrap().status.output.to_string()
    }

    /// The last value of a series.
    async fn last(&mut self, check: &str, series: &str) -> Option<f64> {
        let query = Query::SeriesList {
            host: Some("fb".into()),
            check: Some(check.into()),
            text: None,
            limit: 500,
        };
        let Answer::SeriesList(page) = self.lab.query(query).await else { panic!() };
        page.rows.iter().find(|row| &*row.series == series).and_then(|row| row.last)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fb_01_fb_03_fb_09_the_surfaces_are_checks_and_what_they_count_are_series() {
    let mut site = Site::start().await;
    site.minute().await;
    assert_eq!(site.states(), [Good; 4]);
    let total =
        "fluxbase_http_requests_total{method=\"GET\",path=\"/api/v1/tables\",status=\"2xx\"}";
    assert_eq!(site.last("metrics", total).await, Some(1200.0));
    assert_eq!(site.last("metrics", "fluxbase_system_uptime_seconds").await, Some(93_784.0));
    assert_eq!(site.last("metrics", "up").await, Some(1.0));
    let pool = "fluxbase_monitoring_database_acquired_conns";
    assert_eq!(site.last("system", pool).await, Some(3.0));
    assert_eq!(site.last("health", "up").await, None, "the health report is no scrape");
    site.instance.metrics.kill();
    site.instance.app.put(HEALTH, Page::of(200, DEGRADED));
    site.minute().await;
    assert_eq!(site.states(), [Good, Warning, Good, Critical]);
    assert_eq!(site.last("metrics", "up").await, Some(0.0));
    assert_eq!(site.last("metrics", total).await, None, "its series have ended");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fb_13_a_429_keeps_the_state_asks_no_more_until_it_may_and_ends_no_series() {
    let mut site = Site::start().await;
    site.instance.app.put(HEALTH, Page::of(200, DEGRADED));
    site.minute().await;
    assert_eq!(site.states(), [Good, Warning, Good, Good]);
    for path in [HEALTH, METRICS] {
        let limited = Page { more: "Retry-After: 60\r\n", ..Page::of(429, LIMITED) };
        site.instance.app.put(path, limited);
    }
    site.instance.app.asked();
    site.minute().await;
    assert_eq!(site.states(), [Good, Warning, Good, Good]);
    let says = site.says("fb/health");
    assert!(says.contains("HTTP 429") && says.contains("storage degraded"), "{says}");
    assert_eq!(site.instance.app.asked().len(), 3);
    assert_eq!(site.last("system", "up").await, Some(1.0));
    site.instance.app.put(HEALTH, Page::of(200, HEALTHY));
    site.minute().await;
    assert_eq!(site.instance.app.asked(), ["/health"], "it was told to wait");
    assert_eq!(site.states(), [Good, Warning, Good, Good]);
    // Without a word before, nothing is known.
    site.memory.clear();
    site.minute().await;
    assert_eq!(site.states(), [Good, Good, Unknown, Good]);
}
