//! An hourly chunk: the results of one check, column by column.
//!
//! Layout, as bits: version, count; the slots relative to the hour, the distances of the times to
//! their slots, the runs of states; then per series its presence, scale and digits; last the
//! checksum. A steady ping costs about four bytes a result.

use std::collections::BTreeMap;

use super::bits::{BitReader, BitWriter};
use super::{Broken, DIGITS, Decimal, Entry, seal, unseal, unzigzag, zigzag};

const VERSION: u64 = 1;
/// Most results of a chunk; more than 18 a second.
pub const CHUNK_LIMIT: usize = 65_536;
/// Most values of a chunk: what 256 series of a check every second have, and a little more.
const VALUE_LIMIT: usize = 1_000_000;
/// Digits beyond this are written as they are in memory.
const WHOLE_LIMIT: i64 = 1 << 60;

/// Packs results of one hour (its first moment is `hour`): ordered by time, each once, at most
/// [`CHUNK_LIMIT`] (the first ones).
#[must_use]
pub fn encode(hour: i64, entries: &mut Vec<Entry>) -> Vec<u8> {
    entries.sort_by_key(Entry::key);
    entries.dedup_by_key(|entry| entry.key());
    entries.truncate(CHUNK_LIMIT);
    let mut out = BitWriter::default();
    out.bits(VERSION, 8);
    out.varint(entries.len() as u64);
    let slots: Vec<i64> = entries.iter().map(|entry| entry.slot.wrapping_sub(hour)).collect();
    let lags: Vec<i64> = entries.iter().map(|entry| entry.at.wrapping_sub(entry.slot)).collect();
    out.column(&slots);
    out.column(&lags);
    put_states(&mut out, entries);
    let mut series: BTreeMap<i64, Vec<(usize, Decimal)>> = BTreeMap::new();
    let mut room = VALUE_LIMIT;
    for (index, entry) in entries.iter().enumerate() {
        for (number, value) in &entry.values {
            let Some(decimal) = Decimal::rounded(*value, DIGITS) else { continue };
            let column = series.entry(*number).or_default();
            if room > 0 && column.last().is_none_or(|(last, _)| *last != index) {
                column.push((index, decimal));
                room -= 1;
            }
        }
    }
    out.varint(series.len() as u64);
    let mut last = 0_i64;
    for (number, column) in &series {
        out.varint(zigzag(number.wrapping_sub(last)));
        last = *number;
        put_values(&mut out, entries.len(), column);
    }
    let mut bytes = out.finish();
    seal(&mut bytes);
    bytes
}

fn flags(entry: &Entry) -> u64 {
    u64::from(entry.state & 3) | u64::from(entry.late) << 2
}

fn put_states(out: &mut BitWriter, entries: &[Entry]) {
    for run in entries.chunk_by(|a, b| flags(a) == flags(b)) {
        out.bits(run.first().map_or(0, flags), 3);
        out.varint(run.len() as u64);
    }
}

fn put_values(out: &mut BitWriter, count: usize, column: &[(usize, Decimal)]) {
    if column.len() == count {
        out.bits(1, 1);
    } else {
        out.bits(0, 1);
        let mut present = column.iter().map(|(index, _)| *index).peekable();
        for index in 0..count {
            out.bits(u64::from(present.next_if_eq(&index).is_some()), 1);
        }
    }
    let scale = column.iter().map(|(_, decimal)| decimal.exponent).min().unwrap_or(0);
    let whole: Option<Vec<i64>> =
        column.iter().map(|(_, decimal)| digits(*decimal, scale)).collect();
    if let Some(whole) = whole {
        out.bits(1, 1);
        out.varint(zigzag(i64::from(scale)));
        out.column(&whole);
    } else {
        out.bits(0, 1);
        for (_, decimal) in column {
            out.bits(decimal.value().to_bits(), 64);
        }
    }
}

/// The digits on the column's scale; `None` when they become too many.
fn digits(decimal: Decimal, scale: i32) -> Option<i64> {
    if decimal.mantissa == 0 {
        return Some(0);
    }
    let power = u32::try_from(decimal.exponent.checked_sub(scale)?).ok()?;
    let whole = decimal.mantissa.checked_mul(10_i64.checked_pow(power)?)?;
    (whole.abs() < WHOLE_LIMIT).then_some(whole)
}

/// The results of a chunk, by time.
///
/// # Errors
/// When the bytes are damaged.
pub fn decode(hour: i64, bytes: &[u8]) -> Result<Vec<Entry>, Broken> {
    let mut reader = BitReader::new(unseal(bytes)?);
    if reader.bits(8)? != VERSION {
        return Err(Broken("unknown version of a chunk"));
    }
    let count = reader.count(CHUNK_LIMIT)?;
    let slots = reader.column(count)?;
    let lags = reader.column(count)?;
    let states = states(&mut reader, count)?;
    let mut entries: Vec<Entry> = slots
        .into_iter()
        .zip(lags)
        .zip(states)
        .map(|((slot, lag), flags)| {
            let slot = slot.wrapping_add(hour);
            let at = slot.wrapping_add(lag);
            Entry { at, slot, state: flags & 3, late: flags & 4 != 0, values: Vec::new() }
        })
        .collect();
    let series = reader.count(VALUE_LIMIT)?;
    let mut room = VALUE_LIMIT;
    let mut number = 0_i64;
    for _ in 0..series {
        number = number.wrapping_add(unzigzag(reader.varint()?));
        room = values(&mut reader, number, &mut entries, room)?;
    }
    Ok(entries)
}

fn states(reader: &mut BitReader<'_>, count: usize) -> Result<Vec<u8>, Broken> {
    let mut states = Vec::with_capacity(count);
    while states.len() < count {
        let flags = u8::try_from(reader.bits(3)?).map_err(|_| Broken("state"))?;
        let run = reader.count(count - states.len())?;
        if run == 0 {
            return Err(Broken("an empty run of states"));
        }
        states.resize(states.len() + run, flags);
    }
    Ok(states)
}

fn values(
    reader: &mut BitReader<'_>,
    number: i64,
    entries: &mut [Entry],
    room: usize,
) -> Result<usize, Broken> {
    let all = reader.bits(1)? == 1;
    let mut present = Vec::with_capacity(entries.len());
    for _ in 0..entries.len() {
        present.push(all || reader.bits(1)? == 1);
    }
    let count = present.iter().filter(|present| **present).count();
    // A series of no value at all costs its reader something, too.
    let room = room.checked_sub(count.max(1)).ok_or(Broken("too many values"))?;
    let values = if reader.bits(1)? == 1 {
        let scale = unzigzag(reader.varint()?);
        let exponent = i32::from(i16::try_from(scale).map_err(|_| Broken("exponent"))?);
        let digits = reader.column(count)?;
        digits.into_iter().map(|mantissa| narrow(mantissa, exponent).value()).collect()
    } else {
        let mut values = Vec::with_capacity(count);
        for _ in 0..count {
            values.push(f64::from_bits(reader.bits(64)?));
        }
        values
    };
    let takers = entries.iter_mut().zip(present).filter(|(_, present)| *present);
    for ((entry, _), value) in takers.zip(values) {
        if !value.is_finite() {
            return Err(Broken("no number"));
        }
        entry.values.push((number, value));
    }
    Ok(room)
}

/// Without trailing zeros, so that a value reads the same as before it was packed.
fn narrow(mut mantissa: i64, mut exponent: i32) -> Decimal {
    while mantissa != 0 && mantissa % 10 == 0 {
        mantissa /= 10;
        exponent += 1;
    }
    if mantissa == 0 {
        Decimal { mantissa: 0, exponent: 0 }
    } else {
        Decimal { mantissa, exponent }
    }
}
