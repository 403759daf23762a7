//! The program's own meters: one typed registry, handed in, and the text that a scraper reads.
//!
//! In: what the other parts did. Out: counters, gauges and histograms in the text format 0.0.4, the
//! numbers of the monitoring API, and what `/ready` is judged by.
//! Never: is global, reads the wall clock, takes a label from outside unbounded, shows a number that
//! has no meaning (such a family is absent).
//!
//! | what | where |
//! |---|---|
//! | requests, statements, streams, results, logins and limits, checks and alerts, remote write, rules | a file each |
//! | which families there are also under the older prefix | `text` |
//! | when each part last moved, and what follows for `/ready` | `pulse`, `ready` |

mod auth;
mod database;
mod http;
mod make;
mod monitor;
mod outward;
pub mod process;
mod pulse;
pub mod ready;
mod realtime;
mod rules;
mod storage;
mod text;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use prometheus::{Gauge, Registry};

pub use database::{Database, PoolNumbers, QueryTimer};
pub use http::{Http, UnderWay};
pub use monitor::{Monitor, Tally};
pub use outward::Outward;
pub use pulse::Pulse;
pub use realtime::Realtime;
pub use rules::{GroupTurn, Rules};
pub use storage::{Storage, StorageTimer};

/// Seconds of histograms of requests: what Fluxbase uses, so that its queries fit.
const SECONDS: [f64; 12] = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// All meters of one engine with its faces.
#[derive(Debug)]
pub struct Meters {
    registry: Registry,
    /// Whether the seed's families are also written under `fluxbase_`.
    compat: AtomicBool,
    begun: Instant,
    uptime: Gauge,
    auth: auth::Auth,
    /// Requests to the API.
    pub http: Http,
    /// Statements to the store.
    pub database: Database,
    /// Streams of events.
    pub realtime: Realtime,
    /// Results written, read, deleted.
    pub storage: Storage,
    /// Checks, alerts, notifications, lag.
    pub monitor: Monitor,
    /// Remote write.
    pub outward: Outward,
    /// Rules in `PromQL`.
    pub rules: Rules,
    /// When each part last moved.
    pub pulse: Pulse,
}

impl Default for Meters {
    fn default() -> Self {
        let registry = Registry::new();
        let make = make::Make(&registry);
        Self {
            compat: AtomicBool::new(false),
            begun: Instant::now(),
            uptime: make.gauge("system_uptime_seconds", "Seconds since this process started."),
            auth: auth::Auth::new(&make),
            http: Http::new(&make),
            database: Database::new(&make),
            realtime: Realtime::new(&make),
            storage: Storage::new(&make),
            monitor: Monitor::new(&make),
            outward: Outward::new(&make),
            rules: Rules::new(&make),
            pulse: Pulse::default(),
            registry,
        }
    }
}

impl Meters {
    /// Writes the seed's families under `fluxbase_` besides, or no more (`metrics.compat`).
    pub fn set_compat(&self, on: bool) {
        self.compat.store(on, Ordering::Relaxed);
    }

    /// How long this process has run.
    #[must_use]
    pub fn uptime(&self) -> std::time::Duration {
        self.begun.elapsed()
    }

    /// A try to log in or to use a token. `result` is `success` or `failure`, `reason` says why it
    /// failed and is empty otherwise; all three are words of the program, never of the caller.
    pub fn auth_attempt(&self, method: &'static str, result: &'static str, reason: &'static str) {
        self.auth.attempt(method, result, reason);
    }

    /// Somebody was held back by a limit. Of `who` (an address, an account) only a hash is kept that
    /// nobody else can make.
    pub fn rate_limit_hit(&self, limiter_type: &'static str, who: &str) {
        self.auth.limited(limiter_type, who);
    }

    /// Everything in the text format 0.0.4.
    #[must_use]
    pub fn text(&self) -> String {
        self.uptime.set(self.uptime().as_secs_f64());
        if let Some(memory) = process::memory() {
            self.monitor.memory(memory.resident);
        }
        text::write(self.registry.gather(), self.compat.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests;
