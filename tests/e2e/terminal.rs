//! The terminal's edge: jobs, sizes that change, a terminal that stops reading, keys that arrive in
//! pieces, what is pasted, what is copied, what a terminal does not know.

use std::time::{Duration, Instant};

use base64::Engine as _;
use fluxnoc::clock::Clock;
use fluxnoc::protocol::{Answer, Query};
use fluxnoc::tui::Options;
use fluxnoc::tui::terminal::Terminal as Screen;
use fluxnoc::tui::terminal::modes::Manners;

use crate::house::{House, LARGE, SMALL_SITE, esc, has_row, host, memory};
use crate::pty::{PATIENCE, Terminal};

/// One run a minute: what moves on screen is what the test does.
fn calm() -> House {
    House::new(&SMALL_SITE.replace("\"2s\"", "\"60s\""))
}

fn open(house: &House) -> Terminal {
    let console = house.console(LARGE, &[]);
    console.wait("the console", PATIENCE, |screen| {
        screen.contains("LIVE") && screen.contains("1 unhandled") && screen.contains("1 OK")
    });
    console
}

/// What the terminal shows is what the console means: painting every cell again changes nothing.
fn is_coherent(console: &mut Terminal) {
    let until = Instant::now() + Duration::from_secs(30);
    loop {
        console.silence(Duration::from_millis(200), PATIENCE);
        let shown = console.text();
        console.send("\x0c");
        console.silence(Duration::from_millis(200), PATIENCE);
        let again = console.text();
        if shown == again {
            return;
        }
        // A duration may have moved on meanwhile.
        assert!(Instant::now() < until, "shown:\n{shown}\npainted again:\n{again}");
    }
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[test]
fn dc_08_ctrl_z_where_the_engine_runs_opens_a_shell_and_monitoring_goes_on() {
    let house = House::new(SMALL_SITE);
    let mut console = open(&house);
    console.send("\x1a");
    let until = Instant::now() + PATIENCE;
    while console.is_full_screen() {
        assert!(Instant::now() < until, "{}", console.text());
        std::thread::sleep(Duration::from_millis(10));
    }
    console.send("echo inside-$FLUXNOC_SHELL\r");
    console.wait_for("inside-1");
    let before = house.json(&["hosts", "--json"]);
    let last = |hosts: &serde_json::Value| host(hosts, "job-1").unwrap()["checks"][0].clone();
    house.await_json(&["hosts", "--json"], "results behind the shell", |hosts| {
        last(hosts)["last_result"] != last(&before)["last_result"]
    });
    console.send("exit\r");
    console.wait_for("back from");
    assert!(console.is_full_screen() && console.is_raw());
    // Its keys are read again.
    console.send("?");
    console.wait_for("acknowledge");
}

#[test]
fn dc_08_ctrl_z_stops_an_attached_console_and_fg_brings_it_back() {
    let house = calm();
    let _engine = open(&house);
    let mut shell = Terminal::start("/bin/bash".as_ref(), &["--norc", "-i"], &[], 160, 44);
    shell.wait("a prompt", PATIENCE, |screen| screen.contains('$') || screen.contains('#'));
    shell.send(&format!("{}\r", house.typed()));
    shell.wait_for("attached");
    shell.wait_for("1 unhandled");
    for _ in 0..2 {
        shell.send("\x1a");
        shell.wait_for("Stopped");
        assert!(!shell.is_full_screen());
        shell.send("clear; echo still-$((40 + 2))\r");
        shell.wait_for("still-42");
        shell.send("fg\r");
        shell.wait_for("LIVE");
        assert!(shell.is_full_screen());
        is_coherent(&mut shell);
    }
    shell.send("?");
    shell.wait_for("acknowledge");
}

#[test]
fn dc_08_a_storm_of_sizes_ends_in_one_coherent_frame() {
    let house = calm();
    let mut console = open(&house);
    for n in 0_u16..200 {
        // From too small to large, every size another.
        console.resize(20 + (n * 37) % 200, 5 + (n * 13) % 60);
    }
    console.resize(120, 40);
    console.wait("the last size", PATIENCE, |screen| {
        screen.lines().count() == 40 && screen.contains("Hops") && screen.contains("1 unhandled")
    });
    is_coherent(&mut console);
    assert!(console.text().lines().all(|line| line.chars().count() <= 120));
}

#[test]
fn dc_08_a_terminal_that_stops_reading_costs_nothing_and_shows_one_frame_afterwards() {
    let house = House::new(SMALL_SITE);
    let mut console = open(&house);
    console.freeze(true);
    let before = memory(console.pid());
    let results = house.json(&["hosts", "--json"]);
    let begun = Instant::now();
    let mut wide = false;
    while begun.elapsed() < Duration::from_secs(5) {
        // More than the line itself holds.
        wide = !wide;
        console.resize(if wide { 200 } else { 160 }, if wide { 60 } else { 44 });
        console.send("jk");
        std::thread::sleep(Duration::from_millis(20));
    }
    console.resize(160, 44);
    let last = |hosts: &serde_json::Value| host(hosts, "job-1").unwrap()["checks"][0].clone();
    house.await_json(&["hosts", "--json"], "checks went on", |hosts| {
        last(hosts)["last_result"] != last(&results)["last_result"]
    });
    // Somebody acknowledges it meanwhile: it is on the first frame.
    assert!(house.run(&["ack", "shut-1/tcp", "--comment", "seen"]).status.success());
    let grown = memory(console.pid()).saturating_sub(before);
    assert!(grown < 8 * 1024, "{grown} KiB more");
    let written = console.bytes();
    console.freeze(false);
    console.wait_for("0 unhandled");
    // What the line held, and one picture; not one for each key and size.
    console.silence(Duration::from_millis(300), PATIENCE);
    let caught_up = console.bytes() - written;
    assert!(caught_up < 200 * 1024, "{caught_up} bytes to catch up");
    is_coherent(&mut console);
}

/// Runs in a terminal of its own, as the child of the test below.
#[test]
fn child_that_panics_with_the_screen() {
    let Ok(how) = std::env::var("FLUXNOC_E2E_PANIC") else { return };
    let (say, _said) = tokio::sync::mpsc::channel(8);
    let options = Options { mouse: Some(true), ..Options::default() };
    let mut screen = Screen::open(&Clock::System, Manners::of(&options), &say).unwrap();
    screen.pump();
    std::thread::sleep(Duration::from_millis(300));
    // Nothing but the hook gives it back then.
    if how == "forgotten" {
        std::mem::forget(screen);
    }
    panic!("as planned");
}

#[test]
fn dc_01_a_panic_gives_the_terminal_back_and_is_readable() {
    let program = std::env::current_exe().unwrap();
    let args = ["--exact", "terminal::child_that_panics_with_the_screen", "--nocapture"];
    for how in ["dropped", "forgotten"] {
        let mut child = Terminal::start(&program, &args, &[("FLUXNOC_E2E_PANIC", how)], 120, 40);
        let until = Instant::now() + PATIENCE;
        while !contains(&child.written(), b"\x1b[?1049h") {
            assert!(Instant::now() < until, "{}", child.text());
            std::thread::sleep(Duration::from_millis(5));
        }
        assert_ne!(child.wait_code(), 0);
        let screen = child.wait_output();
        child.assert_given_back();
        assert!(screen.contains("as planned"), "{how}: told on the ordinary screen:\n{screen}");
    }
}

/// Its own poll of the kernel fails under the screen's thread: a panic where no one planned it.
#[test]
#[ignore = "injects a fault with strace"]
fn dc_01_a_panic_of_the_screen_ends_the_screen_and_not_the_monitoring() {
    let house = calm();
    let mut console = open(&house);
    console.silence(Duration::from_millis(500), PATIENCE);
    let mut fault = std::process::Command::new("strace")
        .args(["-qq", "-o", "/dev/null", "-e", "trace=epoll_wait"])
        .args(["-e", "inject=epoll_wait:error=EBADF:when=1"])
        .args(["-p", &console.pid().to_string()])
        .spawn()
        .unwrap();
    assert_eq!(console.wait_code(), 1);
    fault.wait().unwrap();
    let left = console.wait_output();
    console.assert_given_back();
    assert!(left.contains("panicked at"), "{left}");
    let Answer::Engine(status) = house.ask(&Query::Engine) else { panic!("no status") };
    let words = left.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains(&format!("monitoring goes on as process {}", status.pid)), "{left}");
    assert_ne!(status.pid, console.pid());
    let log = std::fs::read_to_string(house.data().join("fluxnoc.log")).unwrap();
    assert!(log.contains("the screen panicked"), "{log}");
    // A console opens on it as after any other leaving.
    drop(console);
    let again = house.console(LARGE, &[]);
    again.wait("the same world", PATIENCE, |screen| {
        screen.contains("LIVE") && screen.contains("1 unhandled") && screen.contains("1 OK")
    });
}

#[test]
fn a_dumb_terminal_gets_no_escape() {
    let house = calm();
    let mut console = house.console_in(&[("TERM", "dumb")], false, (80, 24));
    console.wait("words", PATIENCE, |screen| !screen.trim().is_empty());
    std::thread::sleep(Duration::from_secs(1));
    let written = console.written();
    assert!(!written.contains(&0x1b), "{}", String::from_utf8_lossy(&written));
    console.kill();
}

#[test]
fn dc_08_a_torn_sequence_is_a_cursor_key_or_nothing() {
    let house = calm();
    let mut console = open(&house);
    console.send("3");
    console.wait_for("Hosts, worst first");
    let row = |screen: &str, host: &str| has_row(screen, &["›", host]);
    console.wait("the worst first", PATIENCE, |screen| row(screen, "shut-1"));
    // A cursor key in three pieces, as a slow line brings it.
    for piece in ["\x1b", "[", "B"] {
        console.send(piece);
        std::thread::sleep(Duration::from_millis(15));
    }
    console.wait("one down", PATIENCE, |screen| row(screen, "job-1"));
    assert!(console.text().contains("Hosts, worst first"), "no Esc was taken for itself");
    // The rest comes after the Esc was taken for the key: it closes the view, and no letter acts.
    for rest in ["[A", "OP", "[15~", "[<0;5;5M"] {
        // Half a second later it is no rest any more: a slow machine tries again.
        loop {
            console.send("3");
            console.wait_for("Hosts, worst first");
            let begun = Instant::now();
            console.send("\x1b");
            console.wait_for("Hosts by site");
            if begun.elapsed() < Duration::from_millis(350) {
                break;
            }
        }
        console.send(rest);
        std::thread::sleep(Duration::from_millis(100));
        console.silence(Duration::from_millis(150), PATIENCE);
        let screen = console.text();
        assert!(screen.contains("Hosts by site") && screen.contains("? help"), "{rest}\n{screen}");
        std::thread::sleep(Duration::from_millis(500));
    }
    assert_eq!(house.json(&["maintenance", "list", "--json"]), serde_json::json!([]));
}

#[test]
fn dc_08_a_pasted_megabyte_is_no_keys() {
    let house = calm();
    let mut console = open(&house);
    let before = memory(console.pid());
    let line = "a\rqs:stop\rm\rk\x03";
    let mut paste = line.repeat((1 << 20) / line.len());
    paste.insert_str(0, "\x1b[200~");
    paste.push_str("\x1b[201~");
    console.send(&paste);
    let screen = console.wait_for("pasted text is not read as keys");
    assert!(screen.contains("1 unhandled"), "{screen}");
    // Into a line it goes up to the line's length, and is not sent by what is in it.
    console.send(":");
    console.wait_for("⏎ send");
    console.send(&paste);
    console.wait("the first line of it", PATIENCE, |screen| {
        screen.lines().last().is_some_and(|line| line.contains('a')) && screen.contains("⏎ send")
    });
    esc(&mut console);
    console.wait("the line goes", PATIENCE, |screen| !screen.contains("⏎ send"));
    let grown = memory(console.pid()).saturating_sub(before);
    assert!(grown < 8 * 1024, "{grown} KiB more");
    assert!(house.json(&["alerts", "--json"])[0]["acknowledged"].is_null());
    assert_eq!(house.json(&["maintenance", "list", "--json"]), serde_json::json!([]));
}

#[test]
fn garbage_of_a_mouse_moves_nothing_and_ends_nothing() {
    let house = calm();
    let mut console = open(&house);
    let garbage: [&[u8]; 9] = [
        b"\x1b[<0;99999;99999M",
        b"\x1b[<0;0;0M",
        b"\x1b[<99999999999999999999;1;1M",
        b"\x1b[<;;M",
        b"\x1b[<0;-1;5m",
        b"\x1b[M\xff\xff\xff",
        b"\x1b[M\x00\x01\x02",
        b"\x1b[32;1;1M",
        b"\x1b[<0;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1M",
    ];
    for bytes in garbage.iter().cycle().take(900) {
        console.send_bytes(bytes);
    }
    // After a sequence that never ended a moment passes before keys count.
    std::thread::sleep(Duration::from_millis(1200));
    console.send("?");
    let screen = console.wait_for("acknowledge");
    assert!(screen.contains("1 unhandled"), "{screen}");
    console.send("q");
    console.wait("the keys go", PATIENCE, |screen| screen.contains("? help"));
    is_coherent(&mut console);
}

#[test]
fn dc_08_what_is_copied_travels_as_osc_52_and_nothing_else() {
    let house = calm();
    let mut console = open(&house);
    console.send("yy");
    console.wait_for("copied");
    let written = console.written();
    let begin = b"\x1b]52;c;";
    let at = written.windows(begin.len()).position(|part| part == begin).expect("a copy");
    let rest = &written[at + begin.len()..];
    let end = rest.iter().position(|byte| *byte == 7).expect("its end");
    let text = base64::engine::general_purpose::STANDARD.decode(&rest[..end]).expect("base64");
    let text = String::from_utf8(text).unwrap();
    assert_eq!(text, "shut-1/tcp CRITICAL connection refused by 127.0.0.1:9");
    let sequences = written.windows(2).filter(|part| *part == b"\x1b]").count();
    assert_eq!(sequences, 1, "no title, no link");
}

#[test]
fn dc_08_synchronised_updates_only_where_the_terminal_says_that_it_has_them() {
    let house = calm();
    for answering in [true, false] {
        let mut console = house.console_in(&[], answering, LARGE);
        console.wait_for("1 unhandled");
        console.send("3");
        console.wait_for("Hosts, worst first");
        console.send("1");
        console.wait_for("Hosts by site");
        let written = console.written();
        assert!(contains(&written, b"\x1b[?2026$p"), "it asked");
        let used = contains(&written, b"\x1b[?2026h");
        assert_eq!(used, answering);
        console.kill();
    }
}

#[test]
fn dc_08_ssh_runs_in_front_and_gives_the_screen_back() {
    let house = calm();
    // A program in its place: what is tested is who has the terminal.
    let bin = house.file("bin");
    std::fs::create_dir(&bin).unwrap();
    let fake = bin.join("ssh");
    std::fs::write(&fake, "#!/bin/sh\necho \"to $2 as told\"; read answer; exit 3\n").unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&fake, mode).unwrap();
    let path = format!("{}:/usr/bin:/bin", bin.display());
    let mut console = house.console_in(&[("PATH", &path)], true, LARGE);
    console.wait_for("1 unhandled");
    console.send("S");
    console.wait_for("to 127.0.0.1 as told");
    assert!(!console.is_full_screen());
    console.send("done\r");
    console.wait_for("back from ssh: it ended with 3");
    assert!(console.is_full_screen());
    is_coherent(&mut console);
}

#[test]
fn dc_09_the_wall_from_the_command_line_rings_and_takes_no_accident_for_a_wish() {
    let house = House::new(SMALL_SITE);
    let mut console = house.console(LARGE, &["--wall"]);
    let screen = console.wait("the board", PATIENCE, |screen| {
        screen.contains("busiest links") && has_row(screen, &["CRITICAL", "shut-1/tcp", "refused"])
    });
    assert!(screen.contains("unhandled"), "{screen}");
    // On a slow machine the problem was there before the first picture, and so no news: somebody
    // takes it and gives it back.
    let words = ["--as", "night-2", "ack", "shut-1/tcp", "--comment", "mine"];
    assert!(house.run(&words).status.success());
    console.wait_for("Nothing is unhandled");
    let back = house.run(&["--as", "night-2", "unack", "shut-1/tcp"]);
    assert!(back.status.success());
    let until = Instant::now() + PATIENCE;
    while !contains(&console.written(), b"\x07") {
        assert!(Instant::now() < until, "no bell");
        std::thread::sleep(Duration::from_millis(20));
    }
    console.send("am\r:stop\r\x03\x1a");
    std::thread::sleep(Duration::from_millis(500));
    let screen = console.text();
    assert!(screen.contains("busiest links"), "{screen}");
    assert!(house.json(&["alerts", "--json"])[0]["acknowledged"].is_null());
    console.send("q");
    console.wait_for("Hosts by site");
    console.send("q");
    console.wait_for("Leave the console");
    console.send("s");
    assert_eq!(console.wait_code(), 0);
    console.assert_given_back();
}
