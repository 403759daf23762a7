//! A daily summary of one check: counts of states, and per series count, mean, extremes, p95.

use std::collections::BTreeMap;

use super::{
    Broken, DIGITS, Decimal, Entry, Reader, put_decimal, put_signed, put_varint, seal, unseal,
};

const VERSION: u8 = 1;
/// Digits of a mean: more than of a value, because weeks are computed from it.
const MEAN_DIGITS: i32 = 7;

/// What one series did on one day.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SeriesDay {
    /// The series' number.
    pub series: i64,
    /// How many values.
    pub count: u64,
    /// Their mean.
    pub mean: f64,
    /// The smallest.
    pub min: f64,
    /// The largest.
    pub max: f64,
    /// The value that 95 % do not exceed (nearest rank).
    pub p95: f64,
}

/// What one check did on one day.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DaySummary {
    /// Results by plugin exit code: OK, WARNING, CRITICAL, UNKNOWN.
    pub states: [u64; 4],
    /// Results that came too late to be judged (counted among the states, too).
    pub late: u64,
    /// Its series, by number.
    pub series: Vec<SeriesDay>,
}

impl DaySummary {
    /// The summary of a day's results.
    #[must_use]
    pub fn of(entries: &[Entry]) -> Self {
        let mut states = [0; 4];
        let mut late = 0;
        let mut columns: BTreeMap<i64, Vec<f64>> = BTreeMap::new();
        for entry in entries {
            if let Some(count) = states.get_mut(usize::from(entry.state)) {
                *count += 1;
            }
            late += u64::from(entry.late);
            for (series, value) in &entry.values {
                columns.entry(*series).or_default().push(*value);
            }
        }
        let series = columns.into_iter().filter_map(|(series, values)| one(series, values));
        Self { states, late, series: series.collect() }
    }

    /// Packs it.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = vec![VERSION];
        for count in self.states {
            put_varint(&mut out, count);
        }
        put_varint(&mut out, self.late);
        let mut last = 0_i64;
        for day in &self.series {
            put_signed(&mut out, day.series.wrapping_sub(last));
            last = day.series;
            put_varint(&mut out, day.count);
            for (value, digits) in
                [(day.mean, MEAN_DIGITS), (day.min, DIGITS), (day.max, DIGITS), (day.p95, DIGITS)]
            {
                let nothing = Decimal { mantissa: 0, exponent: 0 };
                put_decimal(&mut out, Decimal::rounded(value, digits).unwrap_or(nothing));
            }
        }
        seal(&mut out);
        out
    }

    /// Unpacks it.
    ///
    /// # Errors
    /// When the bytes are damaged.
    pub fn decode(bytes: &[u8]) -> Result<Self, Broken> {
        let mut reader = Reader(unseal(bytes)?);
        if reader.byte()? != VERSION {
            return Err(Broken("unknown version of a day"));
        }
        let mut summary = Self::default();
        for count in &mut summary.states {
            *count = reader.varint()?;
        }
        summary.late = reader.varint()?;
        let mut series = 0_i64;
        while !reader.0.is_empty() {
            series = series.wrapping_add(reader.signed()?);
            summary.series.push(SeriesDay {
                series,
                count: reader.varint()?,
                mean: reader.decimal()?,
                min: reader.decimal()?,
                max: reader.decimal()?,
                p95: reader.decimal()?,
            });
        }
        Ok(summary)
    }
}

fn one(series: i64, mut values: Vec<f64>) -> Option<SeriesDay> {
    values.sort_by(f64::total_cmp);
    let count = values.len();
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 values")]
    let mean = values.iter().map(|value| value / count as f64).sum();
    let rank = (count * 95).div_ceil(100).saturating_sub(1);
    Some(SeriesDay {
        series,
        count: count as u64,
        mean,
        min: *values.first()?,
        max: *values.last()?,
        p95: *values.get(rank)?,
    })
}
