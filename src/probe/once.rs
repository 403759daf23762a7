//! One test, once: a trace, a port, the resolvers (a speedtest has a module of its own).
//!
//! In: the order, and who is told what was measured so far. Out: what was measured, or why not.
//! Never: judges, or runs longer than the order says.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::context::{Context, Memory, Shared};
use super::trace::{Options, Session};
use super::{resolve, speed};
use crate::model::rating::rating;
use crate::model::spec::{DnsSpec, Family, TcpSpec, TraceSpec, UdpExpect, UdpSpec};
use crate::model::test::{DnsResult, Expect, PortProtocol, PortResult, PortState, ResolverTime};
use crate::model::{
    Check, Failure, FailureKind, LookupSpec, Measured, Observation, PathSpec, PortSpec, SafeText,
    Span, Spec, SpeedSpec, TestOrder, TestSpec,
};

/// How long a name lookup may take besides.
const LOOKUP: Duration = Duration::from_secs(10);

/// Who is told what a test measured so far.
pub type Tell = watch::Sender<Option<Measured>>;

/// Why a test measured nothing whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// In words.
    pub why: SafeText,
    /// True when the target was busy: it is worth another try.
    pub busy: bool,
}

impl From<Failure> for Ended {
    fn from(failure: Failure) -> Self {
        Self { why: failure.message, busy: false }
    }
}

/// Runs a test to its end.
///
/// # Errors
/// Why it could not be run, or could not go on.
pub async fn run(order: &TestOrder, shared: &Arc<Shared>, tell: &Tell) -> Result<Measured, Ended> {
    match &order.spec {
        TestSpec::Speedtest(spec) => throughput(spec, order, shared, tell).await,
        TestSpec::Trace(spec) => path(spec, order, shared, tell).await,
        TestSpec::Probe(spec) => port(spec, order, shared).await,
        TestSpec::Dns(spec) => lookups(spec, order, shared).await,
    }
}

async fn throughput(
    spec: &SpeedSpec,
    order: &TestOrder,
    shared: &Arc<Shared>,
    tell: &Tell,
) -> Result<Measured, Ended> {
    let vantage = speed::Vantage::here(shared, &order.networks);
    let (inner, mut told) = watch::channel(None);
    let work = speed::run(spec, &order.targets, &vantage, &inner);
    tokio::pin!(work);
    loop {
        tokio::select! {
            ended = &mut work => return match ended {
                Ok(result) => Ok(Measured::Speedtest(result)),
                Err(failure) => {
                    let so_far = failure.so_far.map(|result| Measured::Speedtest(*result));
                    if so_far.is_some() {
                        tell.send_replace(so_far);
                    }
                    Err(Ended { why: failure.words, busy: failure.busy })
                }
            },
            Ok(()) = told.changed() => {
                let so_far = told.borrow_and_update().clone();
                tell.send_replace(so_far.map(Measured::Speedtest));
            }
        }
    }
}

/// The address of a target that may be reached.
async fn reachable(target: &str, order: &TestOrder, context: &Context) -> Result<IpAddr, Ended> {
    let found = resolve::addresses(target, Family::Auto, context).await?;
    let permitted = found.iter().find(|address| order.networks.permits(**address));
    permitted.copied().ok_or_else(|| {
        let first = found.first().map(ToString::to_string).unwrap_or_default();
        let why =
            format!("{target} ({first}) is in no network that tests may reach: [speed] allow");
        Ended { why: SafeText::line(&why), busy: false }
    })
}

async fn path(
    spec: &PathSpec,
    order: &TestOrder,
    shared: &Arc<Shared>,
    tell: &Tell,
) -> Result<Measured, Ended> {
    let wanted = TraceSpec {
        protocol: spec.protocol,
        port: spec.port,
        max_hops: spec.max_hops,
        round: Span::from_millis(spec.interval_ms.into()),
        family: Family::Auto,
    };
    let context = Context::new(shared, LOOKUP);
    let options = Options { names: true, rounds: Some(spec.count.into()) };
    let address = reachable(&spec.target, order, &context).await?;
    let session = Session::start_with(&spec.target, address, &wanted, options, shared)?;
    let mut frames = session.subscribe();
    while frames.changed().await.is_ok() {
        let report = frames.borrow_and_update().as_ref().clone();
        tell.send_replace(Some(Measured::Trace(report)));
    }
    Ok(Measured::Trace(session.report().as_ref().clone()))
}

/// Runs a check that no configuration knows.
async fn seen(address: &str, spec: Spec, timeout: Duration, shared: &Arc<Shared>) -> Observation {
    let timeout = timeout.max(Duration::from_millis(10));
    let check = Check {
        timeout: Span::from_millis(u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX)),
        ..Check::new(address, "test", address, spec)
    };
    let context = Context::new(shared, timeout);
    Box::pin(super::run(&check, &context, &mut Memory::default())).await
}

async fn port(spec: &PortSpec, order: &TestOrder, shared: &Arc<Shared>) -> Result<Measured, Ended> {
    let address = reachable(&spec.target, order, &Context::new(shared, LOOKUP)).await?;
    let timeout = Duration::from_millis(spec.timeout_ms.into());
    let tcp = spec.protocol == PortProtocol::Tcp;
    let probe = if tcp {
        Spec::Tcp(TcpSpec { port: spec.port, send: None, expect: None, family: Family::Auto })
    } else {
        Spec::Udp(UdpSpec {
            port: spec.port,
            send: None,
            expect: match spec.expect {
                Expect::Any => UdpExpect::Any,
                Expect::Reply => UdpExpect::Reply,
            },
            family: Family::Auto,
        })
    };
    let seen = seen(&address.to_string(), probe, timeout, shared).await;
    let time_ms = seen.metrics.iter().find(|one| one.instance.is_none()).map(|one| one.value * 1e3);
    let failure = seen.failure.as_ref().map(|failure| failure.kind);
    let state = match failure {
        None if tcp => PortState::Open,
        None if time_ms.is_some() => PortState::Open,
        None => PortState::OpenOrFiltered,
        Some(FailureKind::Refused) => PortState::Closed,
        Some(FailureKind::Timeout | FailureKind::NoRoute | FailureKind::Unreachable) if tcp => {
            PortState::Filtered
        }
        Some(_) => return Err(Ended { why: seen.output, busy: false }),
    };
    // Without an answer there is no time of one, only how long it was waited for.
    let waited = matches!(state, PortState::Filtered | PortState::OpenOrFiltered);
    let time_ms = match (waited, state) {
        (true, _) => None,
        (false, PortState::Closed) => Some(micros(seen.duration_us)),
        _ => time_ms.or_else(|| Some(micros(seen.duration_us))),
    };
    Ok(Measured::Probe(PortResult { state, time_ms, output: seen.output }))
}

#[expect(clippy::cast_precision_loss, reason = "exact below 285 years")]
fn micros(micros: u64) -> f64 {
    micros as f64 / 1000.0
}

async fn lookups(
    spec: &LookupSpec,
    order: &TestOrder,
    shared: &Arc<Shared>,
) -> Result<Measured, Ended> {
    let mut resolvers = spec.resolvers.clone();
    if resolvers.is_empty() {
        resolvers = super::dns::system_resolvers();
    }
    if resolvers.is_empty() {
        return Err(Ended { why: SafeText::line("this machine has no resolvers"), busy: false });
    }
    for resolver in &resolvers {
        // With its port it is no name to look up; the address is what counts.
        let address = resolver.parse::<SocketAddr>().map(|at| at.ip());
        let address = address.or_else(|_| resolver.trim_matches(['[', ']']).parse::<IpAddr>());
        if address.is_ok_and(|address| !order.networks.permits(address)) {
            let why = format!("{resolver} is in no network that tests may reach: [speed] allow");
            return Err(Ended { why: SafeText::line(&why), busy: false });
        }
    }
    let timeout = Duration::from_millis(spec.timeout_ms.into());
    let asked = resolvers.into_iter().map(|resolver| async move {
        let probe = Spec::Dns(DnsSpec {
            query: spec.hostname.clone(),
            record_type: spec.record_type.clone(),
            resolvers: vec![resolver.clone()],
            answers: Vec::new(),
        });
        let seen = seen("", probe, timeout, shared).await;
        let time = seen.metrics.first().map(|one| one.value * 1e3);
        let failed = seen.failure.is_some();
        ResolverTime {
            resolver: SafeText::line(&resolver),
            time_ms: time.filter(|_| !failed),
            rating: time.filter(|_| !failed).map(rating),
            answer: if failed {
                SafeText::empty()
            } else {
                SafeText::line(super::dns::records(seen.long.as_str()))
            },
            failure: seen.failure.map(|failure| failure.message),
        }
    });
    let resolvers = futures::future::join_all(asked).await;
    Ok(Measured::Dns(DnsResult { resolvers }))
}
