//! `fluxnoc check fluxmq`: every document of a node, by the built program.

use std::process::Command;

use super::node::{DEGRADED, NOMINAL, Node, Page, SINGLE, STORAGE};

/// The exit code and what was printed.
fn check(arguments: &[&str]) -> (Option<i32>, String) {
    let run = Command::new(env!("CARGO_BIN_EXE_fluxnoc"))
        .args(["check", "fluxmq"])
        .args(arguments)
        .env_clear()
        .env("HOME", "/nonexistent")
        .env("LC_ALL", "C.UTF-8")
        .output()
        .unwrap();
    let said = [run.stdout, run.stderr].concat();
    (run.status.code(), String::from_utf8_lossy(&said).trim_end().to_owned())
}

#[test]
fn fq_03_fq_09_fq_11_every_answer_of_a_node_is_judged_rightly_and_exits_so() {
    let node = Node::start("n1", false);
    let url = node.url();
    let html = "<html><body>It works!</body></html>";
    for (status, body, code, words) in [
        (200, NOMINAL, 0, "FLUXMQ OK - nominal, follower, 12 sessions"),
        (200, DEGRADED, 1, "FLUXMQ WARNING - degraded: 1/2 peers reachable; degraded, follower"),
        (503, STORAGE, 2, "FLUXMQ CRITICAL - not ready: storage unavailable: storage down: badger"),
        (503, "", 2, "FLUXMQ CRITICAL - /ready: HTTP 503 without a report"),
        (502, html, 2, "FLUXMQ CRITICAL - /ready: HTTP 502"),
        (200, html, 3, "FLUXMQ UNKNOWN - /ready: HTML instead of JSON"),
        (200, "", 3, "FLUXMQ UNKNOWN - /ready: the body is empty"),
        (200, &NOMINAL[..70], 3, "FLUXMQ UNKNOWN - /ready: half a document"),
        (401, "", 3, "FLUXMQ UNKNOWN - /ready: HTTP 401"),
        (403, html, 3, "FLUXMQ UNKNOWN - /ready: HTTP 403"),
        (429, "", 3, "FLUXMQ UNKNOWN - /ready: HTTP 429"),
    ] {
        node.put("/ready", Page::of(status, body));
        let (found, said) = check(&[&url]);
        assert_eq!(found, Some(code), "{status} {body}: {said}");
        assert!(said.starts_with(words), "{status} {body}: {said}");
    }
    // A connection that ends in the middle of the document.
    node.put("/ready", Page { missing: 500, ..Page::of(200, &NOMINAL[..70]) });
    let (code, said) = check(&[&url]);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.starts_with("FLUXMQ UNKNOWN - /ready: half an answer"), "{said}");
    // A document beyond all measure.
    node.put("/ready", Page::of(200, &format!("{{\"x\":\"{}\"}}", "a".repeat(1 << 20))));
    let (code, said) = check(&[&url]);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("larger than any"), "{said}");
}

#[test]
fn fq_12_fq_14_a_single_node_has_no_cluster_and_is_well() {
    let node = Node::start("single-node", false);
    node.ready(SINGLE);
    node.who("single-node", false, false);
    let (code, said) = check(&[&node.url()]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.starts_with("FLUXMQ OK - nominal, single node, 12 sessions"), "{said}");
    assert!(said.contains("sessions=12") && said.contains("leader=0"), "{said}");
}

#[test]
fn fq_02_a_node_that_is_gone_or_another_server_is_told_apart() {
    let mut node = Node::start("n1", true);
    node.put("/health", Page::of(200, r#"{"status":"ok"}"#));
    node.put("/ready", Page::of(404, "404 page not found"));
    let (code, said) = check(&[&node.url()]);
    assert_eq!(code, Some(3), "{said}");
    assert!(
        said.contains("no FluxMQ answers there") && said.contains("admin API's word"),
        "{said}"
    );
    let url = node.url();
    node.kill();
    let (code, said) = check(&[&url]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.starts_with("FLUXMQ CRITICAL - connection refused by 127.0.0.1:"), "{said}");
    let (code, said) = check(&["http://name.invalid:8081", "-t", "5"]);
    assert_eq!(code, Some(3), "{said}");
}

#[test]
fn fq_13_a_cluster_is_asked_as_a_whole_and_its_nodes_are_a_table() {
    let nodes = ["a", "b", "c"].map(|id| Node::start(id, id == "a"));
    let urls = nodes.each_ref().map(Node::url);
    let urls = urls.each_ref().map(String::as_str);
    let (code, said) = check(&urls);
    assert_eq!(code, Some(0), "{said}");
    let first = format!("127.0.0.1:{}", nodes[0].server.port);
    let line = format!("FLUXMQ OK - 3 of 3 nodes ready, leader {first}, 36 sessions");
    assert!(said.starts_with(&line), "{said}");
    let row = said.lines().find(|row| row.starts_with(&format!("{first} "))).expect(&said);
    let cells: Vec<&str> = row.split_whitespace().collect();
    assert_eq!(cells, [first.as_str(), "nominal", "yes", "12", "-"], "{said}");
    nodes[1].who("b", true, true);
    let (code, said) = check(&urls);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.starts_with("FLUXMQ CRITICAL - 2 leaders: "), "{said}");
}

#[test]
fn fq_13_the_admin_api_adds_figures_where_it_can_be_reached_and_no_state_where_it_cannot() {
    let (node, mut admin) = (Node::start("n1", true), Node::start("n1", true));
    let overview = r#"{"node_id":"n1","cluster_mode":true,"is_leader":true,"uptime_seconds":90,
        "sessions":{"connected":3,"total":7},"stats":{"connections":{"current":3},"messages":
        {"received":10,"sent":20},"bytes":{"received":1,"sent":2},"errors":{"protocol":0}},
        "cluster":{"nodes":[{"id":"n1","healthy":true,"leader":true},{"id":"n2","healthy":true,"leader":false}]}}"#;
    let nodes = r#"{"node_id":"n1","cluster_mode":true,"is_leader":true,"nodes":[{"id":"n1","healthy":true,"leader":true},{"id":"n2","healthy":true,"leader":false}]}"#;
    admin.put("/api/v1/overview", Page::of(200, overview));
    admin.put("/api/v1/cluster", Page::of(200, nodes));
    admin.put("/api/v1/stats", Page::of(200, r#"{"messages":{"received":11,"sent":20}}"#));
    let (url, other) = (node.url(), admin.url());
    let asked = [url.as_str(), "--admin", other.as_str()];
    let (code, said) = check(&asked);
    assert_eq!(code, Some(0), "{said}");
    for figure in ["messages_received=11c", "messages_sent=20c", "uptime=90s", "1/1 peers"] {
        assert!(said.contains(figure), "{figure}: {said}");
    }
    admin.put("/api/v1/stats", Page::of(503, r#"{"error":"broker not available"}"#));
    let (code, said) = check(&asked);
    assert_eq!(code, Some(0), "what the admin API refuses is no state: {said}");
    assert!(said.contains("admin API /api/v1/stats: HTTP 503"), "{said}");
    admin.put("/api/v1/stats", Page::of(200, "{\"messages\":"));
    let (code, said) = check(&asked);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.starts_with("FLUXMQ UNKNOWN - /api/v1/stats: half a document"), "{said}");
    admin.kill();
    let (code, said) = check(&asked);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("admin API: connection refused"), "{said}");
}

#[test]
fn what_is_typed_wrongly_is_3_and_named() {
    for (arguments, words) in [
        (&[][..], "URL"),
        (&["mq-1:8081"][..], "must begin with http"),
        (&["http://a:1", "http://a:1/ready"][..], "`a:1` is given twice"),
        (&["http://a:1", "--admin", "http://a:2", "--admin", "http://a:3"][..], "--admin"),
        (&["http://a:1", "--scope", "none"][..], "--scope"),
    ] {
        let (code, said) = check(arguments);
        assert_eq!(code, Some(3), "{arguments:?}: {said}");
        assert!(said.contains(words), "{arguments:?}: {said}");
    }
}
