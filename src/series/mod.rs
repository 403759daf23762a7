//! Scraped series in bounded memory: what was scraped lately, and nothing older.
//!
//! In: scrapes of targets with their times. Out: names, samples, and how much is kept.
//! Never: writes to the store, reads a clock, keeps more than its bounds.
//!
//! Bounds: samples, series and age. When there are too many samples, the oldest block of all
//! targets is forgotten; when there are too many series, new ones are refused until old ones are
//! gone. Both are counted and said.

mod column;
mod target;

use std::collections::BTreeMap;

use crate::model::{CheckKey, Name, Scrape, SeriesSize, Span, Timestamp};
use target::Target;

/// What is kept at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Samples of all series together.
    pub samples: u64,
    /// Series of all targets together.
    pub series: usize,
    /// Age of the oldest sample, to a block of 120 scrapes.
    pub age: Span,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { samples: 50_000_000, series: 500_000, age: Span::from_secs(6 * 3600) }
    }
}

/// A moment of a series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Found {
    /// When.
    pub at: Timestamp,
    /// The value; `None` when the series is stale.
    pub value: Option<f64>,
}

/// All series.
#[derive(Debug)]
pub struct Memory {
    bounds: Bounds,
    targets: BTreeMap<CheckKey, Target>,
    /// Samples and series of all targets.
    samples: u64,
    series: usize,
    evicted: u64,
    out_of_order: u64,
}

impl Memory {
    /// Nothing yet.
    #[must_use]
    pub const fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            targets: BTreeMap::new(),
            samples: 0,
            series: 0,
            evicted: 0,
            out_of_order: 0,
        }
    }

    /// Takes a scrape that was made at `at`.
    pub fn append(&mut self, target: &CheckKey, scrape: &Scrape, at: Timestamp) {
        let room = self.bounds.series.saturating_sub(self.series);
        if !self.targets.contains_key(target) {
            self.targets.insert(target.clone(), Target::default());
        }
        let oldest = (at - self.bounds.age).millis();
        let late = self.change(target, |own| {
            let late = !own.append(scrape, at.millis(), room);
            while own.is_over(oldest) {
                own.forget_block();
            }
            late
        });
        self.out_of_order += u64::from(late);
        self.shrink();
    }

    /// Changes a target and keeps the sums right.
    fn change<T: Default>(&mut self, key: &CheckKey, work: impl FnOnce(&mut Target) -> T) -> T {
        let Some(target) = self.targets.get_mut(key) else { return T::default() };
        let before = (target.samples, target.len());
        let done = work(target);
        self.samples = self.samples.saturating_sub(before.0) + target.samples;
        self.series = self.series.saturating_sub(before.1) + target.len();
        done
    }

    /// Forgets the oldest blocks until there are few enough samples.
    fn shrink(&mut self) {
        while self.samples > self.bounds.samples {
            let before = self.samples;
            let sealed = self.targets.iter().filter(|(_, target)| target.has_sealed());
            let oldest = sealed.min_by_key(|(_, target)| target.oldest());
            if let Some(key) = oldest.map(|(key, _)| key.clone()) {
                self.change(&key, Target::forget_block);
            } else {
                // Only blocks that still grow: the target with the most begins again.
                let most = self.targets.iter().max_by_key(|(_, target)| target.samples);
                let Some(key) = most.map(|(key, _)| key.clone()) else { return };
                self.forget(&key);
            }
            self.evicted += before.saturating_sub(self.samples);
        }
    }

    /// Forgets a target.
    pub fn forget(&mut self, target: &CheckKey) {
        self.change(target, |own| *own = Target::default());
        self.targets.remove(target);
    }

    /// How much is kept.
    #[must_use]
    pub fn size(&self) -> SeriesSize {
        let sum = |of: fn(&Target) -> u64| self.targets.values().map(of).sum();
        SeriesSize {
            targets: self.targets.len() as u64,
            series: self.series as u64,
            samples: self.samples,
            bytes: sum(|target| target.bytes as u64),
            evicted: self.evicted,
            refused: sum(|target| target.refused),
            out_of_order: self.out_of_order,
        }
    }

    /// All targets.
    pub fn targets(&self) -> impl Iterator<Item = &CheckKey> {
        self.targets.keys()
    }

    /// The names of a target's series, in no order.
    pub fn names(&self, target: &CheckKey) -> impl Iterator<Item = &Name> {
        self.targets.get(target).into_iter().flat_map(Target::names)
    }

    /// The last value of a series.
    #[must_use]
    pub fn last(&self, target: &CheckKey, name: &str) -> Option<Found> {
        self.targets.get(target)?.last(name)
    }

    /// All that is kept of a series, oldest first; `None` when it is not known.
    #[must_use]
    pub fn samples(&self, target: &CheckKey, name: &str) -> Option<Vec<Found>> {
        self.targets.get(target)?.samples_of(name)
    }
}

#[cfg(test)]
mod tests;
