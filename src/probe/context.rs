//! What every run gets: its deadline, the shared sockets, and the memory of earlier runs.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::permit::Permit;
use super::scrape::Sheet;
use super::{fluxbase, snmp, trace};

/// What one run may use. The worker makes one for each run; cheap to clone.
#[derive(Clone, Debug)]
pub struct Context {
    /// The moment by which the run must be over, all steps together.
    pub deadline: Instant,
    /// What all runs share.
    pub shared: Arc<Shared>,
}

impl Context {
    /// A context whose deadline is `timeout` from now.
    #[must_use]
    pub fn new(shared: &Arc<Shared>, timeout: Duration) -> Self {
        Self { deadline: Instant::now() + timeout, shared: Arc::clone(shared) }
    }

    /// The time left.
    #[must_use]
    pub fn remaining(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }
}

/// Sockets and threads that all runs of a process share.
#[derive(Debug)]
pub struct Shared {
    /// A single-threaded runtime on a thread of its own, for ICMP and trace sockets, so that
    /// round-trip times are not the scheduler's.
    pub quick: tokio::runtime::Handle,
    /// Ping sockets, one for each family, opened at first use.
    pub pinger: super::icmp::Pinger,
    /// Sockets of SNMP, one for each family, opened at first use.
    pub snmp: snmp::Sockets,
    /// What of this machine checks may use.
    pub permit: Permit,
}

impl Shared {
    /// Starts the thread for round-trip times.
    ///
    /// # Errors
    /// When the machine gives no thread or event queue.
    pub fn start() -> std::io::Result<Arc<Self>> {
        Self::start_within(Permit::Everything)
    }

    /// The same, for checks that may use only what the permit says.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn start_within(permit: Permit) -> std::io::Result<Arc<Self>> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let quick = runtime.handle().clone();
        std::thread::Builder::new()
            .name("round-trips".to_owned())
            .spawn(move || runtime.block_on(std::future::pending::<()>()))?;
        Ok(Arc::new(Self {
            quick,
            pinger: super::icmp::Pinger::default(),
            snmp: snmp::Sockets::default(),
            permit,
        }))
    }
}

/// What a check remembers from run to run. Belongs to the worker and dies with it; a run without
/// it takes two samples a second apart.
#[derive(Debug, Default)]
pub struct Memory {
    /// When the counters were read.
    pub sampled: Option<Instant>,
    /// Raw counters by name, such as `cpu.idle` or `net.eth0.rx_bytes`.
    pub counters: BTreeMap<String, u64>,
    /// The trace that goes on between runs.
    pub trace: Option<trace::Session>,
    /// What is known of an SNMP agent.
    pub snmp: Option<snmp::Session>,
    /// The series of the last scrape, and what is chosen of them.
    pub sheet: Option<Box<Sheet>>,
    /// What a Fluxbase instance said last, and how long it wants to be left alone.
    pub fluxbase: fluxbase::Known,
}
