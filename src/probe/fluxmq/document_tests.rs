//! Every document of a node that there is, and those that are none.

use super::*;
use State::{Critical, Unknown};

pub(in crate::probe::fluxmq) fn reply(status: u16, body: &str) -> Reply {
    Reply { status, body: body.as_bytes().to_vec(), ..Reply::default() }
}

pub(in crate::probe::fluxmq) const NOMINAL: &str = r#"{"status":"ready","mode":"nominal","checks":{"broker":{"status":"up"},"cluster":{"status":"up"},"storage":{"status":"up"}}}
"#;
pub(in crate::probe::fluxmq) const DEGRADED: &str = r#"{"status":"ready","mode":"degraded","checks":{"broker":{"status":"up"},"cluster":{"status":"up","details":"1/2 peers reachable"},"storage":{"status":"up"}}}"#;
pub(in crate::probe::fluxmq) const STORAGE: &str = r#"{"status":"not_ready","details":"storage unavailable","checks":{"broker":{"status":"up"},"storage":{"status":"down","details":"badger: closed"}}}"#;
const SINGLE: &str = r#"{"status":"ready","mode":"nominal","checks":{"broker":{"status":"up"},"storage":{"status":"up"}}}"#;

#[test]
fn fq_03_fq_04_fq_10_fq_12_ready_is_nominal_with_and_without_a_cluster() {
    for body in [NOMINAL, SINGLE] {
        let read = ready(&reply(200, body)).unwrap();
        assert_eq!(read, Ready { mode: Mode::Nominal, why: String::new(), peers: None });
    }
}

#[test]
fn fq_09_degraded_is_ready_and_says_how_many_peers_it_reaches() {
    let read = ready(&reply(200, DEGRADED)).unwrap();
    assert_eq!((read.mode, read.peers), (Mode::Degraded, Some((1, 2))));
    assert_eq!(read.why, "1/2 peers reachable");
    let none = DEGRADED.replace("1/2", "0/2");
    assert_eq!(ready(&reply(200, &none)).unwrap().peers, Some((0, 2)));
    // Words that are no count are shown and not counted.
    for odd in ["3/2 peers reachable", "peers", "-1/2 peers reachable", "1/2"] {
        let read = ready(&reply(200, &DEGRADED.replace("1/2 peers reachable", odd))).unwrap();
        assert_eq!((read.mode, read.peers, read.why.as_str()), (Mode::Degraded, None, odd));
    }
}

#[test]
fn fq_05_fq_06_fq_07_fq_08_fq_11_not_ready_names_its_component() {
    let down = |details: &str, checks: &str| {
        format!(r#"{{"status":"not_ready","details":"{details}","checks":{{{checks}}}}}"#)
    };
    let up = r#""broker":{"status":"up"}"#;
    let missing = r#"{"status":"down","details":"not initialized"}"#;
    for (body, why) in [
        (STORAGE.to_owned(), "storage unavailable: storage down: badger: closed"),
        (
            down("broker not initialized", &format!(r#""broker":{missing}"#)),
            "broker not initialized: broker down: not initialized",
        ),
        (
            down("storage not initialized", &format!(r#"{up},"storage":{missing}"#)),
            "storage not initialized: storage down: not initialized",
        ),
        (
            down(
                "cluster not initialized",
                &format!(r#"{up},"cluster":{missing},"storage":{{"status":"up"}}"#),
            ),
            "cluster not initialized: cluster down: not initialized",
        ),
        (r#"{"status":"not_ready","checks":{}}"#.to_owned(), "no component is named"),
        (
            r#"{"status":"not_ready","checks":{"storage":{"status":"down"}}}"#.to_owned(),
            "storage down",
        ),
    ] {
        let read = ready(&reply(503, &body)).unwrap();
        assert_eq!((read.mode, read.why.as_str()), (Mode::NotReady, why), "{body}");
    }
}

#[test]
fn fq_03_what_is_no_report_is_never_taken_for_a_state_and_its_place_is_named() {
    let half = &NOMINAL[..60];
    for (status, body, state, words) in [
        (200, half, Unknown, "/ready: half a document"),
        (200, "", Unknown, "/ready: the body is empty"),
        (200, " \n", Unknown, "/ready: the body is empty"),
        (200, "<html>ok</html>", Unknown, "/ready: HTML instead of JSON"),
        (200, "ready", Unknown, "/ready: no JSON"),
        (200, "[1]", Unknown, "/ready: JSON, but no object"),
        (200, "{}", Unknown, "/ready: there is no `status`"),
        (200, r#"{"status":1}"#, Unknown, "`status` is 1, not ready or not_ready"),
        (200, r#"{"status":"up"}"#, Unknown, "`status` is `up`"),
        (200, r#"{"status":"ready"}"#, Unknown, "/ready: there is no `mode`"),
        (200, r#"{"status":"ready","mode":"x","checks":{}}"#, Unknown, "`mode` is `x`"),
        (200, r#"{"status":"ready","mode":"nominal"}"#, Unknown, "there is no `checks`"),
        (200, r#"{"status":"ready","mode":"nominal","checks":[]}"#, Unknown, "`checks` is a list"),
        (
            200,
            r#"{"status":"ready","mode":"nominal","checks":{"broker":{}}}"#,
            Unknown,
            "`checks.broker.status` is missing",
        ),
        (
            200,
            r#"{"status":"ready","mode":"nominal","checks":{"storage":{"status":"down"}}}"#,
            Unknown,
            "it is ready, but storage down",
        ),
        (200, STORAGE, Unknown, "HTTP 200, but `status` is `not_ready`"),
        (503, NOMINAL, Unknown, "HTTP 503, but `status` is `ready`"),
        (503, "", Critical, "/ready: HTTP 503 without a report (the body is empty)"),
        (503, "<h1>busy</h1>", Critical, "HTTP 503 without a report (HTML instead of JSON)"),
        (503, &STORAGE[..50], Critical, "HTTP 503 without a report (half a document"),
        (500, "", Critical, "/ready: HTTP 500 Internal Server Error"),
        (502, "<html>", Critical, "/ready: HTTP 502 Bad Gateway"),
        (401, "", Unknown, "/ready: HTTP 401 Unauthorized"),
        (403, "", Unknown, "/ready: HTTP 403 Forbidden"),
        (429, "", Unknown, "/ready: HTTP 429 Too Many Requests"),
        (404, "", Unknown, "/ready: HTTP 404 Not Found; no FluxMQ answers there"),
        (405, "method not allowed", Unknown, "/ready: HTTP 405"),
        (302, "", Unknown, "/ready: HTTP 302 Found"),
        (204, "", Unknown, "/ready: HTTP 204"),
    ] {
        let bad = ready(&reply(status, body)).unwrap_err();
        assert_eq!(bad.state, state, "{status} {body}: {}", bad.text);
        assert!(bad.text.contains(words), "{status} {body}: {}", bad.text);
    }
    let cut = Reply { cut: true, ..reply(200, NOMINAL) };
    assert!(ready(&cut).unwrap_err().text.contains("larger than any"));
}

#[test]
fn every_beginning_of_a_document_is_unknown_and_none_panics() {
    let body = NOMINAL.trim_end();
    for end in 0..body.len() {
        let bad = ready(&reply(200, &body[..end])).unwrap_err();
        assert_eq!(bad.state, Unknown, "{}", &body[..end]);
        let _ = status(&reply(200, &body[..end]));
        let _ = admin("/x", &reply(200, &body[..end]), &mut Admin::default());
    }
    let deep = "[".repeat(100_000);
    assert_eq!(ready(&reply(200, &format!("{{\"status\":{deep}"))).unwrap_err().state, Unknown);
}

#[test]
fn fq_02_health_is_healthy_and_nothing_else() {
    assert_eq!(alive(&reply(200, r#"{"status":"healthy"}"#)), Ok(()));
    let words = |status, body| alive(&reply(status, body)).unwrap_err().text;
    assert!(words(200, r#"{"status":"ok"}"#).contains("admin API"));
    assert!(words(200, r#"{"status":"sick"}"#).contains("`sick`, not healthy"));
    assert!(words(405, "method not allowed\n").contains("/health: HTTP 405"));
}

#[test]
fn fq_13_fq_14_the_status_of_a_single_node_and_of_one_in_a_cluster() {
    let single =
        r#"{"node_id":"single-node","is_leader":false,"cluster_mode":false,"sessions":12}"#;
    let read = status(&reply(200, single)).unwrap();
    assert_eq!((read.node_id.as_str(), read.sessions), ("single-node", 12));
    assert!(!read.is_leader && !read.cluster_mode);
    let leads = r#"{"node_id":"n1","is_leader":true,"cluster_mode":true,"sessions":3}"#;
    assert!(status(&reply(200, leads)).unwrap().is_leader);
    for (body, words) in [
        (
            leads.replace("true,\"cluster_mode\":true", "true,\"cluster_mode\":false"),
            "it leads, but",
        ),
        (leads.replace("\"n1\"", "\"\""), "`node_id` is empty"),
        (leads.replace("\"n1\"", "7"), "`node_id` is 7, not a text"),
        (leads.replace(":3", ":-3"), "`sessions` is -3, not a count"),
        (leads.replace(",\"sessions\":3", ""), "there is no `sessions`"),
    ] {
        let bad = status(&reply(200, &body)).unwrap_err();
        assert!(bad.state == Unknown && bad.text.contains(words), "{body}: {}", bad.text);
    }
}

#[test]
fn fq_13_the_admin_api_gives_figures_and_the_nodes_that_it_knows() {
    let overview = r#"{"node_id":"n1","cluster_mode":true,"is_leader":true,"uptime_seconds":90.5,
        "sessions":{"connected":3,"total":7},"stats":{"connections":{"current":3},
        "messages":{"received":10,"sent":20},"bytes":{"received":1,"sent":2},"errors":{"protocol":0}},
        "cluster":{"nodes":[{"id":"n1","address":"a","healthy":true,"leader":true,"uptime_seconds":1},
        {"id":"n2","healthy":false,"leader":false},{"healthy":true},7]}}"#;
    let mut known = Admin::default();
    admin("/api/v1/overview", &reply(200, overview), &mut known).unwrap();
    assert_eq!(known.node_id.as_deref(), Some("n1"));
    let figure = |known: &Admin, name: &str| {
        known.figures.iter().find(|(have, _)| *have == name).map(|(_, value)| *value)
    };
    assert_eq!(figure(&known, "messages_sent"), Some(20.0));
    assert_eq!(figure(&known, "sessions_total"), Some(7.0));
    assert_eq!(figure(&known, "uptime"), Some(90.5));
    assert_eq!(known.members.len(), 2, "what has no id is no node");
    let stats = r#"{"uptime_seconds":91,"connections":{"current":4},"messages":{"sent":21}}"#;
    admin("/api/v1/stats", &reply(200, stats), &mut known).unwrap();
    assert_eq!(
        (figure(&known, "messages_sent"), figure(&known, "uptime")),
        (Some(21.0), Some(91.0))
    );
    let cluster = r#"{"node_id":"n1","nodes":[{"id":"n1","healthy":true,"leader":false}]}"#;
    admin("/api/v1/cluster", &reply(200, cluster), &mut known).unwrap();
    assert_eq!(known.members, [Member { id: "n1".to_owned(), healthy: true, leads: false }]);
    let bad = admin("/api/v1/stats", &reply(200, r#"{"connections":{"current":"x"}}"#), &mut known);
    assert!(bad.unwrap_err().text.contains("/api/v1/stats: `/connections/current` is `x`"));
}
