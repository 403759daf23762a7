//! A simulated exporter: the exposition of a web server's machine, scraped.
//!
//! A counter is the integral of a rate that swings, so it grows whatever the moment is.

use std::sync::Arc;
use std::time::Duration;

use super::Plot;
use super::dice::{day, roll, share, wander};
use super::story::Fate;
use crate::model::{
    Check, Failure, FailureKind, Layout, Metric, Observation, Scrape, ScrapeReport, Timestamp, Unit,
};

/// What a series does over time.
#[derive(Clone, Copy)]
enum Shape {
    /// Wanders about a value.
    Gauge(f64),
    /// Grows by so many a second.
    Counter(f64),
    /// Stays.
    Still(f64),
}

/// The series, sorted by name as the engine lists them.
const SERIES: [(&str, Shape); 24] = [
    ("go_goroutines", Shape::Gauge(42.0)),
    ("http_request_duration_seconds_bucket{le=\"0.1\"}", Shape::Counter(41.0)),
    ("http_request_duration_seconds_bucket{le=\"1\"}", Shape::Counter(47.5)),
    ("http_request_duration_seconds_bucket{le=\"+Inf\"}", Shape::Counter(48.0)),
    ("http_request_duration_seconds_count", Shape::Counter(48.0)),
    ("http_request_duration_seconds_sum", Shape::Counter(2.9)),
    ("http_requests_total{code=\"200\",method=\"get\"}", Shape::Counter(44.0)),
    ("http_requests_total{code=\"200\",method=\"post\"}", Shape::Counter(3.4)),
    ("http_requests_total{code=\"404\",method=\"get\"}", Shape::Counter(0.5)),
    ("http_requests_total{code=\"500\",method=\"get\"}", Shape::Counter(0.1)),
    ("node_boot_time_seconds", Shape::Still(1.771e9)),
    ("node_filesystem_avail_bytes{mountpoint=\"/\"}", Shape::Gauge(3.1e10)),
    ("node_filesystem_avail_bytes{mountpoint=\"/var\"}", Shape::Gauge(1.2e11)),
    ("node_load1", Shape::Gauge(0.9)),
    ("node_load5", Shape::Gauge(0.8)),
    ("node_memory_MemAvailable_bytes", Shape::Gauge(9.4e9)),
    ("node_memory_MemTotal_bytes", Shape::Still(1.68e10)),
    ("node_network_receive_bytes_total{device=\"eth0\"}", Shape::Counter(1.1e7)),
    ("node_network_transmit_bytes_total{device=\"eth0\"}", Shape::Counter(5.2e7)),
    ("nginx_connections_active", Shape::Gauge(130.0)),
    ("nginx_connections_waiting", Shape::Gauge(96.0)),
    ("process_cpu_seconds_total", Shape::Counter(0.21)),
    ("process_open_fds", Shape::Gauge(61.0)),
    ("process_resident_memory_bytes", Shape::Gauge(7.3e7)),
];

/// Seconds after which a rate begins its swing again.
const SWING: f64 = 420.0;
/// How much of a rate swings.
const PART: f64 = 0.45;

/// What a scrape sees.
pub fn observe(plot: Plot, check: &Check, at: Timestamp, fate: Fate) -> Observation {
    let host = &*check.key.host;
    let dice = |what: &str| wander(plot.seed, &format!("{host} {what}"), at.millis(), 60_000);
    let time = if fate == Fate::Poor { 1.4 } else { 0.008 + 0.02 * dice("scrape") };
    let problem = match fate {
        Fate::Silent => Some((FailureKind::Timeout, "no answer in 10 s from", 10.0)),
        Fate::Bad => {
            Some((FailureKind::Mismatch, "HTTP 503, and only 200 is a scrape, from", 0.02))
        }
        Fate::Well | Fate::Poor => None,
    };
    if let Some((kind, text, took)) = problem {
        let failure = Failure::new(kind, format!("{text} {}", check.address));
        let scrape = Scrape::failed(Duration::from_secs_f64(took)).into();
        return Observation { scrape: Some(scrape), ..Observation::failed(failure) };
    }
    let values = SERIES.iter().map(|(name, shape)| value(plot, host, name, *shape, at)).collect();
    let count = u32::try_from(SERIES.len()).unwrap_or(0);
    let report = ScrapeReport { up: true, duration: time, samples: count, kept: count, added: 0 };
    let scrape = Scrape { layout: layout(), values, stamps: Vec::new(), report };
    let text = format!("HTTP 200 in {:.0} ms, {count} samples", time * 1000.0);
    let metrics = vec![
        Metric::new("time", time, Unit::Seconds),
        Metric::new("samples", f64::from(count), Unit::Count),
    ];
    Observation { scrape: Some(scrape.into()), ..Observation::seen(text, metrics) }
}

/// The same list has the same number, whoever makes it.
fn layout() -> Arc<Layout> {
    let id = SERIES.iter().fold(0, |id, (name, _)| roll(id, name, 0));
    let series = SERIES.iter().map(|(name, _)| (*name).into()).collect();
    Arc::new(Layout { id, series })
}

/// `http_request_duration_seconds` of all parts of that histogram, else the series itself.
fn family(name: &str) -> &str {
    let bare = name.split('{').next().unwrap_or(name);
    let part = ["_bucket", "_count", "_sum"].iter().find_map(|part| bare.strip_suffix(part));
    part.unwrap_or(name)
}

fn value(plot: Plot, host: &str, name: &str, shape: Shape, at: Timestamp) -> f64 {
    let key = format!("{host} {name}");
    // The parts of a histogram belong together.
    let size = 0.6 + 0.8 * share(plot.seed, &format!("{host} {}", family(name)), 0);
    match shape {
        Shape::Still(value) => value,
        Shape::Gauge(mean) => {
            let moved = wander(plot.seed, &key, at.millis(), 90_000) - 0.5;
            mean * size * (0.8 + 0.25 * day(at.millis()) + 0.5 * moved)
        }
        Shape::Counter(rate) => {
            // Milliseconds from a day before the story on, so that it is large and stays exact.
            let since = plot.begin.millis() - 86_400_000;
            let seconds =
                Duration::from_millis(at.millis().saturating_sub(since).max(0).unsigned_abs());
            let seconds = seconds.as_secs_f64();
            let turn = std::f64::consts::TAU / (SWING * size);
            let swung = PART * (1.0 - (seconds * turn).cos()) / turn;
            (rate * size * (seconds + swung)).floor()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Span;

    #[test]
    fn counters_grow_and_the_list_stays() {
        let begin = Timestamp::from_millis(1_772_000_000_000);
        let plot = Plot { seed: 5, begin, storm: None };
        let network = crate::demo::Network::new(plot);
        let check = network.checks().iter().find(|check| &*check.key.name == "node").unwrap();
        let scrape = |secs: u64| {
            let seen = observe(plot, check, begin + Span::from_secs(secs), Fate::Well);
            seen.scrape.unwrap()
        };
        let mut before = scrape(0);
        for secs in (7..4000).step_by(7) {
            let now = scrape(secs);
            assert!(now.layout.is_same(&before.layout) && now.values.len() == SERIES.len());
            for ((name, shape), (then, value)) in
                SERIES.iter().zip(before.values.iter().zip(&now.values))
            {
                let grows = !matches!(shape, Shape::Counter(_)) || value >= then;
                assert!(value.is_finite() && *value >= 0.0 && grows, "{name}: {then} {value}");
            }
            let value = |name: &str| {
                let at = SERIES.iter().position(|(have, _)| have.ends_with(name)).unwrap();
                now.values[at]
            };
            assert!(value("{le=\"0.1\"}") <= value("{le=\"1\"}"), "at {secs}");
            assert_eq!(value("{le=\"+Inf\"}"), value("seconds_count"), "at {secs}");
            before = now;
        }
        let failed = observe(plot, check, begin, Fate::Silent);
        assert!(failed.failure.is_some() && !failed.scrape.unwrap().report.up);
    }
}
