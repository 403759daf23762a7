//! Rules in PromQL in a running engine: from scraped series to alerts of the one machinery, on a
//! manual clock.

use std::path::Path;
use std::sync::Arc;

use fluxnoc::clock::Clock;
use fluxnoc::config::promql::Promql;
use fluxnoc::config::rule_groups;
use fluxnoc::engine::Inventory;
use fluxnoc::engine::query_rules::{QueryRules, compile};
use fluxnoc::model::spec::{Endpoint, Family, FluxmqNode, FluxmqScope, FluxmqSpec, ScrapeSpec};
use fluxnoc::model::{
    Check, Host, Layout, Name, Observation, Phase, Scrape, ScrapeReport, Span, Spec, hash,
};
use fluxnoc::protocol::{Answer, Command, NewMaintenance, Query, QueryRuleRow};

use super::lab::{Lab, START};

/// How often everything is scraped and evaluated.
const STEP: Span = Span::from_secs(15);

fn rules(text: &str) -> Arc<QueryRules> {
    let groups = rule_groups("r.yml", text).unwrap_or_else(|all| panic!("{all}"));
    let groups: Vec<_> = groups.into_iter().map(Arc::new).collect();
    Arc::new(compile(&groups, &Promql::default()).unwrap_or_else(|all| panic!("{all}")))
}

/// Hosts `web-1` and `web-2`, each with a scrape `node`.
fn wanted(text: &str) -> Inventory {
    let mut all = Inventory { query_rules: rules(text), ..Inventory::default() };
    for name in ["web-1", "web-2"] {
        let endpoint = Endpoint::get(&format!("http://{name}:9100/metrics"), 1 << 20);
        let spec =
            ScrapeSpec { endpoint, fallback: None, max_samples: 10_000, metrics: Vec::new() };
        all.hosts.push(Host::new(name, "127.0.0.1"));
        all.checks.push(Check {
            // Of what is not scraped for long nothing is said here.
            interval: Span::from_secs(7 * 86_400),
            ..Check::new(name, "node", "127.0.0.1", Spec::Scrape(spec))
        });
    }
    all
}

struct Story {
    lab: Lab,
}

impl Story {
    async fn start(dir: &Path, text: &str) -> Self {
        Self { lab: Lab::start(dir, wanted(text), Clock::manual(START)).await }
    }

    /// What a host shows from now on.
    async fn scrape(&mut self, host: &str, series: &[(&str, f64)]) {
        self.shows(&format!("{host}/node"), series).await;
    }

    /// The series of a check from now on.
    async fn shows(&mut self, check: &str, series: &[(&str, f64)]) {
        let names: Vec<Name> = series.iter().map(|(name, _)| Name::from(*name)).collect();
        let id = names.iter().fold(1, |id, name| id ^ hash::fnv1a(name.as_bytes()).rotate_left(3));
        let scrape = Scrape {
            layout: Arc::new(Layout { id, series: names }),
            values: series.iter().map(|(_, value)| *value).collect(),
            report: ScrapeReport { up: true, ..ScrapeReport::default() },
            ..Scrape::default()
        };
        let seen =
            Observation { scrape: Some(Arc::new(scrape)), ..Observation::seen("ok", vec![]) };
        self.lab.report(check, seen).await;
    }

    async fn rows(&self) -> Vec<QueryRuleRow> {
        let Answer::Rules(page) = self.lab.query(Query::Rules { limit: 1000 }).await else {
            panic!("no rules");
        };
        page.queries
    }

    async fn row(&self, name: &str) -> QueryRuleRow {
        let rows = self.rows().await;
        rows.into_iter().find(|row| row.name.as_str() == name).unwrap_or_else(|| panic!("{name}"))
    }

    /// Lets the clock go one interval on, and all groups be evaluated in it.
    async fn step(&mut self) {
        let due = self.lab.clock.now().wall;
        self.lab.clock.advance(STEP);
        let until = std::time::Instant::now() + std::time::Duration::from_secs(60);
        while std::time::Instant::now() < until {
            let rows = self.rows().await;
            if rows.iter().all(|row| row.at.is_some_and(|at| at > due)) {
                // What followed is committed when a second question is answered.
                self.lab.query(Query::Engine).await;
                self.lab.drain();
                return;
            }
            tokio::task::yield_now().await;
        }
        panic!("the rules were not evaluated: {:?}", self.rows().await);
    }

    async fn steps(&mut self, count: u32) {
        for _ in 0..count {
            self.step().await;
        }
    }

    /// Shows something and lets it be evaluated.
    async fn see(&mut self, host: &str, series: &[(&str, f64)]) {
        self.scrape(host, series).await;
        self.step().await;
    }

    /// The open alerts: check, phase, state.
    fn open(&self) -> Vec<String> {
        let mut all: Vec<String> = self
            .lab
            .world
            .open_alerts()
            .map(|alert| format!("{} {} {}", alert.check, alert.phase.word(), alert.state))
            .collect();
        all.sort();
        all
    }
}

const QUEUE: &str = "
groups:
  - name: queues
    rules:
      - alert: QueueFull
        expr: queue_depth > 100
        for: 30s
        labels: {severity: critical}
        annotations:
          summary: '{{ $labels.queue }} on {{ $labels.instance }} holds {{ $value }}'
          runbook_url: https://wiki.example/queues
";

#[tokio::test]
async fn an_alert_of_an_expression_is_pending_fires_and_is_over_on_its_host() {
    let dir = tempfile::tempdir().unwrap();
    let mut story = Story::start(dir.path(), QUEUE).await;
    let full = [(r#"queue_depth{queue="orders"}"#, 150.0), (r#"queue_depth{queue="mail"}"#, 5.0)];
    story.see("web-1", &full).await;
    assert_eq!(story.open(), ["web-1/QueueFull queue=orders pending CRITICAL"]);
    assert!(story.lab.edges().await.is_empty());
    story.see("web-1", &full).await;
    assert_eq!(story.row("QueueFull").await.pending, 1);
    story.see("web-1", &full).await;
    assert_eq!(story.open(), ["web-1/QueueFull queue=orders firing CRITICAL"]);
    assert_eq!(story.lab.last_words().await, "orders on web-1:9100 holds 150");
    let row = story.row("QueueFull").await;
    assert_eq!((row.firing, row.pending, row.errors, row.missed), (1, 0, 0, 0));
    assert!(row.error.is_none() && row.at.is_some());
    let key = "web-1/QueueFull queue=orders".parse().unwrap();
    let check = story.lab.world.check(&key).unwrap();
    let about = check.about.as_ref().unwrap();
    assert_eq!(about.runbook.as_deref(), Some("https://wiki.example/queues"));
    assert_eq!(about.labels["queue"], "orders");
    // What the series stops to say, and its end, is the end of the alert.
    story.see("web-1", &[(r#"queue_depth{queue="orders"}"#, 7.0)]).await;
    assert!(story.open().is_empty());
    assert_eq!(story.lab.edges().await, ["fired", "recovered"]);
    // A quarter of an hour later its check is gone too.
    for _ in 0..61 {
        story.see("web-1", &[("other", 1.0)]).await;
    }
    assert!(story.lab.world.check(&key).is_none());
    // And it comes again under the same name.
    for _ in 0..3 {
        story.see("web-1", &full).await;
    }
    assert_eq!(story.open(), ["web-1/QueueFull queue=orders firing CRITICAL"]);
}

#[tokio::test]
async fn a_series_that_vanishes_ends_its_alert_and_keep_firing_for_holds_it() {
    let text = "groups:\n- name: g\n  rules:\n  - alert: Now\n    expr: x > 0\n  - alert: Kept\n    \
                expr: x > 0\n    keep_firing_for: 30s\n";
    let dir = tempfile::tempdir().unwrap();
    let mut story = Story::start(dir.path(), text).await;
    story.see("web-1", &[("x", 1.0)]).await;
    assert_eq!(story.open(), ["web-1/Kept firing WARNING", "web-1/Now firing WARNING"]);
    story.see("web-1", &[]).await;
    assert_eq!(story.open(), ["web-1/Kept firing WARNING"]);
    story.step().await;
    assert_eq!(story.open(), ["web-1/Kept firing WARNING"]);
    story.step().await;
    assert!(story.open().is_empty());
}

#[tokio::test]
async fn a_rule_that_cannot_be_evaluated_changes_nothing_and_says_so() {
    let text = "groups:\n- name: g\n  limit: 1\n  rules:\n  - alert: Ratio\n    \
                expr: x / on() y > 0.5\n  - alert: Many\n    expr: z > 0\n";
    let dir = tempfile::tempdir().unwrap();
    let mut story = Story::start(dir.path(), text).await;
    story.see("web-1", &[("x", 1.0), ("y", 1.0), ("z", 1.0)]).await;
    let both = ["promql/Ratio firing WARNING", "web-1/Many firing WARNING"];
    assert_eq!(story.open(), both);
    // Two series of each name: the match is not unique, and there are more than the limit.
    story.see("web-2", &[("x", 1.0), ("y", 1.0), ("z", 1.0)]).await;
    assert_eq!(story.open(), both);
    let ratio = story.row("Ratio").await;
    assert!(ratio.error.unwrap().as_str().contains("many-to-many"));
    let many = story.row("Many").await;
    assert_eq!(many.error.unwrap().as_str(), "exceeded limit of 1 with 2 alerts");
    assert_eq!((many.errors, many.firing), (1, 1));
    story.scrape("web-2", &[]).await;
    story.see("web-1", &[("x", 0.0), ("y", 1.0)]).await;
    assert!(story.open().is_empty());
    let row = story.row("Many").await;
    assert_eq!((row.errors, row.error), (1, None));
    // Three iterations of two rules, of which both failed once.
    let text = story.lab.engine.handle.meters().text();
    let of = "{file=\"r.yml\",group=\"g\"}";
    for line in [
        format!("fluxnoc_rule_evaluations_total{of} 6\n"),
        format!("fluxnoc_rule_evaluation_failures_total{of} 2\n"),
        format!("fluxnoc_rule_group_iterations_missed_total{of} 0\n"),
        format!("fluxnoc_rule_group_interval_seconds{of} 15\n"),
        format!("fluxnoc_rule_group_last_duration_seconds{of} "),
        format!("fluxnoc_rule_group_last_evaluation_timestamp_seconds{of} "),
    ] {
        assert!(text.contains(&line), "{line}{text}");
    }
    // Those of a group that is gone are gone.
    let none = Inventory { query_rules: rules("groups: []\n"), ..wanted("groups: []\n") };
    *story.lab.inventory.lock().unwrap() = Ok(none);
    story.lab.execute(Command::Reload).await.unwrap();
    assert!(!story.lab.engine.handle.meters().text().contains(of));
}

#[tokio::test]
async fn rules_see_what_rules_before_them_recorded_and_which_alerts_there_are() {
    let text = "groups:\n- name: g\n  rules:\n  - record: job:x:sum\n    expr: sum by (job) (x)\n    \
                labels: {from: rule}\n  - alert: Sum\n    expr: job:x:sum{from=\"rule\"} > 10\n    \
                labels: {severity: page}\n  - alert: Watch\n    \
                expr: ALERTS{alertname=\"Sum\",alertstate=\"firing\"}\n  - alert: Since\n    \
                expr: time() - ALERTS_FOR_STATE{alertname=\"Sum\"} >= 15\n";
    let dir = tempfile::tempdir().unwrap();
    let mut story = Story::start(dir.path(), text).await;
    story.scrape("web-1", &[("x", 6.0)]).await;
    story.see("web-2", &[("x", 7.0)]).await;
    let open = story.open();
    assert_eq!(open[0], "promql/Sum from=rule firing CRITICAL", "{open:?}");
    assert_eq!(open.len(), 2, "{open:?}");
    assert!(open[1].starts_with("promql/Watch alertstate=firing"), "{open:?}");
    assert_eq!(story.row("job:x:sum").await.series, 1);
    story.step().await;
    assert_eq!(story.open().len(), 3);
    // Without its elements the recorded series ends at once, not after five minutes.
    story.scrape("web-1", &[]).await;
    story.see("web-2", &[]).await;
    assert!(story.open().is_empty(), "{:?}", story.open());
    assert_eq!(story.row("job:x:sum").await.series, 0);
}

#[tokio::test]
async fn windows_and_acknowledgements_of_its_host_hold_for_it() {
    let dir = tempfile::tempdir().unwrap();
    let mut story = Story::start(dir.path(), QUEUE).await;
    let full = [(r#"queue_depth{queue="orders"}"#, 150.0)];
    for _ in 0..3 {
        story.see("web-1", &full).await;
    }
    let key = "web-1/QueueFull queue=orders";
    story.lab.acknowledge(key, None, true).await;
    let alert = story.lab.world.open_alerts().next().unwrap().clone();
    assert!(alert.ack.is_some() && !alert.is_unhandled());
    let now = story.lab.clock.now().wall;
    let new = NewMaintenance {
        name: "work".to_owned(),
        host_pattern: "web-*".parse().ok(),
        check: None,
        hosts: std::collections::BTreeSet::new(),
        checks: std::collections::BTreeSet::new(),
        start: now,
        end: now + Span::from_secs(600),
        children: false,
        repeats: None,
        suppress_notifications: true,
        created_by: None,
    };
    story.lab.execute(Command::AddMaintenance(new)).await.unwrap();
    story.step().await;
    let alert = story.lab.world.open_alerts().next().unwrap();
    assert!(alert.in_maintenance && alert.suppressed, "{alert:?}");
    assert_eq!(alert.phase, Phase::Firing);
}

#[tokio::test]
async fn a_start_goes_on_with_what_fired_and_tells_nobody_again() {
    let dir = tempfile::tempdir().unwrap();
    let mut story = Story::start(dir.path(), QUEUE).await;
    let full = [(r#"queue_depth{queue="orders"}"#, 150.0)];
    for _ in 0..3 {
        story.see("web-1", &full).await;
    }
    let (_, clock) = story.lab.stop().await;
    clock.advance(Span::from_secs(60));
    let mut story = Story { lab: Lab::start(dir.path(), wanted(QUEUE), clock).await };
    assert_eq!(story.open(), ["web-1/QueueFull queue=orders firing CRITICAL"]);
    // Nothing is scraped yet: that it is not found says nothing.
    story.steps(3).await;
    assert_eq!(story.open(), ["web-1/QueueFull queue=orders firing CRITICAL"]);
    // It is there, and its rule counts anew: it fires all the same, and is told once.
    story.see("web-1", &full).await;
    assert_eq!(story.open(), ["web-1/QueueFull queue=orders firing CRITICAL"]);
    assert_eq!(story.lab.edges().await, ["fired"]);
    story.see("web-1", &[(r#"queue_depth{queue="orders"}"#, 0.0)]).await;
    assert!(story.open().is_empty());
    assert_eq!(story.lab.edges().await, ["fired", "recovered"]);
}

#[tokio::test]
async fn after_a_start_what_is_never_found_again_is_over_when_it_would_have_been_seen() {
    let dir = tempfile::tempdir().unwrap();
    let mut story = Story::start(dir.path(), QUEUE).await;
    for _ in 0..3 {
        story.see("web-1", &[(r#"queue_depth{queue="orders"}"#, 150.0)]).await;
    }
    let (_, clock) = story.lab.stop().await;
    let mut story = Story { lab: Lab::start(dir.path(), wanted(QUEUE), clock).await };
    story.steps(20).await;
    assert_eq!(story.open().len(), 1);
    story.steps(3).await;
    assert!(story.open().is_empty());
}

#[tokio::test]
async fn the_time_that_an_alert_was_pending_before_a_start_counts() {
    let text = "groups:\n- name: g\n  rules:\n  - alert: Slow\n    expr: x > 0\n    for: 20m\n";
    let dir = tempfile::tempdir().unwrap();
    let mut story = Story::start(dir.path(), text).await;
    for _ in 0..20 {
        story.see("web-1", &[("x", 1.0)]).await;
    }
    assert_eq!(story.open(), ["web-1/Slow pending WARNING"]);
    let (_, clock) = story.lab.stop().await;
    let mut story = Story { lab: Lab::start(dir.path(), wanted(text), clock).await };
    let mut count = 20;
    while story.open() != ["web-1/Slow firing WARNING"] {
        story.see("web-1", &[("x", 1.0)]).await;
        count += 1;
        assert!(count < 90, "it does not fire");
    }
    assert!((78..=84).contains(&count), "it fired after {count} intervals of 15 s");
}

#[tokio::test]
async fn a_reload_keeps_what_is_called_as_before_and_ends_what_is_gone() {
    let rule = |name: &str, expr: &str| format!("  - alert: {name}\n    expr: {expr}\n");
    let text = |rules: &[String]| format!("groups:\n- name: g\n  rules:\n{}", rules.concat());
    let dir = tempfile::tempdir().unwrap();
    let first = text(&[rule("A", "x > 0"), rule("B", "x > 0")]);
    let mut story = Story::start(dir.path(), &first).await;
    story.see("web-1", &[("x", 1.0)]).await;
    assert_eq!(story.open(), ["web-1/A firing WARNING", "web-1/B firing WARNING"]);
    let second = text(&[rule("C", "x > 5"), rule("A", "x > 0.5")]);
    *story.lab.inventory.lock().unwrap() = Ok(wanted(&second));
    story.lab.execute(Command::Reload).await.unwrap();
    assert_eq!(story.open(), ["web-1/A firing WARNING"]);
    assert_eq!(story.lab.last_words().await, "its rule was removed from the configuration");
    story.see("web-1", &[("x", 1.0)]).await;
    assert_eq!(story.open(), ["web-1/A firing WARNING"]);
    assert_eq!(story.lab.edges().await, ["fired", "fired", "closed"]);
    // A bad file leaves everything as it is.
    *story.lab.inventory.lock().unwrap() = Err("r.yml:4:5: parse error".to_owned());
    let problem = story.lab.execute(Command::Reload).await.unwrap_err();
    assert_eq!(problem.message.as_str(), "r.yml:4:5: parse error");
    story.see("web-1", &[("x", 9.0)]).await;
    assert_eq!(story.open(), ["web-1/A firing WARNING", "web-1/C firing WARNING"]);
}

#[tokio::test]
async fn an_alert_is_of_the_host_that_its_labels_name_else_of_its_groups() {
    let text = "groups:\n- name: g\n  rules:\n  - alert: Named\n    expr: sum(x) > 0\n    \
                labels: {host: web-2}\n  - alert: Nobodys\n    expr: sum(x) > 0\n    \
                labels: {severity: none}\n";
    let dir = tempfile::tempdir().unwrap();
    let mut story = Story::start(dir.path(), text).await;
    story.see("web-1", &[("x", 1.0)]).await;
    assert_eq!(story.open(), ["promql/Nobodys firing WARNING", "web-2/Named firing WARNING"]);
    // Of what is for information only nobody is told; it is shown all the same.
    let told = |name: &str| {
        let alerts = story.lab.world.open_alerts();
        alerts.filter(|alert| &*alert.check.name == name).all(|alert| alert.notified.is_some())
    };
    assert!(told("Named") && !told("Nobodys"));
}

#[tokio::test]
async fn an_expression_that_finds_too_much_is_ended_and_the_others_go_on() {
    let text = "groups:\n- name: g\n  rules:\n  - alert: All\n    \
                expr: count_over_time(({__name__=~\"many.*\"} @ end())[1h:1s]) > 0\n  - alert: Other\n    \
                expr: up == 1\n";
    let dir = tempfile::tempdir().unwrap();
    let mut story = Story::start(dir.path(), text).await;
    let names: Vec<String> = (0..3000).map(|n| format!("many{{n=\"{n}\"}}")).collect();
    let series: Vec<(&str, f64)> = names.iter().map(|name| (name.as_str(), 1.0)).collect();
    story.see("web-1", &series).await;
    assert_eq!(story.open(), ["web-1/Other firing WARNING"]);
    let row = story.row("All").await;
    let why = row.error.unwrap().to_string();
    assert!(why.contains("more than") || why.contains("longer than"), "{why}");
}

#[tokio::test]
async fn fq_16_the_mode_of_a_node_is_judged_by_an_expression_too() {
    let text = "groups:\n- name: fluxmq\n  rules:\n  - alert: Degraded\n    \
                expr: fluxmq_ready_mode{mode=\"degraded\",job=\"fluxmq\"} == 1\n    for: 5m\n    \
                labels: {severity: critical}\n";
    let dir = tempfile::tempdir().unwrap();
    let node = FluxmqNode {
        name: "mq-1".to_owned(),
        url: "http://192.0.2.7:8081".to_owned(),
        admin: None,
    };
    let spec = FluxmqSpec {
        nodes: vec![node],
        scope: FluxmqScope::All,
        insecure: false,
        family: Family::Auto,
    };
    let mut all = wanted(text);
    all.hosts.push(Host::new("mq-prod", "192.0.2.7"));
    all.checks.push(Check {
        interval: Span::from_secs(86_400),
        ..Check::new("mq-prod", "mq-1", "192.0.2.7", Spec::Fluxmq(spec))
    });
    let mut story = Story { lab: Lab::start(dir.path(), all, Clock::manual(START)).await };
    let mode = |degraded: f64| [(r#"fluxmq_ready_mode{mode="degraded"}"#, degraded)];
    let key = "mq-prod/Degraded mode=degraded";
    for n in 0..22 {
        story.shows("mq-prod/mq-1", &mode(1.0)).await;
        story.step().await;
        // Between 19 and 21 intervals after the first one, for each result takes a moment.
        match n {
            0..19 => assert_eq!(story.open(), [format!("{key} pending CRITICAL")]),
            21.. => assert_eq!(story.open(), [format!("{key} firing CRITICAL")]),
            _ => {}
        }
    }
    story.shows("mq-prod/mq-1", &mode(0.0)).await;
    story.step().await;
    assert!(story.open().is_empty());
}
