//! The worker: claims checks, probes, reports. The same loop for every place where probes run.
//!
//! In: assignments and directives from a backend. Out: reports.
//! Never: judges or stores.

pub mod jobs;
mod lag;
mod outlet;
mod run;
mod source;
mod traces;

pub use run::{Worker, run};
pub use source::{Simulation, Source};
