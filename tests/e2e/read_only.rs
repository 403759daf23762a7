//! A console that is started read-only: every key and command that changes something is refused with
//! the reason, the engine refuses it too, and `:arm` allows it for a time.

use fluxnoc::client::Client;
use fluxnoc::model::{RequestId, SafeText};
use fluxnoc::protocol::{Actor, Command, ProblemKind, Request, Role};
use fluxnoc::tui::action::{Action, Need};
use fluxnoc::tui::keymap::{Context, Keymap};
use serde_json::json;

use crate::desk::{Desk, OPERATOR, last};
use crate::house::{House, LARGE};
use crate::pty::{PATIENCE, Terminal};

const READ_ONLY: &str = "this console is read-only";

/// Every action that changes something, with its key where it has one: from the source.
fn changing() -> Vec<(Action, Option<String>)> {
    let keymap = Keymap::standard();
    let contexts = [Context::Objects, Context::List, Context::Graph, Context::Global];
    let all = Action::ALL.iter().copied().filter(|action| action.need() != Need::Look);
    all.map(|action| (action, keymap.key(&contexts, action))).collect()
}

/// Refuses each, by key and by name.
fn refuses_all(console: &mut Terminal) {
    let all = changing();
    assert!(all.len() >= 12, "{all:?}");
    for (action, key) in all {
        let why = format!("{}: {READ_ONLY}", action.name());
        if let Some(key) = key {
            refused(console, &key, &why);
        }
        refused(console, &format!(":{}", action.name()), &why);
    }
    // A program of somebody's own may change anything.
    for way in ["gi", ":jot"] {
        refused(console, way, &format!("jot: {READ_ONLY}"));
    }
}

fn refused(console: &mut Terminal, keys: &str, why: &str) {
    // The one before is no answer to this one.
    rest(console);
    console.send("G");
    console.wait("no message", PATIENCE, |screen| !last(screen).contains(READ_ONLY));
    rest(console);
    match keys.strip_prefix(':') {
        None => console.send(keys),
        Some(name) => {
            console.send(":");
            console.wait("a line", PATIENCE, |screen| screen.contains("⏎ send"));
            rest(console);
            console.send(name);
            console.wait(name, PATIENCE, |screen| last(screen).contains(name));
            rest(console);
            console.send("\r");
        }
    }
    let screen = console.wait(why, PATIENCE, |screen| last(screen).contains(why));
    assert!(!screen.contains("⏎ send") && !screen.contains("Cancel"), "{keys}\n{screen}");
}

fn rest(console: &Terminal) {
    console.silence(std::time::Duration::from_millis(350), PATIENCE);
}

#[test]
fn dc_04_every_changing_key_is_refused_until_the_console_is_armed() {
    let mut desk = Desk::open(&["--read-only"]);
    let before = desk.store();
    refuses_all(&mut desk.console);
    desk.unchanged(&before);
    armed(&mut desk);
    desk.press("X");
    desk.wait_for("read-only again");
    refused(&mut desk.console, "a", &format!("ack: {READ_ONLY}"));
    // The custom action is allowed while the rest is.
    desk.press("X");
    desk.wait_for("changes are allowed for 15m");
    desk.press("gi");
    desk.wait_for("Run jot?");
    desk.press("\r");
    desk.wait_for("jot is done");
    assert!(desk.house.file("ran-shut-2").exists() || desk.house.file("ran-shut-1").exists());
}

#[test]
fn dc_04_a_read_only_console_beside_a_running_engine_is_armed_as_well() {
    let mut desk = Desk::open(&[]);
    let console = desk.house.console(LARGE, &["--as", OPERATOR, "--read-only"]);
    console.wait("the same", PATIENCE, |screen| {
        screen.contains("attached") && screen.contains("2 unhandled")
    });
    // The first one stays: the engine is in it.
    let _first = std::mem::replace(&mut desk.console, console);
    desk.press("2");
    desk.wait_for("Alerts: unhandled 2");
    let before = desk.store();
    refuses_all(&mut desk.console);
    desk.unchanged(&before);
    armed(&mut desk);
}

/// Arms it, and acknowledges.
fn armed(desk: &mut Desk) {
    desk.press("gg");
    desk.line(":", ":");
    desk.right("arm 15m", "changes are allowed for 15m");
    desk.wait_for("ARMED 1");
    desk.line("a", "Acknowledge shut-1/tcp until");
    desk.right("seen by me", "shut-1/tcp acknowledged by noc-1 until");
    assert_eq!(desk.ack("shut-1").unwrap()["comment"], json!("seen by me"));
    desk.did("acknowledge", 1);
}

#[test]
fn the_engine_refuses_what_is_asked_for_as_a_viewer_on_a_connection_that_may_more() {
    let desk = Desk::open(&[]);
    assert_eq!(ask(&desk.house, Role::Viewer), Some(ProblemKind::Forbidden));
    assert_eq!(desk.audit(), []);
    assert_eq!(ask(&desk.house, Role::Operator), None);
    desk.did("recheck", 1);
}

/// Asks for a re-check in that role through a client that may everything.
fn ask(house: &House, role: Role) -> Option<ProblemKind> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let socket = house.data().join("fluxnoc.sock");
    let client = Client::connect(&socket, OPERATOR, Role::Admin).unwrap();
    let request = Request {
        id: RequestId::from_parts(crate::desk::now(), [role as u8; 10]),
        actor: Actor::Local { name: SafeText::line(OPERATOR), role },
        command: Command::Recheck { targets: vec!["shut-1/tcp".parse().unwrap()] },
    };
    runtime.block_on(client.execute(&request)).err().map(|problem| problem.kind)
}
