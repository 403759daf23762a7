//! The rules that come with an instance: by promtool, by our own evaluation, and under an engine.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use fluxnoc::model::{Span, State};
use fluxnoc::promql::{
    Edition, Labels, Options, Point, Selection, Series, Source, Taken, Value, evaluate_instant,
    parse,
};
use fluxnoc::protocol::{Answer, FluxbaseGoal, Query};

use super::documents::{EXPOSITION, SYSTEM};
use super::instance::{METRICS, Page};
use super::watched::Site;

fn promtool(arguments: &[&str]) -> (bool, String) {
    let run = Command::new("promtool")
        .args(arguments)
        .output()
        .expect("promtool is installed (tests/run install)");
    let said = [run.stdout, run.stderr].concat();
    (run.status.success(), String::from_utf8_lossy(&said).into_owned())
}

#[test]
#[ignore = "needs promtool (tests/run install)"]
fn fb_17_fb_18_fb_19_fb_20_fb_21_d_11_d_12_d_13_d_14_promtool_judges_the_packs_as_they_are_meant() {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    for pack in ["critical", "warning", "slo", "literal"] {
        let path = own.join(format!("src/config/fluxbase_rules/{pack}.yml"));
        let (good, said) = promtool(&["check", "rules", &path.display().to_string()]);
        assert!(good, "{pack}: {said}");
    }
    let tests = own.join("tests/fluxbase/packs.yml").display().to_string();
    let (good, said) = promtool(&["test", "rules", &tests]);
    assert!(good, "{said}");
}

/// Series in memory.
struct Kept(Vec<Series>);

impl Source for Kept {
    fn select(&self, selection: &Selection<'_>, taken: &mut Taken<'_>) -> Result<(), String> {
        for series in self.0.iter().filter(|series| selection.matches(&series.labels)) {
            if taken.series(&series.labels, series.points.iter().copied()).is_break() {
                break;
            }
        }
        Ok(())
    }
}

/// Buckets of requests that grow by so many a minute: cumulative, of several paths.
const BUCKETS: [&str; 13] = [
    "0.001", "0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "5", "10", "+Inf",
];

const QUANTILES: [&str; 2] = [
    "histogram_quantile(0.95, sum by (job, instance, le) (rate(x_bucket[5m])))",
    "histogram_quantile(0.99, sum by (le) (rate(x_bucket[5m])))",
];

/// A pseudo-random number below `limit`; the same each time.
fn draw(seed: &mut u64, limit: u64) -> u64 {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*seed >> 33) % limit
}

#[test]
#[ignore = "needs promtool (tests/run install)"]
#[expect(clippy::cast_precision_loss, reason = "counts are small")]
fn fb_18_our_quantiles_are_promtools_within_a_billionth() {
    let mut seed = 7;
    let folder = tempfile::tempdir().unwrap();
    for round in 0..20 {
        let (mut all, mut written) = (Vec::new(), String::new());
        for path in ["/a", "/b", "/c"] {
            let mut by = 0;
            for le in BUCKETS {
                by += draw(&mut seed, 40);
                let labels =
                    [("__name__", "x_bucket"), ("job", "fluxbase"), ("path", path), ("le", le)];
                let points =
                    (0..=10).map(|at| Point { at: at * 60_000, value: (by * at as u64) as f64 });
                all.push(Series { labels: Labels::from_pairs(labels), points: points.collect() });
                let _ = writeln!(
                    written,
                    "      - series: 'x_bucket{{job=\"fluxbase\",path=\"{path}\",le=\"{le}\"}}'\n        \
                     values: '0+{by}x10'"
                );
            }
        }
        all.sort_by(|one, other| one.labels.cmp(&other.labels));
        let source = Kept(all);
        for text in QUANTILES {
            let query = parse(text, Edition::Two).unwrap();
            let found = evaluate_instant(&query, &source, 600_000, &Options::default()).unwrap();
            let Value::Vector(found) = found else { panic!() };
            let own = found[0].value;
            // What is wrongly expected makes promtool say what there is.
            let test = format!(
                "evaluation_interval: 1m\ntests:\n  - interval: 1m\n    input_series:\n{written}    \
                 promql_expr_test:\n      - expr: '{text}'\n        eval_time: 10m\n        \
                 exp_samples: [{{labels: '{{}}', value: -1}}]\n"
            );
            let path = folder.path().join("test.yml");
            std::fs::write(&path, test).unwrap();
            let (_, said) = promtool(&["test", "rules", &path.display().to_string()]);
            let got = said.split("got:").nth(1).unwrap_or_else(|| panic!("{said}"));
            let mut numbers = got.split_whitespace().filter_map(|word| {
                word.trim_matches(|c: char| "[]\",".contains(c)).parse::<f64>().ok()
            });
            let theirs = numbers.next_back().unwrap_or_else(|| panic!("{said}"));
            assert!((own - theirs).abs() <= 1e-9, "round {round}: {own} and {theirs}: {said}");
        }
    }
}

/// The exposition with so many requests and errors.
fn counted(good: u64, bad: u64) -> Page {
    let text = EXPOSITION
        .replace("status=\"2xx\"} 1200", &format!("status=\"2xx\"}} {good}"))
        .replace("status=\"5xx\"} 3", &format!("status=\"5xx\"}} {bad}"));
    Page::text(&text)
}

impl Site {
    /// Waits until the alert of a rule is in that state; `None`: until it is over.
    async fn until_alert(&mut self, rule: &str, state: State) {
        let key = format!("fb/{rule}");
        for _ in 0..60 {
            self.lab.query(Query::Engine).await;
            self.lab.drain();
            let row = self.lab.world.check(&key.parse().unwrap());
            if row.is_some_and(|row| row.status.state == state) {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        let hosts: Vec<String> = self
            .lab
            .world
            .hosts()
            .flat_map(|host| &host.checks)
            .map(|row| format!("{} {:?} {}", row.key, row.status.state, row.status.output))
            .collect();
        panic!("{key} is not {state}: {hosts:#?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fb_19_fb_21_fb_30_d_14_the_rules_of_an_entry_fire_under_an_engine_with_their_runbook() {
    let mut site = Site::with("").await;
    site.minute().await;
    // 18 of 20 are exactly 90 %; the gauges of the exposition are 0, and do not count.
    let pool = SYSTEM.replace("\"acquired_conns\":3", "\"acquired_conns\":18");
    let pool = pool.replace("\"max_conns\":25", "\"max_conns\":20");
    site.instance.app.put(METRICS, Page::of(200, &pool));
    site.minute().await;
    site.until_alert("ConnectionPoolExhausted", State::Critical).await;
    let key = "fb/ConnectionPoolExhausted".parse().unwrap();
    let row = site.lab.world.check(&key).unwrap();
    let about = row.about.as_ref().and_then(|about| about.runbook.clone()).unwrap();
    assert!(about.starts_with("Connection pool exhaustion"), "{about}");
    site.instance.app.put(METRICS, Page::of(200, SYSTEM));
    site.instance.metrics.kill();
    site.minute().await;
    site.until_alert("FluxbaseDown", State::Critical).await;
    site.until_alert("ConnectionPoolExhausted", State::Ok).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fb_17_fb_27_d_12_the_ratio_of_errors_fires_and_the_view_says_the_same() {
    let mut site = Site::with("rules = [\"critical\", \"warning\"]").await;
    for minute in 0..4 {
        site.instance
            .metrics
            .put("/metrics", counted(100_000 + minute * 900, 10_000 + minute * 100));
        site.minute().await;
    }
    site.until_alert("HighErrorRate", State::Critical).await;
    site.until_alert("ElevatedErrorRate", State::Warning).await;
    let to = site.lab.clock.now().wall;
    let query = Query::Fluxbase { host: None, from: to - Span::from_secs(300), to, points: 10 };
    let Answer::Fluxbase(page) = site.lab.query(query).await else { panic!() };
    let row = &page.rows[0];
    assert_eq!(&*row.host, "fb");
    let value = |goal| row.targets.iter().find(|target| target.goal == goal).unwrap().value;
    let errors = value(FluxbaseGoal::ErrorRate).unwrap();
    assert!((errors - 0.1).abs() < 1e-9, "{errors}");
    assert_eq!(value(FluxbaseGoal::PoolUse), Some(3.0 / 25.0));
    assert_eq!(value(FluxbaseGoal::LatencyP95), None, "no histogram, no latency");
    assert_eq!(page.panels.len(), 5);
    let filled = page.panels.iter().filter(|panel| !panel.lines[0].points.is_empty()).count();
    assert_eq!(filled, 4, "all but the latency");
}
