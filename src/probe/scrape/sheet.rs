//! From a body to a [`Scrape`]: the series of the last scrape are known again by their bytes.
//!
//! An exposition mostly has the lines of the one before, in the same order and with other values.
//! So each line is first compared with the one that stood there; only what differs is read label
//! by label, and only then is there a new [`Layout`].

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use super::reader::{Reader, Sample};
use super::token::Bad;
use crate::model::selector::series_id;
use crate::model::spec::Exposition;
use crate::model::{Layout, Name, Scrape, ScrapeReport};

/// Most labels of a series.
const LABEL_LIMIT: usize = 64;
/// Longest name of a series or label, in bytes.
const NAME_LIMIT: usize = 512;
/// Longest value of a label, in bytes.
const VALUE_LIMIT: usize = 4096;

/// A line of the last exposition.
#[derive(Debug)]
struct Line {
    /// Its series, byte for byte; `None` when it is written as in the layout.
    raw: Option<Box<[u8]>>,
    /// The place of its series in the layout.
    slot: u32,
    /// True for the second and later of one series: the first is kept, the rest dropped.
    is_duplicate: bool,
}

/// What a target's last good scrape looked like.
#[derive(Debug, Default)]
pub struct Sheet {
    lines: Vec<Line>,
    layout: Arc<Layout>,
    /// False after a failed scrape: then all series are new again.
    is_up: bool,
    pub(super) chosen: super::select::Chosen,
}

/// A sample on its way into a new layout.
struct Found<'a> {
    raw: &'a [u8],
    id: Name,
    value: f64,
    stamp: Option<i64>,
}

impl Sheet {
    /// The scrape failed: the next one begins anew.
    pub(super) const fn failed(&mut self) {
        self.is_up = false;
    }

    /// Reads a whole body of at most `max_samples` samples.
    ///
    /// # Errors
    /// What is wrong with it; then nothing of it counts.
    pub(super) fn read(
        &mut self,
        text: &[u8],
        format: Exposition,
        max_samples: u32,
    ) -> Result<Scrape, Bad> {
        let mut reader = Reader::new(text, format);
        let mut values = vec![0.0; self.layout.series.len()];
        let mut stamps = Vec::new();
        let mut samples = 0;
        let odd = loop {
            let line = self.lines.get(samples);
            let known = line.map_or(&b""[..], |line| self.raw(line));
            let Some(sample) = reader.next(known)? else { break None };
            let line = match line {
                Some(line) if sample.is_known => line,
                _ => break Some(sample),
            };
            if let Some(place) = values.get_mut(line.slot as usize)
                && !line.is_duplicate
            {
                *place = sample.value;
                stamps.extend(sample.stamp.map(|stamp| (line.slot, stamp)));
            }
            samples += 1;
            if samples > max_samples as usize {
                return Err(too_many(max_samples, text));
            }
        };
        let added = if odd.is_none() && samples == self.lines.len() {
            if self.is_up { 0 } else { self.layout.series.len() }
        } else {
            let known = (&values[..], &stamps[..], samples);
            let found = self.rest(text, &mut reader, known, odd, max_samples)?;
            samples = found.len();
            (values, stamps) = (Vec::new(), Vec::new());
            let (lines, layout) = build(found, &mut values, &mut stamps);
            self.lines = lines;
            self.chosen.forget();
            let former = std::mem::replace(&mut self.layout, layout);
            let old = if self.is_up { former } else { Arc::default() };
            added(&old, &self.layout)
        };
        self.is_up = true;
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let report = ScrapeReport {
            up: true,
            duration: 0.0,
            samples: count(samples),
            kept: count(samples),
            added: count(added),
        };
        Ok(Scrape { layout: Arc::clone(&self.layout), values, stamps, report })
    }

    fn raw<'a>(&'a self, line: &'a Line) -> &'a [u8] {
        if let Some(raw) = &line.raw {
            return raw;
        }
        let id = self.layout.series.get(line.slot as usize);
        id.map_or(&b""[..], |id| id.as_bytes())
    }

    /// The lines so far as they were, and all that follow them.
    fn rest<'a>(
        &'a self,
        text: &'a [u8],
        reader: &mut Reader<'a>,
        (values, stamps, count): (&[f64], &[(u32, i64)], usize),
        odd: Option<Sample<'a>>,
        max_samples: u32,
    ) -> Result<Vec<Found<'a>>, Bad> {
        let id_of = |line: &Line| self.layout.series.get(line.slot as usize).cloned();
        let stamps: HashMap<u32, i64> = stamps.iter().copied().collect();
        let mut found: Vec<Found<'a>> = Vec::with_capacity(self.lines.len());
        for line in self.lines.iter().take(count) {
            let raw = self.raw(line);
            let Some(id) = id_of(line) else { continue };
            let value = values.get(line.slot as usize).copied().unwrap_or_default();
            let stamp = stamps.get(&line.slot).copied();
            found.push(Found { raw, id, value, stamp });
        }
        let mut by_raw: Option<HashMap<&[u8], usize>> = None;
        let mut expected = count;
        let mut next = odd;
        while let Some(sample) = next {
            if found.len() >= max_samples as usize {
                return Err(too_many(max_samples, text));
            }
            let map = by_raw.get_or_insert_with(|| {
                self.lines.iter().enumerate().map(|(at, line)| (self.raw(line), at)).collect()
            });
            let at = if sample.is_known { Some(expected) } else { map.get(sample.raw).copied() };
            let id = at.and_then(|at| self.lines.get(at)).and_then(id_of);
            expected = at.map_or(expected, |at| at + 1);
            let id = match id {
                Some(id) => id,
                None => decode(reader, &sample, text)?,
            };
            found.push(Found { raw: sample.raw, id, value: sample.value, stamp: sample.stamp });
            let known = self.lines.get(expected).map_or(&b""[..], |line| self.raw(line));
            next = reader.next(known)?;
        }
        Ok(found)
    }
}

/// Makes a new layout of what was found.
fn build(
    found: Vec<Found<'_>>,
    values: &mut Vec<f64>,
    stamps: &mut Vec<(u32, i64)>,
) -> (Vec<Line>, Arc<Layout>) {
    let mut places: HashMap<Name, u32> = HashMap::with_capacity(found.len());
    let mut series = Vec::with_capacity(found.len());
    let mut lines = Vec::with_capacity(found.len());
    for Found { raw, id, value, stamp } in found {
        let (slot, is_duplicate) = match places.entry(Arc::clone(&id)) {
            Entry::Occupied(first) => (*first.get(), true),
            Entry::Vacant(vacant) => {
                let slot = u32::try_from(series.len()).unwrap_or(u32::MAX);
                vacant.insert(slot);
                values.push(value);
                stamps.extend(stamp.map(|stamp| (slot, stamp)));
                series.push(Arc::clone(&id));
                (slot, false)
            }
        };
        let same = raw == id.as_bytes();
        lines.push(Line { raw: (!same).then(|| raw.into()), slot, is_duplicate });
    }
    let mut hasher = DefaultHasher::new();
    series.hash(&mut hasher);
    let id = if series.is_empty() { 0 } else { hasher.finish() };
    (lines, Arc::new(Layout { id, series }))
}

fn too_many(limit: u32, text: &[u8]) -> Bad {
    Bad::new(format!("more than {limit} samples"), text.len())
}

fn decode(reader: &Reader<'_>, sample: &Sample<'_>, text: &[u8]) -> Result<Name, Bad> {
    let series = reader.series(sample)?;
    let at = sample.raw.as_ptr().addr().saturating_sub(text.as_ptr().addr());
    let bad = |why: String| Err(Bad::new(why, at));
    if series.labels.len() > LABEL_LIMIT {
        return bad(format!("a series has more than {LABEL_LIMIT} labels"));
    }
    let long = |name: &str| name.len() > NAME_LIMIT;
    if long(&series.name) || series.labels.iter().any(|(name, _)| long(name)) {
        return bad(format!("a name is longer than {NAME_LIMIT} bytes"));
    }
    if series.labels.iter().any(|(_, value)| value.len() > VALUE_LIMIT) {
        return bad(format!("the value of a label is longer than {VALUE_LIMIT} bytes"));
    }
    Ok(series_id(&series.name, &series.labels).into())
}

/// How many series the former layout does not have.
fn added(former: &Layout, now: &Layout) -> usize {
    let old: std::collections::HashSet<&Name> = former.series.iter().collect();
    now.series.iter().filter(|id| !old.contains(id)).count()
}
