//! Results of tests made into what one sends to a carrier: a summary, a CSV and a PDF.
//!
//! In: results with the period, the zone and what was promised, as plain data.
//! Out: a [`Report`], and from it bytes.
//! Never: queries, reads a clock, touches a file, decides what is well beyond what was promised.
//!
//! A [`Builder`] takes the results one by one in the order in which they were due and holds numbers
//! only, so a year of them needs little memory. What was measured during maintenance is told and not
//! counted (SPEC D-22). The digest of a report is the SHA-256 of its results as the CSV states them,
//! line by line: `grep '^result,' report.csv | sha256sum` prints it, and [`verify`] compares.

pub mod chart;
pub mod csv;
pub mod pdf;
pub mod row;
pub mod stats;
pub mod summary;
pub mod verdict;
pub mod verify;

pub use row::Row;
pub use stats::Stats;
pub use summary::{Asked, Builder, Report, summarize};
pub use verdict::{Outcome, Verdict};

use chrono_tz::Tz;

use crate::model::Timestamp;

/// A moment as a report shows it: by the clocks of its zone, with their distance from UTC.
#[must_use]
pub fn shown(at: Timestamp, zone: Tz) -> String {
    match at.to_utc() {
        Some(utc) => utc.with_timezone(&zone).format("%Y-%m-%d %H:%M:%S %:z").to_string(),
        None => at.to_string(),
    }
}
