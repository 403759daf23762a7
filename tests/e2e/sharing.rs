//! Several shells on one data directory: one engine, and everybody sees and does the same.

use std::time::{Duration, Instant};

use fluxnoc::protocol::{Answer, Query};

use crate::house::{House, LARGE, SMALL_SITE, alert, esc, has_row, host, type_line, words_of};
use crate::pty::{PATIENCE, Terminal};

#[test]
fn a_second_console_attaches_and_both_see_what_one_does() {
    let house = House::new(SMALL_SITE);
    let mut first = house.console(LARGE, &["--as", "noc-1"]);
    first.wait_for("engine here");
    first.wait("the hard problem", PATIENCE, |screen| {
        has_row(screen, &["shut-1", "tcp", "CRIT", "connection refused by 127.0.0.1:9"])
            && screen.contains("1 unhandled")
    });
    let mut second = house.console(LARGE, &["--as", "noc-2"]);
    let screen = second.wait_for("1 unhandled");
    assert!(screen.contains("attached") && !screen.contains("engine here"), "{screen}");
    assert!(has_row(&screen, &["shut-1", "tcp", "CRIT"]), "{screen}");
    assert!(screen.contains("1 CRITICAL") && screen.contains("1 OK"), "{screen}");

    // A key acts on what was painted when it was pressed: first the whole frame.
    second.silence(Duration::from_millis(400), PATIENCE);
    second.send("a");
    second.wait_for("Acknowledge shut-1/tcp until");
    esc(&mut second);
    second.wait("the line goes", PATIENCE, |screen| !screen.contains("Acknowledge shut-1"));
    type_line(&mut second, "a", "the port stays shut");
    let screen = second.wait_for("0 unhandled");
    assert!(has_row(&screen, &["shut-1", "tcp", "noc-2"]), "{screen}");
    let screen = first.wait_for("0 unhandled");
    assert!(has_row(&screen, &["shut-1", "tcp", "noc-2"]), "{screen}");

    // Leaving an attached console asks nothing: the engine is the other's.
    second.send("q");
    assert_eq!(second.wait_code(), 0);
    second.assert_given_back();
    first.send("?");
    first.wait_for("help");
}

#[test]
fn a_second_engine_is_refused_and_told_the_pid() {
    let house = House::new(SMALL_SITE);
    let console = house.console(LARGE, &[]);
    console.wait_for("engine here");
    let refused = house.run(&["__engine"]);
    let said = words_of(&refused);
    assert_eq!(refused.status.code(), Some(1), "{said}");
    assert!(said.contains(&format!("pid {}", console.pid())), "{said}");
    assert!(said.contains(&house.data().display().to_string()), "{said}");
    let Answer::Engine(status) = house.ask(&Query::Engine) else { panic!("no status") };
    assert_eq!(status.pid, console.pid(), "the first goes on");
}

#[test]
fn an_acknowledgement_from_a_second_shell_reaches_the_console() {
    let house = House::new(SMALL_SITE);
    let console = house.console(LARGE, &["--as", "noc-1"]);
    console.wait("the hard problem", PATIENCE, |screen| {
        has_row(screen, &["shut-1", "tcp"]) && screen.contains("1 unhandled")
    });
    let words = ["--as", "night-2", "ack", "shut-1/tcp", "--comment", "known", "--expires", "2h"];
    let done = house.run(&words);
    assert!(done.status.success(), "{}", words_of(&done));
    let screen = console.wait_for("0 unhandled");
    assert!(has_row(&screen, &["shut-1", "tcp", "night-2"]), "{screen}");
    let alerts = house.json(&["alerts", "--json"]);
    let ack = &alert(&alerts, "shut-1").unwrap()["acknowledged"];
    assert_eq!((&ack["author"], &ack["comment"]), (&"night-2".into(), &"known".into()));

    let back = house.run(&["unack", "shut-1"]);
    assert!(back.status.success(), "{}", words_of(&back));
    console.wait_for("1 unhandled");
    let window = ["maintenance", "add", "--hosts", "shut-*", "--for", "1h", "--name", "switch"];
    let added = house.run(&window);
    assert!(added.status.success(), "{}", words_of(&added));
    console.wait_for("1 MAINTENANCE");
    // A target that does not exist is named, and the exit code says that nothing was done.
    let nothing = house.run(&["ack", "nosuch-1"]);
    let said = words_of(&nothing);
    assert_eq!(nothing.status.code(), Some(1), "{said}");
    assert!(said.contains("there is no host `nosuch-1`"), "{said}");
}

#[test]
fn without_a_running_engine_the_verbs_open_the_store_themselves() {
    let house = House::new(SMALL_SITE);
    let hosts = house.json(&["hosts", "--json"]);
    assert_eq!(host(&hosts, "shut-1").unwrap()["checks"][0]["name"], "tcp");
    assert_eq!(house.json(&["alerts", "--json"]), serde_json::json!([]));
    let words =
        ["--as", "noc-1", "maintenance", "add", "--hosts", "job-*", "--for", "1h", "--json"];
    let added = house.json(&words);
    assert_eq!(house.json(&["hosts", "--json"])[0]["state"], "MAINTENANCE");
    let listed = house.json(&["maintenance", "list", "--json"]);
    assert_eq!(listed.as_array().unwrap().len(), 1);
    assert_eq!(listed[0]["host_pattern"], "job-*");
    assert_eq!(listed[0]["author"], "noc-1");
    assert!(added.to_string().contains(listed[0]["id"].as_str().unwrap()), "{added}");
    // Nothing was probed: that is what an engine with a worker does.
    assert_eq!(
        host(&house.json(&["hosts", "--json"]), "shut-1").unwrap()["checks"][0]["last_result"],
        serde_json::Value::Null
    );
    let refused = house.run(&["recheck", "shut-1"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(words_of(&refused).contains("no fluxnoc runs here"), "{}", words_of(&refused));

    // And a console that is started later knows the window.
    let console = house.console(LARGE, &[]);
    console.wait_for("1 MAINTENANCE");
}

#[test]
fn dc_03_the_same_screens_locally_and_attached() {
    let house = House::new(&SMALL_SITE.replace("\"2s\"", "\"60s\""));
    let mut here = house.console(LARGE, &[]);
    here.wait("the hard problem", PATIENCE, |screen| {
        screen.contains("1 unhandled") && screen.contains("1 OK")
    });
    let mut there = house.console(LARGE, &[]);
    there.wait_for("1 unhandled");
    // The overview with its live trace, each pane alone, a host with its checks, graph, output and
    // events, the keys, another theme, an input line; as opened, and on a small terminal.
    for (keys, what, shown) in [
        ("", "the overview", "Hosts by site"),
        ("2", "the alerts", "Alerts: unhandled 1"),
        ("3", "the hosts", "Hosts, worst first"),
        ("G\r", "a host", "Events of job-1"),
        ("\t", "its graph", "< earlier"),
        ("\x1b", "back", "Hosts, worst first"),
        ("5", "the paths", "Paths"),
        ("1", "the overview again", "Alerts: unhandled 1"),
        ("/shut", "a filter being typed", "⏎ send"),
        ("\r", "a filter", "/shut"),
        ("\r", "a host with a story", "fired"),
        ("\x1b", "and back", "Hosts by site"),
        ("a", "an acknowledgement being typed", "Acknowledge shut-1/tcp"),
        ("\x1b", "without it", "1 unhandled"),
        ("?", "the keys", "acknowledge"),
        ("q", "without the keys", "Hosts by site"),
    ] {
        here.send(keys);
        there.send(keys);
        for console in [&here, &there] {
            console.wait(what, PATIENCE, |screen| screen.contains(shown));
        }
        // Which live traces a console has seen is its own: it depends on where a hand rested.
        if what != "the paths" {
            same(&here, &there, what);
        }
    }
    here.resize(80, 24);
    there.resize(80, 24);
    same(&here, &there, "a small terminal");
}

/// Waits until both show the same besides where the engine is.
fn same(here: &Terminal, there: &Terminal, what: &str) {
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        // A key must have been taken before the screens are compared.
        here.silence(Duration::from_millis(150), Duration::from_secs(20));
        there.silence(Duration::from_millis(150), Duration::from_secs(20));
        let (a, b) = (plain(&here.text()), plain(&there.text()));
        if a == b {
            return;
        }
        assert!(Instant::now() < until, "{what} differs\nhere:\n{a}\nattached:\n{b}");
    }
}

/// The line without the moment of the next run: a console knows it from the results that came while
/// it looked.
fn without_next(line: &str) -> String {
    const LONG: usize = ", next 18:22:03".len();
    match line.find(", next ") {
        Some(at) if line.is_char_boundary(at + LONG) => {
            format!("{}{}{}", &line[..at], " ".repeat(LONG), &line[at + LONG..])
        }
        _ => line.to_owned(),
    }
}

/// Without the badge and the alignment that depends on its length.
fn plain(screen: &str) -> String {
    let first = screen.lines().next().unwrap_or("");
    let rest: Vec<String> = screen.lines().skip(1).map(without_next).collect();
    let first = first.replace("engine here", "PLACE").replace("attached", "PLACE");
    let first: Vec<&str> = first.split_whitespace().collect();
    format!("{}\n{}", first.join(" "), rest.join("\n"))
}
