//! The path to a target, hop by hop, all the time: a traceroute that goes on.
//!
//! In: a target, the parameters, and the runtime for round-trip times.
//! Out: [`TraceReport`]s: hops with statistics, whether the target is reached, a verdict in words.
//! Never: needs more privilege than the kernel's error queue, blocks a thread on a socket, delays a
//! report for a name.

mod hop;
mod names;
mod packet;
mod session;
mod socket;
mod stats;
mod tracker;
mod verdict;
mod wire;

use std::sync::Arc;
use std::time::Duration;

pub use session::{Options, Pulse, Session};
pub use stats::Totals;

use super::context::{Context, Memory, Shared};
use super::resolve;
use crate::model::spec::TraceSpec;
use crate::model::trace::{Hop, TraceReport};
use crate::model::{Check, Failure, FailureKind, Metric, Observation, SafeText, Unit};

/// Rounds that the first run of a check waits for.
const FIRST_ROUNDS: u64 = 3;
/// Left of the deadline for putting the result together.
const RESERVE: Duration = Duration::from_millis(200);

/// Resolves `target` and starts a trace to it; the name is resolved within the context's deadline.
///
/// # Errors
/// [`FailureKind::Resolve`], and those of [`Session::start`].
pub async fn open(
    target: &str,
    spec: &TraceSpec,
    options: Options,
    context: &Context,
) -> Result<Session, Failure> {
    let found = resolve::addresses(target, spec.family, context).await?;
    let Some(address) = found.first() else {
        return Err(Failure::new(FailureKind::Resolve, format!("{target} has no address")));
    };
    Session::start_with(target, *address, spec, options, &context.shared)
}

/// Traces `count` rounds and returns as soon as the last probe is answered or its time is over
/// (at most two seconds after it was sent). The context's deadline is for the name lookup only.
///
/// # Errors
/// Those of [`open`].
pub async fn trace_once(
    target: &str,
    spec: &TraceSpec,
    count: u64,
    names: bool,
    context: &Context,
) -> Result<Arc<TraceReport>, Failure> {
    let options = Options { names, rounds: Some(count.max(1)) };
    let session = open(target, spec, options, context).await?;
    let mut frames = session.subscribe();
    while frames.changed().await.is_ok() {}
    Ok(session.report())
}

/// Runs a configured `trace` check: the first run starts the session and waits for a few rounds,
/// later runs report what happened since the one before.
pub(super) async fn run(
    check: &Check,
    spec: &TraceSpec,
    context: &Context,
    memory: &mut Memory,
) -> Result<Observation, Failure> {
    let found = resolve::addresses(&check.address, spec.family, context).await?;
    let fits = |session: &Session| {
        session.spec() == spec && session.is_running() && found.contains(&session.address())
    };
    let mut session = if let Some(session) = memory.trace.take().filter(fits) {
        session
    } else {
        let Some(address) = found.first() else {
            let why = format!("{} has no address", check.address);
            return Err(Failure::new(FailureKind::Resolve, why));
        };
        Session::start(&check.address, *address, spec, &context.shared)?
    };
    let first = session.mark == Totals::default();
    let wanted = if first { FIRST_ROUNDS } else { session.mark.rounds + 1 };
    let until = tokio::time::Instant::now() + context.remaining().saturating_sub(RESERVE);
    let mut pulses = session.pulse();
    // The deadline ends the wait; what there is by then is reported.
    let _ = tokio::time::timeout_at(until, pulses.wait_for(|pulse| pulse.totals.rounds >= wanted))
        .await;
    let pulse = *pulses.borrow();
    let report = session.report();
    let interval = pulse.totals.since(&session.mark);
    session.mark = pulse.totals;
    memory.trace = Some(session);
    Ok(observe(report, &interval, pulse.stuck))
}

fn observe(report: Arc<TraceReport>, interval: &Totals, stuck: bool) -> Observation {
    let mut observation = Observation {
        long: SafeText::text(&table(&report.hops)),
        ..match interval.mean() {
            Some(mean) => answered(&report, interval, mean),
            None => Observation::failed(Failure::new(
                if stuck { FailureKind::NoRoute } else { FailureKind::Unreachable },
                report.verdict.as_str(),
            )),
        }
    };
    observation.trace = Some(report);
    observation
}

fn answered(report: &TraceReport, interval: &Totals, mean: f64) -> Observation {
    let hops = report.hops.len();
    let loss = interval.loss_pct();
    let plural = if hops == 1 { "hop" } else { "hops" };
    let output = format!(
        "{hops} {plural}, {mean:.2} ms, {} loss: {}",
        verdict::percent(loss),
        report.verdict
    );
    let hops = u32::try_from(hops).unwrap_or(u32::MAX);
    let mut metrics = vec![
        Metric::new("rtt", mean / 1000.0, Unit::Seconds),
        Metric::new("loss", loss, Unit::Percent),
        Metric::new("hops", f64::from(hops), Unit::Count),
    ];
    if let Some(jitter) = interval.jitter() {
        metrics.push(Metric::new("jitter", jitter / 1000.0, Unit::Seconds));
    }
    Observation::seen(output, metrics)
}

/// One line per hop for the check's long output.
fn table(hops: &[Hop]) -> String {
    let lines = hops.iter().map(|hop| {
        let who = match hop.addresses.first() {
            None => "no answer".to_owned(),
            Some(known) => match &known.name {
                Some(name) => format!("{} ({name})", known.address),
                None => known.address.to_string(),
            },
        };
        let time = hop.avg_ms.map(|avg| format!(", {avg:.2} ms")).unwrap_or_default();
        format!("{} {who}: {} loss{time}\n", hop.ttl, verdict::percent(hop.loss_pct))
    });
    lines.collect()
}

#[cfg(test)]
#[path = "trace_tests.rs"]
mod tests;
