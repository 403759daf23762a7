//! What is handed over: the numbers of one source at one moment.
//!
//! A parcel shares its numbers with everybody else who has them: a scrape of ten thousand series
//! costs a receiver's queue no more than a pointer.

use std::sync::Arc;

use crate::model::{Check, CheckKey, Name, Scrape, Timestamp};

/// Whose numbers come together. A source's parcels are in the order of their times, and what one of
/// them has no more has ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// What was scraped by a check.
    Scraped(CheckKey),
    /// What a check measured.
    Measured(CheckKey),
    /// How a check is.
    Check(CheckKey),
    /// The open alert of a check.
    Alert(CheckKey),
    /// How a host is.
    Host(Name),
    /// What a rule in `PromQL` makes: recorded series, or those that its alerts are.
    Rule(CheckKey),
}

/// What tells a row of the program's own families from the others of its source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Labels {
    /// Host, and check where there is one, say it all.
    None,
    /// A metric, and which one of several.
    Metric(Name, Option<Name>),
    /// How far an alert is, and how bad.
    Alert(&'static str, &'static str),
}

/// A number of one of the program's own families.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The family.
    pub family: &'static str,
    /// Which one of its source.
    pub labels: Labels,
    /// The number.
    pub value: f64,
}

impl Row {
    /// True when both are of the same series of a source.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.family == other.family && self.labels == other.labels
    }
}

/// What a source says.
#[derive(Clone, Debug)]
pub enum Body {
    /// A scrape, by this check.
    Scrape(Arc<Check>, Arc<Scrape>),
    /// Numbers of the program's own families.
    Rows(Arc<[Row]>),
    /// Series of no target: all their labels are their own.
    Recorded(Arc<Scrape>),
    /// Nothing more: all its series end.
    Gone,
}

/// The numbers of one source at one moment.
#[derive(Clone, Debug)]
pub struct Parcel {
    /// Whose.
    pub source: Source,
    /// When.
    pub at: Timestamp,
    /// What.
    pub body: Body,
}

impl Parcel {
    /// How many samples it counts as; at least one.
    #[must_use]
    pub fn samples(&self) -> usize {
        let samples = match &self.body {
            Body::Scrape(_, scrape) => {
                scrape.values.len() + crate::model::scrape::REPORT_SERIES.len()
            }
            Body::Rows(rows) => rows.len(),
            Body::Recorded(made) => made.values.len(),
            Body::Gone => 1,
        };
        samples.max(1)
    }
}
