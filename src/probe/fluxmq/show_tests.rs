//! The line, the table, the metrics and the series of nodes.

use super::super::document::Bad;
use super::super::document::tests::{DEGRADED, NOMINAL, STORAGE};
use super::super::judge::judge;
use super::super::judge::tests::node;
use super::*;
use crate::model::spec::FluxmqScope;
use crate::model::{Failure, FailureKind};

fn seen(nodes: &[Node]) -> Observation {
    observation(nodes, FluxmqScope::All, &judge(nodes, FluxmqScope::All), 0.02)
}

fn value(seen: &Observation, label: &str) -> Option<f64> {
    seen.metrics.iter().find(|metric| metric.label() == label).map(|metric| metric.value)
}

#[test]
fn fq_16_the_mode_of_a_node_is_a_metric_and_a_series_for_each_mode() {
    for (document, mode) in [(NOMINAL, "nominal"), (DEGRADED, "degraded"), (STORAGE, "not_ready")] {
        let seen = seen(&[node("mq-1", document, true)]);
        for known in ["nominal", "degraded", "not_ready"] {
            let name = format!("fluxmq_ready_mode{{mode=\"{known}\"}}");
            let wanted = if known == mode { 1.0 } else { 0.0 };
            assert_eq!(value(&seen, &name), Some(wanted), "{document}");
            let scrape = seen.scrape.as_ref().unwrap();
            let series = format!("fluxmq_ready_mode{{mode=\"{known}\",node=\"mq-1\"}}");
            let at = scrape.layout.series.iter().position(|name| **name == *series).unwrap();
            assert_eq!(scrape.values[at], wanted);
        }
    }
    let name = "fluxmq_ready_mode{mode=\"degraded\"}";
    assert_eq!(crate::model::fluxmq::DEGRADED, name);
}

#[test]
fn fq_16_a_node_that_cannot_be_read_is_in_no_mode() {
    let mut odd = node("mq-1", NOMINAL, true);
    odd.ready = Err(Bad::unknown("/ready: HTML instead of JSON"));
    let seen = seen(&[odd]);
    assert_eq!(seen.claimed, Some(State::Unknown));
    assert!(value(&seen, crate::model::fluxmq::DEGRADED).unwrap().is_nan());
    let scrape = seen.scrape.unwrap();
    assert!(!scrape.layout.series.iter().any(|name| name.contains("mode")));
}

#[test]
fn fq_16_a_cluster_is_degraded_by_any_node_and_unknown_while_one_may_be() {
    let value_of = |second: Node| {
        let nodes = [node("a", NOMINAL, true), second];
        let seen = observation(&nodes, FluxmqScope::Cluster, &[], 0.02);
        assert!(seen.scrape.as_ref().unwrap().layout.series.iter().all(|n| !n.contains("mode")));
        value(&seen, crate::model::fluxmq::DEGRADED).unwrap()
    };
    assert_eq!(value_of(node("b", NOMINAL, false)).to_bits(), 0.0_f64.to_bits());
    assert_eq!(value_of(node("b", DEGRADED, false)).to_bits(), 1.0_f64.to_bits());
    let mut odd = node("b", NOMINAL, false);
    odd.ready = Err(Bad::unknown("/ready: the body is empty"));
    assert!(value_of(odd).is_nan());
    let mut down = node("b", NOMINAL, false);
    down.silent = Some(Failure::new(FailureKind::Refused, "connection refused"));
    assert_eq!(value_of(down).to_bits(), 0.0_f64.to_bits());
}

#[test]
fn fq_13_the_table_has_mode_leader_sessions_and_peers_of_each_node() {
    let nodes = [
        node("mq-1", NOMINAL, true),
        node("mq-2", DEGRADED, false),
        node("long-name", STORAGE, false),
    ];
    let seen = seen(&nodes);
    let table: Vec<&str> = seen.long.as_str().lines().collect();
    assert_eq!(table[0], "NODE       MODE       LEADER  SESSIONS  PEERS  SAYS");
    assert_eq!(table[1], "mq-1       nominal    yes     4         -");
    assert!(table[2].starts_with("mq-2       degraded   no      4         1/2    degraded: 1/2"));
    assert!(table[3].starts_with("long-name  not_ready  no      4         -      not ready: stor"));
    let line = seen.output.as_str();
    assert!(line.starts_with("long-name: not ready: storage unavailable"), "{line}");
    assert!(line.ends_with("2 of 3 nodes ready, leader mq-1, 12 sessions"), "{line}");
    assert_eq!(value(&seen, "nodes_ready"), Some(2.0));
    assert_eq!(value(&seen, "leaders"), Some(1.0));
    assert_eq!(value(&seen, "sessions[mq-2]"), Some(4.0));
    assert_eq!(value(&seen, "peers_reachable[mq-2]"), Some(1.0));
}

#[test]
fn the_most_nodes_that_a_cluster_may_have_lose_no_metric() {
    let nodes: Vec<Node> = (0..crate::model::spec::FluxmqSpec::NODE_LIMIT)
        .map(|n| node(&format!("n{n}"), DEGRADED, n == 0))
        .collect();
    let metrics = seen(&nodes).metrics.len();
    assert!(metrics <= crate::model::metric::SERIES_LIMIT, "{metrics}");
}
