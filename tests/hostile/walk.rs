//! Through all views, and to every host's alert and detail.

use crate::bytes::Reader;
use crate::pair::Pair;
use crate::pty::PATIENCE;
use crate::stage::{JOINED, Stage, Way};
use crate::world::VARIANTS;

/// Keys that show something else, one after the other.
const VIEWS: &[&str] = &[
    // The panes of the overview, each on the whole screen.
    "1", "\t", "z", "z", "\t", "z", "z", "\t", "z", "z", "\t", "z", "z",
    // Lists, grouped and ordered every way.
    "2", "x", "x", "x", "x", "x", "o", "o", "o", "o", "3", "x", "x", "x", "x", "x", "z", "z", "4",
    "o", "o", "5", "\t", "\t", "7", "8", "g,", "?", "q",
];

pub fn all(stage: &Stage) {
    let mut pair = Pair::start(stage, &[]);
    pair.rest();
    for keys in VIEWS {
        pair.press(keys);
    }
    // The log has moments of its own.
    pair.press_only("0");
    pair.press("2");
    pair.press("gg");
    let mut stood = std::collections::BTreeSet::new();
    for _ in 0..3 * VARIANTS {
        if stood.len() == VARIANTS {
            break;
        }
        if let Some(variant) = pair.standing().filter(|variant| stood.insert(*variant)) {
            // The alert, then its host, then what comes while somebody stands there.
            pair.press("\r");
            pair.press("\r");
            pair.come("results", || stage.world.stand_on(variant));
            if variant % JOINED == 1 {
                act(&mut pair);
            }
            pair.go("2", "─ Alerts: ");
        }
        // Where an action took the cursor down a row, another round finds what was left out.
        let before = pair.standing();
        pair.press("j");
        if pair.standing() == before {
            pair.press("gg");
        }
    }
    assert_eq!(stood.len(), VARIANTS, "hosts stood on:\n{}", pair.text());
    assert!(pair.copies() > 0, "nothing was copied");
    // Names in completions and in the palette, whose order is by the letters: only the bytes.
    for keys in [":", "h00", "\x03", "/", "host:h0", "\x03"] {
        pair.pause();
        pair.press_only(keys);
    }
    println!("{} frames alike", pair.frames);
    drop(pair);
    let mut wall = Pair::start(stage, &["--wall"]);
    wall.rest();
    wall.press_only("p");
}

/// What an operator does where they stand: cards, copies, and actions that are answered.
fn act(pair: &mut Pair) {
    for keys in
        ["b", "\x03", "yo", "yh", "H", "2", "a", "\r", ":failures", "\r", "\r", "2", "m", "\r", "r"]
    {
        if ["\x03", "\r"].contains(&keys) {
            // What was painted a moment ago is not answered yet.
            pair.pause();
        }
        pair.press(keys);
    }
}

/// What scripts and logs are shown.
pub fn scripts(stage: &Stage) {
    let verbs: &[&[&str]] = &[
        &["hosts"],
        &["alerts", "--all"],
        &["maintenance", "list"],
        &["config", "show"],
        &["ack", "h000", "--comment", "x"],
    ];
    for words in verbs {
        let mut program = stage.start(Way::Hostile, words);
        program.wait_code();
        program.wait_output();
        let foreign = Reader::default().foreign(&program.written());
        assert!(foreign.is_empty(), "{words:?} wrote {foreign:#?}");
    }
    let mut plain = stage.start(Way::Hostile, &["--plain"]);
    plain.wait("the first picture", PATIENCE, |screen| screen.contains("type help"));
    let foreign = Reader::default().foreign(&plain.written());
    assert!(foreign.is_empty(), "--plain wrote {foreign:#?}");
    plain.kill();
}
