//! Every input line, every command with words and every other dialog of the console: wrong input
//! says what would be right and changes nothing, right input is in the store and the audit.
//!
//! What there is comes from the source: a new one fails here until it has its case.

use std::collections::BTreeSet;

use fluxnoc::model::handover::{NAME_LIMIT, NOTE_LIMIT};
use serde_json::json;

use crate::desk::{Desk, OPERATOR, is_in, last};
use crate::forms;
use crate::house::{esc, has_row};

/// What a case does at a fresh desk.
pub type Case = (&'static str, fn(&mut Desk));

const LINES: [Case; 11] = [
    ("Ack", ack),
    ("Window", window),
    ("Comment", comment),
    ("Snooze", snooze),
    ("Confirm", confirm),
    ("Filter", filter),
    ("Log", log),
    ("Series", series),
    ("Narrow", narrow),
    ("Palette", palette),
    ("Run", run_test),
];

const WORDS: [Case; 9] = [
    ("theme", theme),
    ("ctx", ctx),
    ("take-back", take_back),
    ("arm", arm),
    ("save-view", save_view),
    ("hold", hold),
    ("resume", resume),
    ("note", note),
    ("sign-off", sign_off),
];

const DIALOGS: [Case; 7] = [
    ("Help", help),
    ("Going", going),
    ("Question", question),
    ("Themes", themes),
    ("Run", run),
    ("Card", card),
    ("Views", views),
];

/// The variants of an enum, from its source.
pub fn variants(source: &str, head: &str) -> BTreeSet<String> {
    let (_, body) = source.split_once(&format!("pub enum {head} {{\n")).expect("the enum");
    let (body, _) = body.split_once("\n}\n").expect("its end");
    let name = |line: &str| -> Option<String> {
        let word = line.strip_prefix("    ").filter(|rest| rest.starts_with(char::is_uppercase))?;
        Some(word.chars().take_while(|c| c.is_alphanumeric()).collect())
    };
    body.lines().filter_map(name).collect()
}

fn names(cases: &[Case]) -> BTreeSet<String> {
    cases.iter().map(|(name, _)| (*name).to_owned()).collect()
}

#[test]
fn every_prompt_of_the_source_has_its_case() {
    let lines = variants(include_str!("../../src/tui/line.rs"), "Purpose");
    assert_eq!(lines, names(&LINES), "input lines");
    let all = variants(include_str!("../../src/tui/triage/mod.rs"), "Purpose");
    assert_eq!(all, names(&forms::FORMS), "forms");
    let mut dialogs = names(&DIALOGS);
    // These two are what the lines and the forms lie in.
    dialogs.extend(["Line".to_owned(), "Form".to_owned()]);
    assert_eq!(variants(include_str!("../../src/tui/app.rs"), "Overlay"), dialogs, "dialogs");
    let words = fluxnoc::tui::overlays::palette::WITH_WORDS.map(|action| action.name().to_owned());
    assert_eq!(BTreeSet::from(words), names(&WORDS), "commands with words");
}

/// Runs each case at a desk of its own.
pub fn each(cases: &[Case]) {
    for (name, case) in cases {
        println!("case {name}");
        let more: &[&str] = if *name == "arm" { &["--read-only"] } else { &[] };
        case(&mut Desk::open(more));
    }
}

#[test]
fn every_input_line_refuses_what_is_wrong_and_does_what_is_right() {
    each(&LINES);
}

#[test]
fn every_command_with_words_refuses_what_is_wrong_and_does_what_is_right() {
    each(&WORDS);
}

#[test]
fn every_other_dialog_is_answered_by_its_own_keys_alone() {
    each(&DIALOGS);
}

/// The question before a test takes Enter or Esc, and no text.
fn run_test(desk: &mut Desk) {
    let desk = forms::run_once(desk);
    desk.rest();
    for answer in ["\x1b", "\r"] {
        let before = desk.store();
        desk.press("t");
        desk.wait("the question", |screen| last(screen).contains("127.0.0.1:9"));
        desk.rest();
        desk.console.send(answer);
        desk.wait("its end", |screen| !last(screen).contains("127.0.0.1:9"));
        if answer == "\x1b" {
            desk.rest();
            desk.unchanged(&before);
        }
    }
    assert_eq!(desk.did("run_test", 2)["spec"]["target"], json!("127.0.0.1:9"));
}

const LONG: usize = 501;
const TOO_LONG: &str = "a comment has at most 500 characters, this one has 501";

fn ack(desk: &mut Desk) {
    let id = desk.alert("shut-1");
    desk.line("a", "Acknowledge shut-1/tcp until");
    desk.wrong(&"x".repeat(LONG), TOO_LONG);
    desk.right("nginx is gone", "shut-1/tcp acknowledged by noc-1 until");
    assert_eq!(desk.ack("shut-1").unwrap()["comment"], json!("nginx is gone"));
    assert_eq!(desk.did("acknowledge", 1)["targets"], json!([id]));
}

fn window(desk: &mut Desk) {
    desk.line("m", "Window over shut-1/tcp for:");
    desk.wrong("soon", "`soon` is no length of time; write 1h, 30m or until 06:00");
    desk.wrong("0s", "it must last longer than nothing");
    desk.wrong("25:00", "`25:00` is not a time of day; write 06:00");
    desk.wrong("2020-01-01 06:00", "2020-01-01 06:00 is over; write 1h, 30m or until 06:00");
    desk.wrong("400d", "a window lasts at most 366d");
    desk.console.send("\t");
    desk.wait_for("Window over all of shut-1 for:");
    desk.right("30m", "shut-1 is in maintenance until");
    let scope = "SELECT host_pattern || COALESCE(check_pattern, ', all') FROM maintenance";
    assert_eq!(desk.value(scope), "shut-1, all");
    assert_eq!(desk.did("add_maintenance", 1)["host_pattern"], json!("shut-1"));
}

fn comment(desk: &mut Desk) {
    desk.line("c", "Comment on shut-1/tcp:");
    desk.wrong("", "the comment is empty; write it, or Esc");
    desk.wrong(&"x".repeat(LONG), TOO_LONG);
    desk.right("rack 4 has no light", "commented on shut-1/tcp");
    let written = "SELECT author || ' ' || host || '/' || check_name || ' ' || text FROM comments";
    assert_eq!(desk.value(written), "noc-1 shut-1/tcp rack 4 has no light");
    let detail = desk.did("comment", 1);
    assert_eq!(detail["targets"], json!(["shut-1/tcp"]));
    assert_eq!(detail["text"], json!("rack 4 has no light"));
}

/// For the operator alone: nobody else's picture changes, so it is no entry of the audit.
fn snooze(desk: &mut Desk) {
    desk.line("s", "Snooze shut-1/tcp for:");
    desk.wrong("soon", "`soon` is no length of time; write 1h, 30m or until 06:00; off ends it");
    desk.wrong("2020-01-01 06:00", "2020-01-01 06:00 is over");
    desk.right("2h", "shut-1/tcp snoozed for you until");
    desk.wait_for("unhandled 1, handled 0, 1 snoozed");
    let kept = "SELECT value FROM preferences WHERE operator = 'noc-1' AND name = 'snoozes'";
    let until = std::time::Instant::now() + crate::pty::PATIENCE;
    while desk.rows(kept).is_empty() {
        assert!(std::time::Instant::now() < until, "it is not kept");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let value: serde_json::Value = serde_json::from_str(&desk.value(kept)).unwrap();
    let (end, checks) = value.as_object().unwrap().iter().next().unwrap();
    assert_eq!(checks, &json!(["shut-1/tcp"]));
    assert!(is_in(end.parse().unwrap(), 2 * 3600), "{value}");
    assert_eq!((desk.audit(), desk.ack("shut-1")), (Vec::new(), None));
}

/// The count is typed before a window ends, and Enter alone repeats.
fn confirm(desk: &mut Desk) {
    desk.line("m", "Window over shut-1/tcp for:");
    desk.right("1h", "shut-1/tcp is in maintenance until");
    let id = desk.value("SELECT id FROM maintenance");
    desk.press("7");
    desk.wait_for("Maintenance: 1 now");
    desk.line("D", "End 1 window, `quick window, shut-1");
    for wrong in ["", "2", "yes"] {
        desk.wrong(wrong, "type 1 and Enter to do it, or Esc");
    }
    desk.right("1", "has ended");
    assert_eq!(desk.did("end_maintenance", 2)["id"], json!(id));
    assert!(is_in(desk.moment("SELECT CAST(end_at AS TEXT) FROM maintenance"), 0));

    desk.press("2");
    desk.wait_for("2 unhandled");
    desk.press("r");
    desk.wait_for("re-checking shut-1/tcp: 1 run asked for");
    desk.line(".", "Re-check shut-1/tcp?");
    esc(&mut desk.console);
    desk.wait("the question goes", |screen| !screen.contains("⏎ send"));
    assert_eq!(desk.audit().len(), 3, "Esc does nothing");
    desk.line(".", "Re-check shut-1/tcp?");
    desk.console.send("\r");
    desk.wait_for("re-checking shut-1/tcp: 1 run asked for");
    assert_eq!(desk.did("recheck", 4)["targets"], json!(["shut-1/tcp"]));
}

fn filter(desk: &mut Desk) {
    let before = desk.store();
    desk.line("/", "/");
    for (wrong, says) in [
        ("state:b", "`b` is no state"),
        ("hots:shut", "did you mean `host:`?"),
        ("since:soon", "`soon` is not a length of time"),
    ] {
        desk.wrong(wrong, says);
    }
    desk.write("host:shut-2");
    desk.console.send("\r");
    desk.wait("that row alone", |screen| {
        has_row(screen, &["shut-2", "tcp", "CRIT"]) && !has_row(screen, &["shut-1", "tcp"])
    });
    desk.unchanged(&before);
}

fn series(desk: &mut Desk) {
    let before = desk.store();
    desk.press("gf");
    desk.wait("the series", |screen| screen.contains("Series"));
    desk.line("/", "/");
    for (wrong, says) in
        [("node{", "`node{` selects no series"), ("node{cpu}", "`node{cpu}` selects no series")]
    {
        desk.wrong(wrong, says);
    }
    desk.write("node{cpu=\"0\"}");
    desk.console.send("\r");
    desk.wait("the filter in the title", |screen| {
        screen.contains("Series /node{cpu=\"0\"}") && !screen.contains("⏎ send")
    });
    desk.unchanged(&before);
}

fn log(desk: &mut Desk) {
    let before = desk.store();
    desk.press("8");
    desk.wait("the history", |screen| has_row(screen, &["fired", "shut-1"]));
    desk.line("/", "/");
    for (wrong, says) in [
        ("kind:fird", "did you mean `fired`?"),
        ("since:soon", "write it as since:2h"),
        ("state:crit", "`state` is no key here"),
    ] {
        desk.wrong(wrong, says);
    }
    desk.write("host:shut-2");
    desk.console.send("\r");
    desk.wait("its entries alone", |screen| {
        has_row(screen, &["fired", "shut-2"]) && !has_row(screen, &["fired", "shut-1"])
    });
    desk.unchanged(&before);
}

/// Any words are right; what does not have them is not shown.
fn narrow(desk: &mut Desk) {
    let desk = forms::run_once(desk);
    desk.rest();
    let before = desk.store();
    desk.line("/", "/");
    desk.write("nowhere");
    desk.wait_for("Nothing passes the filter");
    desk.write("127.0 failed");
    desk.console.send("\r");
    desk.wait("its pair alone", |screen| has_row(screen, &["failed", "127.0.0.1:9"]));
    desk.wait_for("Speed /127.0 failed: 1 pair");
    desk.rest();
    esc(&mut desk.console);
    desk.wait("the whole list", |screen| !screen.contains("Speed /"));
    desk.unchanged(&before);
}

fn palette(desk: &mut Desk) {
    let before = desk.store();
    command(desk, "qqzzqq", "`qqzzqq` is no command; `:` and Tab show what there is");
    desk.unchanged(&before);
    command(desk, "recheck", "re-checking shut-1/tcp: 1 run asked for");
    assert_eq!(desk.did("recheck", 1)["targets"], json!(["shut-1/tcp"]));
    // An action of the configuration, too.
    command(desk, "jot", "touch");
    esc(&mut desk.console);
}

/// Runs a command, and waits for what is said.
fn command(desk: &mut Desk, text: &str, says: &str) {
    desk.line(":", ":");
    desk.right(text, says);
}

fn theme(desk: &mut Desk) {
    let before = desk.store();
    let colours = |desk: &Desk| -> BTreeSet<String> {
        desk.console.screen(|screen| {
            let (rows, columns) = screen.size();
            let cells = (0..rows.get()).flat_map(|y| (0..columns.get()).map(move |x| (y, x)));
            let cells = cells.filter_map(|(y, x)| screen.cell(y, x));
            // What a blank would be written in is left as it was: nobody sees it.
            let cells = cells.filter(|cell| !cell.contents().trim().is_empty());
            cells.map(|cell| format!("{:?}", cell.fgcolor())).collect()
        })
    };
    let first = colours(desk);
    assert!(first.len() > 2, "{first:?}");
    command(desk, "theme nosuch", "there is no theme `nosuch`; there are");
    desk.press("j");
    desk.wait("no message", |screen| !last(screen).contains("no theme"));
    desk.rest();
    assert_eq!(colours(desk), first, "the one in force stays in force");
    desk.line(":", ":");
    desk.write("theme mono");
    desk.console.send("\r");
    desk.wait("no line", |screen| !screen.contains("⏎ send"));
    desk.rest();
    assert_eq!(colours(desk), BTreeSet::from(["Default".to_owned()]), "no colour is left");
    desk.unchanged(&before);
}

fn ctx(desk: &mut Desk) {
    let before = desk.store();
    command(desk, "ctx nosuch", "there is no [[context]] `nosuch`; there are: ");
    command(desk, "ctx", "this is local; write :ctx NAME, there are: ");
    desk.unchanged(&before);
}

fn take_back(desk: &mut Desk) {
    let before = desk.store();
    command(desk, "take-back some", "write :take-back, or :take-back all");
    command(desk, "take-back all", "no command waits to be sent");
    desk.unchanged(&before);
}

fn arm(desk: &mut Desk) {
    let before = desk.store();
    for wrong in ["soon", "0s", "9h"] {
        let says = format!("`{wrong}` is no time to arm for; write 15m, at most 8h");
        command(desk, &format!("arm {wrong}"), &says);
        desk.press("a");
        desk.wait_for("ack: this console is read-only");
    }
    desk.unchanged(&before);
    command(desk, "arm 15m", "changes are allowed for 15m");
    desk.wait_for("ARMED 1");
    desk.line("a", "Acknowledge shut-1/tcp until");
    desk.right("mine", "shut-1/tcp acknowledged by noc-1");
    desk.did("acknowledge", 1);
}

fn hold(desk: &mut Desk) {
    let before = desk.store();
    for wrong in ["hold paging", "hold paging soon firmware", "hold paging 30m"] {
        command(desk, wrong, "write :hold paging 30m REASON: how long, and why");
    }
    command(desk, "hold paging 25h firmware", "paging is held for 1 s to ");
    desk.unchanged(&before);
    command(desk, "hold paging 30m firmware of core-1", "paging is held until ");
    desk.wait_for("PAGING HELD until ");
    assert_eq!(desk.did("hold_paging", 1)["reason"], json!("firmware of core-1"));
}

fn resume(desk: &mut Desk) {
    let before = desk.store();
    command(desk, "resume paging", "paging is not held");
    desk.unchanged(&before);
    command(desk, "hold paging 30m firmware", "paging is held until ");
    desk.wait_for("PAGING HELD until ");
    command(desk, "resume paging", "paging goes on");
    desk.wait("it is over", |screen| !screen.contains("PAGING HELD"));
    desk.did("resume_paging", 2);
}

fn note(desk: &mut Desk) {
    let before = desk.store();
    command(desk, "note", "write :note TEXT");
    let long = format!("note {}", "x".repeat(NOTE_LIMIT + 1));
    command(desk, &long, &format!(":note takes 1 to {NOTE_LIMIT} characters, these are"));
    desk.unchanged(&before);
    command(desk, "note fan tray ordered", "noted for the handover");
    assert_eq!(desk.did("note", 1)["text"], json!("fan tray ordered"));
}

fn sign_off(desk: &mut Desk) {
    let before = desk.store();
    command(desk, "sign-off", "write :sign-off NAME: who takes over");
    let long = format!("sign-off {}", "x".repeat(NAME_LIMIT + 1));
    command(desk, &long, &format!(":sign-off takes 1 to {NAME_LIMIT} characters, these are"));
    desk.line(":", ":");
    desk.write("sign-off mia");
    desk.console.send("\r");
    desk.wait_for("Sign off, mia takes over?");
    esc(&mut desk.console);
    desk.wait("no question", |screen| !screen.contains("Sign off, mia"));
    desk.unchanged(&before);
    desk.line(":", ":");
    desk.write("sign-off mia");
    desk.console.send("\r");
    desk.wait_for("Sign off, mia takes over?");
    desk.press("\r");
    desk.wait_for("mia has taken over");
    assert_eq!(desk.did("sign_off", 1)["to"], json!("mia"));
}

fn save_view(desk: &mut Desk) {
    let before = desk.store();
    for (wrong, says) in [
        ("save-view Q night", "`Q` is not a letter for a view; write one of a to z"),
        ("save-view night", "write a letter and a name: save-view a name"),
        (
            &format!("save-view q {}", "x".repeat(41)),
            "the name of a view has at most 40 characters",
        ),
    ] {
        command(desk, wrong, says);
    }
    desk.unchanged(&before);
    command(desk, "save-view q Night shift", "Night shift");
    desk.press("1");
    desk.wait_for("Hosts by site");
    desk.press("'q");
    desk.wait_for("view q: Night shift");
    let kept = "SELECT operator || value FROM preferences WHERE name = 'views'";
    let value = desk.value(kept);
    assert!(value.starts_with(OPERATOR) && value.contains("Night shift"), "{value}");
}

fn help(desk: &mut Desk) {
    let before = desk.store();
    desk.press("?");
    desk.wait_for("acknowledge the alerts");
    desk.press("amD\r");
    desk.rest();
    assert!(desk.console.text().contains("acknowledge the alerts"), "{}", desk.console.text());
    desk.press("q");
    desk.wait("the list", |screen| !screen.contains("acknowledge the alerts"));
    desk.unchanged(&before);
}

fn question(desk: &mut Desk) {
    let before = desk.store();
    desk.press("\x03");
    desk.wait_for("Leave the console");
    // What is no answer is none, also Enter.
    desk.press("xyn\r");
    desk.rest();
    assert!(desk.console.text().contains("Leave the console"));
    desk.unchanged(&before);
    desk.console.send("s");
    assert_eq!(desk.console.wait_code(), 0);
    desk.console.wait_output();
    desk.console.assert_given_back();
    // When the operator left is kept.
    let left = "SELECT operator FROM preferences WHERE name = 'left'";
    assert_eq!(desk.value(left), OPERATOR);
    assert_eq!(desk.audit(), []);
}

/// On its way to a server that lets it in and says nothing: only giving up is a key there.
fn going(desk: &mut Desk) {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let token = desk.house.file("token");
    std::fs::write(&token, format!("fnx_{}", "a".repeat(43))).unwrap();
    let context = format!(
        "[[context]]\nname = \"silent\"\nurl = \"{url}\"\ntoken = {{ file = \"{}\" }}\n",
        token.display()
    );
    let mut desk = Desk::open_with(&context, &[]);
    let before = desk.store();
    desk.line(":", ":");
    desk.write("ctx silent");
    desk.console.send("\r");
    desk.wait_for("connecting to silent");
    desk.press("am\x04jj");
    desk.rest();
    assert!(desk.console.text().contains("connecting to silent"), "{}", desk.console.text());
    esc(&mut desk.console);
    desk.wait_for("still at local");
    desk.unchanged(&before);
}

fn themes(desk: &mut Desk) {
    let before = desk.store();
    desk.line(":", ":");
    desk.write("theme");
    desk.console.send("\r");
    desk.wait_for("as before");
    desk.press("am\x04jj");
    desk.rest();
    assert!(desk.console.text().contains("as before"), "{}", desk.console.text());
    esc(&mut desk.console);
    desk.wait("it goes", |screen| !screen.contains("as before"));
    desk.line(":", ":");
    desk.write("theme");
    desk.console.send("\r");
    desk.wait_for("as before");
    desk.press("j\r");
    desk.wait("the theme", |screen| last(screen).contains("write theme = \""));
    desk.unchanged(&before);
}

fn run(desk: &mut Desk) {
    let before = desk.store();
    let ran = desk.house.file("ran-shut-1");
    for answer in ["y\x1b", "x\x1b", "n\x03"] {
        desk.press("gi");
        let screen = desk.wait_for("Run jot?");
        assert!(screen.contains("/usr/bin/touch") && screen.contains("ran-shut-1"), "{screen}");
        desk.press(&answer[..1]);
        desk.rest();
        assert!(desk.console.text().contains("Run jot?"), "no letter answers");
        desk.console.send(&answer[1..]);
        desk.wait("it goes", |screen| !screen.contains("Run jot?"));
        desk.rest();
        assert!(!ran.exists());
    }
    desk.press("gi");
    desk.wait_for("Run jot?");
    desk.press("\r");
    desk.wait_for("jot is done");
    assert!(ran.exists());
    desk.unchanged(&before);
}

fn card(desk: &mut Desk) {
    let before = desk.store();
    desk.press("b");
    desk.wait_for("call the web team");
    desk.press("amM");
    desk.rest();
    assert!(desk.console.text().contains("call the web team"), "{}", desk.console.text());
    desk.press("\r");
    desk.wait("it goes", |screen| !screen.contains("call the web team"));
    desk.unchanged(&before);
}

fn views(desk: &mut Desk) {
    let before = desk.store();
    desk.press("'");
    desk.wait_for("saved views");
    desk.console.send("Q");
    desk.wait_for("no view is saved under `Q`; there are");
    desk.press("'");
    desk.wait_for("saved views");
    desk.console.send("\r");
    desk.wait_for("a saved view has a letter");
    desk.press("'");
    desk.wait_for("saved views");
    desk.console.send("w");
    desk.wait_for("view w: Windows");
    desk.unchanged(&before);
}
