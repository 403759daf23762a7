//! A stream of bits, and columns of whole numbers in it.
//!
//! A column is predicted (by its median, by the value before, or by a straight line through the
//! two before) and the errors are written as Rice codes: about as many bits as the noise has.

use super::{Broken, unzigzag, zigzag};

/// Unary part from which a number is written whole instead.
const ESCAPE: u32 = 24;
/// Largest Rice parameter: six bits.
const K_LIMIT: u32 = 63;

/// Writes bits, the lowest first.
#[derive(Default)]
pub(super) struct BitWriter {
    bytes: Vec<u8>,
    buffer: u64,
    used: u32,
}

impl BitWriter {
    /// The lowest `count` bits of `value`; at most 32 at once.
    fn few(&mut self, value: u64, count: u32) {
        self.buffer |= (value & ((1 << count) - 1)) << self.used;
        self.used += count;
        while self.used >= 8 {
            self.bytes.push((self.buffer & 0xff) as u8);
            self.buffer >>= 8;
            self.used -= 8;
        }
    }

    /// The lowest `count` bits of `value`, at most 64.
    pub(super) fn bits(&mut self, value: u64, count: u32) {
        if count > 32 {
            self.few(value & 0xffff_ffff, 32);
            self.few(value >> 32, count - 32);
        } else {
            self.few(value, count);
        }
    }

    /// A number in groups of seven bits.
    pub(super) fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.few(value & 0x7f | 0x80, 8);
            value >>= 7;
        }
        self.few(value, 8);
    }

    fn rice(&mut self, value: u64, k: u32) {
        let unary = u32::try_from(value >> k).unwrap_or(ESCAPE);
        if unary >= ESCAPE {
            self.few((1 << ESCAPE) - 1, ESCAPE);
            self.bits(value, 64);
            return;
        }
        self.few((1 << unary) - 1, unary + 1);
        self.bits(value, k);
    }

    /// A column; its length is written by the caller.
    pub(super) fn column(&mut self, values: &[i64]) {
        let Some(first) = values.first() else { return };
        if values.iter().all(|value| value == first) {
            self.few(0, 2);
            self.varint(zigzag(*first));
            return;
        }
        let median = median(values);
        let (mode, base, k, errors) = [(1, median), (2, *first), (3, *first)]
            .into_iter()
            .map(|(mode, base)| {
                let errors = errors(values, mode, base);
                let k = best_k(&errors);
                (mode, base, k, errors)
            })
            .min_by_key(|(_, _, k, errors)| cost(errors, *k))
            .unwrap_or((1, median, 0, Vec::new()));
        self.few(mode, 2);
        self.few(u64::from(k), 6);
        self.varint(zigzag(base));
        for error in errors {
            self.rice(error, k);
        }
    }

    /// The bytes; unused bits of the last one are zero.
    pub(super) fn finish(mut self) -> Vec<u8> {
        if self.used > 0 {
            self.bytes.push((self.buffer & 0xff) as u8);
        }
        self.bytes
    }
}

fn median(values: &[i64]) -> i64 {
    let mut sorted = values.to_vec();
    let middle = sorted.len() / 2;
    *sorted.select_nth_unstable(middle).1
}

/// What the prediction missed, value by value.
fn errors(values: &[i64], mode: u64, base: i64) -> Vec<u64> {
    let mut guess = Guess::new(mode, base);
    values.iter().map(|value| guess.miss(*value)).collect()
}

/// The prediction; the same on both sides.
struct Guess {
    mode: u64,
    last: i64,
    step: i64,
    seen: u32,
}

impl Guess {
    const fn new(mode: u64, base: i64) -> Self {
        Self { mode, last: base, step: 0, seen: 0 }
    }

    const fn next(&self) -> i64 {
        if self.mode == 3 { self.last.wrapping_add(self.step) } else { self.last }
    }

    fn learn(&mut self, value: i64) {
        if self.mode == 1 {
            return;
        }
        if self.seen > 0 {
            self.step = value.wrapping_sub(self.last);
        }
        self.seen = 1;
        self.last = value;
    }

    fn miss(&mut self, value: i64) -> u64 {
        let error = zigzag(value.wrapping_sub(self.next()));
        self.learn(value);
        error
    }

    fn hit(&mut self, error: u64) -> i64 {
        let value = self.next().wrapping_add(unzigzag(error));
        self.learn(value);
        value
    }
}

fn cost(errors: &[u64], k: u32) -> u64 {
    let one = |error: &u64| {
        let unary = error >> k;
        if unary >= u64::from(ESCAPE) { u64::from(ESCAPE) + 64 } else { unary + 1 + u64::from(k) }
    };
    errors.iter().map(one).sum()
}

/// The cost falls and then rises with `k`; the mean says where to look.
fn best_k(errors: &[u64]) -> u32 {
    let count = errors.len().max(1) as u64;
    let clipped = errors.iter().fold(0_u64, |sum, error| sum.saturating_add(*error)) / count;
    let typical = {
        let mut sorted = errors.to_vec();
        let middle = sorted.len() / 2;
        if sorted.is_empty() { 0 } else { *sorted.select_nth_unstable(middle).1 }
    };
    let width = |value: u64| 64 - value.leading_zeros();
    let from = width(typical.min(clipped)).saturating_sub(2);
    let to = width(typical.max(clipped)).min(from + 6).min(K_LIMIT);
    (from.min(K_LIMIT)..=to.max(from).min(K_LIMIT)).min_by_key(|k| cost(errors, *k)).unwrap_or(0)
}

/// Reads what [`BitWriter`] wrote, never beyond the end.
pub(super) struct BitReader<'a> {
    bytes: &'a [u8],
    buffer: u64,
    held: u32,
}

impl<'a> BitReader<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, buffer: 0, held: 0 }
    }

    /// The next `count` bits, at most 32.
    fn few(&mut self, count: u32) -> Result<u64, Broken> {
        while self.held < count {
            let (first, rest) = self.bytes.split_first().ok_or(Broken("ends early"))?;
            self.buffer |= u64::from(*first) << self.held;
            self.held += 8;
            self.bytes = rest;
        }
        let value = self.buffer & ((1 << count) - 1);
        self.buffer >>= count;
        self.held -= count;
        Ok(value)
    }

    /// The next `count` bits, at most 64.
    pub(super) fn bits(&mut self, count: u32) -> Result<u64, Broken> {
        if count > 32 {
            let low = self.few(32)?;
            Ok(low | (self.few(count - 32)? << 32))
        } else {
            self.few(count)
        }
    }

    pub(super) fn varint(&mut self) -> Result<u64, Broken> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.few(8)?;
            value |= (byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Broken("a number is too long"))
    }

    /// A number of things, at most `limit`.
    pub(super) fn count(&mut self, limit: usize) -> Result<usize, Broken> {
        usize::try_from(self.varint()?)
            .ok()
            .filter(|count| *count <= limit)
            .ok_or(Broken("a count is too large"))
    }

    fn rice(&mut self, k: u32) -> Result<u64, Broken> {
        let mut unary = 0;
        while self.few(1)? == 1 {
            unary += 1;
            if unary == ESCAPE {
                return self.bits(64);
            }
        }
        let low = self.bits(k)?;
        // An escape is used where the shift would not fit, so nothing is lost in valid bytes.
        Ok(u64::from(unary).checked_shl(k).unwrap_or(0) | low)
    }

    /// A column of `count` values.
    pub(super) fn column(&mut self, count: usize) -> Result<Vec<i64>, Broken> {
        if count == 0 {
            return Ok(Vec::new());
        }
        let mode = self.few(2)?;
        if mode == 0 {
            return Ok(vec![unzigzag(self.varint()?); count]);
        }
        let k = u32::try_from(self.few(6)?).unwrap_or(0);
        let mut guess = Guess::new(mode, unzigzag(self.varint()?));
        (0..count).map(|_| Ok(guess.hit(self.rice(k)?))).collect()
    }
}
