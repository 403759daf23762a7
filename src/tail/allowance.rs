//! How many lines of one log are shown: a flood is counted, not shown.

use crate::model::{Span, Steady};

/// Lines a second, for as long as it takes.
pub const RATE: u64 = 50;
/// Lines at once after a quiet time.
pub const BURST: u64 = 300;
/// How often it is said how many were left out.
const SAY: Span = Span::from_secs(1);

/// The allowance of one log, in thousandths of a line.
#[derive(Debug)]
pub struct Allowance {
    left: u64,
    at: Option<Steady>,
    counted: u64,
    said: Option<Steady>,
}

impl Allowance {
    /// A whole burst.
    pub const fn new() -> Self {
        Self { left: BURST * 1000, at: None, counted: 0, said: None }
    }

    /// True when one more line may be shown; otherwise it is counted.
    pub fn take(&mut self, now: Steady) -> bool {
        if let Some(at) = self.at {
            // A thousandth of a line is a millisecond of a line a second.
            let earned = now.since(at).millis().saturating_mul(RATE);
            self.left = self.left.saturating_add(earned).min(BURST * 1000);
        }
        self.at = Some(now);
        if let Some(left) = self.left.checked_sub(1000) {
            self.left = left;
            return true;
        }
        self.counted = self.counted.saturating_add(1);
        false
    }

    /// How many lines were left out, when there are some and it is time to say so.
    pub fn left_out(&mut self, now: Steady) -> Option<u64> {
        if self.counted == 0 || self.said.is_some_and(|said| now.since(said) < SAY) {
            return None;
        }
        self.said = Some(now);
        Some(std::mem::take(&mut self.counted))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_then_the_rate_and_the_rest_is_counted() {
        let mut allowance = Allowance::new();
        let begin = Steady::from_millis(5_000);
        let shown = (0..1000).filter(|_| allowance.take(begin)).count();
        assert_eq!(u64::try_from(shown).unwrap(), BURST);
        assert_eq!(allowance.left_out(begin), Some(1000 - BURST));
        assert_eq!(allowance.left_out(begin), None, "said once");
        let later = begin + Span::from_secs(2);
        let shown = (0..1000).filter(|_| allowance.take(later)).count();
        assert_eq!(u64::try_from(shown).unwrap(), 2 * RATE);
        let much_later = begin + Span::from_secs(100_000);
        let shown = (0..1000).filter(|_| allowance.take(much_later)).count();
        assert_eq!(u64::try_from(shown).unwrap(), BURST, "never more than a burst is saved");
    }
}
