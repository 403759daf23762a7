//! Chance without chance: numbers that follow from a seed, a name and a count.

use crate::model::hash::fnv1a;

/// A number that looks random and follows from its inputs.
pub fn roll(seed: u64, name: &str, count: u64) -> u64 {
    // FNV-1a over the name, then the finaliser of SplitMix64.
    let hash = fnv1a(name.as_bytes());
    let mut z = hash ^ seed.rotate_left(32) ^ count.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The same within 0 to 1.
pub fn share(seed: u64, name: &str, count: u64) -> f64 {
    let upper = u32::try_from(roll(seed, name, count) >> 32).unwrap_or(0);
    f64::from(upper) / f64::from(u32::MAX)
}

/// A value that wanders smoothly within 0 to 1, a new height each `step` milliseconds.
pub fn wander(seed: u64, name: &str, millis: i64, step: i64) -> f64 {
    let step = step.max(1);
    let slot = millis.div_euclid(step);
    let within = i32::try_from(millis.rem_euclid(step)).unwrap_or(0);
    let part = f64::from(within) / f64::from(i32::try_from(step).unwrap_or(1));
    let ease = part * part * (3.0 - 2.0 * part);
    let height = |slot: i64| share(seed, name, slot.cast_unsigned());
    let (here, there) = (height(slot), height(slot + 1));
    here + (there - here) * ease
}

/// How busy the day is at a moment, 0 to 1: quiet at five in the morning, full at five in the
/// afternoon (UTC).
pub fn day(millis: i64) -> f64 {
    let minute = i32::try_from(millis.div_euclid(60_000).rem_euclid(1440)).unwrap_or(0);
    let angle = (f64::from(minute) / 1440.0 - 5.0 / 24.0) * std::f64::consts::TAU;
    0.5 - 0.5 * angle.cos()
}
