//! How far an agent's clock is ahead, by messages that say when they were sent: pure.
//!
//! A message that was long on its way looks as if the clock were behind, never as if it were ahead:
//! one that looks later than the one before was quicker, or the clock was put ahead, and is believed.
//! One that looks earlier is believed when it cannot have been so long on its way, or when the next
//! one says the same. Results of a branch that comes back after its link was cut keep their times so.

/// The longest that a message may be on its way, in milliseconds: all requests end before.
const LONGEST_WAY: i64 = 60_000;
/// How much two messages may differ that say the same, in milliseconds.
const NOISE: i64 = 1000;

/// What is known of an agent's clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Skew {
    known: Option<i64>,
    doubted: Option<i64>,
}

impl Skew {
    /// How far it is ahead, in milliseconds; negative when it is behind, 0 while nothing is known.
    #[must_use]
    pub fn millis(self) -> i64 {
        self.known.unwrap_or(0)
    }

    /// Takes what a message says: when it was sent less when it came, in milliseconds.
    pub fn hear(&mut self, ahead: i64) {
        let delayed = |known: i64| ahead < known && known.saturating_sub(ahead) <= LONGEST_WAY;
        let again = |before: i64| ahead.saturating_sub(before).saturating_abs() <= NOISE;
        let doubted = self.known.is_some_and(delayed) && !self.doubted.is_some_and(again);
        if doubted && !self.known.is_some_and(again) {
            self.doubted = Some(ahead);
        } else {
            (self.known, self.doubted) = (Some(ahead), None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(all: &[i64]) -> i64 {
        let mut skew = Skew::default();
        all.iter().for_each(|ahead| skew.hear(*ahead));
        skew.millis()
    }

    #[test]
    fn a_message_that_was_long_on_its_way_moves_no_clock() {
        for (heard, known) in [
            (&[][..], 0),
            (&[-3000], -3000),
            (&[-3000, -2], -2),
            (&[-2, -3400], -2),
            (&[-2, -3400, -5], -5),
            (&[-2, -3400, -9000], -2),
            (&[-2, -3400, -9000, -1], -1),
            (&[-2, -60_002], -2),
            // Jitter of the way is followed.
            (&[-2, -900], -900),
            (&[-2, -1002], -1002),
            (&[-2, -1003], -2),
        ] {
            assert_eq!(after(heard), known, "{heard:?}");
        }
    }

    #[test]
    fn a_clock_that_was_put_is_believed() {
        for (heard, known) in [
            (&[-2, 5000][..], 5000),
            (&[5000, -2, -4], -4),
            (&[5000, -2, -1002], -1002),
            (&[5000, -2, -1003], 5000),
            (&[-2, -60_003], -60_003),
            (&[86_400_000, -86_400_000], -86_400_000),
            (&[i64::MAX, i64::MIN], i64::MIN),
        ] {
            assert_eq!(after(heard), known, "{heard:?}");
        }
    }
}
