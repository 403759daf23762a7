//! Judgment: what an observation means, when a problem is real, and who must be told.
//!
//! In: plain data of `model` and the time, as arguments.
//! Out: verdicts, statuses, alerts with their edges and notices, and when to look again.
//! Never: reads a clock, awaits, touches network, file or store, sends anything.
//!
//! One result runs through them in this order: [`mod@evaluate`] (observation to state), [`attempts`]
//! (state to soft or hard), [`flapping`] (whether it changes too often to be told), [`suppress`] (which windows cover it), [`alert`] (the episode and its
//! edges), [`notify`] (which edge is told to whom, called by [`alert::step`]). The stories in
//! `tests/scenarios/` prove them together.

pub mod alert;
pub mod attempts;
pub mod evaluate;
pub mod flapping;
pub mod notify;
pub mod suppress;

pub use alert::{Input, Step};
pub use attempts::Freshness;
pub use evaluate::{Verdict, evaluate};
pub use notify::Notice;
pub use suppress::{Cover, cover};

#[cfg(test)]
mod property_tests;
