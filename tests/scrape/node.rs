//! A real node exporter, read by Prometheus, promtool and us.

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Command, Stdio};

use fluxnoc::model::spec::{ScrapeSpec, SeriesMetric};
use fluxnoc::model::{FailureKind, Unit};
use fluxnoc::probe::Memory;

use super::peer::{Peer, series};
use super::scrape;

#[tokio::test]
#[ignore = "needs Prometheus and its node exporter; tests/run runs it"]
async fn fm_01_a_node_exporter_is_read_as_prometheus_and_promtool_read_it() {
    let node = Peer::node_exporter();
    let url = format!("http://127.0.0.1:{}/metrics", node.port);
    let peer = Peer::prometheus(&format!(
        "- {{ job_name: node, static_configs: [{{ targets: [\"127.0.0.1:{}\"] }}] }}\n",
        node.port
    ));
    peer.wait("up{job=\"node\"} == 1", |rows| rows.len() == 1).await;
    let mut spec = ScrapeSpec::get(&url);
    spec.metrics = vec![SeriesMetric {
        name: "memory".to_owned(),
        series: "node_memory_MemTotal_bytes".parse().unwrap(),
        rate: false,
        unit: Unit::Bytes,
    }];
    let mut memory = Memory::default();
    let first = scrape(spec.clone(), &mut memory).await;
    assert_eq!(first.failure, None);
    let seen = scrape(spec, &mut memory).await;
    let ours = seen.scrape.clone().unwrap();
    assert!(ours.report.up && ours.report.samples > 200, "{}", seen.output);

    // The same series; those of the exporter's own scrapes may come and go.
    let rows = peer.query("{job=\"node\",__name__!~\"up|scrape_.*\"}").await;
    let theirs: BTreeMap<String, String> =
        rows.iter().map(|(labels, value)| (series(labels), value.clone())).collect();
    let own: BTreeMap<String, f64> = ours
        .layout
        .series
        .iter()
        .map(ToString::to_string)
        .zip(ours.values.iter().copied())
        .collect();
    // Prometheus 2 keeps `le` and `quantile` as they came, version 3 writes them as we do.
    let stable = |id: &&String| !id.contains("le=\"") && !id.contains("quantile=\"");
    let names = |all: BTreeSet<String>| -> BTreeSet<String> {
        all.iter().filter(stable).cloned().collect()
    };
    let (have, want) =
        (names(own.keys().cloned().collect()), names(theirs.keys().cloned().collect()));
    let odd: Vec<&String> = have.symmetric_difference(&want).collect();
    assert!(odd.len() <= 4, "{odd:?}");
    for id in ["node_memory_MemTotal_bytes", "node_boot_time_seconds", "node_cpu_online"] {
        let (Some(own), Some(theirs)) = (own.get(id), theirs.get(id)) else { continue };
        assert_eq!(*own, theirs.parse::<f64>().unwrap(), "{id}");
    }

    // promtool's own words for the value.
    let said = Command::new("promtool")
        .args(["query", "instant", &format!("http://127.0.0.1:{}", peer.port)])
        .arg("node_memory_MemTotal_bytes")
        .output()
        .expect("promtool (tests/run install)");
    let said = String::from_utf8(said.stdout).unwrap();
    let value = said.split(" => ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap();
    assert_eq!(seen.value("memory"), Some(value.parse().unwrap()), "{said}");

    // What promtool finds worth mentioning in the exporter's names is not ours; that it reads the
    // body at all is.
    let body = reqwest::get(&url).await.unwrap().text().await.unwrap();
    let mut child = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), body.as_bytes()).unwrap();
    let said = child.wait_with_output().unwrap();
    assert!(!String::from_utf8_lossy(&said.stderr).contains("error while linting"));

    // The exporter goes: a failed scrape, and nothing of the old one.
    drop(node);
    let gone = scrape(ScrapeSpec::get(&url), &mut memory).await;
    assert_eq!(gone.failure.map(|failure| failure.kind), Some(FailureKind::Refused));
    let report = gone.scrape.unwrap();
    assert!(!report.report.up && report.values.is_empty());
    peer.wait("up{job=\"node\"} == 0", |rows| rows.len() == 1).await;
}
