//! Scraping compared with the real Prometheus of Debian, on its own reading of the same bytes.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod engine;
mod formats;
mod hostile;
mod json;
mod node;
mod peer;
mod stub;

use std::time::Duration;

use fluxnoc::model::spec::{ScrapeSpec, Spec};
use fluxnoc::model::{Check, Observation, Span};
use fluxnoc::probe::{self, Context, Memory, Shared};

/// Scrapes once.
async fn scrape(spec: ScrapeSpec, memory: &mut Memory) -> Observation {
    let mut check = Check::new("target", "scrape", "127.0.0.1", Spec::Scrape(spec));
    check.timeout = Span::from_secs(5);
    let context = Context::new(&Shared::start().unwrap(), Duration::from_secs(5));
    probe::run(&check, &context, memory).await
}
