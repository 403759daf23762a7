//! When a check is due: phases spread by a stable hash, so that load is flat after any restart.

use crate::model::hash::fnv1a;
use crate::model::{Span, Steady};

/// FNV-1a over a check's `host/name`: stable over restarts and machines.
#[must_use]
pub fn hash(key: &str) -> u64 {
    fnv1a(key.as_bytes())
}

/// The first slot strictly after `now` of a check that runs every `interval` at its own phase.
#[must_use]
pub fn next_slot(key_hash: u64, interval: Span, now: Steady) -> Steady {
    let every = i64::try_from(interval.millis().max(1)).unwrap_or(i64::MAX);
    let phase = i64::try_from(key_hash % interval.millis().max(1)).unwrap_or(0);
    let into = (now.millis() - phase).rem_euclid(every);
    Steady::from_millis(now.millis().saturating_add(every - into))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_one_interval_apart_at_a_stable_phase() {
        let key = hash("web-1/http");
        let every = Span::from_secs(60);
        let first = next_slot(key, every, Steady::from_millis(0));
        let second = next_slot(key, every, first);
        assert_eq!(second.since(first), every);
        assert_eq!(next_slot(key, every, Steady::from_millis(first.millis() - 1)), first);
    }

    #[test]
    fn a_thousand_checks_spread_flat() {
        let mut per_second = [0_u32; 60];
        for n in 0..6000 {
            let slot = next_slot(
                hash(&format!("host-{n}/ping")),
                Span::from_secs(60),
                Steady::from_millis(0),
            );
            let second = usize::try_from(slot.millis() / 1000).unwrap() % 60;
            per_second[second] += 1;
        }
        assert!(per_second.iter().all(|n| (50..=160).contains(n)), "{per_second:?}");
    }
}
