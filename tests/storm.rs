//! The worst hours, as an operator sits through them: a storm on a bad line, a wall in a world that
//! runs sixty times as fast, acknowledgements while fifty alerts a second come and go.
//!
//! The long forms are asked for by the environment: `FLUXNOC_WALL=hour`, `FLUXNOC_ACKS=1000`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "storm/acks.rs"]
mod acks;
#[path = "common/dice.rs"]
mod dice;
#[path = "storm/fall.rs"]
mod fall;
#[path = "common/letters.rs"]
mod letters;
#[path = "common/line.rs"]
mod line;
#[path = "common/pty.rs"]
mod pty;
#[path = "storm/stage.rs"]
mod stage;
#[path = "storm/wall.rs"]
mod wall;
