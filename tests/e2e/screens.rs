//! What a terminal of any size is given, and that a quiet one is given nothing.

use std::time::Duration;

use crate::house::{House, LARGE, SMALL_SITE, has_row, type_line};
use crate::pty::{PATIENCE, Terminal};

const QUIET_SITE: &str = r#"
[[host]]
name = "job-1"
address = "127.0.0.1"
[[host.check]]
kind = "custom"
name = "job"
interval = "60s"
shell = "echo all is well"
"#;

#[test]
fn dc_08_nothing_is_written_while_nothing_changes() {
    let house = House::new(QUIET_SITE);
    let mut console = house.console(LARGE, &[]);
    console.wait_for("1 OK");
    // The throughput pane alone: no path is traced, no age is shown.
    console.send("\tz");
    console.wait("the pane alone", PATIENCE, |screen| {
        screen.contains("Throughput") && !screen.contains("Hops to")
    });
    console.silence(Duration::from_secs(1), PATIENCE);
    // The header shows the minute, and a new one is a change.
    let seconds =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() % 60;
    if seconds >= 48 {
        let shown = console.text();
        console.wait("the next minute", PATIENCE, |screen| screen != shown);
    }
    let before = console.bytes();
    std::thread::sleep(Duration::from_secs(10));
    assert_eq!(console.bytes() - before, 0, "bytes in ten quiet seconds");
    // It is not dead: a key is answered.
    console.send("z");
    console.wait_for("Hosts by site");
}

#[test]
fn the_selected_host_follows_the_cursor_of_the_feed() {
    let second = SMALL_SITE.split("\n\n").nth(1).unwrap().replace("shut-1", "shut-2");
    let house = House::new(&format!("{SMALL_SITE}\n{second}"));
    let mut console = house.console(LARGE, &[]);
    console.wait_for("2 unhandled");
    for host in ["shut-2", "shut-1"] {
        type_line(&mut console, "/", host);
        console.wait("the path of what the filter left", PATIENCE, |screen| {
            screen.contains(&format!("Hops to {host}")) && has_row(screen, &["›", host, "CRITICAL"])
        });
    }
}

#[test]
fn small_terminals_are_readable_and_too_small_ones_say_so() {
    let house = House::new(SMALL_SITE);
    let mut console = house.console((80, 24), &[]);
    let screen = console.wait("the hard problem", PATIENCE, |screen| {
        has_row(screen, &["shut-1", "tcp", "connection refused by 127"])
            && screen.contains("1 unhandled")
    });
    assert!(screen.contains("Alerts") && screen.contains("Tab: Hosts"), "{screen}");
    assert!(screen.lines().all(|line| line.chars().count() <= 80), "{screen}");
    console.send("\t");
    console.wait_for("Tab: Hosts  Alerts  Hops");
    too_small(&mut console);
    console.resize(200, 60);
    console.wait("all four panes", PATIENCE, |screen| {
        ["Hosts", "Alerts", "Throughput", "Hops"].iter().all(|pane| screen.contains(pane))
            && screen.lines().count() == 60
    });
    console.send("q");
    console.wait_for("Leave the console");
    console.send("s");
    assert_eq!(console.wait_code(), 0);
}

fn too_small(console: &mut Terminal) {
    for (cols, rows) in [(60, 10), (20, 5), (1, 1)] {
        console.resize(cols, rows);
        if cols >= 60 {
            let screen = console.wait_for(&format!("This terminal has {cols}x{rows}."));
            assert!(screen.contains("fluxnoc needs 60x15 or more."), "{screen}");
        }
    }
    console.resize(60, 10);
    console.wait_for("Too small");
}

#[test]
fn a_start_in_a_tiny_terminal_says_what_is_needed() {
    let house = House::new(SMALL_SITE);
    let mut console = house.console((60, 10), &[]);
    let screen = console.wait_for("fluxnoc needs 60x15 or more.");
    assert!(screen.contains("This terminal has 60x10."), "{screen}");
    console.resize(80, 24);
    console.wait_for("1 unhandled");
}
