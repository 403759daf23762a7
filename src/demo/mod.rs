//! The simulated network of `fluxnoc demo`: sixty hosts in five sites, and what happens to them.
//!
//! In: a seed, the moment at which the story begins, a storm's size.
//! Out: hosts and checks of the model; what a check sees, and the path to a host, at any moment.
//! Everything is a pure function of (seed, host, check, time), so the same seed tells the same story.
//! Never: reads a clock, sends anything, or knows an engine.

mod answer;
pub mod crew;
mod device;
mod dice;
mod exporter;
pub mod kept;
mod measure;
mod path;
mod sites;
mod story;

#[cfg(test)]
mod tests;

use crate::model::trace::TraceReport;
use crate::model::{
    Check, Host, Measured, Observation, SafeText, Span, SpeedTarget, TestSpec, Timestamp,
};

/// Most alerts of a storm.
pub const STORM_LIMIT: u32 = 10_000;

/// Where its hosts and checks were written, as settings say it.
const ORIGIN: &str = "demo";

/// What the simulation is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plot {
    /// Tells one story from another.
    pub seed: u64,
    /// Where the story begins: the first moment that anybody looks at.
    pub begin: Timestamp,
    /// So many alerts within a minute, from that moment on. Everything else is quiet then, but for
    /// three problems that are older and do not belong to it.
    pub storm: Option<(u32, Timestamp)>,
}

/// A simulated network.
#[derive(Debug)]
pub struct Network {
    plot: Plot,
    hosts: Vec<Host>,
    checks: Vec<Check>,
}

impl Network {
    /// The network of a plot.
    #[must_use]
    pub fn new(plot: Plot) -> Self {
        let (mut hosts, mut checks) = sites::build();
        if let Some((count, _)) = plot.storm {
            sites::add_storm(&mut hosts, &mut checks, count.min(STORM_LIMIT));
        }
        for origin in hosts.iter_mut().map(|host| &mut host.origin) {
            *origin = Some(ORIGIN.to_owned());
        }
        for origin in checks.iter_mut().map(|check| &mut check.origin) {
            *origin = Some(ORIGIN.to_owned());
        }
        Self { plot, hosts, checks }
    }

    /// Its hosts.
    #[must_use]
    pub fn hosts(&self) -> &[Host] {
        &self.hosts
    }

    /// Their checks.
    #[must_use]
    pub fn checks(&self) -> &[Check] {
        &self.checks
    }

    /// What happens in it.
    #[must_use]
    pub const fn plot(&self) -> Plot {
        self.plot
    }

    /// What a check sees at a moment.
    #[must_use]
    pub fn observe(&self, check: &Check, at: Timestamp) -> Observation {
        answer::observe(self.plot, check, at)
    }

    /// What a network test that began at a moment has measured after so long, and whether it is over.
    ///
    /// # Errors
    /// Why it measures nothing.
    pub fn test(
        &self,
        spec: &TestSpec,
        targets: &[SpeedTarget],
        begun: Timestamp,
        gone: Span,
    ) -> Result<(Measured, bool), SafeText> {
        measure::measure(self, spec, targets, begun, gone)
    }

    /// The path to a host at a moment, with the statistics of the last `rounds` rounds.
    #[must_use]
    pub fn path(&self, host: &str, at: Timestamp, rounds: u64, round: Span) -> TraceReport {
        let address = self.hosts.iter().find(|known| *known.name == *host).map(|h| &*h.address);
        path::report(self.plot, host, address.unwrap_or(host), at, rounds, round)
    }
}
