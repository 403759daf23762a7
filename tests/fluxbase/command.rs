//! `fluxnoc check fluxbase`: every document of an instance, by the built program.

use std::process::Command;

use super::documents::{
    BAD_KEY, DEGRADED, EXPOSITION, HEALTHY, LIMITED, LIVE, LIVE_DOWN, LIVE_NEW, NO_POOL, NO_ROLE,
    NO_SCOPE, NO_STORAGE, NO_TOKEN_STATE, SYSTEM, UNHEALTHY,
};
use super::instance::{HEALTH, Instance, KEY, METRICS, Page};

/// The exit code and what was printed.
fn check(arguments: &[&str]) -> (Option<i32>, String) {
    let run = Command::new(env!("CARGO_BIN_EXE_fluxnoc"))
        .args(["check", "fluxbase"])
        .args(arguments)
        .env_clear()
        .env("HOME", "/nonexistent")
        .env("LC_ALL", "C.UTF-8")
        .env("FB_KEY", KEY)
        .output()
        .unwrap();
    let said = [run.stdout, run.stderr].concat();
    (run.status.code(), String::from_utf8_lossy(&said).trim_end().to_owned())
}

/// One surface of an instance.
fn part(instance: &Instance, part: &str) -> (Option<i32>, String) {
    let (url, metrics) = (instance.app.url(), instance.exposition());
    check(&[&url, "--metrics", &metrics, "--part", part, "--service-key-env", "FB_KEY"])
}

const HTML: &str = "<html><body>It works!</body></html>";

/// Puts each answer at `path` and compares the exit code and the words.
fn each(path: &str, surface: &str, cases: &[(u16, &str, i32, &str)]) {
    let instance = Instance::start();
    for (status, body, code, words) in cases {
        instance.app.put(path, Page::of(*status, body));
        let (found, said) = part(&instance, surface);
        assert_eq!(found, Some(*code), "{status} {body}: {said}");
        assert!(said.contains(words), "{status} {body}: {said}");
    }
    // A connection that ends in the middle of the document.
    instance.app.put(path, Page { missing: 500, ..Page::of(200, &HEALTHY[..40]) });
    let (code, said) = part(&instance, surface);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains(&format!("UNKNOWN - {path}: half an answer")), "{said}");
    // A document beyond all measure.
    instance.app.put(path, Page::of(200, &format!("{{\"x\":\"{}\"}}", "a".repeat(1 << 20))));
    let (code, said) = part(&instance, surface);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("larger than any"), "{said}");
}

#[test]
fn fb_13_every_answer_of_the_health_report_is_judged_rightly_and_exits_so() {
    let half = &HEALTHY[..HEALTHY.len() - 20];
    each(
        HEALTH,
        "health",
        &[
            (200, HEALTHY, 0, "FLUXBASE OK - healthy: database, realtime, storage"),
            (200, DEGRADED, 1, "FLUXBASE WARNING - storage degraded: dial tcp 10.0.0.9:9000"),
            (503, UNHEALTHY, 2, "FLUXBASE CRITICAL - database unhealthy: failed to connect"),
            (503, NO_TOKEN_STATE, 3, "503 Service Unavailable (service_unavailable: Unable to"),
            (503, HTML, 3, "a 503 without a report says nothing of health"),
            (503, "", 3, "a 503 without a report says nothing of health"),
            (500, "{\"error\":\"boom\",\"code\":500}", 2, "HTTP 500 Internal Server Error (boom)"),
            (502, HTML, 2, "FLUXBASE CRITICAL - /api/v1/monitoring/health: HTTP 502"),
            (401, BAD_KEY, 3, "(Invalid service key); the service key is not, or no longer, known"),
            (403, NO_SCOPE, 3, "give the service key the scope `monitoring:read`"),
            (403, NO_ROLE, 3, "a client key never may"),
            (429, LIMITED, 3, "asked too often (HTTP 429), and asked again in 60 s"),
            (404, "", 3, "no Fluxbase answers there"),
            (200, HTML, 3, "HTML instead of JSON"),
            (200, "", 3, "the body is empty"),
            (200, half, 3, "half a document"),
            (200, LIVE, 3, "`status` is `ok`, not healthy"),
        ],
    );
}

#[test]
fn fb_11_fb_12_every_answer_of_the_figures_is_judged_rightly_and_exits_so() {
    let half = &SYSTEM[..SYSTEM.len() - 20];
    each(
        METRICS,
        "system",
        &[
            (200, SYSTEM, 0, "FLUXBASE OK - up 1d2h, 42 goroutines, 128 MiB, 3 of 25 connections"),
            (200, SYSTEM, 0, "total_buckets 2, total_files 10, total_size_gb 0.5"),
            (200, SYSTEM, 0, "pool_usage=12%"),
            (200, NO_STORAGE, 0, "Storage   total_buckets —, total_files —, total_size_gb —"),
            (200, HEALTHY, 3, "it has none of Fluxbase's figures"),
            (500, NO_POOL, 2, "(Database connection not initialized)"),
            (503, NO_TOKEN_STATE, 3, "Unable to verify token status"),
            (401, BAD_KEY, 3, "put a valid one where service_key"),
            (403, NO_SCOPE, 3, "give the service key the scope `monitoring:read`"),
            (403, NO_ROLE, 3, "(Admin access required to view system metrics)"),
            (429, LIMITED, 3, "asked again in 60 s"),
            (200, HTML, 3, "HTML instead of JSON"),
            (200, "", 3, "the body is empty"),
            (200, half, 3, "half a document"),
        ],
    );
}

#[test]
fn fb_01_every_answer_of_the_open_health_is_judged_rightly_and_exits_so() {
    each(
        "/health",
        "live",
        &[
            (200, LIVE, 0, "FLUXBASE OK - alive, database up, realtime on"),
            (200, LIVE_NEW, 0, "FLUXBASE OK - alive"),
            (503, LIVE_DOWN, 2, "FLUXBASE CRITICAL - database down"),
            (503, HTML, 2, "HTTP 503 Service Unavailable"),
            (200, "OK", 3, "as that of the metrics server"),
            (200, HTML, 3, "HTML instead of JSON"),
            (401, "", 3, "something before the instance wants a login"),
            (429, LIMITED, 3, "asked again in 60 s"),
            (500, "", 2, "HTTP 500"),
        ],
    );
}

#[test]
fn fb_11_without_a_key_the_mend_is_named_and_a_token_lets_in_as_well() {
    let instance = Instance::start();
    let (url, metrics) = (instance.app.url(), instance.exposition());
    let (code, said) = check(&[&url, "--metrics", &metrics, "--part", "system"]);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("write service_key = { env = \"NAME\" }"), "{said}");
    let token = [&*url, "--part", "system", "--token-env", "FB_KEY"];
    assert_eq!(check(&token).0, Some(0));
}

#[test]
fn fb_10_the_exposition_is_found_at_either_place_and_it_is_said_where() {
    let mut instance = Instance::start();
    let first = instance.exposition();
    let second = format!("{}/metrics", instance.app.url());
    let url = instance.app.url();
    let asked = [&*url, "--metrics", &first, "--metrics", &second, "--part", "metrics"];
    let (code, said) = check(&asked);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains(&format!("from :{}/metrics", instance.metrics.port)), "{said}");
    // An exposition of something else, such as of a Prometheus on its own port.
    instance.metrics.put("/metrics", Page::text("prometheus_build_info 1\n"));
    let (code, said) = check(&asked);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("of no Fluxbase") && said.contains("is metrics.enabled on"), "{said}");
    instance.app.put("/metrics", Page::text(EXPOSITION));
    let (code, said) = check(&asked);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains(&format!("from :{}/metrics", instance.app.port)), "{said}");
    instance.metrics.kill();
    assert_eq!(check(&asked).0, Some(0));
    instance.app.kill();
    let (code, said) = check(&asked);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("connection refused"), "{said}");
}

#[test]
fn fb_01_all_surfaces_together_and_a_dead_instance() {
    let mut instance = Instance::start();
    let (url, metrics) = (instance.app.url(), instance.exposition());
    let asked = [&*url, "--metrics", &metrics, "--service-key-env", "FB_KEY"];
    let (code, said) = check(&asked);
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.starts_with("FLUXBASE OK - healthy: database, realtime, storage; up 1d2h"),
        "{said}"
    );
    for row in ["live     OK", "health   OK", "system   OK", "metrics  OK"] {
        assert!(said.contains(row), "{row}: {said}");
    }
    instance.app.put(HEALTH, Page::of(503, UNHEALTHY));
    let (code, said) = check(&asked);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.starts_with("FLUXBASE CRITICAL - health: database unhealthy"), "{said}");
    instance.app.kill();
    instance.metrics.kill();
    let (code, said) = check(&asked);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.starts_with("FLUXBASE CRITICAL - connection refused"), "{said}");
}

#[test]
fn what_is_typed_wrongly_is_3_and_named() {
    for (arguments, words) in [
        (&[][..], "URL"),
        (&["app:8080"][..], "must begin with http"),
        (&["http://a:1", "--part", "some"][..], "--part"),
        (&["http://a:1", "--metrics", "a"][..], "--metrics"),
    ] {
        let (code, said) = check(arguments);
        assert_eq!(code, Some(3), "{arguments:?}: {said}");
        assert!(said.contains(words), "{arguments:?}: {said}");
    }
}
