//! Every number and state to others, as Prometheus remote write 1.0.
//!
//! In: what the engine judged, scraped and recorded, as it happens. Out: requests to the receivers that
//! `[[remote_write]]` names, and how that goes.
//! Never: makes monitoring or judgement wait, keeps anything on disk, tries for ever to hand over
//! what a receiver refused.
//!
//! | what | where |
//! |---|---|
//! | what is handed over: a source, its time, its numbers | `parcel` |
//! | the bounded queue of a receiver: full, the oldest goes | `queue` |
//! | from parcels to series with labels, ends of series, order | `expand`, `labels` |
//! | the bytes of a request | `wire` |
//! | one request, and what its answer means | `deliver` |
//! | the loop of one receiver: fill, send, wait, give up | `sender` |
//! | what an operator hears of it | `health` |
//!
//! The queue is memory: what waits at the end of the process is sent within [`FLUSH`] or lost. Each
//! receiver has its own queue and task, so one that fails holds up no other.

mod deliver;
mod expand;
mod health;
mod labels;
mod parcel;
mod queue;
mod sender;
mod tap;
#[cfg(test)]
mod tests;
mod wire;

use crate::model::Span;

pub use health::Trouble;
pub use parcel::{Body, Labels, Parcel, Row, Source};
pub use tap::{Sending, Tap, tap};
pub use wire::{Label, Sample, TimeSeries, WriteRequest, unpacked};

/// What is left at the end of the process is sent within this time.
pub const FLUSH: Span = Span::from_secs(3);
