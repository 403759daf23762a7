//! How an agent is, by its heartbeats: pure.
//!
//! In: heartbeats, the time. Out: ONLINE, DEGRADED or OFFLINE, and why.
//!
//! | phase | begins |
//! |---|---|
//! | OFFLINE | when nothing was heard for more than 120 s (SPEC FS-10: at 120 s it is not) |
//! | DEGRADED | with the third bad heartbeat in a row (SPEC D-08) |
//! | ONLINE | with the first heartbeat after OFFLINE, with the fifth good one in a row after DEGRADED |
//!
//! A heartbeat is bad when it took more than three times the median of the last 24 hours, or when
//! more than a tenth of the agent's last 20 runs could not be run. The median is that of the medians
//! of ten minutes each, the present ones left out, so that a slow hour is not its own measure; before
//! the first ten minutes are over only the runs count. The agent's clock decides nothing.

use std::collections::VecDeque;

use crate::model::agent::LAST_RUNS;
use crate::model::{AgentPhase, SafeText, Span, Steady, Timestamp};

/// Silence after which an agent is OFFLINE.
pub const SILENCE: Span = Span::from_secs(120);
/// Bad heartbeats in a row that make it DEGRADED.
const ENTER: u8 = 3;
/// Good ones in a row that end that.
const LEAVE: u8 = 5;
/// How much longer than the median is slow.
const SLOW: u64 = 3;
/// Ten minutes, of which the median is kept.
const PART: Span = Span::from_secs(600);
/// Medians that are kept: those of 24 hours.
const PARTS: usize = 144;
/// Most heartbeats of ten minutes that are kept.
const SAMPLES: usize = 120;

/// What a heartbeat says about how the agent is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Said {
    /// How long the one before took, in milliseconds.
    pub rtt: Option<Span>,
    /// How many of its last 20 runs could not be run.
    pub failed: u32,
}

/// How long heartbeats take, of the last 24 hours.
#[derive(Clone, Debug, Default)]
struct Rtts {
    parts: VecDeque<u64>,
    now: Vec<u64>,
    begun: Option<Steady>,
}

impl Rtts {
    fn take(&mut self, rtt: Span, now: Steady) {
        let begun = *self.begun.get_or_insert(now);
        if now.since(begun) >= PART {
            if let Some(median) = median(&mut self.now) {
                if self.parts.len() == PARTS {
                    self.parts.pop_front();
                }
                self.parts.push_back(median);
            }
            self.now.clear();
            self.begun = Some(now);
        }
        if self.now.len() < SAMPLES {
            self.now.push(rtt.millis());
        }
    }

    fn usual(&self) -> Option<u64> {
        median(&mut self.parts.iter().copied().collect::<Vec<_>>())
    }
}

/// The median; of an even count the lower one.
fn median(all: &mut [u64]) -> Option<u64> {
    all.sort_unstable();
    all.get(all.len().checked_sub(1)? / 2).copied()
}

/// How an agent is.
#[derive(Clone, Debug)]
pub struct Presence {
    phase: AgentPhase,
    since: Timestamp,
    reason: SafeText,
    heard: Option<Steady>,
    bad: u8,
    good: u8,
    rtts: Rtts,
}

impl Presence {
    /// One that was never heard.
    #[must_use]
    pub fn unheard(now: Timestamp) -> Self {
        Self {
            phase: AgentPhase::Offline,
            since: now,
            reason: SafeText::line("registered, and never heard"),
            heard: None,
            bad: 0,
            good: 0,
            rtts: Rtts::default(),
        }
    }

    /// One that was in this phase when the server was last there. It gets its two minutes.
    #[must_use]
    pub fn resumed(phase: AgentPhase, since: Timestamp, now: Steady) -> Self {
        let heard = (phase != AgentPhase::Offline).then_some(now);
        Self { phase, since, reason: SafeText::empty(), heard, ..Self::unheard(since) }
    }

    /// ONLINE, DEGRADED or OFFLINE.
    #[must_use]
    pub const fn phase(&self) -> AgentPhase {
        self.phase
    }

    /// Since when.
    #[must_use]
    pub const fn since(&self) -> Timestamp {
        self.since
    }

    /// Why, when it is not ONLINE.
    #[must_use]
    pub const fn reason(&self) -> &SafeText {
        &self.reason
    }

    /// When something was last heard.
    #[must_use]
    pub const fn heard(&self) -> Option<Steady> {
        self.heard
    }

    /// It asked for work, or told a result: it is there.
    pub fn shown_up(&mut self, steady: Steady, wall: Timestamp) {
        self.heard = Some(steady);
        if self.phase == AgentPhase::Offline {
            (self.bad, self.good) = (0, 0);
            self.turn(AgentPhase::Online, "", wall);
        }
    }

    /// A heartbeat came.
    pub fn beat(&mut self, said: Said, steady: Steady, wall: Timestamp) {
        self.shown_up(steady, wall);
        let why = self.complaint(said);
        if let Some(rtt) = said.rtt {
            self.rtts.take(rtt, steady);
        }
        match why {
            Some(why) => {
                (self.bad, self.good) = (self.bad.saturating_add(1), 0);
                if self.bad >= ENTER {
                    self.turn(AgentPhase::Degraded, &why, wall);
                }
            }
            None => {
                (self.bad, self.good) = (0, self.good.saturating_add(1));
                if self.good >= LEAVE && self.phase == AgentPhase::Degraded {
                    self.turn(AgentPhase::Online, "", wall);
                }
            }
        }
    }

    /// Time went on.
    pub fn tick(&mut self, steady: Steady, wall: Timestamp) {
        let silent = self.heard.map(|heard| steady.since(heard));
        if self.phase != AgentPhase::Offline && silent.is_none_or(|silent| silent > SILENCE) {
            self.turn(AgentPhase::Offline, "no heartbeat for more than 2 minutes", wall);
        }
    }

    /// What is wrong with a heartbeat.
    fn complaint(&self, said: Said) -> Option<String> {
        let rtt = said.rtt.map(Span::millis);
        if let (Some(rtt), Some(usual)) = (rtt, self.rtts.usual())
            && rtt > SLOW * usual.max(1)
        {
            return Some(format!("its heartbeat takes {rtt} ms, usually {usual} ms"));
        }
        let many = said.failed * 10 > LAST_RUNS;
        many.then(|| format!("{} of its last {LAST_RUNS} runs could not be run", said.failed))
    }

    fn turn(&mut self, phase: AgentPhase, why: &str, wall: Timestamp) {
        if self.phase != phase {
            self.since = wall;
        }
        (self.phase, self.reason) = (phase, SafeText::line(why));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> (Steady, Timestamp) {
        (Steady::from_millis(seconds * 1000), Timestamp::from_millis(seconds * 1000))
    }

    fn beat(presence: &mut Presence, seconds: i64, rtt: u64, failed: u32) -> AgentPhase {
        let (steady, wall) = at(seconds);
        presence.beat(Said { rtt: Some(Span::from_millis(rtt)), failed }, steady, wall);
        presence.phase()
    }

    #[test]
    fn fs_10_at_120_s_it_is_online_and_at_121_offline() {
        let mut presence = Presence::unheard(at(0).1);
        assert_eq!(presence.phase(), AgentPhase::Offline);
        assert_eq!(beat(&mut presence, 10, 5, 0), AgentPhase::Online);
        for (seconds, phase) in [(130, AgentPhase::Online), (131, AgentPhase::Offline)] {
            let (steady, wall) = at(seconds);
            presence.tick(steady, wall);
            assert_eq!(presence.phase(), phase, "{seconds}");
        }
        assert_eq!(presence.since(), at(131).1);
        assert_eq!(beat(&mut presence, 140, 5, 0), AgentPhase::Online, "FS-08: it is heard");
    }

    #[test]
    fn d_08_three_bad_heartbeats_degrade_and_five_good_ones_end_it() {
        let mut presence = Presence::unheard(at(0).1);
        let mut now = 0;
        let mut next = |presence: &mut Presence, rtt, failed| {
            now += 10;
            beat(presence, now, rtt, failed)
        };
        // The first ten minutes have no measure yet.
        for _ in 0..61 {
            assert_eq!(next(&mut presence, 20, 2), AgentPhase::Online, "a tenth is not more");
        }
        for expected in [AgentPhase::Online, AgentPhase::Online, AgentPhase::Degraded] {
            assert_eq!(next(&mut presence, 61, 0), expected, "FS-09");
        }
        assert!(presence.reason().as_str().contains("61 ms, usually 20 ms"));
        for expected in [AgentPhase::Degraded; 4] {
            assert_eq!(next(&mut presence, 60, 0), expected, "three times is not more");
        }
        assert_eq!(next(&mut presence, 20, 3), AgentPhase::Degraded, "one bad one begins anew");
        for expected in [AgentPhase::Degraded; 4] {
            assert_eq!(next(&mut presence, 20, 0), expected);
        }
        assert_eq!(next(&mut presence, 20, 0), AgentPhase::Online);
        for expected in [AgentPhase::Online, AgentPhase::Online, AgentPhase::Degraded] {
            assert_eq!(next(&mut presence, 20, 3), expected);
        }
        assert!(presence.reason().as_str().contains("3 of its last 20 runs"));
    }

    #[test]
    fn the_measure_is_of_24_hours_and_bounded() {
        let mut presence = Presence::unheard(at(0).1);
        for n in 0..20_000 {
            beat(&mut presence, n * 10, 20, 0);
        }
        assert_eq!(presence.rtts.parts.len(), PARTS);
        assert!(presence.rtts.now.len() <= SAMPLES);
        assert_eq!(presence.rtts.usual(), Some(20));
    }

    #[test]
    fn after_a_restart_an_agent_gets_its_two_minutes() {
        let mut presence = Presence::resumed(AgentPhase::Degraded, at(5).1, at(100).0);
        let (steady, wall) = at(220);
        presence.tick(steady, wall);
        assert_eq!((presence.phase(), presence.since()), (AgentPhase::Degraded, at(5).1));
        let (steady, wall) = at(221);
        presence.tick(steady, wall);
        assert_eq!(presence.phase(), AgentPhase::Offline);
        let gone = Presence::resumed(AgentPhase::Offline, at(5).1, at(100).0);
        assert_eq!(gone.heard(), None);
    }

    #[test]
    fn what_is_usual_is_of_the_ten_minutes_that_are_over() {
        let at = |secs: u64| Steady::from_millis(0) + Span::from_secs(secs);
        let mut rtts = Rtts::default();
        for (secs, ms) in [(0, 10), (300, 30), (599, 20)] {
            rtts.take(Span::from_millis(ms), at(secs));
            assert_eq!(rtts.usual(), None, "after {secs} s");
        }
        rtts.take(Span::from_millis(500), at(600));
        assert_eq!(rtts.usual(), Some(20));
        rtts.take(Span::from_millis(1), at(1200));
        assert_eq!(rtts.usual(), Some(20), "of 20 and 500 the lower one");
        for part in 2..400 {
            rtts.take(Span::from_millis(7), at(600 * (part + 1)));
        }
        assert_eq!((rtts.parts.len(), rtts.usual()), (PARTS, Some(7)));
        let begun = at(600 * 400);
        for _ in 0..2 * SAMPLES {
            rtts.take(Span::from_millis(7), begun);
        }
        assert_eq!(rtts.now.len(), SAMPLES);
    }

    #[test]
    fn one_that_goes_on_has_its_phase_its_time_and_two_minutes() {
        let (since, now) = (Timestamp::from_millis(5), Steady::from_millis(0) + Span::from_secs(9));
        let back = Presence::resumed(AgentPhase::Degraded, since, now);
        assert_eq!((back.phase(), back.since()), (AgentPhase::Degraded, since));
        assert_eq!((back.reason().as_str(), back.heard()), ("", Some(now)));
        let away = Presence::resumed(AgentPhase::Offline, since, now);
        assert_eq!((away.since(), away.heard()), (since, None));
    }
}
