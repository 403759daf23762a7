//! Observing targets: one file per kind of check.
//!
//! In: a check, a context with its deadline, and what earlier runs left in memory.
//! Out: one [`Observation`], also for a target that is bad, slow or hostile.
//! Never: judges, stores, or retries on its own.

pub mod context;
mod custom;
mod dial;
mod dns;
mod endpoint;
mod errno;
mod fluxbase;
mod fluxmq;
mod http;
mod icmp;
mod json;
mod mysql;
pub mod once;
mod output;
pub mod permit;
mod plugin;
mod process;
mod reply;
mod resolve;
mod sample;
mod scrape;
mod script;
mod secret;
mod session;
mod snmp;
mod spawn;
pub mod speed;
mod system;
mod tcp;
mod tls;
pub mod trace;
mod udp;

pub use context::{Context, Memory, Shared};
pub use dns::system_resolvers;
pub use endpoint::{Answer, ask};
pub use permit::{Allowed, Permit};

use std::time::{Duration, Instant};

use crate::model::metric::series_limit;
use crate::model::{Check, Failure, FailureKind, Observation, Scrape, Spec};

/// Runs a check once. Returns at the context's deadline at the latest, whatever the target does.
pub async fn run(check: &Check, context: &Context, memory: &mut Memory) -> Observation {
    let start = Instant::now();
    let deadline = tokio::time::Instant::from_std(context.deadline);
    let seen = match tokio::time::timeout_at(deadline, dispatch(check, context, memory)).await {
        Ok(seen) => seen,
        // A probe words its own time-outs; this is the net under one that did not.
        Err(_) => {
            Err(Failure::new(FailureKind::Timeout, format!("no result within {}", check.timeout)))
        }
    };
    let mut observation = seen.unwrap_or_else(|failure| failed(check, failure, start.elapsed()));
    observation.metrics.truncate(series_limit(check.kind()));
    observation.duration_us = u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX);
    observation
}

/// A run that ended after `took` without a word of its probe. A scrape that failed is a scrape all
/// the same: its series end and `up` is 0.
#[must_use]
pub fn failed(check: &Check, failure: Failure, took: Duration) -> Observation {
    let scrape = check.spec.has_series().then(|| Scrape::failed(took).into());
    Observation { scrape, ..Observation::failed(failure) }
}

async fn dispatch(
    check: &Check,
    context: &Context,
    memory: &mut Memory,
) -> Result<Observation, Failure> {
    match &*check.spec {
        Spec::Ping(spec) => icmp::run(check, spec, context).await,
        Spec::Tcp(spec) => tcp::run(check, spec, context).await,
        Spec::Udp(spec) => udp::run(check, spec, context).await,
        Spec::Http(spec) => http::run(check, spec, context).await,
        Spec::Dns(spec) => dns::run(check, spec, context).await,
        Spec::Mysql(spec) => mysql::run(check, spec, context).await,
        Spec::Process(spec) => process::run(spec, context, memory).await,
        Spec::Custom(spec) => custom::run(spec, context).await,
        Spec::System(spec) => system::run(spec, context, memory).await,
        Spec::Trace(spec) => trace::run(check, spec, context, memory).await,
        Spec::Snmp(spec) => snmp::run(check, spec, context, memory).await,
        Spec::Json(spec) => json::run(check, spec, context).await,
        Spec::Scrape(spec) => scrape::run(check, spec, context, memory).await,
        Spec::Fluxmq(spec) => fluxmq::run(check, spec, context).await,
        Spec::Fluxbase(spec) => fluxbase::run(check, spec, context, memory).await,
        // What it says is what the engine hears.
        Spec::Agent => Err(Failure::new(FailureKind::Internal, "an agent's heartbeat is not run")),
        Spec::Schedule => {
            Err(Failure::new(FailureKind::Internal, "a schedule is not run as a check"))
        }
        Spec::Query(_) => {
            Err(Failure::new(FailureKind::Internal, "an alert of a rule is not run as a check"))
        }
    }
}
