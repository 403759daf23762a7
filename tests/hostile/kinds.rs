//! Through the fields of every kind of check, on the pages of alerts that are opened one after the
//! other: each asks for its check, and is told another kind and other strings in each turn.
//!
//! In: a stage and which turns. Out: nothing, or a panic.
//! Never: a turn before both consoles show what was told in the one before.

use std::time::Instant;

use crate::pair::Pair;
use crate::stage::Stage;
use crate::world::KINDS;

/// Strings in the short form; they are far from each other, so that every class is among them.
const FEW: usize = 5;

/// All kinds, each with all strings or with a few.
pub fn all(stage: &Stage, strings: usize, is_full: bool) {
    let began = Instant::now();
    let step = if is_full { 1 } else { strings / FEW };
    let mut pair = Pair::start(stage, &[]);
    pair.press_until("2", "the alerts", |text| text.contains("─ Alerts: "));
    pair.press_until("gg\r", "an alert", |text| text.contains("─ Alert: "));
    let mut turns = 0;
    for string in (0..strings).step_by(step) {
        for turn in string * KINDS..(string + 1) * KINDS {
            stage.world.turn(Some(turn));
            pair.next("n", &turn_mark(turn));
            turns += 1;
        }
    }
    stage.world.turn(None);
    println!("{turns} turns of {KINDS} kinds in {:?}", began.elapsed());
}

/// What an open page says of its check in a turn.
pub fn turn_mark(turn: usize) -> String {
    format!("turn {turn:05}.")
}

/// The rows of a handover.
pub fn handed(answer: fluxnoc::protocol::Answer) -> Option<Vec<fluxnoc::model::HandoverRow>> {
    match answer {
        fluxnoc::protocol::Answer::Handover(page) => {
            page.parts.into_iter().next().map(|part| part.rows)
        }
        _ => None,
    }
}
