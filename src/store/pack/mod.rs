//! How results are packed into bytes: journal batches, hourly chunks, daily summaries.
//!
//! In: results and bytes.
//! Out: bytes and results; bytes that are not ours are an error, never a panic or a huge allocation.
//! Never: touches a database, a file or a clock.
//!
//! **Precision.** A stored value keeps [`DIGITS`] significant decimal digits (an error of at most
//! 0.05 %); it is rounded once, when it enters the journal, so that folding changes nothing.
//! Magnitudes below 1e-200 become 0 and above 1e300 become 1e300. NaN and infinities are no values:
//! they are gaps.

pub mod batch;
pub mod bits;
pub mod chunk;
pub mod day;

/// Significant decimal digits of a stored value.
pub const DIGITS: i32 = 4;

/// Bytes that cannot be unpacked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("packed results are unreadable: {0}")]
pub struct Broken(pub &'static str);

/// One result of a check, without the check.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// When it was made, epoch milliseconds.
    pub at: i64,
    /// When it was due, epoch milliseconds.
    pub slot: i64,
    /// The plugin exit code of its state, 0 to 3.
    pub state: u8,
    /// True when it came too late to be judged.
    pub late: bool,
    /// Values by series number, each series at most once; finite and rounded.
    pub values: Vec<(i64, f64)>,
}

impl Entry {
    /// What makes a result of one check unique.
    #[must_use]
    pub const fn key(&self) -> (i64, i64) {
        (self.at, self.slot)
    }
}

/// A number as decimal digits: `mantissa * 10^exponent`, without trailing zeros.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decimal {
    /// The digits with their sign.
    pub mantissa: i64,
    /// The power of ten.
    pub exponent: i32,
}

impl Decimal {
    /// Rounds to `digits` significant digits (1 to 9); `None` for NaN and infinities.
    #[must_use]
    pub fn rounded(value: f64, digits: i32) -> Option<Self> {
        if !value.is_finite() {
            return None;
        }
        let value = value.clamp(-1e300, 1e300);
        if value.abs() < 1e-200 {
            return Some(Self { mantissa: 0, exponent: 0 });
        }
        #[expect(clippy::cast_possible_truncation, reason = "between -200 and 300")]
        let mut exponent = value.abs().log10().floor() as i32 - (digits - 1);
        let scaled = if exponent < 0 { value * ten(-exponent) } else { value / ten(exponent) };
        #[expect(clippy::cast_possible_truncation, reason = "a few digits")]
        let mut mantissa = scaled.round() as i64;
        while mantissa != 0 && mantissa % 10 == 0 {
            mantissa /= 10;
            exponent += 1;
        }
        Some(Self { mantissa, exponent })
    }

    /// The number.
    #[must_use]
    pub fn value(self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "mantissas are short")]
        let mantissa = self.mantissa as f64;
        // Division by an exact power of ten gives the same as reading the decimal text.
        if self.exponent < 0 {
            mantissa / ten(-self.exponent)
        } else {
            mantissa * ten(self.exponent)
        }
    }
}

/// `value` as it will be stored; `None` when it is no number.
#[must_use]
pub fn stored(value: f64) -> Option<f64> {
    Decimal::rounded(value, DIGITS).map(Decimal::value)
}

fn ten(power: i32) -> f64 {
    const EXACT: [f64; 23] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
        1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
    ];
    usize::try_from(power)
        .ok()
        .and_then(|power| EXACT.get(power).copied())
        .unwrap_or_else(|| 10_f64.powi(power))
}

/// Small for small magnitudes of either sign.
pub(super) const fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)).cast_unsigned()
}

pub(super) const fn unzigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -((value & 1).cast_signed())
}

/// A checksum of eight bytes a step: any single flipped bit changes the 64-bit state.
pub(super) fn checksum(bytes: &[u8]) -> u32 {
    const PRIME: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut state = 0xcbf2_9ce4_8422_2325 ^ (bytes.len() as u64);
    let mut words = bytes.chunks_exact(8);
    for word in &mut words {
        let mut eight = [0; 8];
        eight.copy_from_slice(word);
        state = (state ^ u64::from_le_bytes(eight)).wrapping_mul(PRIME).rotate_left(23);
    }
    for byte in words.remainder() {
        state = (state ^ u64::from(*byte)).wrapping_mul(PRIME).rotate_left(23);
    }
    let folded = (state ^ (state >> 32)) & 0xffff_ffff;
    u32::try_from(folded).unwrap_or_default()
}

/// Appends the checksum of what is there.
pub(super) fn seal(bytes: &mut Vec<u8>) {
    let sum = checksum(bytes);
    bytes.extend_from_slice(&sum.to_le_bytes());
}

/// The bytes without their checksum, when that is right.
pub(super) fn unseal(bytes: &[u8]) -> Result<&[u8], Broken> {
    let (body, sum) = bytes.split_last_chunk::<4>().ok_or(Broken("too short"))?;
    if checksum(body) == u32::from_le_bytes(*sum) { Ok(body) } else { Err(Broken("checksum")) }
}

/// Appends a number in groups of seven bits.
pub(super) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push((value & 0x7f) as u8);
}

/// Appends a number of either sign.
pub(super) fn put_signed(out: &mut Vec<u8>, value: i64) {
    put_varint(out, zigzag(value));
}

/// Reads bytes from the front, never beyond the end.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn byte(&mut self) -> Result<u8, Broken> {
        let (first, rest) = self.0.split_first().ok_or(Broken("ends early"))?;
        self.0 = rest;
        Ok(*first)
    }

    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8], Broken> {
        let (head, rest) = self.0.split_at_checked(count).ok_or(Broken("ends early"))?;
        self.0 = rest;
        Ok(head)
    }

    pub(super) fn varint(&mut self) -> Result<u64, Broken> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Broken("a number is too long"))
    }

    pub(super) fn count(&mut self) -> Result<usize, Broken> {
        usize::try_from(self.varint()?).map_err(|_| Broken("a count is too large"))
    }

    pub(super) fn signed(&mut self) -> Result<i64, Broken> {
        self.varint().map(unzigzag)
    }

    pub(super) fn decimal(&mut self) -> Result<f64, Broken> {
        let mantissa = self.signed()?;
        let exponent = i32::from(i16::try_from(self.signed()?).map_err(|_| Broken("exponent"))?);
        let value = Decimal { mantissa, exponent }.value();
        if value.is_finite() { Ok(value) } else { Err(Broken("no number")) }
    }
}

/// Appends a decimal: digits, then exponent.
pub(super) fn put_decimal(out: &mut Vec<u8>, decimal: Decimal) {
    put_signed(out, decimal.mantissa);
    put_signed(out, i64::from(decimal.exponent));
}

#[cfg(test)]
#[path = "pack_tests.rs"]
mod tests;
