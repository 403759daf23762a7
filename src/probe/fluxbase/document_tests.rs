//! Every shape of an instance's documents, and every way in which they are none.

use super::*;

fn reply(status: u16, body: &str) -> Reply {
    Reply { status, body: body.as_bytes().to_vec(), ..Reply::default() }
}

const NESTED: &str = r#"{"uptime_seconds":86400,"go_version":"go1.26.1","num_goroutines":42,
 "memory_alloc_mb":128,"memory_total_alloc_mb":9000,"memory_sys_mb":256,"num_gc":17,"gc_pause_ms":0.25,
 "database":{"acquire_count":10,"acquired_conns":3,"canceled_acquire_count":0,"constructing_conns":0,
 "empty_acquire_count":1,"idle_conns":7,"max_conns":25,"total_conns":10,"new_conns_count":12,
 "max_lifetime_destroy_count":2,"max_idle_destroy_count":0,"acquire_duration_ms":55},
 "realtime":{"total_connections":4,"active_channels":0,"total_subscriptions":0},
 "storage":{"total_buckets":2,"total_files":10,"total_size_gb":0.5}}"#;

fn bad(result: Result<impl std::fmt::Debug, Refusal>) -> Bad {
    match result {
        Err(Refusal::Bad(bad)) => bad,
        other => panic!("{other:?}"),
    }
}

#[test]
fn fb_12_all_seventeen_keys_are_read_nested_or_flat_and_a_missing_one_is_no_zero() {
    let whole = system(&reply(200, NESTED), Login::None).unwrap();
    let promised: Vec<&str> = SECTIONS.iter().flat_map(|part| part.keys).copied().collect();
    assert_eq!(promised.len(), 17);
    for key in promised.iter().filter(|key| **key != VERSION) {
        assert!(whole.get(key).is_some(), "{key}");
    }
    assert_eq!(whole.version.as_deref(), Some("go1.26.1"));
    assert_eq!((whole.get("acquired_conns"), whole.get("gc_pause_ms")), (Some(3.0), Some(0.25)));
    let flat = r#"{"uptime_seconds":1,"acquired_conns":3,"max_conns":25,"cpu_usage":7,"x":{}}"#;
    let flat = system(&reply(200, flat), Login::None).unwrap();
    assert_eq!((flat.get("acquired_conns"), flat.get("max_conns")), (Some(3.0), Some(25.0)));
    assert_eq!(flat.get("idle_conns"), None);
    let before = NESTED.split(",\n \"storage\"").next().unwrap();
    let without = system(&reply(200, &format!("{before}}}")), Login::None).unwrap();
    assert_eq!(without.get("total_files"), None);
    let null = system(&reply(200, r#"{"uptime_seconds":1,"database":null}"#), Login::None).unwrap();
    assert_eq!(null.get("max_conns"), None);
}

#[test]
fn fb_12_what_is_no_document_of_figures_is_unknown_and_named() {
    for (body, words) in [
        ("", "the body is empty"),
        ("<html>", "HTML instead of JSON"),
        ("[1]", "JSON, but no object"),
        ("{\"uptime_seconds\":", "half a document"),
        ("{}", "none of Fluxbase's figures"),
        ("{\"status\":\"ok\"}", "none of Fluxbase's figures"),
        ("{\"database\":{\"max_conns\":\"25\"}}", "`database.max_conns` is `25`, no count"),
        ("{\"num_goroutines\":-1}", "`num_goroutines` is -1, no count"),
    ] {
        let bad = bad(system(&reply(200, body), Login::None));
        assert_eq!(bad.state, State::Unknown, "{body}");
        assert!(bad.text.starts_with(SYSTEM) && bad.text.contains(words), "{body}: {}", bad.text);
    }
    let cut = Reply { cut: true, ..reply(200, NESTED) };
    assert!(bad(system(&cut, Login::None)).text.contains("larger than any of a Fluxbase"));
}

#[test]
fn fb_11_a_refused_login_names_its_mend() {
    let wanted = r#"{"error":"Authentication required. Provide Bearer token, X-Client-Key, or X-Service-Key"}"#;
    let scope = r#"{"error":"Insufficient permissions","required_scope":"monitoring:read"}"#;
    let role = r#"{"error":"Admin access required to view system metrics"}"#;
    let revoked = r#"{"error":"token_revoked","message":"Token has been revoked"}"#;
    for (status, body, login, words) in [
        (401, wanted, Login::None, "write service_key"),
        (401, r#"{"error":"Invalid service key"}"#, Login::ServiceKey, "put a valid one"),
        (401, revoked, Login::Token, "(token_revoked: Token has been revoked)"),
        (403, scope, Login::ServiceKey, "give the service key the scope `monitoring:read`"),
        (403, role, Login::Token, "a client key never may"),
    ] {
        for result in [
            system(&reply(status, body), login).map(|_| ()),
            health(&reply(status, body), login).map(|_| ()),
        ] {
            let bad = bad(result);
            assert_eq!(bad.state, State::Unknown);
            assert!(bad.text.contains(words), "{}", bad.text);
        }
    }
}

#[test]
fn fb_13_the_report_of_health_in_all_its_shapes() {
    let healthy = r#"{"status":"healthy","services":{"database":{"status":"healthy","latency_ms":1},
        "realtime":{"status":"healthy","message":"WebSocket server running"},"storage":{"status":"healthy"}}}"#;
    let report = health(&reply(200, healthy), Login::None).unwrap();
    assert_eq!((report.health, report.services.len()), (Health::Healthy, 3));
    assert_eq!(report.services[0].latency, Some(0.001));
    assert_eq!(report.services[2].latency, None);
    let degraded =
        r#"{"status":"degraded","services":{"storage":{"status":"degraded","message":"no"}}}"#;
    assert_eq!(health(&reply(200, degraded), Login::None).unwrap().health, Health::Degraded);
    let unhealthy = r#"{"status":"unhealthy","services":{"database":{"status":"unhealthy"}}}"#;
    assert_eq!(health(&reply(503, unhealthy), Login::None).unwrap().health, Health::Unhealthy);
    for (status, body, state, words) in [
        (
            503,
            r#"{"error":"service_unavailable","message":"Unable to verify token status"}"#,
            State::Unknown,
            "(service_unavailable: Unable to verify token status)",
        ),
        (503, "<html>", State::Unknown, "without a report"),
        (503, "", State::Unknown, "without a report"),
        (503, healthy, State::Unknown, "HTTP 503, but `status` is `healthy`"),
        (200, unhealthy, State::Unknown, "HTTP 200, but `status` is `unhealthy`"),
        (200, r#"{"status":"ok","services":{}}"#, State::Unknown, "`status` is `ok`"),
        (200, r#"{"status":"healthy"}"#, State::Unknown, "`services` is missing"),
        (200, r#"{"status":"healthy","services":{"x":{}}}"#, State::Unknown, "`services.x.status`"),
        (
            500,
            r#"{"error":"boom","code":500}"#,
            State::Critical,
            "HTTP 500 Internal Server Error (boom)",
        ),
        (404, "", State::Unknown, "no Fluxbase answers there"),
    ] {
        let bad = bad(health(&reply(status, body), Login::None));
        assert_eq!(bad.state, state, "{}", bad.text);
        assert!(bad.text.contains(words), "{}", bad.text);
    }
}

#[test]
fn fb_01_the_open_health_of_both_generations() {
    let old = r#"{"status":"ok","services":{"database":true,"realtime":false},"timestamp":"2026-01-01T00:00:00Z"}"#;
    let seen = live(&reply(200, old)).unwrap();
    assert!(seen.is_ok);
    assert_eq!(seen.services, [("database".to_owned(), true), ("realtime".to_owned(), false)]);
    let new = r#"{"status":"ok","timestamp":"2026-01-01T00:00:00Z"}"#;
    assert_eq!(live(&reply(200, new)), Ok(Live { is_ok: true, services: Vec::new() }));
    let admin = r#"{"status":"ok","services":{"database":true,"database_size":"12 MB"}}"#;
    assert_eq!(live(&reply(200, admin)).unwrap().services.len(), 1);
    let down = r#"{"status":"degraded","services":{"database":false,"realtime":true}}"#;
    assert!(!live(&reply(503, down)).unwrap().is_ok);
    assert!(bad(live(&reply(200, "OK\n"))).text.contains("another port (8080)"));
    assert_eq!(bad(live(&reply(503, "<html>"))).state, State::Critical);
    assert_eq!(bad(live(&reply(200, r#"{"status":"degraded"}"#))).state, State::Unknown);
}

#[test]
fn too_many_questions_are_no_state_and_say_how_long() {
    let body = r#"{"code":"RATE_LIMIT_EXCEEDED","error":"Rate limit exceeded","retry_after":30}"#;
    let with = |after: &str| Reply { retry_after: Some(after.to_owned()), ..reply(429, body) };
    for (reply, seconds) in [
        (with("60"), 60),
        (reply(429, body), 30),
        (reply(429, ""), 60),
        (with("soon"), 30),
        (with("999999999"), 3600),
        (with("0"), 1),
    ] {
        let later = Refusal::Later(Span::from_secs(seconds));
        assert_eq!(system(&reply, Login::None), Err(later.clone()));
        assert_eq!(health(&reply, Login::None), Err(later.clone()));
        assert_eq!(live(&reply), Err(later));
    }
}
