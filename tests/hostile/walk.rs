//! Through all views, to hosts' alerts and pages, and through what an operator does there.
//!
//! In: a stage and what to visit. Out: nothing, or a panic.
//! Never: goes where a text decides where that is: all names and groups begin with a harmless
//! number, and what is acted on stands alone in its list.

use crate::bytes::Reader;
use crate::pair::Pair;
use crate::pty::PATIENCE;
use crate::stage::{Stage, Way};
use crate::world::{CHANNELS, LIVE, VARIANTS};

/// Empties a line.
const CLEAR: &str = "\x15";
/// Keys that show something else, one after the other, and what is there when all of it is.
const VIEWS: &[(&str, &str)] = &[
    // Lists, grouped and ordered every way.
    ("2", "─ Alerts: "),
    ("x", "by host"),
    ("x", ""),
    ("x", ""),
    ("x", ""),
    ("x", ""),
    ("o", ""),
    ("o", ""),
    ("o", ""),
    ("o", ""),
    ("3", "─ Hosts, "),
    ("x", "by "),
    ("x", ""),
    ("x", ""),
    ("x", ""),
    ("z", ""),
    ("z", ""),
    ("4", "─ Checks "),
    ("o", ""),
    ("o", ""),
    ("5", " 192.0.2.1 "),
    ("\t", ""),
    ("\t", ""),
    ("\t", ""),
    ("7", "─ Maintenance: "),
    ("8", " worse "),
    ("gf", "0.25"),
    ("j", ""),
    ("\t", ""),
    ("gn", "last taken"),
    ("j", ""),
    ("G", ""),
    ("9", " DEGRADED"),
    ("j", ""),
    ("G", ""),
    ("gz", "more happened than is looked through"),
    ("G", ""),
    ("gr", " in force, "),
    ("j", ""),
    ("\t", ""),
    ("g,", " of "),
    // The panes of the overview, each on the whole screen.
    ("1", "─ Throughput: "),
    ("\t", ""),
    ("z", ""),
    ("z", ""),
    ("\t", ""),
    ("z", ""),
    ("z", ""),
    ("\t", ""),
    ("z", ""),
    ("z", ""),
    ("\t", ""),
    ("z", ""),
    ("z", ""),
];

/// Views whose order, columns and graphs are by names and moments, and what is there when all of it
/// is.
const BY_NAMES: &[(&str, &str)] = &[
    ("gs", "─ Speed: "),
    ("gj", "─ Schedules: "),
    ("gk", "─ Calendar by "),
    ("gb", "─ Probes: "),
    ("gd", "─ DNS: "),
    ("ge", "─ Reports"),
    ("gx", "─ Fluxbase "),
];

/// Through the views, to these variants, and acting on some of them.
pub fn all(stage: &Stage, visits: &[usize], acts: &[usize], all_views: bool) {
    let mut pair = Pair::start(stage, &[]);
    for variant in visits {
        visit(&mut pair, stage, *variant);
    }
    for (keys, what) in VIEWS {
        if *keys == "1" {
            // What was traced before is forgotten when the cursor has rested: it comes again.
            let under = visits.last().copied().unwrap_or(0);
            pair.press_only(keys);
            pair.come(" 192.0.2.1 ", || stage.world.stand_on(under));
        } else if all_views || !what.is_empty() {
            pair.press_until(keys, what, |text| text.contains(what));
        }
    }
    for variant in acts {
        act(&mut pair, *variant);
    }
    if all_views {
        by_names(&mut pair);
        settings(&mut pair);
        // Their order is by names and moments then, and only who has them is new.
        pair.press_until("2", "the alerts", |text| text.contains("─ Alerts: "));
        pair.come(&format!("unhandled 0, handled {VARIANTS}"), || stage.world.take_all());
    }
    // Lines of the console's own log have moments of their own.
    pair.press_only("0");
    if all_views {
        offers(&mut pair);
    }
    println!("{} frames alike, {} copies", pair.frames, pair.copies());
    assert!(acts.is_empty() || pair.copies() > 0, "nothing was copied");
}

/// An alert, its host, its interfaces; what comes while somebody stands there.
fn visit(pair: &mut Pair, stage: &Stage, variant: usize) {
    pair.press_until("2", "the alerts", |text| text.contains("─ Alerts: "));
    let order = pair.order();
    let down = order.iter().position(|have| *have == variant);
    let down = down.unwrap_or_else(|| panic!("no h{variant:03} in:\n{}", pair.text()));
    pair.press(&format!("gg{}", "j".repeat(down)));
    assert_eq!(pair.standing(), Some(variant), "the cursor is elsewhere:\n{}", pair.text());
    pair.press_until("\r", "its alert", |text| {
        // What was asked for is there: it stands first. What is told may be pushed out below.
        text.contains("─ Alert: ") && text.contains(" window off ")
    });
    pair.press_until("\r", "its page", |text| {
        text.contains("─ Output: ") && text.contains(", next ") && text.contains(" window off ")
    });
    pair.come(LIVE, || stage.world.stand_on(variant));
    for keys in ["\t", "\t", "\t"] {
        pair.press(keys);
    }
    if stage.world.has_interfaces(variant) {
        // Which of a rule's check and its source is shown hangs on names: bytes only.
        pair.press_only("i");
    }
    pair.press_until("1", "its path", |text| text.contains("─ Hops to "));
    pair.come(" 192.0.2.1 ", || stage.world.stand_on(variant));
}

/// What an operator does where they stand: cards, copies, and actions that are answered. The host
/// is alone in the lists: no action takes the cursor elsewhere.
fn act(pair: &mut Pair, variant: usize) {
    let filter = format!("host:h{variant:03}");
    pair.press_until("2", "the alerts", |text| text.contains("─ Alerts: "));
    pair.open("/", "/");
    pair.type_only(&filter, &filter);
    pair.close("\r");
    pair.press_until("gg", "one alert", |text| text.contains("1 of 1 "));
    assert_eq!(pair.standing(), Some(variant), "the cursor is elsewhere:\n{}", pair.text());
    pair.open("b", "│ call ");
    pair.close("q");
    for keys in ["yo", "yh", "ya", "yb", "yy"] {
        pair.press(keys);
    }
    pair.open("a", " Acknowledge ");
    pair.open("\r", "Not done: ");
    pair.close("q");
    pair.open("c", " Comment on ");
    pair.open("seen\r", "Not done: ");
    pair.close("q");
    pair.open("A", "─ Acknowledge ");
    pair.close("\x03");
    pair.open("m", "⏎ send");
    pair.close("\r");
    // Its fields begin with the time.
    pair.type_only("M", "─ Maintenance window ");
    pair.close("\x03");
    pair.ask("r");
    // Which filter a name becomes there, and where the cursor goes with it, hangs on its letters.
    pair.press_only("H");
    pair.press_until("2", "the alerts", |text| text.contains("─ Alerts: "));
    // What it offers is quoted by its letters.
    pair.type_only("/", "host:");
    pair.type_only(CLEAR, "/");
    pair.close("\r");
    pair.press_until("", "all alerts", |text| text.contains(&format!(" of {VARIANTS} ")));
}

/// Every row of these views, and the pages and forms that begin there.
fn by_names(pair: &mut Pair) {
    for (keys, what) in BY_NAMES {
        pair.show_only(keys, what);
        pair.press_only("G");
        for _ in 0..8 {
            pair.press_only("k");
        }
        pair.press_only("gg\t");
    }
    pair.show_only("gs", "─ Speed: ");
    for keys in ["T", "E"] {
        pair.press_only("gg");
        pair.type_only(keys, "⏎ ");
        pair.close_only("\x03");
    }
    for keys in ["v", "H"] {
        pair.show_only("gs", "─ Speed: ");
        pair.press_only("gg");
        pair.press_only(keys);
        pair.press_only("G");
    }
    pair.show_only("gb", "─ Probes: ");
    pair.press_only("H");
    pair.show_only("2", "─ Alerts: ");
}

/// The page of one service among the settings, and a test through each of its channels.
fn settings(pair: &mut Pair) {
    pair.open(":", ":");
    pair.type_only("flux-notify", " : flux-notify");
    pair.close("\r");
    pair.press_until("", "the page", |text| text.contains("Integrations › Flux Notify"));
    pair.press_only("G");
    for _ in CHANNELS {
        // What it acts on is what was on screen a moment before. Where a long page begins depends on
        // what was painted on the way, and may be a line apart: only the bytes are looked at.
        pair.rest();
        pair.press_only("T");
        // From a line of a channel to the same of the one above.
        for _ in 0..3 {
            pair.rest();
            pair.press_only("k");
        }
    }
}

/// Names among completions and commands, whose order is by their letters.
fn offers(pair: &mut Pair) {
    pair.open(":", ":");
    pair.type_only("h00", " : h00");
    pair.close("\x03");
    // The only name that begins so.
    pair.open(":", ":");
    pair.type_only("h017", " : h017");
    pair.close("\r");
    pair.press_until("", "its page", |text| text.contains("╭─ h017"));
    pair.open("/", "/");
    pair.type_only("host:h0", "host:h0");
    pair.close("\x03");
}

/// What scripts, a plain terminal and the wall are shown.
pub fn others(stage: &Stage) {
    let verbs: &[&[&str]] = &[
        &["hosts"],
        &["hosts", "--json"],
        &["alerts", "--all"],
        &["alerts", "--all", "--json"],
        &["maintenance", "list"],
        &["maintenance", "list", "--json"],
        &["rules"],
        &["rules", "--json"],
        &["rules", "try", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")],
        &["rules", "try", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"), "--json"],
        &["rules", "try", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/rules/list.json")],
        &["config", "show"],
        &["report", "review", "--days", "7"],
        &["report", "review", "--days", "7", "--json"],
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
    let wall = stage.start(Way::Hostile, &["--wall"]);
    wall.wait("the wall", PATIENCE, |screen| screen.contains("CRIT"));
    let foreign = Reader::default().foreign(&wall.written());
    assert!(foreign.is_empty(), "--wall wrote {foreign:#?}");
}
