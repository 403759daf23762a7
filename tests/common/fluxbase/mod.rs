//! A fake Fluxbase instance.
//!
//! In: documents, as either generation of Fluxbase writes them.
//! Out: a server that shows them.
//! Never: leaves a listener behind.

pub mod documents;
pub mod instance;
