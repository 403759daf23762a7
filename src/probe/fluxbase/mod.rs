//! Fluxbase: the exposition of an instance, its figures, its health, and whether it lives.
//!
//! In: where an instance is, how to be let in, what it said last.
//! Out: a state with words, metrics, the series of the exposition and `fluxbase_monitoring_*`.
//! Never: reads an answer above its limit, follows a redirect of an API, asks while it was told to
//! wait, or takes what cannot be read for a state.

mod document;
mod exposition;
mod known;
mod show;

use std::collections::BTreeMap;
use std::time::Instant;

pub use self::known::Known;

use self::document::{HEALTH, LIVE, Login, Refusal, SYSTEM};
use self::show::Seen;
use super::context::{Context, Memory};
use super::reply::{Bad, Missed, Question};
use super::secret;
use crate::model::spec::{FluxbasePart, FluxbaseSpec};
use crate::model::{Check, Failure, Observation, Scrape, Span, State};

/// What came of asking one surface.
enum Outcome {
    Seen(Seen),
    /// Nothing at all came back.
    Silent(Failure),
    /// It is asked too often.
    Later(Span),
}

/// Asks an instance once.
///
/// # Errors
/// Why nothing of it answers.
pub(super) async fn run(
    check: &Check,
    spec: &FluxbaseSpec,
    context: &Context,
    memory: &mut Memory,
) -> Result<Observation, Failure> {
    let asker = Asker::new(check, spec, context).await?;
    if spec.part != FluxbasePart::All {
        return Ok(match asker.part(spec.part, memory).await {
            Ok(seen) => seen.observation(),
            Err(failure) => return Err(failure),
        });
    }
    let mut parts = Vec::new();
    let mut failures = Vec::new();
    for part in FluxbasePart::EACH {
        let seen = asker.part(part, memory).await.unwrap_or_else(|failure| {
            let blames = failure.kind.blames_target();
            let state = if blames { State::Critical } else { State::Unknown };
            let reasons = vec![failure.message.to_string()];
            failures.push(failure);
            Seen { state, reasons, ..Seen::default() }
        });
        parts.push((part, seen));
    }
    let silent = failures.len();
    match failures.into_iter().next() {
        Some(failure) if silent == parts.len() => Err(failure),
        _ => Ok(show::together(parts)),
    }
}

/// Asks the servers of one instance.
struct Asker<'a> {
    check: &'a Check,
    spec: &'a FluxbaseSpec,
    context: &'a Context,
    login: Login,
    headers: BTreeMap<String, String>,
}

impl<'a> Asker<'a> {
    async fn new(
        check: &'a Check,
        spec: &'a FluxbaseSpec,
        context: &'a Context,
    ) -> Result<Self, Failure> {
        let mut headers = BTreeMap::new();
        let mut login = Login::None;
        let is_wanted =
            matches!(spec.part, FluxbasePart::All | FluxbasePart::System | FluxbasePart::Health);
        // What asks for no login gets none.
        if let Some(key) = spec.service_key.as_ref().filter(|_| is_wanted) {
            login = Login::ServiceKey;
            headers.insert("x-service-key".to_owned(), secret::resolve(key, context).await?);
        } else if let Some(token) = spec.token.as_ref().filter(|_| is_wanted) {
            login = Login::Token;
            let token = secret::resolve(token, context).await?;
            headers.insert("authorization".to_owned(), format!("Bearer {token}"));
        }
        Ok(Self { check, spec, context, login, headers })
    }

    /// One surface, or what it said last while it must not be asked.
    async fn part(&self, part: FluxbasePart, memory: &mut Memory) -> Result<Seen, Failure> {
        let is_limited = matches!(part, FluxbasePart::System | FluxbasePart::Health);
        if is_limited && memory.fluxbase.is_paused(Instant::now()) {
            return Ok(memory.fluxbase.held(part, Instant::now()));
        }
        let outcome = match part {
            FluxbasePart::System => {
                self.ask(SYSTEM, |reply, took| {
                    document::system(reply, self.login).map(|known| show::system(&known, took))
                })
                .await
            }
            FluxbasePart::Health => {
                self.ask(HEALTH, |reply, took| {
                    document::health(reply, self.login).map(|report| show::health(&report, took))
                })
                .await
            }
            FluxbasePart::Live => {
                self.ask(LIVE, |reply, took| {
                    document::live(reply).map(|said| show::live(&said, took))
                })
                .await
            }
            FluxbasePart::Metrics | FluxbasePart::All => {
                exposition::scrape(self.check, self.spec, self.context, memory).await
            }
        };
        let now = Instant::now();
        match outcome {
            Outcome::Seen(mut seen) => {
                memory.fluxbase.keep(part, &seen, now);
                if part.has_series() && seen.scrape.is_none() {
                    seen.scrape = Some(Scrape::failed(std::time::Duration::ZERO).into());
                }
                Ok(seen)
            }
            Outcome::Silent(failure) => Err(failure),
            Outcome::Later(time) => {
                memory.fluxbase.pause(time, now);
                Ok(memory.fluxbase.held(part, now))
            }
        }
    }

    async fn ask(
        &self,
        place: &str,
        read: impl FnOnce(&super::reply::Reply, f64) -> Result<Seen, Refusal>,
    ) -> Outcome {
        let question = Question {
            check: self.check,
            context: self.context,
            headers: if place == LIVE { BTreeMap::new() } else { self.headers.clone() },
            max_body: FluxbaseSpec::MAX_BODY,
            insecure: self.spec.insecure,
            family: self.spec.family,
        };
        let start = Instant::now();
        let bad = match question.ask(&self.spec.url, place).await {
            Ok(reply) => match read(&reply, start.elapsed().as_secs_f64()) {
                Ok(seen) => return Outcome::Seen(seen),
                Err(Refusal::Later(time)) => return Outcome::Later(time),
                Err(Refusal::Bad(bad)) => bad,
            },
            Err(Missed::Silent(failure)) => return Outcome::Silent(failure),
            // Half a report is none.
            Err(Missed::Broken(503, failure)) if place != LIVE => {
                Bad::unknown(format!("{place}: HTTP 503 without a report ({})", failure.message))
            }
            Err(missed) => missed.bad(place),
        };
        Outcome::Seen(Seen { state: bad.state, reasons: vec![bad.text], ..Seen::default() })
    }
}
