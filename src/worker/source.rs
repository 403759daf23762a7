//! What answers a worker: the network through the probes, or a simulation of a network.

use std::fmt;
use std::sync::Arc;

use crate::model::trace::TraceReport;
use crate::model::{Check, Measured, Observation, Span, TestOrder, Timestamp};
use crate::probe::once::Ended;
use crate::probe::{self, Context, Memory, Shared};
use crate::protocol::TraceRequest;

/// A network that is computed: the same question at the same time has the same answer.
pub trait Simulation: Send + Sync {
    /// What a check sees at a moment.
    fn observe(&self, check: &Check, at: Timestamp) -> Observation;
    /// The path to a host at a moment, `rounds` rounds after somebody began to look.
    fn path(&self, request: &TraceRequest, at: Timestamp, rounds: u64) -> TraceReport;
    /// What a test that began at a moment has measured after so long, and whether it is over.
    ///
    /// # Errors
    /// Why it measures nothing.
    fn test(
        &self,
        order: &TestOrder,
        begun: Timestamp,
        gone: Span,
    ) -> Result<(Measured, bool), Ended>;
}

/// Where observations come from; cheap to clone.
#[derive(Clone)]
pub enum Source {
    /// The probes, with the sockets and threads that they share.
    Probes(Arc<Shared>),
    /// A simulation; nothing is sent.
    Simulated(Arc<dyn Simulation>),
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Probes(_) => "Probes",
            Self::Simulated(_) => "Simulated",
        })
    }
}

impl Source {
    /// Runs a check that was due at `slot`.
    pub(super) async fn run(
        &self,
        check: &Check,
        slot: Timestamp,
        memory: &mut Memory,
    ) -> Observation {
        match self {
            Self::Probes(shared) => {
                let context = Context::new(shared, check.timeout.to_std());
                probe::run(check, &context, memory).await
            }
            Self::Simulated(simulation) => simulation.observe(check, slot),
        }
    }
}
