//! From parcels to series with labels and one sample each: in order, and with an end for what has
//! ended.
//!
//! What ended is found here and not where parcels are made: it is what the receiver was told last
//! that counts, also when parcels between were dropped.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::labels::{self, Target};
use super::parcel::{Body, Parcel, Row, Source};
use super::wire::{Label, STALE, Sample, TimeSeries};
use crate::model::scrape::REPORT_SERIES;
use crate::model::{Check, Layout, Name, Scrape, Timestamp};

/// What a receiver was told last of a source.
#[derive(Debug)]
struct Told {
    at: Timestamp,
    what: What,
    /// The last time of series that came with times of their own.
    stamps: HashMap<Name, i64>,
}

#[derive(Debug)]
enum What {
    Series(Arc<Layout>, Target),
    Rows(Arc<[Row]>),
}

/// A parcel that is being sent.
#[derive(Debug)]
struct Open {
    parcel: Parcel,
    target: Target,
    stamps: HashMap<u32, i64>,
    /// Series that end, already with their labels.
    ended: Vec<Vec<Label>>,
    /// How many of the parcel's own are sent.
    at: usize,
}

/// The state of one receiver.
#[derive(Debug)]
pub(super) struct Expander {
    external: BTreeMap<String, String>,
    told: HashMap<Source, Told>,
    open: Option<Open>,
    /// Samples that could not be sent: of an earlier time than one before, or with names that no
    /// receiver takes.
    left_out: u64,
}

impl Expander {
    pub fn new(external: BTreeMap<String, String>) -> Self {
        Self { external, told: HashMap::new(), open: None, left_out: 0 }
    }

    /// Samples that were left out since this was last asked.
    pub fn left_out(&mut self) -> u64 {
        std::mem::take(&mut self.left_out)
    }

    /// True when nothing of a parcel is left.
    pub const fn is_empty(&self) -> bool {
        self.open.is_none()
    }

    /// How many samples of the parcel that is being sent are left, about.
    pub fn rest(&self) -> usize {
        self.open
            .as_ref()
            .map_or(0, |open| open.parcel.samples().saturating_sub(open.at) + open.ended.len())
    }

    /// Begins a parcel; the one before must be finished.
    pub fn begin(&mut self, parcel: Parcel) {
        let before = self.told.get(&parcel.source);
        if before.is_some_and(|told| told.at >= parcel.at) {
            match parcel.body {
                // Its time is that of its last sample at least: a moment later it is over.
                Body::Gone => {
                    let at = before.map_or(parcel.at, |told| told.at).millis() + 1;
                    return self.begin(Parcel { at: Timestamp::from_millis(at), ..parcel });
                }
                _ => self.left_out += parcel.samples() as u64,
            }
            return;
        }
        let mut open = Open {
            target: Target::new(),
            stamps: HashMap::new(),
            ended: Vec::new(),
            at: 0,
            parcel,
        };
        let told = self.told.remove(&open.parcel.source);
        let (at, source) = (open.parcel.at, open.parcel.source.clone());
        let (before, mut stamps) = match told {
            Some(told) => (Some(told.what), told.stamps),
            None => (None, HashMap::new()),
        };
        let what = match open.parcel.body.clone() {
            Body::Scrape(check, scrape) => {
                open.target = labels::of_target(&check);
                self.end_series(&mut open, before.as_ref(), Some(&scrape.layout), &stamps);
                open.stamps = scrape.stamps.iter().copied().collect();
                let layout = Arc::clone(&scrape.layout);
                if !stamps.is_empty() && !same_layout(before.as_ref(), &layout) {
                    stamps.retain(|name, _| layout.series.contains(name));
                }
                What::Series(layout, open.target.clone())
            }
            Body::Recorded(made) => {
                let layout = Arc::clone(&made.layout);
                self.end_series(&mut open, before.as_ref(), Some(&layout), &stamps);
                What::Series(layout, Target::new())
            }
            Body::Rows(rows) => {
                self.end_rows(&mut open, before.as_ref(), &rows);
                What::Rows(rows)
            }
            Body::Gone => {
                self.end_series(&mut open, before.as_ref(), None, &stamps);
                self.end_rows(&mut open, before.as_ref(), &[]);
                self.open = Some(open);
                return;
            }
        };
        self.told.insert(source, Told { at, what, stamps });
        self.open = Some(open);
    }

    /// Ends the series of a target that a scrape has no more. Those that came with times of their own
    /// have no end: they linger, as in Prometheus.
    fn end_series(
        &self,
        open: &mut Open,
        before: Option<&What>,
        now: Option<&Arc<Layout>>,
        stamps: &HashMap<Name, i64>,
    ) {
        let Some(What::Series(layout, target)) = before else { return };
        // Another address: the same names are other series.
        let moved = now.is_none() || *target != open.target;
        if !moved && now.is_some_and(|now| Arc::ptr_eq(now, layout) || now.is_same(layout)) {
            return;
        }
        let still: std::collections::HashSet<&str> = match now {
            Some(now) if !moved => now.series.iter().map(AsRef::as_ref).collect(),
            _ => std::collections::HashSet::new(),
        };
        // Only a target has a report.
        let report: &[&str] = if moved && !target.is_empty() { &REPORT_SERIES } else { &[] };
        let gone = layout.series.iter().filter(|name| !stamps.contains_key(*name));
        let gone = gone.map(AsRef::as_ref).filter(|name| !still.contains(name));
        let gone = gone.chain(report.iter().copied());
        open.ended.extend(gone.filter_map(|id| labels::of_series(id, target, &self.external)));
    }

    fn end_rows(&self, open: &mut Open, before: Option<&What>, now: &[Row]) {
        let Some(What::Rows(rows)) = before else { return };
        let same = rows.len() == now.len() && rows.iter().zip(now).all(|(a, b)| a.is_same(b));
        if same {
            return;
        }
        let gone = rows.iter().filter(|row| !now.iter().any(|still| still.is_same(row)));
        let source = &open.parcel.source;
        let ended: Vec<Vec<Label>> =
            gone.map(|row| labels::of_row(source, row, &self.external)).collect();
        open.ended.extend(ended);
    }

    /// The next series; `None` when the parcel is finished.
    pub fn next(&mut self) -> Option<TimeSeries> {
        let Self { external, told, open: slot, left_out } = self;
        let open = slot.as_mut()?;
        let at = open.parcel.at.millis();
        if let Some(labels) = open.ended.pop() {
            return Some(one(labels, f64::from_bits(STALE), at));
        }
        loop {
            let place = open.at;
            open.at += 1;
            match &open.parcel.body {
                Body::Rows(rows) => {
                    if let Some(row) = rows.get(place) {
                        let labels = labels::of_row(&open.parcel.source, row, external);
                        return Some(one(labels, row.value, at));
                    }
                }
                Body::Recorded(made) => {
                    if let Some((id, value)) = own(made, place) {
                        match labels::of_series(id, &[], external) {
                            Some(labels) => return Some(one(labels, value, at)),
                            None => *left_out += 1,
                        }
                        continue;
                    }
                }
                Body::Scrape(_, scrape) => {
                    if let Some((id, value)) = scraped(scrape, place) {
                        let own = place.checked_sub(REPORT_SERIES.len());
                        let stamp = own.and_then(|own| u32::try_from(own).ok());
                        let stamp = stamp.and_then(|own| open.stamps.get(&own)).copied();
                        let known = told.get_mut(&open.parcel.source);
                        if let (Some(stamp), Some(known)) = (stamp, known)
                            && !known.is_later(scrape, own, stamp)
                        {
                            continue;
                        }
                        match labels::of_series(id, &open.target, external) {
                            Some(labels) => return Some(one(labels, value, stamp.unwrap_or(at))),
                            None => *left_out += 1,
                        }
                        continue;
                    }
                }
                Body::Gone => {}
            }
            *slot = None;
            return None;
        }
    }
}

impl Told {
    /// True when a sample with a time of its own is later than the one before of its series; the same
    /// sample again says nothing.
    fn is_later(&mut self, scrape: &Scrape, own: Option<usize>, stamp: i64) -> bool {
        let Some(name) = own.and_then(|own| scrape.layout.series.get(own)) else { return false };
        match self.stamps.get_mut(name) {
            Some(last) if *last >= stamp => false,
            Some(last) => {
                *last = stamp;
                true
            }
            None => {
                self.stamps.insert(Name::clone(name), stamp);
                true
            }
        }
    }
}

fn same_layout(before: Option<&What>, now: &Arc<Layout>) -> bool {
    matches!(before, Some(What::Series(layout, _)) if layout.is_same(now))
}

/// The series at a place of a scrape, those of its report first.
fn scraped(scrape: &Scrape, place: usize) -> Option<(&str, f64)> {
    if let Some(name) = REPORT_SERIES.get(place) {
        return Some((name, *scrape.report.values().get(place)?));
    }
    own(scrape, place - REPORT_SERIES.len())
}

/// The series at a place of what a scrape or a rule gave.
fn own(made: &Scrape, place: usize) -> Option<(&str, f64)> {
    Some((made.layout.series.get(place)?, *made.values.get(place)?))
}

fn one(labels: Vec<Label>, value: f64, timestamp: i64) -> TimeSeries {
    TimeSeries { labels, samples: vec![Sample { value, timestamp }] }
}

/// The check of a scrape's parcel.
impl Parcel {
    /// What a check scraped.
    #[must_use]
    pub fn scraped(check: &Arc<Check>, scrape: &Arc<Scrape>, at: Timestamp) -> Self {
        let body = Body::Scrape(Arc::clone(check), Arc::clone(scrape));
        Self { source: Source::Scraped(check.key.clone()), at, body }
    }
}
