//! Every row of the judgement, at its second.

use super::*;

fn at(seconds: i64) -> Steady {
    Steady::from_millis(seconds * 1000)
}

const NOW: i64 = 1000;

fn good() -> Facts {
    Facts {
        broker: Broker::Answers,
        storage: Storage::Works,
        cluster: None,
        schedule: Schedule {
            last_result: Some(at(NOW)),
            within: Some(Span::from_secs(70)),
            checks: 4,
            late: 2,
            lag: Span::ZERO,
        },
        posted: Some(at(NOW)),
        parked: 0,
        agents: None,
    }
}

fn cluster(node_id: &str, reachable: usize, peers: usize) -> Option<Cluster> {
    Some(Cluster { node_id: node_id.to_owned(), is_leader: true, led: true, peers, reachable })
}

fn said(facts: &Facts) -> String {
    serde_json::to_string(&judge(facts, at(NOW))).unwrap()
}

const UP: &str = r#""broker":{"status":"up"}"#;
const STORED: &str = r#""storage":{"status":"up"}"#;

fn nominal() -> String {
    format!(r#"{{"status":"ready","mode":"nominal","checks":{{{UP},{STORED}}}}}"#)
}

fn degraded(between: &str, after: &str) -> String {
    format!(r#"{{"status":"ready","mode":"degraded","checks":{{{UP},{between}{STORED}{after}}}}}"#)
}

fn not_ready(details: &str, checks: &str) -> String {
    format!(r#"{{"status":"not_ready","details":"{details}","checks":{{{checks}}}}}"#)
}

#[test]
fn fq_06_and_fq_07_and_fq_08_and_fq_11_the_first_part_that_fails_is_named_and_the_rest_left_out() {
    let down = |name: &str, why: &str| format!(r#""{name}":{{"status":"down","details":"{why}"}}"#);
    let none = "not initialized";
    for (facts, document) in [
        (
            Facts { broker: Broker::Missing, storage: Storage::Missing, ..good() },
            not_ready("broker not initialized", &down("broker", none)),
        ),
        (
            Facts { storage: Storage::Missing, cluster: cluster("a", 1, 1), ..good() },
            not_ready("storage not initialized", &format!("{UP},{}", down("storage", none))),
        ),
        (
            Facts { storage: Storage::Fails("it was closed"), parked: 3, ..good() },
            not_ready("storage unavailable", &format!("{UP},{}", down("storage", "it was closed"))),
        ),
        (
            Facts { broker: Broker::Silent, ..good() },
            not_ready("broker does not answer", &down("broker", "does not answer")),
        ),
        // Who waits for the store is not the cause.
        (
            Facts { broker: Broker::Silent, storage: Storage::Fails("full"), ..good() },
            not_ready(
                "storage unavailable",
                &format!("{},{}", down("broker", "does not answer"), down("storage", "full")),
            ),
        ),
        (
            Facts { cluster: cluster("", 0, 0), ..good() },
            not_ready(
                "cluster not initialized",
                &format!("{UP},{},{STORED}", down("cluster", none)),
            ),
        ),
        (
            Facts {
                cluster: cluster("a", 2, 2).map(|all| Cluster { led: false, ..all }),
                ..good()
            },
            not_ready(
                "no server leads at the moment",
                &format!("{UP},{},{STORED}", down("cluster", "no server leads")),
            ),
        ),
    ] {
        assert_eq!(said(&facts), document, "{facts:?}");
        assert!(!judge(&facts, at(NOW)).is_ready());
    }
}

#[test]
fn fq_04_and_fq_05_and_fq_09_and_fq_10_and_fq_12_nominal_and_degraded_are_both_ready() {
    let with = |cluster| Facts { cluster, ..good() };
    for (facts, document) in [
        (good(), nominal()),
        (
            with(cluster("a", 2, 2)),
            nominal().replace(STORED, &format!(r#""cluster":{{"status":"up"}},{STORED}"#)),
        ),
        (with(cluster("a", 0, 0)), said(&with(cluster("a", 2, 2)))),
        (
            with(cluster("a", 1, 2)),
            degraded(r#""cluster":{"status":"up","details":"1/2 peers reachable"},"#, ""),
        ),
        (
            with(cluster("a", 0, 2)),
            degraded(r#""cluster":{"status":"up","details":"0/2 peers reachable"},"#, ""),
        ),
        (
            Facts { parked: 3, ..good() },
            degraded(r#""outbox":{"status":"down","details":"notifications given up: 3"},"#, ""),
        ),
        (Facts { agents: Some(Agents { known: 2, connected: 2 }), ..good() }, nominal()),
        (
            Facts { agents: Some(Agents { known: 2, connected: 1 }), ..good() },
            degraded("", "").replace(
                UP,
                &format!(r#""agents":{{"status":"down","details":"1/2 agents connected"}},{UP}"#),
            ),
        ),
    ] {
        assert_eq!(said(&facts), document, "{facts:?}");
        assert!(judge(&facts, at(NOW)).is_ready());
    }
}

#[test]
fn fq_03_a_scheduler_or_an_outbox_that_stands_still_is_not_ready() {
    let schedule = good().schedule;
    let with = |schedule| Facts { schedule, ..good() };
    let seen = |last| with(Schedule { last_result: Some(at(last)), ..schedule });
    let late = |late, checks| with(Schedule { late, checks, ..schedule });
    let lag = |ms| with(Schedule { lag: Span::from_millis(ms), ..schedule });
    let posted = |at| Facts { posted: at, ..good() };
    for (facts, status, part) in [
        (seen(NOW - 75), "nominal", None),
        (seen(NOW - 76), "not_ready", Some("scheduler")),
        (with(Schedule { last_result: Some(at(0)), within: None, ..schedule }), "nominal", None),
        (with(Schedule { last_result: None, ..schedule }), "nominal", None),
        (late(2, 4), "nominal", None),
        (late(3, 4), "not_ready", Some("scheduler")),
        (lag(10_000), "nominal", None),
        (lag(10_001), "degraded", Some("scheduler")),
        (lag(60_000), "degraded", Some("scheduler")),
        (lag(60_001), "not_ready", Some("scheduler")),
        (posted(Some(at(NOW - 10))), "nominal", None),
        (posted(Some(at(NOW - 11))), "not_ready", Some("outbox")),
        (posted(None), "nominal", None),
    ] {
        let judged = judge(&facts, at(NOW));
        assert_eq!(judged.mode.unwrap_or(judged.status), status, "{facts:?}");
        for name in ["scheduler", "outbox", "agents"] {
            let shown = judged.checks.get(name).map(|check| check.status);
            let wanted = (part == Some(name)).then_some("down");
            assert_eq!(shown, wanted, "{name} of {facts:?}");
        }
    }
}
