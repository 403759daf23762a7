//! Small drawing parts that panes share: surfaces, frames, charts, sparklines, scrolling.
//!
//! In: values and a theme. Out: cells of a buffer.
//! Never: knows the World, keeps state beyond a scroll offset.

pub mod big;
pub mod chart;
pub mod cursor;
pub mod frame;
pub mod gauge;
pub mod spark;
pub mod surface;
pub mod timeline;

pub use cursor::Scroll;
pub use surface::Surface;
