//! A name asked of each resolver: who answers what, and how fast.
//!
//! In: a name, a record type, resolvers and the answers that must occur.
//! Out: `time` (seconds) of each resolver and the worst of them, one line for each resolver.
//! Never: caches, repeats a lost question, or takes an answer to another question.

mod exchange;
mod message;
mod resolver;

pub use resolver::system_resolvers;

use std::time::Duration;

use super::context::Context;
use super::errno;
use crate::model::rating::rating;
use crate::model::spec::DnsSpec;
use crate::model::{Check, Failure, FailureKind, Metric, Observation, SafeText, State, Unit};
use message::{Question, Reply};
use resolver::Resolver;

/// Most resolvers that one check asks.
const RESOLVER_LIMIT: usize = 32;
/// Most answers that one line names.
const NAMED_ANSWERS: usize = 4;

pub(super) async fn run(
    check: &Check,
    spec: &DnsSpec,
    context: &Context,
) -> Result<Observation, Failure> {
    let question = Question::new(&spec.query, &spec.record_type)?;
    let resolvers = resolver::chosen(check, spec)?;
    let asked = resolvers.iter().take(RESOLVER_LIMIT).map(|resolver| {
        let question = &question;
        async move {
            let reply = ask(resolver, question, check, context).await;
            Asked::judge(resolver, question, reply, &spec.answers)
        }
    });
    let asked = futures::future::join_all(asked).await;
    Ok(report(&question, &asked))
}

async fn ask(
    resolver: &Resolver,
    question: &Question,
    check: &Check,
    context: &Context,
) -> Result<(Reply, Duration), Failure> {
    let address = resolver.address(context).await?;
    exchange::ask(address, &resolver.label, question, check.timeout, context.deadline).await
}

/// What came of one resolver.
struct Asked {
    label: String,
    reply: Option<(Reply, Duration)>,
    failure: Option<Failure>,
    /// It answers, but this question does not show whether it serves.
    doubt: Option<String>,
}

impl Asked {
    fn judge(
        resolver: &Resolver,
        question: &Question,
        reply: Result<(Reply, Duration), Failure>,
        expected: &[String],
    ) -> Self {
        let label = resolver.label.clone();
        match reply {
            Ok((reply, took)) => {
                if expected.is_empty() && question.is_about_the_root() && reply.is_refused() {
                    let doubt = format!(
                        "resolver {label} answers, but {} for {question}: ask it for a name that it \
                         serves",
                        reply.code
                    );
                    let reply = Some((reply, took));
                    return Self { label, reply, failure: None, doubt: Some(doubt) };
                }
                let failure = question
                    .complaint(&reply, expected)
                    .map(|text| format!("{text}, said by resolver {label}"))
                    .map(|text| Failure::new(FailureKind::Mismatch, text));
                Self { label, reply: Some((reply, took)), failure, doubt: None }
            }
            Err(failure) => Self { label, reply: None, failure: Some(failure), doubt: None },
        }
    }

    /// The time of an answer that can be rated: an error code's time says nothing (SPEC D-07).
    fn time(&self) -> Option<Duration> {
        self.reply.as_ref().filter(|(reply, _)| reply.is_success()).map(|(_, took)| *took)
    }

    /// `10.0.0.53: 192.0.2.1, NOERROR, 12 ms, GOOD`.
    fn line(&self) -> String {
        let Some((reply, took)) = &self.reply else {
            let why = self.failure.as_ref().map(|failure| failure.message.clone());
            return format!("{}: {}", self.label, why.unwrap_or_default());
        };
        let mut parts = Vec::new();
        if !reply.answers.is_empty() {
            parts.push(reply.answers.join(", "));
        }
        parts.push(reply.code.clone());
        parts.push(errno::time(*took));
        if reply.is_success() {
            parts.push(rating(millis(*took)).to_string());
        }
        format!("{}: {}", self.label, parts.join(", "))
    }
}

/// The records in the line of one resolver; without any the code that it answered with.
pub(super) fn records(line: &str) -> &str {
    let said = line.split_once(": ").map_or(line, |(_, said)| said);
    let end = said.find(", NOERROR").or_else(|| said.find(", "));
    end.and_then(|end| said.get(..end)).unwrap_or(said)
}

fn millis(took: Duration) -> f64 {
    took.as_secs_f64() * 1000.0
}

fn report(question: &Question, asked: &[Asked]) -> Observation {
    let worst =
        asked.iter().filter_map(|one| one.time().map(|time| (time, one))).max_by_key(|w| w.0);
    let mut metrics = Vec::new();
    if let Some((time, _)) = worst {
        metrics.push(Metric::new("time", time.as_secs_f64(), Unit::Seconds));
    }
    if asked.len() > 1 {
        metrics.extend(asked.iter().filter_map(|one| {
            let time = one.time()?.as_secs_f64();
            Some(Metric::new("time", time, Unit::Seconds).of(&one.label))
        }));
    }
    let lines: Vec<String> = asked.iter().map(Asked::line).collect();
    let long = SafeText::text(&lines.join("\n"));
    let seen = match failure(asked) {
        Some(failure) => Observation { metrics, ..Observation::failed(failure) },
        None => match doubts(asked) {
            Some(doubts) => {
                Observation { claimed: Some(State::Warning), ..Observation::seen(doubts, metrics) }
            }
            None => Observation::seen(summary(question, asked, worst), metrics),
        },
    };
    Observation { long, ..seen }
}

/// What is doubtful about those that answer. A resolver that has only zones of its own refuses the
/// root and serves its users well; one that refuses everybody says the same.
fn doubts(asked: &[Asked]) -> Option<String> {
    let doubts: Vec<&str> = asked.iter().filter_map(|one| one.doubt.as_deref()).collect();
    (!doubts.is_empty()).then(|| doubts.join("; "))
}

fn summary(question: &Question, asked: &[Asked], worst: Option<(Duration, &Asked)>) -> String {
    let Some((time, slowest)) = worst else { return format!("{question}: nobody was asked") };
    let speed = format!("{} ({})", errno::time(time), rating(millis(time)));
    let answers = slowest.reply.as_ref().map(|(reply, _)| named(&reply.answers));
    let answers = answers.unwrap_or_default();
    if asked.len() == 1 {
        format!("{question} {answers} in {speed}, resolver {}", slowest.label)
    } else {
        let count = asked.len();
        format!(
            "{question} {answers}, all {count} resolvers answered, slowest {} {speed}",
            slowest.label
        )
    }
}

/// The first answers and how many more there are.
fn named(answers: &[String]) -> String {
    let shown: Vec<&str> = answers.iter().take(NAMED_ANSWERS).map(String::as_str).collect();
    match answers.len().saturating_sub(NAMED_ANSWERS) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// One failure for all that failed: the kind of the first that blames a resolver, every text.
fn failure(asked: &[Asked]) -> Option<Failure> {
    let failures: Vec<&Failure> = asked.iter().filter_map(|one| one.failure.as_ref()).collect();
    let first = failures.first()?;
    let kind = failures.iter().find(|failure| failure.kind.blames_target()).unwrap_or(first).kind;
    if let [only] = failures.as_slice()
        && asked.len() == 1
    {
        return Some((*only).clone());
    }
    let texts: Vec<&str> = failures.iter().map(|failure| failure.message.as_str()).collect();
    let text =
        format!("{} of {} resolvers failed: {}", failures.len(), asked.len(), texts.join("; "));
    Some(Failure::new(kind, text))
}

#[cfg(test)]
#[path = "dns_tests.rs"]
mod tests;
