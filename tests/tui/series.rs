//! The browser of scraped series: its list, its filter, its graph, and what it says of its size.

use std::sync::Arc;

use fluxnoc::model::spec::Kind;
use fluxnoc::model::{CheckKey, Host, SeriesSize, Span, Timestamp};
use fluxnoc::protocol::query::Point;
use fluxnoc::protocol::{Answer, Event, Problem, SeriesPage, SeriesPast, SeriesRow};
use fluxnoc::tui::app::Pane;

use crate::Console;
use crate::fixture::{check, fine, now, wave};

const SERIES: [(&str, f64); 9] = [
    ("go_goroutines", 41.0),
    ("http_requests_total{code=\"200\",handler=\"/api/v1/orders\",method=\"get\"}", 81_234.0),
    ("http_requests_total{code=\"500\",handler=\"/\u{1b}[2J\u{202e}\",method=\"get\"}", 3.0),
    ("node_filesystem_avail_bytes{device=\"/dev/sda1\",mountpoint=\"/var\"}", 7.3e9),
    ("node_load1", 0.31),
    ("node_network_receive_bytes_total{device=\"eth0\"}", 9.1e12),
    ("old_series", f64::NAN),
    ("scrape_duration_seconds", 0.0123),
    ("up", 1.0),
];

/// What a fake engine answers.
pub fn list(text: Option<&str>) -> Result<Answer, Problem> {
    let text = text.unwrap_or("");
    if text == "node{" {
        return Err(Problem::invalid("`node{` selects no series: expected a label's name"));
    }
    let mut rows = Vec::new();
    for host in ["web-1", "web-2"] {
        for (at, (series, value)) in SERIES.iter().enumerate() {
            if !series.contains(text) {
                continue;
            }
            let spark = (0..40).map(|n| 4.0 + 3.0 * wave(n * 15, 120.0 + 30.0 * at as f64));
            rows.push(SeriesRow {
                check: CheckKey::new(host, "node"),
                series: (*series).into(),
                last: value.is_finite().then_some(*value),
                at: Some(now()),
                rate: series.contains("_total"),
                spark: if value.is_finite() {
                    spark.map(|v| v * 1e5).collect()
                } else {
                    Vec::new()
                },
            });
        }
    }
    let size = SeriesSize {
        targets: 2,
        series: 18,
        samples: 1_234_567,
        bytes: 2_400_000,
        evicted: 300,
        ..SeriesSize::default()
    };
    Ok(Answer::SeriesList(SeriesPage { size, found: rows.len() as u64, rows }))
}

/// The past of any series: a wave with a gap.
pub fn past(series: &str, from: Timestamp, to: Timestamp) -> Result<Answer, Problem> {
    let steps = to.since(from).millis() / 15_000;
    let point = |n: u64| {
        let at = from + Span::from_millis(n * 15_000);
        Point::one(at, 1e5 * (5.0 + 3.0 * wave(at.millis() / 1000, 300.0)))
    };
    let points = (0..=steps).filter(|n| !(20..25).contains(n)).map(point).collect();
    let stale = vec![from + Span::from_secs(300)];
    Ok(Answer::SeriesPast(SeriesPast { points, rate: series.contains("_total"), stale }))
}

/// The hosts whose exporters are scraped.
fn with_targets(console: &mut Console) {
    for host in ["web-1", "web-2"] {
        console.feed(vec![
            Event::Host(Arc::new(Host::new(host, "192.0.2.7"))),
            check(host, "node", Kind::Scrape, fine("HTTP 200 in 12 ms, 9 samples")),
        ]);
    }
    console.pass(Span::from_secs(3));
}

#[test]
fn the_graph_of_a_series_on_a_small_screen() {
    let mut console = Console::open((80, 24));
    console.press("g f j j j j j tab");
    console.rest();
    insta::assert_snapshot!("series_graph_80x24", console.screen());
}

#[test]
fn series_are_found_and_their_graph_follows_the_cursor() {
    let mut console = Console::open((160, 48));
    let screen = console.press("g f").screen();
    assert!(screen.contains("18 series of 2 targets, 1234k samples in 2343 KiB"), "{screen}");
    assert!(screen.contains("300 evicted") && screen.contains("1 of 18"), "{screen}");
    // Outside text is shown, and shows nothing that it means.
    assert!(screen.contains("handler=\"/␛[2J") && !screen.contains('\u{202e}'), "{screen}");
    assert!(screen.contains("stale"), "{screen}");
    let screen = console.press("j j j j j").screen();
    assert!(
        screen.contains("node_network_receive_bytes_total{device=\"eth0\"}, 15 min"),
        "{screen}"
    );
    assert!(
        screen.contains("per second") && screen.contains("Mb/s"),
        "octets are a throughput: {screen}"
    );
    let screen = console.press("/").write("load").screen();
    assert!(screen.contains("Series /load") && screen.contains("1 of 2"), "{screen}");
    console.press("enter");
    let screen = console.press("j").screen();
    assert!(screen.contains("2 of 2") && screen.contains("node_load1, 15 min"), "{screen}");
    // A longer range is asked for at once.
    let screen = console.press("+").screen();
    assert!(
        screen.contains("node_load1, 1 h") || screen.contains("node_load1, 60 min"),
        "{screen}"
    );
    let screen = console.press("esc").screen();
    assert!(screen.contains("of 18"), "{screen}");
    console.press("/").write("node{");
    let screen = console.screen();
    assert!(screen.contains("selects no series"), "{screen}");
    console.press("esc");
    assert!(console.screen().contains("of 18"));
}

#[test]
fn an_engine_that_scrapes_nothing_says_how() {
    let mut console = Console::open((120, 40));
    console.answers = false;
    console.press("g f");
    assert!(console.screen().contains("Asking the engine"));
}

#[test]
fn a_series_is_pinned_to_the_throughput_pane_and_asked_for_again() {
    let mut console = Console::open((160, 48));
    with_targets(&mut console);
    console.press("g f j j j j j P");
    let screen = console.screen();
    let name = "node_network_receive_bytes_total{device=\"eth0\"}";
    assert!(screen.contains(&format!("stays with web-1 {name}")), "{screen}");
    assert!(screen.contains(&format!("▪{name}")), "{screen}");
    console.press("1 j");
    console.rest();
    let screen = console.screen();
    assert!(
        screen.contains("Pinned: a series of web-1, 15 min") && screen.contains(name),
        "{screen}"
    );
    assert!(screen.contains("per second") && screen.contains("Mb/s"), "{screen}");
    insta::assert_snapshot!("pinned_series_160x48", screen);
    // Outside text shows nothing that it means.
    console.press("g f k k k P 1");
    console.rest();
    let screen = console.screen();
    assert!(screen.contains("␛[2J") && !screen.contains('\u{202e}'), "{screen}");
    // A longer time is another question; so are ten seconds.
    while console.app.focus != Pane::Throughput {
        console.press("tab");
    }
    console.answers = false;
    console.press("+");
    assert!(console.screen().contains("60 min") || console.screen().contains("1 h"));
    console.answer();
    console.answers = true;
    let wake = console.app.next_wake().since(console.app.now.steady);
    assert!(wake <= Span::from_secs(10), "{wake}");
    console.press("P");
    assert!(console.screen().contains("follows the selected host again"));
}
