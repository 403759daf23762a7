//! A hash that is the same on every machine and after every restart.

/// The 64-bit FNV-1a hash of some bytes. Not for what an adversary may choose to collide.
#[must_use]
pub fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
