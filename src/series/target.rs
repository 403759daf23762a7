//! The series of one target: a column of times, and beside it a column of values per series.
//!
//! All series of a target are scraped at once, so the time of a sample is that of its scrape and
//! is kept once. A series that was absent in a scrape is stale at that moment, by its absence
//! alone. Blocks of [`BLOCK`] scrapes are the unit of forgetting.

use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, OnceLock};

use super::Found;
use super::column::{Column, STALE, Sealed};
use crate::model::scrape::REPORT_SERIES;
use crate::model::selector::parse_id;
use crate::model::{Layout, Name, Scrape, Span, Timestamp};
use crate::promql::Labels;

/// Scrapes of one block.
pub(super) const BLOCK: usize = 120;
/// How long a sample with a time of its own counts after its last scrape.
const LINGER: Span = Span::from_secs(300);
/// What a series costs besides its name and its columns: its record and its places in the indices.
const OVERHEAD: usize = size_of::<Series>() + 64;

/// One series.
#[derive(Debug)]
pub(super) struct Series {
    pub name: Name,
    /// Its labels with those of the target, once a selector has found it.
    pub labels: OnceLock<Labels>,
    /// The block that the first of `sealed` belongs to.
    pub first: u64,
    pub sealed: VecDeque<Sealed>,
    pub open: Column,
    /// Times that the exposition gave, as far as they differ from the scrape's: scrape, time.
    pub stamps: VecDeque<(i64, i64)>,
}

/// The series of one target.
#[derive(Debug, Default)]
pub(super) struct Target {
    /// The labels that all its series have besides their own.
    pub own: Labels,
    /// True for what rules record: no scrape, so that no series say how it went.
    is_recorded: bool,
    /// Number of the oldest block that is kept.
    pub first: u64,
    /// Times of the sealed blocks, in milliseconds.
    pub blocks: VecDeque<Box<[i64]>>,
    /// Times of the open block.
    pub times: Vec<i64>,
    series: Vec<Option<Series>>,
    free: Vec<u32>,
    index: HashMap<Name, u32>,
    /// Where the series of a metric are.
    metrics: HashMap<Name, Vec<u32>>,
    /// The layout of the last scrape and where its series are; the report's come first.
    layout: Option<(Arc<Layout>, Vec<u32>)>,
    /// Samples that are kept.
    pub samples: u64,
    /// Bytes of memory.
    pub bytes: usize,
    /// Series of the last scrape that found no room.
    pub refused: u64,
}

impl Target {
    /// Nothing yet, of a target with these labels.
    pub fn new(own: Labels, is_recorded: bool) -> Self {
        Self { own, is_recorded, ..Self::default() }
    }

    /// Nothing any more.
    pub fn clear(&mut self) {
        *self = Self::new(std::mem::take(&mut self.own), self.is_recorded);
    }

    /// Gives the target other labels.
    pub fn label(&mut self, own: Labels) {
        if self.own != own {
            self.own = own;
            for series in self.series.iter_mut().flatten() {
                series.labels = OnceLock::new();
            }
        }
    }

    /// The series at a place.
    pub fn at(&self, place: u32) -> Option<&Series> {
        self.series.get(place as usize)?.as_ref()
    }

    /// Where the series of a metric are; of any metric when none is named.
    pub fn places(&self, metric: Option<&str>) -> Vec<u32> {
        match metric {
            Some(metric) => self.metrics.get(metric).cloned().unwrap_or_default(),
            None => self.index.values().copied().collect(),
        }
    }

    /// Series that are kept.
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// The oldest time that is kept.
    pub fn oldest(&self) -> Option<i64> {
        self.blocks.front().and_then(|times| times.first()).or(self.times.first()).copied()
    }

    /// True when all of the oldest sealed block is before a time.
    pub fn is_over(&self, before: i64) -> bool {
        let last = self.blocks.front().and_then(|times| times.last());
        last.is_some_and(|last| *last < before)
    }

    /// True when there is a block that can be forgotten without the one that grows.
    pub fn has_sealed(&self) -> bool {
        !self.blocks.is_empty()
    }

    /// Adds a scrape of the moment `at`, with room for `room` new series. False when it is not
    /// later than the last one: then nothing is added.
    pub fn append(&mut self, scrape: &Scrape, at: i64, room: usize) -> bool {
        let last = self.times.last().or_else(|| self.blocks.back().and_then(|times| times.last()));
        if last.is_some_and(|last| *last >= at) {
            return false;
        }
        let places = match self.layout.take() {
            Some((known, places))
                if Arc::ptr_eq(&known, &scrape.layout) || known.is_same(&scrape.layout) =>
            {
                places
            }
            _ => self.place(&scrape.layout, room),
        };
        let row = u16::try_from(self.times.len()).unwrap_or(u16::MAX);
        self.times.push(at);
        self.bytes += size_of::<i64>();
        let report = scrape.report.values();
        let report = if self.is_recorded { &[] } else { &report[..] };
        for (place, value) in places.iter().zip(report.iter().chain(&scrape.values)) {
            let Some(Some(series)) = self.series.get_mut(*place as usize) else { continue };
            let before = series.open.heap();
            // Absent since its last value: stale at each scrape between.
            while series.open.len() < row {
                series.open.push(STALE);
            }
            series.open.push(value.to_bits());
            self.bytes += series.open.heap() - before;
            self.samples += 1;
        }
        for (slot, stamp) in &scrape.stamps {
            let place = places.get(*slot as usize + report.len());
            let series = place.and_then(|place| self.series.get_mut(*place as usize));
            if let Some(Some(series)) = series {
                series.stamps.push_back((at, *stamp));
                self.bytes += size_of::<(i64, i64)>();
            }
        }
        self.layout = Some((Arc::clone(&scrape.layout), places));
        if self.times.len() >= BLOCK {
            self.seal();
        }
        true
    }

    /// Where the series of a layout are; new ones are made while there is room.
    fn place(&mut self, layout: &Layout, mut room: usize) -> Vec<u32> {
        let report = if self.is_recorded { &[] } else { &REPORT_SERIES[..] };
        let report = report.iter().map(|name| Name::from(*name));
        let mut places = Vec::with_capacity(layout.series.len() + REPORT_SERIES.len());
        self.refused = 0;
        for name in report.chain(layout.series.iter().cloned()) {
            if let Some(place) = self.index.get(&name) {
                places.push(*place);
            } else if room == 0 {
                self.refused += 1;
                places.push(u32::MAX);
            } else {
                room -= 1;
                places.push(self.add(name));
            }
        }
        places
    }

    fn add(&mut self, name: Name) -> u32 {
        self.bytes += OVERHEAD + name.len();
        let series = Some(Series {
            name: Arc::clone(&name),
            labels: OnceLock::new(),
            first: self.first + self.blocks.len() as u64,
            sealed: VecDeque::new(),
            open: Column::default(),
            stamps: VecDeque::new(),
        });
        let place = self.free.pop().unwrap_or_else(|| {
            self.series.push(None);
            u32::try_from(self.series.len() - 1).unwrap_or(u32::MAX)
        });
        if let Some(free) = self.series.get_mut(place as usize) {
            *free = series;
        }
        let metric = metric_of(&name);
        match self.metrics.get_mut(&*metric) {
            Some(places) => places.push(place),
            None => {
                self.bytes += metric.len() + size_of::<(Name, Vec<u32>)>();
                self.metrics.insert(Name::from(&*metric), vec![place]);
            }
        }
        self.index.insert(name, place);
        place
    }

    fn seal(&mut self) {
        let times = std::mem::take(&mut self.times).into_boxed_slice();
        self.blocks.push_back(times);
        for series in self.series.iter_mut().flatten() {
            let before = series.open.heap();
            let sealed = series.open.seal();
            self.bytes = (self.bytes + sealed.heap() + size_of::<Sealed>()).saturating_sub(before);
            series.sealed.push_back(sealed);
        }
    }

    /// Forgets the oldest sealed block, and series that have nothing else; gives the number of
    /// samples.
    pub fn forget_block(&mut self) -> u64 {
        let Some(times) = self.blocks.pop_front() else { return 0 };
        let block = self.first;
        self.first += 1;
        self.bytes = self.bytes.saturating_sub(times.len() * size_of::<i64>());
        let last = times.last().copied().unwrap_or(i64::MIN);
        let mut gone = 0;
        for (place, slot) in self.series.iter_mut().enumerate() {
            let Some(series) = slot else { continue };
            if series.first == block
                && let Some(sealed) = series.sealed.pop_front()
            {
                series.first += 1;
                gone += sealed.values().filter(|value| *value != STALE).count() as u64;
                self.bytes = self.bytes.saturating_sub(sealed.heap() + size_of::<Sealed>());
            }
            while series.stamps.front().is_some_and(|(at, _)| *at <= last) {
                series.stamps.pop_front();
                self.bytes = self.bytes.saturating_sub(size_of::<(i64, i64)>());
            }
            let is_empty = series.open.len() == 0 && series.sealed.iter().all(|s| s.len() == 0);
            if is_empty {
                let empty = series.sealed.len() * size_of::<Sealed>();
                self.bytes = self.bytes.saturating_sub(OVERHEAD + series.name.len() + empty);
                self.index.remove(&series.name);
                let place = u32::try_from(place).unwrap_or(u32::MAX);
                let metric = metric_of(&series.name);
                if let Some(places) = self.metrics.get_mut(&*metric) {
                    places.retain(|known| *known != place);
                    if places.is_empty() {
                        let cost = metric.len() + size_of::<(Name, Vec<u32>)>();
                        self.bytes = self.bytes.saturating_sub(cost);
                        self.metrics.remove(&*metric);
                    }
                }
                *slot = None;
                self.free.push(place);
                // The place may be given away: the layout's places are looked up anew.
                self.layout = None;
            }
        }
        self.samples = self.samples.saturating_sub(gone);
        gone
    }

    /// Calls `each` with the name of every series, in no order, until it says no.
    pub fn names(&self) -> impl Iterator<Item = &Name> {
        self.index.keys()
    }

    /// The samples of a series from the newest back, `None` where it is stale, with their times;
    /// `None` when there is no such series.
    pub fn samples_of(&self, name: &str) -> Option<Vec<Found>> {
        let series = self.series.get(*self.index.get(name)? as usize)?.as_ref()?;
        let mut out = Vec::new();
        let skip = usize::try_from(series.first.saturating_sub(self.first)).unwrap_or(usize::MAX);
        for (times, sealed) in self.blocks.iter().skip(skip).zip(&series.sealed) {
            fill(&mut out, times, sealed.values());
        }
        fill(&mut out, &self.times, series.open.values());
        if !series.stamps.is_empty() {
            let own: HashMap<i64, i64> = series.stamps.iter().copied().collect();
            for found in &mut out {
                if let Some(stamp) = own.get(&found.at.millis()) {
                    found.at = Timestamp::from_millis(*stamp);
                }
            }
        }
        Some(out)
    }

    /// The last value of a series and its time; `None` for the value when it is stale.
    pub fn last(&self, name: &str) -> Option<Found> {
        let series = self.series.get(*self.index.get(name)? as usize)?.as_ref()?;
        let at = self.times.last().or_else(|| self.blocks.back().and_then(|times| times.last()));
        let at = Timestamp::from_millis(*at?);
        let whole = if self.times.is_empty() { BLOCK } else { self.times.len() };
        let bits = if self.times.is_empty() {
            let sealed = series.sealed.back()?;
            (usize::from(sealed.len()) == whole).then(|| sealed.values().last()).flatten()
        } else {
            (usize::from(series.open.len()) == whole).then(|| series.open.last()).flatten()
        };
        let value = bits.filter(|bits| *bits != STALE).map(f64::from_bits);
        if value.is_none() && !series.stamps.is_empty() {
            // What came with a time of its own gets no end: it lingers, as in Prometheus.
            let last = self.samples_of(name)?.into_iter().rfind(|found| found.value.is_some());
            return last.filter(|found| at.since(found.at) <= LINGER).or(Some(Found { at, value }));
        }
        Some(Found { at, value })
    }
}

/// The name of a series' metric.
fn metric_of(series: &str) -> Cow<'_, str> {
    parse_id(series).map_or(Cow::Borrowed(series), |(metric, _)| metric)
}

/// Joins times and values; a column that ends early is stale from there on.
fn fill(out: &mut Vec<Found>, times: &[i64], values: impl Iterator<Item = u64>) {
    let values = values.map(Some).chain(std::iter::repeat(None));
    out.extend(times.iter().zip(values).map(|(at, bits)| Found {
        at: Timestamp::from_millis(*at),
        value: bits.filter(|bits| *bits != STALE).map(f64::from_bits),
    }));
}
