//! ICMP echo: reachability, round-trip times and loss of a host.
//!
//! In: a host's address and a number of packets; the sockets that all checks share.
//! Out: `rtt`, `rtt_min`, `rtt_max`, `rtt_stddev`, `jitter` (seconds) and `loss` (percent).
//! Never: waits for one answer before the next packet, or opens a socket for each host.

mod pinger;
mod socket;
mod statistics;
mod survey;

pub use pinger::Pinger;

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::context::Context;
use super::resolve;
use crate::model::spec::PingSpec;
use crate::model::{Check, Failure, FailureKind, Observation};
use statistics::Statistics;
use survey::{Plan, Survey};

/// How long before the deadline a run with a silent host ends, so that its report is a real one.
const MARGIN: Duration = Duration::from_millis(50);
/// How long before the deadline we stop waiting for our own thread.
const LAST_CALL: Duration = Duration::from_millis(10);

pub(super) async fn run(
    check: &Check,
    spec: &PingSpec,
    context: &Context,
) -> Result<Observation, Failure> {
    let addresses = resolve::addresses(&check.address, spec.family, context).await?;
    let Some(target) = addresses.first().map(std::net::IpAddr::to_canonical) else {
        return Err(Failure::new(FailureKind::Internal, "no address to ping"));
    };
    let left = context.remaining();
    let margin = MARGIN.min(left / 10);
    let plan = Plan::new(target, spec, Instant::now(), left.saturating_sub(margin));
    let shared = Arc::clone(&context.shared);
    // The round trips are timed on a thread that does nothing else.
    let task = context.shared.quick.spawn(async move {
        let socket = shared.pinger.socket(target)?;
        survey::survey(&socket, &plan).await
    });
    let guard = AbortOnDrop(task.abort_handle());
    let last_call = context.deadline.checked_sub(LAST_CALL.min(margin / 2));
    let last_call = last_call.unwrap_or(context.deadline);
    let survey = match tokio::time::timeout_at(last_call.into(), task).await {
        Ok(Ok(survey)) => survey?,
        Ok(Err(_)) => return Err(Failure::new(FailureKind::Internal, "internal error in ping")),
        // Silence of the target ends before this; so it is this machine that is behind, and a
        // late machine must not make a target look bad.
        Err(_) => {
            let text = "this machine is too busy: its pings were not evaluated in time";
            return Err(Failure::new(FailureKind::Local, text));
        }
    };
    drop(guard);
    Ok(report(target, &survey))
}

/// The round trips of so many packets on their beat, in the order of sending; `None` is lost. Over
/// within `budget`.
///
/// # Errors
/// When this machine cannot ping.
pub(super) async fn round_trips(
    target: std::net::IpAddr,
    (packets, gap): (u16, Duration),
    budget: Duration,
    shared: &Arc<super::Shared>,
) -> Result<Vec<Option<Duration>>, Failure> {
    let gap = crate::model::Span::from_millis(u64::try_from(gap.as_millis()).unwrap_or(u64::MAX));
    let spec = PingSpec { packets, packet_interval: gap, ..PingSpec::default() };
    let plan = Plan::new(target.to_canonical(), &spec, Instant::now(), budget);
    let on = Arc::clone(shared);
    let task = shared.quick.spawn(async move {
        let socket = on.pinger.socket(target.to_canonical())?;
        survey::survey(&socket, &plan).await
    });
    let _guard = AbortOnDrop(task.abort_handle());
    match task.await {
        Ok(survey) => Ok(survey?.round_trips),
        Err(_) => Err(Failure::new(FailureKind::Internal, "internal error in ping")),
    }
}

/// Ends the pinging when its run is given up.
struct AbortOnDrop(tokio::task::AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn report(target: std::net::IpAddr, survey: &Survey) -> Observation {
    let statistics = Statistics::of(&survey.round_trips);
    let metrics = statistics.metrics();
    if statistics.answered > 0 {
        return Observation::seen(statistics.summary(), metrics);
    }
    let lost = format!("{} of {} lost", statistics.sent, statistics.sent);
    let failure = if let Some(why) = &survey.no_route {
        Failure::new(FailureKind::NoRoute, format!("no route to {target}: {why}, {lost}"))
    } else {
        let why = survey.hint.as_ref().map(|hint| format!(" ({hint})")).unwrap_or_default();
        Failure::new(FailureKind::Unreachable, format!("no answer from {target}, {lost}{why}"))
    };
    Observation { metrics, ..Observation::failed(failure) }
}

#[cfg(test)]
#[path = "icmp_tests.rs"]
mod tests;
