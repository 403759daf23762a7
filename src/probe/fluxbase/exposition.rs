//! The exposition of an instance: at the port of its metrics server, or at the app server's own.

use std::time::Instant;

use super::super::context::{Context, Memory};
use super::super::scrape;
use super::Outcome;
use super::show::Seen;
use crate::model::spec::{Endpoint, FluxbaseSpec, ScrapeSpec};
use crate::model::{Check, Failure, Observation, Scrape, Span, State};

/// What the name of each of its series begins with.
const PREFIX: &str = "fluxbase_";
/// How long an instance is left alone whose exposition answers 429.
const PAUSE: Span = Span::from_secs(60);

/// Scrapes the first place that has an instance's exposition, the one that had it last before the
/// others.
pub(super) async fn scrape(
    check: &Check,
    spec: &FluxbaseSpec,
    context: &Context,
    memory: &mut Memory,
) -> Outcome {
    let count = spec.metrics.len();
    let first = memory.fluxbase.place % count.max(1);
    let order = std::iter::once(first).chain((0..count).filter(|at| *at != first));
    let mut misses: Vec<Miss> = Vec::new();
    for (tried, at) in order.enumerate() {
        let Some(url) = spec.metrics.get(at) else { continue };
        let seen = at_place(check, spec, url, &within(context, count - tried), memory).await;
        match answer(url, seen) {
            Ok(seen) => {
                memory.fluxbase.place = at;
                return Outcome::Seen(seen);
            }
            Err(miss) => misses.push(miss),
        }
    }
    if misses.iter().any(|miss| miss.status == Some(429)) {
        return Outcome::Later(PAUSE);
    }
    let words: Vec<&str> = misses.iter().map(|miss| miss.text.as_str()).collect();
    let words = words.join("; ");
    let is_silent = misses.iter().all(|miss| miss.status.is_none());
    // Of several silent places the one that says most: a refusal before a time-out.
    let silent = misses.iter().find(|miss| miss.failure.kind.blames_target()).or(misses.first());
    match silent {
        Some(miss) if is_silent => Outcome::Silent(Failure::new(miss.failure.kind, words)),
        _ => Outcome::Seen(Seen {
            state: misses.iter().map(Miss::state).fold(State::Unknown, State::worst),
            reasons: vec![words],
            ..Seen::default()
        }),
    }
}

/// A place without the exposition.
struct Miss {
    /// The status, when something answered.
    status: Option<u16>,
    failure: Failure,
    /// With the place.
    text: String,
}

impl Miss {
    /// What it says of the instance: an answer that is no exposition says nothing.
    fn state(&self) -> State {
        match self.status {
            Some(500..=599) => State::Critical,
            _ => State::Unknown,
        }
    }
}

/// The same context, with a part of the time for one of the places that are left.
fn within(context: &Context, left: usize) -> Context {
    let share = context.remaining() / u32::try_from(left).unwrap_or(1).max(1);
    let deadline = Instant::now() + share;
    Context { deadline: deadline.min(context.deadline), shared: context.shared.clone() }
}

async fn at_place(
    check: &Check,
    spec: &FluxbaseSpec,
    url: &str,
    context: &Context,
    memory: &mut Memory,
) -> Observation {
    let endpoint = Endpoint {
        insecure: spec.insecure,
        family: spec.family,
        ..Endpoint::get(url, ScrapeSpec::MAX_BODY)
    };
    let asked = ScrapeSpec { endpoint, max_samples: spec.max_samples, ..ScrapeSpec::get(url) };
    let seen = scrape::run(check, &asked, context, memory).await;
    seen.unwrap_or_else(Observation::failed)
}

/// The exposition of an instance, or why this is none.
fn answer(url: &str, seen: Observation) -> Result<Seen, Miss> {
    let place = short(url);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a status is a small whole number"
    )]
    let status = seen.value("status").map(|status| status as u16);
    if let Some(failure) = seen.failure {
        let mend = match status {
            Some(401 | 403) => ": something before the exposition wants a login",
            Some(404 | 405) => ": no exposition there (is metrics.enabled on, and on which port?)",
            _ => "",
        };
        let text = format!("{place}: {}{mend}", failure.message);
        return Err(Miss { status, failure, text });
    }
    let scrape = seen.scrape.unwrap_or_default();
    if !is_fluxbase(&scrape) {
        let text = format!("{place}: an exposition, but of no Fluxbase (no series `{PREFIX}...`)");
        let kind = crate::model::FailureKind::Unreadable;
        let failure = Failure::new(kind, &text);
        return Err(Miss { status: status.or(Some(200)), failure, text });
    }
    let line = format!("{} from {place}", seen.output);
    Ok(Seen { line, metrics: seen.metrics, scrape: Some(scrape), ..Seen::default() })
}

fn is_fluxbase(scrape: &Scrape) -> bool {
    scrape.layout.series.iter().any(|name| name.starts_with(PREFIX))
}

/// `:9090/metrics` of a URL.
fn short(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split('/').next().unwrap_or(rest);
    let port = authority.rfind(':').filter(|at| !authority.get(*at..).unwrap_or("").contains(']'));
    rest.get(port.unwrap_or(0)..).unwrap_or(rest)
}
