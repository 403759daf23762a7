//! When each part last moved, on the steady clock of the engine: written by the parts as they go,
//! read without waiting for any of them.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

use crate::model::{Span, Steady};

/// A moment that is set and read without a lock.
#[derive(Debug)]
struct Moment(AtomicI64);

/// Nothing happened yet.
const NEVER: i64 = i64::MIN;

impl Default for Moment {
    fn default() -> Self {
        Self(AtomicI64::new(NEVER))
    }
}

impl Moment {
    fn set(&self, at: Steady) {
        self.0.fetch_max(at.millis(), Ordering::Relaxed);
    }

    fn get(&self) -> Option<Steady> {
        let at = self.0.load(Ordering::Relaxed);
        (at != NEVER).then(|| Steady::from_millis(at))
    }
}

/// The moments.
#[derive(Debug, Default)]
pub struct Pulse {
    turned: Moment,
    result: Moment,
    posted: Moment,
    written: Moment,
    failing: AtomicBool,
    /// The longest time between two results, in ms; 0 while no check runs.
    within: AtomicU64,
    lag: AtomicU64,
    checks: AtomicU64,
    late: AtomicU64,
    agents: AtomicU64,
    missing: AtomicU64,
}

impl Pulse {
    /// The engine looked after its deadlines.
    pub fn turned(&self, now: Steady) {
        self.turned.set(now);
    }

    /// When it last did.
    #[must_use]
    pub fn last_turn(&self) -> Option<Steady> {
        self.turned.get()
    }

    /// A result was taken, or began to be expected.
    pub fn result(&self, now: Steady) {
        self.result.set(now);
    }

    /// When that last happened.
    #[must_use]
    pub fn last_result(&self) -> Option<Steady> {
        self.result.get()
    }

    /// The outbox sent off what was due.
    pub fn posted(&self, now: Steady) {
        self.posted.set(now);
    }

    /// When it last did.
    #[must_use]
    pub fn last_post(&self) -> Option<Steady> {
        self.posted.get()
    }

    /// The store took a write.
    pub fn written(&self, now: Steady) {
        self.written.set(now);
    }

    /// When it last did.
    #[must_use]
    pub fn last_write(&self) -> Option<Steady> {
        self.written.get()
    }

    /// Whether the engine can store its results.
    pub fn storing(&self, works: bool) {
        self.failing.store(!works, Ordering::Relaxed);
    }

    /// Whether it can.
    #[must_use]
    pub fn stores(&self) -> bool {
        !self.failing.load(Ordering::Relaxed)
    }

    /// What is expected of the scheduler: a result within that time (`None`: no check runs), of so
    /// many checks, so many of which are late.
    pub fn expected(&self, within: Option<Span>, checks: usize, late: usize) {
        let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        self.within.store(within.map_or(0, Span::millis), Ordering::Relaxed);
        self.checks.store(number(checks), Ordering::Relaxed);
        self.late.store(number(late), Ordering::Relaxed);
    }

    /// The longest time between two results; `None` while no check runs.
    #[must_use]
    pub fn within(&self) -> Option<Span> {
        let within = self.within.load(Ordering::Relaxed);
        (within > 0).then(|| Span::from_millis(within))
    }

    /// Checks that run, and those of them that are late.
    #[must_use]
    pub fn checks(&self) -> (u64, u64) {
        (self.checks.load(Ordering::Relaxed), self.late.load(Ordering::Relaxed))
    }

    /// The agents that there are, and those of them that are not heard and should be.
    pub fn agents(&self, known: usize, missing: usize) {
        let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        self.agents.store(number(known), Ordering::Relaxed);
        self.missing.store(number(missing), Ordering::Relaxed);
    }

    /// Both.
    #[must_use]
    pub fn known_agents(&self) -> (u64, u64) {
        (self.agents.load(Ordering::Relaxed), self.missing.load(Ordering::Relaxed))
    }

    /// How late checks start.
    pub fn lags(&self, lag: Span) {
        self.lag.store(lag.millis(), Ordering::Relaxed);
    }

    /// How late they do.
    #[must_use]
    pub fn lag(&self) -> Span {
        Span::from_millis(self.lag.load(Ordering::Relaxed))
    }
}
