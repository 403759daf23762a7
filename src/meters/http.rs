//! Requests to the API, by method, route and class of status.

use std::time::Instant;

use prometheus::{HistogramVec, IntCounterVec, IntGauge};

use super::SECONDS;
use super::make::Make;

/// What is asked of a path that is none of ours, or with a method that nobody has.
pub const OTHER: &str = "other";
const METHODS: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
const LABELS: [&str; 3] = ["method", "path", "status"];

/// The families of requests.
#[derive(Debug)]
pub struct Http {
    requests: IntCounterVec,
    duration: HistogramVec,
    in_flight: IntGauge,
}

impl Http {
    pub(super) fn new(make: &Make<'_>) -> Self {
        Self {
            requests: make.counters(
                "http_requests_total",
                "Requests to the API by route and class of status.",
                &LABELS,
            ),
            duration: make.histograms(
                "http_request_duration_seconds",
                "Time from a request's head to the head of its answer.",
                &LABELS,
                &SECONDS,
            ),
            in_flight: make.int_gauge(
                "http_requests_in_flight",
                "Requests whose answer has not begun; an open stream of events is none.",
            ),
        }
    }

    /// A request came. Dropped unanswered (the other side went away) it is no longer in flight.
    #[must_use]
    pub fn begin(&self) -> UnderWay<'_> {
        self.in_flight.inc();
        UnderWay { http: self, begun: Instant::now() }
    }
}

/// A request that is not answered yet.
#[derive(Debug)]
pub struct UnderWay<'m> {
    http: &'m Http,
    begun: Instant,
}

impl UnderWay<'_> {
    /// It was answered. `route` is the route's template, or `other`; gives how many milliseconds
    /// it took.
    #[must_use]
    pub fn end(self, method: &str, route: &str, status: u16) -> f64 {
        let method = METHODS.into_iter().find(|known| *known == method).unwrap_or(OTHER);
        let labels = [method, route, class(status)];
        let took = self.begun.elapsed();
        self.http.requests.with_label_values(&labels).inc();
        self.http.duration.with_label_values(&labels).observe(took.as_secs_f64());
        took.as_secs_f64() * 1000.0
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.http.in_flight.dec();
    }
}

/// The class of a status, as Fluxbase and the seed's rules (`status=~"5xx"`) write it.
const fn class(status: u16) -> &'static str {
    match status {
        100..=199 => "1xx",
        200..=299 => "2xx",
        300..=399 => "3xx",
        400..=499 => "4xx",
        500..=599 => "5xx",
        _ => "unknown",
    }
}
