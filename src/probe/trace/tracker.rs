//! The path as far as it is known: which TTLs to ask, which probe an answer belongs to, where the
//! path ends. Pure: it is told what was sent, what came and what time it is.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use super::hop::{Change, Hop};
use super::stats::Totals;

/// TTLs beyond the last known router that are asked while the target is not found.
const AHEAD: u8 = 4;
/// Every so many rounds all TTLs are asked while the target is not found.
const SWEEP: u64 = 16;
/// Rounds after which a target that no longer answers counts as not reached.
pub(super) const LATELY: u64 = 5;
/// A probe that is counted as lost is still recognised for so long: routers report an unknown
/// neighbour only after three seconds.
const LATE: Duration = Duration::from_secs(5);
/// Probes beyond so many in flight are not kept for late reports.
const FLIGHT_LIMIT: usize = 4096;

/// Why a router did not pass a probe on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    Network,
    Host,
    Protocol,
    Port,
    Filtered,
    Other,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Network => "network unreachable",
            Self::Host => "host unreachable",
            Self::Protocol => "protocol unreachable",
            Self::Port => "port unreachable",
            Self::Filtered => "filtered by an administrator",
            Self::Other => "destination unreachable",
        })
    }
}

/// What an answer says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// The TTL ended here.
    Expired,
    /// The target answered as a service does.
    Reply,
    /// It goes no further.
    Refused(Refusal),
}

/// An answer as it came in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrival {
    /// Which probe it answers; `None` when that cannot be told.
    pub sequence: Option<u16>,
    pub from: IpAddr,
    pub cause: Cause,
    pub at: Instant,
}

/// A router that said that it goes no further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ending {
    pub ttl: u8,
    pub from: IpAddr,
    pub refusal: Refusal,
    round: u64,
}

impl Ending {
    /// One that was just seen.
    pub const fn new(ttl: u8, from: IpAddr, refusal: Refusal) -> Self {
        Self { ttl, from, refusal, round: 0 }
    }
}

#[derive(Clone, Copy, Debug)]
struct Probe {
    ttl: u8,
    round: u64,
    sent: Instant,
    lost: bool,
}

#[derive(Clone, Copy, Debug, Default)]
struct Round {
    open: usize,
    answer: Option<(u8, f64)>,
    highest: u8,
    /// The last TTL was asked too, so that silence says something about the target.
    whole: bool,
}

/// What is known about the path.
#[derive(Debug)]
pub(super) struct Tracker {
    target: IpAddr,
    max_hops: u8,
    timeout: Duration,
    hops: Vec<Hop>,
    flight: BTreeMap<u16, Probe>,
    /// TTLs that wait to be sent, with their round.
    queue: VecDeque<(u8, u64)>,
    /// The same for hops that must be asked one at a time.
    lone_queue: VecDeque<(u8, u64)>,
    lone: Option<u16>,
    one_at_a_time: bool,
    next_sequence: u16,
    rounds: BTreeMap<u64, Round>,
    round: u64,
    /// Sums over all rounds.
    pub totals: Totals,
    /// How often the path changed.
    pub changes: u64,
    last_change: u64,
    last_target: Option<u64>,
    ending: Option<Ending>,
}

impl Tracker {
    /// Nothing known yet. A probe is lost after `timeout`.
    pub fn new(target: IpAddr, max_hops: u8, timeout: Duration, first_sequence: u16) -> Self {
        let max_hops = max_hops.max(1);
        Self {
            target,
            max_hops,
            timeout,
            hops: vec![Hop::default(); usize::from(max_hops)],
            flight: BTreeMap::new(),
            queue: VecDeque::new(),
            lone_queue: VecDeque::new(),
            lone: None,
            one_at_a_time: false,
            next_sequence: first_sequence,
            rounds: BTreeMap::new(),
            round: 0,
            totals: Totals::default(),
            changes: 0,
            last_change: 0,
            last_target: None,
            ending: None,
        }
    }

    /// Starts a round; returns how many TTLs wait to be sent.
    pub fn start_round(&mut self) -> usize {
        self.round += 1;
        let top = self.top();
        let round = Round { highest: top, ..Round::default() };
        self.rounds.insert(self.round, round);
        self.ask(1, top);
        if self.ending.is_some_and(|ending| ending.round + LATELY < self.round) {
            self.ending = None;
        }
        self.queue.len()
    }

    /// The next TTL to send and its sequence number, if one waits.
    pub fn next(&mut self) -> Option<(u8, u16)> {
        let (ttl, round, lone) = if let Some((ttl, round)) = self.queue.pop_front() {
            (ttl, round, false)
        } else if self.lone.is_none() {
            let (ttl, round) = self.lone_queue.pop_front()?;
            (ttl, round, true)
        } else {
            return None;
        };
        let sequence = self.free_sequence();
        if lone {
            self.lone = Some(sequence);
        }
        // The time is set by `sent`; until then the probe is only reserved.
        let probe = Probe { ttl, round, sent: Instant::now(), lost: false };
        self.flight.insert(sequence, probe);
        Some((ttl, sequence))
    }

    /// True when something waits that [`Self::next`] would give.
    pub fn has_next(&self) -> bool {
        !self.queue.is_empty() || (self.lone.is_none() && !self.lone_queue.is_empty())
    }

    /// The probe went out.
    pub fn sent(&mut self, sequence: u16, at: Instant) {
        if let Some(probe) = self.flight.get_mut(&sequence) {
            probe.sent = at;
        }
    }

    /// The probe could not be sent: it counts nowhere but as a round without an answer.
    pub fn unsent(&mut self, sequence: u16) {
        if let Some(probe) = self.flight.remove(&sequence) {
            self.settle(sequence, probe.round);
        }
    }

    /// Takes an answer.
    pub fn arrived(&mut self, arrival: Arrival) {
        let Some(sequence) = arrival.sequence.or_else(|| self.guess()) else { return };
        let Some(probe) = self.flight.remove(&sequence) else { return };
        let by_target = arrival.from == self.target && arrival.cause != Cause::Expired;
        if let Cause::Refused(refusal) = arrival.cause
            && !by_target
        {
            let lower = usize::from(probe.ttl).saturating_sub(1);
            let router = self.hops.iter().take(lower).position(|h| h.current == Some(arrival.from));
            let ttl = router.map_or(probe.ttl, |index| number(index + 1));
            let ending = Ending::new(ttl, arrival.from, refusal);
            self.end_at(Ending { round: probe.round, ..ending });
            if router.is_some() {
                // It spoke for itself, not for the hop that was asked.
                if !probe.lost {
                    self.lose(sequence, probe);
                }
                return;
            }
        }
        if probe.lost {
            return;
        }
        let rtt = arrival.at.saturating_duration_since(probe.sent).as_secs_f64() * 1000.0;
        if by_target {
            self.last_target = self.last_target.max(Some(probe.round));
            self.ending = None;
            if let Some(round) = self.rounds.get_mut(&probe.round)
                && round.answer.is_none_or(|(ttl, _)| ttl > probe.ttl)
            {
                round.answer = Some((probe.ttl, rtt));
            }
        } else if arrival.cause == Cause::Expired
            && self.ending.is_some_and(|ending| ending.ttl < probe.ttl)
        {
            self.ending = None;
        }
        self.answer(probe, arrival, rtt);
        self.trim();
        self.extend(probe.round);
        self.settle(sequence, probe.round);
    }

    /// Counts probes whose time is over.
    pub fn expire(&mut self, now: Instant) {
        let over: Vec<(u16, Probe)> = self
            .flight
            .iter()
            .filter(|(_, p)| !p.lost && now.saturating_duration_since(p.sent) >= self.timeout)
            .map(|(sequence, probe)| (*sequence, *probe))
            .collect();
        for (sequence, probe) in over {
            self.flight.remove(&sequence);
            self.lose(sequence, probe);
            if self.flight.len() < FLIGHT_LIMIT {
                self.flight.insert(sequence, Probe { lost: true, ..probe });
            }
        }
        let late = self.timeout + LATE;
        self.flight.retain(|_, probe| now.saturating_duration_since(probe.sent) < late);
    }

    /// When the next probe's time is over.
    pub fn next_expiry(&self) -> Option<Instant> {
        self.flight.values().filter(|p| !p.lost).map(|p| p.sent + self.timeout).min()
    }

    /// True when nothing waits and every probe was answered or is over.
    pub fn is_settled(&self) -> bool {
        self.queue.is_empty() && self.lone_queue.is_empty() && self.flight.values().all(|p| p.lost)
    }

    /// True when some routers quote too little and are asked one at a time.
    pub const fn is_one_at_a_time(&self) -> bool {
        self.one_at_a_time
    }

    /// The TTL of the target, once it is sure.
    pub fn distance(&self) -> Option<u8> {
        let at = |hop: &Hop| hop.current == Some(self.target) && !hop.is_unsure();
        self.hops.iter().position(at).map(|index| number(index + 1))
    }

    /// True when the target answered in the last rounds.
    pub fn is_reached(&self) -> bool {
        let over = self.totals.rounds;
        self.last_target.is_some_and(|round| round + LATELY > over)
    }

    /// The router that said that it goes no further, while nothing contradicts it.
    pub fn ending(&self) -> Option<Ending> {
        self.ending.filter(|_| !self.is_reached())
    }

    /// Hop 1 to the target, or to the last that answered.
    pub fn hops(&self) -> &[Hop] {
        let last = self.hops.iter().rposition(|hop| hop.current.is_some()).map_or(0, |i| i + 1);
        let shown = match self.distance() {
            Some(distance) => usize::from(distance),
            None => last,
        };
        self.hops.get(..shown).unwrap_or_default()
    }

    fn top(&self) -> u8 {
        if let Some(distance) = self.distance() {
            return distance;
        }
        let Some(last) = self.hops.iter().rposition(|hop| hop.current.is_some()) else {
            return self.max_hops;
        };
        if self.round % SWEEP == 1 {
            return self.max_hops;
        }
        number(last + 1).saturating_add(AHEAD).min(self.max_hops)
    }

    fn ask(&mut self, from: u8, to: u8) {
        for ttl in from..=to {
            let Some(hop) = self.hops.get(usize::from(ttl) - 1) else { break };
            let alone = self.one_at_a_time && !hop.quotes;
            let queue = if alone { &mut self.lone_queue } else { &mut self.queue };
            if queue.iter().any(|(waiting, _)| *waiting == ttl) {
                continue;
            }
            queue.push_back((ttl, self.round));
            if let Some(round) = self.rounds.get_mut(&self.round) {
                round.open += 1;
                round.whole |= ttl == to;
            }
        }
    }

    fn free_sequence(&mut self) -> u16 {
        while self.flight.contains_key(&self.next_sequence) {
            self.next_sequence = self.next_sequence.wrapping_add(1);
        }
        let sequence = self.next_sequence;
        self.next_sequence = self.next_sequence.wrapping_add(1);
        sequence
    }

    /// An answer without a sequence number: from now on such hops are asked one at a time, and
    /// then it can only be the one.
    fn guess(&mut self) -> Option<u16> {
        self.one_at_a_time = true;
        self.lone
    }

    fn answer(&mut self, probe: Probe, arrival: Arrival, rtt: f64) {
        let Some(hop) = self.hops.get_mut(usize::from(probe.ttl) - 1) else { return };
        if arrival.sequence.is_some() {
            hop.quotes = true;
        }
        let Change::Rerouted(since) = hop.answered(arrival.from, rtt, probe.round) else { return };
        if self.last_change < since {
            self.changes += 1;
        }
        self.last_change = self.round;
        // What lies behind and has not answered since belongs to the old path.
        for hop in self.hops.iter_mut().skip(usize::from(probe.ttl)) {
            if hop.last_round.is_none_or(|last| last < since) {
                hop.restart();
            }
        }
    }

    fn end_at(&mut self, ending: Ending) {
        let nearer = self
            .ending
            .is_none_or(|known| ending.ttl <= known.ttl || known.round + 1 < ending.round);
        if nearer {
            self.ending = Some(ending);
        }
    }

    /// Forgets what lies behind the target.
    fn trim(&mut self) {
        let Some(distance) = self.distance() else { return };
        for hop in self.hops.iter_mut().skip(usize::from(distance)) {
            if hop.last_round.is_some() || hop.stats.sent > 0 {
                hop.restart();
            }
        }
        let beyond: Vec<(u16, u64)> = self
            .flight
            .iter()
            .filter(|(_, probe)| probe.ttl > distance && !probe.lost)
            .map(|(sequence, probe)| (*sequence, probe.round))
            .collect();
        for (sequence, round) in beyond {
            self.flight.remove(&sequence);
            self.settle(sequence, round);
        }
        let mut dropped = Vec::new();
        for queue in [&mut self.queue, &mut self.lone_queue] {
            queue.retain(|(ttl, round)| {
                let keep = *ttl <= distance;
                if !keep {
                    dropped.push(*round);
                }
                keep
            });
        }
        for round in dropped {
            self.close_one(round);
        }
    }

    /// Asks further TTLs in the same round when the path turns out to be longer.
    fn extend(&mut self, round: u64) {
        if round != self.round {
            return;
        }
        let top = self.top();
        let Some(highest) = self.rounds.get(&round).map(|open| open.highest) else { return };
        if top > highest {
            if let Some(open) = self.rounds.get_mut(&round) {
                open.highest = top;
            }
            self.ask(highest + 1, top);
        }
    }

    fn lose(&mut self, sequence: u16, probe: Probe) {
        if let Some(hop) = self.hops.get_mut(usize::from(probe.ttl) - 1) {
            hop.lost();
        }
        self.settle(sequence, probe.round);
    }

    fn settle(&mut self, sequence: u16, round: u64) {
        if self.lone == Some(sequence) {
            self.lone = None;
        }
        self.close_one(round);
    }

    /// One probe of a round is over; rounds are counted in their order.
    fn close_one(&mut self, round: u64) {
        if let Some(open) = self.rounds.get_mut(&round) {
            open.open = open.open.saturating_sub(1);
        }
        while let Some(first) = self.rounds.first_entry() {
            if first.get().open > 0 {
                break;
            }
            let over = first.remove();
            if over.whole || over.answer.is_some() {
                self.totals.round(over.answer.map(|(_, rtt)| rtt));
            }
        }
    }
}

fn number(hops: usize) -> u8 {
    u8::try_from(hops).unwrap_or(u8::MAX)
}

#[cfg(test)]
#[path = "tracker_tests.rs"]
mod tests;
