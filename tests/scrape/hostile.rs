//! Endpoints that mean harm or are broken: a named error, UNKNOWN, bounded memory and time.

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use fluxnoc::model::spec::{Exposition, ScrapeSpec, SeriesMetric, Spec};
use fluxnoc::model::{Check, FailureKind, Limit, Observation, Range, Secret, Span, State, Unit};
use fluxnoc::probe::{self, Context, Memory, Shared};
use fluxnoc::rules::evaluate;

use super::scrape;
use super::stub::{OPEN, Page, Stub, TEXT};

async fn seen(url: String) -> Observation {
    let start = Instant::now();
    let seen = scrape(ScrapeSpec::get(&url), &mut Memory::default()).await;
    assert!(start.elapsed() < Duration::from_millis(5500), "{:?}", start.elapsed());
    let report = seen.scrape.as_ref().expect("a failed scrape is told too");
    if seen.failure.is_some() {
        assert!(!report.report.up && report.values.is_empty(), "rolled back whole");
    }
    seen
}

/// A failure that is UNKNOWN, with these words.
#[track_caller]
fn unreadable(seen: &Observation, words: &str) {
    let failure = seen.failure.as_ref().unwrap_or_else(|| panic!("no failure: {}", seen.output));
    assert_eq!(failure.kind, FailureKind::Unreadable, "{}", failure.message);
    assert!(failure.message.as_str().contains(words), "{}", failure.message);
    assert!(!failure.message.as_str().contains('\u{1b}'));
    let check = Check::new("h", "scrape", "127.0.0.1", Spec::Scrape(ScrapeSpec::get("http://x/")));
    let verdict = evaluate(&check, State::Unknown, &mut seen.clone());
    assert_eq!(verdict.state, State::Unknown, "{}", verdict.output);
}

/// Resident memory at its highest, in MiB.
fn peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

/// Sends the head and then `piece` until the other side has enough or a gigabyte is sent.
fn endless(head: &'static str, piece: Vec<u8>) -> (Stub, Arc<AtomicU64>) {
    let sent = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&sent);
    let stub = Stub::raw(move |mut stream| {
        let _ = stream.write_all(head.as_bytes());
        while count.load(Ordering::Relaxed) < 1 << 30 && stream.write_all(&piece).is_ok() {
            count.fetch_add(piece.len() as u64, Ordering::Relaxed);
        }
    });
    (stub, sent)
}

const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n";

#[tokio::test]
async fn a_gigabyte_and_an_endless_line_end_at_the_limit() {
    let before = peak_mib();
    for piece in ["some_metric{label=\"value\"} 1\n".repeat(2000), "x".repeat(60_000)] {
        let (stub, sent) = endless(HEAD, piece.into_bytes());
        unreadable(&seen(stub.url("/")).await, "above max_body (16777216 bytes)");
        assert!(sent.load(Ordering::Relaxed) < 64 << 20, "the rest is not read");
    }
    // Below the limit and still one line.
    let stub = Stub::start();
    stub.put("/", Page::of(TEXT, "x".repeat(15 << 20)));
    unreadable(&seen(stub.url("/")).await, "line 1: expected a value");
    let grown = peak_mib() - before;
    assert!(grown < 200, "{grown} MiB");
}

#[tokio::test]
async fn a_million_series_are_too_many() {
    let stub = Stub::start();
    let body: String = (0..1_000_000).map(|n| format!("x{{n=\"{n}\"}} 1\n")).collect();
    stub.put("/", Page::of(TEXT, body));
    let url = stub.url("/");
    let mut spec = ScrapeSpec::get(&url);
    spec.endpoint.max_body = 64 << 20;
    let start = Instant::now();
    let seen = scrape(spec, &mut Memory::default()).await;
    unreadable(&seen, "more than 50000 samples");
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
}

/// Both use up the whole deadline: one with reading what came at once, one with a body that never
/// ends. The series are told to have failed in both cases.
#[tokio::test]
async fn a_scrape_that_uses_up_its_deadline_is_a_failed_scrape_with_its_report() {
    let stub = Stub::start();
    let body: String = (0..400_000).map(|n| format!("x{{n=\"{n}\"}} {n}\n")).collect();
    stub.put("/", Page::of(TEXT, body));
    let hanging = Stub::raw(|mut stream| {
        let _ = stream.write_all(HEAD.as_bytes());
        let _ = stream.write_all(b"x 1\n");
        std::thread::sleep(Duration::from_secs(5));
    });
    for (what, url, timeout) in [("read", stub.url("/"), 60), ("hang", hanging.url("/"), 200)] {
        let timeout = Duration::from_millis(timeout);
        let mut spec = ScrapeSpec::get(&url);
        (spec.endpoint.max_body, spec.max_samples) = (64 << 20, 1_000_000);
        let mut check = Check::new("target", "scrape", "127.0.0.1", Spec::Scrape(spec));
        check.timeout = Span::from_millis(u64::try_from(timeout.as_millis()).unwrap());
        let context = Context::new(&Shared::start().unwrap(), timeout);
        let seen = probe::run(&check, &context, &mut Memory::default()).await;
        let failure = seen.failure.as_ref().unwrap_or_else(|| panic!("{what}: {}", seen.output));
        assert_eq!(failure.kind, FailureKind::Timeout, "{what}: {}", failure.message);
        let scrape = seen.scrape.expect("told to the series too");
        assert!(scrape.values.is_empty() && scrape.layout.series.is_empty(), "{what}");
        let [up, took, samples @ ..] = scrape.report.values();
        assert_eq!((up, samples), (0.0, [0.0; 3]), "{what}");
        assert!(took >= 0.9 * timeout.as_secs_f64(), "{what}: {took} s");
    }
}

#[tokio::test]
async fn a_gzip_bomb_is_cut_while_it_unpacks() {
    // A quarter of a gigabyte as members of a megabyte: what comes packed is small.
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(&vec![b'\n'; 1 << 20]).unwrap();
    let member = packer.finish().unwrap();
    let bomb = member.repeat(256);
    assert!(bomb.len() < 3 << 20, "{} bytes for a quarter of a gigabyte", bomb.len());
    let stub = Stub::start();
    let gzip = |body: Vec<u8>| {
        let mut page = Page::of(TEXT, body);
        page.headers.push_str("Content-Encoding: gzip\r\n");
        page
    };
    stub.put("/bomb", gzip(bomb.clone()));
    let before = peak_mib();
    unreadable(&seen(stub.url("/bomb")).await, "unpacks to more than max_body");
    let grown = peak_mib() - before;
    assert!(grown < 100, "{grown} MiB");
    stub.put("/half", gzip(bomb[..1000].to_vec()));
    unreadable(&seen(stub.url("/half")).await, "broken gzip");
    stub.put("/none", gzip(b"x 1\n".to_vec()));
    unreadable(&seen(stub.url("/none")).await, "broken gzip");
    let mut page = Page::of(TEXT, "x 1\n");
    page.headers.push_str("Content-Encoding: br\r\n");
    stub.put("/br", page);
    unreadable(&seen(stub.url("/br")).await, "packed with `br`");
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(b"x 1\ny 2\n").unwrap();
    stub.put("/good", gzip(packer.finish().unwrap()));
    let good = seen(stub.url("/good")).await;
    assert_eq!(good.scrape.unwrap().values, [1.0, 2.0]);
    assert!(stub.asked("/good").contains(&"accept-encoding: gzip".to_owned()));
}

#[tokio::test]
async fn bad_bytes_duplicates_and_lies_are_named() {
    let stub = Stub::start();
    let page = |path: &str, media: &str, body: &[u8]| stub.put(path, Page::of(media, body));
    page("/utf8", TEXT, b"x{a=\"\xff\xfe\"} 1\n");
    unreadable(&seen(stub.url("/utf8")).await, "not UTF-8");
    page("/escape", TEXT, b"\x1b[2Jx 1\n");
    unreadable(&seen(stub.url("/escape")).await, "expected a metric name");
    page("/html", "text/html", b"<html>");
    unreadable(&seen(stub.url("/html")).await, "media type `text/html`");
    page("/json", "application/json", b"{}");
    unreadable(&seen(stub.url("/json")).await, "fallback");
    page("/nothing", "", b"x 1\n");
    unreadable(&seen(stub.url("/nothing")).await, "no media type");
    let mut spec = ScrapeSpec::get(&stub.url("/nothing"));
    spec.fallback = Some(Exposition::Text);
    assert_eq!(scrape(spec, &mut Memory::default()).await.failure, None);
    page("/eof", OPEN, b"x 1\n");
    unreadable(&seen(stub.url("/eof")).await, "does not end with # EOF");
    page("/twice", TEXT, b"x 1\nx 2\nx NaN\n");
    let twice = seen(stub.url("/twice")).await;
    let scrape = twice.scrape.as_ref().unwrap();
    assert_eq!((scrape.values.as_slice(), scrape.report.samples), (&[1.0][..], 3));
    // Half a body with its whole length announced.
    let cut = Stub::raw(|mut stream| {
        let _ = stream.write_all(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 99\r\n\r\nx 1\n",
        );
    });
    let seen = seen(cut.url("/")).await;
    assert_eq!(seen.failure.map(|failure| failure.kind), Some(FailureKind::Protocol));
}

#[tokio::test]
async fn only_200_is_a_scrape() {
    for status in ["201 Created", "204 No Content", "404 Not Found", "500 Internal Server Error"] {
        let stub = Stub::start();
        stub.put("/", Page { status, ..Page::of(TEXT, "x 1\n") });
        let seen = seen(stub.url("/")).await;
        let failure = seen.failure.unwrap();
        assert_eq!(failure.kind, FailureKind::Mismatch);
        assert!(failure.message.as_str().starts_with(&format!("HTTP {}", &status[..3])));
    }
}

#[tokio::test]
async fn a_target_that_trickles_ends_at_the_deadline() {
    let stub = Stub::raw(|mut stream| {
        let _ = stream.write_all(HEAD.as_bytes());
        while stream.write_all(b"x 1\n").is_ok() {
            std::thread::sleep(Duration::from_millis(20));
        }
    });
    let seen = seen(stub.url("/")).await;
    assert_eq!(seen.failure.map(|failure| failure.kind), Some(FailureKind::Timeout));
}

#[tokio::test]
async fn the_request_says_how_long_it_waits_and_who_asks() {
    let stub = Stub::start();
    stub.put("/", Page::of(TEXT, "x 1\n"));
    let mut spec = ScrapeSpec::get(&stub.url("/"));
    spec.endpoint.token = Some(Secret::Inline("geheim".to_owned()));
    spec.endpoint.headers.insert("X-Scope".to_owned(), "noc".to_owned());
    scrape(spec, &mut Memory::default()).await;
    let asked = stub.asked("/");
    for line in [
        "x-prometheus-scrape-timeout-seconds: 5",
        "authorization: Bearer geheim",
        "x-scope: noc",
        "accept-encoding: gzip",
    ] {
        assert!(asked.iter().any(|have| have == line), "{line} in {asked:?}");
    }
    assert!(asked.iter().any(|line| line.starts_with("accept: application/openmetrics-text")));
    let mut spec = ScrapeSpec::get(&stub.url("/"));
    spec.endpoint.user = Some("noc".to_owned());
    spec.endpoint.password = Some(Secret::Inline("geheim".to_owned()));
    scrape(spec, &mut Memory::default()).await;
    assert!(stub.asked("/").iter().any(|line| line == "authorization: Basic bm9jOmdlaGVpbQ=="));
    let mut spec = ScrapeSpec::get(&stub.url("/"));
    spec.endpoint.token = Some(Secret::Env("FLUXNOC_TEST_NO_SUCH".to_owned()));
    let seen = scrape(spec, &mut Memory::default()).await;
    assert_eq!(seen.failure.map(|failure| failure.kind), Some(FailureKind::Config));
}

#[tokio::test]
async fn thresholds_on_named_series_name_the_worst_instance() {
    let stub = Stub::start();
    let spec = |text: &str, rate: bool| {
        let mut spec = ScrapeSpec::get(&stub.url("/"));
        let series = text.parse().unwrap();
        let metric = SeriesMetric { name: "m".to_owned(), series, rate, unit: Unit::Bytes };
        spec.metrics = vec![metric];
        spec
    };
    let judge = |spec: &ScrapeSpec, mut seen: Observation| {
        let mut check = Check::new("h", "node", "127.0.0.1", Spec::Scrape(spec.clone()));
        let limits = (Some(Range::below(100.0)), Some(Range::below(10.0)));
        check.limits = vec![Limit::new("m", limits.0, limits.1)];
        let verdict = evaluate(&check, State::Unknown, &mut seen);
        (verdict.state, verdict.output.to_string())
    };
    stub.put(
        "/",
        Page::of(
            TEXT,
            "free{mount=\"/\",dev=\"a\"} 500\nfree{mount=\"/var\",dev=\"b\"} 5\n\
             free{mount=\"/tmp\",dev=\"c\"} 50\nother 1\nnan NaN\n",
        ),
    );
    let all = spec("free", false);
    let (state, text) = judge(&all, scrape(all.clone(), &mut Memory::default()).await);
    assert_eq!(state, State::Critical);
    assert!(text.starts_with("m[dev=b,mount=/var] 5 B (< 10); m[dev=c,mount=/tmp] 50 B"), "{text}");
    for (selector, wanted) in [
        ("free{mount=\"/\"}", State::Ok),
        ("free{mount!=\"/var\"}", State::Warning),
        ("free{mount=~\"/|/tmp\"}", State::Warning),
        ("free{mount!~\"/.+\"}", State::Ok),
        ("absent", State::Unknown),
        ("nan", State::Unknown),
    ] {
        let one = spec(selector, false);
        let (state, text) = judge(&one, scrape(one.clone(), &mut Memory::default()).await);
        assert_eq!(state, wanted, "{selector}: {text}");
    }
    // A counter is judged by its growth, from the second scrape on.
    let rate = spec("bytes_total", true);
    let mut memory = Memory::default();
    stub.put("/", Page::of(TEXT, "bytes_total 1000\n"));
    assert_eq!(scrape(rate.clone(), &mut memory).await.value("m"), None);
    tokio::time::sleep(Duration::from_millis(50)).await;
    stub.put("/", Page::of(TEXT, "bytes_total 2000\n"));
    let value = scrape(rate.clone(), &mut memory).await.value("m").unwrap();
    assert!((1000.0..21_000.0).contains(&value), "{value}");
    let many: String = (0..300).map(|n| format!("free{{n=\"{n}\"}} 1\n")).collect();
    stub.put("/", Page::of(TEXT, many));
    let seen = scrape(all, &mut Memory::default()).await;
    let failure = seen.failure.unwrap();
    assert!(failure.message.as_str().contains("matches 300 series"), "{}", failure.message);
    assert!(seen.scrape.unwrap().report.up, "the scrape itself was good");
}
