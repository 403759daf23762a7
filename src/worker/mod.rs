//! The worker: claims checks, probes, reports. The same loop for every place where probes run: in a
//! server, and in an agent whose servers may be away.
//!
//! In: assignments and directives from a backend. Out: reports.
//! Never: judges or stores; an agent only lets wait what no server took.

mod files;
pub mod jobs;
mod keep;
mod lag;
mod link;
mod orders;
mod outlet;
mod post;
mod remote;
mod roll;
mod run;
mod session;
mod source;
mod spool;
mod traces;

pub use keep::{Identity, Keep, Roll};
pub use remote::{Agent, run_agent};
pub use run::{Worker, run};
pub use source::{Simulation, Source};
pub use spool::{Limits, Parcel, Spool};
