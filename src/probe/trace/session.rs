//! A trace that runs: rounds, timers, and a frame after each round.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

use super::Shared;
use super::hop::Hop as Measured;
use super::names::Names;
use super::stats::Totals;
use super::tracker::Tracker;
use super::verdict::{Facts, verdict};
use super::wire::{self, Wire};
use crate::model::spec::{TraceProtocol, TraceSpec};
use crate::model::trace::{Hop, HopAddress, TraceReport};
use crate::model::{Failure, SafeText};

/// Shortest round: a trace is no flood.
const ROUND_MINIMUM: Duration = Duration::from_millis(10);
/// Longest pause between two probes of a round.
const PAUSE: Duration = Duration::from_millis(5);
/// Rounds in which nothing could be sent before the socket is opened anew (the route or the
/// address that it is bound to may be gone).
const REOPEN: u32 = 3;

/// How a session differs from the endless one of a check.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Look up reverse names.
    pub names: bool,
    /// End after so many rounds.
    pub rounds: Option<u64>,
}

impl Default for Options {
    fn default() -> Self {
        Self { names: true, rounds: None }
    }
}

/// What a session counts besides its report.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Pulse {
    /// How often the path changed.
    pub changes: u64,
    /// Sums at the target over all rounds.
    pub totals: Totals,
    /// The last rounds could not be sent at all.
    pub stuck: bool,
}

/// A running trace. Dropping it ends its task and closes its sockets.
#[derive(Debug)]
pub struct Session {
    address: IpAddr,
    spec: TraceSpec,
    report: watch::Receiver<Arc<TraceReport>>,
    pulse: watch::Receiver<Pulse>,
    /// What the last run of the check reported.
    pub(super) mark: Totals,
    _task: AbortOnDropHandle<()>,
}

impl Session {
    /// Starts an endless trace with reverse names. `target` is what was asked for, `address` what
    /// is traced.
    ///
    /// # Errors
    /// [`FailureKind::Denied`](crate::model::FailureKind) with the mend when ICMP is not permitted,
    /// `NoRoute` when this machine cannot send there, `Local` when it is short of something.
    pub fn start(
        target: &str,
        address: IpAddr,
        spec: &TraceSpec,
        shared: &Arc<Shared>,
    ) -> Result<Self, Failure> {
        Self::start_with(target, address, spec, Options::default(), shared)
    }

    /// The same with options.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn start_with(
        target: &str,
        address: IpAddr,
        spec: &TraceSpec,
        options: Options,
        shared: &Arc<Shared>,
    ) -> Result<Self, Failure> {
        let address = address.to_canonical();
        let wire = {
            let _inside = shared.quick.enter();
            Wire::open(address, spec.protocol, spec.port)?
        };
        let round = spec.round.to_std().max(ROUND_MINIMUM);
        // A few rounds, but neither so short that a distant target seems lost, nor longer than
        // anybody waits.
        let timeout = (round * 3).clamp(Duration::from_secs(1), Duration::from_secs(2));
        let timeout = timeout.min(wire.patience());
        let target = SafeText::line(target);
        let empty = Arc::new(empty(&target, address, spec.protocol));
        let (report_sender, report) = watch::channel(empty);
        let (pulse_sender, pulse) = watch::channel(Pulse::default());
        let driver = Driver {
            target,
            address,
            spec: spec.clone(),
            round,
            limit: options.rounds,
            wire,
            tracker: Tracker::new(address, spec.max_hops, timeout, rand::random()),
            names: Names::new(options.names),
            problem: None,
            unsent: 0,
            report: report_sender,
            pulse: pulse_sender,
        };
        let task = AbortOnDropHandle::new(shared.quick.spawn(driver.run()));
        let mark = Totals::default();
        Ok(Self { address, spec: spec.clone(), report, pulse, mark, _task: task })
    }

    /// The path as it is now.
    #[must_use]
    pub fn report(&self) -> Arc<TraceReport> {
        Arc::clone(&self.report.borrow())
    }

    /// A frame after each round; closes when the session ends.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<Arc<TraceReport>> {
        self.report.clone()
    }

    /// Path changes and the target's sums; published right after the frame that shows them.
    #[must_use]
    pub fn pulse(&self) -> watch::Receiver<Pulse> {
        self.pulse.clone()
    }

    /// The address that is traced.
    #[must_use]
    pub const fn address(&self) -> IpAddr {
        self.address
    }

    /// What it was started with.
    #[must_use]
    pub const fn spec(&self) -> &TraceSpec {
        &self.spec
    }

    /// False when its task is over, so that it must be started anew.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.report.has_changed().is_ok()
    }
}

fn empty(target: &SafeText, address: IpAddr, protocol: TraceProtocol) -> TraceReport {
    TraceReport {
        target: target.clone(),
        address: Some(address),
        protocol,
        rounds: 0,
        hops: Vec::new(),
        reached: false,
        verdict: SafeText::line("no answers yet"),
        note: SafeText::empty(),
    }
}

struct Driver {
    target: SafeText,
    address: IpAddr,
    spec: TraceSpec,
    round: Duration,
    limit: Option<u64>,
    wire: Wire,
    tracker: Tracker,
    names: Names,
    /// Why nothing can be sent.
    problem: Option<String>,
    /// Rounds in a row in which nothing could be sent.
    unsent: u32,
    report: watch::Sender<Arc<TraceReport>>,
    pulse: watch::Sender<Pulse>,
}

/// When the next thing is to be done.
struct Timers {
    next_round: Instant,
    next_send: Instant,
    pause: Duration,
    rounds: u64,
    /// Something happened that the last frame does not show.
    dirty: bool,
    tried: bool,
    sent: bool,
}

impl Driver {
    async fn run(mut self) {
        let now = Instant::now();
        let mut timers = Timers {
            next_round: now,
            next_send: now,
            pause: PAUSE,
            rounds: 0,
            dirty: false,
            tried: false,
            sent: false,
        };
        let mut arrivals = Vec::new();
        loop {
            let now = Instant::now();
            self.tracker.expire(now);
            let last = self.limit.is_some_and(|limit| timers.rounds >= limit);
            let settled = self.tracker.is_settled();
            if timers.dirty && (settled || (!last && now >= timers.next_round)) {
                self.publish();
                timers.dirty = !settled;
            }
            if last && settled {
                break;
            }
            if !last && now >= timers.next_round {
                self.start_round(&mut timers, now);
            }
            self.send_due(&mut timers);
            let wake = self.wake(&timers, last);
            tokio::select! {
                biased;
                result = self.wire.receive(&mut arrivals) => self.received(result).await,
                _ = self.names.learned() => {}
                () = tokio::time::sleep_until(wake.into()) => {}
            }
            for arrival in arrivals.drain(..) {
                self.tracker.arrived(arrival);
            }
        }
    }

    fn start_round(&mut self, timers: &mut Timers, now: Instant) {
        if timers.tried && !timers.sent {
            self.unsent += 1;
            if self.unsent.is_multiple_of(REOPEN)
                && let Ok(wire) = Wire::open(self.address, self.spec.protocol, self.spec.port)
            {
                self.wire = wire;
            }
        } else {
            self.unsent = 0;
        }
        timers.tried = false;
        timers.sent = false;
        timers.rounds += 1;
        let waiting = u32::try_from(self.tracker.start_round()).unwrap_or(u32::MAX).max(1);
        timers.pause = (self.round / waiting.saturating_mul(4)).min(PAUSE);
        timers.next_send = now;
        timers.dirty = true;
        timers.next_round += self.round;
        if timers.next_round <= now {
            // The machine was busy or asleep; rounds that were missed are not made up for.
            timers.next_round = now + self.round;
        }
    }

    fn send_due(&mut self, timers: &mut Timers) {
        while Instant::now() >= timers.next_send {
            let Some((ttl, sequence)) = self.tracker.next() else { break };
            timers.tried = true;
            let at = Instant::now();
            match self.wire.send(ttl, sequence) {
                Ok(()) => {
                    self.tracker.sent(sequence, at);
                    self.problem = None;
                    timers.sent = true;
                }
                Err(error) => {
                    self.tracker.unsent(sequence);
                    // A single failure (a full buffer) is no problem; a whole round is.
                    if !timers.sent {
                        self.problem = Some(wire::words(&error));
                    }
                }
            }
            timers.next_send = at + timers.pause;
        }
    }

    fn wake(&self, timers: &Timers, last: bool) -> Instant {
        let send = self.tracker.has_next().then_some(timers.next_send);
        let round = (!last).then_some(timers.next_round);
        let far = Instant::now() + self.round;
        [send, round, self.tracker.next_expiry()].into_iter().flatten().min().unwrap_or(far)
    }

    async fn received(&mut self, result: io::Result<()>) {
        if let Err(error) = result {
            tracing::debug!(target = %self.target, %error, "reading answers of a trace failed");
            // A socket that fails at once must not spin.
            tokio::time::sleep(PAUSE).await;
        }
    }

    fn publish(&mut self) {
        let now = Instant::now();
        let mut hops = Vec::new();
        for (index, measured) in self.tracker.hops().iter().enumerate() {
            for address in measured.addresses() {
                self.names.want(address, now);
            }
            hops.push(shown(index, measured, &self.names));
        }
        let totals = self.tracker.totals;
        let reached = self.tracker.is_reached();
        let line = verdict(&Facts {
            hops: &hops,
            protocol: self.spec.protocol,
            reached,
            begun: totals.rounds > 0,
            ending: self.tracker.ending(),
            problem: self.problem.as_deref(),
        });
        let report = TraceReport {
            rounds: totals.rounds,
            hops,
            reached,
            verdict: SafeText::line(&line),
            note: SafeText::line(self.note()),
            ..empty(&self.target, self.address, self.spec.protocol)
        };
        self.report.send_replace(Arc::new(report));
        let stuck = self.problem.is_some();
        self.pulse.send_replace(Pulse { changes: self.tracker.changes, totals, stuck });
    }

    fn note(&self) -> &'static str {
        match self.spec.protocol {
            TraceProtocol::Tcp => {
                "per-hop flows: every probe has a source port of its own, so parallel paths mix; \
                 icmp and udp keep to one path"
            }
            TraceProtocol::Udp if self.tracker.is_one_at_a_time() => {
                "some routers quote too little of a udp probe and are asked one at a time; icmp \
                 asks all at once, with ping_group_range or CAP_NET_RAW"
            }
            // Linux, for one, answers a peer once a second (icmp_ratelimit).
            TraceProtocol::Udp if self.tracker.totals.answered < self.tracker.totals.rounds => {
                "with udp every answer is an ICMP error, and routers and hosts limit these: what \
                 looks like loss may be that; icmp tells"
            }
            TraceProtocol::Udp | TraceProtocol::Icmp => "",
        }
    }
}

fn shown(index: usize, measured: &Measured, names: &Names) -> Hop {
    let stats = &measured.stats;
    let addresses = measured
        .addresses()
        .map(|address| HopAddress { address, name: names.get(address) })
        .collect();
    Hop {
        ttl: u8::try_from(index + 1).unwrap_or(u8::MAX),
        addresses,
        sent: stats.sent,
        received: stats.received,
        loss_pct: stats.loss_pct(),
        last_ms: stats.last,
        avg_ms: stats.mean(),
        best_ms: stats.best,
        worst_ms: stats.worst,
        stddev_ms: stats.deviation(),
        jitter_ms: stats.jitter(),
        recent_ms: stats.recent.iter().copied().collect(),
    }
}
