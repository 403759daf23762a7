//! The codecs: round trips, hostile bytes, and how many bytes a result takes.

#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_wrap,
    clippy::cast_possible_truncation,
    reason = "small numbers of a test"
)]

use proptest::prelude::*;

use super::day::DaySummary;
use super::{Entry, batch, chunk, seal, stored};

fn entries() -> impl Strategy<Value = Vec<Entry>> {
    let value = prop_oneof![
        4 => -1e6..1e6_f64,
        2 => 0.0..0.1_f64,
        1 => any::<f64>(),
        1 => Just(0.0),
    ];
    let values = prop::collection::btree_map(1..2000_i64, value, 0..6);
    let entry = (any::<i32>(), -100_000..100_000_i64, 0..4_u8, any::<bool>(), values).prop_map(
        |(at, lag, state, late, values)| Entry {
            at: i64::from(at) * 1000,
            slot: i64::from(at) * 1000 - lag,
            state,
            late,
            values: values.into_iter().collect(),
        },
    );
    prop::collection::vec(entry, 0..80)
}

/// As stored: ordered, each key once, values rounded, no NaN.
fn as_stored(mut entries: Vec<Entry>) -> Vec<Entry> {
    entries.sort_by_key(Entry::key);
    entries.dedup_by_key(|entry| entry.key());
    for entry in &mut entries {
        entry.values =
            entry.values.iter().filter_map(|(no, value)| Some((*no, stored(*value)?))).collect();
    }
    entries
}

proptest! {
    #[test]
    fn a_value_is_rounded_once(value in any::<f64>()) {
        if let Some(once) = stored(value) {
            prop_assert_eq!(stored(once), Some(once));
            if value.abs() > 1e-199 && value.abs() < 1e299 {
                prop_assert!((once - value).abs() <= value.abs() * 0.000_500_1, "{} {}", value, once);
            }
        } else {
            prop_assert!(!value.is_finite());
        }
    }

    #[test]
    fn batches_round_trip(entries in entries(), check in 1..100_000_i64) {
        let mut rows: Vec<_> =
            entries.into_iter().enumerate().map(|(i, e)| (check + (i as i64 % 7), e)).collect();
        let bytes = batch::encode(&mut rows);
        let expected: Vec<_> = rows
            .into_iter()
            .map(|(check, entry)| (check, as_stored(vec![entry]).remove(0)))
            .collect();
        prop_assert_eq!(batch::decode(&bytes, |_| true).unwrap(), expected.clone());
        let mut seen = Vec::new();
        batch::skim(&bytes, |check, at| seen.push((check, at))).unwrap();
        prop_assert_eq!(seen, expected.iter().map(|(check, e)| (*check, e.at)).collect::<Vec<_>>());
    }

    #[test]
    fn chunks_round_trip(mut entries in entries(), hour in any::<i32>()) {
        let hour = i64::from(hour) * 3_600_000;
        let expected = as_stored(entries.clone());
        let bytes = chunk::encode(hour, &mut entries);
        let back = chunk::decode(hour, &bytes).unwrap();
        prop_assert_eq!(&back, &expected);
        // Packing again what was unpacked changes no byte: a chunk can be folded into for ever.
        let mut again = back;
        prop_assert_eq!(chunk::encode(hour, &mut again), bytes);
    }

    #[test]
    fn days_round_trip(entries in entries()) {
        let summary = DaySummary::of(&as_stored(entries.clone()));
        let back = DaySummary::decode(&summary.encode()).unwrap();
        prop_assert_eq!(back.states, summary.states);
        prop_assert_eq!(back.series.len(), summary.series.len());
        for (a, b) in back.series.iter().zip(&summary.series) {
            prop_assert_eq!((a.series, a.count, a.min, a.max, a.p95), (b.series, b.count, b.min, b.max, b.p95));
            prop_assert!((a.mean - b.mean).abs() <= b.mean.abs() * 1e-6 + 1e-199);
        }
    }

    /// Also with a right checksum, which only an attacker would write.
    #[test]
    fn hostile_bytes_give_an_error_or_a_value(mut bytes in prop::collection::vec(any::<u8>(), 0..200), version in any::<bool>()) {
        if version && !bytes.is_empty() {
            bytes[0] = 1;
        }
        let _ = (batch::decode(&bytes, |_| true), chunk::decode(0, &bytes), DaySummary::decode(&bytes));
        seal(&mut bytes);
        let _ = (batch::decode(&bytes, |_| true), chunk::decode(0, &bytes), DaySummary::decode(&bytes));
    }

    #[test]
    fn a_flipped_bit_never_passes(mut entries in entries(), at in any::<prop::sample::Index>(), bit in 0..8) {
        let mut bytes = chunk::encode(0, &mut entries);
        let at = at.index(bytes.len());
        bytes[at] ^= 1_u8 << bit;
        prop_assert!(chunk::decode(0, &bytes).is_err());
    }
}

/// A small generator of noise with a fixed seed, so that the figures are the same in every run.
struct Noise(u64);

impl Noise {
    fn uniform(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// About normal, mean 0, deviation 1.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }

    /// A latency around `typical` seconds with 5 % noise and now and then a spike.
    fn latency(&mut self, typical: f64) -> f64 {
        let spike = if self.uniform() < 0.01 { 10.0 } else { 1.0 };
        (typical * spike * (1.0 + 0.05 * self.normal()) * 1e6).round() / 1e6
    }
}

/// What a kind of check measures.
type Values<'a> = &'a dyn Fn(&mut Noise) -> Vec<f64>;

/// An hour of results every minute, due on the grid and made a few milliseconds later.
fn hour_of(noise: &mut Noise, values: impl Fn(&mut Noise) -> Vec<f64>) -> Vec<Entry> {
    (0..60)
        .map(|minute| {
            let slot = minute * 60_000 + 17_311;
            let late = (noise.latency(0.012) * 1000.0).abs() as i64;
            let values = (100_001..).zip(values(noise)).collect();
            Entry { at: slot + late, slot, state: 0, late: false, values }
        })
        .collect()
}

/// DESIGN 12: 10,000 hosts x 6 checks x 60 s x 15 days below 8 GB is 6.17 bytes a result with the
/// row around it, which takes about 40 bytes a chunk (0.7 a result).
#[test]
fn a_realistic_result_takes_few_bytes() {
    let mut noise = Noise(0x5eed_cafe);
    let ping = |n: &mut Noise| {
        let rtt = n.latency(0.0123);
        let low = rtt - (n.normal() * 0.0004).abs();
        let high = rtt + (n.normal() * 0.0004).abs();
        let micros = |v: f64| (v * 1e6).round() / 1e6;
        vec![
            rtt,
            micros(low),
            micros(high),
            0.0,
            micros((high - low) / 2.0),
            micros((high - low) / 3.0),
        ]
    };
    let tcp = |n: &mut Noise| vec![n.latency(0.0009)];
    let http = |n: &mut Noise| {
        let parts = [n.latency(0.0004), n.latency(0.0009), n.latency(0.004), n.latency(0.03)];
        let total = parts.iter().sum();
        [&parts[..], &[total, 5321.0, 200.0, 61.0]].concat()
    };
    let dns = |n: &mut Noise| vec![n.latency(0.002), 1.0];
    let kinds: [(&str, Values); 5] =
        [("ping", &ping), ("tcp", &tcp), ("http", &http), ("dns", &dns), ("udp", &tcp)];
    let mut sum = 0.0;
    for (kind, values) in kinds {
        let bytes: usize =
            (0..50).map(|_| chunk::encode(0, &mut hour_of(&mut noise, values)).len()).sum();
        let each = bytes as f64 / (50.0 * 60.0);
        println!("{kind:5} {each:.2} bytes a result");
        sum += each;
    }
    let mean = sum / 5.0;
    println!("mean  {mean:.2} bytes a result, {:.2} with its row", mean + 0.7);
    assert!(mean + 0.7 < 6.17, "{mean}");
}
