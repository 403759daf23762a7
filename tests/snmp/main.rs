//! Checks of SNMP agents: hostile stubs, agents whose counters wrap and begin anew, and a real
//! net-snmp whose figures its own tools read too.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_precision_loss,
    reason = "a test fails by panicking; figures are small"
)]

#[path = "../common/netns.rs"]
mod netns;
#[path = "../common/snmpd.rs"]
mod snmpd;
#[path = "../common/snmpstub.rs"]
mod stub;

mod counters;
mod hostile;
mod real;
mod traffic;

use std::sync::Arc;
use std::time::Duration;

use fluxnoc::model::snmp::{SnmpLogin, SnmpSpec};
use fluxnoc::model::{Check, FailureKind, Kind, Observation, Secret, Span, Spec, State};
use fluxnoc::probe::{self, Context, Memory, Shared};
use fluxnoc::rules::{Verdict, evaluate};

/// The community of every test; it must be seen nowhere.
const COMMUNITY: &str = "geh3im-c0mmunity";

/// Version 2c on a loopback port.
fn spec(port: u16) -> SnmpSpec {
    let login = SnmpLogin::V2c(Secret::Inline(COMMUNITY.to_owned()));
    SnmpSpec { port, ..SnmpSpec::new(login) }
}

/// A check that is polled again and again with its memory, as the worker does.
struct Poller {
    check: Check,
    shared: Arc<Shared>,
    memory: Memory,
}

impl Poller {
    fn new(spec: SnmpSpec, timeout: Duration) -> Self {
        let mut check = Check::new("sw-1", "snmp", "127.0.0.1", Spec::Snmp(Box::new(spec)));
        check.limits = Check::default_limits(Kind::Snmp);
        check.timeout = Span::from_millis(u64::try_from(timeout.as_millis()).unwrap());
        Self { check, shared: Shared::start().unwrap(), memory: Memory::default() }
    }

    async fn poll(&mut self) -> Observation {
        let context = Context::new(&self.shared, self.check.timeout.to_std());
        let seen = probe::run(&self.check, &context, &mut self.memory).await;
        for text in [format!("{seen:?}"), format!("{:?}", self.memory), format!("{:?}", self.check)]
        {
            assert!(!text.contains(COMMUNITY) && !text.contains("passw0rd"), "{text}");
        }
        seen
    }

    async fn verdict(&mut self) -> Verdict {
        let mut seen = self.poll().await;
        evaluate(&self.check, State::Unknown, &mut seen)
    }
}

/// One poll with two seconds of time.
async fn once(spec: SnmpSpec) -> Observation {
    Poller::new(spec, Duration::from_secs(2)).poll().await
}

fn failed(seen: &Observation) -> (FailureKind, &str) {
    let failure = seen.failure.as_ref().unwrap_or_else(|| panic!("no failure: {seen:?}"));
    (failure.kind, failure.message.as_str())
}

/// The value of `name[instance]`.
fn of(seen: &Observation, label: &str) -> Option<f64> {
    seen.metrics.iter().find(|metric| metric.label() == label).map(|metric| metric.value)
}
