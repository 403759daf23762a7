//! One hop: who answers there, and since when. Tells a reroute from parallel paths. Pure.

use std::collections::VecDeque;
use std::net::IpAddr;

use super::stats::{RECENT, Stats};
use crate::model::trace::ADDRESS_LIMIT;

/// Answers in a row that a new address gives before it is the hop's address: the second round
/// after a reroute.
const CONFIRM: u64 = 2;
/// The same where addresses alternate anyway.
const CONFIRM_ALTERNATING: u64 = 4;
/// So many changes of the answering address ...
const SWITCHES: usize = 4;
/// ... within so many answers are parallel paths, not reroutes.
const SWITCH_WINDOW: u64 = 12;
/// After so many answers without a change the hop counts as settled again, and an address that
/// was not seen for so long is forgotten.
const MEMORY: u64 = RECENT as u64;

/// A hop that was silent for so many probes may be another router now, that quotes less.
const DOUBT_QUOTES: u64 = 3;

/// What an answer meant for the hop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// Nothing new.
    None,
    /// Another router answers here, since the given round.
    Rerouted(u64),
}

#[derive(Clone, Debug)]
struct Candidate {
    address: IpAddr,
    answers: u64,
    since: u64,
    stats: Stats,
    /// The hop's numbers before its first answer.
    before: Stats,
}

/// What came before the last reroute, for when it turns out to have been none.
#[derive(Clone, Debug)]
struct Former {
    stats: Stats,
    seen: VecDeque<(IpAddr, u64)>,
    at: u64,
}

/// All probes of one TTL.
#[derive(Clone, Debug, Default)]
pub(super) struct Hop {
    /// The numbers since the address changed last.
    pub stats: Stats,
    /// The address that answers here, once it is sure.
    pub current: Option<IpAddr>,
    /// The round of the last answer.
    pub last_round: Option<u64>,
    /// The router quotes enough of a UDP probe to tell which one it was.
    pub quotes: bool,
    /// Who answered and when (counted in answers), the most recent first.
    seen: VecDeque<(IpAddr, u64)>,
    answers: u64,
    /// Probes since the last answer; a hop that is silent for long forgets its addresses.
    silent: u64,
    last_from: Option<IpAddr>,
    switches: VecDeque<u64>,
    alternating: bool,
    candidate: Option<Candidate>,
    former: Option<Former>,
}

impl Hop {
    /// Who answered here lately, the most recent first.
    pub fn addresses(&self) -> impl Iterator<Item = IpAddr> + '_ {
        self.seen.iter().map(|(address, _)| *address)
    }

    /// True while another address than the current one answers and it is not yet sure.
    pub const fn is_unsure(&self) -> bool {
        self.candidate.is_some()
    }

    /// A probe's time is over without an answer.
    pub fn lost(&mut self) {
        self.stats.lost();
        self.silent += 1;
        if self.silent >= DOUBT_QUOTES {
            self.quotes = false;
        }
        if let Some(candidate) = &mut self.candidate {
            candidate.stats.lost();
        }
        if self.silent >= MEMORY {
            self.seen.clear();
            self.current = None;
            self.candidate = None;
            self.former = None;
        }
    }

    /// `from` answered a probe of `round` after `rtt` milliseconds.
    pub fn answered(&mut self, from: IpAddr, rtt: f64, round: u64) -> Change {
        self.answers += 1;
        self.silent = 0;
        self.last_round = Some(round);
        let known = self.seen.iter().any(|(address, _)| *address == from);
        self.touch(from);
        self.watch_alternation(from);
        if self.current.is_none_or(|current| current == from) {
            self.current = Some(from);
            self.candidate = None;
            self.stats.answered(rtt);
            return Change::None;
        }
        let doubted = self.candidate.as_ref().is_some_and(|candidate| candidate.address == from);
        if self.alternating && known && !doubted {
            self.candidate = None;
            self.stats.answered(rtt);
            return Change::None;
        }
        self.doubt(from, rtt, round)
    }

    /// Forgets what was measured; the path that it belongs to is gone.
    pub fn restart(&mut self) {
        *self = Self { quotes: self.quotes, ..Self::default() };
    }

    /// Another address than the current one: once is chance, twice in a row a reroute.
    fn doubt(&mut self, from: IpAddr, rtt: f64, round: u64) -> Change {
        let mut candidate = match self.candidate.take() {
            Some(candidate) if candidate.address == from => candidate,
            _ => Candidate {
                address: from,
                answers: 0,
                since: round,
                stats: Stats::default(),
                before: self.stats.clone(),
            },
        };
        candidate.answers += 1;
        candidate.stats.answered(rtt);
        let needed = if self.alternating { CONFIRM_ALTERNATING } else { CONFIRM };
        if candidate.answers < needed {
            self.stats.answered(rtt);
            self.candidate = Some(candidate);
            return Change::None;
        }
        let mut before = std::mem::take(&mut self.seen);
        before.retain(|(address, _)| *address != from);
        self.seen.push_front((from, self.answers));
        self.former = Some(Former { stats: candidate.before, seen: before, at: self.answers });
        self.stats = candidate.stats;
        self.current = Some(from);
        Change::Rerouted(candidate.since)
    }

    fn touch(&mut self, from: IpAddr) {
        self.seen.retain(|(address, _)| *address != from);
        self.seen.push_front((from, self.answers));
        self.seen.truncate(ADDRESS_LIMIT);
        let oldest = self.answers.saturating_sub(MEMORY);
        self.seen.retain(|(_, at)| *at >= oldest);
    }

    /// Counts changes of the answering address. Many in a short time are parallel paths; then
    /// the reroutes that this hop took the first of them for are taken back.
    fn watch_alternation(&mut self, from: IpAddr) {
        if self.last_from.replace(from).is_some_and(|last| last != from) {
            self.switches.push_back(self.answers);
        }
        let since = |age: u64| self.answers.saturating_sub(age);
        if self.alternating {
            let quiet = self.switches.back().is_none_or(|at| *at < since(MEMORY));
            self.alternating = !quiet;
        } else {
            let oldest = since(SWITCH_WINDOW);
            self.switches.retain(|at| *at > oldest);
            self.alternating = self.switches.len() >= SWITCHES;
        }
        while self.switches.len() > SWITCHES {
            self.switches.pop_front();
        }
        let Some(former) = self.former.take() else { return };
        if self.alternating {
            let later = std::mem::replace(&mut self.stats, former.stats);
            self.stats.append(&later);
            for (address, at) in former.seen {
                if self.addresses().all(|known| known != address) {
                    self.seen.push_back((address, at));
                }
            }
            self.seen.truncate(ADDRESS_LIMIT);
        } else if former.at + SWITCH_WINDOW > self.answers {
            self.former = Some(former);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(n: u8) -> IpAddr {
        IpAddr::from([10, 0, 0, n])
    }

    /// Feeds one answer per round, `0` is a lost probe; returns the rounds of reroutes.
    fn feed(hop: &mut Hop, answers: &[u8]) -> Vec<usize> {
        let mut changes = Vec::new();
        for (round, n) in answers.iter().enumerate() {
            if *n == 0 {
                hop.lost();
            } else if hop.answered(address(*n), f64::from(*n), round as u64) != Change::None {
                changes.push(round);
            }
        }
        changes
    }

    fn shown(hop: &Hop) -> Vec<IpAddr> {
        hop.addresses().collect()
    }

    #[test]
    fn two_answers_in_a_row_are_a_reroute_and_the_numbers_start_again() {
        let mut hop = Hop::default();
        assert_eq!(feed(&mut hop, &[1, 1, 1, 1, 2, 2]), [5]);
        assert_eq!(shown(&hop), [address(2)]);
        assert_eq!((hop.stats.sent, hop.stats.mean()), (2, Some(2.0)));
    }

    #[test]
    fn losses_during_a_reroute_count_for_the_new_path() {
        let mut hop = Hop::default();
        assert_eq!(feed(&mut hop, &[1, 1, 0, 2, 0, 2]), [5]);
        assert_eq!((hop.stats.sent, hop.stats.received), (3, 2));
    }

    #[test]
    fn a_single_stray_answer_is_no_reroute() {
        let mut hop = Hop::default();
        assert_eq!(feed(&mut hop, &[1, 1, 2, 1, 1, 1, 1]), [0usize; 0]);
        assert_eq!(shown(&hop), [address(1), address(2)]);
        assert_eq!(hop.stats.sent, 7);
        assert!(!hop.is_unsure());
    }

    #[test]
    fn alternating_addresses_are_parallel_paths() {
        let mut hop = Hop::default();
        assert_eq!(feed(&mut hop, &[1, 2].repeat(50)), [0usize; 0]);
        assert_eq!(shown(&hop), [address(2), address(1)]);
        assert_eq!(hop.stats.sent, 100, "nothing was thrown away");
    }

    #[test]
    fn what_looked_like_a_reroute_is_taken_back_when_it_alternates() {
        let mut hop = Hop::default();
        let mixed = [1, 1, 2, 2, 1, 2, 1, 1, 2, 1, 2, 2, 2, 2, 1, 1, 1];
        assert_eq!(feed(&mut hop, &mixed), [3], "then it is known to alternate");
        assert_eq!(shown(&hop), [address(1), address(2)]);
        assert_eq!(hop.stats.sent, 17);
        assert_eq!(feed(&mut hop, &[3, 3, 3]), [0usize; 0], "a third path");
        assert_eq!(feed(&mut hop, &[3]), [0], "no: all answers are its own");
        assert_eq!(shown(&hop), [address(3)]);
    }

    #[test]
    fn there_and_back_is_two_reroutes() {
        let mut hop = Hop::default();
        assert_eq!(feed(&mut hop, &[1, 1, 1, 2, 2, 2, 1, 1]), [4, 7]);
        assert_eq!(shown(&hop), [address(1)]);
        assert_eq!(hop.stats.sent, 2);
    }

    #[test]
    fn addresses_are_bounded_and_forgotten() {
        let mut hop = Hop::default();
        let many: Vec<u8> = (1..=200).collect();
        feed(&mut hop, &many);
        assert_eq!(shown(&hop).len(), ADDRESS_LIMIT);
        assert_eq!(shown(&hop)[0], address(200));
        feed(&mut hop, &[7; 70]);
        assert_eq!(shown(&hop), [address(7)], "after a minute only it is left");
        feed(&mut hop, &[0; 60]);
        assert_eq!((shown(&hop).len(), hop.current), (0, None), "silent for a minute");
    }
}
