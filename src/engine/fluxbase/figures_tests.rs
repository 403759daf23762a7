//! The graphs and targets of instances whose series are known.

use super::*;
use crate::promql::{Labels, Selection, Series, Taken};

/// Series in memory.
#[derive(Default)]
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

const MINUTE: i64 = 60_000;
/// Minutes of the past.
const PAST: i64 = 90;

impl Kept {
    /// A series of instance `a:8080` with a value for each minute.
    fn put(&mut self, job: &str, name: &str, more: &[(&str, &str)], value: impl Fn(i64) -> f64) {
        let first = [("__name__", name), ("job", job), ("instance", "a:8080")];
        let labels = Labels::from_pairs(first.into_iter().chain(more.iter().copied()));
        let points = (0..=PAST).map(|at| Found { at: at * MINUTE, value: value(at) }).collect();
        self.0.push(Series { labels, points });
        self.0.sort_by(|one, other| one.labels.cmp(&other.labels));
    }

    fn target(&self, goal: FluxbaseGoal) -> Option<f64> {
        let all = Instance::new("a:8080").targets(self, Timestamp::from_millis(PAST * MINUTE));
        all.unwrap().into_iter().find(|target| target.goal == goal).and_then(|target| target.value)
    }

    fn line(&self, graph: FluxbaseGraph, name: &str) -> Vec<f64> {
        let times = (80 * MINUTE, PAST * MINUTE);
        let times = (Timestamp::from_millis(times.0), Timestamp::from_millis(times.1));
        let panels = Instance::new("a:8080").panels(self, times, 10).unwrap();
        let panel = panels.into_iter().find(|panel| panel.graph == graph).unwrap();
        let line = panel.lines.into_iter().find(|line| line.name == name).unwrap();
        line.points.into_iter().map(|point| point.value).collect()
    }
}

fn near(found: Option<f64>, wanted: f64) -> bool {
    found.is_some_and(|found| (found - wanted).abs() < 1e-9)
}

#[expect(clippy::cast_precision_loss, reason = "minutes")]
fn growing(by: f64) -> impl Fn(i64) -> f64 {
    move |at| at as f64 * by
}

/// Requests with a fast path and a slow one.
fn requests(kept: &mut Kept) {
    let name = "fluxbase_http_request_duration_seconds_bucket";
    for (path, le, by) in [
        ("/fast", "0.1", 960.0),
        ("/fast", "1", 960.0),
        ("/fast", "+Inf", 960.0),
        ("/slow", "0.1", 0.0),
        ("/slow", "1", 40.0),
        ("/slow", "+Inf", 40.0),
    ] {
        kept.put("fluxbase", name, &[("path", path), ("le", le)], growing(by));
    }
    let name = "fluxbase_http_requests_total";
    kept.put("fluxbase", name, &[("path", "/fast"), ("status", "2xx")], growing(960.0));
    kept.put("fluxbase", name, &[("path", "/slow"), ("status", "2xx")], growing(40.0));
}

#[test]
fn fb_16_fb_25_d_13_the_headline_latency_is_that_of_all_requests_together() {
    let mut kept = Kept::default();
    requests(&mut kept);
    // 950 of 1000 are within the first bucket, 960 in all: 0.1 * 950 / 960.
    assert!(near(kept.target(FluxbaseGoal::LatencyP95), 0.1 * 950.0 / 960.0));
    // 990 of 1000: 30 of the 40 of the second bucket.
    assert!(near(kept.target(FluxbaseGoal::LatencyP99), 0.1 + 0.9 * 30.0 / 40.0));
    assert!(FluxbaseGoal::LatencyP95.is_met(0.098) && !FluxbaseGoal::LatencyP99.is_met(0.775));
    let line = kept.line(FluxbaseGraph::Latency, "P95");
    assert_eq!(line.len(), 11);
    assert!(line.iter().all(|value| near(Some(*value), 0.1 * 950.0 / 960.0)), "{line:?}");
    let rate = kept.line(FluxbaseGraph::RequestRate, "requests");
    assert!(rate.iter().all(|value| near(Some(*value), 1000.0 / 60.0)), "{rate:?}");
}

#[test]
fn fb_26_queries_have_their_own_quantiles() {
    let mut kept = Kept::default();
    let name = "fluxbase_db_query_duration_seconds_bucket";
    for (table, le, by) in
        [("a", "0.05", 90.0), ("b", "0.05", 8.0), ("a", "0.1", 92.0), ("b", "0.1", 8.0)]
    {
        kept.put("fluxbase", name, &[("table", table), ("le", le)], growing(by));
    }
    for table in ["a", "b"] {
        let by = if table == "a" { 92.0 } else { 8.0 };
        kept.put("fluxbase", name, &[("table", table), ("le", "+Inf")], growing(by));
    }
    assert!(near(kept.target(FluxbaseGoal::QueryP95), 0.05 * 95.0 / 98.0));
    assert!(near(kept.target(FluxbaseGoal::QueryP99), 0.05 + 0.05 * 1.0 / 2.0));
    assert_eq!(kept.target(FluxbaseGoal::LatencyP95), None, "no traffic is no latency");
}

#[test]
fn fb_27_d_12_the_error_rate_is_a_share_of_all_and_0_without_errors() {
    let mut kept = Kept::default();
    requests(&mut kept);
    assert_eq!(kept.target(FluxbaseGoal::ErrorRate), Some(0.0));
    let name = "fluxbase_http_requests_total";
    kept.put("fluxbase", name, &[("path", "/slow"), ("status", "5xx")], growing(1000.0 / 99.0));
    assert!(near(kept.target(FluxbaseGoal::ErrorRate), 0.01));
    let line = kept.line(FluxbaseGraph::ErrorRate, "errors");
    assert!(line.iter().all(|value| near(Some(*value), 0.01)), "{line:?}");
}

#[test]
fn fb_28_the_pool_is_the_monitorings_where_the_gauges_are_dead_and_theirs_where_they_live() {
    let mut kept = Kept::default();
    let told = "fluxbase_monitoring";
    kept.put(told, "fluxbase_monitoring_database_acquired_conns", &[], |_| 20.0);
    kept.put(told, "fluxbase_monitoring_database_max_conns", &[], |_| 25.0);
    for name in ["fluxbase_db_connections", "fluxbase_db_connections_max"] {
        kept.put("fluxbase", name, &[], |_| 0.0);
    }
    assert!(near(kept.target(FluxbaseGoal::PoolUse), 0.8));
    assert!(!FluxbaseGoal::PoolUse.is_met(0.8), "below 80 % is wanted");
    assert_eq!(kept.line(FluxbaseGraph::DbConnections, "in use")[0], 20.0);
    assert_eq!(kept.line(FluxbaseGraph::DbConnections, "max")[0], 25.0);
    let mut live = Kept::default();
    live.put(told, "fluxbase_monitoring_database_acquired_conns", &[], |_| 20.0);
    live.put(told, "fluxbase_monitoring_database_max_conns", &[], |_| 25.0);
    live.put("fluxbase", "fluxbase_db_connections", &[], |_| 5.0);
    live.put("fluxbase", "fluxbase_db_connections_max", &[], |_| 50.0);
    assert!(near(live.target(FluxbaseGoal::PoolUse), 0.1));
}

#[test]
fn fb_29_a_trend_is_a_slope_of_an_hour_not_a_level() {
    let mut kept = Kept::default();
    kept.put("fluxbase", "go_goroutines", &[], |at| if at % 2 == 0 { 4000.0 } else { 4400.0 });
    kept.put("fluxbase_monitoring", "fluxbase_monitoring_memory_alloc_mb", &[], |at| {
        100.0 + growing(1.0)(at)
    });
    let flat = kept.target(FluxbaseGoal::Goroutines).unwrap();
    assert!(FluxbaseGoal::Goroutines.is_met(flat), "{flat}");
    let grows = kept.target(FluxbaseGoal::Memory);
    // 60 MiB an hour, of 160.5 in the mean of the last hour.
    assert!(near(grows, 60.0 / 160.5), "{grows:?}");
    let mut young = Kept::default();
    young.put("fluxbase", "go_goroutines", &[], growing(1.0));
    young.0[0].points.retain(|point| point.at > (PAST - 10) * MINUTE);
    assert_eq!(young.target(FluxbaseGoal::Goroutines), None, "ten minutes are no trend");
}

#[test]
fn fb_16_another_instance_is_not_counted_in() {
    let mut kept = Kept::default();
    requests(&mut kept);
    let at = Timestamp::from_millis(PAST * MINUTE);
    let other = Instance::new("b\"} or up{x=\"").targets(&kept, at).unwrap();
    assert!(other.iter().all(|target| target.value.is_none()));
}
