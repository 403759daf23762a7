//! Both exposition formats behind one reader: samples in, one at a time, and nothing kept.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;

use super::token::{Bad, Labels, canonical_bound, unescape};
use super::{openmetrics, text};
use crate::model::spec::Exposition;

/// One sample as it stands in the body.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sample<'a> {
    /// Name and labels, byte for byte.
    pub raw: &'a [u8],
    /// Where the name stands; empty when the series is the expected one.
    pub name: Range<usize>,
    /// The value.
    pub value: f64,
    /// Its own time in milliseconds of Unix time.
    pub stamp: Option<i64>,
    /// True when `raw` is what was expected, so that the labels were not read.
    pub is_known: bool,
}

/// The family that the present lines belong to.
#[derive(Debug, Default)]
pub(super) struct Family {
    /// The label that holds a bound, for histograms and summaries.
    pub kind: Option<&'static str>,
    /// True in a family of type `counter`.
    pub is_counter: bool,
    name: Vec<u8>,
    closed: HashSet<Vec<u8>>,
}

/// What a family's samples may have behind its name.
const SUFFIXES: [&[u8]; 9] =
    [b"_total", b"_created", b"_bucket", b"_count", b"_sum", b"_gcount", b"_gsum", b"_info", b""];

impl Family {
    /// Metadata of a family begins or goes on.
    pub fn enter(&mut self, name: &[u8], at: usize) -> Result<(), Bad> {
        if self.name == name {
            return Ok(());
        }
        let former = std::mem::replace(&mut self.name, name.to_vec());
        if !former.is_empty() {
            self.closed.insert(former);
        }
        (self.kind, self.is_counter) = (None, false);
        if self.closed.contains(name) {
            return Err(Bad::new("the lines of a family are not together", at));
        }
        Ok(())
    }

    /// A sample belongs to the present family, or begins one that has no metadata.
    pub fn holds(&mut self, series: &[u8], at: usize) -> Result<(), Bad> {
        let ends = series.iter().position(|byte| *byte == b'{').unwrap_or(series.len());
        let name = series.get(..ends).unwrap_or(series);
        let rest = name.strip_prefix(self.name.as_slice()).filter(|_| !self.name.is_empty());
        if rest.is_some_and(|suffix| SUFFIXES.contains(&suffix)) {
            return Ok(());
        }
        self.enter(name, at)
    }

    /// True when the series is the family's `_total`.
    pub fn is_total(&self, raw: &[u8]) -> bool {
        raw.strip_prefix(self.name.as_slice()).is_some_and(|rest| rest.starts_with(b"_total"))
    }
}

/// Reads a whole body.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    text: &'a [u8],
    format: Exposition,
    at: usize,
    family: Family,
    labels: Labels,
}

impl<'a> Reader<'a> {
    pub fn new(text: &'a [u8], format: Exposition) -> Self {
        Self { text, format, at: 0, family: Family::default(), labels: Labels::default() }
    }

    /// The next sample; `known` is the series that stood here the last time.
    ///
    /// # Errors
    /// What is wrong; then the whole body is void.
    pub fn next(&mut self, known: &[u8]) -> Result<Option<Sample<'a>>, Bad> {
        let (text, family) = (self.text, &mut self.family);
        match self.format {
            Exposition::Text => text::next(text, &mut self.at, known, family, &mut self.labels),
            Exposition::OpenMetrics => {
                openmetrics::next(text, &mut self.at, known, family, &mut self.labels)
            }
        }
    }

    /// Name and labels of the sample that was read last, decoded: sorted, without empty values,
    /// bounds in their one form.
    ///
    /// # Errors
    /// A label that occurs twice, a name that is not UTF-8.
    pub fn series(&self, sample: &Sample<'a>) -> Result<Decoded<'a>, Bad> {
        let at = sample.name.start;
        let decode = |range: &Range<usize>| {
            let bytes = self.text.get(range.clone()).unwrap_or_default();
            let text = std::str::from_utf8(bytes);
            text.map(unescape).map_err(|_| Bad::new("a name is not UTF-8", at))
        };
        let name = decode(&sample.name)?;
        let mut labels = Vec::with_capacity(self.labels.list.len());
        for label in &self.labels.list {
            let (name, mut value) = (decode(&label.name)?, decode(&label.value)?);
            if name == "__name__" || name.is_empty() {
                return Err(Bad::new("a label must not be called so", label.name.start));
            }
            if self.family.kind == Some(&*name) {
                value = Cow::Owned(canonical_bound(&value).into_owned());
            }
            labels.push((name, value));
        }
        labels.sort();
        if labels.windows(2).any(|two| matches!(two, [a, b] if a.0 == b.0)) {
            return Err(Bad::new("a label occurs twice", at));
        }
        if name.is_empty() {
            return Err(Bad::new("the metric has no name", at));
        }
        labels.retain(|(_, value)| !value.is_empty());
        Ok(Decoded { name, labels })
    }
}

/// A series with its labels by name.
#[derive(Debug)]
pub(super) struct Decoded<'a> {
    pub name: Cow<'a, str>,
    pub labels: Vec<(Cow<'a, str>, Cow<'a, str>)>,
}
