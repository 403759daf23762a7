//! Kept series as `PromQL` asks for them: selected by labels, in the order of their labels.
//!
//! A series has its own labels and those of its target. Where both have one, the target's holds and
//! the other is called `exported_` and so on, as in Prometheus. What a selector has found keeps its
//! labels ready for the next time; what it only looked at does not.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use super::column::{STALE, Sealed};
use super::target::{Series, Target};
use super::{Memory, Shared};
use crate::model::selector::parse_id;
use crate::promql::{self, Labels, NAME, Point, Selection, Source, Taken};

/// Texts of labels that are kept once before it is asked whether they are still used.
const WORDS: usize = 4096;
/// So many series are looked at between two questions whether there is still time.
const STRIDE: usize = 1024;

/// Texts that many labels have in common, each kept once.
#[derive(Debug, Default)]
pub(super) struct Words(Mutex<(HashSet<Arc<str>>, usize)>);

impl Words {
    fn share(&self, text: &str) -> Arc<str> {
        let mut guard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (known, next) = &mut *guard;
        if let Some(word) = known.get(text) {
            return Arc::clone(word);
        }
        if known.len() >= (*next).max(WORDS) {
            known.retain(|word| Arc::strong_count(word) > 1);
            *next = known.len() * 2;
        }
        let word: Arc<str> = text.into();
        known.insert(Arc::clone(&word));
        word
    }
}

/// The series of a memory for one evaluation, until there is no time any more.
pub struct Reader<'a> {
    memory: &'a Memory,
    is_over: &'a dyn Fn() -> bool,
}

impl std::fmt::Debug for Reader<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Reader").field("memory", &self.memory).finish_non_exhaustive()
    }
}

impl Memory {
    /// Its series, until it is said that the time is over.
    #[must_use]
    pub const fn reader<'a>(&'a self, is_over: &'a dyn Fn() -> bool) -> Reader<'a> {
        Reader { memory: self, is_over }
    }
}

impl Reader<'_> {
    fn in_time(&self) -> Result<(), String> {
        if (self.is_over)() {
            return Err("the evaluation took longer than it may".to_owned());
        }
        Ok(())
    }
}

impl Source for Reader<'_> {
    fn is_over(&self) -> bool {
        (self.is_over)()
    }

    fn select(&self, selection: &Selection<'_>, taken: &mut Taken<'_>) -> Result<(), String> {
        // One more than there is room for: that is said by whoever takes it.
        let room = taken.room().saturating_add(1);
        let mut found: Vec<(Labels, Arc<Shared>, u32)> = Vec::new();
        let mut looked = 0_usize;
        for shared in self.memory.all() {
            self.in_time()?;
            let target = shared.read();
            if !may_match(&target, selection) {
                continue;
            }
            for place in target.places(selection.name()) {
                looked += 1;
                if looked.is_multiple_of(STRIDE) {
                    self.in_time()?;
                }
                let Some(series) = target.at(place) else { continue };
                let labels = self.labels(series, &target.own);
                if selection.matches(&labels) {
                    let kept = series.labels.get_or_init(|| labels).clone();
                    found.push((kept, Arc::clone(&shared), place));
                }
            }
            if found.len() > room {
                break;
            }
        }
        found.sort_unstable_by(|one, other| one.0.cmp(&other.0));
        for (at, (labels, shared, place)) in found.iter().enumerate() {
            if at.is_multiple_of(STRIDE) {
                self.in_time()?;
            }
            let points = {
                let target = shared.read();
                // Meanwhile the place may have been given to another series.
                let series = target.at(*place).filter(|now| now.labels.get() == Some(labels));
                series.map(|series| points(&target, series, selection)).unwrap_or_default()
            };
            if taken.series(labels, points).is_break() {
                break;
            }
        }
        Ok(())
    }
}

impl Reader<'_> {
    fn labels(&self, series: &Series, own: &Labels) -> Labels {
        if let Some(known) = series.labels.get() {
            return known.clone();
        }
        let words = &self.memory.words;
        let (metric, pairs) = parse_id(&series.name).unwrap_or_default();
        let mut all: Vec<(Arc<str>, Arc<str>)> = Vec::with_capacity(pairs.len() + 4);
        let is_taken = |all: &[(Arc<str>, Arc<str>)], name: &str| {
            all.iter().any(|(known, _)| **known == *name)
                || pairs.iter().any(|(known, value)| *known == *name && !value.is_empty())
        };
        for (name, value) in own.iter() {
            all.push((words.share(name), words.share(value)));
        }
        for (name, value) in &pairs {
            let mut called = name.to_string();
            if !own.get(name).is_empty() && !value.is_empty() {
                while is_taken(&all, &called) {
                    called.insert_str(0, "exported_");
                }
            }
            if own.get(&called).is_empty() {
                all.push((words.share(&called), words.share(value)));
            }
        }
        all.push((words.share(NAME), words.share(&metric)));
        Labels::from_pairs(all)
    }
}

/// False when the labels of a target say that none of its series is meant.
fn may_match(target: &Target, selection: &Selection<'_>) -> bool {
    selection.matchers.iter().all(|matcher| {
        let own = target.own.get(&matcher.name);
        own.is_empty() || matcher.matches(own)
    })
}

/// The samples of a series and, where it ended, a marker.
fn points(target: &Target, series: &Series, selection: &Selection<'_>) -> Vec<Point> {
    let newest = target.times.last().copied();
    if let Some(at) = newest.filter(|at| selection.newest && *at <= selection.to)
        && series.stamps.is_empty()
    {
        let is_there = usize::from(series.open.len()) == target.times.len();
        let last = series.open.last().filter(|bits| is_there && *bits != STALE);
        // Absent in the newest scrape: whatever came before, it ended.
        let last = last.map(|bits| Point { at, value: f64::from_bits(bits) });
        return last.into_iter().collect();
    }
    let mut out = Out { all: Vec::new(), stamped: false };
    let skip = usize::try_from(series.first.saturating_sub(target.first)).unwrap_or(usize::MAX);
    let own = |at: i64| {
        let found = series.stamps.binary_search_by_key(&at, |(scrape, _)| *scrape).ok()?;
        series.stamps.get(found).map(|(_, stamp)| *stamp)
    };
    let is_far = |times: &[i64]| {
        let before = times.last().is_none_or(|last| *last < selection.from);
        let after = times.first().is_none_or(|first| *first > selection.to);
        series.stamps.is_empty() && (before || after)
    };
    for (times, sealed) in target.blocks.iter().skip(skip).zip(&series.sealed) {
        if is_far(times) {
            // What was absent before is no end of what is asked for.
            continue;
        }
        out.fill(times, Sealed::values(sealed), own);
    }
    if !is_far(&target.times) {
        out.fill(&target.times, series.open.values(), own);
    }
    out.all
}

struct Out {
    all: Vec<Point>,
    /// The last one came with a time of its own: it lingers, as in Prometheus, and has no end.
    stamped: bool,
}

impl Out {
    fn fill(
        &mut self,
        times: &[i64],
        values: impl Iterator<Item = u64>,
        own: impl Fn(i64) -> Option<i64>,
    ) {
        let values = values.map(Some).chain(std::iter::repeat(None));
        for (at, bits) in times.iter().zip(values) {
            if let Some(bits) = bits.filter(|bits| *bits != STALE) {
                let stamp = own(*at);
                self.stamped = stamp.is_some();
                self.all.push(Point { at: stamp.unwrap_or(*at), value: f64::from_bits(bits) });
            } else if !self.stamped
                && self.all.last().is_some_and(|last| !promql::is_stale(last.value))
            {
                self.all.push(Point { at: *at, value: promql::STALE });
            }
        }
    }
}

#[cfg(test)]
#[path = "source_tests.rs"]
mod tests;
