//! Scraping a Prometheus or `OpenMetrics` exposition.
//!
//! In: an endpoint, the series that the configuration names, the layout of the last scrape.
//! Out: all samples as one [`Scrape`], the named ones as metrics, how the scrape went.
//! Never: keeps a part of an answer that is not whole, unpacks beyond the limit.
//!
//! The rules are those of Prometheus (scrape/scrape.go): only status 200 counts, the media type
//! decides the format, any error makes the whole scrape a failed one.

mod openmetrics;
mod reader;
mod select;
mod sheet;
mod text;
mod token;
mod unpack;

use std::time::Instant;

pub use sheet::Sheet;

use super::context::{Context, Memory};
use super::http::{self, Page};
use super::{endpoint, http::Seen};
use crate::model::spec::{Exposition, ScrapeSpec};
use crate::model::{Check, Failure, FailureKind, Metric, Observation, Scrape, Unit};

/// What we can read, best first.
const ACCEPT: &str = "application/openmetrics-text;version=1.0.0;q=0.5,\
                      text/plain;version=0.0.4;q=0.4,*/*;q=0.1";
/// Bodies above this are read beside the other probes.
const LARGE: usize = 256 * 1024;

/// Scrapes the endpoint once; a failed scrape is an observation as well.
///
/// # Errors
/// None in practice: the samples' end must be told too.
pub(super) async fn run(
    check: &Check,
    spec: &ScrapeSpec,
    context: &Context,
    memory: &mut Memory,
) -> Result<Observation, Failure> {
    let start = Instant::now();
    let mut sheet = memory.sheet.take().unwrap_or_default();
    let mut seen = None;
    let outcome = match ask(check, spec, context, &mut seen).await {
        Ok((page, format)) => read(page, format, spec, &mut sheet).await,
        Err(failure) => Err(failure),
    };
    if outcome.is_err() {
        sheet.failed();
    }
    let mut scrape = Scrape::default();
    let judged = outcome.and_then(|whole| {
        scrape = whole;
        sheet.chosen.metrics(&spec.metrics, &scrape, start)
    });
    memory.sheet = Some(sheet);
    scrape.report.duration = start.elapsed().as_secs_f64();
    let (figures, outcome) = match judged {
        Ok(figures) => (figures, Ok(())),
        Err(failure) => (Vec::new(), Err(failure)),
    };
    let mut observation = match (seen, outcome) {
        (Some(seen), outcome) => {
            let line = format!("{}, {} samples", seen.text(), scrape.report.samples);
            seen.observation(&line, outcome)
        }
        (None, Err(failure)) => Observation::failed(failure),
        (None, Ok(())) => Observation::default(),
    };
    if scrape.report.up {
        let samples = f64::from(scrape.report.samples);
        observation.metrics.push(Metric::new("samples", samples, Unit::Count));
    }
    observation.metrics.extend(figures);
    observation.scrape = Some(scrape.into());
    Ok(observation)
}

/// Asks, and decides by the head whether the body counts.
async fn ask(
    check: &Check,
    spec: &ScrapeSpec,
    context: &Context,
    seen: &mut Option<Seen>,
) -> Result<(Page, Exposition), Failure> {
    let more = [
        ("accept", ACCEPT.to_owned()),
        ("accept-encoding", "gzip".to_owned()),
        ("x-prometheus-scrape-timeout-seconds", check.timeout.to_std().as_secs_f64().to_string()),
    ];
    let request = endpoint::request(&spec.endpoint, &more, context).await?;
    let (measured, page) = http::fetch(check, &request, context, None, true).await?;
    *seen = Some(measured);
    let page = page?;
    if page.status != hyper::StatusCode::OK {
        let why = format!("{} in {}, and only 200 is a scrape", page.said(), page.took);
        return Err(Failure::new(FailureKind::Mismatch, why));
    }
    if page.cut {
        let why = format!("the exposition is above max_body ({} bytes)", spec.endpoint.max_body);
        return Err(Failure::new(FailureKind::Unreadable, why));
    }
    let format = format(page.media_type.as_deref(), spec.fallback)?;
    Ok((page, format))
}

/// The format by the media type, as Prometheus 3 decides it.
fn format(media_type: Option<&str>, fallback: Option<Exposition>) -> Result<Exposition, Failure> {
    let bare = media_type.unwrap_or("").split(';').next().unwrap_or("").trim();
    if bare.eq_ignore_ascii_case("application/openmetrics-text") {
        return Ok(Exposition::OpenMetrics);
    }
    if bare.eq_ignore_ascii_case("text/plain") {
        return Ok(Exposition::Text);
    }
    fallback.ok_or_else(|| {
        let have = match media_type {
            Some(text) => format!("media type `{text}`"),
            None => "no media type".to_owned(),
        };
        let why = format!(
            "the answer has {have}, and `fallback` says no format; \
             write fallback = \"text\" when it is an exposition all the same"
        );
        Failure::new(FailureKind::Unreadable, why)
    })
}

/// Unpacks and reads the body.
async fn read(
    page: Page,
    format: Exposition,
    spec: &ScrapeSpec,
    sheet: &mut Box<Sheet>,
) -> Result<Scrape, Failure> {
    let (limit, max_samples) = (spec.endpoint.max_body, spec.max_samples);
    let large = page.body.len() > LARGE || page.encoding.is_some();
    let mut own = std::mem::take(sheet);
    let work = move || {
        let outcome = unpack::plain(page.body, page.encoding.as_deref(), limit).and_then(|body| {
            let scrape = own.read(&body, format, max_samples);
            scrape.map_err(|bad| {
                let why = format!("no exposition: {}", bad.describe(&body));
                Failure::new(FailureKind::Unreadable, why)
            })
        });
        (own, outcome)
    };
    let (own, outcome) = if large {
        let done = tokio::task::spawn_blocking(work).await;
        done.map_err(|error| Failure::new(FailureKind::Internal, error.to_string()))?
    } else {
        work()
    };
    *sheet = own;
    outcome
}

#[cfg(test)]
mod tests;
