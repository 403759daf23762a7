//! Ways to leave: asked, told, signalled, hung up. Monitoring never stops unnoticed, and the
//! terminal is as it was.

use std::time::{Duration, Instant};

use fluxnoc::protocol::{Answer, Query};
use nix::sys::signal::Signal;

use crate::house::{
    House, LARGE, SMALL_SITE, await_end, esc, host, signal, stat, threads, type_line,
};
use crate::pty::Terminal;

fn open(house: &House) -> Terminal {
    let console = house.console(LARGE, &[]);
    let ready = |screen: &str| screen.contains("engine here") && screen.contains("LIVE");
    console.wait("the console", crate::pty::PATIENCE, ready);
    assert!(console.is_full_screen() && console.is_raw());
    console
}

fn pid(house: &House) -> u32 {
    let Answer::Engine(status) = house.ask(&Query::Engine) else { panic!("no status") };
    status.pid
}

#[test]
fn dc_01_leaving_asks_and_s_stops_everything() {
    let house = House::new(SMALL_SITE);
    let mut console = open(&house);
    for ask in ["q", "\x03", ":q"] {
        match ask.strip_prefix(':') {
            Some(typed) => type_line(&mut console, ":", typed),
            None => console.send(ask),
        }
        let screen = console.wait_for("Leave the console");
        assert!(screen.contains("watches 2 hosts"), "{screen}");
        // Other letters answer nothing.
        console.send("xyz");
        esc(&mut console);
        console.wait("the question goes", crate::pty::PATIENCE, |screen| {
            !screen.contains("Leave the console")
        });
    }
    console.send("q");
    console.wait_for("Leave the console");
    console.send("s");
    assert_eq!(console.wait_code(), 0);
    console.wait_output();
    console.assert_given_back();
    assert!(!house.data().join("fluxnoc.sock").exists(), "the socket went with the engine");
}

#[test]
fn dc_01_k_keeps_the_engine_running_without_a_screen() {
    let house = House::new(SMALL_SITE);
    let mut console = open(&house);
    let first = console.pid();
    console.wait_for("1 unhandled");
    console.send("q");
    console.wait_for("Leave the console");
    console.send("k");
    assert_eq!(console.wait_code(), 0);
    let left = console.wait_output();
    console.assert_given_back();
    let engine = pid(&house);
    assert!(left.contains(&format!("monitors on as process {engine}")), "{left}");
    assert_ne!(engine, first);
    assert_eq!(house.holder(), engine);
    // Its own session, no terminal: the end of ours is not its end.
    let (_, session, terminal, _) = stat(engine).unwrap();
    assert_eq!((session, terminal), (engine, 0));
    drop(console);

    let before = house.json(&["hosts", "--json"]);
    let last = |hosts: &serde_json::Value| last_result(hosts, "job-1");
    house.await_json(&["hosts", "--json"], "the next result", |hosts| last(hosts) != last(&before));

    let mut again = house.console(LARGE, &[]);
    let screen = again.wait_for("1 unhandled");
    assert!(screen.contains("attached"), "{screen}");
    again.send("q");
    assert_eq!(again.wait_code(), 0);
    signal(engine, Signal::SIGTERM);
    await_end(engine);
    assert!(!house.data().join("fluxnoc.sock").exists());
}

#[test]
fn dc_01_sigterm_gives_the_terminal_back_and_is_a_success() {
    let house = House::new(SMALL_SITE);
    let mut console = open(&house);
    console.wait_for("1 OK");
    console.signal(Signal::SIGTERM);
    assert_eq!(console.wait_code(), 0);
    console.wait_output();
    console.assert_given_back();
}

#[test]
fn dc_08_a_closed_terminal_leaves_the_engine_running_and_the_screen_costs_nothing() {
    // One run a minute: what is measured is the screen, not the checks.
    let house = House::new(&SMALL_SITE.replace("\"2s\"", "\"60s\""));
    let mut console = open(&house);
    console.wait_for("1 unhandled");
    let engine = console.pid();
    console.hang_up();
    let closed = Instant::now();
    while threads(engine).iter().any(|name| name.starts_with("console-")) {
        assert!(closed.elapsed() < Duration::from_secs(1), "{:?}", threads(engine));
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(pid(&house), engine, "the same process monitors on");
    assert!(closed.elapsed() < Duration::from_secs(2), "{:?}", closed.elapsed());
    let hosts = house.json(&["hosts", "--json"]);
    assert!(host(&hosts, "shut-1").is_some());

    // A reader or writer that spins on a dead terminal would take a second of CPU each second.
    let ticks = |pid| stat(pid).unwrap().3;
    let before = ticks(engine);
    std::thread::sleep(Duration::from_secs(2));
    let used = ticks(engine) - before;
    assert!(used <= 10, "{used} ticks of 10 ms in 2 s");

    let mut again = house.console(LARGE, &[]);
    let screen = again.wait_for("1 unhandled");
    assert!(screen.contains("attached"), "{screen}");
    again.send("q");
    assert_eq!(again.wait_code(), 0);
    signal(engine, Signal::SIGTERM);
    assert_eq!(console.wait_code(), 0);
}

#[test]
fn a_terminal_that_takes_nothing_holds_neither_the_engine_nor_the_end() {
    let house = House::new(SMALL_SITE);
    let mut console = open(&house);
    console.wait_for("1 OK");
    console.freeze(true);
    // More than the terminal's own memory takes.
    for size in [(200, 60), (160, 44), (200, 60), (160, 44), (200, 60), (160, 44)] {
        console.resize(size.0, size.1);
        console.send("?");
    }
    let before = house.json(&["hosts", "--json"]);
    let last = |hosts: &serde_json::Value| last_result(hosts, "job-1");
    house.await_json(&["hosts", "--json"], "the next result", |hosts| last(hosts) != last(&before));
    let told = Instant::now();
    console.signal(Signal::SIGTERM);
    assert_eq!(console.wait_code(), 0);
    assert!(told.elapsed() < Duration::from_secs(5), "{:?}", told.elapsed());
    console.freeze(false);
}

#[test]
fn dc_08_an_attached_console_ends_with_its_terminal() {
    let house = House::new(SMALL_SITE);
    let first = open(&house);
    let mut second = house.console(LARGE, &[]);
    second.wait_for("attached");
    second.wait_for("1 unhandled");
    second.hang_up();
    let closed = Instant::now();
    assert_eq!(second.wait_code(), 0);
    assert!(closed.elapsed() < Duration::from_secs(2), "{:?}", closed.elapsed());
    assert_eq!(pid(&house), first.pid());
}

/// When the first check of a host had its last result.
fn last_result(hosts: &serde_json::Value, name: &str) -> serde_json::Value {
    host(hosts, name).unwrap()["checks"][0]["last_result"].clone()
}
