//! What is said of each surface.

use super::super::document::{Figure, Service};
use super::*;

fn figure(at: &'static str, key: &'static str, value: f64) -> Figure {
    Figure { at, key, value }
}

#[test]
fn fb_12_the_figures_are_a_line_a_table_metrics_and_series_and_what_is_missing_is_a_dash() {
    let known = System {
        figures: vec![
            figure("", "uptime_seconds", 93_784.0),
            figure("", "num_goroutines", 42.0),
            figure("", "memory_alloc_mb", 128.0),
            figure("database", "acquired_conns", 20.0),
            figure("database", "max_conns", 25.0),
        ],
        version: Some("go1.26.1".to_owned()),
    };
    let seen = system(&known, 0.02);
    assert_eq!(seen.state, State::Ok);
    assert_eq!(seen.line, "up 1d2h, 42 goroutines, 128 MiB, 20 of 25 connections in use");
    let rows: Vec<&str> = seen.long.lines().collect();
    assert_eq!(rows[0], "System    uptime_seconds 93784, go_version go1.26.1, num_goroutines 42");
    assert_eq!(rows[4], "Storage   total_buckets —, total_files —, total_size_gb —");
    assert!(rows[2].starts_with("Database  acquired_conns 20, idle_conns —, max_conns 25"));
    let metric = |name: &str| seen.metrics.iter().find(|m| &*m.name == name).map(|m| m.value);
    assert_eq!((metric("pool_usage"), metric("idle_conns")), (Some(80.0), None));
    let scrape = seen.scrape.unwrap();
    assert!(scrape.report.up);
    let names: Vec<&str> = scrape.layout.series.iter().map(|name| &**name).collect();
    assert_eq!(names[0], "fluxbase_monitoring_uptime_seconds");
    assert_eq!(names[3], "fluxbase_monitoring_database_acquired_conns");
}

#[test]
fn fb_13_bad_services_are_named_the_worst_first() {
    let service = |name: &str, health, message: &str, latency| Service {
        name: name.to_owned(),
        health,
        message: message.to_owned(),
        latency,
    };
    let report = Report {
        health: Health::Unhealthy,
        services: vec![
            service("storage", Health::Degraded, "no bucket", Some(0.003)),
            service("database", Health::Unhealthy, "connection refused", Some(5.0)),
            service("realtime", Health::Healthy, "WebSocket server running", None),
        ],
    };
    let seen = health(&report, 0.02);
    assert_eq!(seen.state, State::Critical);
    let text = "database unhealthy: connection refused; storage degraded: no bucket; unhealthy";
    assert_eq!(seen.text(), text);
    assert!(seen.long.contains("realtime  healthy    —        WebSocket"), "{}", seen.long);
    let jobs = Report {
        health: Health::Healthy,
        services: vec![service("jobs", Health::Degraded, "101 jobs wait", None)],
    };
    assert_eq!(health(&jobs, 0.02).state, State::Warning, "which the whole does not say");
    let none = Report { health: Health::Degraded, services: Vec::new() };
    assert_eq!(health(&none, 0.02).text(), "no service is named; degraded");
}

#[test]
fn fb_01_all_surfaces_are_one_table_and_the_worst_one_counts() {
    let good = Seen { line: "alive".to_owned(), ..Seen::default() };
    let time = |mut seen: Seen| {
        seen.metrics.push(Metric::new("time", 0.1, Unit::Seconds));
        seen
    };
    let bad = Seen {
        state: State::Critical,
        reasons: vec!["database unhealthy".to_owned()],
        ..Seen::default()
    };
    let all = together(vec![(FluxbasePart::Live, time(good)), (FluxbasePart::Health, time(bad))]);
    assert_eq!(all.claimed, Some(State::Critical));
    assert_eq!(all.output.as_str(), "health: database unhealthy");
    assert!(all.long.as_str().contains("live     OK        alive"), "{}", all.long);
    let instances: Vec<_> = all.metrics.iter().map(|m| m.instance.as_deref()).collect();
    assert_eq!(instances, [Some("live"), Some("health")]);
}
