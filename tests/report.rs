//! Reports of tests against figures that are calculated another way: a seeded history of two weeks,
//! its baseline, its views, its report, the CSV read back and the PDF opened by two readers.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails so"
)]

#[path = "common/dice.rs"]
mod dice;
#[path = "report/figures.rs"]
mod figures;
#[path = "report/history.rs"]
mod history;
#[path = "report/hostile.rs"]
mod hostile;
#[path = "report/paper.rs"]
mod paper;
#[path = "report/table.rs"]
mod table;
