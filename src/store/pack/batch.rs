//! A journal batch: the results of one group commit, ordered by check.
//!
//! Layout: version, count, base time; per result its length, then check (difference to the one
//! before), time, slot, state, values; last the checksum. The length lets a reader skip a check.

use super::{
    Broken, DIGITS, Decimal, Entry, Reader, put_decimal, put_signed, put_varint, seal, unseal,
};

const VERSION: u8 = 1;
/// Most results of one batch.
pub const BATCH_LIMIT: usize = 4096;

/// A result and whose it is.
pub type Row = (i64, Entry);

/// Packs the rows, ordered by check and time. Values are rounded; what is no number is left out.
#[must_use]
pub fn encode(rows: &mut [Row]) -> Vec<u8> {
    rows.sort_by_key(|(check, entry)| (*check, entry.at, entry.slot));
    let base = rows.first().map_or(0, |(_, entry)| entry.at);
    let mut out = Vec::with_capacity(16 + rows.len() * 32);
    out.push(VERSION);
    put_varint(&mut out, rows.len() as u64);
    put_signed(&mut out, base);
    let mut body = Vec::with_capacity(64);
    let mut last_check = 0;
    for (check, entry) in rows {
        body.clear();
        put_signed(&mut body, check.wrapping_sub(last_check));
        last_check = *check;
        put_signed(&mut body, entry.at.wrapping_sub(base));
        put_signed(&mut body, entry.at.wrapping_sub(entry.slot));
        body.push(entry.state & 3 | u8::from(entry.late) << 2);
        let mut last_series = 0;
        for (series, value) in &entry.values {
            let Some(decimal) = Decimal::rounded(*value, DIGITS) else { continue };
            put_signed(&mut body, series.wrapping_sub(last_series));
            last_series = *series;
            put_decimal(&mut body, decimal);
        }
        put_varint(&mut out, body.len() as u64);
        out.extend_from_slice(&body);
    }
    seal(&mut out);
    out
}

fn open(bytes: &[u8]) -> Result<(Reader<'_>, usize, i64), Broken> {
    let mut reader = Reader(unseal(bytes)?);
    if reader.byte()? != VERSION {
        return Err(Broken("unknown version of a batch"));
    }
    let count = reader.count()?;
    let base = reader.signed()?;
    Ok((reader, count, base))
}

/// Calls `seen` with check and time of every result.
///
/// # Errors
/// When the bytes are damaged.
pub fn skim(bytes: &[u8], mut seen: impl FnMut(i64, i64)) -> Result<(), Broken> {
    let (mut reader, count, base) = open(bytes)?;
    let mut check = 0_i64;
    for _ in 0..count {
        let size = reader.count()?;
        let mut body = Reader(reader.take(size)?);
        check = check.wrapping_add(body.signed()?);
        seen(check, base.wrapping_add(body.signed()?));
    }
    Ok(())
}

/// The results of the checks that are `wanted`, in the order of checks and time.
///
/// # Errors
/// When the bytes are damaged.
pub fn decode(bytes: &[u8], wanted: impl Fn(i64) -> bool) -> Result<Vec<Row>, Broken> {
    let (mut reader, count, base) = open(bytes)?;
    let mut rows = Vec::new();
    let mut check = 0_i64;
    for _ in 0..count {
        let size = reader.count()?;
        let mut body = Reader(reader.take(size)?);
        check = check.wrapping_add(body.signed()?);
        if !wanted(check) {
            continue;
        }
        let at = base.wrapping_add(body.signed()?);
        let slot = at.wrapping_sub(body.signed()?);
        let flags = body.byte()?;
        let mut values = Vec::new();
        let mut series = 0_i64;
        while !body.0.is_empty() {
            series = series.wrapping_add(body.signed()?);
            values.push((series, body.decimal()?));
        }
        let entry = Entry { at, slot, state: flags & 3, late: flags & 4 != 0, values };
        rows.push((check, entry));
    }
    Ok(rows)
}
