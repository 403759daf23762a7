//! Triage by keyboard: what the fewest keys do, on the screen, in the store and in the audit; five
//! hundred at once; the palette. Each story is told twice: on the local console, and on one that is
//! connected to a server.

use serde_json::json;

use crate::desk::{Desk, OPERATOR, everywhere, is_in, last, millis};
use crate::house::{House, has_row};

#[test]
fn dc_04_two_keys_acknowledge_on_the_screen_in_the_store_and_in_the_audit() {
    everywhere(acknowledged);
}

fn acknowledged(mut desk: Desk) {
    let id = desk.alert("shut-1");
    let keys = ["a", "\r"];
    desk.press(keys[0]);
    desk.wait_for("Acknowledge shut-1/tcp until");
    desk.press(keys[1]);
    desk.wait("who has it", |screen| {
        screen.contains("shut-1/tcp acknowledged by noc-1 until")
            && has_row(screen, &["shut-1", "tcp", "CRIT", "noc-1"])
            && screen.contains("1 unhandled")
    });
    let ack = desk.ack("shut-1").expect("an acknowledgement");
    assert_eq!((&ack["author"], &ack["comment"]), (&json!(OPERATOR), &json!("looking into it")));
    assert!(is_in(millis(&ack["expires"]), 8 * 3600), "{ack}");
    assert_eq!(desk.ack("shut-2"), None);
    let detail = desk.did("acknowledge", 1);
    assert_eq!((&detail["targets"], &detail["expires"]), (&json!([id]), &ack["expires"]));
    let edge = "SELECT actor || ' ' || kind || ' ' || host FROM edges ORDER BY seq DESC LIMIT 1";
    assert_eq!(desk.value(edge), "noc-1 acknowledged shut-1");
}

#[test]
fn dc_05_two_keys_open_a_window_on_the_screen_in_the_store_and_in_the_audit() {
    everywhere(window_by_two);
}

fn window_by_two(mut desk: Desk) {
    let keys = ["m", "\r"];
    desk.press(keys[0]);
    let screen = desk.wait_for("Window over shut-1/tcp for: 1h");
    assert!(has_row(&screen, &["covers shut-1/tcp until", "the only check of shut-1"]), "{screen}");
    desk.press(keys[1]);
    window(&desk, 3600);
}

#[test]
fn dc_05_four_keys_open_a_window_of_another_length() {
    everywhere(window_by_four);
}

fn window_by_four(mut desk: Desk) {
    let keys = ["m", "2", "h", "\r"];
    desk.press(keys[0]);
    desk.wait_for("Window over shut-1/tcp for: 1h");
    // What was offered is replaced by the first letter.
    desk.press(keys[1]);
    desk.console.send(keys[2]);
    desk.wait("the length", |screen| last(screen).trim_end().ends_with("for: 2h"));
    desk.press(keys[3]);
    window(&desk, 2 * 3600);
}

/// The one window is over shut-1/tcp, from now, for so long, by the operator.
fn window(desk: &Desk, seconds: i64) {
    desk.wait("the window", |screen| {
        screen.contains("shut-1/tcp is in maintenance until") && screen.contains("1 unhandled")
    });
    let scope = "SELECT host_pattern || ' ' || check_pattern || ' ' || author FROM maintenance";
    assert_eq!(desk.value(scope), "shut-1 tcp noc-1");
    assert!(is_in(desk.moment("SELECT CAST(start_at AS TEXT) FROM maintenance"), 0));
    assert!(is_in(desk.moment("SELECT CAST(end_at AS TEXT) FROM maintenance"), seconds));
    let detail = desk.did("add_maintenance", 1);
    assert_eq!((&detail["host_pattern"], &detail["check"]), (&json!("shut-1"), &json!("tcp")));
    let covered = "SELECT host FROM alerts WHERE in_maintenance";
    assert_eq!(desk.rows(covered), ["shut-1"]);
}

/// Fifty hosts with ten closed ports each.
fn many() -> House {
    let mut site = "[defaults]\ninterval = \"1h\"\ntimeout = \"1s\"\nattempts = 1\n".to_owned();
    for host in 0..50 {
        site += &format!("[[host]]\nname = \"rack-{host}\"\naddress = \"127.0.0.1\"\n");
        for port in 0..10 {
            let check = format!("kind = \"tcp\"\nname = \"port-{port}\"\nport = 9\n");
            site += &format!("[[host.check]]\n{check}");
        }
    }
    House::new(&site)
}

#[test]
fn dc_04_five_hundred_are_taken_with_one_request_and_one_key_gives_them_back() {
    five_hundred(Desk::at(many(), &[], "500 unhandled"));
    five_hundred(Desk::remote(many(), "500 unhandled"));
}

fn five_hundred(mut desk: Desk) {
    // Every check has had its run, every alert its telling; from here on nothing happens by itself.
    let count = |desk: &Desk, sql: &str| desk.rows(sql).len();
    assert_eq!(count(&desk, "SELECT id FROM alerts WHERE phase = 'firing'"), 500);
    // Each acknowledgement and each undo is a line of the alert's story, so its number rises.
    let things = |desk: &Desk| {
        (
            desk.table("alerts", &["edge_seq"]),
            desk.table("statuses", &[]),
            desk.table("outbox", &[]),
        )
    };
    let before = things(&desk);
    assert_eq!((before.0.len(), before.1.len(), before.2.len()), (500, 500, 500));
    desk.press("2");
    desk.wait_for("Alerts: unhandled 500");
    desk.press("%");
    desk.wait_for("500 marked");
    // The count first.
    desk.line("a", "Acknowledge 500 alerts: ");
    desk.console.send("\r");
    desk.wait("all are taken", |screen| {
        screen.contains("500 alerts") && screen.contains("acknowledged by noc-1 until")
    });
    let taken = "SELECT id FROM alerts WHERE ack LIKE '%\"noc-1\"%'";
    assert_eq!(count(&desk, taken), 500);
    // Those who know are told, but not before it cannot be undone any more.
    assert_eq!(count(&desk, "SELECT key FROM outbox WHERE state = 'due'"), 500);
    let detail = desk.did("acknowledge", 1);
    assert_eq!(detail["targets"].as_array().unwrap().len(), 500);
    let requests = "SELECT id FROM requests WHERE actor = 'noc-1'";
    assert_eq!(count(&desk, requests), 1, "one request");

    desk.console.send("u");
    desk.wait("all are given back", |screen| {
        screen.contains("ack 500 alerts taken back") && screen.contains("500 unhandled")
    });
    assert_eq!(desk.did("undo", 2)["command"], json!("undo"));
    let after = things(&desk);
    assert_eq!(after.0, before.0, "alerts");
    assert_eq!(after.1, before.1, "statuses");
    assert_eq!(after.2, before.2, "outbox");
    assert_eq!(count(&desk, "SELECT alert FROM edges WHERE kind = 'undone'"), 500);
}

#[test]
fn the_palette_runs_an_action_and_jumps_to_what_some_letters_find() {
    everywhere(palette);
}

fn palette(mut desk: Desk) {
    // What changes something and was not spelled out is shown first, and runs with one more Enter.
    desk.line(":", ":");
    desk.write("rchk");
    desk.wait("the offer", |screen| has_row(screen, &["recheck", "run the checks"]));
    desk.console.send("\r");
    desk.wait("the whole name", |screen| last(screen).contains(": recheck"));
    assert_eq!(desk.audit(), []);
    desk.press("\r");
    desk.wait_for("re-checking shut-1/tcp: 1 run asked for");
    assert_eq!(desk.did("recheck", 1)["targets"], json!(["shut-1/tcp"]));

    for (typed, found) in [("sht2", "shut-2"), ("jb1", "job-1")] {
        desk.line(":", ":");
        desk.write(typed);
        desk.wait("the host", |screen| has_row(screen, &[found, "127.0.0.1"]));
        desk.console.send("\r");
        desk.wait_for(&format!("Events of {found}"));
    }
    // A check is looked for where more than a host's name is typed.
    desk.line(":", ":");
    desk.write("tcp ut-1");
    desk.wait("the check", |screen| has_row(screen, &["shut-1/tcp", "connection refused"]));
    desk.console.send("\r");
    desk.wait_for("Events of shut-1");
    assert_eq!(desk.audit().len(), 1, "a jump changes nothing");
}

#[test]
fn a_handover_is_read_noted_and_signed_off_on_the_screen_in_the_store_and_in_the_audit() {
    let mut desk = Desk::open(&[]);
    desk.press("gz");
    desk.wait("the handover", |screen| {
        screen.contains("Handover since") && screen.contains("Open, nobody has it (2)")
    });
    desk.line(":", ":");
    desk.right("note fan tray ordered", "noted for the handover");
    assert_eq!(desk.did("note", 1)["text"], "fan tray ordered");
    desk.wait("the note", |screen| has_row(screen, &["noc-1", "fan tray ordered"]));
    // The handover is asked for again in a second shell, while the console runs.
    let run = |words: &[&str]| String::from_utf8(desk.house.run(words).stdout).unwrap();
    let text = run(&["handover"]);
    assert!(
        text.contains("Open, nobody has it (2)") && text.contains("noc-1: fan tray ordered"),
        "{text}"
    );
    let markdown = run(&["handover", "--since", "1h", "--markdown"]);
    assert!(
        markdown.contains("## Notes (1)") && markdown.contains("**CRITICAL shut-1/tcp**"),
        "{markdown}"
    );

    desk.line(":", ":");
    desk.write("sign-off mia");
    desk.console.send("\r");
    desk.wait_for("Sign off, mia takes over?");
    assert_eq!(desk.audit().len(), 1, "nothing before it is confirmed");
    desk.press("\r");
    desk.wait_for("mia has taken over; the next handover begins now");
    assert_eq!(desk.did("sign_off", 2)["to"], "mia");
    let rows = desk.rows("SELECT kind || ' ' || author || ' ' || text FROM duty ORDER BY seq");
    assert_eq!(rows, ["note noc-1 fan tray ordered", "sign_off noc-1 mia"]);
    // The next one begins there: what was noted before is not in it.
    desk.wait("the next handover", |screen| {
        screen.contains("the last sign-off")
            && screen.contains("mia took over last")
            && !screen.contains("fan tray ordered")
    });
}
