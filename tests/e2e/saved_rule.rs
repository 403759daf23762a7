//! A rule written at the console, from the key to the alert: its file, its audit, its alert, and all
//! of it after a restart.

use crate::desk::Desk;
use crate::house::{House, SMALL_SITE, has_row};

#[test]
fn fm_24_a_rule_is_written_in_a_few_keys_and_alerts() {
    let house = House::new(SMALL_SITE);
    let mut desk = Desk::at(house, &[], "1 unhandled");
    desk.press("gT");
    desk.wait_for("New rule");
    for keys in ["Queue", "\t", "job-*", "\t", "job.waiting", "\t", "\t", "\t", "2"] {
        desk.press(keys);
    }
    desk.wait_for("would have fired 1 alert: 1 CRITICAL, 1 still");
    desk.press("\r");
    desk.wait_for("`Queue` is in force, in rules.d/queue.toml; it judges 1 check");
    let text = std::fs::read_to_string(desk.house.file("rules.d/queue.toml")).unwrap();
    assert!(text.contains("rule_name = \"Queue\"\nhost_pattern = \"job-*\"\n"), "{text}");
    let detail = desk.did("save_rule", 1);
    assert!(text.ends_with(detail["text"].as_str().unwrap()), "{detail}");
    desk.press("2");
    desk.wait("its alert", |screen| has_row(screen, &["CRIT", "job-1", "Queue"]));
    assert!(!desk.alert("job-1").is_empty());
    // The history says who did what.
    desk.press("8");
    desk.wait_for("added rule `Queue`: job-* job.waiting > 2 CRITICAL");
    // As the command line reads it.
    let shown = desk.house.run(&["config", "show"]);
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(shown.contains("rules.d/queue.toml:"), "{shown}");
}
