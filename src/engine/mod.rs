//! The running monitor: schedules, judges, remembers, notifies.
//!
//! In: an inventory, a store, a clock; then requests, queries and reports through [`Handle`].
//! Out: outcomes, answers, events.
//! Never: speaks HTTP, draws, or touches a target.

pub mod handle;

pub use handle::{Ask, Door, Handle, Watcher};
