//! Durable memory: SQL lives here and nowhere else.
//!
//! In: nouns of the model. Out: the same nouns as they were stored, or a [`StoreError`].
//! Never: decides anything, reads a clock.

mod bulk;
mod error;
pub mod pack;

pub use error::StoreError;
