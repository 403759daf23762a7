//! A column of numbers in few bits: each is written as what differs from the one before it.
//!
//! The value part of the Gorilla encoding (Pelkonen et al., VLDB 2015): an equal value costs one
//! bit, a changed one the bits between the first and the last that differ. Times are not in it,
//! because all series of a target share them. No crate was found that encodes values alone.

/// What stands where a series was absent. No exposition can produce these bits: every NaN that is
/// read becomes one other pattern (Prometheus's stale marker, model/value/value.go).
pub(super) const STALE: u64 = 0x7ff0_0000_0000_0002;

/// A column that grows.
#[derive(Clone, Debug, Default)]
pub(super) struct Column {
    bytes: Vec<u8>,
    /// Bits of the last byte that are used; 8 or 0 when it is full or there is none.
    used: u8,
    count: u16,
    last: u64,
    leading: u8,
    trailing: u8,
}

impl Column {
    /// Values so far.
    pub const fn len(&self) -> u16 {
        self.count
    }

    /// The last value's bits.
    pub const fn last(&self) -> Option<u64> {
        if self.count == 0 { None } else { Some(self.last) }
    }

    /// Bytes of memory besides the value itself.
    pub const fn heap(&self) -> usize {
        self.bytes.capacity()
    }

    /// Adds a value. A column holds 65,535 of them; the caller begins a new one long before.
    pub fn push(&mut self, value: u64) {
        if self.count == 0 {
            self.put(value, 64);
            (self.leading, self.trailing) = (64, 0);
        } else {
            let differs = value ^ self.last;
            if differs == 0 {
                self.put(0, 1);
            } else {
                self.push_changed(differs);
            }
        }
        self.last = value;
        self.count = self.count.saturating_add(1);
    }

    fn push_changed(&mut self, differs: u64) {
        let small = |bits: u32| u8::try_from(bits).unwrap_or(0);
        // Five bits hold the number of leading zeros.
        let (leading, trailing) =
            (small(differs.leading_zeros()).min(31), small(differs.trailing_zeros()));
        let fits = self.leading <= leading && self.trailing <= trailing;
        let width = 64 - u32::from(self.leading.min(64)) - u32::from(self.trailing);
        let own = 64 - u32::from(leading) - u32::from(trailing);
        // A window far too wide for the difference costs more than a new one.
        if fits && self.leading < 64 && width <= own + 11 {
            self.put(0b10, 2);
            self.put(differs >> self.trailing, width);
        } else {
            self.put(0b11, 2);
            self.put(u64::from(leading), 5);
            // 64 significant bits are written as 0.
            self.put(u64::from(own & 63), 6);
            self.put(differs >> trailing, own);
            (self.leading, self.trailing) = (leading, trailing);
        }
    }

    /// The lowest `count` bits, the highest of them first.
    fn put(&mut self, value: u64, mut count: u32) {
        while count > 0 {
            if self.used == 8 || self.bytes.is_empty() {
                if self.bytes.len() == self.bytes.capacity() {
                    // Vec would double; most columns stay small.
                    self.bytes.reserve_exact((self.bytes.len() / 2).max(16));
                }
                self.bytes.push(0);
                self.used = 0;
            }
            let room = u32::from(8 - self.used);
            let taken = room.min(count);
            let part = (value >> (count - taken)) & ((1 << taken) - 1);
            let part = u8::try_from(part << (room - taken)).unwrap_or(0);
            if let Some(last) = self.bytes.last_mut() {
                *last |= part;
            }
            self.used += u8::try_from(taken).unwrap_or(8);
            count -= taken;
        }
    }

    /// All values.
    pub fn values(&self) -> Values<'_> {
        Values::new(&self.bytes, self.count)
    }

    /// The column as it is kept once it grows no more, and an empty one in its place.
    pub fn seal(&mut self) -> Sealed {
        let done = std::mem::take(self);
        Sealed { bytes: done.bytes.into_boxed_slice(), count: done.count }
    }
}

/// A column that is complete.
#[derive(Clone, Debug, Default)]
pub(super) struct Sealed {
    bytes: Box<[u8]>,
    count: u16,
}

impl Sealed {
    pub const fn len(&self) -> u16 {
        self.count
    }

    pub const fn heap(&self) -> usize {
        self.bytes.len()
    }

    pub fn values(&self) -> Values<'_> {
        Values::new(&self.bytes, self.count)
    }
}

/// Reads a column; damaged bytes end it early.
#[derive(Debug)]
pub(super) struct Values<'a> {
    bytes: &'a [u8],
    at: usize,
    left: u16,
    last: u64,
    leading: u32,
    trailing: u32,
    begun: bool,
}

impl<'a> Values<'a> {
    const fn new(bytes: &'a [u8], count: u16) -> Self {
        Self { bytes, at: 0, left: count, last: 0, leading: 0, trailing: 0, begun: false }
    }

    fn take(&mut self, mut count: u32) -> Option<u64> {
        let mut value = 0;
        while count > 0 {
            let byte = u64::from(*self.bytes.get(self.at / 8)?);
            let used = u32::try_from(self.at % 8).ok()?;
            let taken = (8 - used).min(count);
            let part = (byte >> (8 - used - taken)) & ((1 << taken) - 1);
            value = (value << taken) | part;
            self.at += taken as usize;
            count -= taken;
        }
        Some(value)
    }

    fn changed(&mut self) -> Option<u64> {
        if self.take(1)? == 1 {
            self.leading = u32::try_from(self.take(5)?).ok()?;
            let own = u32::try_from(self.take(6)?).ok()?;
            let own = if own == 0 { 64 } else { own };
            self.trailing = 64_u32.checked_sub(self.leading)?.checked_sub(own)?;
        }
        let width = 64_u32.checked_sub(self.leading)?.checked_sub(self.trailing)?;
        Some(self.take(width)? << self.trailing)
    }
}

impl Iterator for Values<'_> {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        self.left = self.left.checked_sub(1)?;
        if !std::mem::replace(&mut self.begun, true) {
            self.last = self.take(64)?;
        } else if self.take(1)? == 1 {
            self.last ^= self.changed()?;
        }
        Some(self.last)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn back(values: &[u64]) -> Vec<u64> {
        let mut column = Column::default();
        values.iter().for_each(|value| column.push(*value));
        let open: Vec<u64> = column.values().collect();
        let sealed: Vec<u64> = column.seal().values().collect();
        assert_eq!(open, sealed);
        open
    }

    proptest! {
        #[test]
        fn every_column_reads_back(values in proptest::collection::vec(
            prop_oneof![any::<u64>(), any::<f64>().prop_map(f64::to_bits), (0_u32..50).prop_map(|n| f64::from(n).to_bits()), Just(STALE)], 0..200))
        {
            prop_assert_eq!(back(&values), values);
        }
    }

    #[test]
    fn what_stays_the_same_costs_a_bit() {
        let mut column = Column::default();
        for _ in 0..120 {
            column.push(42.0_f64.to_bits());
        }
        assert_eq!(column.seal().heap(), 8 + 119_usize.div_ceil(8));
    }

    #[test]
    fn a_slow_counter_costs_little() {
        let mut column = Column::default();
        for n in 0..120_u32 {
            column.push(f64::from(100_000 + n * 15).to_bits());
        }
        let size = column.seal().heap();
        assert!(size < 120 * 3, "{size} bytes");
    }
}
