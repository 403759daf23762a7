//! HTTP and HTTPS: one request on a connection of its own, with each phase measured.
//!
//! In: a URL with what is expected of its answer, the host's address, the run's deadline.
//! Out: times of lookup, connect, TLS and first byte, size, status, days left of the certificate.
//! Never: decodes a compressed body, keeps a connection, or sends a header to a stranger's host.

pub(super) mod exchange;
mod request;
pub(super) mod target;

use std::fmt::Write as _;
use std::time::Instant;

use hyper::StatusCode;
use hyper::header::{CONTENT_ENCODING, CONTENT_TYPE, LOCATION, RETRY_AFTER};

use self::exchange::{Body, Job};
use self::request::{Phases, Plan, Search};
use self::target::Target;
use super::context::Context;
use super::dial::{early, shown};
use super::tls::Trust;
use crate::model::spec::HttpSpec;
use crate::model::{Check, Failure, FailureKind, Metric, Observation, SafeText, Unit};

/// Asks the URL once and follows its redirects.
///
/// # Errors
/// A failure before anything could be measured; later ones are in the observation, beside the
/// numbers that were measured until then.
pub(super) async fn run(
    check: &Check,
    spec: &HttpSpec,
    context: &Context,
) -> Result<Observation, Failure> {
    run_with(check, spec, context, None).await
}

/// The same with the roots of a test.
async fn run_with(
    check: &Check,
    spec: &HttpSpec,
    context: &Context,
    trust: Option<&Trust>,
) -> Result<Observation, Failure> {
    let search = Search::new(spec)?;
    let (seen, page) = fetch(check, spec, context, trust, search.is_wanted()).await?;
    let outcome = match page {
        Ok(page) => judge(spec, &search, page).await,
        Err(failure) => Err(failure),
    };
    Ok(seen.observation(&seen.text(), outcome))
}

/// Asks a URL and follows its redirects: what was measured, and the page or what went wrong.
///
/// # Errors
/// A failure before anything could be measured.
pub(super) async fn fetch(
    check: &Check,
    spec: &HttpSpec,
    context: &Context,
    trust: Option<&Trust>,
    keep: bool,
) -> Result<(Seen, Result<Page, Failure>), Failure> {
    let target = Target::parse(&spec.url).map_err(|why| Failure::new(FailureKind::Config, why))?;
    let plan = Plan::new(spec)?;
    if target.secure && trust.is_none() {
        // Loading the roots is slow, happens once, and is nobody's response time.
        Trust::system().await?;
    }
    let context = early(context);
    let job = Job { check, spec, context: &context, trust };
    let mut seen = Seen::new();
    let page = follow(&job, target, plan, keep, &mut seen).await;
    Ok((seen, page))
}

/// An answer that was read to its end, or to the limit.
#[derive(Debug)]
pub(super) struct Page {
    pub status: StatusCode,
    pub media_type: Option<String>,
    pub encoding: Option<String>,
    /// `Retry-After`, as it came.
    pub retry_after: Option<String>,
    pub body: Vec<u8>,
    /// True when the limit ended the reading.
    pub cut: bool,
    /// The total time, for people.
    pub took: String,
}

impl Page {
    /// `HTTP 200`, and the reason for everything that is no success.
    pub fn said(&self) -> String {
        said(self.status)
    }
}

/// What was measured so far.
pub(super) struct Seen {
    start: Instant,
    phases: Phases,
    redirects: u8,
    status: Option<StatusCode>,
    /// The body's size and whether it was cut, and the total time; when the answer was complete.
    body: Option<(u64, bool, std::time::Duration)>,
}

async fn follow(
    job: &Job<'_>,
    mut target: Target,
    mut plan: Plan,
    keep: bool,
    seen: &mut Seen,
) -> Result<Page, Failure> {
    let first = target.clone();
    let mut visited = Vec::new();
    loop {
        // An address that the owner wrote stays the owner's choice after a redirect.
        let strange = seen.redirects > 0
            && !(target.host == first.host && first.host.parse::<std::net::IpAddr>().is_ok());
        if plan.is_get() {
            visited.push(target.clone());
        }
        let asked = job.ask(&target, &plan, strange, &mut seen.phases).await;
        let answer = asked.map_err(|failure| {
            if seen.redirects == 0 {
                return failure;
            }
            // Otherwise the text is about a place that nobody wrote.
            let text = format!("redirected to {}: {}", target.shown(), failure.message);
            Failure::new(failure.kind, text)
        })?;
        seen.status = Some(answer.status);
        let mismatch = |why: String| Failure::new(FailureKind::Mismatch, why);
        if job.spec.redirects > 0 {
            let location = answer.header(LOCATION);
            let next = target.redirect(answer.status, location.as_deref());
            if let Some(next) = next.map_err(mismatch)? {
                seen.redirects += 1;
                if seen.redirects > job.spec.redirects {
                    return Err(mismatch(format!(
                        "{} redirects (limit {}), the last one to {}",
                        seen.redirects,
                        job.spec.redirects,
                        next.shown()
                    )));
                }
                plan.redirected(answer.status, &target, &next);
                if plan.is_get() && visited.contains(&next) {
                    return Err(mismatch(format!(
                        "redirect loop: redirect {} leads back to {}",
                        seen.redirects,
                        next.shown()
                    )));
                }
                target = next;
                continue;
            }
        }
        let status = answer.status;
        let (media_type, encoding) = (answer.header(CONTENT_TYPE), answer.header(CONTENT_ENCODING));
        let retry_after = answer.header(RETRY_AFTER);
        let Body { kept, size, cut } = answer.read(job, job.spec.max_body, keep).await?;
        let took = seen.start.elapsed();
        seen.body = Some((size, cut, took));
        return Ok(Page {
            status,
            media_type,
            encoding,
            retry_after,
            body: kept,
            cut,
            took: shown(took),
        });
    }
}

/// Compares the answer with what is expected.
async fn judge(spec: &HttpSpec, search: &Search, page: Page) -> Result<(), Failure> {
    let (said, took) = (page.said(), &page.took);
    if !spec.status.contains(page.status.as_u16()) {
        return Err(Failure::new(FailureKind::Mismatch, format!("{said} in {took}")));
    }
    if !search.is_wanted() {
        return Ok(());
    }
    if page.cut {
        let why =
            format!("{said} in {took}, but the body is above max_body ({} bytes)", spec.max_body);
        return Err(Failure::new(FailureKind::TooLarge, why));
    }
    // Linear, but not instant: a large body must not hold the other probes.
    let search = search.clone();
    let missing = tokio::task::spawn_blocking(move || search.missing(&page.body)).await;
    match missing {
        Ok(None) => Ok(()),
        Ok(Some(why)) => {
            Err(Failure::new(FailureKind::Mismatch, format!("{said} in {took}, but {why}")))
        }
        Err(error) => Err(Failure::new(FailureKind::Internal, error.to_string())),
    }
}

/// `HTTP 200`, and the reason for everything that is no success.
fn said(status: StatusCode) -> String {
    match status.canonical_reason() {
        Some(reason) if !status.is_success() => format!("HTTP {} {reason}", status.as_u16()),
        _ => format!("HTTP {}", status.as_u16()),
    }
}

impl Seen {
    fn new() -> Self {
        Self {
            start: Instant::now(),
            phases: Phases::default(),
            redirects: 0,
            status: None,
            body: None,
        }
    }

    /// What was measured, with a line for people or what went wrong.
    pub fn observation(&self, line: &str, outcome: Result<(), Failure>) -> Observation {
        let (output, failure) = match outcome {
            Ok(()) => (SafeText::line(line), None),
            Err(failure) => (failure.message.clone(), Some(failure)),
        };
        Observation { output, failure, metrics: self.metrics(), ..Observation::default() }
    }

    /// The status of the last answer, also when its body did not come whole.
    pub const fn status(&self) -> Option<StatusCode> {
        self.status
    }

    /// `HTTP 200 in 31 ms, 5321 bytes`.
    pub fn text(&self) -> String {
        let status = self.status.map(said).unwrap_or_default();
        let Some((size, cut, took)) = self.body else { return status };
        let cut = if cut { "cut at " } else { "" };
        let mut text = format!("{status} in {}, {cut}{size} bytes", shown(took));
        match self.redirects {
            0 => {}
            1 => text.push_str(", 1 redirect"),
            count => drop(write!(text, ", {count} redirects")),
        }
        if let Some(days) = self.phases.certificate_days {
            let _ = write!(text, ", certificate {days} d");
        }
        text
    }

    #[expect(clippy::cast_precision_loss, reason = "sizes and days are far below 2^53")]
    fn metrics(&self) -> Vec<Metric> {
        let phases = &self.phases;
        let seconds = |name, time: std::time::Duration| {
            (!time.is_zero()).then(|| Metric::new(name, time.as_secs_f64(), Unit::Seconds))
        };
        let total = self.body.map(|(_, _, took)| took);
        let size = self.body.map(|(size, ..)| Metric::new("size", size as f64, Unit::Bytes));
        let status = self.status.map(|s| Metric::new("status", f64::from(s.as_u16()), Unit::Count));
        let days = phases.certificate_days;
        [
            total.and_then(|took| seconds("time", took)),
            seconds("time_dns", phases.dns),
            seconds("time_connect", phases.connect),
            phases.tls.and_then(|took| seconds("time_tls", took)),
            seconds("time_first_byte", phases.first_byte),
            size,
            status,
            days.map(|days| Metric::new("certificate_days", days as f64, Unit::Count)),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

#[cfg(test)]
mod tests;
