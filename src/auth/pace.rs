//! How many requests somebody may make: as many at once as a console asks in a burst, and so many a
//! second after that. A bounded table of buckets that fill up again.

use std::collections::HashMap;

use crate::model::{Span, Steady};

/// Requests a second that may go on for ever.
pub const RATE: u64 = 200;
/// Requests at once.
pub const BURST: u64 = 1000;
/// Callers that are remembered; a full bucket is as good as none and is forgotten first.
const TABLE: usize = 4096;
/// A request, in the bucket's own measure: thousandths, so that each millisecond fills it.
const ONE: u64 = 1000;

#[derive(Clone, Copy, Debug)]
struct Bucket {
    left: u64,
    at: Steady,
}

impl Bucket {
    fn filled(self, now: Steady) -> Self {
        let more = now.since(self.at).millis().saturating_mul(RATE);
        Self { left: self.left.saturating_add(more).min(BURST * ONE), at: now }
    }
}

/// The buckets of all callers.
#[derive(Debug, Default)]
pub struct Pace {
    buckets: HashMap<String, Bucket>,
}

impl Pace {
    /// Takes one request of a caller.
    ///
    /// # Errors
    /// The time after which the next one may be made.
    pub fn take(&mut self, caller: &str, now: Steady) -> Result<(), Span> {
        if !self.buckets.contains_key(caller) && self.buckets.len() >= TABLE {
            self.make_room(now);
        }
        let new = Bucket { left: BURST * ONE, at: now };
        let bucket = self.buckets.entry(caller.to_owned()).or_insert(new);
        *bucket = bucket.filled(now);
        match bucket.left.checked_sub(ONE) {
            Some(left) => {
                bucket.left = left;
                Ok(())
            }
            None => Err(Span::from_millis((ONE - bucket.left).div_ceil(RATE))),
        }
    }

    /// Forgets full buckets; when there are none, the fullest.
    fn make_room(&mut self, now: Steady) {
        self.buckets.retain(|_, bucket| bucket.filled(now).left < BURST * ONE);
        if self.buckets.len() >= TABLE {
            let fullest = self.buckets.iter().max_by_key(|(_, bucket)| bucket.filled(now).left);
            if let Some(caller) = fullest.map(|(caller, _)| caller.clone()) {
                self.buckets.remove(&caller);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Steady {
        Steady::from_millis(millis)
    }

    #[test]
    fn a_burst_passes_and_then_so_many_a_second() {
        let mut pace = Pace::default();
        let mut passed = |now| (0..5000).filter(|_| pace.take("ann", at(now)).is_ok()).count();
        assert_eq!(passed(0), 1000);
        assert_eq!(passed(500), 100);
        assert_eq!(passed(1500), 200);
        assert_eq!(passed(3_600_000), 1000, "no more than a burst is saved");
        assert_eq!(pace.take("ann", at(3_600_000)), Err(Span::from_millis(5)));
        assert_eq!(pace.take("bob", at(3_600_000)), Ok(()), "each has their own");
    }

    #[test]
    fn the_table_is_bounded_and_who_is_over_stays_in_it() {
        let mut pace = Pace::default();
        while pace.take("mad", at(0)).is_ok() {}
        for n in 0..3 * TABLE {
            assert_eq!(pace.take(&n.to_string(), at(0)), Ok(()));
            assert!(pace.buckets.len() <= TABLE);
        }
        assert!(pace.take("mad", at(0)).is_err(), "a flood of others frees nobody");
    }
}
