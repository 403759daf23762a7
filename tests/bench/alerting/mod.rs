//! What the alerting benchmarks share: targets that flip, both systems, and their receiver.

#![allow(dead_code, reason = "each benchmark uses a part of it")]

pub mod systems;
pub mod target;
pub mod told;
