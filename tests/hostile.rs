//! Every text that can cross the seam, hostile, on the real console in a real terminal.
//!
//! A made-up engine behind the real router says what the samples of the seam say, and a wire puts
//! hostile texts wherever a text can stand, past every gate on its way. Beside it runs a console
//! whose texts are harmless and as wide. What the first writes is only the console's own sequences;
//! what it shows is, but for the letters of the texts, what the second shows, cell by cell.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "hostile/bytes.rs"]
mod bytes;
#[path = "hostile/corpus.rs"]
mod corpus;
#[path = "hostile/declared.rs"]
mod declared;
#[path = "hostile/fields.rs"]
mod fields;
#[path = "hostile/pair.rs"]
mod pair;
#[path = "common/pty.rs"]
mod pty;
#[path = "seam/samples.rs"]
mod samples;
#[path = "hostile/stage.rs"]
mod stage;
#[path = "hostile/walk.rs"]
mod walk;
#[path = "hostile/wire.rs"]
mod wire;
#[path = "hostile/world.rs"]
mod world;

use world::VARIANTS;

/// Only a worker is told these.
const FOR_WORKERS: [&str; 2] = ["Outcome.assigned.", "Outcome.directives."];

#[test]
fn t1_every_field_that_can_carry_a_text_is_in_the_samples() {
    assert_eq!(world::unfilled(), Vec::<String>::new(), "no sample fills these");
}

#[test]
fn t1_hostile_texts_in_every_field_change_no_cell_and_send_no_foreign_byte() {
    let corpus = corpus::all();
    let pages = corpus.len().div_ceil(VARIANTS);
    println!("{} strings on {pages} pages", corpus.len());
    let runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = { runtime }.worker_threads(2).enable_all().build().unwrap();
    let stage = stage::Stage::new(&runtime, corpus);
    for page in 0..pages {
        stage.turn(page);
        println!("page {page}");
        walk::all(&stage);
        walk::scripts(&stage);
    }
    let carried = stage.carried();
    let mut missing = Vec::new();
    let mut count = 0;
    for place in stage.world.fields.places() {
        if FOR_WORKERS.iter().any(|root| place.starts_with(root)) {
            continue;
        }
        count += 1;
        let strings = carried.get(place).copied().unwrap_or(0);
        let choosy = stage.world.fields.is_choosy(place);
        if strings < 300 && !(choosy && strings > 100) {
            missing.push(format!("{place}: {strings}"));
        }
    }
    println!("{count} fields");
    assert!(count > 100, "{count} fields");
    assert!(missing.is_empty(), "fewer than 300 strings came through:\n{}", missing.join("\n"));
}
