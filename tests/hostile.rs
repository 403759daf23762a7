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

#[path = "hostile/alike.rs"]
mod alike;
#[path = "hostile/bytes.rs"]
mod bytes;
#[path = "hostile/corpus.rs"]
mod corpus;
#[path = "hostile/declared.rs"]
mod declared;
#[path = "hostile/fields.rs"]
mod fields;
#[path = "hostile/kinds.rs"]
mod kinds;
#[path = "common/letters.rs"]
mod letters;
#[path = "hostile/pair.rs"]
mod pair;
#[path = "common/pty.rs"]
mod pty;
#[path = "hostile/rows.rs"]
mod rows;
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

/// No console is told these: what only workers and scripts ask for, and what the world puts another
/// place's text in.
const ELSEWHERE: [&str; 25] = [
    "Outcome.assigned.",
    "Outcome.directives.",
    // Of a rule that was saved only its name is said; the list of rules carries the rest.
    "Outcome.rule.",
    // Accounts are kept by verbs and over the API.
    "Outcome.token.",
    "Outcome.user.",
    "Answer.users.",
    "Answer.tokens.",
    "Answer.agents.",
    "Outcome.enrolled.",
    // The views of network tests have their hostile texts in tests/tui (speed, schedules).
    "Answer.nodes.",
    "Answer.schedules.",
    "Answer.test.",
    "Answer.tests.",
    "Answer.trend.",
    "Event.test.",
    "Outcome.schedule.",
    "Outcome.test.",
    // A name by which a row goes, and which is shown no more.
    "Event.agent_gone.",
    // The rules' form takes names of lists as they are typed; the lists are for scripts.
    "Answer.contacts.",
    "Answer.comments.",
    "Answer.engine.",
    "Answer.settings.",
    // In its place is `Check.` of every kind.
    "Answer.check.data.check.",
    // Interfaces are named by their metrics, with aliases of live results.
    "Answer.check.data.last.aliases.",
    "Event.live.data.observation.aliases.{}",
];
/// Hosts that are visited of a page, and such that are acted on, unless all are asked for.
const VISITS: usize = 2;
const ACTS: usize = 1;

#[test]
fn t1_every_field_that_can_carry_a_text_is_in_the_samples() {
    assert_eq!(declared::unfilled(), Vec::<String>::new(), "no sample fills these");
}

/// Every string through every field with `FLUXNOC_HOSTILE=all`; else each string through some and
/// each field with some.
#[test]
fn t1_hostile_texts_in_every_field_change_no_cell_and_send_no_foreign_byte() {
    let full = std::env::var("FLUXNOC_HOSTILE").is_ok_and(|value| value == "all");
    let corpus = corpus::all();
    let (count, pages) = (corpus.len(), corpus.len().div_ceil(VARIANTS));
    println!("{count} strings on {pages} pages");
    let runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = { runtime }.worker_threads(2).enable_all().build().unwrap();
    let stage = stage::Stage::new(&runtime, corpus.clone());
    for page in 0..pages {
        stage.turn(page);
        let unread = (0..VARIANTS).find_map(|variant| stage.unreadable(&corpus, variant));
        assert_eq!(unread, None, "page {page}");
    }
    kinds::all(&stage, count, full);
    for page in 0..pages {
        stage.turn(page);
        println!("page {page}");
        if full {
            let visits: Vec<usize> = (0..VARIANTS).collect();
            let acts: Vec<usize> = visits.iter().copied().skip(1).step_by(stage::JOINED).collect();
            walk::all(&stage, &visits, &acts, true);
            walk::others(&stage);
        } else {
            // Other kinds of checks on each page.
            let visits: Vec<usize> = (page * VISITS..).take(VISITS).map(spread).collect();
            // Nobody has those alerts.
            let free = visits.iter().copied().filter(|variant| variant % 3 != 0);
            let acts: Vec<usize> = free.take(ACTS).collect();
            walk::all(&stage, &visits, &acts, page == 0);
            if page == 0 {
                walk::others(&stage);
            }
        }
    }
    let carried = stage.carried();
    let strings: std::collections::BTreeSet<_> = carried.values().flatten().collect();
    assert_eq!(strings.len(), count, "strings that went through no field");
    let mut missing = Vec::new();
    let mut fields = 0;
    for place in stage.world.fields.places() {
        if ELSEWHERE.iter().any(|root| place.starts_with(root)) {
            continue;
        }
        fields += 1;
        let mut strings = carried.get(place).map_or(0, std::collections::BTreeSet::len);
        // The few strings of the short form may be such that a choosy field refuses: the same
        // field of any kind counts.
        if !full && stage.world.fields.is_choosy(place) {
            let same = |other: &&String| of_any_kind(other) == of_any_kind(place);
            strings = carried.keys().filter(same).count();
        }
        let enough = match (full, stage.world.fields.is_choosy(place)) {
            (false, _) => 1,
            (true, true) => 100,
            (true, false) => 300,
        };
        if strings < enough {
            missing.push(format!("{place}: {strings}"));
        }
    }
    let all: usize = carried.values().map(std::collections::BTreeSet::len).sum();
    println!("{fields} fields, {all} pairs of a string and a field");
    assert!(fields > 100, "{fields} fields");
    assert!(missing.is_empty(), "too few strings came through:\n{}", missing.join("\n"));
}

/// A place in a check, whatever its kind.
fn of_any_kind(place: &str) -> &str {
    let inside = place.strip_prefix("Check.").and_then(|rest| rest.split_once('.'));
    inside.map_or(place, |(_, inside)| inside)
}

/// Variants of which 13 that follow each other have 13 kinds, from all of a world.
const fn spread(n: usize) -> usize {
    (n + 13 * (n % 4)) % VARIANTS
}
