//! The HTTP probe against servers on loopback: good, bad, slow and hostile ones.

mod hostile;
mod secure;
mod stub;

use std::time::Duration;

use self::stub::{Stub, answer};
use super::*;
use crate::model::spec::Spec;
use crate::probe::Shared;

/// Runs the probe with a deadline; `check` and `context` agree about it.
async fn probe(spec: HttpSpec, millis: u64, trust: Option<&Trust>) -> Observation {
    let mut check = Check::new("web-1", "http", "127.0.0.1", Spec::Http(spec.clone()));
    check.timeout = crate::model::Span::from_millis(millis);
    let context = Context::new(&Shared::start().unwrap(), Duration::from_millis(millis));
    let start = Instant::now();
    let seen = run_with(&check, &spec, &context, trust).await;
    let late = start.elapsed().saturating_sub(Duration::from_millis(millis));
    assert!(late < Duration::from_millis(300), "ends at its deadline: {late:?} late");
    seen.unwrap_or_else(Observation::failed)
}

async fn get(url: &str) -> Observation {
    probe(HttpSpec::get(url), 5000, None).await
}

/// The kind and the words of a failure.
fn failed(seen: &Observation) -> (FailureKind, &str) {
    let failure = seen.failure.as_ref().expect("a failure");
    (failure.kind, failure.message.as_str())
}

fn ok(seen: &Observation) {
    assert_eq!(seen.failure, None);
}

#[tokio::test]
async fn fm_14_a_page_is_measured_in_phases() {
    let stub = Stub::replies(answer("200 OK", "", "hello")).await;
    let seen = get(&stub.url("/x?y=1")).await;
    ok(&seen);
    let output = seen.output.as_str();
    assert!(output.starts_with("HTTP 200 in ") && output.ends_with("ms, 5 bytes"), "{output}");
    assert_eq!(seen.value("size"), Some(5.0));
    assert_eq!(seen.value("status"), Some(200.0));
    for phase in ["time", "time_connect", "time_first_byte"] {
        assert!(seen.value(phase).is_some_and(|time| time > 0.0 && time < 5.0), "{phase}");
    }
    assert!(seen.value("time_tls").is_none() && seen.value("certificate_days").is_none());
    let request = stub.request(0);
    assert!(request.starts_with("GET /x?y=1 HTTP/1.1\r\n"), "{request}");
    assert!(request.contains(concat!("user-agent: fluxnoc/", env!("CARGO_PKG_VERSION"))));
    assert!(request.contains(&format!("host: 127.0.0.1:{}\r\n", stub.port)), "{request}");
    assert!(request.contains("accept-encoding: identity\r\n"), "{request}");
}

#[tokio::test]
async fn fm_14_d_27_another_status_is_a_mismatch_with_its_numbers() {
    let stub = Stub::replies(answer("503 Whatever", "", "down")).await;
    let seen = get(&stub.url("/")).await;
    let (kind, text) = failed(&seen);
    assert_eq!(kind, FailureKind::Mismatch);
    assert!(text.starts_with("HTTP 503 Service Unavailable in "), "{text}");
    assert_eq!(seen.value("status"), Some(503.0));
    assert!(seen.value("time").is_some());
    let mut spec = HttpSpec::get(&stub.url("/"));
    spec.status = "503".parse().unwrap();
    ok(&probe(spec, 5000, None).await);
}

#[tokio::test]
async fn d_27_a_closed_port_is_refused_and_silence_names_its_phase() {
    let port = Stub::closed_port().await;
    let seen = get(&format!("http://127.0.0.1:{port}/")).await;
    assert_eq!(
        failed(&seen),
        (FailureKind::Refused, format!("connection refused by 127.0.0.1:{port}").as_str())
    );
    let stub = Stub::silent().await;
    let seen = probe(HttpSpec::get(&stub.url("/")), 200, None).await;
    let words = format!("no HTTP answer from 127.0.0.1:{} within 200ms", stub.port);
    assert_eq!(failed(&seen), (FailureKind::Timeout, words.as_str()));
    assert!(seen.value("time_connect").is_some(), "what was measured is kept");
}

#[tokio::test]
async fn the_monitored_host_is_where_its_configuration_says() {
    let stub = Stub::replies(answer("200 OK", "", "")).await;
    // `web-1` does not resolve; the check's address does.
    let seen = get(&format!("http://web-1:{}/", stub.port)).await;
    ok(&seen);
    assert!(stub.request(0).contains(&format!("host: web-1:{}\r\n", stub.port)));
    let seen = get(&format!("http://web-1.invalid:{}/", stub.port)).await;
    assert_eq!(failed(&seen).0, FailureKind::Resolve);
}

#[tokio::test]
async fn the_configured_request_is_sent() {
    let stub = Stub::replies(answer("201 Created", "", "")).await;
    let mut spec = HttpSpec::get(&stub.url("/login"));
    spec.method = "POST".into();
    spec.body = Some("a=1".into());
    spec.headers.insert("X-Key".into(), "k".into());
    spec.headers.insert("Host".into(), "other.example".into());
    spec.headers.insert("User-Agent".into(), "mine".into());
    ok(&probe(spec, 5000, None).await);
    let request = stub.request(0);
    assert!(request.starts_with("POST /login HTTP/1.1\r\n"), "{request}");
    for line in ["x-key: k\r\n", "host: other.example\r\n", "user-agent: mine\r\n", "\r\n\r\na=1"] {
        assert!(request.contains(line), "{line} in {request}");
    }
    assert!(request.contains("content-length: 3\r\n"), "{request}");
}

#[tokio::test]
async fn parameters_that_cannot_be_used_connect_nowhere() {
    let url = "http://127.0.0.1:1/";
    let with = |change: fn(&mut HttpSpec)| {
        let mut spec = HttpSpec::get(url);
        change(&mut spec);
        spec
    };
    for (spec, says) in [
        (HttpSpec::get("ftp://a/"), "is not http: or https:"),
        (HttpSpec::get("http://u:secret@a/"), "must not hold a login"),
        (with(|s| s.method = "GE T".into()), "method `GE T`"),
        (with(|s| s.method = "CONNECT".into()), "method `CONNECT`"),
        (with(|s| drop(s.headers.insert("A".into(), "secret\r\nB: c".into()))), "header A"),
        (with(|s| drop(s.headers.insert("A b".into(), "c".into()))), "`A b` is not a name"),
        (with(|s| drop(s.headers.insert("Content-Length".into(), "9".into()))), "leave it out"),
        (with(|s| s.regex = Some("(".into())), "regex cannot be used"),
        (with(|s| s.regex = Some("(a{1000}){1000}".into())), "regex cannot be used"),
    ] {
        let seen = probe(spec, 5000, None).await;
        let (kind, text) = failed(&seen);
        assert_eq!(kind, FailureKind::Config);
        assert!(text.contains(says) && !text.contains("secret"), "{text}");
    }
}

#[tokio::test]
async fn the_body_is_searched() {
    let stub = Stub::replies(answer("200 OK", "", "state: \u{e4}ll good\n")).await;
    let search = |contains: Option<&str>, regex: Option<&str>| {
        let mut spec = HttpSpec::get(&stub.url("/"));
        spec.contains = contains.map(str::to_owned);
        spec.regex = regex.map(str::to_owned);
        probe(spec, 5000, None)
    };
    ok(&search(Some("\u{e4}ll good"), Some("state: .* good")).await);
    let seen = search(Some("bad"), None).await;
    let (kind, text) = failed(&seen);
    assert_eq!(kind, FailureKind::Mismatch);
    assert!(text.ends_with("but the body does not contain `bad`"), "{text}");
    let seen = search(None, Some("^good")).await;
    assert!(failed(&seen).1.ends_with("but the body does not match `^good`"));
}

#[tokio::test]
async fn a_large_body_is_cut_and_fails_only_when_it_must_be_searched() {
    let stub = Stub::replies(answer("200 OK", "", &"x".repeat(5000))).await;
    let mut spec = HttpSpec::get(&stub.url("/"));
    spec.max_body = 1000;
    let seen = probe(spec.clone(), 5000, None).await;
    ok(&seen);
    assert!(seen.output.as_str().ends_with("cut at 1000 bytes"), "{}", seen.output);
    assert_eq!(seen.value("size"), Some(1000.0));
    spec.contains = Some("x".into());
    let seen = probe(spec.clone(), 5000, None).await;
    assert_eq!(failed(&seen).0, FailureKind::TooLarge);
    assert!(failed(&seen).1.contains("max_body (1000 bytes)"));
    spec.max_body = 5000;
    ok(&probe(spec, 5000, None).await);
}

#[tokio::test]
async fn redirects_are_followed_and_their_phases_add_up() {
    let end = Stub::replies(answer("200 OK", "", "end")).await;
    let start =
        Stub::replies(answer("302 Found", &format!("Location: {}\r\n", end.url("/b")), "")).await;
    let mut spec = HttpSpec::get(&start.url("/a"));
    for name in ["Authorization", "Cookie", "X-Key"] {
        spec.headers.insert(name.into(), "secret".into());
    }
    let seen = probe(spec.clone(), 5000, None).await;
    ok(&seen);
    assert!(seen.output.as_str().ends_with("3 bytes, 1 redirect"), "{}", seen.output);
    assert!(start.request(0).contains("authorization: secret"));
    assert!(!end.request(0).contains("secret"), "another port is a stranger");
    spec.redirects = 0;
    let seen = probe(spec, 5000, None).await;
    ok(&seen);
    assert_eq!(seen.value("status"), Some(302.0), "not followed, so judged itself");
}

#[tokio::test]
async fn a_form_is_not_sent_twice() {
    let end = Stub::replies(answer("200 OK", "", "")).await;
    let see = |status: &str| answer(status, &format!("Location: {}\r\n", end.url("/")), "");
    for (status, sent) in [("303 See Other", "GET /"), ("307 Temporary Redirect", "POST /")] {
        let stub = Stub::replies(see(status)).await;
        let mut spec = HttpSpec::get(&stub.url("/"));
        spec.method = "POST".into();
        spec.body = Some("a=1".into());
        ok(&probe(spec, 5000, None).await);
        assert!(end.last_request().starts_with(sent), "{status}");
    }
}
