//! Judgment: what an observation means, when a problem is real, and who must be told.
//!
//! In: plain data of `model` and the time, as arguments.
//! Out: verdicts, statuses, alerts with their edges and notices, and when to look again.
//! Never: reads a clock, awaits, touches network, file or store, sends anything.
//!
//! One result runs through them in this order: [`mod@evaluate`] (observation to state), [`sight`]
//! (whether the engine sees anything at all), [`attempts`]
//! (state to soft or hard), or of a rule [`reading`] (numbers to a state) and [`duration`] (soft or
//! hard), [`flapping`] (whether it changes too often to be told), [`suppress`] (which windows cover it), [`reach`] (whether its
//! host can be reached) and [`cause`] (whether another alert explains it), [`alert`] (the episode and
//! its edges), [`notify`] (which edge is told to whom, called by [`alert::step`]). What is promised goes by
//! itself or with others ([`gather`], [`digest`]), and not while paging is held ([`mod@hold`]); while
//! nobody has it, others are told too ([`escalate`]). How far the clock of an agent is off is [`skew`]'s. Whether the monitor itself moves is [`vital`]'s. The stories in
//! `tests/scenarios/` prove them together. [`trial`] tells of a rule what it would have made of the past.
//!
//! The tests of networks are judged beside it: [`due`] says when a schedule runs, [`slots`] which of
//! those that wait may begin, [`mod@calendar`] when the next ones will, [`mod@breach`] which limits a result broke and whether that is
//! confirmed, [`mod@baseline`] what is usual, [`mod@trend`] how it went, [`mod@ledger`] what they moved, [`mod@passed`] what was due
//! while nobody looked.

pub mod alert;
pub mod attempts;
pub mod baseline;
pub mod breach;
pub mod calendar;
pub mod cause;
pub mod digest;
pub mod duration;
pub mod escalate;
pub mod evaluate;
pub mod flapping;
pub mod gather;
pub mod handover;
pub mod hold;
pub mod ledger;
pub mod notify;
pub mod passed;
pub mod presence;
pub mod reach;
pub mod reading;
pub mod review;
pub mod sight;
pub mod skew;
pub mod slots;
pub mod suppress;
pub mod trend;
pub mod trial;
pub mod vital;

pub use crate::model::due;
pub use alert::{Input, Step};
pub use attempts::Freshness;
pub use evaluate::{Verdict, evaluate};
pub use notify::Notice;
pub use reach::Reach;
pub use suppress::{Cover, cover};

use crate::model::Timestamp;

/// A moment on two scales of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The wall clock: windows and the end of an acknowledgement go by it.
    pub wall: Timestamp,
    /// The engine's own scale, which no step of the wall clock moves: durations go by it.
    pub line: Timestamp,
}

impl From<Timestamp> for Moment {
    /// Where the wall clock never steps.
    fn from(wall: Timestamp) -> Self {
        Self { wall, line: wall }
    }
}

#[cfg(test)]
mod property_tests;
