//! `/metrics` as a scraper reads it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use fluxnoc::meters::GroupTurn;
use fluxnoc::model::Span;

use crate::lab::{good, noc};
use crate::peer::Peer;
use crate::stage::{Stage, bridge, quiet};

/// An engine in which everything that is measured has happened once.
async fn busy() -> Stage {
    let mut stage = Stage::start(quiet()).await;
    let mut console = stage.engine.handle.watch(noc()).await.unwrap();
    stage.report(good(), Span::from_millis(1500)).await;
    let check = "/api/v1/history/secret-host/secret-check?from=2026-01-01T00:00:00Z\
        &to=2036-01-01T00:00:00Z&points=10";
    for (method, path) in [
        ("GET", "/api/v1/hosts"),
        ("GET", "/api/v1/checks/secret-host/secret-check"),
        ("GET", "/api/v1/checks/secret-host/none"),
        ("GET", check),
        ("POST", "/api/v1/hosts"),
        ("GET", "/no/such/path"),
    ] {
        stage.ask(method, path).await;
    }
    let meters = stage.engine.handle.meters();
    meters.auth_attempt("password", "success", "");
    meters.auth_attempt("password", "failure", "invalid_password");
    meters.rate_limit_hit("auth_login", "192.0.2.7");
    let turn = GroupTurn {
        rules: 3,
        failed: 1,
        missed: 2,
        took: 0.5,
        interval: 15.0,
        ..GroupTurn::default()
    };
    meters.rules.evaluated("node.yml", "node", &turn);
    // The engine counts every five seconds, and the results are committed by then.
    tokio::time::sleep(Duration::from_millis(6500)).await;
    while console.try_next().is_some() {}
    std::mem::forget(console);
    stage
}

/// Type and label names of each family.
fn families(text: &str) -> BTreeMap<String, (String, BTreeSet<String>)> {
    let mut found: BTreeMap<String, (String, BTreeSet<String>)> = BTreeMap::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap();
            found.insert(name.to_owned(), (kind.to_owned(), BTreeSet::new()));
        } else if !line.starts_with('#') {
            let end = line.find(['{', ' ']).unwrap();
            let name = &line[..end];
            let bare = ["_bucket", "_sum", "_count"].iter().find_map(|e| name.strip_suffix(e));
            let family = bare.filter(|bare| found.contains_key(*bare)).unwrap_or(name);
            let labels = line.split_once('{').and_then(|(_, rest)| rest.split_once('}'));
            for pair in labels.map_or("", |(labels, _)| labels).split(',').filter(|p| !p.is_empty())
            {
                let label = pair.split('=').next().unwrap();
                if label != "le" {
                    found.get_mut(family).unwrap().1.insert(label.to_owned());
                }
            }
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn fb_03_and_fb_04_and_fb_05_and_fb_06_and_fb_07_and_fb_08_and_fb_09_and_d_17_and_d_32_the_families_are_the_seeds()
 {
    let stage = busy().await;
    stage.engine.handle.meters().set_compat(true);
    let answer = stage.ask("GET", "/metrics").await;
    assert_eq!(answer.status, 200);
    let kind = "content-type: text/plain; version=0.0.4; charset=utf-8";
    assert!(answer.head.contains(kind), "{}", answer.head);
    let found = families(&answer.body);
    let (c, h, g) = ("counter", "histogram", "gauge");
    for (name, kind, labels) in [
        ("http_requests_total", c, vec!["method", "path", "status"]),
        ("http_request_duration_seconds", h, vec!["method", "path", "status"]),
        ("http_requests_in_flight", g, vec![]),
        ("db_queries_total", c, vec!["operation", "table"]),
        ("db_query_duration_seconds", h, vec!["operation", "table"]),
        ("db_connections", g, vec![]),
        ("db_connections_idle", g, vec![]),
        ("db_connections_max", g, vec![]),
        ("realtime_connections", g, vec![]),
        ("realtime_channels", g, vec![]),
        ("realtime_subscriptions", g, vec![]),
        ("realtime_messages_total", c, vec!["channel_type"]),
        ("storage_bytes_total", c, vec!["bucket", "operation"]),
        ("storage_operations_total", c, vec!["bucket", "operation", "status"]),
        ("storage_operation_duration_seconds", h, vec!["bucket", "operation"]),
        ("auth_attempts_total", c, vec!["method", "result"]),
        ("auth_success_total", c, vec!["method"]),
        ("auth_failure_total", c, vec!["method", "reason"]),
        ("rate_limit_hits_total", c, vec!["identifier", "limiter_type"]),
        ("system_uptime_seconds", g, vec![]),
    ] {
        let labels: BTreeSet<String> = labels.into_iter().map(str::to_owned).collect();
        for prefix in ["fluxnoc_", "fluxbase_"] {
            let family = found.get(&format!("{prefix}{name}"));
            let wanted = (kind.to_owned(), labels.clone());
            assert_eq!(family, Some(&wanted), "{prefix}{name}");
        }
    }
    let seeds = found.keys().filter(|name| name.starts_with("fluxbase_")).count();
    assert_eq!(seeds, 20, "nothing else is written twice");
    for line in [
        "http_requests_total{method=\"GET\",path=\"/api/v1/checks/{host}/{check}\",status=\"2xx\"} 1",
        "http_requests_total{method=\"GET\",path=\"/api/v1/checks/{host}/{check}\",status=\"4xx\"} 1",
        "http_requests_total{method=\"POST\",path=\"/api/v1/hosts\",status=\"4xx\"} 1",
        "http_requests_total{method=\"GET\",path=\"other\",status=\"4xx\"} 1",
        "http_requests_in_flight 1",
        "db_connections_max 5",
        "realtime_connections 1",
        "storage_operations_total{bucket=\"results\",operation=\"write\",status=\"success\"} 1",
        "storage_operations_total{bucket=\"results\",operation=\"read\",status=\"success\"} 1",
        "hosts 1",
        "checks{state=\"ok\"} 1",
        "check_results_total{kind=\"ping\",state=\"ok\"} 1",
        "scheduler_lag_seconds 1.5",
        "alerts{severity=\"critical\",state=\"firing\"} 0",
        "outbox_notifications{state=\"due\"} 0",
        "outbox_oldest_age_seconds 0",
        "rule_evaluations_total{file=\"node.yml\",group=\"node\"} 3",
        "rule_evaluation_failures_total{file=\"node.yml\",group=\"node\"} 1",
        "rule_group_iterations_missed_total{file=\"node.yml\",group=\"node\"} 2",
        "rule_group_last_duration_seconds{file=\"node.yml\",group=\"node\"} 0.5",
    ] {
        assert!(answer.body.contains(&format!("\nfluxnoc_{line}\n")), "{line}\n{}", answer.body);
    }
    let tables: BTreeSet<&str> = answer
        .body
        .lines()
        .filter(|line| line.starts_with("fluxnoc_db_queries_total"))
        .filter_map(|line| line.split("table=\"").nth(1)?.split('"').next())
        .collect();
    for table in ["journal", "hosts", "statuses", "meta", "outbox", "none"] {
        assert!(tables.contains(table), "{table} of {tables:?}");
    }
    // T16: no host, no check, no path of a file, no address.
    for name in ["secret-host", "secret-check", "fluxnoc.db", "192.0.2.7"] {
        assert!(!answer.body.contains(name), "{name}");
    }
    // FB-09: it goes forward only.
    let uptime = |text: &str| -> f64 {
        let line = text.lines().find(|line| line.starts_with("fluxnoc_system_uptime_seconds "));
        line.unwrap().rsplit(' ').next().unwrap().parse().unwrap()
    };
    let later = stage.ask("GET", "/metrics").await;
    assert!(uptime(&later.body) > uptime(&answer.body));
}

#[tokio::test(flavor = "multi_thread")]
async fn fb_03_thousands_of_hostile_requests_make_a_handful_of_series() {
    let stage = Stage::start(quiet()).await;
    let count = async || {
        let body = stage.ask("GET", "/metrics").await.body;
        body.lines().filter(|line| line.starts_with("fluxnoc_http_requests_total")).count()
    };
    count().await;
    let before = count().await;
    for n in 0..1500 {
        let method = if n % 3 == 0 { format!("M{n}") } else { "GET".to_owned() };
        let path = match n % 4 {
            0 => format!("/x/{n}"),
            1 => format!("/api/v1/checks/h{n}/c{n}"),
            2 => format!("/api/v1/alerts/{n}"),
            _ => format!("/%{n:02x}{n}?q={n}"),
        };
        stage.ask(&method, &path).await;
    }
    let after = count().await;
    println!("{before} series before, {after} after 1500 different requests");
    assert!(after - before <= 8, "{before} series, then {after}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs promtool (tests/run install)"]
async fn fb_02_promtool_finds_nothing_wrong_with_the_exposition() {
    let stage = busy().await;
    for compat in [false, true] {
        stage.engine.handle.meters().set_compat(compat);
        let text = stage.ask("GET", "/metrics").await.body;
        let mut child = Command::new("promtool")
            .args(["check", "metrics"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("promtool (tests/run install)");
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        let said = child.wait_with_output().unwrap();
        let words = String::from_utf8_lossy(&said.stderr).into_owned()
            + &String::from_utf8_lossy(&said.stdout);
        assert!(said.status.success() && words.is_empty(), "{words}\n{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs prometheus (tests/run install)"]
async fn fb_01_and_fb_02_and_d_17_a_real_prometheus_scrapes_it_and_answers_the_seeds_queries() {
    let stage = busy().await;
    stage.engine.handle.meters().set_compat(true);
    let address = bridge(&stage.socket).await;
    let job = format!(
        "  - job_name: fluxbase\n    metrics_path: /metrics\n    static_configs:\n      \
         - targets: ['{address}']\n"
    );
    let prometheus = tokio::task::spawn_blocking(move || Peer::prometheus(&job)).await.unwrap();
    let up = prometheus
        .wait("up{job=\"fluxbase\"}", |rows| rows.first().is_some_and(|(_, value)| value == "1"));
    up.await;
    let of = "fluxbase_http_requests_total{path=\"/metrics\",status=~\"2xx\"}";
    let scraped = prometheus.wait(of, |rows| {
        rows.first().is_some_and(|(_, value)| value.parse::<f64>().unwrap() >= 3.0)
    });
    scraped.await;
    for query in [
        "rate(fluxbase_http_requests_total[5m])",
        "histogram_quantile(0.95, rate(fluxbase_http_request_duration_seconds_bucket[5m]))",
        "rate(fluxbase_db_queries_total[5m])",
        "fluxbase_db_connections",
        "fluxbase_realtime_connections",
        "fluxbase_auth_failure_total",
        "fluxnoc_checks",
    ] {
        prometheus.wait(query, |rows| !rows.is_empty()).await;
    }
    // The seed's rule does not fire for a pool that has room.
    let pool = "fluxbase_db_connections >= fluxbase_db_connections_max * 2";
    assert!(prometheus.query(pool).await.is_empty());
}
