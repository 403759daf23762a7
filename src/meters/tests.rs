//! What the meters write.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::*;

fn series(text: &str) -> BTreeSet<&str> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.rsplit_once(' ')).map(|(series, _)| series).collect()
}

#[test]
fn what_has_no_meaning_yet_is_absent_and_never_0() {
    let meters = Arc::new(Meters::default());
    let text = meters.text();
    for absent in ["db_connections", "scheduler_lag", "outbox", "checks", "auth", "rate_limit"] {
        assert!(!text.contains(&format!("fluxnoc_{absent}")), "{absent}:\n{text}");
    }
    assert!(
        text.contains(&format!(
            "fluxnoc_build_info{{version=\"{}\"}} 1",
            env!("CARGO_PKG_VERSION")
        ))
    );
    meters.monitor.outbox(3, 1, 2, 4.5);
    assert!(meters.text().contains("fluxnoc_outbox_notifications{state=\"parked\"} 2\n"));
    meters.monitor.outbox_unknown();
    assert!(!meters.text().contains("fluxnoc_outbox"));
}

#[test]
fn d_17_the_seeds_families_are_written_twice_only_with_compat() {
    let meters = Arc::new(Meters::default());
    let _ = meters.http.begin().end("GET", "/api/v1/hosts", 503);
    drop(meters.query("SELECT 1 FROM hosts"));
    meters.monitor.result("ping", "ok");
    assert!(!meters.text().contains("fluxbase_"));
    meters.set_compat(true);
    let text = meters.text();
    let wanted = "http_requests_total{method=\"GET\",path=\"/api/v1/hosts\",status=\"5xx\"} 1\n";
    for prefix in ["fluxnoc_", "fluxbase_"] {
        assert!(text.contains(&format!("\n{prefix}{wanted}")), "{text}");
        assert!(text.contains(&format!("\n# TYPE {prefix}db_query_duration_seconds histogram\n")));
    }
    assert!(text.contains("fluxnoc_check_results_total"));
    assert!(!text.contains("fluxbase_check") && !text.contains("fluxbase_build"));
}

#[test]
fn fb_08_identifiers_are_hashes_and_a_hundred_at_most() {
    let meters = Meters::default();
    for host in 0..5000 {
        meters.rate_limit_hit("auth_login", &format!("192.0.2.{host}"));
    }
    meters.rate_limit_hit("auth_login", "192.0.2.0");
    let text = meters.text();
    let of: Vec<&str> =
        series(&text).into_iter().filter(|s| s.starts_with("fluxnoc_rate_limit")).collect();
    assert_eq!(of.len(), 101, "{of:?}");
    assert!(!text.contains("192.0.2"));
    assert!(text.contains("identifier=\"other\",limiter_type=\"auth_login\"} 4900\n"), "{text}");
}

#[test]
fn fb_07_attempts_are_counted_by_method_result_and_reason() {
    let meters = Meters::default();
    meters.auth_attempt("password", "success", "");
    meters.auth_attempt("password", "failure", "invalid_password");
    meters.auth_attempt("token", "failure", "expired");
    let text = meters.text();
    for line in [
        "auth_attempts_total{method=\"password\",result=\"failure\"} 1",
        "auth_success_total{method=\"password\"} 1",
        "auth_failure_total{method=\"token\",reason=\"expired\"} 1",
    ] {
        assert!(text.contains(&format!("\nfluxnoc_{line}\n")), "{text}");
    }
    assert!(!text.contains("reason=\"\""));
}

#[test]
fn hostile_methods_and_statuses_make_no_series_of_their_own() {
    let meters = Meters::default();
    for number in 0..2000_u16 {
        let method = format!("X{number}");
        let _ = meters.http.begin().end(&method, http::OTHER, number);
    }
    let text = meters.text();
    let of = series(&text).into_iter().filter(|s| s.starts_with("fluxnoc_http_requests_total"));
    assert_eq!(of.count(), 6);
    drop(meters.http.begin());
    assert!(meters.text().contains("\nfluxnoc_http_requests_in_flight 0\n"));
}
