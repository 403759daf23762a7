//! Chance with a seed, so that a run can be told again.

#![allow(dead_code, reason = "each test binary uses a part of it")]

/// A generator of Marsaglia's (xorshift64); its seed is not 0.
pub struct Dice(pub u64);

impl Dice {
    /// A number below this one.
    pub fn roll(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % below
    }

    /// The same, of this sign.
    pub fn signed(&mut self, below: i64) -> i64 {
        i64::try_from(self.roll(u64::try_from(below).unwrap())).unwrap()
    }
}
