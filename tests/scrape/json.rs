//! `json` checks: values by path, health documents, probes, and documents that mean harm.

use std::time::{Duration, Instant};

use fluxnoc::model::spec::{Endpoint, JsonForm, JsonSpec, JsonValue, Spec, StatusList};
use fluxnoc::model::{Check, FailureKind, Limit, Observation, Range, Span, State, Unit};
use fluxnoc::probe::{self, Context, Memory, Shared};
use fluxnoc::rules::evaluate;

use super::stub::{Page, Stub};

const JSON: &str = "application/json";

fn spec(url: &str, form: JsonForm, values: Vec<JsonValue>) -> JsonSpec {
    JsonSpec {
        endpoint: Endpoint::get(url, JsonSpec::MAX_BODY),
        form,
        status: StatusList(vec![(200, if form == JsonForm::Probe { 399 } else { 299 })]),
        values,
    }
}

fn value(name: &str, path: &str) -> JsonValue {
    JsonValue {
        name: name.to_owned(),
        path: path.to_owned(),
        label: None,
        expect: Vec::new(),
        unit: Unit::Count,
    }
}

/// Runs and judges a check, with `limit` on the metric `v`.
async fn judged(spec: JsonSpec, limit: Option<Range>) -> (State, String, Observation) {
    let mut check = Check::new("api", "json", "127.0.0.1", Spec::Json(spec));
    check.timeout = Span::from_secs(5);
    check.limits = vec![Limit::new("v", None, limit)];
    let context = Context::new(&Shared::start().unwrap(), Duration::from_secs(5));
    let start = Instant::now();
    let mut seen = probe::run(&check, &context, &mut Memory::default()).await;
    assert!(start.elapsed() < Duration::from_millis(5500), "{:?}", start.elapsed());
    let verdict = evaluate(&check, State::Unknown, &mut seen);
    (verdict.state, verdict.output.to_string(), seen)
}

const DOCUMENT: &str = r#"{"status":"ok","queue":{"length":12,"text":"7.5","on":true,"no":null},
  "pools":[{"name":"a","used":1},{"name":"b","used":90}],"nodes":{"x":{"load":1},"y":{"load":2}}}"#;

#[tokio::test]
async fn fm_01_values_are_read_by_path_and_judged() {
    let stub = Stub::start();
    stub.put("/", Page::of(JSON, DOCUMENT));
    let url = stub.url("/");
    let above = |limit: f64| Some(Range::above(limit));
    for (path, limit, state, words) in [
        ("$.queue.length", above(20.0), State::Ok, ""),
        ("$.queue.length", above(10.0), State::Critical, "v 12 (> 10)"),
        ("$['queue']['text']", above(7.0), State::Critical, "v 7.5 (> 7)"),
        ("$.queue.on", above(0.0), State::Critical, "v 1 (> 0)"),
        ("$.queue.no", None, State::Unknown, "v is null, no number"),
        ("$.queue.gone", None, State::Unknown, "there is nothing at $.queue.gone"),
        ("$.queue", None, State::Unknown, "v is an object, no number"),
        ("$.status", None, State::Unknown, "v is ok, no number"),
        ("$.pools[?@.name == 'b'].used", above(80.0), State::Critical, "v 90 (> 80)"),
        ("$.pools[*].used", above(80.0), State::Critical, "v[pools/1/used] 90 (> 80)"),
        ("$.pools[-1].used", above(80.0), State::Critical, "v 90"),
        ("$..load", above(1.0), State::Critical, "v[nodes/y/load] 2 (> 1)"),
    ] {
        let (found, text, seen) =
            judged(spec(&url, JsonForm::Json, vec![value("v", path)]), limit).await;
        assert_eq!(found, state, "{path}: {text}");
        assert!(text.contains(words), "{path}: {text}");
        assert_eq!(seen.failure, None);
        assert!(text.contains("HTTP 200 in "), "{text}");
    }
    let mut labelled = value("v", "$.pools[*].used");
    labelled.label = Some("name".to_owned());
    let (_, text, _) = judged(spec(&url, JsonForm::Json, vec![labelled]), above(80.0)).await;
    assert!(text.starts_with("v[b] 90 (> 80)"), "{text}");
    let mut status = value("s", "$.status");
    status.expect = vec!["ok".to_owned(), "fine".to_owned()];
    let (state, text, _) = judged(spec(&url, JsonForm::Json, vec![status.clone()]), None).await;
    assert_eq!(state, State::Ok, "{text}");
    status.expect = vec!["fine".to_owned(), "good".to_owned()];
    let (state, text, _) = judged(spec(&url, JsonForm::Json, vec![status]), None).await;
    assert_eq!(state, State::Critical);
    assert!(text.starts_with("s is ok, not fine or good"), "{text}");
}

#[tokio::test]
async fn health_documents_make_the_state() {
    let stub = Stub::start();
    let bad = r#"{"status":"fail","output":"no disk","checks":{
        "db:responseTime":[{"componentId":"a","status":"pass","observedValue":20,"observedUnit":"ms"},
                           {"componentId":"b","status":"fail","output":"refused"}],
        "uptime":{"observedValue":7.5,"observedUnit":"s","status":"pass"}}}"#;
    let fluxbase = r#"{"status":"degraded","services":{"database":{"status":"healthy","latency_ms":3},
        "storage":{"status":"degraded","message":"slow"}}}"#;
    let media = "application/health+json";
    for (status, media, body, form, state, words) in [
        ("200 OK", media, r#"{"status":"pass"}"#, JsonForm::Json, State::Ok, "status pass; HTTP"),
        ("200 OK", media, r#"{"status":"UP"}"#, JsonForm::Json, State::Ok, "status UP"),
        ("200 OK", media, r#"{"status":"warn"}"#, JsonForm::Json, State::Warning, "status warn"),
        (
            "503 x",
            media,
            bad,
            JsonForm::Json,
            State::Critical,
            "no disk; db:responseTime[b] fail: refused",
        ),
        ("503 x", JSON, bad, JsonForm::Health, State::Critical, "status fail: no disk"),
        ("200 OK", JSON, fluxbase, JsonForm::Health, State::Warning, "storage degraded: slow"),
        (
            "200 OK",
            media,
            r#"{"status":"fail"}"#,
            JsonForm::Json,
            State::Critical,
            "but HTTP 200 says otherwise",
        ),
        (
            "500 x",
            media,
            r#"{"status":"pass"}"#,
            JsonForm::Json,
            State::Warning,
            "but HTTP 500 says otherwise",
        ),
        (
            "200 OK",
            media,
            r#"{"status":"blue"}"#,
            JsonForm::Json,
            State::Unknown,
            "`blue` is not pass",
        ),
        ("200 OK", media, "[]", JsonForm::Json, State::Unknown, "no `status`"),
        ("500 x", media, "oops", JsonForm::Json, State::Critical, "HTTP 500 Internal Server Error"),
    ] {
        let status: &'static str = match status {
            "503 x" => "503 Service Unavailable",
            "500 x" => "500 Internal Server Error",
            other => other,
        };
        stub.put("/", Page { status, ..Page::of(media, body) });
        let (found, text, seen) = judged(spec(&stub.url("/"), form, Vec::new()), None).await;
        assert_eq!(found, state, "{body}: {text}");
        assert!(text.contains(words), "{body}: {text}");
        if body == bad {
            let metric = |of: &str| {
                seen.metrics.iter().find(|m| m.instance.as_deref() == Some(of)).map(|m| m.value)
            };
            assert_eq!(metric("db:responseTime[a]"), Some(0.02));
            assert_eq!(metric("uptime"), Some(7.5));
            assert!(seen.long.as_str().contains("db:responseTime[a] pass"), "{}", seen.long);
        }
    }
}

#[tokio::test]
async fn kubernetes_probes_are_judged_by_their_status() {
    let stub = Stub::start();
    let verbose = "[+]ping ok\n[-]etcd failed: reason withheld\n[+]log ok\nreadyz check failed\n";
    for (status, body, state, words) in [
        ("200 OK", "ok", State::Ok, "ok; HTTP 200 in "),
        ("204 No Content", "", State::Ok, "HTTP 204"),
        ("302 Found", "", State::Ok, "HTTP 302"),
        ("500 Internal Server Error", verbose, State::Critical, "etcd failed: reason withheld"),
        ("503 Service Unavailable", "not yet", State::Critical, "HTTP 503 Service Unavailable"),
        ("404 Not Found", "", State::Critical, "HTTP 404 Not Found"),
    ] {
        stub.put("/readyz", Page { status, ..Page::of("text/plain", body) });
        let (found, text, _) =
            judged(spec(&stub.url("/readyz"), JsonForm::Probe, Vec::new()), None).await;
        assert_eq!(found, state, "{status}: {text}");
        assert!(text.contains(words), "{status}: {text}");
    }
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("http://127.0.0.1:{port}/livez");
    let (state, text, _) = judged(spec(&url, JsonForm::Probe, Vec::new()), None).await;
    assert_eq!(state, State::Critical);
    assert!(text.contains("connection refused"), "{text}");
}

#[tokio::test]
async fn documents_of_the_wrong_shape_depth_or_size_are_unknown_and_named() {
    let stub = Stub::start();
    let deep = format!("{}1{}", "[".repeat(65), "]".repeat(65));
    let very_deep = "[".repeat(500_000);
    let long_list = format!("[{}1]", "1,".repeat(400_000));
    let large = format!("{{\"a\":\"{}\"}}", "x".repeat(2 << 20));
    for (body, words) in [
        ("", "the body is empty"),
        ("  \n", "the body is empty"),
        ("<html>", "no JSON: "),
        ("{\"a\":1", "no JSON: EOF"),
        ("{\"a\":1}}", "no JSON: trailing characters"),
        ("{\"a\":1e999}", "no JSON: number out of range"),
        ("{\"a\":\"\\ud800\"}", "no JSON: "),
        (deep.as_str(), "deeper than 64"),
        (very_deep.as_str(), "deeper than 64"),
        (large.as_str(), "above max_body (1048576 bytes)"),
        (long_list.as_str(), "finds 400001 values"),
    ] {
        stub.put("/", Page::of(JSON, body));
        let path = if body.starts_with("[1,") { "$[*]" } else { "$.a" };
        let (state, text, seen) =
            judged(spec(&stub.url("/"), JsonForm::Json, vec![value("v", path)]), None).await;
        assert_eq!(state, State::Unknown, "{text}");
        assert!(text.contains(words), "{text}");
        assert_eq!(seen.failure.unwrap().kind, FailureKind::Unreadable);
        assert!(text.len() < 1000, "{text}");
    }
    // Bytes that are no UTF-8 and control characters do not reach anybody.
    stub.put("/", Page::of(JSON, &b"{\"a\":\"\xff\"}"[..]));
    let (state, ..) =
        judged(spec(&stub.url("/"), JsonForm::Json, vec![value("v", "$.a")]), None).await;
    assert_eq!(state, State::Unknown);
    stub.put("/", Page::of(JSON, "{\"a\":\"\\u001b[2Jx\"}"));
    let (_, text, _) =
        judged(spec(&stub.url("/"), JsonForm::Json, vec![value("v", "$.a")]), None).await;
    assert!(!text.contains('\u{1b}'), "{text}");
    stub.put("/", Page { status: "500 Internal Server Error", ..Page::of(JSON, "{}") });
    let (state, text, _) = judged(spec(&stub.url("/"), JsonForm::Json, Vec::new()), None).await;
    assert_eq!(state, State::Critical, "{text}");
}
