//! Bytes as they are handed to the parser of a terminal: no letter in two parts.
//!
//! In: bytes as they came. Out: those up to the last whole letter.
//! Never: judges them; what is no letter passes.

/// Holds what is the beginning of a letter until the rest of it comes. The parser (vte 0.15) loses
/// what stands behind a letter that it got in two parts.
#[derive(Default)]
pub struct Letters(Vec<u8>);

impl Letters {
    /// What is whole now.
    pub fn whole(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut all = std::mem::take(&mut self.0);
        all.extend_from_slice(bytes);
        let begun = (1..=3).find(|back| {
            let first = all.len().checked_sub(*back).and_then(|at| all.get(at));
            let length = match first {
                Some(0xc2..=0xdf) => 2,
                Some(0xe0..=0xef) => 3,
                Some(0xf0..=0xf4) => 4,
                _ => 0,
            };
            length > *back
        });
        self.0 = all.split_off(all.len() - begun.unwrap_or(0));
        all
    }
}
