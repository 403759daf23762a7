//! Scraped series in bounded memory: what was scraped lately, and nothing older.
//!
//! In: scrapes of targets with their times, and what rules recorded. Out: names, samples, how much is
//! kept, and a source for `PromQL`.
//! Never: writes to the store, reads a clock, keeps more than its bounds.
//!
//! Bounds: samples, series and age. When there are too many samples, the oldest block of all
//! targets is forgotten; when there are too many series, new ones are refused until old ones are
//! gone. Both are counted and said.

mod column;
mod source;
mod target;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::model::{CheckKey, Name, Scrape, SeriesSize, Span, Timestamp};
use crate::promql::Labels;
pub use source::Reader;
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

/// All series. Whoever appends and whoever reads have to wait for each other a target at a time only.
#[derive(Debug)]
pub struct Memory {
    bounds: Bounds,
    targets: RwLock<BTreeMap<CheckKey, Arc<Shared>>>,
    sums: Mutex<Sums>,
    words: source::Words,
}

/// Of all targets together.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    samples: u64,
    series: usize,
    evicted: u64,
    out_of_order: u64,
}

/// A target behind its lock.
#[derive(Debug)]
struct Shared(RwLock<Target>);

impl Shared {
    fn read(&self) -> RwLockReadGuard<'_, Target> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Target> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Memory {
    /// Nothing yet.
    #[must_use]
    pub fn new(bounds: Bounds) -> Self {
        let (targets, sums, words) = Default::default();
        Self { bounds, targets, sums, words }
    }

    /// Gives a target the labels that all its series have besides their own.
    pub fn label(&self, target: &CheckKey, labels: Labels) {
        match self.get(target) {
            Some(known) => {
                let same = known.read().own == labels;
                if !same {
                    known.write().label(labels);
                }
            }
            None => drop(self.put(target, Target::new(labels, false))),
        }
    }

    /// Takes a scrape that was made at `at`.
    pub fn append(&self, target: &CheckKey, scrape: &Scrape, at: Timestamp) {
        let known = self.get(target);
        let known = known.unwrap_or_else(|| self.put(target, Target::default()));
        self.add(&known, scrape, at);
    }

    /// Takes what a rule recorded at `at`: series that are complete as they are called, and of which
    /// nothing says how they came.
    pub fn record(&self, rule: &CheckKey, made: &Scrape, at: Timestamp) {
        let known = self.get(rule);
        let known = known.unwrap_or_else(|| self.put(rule, Target::new(Labels::default(), true)));
        self.add(&known, made, at);
    }

    fn get(&self, target: &CheckKey) -> Option<Arc<Shared>> {
        self.targets.read().unwrap_or_else(PoisonError::into_inner).get(target).cloned()
    }

    fn put(&self, key: &CheckKey, target: Target) -> Arc<Shared> {
        let mut targets = self.targets.write().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(
            targets.entry(key.clone()).or_insert_with(|| Arc::new(Shared(RwLock::new(target)))),
        )
    }

    /// All targets in the order of their keys.
    fn all(&self) -> Vec<Arc<Shared>> {
        let targets = self.targets.read().unwrap_or_else(PoisonError::into_inner);
        targets.values().cloned().collect()
    }

    fn sums(&self) -> Sums {
        *self.sums.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self, change: impl FnOnce(&mut Sums)) {
        change(&mut self.sums.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn add(&self, target: &Shared, scrape: &Scrape, at: Timestamp) {
        let room = self.bounds.series.saturating_sub(self.sums().series);
        let oldest = (at - self.bounds.age).millis();
        let late = self.change(target, |own| {
            let late = !own.append(scrape, at.millis(), room);
            while own.is_over(oldest) {
                own.forget_block();
            }
            late
        });
        self.count(|sums| sums.out_of_order += u64::from(late));
        self.shrink();
    }

    /// Changes a target and keeps the sums right.
    fn change<T>(&self, target: &Shared, work: impl FnOnce(&mut Target) -> T) -> T {
        let mut own = target.write();
        let before = (own.samples, own.len());
        let done = work(&mut own);
        let after = (own.samples, own.len());
        self.count(|sums| {
            sums.samples = sums.samples.saturating_sub(before.0) + after.0;
            sums.series = sums.series.saturating_sub(before.1) + after.1;
        });
        done
    }

    /// Forgets the oldest blocks until there are few enough samples.
    fn shrink(&self) {
        while self.sums().samples > self.bounds.samples {
            let before = self.sums().samples;
            let all = self.all();
            let oldest = all.iter().filter_map(|target| {
                let own = target.read();
                own.has_sealed().then(|| (own.oldest(), target))
            });
            if let Some((_, target)) = oldest.min_by_key(|(oldest, _)| *oldest) {
                self.change(target, Target::forget_block);
            } else {
                // Only blocks that still grow: the target with the most begins again.
                let Some(most) = all.iter().max_by_key(|target| target.read().samples) else {
                    return;
                };
                self.change(most, Target::clear);
            }
            let after = self.sums().samples;
            self.count(|sums| sums.evicted += before.saturating_sub(after));
            if after >= before {
                return;
            }
        }
    }

    /// Forgets a target.
    pub fn forget(&self, target: &CheckKey) {
        let gone = {
            let mut targets = self.targets.write().unwrap_or_else(PoisonError::into_inner);
            targets.remove(target)
        };
        if let Some(gone) = gone {
            self.change(&gone, Target::clear);
        }
    }

    /// How much is kept.
    #[must_use]
    pub fn size(&self) -> SeriesSize {
        let sums = self.sums();
        let mut size = SeriesSize {
            series: sums.series as u64,
            samples: sums.samples,
            evicted: sums.evicted,
            out_of_order: sums.out_of_order,
            ..SeriesSize::default()
        };
        for target in self.all() {
            let own = target.read();
            size.targets += u64::from(own.len() > 0);
            size.bytes += own.bytes as u64;
            size.refused += own.refused;
        }
        size
    }

    /// All targets.
    #[must_use]
    pub fn targets(&self) -> Vec<CheckKey> {
        let targets = self.targets.read().unwrap_or_else(PoisonError::into_inner);
        targets.keys().cloned().collect()
    }

    /// The names of a target's series, in no order.
    #[must_use]
    pub fn names(&self, target: &CheckKey) -> Vec<Name> {
        let known = self.get(target);
        known.map(|target| target.read().names().cloned().collect()).unwrap_or_default()
    }

    /// The last value of a series.
    #[must_use]
    pub fn last(&self, target: &CheckKey, name: &str) -> Option<Found> {
        self.get(target)?.read().last(name)
    }

    /// All that is kept of a series, oldest first; `None` when it is not known.
    #[must_use]
    pub fn samples(&self, target: &CheckKey, name: &str) -> Option<Vec<Found>> {
        self.get(target)?.read().samples_of(name)
    }
}

#[cfg(test)]
mod tests;
